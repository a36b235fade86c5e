//! The clock of a worker: where one thing follows right after the other, the end of one is the start of the next.
//!
//! Promises: a time that is told was looked up, or is the end of what went on just before: between the two no task has run
//! and nothing was waited for. So a request costs one look instead of two, each some 25 ns.

use std::cell::Cell;
use std::time::Instant;

/// The clock.
#[derive(Debug, Default)]
pub struct Clock {
    /// Events are taken, one right after the other.
    has_events: Cell<bool>,
    /// When the last of them had been dealt with.
    last: Cell<Option<Instant>>,
}

impl Clock {
    /// From here on events are taken.
    pub fn begin(&self) {
        self.has_events.set(true);
    }

    /// From here on there are tasks or waits between two looks.
    pub fn end(&self) {
        self.has_events.set(false);
        self.last.set(None);
    }

    /// The time at the end of something: the next that begins may begin with it.
    #[must_use]
    pub fn ended(&self) -> Instant {
        let now = Instant::now();
        if self.has_events.get() {
            self.last.set(Some(now));
        }
        now
    }

    /// The time at the start of something.
    #[must_use]
    pub fn begun(&self) -> Instant {
        self.last.take().unwrap_or_else(Instant::now)
    }
}

#[cfg(test)]
mod tests {
    use std::hint::spin_loop;
    use std::time::Duration;

    use super::*;

    const WHILE: Duration = Duration::from_millis(2);

    fn pass_time() {
        let begin = Instant::now();
        while begin.elapsed() < WHILE {
            spin_loop();
        }
    }

    #[test]
    fn what_follows_begins_where_the_last_has_ended() {
        let clock = Clock::default();
        clock.begin();
        let end = clock.ended();
        assert_eq!(clock.begun(), end);
        // Only what follows right after it.
        pass_time();
        assert!(clock.begun().duration_since(end) >= WHILE);
    }

    #[test]
    fn after_a_wait_and_among_tasks_it_is_looked_at_again() {
        let clock = Clock::default();
        clock.begin();
        let end = clock.ended();
        clock.end();
        pass_time();
        assert!(clock.begun().duration_since(end) >= WHILE);
        let end = clock.ended();
        pass_time();
        assert!(clock.begun().duration_since(end) >= WHILE);
    }
}
