//! Windows in memory: those that are open, as far as they were needed since the start.
//!
//! Promises: what was changed is posted; what is not here is looked up in the ledger before a window is opened,
//! so that forgetting costs time and nothing else.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::versions::{Slot, Versions};
use crate::batch::WindowChange;
use crate::facts::{Version, Visitor};
use crate::ledger::{Ledger, LedgerError};
use crate::window::{Closed, Effect, Kind, Touch, Window};

/// Windows by version and visitor.
#[derive(Debug, Default)]
pub struct Visits {
    held: HashMap<(Slot, u64), Held, RandomState>,
    /// Those with something to post.
    dirty: Vec<(Slot, u64)>,
    /// Those that are no more under this hash.
    dropped: Vec<(Slot, u64)>,
}

#[derive(Debug)]
struct Held {
    /// Nothing: the ledger was asked, and there is none.
    window: Option<Window>,
    is_dirty: bool,
}

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
        let known = self.held.get(&(slot, visitor.today));
        if known.is_some() {
            return Ok(());
        }
        for hash in [visitor.today, visitor.before] {
            if let Entry::Vacant(place) = self.held.entry((slot, hash)) {
                place.insert(Held {
                    window: ledger.window(version, hash)?,
                    is_dirty: false,
                });
            }
        }
        Ok(())
    }

    /// The window of a visitor, if it is in memory.
    pub fn held(&self, slot: Slot, visitor: u64) -> Option<&Window> {
        self.held.get(&(slot, visitor))?.window.as_ref()
    }

    /// Adds what a hit has sent, and what that adds to the counts.
    pub fn touch(&mut self, slot: Slot, visitor: Visitor, kind: Kind, touch: &Touch<'_>) -> Effect {
        let key = (slot, visitor.today);
        let moved = self.move_on(slot, visitor);
        let held = self.held.entry(key).or_insert(Held {
            window: None,
            is_dirty: false,
        });
        let is_new = held.window.is_none();
        let window = held.window.get_or_insert_with(|| Window::open(touch));
        let effect = window.touch(kind, touch);
        if (effect.changed || is_new || moved) && !held.is_dirty {
            held.is_dirty = true;
            self.dirty.push(key);
        }
        effect
    }

    /// A window that was opened under yesterday's key goes on under today's. Whether there was one.
    fn move_on(&mut self, slot: Slot, visitor: Visitor) -> bool {
        let (today, before) = ((slot, visitor.today), (slot, visitor.before));
        if self
            .held
            .get(&today)
            .is_some_and(|held| held.window.is_some())
        {
            return false;
        }
        let Some(window) = self
            .held
            .get_mut(&before)
            .and_then(|held| held.window.take())
        else {
            return false;
        };
        self.dropped.push(before);
        let held = Held {
            window: Some(window),
            is_dirty: false,
        };
        self.held.insert(today, held);
        true
    }

    /// Closes a window that the ledger says has ended.
    pub fn close(&mut self, slot: Slot, visitor: u64, stored: &Window) -> Closed {
        let held = self.held.get_mut(&(slot, visitor));
        let window = held.and_then(|held| held.window.take());
        self.dropped.push((slot, visitor));
        window.as_ref().unwrap_or(stored).close()
    }

    /// What there is to post: first those that are no more.
    pub fn changes(&self, versions: &Versions) -> Vec<WindowChange> {
        let change = |&(slot, visitor): &(Slot, u64), window| WindowChange {
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
        self.held.retain(|_, held| held.is_dirty);
    }
}
