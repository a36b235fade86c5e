//! What is asked, of whom, in which order, how fast and how often: all of a load test, as data.
//!
//! Promises: the turn at a place in the order is the same whoever takes it. Must not know: sockets and clocks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::truth::Truth;
use crate::answer::To;
use crate::files::draw;

/// A load test.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who is asked.
    pub servers: Vec<Server>,
    /// All that can be asked; never none.
    pub asks: Vec<Ask>,
    /// Which of them when.
    pub order: Order,
    /// When it is over: at the first of these.
    pub limits: Limits,
    /// When each begins.
    pub pace: Pace,
    /// So many connections at once, of all threads together.
    pub connections: usize,
    /// So many threads.
    pub threads: usize,
    /// Whether a connection is used again.
    pub keep_alive: bool,
    /// Bytes of bodies a second that each connection takes at most.
    pub limit_rate: Option<u64>,
    /// A head may take so long, and a pause in a body.
    pub timeout: Duration,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What Host says.
    pub authority: String,
    /// Where it is; the first that answers is used.
    pub addresses: Vec<SocketAddr>,
}

/// Something that can be asked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Of which server: its place in the plan.
    pub server: usize,
    /// The method, for the log.
    pub method: Box<str>,
    /// The target, for the log.
    pub target: Box<str>,
    /// The whole request as it goes on the wire.
    pub bytes: Box<[u8]>,
    /// Whether the response may have a body.
    pub to: To,
    /// What its body should be, where that is checked.
    pub truth: Option<Arc<Truth>>,
    /// How it is read.
    pub reading: Reading,
}

/// How a body is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// As fast as it comes.
    #[default]
    Whole,
    /// At most so many bytes a second.
    Slow(u64),
    /// To this byte of the body; then the connection is cut, on purpose.
    Abort(u64),
}

/// Which ask comes when.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// One after the other, and again from the first.
    InOrder,
    /// Each once in a drawn order, and again in the same order.
    Shuffled(Vec<u32>),
    /// Drawn by weight, anew for each turn.
    Weighted {
        /// For each ask the sum of the weights up to and with it; never without one.
        sums: Vec<u64>,
        /// What decides the draws.
        seed: u64,
    },
    /// Exactly these, once.
    Script(Vec<u32>),
    /// Exactly these at their times, once.
    Recorded(Vec<Arrival>),
}

/// An ask with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Since the start.
    pub at: Duration,
    /// Its place among the asks.
    pub ask: u32,
}

/// When a load test is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// After so many requests.
    pub requests: Option<u64>,
    /// After so long.
    pub time: Option<Duration>,
}

/// When requests begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Each connection asks again as soon as it was answered.
    Closed,
    /// So many a second on schedule, whatever the answers do.
    Open(f64),
    /// At the times of [`Order::Recorded`], divided by this.
    Recorded(f64),
}

/// One turn: what is asked next, and when it should begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Its number; the first is 0.
    pub place: u64,
    /// Its place among the asks.
    pub ask: usize,
    /// Since the start; none: as soon as can be.
    pub due: Option<Duration>,
}

impl Plan {
    /// So many turns there are, if that is known before.
    #[must_use]
    pub fn turns(&self) -> Option<u64> {
        let script = match &self.order {
            Order::Script(script) => Some(script.len() as u64),
            Order::Recorded(arrivals) => Some(arrivals.len() as u64),
            _ => None,
        };
        match (script, self.limits.requests) {
            (Some(script), Some(requests)) => Some(script.min(requests)),
            (script, requests) => script.or(requests),
        }
    }

    /// The turn at `place`; none behind the last.
    #[must_use]
    pub fn turn(&self, place: u64) -> Option<Turn> {
        if self.turns().is_some_and(|turns| place >= turns) {
            return None;
        }
        let (ask, at) = self.order.at(place, self.asks.len())?;
        let due = match (self.pace, at) {
            (Pace::Closed, _) => None,
            (Pace::Open(rate), _) => seconds(place as f64 / rate),
            (Pace::Recorded(speed), at) => seconds(at.unwrap_or_default().as_secs_f64() / speed),
        };
        let is_over = matches!((due, self.limits.time), (Some(due), Some(time)) if due >= time);
        (!is_over).then_some(Turn { place, ask, due })
    }

    /// So many turns should have begun within `time`.
    #[must_use]
    pub fn due_before(&self, time: Duration) -> u64 {
        let time = self.limits.time.map_or(time, |limit| limit.min(time));
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive; what is too large becomes the largest, and there are fewer turns"
        )]
        let due = match (self.pace, &self.order) {
            (Pace::Open(rate), _) => (time.as_secs_f64() * rate).ceil() as u64,
            (Pace::Recorded(speed), Order::Recorded(arrivals)) => {
                let is_due =
                    |arrival: &Arrival| arrival.at.as_secs_f64() / speed < time.as_secs_f64();
                arrivals.partition_point(is_due) as u64
            }
            _ => 0,
        };
        self.turns().map_or(due, |turns| turns.min(due))
    }

    /// Whether a schedule lasts until the time is over, and not only as long as there are turns.
    #[must_use]
    pub fn fills_its_time(&self) -> bool {
        match (self.pace, self.limits.time) {
            (Pace::Open(rate), Some(time)) => self
                .turns()
                .is_none_or(|turns| turns as f64 / rate >= time.as_secs_f64()),
            _ => false,
        }
    }

    /// Whether turns have times of their own.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.pace != Pace::Closed
    }
}

impl Order {
    fn at(&self, place: u64, asks: usize) -> Option<(usize, Option<Duration>)> {
        let within = |count: usize| usize::try_from(place % (count.max(1) as u64)).ok();
        match self {
            Order::InOrder => Some((within(asks)?, None)),
            Order::Shuffled(order) => Some((*order.get(within(order.len())?)? as usize, None)),
            Order::Weighted { sums, seed } => {
                let all = sums.last().copied().filter(|all| *all > 0)?;
                let drawn = mixed(*seed, place) % all;
                Some((sums.partition_point(|sum| *sum <= drawn), None))
            }
            Order::Script(script) => {
                let ask = script.get(usize::try_from(place).ok()?)?;
                Some((*ask as usize, None))
            }
            Order::Recorded(arrivals) => {
                let arrival = arrivals.get(usize::try_from(place).ok()?)?;
                Some((arrival.ask as usize, Some(arrival.at)))
            }
        }
    }
}

/// Each of `count` asks once, in an order that `seed` draws.
#[must_use]
pub fn shuffled(count: u32, seed: u64) -> Order {
    let mut order: Vec<u32> = (0..count).collect();
    order.sort_by_key(|ask| mixed(seed, u64::from(*ask)));
    Order::Shuffled(order)
}

/// A number that `seed` and `place` decide, and that looks like no other.
#[must_use]
pub fn mixed(seed: u64, place: u64) -> u64 {
    draw::mix(seed.wrapping_add(place.wrapping_add(1).wrapping_mul(draw::STEP)))
}

/// What is too far away to be a duration never comes.
fn seconds(seconds: f64) -> Option<Duration> {
    Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests;
