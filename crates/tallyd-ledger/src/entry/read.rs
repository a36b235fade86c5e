//! From words to entries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    About, Check, DEFINITION_WORDS, Definition, HIT_CHECKED, HIT_WORDS, Hit, LONGEST, NOTE_WORDS,
    Note, PROBE, PROXIED, about, head_low, kind, state,
};
use crate::facts::{Class, Outcome, Settled, Span, Version, Visitor};

/// There is no entry where one should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// What later entries refer to, by their count in the segment: 0, 1, 2.
    Definition(Definition),
    /// A hit, and the number of its definition.
    Hit(Hit<'a>, u32),
    /// A reply that is no hit.
    Note(Note<'a>),
}

/// Whether entries are compared with their checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// The writer is in this process and has said how far it is.
    Published,
    /// Nothing is known but the words.
    Nothing,
}

/// Reads the entries of one segment in order.
#[derive(Debug)]
pub struct Reader {
    sequence: u64,
    at: u32,
    trust: Trust,
    spans: Vec<Span>,
    text: Vec<u8>,
}

impl Reader {
    /// For a segment of this process: up to what its writer has published, entries are whole.
    #[must_use]
    pub fn live(sequence: u64, first: u32) -> Reader {
        Reader::new(sequence, first, Trust::Published)
    }

    /// For a segment that an earlier process left.
    #[must_use]
    pub fn careful(sequence: u64, first: u32) -> Reader {
        Reader::new(sequence, first, Trust::Nothing)
    }

    fn new(sequence: u64, first: u32, trust: Trust) -> Reader {
        Reader {
            sequence,
            at: first,
            trust,
            spans: Vec::new(),
            text: Vec::new(),
        }
    }

    /// The word at which the next entry begins.
    #[must_use]
    pub fn at(&self) -> u32 {
        self.at
    }

    /// Goes to an entry that is known to begin there.
    pub fn seek(&mut self, at: u32) {
        self.at = at;
    }

    /// The next entry, and the word at which it begins; nothing at the end.
    pub fn next<'a>(&'a mut self, words: &[AtomicU64]) -> Result<Option<(u32, Entry<'a>)>, Fault> {
        let at = self.at;
        let place = words.get(at as usize..).unwrap_or_default();
        let head = place.first().map_or(0, |head| head.load(Ordering::Acquire));
        if head == 0 {
            return Ok(None);
        }
        let kind = low8(head);
        let length = ((head >> 8) & 0xFF_FFFF) as usize;
        let place = place.get(..length).ok_or(Fault)?;
        if length > LONGEST || length < least(kind).ok_or(Fault)? {
            return Err(Fault);
        }
        if self.trust == Trust::Nothing && !is_whole(place, self.sequence, at, head, kind) {
            return Err(Fault);
        }
        let next = u32::try_from(length).map_err(|_| Fault)?;
        let next = at.checked_add(next).ok_or(Fault)?;
        let entry = match kind {
            kind::DEFINITION => Entry::Definition(self.definition(place)?),
            kind::HIT => {
                self.at = next;
                return self.hit(place).map(|entry| Some((at, entry)));
            }
            _ => {
                self.at = next;
                return self.note(place).map(|entry| Some((at, entry)));
            }
        };
        self.at = next;
        Ok(Some((at, entry)))
    }

    fn definition(&mut self, place: &[AtomicU64]) -> Result<Definition, Fault> {
        let lengths = word(place, 7);
        let (site, path) = (low32(lengths) as usize, low32(lengths >> 32) as usize);
        self.texts(place, DEFINITION_WORDS, site, path)?;
        let (site, path) = self.text.split_at_checked(site).ok_or(Fault)?;
        let version = Version {
            site: std::str::from_utf8(site).map_err(|_| Fault)?.into(),
            path: path.into(),
            device: word(place, 1),
            inode: word(place, 2),
            length: word(place, 3),
            modified: word(place, 4).cast_signed(),
        };
        Ok(Definition {
            version: Arc::new(version),
            representation: word(place, 5),
            whole: word(place, 6),
        })
    }

    fn hit<'a>(&'a mut self, place: &[AtomicU64]) -> Result<Entry<'a>, Fault> {
        let origin = word(place, 6);
        let rest = word(place, 9);
        let count = usize::from(low16(rest >> 32));
        let referrer = usize::from(low16(rest >> 48));
        self.texts(place, HIT_WORDS + 2 * count, referrer, 0)?;
        self.spans.clear();
        let numbers = place.get(HIT_WORDS..HIT_WORDS + 2 * count).ok_or(Fault)?;
        for pair in numbers.chunks_exact(2) {
            self.spans.push(Span {
                start: word(pair, 0),
                length: word(pair, 1),
            });
        }
        let flags = low8(rest >> 24);
        let hit = Hit {
            time: word(place, 4).cast_signed(),
            number: word(place, 5),
            status: low16(origin >> 32),
            class: Class::of(low8(origin >> 48)).ok_or(Fault)?,
            protocol: low8(origin >> 56),
            visitor: Visitor {
                today: word(place, 7),
                before: word(place, 8),
                register: low16(rest),
                rank: low8(rest >> 16),
            },
            proxied: flags & PROXIED != 0,
            probe: flags & PROBE != 0,
            spans: &self.spans,
            referrer: &self.text,
        };
        Ok(Entry::Hit(hit, low32(origin)))
    }

    fn note<'a>(&'a mut self, place: &[AtomicU64]) -> Result<Entry<'a>, Fault> {
        let origin = word(place, 2);
        let rest = word(place, 4);
        let (site, path) = (usize::from(low16(rest >> 16)), low32(rest >> 32) as usize);
        self.texts(place, NOTE_WORDS, site, path)?;
        let (site, path) = self.text.split_at_checked(site).ok_or(Fault)?;
        let site = std::str::from_utf8(site).map_err(|_| Fault)?;
        let about = match low8(rest >> 8) {
            about::PROBE => About::Probe(low32(origin)),
            about::MISSING => About::Missing(site, path),
            about::OTHER => About::Other(site),
            _ => return Err(Fault),
        };
        Ok(Entry::Note(Note {
            time: word(place, 1).cast_signed(),
            status: low16(origin >> 32),
            class: Class::of(low8(origin >> 48)).ok_or(Fault)?,
            protocol: low8(origin >> 56),
            proxied: low8(rest) & PROXIED != 0,
            bytes: word(place, 3),
            about,
        }))
    }

    /// Two texts that follow each other from word `first` to the end of the entry.
    fn texts(
        &mut self,
        place: &[AtomicU64],
        first: usize,
        one: usize,
        two: usize,
    ) -> Result<(), Fault> {
        self.text.clear();
        let length = one.checked_add(two).ok_or(Fault)?;
        if first.checked_add(length.div_ceil(8)) != Some(place.len()) {
            return Err(Fault);
        }
        for word in place.get(first..).unwrap_or_default() {
            let bytes = word.load(Ordering::Relaxed).to_le_bytes();
            self.text.extend_from_slice(&bytes);
        }
        self.text.truncate(length);
        Ok(())
    }
}

/// How the hit at word `at` ended: nothing if it has not, a fault if its words don't belong together.
pub fn settled(words: &[AtomicU64], sequence: u64, at: u32) -> Result<Option<Settled>, Fault> {
    let place = at as usize;
    let found = words.get(place.saturating_add(1)..place.saturating_add(HIT_CHECKED));
    let Some([bytes, content, mark]) = found else {
        return Err(Fault);
    };
    let mark = mark.load(Ordering::Acquire);
    if mark == 0 {
        return Ok(None);
    }
    let bytes = bytes.load(Ordering::Relaxed);
    let content = content.load(Ordering::Relaxed);
    let outcome = match low8(mark) {
        1 => Outcome::Complete,
        2 => Outcome::Aborted,
        _ => return Err(Fault),
    };
    if mark != state(sequence, at, bytes, content, outcome as u8) {
        return Err(Fault);
    }
    Ok(Some(Settled {
        outcome,
        bytes,
        content,
    }))
}

/// The least number of words of an entry of this kind; nothing if there is no such kind.
fn least(kind: u8) -> Option<usize> {
    match kind {
        kind::DEFINITION => Some(DEFINITION_WORDS),
        kind::HIT => Some(HIT_WORDS),
        kind::NOTE => Some(NOTE_WORDS),
        _ => None,
    }
}

fn is_whole(place: &[AtomicU64], sequence: u64, at: u32, head: u64, kind: u8) -> bool {
    let first = if kind == kind::HIT { HIT_CHECKED } else { 1 };
    let checked = place.get(first..).unwrap_or_default();
    let check = checked.iter().fold(Check::of(sequence, at), |check, word| {
        check.with(word.load(Ordering::Relaxed))
    });
    let low = head_low(place.len(), kind);
    head & 0xFFFF_FFFF == low && low32(head >> 32) == check.with(low).bits()
}

fn word(place: &[AtomicU64], number: usize) -> u64 {
    place
        .get(number)
        .map_or(0, |word| word.load(Ordering::Relaxed))
}

fn low8(word: u64) -> u8 {
    word.to_le_bytes()[0]
}

fn low16(word: u64) -> u16 {
    let [a, b, ..] = word.to_le_bytes();
    u16::from_le_bytes([a, b])
}

fn low32(word: u64) -> u32 {
    let [a, b, c, d, ..] = word.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
