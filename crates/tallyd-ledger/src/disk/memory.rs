//! A disk for tests: it can fail at the n-th call, and forget what was not synced, as a power cut does.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::{Disk, Store};

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    files: Arc<Mutex<BTreeMap<String, File>>>,
    /// Names that were given and not synced: a power cut may take them back.
    loose: Arc<Mutex<BTreeSet<String>>>,
    faults: Arc<Faults>,
}

#[derive(Debug, Default)]
struct Faults {
    calls: AtomicU64,
    /// Calls from this one on fail, for as many as are said.
    first: AtomicU64,
    count: AtomicU64,
}

#[derive(Clone, Debug)]
enum File {
    Words(Arc<Words>),
    Bytes(Vec<u8>),
}

/// Words, and what of them has been synced.
#[derive(Debug)]
pub struct Words {
    words: Vec<AtomicU64>,
    synced: Mutex<Vec<u64>>,
    faults: Arc<Faults>,
}

thread_local! {
    /// What happens while the next sync runs.
    static MEANWHILE: std::cell::Cell<Option<Box<dyn FnOnce()>>> = const { std::cell::Cell::new(None) };
}

/// Words of a page: what a real disk writes at once.
const PAGE: usize = 512;

impl Faults {
    fn check(&self) -> io::Result<()> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let first = self.first.load(Ordering::SeqCst);
        if call >= first && call - first < self.count.load(Ordering::SeqCst) {
            return Err(io::Error::other(format!("call {call} fails")));
        }
        Ok(())
    }
}

impl MemoryDisk {
    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.faults.calls.load(Ordering::SeqCst)
    }

    /// Lets so many calls fail, beginning with this one from now.
    pub fn fail(&self, from_now: u64, count: u64) {
        let first = self.calls() + from_now;
        self.faults.first.store(first, Ordering::SeqCst);
        self.faults.count.store(count, Ordering::SeqCst);
    }

    /// The disk after a power cut: pages hold what was synced, or, where `survives` says so, what was stored.
    pub fn after_power_cut(&self, mut survives: impl FnMut() -> bool) -> MemoryDisk {
        let disk = MemoryDisk::default();
        let loose = self.loose.lock().unwrap();
        for (name, file) in &*self.files.lock().unwrap() {
            if loose.contains(name) && !survives() {
                continue;
            }
            let file = match file {
                File::Bytes(bytes) => File::Bytes(bytes.clone()),
                File::Words(words) => {
                    let mut kept = words.synced.lock().unwrap().clone();
                    for (page, now) in kept.chunks_mut(PAGE).zip(words.words.chunks(PAGE)) {
                        if survives() {
                            for (word, now) in page.iter_mut().zip(now) {
                                *word = now.load(Ordering::SeqCst);
                            }
                        }
                    }
                    File::Words(Arc::new(Words::of(kept, &disk.faults)))
                }
            };
            disk.files.lock().unwrap().insert(name.clone(), file);
        }
        disk
    }

    /// A copy of the disk as it is now: what a kill leaves.
    pub fn after_kill(&self) -> MemoryDisk {
        self.after_power_cut(|| true)
    }

    /// The words of a file, to damage them.
    pub fn words(&self, name: &str) -> Arc<Words> {
        match &self.files.lock().unwrap()[name] {
            File::Words(words) => Arc::clone(words),
            File::Bytes(_) => panic!("{name} has no words"),
        }
    }
}

impl Words {
    fn of(words: Vec<u64>, faults: &Arc<Faults>) -> Words {
        Words {
            words: words.iter().map(|&word| AtomicU64::new(word)).collect(),
            synced: Mutex::new(words),
            faults: Arc::clone(faults),
        }
    }
}

impl Store for Words {
    fn words(&self) -> &[AtomicU64] {
        &self.words
    }

    fn sync(&self) -> io::Result<()> {
        if let Some(meanwhile) = MEANWHILE.take() {
            meanwhile();
        }
        self.faults.check()?;
        let now = self.words.iter().map(|word| word.load(Ordering::SeqCst));
        *self.synced.lock().unwrap() = now.collect();
        Ok(())
    }

    fn is_durable(&self) -> bool {
        true
    }
}

impl Disk for MemoryDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.faults.check()?;
        Ok(self.files.lock().unwrap().keys().cloned().collect())
    }

    fn create(&self, name: &str, words: usize) -> io::Result<Arc<dyn Store>> {
        self.faults.check()?;
        let words = Arc::new(Words::of(vec![0; words], &self.faults));
        let file = File::Words(Arc::clone(&words));
        self.files.lock().unwrap().insert(name.into(), file);
        Ok(words)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Store>> {
        self.faults.check()?;
        match self.files.lock().unwrap().get(name) {
            Some(File::Words(words)) => Ok(Arc::clone(words) as Arc<dyn Store>),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.faults.check()?;
        let mut files = self.files.lock().unwrap();
        let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.into(), file);
        self.loose.lock().unwrap().insert(to.into());
        Ok(())
    }

    fn sync_names(&self) -> io::Result<()> {
        self.faults.check()?;
        self.loose.lock().unwrap().clear();
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.faults.check()?;
        let removed = self.files.lock().unwrap().remove(name);
        removed.map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.faults.check()?;
        match self.files.lock().unwrap().get(name) {
            Some(File::Bytes(bytes)) => Ok(Some(bytes.clone())),
            _ => Ok(None),
        }
    }

    fn overwrite(&self, name: &str, content: &[u8]) -> io::Result<()> {
        self.faults.check()?;
        let file = File::Bytes(content.to_vec());
        self.files.lock().unwrap().insert(name.into(), file);
        Ok(())
    }
}

impl MemoryDisk {
    /// Lets something happen while the next sync of this thread runs.
    pub fn during_next_sync(meanwhile: impl FnOnce() + 'static) {
        MEANWHILE.set(Some(Box::new(meanwhile)));
    }

    /// Puts a copy of a file beside it.
    pub fn copy(&self, from: &str, to: &str) {
        let words = self.words(from);
        let copy = words.words.iter().map(|word| word.load(Ordering::SeqCst));
        let copy = File::Words(Arc::new(Words::of(copy.collect(), &self.faults)));
        self.files.lock().unwrap().insert(to.into(), copy);
    }

    /// How many files there are.
    pub fn files(&self) -> usize {
        self.files.lock().unwrap().len()
    }

    /// The name of a journal that holds something.
    pub fn journal_with_entries(&self) -> String {
        let files = self.files.lock().unwrap();
        let found = files.iter().find(|(_, file)| match file {
            File::Words(words) => words.words[8].load(Ordering::SeqCst) != 0,
            File::Bytes(_) => false,
        });
        found.map(|(name, _)| name.clone()).unwrap()
    }
}
