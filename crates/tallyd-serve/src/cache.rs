//! The cache of one worker for one site: opened files by the path that was asked for.
//!
//! Promises: bounded in memory and descriptors; a hit takes one look-up and no lock. It does not know
//! whether a file is still what it was: it remembers when that was last checked, `resolve` decides.
//!
//! Two generations: new and used entries are in `young`; when that is full it becomes `old`, and what
//! was in `old` and not used since is dropped.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use crate::file::File;

/// A cached file and when it was last known to be right, in the worker's milliseconds.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The file.
    pub file: Arc<File>,
    /// When its path was last looked at.
    pub checked: u64,
    /// When compressed variants that were not there were last looked for.
    pub searched: u64,
}

/// Files by path.
#[derive(Debug)]
pub struct Cache {
    young: Generation,
    old: Generation,
    budget: Budget,
}

/// What one generation may hold.
#[derive(Clone, Copy, Debug)]
struct Budget {
    memory: usize,
    descriptors: usize,
}

/// Descriptors that one worker's cache keeps open: large files only, so this is plenty, and with
/// 10 000 connections the process stays below the usual limit of 20 000.
const DESCRIPTORS: usize = 512;

#[derive(Debug, Default)]
struct Generation {
    entries: HashMap<Box<[u8]>, Entry>,
    memory: usize,
    descriptors: usize,
}

impl Cache {
    /// An empty cache that keeps to `memory` bytes.
    #[must_use]
    pub fn new(memory: usize) -> Cache {
        let budget = Budget {
            memory: memory / 2,
            descriptors: DESCRIPTORS / 2,
        };
        Cache {
            young: Generation::default(),
            old: Generation::default(),
            budget,
        }
    }

    /// The entry of `path`.
    pub fn entry(&mut self, path: &[u8]) -> Option<&mut Entry> {
        if !self.young.entries.contains_key(path) {
            let (path, entry) = self.old.entries.remove_entry(path)?;
            self.insert(path, entry);
        }
        self.young.entries.get_mut(path)
    }

    /// Keeps `file` as what `path` leads to.
    pub fn keep(&mut self, path: &[u8], file: Arc<File>, now: u64) {
        self.forget(path);
        let entry = Entry {
            file,
            checked: now,
            searched: now,
        };
        self.insert(path.into(), entry);
    }

    /// Forgets what `path` led to.
    pub fn forget(&mut self, path: &[u8]) {
        self.old.entries.remove(path);
        if let Some(entry) = self.young.entries.remove(path) {
            let memory = entry.file.memory() + path.len();
            self.young.memory -= memory.min(self.young.memory);
            self.young.descriptors -= entry.file.descriptors().min(self.young.descriptors);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.young = Generation::default();
        self.old = Generation::default();
    }

    fn insert(&mut self, path: Box<[u8]>, entry: Entry) {
        let memory = self.young.memory + entry.file.memory() + path.len();
        let descriptors = self.young.descriptors + entry.file.descriptors();
        if memory > self.budget.memory || descriptors > self.budget.descriptors {
            self.old = mem::take(&mut self.young);
        }
        self.young.memory += entry.file.memory() + path.len();
        self.young.descriptors += entry.file.descriptors();
        self.young.entries.insert(path, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Symlinks};
    use crate::file::load;
    use crate::site::Sites;
    use crate::tree::{Patience, Root};

    fn file(length: usize) -> Arc<File> {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("f"), vec![b'x'; length]).unwrap();
        let root = Root::open(place.path(), Symlinks::Inside, Patience::Disk).unwrap();
        let sites = Sites::build(&Config::default(), &tallyd_ledger::Books::default());
        Arc::new(load(&root, &sites.all()[0], b"f").unwrap())
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut cache = Cache::new(64 * 1024);
        let small = file(8 * 1024);
        cache.keep(b"/used", Arc::clone(&small), 0);
        cache.keep(b"/unused", Arc::clone(&small), 0);
        for number in 0..100 {
            cache.keep(format!("/{number}").as_bytes(), Arc::clone(&small), 0);
            assert!(cache.entry(b"/used").is_some(), "after {number}");
        }
        assert!(cache.entry(b"/unused").is_none());
        assert!(cache.young.entries.len() + cache.old.entries.len() <= 8);
    }

    #[test]
    fn descriptors_are_bounded() {
        let mut cache = Cache::new(usize::MAX);
        let large = file(300 * 1024);
        assert_eq!(large.descriptors(), 1);
        for number in 0..2000 {
            cache.keep(format!("/{number}").as_bytes(), Arc::clone(&large), 0);
        }
        assert!(cache.young.entries.len() + cache.old.entries.len() <= DESCRIPTORS + 1);
    }

    #[test]
    fn keeping_a_path_again_replaces_it() {
        let mut cache = Cache::new(1 << 20);
        cache.keep(b"/a", file(10), 1);
        cache.keep(b"/a", file(20), 2);
        assert_eq!(cache.entry(b"/a").unwrap().file.identity.length, 20);
        cache.forget(b"/a");
        assert!(cache.entry(b"/a").is_none());
        assert_eq!(cache.young.memory, 0);
    }
}
