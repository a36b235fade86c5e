//! Faults that were found by looking for them: each was counted wrong once, or refused the next start.

use super::*;
use crate::batch::{Batch, Positions};
use crate::ledger::LedgerError;
use crate::window::Window;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A ledger that fails where it is told to.
#[derive(Debug)]
struct Faulty {
    inner: Sqlite,
    post: Arc<AtomicBool>,
    gaps: bool,
    window_at: Arc<AtomicI64>,
}
fn full() -> LedgerError {
    LedgerError::Full("test".into())
}
impl Ledger for Faulty {
    fn positions(&mut self) -> Result<Positions, LedgerError> {
        self.inner.positions()
    }
    fn number(&mut self, s: &str, p: &[u8]) -> Result<u64, LedgerError> {
        self.inner.number(s, p)
    }
    fn window(&mut self, v: &Version, h: u64) -> Result<Option<Window>, LedgerError> {
        if self.window_at.fetch_sub(1, Ordering::SeqCst) == 1 {
            return Err(full());
        }
        self.inner.window(v, h)
    }
    fn ended(&mut self, b: i64, m: usize) -> Result<Vec<(Version, u64, Window)>, LedgerError> {
        self.inner.ended(b, m)
    }
    fn post(&mut self, b: &Batch) -> Result<(), LedgerError> {
        if self.post.load(Ordering::SeqCst) {
            return Err(full());
        }
        self.inner.post(b)
    }
    fn changed_outside(&mut self) -> Result<bool, LedgerError> {
        self.inner.changed_outside()
    }
    fn settle_gaps(&mut self) -> Result<u64, LedgerError> {
        if self.gaps {
            Err(full())
        } else {
            self.inner.settle_gaps()
        }
    }
    fn prune(&mut self, h: i64, d: i64) -> Result<(), LedgerError> {
        self.inner.prune(h, d)
    }
}
fn faulty(place: &Place) -> (Faulty, Arc<AtomicBool>, Arc<AtomicI64>) {
    let mut inner = Sqlite::open(&place.ledger()).unwrap();
    inner.set_window_kind(Kind::FirstTouch).unwrap();
    let (post, window_at) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicI64::new(0)),
    );
    (
        Faulty {
            inner,
            post: Arc::clone(&post),
            gaps: false,
            window_at: Arc::clone(&window_at),
        },
        post,
        window_at,
    )
}
fn visit<'a>(today: u64, before: u64, spans: &'a [Span], time: i64, number: u64) -> Hit<'a> {
    Hit {
        time,
        visitor: Visitor {
            today,
            before,
            register: 0,
            rank: 0,
        },
        ..hit(number, spans, 0)
    }
}
const LOW: [Span; 1] = [Span {
    start: 0,
    length: 50,
}];
const HIGH: [Span; 1] = [Span {
    start: 50,
    length: 50,
}];
fn partials(place: &Place) -> u64 {
    let [n] = place.row("SELECT sum(partials) FROM files");
    n
}

#[test]
fn a_sync_that_still_runs_leaves_a_segment_alone_that_was_given_to_another() {
    let mut bad = Vec::new();
    for extra in (180..330u64).step_by(6) {
        let (place, disk) = (Place::new(), MemoryDisk::default());
        let run = Rc::new(RefCell::new(Run::start(&disk, &place)));
        let file = Rc::new(served("/a", 100));
        let number = Rc::new(AtomicU64::new(0));
        let one = {
            let (run, file, number) = (Rc::clone(&run), Rc::clone(&file), Rc::clone(&number));
            move || {
                let n = number.fetch_add(1, Ordering::SeqCst) + 1;
                let mut run = run.borrow_mut();
                let b = run.begin(0, &file, n, &[]);
                run.settle(0, &b, complete(100));
                run.clerk.cycle().unwrap();
            }
        };
        for _ in 0..40 {
            one();
        }
        let hook_one = one.clone();
        MemoryDisk::during_next_sync(move || {
            for _ in 0..extra {
                hook_one();
            }
        });
        let desk = Arc::clone(&run.borrow().desk);
        desk.sync_all().unwrap();
        let killed = disk.after_kill();
        let outcome = Run::try_start(&killed, &place, BOOT);
        if let Err(e) = outcome {
            bad.push((extra, e.to_string()));
        }
    }
    assert!(
        bad.is_empty(),
        "{} kills make the start refuse: {:?}",
        bad.len(),
        bad.first()
    );
}

#[test]
fn a_window_that_ends_and_moves_in_one_cycle_is_closed_once() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    run.supply();
    let t1 = now() - DAY - 10 * HOUR / 60;
    let b = run.journals[0].begin(&visit(11, 10, &LOW, t1, 1), &file.mark, &file.definition);
    run.settle(0, &b, complete(50));
    run.clerk.cycle().unwrap();
    assert_eq!(partials(&place), 0);
    run.clerk.last_look = None; // more than a minute later
    let b = run.journals[0].begin(&visit(12, 11, &LOW, now(), 2), &file.mark, &file.definition);
    run.settle(0, &b, complete(50));
    run.clerk.cycle().unwrap();
    assert_eq!(partials(&place), 1);
}

#[test]
fn windows_close_once_while_the_ledger_takes_nothing() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    run.supply();
    let t1 = now() - DAY - 10 * HOUR / 60;
    let b = run.journals[0].begin(&visit(11, 10, &LOW, t1, 1), &file.mark, &file.definition);
    run.settle(0, &b, complete(50));
    run.clerk.last_look = Some(std::time::Instant::now());
    run.stop();
    let mut run = Run::start(&disk, &place);
    let (ledger, fails, _) = faulty(&place);
    run.clerk.ledger = Box::new(ledger);
    fails.store(true, Ordering::SeqCst);
    // The first has nothing to post yet, and finds the window.
    run.clerk.cycle().unwrap();
    for _ in 0..5 {
        run.clerk.last_look = None;
        run.clerk.cycle().unwrap_err();
        run.clerk.close_windows().unwrap();
    }
    fails.store(false, Ordering::SeqCst);
    run.clerk.last_look = Some(std::time::Instant::now());
    run.clerk.cycle().unwrap();
    assert_eq!(partials(&place), 1);
}

#[test]
fn a_look_up_that_fails_halfway_forgets_no_window() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let run = Run::start(&disk, &place);
    let file = served("/a", 100);
    run.supply();
    let b = run.journals[0].begin(
        &visit(11, 10, &LOW, now() - HOUR, 1),
        &file.mark,
        &file.definition,
    );
    run.settle(0, &b, complete(50));
    run.stop();
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    let (ledger, _, window_at) = faulty(&place);
    run.clerk.ledger = Box::new(ledger);
    run.supply();
    let b = run.journals[0].begin(
        &visit(12, 11, &HIGH, now(), 2),
        &file.mark,
        &file.definition,
    );
    run.settle(0, &b, complete(50));
    window_at.store(2, Ordering::SeqCst);
    run.clerk.cycle().unwrap_err();
    run.clerk.cycle().unwrap();
    assert_eq!(place.file("/a"), [2, 2, 0, 0, 100, 1]);
}

#[test]
fn ranges_on_their_way_over_midnight_are_one_download() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    run.supply();
    let t = now();
    let a = run.journals[0].begin(
        &visit(11, 10, &LOW, t - HOUR, 1),
        &file.mark,
        &file.definition,
    );
    let b = run.journals[0].begin(&visit(12, 11, &HIGH, t, 2), &file.mark, &file.definition);
    run.settle(0, &b, complete(50));
    run.clerk.cycle().unwrap();
    run.settle(0, &a, complete(50));
    run.clerk.cycle().unwrap();
    let windows: [u64; 1] = place.row("SELECT count(*) FROM windows");
    assert_eq!((place.file("/a"), windows), ([2, 2, 0, 0, 100, 1], [1]));
}

#[test]
fn the_whole_twice_over_midnight_is_one_download() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let file = served("/a", 100);
    run.supply();
    let t = now();
    let a = run.journals[0].begin(
        &visit(11, 10, &[], t - HOUR, 1),
        &file.mark,
        &file.definition,
    );
    let b = run.journals[0].begin(&visit(12, 11, &[], t, 2), &file.mark, &file.definition);
    run.settle(0, &b, complete(100));
    run.clerk.cycle().unwrap();
    run.settle(0, &a, complete(100));
    run.clerk.cycle().unwrap();
    assert_eq!(place.file("/a"), [2, 2, 0, 0, 200, 1]);
}

#[test]
fn memory_does_not_grow_with_the_hits_while_nothing_can_be_written() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    let (ledger, fails, _) = faulty(&place);
    run.clerk.ledger = Box::new(ledger);
    let file = served("/a", 100);
    fails.store(true, Ordering::SeqCst);
    disk.fail(0, u64::MAX);
    let mut sizes = Vec::new();
    for n in 1..=100_000u64 {
        let b = run.begin(0, &file, n, &[]);
        run.settle(0, &b, complete(100));
        if n % 1000 == 0 {
            run.clerk.cycle().unwrap_err();
        }
        if n % 20_000 == 0 {
            sizes.push((
                n,
                run.clerk.readings.len(),
                run.clerk
                    .readings
                    .iter()
                    .map(|r| r.segment().words().len() * 8)
                    .sum::<usize>(),
            ));
        }
    }
    assert!(
        run.clerk.readings.len() < 8,
        "hits, segments, bytes: {sizes:?}"
    );
}

#[test]
fn a_start_that_fails_between_posting_and_gaps_can_be_repeated() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    disk.fail(0, u64::MAX);
    run.begin(0, &served("/a", 100), 1, &[]);
    run.clerk.cycle().unwrap();
    disk.fail(0, 0);
    let disk = disk.after_kill();
    drop(run);
    let (mut ledger, ..) = faulty(&place);
    ledger.gaps = true;
    let mut tally = Tally::new(Kind::FirstTouch);
    recover(&disk, &mut ledger, &mut tally, BOOT).unwrap_err();
    drop(ledger);
    let again = Run::try_start(&disk, &place, BOOT).map(drop);
    assert!(again.is_ok(), "{again:?}");
}

#[test]
fn a_copy_of_a_journal_is_not_counted_twice() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let run = Run::start(&disk, &place);
    let file = served("/a", 100);
    for n in 1..=5 {
        let b = run.begin(0, &file, n, &[]);
        run.settle(0, &b, complete(100));
    }
    drop(run);
    let disk = disk.after_kill();
    let name = disk.journal_with_entries();
    disk.copy(&name, "99999999.journal");
    let again = Run::try_start(&disk, &place, BOOT).map(drop);
    assert!(again.is_err(), "{:?}", place.file("/a"));
}

#[test]
fn keys_that_failed_once_and_were_written_then_are_no_trouble() {
    let (place, disk) = (Place::new(), MemoryDisk::default());
    let mut run = Run::start(&disk, &place);
    for _ in 0..10 {
        run.supply();
    }
    run.clerk.keys = Arc::new(KeyRing::open(Arc::new(disk.clone()), day_of(now()) - 1).unwrap());
    disk.fail(0, 1);
    run.clerk.cycle().unwrap();
    assert!(run.clerk.health.trouble().is_some());
    run.clerk.cycle().unwrap();
    assert_eq!(run.clerk.keys.keys().day, day_of(now()), "written");
    assert_eq!(run.clerk.health.trouble(), None);
}

fn rnd(s: &mut u64) -> u64 {
    *s = s
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *s >> 33
}
#[test]
fn power_cuts_with_several_pages_and_segments_used_again() {
    SEGMENT.with(|words| words.set(2048));
    let mut bad = Vec::new();
    for seed in 0..20u64 {
        let mut s = seed * 7919 + 1;
        let place = Place::new();
        let mut disk = MemoryDisk::default();
        let (mut base, mut boot) = (0u64, 1u64);
        for _life in 0..3 {
            let mut run = match Run::try_start(&disk, &place, boot) {
                Ok(r) => r,
                Err(e) => {
                    bad.push(format!("seed {seed}: {e}"));
                    break;
                }
            };
            let [hits, ended] =
                place.row("SELECT sum(hits), sum(complete+aborted+unsettled) FROM files");
            if hits < base || hits != ended {
                bad.push(format!(
                    "seed {seed}: hits {hits} ended {ended} safe {base}"
                ));
            }
            let file = served("/a", 100);
            let mut number = {
                let mut l = Sqlite::open(&place.ledger()).unwrap();
                l.number("", b"/a").unwrap()
            };
            if number != hits {
                bad.push(format!("seed {seed}: number {number} hits {hits}"));
            }
            base = hits;
            let rounds = rnd(&mut s) % 1500;
            let (cyc, syn) = (rnd(&mut s) % 200 + 1, rnd(&mut s) % 200 + 1);
            let mut open = Vec::new();
            for i in 0..rounds {
                number += 1;
                let w = usize::from(rnd(&mut s).is_multiple_of(2));
                let b = run.begin(w, &file, number, &[]);
                if rnd(&mut s).is_multiple_of(8) {
                    open.push((w, b));
                } else {
                    run.settle(w, &b, complete(100));
                }
                if rnd(&mut s).is_multiple_of(8) && !open.is_empty() {
                    let k = usize::try_from(rnd(&mut s)).unwrap() % open.len();
                    let (w, b) = open.swap_remove(k);
                    run.settle(w, &b, aborted(10));
                }
                if i.is_multiple_of(syn) {
                    run.desk.sync_all().unwrap();
                    base = number;
                }
                if i.is_multiple_of(cyc) {
                    run.clerk.cycle().unwrap();
                    base = number;
                }
            }
            if rnd(&mut s).is_multiple_of(3) {
                disk = disk.after_kill();
                base = number;
            } else {
                let mut bits = rnd(&mut s) << 31 ^ rnd(&mut s);
                disk = disk.after_power_cut(|| {
                    bits = bits.rotate_left(1);
                    bits & 1 == 1
                });
                boot += 1;
            }
            drop(run);
        }
    }
    assert!(
        bad.is_empty(),
        "{} {:#?}",
        bad.len(),
        &bad[..bad.len().min(5)]
    );
}
