//! How long to wait before more is read, so that no more than so many bytes come in a second.
//!
//! Pure: the time is an argument. The server feels it: what is not read fills a small buffer, then its own.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

/// Time that was lost is made up for by no more than this, so that no burst follows a pause of the server.
const SLACK: Duration = Duration::from_millis(250);

/// So many steps in a second, where they are not too small or too large.
const STEPS: u64 = 50;

/// A pace that is kept.
#[derive(Debug)]
pub(super) struct Pace {
    rate: NonZeroU64,
    /// When what has come so far should have come.
    due: Instant,
}

impl Pace {
    /// Begins now.
    pub(super) fn new(rate: NonZeroU64, now: Instant) -> Pace {
        Pace { rate, due: now }
    }

    /// Bytes to be read at a time.
    pub(super) fn step(rate: NonZeroU64) -> usize {
        let step = (rate.get() / STEPS).clamp(16, 64 * 1024);
        usize::try_from(step).unwrap_or(usize::MAX)
    }

    /// The receive buffer of the socket: what a second brings, as far as a connection can live with that.
    pub(super) fn buffer(rate: NonZeroU64) -> usize {
        let buffer = rate.get().clamp(16 * 1024, 4 * 1024 * 1024);
        usize::try_from(buffer).unwrap_or(usize::MAX)
    }

    /// So many bytes came now: wait so long before the next are read.
    pub(super) fn took(&mut self, bytes: usize, now: Instant) -> Duration {
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let nanos = u128::from(bytes as u64) * 1_000_000_000 / u128::from(self.rate.get());
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        self.due = self.due.max(earliest) + Duration::from_nanos(nanos);
        self.due.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(rate: u64) -> NonZeroU64 {
        NonZeroU64::new(rate).unwrap()
    }

    #[test]
    fn the_pace_is_kept_to_the_byte() {
        let start = Instant::now();
        let mut pace = Pace::new(rate(1000), start);
        let mut now = start;
        for bytes in [100, 1, 399, 500] {
            now += pace.took(bytes, now);
        }
        assert_eq!(now - start, Duration::from_secs(1));
    }

    #[test]
    fn a_pause_of_the_server_is_followed_by_a_small_burst_only() {
        let start = Instant::now();
        let mut pace = Pace::new(rate(1000), start);
        let late = start + Duration::from_secs(60);
        assert_eq!(pace.took(250, late), Duration::ZERO);
        assert_eq!(pace.took(100, late), Duration::from_millis(100));
    }

    #[test]
    fn steps_are_small_and_never_nothing() {
        assert_eq!(Pace::step(rate(1)), 16);
        assert_eq!(Pace::step(rate(1 << 20)), 20971);
        assert_eq!(Pace::step(rate(u64::MAX)), 64 * 1024);
        assert_eq!(Pace::buffer(rate(1)), 16 * 1024);
    }
}
