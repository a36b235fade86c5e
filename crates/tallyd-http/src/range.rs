//! Range requests over bytes (RFC 9110 section 14).
//!
//! Promises: no more than [`MAX_RANGES`] spans, never two that overlap or touch, all inside the file.

use crate::list::{members, trim};

/// More ranges than this in one request are answered with the whole file (RFC 9110 section 14.2 allows that):
/// no player or reader asks for so many, attackers do.
pub const MAX_RANGES: usize = 16;

/// A piece of a file; never empty when it comes from [`parse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub start: u64,
    /// How many bytes it has.
    pub length: u64,
}

impl Span {
    /// The first byte that is no longer part of it.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.start.saturating_add(self.length)
    }

    const fn touches(self, other: Self) -> bool {
        self.start <= other.end() && other.start <= self.end()
    }

    fn joined(self, other: Self) -> Self {
        let start = self.start.min(other.start);
        Self {
            start,
            length: self.end().max(other.end()) - start,
        }
    }
}

/// What a Range field asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ranges {
    /// Answer as if there were no Range: there is none, its unit is not bytes, it is malformed, or it is too long.
    Whole,
    /// 416: well-formed, but nothing of it lies in the file.
    Unsatisfiable,
    /// 206 with this piece.
    One(Span),
    /// 206 with several pieces, in the order in which they were asked for.
    Many(Vec<Span>),
}

/// Reads a Range field for a file of this length.
///
/// Spans that overlap or touch are merged, at the place of the first of them (RFC 9110 section 15.3.7.2).
#[must_use]
pub fn parse(value: Option<&[u8]>, length: u64) -> Ranges {
    let Some(set) = value.and_then(byte_set) else {
        return Ranges::Whole;
    };
    let mut spans = Merged::default();
    let mut count = 0;
    for member in members(set) {
        count += 1;
        let Some(spec) = Spec::of(member) else {
            return Ranges::Whole;
        };
        if count > MAX_RANGES || spec.is_not_expressible(length) {
            return Ranges::Whole;
        }
        if let Some(span) = spec.within(length) {
            spans.add(span);
        }
    }
    match (count, spans.as_slice()) {
        (0, _) => Ranges::Whole,
        (_, []) => Ranges::Unsatisfiable,
        (_, [span]) => Ranges::One(*span),
        // The one allocation, and only for several ranges.
        (_, spans) => Ranges::Many(spans.to_vec()),
    }
}

/// What follows `bytes=`; unit names are case-insensitive (RFC 9110 section 14.1).
fn byte_set(value: &[u8]) -> Option<&[u8]> {
    let (unit, set) = trim(value).split_at_checked(6)?;
    unit.eq_ignore_ascii_case(b"bytes=").then_some(set)
}

/// One well-formed member of the set (RFC 9110 section 14.1.1).
#[derive(Clone, Copy)]
enum Spec {
    /// `5-9`, or `5-` with the largest number as its last byte.
    From { first: u64, last: u64 },
    /// `-5`.
    Suffix(u64),
}

impl Spec {
    fn of(member: &[u8]) -> Option<Self> {
        let dash = memchr::memchr(b'-', member)?;
        let (first, last) = (member.get(..dash)?, member.get(dash + 1..)?);
        match (first, last) {
            ([], last) => Some(Self::Suffix(number(last)?)),
            (first, []) => Some(Self::From {
                first: number(first)?,
                last: u64::MAX,
            }),
            (first, last) => {
                let spec = Self::From {
                    first: number(first)?,
                    last: number(last)?,
                };
                (magnitude(first) <= magnitude(last)).then_some(spec)
            }
        }
    }

    /// A suffix of an empty file is satisfiable (section 14.1.2), yet no Content-Range can say so.
    const fn is_not_expressible(self, length: u64) -> bool {
        matches!(self, Self::Suffix(1..)) && length == 0
    }

    fn within(self, length: u64) -> Option<Span> {
        let (start, end) = match self {
            Self::From { first, last } => (first, last.saturating_add(1).min(length)),
            Self::Suffix(count) => (length.saturating_sub(count), length),
        };
        (start < end).then(|| Span {
            start,
            length: end - start,
        })
    }
}

/// `1*DIGIT`; numbers too large for us are larger than any file, and stay so.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |number: u64, digit: &u8| {
        number
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    };
    Some(digits.iter().fold(0, add))
}

/// Digits, made to compare like the number that they are, however large: how many, and then which.
fn magnitude(digits: &[u8]) -> (usize, &[u8]) {
    let mut digits = digits;
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    (digits.len(), digits)
}

/// Spans that neither overlap nor touch, in the order of their first mention; on the stack.
struct Merged {
    spans: [Span; MAX_RANGES],
    count: usize,
}

impl Default for Merged {
    fn default() -> Self {
        Self {
            spans: [Span {
                start: 0,
                length: 0,
            }; MAX_RANGES],
            count: 0,
        }
    }
}

impl Merged {
    fn as_slice(&self) -> &[Span] {
        self.spans.get(..self.count).unwrap_or_default()
    }

    /// The new span swallows all that it touches, and takes the place of the first of them.
    fn add(&mut self, mut span: Span) {
        let mut place = None;
        // Each swallowing may make it touch others that it did not touch before.
        while let Some(at) = self.as_slice().iter().position(|other| other.touches(span)) {
            span = span.joined(self.remove(at));
            place = Some(place.map_or(at, |place: usize| place.min(at)));
        }
        self.insert(place.unwrap_or(self.count), span);
    }

    fn remove(&mut self, at: usize) -> Span {
        let tail = self.spans.get_mut(at..self.count).unwrap_or_default();
        tail.rotate_left(1.min(tail.len()));
        let removed = tail.last().copied();
        self.count = self.count.saturating_sub(1);
        removed.unwrap_or(Span {
            start: 0,
            length: 0,
        })
    }

    fn insert(&mut self, at: usize, span: Span) {
        let Some(tail) = self.spans.get_mut(at..=self.count) else {
            return;
        };
        if let Some(last) = tail.last_mut() {
            *last = span;
        }
        tail.rotate_right(1);
        self.count += 1;
    }
}

#[cfg(test)]
mod tests;
