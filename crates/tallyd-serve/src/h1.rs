//! The pump for HTTP/1.1: bytes to Request, and Reply and Resource to bytes and Receipt.
//!
//! One connection is one [`Pump`]. A buffer is held only while there is something in it.
//!
//! 1. wait for the first byte of a request, at most the keep-alive time
//! 2. read until the head is whole, at most the head time; what is no head is refused
//! 3. read the request's body and drop it
//! 4. answer, send, log
//! 5. go on with what is already there (pipelining), or wait again
//! 6. at the end, stay until a large last reply has left

mod body;
mod pending;
mod refused;

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use tallyd_http::head::{self, BodyLength, Head};
use tallyd_http::request::Method;

use crate::answer::{Answer, answer, refuse};
use crate::head::Connection;
use crate::receipt::{Client, Outcome};
use crate::send::{Asked, Delivery, Fate, Unconfirmed};
use crate::wire::Wire;
use crate::worker::{Serving, Worker};
use pending::Pending;
use refused::Refused;

/// Pipelined requests before other connections of the worker get their turn.
const TURN: u64 = 32;

/// One connection.
#[derive(Debug)]
pub struct Pump<'a> {
    worker: &'a Worker,
    wire: &'a Wire,
    client: Client,
    arrival: Arrival,
    answered: Cell<u64>,
    unconfirmed: Unconfirmed<'a>,
}

/// How a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Nobody was waiting behind it: it has hardly had time to ask.
    Alone,
    /// From a queue: what it asks has most likely arrived as well.
    InQueue,
}

/// Whether the connection goes on after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Request,
    End,
}

impl<'a> Pump<'a> {
    /// A pump for a connection that was just accepted.
    #[must_use]
    pub fn new(worker: &'a Worker, wire: &'a Wire, client: Client, arrival: Arrival) -> Self {
        Pump {
            worker,
            wire,
            client,
            arrival,
            answered: Cell::new(0),
            unconfirmed: Unconfirmed::new(worker, wire),
        }
    }

    /// Serves the connection to its end; returns how many requests were answered.
    pub async fn run(&self) -> u64 {
        let mut pending = Pending::default();
        loop {
            if pending.is_empty() && !self.wait(&mut pending).await {
                break;
            }
            if self.unconfirmed.is_full() && !Box::pin(self.make_room()).await {
                break;
            }
            // Not before: the configuration may have changed while the connection was idle.
            let serving = self.worker.serving();
            if self.exchange(&serving, &mut pending).await == Next::End {
                break;
            }
            if self.answered.get().is_multiple_of(TURN) {
                tokio::task::yield_now().await;
            }
        }
        pending.release(self.worker);
        if !self.unconfirmed.is_empty() {
            Box::pin(self.stay()).await;
        }
        self.answered.get()
    }

    /// Waits for the first byte of a request, without a buffer. False: there will be none.
    async fn wait(&self, pending: &mut Pending) -> bool {
        let answered = self.answered.get();
        if answered > 0 && self.worker.is_draining() {
            return false;
        }
        if answered == 0 && self.arrival == Arrival::InQueue {
            match pending.read_at_once(self.worker, self.wire) {
                Ok(true) => return true,
                Ok(false) => {}
                Err(_) => return false,
            }
        }
        pending.release(self.worker);
        // A new connection has as long as a head may take; an old one as long as the operator likes.
        let limit = match (answered, &self.worker.serving().world.limits) {
            (0, limits) => limits.head_timeout,
            (_, limits) => limits.keep_alive,
        };
        let deadline = self.worker.after(limit);
        if !self.unconfirmed.is_empty() && !Box::pin(self.confirm(deadline)).await {
            return false;
        }
        self.wire.slot().until(deadline, true);
        self.wire.readable().await.is_ok()
    }

    /// The first part of the wait for a request, while replies are on their way: they are looked at with each
    /// tick. True: the wait goes on, or is over because something has come.
    async fn confirm(&self, deadline: u64) -> bool {
        loop {
            match self.unconfirmed.look() {
                Fate::Settled => return true,
                Fate::Moving => {}
                Fate::Stalled => return self.cut(Outcome::Stalled),
            }
            let now = self.worker.millis();
            if now >= deadline || self.worker.is_draining() {
                return false;
            }
            self.wire.slot().until(now, true);
            match self.wire.readable().await {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                other => return other.is_ok(),
            }
        }
    }

    /// Waits until fewer replies are on their way. False: the client takes no more.
    async fn make_room(&self) -> bool {
        loop {
            match self.unconfirmed.look() {
                Fate::Stalled => return self.cut(Outcome::Stalled),
                _ if !self.unconfirmed.is_full() => return true,
                _ if self.wire.is_over() => return self.cut(Outcome::Reset),
                _ => {}
            }
            self.wire.slot().until(self.worker.millis(), false);
            self.wire.pause().await;
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
                    return match sent {
                        Ok(true) => Next::Request,
                        // A reply that was broken off is all there will be.
                        Err(_) => Next::End,
                        // The client's own last request, nothing unread: an ordinary close loses nothing.
                        // Where we decide to end, another request may be on its way, and reset the reply.
                        Ok(false) if last && all_read => Next::End,
                        Ok(false) => Box::pin(self.close(pending)).await,
                    };
                }
                Ok(Some(head)) => {
                    let plan = body::Plan::of(&head, serving, limits.body);
                    match Box::pin(body::read(self.worker, self.wire, pending, plan)).await {
                        Ok(fate) => body = fate,
                        Err(refused) => return self.refused(serving, pending, refused).await,
                    }
                    pending.look_again();
                    continue;
                }
                Err(error) => return self.refused(serving, pending, Refused::Head(error)).await,
            }
            // The first byte starts the head's time; waiting for it was the idle time.
            let deadline = *deadline.get_or_insert_with(|| self.worker.after(limits.head_timeout));
            if !pending.is_empty() {
                self.wire.slot().until(deadline, false);
            }
            match pending.read(self.worker, self.wire).await {
                Ok(()) => {}
                Err(Refused::Gone) => return Next::End,
                Err(refused) => return self.refused(serving, pending, refused).await,
            }
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
        let (now, started) = self.worker.moment();
        let shelf = serving.shelf(Some(request));
        self.wire.slot().rest();
        let answer = answer(shelf, request, now).await;
        let lasting = head.keep_alive && body != body::Fate::Unread && !self.worker.is_draining();
        let connection = Connection {
            version: request.version,
            keep: lasting && !serving.world.limits.keep_alive.is_zero(),
        };
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
        let (now, started) = self.worker.moment();
        let Some(status) = refused.status() else {
            return Next::End;
        };
        self.worker.voice.debug_with(|| {
            format!(
                "{}: refused with {}: {refused}",
                self.worker.name,
                status.code()
            )
        });
        self.wire.slot().rest();
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
        self.wire.shutdown();
        if !self.unconfirmed.is_empty() && !self.stay().await {
            return Next::End;
        }
        self.wire
            .slot()
            .until(self.worker.after(pending::LINGER), true);
        pending.drop_all(self.worker, self.wire).await;
        Next::End
    }

    /// Says that this was all, and stays until it has left: after a close nobody would know whether it did.
    /// What the client still sends is dropped. False: it did not take everything.
    async fn stay(&self) -> bool {
        self.wire.shutdown();
        let mut buffer = self.worker.buffer();
        let mut most = pending::LINGER_BYTES;
        let whole = loop {
            match self.unconfirmed.look() {
                Fate::Settled => break true,
                Fate::Moving if !self.wire.is_over() => {}
                Fate::Moving => break self.cut(Outcome::Reset),
                Fate::Stalled => break self.cut(Outcome::Stalled),
            }
            self.wire.slot().until(self.worker.millis(), false);
            if most == 0 {
                self.wire.pause().await;
                continue;
            }
            buffer.clear();
            match self.wire.read(&mut buffer, pending::ROOM).await {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
                // It hangs up, which most do when they have everything; who has only said all it wanted to
                // say still reads. Either way there is nothing more to hear.
                Ok(0) | Err(_) => most = 0,
                Ok(count) => most = most.saturating_sub(count),
            }
        };
        self.worker.give_back(buffer);
        whole
    }

    /// Gives up what has not left.
    fn cut(&self, cause: Outcome) -> bool {
        self.unconfirmed.cut(cause);
        false
    }
}
