//! From a hit, a note or a definition to words.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    About, Check, DEFINITION_WORDS, Definition, HIT_CHECKED, HIT_WORDS, Hit, LONGEST_HOST,
    LONGEST_MISSING, MOST_SPANS, NOTE_WORDS, Note, PROBE, PROXIED, about, head, kind, state,
};
use crate::facts::Settled;

/// An entry that is ready to be written but for its place.
#[derive(Clone, Copy, Debug)]
pub enum Draft<'a> {
    /// What later entries refer to.
    Definition(&'a Definition),
    /// A hit that begins; the number of its definition in the segment.
    Hit(&'a Hit<'a>, u32),
    /// A reply that is no hit.
    Note(&'a Note<'a>),
}

impl Draft<'_> {
    /// How many words it takes.
    #[must_use]
    pub fn words(&self) -> usize {
        match self {
            Draft::Definition(definition) => {
                let version = &definition.version;
                DEFINITION_WORDS + (version.site.len() + version.path.len()).div_ceil(8)
            }
            Draft::Hit(hit, _) => {
                HIT_WORDS + spans(hit).len() * 2 + referrer(hit).len().div_ceil(8)
            }
            Draft::Note(note) => {
                let (site, path) = texts(note);
                NOTE_WORDS + (site.len() + path.len()).div_ceil(8)
            }
        }
    }

    /// Writes it into `place`, which has room for it, as the entry at word `at` of the segment `sequence`. The
    /// head comes last: whoever sees it sees all.
    pub fn write(&self, place: &[AtomicU64], sequence: u64, at: u32) {
        let kind = match self {
            Draft::Definition(_) => kind::DEFINITION,
            Draft::Hit(..) => kind::HIT,
            Draft::Note(_) => kind::NOTE,
        };
        let mut pen = Pen {
            rest: place.get(1..).unwrap_or_default(),
            check: Check::of(sequence, at),
        };
        match self {
            Draft::Definition(definition) => write_definition(&mut pen, definition),
            Draft::Hit(hit, version) => write_hit(&mut pen, hit, *version),
            Draft::Note(note) => write_note(&mut pen, note),
        }
        if let Some(first) = place.first() {
            first.store(head(pen.check, self.words(), kind), Ordering::Release);
        }
    }
}

/// Settles the hit at word `at`: its three words are stored, the one that says so last.
pub fn settle(words: &[AtomicU64], sequence: u64, at: u32, settled: Settled) {
    let outcome = settled.outcome as u8;
    let mark = state(sequence, at, settled.bytes, settled.content, outcome);
    let at = at as usize;
    if let Some([bytes, content, state]) = words.get(at + 1..at + HIT_CHECKED) {
        bytes.store(settled.bytes, Ordering::Relaxed);
        content.store(settled.content, Ordering::Relaxed);
        state.store(mark, Ordering::Release);
    }
}

/// Stores word after word and folds each into the check.
struct Pen<'a> {
    rest: &'a [AtomicU64],
    check: Check,
}

impl Pen<'_> {
    fn put(&mut self, word: u64) {
        if let Some((first, rest)) = self.rest.split_first() {
            first.store(word, Ordering::Relaxed);
            self.rest = rest;
        }
        self.check = self.check.with(word);
    }

    /// Words that come later, and are not in the check.
    fn leave_open(&mut self, count: usize) {
        if let Some((open, rest)) = self.rest.split_at_checked(count) {
            for word in open {
                word.store(0, Ordering::Relaxed);
            }
            self.rest = rest;
        }
    }

    /// Two texts, one behind the other; the last word is filled up with zeros.
    fn put_texts(&mut self, first: &[u8], second: &[u8]) {
        let rest = self.put_whole(first);
        let room = rest.len().next_multiple_of(8) - rest.len();
        let (filling, second) = second.split_at(room.min(second.len()));
        self.put_part(rest, filling);
        let rest = self.put_whole(second);
        self.put_part(rest, b"");
    }

    /// A word of the two, which do not fill more than it; none if the first is empty.
    fn put_part(&mut self, first: &[u8], filling: &[u8]) {
        if first.is_empty() {
            return;
        }
        let mut word = [0; 8];
        for (place, &byte) in word.iter_mut().zip(first.iter().chain(filling)) {
            *place = byte;
        }
        self.put(u64::from_le_bytes(word));
    }

    /// The whole words of a text. What is left of it is returned.
    fn put_whole<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        let (words, rest) = text.as_chunks();
        for word in words {
            self.put(u64::from_le_bytes(*word));
        }
        rest
    }
}

fn write_definition(pen: &mut Pen<'_>, definition: &Definition) {
    let version = &definition.version;
    pen.put(version.device);
    pen.put(version.inode);
    pen.put(version.length);
    pen.put(version.modified.cast_unsigned());
    pen.put(definition.representation);
    pen.put(definition.whole);
    pen.put((version.path.len() as u64) << 32 | version.site.len() as u64);
    pen.put_texts(version.site.as_bytes(), &version.path);
}

fn write_hit(pen: &mut Pen<'_>, hit: &Hit<'_>, version: u32) {
    let (spans, referrer) = (spans(hit), referrer(hit));
    pen.leave_open(HIT_CHECKED - 1);
    pen.put(hit.time.cast_unsigned());
    pen.put(hit.number);
    pen.put(origin(version, hit.status, hit.class as u8, hit.protocol));
    pen.put(hit.visitor.today);
    pen.put(hit.visitor.before);
    let flags = flag(hit.proxied, PROXIED) | flag(hit.probe, PROBE);
    pen.put(
        u64::from(hit.visitor.register)
            | u64::from(hit.visitor.rank) << 16
            | u64::from(flags) << 24
            | (spans.len() as u64) << 32
            | (referrer.len() as u64) << 48,
    );
    for span in spans {
        pen.put(span.start);
        pen.put(span.length);
    }
    pen.put_texts(referrer, b"");
}

fn write_note(pen: &mut Pen<'_>, note: &Note<'_>) {
    let (kind, version) = match note.about {
        About::Probe(version) => (about::PROBE, version),
        About::Missing(..) => (about::MISSING, 0),
        About::Other(_) => (about::OTHER, 0),
    };
    let (site, path) = texts(note);
    pen.put(note.time.cast_unsigned());
    pen.put(origin(
        version,
        note.status,
        note.class as u8,
        note.protocol,
    ));
    pen.put(note.bytes);
    pen.put(
        u64::from(flag(note.proxied, PROXIED))
            | u64::from(kind) << 8
            | (site.len() as u64) << 16
            | (path.len() as u64) << 32,
    );
    pen.put_texts(site, path);
}

fn origin(version: u32, status: u16, class: u8, protocol: u8) -> u64 {
    u64::from(version)
        | u64::from(status) << 32
        | u64::from(class) << 48
        | u64::from(protocol) << 56
}

fn flag(is_set: bool, flag: u8) -> u8 {
    if is_set { flag } else { 0 }
}

fn spans<'a>(hit: &Hit<'a>) -> &'a [crate::facts::Span] {
    hit.spans.get(..MOST_SPANS).unwrap_or(hit.spans)
}

fn referrer<'a>(hit: &Hit<'a>) -> &'a [u8] {
    hit.referrer.get(..LONGEST_HOST).unwrap_or(hit.referrer)
}

fn texts<'a>(note: &Note<'a>) -> (&'a [u8], &'a [u8]) {
    match note.about {
        About::Probe(_) => (b"", b""),
        About::Missing(site, path) => {
            (site.as_bytes(), path.get(..LONGEST_MISSING).unwrap_or(path))
        }
        About::Other(site) => (site.as_bytes(), b""),
    }
}
