//! Ranges, against a reading that knows numbers of any size, and a model with one flag for each byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tallyd_http::range::{self, MAX_RANGES, Ranges, Span};

fuzz_target!(|input: (u64, &[u8])| {
    let (length, value) = input;
    let with_unit = [b"bytes=", value].concat();
    for value in [value, &with_unit] {
        check(value, length);
        check(value, length % 256);
    }
});

fn check(value: &[u8], length: u64) {
    let found = range::parse(Some(value), length);
    let text = value.escape_ascii();
    let Some(asked) = asked(value, length) else {
        return assert_eq!(found, Ranges::Whole, "{text} of {length}");
    };
    let spans = match found {
        Ranges::Whole => panic!("well-formed: {text} of {length}"),
        Ranges::Unsatisfiable => vec![],
        Ranges::One(span) => vec![span],
        Ranges::Many(spans) => {
            assert!(spans.len() > 1);
            spans
        }
    };
    are_disjoint(&spans, length);
    assert_eq!(spans, merged(&asked), "{text} of {length}");
    if length < 256 {
        are_the_bytes(&spans, &asked, length);
    }
}

/// Inside the file, not empty, and never two that overlap or touch.
fn are_disjoint(spans: &[Span], length: u64) {
    assert!(spans.len() <= MAX_RANGES);
    for (at, span) in spans.iter().enumerate() {
        assert!(span.length > 0 && span.start.checked_add(span.length).is_some());
        assert!(span.end() <= length);
        for other in &spans[..at] {
            assert!(span.end() < other.start || other.end() < span.start);
        }
    }
}

/// First byte, and the first that is no longer part of it.
type Piece = (u64, u64);

/// What lies in the file, in the order in which it was asked for; `None` if the field is to be ignored.
fn asked(value: &[u8], length: u64) -> Option<Vec<Piece>> {
    let value = trim(value);
    if !value.to_ascii_lowercase().starts_with(b"bytes=") {
        return None;
    }
    let members = value[6..].split(|&byte| byte == b',').map(trim);
    let members: Vec<&[u8]> = members.filter(|member| !member.is_empty()).collect();
    if members.is_empty() || members.len() > MAX_RANGES {
        return None;
    }
    let pieces: Option<Vec<Piece>> = members.iter().map(|member| piece(member, length)).collect();
    Some(
        pieces?
            .into_iter()
            .filter(|(start, end)| start < end)
            .collect(),
    )
}

/// An empty piece is one that does not lie in the file.
fn piece(member: &[u8], length: u64) -> Option<Piece> {
    let dash = member.iter().position(|&byte| byte == b'-')?;
    let (first, last) = (&member[..dash], &member[dash + 1..]);
    if first.is_empty() {
        let count = Number::of(last)?.at_most(length);
        // Satisfiable, but no Content-Range can name a part of an empty file.
        let is_expressible = length > 0 || Number::of(last)? == Number(0, b"");
        return is_expressible.then(|| (length - count, length));
    }
    let first = Number::of(first)?;
    if last.is_empty() {
        return Some((first.at_most(length), length));
    }
    let last = Number::of(last)?;
    // The last byte is part of it.
    let end = last.at_most(length).saturating_add(1).min(length);
    (first <= last).then(|| (first.at_most(length), end))
}

/// Digits without leading zeros, and before them how many: so numbers of any size compare rightly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Number<'a>(usize, &'a [u8]);

impl<'a> Number<'a> {
    fn of(digits: &'a [u8]) -> Option<Self> {
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
        Some(Self(digits.len() - zeros, &digits[zeros..]))
    }

    fn at_most(self, limit: u64) -> u64 {
        let text = std::str::from_utf8(self.1).expect("digits");
        match text.parse::<u64>() {
            Ok(number) => number.min(limit),
            Err(_) if text.is_empty() => 0,
            Err(_) => limit,
        }
    }
}

/// Sorted, joined where they touch, and put back into the order of their first mention.
fn merged(asked: &[Piece]) -> Vec<Span> {
    let mut sorted = asked.to_vec();
    sorted.sort_unstable();
    let mut runs: Vec<Piece> = Vec::new();
    for (start, end) in sorted {
        match runs.last_mut() {
            Some(run) if start <= run.1 => run.1 = run.1.max(end),
            _ => runs.push((start, end)),
        }
    }
    let mention = |run: &Piece| {
        asked
            .iter()
            .position(|piece| (run.0..run.1).contains(&piece.0))
    };
    runs.sort_by_key(mention);
    let span = |(start, end)| Span {
        start,
        length: end - start,
    };
    runs.into_iter().map(span).collect()
}

/// One flag for each byte of the file.
fn are_the_bytes(spans: &[Span], asked: &[Piece], length: u64) {
    for byte in 0..length {
        let is_asked = asked
            .iter()
            .any(|&(start, end)| (start..end).contains(&byte));
        let sent = spans
            .iter()
            .filter(|span| (span.start..span.end()).contains(&byte));
        assert_eq!(sent.count(), usize::from(is_asked), "byte {byte}");
    }
}

fn trim(text: &[u8]) -> &[u8] {
    let is_inner = |byte: &u8| !b" \t".contains(byte);
    let start = text.iter().position(is_inner).unwrap_or(text.len());
    let end = text
        .iter()
        .rposition(is_inner)
        .map_or(start, |last| last + 1);
    &text[start..end]
}
