//! Ranges: rows from RFC 9110 section 14, and a naive model with one bit for each byte.

use super::*;
use proptest::prelude::*;
use std::hint::black_box;

const WHOLE: Option<&[(u64, u64)]> = None;

/// `None`: the whole file; an empty list: 416; else first and last byte of each part.
fn check(value: &str, length: u64, expected: Option<&[(u64, u64)]>) {
    let found = match parse(Some(value.as_bytes()), length) {
        Ranges::Whole => None,
        Ranges::Unsatisfiable => Some(vec![]),
        Ranges::One(span) => Some(vec![span]),
        Ranges::Many(spans) => {
            assert!(spans.len() > 1, "{value}");
            Some(spans)
        }
    };
    let found = found.map(|spans| {
        spans
            .iter()
            .map(|span| (span.start, span.end() - 1))
            .collect::<Vec<_>>()
    });
    assert_eq!(found.as_deref(), expected, "{value:?} of {length}");
}

#[test]
fn single_ranges() {
    // RFC 9110 section 14.1.2, its own examples.
    check("bytes=0-499", 10_000, Some(&[(0, 499)]));
    check("bytes=500-999", 10_000, Some(&[(500, 999)]));
    check("bytes=-500", 10_000, Some(&[(9500, 9999)]));
    check("bytes=9500-", 10_000, Some(&[(9500, 9999)]));
    // Ends beyond the file are cut.
    check("bytes=0-20", 10, Some(&[(0, 9)]));
    check("bytes=0-", 10, Some(&[(0, 9)]));
    check("bytes=-15", 10, Some(&[(0, 9)]));
    check("bytes=9-", 10, Some(&[(9, 9)]));
    check("bytes=5-5", 10, Some(&[(5, 5)]));
    check("bytes=000005-000006", 10, Some(&[(5, 6)]));
    // Section 14.1: unit names are case-insensitive.
    check("Bytes=0-3", 10, Some(&[(0, 3)]));
    check("BYTES=0-3", 10, Some(&[(0, 3)]));
}

#[test]
fn nothing_in_the_file_is_unsatisfiable() {
    // RFC 9110 section 14.1.2 and 15.5.17.
    check("bytes=10-", 10, Some(&[]));
    check("bytes=10-10", 10, Some(&[]));
    check("bytes=100-1000", 10, Some(&[]));
    check("bytes=-0", 10, Some(&[]));
    check("bytes=10-,11-12,-0", 10, Some(&[]));
    check("bytes=0-0", 0, Some(&[]));
    check("bytes=0-", 0, Some(&[]));
    check("bytes=-0", 0, Some(&[]));
    check("bytes=18446744073709551615-", 10, Some(&[]));
    check(
        "bytes=99999999999999999999999-999999999999999999999999",
        10,
        Some(&[]),
    );
    check(
        "bytes=99999999999999999999999-000100000000000000000000000",
        10,
        Some(&[]),
    );
    // Satisfiable, but no Content-Range can name a part of nothing.
    check("bytes=-5", 0, WHOLE);
    check("bytes=0-0,-5", 0, WHOLE);
}

#[test]
fn huge_numbers_are_larger_than_any_file() {
    check("bytes=0-18446744073709551615", 10, Some(&[(0, 9)]));
    check("bytes=0-99999999999999999999999", 10, Some(&[(0, 9)]));
    check("bytes=-99999999999999999999999", 10, Some(&[(0, 9)]));
    check(
        "bytes=0-99999999999999999999999",
        u64::MAX,
        Some(&[(0, u64::MAX - 1)]),
    );
    check(
        "bytes=18446744073709551614-",
        u64::MAX,
        Some(&[(u64::MAX - 1, u64::MAX - 1)]),
    );
}

#[test]
fn what_is_malformed_is_ignored() {
    // RFC 9110 section 14.2: an invalid ranges-specifier is ignored.
    let wrong = [
        "",
        "foo",
        "bytes",
        "bytes=",
        "bytes= , ,",
        "bytes=-",
        "bytes= - ",
        "bytes=--5",
        "bytes=---0",
        "bytes=5",
        "bytes=a-",
        "bytes=-a",
        "bytes=0-alpha",
        "bytes=10-1",
        "bytes=0-1,5-2",
        // Numbers beyond a u64 have an order too (section 14.1.1).
        "bytes=18446744073709551616-18446744073709551615",
        "bytes=99999999999999999999999-88888888888888888888888",
        "bytes=100000000000000000000-099999999999999999999",
        "bytes=0-1,x",
        "bytes=-2-3",
        "bytes=0--",
        "bytes=0-1-2",
        "bytes=+1-2",
        "bytes=1 -2",
        "bytes=1- 2",
        "bytes=0x0-1",
        "bytes=1.0-2",
        "bytes =0-1",
        "bytes:0-1",
        "0-1",
        "lines=0-1",
        "items=0-1",
        "bytesx=0-1",
        "bytes=0-1;2-3",
        "bytes=\u{661}-",
    ];
    for value in wrong {
        check(value, 10, WHOLE);
    }
    assert_eq!(parse(None, 10), Ranges::Whole);
}

#[test]
fn lists_may_have_white_space_and_empty_members() {
    // RFC 9110 section 5.6.1 and 14.1.1.
    check("bytes=0-1 , 4-5", 10, Some(&[(0, 1), (4, 5)]));
    check("bytes= 0-1,\t4-5", 10, Some(&[(0, 1), (4, 5)]));
    check("bytes=,0-1,,4-5,", 10, Some(&[(0, 1), (4, 5)]));
    check(" bytes=0-1 ", 10, Some(&[(0, 1)]));
}

#[test]
fn several_ranges_keep_their_order() {
    // RFC 9110 section 15.3.7.2: parts may come in another order, ours come as asked for.
    check("bytes=0-0,-1", 10_000, Some(&[(0, 0), (9999, 9999)]));
    check("bytes=-1,0-0", 10_000, Some(&[(9999, 9999), (0, 0)]));
    check(
        "bytes=1000-1100,100-200,2000-2200",
        8000,
        Some(&[(1000, 1100), (100, 200), (2000, 2200)]),
    );
    // Unsatisfiable ones are dropped if another is satisfiable (section 14.1.2).
    check("bytes=0-1,100-200", 10, Some(&[(0, 1)]));
    check("bytes=100-,0-1,-0,4-5", 10, Some(&[(0, 1), (4, 5)]));
}

#[test]
fn overlapping_and_adjacent_ranges_are_merged() {
    // RFC 9110 section 14.1.2: "500-600,601-999" and "500-700,601-999" are 500-999.
    check("bytes=500-600,601-999", 10_000, Some(&[(500, 999)]));
    check("bytes=500-700,601-999", 10_000, Some(&[(500, 999)]));
    check(
        "bytes=0-90,70-100,1000-1001,5-6",
        8000,
        Some(&[(0, 100), (1000, 1001)]),
    );
    check("bytes=0-70,72-100", 8000, Some(&[(0, 70), (72, 100)]));
    check("bytes=10-20,1-9,99-99", 8000, Some(&[(1, 20), (99, 99)]));
    check("bytes=1-10,0-12,99-99", 8000, Some(&[(0, 12), (99, 99)]));
    check("bytes=0-9,-10,10-19", 1000, Some(&[(0, 19), (990, 999)]));
    check("bytes=0-1,5-6,2-4", 10, Some(&[(0, 6)]));
    check("bytes=8-9,0-1,4-5,2-3", 10, Some(&[(8, 9), (0, 5)]));
    check("bytes=0-,0-,0-,0-,0-", 10, Some(&[(0, 9)]));
    check(
        "bytes=1-2,2-3,3-4,4-5,5-6,6-7,7-8,8-9,0-1",
        8000,
        Some(&[(0, 9)]),
    );
}

#[test]
fn too_many_ranges_are_the_whole_file() {
    // RFC 9110 section 14.2 and 17.15: a server may ignore egregious requests. What counts is what was sent.
    let list = |count: usize| {
        let specs: Vec<String> = (0..count)
            .map(|i| format!("{}-{}", i * 10, i * 10))
            .collect();
        format!("bytes={}", specs.join(","))
    };
    let sixteen: Vec<(u64, u64)> = (0..16).map(|i| (i * 10, i * 10)).collect();
    check(&list(MAX_RANGES), 1000, Some(&sixteen));
    check(&list(MAX_RANGES + 1), 1000, WHOLE);
    check(&format!("bytes={}", ["0-"; 17].join(",")), 1000, WHOLE);
    check(&format!("bytes={}", ["2000-"; 17].join(",")), 1000, WHOLE);
}

#[derive(Clone, Debug)]
enum Asked {
    Between(u64, u64),
    From(u64),
    Last(u64),
}

impl Asked {
    fn text(&self) -> String {
        match self {
            Self::Between(first, last) => format!("{first}-{last}"),
            Self::From(first) => format!("{first}-"),
            Self::Last(count) => format!("-{count}"),
        }
    }

    fn has(&self, byte: u64, length: u64) -> bool {
        match *self {
            Self::Between(first, last) => (first..=last).contains(&byte),
            Self::From(first) => byte >= first,
            Self::Last(count) => byte >= length.saturating_sub(count),
        }
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        (0u64..80, 0u64..12).prop_map(|(first, more)| Asked::Between(first, first + more)),
        (0u64..80).prop_map(Asked::From),
        (0u64..12).prop_map(Asked::Last),
    ]
}

proptest! {
    #[test]
    fn the_spans_are_the_bytes_that_were_asked_for(
        asked in prop::collection::vec(asked(), 1..=MAX_RANGES),
        length in 1u64..64,
    ) {
        let specs: Vec<String> = asked.iter().map(Asked::text).collect();
        let value = format!("bytes={}", specs.join(","));
        let model: Vec<bool> = (0..length).map(|byte| asked.iter().any(|one| one.has(byte, length))).collect();
        let spans = match parse(Some(value.as_bytes()), length) {
            Ranges::Whole => panic!("well-formed: {value}"),
            Ranges::Unsatisfiable => vec![],
            Ranges::One(span) => vec![span],
            Ranges::Many(spans) => spans,
        };
        let mut found = vec![false; model.len()];
        for span in &spans {
            prop_assert!(span.length > 0 && span.end() <= length);
            for byte in span.start..span.end() {
                let seen = std::mem::replace(&mut found[usize::try_from(byte).unwrap()], true);
                prop_assert!(!seen, "a byte twice");
            }
        }
        prop_assert_eq!(&found, &model);
        // Merged for good: as many spans as the model has runs.
        let runs = model.iter().zip([false].iter().chain(&model)).filter(|(now, before)| **now && !**before).count();
        prop_assert_eq!(spans.len(), runs);
    }

    #[test]
    fn the_first_range_asked_for_comes_first(
        asked in prop::collection::vec(asked(), 1..=MAX_RANGES),
        length in 1u64..64,
    ) {
        let specs: Vec<String> = asked.iter().map(Asked::text).collect();
        let value = format!("bytes={}", specs.join(","));
        let first = asked.iter().find_map(|one| (0..length).find(|&byte| one.has(byte, length)));
        let span = match parse(Some(value.as_bytes()), length) {
            Ranges::One(span) => Some(span),
            Ranges::Many(spans) => spans.first().copied(),
            Ranges::Whole | Ranges::Unsatisfiable => None,
        };
        prop_assert_eq!(span.is_some(), first.is_some());
        if let (Some(span), Some(first)) = (span, first) {
            prop_assert!((span.start..span.end()).contains(&first));
        }
    }

    #[test]
    fn nothing_panics(value: Vec<u8>, tail in "[0-9,\\- ]{0,60}", length: u64) {
        black_box(parse(Some(&value), length));
        black_box(parse(Some(format!("bytes={tail}").as_bytes()), length));
    }
}
