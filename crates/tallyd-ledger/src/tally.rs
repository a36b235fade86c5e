//! The tally: what the clerk has read and not yet posted, added up.
//!
//! Promises: its size grows with the files and visitors that were touched, not with the hits; what could not be
//! posted stays in it. Knows no journal and no clock.

mod days;
mod versions;
mod visits;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::batch::{Batch, MissingChange, Progress, ReferrerChange};
use crate::entry::{About, Definition, Hit, Note};
use crate::facts::{Class, Counts, Outcome, Settled, day_of};
use crate::ledger::{Ledger, LedgerError};
use crate::window::{Kind, Touch};

use days::Days;
use versions::Versions;
use visits::Visits;

pub use versions::Slot;

/// Paths that were not found, kept between two posts; beyond, only their number is.
const MOST_MISSING: usize = 10_000;

/// Pairs of a file and a referring host between two posts; beyond, the host is not kept.
const MOST_REFERRERS: usize = 50_000;

/// Versions and windows that are kept in memory after they were posted; beyond, all are forgotten, and looked
/// up in the ledger when they are needed again.
const MOST_KEPT: usize = 200_000;

/// Where those are put whose host is not kept.
const OTHER: &str = "(other)";

/// What was read and not yet posted, and what is needed to understand what comes.
#[derive(Debug)]
pub struct Tally {
    kind: Kind,
    versions: Versions,
    visits: Visits,
    days: Days,
    referrers: HashMap<Referred, u64, RandomState>,
    missing: HashMap<Missed, (u64, i64), RandomState>,
    latest: i64,
    /// Entries in it.
    entries: u64,
    /// The time of the oldest of them.
    oldest: Option<i64>,
}

/// A version, a day, and the host that referred to it.
type Referred = (Slot, i64, Box<str>);

/// A site, and a path that is not there.
type Missed = (Box<str>, Box<[u8]>);

impl Tally {
    /// Nothing read yet.
    #[must_use]
    pub fn new(kind: Kind) -> Tally {
        Tally {
            kind,
            versions: Versions::default(),
            visits: Visits::default(),
            days: Days::default(),
            referrers: HashMap::default(),
            missing: HashMap::default(),
            latest: 0,
            entries: 0,
            oldest: None,
        }
    }

    /// Entries that are in it and not in the ledger.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The time of the oldest of them.
    #[must_use]
    pub fn oldest(&self) -> Option<i64> {
        self.oldest
    }

    /// Where the version of a definition is kept. Asked again when [`Tally::generation`] has changed.
    pub fn slot(&mut self, definition: &Definition) -> Slot {
        self.versions.slot(&definition.version)
    }

    /// Changes when all slots are forgotten.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.versions.generation()
    }

    /// Makes sure that what a hit's visitor had before is known. The one step that can fail, and it changes
    /// nothing that is counted: a hit is added only after it.
    pub fn prepare(
        &mut self,
        slot: Slot,
        hit: &Hit<'_>,
        ledger: &mut dyn Ledger,
    ) -> Result<(), LedgerError> {
        if hit.probe {
            return Ok(());
        }
        let version = self.versions.version(slot);
        self.visits.prepare(slot, version, hit.visitor, ledger)
    }

    /// Adds a hit that has begun.
    pub fn begin(&mut self, slot: Slot, hit: &Hit<'_>) {
        let counts = self.begun(slot, hit, 0);
        self.versions.add(slot, hit.time, hit.class, counts);
    }

    /// Adds how a hit ended that was begun before, and prepared.
    pub fn settle(&mut self, slot: Slot, definition: &Definition, hit: &Hit<'_>, settled: Settled) {
        let site = self.versions.site(slot);
        self.days.day(site, day_of(hit.time)).bytes += settled.bytes;
        let counts = self.ended(slot, definition, hit, settled);
        self.versions.add(slot, hit.time, hit.class, counts);
    }

    /// Adds a hit that has begun and ended, and was prepared: most have when they are read.
    pub fn whole(&mut self, slot: Slot, definition: &Definition, hit: &Hit<'_>, settled: Settled) {
        let mut counts = self.begun(slot, hit, settled.bytes);
        counts += self.ended(slot, definition, hit, settled);
        self.versions.add(slot, hit.time, hit.class, counts);
    }

    /// What a hit adds when it begins, and already this many bytes of it.
    fn begun(&mut self, slot: Slot, hit: &Hit<'_>, bytes: u64) -> Counts {
        self.entry(hit.time);
        self.versions.number(slot, hit.number);
        let site = self.versions.site(slot);
        let day = self.days.day(site, day_of(hit.time));
        day.reply(hit.status, hit.protocol, hit.proxied);
        day.bytes += bytes;
        if !hit.probe {
            day.visitor(hit.class, hit.visitor);
        }
        if !hit.referrer.is_empty() {
            self.refer(slot, hit);
        }
        Counts {
            hits: 1,
            probes: u64::from(hit.probe),
            ..Counts::default()
        }
    }

    /// What it adds when it ends.
    fn ended(
        &mut self,
        slot: Slot,
        definition: &Definition,
        hit: &Hit<'_>,
        settled: Settled,
    ) -> Counts {
        let mut counts = Counts {
            bytes: settled.bytes,
            ..Counts::default()
        };
        match settled.outcome {
            Outcome::Complete => counts.complete = 1,
            Outcome::Aborted => {
                counts.aborted = 1;
                let asked = asked(definition, hit);
                self.versions.reached(slot, settled.content, asked);
            }
        }
        if !hit.probe && (settled.content > 0 || definition.whole == 0) {
            let touch = Touch {
                time: hit.time,
                class: hit.class,
                representation: definition.representation,
                whole: definition.whole,
                spans: hit.spans,
                content: settled.content,
            };
            let effect = self.visits.touch(slot, hit.visitor, self.kind, &touch);
            counts.downloads = effect.downloads;
            counts.repeats = effect.repeats;
            counts.visitors = effect.visitors;
            if let Some(closed) = effect.closed {
                self.partials(slot, closed.opened, closed.class, closed.partials);
            }
        }
        counts
    }

    /// Adds that a hit which was begun before was never settled: its process died.
    pub fn unsettled(&mut self, slot: Slot, hit: &Hit<'_>) {
        let counts = Counts {
            unsettled: 1,
            ..Counts::default()
        };
        self.versions.add(slot, hit.time, hit.class, counts);
    }

    /// Adds a reply that is no hit; a probe says of what.
    pub fn note(&mut self, probed: Option<Slot>, note: &Note<'_>) {
        self.entry(note.time);
        let site: Box<str> = match (note.about, probed) {
            (About::Missing(site, _) | About::Other(site), _) => site.into(),
            (About::Probe(_), Some(slot)) => {
                let counts = Counts {
                    probes: 1,
                    ..Counts::default()
                };
                self.versions.add(slot, note.time, note.class, counts);
                self.versions.site(slot).into()
            }
            (About::Probe(_), None) => "".into(),
        };
        let day = self.days.day(&site, day_of(note.time));
        day.reply(note.status, note.protocol, note.proxied);
        day.bytes += note.bytes;
        if let About::Missing(_, path) = note.about {
            self.miss(site, path, note.time);
        }
    }

    /// Closes windows that have ended.
    pub fn close_ended(
        &mut self,
        now: i64,
        most: usize,
        ledger: &mut dyn Ledger,
    ) -> Result<usize, LedgerError> {
        let ended = ledger.ended(now, most)?;
        let count = ended.len();
        for (version, visitor, window) in ended {
            let slot = self.versions.slot(&Arc::new(version));
            let still_open = self
                .visits
                .held(slot, visitor)
                .is_some_and(|held| held.ends(self.kind) > now);
            if still_open || self.visits.is_gone(slot, visitor) {
                continue;
            }
            let closed = self.visits.close(slot, visitor, &window);
            self.partials(slot, closed.opened, closed.class, closed.partials);
        }
        Ok(count)
    }

    /// What there is to post.
    #[must_use]
    pub fn batch(&self, progress: Progress) -> Batch {
        Batch {
            progress,
            versions: self.versions.changes(),
            windows: self.visits.changes(&self.versions),
            days: self.days.changes(),
            referrers: self.referrer_changes(),
            missing: self.missing_changes(),
            latest: self.latest,
        }
    }

    /// Whether there is anything to post.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries == 0 && self.versions.is_clean() && self.visits.is_clean()
    }

    /// Everything has been posted. `tell` hears the number up to which each path is.
    pub fn posted(&mut self, tell: impl FnMut(&str, &[u8], u64)) {
        self.versions.posted(tell);
        self.visits.posted();
        self.days.posted();
        self.referrers.clear();
        self.missing.clear();
        self.entries = 0;
        self.oldest = None;
        if self.versions.len() > MOST_KEPT || self.visits.len() > MOST_KEPT {
            self.versions.forget();
            self.visits.forget();
        }
    }

    /// Somebody else has changed the ledger: what is remembered of it may be wrong.
    pub fn doubt(&mut self) {
        self.visits.doubt();
    }

    fn partials(&mut self, slot: Slot, opened: i64, class: Class, partials: u64) {
        if partials > 0 {
            let counts = Counts {
                partials,
                ..Counts::default()
            };
            self.versions.add(slot, opened, class, counts);
        }
    }

    fn entry(&mut self, time: i64) {
        self.entries += 1;
        self.latest = self.latest.max(time);
        self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
    }

    fn refer(&mut self, slot: Slot, hit: &Hit<'_>) {
        let full = self.referrers.len() >= MOST_REFERRERS;
        let host = match std::str::from_utf8(hit.referrer) {
            // RFC 3986 section 3.2.2: host names have no case.
            Ok(host) if !full => host.to_ascii_lowercase(),
            _ => OTHER.to_owned(),
        };
        let key = (slot, day_of(hit.time), host.into());
        *self.referrers.entry(key).or_default() += 1;
    }

    fn miss(&mut self, site: Box<str>, path: &[u8], time: i64) {
        let is_full = self.missing.len() >= MOST_MISSING;
        let key = (site, Box::from(path));
        if is_full && !self.missing.contains_key(&key) {
            return;
        }
        let (requests, last) = self.missing.entry(key).or_default();
        *requests += 1;
        *last = time.max(*last);
    }

    fn referrer_changes(&self) -> Vec<ReferrerChange> {
        let change = |((slot, day, host), hits): (&Referred, &u64)| {
            let version = self.versions.version(*slot);
            ReferrerChange {
                site: version.site.clone(),
                path: version.path.clone(),
                day: *day,
                host: host.clone(),
                hits: *hits,
            }
        };
        self.referrers.iter().map(change).collect()
    }

    fn missing_changes(&self) -> Vec<MissingChange> {
        let change = |((site, path), (requests, last)): (&Missed, &(u64, i64))| MissingChange {
            site: site.clone(),
            path: path.clone(),
            requests: *requests,
            last: *last,
        };
        self.missing.iter().map(change).collect()
    }
}

/// How many bytes a hit asked for.
fn asked(definition: &Definition, hit: &Hit<'_>) -> u64 {
    if hit.spans.is_empty() {
        return definition.whole;
    }
    hit.spans
        .iter()
        .fold(0, |sum: u64, span| sum.saturating_add(span.length))
}
