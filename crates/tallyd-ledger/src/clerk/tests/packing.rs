//! Days of the past are packed beside the work of the day.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::now;
use super::{Place, Run};
use crate::batch::{Batch, VersionChange};
use crate::disk::memory::MemoryDisk;
use crate::facts::{Class, Counts, DAY, Version, day_of};
use crate::ledger::{Ledger, Sqlite};

/// Days until today on which a file has a hit.
const DAYS: i64 = 6;

/// Those of them that are closed: today and yesterday are not.
const CLOSED: u64 = 4;

fn past(place: &Place) {
    let mut ledger = Sqlite::open(&place.ledger()).unwrap();
    let version = Arc::new(Version {
        site: "".into(),
        path: b"/a".as_slice().into(),
        device: 1,
        inode: 1,
        length: 1,
        modified: 1,
    });
    let counts = Counts {
        hits: 1,
        complete: 1,
        ..Counts::default()
    };
    for number in 1..=DAYS {
        let day = day_of(now()) - DAYS + number;
        let change = VersionChange {
            version: Arc::clone(&version),
            number: number.unsigned_abs(),
            first: day * DAY,
            last: day * DAY,
            cells: vec![(day * 24, Class::Tool, counts)],
            reached: [0; 10],
        };
        let batch = Batch {
            versions: vec![change],
            ..Batch::default()
        };
        ledger.post(&batch).unwrap();
    }
}

fn packed(place: &Place) -> u64 {
    let [days] = place.row("SELECT count(*) FROM packs WHERE level = 0 AND part = 0");
    days
}

#[test]
fn the_clerk_packs_a_day_in_each_cycle_and_does_not_sleep_before_all_are() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    past(&place);
    let mut run = Run::start(&disk, &place);
    for day in 1..=CLOSED {
        assert!(!run.clerk.is_idle());
        run.clerk.cycle().unwrap();
        assert_eq!(packed(&place), day);
    }
    // Whether a block of 32 days has just ended depends on the day of the test.
    for _ in 0..2 {
        run.clerk.cycle().unwrap();
    }
    assert!(run.clerk.is_idle());
    assert_eq!(packed(&place), CLOSED);
}

#[test]
fn days_that_are_not_packed_do_not_hold_up_the_end() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    past(&place);
    let mut run = Run::start(&disk, &place);
    run.clerk.stop.store(true, Ordering::Release);
    assert!(run.clerk.finish());
    assert_eq!(packed(&place), 0);
}

#[test]
fn a_pack_that_can_not_be_made_neither_keeps_the_clerk_awake_nor_makes_the_count_ill() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    past(&place);
    // As a page of `packs` or `file_days` that can't be read.
    rusqlite::Connection::open(place.ledger())
        .unwrap()
        .execute_batch(
            "CREATE TRIGGER no BEFORE INSERT ON packs BEGIN SELECT RAISE(ABORT, 'damaged'); END",
        )
        .unwrap();
    let mut run = Run::start(&disk, &place);
    let mut outcomes = Vec::new();
    for _ in 0..10 {
        let outcome = run.clerk.cycle();
        outcomes.push((
            outcome.is_ok(),
            run.clerk.is_idle(),
            run.clerk.health.trouble(),
        ));
    }
    assert!(
        run.clerk.is_idle() && outcomes.iter().all(|(_, _, trouble)| trouble.is_none()),
        "{outcomes:#?}"
    );
}
