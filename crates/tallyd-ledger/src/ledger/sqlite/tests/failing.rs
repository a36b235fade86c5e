//! A post that fails leaves everything as it was, and the same batch can be posted later.

use rusqlite::TransactionBehavior;

use super::*;
use crate::ledger::{Ledger, LedgerError};

/// Large enough to fail at any table, depending on how much space there is.
fn large() -> Batch {
    let files = (0..400)
        .map(|n| version(&format!("/large/{n}")))
        .collect::<Vec<_>>();
    Batch {
        windows: files
            .iter()
            .map(|file| opened(file, 1, Some(window(NOW, 10))))
            .collect(),
        latest: NOW,
        progress: Progress {
            next_sequence: 5,
            read: vec![(4, 4)],
            ..Progress::default()
        },
        ..versions(files.iter().map(|file| hits(file, 1, 1, NOW)).collect())
    }
}

fn limit(ledger: &Sqlite, pages: i64) {
    one(ledger, &format!("PRAGMA max_page_count = {pages}"));
}

#[test]
fn a_full_disk_takes_nothing_of_a_batch_and_all_of_it_once_there_is_space() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    ledger
        .post(&versions(vec![hits(&version("/large/7"), 1, 1, NOW)]))
        .unwrap();
    let mut next = large();
    next.versions[7].number = 2;
    let (before, pages) = (dump(&ledger), one(&ledger, "PRAGMA page_count"));
    let mut refused = 0;
    loop {
        limit(&ledger, pages + refused);
        match ledger.post(&next) {
            Ok(()) => break,
            Err(LedgerError::Full(_)) => assert_eq!(dump(&ledger), before, "{refused} pages"),
            Err(other) => panic!("{other:?}"),
        }
        refused += 1;
    }
    // It has failed in every table that grew.
    assert!(refused > 20, "{refused}");
    assert_eq!(one(&ledger, "SELECT sum(hits) FROM files"), 401);
    assert_eq!(one(&ledger, "SELECT count(*) FROM windows"), 400);
    assert_eq!(
        one(
            &ledger,
            "SELECT hits FROM versions JOIN files ON files.id = file WHERE path = '/large/7'"
                .replace("SELECT hits", "SELECT versions.hits")
                .as_str()
        ),
        2
    );
    drop(ledger);
    Sqlite::open(&path).unwrap();
}

#[test]
fn a_ledger_that_somebody_else_writes_to_is_busy_and_then_is_not() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    let mut other = Sqlite::open(&path).unwrap();
    ledger
        .connection
        .busy_timeout(std::time::Duration::ZERO)
        .unwrap();
    let held = other
        .connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let before = dump(&ledger);
    assert!(matches!(ledger.post(&large()), Err(LedgerError::Busy(_))));
    assert_eq!(dump(&ledger), before);
    drop(held);
    ledger.post(&large()).unwrap();
    assert_eq!(one(&ledger, "SELECT count(*) FROM files"), 400);
}

#[test]
fn readers_that_never_pause_do_not_make_the_log_grow_for_ever() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    let log = super::super::open::beside(&path, "-wal");
    let log = || super::super::open::size(&log).unwrap();
    ledger.post(&large()).unwrap();
    assert!(log() > 0);
    let reader = Sqlite::open(&path).unwrap();
    let reading = reader.connection.unchecked_transaction().unwrap();
    let files: i64 = reading
        .query_row("SELECT count(*) FROM files", [], |row| row.get(0))
        .unwrap();
    ledger.post(&large()).unwrap();
    // Whoever reads for too long is not waited for without end.
    let begun = std::time::Instant::now();
    ledger.shorten_log(0);
    assert!(log() > 0 && begun.elapsed() < std::time::Duration::from_secs(4));
    assert_eq!(files, 400);
    drop(reading);
    ledger.shorten_log(0);
    assert!(log() > 0, "not again so soon");
    ledger.shortened = None;
    ledger.shorten_log(i64::MAX);
    assert!(log() > 0, "it is not long");
    ledger.shorten_log(0);
    assert_eq!(log(), 0);
    ledger.post(&large()).unwrap();
}

#[test]
fn a_file_that_may_not_be_written_to_is_refused_unless_the_user_may_do_anything() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = place();
    drop(Sqlite::open(&path).unwrap());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    let opened = Sqlite::open(&path).map(|_| ());
    if rustix::process::geteuid().is_root() {
        assert_eq!(opened, Ok(()));
    } else {
        assert!(matches!(opened, Err(LedgerError::Failed(_))), "{opened:?}");
    }
}

#[test]
fn a_step_to_a_newer_schema_is_taken_once_and_as_a_whole() {
    use super::super::migrate::{STEPS, Step};
    use super::super::open::open;
    let (_folder, path) = place();
    Sqlite::open(&path).unwrap().post(&large()).unwrap();
    let good: Step =
        |transaction| transaction.execute_batch("ALTER TABLE files ADD COLUMN note TEXT");
    let bad: Step = |transaction| transaction.execute_batch("DROP TABLE missing; SELECT nothing");
    let further = |steps: &[Step]| open(&path, &[STEPS, steps].concat());
    assert!(further(&[bad]).is_err());
    let same = Sqlite::open(&path).unwrap();
    assert_eq!(one(&same, "SELECT count(*) FROM missing"), 0);
    drop(same);
    // The first is kept though the second fails.
    assert!(further(&[good, bad]).is_err());
    let refused = Sqlite::open(&path).map(|_| ());
    assert_eq!(refused, Err(LedgerError::Newer(3, 2)));
    let moved = further(&[good, |_| Ok(())]);
    let count = "SELECT count(note) + count(*) FROM files";
    let rows: i64 = moved
        .unwrap()
        .query_row(count, [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 400);
}
