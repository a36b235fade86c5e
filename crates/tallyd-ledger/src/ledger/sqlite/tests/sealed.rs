//! A ledger that was sealed is opened without a look through it, and no other one is.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::ledger::seal::{self, is_sealed, unseal};
use crate::ledger::{Ledger, LedgerError};

/// A ledger that nobody writes to any more.
fn closed() -> (TempDir, PathBuf) {
    let (folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    let file = version("/file");
    ledger
        .post(&versions(vec![hits(&file, 1, 1, NOW)]))
        .unwrap();
    ledger.tidy();
    (folder, path)
}

/// With time enough.
fn seal(path: &Path) {
    seal::seal(path, Instant::now() + Duration::from_secs(60));
}

#[test]
fn what_was_sealed_is_not_looked_through_again_until_the_seal_is_broken() {
    let (_folder, path) = closed();
    let broken = "UPDATE files SET hits = hits + 1";
    Connection::open(&path)
        .unwrap()
        .execute(broken, [])
        .unwrap();
    seal(&path);
    assert!(is_sealed(&path));
    // Nobody but a test seals what does not add up.
    drop(Sqlite::open(&path).unwrap());
    assert!(is_sealed(&path), "opening it changes nothing");
    unseal(&path);
    let refused = Sqlite::open(&path).unwrap_err();
    assert!(matches!(refused, LedgerError::Damaged(_)), "{refused:?}");
}

#[test]
fn a_seal_holds_for_the_bytes_that_were_sealed_and_no_others() {
    let (_folder, path) = closed();
    seal(&path);
    let whole = fs::read(&path).unwrap();
    for bit in (0..whole.len() * 8).step_by(4_999) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        assert!(!is_sealed(&path), "bit {bit}");
    }
    for bytes in [
        &whole[..whole.len() - 1],
        &[],
        &[&whole[..], b"\0"].concat(),
    ] {
        fs::write(&path, bytes).unwrap();
        assert!(!is_sealed(&path), "{} bytes", bytes.len());
    }
    fs::remove_file(&path).unwrap();
    assert!(!is_sealed(&path));
    fs::write(&path, &whole).unwrap();
    assert!(is_sealed(&path));
}

#[test]
fn a_seal_of_another_release_or_one_that_was_cut_short_holds_for_nothing() {
    let (_folder, path) = closed();
    seal(&path);
    let place = path.with_extension("seal");
    let sealed = fs::read_to_string(&place).unwrap();
    let (release, bytes) = sealed.split_once(' ').unwrap();
    for text in [&format!("{release}0 {bytes}"), sealed.trim_end(), ""] {
        fs::write(&place, text).unwrap();
        assert!(!is_sealed(&path), "{text:?}");
    }
    fs::write(&place, [0xff; 40]).unwrap();
    assert!(!is_sealed(&path));
}

#[test]
fn what_is_still_in_the_log_is_not_sealed() {
    let (_folder, path) = closed();
    seal(&path);
    let mut ledger = Sqlite::open(&path).unwrap();
    ledger
        .post(&versions(vec![hits(&version("/other"), 1, 1, NOW)]))
        .unwrap();
    drop(ledger);
    assert!(!is_sealed(&path), "there is a log now");
    unseal(&path);
    seal(&path);
    assert!(!is_sealed(&path), "it was not written into the database");
}

#[test]
fn where_no_seal_can_be_written_the_next_start_looks() {
    let (_folder, path) = closed();
    fs::create_dir(path.with_extension("seal")).unwrap();
    seal(&path);
    assert!(!is_sealed(&path));
    drop(Sqlite::open(&path).unwrap());
}

#[test]
fn a_stop_does_not_wait_for_a_seal_longer_than_it_may() {
    let (_folder, path) = closed();
    seal::seal(&path, Instant::now());
    assert!(!is_sealed(&path));
    seal(&path);
    assert!(is_sealed(&path));
}
