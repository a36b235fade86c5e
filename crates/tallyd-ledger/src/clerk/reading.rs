//! One segment as the clerk reads it: how far, and which hits in it have begun and not ended.

use std::sync::Arc;

use crate::batch::Progress;
use crate::entry::{self, Definition, Entry, Hit, Note, Reader};
use crate::facts::{Settled, Version};
use crate::feed::Fresh;
use crate::ledger::{Ledger, LedgerError};
use crate::segment::{FIRST, Segment};
use crate::tally::{Slot, Tally};

/// A segment that is being read.
#[derive(Debug)]
pub struct Reading {
    segment: Arc<Segment>,
    reader: Reader,
    definitions: Definitions,
    open: Vec<Open>,
    /// Up to here it is posted.
    posted: u32,
    /// Whether the ledger knows the segment at all.
    is_known: bool,
    /// Entries can't be read any further. Never in a segment that this process has written.
    is_broken: bool,
}

/// A hit that has begun.
#[derive(Clone, Copy, Debug)]
struct Open {
    at: u32,
    /// The ledger knows that it has begun.
    is_posted: bool,
}

/// The definitions of a segment, and where the tally keeps their versions.
#[derive(Debug, Default)]
pub struct Definitions {
    known: Vec<(Definition, Option<Slot>)>,
    generation: u32,
}

impl Definitions {
    /// One more.
    pub fn push(&mut self, definition: Definition) {
        self.known.push((definition, None));
    }

    /// The definition with this number, and its slot.
    pub fn find(&mut self, number: u32, tally: &mut Tally) -> Option<(&Definition, Slot)> {
        if self.generation != tally.generation() {
            self.generation = tally.generation();
            self.known.iter_mut().for_each(|(_, slot)| *slot = None);
        }
        let (definition, slot) = self.known.get_mut(number as usize)?;
        let slot = *slot.get_or_insert_with(|| tally.slot(definition));
        Some((definition, slot))
    }

    /// The version of the definition with this number.
    fn version(&self, number: u32) -> Option<&Arc<Version>> {
        let (definition, _) = self.known.get(number as usize)?;
        Some(&definition.version)
    }

    /// The version that a note is about, if it is about one.
    fn probed(&self, note: &Note<'_>) -> Option<&Arc<Version>> {
        match note.about {
            entry::About::Probe(number) => self.version(number),
            _ => None,
        }
    }
}

impl Reading {
    /// A segment that was just taken.
    #[must_use]
    pub fn new(segment: Arc<Segment>) -> Reading {
        Reading {
            reader: Reader::live(segment.sequence, FIRST),
            segment,
            definitions: Definitions::default(),
            open: Vec::new(),
            posted: 0,
            is_known: false,
            is_broken: false,
        }
    }

    /// The segment.
    #[must_use]
    pub fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Its number.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.segment.sequence
    }

    /// Whether nothing has happened since the last post.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let all_read = self.reader.at() >= self.segment.published() || self.is_broken;
        all_read && !self.is_finished() && self.posted == self.reader.at()
    }

    /// Whether it holds nothing that the tally has not, nor anything that would outlive the process.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        !self.segment.is_durable() && self.is_finished()
    }

    /// Whether the ledger knows of it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    fn is_finished(&self) -> bool {
        // Closed first: what was published before that is seen after it.
        let is_closed = self.segment.is_closed();
        let is_read = self.reader.at() >= self.segment.published() || self.is_broken;
        is_closed && is_read && self.open.is_empty()
    }

    /// Adds entries up to what is published.
    pub fn read_on(
        &mut self,
        tally: &mut Tally,
        ledger: &mut dyn Ledger,
        fresh: &mut Fresh,
    ) -> Result<(), LedgerError> {
        let segment = Arc::clone(&self.segment);
        while !self.is_broken && self.reader.at() < segment.published() {
            let before = self.reader.at();
            let outcome = match self.reader.next(segment.words()) {
                Ok(Some((_, Entry::Definition(definition)))) => {
                    self.definitions.push(definition);
                    Ok(())
                }
                Ok(Some((at, Entry::Hit(hit, number)))) => {
                    let ended = entry::settled(segment.words(), segment.sequence, at);
                    let ended = ended.unwrap_or_default();
                    let added = add_hit(&mut self.definitions, number, &hit, ended, tally, ledger);
                    if added.is_ok() {
                        // Only now: an entry that is read again after an error is not shown twice.
                        fresh.hit(self.definitions.version(number), &hit, ended);
                        if ended.is_none() {
                            let is_posted = false;
                            self.open.push(Open { at, is_posted });
                        }
                    }
                    added
                }
                Ok(Some((_, Entry::Note(note)))) => {
                    add_note(&mut self.definitions, &note, tally);
                    fresh.note(self.definitions.probed(&note), &note);
                    Ok(())
                }
                Ok(None) | Err(_) => {
                    self.is_broken = true;
                    Ok(())
                }
            };
            if outcome.is_err() {
                self.reader.seek(before);
                return outcome;
            }
        }
        Ok(())
    }

    /// Adds how hits ended that had not when they were read.
    pub fn settle(
        &mut self,
        tally: &mut Tally,
        ledger: &mut dyn Ledger,
        settled: &mut Vec<(u64, u32)>,
        fresh: &mut Fresh,
    ) -> Result<(), LedgerError> {
        let mut place = 0;
        while let Some(&open) = self.open.get(place) {
            let words = self.segment.words();
            let Ok(Some(ended)) = entry::settled(words, self.segment.sequence, open.at) else {
                place += 1;
                continue;
            };
            let mut reader = Reader::live(self.segment.sequence, open.at);
            if let Ok(Some((_, Entry::Hit(hit, number)))) = reader.next(words)
                && let Some((definition, slot)) = self.definitions.find(number, tally)
            {
                tally.prepare(slot, &hit, ledger)?;
                tally.settle(slot, definition, &hit, ended);
                fresh.ended(&definition.version, &hit, ended);
            }
            self.open.swap_remove(place);
            if open.is_posted {
                settled.push((self.segment.sequence, open.at));
            }
        }
        Ok(())
    }

    /// Says how far it is, for a batch.
    pub fn report(&self, progress: &mut Progress) {
        let sequence = self.segment.sequence;
        if self.is_finished() {
            progress.finished.push(sequence);
            return;
        }
        if self.posted != self.reader.at() || !self.is_known {
            progress.read.push((sequence, self.reader.at()));
        }
        let new = self.open.iter().filter(|open| !open.is_posted);
        progress.opened.extend(new.map(|open| (sequence, open.at)));
    }

    /// What was reported has been posted.
    pub fn posted(&mut self) {
        self.posted = self.reader.at();
        self.is_known = true;
        for open in &mut self.open {
            open.is_posted = true;
        }
    }
}

/// Adds a hit, and how it ended if it has. Nothing is added on an error.
pub fn add_hit(
    definitions: &mut Definitions,
    number: u32,
    hit: &Hit<'_>,
    ended: Option<Settled>,
    tally: &mut Tally,
    ledger: &mut dyn Ledger,
) -> Result<(), LedgerError> {
    let Some((definition, slot)) = definitions.find(number, tally) else {
        return Ok(());
    };
    if let Some(ended) = ended {
        tally.prepare(slot, hit, ledger)?;
        tally.whole(slot, definition, hit, ended);
    } else {
        tally.begin(slot, hit);
    }
    Ok(())
}

/// Adds a reply that is no hit.
pub fn add_note(definitions: &mut Definitions, note: &Note<'_>, tally: &mut Tally) {
    let probed = match note.about {
        entry::About::Probe(number) => definitions.find(number, tally).map(|(_, slot)| slot),
        _ => None,
    };
    tally.note(probed, note);
}
