//! Sends as much of an answer as the socket takes at once, by one system call where it can be one.

use std::io::{self, IoSlice};

use super::{Delivery, Sent, ended};
use crate::file::Says;
use crate::head::Connection;

/// Up to here a body that has no head in front of it is copied behind the head: a second slice costs the
/// system more than the copy.
const JOINED: usize = 16 * 1024;

/// How much a socket took; nothing if it was full.
type Tried = io::Result<Option<usize>>;

impl Delivery<'_> {
    /// Sends an answer that is one piece, as far as the socket takes it at once. `more` will follow at once. Not by value:
    /// what was just written is not read again for a move.
    #[must_use]
    pub fn send_at_once(&mut self, connection: Connection, more: bool) -> Sent {
        let more = more || !connection.keep;
        let mut head = Vec::new();
        let (length, tried) = match self.plain_at_once(connection, more) {
            Some(sent) => sent,
            None => {
                head = self.head(None, connection);
                (head.len(), self.other_at_once(&mut head, more))
            }
        };
        let taken = match tried {
            Ok(taken) => taken.unwrap_or(0),
            Err(error) => {
                let outcome = self.end(head, Err(ended(&error)));
                return outcome.map_or(Sent::Over, |()| Sent::All);
            }
        };
        let sent = taken.min(length);
        self.bytes = (taken - sent) as u64;
        if sent < length || self.bytes < self.answer.piece() {
            if head.is_empty() {
                head = self.head(None, connection);
            }
            return Sent::Part(self.paused(head, sent, connection));
        }
        match self.end(head, Ok(())) {
            Ok(()) => Sent::All,
            Err(_) => Sent::Over,
        }
    }

    /// Sends a content in memory with the head that stands before it, and says how long that is. Nothing if the answer is
    /// another, or its head does not fit.
    fn plain_at_once(&self, connection: Connection, more: bool) -> Option<(usize, Tried)> {
        let kept = self.answer.plain()?;
        let date = self.seconds();
        let says = Says { date, connection };
        if !kept.has_head(says) {
            let head = self.head(None, connection);
            kept.put_head(says, &head);
            self.worker.give_back(head);
        }
        let (length, all) = kept.with_head(says)?;
        Some((length, self.wire.try_write(&[IoSlice::new(&all)], more)))
    }

    /// Sends a head, and a body that has no room for it.
    fn other_at_once(&self, head: &mut Vec<u8>, more: bool) -> Tried {
        if let Some(part) = self.answer.on_disk() {
            return self.part_at_once(head, part);
        }
        let body = self.answer.in_memory();
        let body = body.as_deref().unwrap_or_default();
        if body.len() > JOINED {
            let slices = [IoSlice::new(head), IoSlice::new(body)];
            return self.wire.try_write(&slices, more);
        }
        let length = head.len();
        head.extend_from_slice(body);
        let tried = self.wire.try_write(&[IoSlice::new(head)], more);
        head.truncate(length);
        tried
    }
}
