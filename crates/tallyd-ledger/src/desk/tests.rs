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
    let desk = Desk::new(disk, Arc::new(Health::default()), 0, 0, 1).with_words(20_000);
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
