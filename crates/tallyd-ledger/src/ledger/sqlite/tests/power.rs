//! Power cuts while a batch is being committed: of the log that SQLite writes ahead, any part may be there.

use std::fs;
use std::path::Path;

use super::{NOW, Sqlite, dump, hits, place, version, versions};
use crate::batch::Progress;
use crate::ledger::Ledger;

/// Posts one batch: a hit of each of two files, and how far the journal has been read.
fn post(ledger: &mut Sqlite, number: u32) {
    let progress = Progress {
        next_sequence: 1,
        read: vec![(0, 8 + number)],
        ..Progress::default()
    };
    let mut batch = versions(vec![
        hits(&version("/a"), u64::from(number), 1, NOW),
        hits(&version("/b"), u64::from(number), 1, NOW),
    ]);
    batch.progress = progress;
    ledger.post(&batch).unwrap();
}

/// What is left of the ledger when the system had written this much of its log.
fn cut(from: &Path, to: &Path, length: u64) -> Sqlite {
    fs::copy(from, to).unwrap();
    let log = |path: &Path| path.with_file_name("ledger-wal");
    let written = fs::read(log(from)).unwrap();
    let kept = usize::try_from(length).unwrap();
    fs::write(log(to), &written[..kept]).unwrap();
    fs::remove_file(to.with_file_name("ledger-shm")).ok();
    Sqlite::open(to).unwrap()
}

#[test]
fn cut_at_any_byte_of_a_commit_it_is_the_state_before_or_after() {
    let (_kept, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    let log = path.with_file_name("ledger-wal");
    let length = || length_of(&log);
    post(&mut ledger, 1);
    let (before, first) = (dump(&ledger), length());
    post(&mut ledger, 2);
    let (after, last) = (dump(&ledger), length());
    assert!(last > first, "the second commit has made the log longer");
    let mut seen = [0, 0];
    let step = usize::try_from((last - first) / 97).unwrap().max(1);
    for length in (first..=last).step_by(step).chain([last - 1, last]) {
        let (_other, copy) = place();
        let cut = cut(&path, &copy, length);
        let found = dump(&cut);
        let which = usize::from(found == after);
        assert!(found == before || found == after, "cut at {length}");
        seen[which] += 1;
    }
    assert!(seen[0] > 10 && seen[1] > 0, "{seen:?}");
}

#[test]
fn a_page_of_the_log_that_was_not_written_is_the_end_of_it() {
    let (_kept, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    post(&mut ledger, 1);
    let before = dump(&ledger);
    let log = path.with_file_name("ledger-wal");
    let first = length_of(&log);
    post(&mut ledger, 2);
    let after = dump(&ledger);
    let last = length_of(&log);
    // Pages reach the disk in any order: one of the second commit is still zero, the others are there.
    for start in (first..last).step_by(4096) {
        let (_other, copy) = place();
        fs::copy(&path, &copy).unwrap();
        let mut written = fs::read(&log).unwrap();
        let start = usize::try_from(start).unwrap();
        let end = (start + 4096).min(written.len());
        written[start..end].fill(0);
        fs::write(copy.with_file_name("ledger-wal"), written).unwrap();
        let found = dump(&Sqlite::open(&copy).unwrap());
        assert!(found == before || found == after, "page at {start}");
    }
}

fn length_of(path: &Path) -> u64 {
    fs::read(path).unwrap().len() as u64
}
