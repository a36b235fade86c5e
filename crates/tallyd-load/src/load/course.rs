//! The course of a load test: what happened in each second, and what is happening now.
//!
//! Promises: every request is in the second in which it ended, and in one only; bytes are in that in which they came.
//! Must not know: how it is shown.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::tally::Latencies;

/// What happened in a second, of all threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Whole answers.
    pub answered: u64,
    /// Errors.
    pub errors: u64,
    /// Bytes of bodies.
    pub body_bytes: u64,
    /// Half of the answers took no longer.
    pub p50: Option<Duration>,
    /// 99 in 100 of the answers took no longer.
    pub p99: Option<Duration>,
    /// The longest.
    pub max: Option<Duration>,
}

/// What one thread counted of a second.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// Which second; the first is 0.
    pub second: u64,
    /// Whole answers.
    pub answered: u64,
    /// Errors.
    pub errors: u64,
    /// Bytes of bodies.
    pub body_bytes: u64,
    /// The times of its answers.
    pub latency: Latencies,
}

impl Slice {
    /// What another thread counted of it too.
    pub fn add(&mut self, other: &Slice) {
        self.answered += other.answered;
        self.errors += other.errors;
        self.body_bytes += other.body_bytes;
        self.latency.add(&other.latency);
    }

    /// What is kept of it.
    #[must_use]
    pub fn second(&self) -> Second {
        Second {
            answered: self.answered,
            errors: self.errors,
            body_bytes: self.body_bytes,
            p50: self.latency.quantile(0.5),
            p99: self.latency.quantile(0.99),
            max: self.latency.max(),
        }
    }
}

/// What is happening now, for who watches; and the wish that it ends.
#[derive(Debug, Default)]
pub struct Live {
    /// Whole answers so far.
    pub answered: AtomicU64,
    /// Errors so far.
    pub errors: AtomicU64,
    /// Bytes of bodies so far.
    pub body_bytes: AtomicU64,
    /// Turns that are over so far.
    pub turns: AtomicU64,
    /// The last whole second.
    last: Mutex<Option<Second>>,
    /// The test shall end now.
    stop: AtomicBool,
}

impl Live {
    /// Ends the test: what is done so far is what it comes to.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// What the last whole second was like.
    #[must_use]
    pub fn last_second(&self) -> Option<Second> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, second: Second) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(second);
    }

    /// Whether it shall end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
