//! Journals that were damaged after `kill -9`: they are refused, named, and stay as they are.

use std::fs;
use std::path::PathBuf;

use super::bad_state::{refused_unchanged, snapshot};
use super::{Place, ask, refused};

/// Hits that no ledger has, left by a kill.
fn killed() -> Place {
    let place = Place::with(&[("a", 1000), ("b", 2000)]);
    let server = place.start();
    // So that none of them is posted: of what is, a journal may say what it likes.
    let _held = place.ledger().hold();
    for _ in 0..20 {
        assert_eq!(server.get("/a").status, 200);
        assert_eq!(ask(&server, "/b", &["Range: bytes=10-19"]).status, 206);
    }
    server.kill();
    place
}

/// How much of a journal is written.
fn used(whole: &[u8]) -> usize {
    whole.len() - whole.iter().rev().take_while(|byte| **byte == 0).count()
}

/// The journal that most is in.
fn journal(place: &Place) -> PathBuf {
    let folder = fs::read_dir(place.state.join("journal")).unwrap();
    let journals = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "journal"))
        .filter(|path| fs::read(path).unwrap().starts_with(b"tallyd J"));
    journals
        .max_by_key(|path| used(&fs::read(path).unwrap()))
        .expect("a journal")
}

/// After each change the start is refused; at last, with what was there before, nothing is lost.
fn check(changes: impl Fn(&[u8]) -> Vec<Vec<u8>>, words: &[&str]) {
    let place = killed();
    let journals = place.state.join("journal");
    let path = journal(&place);
    let whole = fs::read(&path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    for changed in changes(&whole) {
        fs::write(&path, changed).unwrap();
        // The ledger says the same, but SQLite may have written its log into it.
        let before = (snapshot(&journals), place.ledger().everything());
        refused(place.server(), &[&[name], words].concat());
        assert!(before == (snapshot(&journals), place.ledger().everything()));
    }
    fs::write(&path, &whole).unwrap();
    let server = place.start();
    let counted = place.stopped(server, "/a");
    assert_eq!(
        (counted.hits, counted.complete, counted.unsettled),
        (20, 20, 0)
    );
    assert_eq!(place.ledger().file("/b").hits, 20);
}

#[test]
fn a_journal_that_was_cut_is_said() {
    let lengths = [1, 63, 64, 1000, 1024 * 1024, 2 * 1024 * 1024 - 8];
    let cut = |whole: &[u8]| lengths.map(|length| whole[..length].to_vec()).to_vec();
    check(
        cut,
        &[
            "is damaged",
            "nothing was changed",
            "Restore it from a copy",
        ],
    );
}

#[test]
fn an_empty_journal_is_said() {
    check(|_| vec![Vec::new()], &["nothing was changed"]);
}

#[test]
fn a_flipped_bit_in_a_journal_is_said() {
    let flipped = |whole: &[u8]| {
        let end = used(whole);
        // The head, and from the first entry on every word but the last: what is behind it is none.
        let places = (0..6 * 8).chain(64..end - 8).step_by(61);
        let flip = |place: usize| {
            let mut changed = whole.to_vec();
            changed[place] ^= 1 << (place % 8);
            changed
        };
        places.map(flip).collect()
    };
    check(flipped, &["is damaged at byte", "nothing was changed"]);
}

/// A journal whose head is another one; its check is right, as docs/journal.md says: words 1 to 4, folded into
/// the mark.
fn with_head(whole: &[u8], change: impl Fn(&mut [u64])) -> Vec<u8> {
    let words = whole
        .chunks(8)
        .map(|word| u64::from_le_bytes(word.try_into().unwrap()));
    let mut words: Vec<u64> = words.collect();
    change(&mut words);
    words[5] = words[1..5].iter().fold(words[0], |state, word| {
        let mixed = (state ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ (mixed >> 29)
    });
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn a_journal_of_a_newer_format_is_said() {
    let newer = |whole: &[u8]| vec![with_head(whole, |words| words[1] = 2)];
    check(newer, &["newer tallyd (format 2)", "start that one"]);
}

#[test]
fn after_a_power_cut_a_torn_tail_is_dropped_and_said() {
    let place = killed();
    let path = journal(&place);
    let whole = fs::read(&path).unwrap();
    let place_of_damage = used(&whole) - 20;
    // Of another start of the system, and nothing is known to have reached the disk.
    let mut torn = with_head(&whole, |words| {
        words[3] ^= 1;
        words[6] = 8;
    });
    torn[place_of_damage] ^= 1;
    fs::write(&path, torn).unwrap();
    let server = place.start();
    server.stderr.wait_for_text("end in the middle of an entry");
    server.stop();
    let ledger = place.ledger();
    ledger.assert_adds_up();
    let hits = ledger.number("SELECT sum(hits) FROM files");
    assert!((39..=40).contains(&hits), "{hits}: one was lost");
    assert_eq!(ledger.number("SELECT sum(complete) FROM files"), 39);
}

#[test]
fn damage_in_what_had_reached_the_disk_is_said_also_after_a_power_cut() {
    let damaged = |whole: &[u8]| {
        let end = used(whole);
        let mut damaged = with_head(whole, |words| {
            words[3] ^= 1;
            words[6] = end as u64 / 8;
        });
        // In the definition, the first entry: what says how a hit ended may be torn after a power cut.
        damaged[8 * 10] ^= 1;
        vec![damaged]
    };
    check(damaged, &["is damaged at byte 64", "nothing was changed"]);
}

#[test]
fn damaged_keys_of_visitors_are_said() {
    let place = Place::with(&[("a", 1000)]);
    place.start().stop();
    let path = place.state.join("journal/visitors.key");
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len(), 128);
    for at in [0, 9, 20, 40, 60, 75, 127] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        let words = [
            "visitors.key is damaged",
            "nothing was changed",
            "Remove it",
        ];
        refused_unchanged(&place, &words);
    }
    fs::write(&path, &whole[..100]).unwrap();
    refused_unchanged(&place, &["visitors.key is damaged"]);
    fs::write(&path, &whole).unwrap();
    place.start().stop();
}

#[test]
fn files_of_the_state_directory_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = killed();
    let mut seen = 0;
    for folder in [place.state.path().to_owned(), place.state.join("journal")] {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let mode = entry.metadata().unwrap().permissions().mode();
            if entry.path().is_file() {
                seen += 1;
                assert_eq!(mode & 0o077, 0, "{}: {mode:o}", entry.path().display());
            }
        }
    }
    assert!(seen >= 5, "{seen}");
}
