//! What is no sound ledger is refused and stays as it is, byte for byte.

use std::fs;
use std::path::Path;

use super::*;
use crate::ledger::{Ledger, LedgerError};

fn filled(path: &Path) -> Sqlite {
    let mut ledger = Sqlite::open(path).unwrap();
    for round in 1..4 {
        let files = (0..60)
            .map(|n| version(&format!("/file/{n}")))
            .collect::<Vec<_>>();
        let batch = Batch {
            windows: files
                .iter()
                .map(|file| opened(file, round, Some(window(NOW, 10))))
                .collect(),
            ..versions(files.iter().map(|file| hits(file, round, 1, NOW)).collect())
        };
        ledger.post(&batch).unwrap();
    }
    ledger
}

/// A ledger that was closed, as bytes.
fn closed() -> Vec<u8> {
    let (_folder, path) = place();
    drop(filled(&path));
    fs::read(&path).unwrap()
}

fn refused(bytes: &[u8]) -> LedgerError {
    let (_folder, path) = place();
    fs::write(&path, bytes).unwrap();
    let refused = Sqlite::open(&path).map(|_| ()).unwrap_err();
    assert_eq!(
        fs::read(&path).unwrap(),
        bytes,
        "changed though it was refused"
    );
    refused
}

#[test]
fn files_that_are_no_ledger_are_refused() {
    let (_folder, path) = place();
    fs::create_dir(&path).unwrap();
    assert!(matches!(Sqlite::open(&path), Err(LedgerError::Damaged(_))));

    let garbage = (0..20_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect::<Vec<_>>();
    for bytes in [garbage.as_slice(), b"x", b"SQLite format 3\0", &[0; 4_096]] {
        let LedgerError::Damaged(what) = refused(bytes) else {
            panic!("{} bytes", bytes.len());
        };
        assert!(what.ends_with("is no ledger of tallyd"), "{what}");
    }

    let (_folder, path) = place();
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE x (y)")
        .unwrap();
    let LedgerError::Damaged(what) = refused(&fs::read(&path).unwrap()) else {
        panic!("another database was taken for a ledger");
    };
    assert!(what.ends_with("is no ledger of tallyd"), "{what}");
}

#[test]
fn an_empty_file_was_never_finished_and_becomes_a_ledger() {
    let (folder, path) = place();
    fs::write(&path, b"").unwrap();
    fs::write(folder.path().join("ledger.new"), b"half of it").unwrap();
    let ledger = Sqlite::open(&path).unwrap();
    assert_eq!(one(&ledger, "SELECT count(*) FROM files"), 0);
    assert!(!folder.path().join("ledger.new").exists());
}

#[test]
fn a_log_without_its_ledger_is_not_mixed_into_a_new_one() {
    let (folder, path) = place();
    fs::write(folder.path().join("ledger-wal"), b"counts").unwrap();
    assert!(matches!(Sqlite::open(&path), Err(LedgerError::Damaged(_))));
    assert!(!path.exists());
}

#[test]
fn a_ledger_that_was_cut_short_is_refused() {
    let whole = closed();
    for length in [
        100,
        4_095,
        4_096,
        5_000,
        whole.len() / 2,
        whole.len() - 4_096,
        whole.len() - 1,
    ] {
        let error = refused(&whole[..length]);
        assert!(
            matches!(error, LedgerError::Damaged(_)),
            "{length}: {error:?}"
        );
    }
}

#[test]
fn a_flipped_bit_is_noticed_or_harms_no_count() {
    let whole = closed();
    let (_folder, path) = place();
    fs::write(&path, &whole).unwrap();
    let counts = "SELECT site, path, number, hits, complete, aborted, unsettled, bytes, downloads, partials, repeats,
        probes FROM files ORDER BY id";
    let sound = all(&Sqlite::open(&path).unwrap().connection, counts);
    let mut noticed = 0;
    // The header and the first page closely, the rest with a stride that is prime.
    for bit in (0..800)
        .step_by(3)
        .chain((0..whole.len() * 8).step_by(3_001))
    {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (_folder, path) = place();
        fs::write(&path, &bytes).unwrap();
        match Sqlite::open(&path) {
            Ok(ledger) => assert_eq!(all(&ledger.connection, counts), sound, "bit {bit}"),
            Err(LedgerError::Damaged(_) | LedgerError::Newer(..)) => {
                assert_eq!(fs::read(&path).unwrap(), bytes, "bit {bit}");
                noticed += 1;
            }
            Err(other) => panic!("bit {bit}: {other:?}"),
        }
    }
    assert!(noticed > 20, "{noticed}");
}

/// A ledger and its log as they are when the process is killed.
fn killed(path: &Path) -> (Vec<u8>, Vec<u8>) {
    let ledger = filled(path);
    let log = path.with_file_name("ledger-wal");
    let bytes = (fs::read(path).unwrap(), fs::read(log).unwrap());
    drop(ledger);
    bytes
}

#[test]
fn the_log_of_a_killed_process_is_read() {
    let (_one, first) = place();
    let (database, log) = killed(&first);
    let (_two, second) = place();
    fs::write(&second, &database).unwrap();
    fs::write(second.with_file_name("ledger-wal"), &log).unwrap();
    let expected = dump(&Sqlite::open(&first).unwrap());
    assert_eq!(dump(&Sqlite::open(&second).unwrap()), expected);
    assert_eq!(expected[1].len(), 60);
}

#[test]
fn a_damaged_ledger_keeps_its_log_too() {
    let (_one, first) = place();
    drop(filled(&first));
    let mut ledger = Sqlite::open(&first).unwrap();
    ledger
        .post(&versions(vec![hits(&version("/file/7"), 4, 1, NOW)]))
        .unwrap();
    let mut database = fs::read(&first).unwrap();
    let log = fs::read(first.with_file_name("ledger-wal")).unwrap();
    // Pages that the log has no newer ones of: it can't mend them.
    let half = database.len() / 2;
    database[half..].fill(0);
    let (_two, second) = place();
    let beside = second.with_file_name("ledger-wal");
    fs::write(&second, &database).unwrap();
    fs::write(&beside, &log).unwrap();
    assert!(matches!(
        Sqlite::open(&second),
        Err(LedgerError::Damaged(_))
    ));
    assert_eq!(fs::read(&second).unwrap(), database);
    assert_eq!(fs::read(&beside).unwrap(), log);
}

#[test]
fn counts_that_do_not_fit_each_other_are_refused_and_nothing_is_written() {
    let broken = [
        "UPDATE files SET bytes = bytes + 1 WHERE id = 7",
        "UPDATE versions SET downloads = downloads + 1 WHERE id = 7",
        "UPDATE files SET number = hits - 1 WHERE id = 9",
        "UPDATE files SET hits = hits + 1, number = number + 1 WHERE id = 9; UPDATE versions SET hits = hits + 1 WHERE file = 9",
        "INSERT INTO open_hits VALUES (1, 1)",
        "DELETE FROM versions WHERE id = 1",
        "UPDATE versions SET file = 999 WHERE id = 1",
        "DROP INDEX windows_by_end",
        "DROP TABLE aborts",
    ];
    for change in broken {
        let (_folder, path) = place();
        drop(filled(&path));
        Connection::open(&path)
            .unwrap()
            .execute_batch(change)
            .unwrap();
        let bytes = fs::read(&path).unwrap();
        let opened = Sqlite::open(&path).map(|_| ());
        assert!(
            matches!(opened, Err(LedgerError::Damaged(_))),
            "{change}: {opened:?}"
        );
        assert_eq!(fs::read(&path).unwrap(), bytes, "{change}");
    }
}

#[test]
fn what_people_add_to_a_ledger_does_not_make_it_damaged() {
    let (_folder, path) = place();
    drop(filled(&path));
    let added = "CREATE VIEW mine AS SELECT * FROM files; CREATE INDEX my_index ON files (bytes)";
    Connection::open(&path)
        .unwrap()
        .execute_batch(added)
        .unwrap();
    Sqlite::open(&path).unwrap();
}
