//! When what happened in one exchange.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The moments of an exchange; what has not happened is not there.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The beginning.
    pub begun: Instant,
    /// The addresses of the name are known.
    pub looked_up: Option<Instant>,
    /// The connection is there.
    pub connected: Option<Instant>,
    /// With whom.
    pub peer: Option<SocketAddr>,
    /// The system has taken the request.
    pub sent: Option<Instant>,
    /// Something of the answer is here.
    pub first_byte: Option<Instant>,
    /// All of the answer is here.
    pub last_byte: Option<Instant>,
}

impl Times {
    /// An exchange begins now.
    pub(super) fn begin() -> Times {
        Times {
            begun: Instant::now(),
            looked_up: None,
            connected: None,
            peer: None,
            sent: None,
            first_byte: None,
            last_byte: None,
        }
    }

    /// How long each phase took, with its name, in order, as far as it came.
    pub fn phases(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let moments = [
            ("name looked up", self.looked_up),
            ("connected", self.connected),
            ("request sent", self.sent),
            ("first byte", self.first_byte),
            ("last byte", self.last_byte),
        ];
        let mut before = self.begun;
        moments.into_iter().map_while(move |(name, moment)| {
            let moment = moment?;
            let took = moment.saturating_duration_since(before);
            before = moment;
            Some((name, took))
        })
    }

    /// From the beginning to the last byte.
    #[must_use]
    pub fn whole(&self) -> Option<Duration> {
        Some(self.last_byte?.saturating_duration_since(self.begun))
    }
}
