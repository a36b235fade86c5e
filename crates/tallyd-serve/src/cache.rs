//! The cache of one worker for one site: opened files by the path that was asked for.
//!
//! Promises: bounded in memory and descriptors; a hit takes one look-up and no lock. It does not know
//! whether a file is still what it was: it remembers when that was last checked, `resolve` decides.
//!
//! What has to go is found by a hand that goes round: an entry that was used since the hand last passed stays for
//! another round (second chance, or CLOCK). So all of the budget is of use, and a look-up only sets a mark.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::file::File;

/// A cached file and when it was last known to be right, in the worker's milliseconds.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The file.
    pub file: Rc<File>,
    /// When its path was last looked at.
    pub checked: u64,
    /// When compressed variants that were not there were last looked for.
    pub searched: u64,
    /// Its path is the file's own, and it has no variants: one name tells whether it is the same.
    pub has_one_name: bool,
}

/// Files by path.
#[derive(Debug)]
pub struct Cache {
    /// Where in `entries` a path is. Keys are paths of files that exist: no client chooses them.
    places: HashMap<Arc<[u8]>, usize, RandomState>,
    entries: Vec<Option<Kept>>,
    free: Vec<usize>,
    hand: usize,
    memory: usize,
    descriptors: usize,
    /// Bytes that all entries together may take.
    budget: usize,
}

#[derive(Debug)]
struct Kept {
    path: Arc<[u8]>,
    entry: Entry,
    /// Since the hand last passed.
    used: bool,
}

/// Descriptors that one worker's cache keeps open: large files only, so this is plenty, and with
/// 10 000 connections the process stays below the usual limit of 20 000.
const DESCRIPTORS: usize = 512;

impl Kept {
    fn memory(&self) -> usize {
        self.entry.file.memory() + self.path.len()
    }
}

impl Cache {
    /// An empty cache that keeps to `memory` bytes.
    #[must_use]
    pub fn new(memory: usize) -> Cache {
        Cache {
            places: HashMap::default(),
            entries: Vec::new(),
            free: Vec::new(),
            hand: 0,
            memory: 0,
            descriptors: 0,
            budget: memory,
        }
    }

    /// The entry of `path`.
    pub fn entry(&mut self, path: &[u8]) -> Option<&mut Entry> {
        let place = *self.places.get(path)?;
        let kept = self.entries.get_mut(place)?.as_mut()?;
        kept.used = true;
        Some(&mut kept.entry)
    }

    /// Keeps `file` as what `path` leads to.
    pub fn keep(&mut self, path: &[u8], file: Rc<File>, now: u64) {
        self.forget(path);
        let own = file.account.path();
        let kept = Kept {
            path: if **own == *path {
                Arc::clone(own)
            } else {
                path.into()
            },
            entry: Entry {
                has_one_name: path.strip_prefix(b"/") == Some(&file.relative)
                    && file.variants.is_empty(),
                file,
                checked: now,
                searched: now,
            },
            // Who asks only once shall not push out what is asked for again and again.
            used: false,
        };
        let (memory, descriptors) = (kept.memory(), kept.entry.file.descriptors());
        while !self.places.is_empty()
            && (self.memory + memory > self.budget || self.descriptors + descriptors > DESCRIPTORS)
        {
            self.evict();
        }
        self.memory += memory;
        self.descriptors += descriptors;
        let place = self.free.pop().unwrap_or(self.entries.len());
        self.places.insert(Arc::clone(&kept.path), place);
        match self.entries.get_mut(place) {
            Some(free) => *free = Some(kept),
            None => self.entries.push(Some(kept)),
        }
    }

    /// Forgets what `path` led to.
    pub fn forget(&mut self, path: &[u8]) {
        if let Some(place) = self.places.remove(path) {
            self.drop_at(place);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Cache::new(self.budget);
    }

    /// Moves the hand to the first entry that was not used since it last passed, and forgets that one. There is
    /// an entry, so it ends within two rounds.
    fn evict(&mut self) {
        loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.entries.len().max(1);
            match self.entries.get_mut(place) {
                Some(Some(kept)) if kept.used => kept.used = false,
                Some(Some(kept)) => {
                    let path = Arc::clone(&kept.path);
                    return self.forget(&path);
                }
                _ => {}
            }
        }
    }

    fn drop_at(&mut self, place: usize) {
        if let Some(kept) = self.entries.get_mut(place).and_then(Option::take) {
            self.memory -= kept.memory();
            self.descriptors -= kept.entry.file.descriptors();
            self.free.push(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Symlinks};
    use crate::file::load;
    use crate::site::Sites;
    use crate::tree::{Patience, Root};

    fn file(length: usize) -> Rc<File> {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("f"), vec![b'x'; length]).unwrap();
        let root = Root::open(place.path(), Symlinks::Inside, Patience::Disk).unwrap();
        let sites = Sites::build(&Config::default(), &tallyd_ledger::Books::default());
        Rc::new(load(&root, &sites.all()[0], b"f").unwrap())
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut cache = Cache::new(64 * 1024);
        let small = file(8 * 1024);
        cache.keep(b"/used", Rc::clone(&small), 0);
        cache.keep(b"/unused", Rc::clone(&small), 0);
        for number in 0..100 {
            cache.keep(format!("/{number}").as_bytes(), Rc::clone(&small), 0);
            assert!(cache.entry(b"/used").is_some(), "after {number}");
        }
        assert!(cache.entry(b"/unused").is_none());
        assert!(cache.places.len() <= 8);
        assert!(cache.memory <= 64 * 1024);
        assert_eq!(cache.entries.iter().flatten().count(), cache.places.len());
    }

    #[test]
    fn descriptors_are_bounded() {
        let mut cache = Cache::new(usize::MAX);
        let large = file(300 * 1024);
        assert_eq!(large.descriptors(), 1);
        for number in 0..2000 {
            cache.keep(format!("/{number}").as_bytes(), Rc::clone(&large), 0);
        }
        assert_eq!(cache.places.len(), DESCRIPTORS);
        assert_eq!(cache.descriptors, DESCRIPTORS);
    }

    #[test]
    fn keeping_a_path_again_replaces_it() {
        let mut cache = Cache::new(1 << 20);
        cache.keep(b"/a", file(10), 1);
        cache.keep(b"/a", file(20), 2);
        assert_eq!(cache.entry(b"/a").unwrap().file.identity.length, 20);
        cache.forget(b"/a");
        assert!(cache.entry(b"/a").is_none());
        assert_eq!((cache.memory, cache.descriptors), (0, 0));
    }

    #[test]
    fn all_that_fits_stays() {
        let one = file(8 * 1024);
        let each = one.memory() + 2;
        let mut cache = Cache::new(10 * each);
        for round in 0..5 {
            for name in 0..10 {
                let path = format!("/{name}");
                if round == 0 {
                    cache.keep(path.as_bytes(), Rc::clone(&one), 0);
                }
                assert!(cache.entry(path.as_bytes()).is_some(), "{round} {name}");
            }
        }
    }

    #[test]
    fn what_is_larger_than_all_is_kept_alone() {
        let mut cache = Cache::new(1024);
        cache.keep(b"/a", file(10), 0);
        cache.keep(b"/large", file(8 * 1024), 0);
        assert!(cache.entry(b"/large").is_some() && cache.entry(b"/a").is_none());
        cache.keep(b"/a", file(10), 0);
        assert!(cache.entry(b"/large").is_none() && cache.entry(b"/a").is_some());
    }
}
