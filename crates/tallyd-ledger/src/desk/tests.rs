//! The syncer: it keeps its interval as long as somebody writes, and sleeps when nobody does.

use std::thread;

use super::*;
use crate::disk::memory::MemoryDisk;
use crate::entry::{About, Note};
use crate::facts::Class;
use crate::journal::Journal;

const INTERVAL: Duration = Duration::from_millis(10);

/// How long something may take that takes some milliseconds.
const LIMIT: Duration = Duration::from_secs(10);

fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        thread::park_timeout(Duration::from_millis(1));
    }
}

fn write(journal: &Journal) {
    let note = Note {
        time: 1,
        status: 404,
        protocol: 11,
        class: Class::Tool,
        proxied: false,
        bytes: 0,
        about: About::Other(""),
    };
    journal.note(&note, None);
}

#[test]
fn what_is_written_after_a_quiet_time_is_synced_also_while_the_clerk_is_awake() {
    let disk = Arc::new(MemoryDisk::default());
    let desk = Desk::new(disk, Arc::new(Health::default()), 0, 0, 1).with_words(20_000, 40_000);
    let desk = Arc::new(desk);
    desk.supply_one().unwrap();
    let syncer = Arc::clone(&desk);
    let thread = thread::spawn(move || syncer.keep_synced(INTERVAL));
    let journal = Journal::new(Arc::clone(&desk), 0);
    for round in 0..3 {
        write(&journal);
        assert!(desk.is_clerk_awake(), "nobody has said that it sleeps");
        eventually(&format!("synced in round {round}"), || {
            let segments = lock(&desk.segments);
            let mut in_use = segments.in_use.iter();
            in_use.all(|segment| segment.is_synced(segment.published()))
        });
        eventually("the syncer sleeps", || {
            desk.asleep.load(Ordering::SeqCst) & SYNCER != 0
        });
    }
    desk.stop();
    thread.join().unwrap();
}

/// A desk on this disk as it is when the first hit comes, and the journal of its worker.
fn started(disk: &MemoryDisk) -> (Arc<Desk>, Journal) {
    let disk = Arc::new(disk.clone());
    let desk = Desk::new(disk, Arc::new(Health::default()), 0, 0, 1).with_words(20_000, 40_000);
    let desk = Arc::new(desk);
    desk.supply_first().unwrap();
    let journal = Journal::new(Arc::clone(&desk), 0);
    desk.supply_first().unwrap();
    (desk, journal)
}

fn is_synced(desk: &Desk) -> bool {
    let segments = lock(&desk.segments);
    let mut in_use = segments.in_use.iter();
    in_use.all(|segment| segment.is_synced(segment.published()))
}

#[test]
fn nothing_is_said_to_be_synced_whose_name_a_power_cut_may_take() {
    let disk = MemoryDisk::default();
    let (desk, journal) = started(&disk);
    assert_eq!(desk.ready(), 1, "one worker, one segment");
    write(&journal);
    assert_eq!(disk.after_kill().files(), 1, "a kill takes nothing");
    assert_eq!(disk.after_power_cut(|| false).files(), 0);
    disk.fail(0, 1);
    desk.sync_all().unwrap_err();
    assert!(!is_synced(&desk), "its name is not");
    assert!(desk.sync_all().unwrap());
    assert!(is_synced(&desk));
    let disk = disk.after_power_cut(|| false);
    disk.journal_with_entries();
}

#[test]
fn each_worker_has_a_segment_before_it_is_asked() {
    let disk = MemoryDisk::default();
    let (desk, _one) = started(&disk);
    for workers in 2..5 {
        let _another = Journal::new(Arc::clone(&desk), 0);
        desk.supply_first().unwrap();
        assert_eq!(desk.ready(), workers);
    }
    disk.fail(0, 1);
    let _last = Journal::new(Arc::clone(&desk), 0);
    desk.supply_first().unwrap_err();
}

#[test]
fn what_the_start_left_is_made_ready_while_the_first_segment_is_written() {
    let disk = MemoryDisk::default();
    let (desk, journal) = started(&disk);
    write(&journal);
    let supplier = Arc::clone(&desk);
    let thread = thread::spawn(move || supplier.keep_supplied());
    eventually("three lie ready", || desk.ready() == READY);
    assert!(lock(&desk.supply).rough.is_empty());
    desk.stop();
    thread.join().unwrap();
    let kept = disk.after_power_cut(|| false);
    assert_eq!(
        kept.files(),
        READY + 1,
        "their names are synced, with the first"
    );
    assert!(desk.sync_all().unwrap());
}

/// Words of each segment that lies ready.
fn ready_sizes(desk: &Desk) -> Vec<usize> {
    let supply = lock(&desk.supply);
    let ready = supply.ready.iter();
    ready.map(|(store, _)| store.words().len()).collect()
}

#[test]
fn segments_are_made_larger_where_definitions_fill_them_and_usual_again_where_not() {
    let disk = MemoryDisk::default();
    let (desk, _journal) = started(&disk);
    desk.filled(20_000, 6_000);
    desk.supply_one().unwrap();
    assert_eq!(ready_sizes(&desk), [20_000, 40_000]);
    // What comes back and has the other size goes, when there is one in its place.
    let small = desk.take(0);
    desk.give_back(&small);
    desk.supply_one().unwrap();
    assert_eq!(ready_sizes(&desk), [40_000, 40_000]);
    assert_eq!(disk.files(), 2);
    // One that has it is used again.
    let large = desk.take(0);
    desk.give_back(&large);
    desk.supply_one().unwrap();
    assert_eq!((ready_sizes(&desk).len(), disk.files()), (2, 2));
    for _ in 0..16 {
        desk.filled(40_000, 100);
    }
    desk.supply_one().unwrap();
    assert_eq!(ready_sizes(&desk), [40_000, 40_000, 20_000]);
}

#[test]
fn a_disk_without_room_for_a_large_segment_gets_a_usual_one() {
    let disk = MemoryDisk::default();
    let (desk, _journal) = started(&disk);
    desk.filled(20_000, 6_000);
    disk.fail(0, 1);
    desk.supply_one().unwrap();
    assert_eq!(ready_sizes(&desk), [20_000, 20_000]);
    // Large ones are not tried again, and where there is no room for a usual one either, it is said.
    desk.filled(20_000, 6_000);
    let calls = disk.calls();
    disk.fail(0, 100);
    desk.supply_one().unwrap_err();
    assert_eq!(ready_sizes(&desk), [20_000, 20_000]);
    assert!(
        disk.calls() - calls <= 2,
        "one that fails, and what is left of it"
    );
}

#[test]
fn room_that_is_there_is_not_given_away_for_a_large_segment_that_can_not_be_made() {
    let disk = MemoryDisk::default();
    let (desk, _journal) = started(&disk);
    desk.supply_one().unwrap();
    let used = [desk.take(0), desk.take(0)];
    used.iter().for_each(|segment| desk.give_back(segment));
    desk.filled(20_000, 6_000);
    disk.fail(0, 100);
    desk.supply_one().unwrap();
    desk.supply_one().unwrap();
    assert_eq!((ready_sizes(&desk), disk.files()), (vec![20_000; 2], 2));
}
