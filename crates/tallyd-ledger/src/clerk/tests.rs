//! Journals, clerk, recovery and ledger together, on a disk that can be killed, cut off and made to fail.

mod faults;
mod holes;
mod model;
mod pace;
mod packing;
mod watched;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rusqlite::Connection;

use super::{Clerk, Habits, LONGEST_REST, now, rest};
use crate::account::Books;
use crate::desk::Desk;
use crate::disk::memory::MemoryDisk;
use crate::entry::{About, Definition, Hit, Note};
use crate::facts::{Class, DAY, HOUR, Outcome, Settled, Span, Version, Visitor, day_of};
use crate::health::Health;
use crate::journal::{Begun, Journal, Mark};
use crate::keyring::KeyRing;
use crate::ledger::{Ledger, Sqlite};
use crate::recovery::{Recovered, RecoveryError, recover};
use crate::tally::Tally;
use crate::window::Kind;

/// The start of the system, as long as no power is cut.
const BOOT: u64 = 1;

/// Today at 10:00: windows that open then are open now.
static MORNING: LazyLock<i64> = LazyLock::new(|| day_of(now()) * DAY + 10 * HOUR);

thread_local! {
    /// Words of a segment: few, so that a test fills many.
    static SEGMENT: std::cell::Cell<usize> = const { std::cell::Cell::new(512) };
}

/// A run of the counting half of a server, without threads: the test says when each does its part.
pub(super) struct Run {
    pub desk: Arc<Desk>,
    pub clerk: Clerk,
    pub journals: Vec<Journal>,
    pub recovered: Recovered,
}

/// Where a ledger lies for several runs.
pub(super) struct Place {
    dir: tempfile::TempDir,
}

/// A file that is served.
pub(super) struct Served {
    pub definition: Definition,
    pub mark: Mark,
}

impl Place {
    pub fn new() -> Place {
        Place {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn ledger(&self) -> PathBuf {
        self.dir.path().join("ledger.db")
    }

    /// One row of numbers.
    pub fn row<const N: usize>(&self, query: &str) -> [u64; N] {
        let database = Connection::open(self.ledger()).unwrap();
        let read = |row: &rusqlite::Row<'_>| {
            let mut numbers = [0; N];
            for (place, number) in numbers.iter_mut().enumerate() {
                *number = row
                    .get::<_, Option<i64>>(place)?
                    .unwrap_or(0)
                    .unsigned_abs();
            }
            Ok(numbers)
        };
        database.query_row(query, [], read).unwrap()
    }

    /// hits, complete, aborted, unsettled, bytes, downloads of a path.
    pub fn file(&self, path: &str) -> [u64; 6] {
        self.row(&format!(
            "SELECT coalesce(sum(hits), 0), sum(complete), sum(aborted), sum(unsettled), sum(bytes), sum(downloads) \
             FROM files WHERE path = '{path}'"
        ))
    }
}

impl Run {
    pub fn start(disk: &MemoryDisk, place: &Place) -> Run {
        Run::try_start(disk, place, BOOT).unwrap()
    }

    pub fn try_start(disk: &MemoryDisk, place: &Place, boot: u64) -> Result<Run, RecoveryError> {
        let mut ledger = Sqlite::open(&place.ledger())?;
        ledger.set_window_kind(Kind::FirstTouch)?;
        let mut tally = Tally::new(Kind::FirstTouch);
        let recovered = recover(disk, &mut ledger, &mut tally, boot)?;
        let health = Arc::new(Health::default());
        let desk = Desk::new(
            Arc::new(disk.clone()),
            health,
            recovered.next_sequence,
            recovered.next_name,
            boot,
        );
        let words = SEGMENT.with(std::cell::Cell::get);
        let desk = Arc::new(desk.with_words(words, words));
        let habits = Habits {
            sync_interval: Duration::from_secs(1),
            keep_hours: None,
            keep_days: None,
        };
        let clerk = Clerk::new(
            Arc::clone(&desk),
            Box::new(ledger),
            Arc::new(Books::default()),
            Arc::new(KeyRing::in_memory(20_500).unwrap()),
            tally,
            habits,
            Arc::new(AtomicBool::new(false)),
        );
        let journals = (0..2)
            .map(|_| Journal::new(Arc::clone(&desk), recovered.latest))
            .collect();
        Ok(Run {
            desk,
            clerk,
            journals,
            recovered,
        })
    }

    /// What the supplier does between two hits.
    pub fn supply(&self) {
        if self.desk.ready() < 4 {
            self.desk.supply_one().ok();
        }
    }

    pub fn begin(&self, worker: usize, served: &Served, number: u64, spans: &[Span]) -> Begun {
        self.supply();
        let hit = hit(number, spans, 7);
        self.journals[worker].begin(&hit, &served.mark, &served.definition)
    }

    pub fn settle(&self, worker: usize, begun: &Begun, settled: Settled) {
        self.journals[worker].settle(begun, settled);
    }

    /// Ends as a server does that is told to.
    pub fn stop(mut self) {
        self.journals.iter().for_each(Journal::close);
        for _ in 0..3 {
            self.clerk.cycle().unwrap();
        }
        assert!(self.clerk.is_idle(), "{:#?}", self.clerk.readings);
    }
}

pub(super) fn served(path: &str, whole: u64) -> Served {
    let version = Version {
        site: "".into(),
        path: path.as_bytes().into(),
        device: 1,
        inode: 2,
        length: whole,
        modified: 3,
    };
    Served {
        definition: Definition {
            version: Arc::new(version),
            representation: 0,
            whole,
        },
        mark: Mark::default(),
    }
}

pub(super) fn hit<'a>(number: u64, spans: &'a [Span], visitor: u64) -> Hit<'a> {
    Hit {
        time: *MORNING,
        number,
        status: if spans.is_empty() { 200 } else { 206 },
        protocol: 11,
        class: Class::Tool,
        visitor: Visitor {
            today: visitor,
            before: !visitor,
            register: 1,
            rank: 1,
        },
        proxied: false,
        probe: false,
        spans,
        referrer: b"",
    }
}

pub(super) fn complete(content: u64) -> Settled {
    Settled {
        outcome: Outcome::Complete,
        bytes: content,
        content,
    }
}

pub(super) fn aborted(content: u64) -> Settled {
    Settled {
        outcome: Outcome::Aborted,
        bytes: content,
        content,
    }
}

#[test]
fn what_begins_and_ends_is_in_the_ledger() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    let whole = run.begin(0, &file, 1, &[]);
    run.settle(0, &whole, complete(100));
    let broken = run.begin(0, &file, 2, &[]);
    run.clerk.cycle().unwrap();
    assert_eq!(place.file("/a"), [2, 1, 0, 0, 100, 1], "one is on its way");
    run.settle(0, &broken, aborted(40));
    run.clerk.cycle().unwrap();
    assert_eq!(place.file("/a"), [2, 1, 1, 0, 140, 1]);
    run.stop();
    let again = Run::start(&disk, &place);
    assert_eq!((again.recovered.hits, again.recovered.unsettled), (0, 0));
    assert_eq!(place.file("/a"), [2, 1, 1, 0, 140, 1]);
}

#[test]
fn after_a_batch_of_very_many_files_the_next_waits_but_not_at_the_end() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let hit_all = |run: &Run, files: &[Served], number| {
        for file in files {
            let begun = run.begin(0, file, number, &[]);
            run.settle(0, &begun, complete(100));
        }
    };
    // Each has two rows: its counts, and the window of its visitor.
    let files: Vec<_> = (0..4000)
        .map(|name| served(&format!("/{name}"), 100))
        .collect();
    hit_all(&run, &files[..400], 1);
    run.clerk.cycle().unwrap();
    assert!(!run.clerk.rests(), "few");
    hit_all(&run, &files, 2);
    run.clerk.cycle().unwrap();
    assert_eq!(place.file("/3999"), [1, 1, 0, 0, 100, 1]);
    assert!(run.clerk.rests());
    hit_all(&run, &files[..1], 3);
    run.clerk.cycle().unwrap();
    assert_eq!(place.file("/0"), [2, 2, 0, 0, 200, 1], "read, not posted");
    assert!(!run.clerk.is_idle());
    run.clerk.stop.store(true, Ordering::Release);
    run.clerk.cycle().unwrap();
    assert_eq!(place.file("/0"), [3, 3, 0, 0, 300, 1]);
    run.stop();
}

#[test]
fn a_rest_is_as_long_as_its_batch_is_large() {
    assert_eq!(rest(0), Duration::ZERO);
    assert_eq!(rest(1000), Duration::ZERO);
    assert_eq!(rest(2000), Duration::from_millis(200));
    assert_eq!(rest(6000), Duration::from_millis(1000));
    assert_eq!(rest(11_000), LONGEST_REST);
    assert_eq!(rest(usize::MAX), LONGEST_REST);
}

#[test]
fn replies_that_are_no_hits_are_counted_apart() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let run = Run::start(&disk, &place);
    let file = served("/a", 100);
    let note = |status, about| Note {
        time: *MORNING,
        status,
        protocol: 11,
        class: Class::Bot,
        proxied: false,
        bytes: 10,
        about,
    };
    run.supply();
    let probed = Some((&file.mark, &file.definition));
    run.journals[0].note(&note(304, About::Probe(0)), probed);
    run.journals[0].note(&note(404, About::Missing("", b"/no")), None);
    run.journals[1].note(&note(404, About::Missing("", b"/no")), None);
    run.journals[1].note(&note(301, About::Other("")), None);
    run.stop();
    assert_eq!(place.row("SELECT hits, probes FROM files"), [0, 1]);
    assert_eq!(place.row("SELECT requests FROM missing"), [2]);
    let sum = "SELECT sum(requests), count(*) FROM statuses";
    assert_eq!(place.row(sum), [4, 3]);
    assert_eq!(place.row("SELECT sum(bytes) FROM days"), [40]);
    let paths = "SELECT count(*) FROM files WHERE path = '/no'";
    assert_eq!(place.row(paths), [0], "what is no file has no account");
}

#[test]
fn killed_in_the_middle_it_goes_on_without_gap_or_double() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    let posted = run.begin(0, &file, 1, &[]);
    run.settle(0, &posted, complete(100));
    let known = run.begin(0, &file, 2, &[]);
    run.clerk.cycle().unwrap();
    run.settle(0, &known, complete(100));
    let seen = run.begin(1, &file, 3, &[]);
    run.settle(1, &seen, aborted(5));
    run.begin(1, &file, 4, &[]);
    let disk = disk.after_kill();
    drop(run);
    for _ in 0..2 {
        let again = Run::start(&disk, &place);
        assert_eq!(place.file("/a"), [4, 2, 1, 1, 205, 1]);
        drop(again);
    }
    let mut ledger = Sqlite::open(&place.ledger()).unwrap();
    assert_eq!(ledger.number("", b"/a"), Ok(4));
}

#[test]
fn what_was_posted_as_begun_and_never_ended_is_unsettled() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    run.begin(0, &file, 1, &[]);
    run.clerk.cycle().unwrap();
    let disk = disk.after_kill();
    let again = Run::start(&disk, &place);
    assert_eq!((again.recovered.hits, again.recovered.unsettled), (1, 1));
    assert_eq!(place.file("/a"), [1, 0, 0, 1, 0, 0]);
}

#[test]
fn a_number_that_never_reached_a_journal_is_an_unsettled_hit() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let run = Run::start(&disk, &place);
    let file = served("/a", 100);
    // Two workers took 1 and 2; the one that had 1 was killed before it could write it down.
    let seen = run.begin(0, &file, 2, &[]);
    run.settle(0, &seen, complete(100));
    let disk = disk.after_kill();
    let again = Run::start(&disk, &place);
    assert_eq!(again.recovered.unsettled, 1);
    assert_eq!(place.file("/a"), [2, 1, 0, 1, 100, 1]);
    let sum = "SELECT sum(hits), sum(unsettled) FROM site_days";
    assert_eq!(place.row(sum), [2, 1], "the series have it too");
}

#[test]
fn a_long_download_does_not_keep_others_from_being_posted() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    let long = run.begin(0, &file, 1, &[]);
    for number in 2..=500 {
        let short = run.begin(0, &file, number, &[]);
        run.settle(0, &short, complete(100));
        if number % 10 == 0 {
            run.clerk.cycle().unwrap();
        }
    }
    run.clerk.cycle().unwrap();
    assert_eq!(place.file("/a")[..2], [500, 499]);
    let files = disk.after_kill().files();
    assert!(files < 12, "{files} files: segments are used again");
    run.settle(0, &long, complete(100));
    run.stop();
    assert_eq!(place.file("/a")[..2], [500, 500]);
}

#[test]
fn without_room_for_a_journal_entries_wait_in_memory() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    disk.fail(0, u64::MAX);
    for number in 1..=300 {
        let begun = run.begin(0, &file, number, &[]);
        run.settle(0, &begun, complete(100));
    }
    disk.fail(0, 0);
    run.clerk.cycle().unwrap();
    assert_eq!(place.file("/a")[..2], [300, 300]);
    run.stop();
}

#[test]
fn a_hit_that_was_only_in_memory_when_its_process_died_is_unsettled() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    disk.fail(0, u64::MAX);
    run.begin(0, &served("/a", 100), 1, &[]);
    run.clerk.cycle().unwrap();
    disk.fail(0, 0);
    let disk = disk.after_kill();
    let again = Run::start(&disk, &place);
    assert_eq!(again.recovered.unsettled, 1);
    assert_eq!(place.file("/a"), [1, 0, 0, 1, 0, 0]);
}

#[test]
fn a_changed_bit_stops_the_start_and_changes_nothing() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let run = Run::start(&disk, &place);
    let file = served("/a", 100);
    for number in 1..=5 {
        let begun = run.begin(0, &file, number, &[]);
        run.settle(0, &begun, complete(100));
    }
    drop(run);
    let disk = disk.after_kill();
    let name = disk.journal_with_entries();
    let words = disk.words(&name);
    // The head, the definition, a hit: its head, its middle, how it ended.
    for place_of_bit in [0, 2, 9, 20, 24, 27] {
        let word = &crate::disk::Store::words(&*words)[place_of_bit];
        word.fetch_xor(1 << 17, Ordering::SeqCst);
        let refused = Run::try_start(&disk, &place, BOOT).map(drop);
        let said = refused.expect_err("damage is noticed").to_string();
        assert!(said.contains(&name), "{said}");
        assert_eq!(place.file("/a")[0], 0);
        word.fetch_xor(1 << 17, Ordering::SeqCst);
    }
    drop(Run::start(&disk, &place));
    assert_eq!(place.file("/a")[..2], [5, 5]);
}

#[test]
fn a_window_survives_a_restart() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let file = served("/a", 100);
    let half = |start| [Span { start, length: 50 }];
    let run = Run::start(&disk, &place);
    let first = run.begin(0, &file, 1, &half(0));
    run.settle(0, &first, complete(50));
    run.stop();
    assert_eq!(place.file("/a")[5], 0);
    let run = Run::start(&disk, &place);
    let second = run.begin(0, &file, 2, &half(50));
    run.settle(0, &second, complete(50));
    run.stop();
    assert_eq!(place.file("/a")[5], 1, "one download out of two runs");
}

#[test]
fn a_visitor_of_yesterday_is_known_by_the_key_of_yesterday() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let file = served("/a", 100);
    let run = Run::start(&disk, &place);
    run.supply();
    let send = |today, before, start, time| {
        let spans = [Span { start, length: 50 }];
        let hit = Hit {
            time,
            visitor: Visitor {
                today,
                before,
                register: 0,
                rank: 0,
            },
            ..hit(1, &spans, 0)
        };
        let begun = run.journals[0].begin(&hit, &file.mark, &file.definition);
        run.settle(0, &begun, complete(50));
    };
    send(11, 10, 0, *MORNING);
    send(12, 11, 50, *MORNING + 20 * HOUR);
    run.stop();
    assert_eq!(place.file("/a")[5], 1, "one visitor, one window");
    let windows = "SELECT count(*), sum(visitor) FROM windows";
    assert_eq!(place.row(windows), [1, 12], "it goes on under today's key");
}
