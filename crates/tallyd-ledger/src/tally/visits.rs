//! Windows in memory: those that are open, as far as they were needed since the start.
//!
//! Promises: what was changed is posted; what is not here is looked up in the ledger before a window is opened,
//! so that forgetting costs time and nothing else. What is here wins over what the ledger still says.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::versions::{Slot, Versions};
use crate::batch::WindowChange;
use crate::facts::{Version, Visitor};
use crate::ledger::{Ledger, LedgerError};
use crate::window::{Closed, Effect, Kind, Touch, Window};

/// A version, and the hash of a visitor.
type Key = (Slot, u64);

/// Windows by version and visitor.
#[derive(Debug, Default)]
pub struct Visits {
    held: HashMap<Key, Held, RandomState>,
    /// Those with something to post.
    dirty: Vec<Key>,
    /// Those that are no more under this hash, and may still be in the ledger.
    dropped: HashSet<Key, RandomState>,
}

#[derive(Debug, Default)]
struct Held {
    /// Nothing: there is none, whatever the ledger still says.
    window: Option<Window>,
    is_dirty: bool,
    /// The hash under which the same visitor is known since the keys have changed.
    newer: Option<u64>,
}

/// Days over which a hit may be on its way, and its window still be found.
const DAYS: usize = 3;

impl Visits {
    /// How many are in memory.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there is nothing to post.
    pub fn is_clean(&self) -> bool {
        self.dirty.is_empty() && self.dropped.is_empty()
    }

    /// Looks up what the ledger knows of a visitor, unless it is here.
    pub fn prepare(
        &mut self,
        slot: Slot,
        version: &Version,
        visitor: Visitor,
        ledger: &mut dyn Ledger,
    ) -> Result<(), LedgerError> {
        if self.held.contains_key(&(slot, visitor.today)) {
            return Ok(());
        }
        // Today's last: that it is here says that both were looked up, also after an error between them.
        for hash in [visitor.before, visitor.today] {
            if let Entry::Vacant(place) = self.held.entry((slot, hash)) {
                place.insert(Held {
                    window: ledger.window(version, hash)?,
                    ..Held::default()
                });
            }
        }
        Ok(())
    }

    /// The window of a visitor, if it is in memory.
    pub fn held(&self, slot: Slot, visitor: u64) -> Option<&Window> {
        self.held.get(&(slot, visitor))?.window.as_ref()
    }

    /// Whether it is known that there is none, whatever the ledger still says.
    pub fn is_gone(&self, slot: Slot, visitor: u64) -> bool {
        let held = self.held.get(&(slot, visitor));
        held.is_some_and(|held| held.window.is_none())
    }

    /// Adds what a hit has sent, and what that adds to the counts.
    pub fn touch(&mut self, slot: Slot, visitor: Visitor, kind: Kind, touch: &Touch<'_>) -> Effect {
        // Mostly it is here: one look-up instead of four.
        let (key, moved) = match self.held.get(&(slot, visitor.today)) {
            Some(held) if held.window.is_some() => ((slot, visitor.today), false),
            _ => self.current(slot, visitor),
        };
        let held = self.held.entry(key).or_default();
        let is_new = held.window.is_none();
        let window = held.window.get_or_insert_with(|| Window::open(touch));
        let effect = window.touch(kind, touch);
        if (effect.changed || is_new || moved) && !held.is_dirty {
            held.is_dirty = true;
            self.dirty.push(key);
        }
        effect
    }

    /// Under which hash a visitor is known now, and whether its window has just come there.
    fn current(&mut self, slot: Slot, visitor: Visitor) -> (Key, bool) {
        // A hit that was on its way over midnight has the hash of its own day.
        let mut key = (slot, visitor.today);
        for _ in 0..DAYS {
            match self.held.get(&key).and_then(|held| held.newer) {
                Some(newer) => key.1 = newer,
                None => break,
            }
        }
        let moved = key.1 == visitor.today && self.move_on(slot, visitor);
        (key, moved)
    }

    /// A window that was opened under yesterday's key goes on under today's. Whether there was one.
    fn move_on(&mut self, slot: Slot, visitor: Visitor) -> bool {
        let (today, before) = ((slot, visitor.today), (slot, visitor.before));
        let is_taken = self
            .held
            .get(&today)
            .is_some_and(|held| held.window.is_some());
        let Some(older) = self.held.get_mut(&before) else {
            return false;
        };
        older.newer = Some(visitor.today);
        if is_taken {
            return false;
        }
        let Some(window) = older.window.take() else {
            return false;
        };
        self.dropped.insert(before);
        self.held.entry(today).or_default().window = Some(window);
        true
    }

    /// Closes a window that the ledger says has ended.
    pub fn close(&mut self, slot: Slot, visitor: u64, stored: &Window) -> Closed {
        let held = self.held.entry((slot, visitor)).or_default();
        let window = held.window.take();
        self.dropped.insert((slot, visitor));
        window.as_ref().unwrap_or(stored).close()
    }

    /// What there is to post: first those that are no more.
    pub fn changes(&self, versions: &Versions) -> Vec<WindowChange> {
        let change = |&(slot, visitor): &Key, window| WindowChange {
            version: Arc::clone(versions.version(slot)),
            visitor,
            window,
        };
        let dropped = self.dropped.iter().map(|key| change(key, None));
        let dirty = self.dirty.iter().filter_map(|key| {
            let window = self.held.get(key)?.window.clone()?;
            Some(change(key, Some(window)))
        });
        dropped.chain(dirty).collect()
    }

    /// Everything has been posted.
    pub fn posted(&mut self) {
        for key in self.dirty.drain(..) {
            if let Some(held) = self.held.get_mut(&key) {
                held.is_dirty = false;
            }
        }
        self.dropped.clear();
    }

    /// Forgets everything. Only after a post.
    pub fn forget(&mut self) {
        self.held = HashMap::default();
    }

    /// Forgets what is the same in the ledger.
    pub fn doubt(&mut self) {
        let dropped = &self.dropped;
        self.held
            .retain(|key, held| held.is_dirty || dropped.contains(key));
    }
}
