//! One request and its response, from when it should begin to its end.
//!
//! Promises: it ends once: whole, cut on purpose, or with the kind of trouble that it met first. Must not know: sockets.

use std::time::Duration;

use super::plan::{Ask, Reading, Turn};
use super::tally::Tally;
use super::trouble::Trouble;
use super::truth::Comparison;
use crate::answer::{Fault, Head, Part, Reader};

/// A request under way.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) turn: Turn,
    /// When it really began: with a connection, or with the wish for one.
    pub(super) began: Duration,
    /// So many bytes of the request are sent.
    pub(super) sent: usize,
    /// When the first byte of the answer came.
    pub(super) first_byte: Option<Duration>,
    /// When something came of the body, or the head was whole; before that, when it began. A server may drip a head
    /// without end, so only the whole of it is progress.
    pub(super) progress: Duration,
    /// Bytes of the body that came.
    pub(super) body: u64,
    /// Of the final head; 0 before it.
    pub(super) status: u16,
    /// It was sent once more.
    pub(super) is_retry: bool,
    /// The body was compared to its end, and is as it should be.
    pub(super) is_verified: bool,
    keeps: bool,
    comparison: Option<Comparison>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// More is to come.
    Going,
    /// It is whole; whether the connection is kept.
    Whole { keeps: bool },
    /// It got as far as it should.
    Cut,
}

impl Exchange {
    pub(super) fn begin(turn: Turn, now: Duration) -> Exchange {
        Exchange {
            turn,
            began: now,
            sent: 0,
            first_byte: None,
            progress: now,
            body: 0,
            status: 0,
            is_retry: false,
            is_verified: false,
            keeps: false,
            comparison: None,
        }
    }

    /// The same from the beginning, on another connection.
    pub(super) fn again(&self) -> Exchange {
        Exchange {
            is_retry: true,
            ..Exchange::begin(self.turn, self.began)
        }
    }

    /// When it should have begun.
    pub(super) fn due(&self) -> Duration {
        self.turn.due.unwrap_or(self.began)
    }

    /// Takes bytes that came.
    pub(super) fn take(
        &mut self,
        ask: &Ask,
        reader: &mut Reader,
        mut bytes: &[u8],
        tally: &mut Tally,
    ) -> Result<Progress, Trouble> {
        loop {
            let (used, part) = reader.read(bytes)?;
            let (these, rest) = bytes.split_at_checked(used).unwrap_or((bytes, &[]));
            bytes = rest;
            match part {
                Part::More if bytes.is_empty() => return Ok(Progress::Going),
                Part::More | Part::Interim(_) => {}
                Part::Head(head) => self.take_head(ask, &head, tally)?,
                Part::Body => self.take_body(ask, these, tally)?,
                Part::End if bytes.is_empty() => return self.end(),
                Part::End => return Err(Fault::Excess.into()),
            }
            if matches!(ask.reading, Reading::Abort(at) if self.body >= at && self.status != 0) {
                return Ok(Progress::Cut);
            }
        }
    }

    /// The server has closed the connection.
    pub(super) fn close(&mut self, reader: &Reader) -> Result<Progress, Trouble> {
        reader.close()?;
        self.keeps = false;
        self.end()
    }

    fn take_head(&mut self, ask: &Ask, head: &Head, tally: &mut Tally) -> Result<(), Trouble> {
        self.status = head.status;
        self.keeps = head.keeps;
        tally.count_status(head.status);
        if let Some(truth) = &ask.truth {
            self.comparison = Comparison::begin(truth, ask.to, head)?;
        }
        Ok(())
    }

    fn take_body(&mut self, ask: &Ask, bytes: &[u8], tally: &mut Tally) -> Result<(), Trouble> {
        // What came behind the cut is not taken.
        let bytes = match ask.reading {
            Reading::Abort(at) => up_to(bytes, at.saturating_sub(self.body)),
            _ => bytes,
        };
        self.body += bytes.len() as u64;
        tally.body_bytes += bytes.len() as u64;
        match &mut self.comparison {
            Some(comparison) => comparison.compare(bytes),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> Result<Progress, Trouble> {
        if let Some(comparison) = self.comparison.take() {
            comparison.finish()?;
            self.is_verified = true;
        }
        Ok(Progress::Whole { keeps: self.keeps })
    }
}

fn up_to(bytes: &[u8], most: u64) -> &[u8] {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    bytes.get(..most).unwrap_or(bytes)
}
