//! The cache of one worker for one site: opened files by the path that was asked for.
//!
//! Promises: bounded in memory and descriptors; a hit takes one look-up and no lock. It does not know
//! whether a file is still what it was: it remembers when that was last checked, `resolve` decides.
//!
//! What has to go is found by a hand that goes round: an entry that was used since the hand last passed stays for
//! another round (second chance, or CLOCK). So all of the budget is of use, and a look-up only sets marks.
//!
//! Where many files are asked for, nothing of one is in a cache of the processor when its turn comes. So the table has only
//! four bytes for each: those stay there. What a look-up leads to is asked for ahead, all at once.

use std::hash::BuildHasher;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use tallyd_ledger::ahead;

use crate::file::File;

/// Milliseconds after which a file that nobody has asked for has left the processor's caches.
const COLD: u64 = 3;

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
    places: HashTable<u32>,
    hasher: RandomState,
    entries: Vec<Option<Kept>>,
    free: Vec<u32>,
    hand: u32,
    memory: usize,
    descriptors: usize,
    /// Bytes that all entries together may take.
    budget: usize,
}

#[derive(Debug)]
struct Kept {
    hash: u64,
    path: Arc<[u8]>,
    entry: Entry,
    /// When it was last asked for.
    asked: u64,
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
            places: HashTable::new(),
            hasher: RandomState::default(),
            entries: Vec::new(),
            free: Vec::new(),
            hand: 0,
            memory: 0,
            descriptors: 0,
            budget: memory,
        }
    }

    /// The entry of `path`, which is asked for `now`.
    pub fn entry(&mut self, path: &[u8], now: u64) -> Option<&mut Entry> {
        let place = self.place(self.hasher.hash_one(path), path)?;
        let kept = self.entries.get_mut(place as usize)?.as_mut()?;
        kept.used = true;
        if now.saturating_sub(kept.asked) > COLD {
            kept.entry.file.fetch_ahead();
        }
        kept.asked = now;
        Some(&mut kept.entry)
    }

    fn place(&self, hash: u64, path: &[u8]) -> Option<u32> {
        let is_it = |&place: &u32| {
            let kept = self.entries.get(place as usize).and_then(Option::as_ref);
            kept.is_some_and(|kept| {
                // While the path is compared.
                ahead::fetch(&*kept.entry.file);
                kept.hash == hash && *kept.path == *path
            })
        };
        self.places.find(hash, is_it).copied()
    }

    /// Keeps `file` as what `path` leads to.
    pub fn keep(&mut self, path: &[u8], file: Rc<File>, now: u64) {
        self.forget(path);
        let own = file.account.path();
        let hash = self.hasher.hash_one(path);
        let kept = Kept {
            hash,
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
            asked: now,
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
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            // More would not fit into any memory.
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        if let Some(free) = self.entries.get_mut(place as usize) {
            *free = Some(kept);
        }
        let entries = &self.entries;
        let hash_of = |&place: &u32| hash_at(entries, place);
        self.places.insert_unique(hash, place, hash_of);
    }

    /// Forgets what `path` led to.
    pub fn forget(&mut self, path: &[u8]) {
        if let Some(place) = self.place(self.hasher.hash_one(path), path) {
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
            self.hand = if (self.hand as usize) + 1 < self.entries.len() {
                self.hand + 1
            } else {
                0
            };
            match self.entries.get_mut(place as usize) {
                Some(Some(kept)) if kept.used => kept.used = false,
                Some(Some(_)) => return self.drop_at(place),
                _ => {}
            }
        }
    }

    fn drop_at(&mut self, place: u32) {
        let Some(kept) = self.entries.get_mut(place as usize).and_then(Option::take) else {
            return;
        };
        self.memory -= kept.memory();
        self.descriptors -= kept.entry.file.descriptors();
        if let Ok(known) = self.places.find_entry(kept.hash, |&known| known == place) {
            known.remove();
        }
        self.free.push(place);
    }
}

/// The hash of the path at a place that is in use.
fn hash_at(entries: &[Option<Kept>], place: u32) -> u64 {
    let kept = entries.get(place as usize).and_then(Option::as_ref);
    kept.map_or(0, |kept| kept.hash)
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
            assert!(cache.entry(b"/used", 0).is_some(), "after {number}");
        }
        assert!(cache.entry(b"/unused", 0).is_none());
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
        assert_eq!(cache.entry(b"/a", 0).unwrap().file.identity.length, 20);
        cache.forget(b"/a");
        assert!(cache.entry(b"/a", 0).is_none());
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
                assert!(cache.entry(path.as_bytes(), 0).is_some(), "{round} {name}");
            }
        }
    }

    #[test]
    fn what_is_larger_than_all_is_kept_alone() {
        let mut cache = Cache::new(1024);
        cache.keep(b"/a", file(10), 0);
        cache.keep(b"/large", file(8 * 1024), 0);
        assert!(cache.entry(b"/large", 0).is_some() && cache.entry(b"/a", 0).is_none());
        cache.keep(b"/a", file(10), 0);
        assert!(cache.entry(b"/large", 0).is_none() && cache.entry(b"/a", 0).is_some());
    }

    #[test]
    fn a_path_leads_to_what_was_kept_last_and_places_are_used_again() {
        let files: Vec<_> = (0..7).map(|number| file(1000 + number)).collect();
        let mut cache = Cache::new(6 * (files[6].memory() + 3));
        let mut last = std::collections::HashMap::new();
        for step in 0..2000_usize {
            let path = format!("/{}", step * 7 % 11);
            if step % 5 == 4 {
                cache.forget(path.as_bytes());
                last.remove(&path);
            } else {
                let file = &files[step % 7];
                cache.keep(path.as_bytes(), Rc::clone(file), 0);
                last.insert(path, file.identity.length);
            }
            let mut found = 0;
            for number in 0..11 {
                let path = format!("/{number}");
                if let Some(entry) = cache.entry(path.as_bytes(), 0) {
                    assert_eq!(Some(&entry.file.identity.length), last.get(&path), "{path}");
                    found += 1;
                }
            }
            assert_eq!(
                (found, cache.entries.iter().flatten().count()),
                (cache.places.len(), found)
            );
            assert!(found > 0 && cache.entries.len() <= 7, "{step}");
        }
    }
}
