//! What is counted for each site and day as a whole, between two posts.

use crate::batch::DayChange;
use crate::facts::{Class, Protocol, Visitor};
use crate::sketch::Sketch;

/// Sites and days.
#[derive(Debug, Default)]
pub struct Days {
    /// Few: today, for each site.
    days: Vec<Day>,
}

/// One site and day.
#[derive(Debug)]
pub struct Day {
    site: Box<str>,
    day: i64,
    statuses: Vec<(u16, u64)>,
    protocols: Vec<(Protocol, u64)>,
    /// Body bytes of all replies.
    pub bytes: u64,
    proxied: u64,
    /// People and tools, and all others: what was raised since the start.
    sketches: [Sketch; 2],
    raised: Vec<(u8, u16, u8)>,
}

/// Days that are kept after they were posted: sketches are raised in memory first.
const KEPT: usize = 64;

impl Days {
    /// One site and day.
    pub fn day(&mut self, site: &str, day: i64) -> &mut Day {
        let known = self
            .days
            .iter()
            .position(|known| known.day == day && is_same(&known.site, site));
        let place = known.unwrap_or_else(|| {
            self.days.push(Day::new(site, day));
            self.days.len() - 1
        });
        #[expect(
            clippy::indexing_slicing,
            reason = "it was found there, or pushed there, a line above"
        )]
        &mut self.days[place]
    }

    /// What there is to post.
    pub fn changes(&self) -> Vec<DayChange> {
        let touched = self.days.iter().filter(|day| day.is_touched());
        touched
            .map(|day| DayChange {
                site: day.site.clone(),
                day: day.day,
                statuses: day.statuses.clone(),
                protocols: day.protocols.clone(),
                bytes: day.bytes,
                proxied: day.proxied,
                registers: day.raised.clone(),
            })
            .collect()
    }

    /// Everything has been posted.
    pub fn posted(&mut self) {
        for day in &mut self.days {
            day.statuses.clear();
            day.protocols.clear();
            day.raised.clear();
            day.bytes = 0;
            day.proxied = 0;
        }
        if self.days.len() > KEPT {
            self.days.clear();
        }
    }
}

impl Day {
    fn new(site: &str, day: i64) -> Day {
        Day {
            site: site.into(),
            day,
            statuses: Vec::new(),
            protocols: Vec::new(),
            bytes: 0,
            proxied: 0,
            sketches: [Sketch::default(), Sketch::default()],
            raised: Vec::new(),
        }
    }

    fn is_touched(&self) -> bool {
        !self.statuses.is_empty() || self.bytes > 0
    }

    /// Adds a reply.
    pub fn reply(&mut self, status: u16, protocol: Protocol, proxied: bool) {
        add(&mut self.statuses, status);
        add(&mut self.protocols, protocol);
        self.proxied += u64::from(proxied);
    }

    /// Adds a visitor.
    pub fn visitor(&mut self, class: Class, visitor: Visitor) {
        if visitor.rank == 0 {
            return;
        }
        let group = match class {
            Class::Person | Class::Tool => 0,
            Class::Bot | Class::Unknown | Class::Internal => 1,
        };
        let [people, others] = &mut self.sketches;
        let sketch = if group == 0 { people } else { others };
        if sketch.raise(visitor.register, visitor.rank) {
            self.raised.push((group, visitor.register, visitor.rank));
        }
    }
}

/// The main site's name is empty, and comparing nothing with nothing is dear: memcmp looks at a pointer that
/// leads nowhere, which cost 150 ns on one processor.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one.is_empty() || one == other)
}

fn add<T: PartialEq>(counts: &mut Vec<(T, u64)>, key: T) {
    match counts.iter_mut().find(|(known, _)| *known == key) {
        Some((_, count)) => *count += 1,
        None => counts.push((key, 1)),
    }
}
