//! Unconfirmed: replies that the socket took, and the client may never get. Their Receipts wait until the bytes
//! have left, or the connection has ended.
//!
//! Promises: a small reply that left at once costs no memory, and every tenth a system call. What never left is
//! subtracted, from the last reply backwards. Whatever ends the connection, each Receipt is made.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use tallyd_ledger::ahead;

use super::taken::{Lost, Taken, Texts};
use crate::access_log::Entry;
use crate::receipt::Outcome;
use crate::wire::Wire;
use crate::worker::Worker;

/// A reply up to this size is settled when it has left this system; of a longer one so much may be on its way when
/// the connection ends that it has to arrive. Ten segments of 1460 bytes (RFC 6928 section 2), without their rounding up.
const SMALL: u64 = 14_000;

/// Replies of one connection that wait for their Receipts, and bytes of their texts, before it has to wait with
/// further requests. Only a client that asks for very much ahead gets there.
const MOST: usize = 256;
const MOST_TEXT: usize = 64 * 1024;

/// The replies of one connection that are not settled.
#[derive(Debug)]
pub struct Unconfirmed {
    /// Whose connection it is.
    pub worker: Rc<Worker>,
    /// Its socket.
    pub wire: Wire,
    /// In a box, and mostly not there: idle connections are many.
    list: RefCell<Option<Box<List>>>,
}

#[derive(Debug)]
struct List {
    /// In the order of the wire.
    replies: VecDeque<(Taken, Texts)>,
    /// How much of all that the wire took had arrived at the last look.
    arrived: u64,
    /// When that was last seen to become more, by the worker's clock.
    moved: u64,
}

/// What has become of the unconfirmed replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// All have left, or there were none.
    Settled,
    /// The client takes them.
    Moving,
    /// It has taken nothing for as long as it may.
    Stalled,
}

impl Drop for Unconfirmed {
    fn drop(&mut self) {
        if self.is_empty() {
            return;
        }
        self.cut(match self.wire.is_over() {
            true => Outcome::Reset,
            false => Outcome::Stopped,
        });
    }
}

impl Unconfirmed {
    /// For a connection on which nothing has been sent.
    #[must_use]
    pub fn new(worker: Rc<Worker>, wire: Wire) -> Self {
        Unconfirmed {
            worker,
            wire,
            list: RefCell::new(None),
        }
    }

    /// A reply is about to be sent: asks for its memory.
    pub fn fetch_ahead(&self) {
        ahead::fetch(&self.list);
        self.wire.fetch_ahead();
    }

    /// Whether every reply is settled.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.borrow().is_none()
    }

    /// Whether so many wait that no further request may be answered.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.list.borrow().as_ref().is_some_and(|list| {
            let texts = list.replies.iter().map(|(_, texts)| texts.len());
            list.replies.len() >= MOST || texts.sum::<usize>() >= MOST_TEXT
        })
    }

    /// Settles a reply that has left, keeps one that has not. If it ended with its connection, all are settled.
    pub fn settle_or_keep(&self, taken: Taken, entry: &Entry<'_>) {
        let ended = taken.outcome;
        let cut = matches!(ended, Outcome::Reset | Outcome::Stalled);
        let list = self.list.take();
        let known = list.is_some();
        if !known && !cut && self.has_left(&taken) {
            return taken.settle(&self.worker, None, entry);
        }
        let mut list = list.unwrap_or_else(|| Box::new(self.begun()));
        list.replies.push_back((taken, Texts::of(entry)));
        self.list.replace(Some(list));
        if cut {
            self.cut(ended);
        } else if known {
            self.look();
        }
    }

    /// Whether a reply has left, where none before it is waited for.
    fn has_left(&self, taken: &Taken) -> bool {
        match taken.size() <= SMALL {
            true => self.wire.has_left(taken.size()),
            false => self.wire.unsent() == 0,
        }
    }

    fn begun(&self) -> List {
        List {
            replies: VecDeque::new(),
            arrived: 0,
            moved: self.worker.millis(),
        }
    }

    /// Settles what has left meanwhile.
    pub fn look(&self) -> Fate {
        let Some(mut list) = self.list.take() else {
            return Fate::Settled;
        };
        let arrived = self.arrived();
        let now = self.worker.millis();
        if arrived > list.arrived {
            (list.arrived, list.moved) = (arrived, now);
        }
        while let Some((taken, texts)) =
            list.replies.pop_front_if(|(taken, _)| taken.end <= arrived)
        {
            taken.settle(&self.worker, None, &texts.entry());
        }
        if list.replies.is_empty() {
            return Fate::Settled;
        }
        let instant = Instant::now();
        for (taken, _) in &mut list.replies {
            taken.took = instant.duration_since(taken.started.instant);
        }
        let stalled = now - list.moved >= self.patience();
        self.list.replace(Some(list));
        if stalled { Fate::Stalled } else { Fate::Moving }
    }

    /// Settles everything: what has not left by now never will. What the log calls lost must be, so the wire is
    /// abandoned: the system would go on sending what it holds.
    pub fn cut(&self, cause: Outcome) {
        let Some(list) = self.list.take() else {
            return;
        };
        let arrived = self.arrived();
        if arrived < self.wire.taken() {
            self.wire.abandon();
        }
        for (taken, texts) in list.replies {
            let bytes = taken.end.saturating_sub(arrived.max(taken.begin));
            let lost = (bytes > 0).then_some(Lost { bytes, cause });
            taken.settle(&self.worker, lost, &texts.entry());
        }
    }

    fn arrived(&self) -> u64 {
        self.wire.taken().saturating_sub(self.wire.unsent())
    }

    /// How long a client may take nothing, in milliseconds.
    fn patience(&self) -> u64 {
        let limit = self.worker.serving().world.limits.send_timeout;
        u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)
    }
}
