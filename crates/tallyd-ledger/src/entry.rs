//! The entries of a journal, word by word. docs/journal.md draws them.
//!
//! Promises: an entry that was not written whole is never read as one; whatever the words hold, reading is
//! total. Pure: it sees words, not files.
//!
//! Word 0 of an entry is its head, stored last: check, length and kind. The words 1 to 3 of a hit are stored
//! when it ends (settled); the check does not cover them, they have one of their own.

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use crate::facts::{Class, Protocol, Span, Version, Visitor};

pub use read::{Entry, Fault, Reader, settled};
pub use write::{Draft, settle};

/// A path that was not found is kept up to here.
pub const LONGEST_MISSING: usize = 512;

/// A referring host is kept up to here; DNS has no longer ones.
pub const LONGEST_HOST: usize = 253;

/// Ranges that are kept of one hit; the server sends no more.
pub const MOST_SPANS: usize = 16;

/// Words of the longest entry: a version whose path and site are as long as they can be.
pub const LONGEST: usize = 8 + (64 * 1024) / 8;

/// What a hit in the journal refers to: a file version as one of its representations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The version.
    pub version: Arc<Version>,
    /// 0 for the file itself, else a mark of the compressed variant.
    pub representation: u64,
    /// The length of the representation.
    pub whole: u64,
}

/// A hit, as it is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit<'a> {
    /// When it was decided, in nanoseconds since 1970.
    pub time: i64,
    /// Its number in the file's own sequence.
    pub number: u64,
    /// 200 or 206.
    pub status: u16,
    /// Version of HTTP.
    pub protocol: Protocol,
    /// What kind of program asked.
    pub class: Class,
    /// Who asked.
    pub visitor: Visitor,
    /// It came through a proxy.
    pub proxied: bool,
    /// A range of the first byte or two.
    pub probe: bool,
    /// What was asked for; nothing means the whole.
    pub spans: &'a [Span],
    /// Host of the page that referred to it; may be empty.
    pub referrer: &'a [u8],
}

/// A reply that is no hit, when it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note<'a> {
    /// When it was decided.
    pub time: i64,
    /// Its status.
    pub status: u16,
    /// Version of HTTP.
    pub protocol: Protocol,
    /// What kind of program asked.
    pub class: Class,
    /// It came through a proxy.
    pub proxied: bool,
    /// Body bytes sent.
    pub bytes: u64,
    /// What it was about.
    pub about: About<'a>,
}

/// What a reply that is no hit was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About<'a> {
    /// A file: HEAD, 304 or 416. The number of its definition in the segment.
    Probe(u32),
    /// A path of this site that is not there.
    Missing(&'a str, &'a [u8]),
    /// Anything else of this site.
    Other(&'a str),
}

/// Kinds of entries.
mod kind {
    pub const DEFINITION: u8 = 1;
    pub const HIT: u8 = 2;
    pub const NOTE: u8 = 3;
}

/// Words of a hit before its ranges.
pub(crate) const HIT_WORDS: usize = 10;

/// Words of a note before its texts.
const NOTE_WORDS: usize = 5;

/// Words of a definition before its texts.
const DEFINITION_WORDS: usize = 8;

/// First of the words that the check of a hit covers.
const HIT_CHECKED: usize = 4;

const PROXIED: u8 = 1;
const PROBE: u8 = 2;

/// How notes say what they are about.
mod about {
    pub const PROBE: u8 = 1;
    pub const MISSING: u8 = 2;
    pub const OTHER: u8 = 3;
}

/// Folds words into a check. Each step can be undone, so one changed word always changes the state; the
/// upper half is kept.
#[derive(Clone, Copy, Debug)]
struct Check(u64);

impl Check {
    /// For the entry at this place: what is left of an earlier use of the segment never fits.
    fn of(sequence: u64, at: u32) -> Check {
        Check(0x7461_6C6C_7964_4A31)
            .with(sequence)
            .with(u64::from(at))
    }

    fn with(self, word: u64) -> Check {
        let mixed = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Check(mixed ^ (mixed >> 29))
    }

    fn bits(self) -> u32 {
        let [.., a, b, c, d] = self.0.wrapping_mul(0xD6E8_FEB8_6659_FD93).to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

/// The head of an entry: check, length in words, kind.
fn head(check: Check, words: usize, kind: u8) -> u64 {
    let low = head_low(words, kind);
    u64::from(check.with(low).bits()) << 32 | low
}

fn head_low(words: usize, kind: u8) -> u64 {
    ((words as u64) << 8 | u64::from(kind)) & 0xFFFF_FFFF
}

/// The state word of a hit that has ended.
fn state(sequence: u64, at: u32, bytes: u64, content: u64, outcome: u8) -> u64 {
    let check = Check::of(sequence, at)
        .with(bytes)
        .with(content)
        .with(u64::from(outcome));
    u64::from(check.bits()) << 32 | u64::from(outcome)
}
