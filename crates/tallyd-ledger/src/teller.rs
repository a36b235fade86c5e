//! The teller: what one worker says of its replies. It knows who asked, as far as the rules want to know it, and
//! has a journal of its own.
//!
//! It belongs to one thread. Without a state directory it says nothing: numbers are all there is then.

use std::cell::{Cell, RefCell};
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::fast::RandomState;

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
    known: RefCell<Known>,
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

/// Those who asked lately: each has one place, and whoever comes to it later takes it.
#[derive(Debug, Default)]
struct Known {
    generation: u64,
    places: Vec<Option<Asker>>,
    hasher: RandomState,
}

/// Address, agent, and who that is.
type Asker = (Option<IpAddr>, Box<[u8]>, Who);

/// Places for those who asked lately.
const PLACES: usize = 256;

/// A longer agent is not kept: nobody's memory is a client's to fill.
const LONGEST_KEPT: usize = 512;

impl Known {
    fn find(
        &mut self,
        generation: u64,
        address: Option<IpAddr>,
        agent: &[u8],
        find_out: impl FnOnce() -> Who,
    ) -> Who {
        if self.generation != generation || self.places.is_empty() {
            self.generation = generation;
            self.places = vec![None; PLACES];
        }
        let number = self.hasher.hash_one((address, agent));
        let place = usize::try_from(number).unwrap_or(0) % PLACES;
        let Some(place) = self.places.get_mut(place) else {
            return find_out();
        };
        if let Some((known, name, who)) = place
            && *known == address
            && name.len() == agent.len()
            // Comparing nothing with nothing is dear, see `tally/days.rs`.
            && (agent.is_empty() || **name == *agent)
        {
            return *who;
        }
        let who = find_out();
        if agent.len() <= LONGEST_KEPT {
            *place = Some((address, agent.into(), who));
        }
        who
    }
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
            known: RefCell::default(),
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
        let who = desk.who(address, agent);
        let is_ours = |header: &[u8]| desk.keys().verify_internal(header, seconds, target);
        if internal.is_some_and(is_ours) {
            return Who {
                class: Class::Internal,
                ..who
            };
        }
        who
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
    /// Who asks from this address by this agent. One who asked lately is known: hashing costs ten times as much.
    fn who(&self, address: Option<IpAddr>, agent: &[u8]) -> Who {
        let keys = self.keys();
        let mut known = self.known.borrow_mut();
        known.find(self.generation.get(), address, agent, || Who {
            visitor: keys.visitor(address, agent),
            class: self.classes.borrow_mut().class(agent),
        })
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn who(number: u64) -> Who {
        Who {
            visitor: Visitor {
                today: number,
                ..Visitor::default()
            },
            class: Class::Tool,
        }
    }

    #[test]
    fn who_asked_lately_is_known_and_never_taken_for_another() {
        let mut known = Known::default();
        let mut asked = 0;
        for round in 0..3 {
            for number in 0..1000_u32 {
                let address = Some(Ipv4Addr::from(number / 2).into());
                let agent: &[u8] = if number % 2 == 0 { b"" } else { b"one" };
                let found = known.find(0, address, agent, || {
                    asked += 1;
                    who(number.into())
                });
                assert_eq!(found.visitor.today, u64::from(number), "round {round}");
            }
        }
        assert!(asked >= 1000);
        let same = known.find(0, None, b"x", || who(1));
        let again = known.find(0, None, b"x", || who(2));
        assert_eq!(same.visitor, again.visitor, "found without being asked for");
        let changed = known.find(1, None, b"x", || who(3));
        assert_eq!(changed.visitor.today, 3, "other keys, other hashes");
    }
}
