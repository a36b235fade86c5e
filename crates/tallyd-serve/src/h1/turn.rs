//! What needs no wait: requests that have come are read and answered by plain calls, out of the event loop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use tallyd_http::head::{self, BodyLength};

use super::paused::PausedReply;
use super::pending::Pending;
use super::{Pump, TURN, Task, body};
use crate::answer::answer_at_once;
use crate::send::{Asked, Delivery, Sent};
use crate::slot::Direction;
use crate::worker::Serving;

/// What a connection has to do after all that could be done at once.
#[derive(Debug)]
enum Then {
    /// Wait for the next request.
    Idle,
    /// Nothing: it has ended.
    End,
    /// Go on as a task, and begin with this.
    Task(Task),
}

impl Pump {
    /// Something has come, or may have: answers what can be answered at once. The connection has no task.
    pub(super) fn turn(self: &Rc<Self>) {
        let mut pending = Pending::default();
        // A fault in one connection must not end the event loop of all.
        let then = catch_unwind(AssertUnwindSafe(|| self.at_once(&mut pending)));
        match then {
            Ok(Then::Task(task)) => {
                self.wire().push();
                self.become_task(pending, task);
            }
            Ok(Then::Idle) => {
                self.wire().push();
                pending.release(self.worker());
                self.idle();
            }
            // The end pushes what was held back.
            Ok(Then::End) => {
                pending.release(self.worker());
                self.end();
            }
            // The panic has been said on standard error.
            Err(_) => self.leave(),
        }
    }

    /// Reads, and answers all that needs no wait.
    fn at_once(self: &Rc<Self>, pending: &mut Pending) -> Then {
        let worker = self.worker();
        let serving = worker.serving();
        for _ in 0..TURN {
            if pending.is_empty() {
                // A short read was all there is: not asked again.
                let is_new = self.answered.get() == 0 || self.slot().is_ready(Direction::Read);
                match is_new.then(|| pending.read_at_once(worker, self.wire())) {
                    Some(Ok(true)) => {}
                    None | Some(Ok(false)) => return Then::Idle,
                    Some(Err(_)) => return Then::End,
                }
            }
            if worker.teller.waits() || self.unconfirmed.is_full() {
                return Then::Task(Task::Requests);
            }
            match self.exchange_at_once(&serving, pending) {
                None => {}
                Some(then) => return then,
            }
        }
        Then::Task(Task::Requests)
    }

    /// Answers one request, if that needs no wait; nothing if another may follow.
    fn exchange_at_once(
        self: &Rc<Self>,
        serving: &Rc<Serving>,
        pending: &mut Pending,
    ) -> Option<Then> {
        let limits = &serving.world.limits;
        // Head and answer are looked at where they are made: moving them costs more than some of what they are for.
        let parsed = head::parse(pending.rest(), &limits.head);
        let head = match &parsed {
            Ok(Some(head)) if head.body == BodyLength::None => head,
            // Not whole, with a body, or no head at all.
            _ => return Some(Then::Task(Task::Requests)),
        };
        let (now, started) = self.worker().moment();
        let shelf = serving.shelf(Some(&head.request));
        let mut answered = answer_at_once(shelf, &head.request, now);
        let Some(answer) = &answered else {
            return Some(Then::Task(Task::Requests));
        };
        self.answered.set(self.answered.get() + 1);
        let connection = self.connection(serving, head, body::Fate::Dropped);
        let connection = connection.suiting(&answer.reply);
        let asked = Asked {
            client: self.client,
            started,
            request: Some(&head.request),
            line: b"",
        };
        let (length, last) = (head.length, !head.keep_alive);
        // Answers to requests that came together leave together, which saves most of what they cost.
        let more = pending.has_head_after(length);
        let sent = {
            let mut delivery = Delivery::new(&self.unconfirmed, shelf, asked, answer);
            delivery.send_at_once(connection, more)
        };
        match sent {
            Sent::Over => return Some(Then::End),
            Sent::Part(paused) => {
                let Some(answer) = answered.take() else {
                    return Some(Then::End);
                };
                let reply = PausedReply::new(self, serving, pending.take(), answer, paused);
                return Some(Then::Task(Task::Reply(Box::new(reply))));
            }
            Sent::All => {}
        }
        pending.consume(length);
        match (connection.keep, last && pending.is_empty()) {
            (true, _) => {
                let idle = self.worker().later(now, limits.keep_alive);
                self.slot().until(idle, true);
                None
            }
            // The client's own last request, nothing unread: an ordinary close loses nothing.
            (false, true) => Some(Then::End),
            (false, false) => Some(Then::Task(Task::Close)),
        }
    }
}
