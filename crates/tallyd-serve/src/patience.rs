//! Patience: how long each connection of a worker may still wait, without a timer for each wait.
//!
//! Every connection has a slot with one deadline, which it moves by a plain store. One task per worker
//! looks over all slots a few times a second and wakes those whose time is over: on the hit path a
//! wait costs no timer. Deadlines are kept to within [`TICK`].

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

/// How often deadlines are looked at.
pub const TICK: Duration = Duration::from_millis(100);

/// Why a wait was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Wait,
    Late,
}

/// The connections of a worker and their deadlines.
#[derive(Debug, Default)]
pub struct Patience {
    slots: RefCell<Vec<Rc<Slot>>>,
}

/// One connection's deadline.
#[derive(Debug)]
pub struct Slot {
    place: Cell<usize>,
    /// Milliseconds of the worker's clock; `u64::MAX` for none.
    deadline: Cell<u64>,
    /// Between two requests: nothing is lost if it ends now.
    idle: Cell<bool>,
    verdict: Cell<Verdict>,
    waker: RefCell<Option<Waker>>,
}

impl Patience {
    /// A slot for a new connection.
    pub fn slot(&self) -> Rc<Slot> {
        let mut slots = self.slots.borrow_mut();
        let slot = Rc::new(Slot {
            place: Cell::new(slots.len()),
            deadline: Cell::new(u64::MAX),
            idle: Cell::new(true),
            verdict: Cell::new(Verdict::Wait),
            waker: RefCell::new(None),
        });
        slots.push(Rc::clone(&slot));
        slot
    }

    /// Gives a slot back.
    pub fn leave(&self, slot: &Slot) {
        let mut slots = self.slots.borrow_mut();
        slots.swap_remove(slot.place.get());
        if let Some(moved) = slots.get(slot.place.get()) {
            moved.place.set(slot.place.get());
        }
    }

    /// How many connections there are.
    pub fn count(&self) -> usize {
        self.slots.borrow().len()
    }

    /// Ends the waits whose deadline is before `now`.
    pub fn look(&self, now: u64) {
        for slot in self.slots.borrow().iter() {
            if slot.deadline.get() <= now {
                slot.end();
            }
        }
    }

    /// Ends the waits of connections between two requests.
    pub fn end_idle(&self) {
        for slot in self.slots.borrow().iter() {
            if slot.idle.get() {
                slot.end();
            }
        }
    }
}

impl Slot {
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

    fn end(&self) {
        self.verdict.set(Verdict::Late);
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_late(slot: &Slot) -> bool {
        slot.check(&Context::from_waker(Waker::noop())).is_err()
    }

    #[test]
    fn only_what_is_overdue_ends() {
        let patience = Patience::default();
        let (early, late) = (patience.slot(), patience.slot());
        early.until(100, false);
        late.until(200, false);
        patience.look(150);
        assert!(is_late(&early));
        assert!(!is_late(&late));
        early.until(300, false);
        assert!(!is_late(&early), "a new deadline is a new wait");
    }

    #[test]
    fn draining_ends_only_idle_connections() {
        let patience = Patience::default();
        let (idle, busy) = (patience.slot(), patience.slot());
        idle.until(u64::MAX, true);
        busy.rest();
        patience.end_idle();
        assert!(is_late(&idle));
        assert!(!is_late(&busy));
    }

    #[test]
    fn slots_can_leave_in_any_order() {
        let patience = Patience::default();
        let slots: Vec<_> = (0..5).map(|_| patience.slot()).collect();
        for place in [0, 3, 1, 4, 2] {
            patience.leave(&slots[place]);
        }
        assert_eq!(patience.count(), 0);
    }
}
