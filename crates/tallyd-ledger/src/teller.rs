//! The teller: what one worker says of its replies. It knows who asked, as far as the rules want to know it, and
//! has a journal of its own.
//!
//! It belongs to one thread. Without a state directory it says nothing: numbers are all there is then.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::sync::Arc;

use crate::agent::{Agents, Classes};
use crate::entry::{Definition, Hit, Note};
use crate::facts::{Class, Settled, Visitor};
use crate::journal::{Begun, Journal, Mark};
use crate::keyring::KeyRing;
use crate::visitor::Keys;

/// One worker's teller.
#[derive(Debug, Default)]
pub struct Teller {
    desk: Option<Desk>,
}

/// What a teller needs when counts are kept.
#[derive(Debug)]
struct Desk {
    journal: Journal,
    classes: RefCell<Classes>,
    ring: Arc<KeyRing>,
    keys: RefCell<Arc<Keys>>,
    generation: Cell<u64>,
    /// Replies wait until their hit is synced.
    waits: bool,
}

/// Who asked.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// Hashes of the visitor.
    pub visitor: Visitor,
    /// What kind of program.
    pub class: Class,
}

impl Teller {
    /// A teller with a journal.
    #[must_use]
    pub fn new(journal: Journal, agents: Arc<Agents>, ring: Arc<KeyRing>, waits: bool) -> Teller {
        let generation = Cell::new(ring.generation());
        let desk = Desk {
            journal,
            classes: RefCell::new(Classes::new(agents)),
            keys: RefCell::new(ring.keys()),
            ring,
            generation,
            waits,
        };
        Teller { desk: Some(desk) }
    }

    /// Whether it says anything.
    #[must_use]
    pub fn is_counting(&self) -> bool {
        self.desk.is_some()
    }

    /// Who asked: `internal` is a header that only our own auditor can make, with what it was made for.
    #[must_use]
    pub fn who(
        &self,
        address: Option<IpAddr>,
        agent: &[u8],
        internal: Option<&[u8]>,
        seconds: i64,
        target: &[u8],
    ) -> Who {
        let Some(desk) = &self.desk else {
            return Who {
                visitor: Visitor::default(),
                class: Class::Unknown,
            };
        };
        let keys = desk.keys();
        let is_ours = |header: &[u8]| keys.verify_internal(header, seconds, target);
        let class = if internal.is_some_and(is_ours) {
            Class::Internal
        } else {
            desk.classes.borrow_mut().class(agent)
        };
        Who {
            visitor: keys.visitor(address, agent),
            class,
        }
    }

    /// Begins a hit, before the first byte of its reply leaves.
    pub fn begin(&self, hit: &Hit<'_>, mark: &Mark, definition: &Definition) -> Option<Begun> {
        let desk = self.desk.as_ref()?;
        Some(desk.journal.begin(hit, mark, definition))
    }

    /// Waits until a hit that has begun is synced, if replies wait for that.
    pub async fn ready(&self, begun: &Begun) {
        if let Some(desk) = &self.desk
            && desk.waits
        {
            desk.journal.synced(begun).await;
        }
    }

    /// Whether replies wait until their hit is synced.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.desk.as_ref().is_some_and(|desk| desk.waits)
    }

    /// Says how a hit ended.
    pub fn settle(&self, begun: &Begun, settled: Settled) {
        if let Some(desk) = &self.desk {
            desk.journal.settle(begun, settled);
        }
    }

    /// Notes a reply that is no hit; a probe says of what.
    pub fn note(&self, note: &Note<'_>, probed: Option<(&Mark, &Definition)>) {
        if let Some(desk) = &self.desk {
            desk.journal.note(note, probed);
        }
    }

    /// Nothing more will be said.
    pub fn close(&self) {
        if let Some(desk) = &self.desk {
            desk.journal.close();
        }
    }
}

impl Desk {
    /// The keys of today; looked at again when the clerk has changed them.
    fn keys(&self) -> std::cell::Ref<'_, Arc<Keys>> {
        let generation = self.ring.generation();
        if self.generation.get() != generation {
            self.generation.set(generation);
            *self.keys.borrow_mut() = self.ring.keys();
        }
        self.keys.borrow()
    }
}
