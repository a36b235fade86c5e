//! Packed days: what was packed is read back, one wrong bit is noticed, and any bytes, with a checksum that is right,
//! are read as a plain reading of them does.

#![no_main]

use arbitrary::Arbitrary;
use ledger::pack::{self, BLOCK, Column, Entry, Span, hosts};
use libfuzzer_sys::fuzz_target;

// The crate shows these to nobody; they need no more of it than each other.
#[path = "../../crates/tallyd-ledger/src/ledger"]
mod ledger {
    pub mod pack;
}
#[path = "../../crates/tallyd-ledger/src/varint.rs"]
#[allow(dead_code, reason = "signed numbers are not packed")]
mod varint;

const COLUMNS: [Column; 5] = [
    Column::Files,
    Column::Hits,
    Column::Bytes,
    Column::Downloads,
    Column::Aborted,
];

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    is_block: bool,
    number: i64,
    /// Which byte is damaged, and which bit of it.
    flip: (u16, u8),
    entries: Vec<Entry>,
    hosts: Vec<(&'a str, &'a str, i64)>,
    raw: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let span = match input.is_block {
        true => Span::Block(input.number),
        false => Span::Day(input.number),
    };
    check_days(span, input.number);
    let columns = pack::encode(span, &input.entries);
    assert_eq!(decoded(span, &columns), input.entries);
    for (column, bytes) in &columns {
        let check = |span, bytes: &[u8]| pack::decode(span, *column, bytes).is_some();
        check_damage(span, (input.flip, bytes), check);
    }
    let bytes = hosts::encode(span, input.hosts.iter().copied());
    assert_eq!(hosts::decode(span, &bytes), Some(input.hosts));
    let check = |span, bytes: &[u8]| hosts::decode(span, bytes).is_some();
    check_damage(span, (input.flip, &bytes), check);
    check_raw(span, input.raw);
});

fn check_days(span: Span, number: i64) {
    let (first, last) = span.days();
    assert!(first <= last && last.saturating_sub(first) < BLOCK);
    let block = Span::Block(pack::block_of(number));
    let (first, last) = block.days();
    assert!((first..=last).contains(&number));
    assert!(first.rem_euclid(BLOCK) == 0 && (last - first == BLOCK - 1 || last == i64::MAX));
}

fn decoded(span: Span, columns: &[(Column, Vec<u8>)]) -> Vec<Entry> {
    let read = |of: Column| {
        let (_, bytes) = columns.iter().find(|(column, _)| *column == of).expect("");
        let numbers = pack::decode(span, of, bytes).expect("a column of ours");
        assert_eq!(numbers.len(), numbers.size_hint().0);
        numbers
    };
    let files = pack::files(read(Column::Files));
    let mut sums = COLUMNS[1..].iter().map(|column| read(*column));
    let [hits, bytes, downloads, aborted] = [(); 4].map(|()| sums.next().expect("a column"));
    let sums = hits.zip(bytes).zip(downloads.zip(aborted));
    let entries = files.zip(sums);
    entries
        .map(|(file, ((hits, bytes), (downloads, aborted)))| {
            (file, [hits, bytes, downloads, aborted])
        })
        .collect()
}

/// One bit that is wrong, bytes that are missing, and another place are noticed.
fn check_damage(
    span: Span,
    (flip, bytes): ((u16, u8), &[u8]),
    is_accepted: impl Fn(Span, &[u8]) -> bool,
) {
    assert!(is_accepted(span, bytes));
    let (level, number) = span.key();
    let others = match level {
        0 => [Span::Day(!number), Span::Block(number)],
        _ => [Span::Block(!number), Span::Day(number)],
    };
    assert!(!others.into_iter().any(|other| is_accepted(other, bytes)));
    let place = usize::from(flip.0) % bytes.len();
    assert!(!is_accepted(span, &bytes[..place]));
    let mut damaged = bytes.to_vec();
    damaged[place] ^= 1 << (flip.1 % 8);
    assert!(!is_accepted(span, &damaged));
    damaged.copy_from_slice(bytes);
    damaged.push(0);
    assert!(!is_accepted(span, &damaged));
}

/// Bytes that nobody has written, as they are and with a checksum that is right.
fn check_raw(span: Span, raw: &[u8]) {
    let all = COLUMNS.iter().chain([&Column::Hosts]);
    for column in all.clone() {
        if let Some(numbers) = pack::decode(span, *column, raw) {
            assert!(numbers.count() <= raw.len());
        }
    }
    hosts::decode(span, raw);
    for column in all {
        let bytes = sealed(span, *column, raw);
        let numbers = pack::decode(span, *column, &bytes);
        let expected = plain_numbers(raw);
        assert_eq!(numbers.is_some(), expected.is_some());
        if let (Some(numbers), Some((expected, is_all))) = (numbers, expected) {
            let claimed = numbers.len();
            assert!(claimed <= raw.len());
            // Up to the first that is none, if there is such a one.
            let found: Vec<i64> = numbers.take(expected.len()).collect();
            assert_eq!(found, expected);
            assert!(!is_all || found.len() == claimed);
            check_written_again(span, *column, (raw, is_all), &found);
        }
    }
    check_raw_hosts(span, raw);
}

/// What was read can be written and is read again; it is the same bytes, if they are as we write them.
fn check_written_again(span: Span, column: Column, (raw, is_all): (&[u8], bool), found: &[i64]) {
    let place = COLUMNS.iter().position(|other| *other == column);
    let Some(place) = place else { return };
    let mut file = 0_i64;
    let entry = |number: &i64| {
        file = file.wrapping_add(*number);
        let mut entry = (file, [0; 4]);
        if let Some(place) = place.checked_sub(1) {
            entry.1[place] = *number;
        }
        entry
    };
    let entries: Vec<Entry> = found.iter().map(entry).collect();
    let columns = pack::encode(span, &entries);
    let (again, bytes) = &columns[place];
    assert_eq!(*again, column);
    let numbers = pack::decode(span, column, bytes).expect("a column of ours");
    assert!(numbers.eq(found.iter().copied()));
    let is_ours = is_all && shortest(found) == raw;
    assert_eq!(is_ours, *bytes == sealed(span, column, raw));
}

fn check_raw_hosts(span: Span, raw: &[u8]) {
    let bytes = sealed(span, Column::Hosts, raw);
    let found = hosts::decode(span, &bytes);
    let mut rest = raw;
    assert_eq!(found, plain_hosts(&mut rest));
    if let Some(found) = found {
        let again = hosts::encode(span, found.iter().copied());
        assert!(again.len() <= bytes.len());
        assert_eq!(hosts::decode(span, &again), Some(found));
    }
}

/// How many, and then the numbers; whether all of them are there. Nothing if there can't be so many.
fn plain_numbers(mut raw: &[u8]) -> Option<(Vec<i64>, bool)> {
    let count = plain_number(&mut raw)?;
    if count > raw.len() as u64 {
        return None;
    }
    let mut numbers = Vec::new();
    for _ in 0..count {
        match plain_number(&mut raw) {
            Some(number) => numbers.push(number.cast_signed()),
            None => return Some((numbers, false)),
        }
    }
    Some((numbers, true))
}

/// Each with its site, or 0 if that is the one before.
fn plain_hosts<'a>(raw: &mut &'a [u8]) -> Option<Vec<(&'a str, &'a str, i64)>> {
    let mut found: Vec<(&str, &str, i64)> = Vec::new();
    while !raw.is_empty() {
        let site = match plain_number(raw)? {
            0 => found.last().map_or("", |last| last.0),
            length => plain_text(raw, length - 1)?,
        };
        let length = plain_number(raw)?;
        let host = plain_text(raw, length)?;
        found.push((site, host, plain_number(raw)?.cast_signed()));
    }
    Some(found)
}

fn plain_text<'a>(raw: &mut &'a [u8], length: u64) -> Option<&'a str> {
    if length > raw.len() as u64 {
        return None;
    }
    let (text, rest) = raw.split_at(length as usize);
    *raw = rest;
    std::str::from_utf8(text).ok()
}

/// Seven bits of each byte, up to one without the eighth: at most ten, and at most 64 bits.
fn plain_number(raw: &mut &[u8]) -> Option<u64> {
    let length = raw.iter().position(|byte| *byte < 0x80)? + 1;
    let (digits, rest) = raw.split_at(length);
    *raw = rest;
    if length > 10 {
        return None;
    }
    let digits = digits.iter().rev();
    let number = digits.fold(0_u128, |sum, byte| sum << 7 | u128::from(byte & 0x7f));
    u64::try_from(number).ok()
}

/// Numbers behind their count, none longer than it has to be.
fn shortest(numbers: &[i64]) -> Vec<u8> {
    let numbers = numbers.iter().map(|number| number.cast_unsigned());
    let mut out = Vec::new();
    for mut number in [numbers.len() as u64].into_iter().chain(numbers) {
        while number >= 0x80 {
            out.push((number % 0x80) as u8 + 0x80);
            number /= 0x80;
        }
        out.push(number as u8);
    }
    out
}

/// With the checksum of these bytes in this place, word by word: length, level, number, column, and the bytes with
/// zeros behind them, of which there is one at least.
fn sealed(span: Span, column: Column, raw: &[u8]) -> Vec<u8> {
    let (level, number) = span.key();
    let mut words = vec![level.cast_unsigned(), number.cast_unsigned(), column as u64];
    let padded = [raw, &[0; 8][raw.len() % 8..]].concat();
    words.extend(padded.as_chunks().0.iter().copied().map(u64::from_le_bytes));
    let mut sum = raw.len() as u64;
    for word in words {
        let turned = sum << 23 | sum >> 41;
        sum = (turned ^ word).wrapping_mul(11_400_714_819_323_198_485);
    }
    sum ^= sum >> 32;
    [&sum.to_le_bytes()[..], raw].concat()
}
