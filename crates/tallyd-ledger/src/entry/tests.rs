//! Entries: what was written is read, and nothing else is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;
use crate::facts::{CLASSES, Outcome, Settled};

fn words(count: usize) -> Vec<AtomicU64> {
    (0..count).map(|_| AtomicU64::new(0)).collect()
}

fn definition(path: &[u8]) -> Definition {
    Definition {
        version: Arc::new(Version {
            site: "files.example.org".into(),
            path: path.into(),
            device: 7,
            inode: u64::MAX,
            length: 1024,
            modified: -5,
        }),
        representation: 3,
        whole: 1000,
    }
}

fn hit<'a>(spans: &'a [Span], referrer: &'a [u8]) -> Hit<'a> {
    Hit {
        time: 1_700_000_000_000_000_000,
        number: 41,
        status: 206,
        protocol: 11,
        class: Class::Tool,
        visitor: Visitor {
            today: 1,
            before: u64::MAX,
            register: 4095,
            rank: 53,
        },
        proxied: true,
        probe: false,
        spans,
        referrer,
    }
}

/// Writes the drafts behind each other, beginning at word 8.
fn write(drafts: &[Draft<'_>], sequence: u64) -> Vec<AtomicU64> {
    let words = words(4096);
    let mut at = 8;
    for draft in drafts {
        let end = at + draft.words();
        draft.write(&words[at..end], sequence, u32::try_from(at).unwrap());
        at = end;
    }
    words
}

#[test]
fn what_was_written_is_read() {
    let definition = definition(b"/a\n\xFF");
    let spans = [
        Span {
            start: 5,
            length: 6,
        },
        Span {
            start: 100,
            length: u64::MAX,
        },
    ];
    let hit = hit(&spans, b"news.example.org");
    let note = |about| Note {
        time: 9,
        status: 404,
        protocol: 10,
        class: Class::Bot,
        proxied: false,
        bytes: 77,
        about,
    };
    let notes = [
        note(About::Probe(6)),
        note(About::Missing("s", b"/not/there")),
        note(About::Other("")),
    ];
    let drafts = [
        Draft::Definition(&definition),
        Draft::Hit(&hit, 0),
        Draft::Note(&notes[0]),
        Draft::Note(&notes[1]),
        Draft::Note(&notes[2]),
    ];
    let words = write(&drafts, 12);
    for mut reader in [Reader::live(12, 8), Reader::careful(12, 8)] {
        let next = reader.next(&words).unwrap().unwrap();
        assert_eq!(next, (8, Entry::Definition(definition.clone())));
        assert_eq!(reader.next(&words).unwrap().unwrap().1, Entry::Hit(hit, 0));
        for note in notes {
            assert_eq!(reader.next(&words).unwrap().unwrap().1, Entry::Note(note));
        }
        assert_eq!(reader.next(&words), Ok(None));
    }
}

#[test]
fn texts_of_any_length_are_read_as_they_were_written() {
    let letters = b"abcdefghijklmnopqrst";
    for site in 0..letters.len() {
        for path in 0..letters.len() {
            let mut definition = definition(&letters[..path]);
            let version = Arc::get_mut(&mut definition.version).unwrap();
            version.site = str::from_utf8(&letters[..site]).unwrap().into();
            let words = write(&[Draft::Definition(&definition)], 12);
            let mut reader = Reader::careful(12, 8);
            let next = reader.next(&words).unwrap().unwrap();
            assert_eq!(next, (8, Entry::Definition(definition)));
            assert_eq!(reader.next(&words), Ok(None));
        }
    }
}

#[test]
fn what_is_left_of_an_earlier_use_is_no_entry() {
    let hit = hit(&[], b"");
    let words = write(&[Draft::Hit(&hit, 0)], 12);
    assert_eq!(Reader::careful(13, 8).next(&words), Err(Fault));
    let moved: Vec<AtomicU64> = words[1..]
        .iter()
        .map(|word| AtomicU64::new(word.load(Ordering::Relaxed)))
        .collect();
    assert_eq!(Reader::careful(12, 7).next(&moved), Err(Fault));
}

#[test]
fn a_hit_is_settled_in_place() {
    let hit = hit(&[], b"x");
    let words = write(&[Draft::Hit(&hit, 0)], 5);
    assert_eq!(settled(&words, 5, 8), Ok(None));
    let ended = Settled {
        outcome: Outcome::Aborted,
        bytes: 10,
        content: 9,
    };
    settle(&words, 5, 8, ended);
    assert_eq!(settled(&words, 5, 8), Ok(Some(ended)));
    assert!(
        Reader::careful(5, 8).next(&words).is_ok(),
        "its check does not cover how it ended"
    );
    assert_eq!(settled(&words, 6, 8), Err(Fault), "of another use");
    words[9].store(11, Ordering::Relaxed);
    assert_eq!(settled(&words, 5, 8), Err(Fault), "other bytes");
}

#[test]
fn each_changed_bit_is_noticed() {
    let spans = [Span {
        start: 5,
        length: 6,
    }];
    let hit = hit(&spans, b"host");
    let draft = Draft::Hit(&hit, 3);
    let words = write(&[draft], 5);
    for place in 8..8 + draft.words() {
        if (9..12).contains(&place) {
            continue;
        }
        for bit in 0..64 {
            let before = words[place].fetch_xor(1 << bit, Ordering::Relaxed);
            assert_eq!(
                Reader::careful(5, 8).next(&words).map(drop),
                Err(Fault),
                "word {place} bit {bit}"
            );
            words[place].store(before, Ordering::Relaxed);
        }
    }
}

#[test]
fn texts_that_are_too_long_are_cut() {
    let host = [b'h'; 1000];
    let hit = hit(&[], &host);
    let words = write(&[Draft::Hit(&hit, 0)], 1);
    let mut reader = Reader::careful(1, 8);
    let Ok(Some((_, Entry::Hit(read, _)))) = reader.next(&words) else {
        panic!("no hit");
    };
    assert_eq!(read.referrer.len(), LONGEST_HOST);
}

proptest! {
    #[test]
    fn reading_is_total(content in proptest::collection::vec(any::<u64>(), 0..64), at in 0u32..70) {
        let words: Vec<AtomicU64> = content.into_iter().map(AtomicU64::new).collect();
        for mut reader in [Reader::live(1, at), Reader::careful(1, at)] {
            while let Ok(Some(_)) = reader.next(&words) {}
        }
        prop_assert!(settled(&words, 1, at).is_ok() || settled(&words, 1, at).is_err());
    }

    #[test]
    fn every_hit_survives_the_way(
        time: i64, number: u64, status: u16, protocol: u8, class in 0..CLASSES.len(),
        today: u64, before: u64, register: u16, rank: u8, flags: (bool, bool), version: u32,
        spans in proptest::collection::vec((any::<u64>(), any::<u64>()), 0..=MOST_SPANS),
        referrer in proptest::collection::vec(any::<u8>(), 0..=LONGEST_HOST),
    ) {
        let spans: Vec<Span> = spans.into_iter().map(|(start, length)| Span { start, length }).collect();
        let hit = Hit {
            time, number, status, protocol, class: CLASSES[class],
            visitor: Visitor { today, before, register, rank },
            proxied: flags.0, probe: flags.1, spans: &spans, referrer: &referrer,
        };
        let words = write(&[Draft::Hit(&hit, version)], 99);
        let mut reader = Reader::careful(99, 8);
        prop_assert_eq!(reader.next(&words), Ok(Some((8, Entry::Hit(hit, version)))));
    }
}
