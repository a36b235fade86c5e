//! One request: asked, its answer as it comes, and a file that is whole or absent.
//!
//! 1. [`ask`] looks the name up, connects, sends, and gives the [`Answer`] as soon as its head is whole; where it is
//!    wished it follows redirects.
//! 2. [`Answer::advance`] gives the body in parts, no faster than is wished.
//! 3. [`download`](download::download) puts it into a [`save`]d file, or goes on with one that was broken off.
//!
//! Promises: no body is kept; every wait has a limit and ends when [`Halt`] says so. Must not know: the terminal.

pub mod download;
mod error;
mod halt;
pub mod location;
mod pace;
mod range;
mod resume;
pub mod save;
#[cfg(test)]
mod tests;
mod times;

use std::io::ErrorKind;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

pub use error::{GetError, Kind};
pub use halt::Halt;
pub use times::Times;

use crate::answer::{Framing, Head, Part, To};
use crate::connection::begun;
use crate::error::Error;
use crate::line::{Line, Manner};
use crate::message::{Request, Response};
use crate::url::Url;
use pace::Pace;

/// What is wished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Where.
    pub url: Url,
    /// What is asked; its target is that of the URL.
    pub request: Request,
    /// A server that says nothing for so long is not going to.
    pub patience: Duration,
    /// Bytes of the answer in a second, at most.
    pub rate: Option<NonZeroU64>,
    /// So many redirects are followed.
    pub most_moves: u32,
}

impl Wish {
    /// Whether a part is wished.
    #[must_use]
    pub fn asks_for_range(&self) -> bool {
        let is_range = |(name, _): &(String, String)| name.eq_ignore_ascii_case("range");
        self.request.fields.iter().any(is_range)
    }
}

/// What is told while it happens.
#[derive(Debug)]
pub enum Said<'a> {
    /// These bytes were sent.
    Asked(&'a [u8]),
    /// This head came: of a 1xx, or the final one.
    Head(&'a [u8]),
    /// It is somewhere else, and asked for there.
    Moved(&'a Url),
    /// What is there already is gone on with, behind so many bytes.
    GoesOn(u64),
    /// What is there already can't be gone on with, for this reason.
    Anew(&'static str),
}

/// An answer whose head has come.
#[derive(Debug)]
pub struct Answer<'a> {
    /// Who answers: another URL than the one that was asked for, after redirects.
    pub url: Url,
    /// Status and fields, without the body.
    pub response: Response,
    /// The bytes of the body that the head announces.
    pub length: Option<u64>,
    line: Line,
    pace: Option<Pace>,
    times: Times,
    halt: &'a Halt,
    patience: Duration,
}

/// Asks, and follows redirects as far as is wished.
pub fn ask<'a>(
    wish: &Wish,
    halt: &'a Halt,
    tell: &mut dyn FnMut(Said<'_>),
) -> Result<Answer<'a>, GetError> {
    let mut wish = wish.clone();
    let mut moves = 0;
    loop {
        let answer = ask_once(&wish, halt, tell)?;
        let Some(place) = answer.moved_to().filter(|_| wish.most_moves > 0) else {
            return Ok(answer);
        };
        if moves == wish.most_moves {
            return Err(GetError::TooManyMoves(moves));
        }
        moves += 1;
        let url = location::resolve(&answer.url, place).map_err(|why| GetError::Moved {
            to: place.to_owned(),
            why,
        })?;
        tell(Said::Moved(&url));
        wish = location::moved(wish, url, answer.response.status);
    }
}

fn ask_once<'a>(
    wish: &Wish,
    halt: &'a Halt,
    tell: &mut dyn FnMut(Said<'_>),
) -> Result<Answer<'a>, GetError> {
    let mut times = Times::begin();
    let addresses = wish
        .url
        .addresses()
        .map_err(|error| GetError::Lookup(wish.url.host.clone(), error))?;
    times.looked_up = Some(Instant::now());
    let mut line = connect(wish, &addresses)?;
    times.connected = Some(Instant::now());
    times.peer = line.stream().peer_addr().ok();
    halt.guard(line.stream())?;

    let mut request = wish.request.clone();
    request.target.clone_from(&wish.url.target);
    let bytes = request.bytes(&wish.url.authority());
    tell(Said::Asked(&bytes));
    let failed = |error: Error| failure(error, halt, wish.patience);
    line.expect(request.to());
    // A server may answer and close before it has read all: its answer is still there to be read.
    let sent = line.send(&bytes);
    times.sent = Some(Instant::now());
    wait_for_byte(&line).map_err(|error| failed(error.into()))?;
    times.first_byte = Some(Instant::now());
    let head = match (read_head(&mut line, tell), sent) {
        (Err(_), Err(error)) if line.is_fresh() => return Err(failed(error.into())),
        (head, _) => head.map_err(failed)?,
    };
    let (head, response) = head;
    Ok(Answer {
        url: wish.url.clone(),
        response,
        length: announced(head, request.to()),
        pace: wish.rate.map(|rate| Pace::new(rate, Instant::now())),
        line,
        times,
        halt,
        patience: wish.patience,
    })
}

/// The first address that takes the connection.
fn connect(wish: &Wish, addresses: &[std::net::SocketAddr]) -> Result<Line, GetError> {
    let manner = Manner {
        patience: wish.patience,
        receive_buffer: wish.rate.map(Pace::buffer),
    };
    let mut tried = Vec::new();
    for address in addresses {
        match Line::connect(*address, manner) {
            Ok(mut line) => {
                if let Some(rate) = wish.rate {
                    line.take_small_steps(Pace::step(rate));
                }
                return Ok(line);
            }
            Err(error) => tried.push((*address, error)),
        }
    }
    Err(GetError::Connect(tried))
}

/// Waits until something can be read. That it is the end is found out by reading.
fn wait_for_byte(line: &Line) -> std::io::Result<()> {
    loop {
        match line.stream().peek(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome.map(|_| ()),
        }
    }
}

fn read_head(line: &mut Line, tell: &mut dyn FnMut(Said<'_>)) -> Result<(Head, Response), Error> {
    loop {
        let part = line.advance()?;
        tell(Said::Head(line.bytes(part)));
        if let Part::Head(head) = part {
            return Ok((head, begun(head, line.bytes(part))));
        }
    }
}

fn announced(head: Head, to: To) -> Option<u64> {
    match head.framing {
        _ if to == To::Head || head.is_bodiless() => Some(0),
        Framing::Length(length) => Some(length),
        Framing::Chunked | Framing::ToEnd => None,
    }
}

fn failure(error: Error, halt: &Halt, patience: Duration) -> GetError {
    match error {
        _ if halt.is_stopped() => GetError::Stopped,
        Error::Io(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            GetError::Silent(patience)
        }
        error => GetError::Line(error),
    }
}

impl Answer<'_> {
    /// The next bytes of the body, without framing; none at its end.
    pub fn advance(&mut self) -> Result<Option<&[u8]>, GetError> {
        let part = self
            .line
            .advance()
            .map_err(|error| failure(error, self.halt, self.patience))?;
        if part != Part::Body {
            self.times.last_byte = Some(Instant::now());
            return Ok(None);
        }
        let count = self.line.bytes(part).len();
        if let Some(pace) = &mut self.pace {
            self.halt.wait(pace.took(count, Instant::now()));
        }
        match self.halt.is_stopped() {
            true => Err(GetError::Stopped),
            false => Ok(Some(self.line.bytes(part))),
        }
    }

    /// Where it says that the thing is instead.
    #[must_use]
    pub fn moved_to(&self) -> Option<&str> {
        match self.response.status {
            301 | 302 | 303 | 307 | 308 => self.response.field("location"),
            _ => None,
        }
    }

    /// Bytes that came behind the end, though nothing more was asked; as far as they are here yet.
    #[must_use]
    pub fn excess(&self) -> u64 {
        self.line.ahead() as u64 + self.line.unread().unwrap_or(0)
    }

    /// When what happened.
    #[must_use]
    pub fn times(&self) -> Times {
        self.times
    }
}
