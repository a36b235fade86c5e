//! The meter: what one worker counts of its own work, for whoever watches it.
//!
//! Promises: noting something is a few plain loads and stores (no locked instruction, no lock, nothing shared
//! with another worker), because only the worker itself writes. Anybody may read at any time; a reading made in
//! the middle of a note may have one part of it and not the other. These are numbers of the process, gone with
//! it: the exact and durable ones are the ledger's.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets for how long replies take, in nanoseconds, with the seconds as metrics write
/// them. From a small file out of memory to a download over a slow line.
pub const BOUNDS: [(u64, &str); 18] = [
    (100_000, "0.0001"),
    (200_000, "0.0002"),
    (500_000, "0.0005"),
    (1_000_000, "0.001"),
    (2_000_000, "0.002"),
    (5_000_000, "0.005"),
    (10_000_000, "0.01"),
    (20_000_000, "0.02"),
    (50_000_000, "0.05"),
    (100_000_000, "0.1"),
    (200_000_000, "0.2"),
    (500_000_000, "0.5"),
    (1_000_000_000, "1.0"),
    (2_000_000_000, "2.0"),
    (5_000_000_000, "5.0"),
    (10_000_000_000, "10.0"),
    (30_000_000_000, "30.0"),
    (60_000_000_000, "60.0"),
];

/// One more than bounds: the last bucket has none.
const BUCKETS: usize = BOUNDS.len() + 1;

/// 1xx to 5xx.
const CLASSES: usize = 5;

/// The counters of one worker. On cache lines of its own (two, because processors fetch them in pairs):
/// workers next to each other in memory would otherwise slow each other down.
#[repr(align(128))]
#[derive(Debug, Default)]
pub struct Meter {
    classes: [AtomicU64; CLASSES],
    bytes: AtomicU64,
    accepted: AtomicU64,
    closed: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
    nanos: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

/// What one meter says, or several of them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Replies by the first digit of their status: 1xx to 5xx.
    pub classes: [u64; CLASSES],
    /// Body bytes that sockets took.
    pub bytes: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections that are open.
    pub open: u64,
    /// Replies that are being made or sent.
    pub in_flight: u64,
    /// How long all replies took together, in nanoseconds.
    pub nanos: u64,
    /// Replies by how long they took: up to each of [`BOUNDS`], and longer.
    pub buckets: [u64; BUCKETS],
}

/// By the worker that owns the meter, and by nobody else: two writers would lose what the other adds.
impl Meter {
    /// A connection was accepted.
    pub fn opened(&self) {
        add(&self.accepted, 1);
    }

    /// It is closed.
    pub fn closed(&self) {
        add(&self.closed, 1);
    }

    /// A request is there, and its reply begins.
    pub fn begun(&self) {
        add(&self.begun, 1);
    }

    /// The reply has ended, however it did.
    pub fn ended(&self) {
        add(&self.ended, 1);
    }

    /// A reply had this status, this many body bytes, and took this long.
    pub fn note(&self, status: u16, bytes: u64, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        // The first bounds hold nearly all replies: a scan finds them sooner than a search by halves.
        let bucket = BOUNDS.iter().position(|(bound, _)| nanos <= *bound);
        if let Some(count) = self.buckets.get(bucket.unwrap_or(BOUNDS.len())) {
            add(count, 1);
        }
        if let Some(count) = self.classes.get(usize::from(status / 100).wrapping_sub(1)) {
            add(count, 1);
        }
        add(&self.bytes, bytes);
        add(&self.nanos, nanos);
    }
}

impl Meter {
    /// What it says now.
    #[must_use]
    pub fn read(&self) -> Reading {
        let accepted = load(&self.accepted);
        Reading {
            classes: self.classes.each_ref().map(load),
            bytes: load(&self.bytes),
            accepted,
            // Read one after the other, an end may be seen without its beginning.
            open: accepted.saturating_sub(load(&self.closed)),
            in_flight: load(&self.begun).saturating_sub(load(&self.ended)),
            nanos: load(&self.nanos),
            buckets: self.buckets.each_ref().map(load),
        }
    }
}

impl AddAssign for Reading {
    fn add_assign(&mut self, more: Reading) {
        add_each(&mut self.classes, more.classes);
        self.bytes += more.bytes;
        self.accepted += more.accepted;
        self.open += more.open;
        self.in_flight += more.in_flight;
        self.nanos += more.nanos;
        add_each(&mut self.buckets, more.buckets);
    }
}

fn add_each<const N: usize>(sums: &mut [u64; N], more: [u64; N]) {
    for (sum, more) in sums.iter_mut().zip(more) {
        *sum += more;
    }
}

/// Not `fetch_add`: that is a locked instruction, which one writer alone does not need.
fn add(counter: &AtomicU64, more: u64) {
    let sum = counter.load(Ordering::Relaxed).wrapping_add(more);
    counter.store(sum, Ordering::Relaxed);
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_in_its_class_and_in_the_first_bucket_that_holds_it() {
        let meter = Meter::default();
        meter.note(200, 10, Duration::ZERO);
        meter.note(206, 1, Duration::from_nanos(100_000));
        meter.note(404, 0, Duration::from_nanos(100_001));
        meter.note(503, 0, Duration::from_secs(60));
        meter.note(599, 0, Duration::from_secs(61));
        let read = meter.read();
        assert_eq!(read.classes, [0, 2, 0, 1, 2]);
        assert_eq!(read.bytes, 11);
        assert_eq!(read.nanos, 121_000_200_001);
        let mut expected = [0; BUCKETS];
        expected[..2].copy_from_slice(&[2, 1]);
        expected[BUCKETS - 2..].copy_from_slice(&[1, 1]);
        assert_eq!(read.buckets, expected);
    }

    #[test]
    fn a_status_that_is_none_is_only_timed() {
        let meter = Meter::default();
        for status in [0, 99, 600, u16::MAX] {
            meter.note(status, 0, Duration::ZERO);
        }
        let read = meter.read();
        assert_eq!(read.classes, [0; CLASSES]);
        assert_eq!(read.buckets[0], 4);
    }

    #[test]
    fn gauges_are_what_began_and_has_not_ended() {
        let meter = Meter::default();
        for _ in 0..3 {
            meter.opened();
            meter.begun();
        }
        meter.closed();
        meter.ended();
        meter.ended();
        let read = meter.read();
        assert_eq!((read.accepted, read.open, read.in_flight), (3, 2, 1));
    }

    #[test]
    fn readings_add_up() {
        let (one, two) = (Meter::default(), Meter::default());
        one.opened();
        one.note(200, 5, Duration::from_nanos(7));
        two.opened();
        two.begun();
        two.note(304, 0, Duration::from_secs(90));
        let mut both = one.read();
        both += two.read();
        assert_eq!(both.classes, [0, 1, 1, 0, 0]);
        assert_eq!((both.accepted, both.open, both.in_flight), (2, 2, 1));
        assert_eq!((both.bytes, both.nanos), (5, 90_000_000_007));
        assert_eq!((both.buckets[0], both.buckets[BUCKETS - 1]), (1, 1));
    }

    #[test]
    fn bounds_are_in_order_and_their_texts_say_the_same() {
        assert!(BOUNDS.is_sorted_by(|one, next| one.0 < next.0));
        for (nanos, seconds) in BOUNDS {
            let exact = Duration::from_secs_f64(seconds.parse().unwrap());
            assert_eq!(exact, Duration::from_nanos(nanos), "{seconds}");
        }
    }
}
