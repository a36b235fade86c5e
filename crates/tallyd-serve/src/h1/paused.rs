//! A reply that the socket did not take at once: everything it needs to go on, in a task of its own.
//!
//! Promises: its Receipt is made, also if it never goes on.

use std::cell::RefCell;
use std::rc::Rc;

use tallyd_http::head::{self, Head};

use super::pending::Pending;
use super::{Next, Pump};
use crate::answer::Answer;
use crate::send::{Asked, Delivery, Paused};
use crate::worker::Serving;

/// A reply that was begun, with the request that it answers.
#[derive(Debug)]
pub struct PausedReply {
    pump: Rc<Pump>,
    serving: Rc<Serving>,
    answer: Answer,
    /// How far it has come, and what was read: that begins with the head that is answered.
    state: RefCell<Option<(Paused, Pending)>>,
}

impl Drop for PausedReply {
    fn drop(&mut self) {
        if let Some((mut paused, pending)) = self.state.take() {
            // Dropped at once: that makes the Receipt.
            drop(self.delivery(self.head(&pending).as_ref(), &mut paused));
        }
    }
}

impl PausedReply {
    /// What was sent of `answer` so far is in `paused`.
    pub fn new(
        pump: &Rc<Pump>,
        serving: &Rc<Serving>,
        pending: Pending,
        answer: Answer,
        paused: Paused,
    ) -> PausedReply {
        PausedReply {
            pump: Rc::clone(pump),
            serving: Rc::clone(serving),
            answer,
            state: RefCell::new(Some((paused, pending))),
        }
    }

    /// Sends the rest. What follows the request is left in `rest`.
    pub async fn go_on(self, rest: &mut Pending) -> Next {
        let Some((mut paused, mut pending)) = self.state.take() else {
            return Next::End;
        };
        let head = self.head(&pending);
        let end = head.as_ref().map(|head| (head.length, !head.keep_alive));
        let delivery = self.delivery(head.as_ref(), &mut paused);
        let keep = paused.connection.keep;
        let sent = delivery.send_rest(paused).await;
        drop(head);
        let (length, last) = end.unwrap_or((0, true));
        pending.consume(length);
        *rest = pending;
        let all = last && rest.is_empty();
        self.pump.after(sent.map(|()| keep), all, rest).await
    }

    /// The head that is answered. It was whole before, so it is still.
    fn head<'a>(&self, pending: &'a Pending) -> Option<Head<'a>> {
        let limits = &self.serving.world.limits.head;
        head::parse(pending.rest(), limits).ok().flatten()
    }

    fn delivery<'a>(&'a self, head: Option<&'a Head<'a>>, paused: &mut Paused) -> Delivery<'a> {
        let request = head.map(|head| &head.request);
        let asked = Asked {
            client: self.pump.client,
            started: paused.started,
            request,
            line: b"",
        };
        let shelf = self.serving.shelf(request);
        Delivery::resumed(&self.pump.unconfirmed, shelf, asked, &self.answer, paused)
    }
}
