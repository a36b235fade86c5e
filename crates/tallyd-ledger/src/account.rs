//! Accounts: one for each file in use, with the file's own sequence of hit numbers.
//!
//! Promises: numbers of one account are 1, 2, 3, ... without gap or double, whichever threads ask, and go on
//! where an earlier process ended. An account that nobody uses is dropped once the ledger has all its hits.
//! A path that is no file never makes one.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::ledger::LedgerError;

/// The count of one path.
#[derive(Debug)]
pub struct Account {
    path: Arc<[u8]>,
    hits: AtomicU64,
    /// Up to here the ledger has them.
    posted: AtomicU64,
}

impl Account {
    fn new(path: Arc<[u8]>, number: u64) -> Account {
        Account {
            path,
            hits: AtomicU64::new(number),
            posted: AtomicU64::new(number),
        }
    }

    /// The path as it is requested: decoded, with its leading slash. Whoever keeps it keeps this one: a hit then looks at one
    /// place for it.
    #[must_use]
    pub fn path(&self) -> &Arc<[u8]> {
        &self.path
    }

    /// Takes the next hit number. The one place where a hit is counted.
    #[must_use]
    pub fn hit(&self) -> u64 {
        self.hits.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// How many hits there were so far.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    fn is_posted(&self) -> bool {
        self.posted.load(Ordering::Relaxed) >= self.hits()
    }
}

/// Who knows the last number of a path that is not in use.
pub trait Numbers: Send + Sync + Debug {
    /// The highest hit number of a path; 0 if it never had one.
    fn number(&self, site: &str, path: &[u8]) -> Result<u64, LedgerError>;
}

/// Nobody: numbers begin at 1 with each start.
#[derive(Debug)]
pub struct NoNumbers;

impl Numbers for NoNumbers {
    fn number(&self, _site: &str, _path: &[u8]) -> Result<u64, LedgerError> {
        Ok(0)
    }
}

/// The accounts of one served tree. Looked up when a file is loaded, never for each request.
#[derive(Debug)]
pub struct Book {
    site: Box<str>,
    numbers: Arc<dyn Numbers>,
    accounts: RwLock<HashMap<Arc<[u8]>, Arc<Account>>>,
}

/// Accounts in use that are not looked through for those that may go.
const FEW: usize = 1024;

impl Book {
    /// A book for the site of this name; numbers go on from what `numbers` knows.
    #[must_use]
    pub fn new(site: &str, numbers: Arc<dyn Numbers>) -> Book {
        Book {
            site: site.into(),
            numbers,
            accounts: RwLock::default(),
        }
    }

    /// The site's name.
    #[must_use]
    pub fn site(&self) -> &str {
        &self.site
    }

    /// The account of `path`, opened if it is not in use. May wait for the disk.
    pub fn account(&self, path: &[u8]) -> Result<Arc<Account>, LedgerError> {
        // A panic while the lock was held leaves the map whole: an insert either happened or not.
        let known = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = known.get(path) {
            return Ok(Arc::clone(account));
        }
        drop(known);
        // Asked for under the lock: an account that was swept meanwhile has posted more.
        let mut accounts = self
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get(path) {
            return Ok(Arc::clone(account));
        }
        let number = self.numbers.number(&self.site, path)?;
        let path: Arc<[u8]> = path.into();
        let account = Arc::new(Account::new(Arc::clone(&path), number));
        accounts.insert(path, Arc::clone(&account));
        Ok(account)
    }

    /// Notes that the ledger has the hits of `path` up to this number.
    pub fn posted(&self, path: &[u8], number: u64) {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get(path) {
            account.posted.fetch_max(number, Ordering::Relaxed);
        }
    }

    /// Drops accounts that nobody uses and of which the ledger has everything.
    pub fn sweep(&self) {
        let count = |accounts: &HashMap<_, _>| accounts.len();
        if count(&self.accounts.read().unwrap_or_else(PoisonError::into_inner)) <= FEW {
            return;
        }
        let mut accounts = self
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, account| Arc::strong_count(account) > 1 || !account.is_posted());
    }

    /// Accounts in use.
    #[must_use]
    pub fn len(&self) -> usize {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        accounts.len()
    }

    /// Whether no account is in use.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The books of all sites, by name. They outlive reloads.
#[derive(Debug)]
pub struct Books {
    numbers: Arc<dyn Numbers>,
    books: RwLock<HashMap<Box<str>, Arc<Book>>>,
}

impl Books {
    /// No book yet.
    #[must_use]
    pub fn new(numbers: Arc<dyn Numbers>) -> Books {
        Books {
            numbers,
            books: RwLock::default(),
        }
    }

    /// The book of the site of this name; the main one's is empty.
    #[must_use]
    pub fn of(&self, site: &str) -> Arc<Book> {
        let mut books = self.books.write().unwrap_or_else(PoisonError::into_inner);
        let book = books
            .entry(site.into())
            .or_insert_with(|| Arc::new(Book::new(site, Arc::clone(&self.numbers))));
        Arc::clone(book)
    }

    /// Notes that the ledger has the hits of a path up to this number.
    pub fn posted(&self, site: &str, path: &[u8], number: u64) {
        let books = self.books.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(book) = books.get(site) {
            book.posted(path, number);
        }
    }

    /// Drops accounts that nobody uses and of which the ledger has everything.
    pub fn sweep(&self) {
        let books = self.books.read().unwrap_or_else(PoisonError::into_inner);
        books.values().for_each(|book| book.sweep());
    }
}

impl Default for Books {
    fn default() -> Books {
        Books::new(Arc::new(NoNumbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[derive(Debug)]
    struct Known(u64);

    impl Numbers for Known {
        fn number(&self, _site: &str, _path: &[u8]) -> Result<u64, LedgerError> {
            Ok(self.0)
        }
    }

    #[test]
    fn numbers_have_no_gap_and_no_double_across_threads() {
        let book = Books::default().of("");
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let book = Arc::clone(&book);
                thread::spawn(move || {
                    let account = book.account(b"/a").unwrap();
                    (0..1000).map(|_| account.hit()).collect::<Vec<_>>()
                })
            })
            .collect();
        let mut numbers: Vec<u64> = threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=4000).collect::<Vec<_>>());
        assert_eq!(book.account(b"/a").unwrap().hits(), 4000);
    }

    #[test]
    fn one_account_for_one_path() {
        let book = Books::default().of("");
        let (one, same) = (book.account(b"/a").unwrap(), book.account(b"/a").unwrap());
        assert!(Arc::ptr_eq(&one, &same));
        let other = book.account(b"/b").unwrap();
        assert_eq!(other.hit(), 1, "accounts do not share numbers");
    }

    #[test]
    fn numbers_go_on_where_the_ledger_ends() {
        let book = Book::new("", Arc::new(Known(41)));
        assert_eq!(book.account(b"/a").unwrap().hit(), 42);
    }

    #[test]
    fn an_account_stays_while_it_is_used_or_the_ledger_lacks_a_hit() {
        let book = Book::new("", Arc::new(Known(0)));
        for number in 0..=FEW {
            book.account(format!("/idle{number}").as_bytes()).unwrap();
        }
        let used = book.account(b"/used").unwrap();
        assert_eq!(book.account(b"/hit").unwrap().hit(), 1);
        book.sweep();
        assert_eq!(book.len(), 2);
        for number in 0..=FEW {
            book.account(format!("/idle{number}").as_bytes()).unwrap();
        }
        book.posted(b"/hit", 1);
        book.sweep();
        assert_eq!(book.len(), 1, "only {used:?} is left");
    }
}
