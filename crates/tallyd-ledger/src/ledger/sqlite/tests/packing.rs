//! When days are packed, and when they are no more. That reports are right is tested with the reports.

use super::*;
use crate::facts::{DAY, day_of};
use crate::ledger::Ledger;

/// The first day of a block of packs.
pub(super) const FIRST: i64 = 20_000;

/// A file with a hit on each of these days.
pub(super) fn days(ledger: &mut Sqlite, path: &str, days: std::ops::Range<i64>) {
    for day in days {
        let number = ledger.number("", path.as_bytes()).unwrap() + 1;
        let batch = versions(vec![hits(&version(path), number, 1, day * DAY)]);
        ledger.post(&batch).unwrap();
    }
}

/// Steps until nothing is left; how many there were.
pub(super) fn pack(ledger: &mut Sqlite, before: i64) -> usize {
    for step in 0..1000 {
        ledger.changed_outside().unwrap();
        ledger.pack(before).unwrap();
        if ledger.is_packed() {
            return step;
        }
    }
    panic!("never packed");
}

fn packed(ledger: &Sqlite, level: i64) -> Vec<[i64; 1]> {
    let query = "SELECT number FROM packs WHERE part = 0 AND level = ";
    numbers(ledger, &format!("{query}{level} ORDER BY 1"))
}

#[test]
fn a_step_packs_one_day_the_latest_first_and_blocks_at_last() {
    assert_eq!(FIRST % 32, 0);
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    days(&mut ledger, "/a", FIRST + 30..FIRST + 36);
    assert!(!ledger.is_packed());
    let before = FIRST + 35;
    for day in (FIRST + 30..before).rev() {
        ledger.pack(before).unwrap();
        assert_eq!(packed(&ledger, 0)[0], [day]);
        assert_eq!(packed(&ledger, 1), [[0; 1]; 0]);
        assert!(!ledger.is_packed());
    }
    ledger.pack(before).unwrap();
    // The second block has not ended.
    assert_eq!(packed(&ledger, 1), [[FIRST / 32]]);
    ledger.pack(before).unwrap();
    assert!(ledger.is_packed());
    assert_eq!(packed(&ledger, 0).len(), 5);
    assert_eq!(pack(&mut ledger, FIRST + 64), 2);
    assert_eq!(packed(&ledger, 1), [[FIRST / 32], [FIRST / 32 + 1]]);
    assert_eq!(one(&ledger, "SELECT count(*) FROM packs"), 6 * 5 + 2 * 6);
}

#[test]
fn nothing_is_looked_for_again_until_something_changed() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    assert_eq!(pack(&mut ledger, FIRST), 0);
    days(&mut ledger, "/a", FIRST..FIRST + 3);
    assert!(ledger.is_packed(), "these days are not to be packed yet");
    assert_eq!(pack(&mut ledger, FIRST + 2), 2);
    days(&mut ledger, "/a", FIRST + 2..FIRST + 3);
    assert!(ledger.is_packed());
    days(&mut ledger, "/b", FIRST + 1..FIRST + 2);
    assert!(!ledger.is_packed());
    assert_eq!(packed(&ledger, 0), [[FIRST]]);
    assert_eq!(pack(&mut ledger, FIRST + 2), 1);
    let mut other = Sqlite::open(&path).unwrap();
    other.forget("", b"/b", true).unwrap();
    assert_eq!(packed(&ledger, 0), [[FIRST]]);
    assert!(ledger.changed_outside().unwrap());
    assert!(!ledger.is_packed());
    assert_eq!(pack(&mut ledger, FIRST + 2), 1);
}

#[test]
fn a_forgotten_path_is_in_no_pack() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    days(&mut ledger, "/a", FIRST..FIRST + 34);
    days(&mut ledger, "/b", FIRST + 33..FIRST + 40);
    pack(&mut ledger, FIRST + 64);
    ledger.forget("", b"/a", true).unwrap();
    assert_eq!(
        packed(&ledger, 0),
        (FIRST + 34..FIRST + 40)
            .map(|day| [day])
            .collect::<Vec<_>>()
    );
    assert_eq!(packed(&ledger, 1), [[0; 1]; 0]);
    assert_eq!(pack(&mut ledger, FIRST + 64), 2);
    assert_eq!(packed(&ledger, 1), [[FIRST / 32 + 1]]);
}

#[test]
fn days_that_are_removed_take_their_packs_along() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    days(&mut ledger, "/a", FIRST..FIRST + 96);
    pack(&mut ledger, FIRST + 96);
    ledger.prune(i64::MIN, FIRST + 40).unwrap();
    assert_eq!(packed(&ledger, 0)[0], [FIRST + 40]);
    assert_eq!(packed(&ledger, 1), [[FIRST / 32 + 2]]);
    assert_eq!(pack(&mut ledger, FIRST + 96), 1);
    ledger.prune(i64::MIN, FIRST + 64).unwrap();
    assert_eq!(packed(&ledger, 1), [[FIRST / 32 + 2]]);
    ledger.purge(FIRST + 999).unwrap();
    assert_eq!(one(&ledger, "SELECT count(*) FROM packs"), 0);
    assert_eq!(pack(&mut ledger, FIRST + 999), 0);
}

#[test]
fn a_damaged_day_is_packed_again_before_its_block_is() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    days(&mut ledger, "/a", FIRST..FIRST + 32);
    for _ in 0..32 {
        ledger.pack(FIRST + 32).unwrap();
    }
    let all = "SELECT number, part, data FROM packs ORDER BY 1, 2";
    let sound = self::all(&ledger.connection, all);
    ledger
        .connection
        .execute_batch(&format!(
            "UPDATE packs SET data = x'00' WHERE number = {FIRST} AND part = 3"
        ))
        .unwrap();
    pack(&mut ledger, FIRST + 32);
    assert_eq!(packed(&ledger, 1), [[FIRST / 32]]);
    ledger
        .connection
        .execute_batch("DELETE FROM packs WHERE level = 1")
        .unwrap();
    assert_eq!(self::all(&ledger.connection, all), sound);
}

#[test]
fn a_pack_that_can_not_be_written_is_made_later() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    let many = (0..4_000).map(|n| hits(&version(&format!("/{n}")), 1, 1, NOW));
    ledger.post(&versions(many.collect())).unwrap();
    let pages = one(&ledger, "PRAGMA page_count");
    one(&ledger, &format!("PRAGMA max_page_count = {pages}"));
    let before = day_of(NOW) + 1;
    let failed = ledger.pack(before);
    assert!(
        matches!(failed, Err(crate::ledger::LedgerError::Full(_))),
        "{failed:?}"
    );
    assert!(!ledger.is_packed());
    assert_eq!(one(&ledger, "SELECT count(*) FROM packs"), 0);
    one(&ledger, "PRAGMA max_page_count = 1000000");
    assert_eq!(pack(&mut ledger, before), 1);
}
