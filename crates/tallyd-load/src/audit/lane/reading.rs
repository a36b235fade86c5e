//! Reads one reply, to its end or as far as it is wanted, and notes what came of it.
//!
//! Promises: what is noted as arrived is what the server's system was told of; a connection that fails while its server
//! is being killed is no fault of the server.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::super::exchange::Exchange;
use super::super::judge::{Fields, Judge};
use super::super::plan::{Ask, Sort};
use super::super::site::SiteFile;
use super::super::stage::Stage;
use super::{LOOK, Open, PATIENCE};
use crate::answer::{Fault, Framing, Head, Part, To};
use crate::error::Error;
use crate::line::Line;

/// After a stop of the reader, the system at the other end may send once more when its timer for a full window ends,
/// which takes 200 ms at least; and what has come is confirmed to it after 200 ms at most. After this time without a
/// byte none will come, and the other end knows of all.
const QUIET: Duration = Duration::from_millis(250);

/// How long a slow reader rests at a time.
const REST: Duration = Duration::from_millis(20);

/// How much of a reply is read, and how fast.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// So many bytes of the body; the head is always read.
    pub(super) most: Option<u64>,
    /// Rests after so many bytes.
    pub(super) rests: Option<u64>,
}

/// To the end, as it comes.
pub(super) const ALL: Reading = Reading {
    most: None,
    rests: None,
};

/// How an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server was killed.
    Killed,
    /// The connection was closed, and nothing came.
    Silent,
    /// Something else.
    Broken,
}

impl Failure {
    fn of(error: &Error, answered: bool) -> Failure {
        match error {
            _ if answered => Failure::Broken,
            Error::Fault(Fault::NoAnswer) => Failure::Silent,
            Error::Io(error) if is_hang_up(error.kind()) => Failure::Silent,
            _ => Failure::Broken,
        }
    }
}

/// A server that says nothing for long is another thing.
fn is_hang_up(kind: ErrorKind) -> bool {
    let kinds = [
        ErrorKind::ConnectionReset,
        ErrorKind::BrokenPipe,
        ErrorKind::ConnectionAborted,
    ];
    kinds.contains(&kind)
}

/// Reads a reply and notes what came. Whether the server keeps the connection, or how it failed.
pub(super) fn read(
    stage: &Stage,
    file: Option<&SiteFile>,
    open: &mut Open,
    exchange: &mut Exchange,
    reading: Reading,
    known: &mut Fields,
) -> Result<bool, Failure> {
    let ask = exchange.ask.clone();
    let mut reply = Reply {
        ask: &ask,
        file,
        exchange,
        judge: None,
        keeps: false,
    };
    open.line.expect(match ask.sort {
        Sort::Head => To::Head,
        _ => To::Other,
    });
    let outcome = reply.take(stage, &mut open.line, reading, known);
    // Before anything is waited for: what came to an end by a kill did so by now.
    let is_killed = stage.place() != Some(open.place);
    let keeps = reply.keeps;
    reply.end(stage, &open.line, outcome.is_ok());
    match outcome {
        Ok(()) => Ok(keeps),
        Err(_) if is_killed => Err(Failure::Killed),
        Err(error) => {
            let failure = Failure::of(&error, exchange.answered);
            exchange.wrong.get_or_insert(error.to_string());
            Err(failure)
        }
    }
}

/// A reply that is being read.
struct Reply<'a> {
    ask: &'a Ask,
    file: Option<&'a SiteFile>,
    exchange: &'a mut Exchange,
    judge: Option<Judge<'a>>,
    keeps: bool,
}

impl Reply<'_> {
    fn take(
        &mut self,
        stage: &Stage,
        line: &mut Line,
        reading: Reading,
        known: &mut Fields,
    ) -> Result<(), Error> {
        loop {
            let part = line.advance()?;
            let before = self.exchange.arrived;
            self.exchange.answered = true;
            match part {
                Part::Head(head) => self.head(&head, Fields::of(line.bytes(part)), known),
                Part::Body => self.body(line.bytes(part)),
                Part::End => {
                    self.exchange.whole = true;
                    return Ok(());
                }
                Part::Interim(_) | Part::More => continue,
            }
            let arrived = self.exchange.arrived;
            if reading.most.is_some_and(|most| arrived >= most) {
                return Ok(());
            }
            let is_due = |every: u64| before / every != arrived / every;
            if reading.rests.is_some_and(is_due) {
                stage.pause(REST);
            }
        }
    }

    fn head(&mut self, head: &Head, fields: Fields, known: &mut Fields) {
        self.keeps = head.keeps;
        self.exchange.status = Some(head.status);
        self.exchange.announced = match head.framing {
            Framing::Length(length) => Some(length),
            Framing::Chunked | Framing::ToEnd => None,
        };
        self.judge = Some(Judge::begin(self.ask, self.file, head, &fields));
        if fields.etag.is_some() {
            *known = fields;
        }
    }

    fn body(&mut self, bytes: &[u8]) {
        self.exchange.arrived += bytes.len() as u64;
        if let Some(judge) = &mut self.judge {
            judge.body(bytes);
        }
    }

    /// Nothing more is read. Whoever leaves before the end looks how much has come until then.
    fn end(mut self, stage: &Stage, line: &Line, is_well: bool) {
        let exchange = self.exchange;
        exchange.answered |= !line.is_fresh();
        let mut rest = 0;
        if is_well && !exchange.whole {
            (rest, exchange.hung_up) = unread(stage, line);
            exchange.arrived += rest;
        }
        if let Some(judge) = &mut self.judge {
            match exchange.whole {
                true => judge.end(),
                false => judge.unread(rest),
            }
        }
        if is_well && !exchange.whole {
            exchange.whole = exchange.announced == Some(exchange.arrived);
        }
        if let Some(judge) = self.judge {
            (exchange.spans, exchange.wrong) = judge.verdict();
        }
        exchange.ended = Instant::now();
    }
}

/// Bytes that have come and that nobody has read; and whether no more come, unless the server is being killed.
fn unread(stage: &Stage, line: &Line) -> (u64, bool) {
    let mut quiet_since = Instant::now();
    let begun = Instant::now();
    let mut last = 0;
    loop {
        // A socket that can't tell has nothing.
        let unread = line.ahead() as u64 + line.unread().unwrap_or_default();
        let now = Instant::now();
        if unread != last {
            (last, quiet_since) = (unread, now);
        }
        let is_quiet = now - quiet_since >= QUIET;
        let is_killed = stage.place().is_none();
        if is_quiet || is_killed || now - begun > PATIENCE {
            return (unread, is_quiet && !is_killed);
        }
        stage.pause(LOOK);
    }
}
