//! What the feed shows of what the clerk reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use super::{MORNING, Place, Run, aborted, complete, served};
use crate::batch::{Batch, Positions};
use crate::disk::memory::MemoryDisk;
use crate::entry::{self, Note};
use crate::facts::{Class, Outcome, Version};
use crate::feed::{About, SHOWN, Seen};
use crate::ledger::{Ledger, LedgerError};
use crate::window::Window;

/// Number and outcome of the hits among these.
fn hits(seen: &[Arc<Seen>]) -> Vec<(u64, Option<Outcome>)> {
    let hits = seen.iter().filter_map(|seen| match &seen.about {
        About::Hit {
            number, outcome, ..
        } => Some((*number, *outcome)),
        _ => None,
    });
    hits.collect()
}

#[test]
fn a_hit_is_shown_when_it_begins_and_once_more_when_it_has_ended() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let feed = run.clerk.feed();
    let file = served("/a", 100);
    let short = run.begin(0, &file, 1, &[]);
    run.settle(0, &short, complete(100));
    let long = run.begin(1, &file, 2, &[]);
    run.clerk.cycle().unwrap();
    let news = feed.since(0, 10);
    assert_eq!(
        hits(&news.seen),
        [(1, Some(Outcome::Complete)), (2, None)],
        "one was over when it was read"
    );
    let first = &news.seen[0];
    assert_eq!((first.id, first.time, first.bytes), (1, *MORNING, 100));
    assert_eq!((first.status, first.protocol), (200, 11));
    assert_eq!((first.class, first.path()), (Class::Tool, Some(&b"/a"[..])));
    run.clerk.cycle().unwrap();
    assert_eq!(feed.count(), 2, "nothing has happened");
    run.settle(1, &long, aborted(40));
    run.clerk.cycle().unwrap();
    let news = feed.since(news.next, 10);
    assert_eq!(hits(&news.seen), [(2, Some(Outcome::Aborted))]);
    assert_eq!((news.seen[0].bytes, news.skipped), (40, 0));
    run.clerk.cycle().unwrap();
    assert_eq!(feed.count(), 3);
}

#[test]
fn replies_that_are_no_hits_are_shown_with_what_they_were_about() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    let note = |status, about| Note {
        time: *MORNING,
        status,
        protocol: 10,
        class: Class::Bot,
        proxied: false,
        bytes: 10,
        about,
    };
    run.supply();
    let probed = Some((&file.mark, &file.definition));
    let journal = &run.journals[0];
    journal.note(&note(304, entry::About::Probe(0)), probed);
    journal.note(&note(404, entry::About::Missing("docs", b"/no\xff")), None);
    journal.note(&note(301, entry::About::Other("docs")), None);
    run.clerk.cycle().unwrap();
    let seen = run.clerk.feed().since(0, 10).seen;
    let version = Arc::clone(&file.definition.version);
    let missing = About::Missing(b"/no\xff"[..].into());
    let expected = [
        ("", 304, About::Probe(version)),
        ("docs", 404, missing),
        ("docs", 301, About::Other),
    ];
    assert_eq!(seen.len(), expected.len());
    for (seen, (site, status, about)) in seen.iter().zip(expected) {
        assert_eq!(
            (&*seen.site, seen.status, &seen.about),
            (site, status, &about)
        );
        assert_eq!((seen.class, seen.bytes), (Class::Bot, 10));
    }
}

#[test]
fn of_many_replies_some_are_shown_and_all_are_counted() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let feed = run.clerk.feed();
    let file = served("/a", 100);
    let long: Vec<_> = (1..=300).map(|n| run.begin(0, &file, n, &[])).collect();
    run.clerk.cycle().unwrap();
    let news = feed.since(0, 1_000);
    assert_eq!((news.seen.len(), news.skipped), (SHOWN, 300 - SHOWN as u64));
    for begun in &long {
        run.settle(0, begun, complete(100));
    }
    run.clerk.cycle().unwrap();
    let news = feed.since(news.next, 1_000);
    assert_eq!(news.seen.len(), SHOWN);
    assert_eq!(news.skipped, 0, "an end is no reply more");
}

#[test]
fn what_an_earlier_process_left_is_not_shown() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let run = Run::start(&disk, &place);
    run.begin(0, &served("/a", 100), 1, &[]);
    let disk = disk.after_kill();
    let mut again = Run::start(&disk, &place);
    assert_eq!(again.recovered.hits, 1);
    again.clerk.cycle().unwrap();
    assert_eq!(again.clerk.feed().count(), 0);
}

#[test]
fn a_ledger_that_takes_nothing_hides_nothing_and_shows_nothing_twice() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let fails = stubborn(&mut run);
    let feed = run.clerk.feed();
    let file = served("/a", 100);
    fails.posting.store(true, Ordering::Relaxed);
    let long = run.begin(0, &file, 1, &[]);
    for _ in 0..3 {
        assert!(run.clerk.cycle().is_err());
        assert_eq!(hits(&feed.since(0, 10).seen), [(1, None)]);
    }
    // How a hit ended is added only when it is known what its visitor had before.
    fails.looking.store(true, Ordering::Relaxed);
    for number in 2..=3 {
        let begun = run.begin(1, &file, number, &[]);
        run.settle(1, &begun, complete(100));
    }
    assert!(run.clerk.cycle().is_err());
    run.settle(0, &long, complete(100));
    for _ in 0..2 {
        assert!(run.clerk.cycle().is_err());
        assert_eq!(feed.count(), 1);
    }
    fails.looking.store(false, Ordering::Relaxed);
    assert!(run.clerk.cycle().is_err());
    fails.posting.store(false, Ordering::Relaxed);
    run.clerk.cycle().unwrap();
    let ended = Some(Outcome::Complete);
    assert_eq!(
        hits(&feed.since(1, 10).seen),
        [(1, ended), (2, ended), (3, ended)]
    );
    assert_eq!((feed.count(), place.file("/a")[0]), (4, 3));
}

#[test]
fn who_watches_is_woken_by_replies_and_by_batches_and_only_then() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let alarm = Arc::new(Alarm::default());
    let waker = Waker::from(Arc::clone(&alarm));
    let feed = run.clerk.feed();
    let watch = || feed.watch(Context::from_waker(&waker).waker());
    run.clerk.cycle().unwrap();
    watch();
    watch();
    run.clerk.cycle().unwrap();
    assert!(!alarm.rings(), "nothing has happened");
    let long = run.begin(0, &served("/a", 100), 1, &[]);
    run.clerk.cycle().unwrap();
    assert!(alarm.rings());
    run.settle(0, &long, complete(100));
    run.clerk.cycle().unwrap();
    assert!(!alarm.rings(), "nobody has asked for it again");
    watch();
    feed.add(Vec::new(), 0);
    assert!(!alarm.rings());
    run.begin(0, &served("/b", 100), 1, &[]);
    run.clerk.cycle().unwrap();
    assert!(alarm.rings());
}

#[derive(Default)]
struct Alarm(AtomicBool);

impl Alarm {
    /// Whether it was woken since the last look.
    fn rings(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a ledger refuses.
#[derive(Debug, Default)]
struct Fails {
    posting: AtomicBool,
    looking: AtomicBool,
}

/// A ledger that refuses what it is told to.
#[derive(Debug)]
struct Stubborn {
    inner: Box<dyn Ledger>,
    fails: Arc<Fails>,
}

/// Puts one between the clerk and its ledger.
fn stubborn(run: &mut Run) -> Arc<Fails> {
    let fails = Arc::new(Fails::default());
    let empty = Place::new();
    let nothing = crate::ledger::Sqlite::open(&empty.ledger()).unwrap();
    let inner = std::mem::replace(&mut run.clerk.ledger, Box::new(nothing));
    run.clerk.ledger = Box::new(Stubborn {
        inner,
        fails: Arc::clone(&fails),
    });
    fails
}

fn unless(fails: &AtomicBool) -> Result<(), LedgerError> {
    match fails.load(Ordering::Relaxed) {
        true => Err(LedgerError::Busy("as the test wants it".into())),
        false => Ok(()),
    }
}

impl Ledger for Stubborn {
    fn positions(&mut self) -> Result<Positions, LedgerError> {
        self.inner.positions()
    }

    fn number(&mut self, site: &str, path: &[u8]) -> Result<u64, LedgerError> {
        self.inner.number(site, path)
    }

    fn window(&mut self, version: &Version, visitor: u64) -> Result<Option<Window>, LedgerError> {
        unless(&self.fails.looking)?;
        self.inner.window(version, visitor)
    }

    fn ended(
        &mut self,
        before: i64,
        most: usize,
    ) -> Result<Vec<(Version, u64, Window)>, LedgerError> {
        self.inner.ended(before, most)
    }

    fn post(&mut self, batch: &Batch) -> Result<(), LedgerError> {
        unless(&self.fails.posting)?;
        self.inner.post(batch)
    }

    fn changed_outside(&mut self) -> Result<bool, LedgerError> {
        self.inner.changed_outside()
    }

    fn prune(&mut self, hours_before: i64, days_before: i64) -> Result<(), LedgerError> {
        self.inner.prune(hours_before, days_before)
    }
}
