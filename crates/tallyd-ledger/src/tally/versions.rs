//! What is counted for each file version between two posts.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::batch::VersionChange;
use crate::facts::{Class, Counts, Version, hour_of};

/// Where a version is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(u32);

/// Versions and their counts.
#[derive(Debug)]
pub struct Versions {
    slots: Vec<Kept>,
    index: HashMap<Arc<Version>, Slot, RandomState>,
    /// Those with something to post.
    touched: Vec<Slot>,
    generation: u32,
    /// Given where there should be a slot and is none: never, as long as slots are not kept over generations.
    nothing: Arc<Version>,
}

#[derive(Debug)]
struct Kept {
    version: Arc<Version>,
    /// The version's: every hit asks for it, and the version itself is seldom in a cache.
    site: Box<str>,
    number: u64,
    first: i64,
    last: i64,
    cells: Vec<(i64, Class, Counts)>,
    reached: [u32; 10],
}

impl Default for Versions {
    fn default() -> Versions {
        let nothing = Version {
            site: "".into(),
            path: [].into(),
            device: 0,
            inode: 0,
            length: 0,
            modified: 0,
        };
        Versions {
            slots: Vec::new(),
            index: HashMap::default(),
            touched: Vec::new(),
            generation: 0,
            nothing: Arc::new(nothing),
        }
    }
}

impl Versions {
    /// Where `version` is kept.
    pub fn slot(&mut self, version: &Arc<Version>) -> Slot {
        if let Some(slot) = self.index.get(version) {
            return *slot;
        }
        // Forgotten long before there are so many.
        let slot = Slot(u32::try_from(self.slots.len()).unwrap_or(u32::MAX));
        self.slots.push(Kept {
            version: Arc::clone(version),
            site: version.site.clone(),
            number: 0,
            first: 0,
            last: 0,
            cells: Vec::new(),
            reached: [0; 10],
        });
        self.index.insert(Arc::clone(version), slot);
        slot
    }

    /// The version in a slot.
    pub fn version(&self, slot: Slot) -> &Arc<Version> {
        let kept = self.slots.get(slot.0 as usize);
        kept.map_or(&self.nothing, |kept| &kept.version)
    }

    /// The site of the version in a slot.
    pub fn site(&self, slot: Slot) -> &str {
        let kept = self.slots.get(slot.0 as usize);
        kept.map_or("", |kept| &kept.site)
    }

    /// Changes when all slots are forgotten.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is nothing to post.
    pub fn is_clean(&self) -> bool {
        self.touched.is_empty()
    }

    /// Adds to the counts of an hour.
    pub fn add(&mut self, slot: Slot, time: i64, class: Class, counts: Counts) {
        let Some(kept) = self.slots.get_mut(slot.0 as usize) else {
            return;
        };
        if kept.cells.is_empty() {
            self.touched.push(slot);
            kept.first = time;
            kept.last = time;
        }
        kept.first = kept.first.min(time);
        kept.last = kept.last.max(time);
        let hour = hour_of(time);
        // Few: an hour or two, a class or two.
        let known = kept
            .cells
            .iter_mut()
            .rev()
            .find(|(of_hour, of_class, _)| (*of_hour, *of_class) == (hour, class));
        match known {
            Some((_, _, sum)) => *sum += counts,
            None => kept.cells.push((hour, class, counts)),
        }
    }

    /// Notes a hit number.
    pub fn number(&mut self, slot: Slot, number: u64) {
        if let Some(kept) = self.slots.get_mut(slot.0 as usize) {
            kept.number = kept.number.max(number);
        }
    }

    /// Notes how far an aborted hit got.
    pub fn reached(&mut self, slot: Slot, content: u64, asked: u64) {
        let tenth = (u128::from(content) * 10)
            .checked_div(u128::from(asked))
            .and_then(|tenth| usize::try_from(tenth).ok())
            .unwrap_or(0)
            .min(9);
        let kept = self.slots.get_mut(slot.0 as usize);
        if let Some(count) = kept.and_then(|kept| kept.reached.get_mut(tenth)) {
            *count += 1;
        }
    }

    /// What there is to post.
    pub fn changes(&self) -> Vec<VersionChange> {
        let kept = self
            .touched
            .iter()
            .filter_map(|slot| self.slots.get(slot.0 as usize));
        kept.map(|kept| VersionChange {
            version: Arc::clone(&kept.version),
            number: kept.number,
            first: kept.first,
            last: kept.last,
            cells: kept.cells.clone(),
            reached: kept.reached,
        })
        .collect()
    }

    /// Everything has been posted.
    pub fn posted(&mut self, mut tell: impl FnMut(&str, &[u8], u64)) {
        for slot in self.touched.drain(..) {
            if let Some(kept) = self.slots.get_mut(slot.0 as usize) {
                tell(&kept.site, &kept.version.path, kept.number);
                kept.cells.clear();
                kept.reached = [0; 10];
            }
        }
    }

    /// Forgets all slots. Only after a post.
    pub fn forget(&mut self) {
        self.slots = Vec::new();
        self.index = HashMap::default();
        self.generation += 1;
    }
}
