//! Accounts: one for each file that was ever served, with the file's own sequence of hit numbers.
//!
//! Promises: numbers of one account are 1, 2, 3, ... without gap or double, whichever threads ask.
//! An account outlives every cache, reload and replaced file; a path that is no file never makes one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The count of one path.
#[derive(Debug)]
pub struct Account {
    path: Box<[u8]>,
    hits: AtomicU64,
}

impl Account {
    /// The path as it is requested: decoded, with its leading slash.
    #[must_use]
    pub fn path(&self) -> &[u8] {
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
}

/// All accounts of one served tree. Looked up when a file is loaded, never for each request.
#[derive(Debug, Default)]
pub struct Book {
    accounts: RwLock<HashMap<Box<[u8]>, Arc<Account>>>,
}

impl Book {
    /// The account of `path`, opened if it is the first time.
    #[must_use]
    pub fn account(&self, path: &[u8]) -> Arc<Account> {
        // A panic while the lock was held leaves the map whole: an insert either happened or not.
        let known = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = known.get(path) {
            return Arc::clone(account);
        }
        drop(known);
        let mut accounts = self
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let opened = accounts.entry(path.into()).or_insert_with(|| {
            Arc::new(Account {
                path: path.into(),
                hits: AtomicU64::new(0),
            })
        });
        Arc::clone(opened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn numbers_have_no_gap_and_no_double_across_threads() {
        let book = Arc::new(Book::default());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let book = Arc::clone(&book);
                thread::spawn(move || {
                    let account = book.account(b"/a");
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
        assert_eq!(book.account(b"/a").hits(), 4000);
    }

    #[test]
    fn one_account_for_one_path() {
        let book = Book::default();
        assert!(Arc::ptr_eq(&book.account(b"/a"), &book.account(b"/a")));
        assert_eq!(
            book.account(b"/b").hit(),
            1,
            "accounts do not share numbers"
        );
    }
}
