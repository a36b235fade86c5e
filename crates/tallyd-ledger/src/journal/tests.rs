//! The times of entries, whatever the clock does; and what a journal writes when a segment is full.

use std::sync::Arc;

use super::*;
use crate::disk::memory::MemoryDisk;
use crate::entry::{Entry, Reader};
use crate::facts::{Class, Outcome, Version, Visitor, day_of, hour_of};
use crate::health::Health;

/// 25 October 2026, 00:30 UTC: in Berlin it is 02:30, and an hour later it is 02:30 again.
const BERLIN_HALF_PAST_TWO: i64 = 1_792_888_200 * 1_000_000_000;

/// Some day at midnight.
const MIDNIGHT: i64 = 20_500 * DAY;

const MINUTE: i64 = HOUR / 60;

/// A worker's journal, and what there is to read it by.
struct Worker {
    desk: Arc<Desk>,
    journal: Journal,
    mark: Mark,
    definition: Definition,
}

impl Worker {
    /// One that starts when the latest entry in the ledger is of this time.
    fn after(latest: i64) -> Worker {
        let (disk, health) = (Arc::new(MemoryDisk::default()), Arc::new(Health::default()));
        let desk = Arc::new(Desk::new(disk, health, 0, 0, 1).with_words(20_000, 40_000));
        let version = Version {
            site: "".into(),
            path: b"/a".as_slice().into(),
            device: 1,
            inode: 2,
            length: 100,
            modified: 3,
        };
        Worker {
            journal: Journal::new(Arc::clone(&desk), latest),
            desk,
            mark: Mark::default(),
            definition: Definition {
                version: Arc::new(version),
                representation: 0,
                whole: 100,
            },
        }
    }

    fn hit(&self, time: i64) -> Begun {
        let hit = Hit {
            time,
            number: 1,
            status: 200,
            protocol: 11,
            class: Class::Tool,
            visitor: Visitor::default(),
            proxied: false,
            probe: false,
            spans: &[],
            referrer: b"",
        };
        self.journal.begin(&hit, &self.mark, &self.definition)
    }

    fn note(&self, time: i64) {
        let note = Note {
            time,
            status: 404,
            protocol: 11,
            class: Class::Tool,
            proxied: false,
            bytes: 0,
            about: About::Missing("", b"/no"),
        };
        self.journal.note(&note, None);
    }

    /// The times of all entries that have one, and how many definitions there are.
    fn written(&self) -> (Vec<i64>, usize) {
        let (mut times, mut definitions) = (Vec::new(), 0);
        for segment in self.desk.taken().0 {
            let mut reader = Reader::live(segment.sequence, FIRST);
            while reader.at() < segment.published() {
                match reader.next(segment.words()).unwrap().unwrap().1 {
                    Entry::Definition(_) => definitions += 1,
                    Entry::Hit(hit, _) => times.push(hit.time),
                    Entry::Note(note) => times.push(note.time),
                }
            }
        }
        (times, definitions)
    }
}

/// What is written when the clock shows these times, one after the other.
fn check(latest: i64, clock: &[i64], expected: &[i64]) {
    let worker = Worker::after(latest);
    for (place, time) in clock.iter().enumerate() {
        match place % 2 {
            0 => drop(worker.hit(*time)),
            _ => worker.note(*time),
        }
    }
    assert_eq!(worker.written().0, expected);
}

#[test]
fn a_clock_that_goes_on_is_believed() {
    let clock = [MIDNIGHT, MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + 400 * DAY];
    check(0, &clock, &clock);
    check(MIDNIGHT, &clock, &clock);
}

#[test]
fn a_clock_that_is_set_back_an_hour_stands_still_until_the_time_has_come_again() {
    let start = MIDNIGHT + 10 * HOUR;
    let clock = [start, start - HOUR, start - 1, start, start + 1];
    check(0, &clock, &[start, start, start, start, start + 1]);
}

#[test]
fn a_clock_that_is_set_back_across_midnight_counts_no_day_twice() {
    let new_day = MIDNIGHT + 10 * MINUTE;
    let clock = [
        new_day,
        MIDNIGHT - 50 * MINUTE,
        MIDNIGHT - 1,
        new_day + MINUTE,
    ];
    check(0, &clock, &[new_day, new_day, new_day, new_day + MINUTE]);
    // A whole day, and an hour for the change of summer time, are stood still for; not more.
    let (within, beyond) = (new_day - DAY - HOUR, new_day - DAY - HOUR - 1);
    check(0, &[new_day, within], &[new_day, new_day]);
    check(0, &[new_day, beyond], &[new_day, beyond]);
}

#[test]
fn a_clock_that_was_years_ahead_is_believed_when_it_is_right_again() {
    let ahead = MIDNIGHT + 3000 * DAY;
    let clock = [ahead, MIDNIGHT, MIDNIGHT + 1, MIDNIGHT];
    check(0, &clock, &[ahead, MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + 1]);
    // The ledger has seen it, and the process is another one.
    check(ahead, &clock[1..], &[MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + 1]);
}

#[test]
fn a_restart_with_the_clock_set_back_goes_on_at_the_latest_entry() {
    let latest = MIDNIGHT + 10 * MINUTE;
    let clock = [latest - 2 * HOUR, latest - HOUR, latest + MINUTE];
    check(latest, &clock, &[latest, latest, latest + MINUTE]);
}

#[test]
fn the_hour_that_summer_time_repeats_is_two_hours_of_one_day() {
    let again = BERLIN_HALF_PAST_TWO + HOUR;
    check(
        0,
        &[BERLIN_HALF_PAST_TWO, again],
        &[BERLIN_HALF_PAST_TWO, again],
    );
    assert_eq!(hour_of(again), hour_of(BERLIN_HALF_PAST_TWO) + 1);
    assert_eq!(day_of(again), day_of(BERLIN_HALF_PAST_TWO));
    // In Berlin this day has 25 hours, and began two hours before that of UTC.
    assert_eq!(BERLIN_HALF_PAST_TWO.rem_euclid(DAY), 30 * MINUTE);
}

#[test]
fn a_time_before_1970_is_a_time() {
    check(0, &[-HOUR], &[0]);
    let long_ago = -50 * DAY;
    check(0, &[long_ago, long_ago + 1], &[long_ago, long_ago + 1]);
    assert_eq!((day_of(-1), hour_of(-1)), (-1, -1));
}

#[test]
fn what_a_file_is_stands_once_in_each_segment() {
    let worker = Worker::after(0);
    for time in 1..=4000 {
        let begun = worker.hit(time);
        let outcome = Outcome::Complete;
        let (bytes, content) = (100, 100);
        worker.journal.settle(
            &begun,
            Settled {
                outcome,
                bytes,
                content,
            },
        );
    }
    let (times, definitions) = worker.written();
    assert_eq!(times, (1..=4000).collect::<Vec<_>>());
    let (_, segments) = worker.desk.taken();
    assert!(segments > 1, "one segment holds everything");
    assert_eq!(definitions as u64, segments);
}

/// Fills a segment with hits, of which the first so many are on files of their own; how large the next ones are.
fn size_after(files: u32) -> usize {
    let mut worker = Worker::after(0);
    worker.desk.supply_one().unwrap();
    for number in 0..2000 {
        if number < files {
            worker.mark = Mark::default();
        }
        worker.hit(1);
    }
    assert_eq!(worker.desk.taken().1, 2, "the second segment is begun");
    worker.desk.supply_one().unwrap();
    worker.desk.take(0).words().len()
}

#[test]
fn segments_are_larger_where_nearly_every_hit_is_on_another_file() {
    assert_eq!(size_after(100), 20_000);
    assert_eq!(size_after(1500), 40_000);
}
