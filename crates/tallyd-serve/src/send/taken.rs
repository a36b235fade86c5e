//! A reply of which the socket has taken all it will: from here to its Receipt, now or later.
//!
//! Promises: the one place where a Receipt is made. Which bytes never left is for others to find out.

use std::time::Duration;

use tallyd_http::multipart::{Lengths, Parts};
use tallyd_http::request::Version;
use tallyd_ledger::journal::Begun;

use crate::access_log::{Entry, Record};
use crate::answer::Answer;
use crate::counting;
use crate::receipt::{Client, Outcome, Receipt};
use crate::worker::{Started, Worker};

/// A reply of which the socket has taken all it will.
#[derive(Debug)]
pub struct Taken {
    /// Who asked.
    pub client: Client,
    /// Status that was sent.
    pub status: u16,
    /// Hit number, or 0 if it was none.
    pub hit: u64,
    /// Of the protocol; nothing for what was no request.
    pub version: Option<Version>,
    /// When it was asked for.
    pub started: Started,
    /// From then to when it was last seen to be on its way.
    pub took: Duration,
    /// How much the socket had taken before it.
    pub begin: u64,
    /// And with it, its head and all.
    pub end: u64,
    /// Body bytes among that.
    pub bytes: u64,
    /// What they are.
    pub layout: Layout,
    /// How it ended, as far as is known.
    pub outcome: Outcome,
    /// What the journal knows of it, if it is a hit.
    pub begun: Option<Begun>,
}

/// What a body is made of.
#[derive(Debug)]
pub enum Layout {
    /// Nothing that counts: no hit.
    Other,
    /// Bytes of the file, and nothing else.
    File,
    /// Several spans of it, each with its head.
    Parts(Lengths),
}

/// What came to nothing, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Bytes at the end of the reply that never left.
    pub bytes: u64,
    /// Why they did not.
    pub cause: Outcome,
}

impl Taken {
    /// Everything that the socket took of it: head, body, and what frames it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.end - self.begin
    }

    /// Makes the Receipt, and leaves it with the log.
    pub fn settle(self, worker: &Worker, lost: Option<Lost>, entry: &Entry<'_>) {
        let receipt = self.receipt(lost);
        if let Some(begun) = &self.begun {
            counting::settle(worker, begun, &receipt);
        }
        worker.meter.note(self.status, receipt.bytes, self.took);
        let record = Record {
            client: self.client,
            status: self.status,
            hit: self.hit,
            receipt,
            version: self.version,
        };
        worker.sink.note(record, entry);
    }

    fn receipt(&self, lost: Option<Lost>) -> Receipt {
        // A body goes last. What frames a listing lies between, so of one it may be some bytes too many.
        let missing = lost.map_or(0, |lost| lost.bytes);
        let bytes = self.bytes.saturating_sub(missing);
        let outcome = match (self.outcome, lost) {
            (Outcome::Complete, Some(lost)) => lost.cause,
            (known, _) => known,
        };
        Receipt {
            bytes,
            content: self.layout.content_within(bytes),
            outcome,
            started: self.started.nanos,
            took: self.took,
        }
    }
}

impl Layout {
    /// The layout of an answer's body, which has these parts if it has several.
    #[must_use]
    pub fn of(answer: &Answer, parts: Option<&Parts<'_>>) -> Layout {
        match parts {
            _ if answer.hit == 0 => Layout::Other,
            Some(parts) => Layout::Parts(parts.lengths()),
            None => Layout::File,
        }
    }

    /// How many of the first `bytes` of the body are the file's.
    fn content_within(&self, bytes: u64) -> u64 {
        match self {
            Layout::Other => 0,
            Layout::File => bytes,
            Layout::Parts(lengths) => lengths.content_within(bytes),
        }
    }
}

/// The texts of an [`Entry`], kept for later in one piece of memory.
#[derive(Debug)]
pub struct Texts {
    all: Box<[u8]>,
    lengths: [u32; 7],
}

impl Texts {
    /// A copy of what is in `entry`.
    #[must_use]
    pub fn of(entry: &Entry<'_>) -> Texts {
        let texts = entry.texts();
        Texts {
            all: texts.concat().into(),
            lengths: Entry::lengths(&texts),
        }
    }

    /// How many bytes they have.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The same texts again.
    #[must_use]
    pub fn entry(&self) -> Entry<'_> {
        Entry::split(&mut &*self.all, self.lengths)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use tallyd_http::range::Span;

    /// 40 bytes of head, 100 of body.
    fn taken(outcome: Outcome, layout: Layout) -> Taken {
        Taken {
            client: Client::Unix,
            status: 200,
            hit: 1,
            version: None,
            started: Started {
                instant: Instant::now(),
                nanos: 7,
            },
            took: Duration::from_millis(5),
            begin: 1000,
            end: 1140,
            bytes: 100,
            layout,
            outcome,
            begun: None,
        }
    }

    fn lost(bytes: u64) -> Option<Lost> {
        Some(Lost {
            bytes,
            cause: Outcome::Reset,
        })
    }

    fn check(taken: &Taken, lost: Option<Lost>, expected: (Outcome, u64, u64)) {
        let receipt = taken.receipt(lost);
        let found = (receipt.outcome, receipt.bytes, receipt.content);
        assert_eq!(found, expected);
        assert_eq!((receipt.started, receipt.took), (7, taken.took));
    }

    #[test]
    fn what_never_left_is_taken_from_the_body_first() {
        let file = taken(Outcome::Complete, Layout::File);
        assert_eq!(file.size(), 140);
        check(&file, None, (Outcome::Complete, 100, 100));
        check(&file, lost(1), (Outcome::Reset, 99, 99));
        check(&file, lost(100), (Outcome::Reset, 0, 0));
        check(&file, lost(120), (Outcome::Reset, 0, 0));
    }

    #[test]
    fn a_reply_that_was_broken_off_before_keeps_its_reason() {
        let broken = taken(Outcome::Broken, Layout::File);
        check(&broken, lost(10), (Outcome::Broken, 90, 90));
    }

    #[test]
    fn what_is_no_hit_has_no_content() {
        let page = taken(Outcome::Complete, Layout::Other);
        check(&page, None, (Outcome::Complete, 100, 0));
    }

    #[test]
    fn a_cut_in_the_second_part_has_less_content_than_bytes() {
        let spans = [0, 50].map(|start| Span { start, length: 20 });
        let parts = Parts::new("b", "a/b", 100, &spans);
        let layout = Layout::Parts(parts.lengths());
        let length = parts.length();
        let end = 1040 + length;
        let several = Taken {
            bytes: length,
            end,
            ..taken(Outcome::Complete, layout)
        };
        check(&several, None, (Outcome::Complete, length, 40));
        // The tail, and seven bytes of the second part.
        let mut tail = Vec::new();
        parts.tail(&mut tail);
        let missing = tail.len() as u64 + 7;
        let expected = (Outcome::Reset, length - missing, 33);
        check(&several, lost(missing), expected);
    }

    #[test]
    fn kept_texts_are_the_same() {
        let entry = Entry {
            path: b"/a",
            method: b"GET",
            target: b"/a?b",
            host: b"h",
            range: b"bytes=0-",
            referrer: b"r",
            agent: b"curl",
        };
        let texts = Texts::of(&entry);
        assert_eq!(texts.len(), 23);
        assert_eq!(format!("{:?}", texts.entry()), format!("{entry:?}"));
    }
}
