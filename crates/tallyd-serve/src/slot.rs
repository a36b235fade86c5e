//! A slot: what one connection waits for, and until when.
//!
//! Every connection has one deadline, which it moves by a plain store. One task per worker looks over all
//! slots a few times a second and wakes those whose time is over: on the hit path a wait costs no timer.
//! Deadlines are kept to within [`TICK`].

use std::cell::{Cell, RefCell};
use std::io;
use std::task::{Context, Waker};
use std::time::Duration;

use mio::event::Event;

/// How often deadlines are looked at.
pub const TICK: Duration = Duration::from_millis(100);

/// What a connection can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// That there is something to read.
    Read,
    /// That there is room to write.
    Write,
}

/// What the event loop tells of a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watched {
    /// Nothing: it is not registered.
    #[default]
    Not,
    /// What can be read, and that it is over.
    Reads,
    /// Room to write as well.
    Both,
}

/// Why a wait was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Wait,
    Late,
}

/// What an event says.
#[derive(Clone, Copy, Debug, Default)]
struct Noted {
    readable: bool,
    writable: bool,
    /// The other side has said all, or the connection has died.
    ended: bool,
}

/// One connection's readiness and deadline.
#[derive(Debug)]
pub struct Slot {
    /// Where the worker keeps the connection.
    place: Cell<u64>,
    /// Milliseconds of the worker's clock; `u64::MAX` for none.
    deadline: Cell<u64>,
    /// Between two requests: nothing is lost if it ends now.
    idle: Cell<bool>,
    verdict: Cell<Verdict>,
    watched: Cell<Watched>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    /// The other side has ended, or both have: what can be read is never over.
    ended: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Default for Slot {
    fn default() -> Self {
        Slot {
            place: Cell::new(u64::MAX),
            deadline: Cell::new(u64::MAX),
            idle: Cell::new(true),
            verdict: Cell::new(Verdict::Wait),
            watched: Cell::default(),
            readable: Cell::new(false),
            writable: Cell::new(false),
            ended: Cell::new(false),
            waker: RefCell::new(None),
        }
    }
}

impl Slot {
    /// Where the worker keeps the connection.
    #[must_use]
    pub fn place(&self) -> u64 {
        self.place.get()
    }

    /// The worker keeps it there.
    pub fn settle(&self, place: u64) {
        self.place.set(place);
    }

    /// What the event loop tells of the socket.
    #[must_use]
    pub fn watched(&self) -> Watched {
        self.watched.get()
    }

    /// The event loop tells so much from here on.
    pub fn watch(&self, watched: Watched) {
        self.watched.set(watched);
    }

    /// Waits may last until `deadline` from here on.
    pub fn until(&self, deadline: u64, idle: bool) {
        self.deadline.set(deadline);
        self.idle.set(idle);
        self.verdict.set(Verdict::Wait);
    }

    /// No deadline: the server's own work is waited for.
    pub fn rest(&self) {
        self.until(u64::MAX, false);
    }

    /// Whether the time for a wait is over.
    #[must_use]
    pub fn is_overdue(&self, now: u64) -> bool {
        self.deadline.get() <= now
    }

    /// Whether nothing is lost if the connection ends now.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.idle.get()
    }

    /// To be asked in every poll of a wait: an error if its time is over.
    pub fn check(&self, context: &Context<'_>) -> io::Result<()> {
        if self.verdict.get() == Verdict::Late {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut waker = self.waker.borrow_mut();
        match &mut *waker {
            Some(known) if known.will_wake(context.waker()) => {}
            other => *other = Some(context.waker().clone()),
        }
        Ok(())
    }

    /// Whether a call in this direction may do something.
    #[must_use]
    pub fn is_ready(&self, direction: Direction) -> bool {
        match direction {
            Direction::Read => self.readable.get(),
            Direction::Write => self.writable.get(),
        }
    }

    /// There may be something to read.
    pub fn come(&self) {
        self.readable.set(true);
    }

    /// A call in this direction would have had to wait.
    pub fn exhausted(&self, direction: Direction) {
        match direction {
            Direction::Read => self.readable.set(false),
            Direction::Write => self.writable.set(false),
        }
    }

    /// A read brought less than it had room for: the next one would find nothing, unless it finds the end.
    pub fn drained(&self) {
        self.readable.set(self.ended.get());
    }

    /// The event loop tells of an event.
    pub fn note(&self, event: &Event) {
        self.noted(Noted {
            readable: event.is_readable(),
            writable: event.is_writable() || event.is_write_closed(),
            ended: event.is_read_closed() || event.is_error(),
        });
    }

    fn noted(&self, noted: Noted) {
        if noted.ended {
            self.ended.set(true);
        }
        if noted.readable || noted.ended {
            self.readable.set(true);
        }
        if noted.writable {
            self.writable.set(true);
        }
    }

    /// Whoever waits looks again.
    pub fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Nobody waits any more.
    pub fn forget_waker(&self) {
        self.waker.take();
    }

    /// Ends the wait.
    pub fn end(&self) {
        self.verdict.set(Verdict::Late);
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_late(slot: &Slot) -> bool {
        slot.check(&Context::from_waker(Waker::noop())).is_err()
    }

    #[test]
    fn a_new_deadline_is_a_new_wait() {
        let slot = Slot::default();
        slot.until(100, false);
        assert!(!slot.is_overdue(99) && slot.is_overdue(100));
        assert!(!is_late(&slot));
        slot.end();
        assert!(is_late(&slot));
        slot.until(300, false);
        assert!(!is_late(&slot));
        slot.rest();
        assert!(!slot.is_overdue(u64::MAX - 1));
    }

    #[test]
    fn the_end_can_be_read_after_all_else_was() {
        let slot = Slot::default();
        let readable = Noted {
            readable: true,
            ..Noted::default()
        };
        slot.noted(readable);
        slot.drained();
        assert!(!slot.is_ready(Direction::Read));
        // Data and end came in one event: no other will come for the end.
        slot.noted(Noted {
            ended: true,
            ..readable
        });
        slot.drained();
        assert!(slot.is_ready(Direction::Read));
        slot.exhausted(Direction::Read);
        assert!(!slot.is_ready(Direction::Read));
        assert!(!slot.is_ready(Direction::Write));
    }
}
