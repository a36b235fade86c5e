//! The pump for HTTP/1.1: bytes to Request, and Reply and Resource to bytes and Receipt.
//!
//! One connection is one [`Pump`]. While nothing happens on it, it is no task and holds no buffer.
//!
//! 1. something has come: read it, and answer at once what needs no wait (`turn`)
//! 2. for all else the connection becomes a task (`go_on`):
//! 3. read until the head is whole, at most the head time; what is no head is refused
//! 4. read the request's body and drop it
//! 5. answer, send, log
//! 6. go on with what is already there (pipelining), until there is nothing: then it is no task again
//! 7. at the end, stay until a large last reply has left

mod body;
mod paused;
mod pending;
mod refused;
mod turn;

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use mio::event::Event;
use tallyd_http::head::{self, BodyLength, Head};
use tallyd_http::request::Method;
use tallyd_ledger::ahead;

use crate::answer::{Answer, answer, refuse};
use crate::head::Connection;
use crate::receipt::{Client, Outcome};
use crate::send::{Asked, Delivery, Fate, Unconfirmed};
use crate::slot::{Direction, Slot};
use crate::wire::Wire;
use crate::worker::{Serving, Worker};
use paused::PausedReply;
use pending::Pending;
use refused::Refused;

/// Pipelined requests before other connections of the worker get their turn.
const TURN: u64 = 32;

/// One connection.
#[derive(Debug)]
pub struct Pump {
    client: Client,
    answered: Cell<u64>,
    /// It has a task, which waits for what comes.
    is_busy: Cell<bool>,
    unconfirmed: Unconfirmed,
}

/// How a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nobody was waiting behind it: it has hardly had time to ask.
    Alone,
    /// Most likely what it asks has arrived as well: others were taken with it, or the system waited for that.
    Asking,
}

/// Whether the connection goes on after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Request,
    End,
}

/// What a task begins with.
#[derive(Debug)]
enum Task {
    /// What has been read, and not been answered.
    Requests,
    /// A reply that the socket did not take at once.
    Reply(Box<PausedReply>),
    /// Closing.
    Close,
    /// Staying until the last reply has left.
    Stay,
}

impl Pump {
    /// Takes a connection that was just accepted, as one of its worker's.
    pub fn begin(worker: &Rc<Worker>, wire: Wire, client: Client, arrival: Arrival) {
        let pump = Rc::new(Pump {
            client,
            answered: Cell::new(0),
            is_busy: Cell::new(false),
            unconfirmed: Unconfirmed::new(Rc::clone(worker), wire),
        });
        worker.connections.add(&pump);
        // A new connection has as long as a head may take; an old one as long as the operator likes.
        let limit = worker.serving().world.limits.head_timeout;
        pump.slot().until(worker.after(limit), true);
        match arrival {
            Arrival::Asking => pump.turn(),
            Arrival::Alone => pump.idle(),
        }
    }

    /// What it waits for, and until when.
    #[must_use]
    pub fn slot(&self) -> &Slot {
        self.wire().slot()
    }

    /// Something is about to happen: asks for the memory of what is looked at then.
    pub fn fetch_ahead(&self) {
        ahead::fetch(&self.answered);
        self.unconfirmed.fetch_ahead();
    }

    /// The event loop tells that something has happened.
    pub fn happened(self: &Rc<Self>, event: &Event) {
        self.slot().note(event);
        if self.is_busy.get() {
            self.slot().wake();
        } else if self.slot().is_ready(Direction::Read) {
            self.turn();
        }
    }

    /// Looks at the deadline, and at replies that are on their way; a few times a second.
    pub fn look(self: &Rc<Self>, now: u64) {
        let is_over = self.slot().is_overdue(now);
        if self.is_busy.get() {
            if is_over {
                self.slot().end();
            }
        } else if self.unconfirmed.look() == Fate::Stalled {
            self.cut(Outcome::Stalled);
            self.leave();
        } else if is_over {
            self.end();
        }
    }

    /// The worker takes no more requests: ends it, if nothing is lost by that.
    pub fn end_idle(self: &Rc<Self>) {
        if !self.is_busy.get() {
            self.end();
        } else if self.slot().is_idle() {
            self.slot().end();
        }
    }

    fn worker(&self) -> &Rc<Worker> {
        &self.unconfirmed.worker
    }

    fn wire(&self) -> &Wire {
        &self.unconfirmed.wire
    }

    /// Ends a connection that has no task, when its replies have left.
    fn end(self: &Rc<Self>) {
        if self.unconfirmed.is_empty() {
            self.leave();
        } else {
            self.become_task(Pending::default(), Task::Stay);
        }
    }

    fn leave(&self) {
        let worker = self.worker();
        if !worker.connections.leave(self) {
            return;
        }
        worker.meter.closed();
        worker.changed.notify_waiters();
        worker.voice.debug_with(|| {
            format!(
                "{}: connection from {} closed, requests answered: {}",
                worker.name,
                self.client,
                self.answered.get()
            )
        });
    }

    /// Waits for the next request, without a task. The deadline is set.
    fn idle(&self) {
        if self.wire().watch(Direction::Read).is_err() {
            self.leave();
        }
    }

    fn become_task(self: &Rc<Self>, pending: Pending, task: Task) {
        self.is_busy.set(true);
        let busy = Busy(Some(Rc::clone(self)));
        drop(tokio::task::spawn_local(busy.go_on(pending, task)));
    }

    /// Is no task any more: waits for the next request.
    fn rest(self: &Rc<Self>) {
        self.is_busy.set(false);
        self.slot().forget_waker();
        let limit = self.worker().serving().world.limits.keep_alive;
        self.slot().until(self.worker().after(limit), true);
        // What has come meanwhile is not told again.
        if self.slot().is_ready(Direction::Read) {
            self.turn();
        } else {
            self.idle();
        }
    }

    /// Answers the next request of those that have been read.
    async fn answer_next(&self, pending: &mut Pending) -> Next {
        if self.unconfirmed.is_full() && !Box::pin(self.make_room()).await {
            return Next::End;
        }
        // Not before: the configuration may have changed while the connection was idle.
        let serving = self.worker().serving();
        let next = self.exchange(&serving, pending).await;
        if self.answered.get().is_multiple_of(TURN) {
            self.worker().next_turn().await;
        }
        next
    }

    /// Waits until fewer replies are on their way. False: the client takes no more.
    async fn make_room(&self) -> bool {
        loop {
            match self.unconfirmed.look() {
                Fate::Stalled => return self.cut(Outcome::Stalled),
                _ if !self.unconfirmed.is_full() => return true,
                _ if self.wire().is_over() => return self.cut(Outcome::Reset),
                _ => {}
            }
            self.slot().until(self.worker().millis(), false);
            self.wire().pause().await;
        }
    }

    /// Reads one request, answers it, and says whether another may follow.
    async fn exchange(&self, serving: &Rc<Serving>, pending: &mut Pending) -> Next {
        let limits = &serving.world.limits;
        let mut deadline = None;
        let mut body = body::Fate::Unknown;
        loop {
            let worth_a_look = pending.is_worth_a_look(limits.head.head);
            let found = if worth_a_look {
                head::parse(pending.rest(), &limits.head)
            } else {
                Ok(None)
            };
            match found {
                Ok(None) => {}
                Ok(Some(head)) if body != body::Fate::Unknown || head.body == BodyLength::None => {
                    let sent = self.respond(serving, &head, body).await;
                    let (length, last) = (head.length, !head.keep_alive);
                    pending.consume(length);
                    let all_read = pending.is_empty() && body != body::Fate::Unread;
                    return self.after(sent, last && all_read, pending).await;
                }
                Ok(Some(head)) => {
                    let plan = body::Plan::of(&head, serving, limits.body);
                    match body::read(self.worker(), self.wire(), pending, plan).await {
                        Ok(fate) => body = fate,
                        Err(refused) => return self.refused(serving, pending, refused).await,
                    }
                    pending.look_again();
                    continue;
                }
                Err(error) => return self.refused(serving, pending, Refused::Head(error)).await,
            }
            // The first byte starts the head's time; waiting for it was the idle time.
            let deadline =
                *deadline.get_or_insert_with(|| self.worker().after(limits.head_timeout));
            if !pending.is_empty() {
                self.slot().until(deadline, false);
            }
            match pending.read(self.worker(), self.wire()).await {
                Ok(()) => {}
                Err(Refused::Gone) => return Next::End,
                Err(refused) => return self.refused(serving, pending, refused).await,
            }
        }
    }

    /// How the connection goes on after a reply, of which it is said whether another may follow.
    async fn after(&self, sent: Result<bool, Outcome>, all: bool, pending: &mut Pending) -> Next {
        match sent {
            Ok(true) => Next::Request,
            // A reply that was broken off is all there will be.
            Err(_) => Next::End,
            // The client's own last request, nothing unread: an ordinary close loses nothing.
            // Where we decide to end, another request may be on its way, and reset the reply.
            Ok(false) if all => Next::End,
            Ok(false) => self.close(pending).await,
        }
    }

    /// How the connection goes on after the reply to a request.
    fn connection(&self, serving: &Serving, head: &Head<'_>, body: body::Fate) -> Connection {
        let lasting = head.keep_alive && body != body::Fate::Unread && !self.worker().is_draining();
        Connection {
            version: head.request.version,
            keep: lasting && !serving.world.limits.keep_alive.is_zero(),
        }
    }

    /// Answers one whole request; says whether the connection stays open, or how the reply was broken off.
    async fn respond(
        &self,
        serving: &Serving,
        head: &Head<'_>,
        body: body::Fate,
    ) -> Result<bool, Outcome> {
        let request = &head.request;
        let (now, started) = self.worker().moment();
        let shelf = serving.shelf(Some(request));
        self.slot().rest();
        let answer = answer(shelf, request, now).await;
        let connection = self.connection(serving, head, body);
        let asked = Asked {
            client: self.client,
            started,
            request: Some(request),
            line: b"",
        };
        self.deliver(serving, asked, &answer, connection).await
    }

    async fn deliver(
        &self,
        serving: &Serving,
        asked: Asked<'_>,
        answer: &Answer,
        connection: Connection,
    ) -> Result<bool, Outcome> {
        self.answered.set(self.answered.get() + 1);
        let connection = connection.suiting(&answer.reply);
        let shelf = serving.shelf(asked.request);
        let delivery = Delivery::new(&self.unconfirmed, shelf, asked, answer);
        delivery.send(connection).await?;
        Ok(connection.keep)
    }

    /// The same as [`Pump::refuse`], in a box: the odd connection ends like that, and each would have room
    /// for it.
    async fn refused(&self, serving: &Serving, pending: &mut Pending, refused: Refused) -> Next {
        Box::pin(self.refuse(serving, pending, refused)).await
    }

    /// Says why there will be no answer, and hangs up.
    async fn refuse(&self, serving: &Serving, pending: &mut Pending, refused: Refused) -> Next {
        let (now, started) = self.worker().moment();
        let Some(status) = refused.status() else {
            return Next::End;
        };
        self.worker().voice.debug_with(|| {
            format!(
                "{}: refused with {}: {refused}",
                self.worker().name,
                status.code()
            )
        });
        self.slot().rest();
        // Also what is no proper head may say that it wants no body (RFC 9110 section 9.3.2).
        let method = match pending.first_line().starts_with(b"HEAD ") {
            true => Method::Head,
            false => Method::Get,
        };
        let answer = refuse(serving.shelf(None), status, method, now).await;
        let asked = Asked {
            client: self.client,
            started,
            request: None,
            line: pending.first_line(),
        };
        let connection = Connection {
            version: asked.version(),
            keep: false,
        };
        match self.deliver(serving, asked, &answer, connection).await {
            Ok(_) => self.close(pending).await,
            Err(_) => Next::End,
        }
    }

    /// Hangs up so that the last reply arrives: closing with unread bytes would reset the connection,
    /// and the reply with it (RFC 9112 section 9.6). What still comes is read and dropped for a moment.
    async fn close(&self, pending: &mut Pending) -> Next {
        self.wire().shutdown();
        if !self.unconfirmed.is_empty() && !self.stay().await {
            return Next::End;
        }
        self.slot()
            .until(self.worker().after(pending::LINGER), true);
        pending.drop_all(self.worker(), self.wire()).await;
        Next::End
    }

    /// Says that this was all, and stays until it has left: after a close nobody would know whether it did.
    /// What the client still sends is dropped. False: it did not take everything.
    async fn stay(&self) -> bool {
        self.wire().shutdown();
        let mut buffer = self.worker().buffer();
        let mut most = pending::LINGER_BYTES;
        let whole = loop {
            match self.unconfirmed.look() {
                Fate::Settled => break true,
                Fate::Moving if !self.wire().is_over() => {}
                Fate::Moving => break self.cut(Outcome::Reset),
                Fate::Stalled => break self.cut(Outcome::Stalled),
            }
            self.slot().until(self.worker().millis(), false);
            if most == 0 {
                self.wire().pause().await;
                continue;
            }
            buffer.clear();
            match self.wire().read(&mut buffer, pending::ROOM).await {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                // It hangs up, which most do when they have everything; who has only said all it wanted to
                // say still reads. Either way there is nothing more to hear.
                Ok(0) | Err(_) => most = 0,
                Ok(count) => most = most.saturating_sub(count),
            }
        };
        self.worker().give_back(buffer);
        whole
    }

    /// Gives up what has not left.
    fn cut(&self, cause: Outcome) -> bool {
        self.unconfirmed.cut(cause);
        false
    }
}

/// A connection's task. However it ends, the connection is idle then or has left.
struct Busy(Option<Rc<Pump>>);

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some(pump) = &self.0 {
            pump.leave();
        }
    }
}

impl Busy {
    /// Begins with `task`, and goes on until there is nothing to do but to wait for another request.
    async fn go_on(mut self, mut pending: Pending, task: Task) {
        let Some(pump) = self.0.clone() else { return };
        let mut next = match task {
            Task::Requests => Next::Request,
            Task::Reply(reply) => Box::pin(reply.go_on(&mut pending)).await,
            Task::Close => pump.close(&mut pending).await,
            Task::Stay => Next::End,
        };
        while next == Next::Request && !pending.is_empty() {
            next = pump.answer_next(&mut pending).await;
        }
        pending.release(pump.worker());
        let is_draining = pump.worker().is_draining() && pump.answered.get() > 0;
        if next == Next::Request && !is_draining {
            self.0 = None;
            return pump.rest();
        }
        if !pump.unconfirmed.is_empty() {
            Box::pin(pump.stay()).await;
        }
    }
}
