//! What is counted of a load test, by each thread for itself, and added up at the end.
//!
//! Promises: every request that was begun ends as answered, as an error, as aborted on purpose, or as in flight at
//! the end. Must not know: how it is shown.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::trouble::Trouble;

/// Three digits are right: a bucket is 0.1 % wide.
const DIGITS: u8 = 3;

/// Statuses from 100 to 999 (RFC 9110 15).
const STATUSES: usize = 1000;

/// What was counted.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Whole answers of any status, with a body that is as it should be where that is checked.
    pub answered: u64,
    /// Answers cut on purpose.
    pub aborted: u64,
    /// Errors by kind; each is a request that was not answered as it should be.
    pub troubles: [u64; Trouble::ALL.len()],
    /// Heads by status, also those whose body then failed.
    statuses: Vec<u64>,
    /// Bytes of bodies, without framing, of whatever came.
    pub body_bytes: u64,
    /// All bytes that were received.
    pub received: u64,
    /// All bytes that were sent.
    pub sent: u64,
    /// Bodies that were compared and are as they should be.
    pub verified: u64,
    /// Connections that were opened.
    pub connected: u64,
    /// Requests that were sent once more, since the server had closed the idle connection they went out on.
    pub retried: u64,
    /// Requests under way when the time was over.
    pub in_flight: u64,
    /// The longest of those had waited so long, since it should have begun.
    pub oldest: Duration,
    /// Requests whose time had come and that could not begin before the end.
    pub unsent: u64,
    /// From when each answered request should have begun to its end.
    pub latency: Latencies,
    /// From when it was really sent to its end; apart only in an open plan.
    pub raw: Latencies,
    /// From when it was really sent to the first byte of the answer.
    pub first_byte: Latencies,
    /// From the wish for a connection to having it.
    pub connecting: Latencies,
}

/// Times, in buckets.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies(fits(Histogram::new_with_bounds(1, HOUR, DIGITS)))
    }
}

/// What takes longer is counted as this.
const HOUR: u64 = 3_600_000_000_000;

#[allow(
    clippy::expect_used,
    reason = "the bounds are constants, the same for all, and right"
)]
fn fits<T, E: std::fmt::Debug>(outcome: Result<T, E>) -> T {
    outcome.expect("the bounds of a histogram are right")
}

impl Latencies {
    /// One more.
    pub fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(HOUR);
        self.0.saturating_record(nanos.max(1));
    }

    /// All of the other's too.
    pub fn add(&mut self, other: &Latencies) {
        fits(self.0.add(&other.0));
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that this share (0 to 1) of them did not exceed; none if there are none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let time = Duration::from_nanos(self.0.value_at_quantile(share));
        (!self.0.is_empty()).then_some(time.min(self.max()?))
    }

    /// The shortest.
    #[must_use]
    pub fn min(&self) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_nanos(self.0.min()))
    }

    /// The longest.
    #[must_use]
    pub fn max(&self) -> Option<Duration> {
        (!self.0.is_empty()).then(|| Duration::from_nanos(self.0.max()))
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        let mean = Duration::try_from_secs_f64(self.0.mean() / 1e9).ok();
        mean.filter(|_| !self.0.is_empty())
    }

    /// The standard deviation.
    #[must_use]
    pub fn deviation(&self) -> Option<Duration> {
        let deviation = Duration::try_from_secs_f64(self.0.stdev() / 1e9).ok();
        deviation.filter(|_| !self.0.is_empty())
    }

    /// The buckets that have any: their upper ends and how many are in each, in order.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let recorded = self.0.iter_recorded();
        recorded.map(|bucket| {
            let end = Duration::from_nanos(bucket.value_iterated_to());
            (end, bucket.count_since_last_iteration())
        })
    }
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            answered: 0,
            aborted: 0,
            troubles: [0; Trouble::ALL.len()],
            statuses: vec![0; STATUSES],
            body_bytes: 0,
            received: 0,
            sent: 0,
            verified: 0,
            connected: 0,
            retried: 0,
            in_flight: 0,
            oldest: Duration::ZERO,
            unsent: 0,
            latency: Latencies::default(),
            raw: Latencies::default(),
            first_byte: Latencies::default(),
            connecting: Latencies::default(),
        }
    }
}

impl Tally {
    /// Counts a head.
    pub fn count_status(&mut self, status: u16) {
        if let Some(count) = self.statuses.get_mut(usize::from(status)) {
            *count += 1;
        }
    }

    /// Counts an error.
    pub fn count_trouble(&mut self, trouble: Trouble) {
        if let Some(count) = self.troubles.get_mut(trouble.place()) {
            *count += 1;
        }
    }

    /// The statuses that came, in order, and how often.
    pub fn statuses(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        let numbered = (0_u16..).zip(self.statuses.iter().copied());
        numbered.filter(|(_, count)| *count > 0)
    }

    /// The kinds of errors that came, and how often.
    pub fn troubles(&self) -> impl Iterator<Item = (Trouble, u64)> + '_ {
        let all = Trouble::ALL.into_iter().zip(self.troubles);
        all.filter(|(_, count)| *count > 0)
    }

    /// Errors of all kinds.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.troubles.iter().sum()
    }

    /// What another thread counted too.
    pub fn add(&mut self, other: &Tally) {
        self.answered += other.answered;
        self.aborted += other.aborted;
        let troubles = self.troubles.iter_mut().zip(other.troubles);
        let statuses = self.statuses.iter_mut().zip(other.statuses.iter().copied());
        for (mine, other) in troubles.chain(statuses) {
            *mine += other;
        }
        self.body_bytes += other.body_bytes;
        self.received += other.received;
        self.sent += other.sent;
        self.verified += other.verified;
        self.connected += other.connected;
        self.retried += other.retried;
        self.in_flight += other.in_flight;
        self.oldest = self.oldest.max(other.oldest);
        self.unsent += other.unsent;
        self.latency.add(&other.latency);
        self.raw.add(&other.raw);
        self.first_byte.add(&other.first_byte);
        self.connecting.add(&other.connecting);
    }
}
