//! A place for one connection at a time, and for the exchange that is under way on it.
//!
//! Promises: an exchange that slows down on purpose takes no more than its rate. Must not know: which turn is next.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::epoll::EventFlags;

use super::super::channel::{Came, Channel};
use super::super::exchange::{Exchange, Progress};
use super::super::plan::{Ask, Plan, Reading};
use super::super::tally::Tally;
use super::super::trouble::Trouble;
use crate::answer::Reader;

/// The system says that the other side has closed, or that it is over.
pub(super) const END: EventFlags = EventFlags::RDHUP
    .union(EventFlags::HUP)
    .union(EventFlags::ERR);

/// So often one connection is read before it is the turn of others. A hundred downloads that are compared as they come
/// are up to 50 MB for each round then, some 30 ms: turns of a schedule and the wish to stop wait no longer.
const READS: usize = 8;

/// Who reads slowly takes so much of a second's worth at once.
const PORTION: u64 = 50;

/// The smallest buffers that systems have, and one that is no limit to anybody.
const RECEIVE_BUFFERS: std::ops::RangeInclusive<u64> = 4096..=262_144;

/// Where the connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// There is none, or nothing is asked on it.
    #[default]
    Idle,
    Connecting,
    Asking,
    /// It could not be made, and is not tried again for a while.
    Resting,
}

/// What receiving came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The system will tell when there is more.
    Going,
    /// There may be more already.
    Again,
    Whole {
        keeps: bool,
    },
    Cut,
    Failed(Trouble),
}

#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) state: State,
    pub(super) channel: Option<Channel>,
    pub(super) server: usize,
    pub(super) exchange: Option<Exchange>,
    reader: Reader,
    /// Connections that this slot has had: events of an earlier one are of no interest.
    generation: u32,
    /// Whole exchanges on this connection.
    served: u64,
    /// The wish for this connection.
    wished: Duration,
    /// Bytes a second that this connection was made for.
    pace: Option<u64>,
    /// The other side has said its last: what is read now is read to the end, and nothing more is asked.
    has_ended: bool,
    /// It is looked at again without an event.
    pub(super) is_listed: bool,
    /// Nothing is done before this.
    rests_until: Duration,
}

/// What is of no slot.
pub(super) const NONE: u64 = u64::MAX;

/// Which slot an event is of.
pub(super) fn place(data: u64) -> usize {
    usize::try_from(data & u64::from(u32::MAX)).unwrap_or(usize::MAX)
}

impl Slot {
    /// Whether an event is of the connection that is here now.
    pub(super) fn is_of(&self, data: u64) -> bool {
        self.channel.is_some() && data >> 32 == u64::from(self.generation)
    }

    /// Whether `ask` can be sent on the connection that is here. Who reads slowly has a connection of its own: one with
    /// large buffers would make it quick for all that the server sees.
    pub(super) fn fits(&self, plan: &Plan, ask: &Ask) -> bool {
        let is_same = self.server == ask.server && self.pace == pace(plan.limit_rate, ask.reading);
        self.channel.is_some() && is_same
    }

    /// Begins to connect for `ask`; its server is at `address`.
    pub(super) fn connect(
        &mut self,
        plan: &Plan,
        ask: &Ask,
        address: SocketAddr,
        epoll: impl AsFd,
        at: usize,
        now: Duration,
    ) -> io::Result<()> {
        self.generation = self.generation.wrapping_add(1);
        let data = u64::from(self.generation) << 32 | at as u64;
        self.pace = pace(plan.limit_rate, ask.reading);
        let buffer = self.pace.map(|rate| {
            let bytes = (rate / 8).clamp(*RECEIVE_BUFFERS.start(), *RECEIVE_BUFFERS.end());
            usize::try_from(bytes).unwrap_or(usize::MAX)
        });
        self.channel = None;
        self.channel = Some(Channel::open(address, epoll, data, buffer)?);
        self.state = State::Connecting;
        (self.server, self.served, self.wished) = (ask.server, 0, now);
        (self.has_ended, self.rests_until) = (false, Duration::ZERO);
        Ok(())
    }

    pub(super) fn connected(&mut self, now: Duration, tally: &mut Tally) -> io::Result<()> {
        if let Some(channel) = &self.channel {
            channel.connected()?;
        }
        tally.connected += 1;
        tally.connecting.record(now.saturating_sub(self.wished));
        Ok(())
    }

    /// Sends what the system takes of the rest of the request.
    pub(super) fn send(&mut self, asks: &[Ask], tally: &mut Tally) -> Result<(), Trouble> {
        let (Some(channel), Some(exchange)) = (&self.channel, &mut self.exchange) else {
            return Ok(());
        };
        let Some(ask) = asks.get(exchange.turn.ask) else {
            return Ok(());
        };
        if exchange.sent == 0 {
            self.reader.expect(ask.to);
            self.state = State::Asking;
        }
        match channel.send(ask.bytes.get(exchange.sent..).unwrap_or_default()) {
            Came::Bytes(count) => {
                exchange.sent += count;
                tally.sent += count as u64;
                Ok(())
            }
            Came::Nothing | Came::Closed => Ok(()),
            Came::Broken(trouble) => Err(trouble),
        }
    }

    pub(super) fn has_to_send(&self, asks: &[Ask]) -> bool {
        let exchange = self.exchange.as_ref();
        exchange.is_some_and(|exchange| {
            let ask = asks.get(exchange.turn.ask);
            ask.is_some_and(|ask| exchange.sent < ask.bytes.len())
        })
    }

    /// The system has told of the end. It tells once, so this is kept for as long as there is something to be read.
    pub(super) fn end(&mut self) {
        self.has_ended = true;
    }

    /// Receives what there is, up to a limit that lets others have their turn.
    pub(super) fn receive(
        &mut self,
        plan: &Plan,
        buffer: &mut [u8],
        tally: &mut Tally,
        start: Instant,
    ) -> (Duration, Step) {
        let mut now = start.elapsed();
        for _ in 0..READS {
            let (Some(channel), Some(exchange)) = (&self.channel, &mut self.exchange) else {
                return (now, Step::Going);
            };
            let Some(ask) = plan.asks.get(exchange.turn.ask) else {
                return (now, Step::Going);
            };
            let room =
                match pace(plan.limit_rate, ask.reading).map(|rate| portion(rate, exchange, now)) {
                    None => buffer.len(),
                    Some(Ok(bytes)) => buffer.len().min(bytes),
                    Some(Err(wait)) => {
                        self.rests_until = now + wait;
                        return (now, Step::Again);
                    }
                };
            let came = channel.receive(buffer.get_mut(..room).unwrap_or_default());
            now = start.elapsed();
            let progress = match came {
                Came::Nothing => return (now, Step::Going),
                Came::Broken(trouble) => return (now, Step::Failed(trouble)),
                Came::Closed => exchange.close(&self.reader),
                Came::Bytes(count) => {
                    tally.received += count as u64;
                    exchange.first_byte.get_or_insert(now);
                    let bytes = buffer.get(..count).unwrap_or_default();
                    let progress = exchange.take(ask, &mut self.reader, bytes, tally);
                    if exchange.status != 0 {
                        exchange.progress = now;
                    }
                    progress
                }
            };
            match progress {
                Ok(Progress::Whole { keeps }) => {
                    if came == Came::Bytes(room) && channel.has_more() {
                        return (now, Step::Failed(Trouble::Excess));
                    }
                    self.served += 1;
                    let is_sent = exchange.sent >= ask.bytes.len();
                    let keeps = keeps && plan.keep_alive && is_sent && !self.has_ended;
                    return (now, Step::Whole { keeps });
                }
                Ok(Progress::Cut) => return (now, Step::Cut),
                Err(trouble) => return (now, Step::Failed(trouble)),
                // Less than there was room for: that was all (epoll(7)), but for the end.
                Ok(Progress::Going) if !self.has_ended && came != Came::Bytes(room) => {
                    return (now, Step::Going);
                }
                Ok(Progress::Going) => {}
            }
        }
        (now, Step::Again)
    }

    /// Something came though nothing was asked: the server has closed, or is about to (RFC 9112 9.5).
    pub(super) fn look_for_the_end(&mut self) {
        let Some(channel) = &self.channel else { return };
        if channel.receive(&mut [0]) != Came::Nothing {
            self.channel = None;
        }
    }

    /// Whether this trouble is only that of a connection which the server had closed while nothing was asked.
    pub(super) fn was_stale(&self, trouble: Trouble, asks: &[Ask]) -> bool {
        let Some(exchange) = &self.exchange else {
            return false;
        };
        let method = asks.get(exchange.turn.ask).map(|ask| &*ask.method);
        // Only what may be sent twice (RFC 9112 9.3.1).
        let is_safe = matches!(method, Some("GET" | "HEAD" | "OPTIONS" | "TRACE"));
        let is_closed = matches!(trouble, Trouble::Reset | Trouble::NoAnswer);
        let is_first = self.served == 0 || exchange.is_retry;
        is_closed && is_safe && !is_first && self.reader.is_fresh()
    }

    pub(super) fn rest(&mut self, until: Duration) {
        self.state = State::Resting;
        self.rests_until = until;
    }

    pub(super) fn is_resting(&self, now: Duration) -> bool {
        self.rests_until > now
    }
}

/// Bytes a second that are taken at most.
fn pace(limit: Option<u64>, reading: Reading) -> Option<u64> {
    match (limit, reading) {
        (Some(limit), Reading::Slow(rate)) => Some(limit.min(rate)),
        (limit, Reading::Slow(rate)) => Some(limit.unwrap_or(rate)),
        (limit, _) => limit,
    }
}

/// So many bytes may be taken now; or how long it is until then.
fn portion(rate: u64, exchange: &Exchange, now: Duration) -> Result<usize, Duration> {
    let rate = rate.max(1);
    let least = (rate / PORTION).max(1);
    let since = now.saturating_sub(exchange.first_byte.unwrap_or(now));
    let earned = since.as_secs_f64() * rate as f64 + least as f64;
    let left = earned - exchange.body as f64;
    if left >= least as f64 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and far below 2^53"
        )]
        return Ok(left as usize);
    }
    let missing = (least as f64 - left) / rate as f64;
    Err(Duration::try_from_secs_f64(missing).unwrap_or(Duration::ZERO))
}
