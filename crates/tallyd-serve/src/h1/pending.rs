//! What has been read from a connection and not yet used.

use std::time::Duration;

use super::refused::Refused;
use crate::wire::Wire;
use crate::worker::Worker;

/// Read this much at a time; most heads fit at once.
pub const ROOM: usize = 4096;

/// Pieces of a body before other connections of the worker get their turn: a socket that is never empty
/// never has to be waited for.
const TURN: u32 = 16;

/// How long a connection that is being closed may still send.
pub const LINGER: Duration = Duration::from_secs(1);
/// That much of what it sends is read.
pub const LINGER_BYTES: usize = 1024 * 1024;

/// Longest part of a line that could not be understood that is logged.
const LINE: usize = 512;

/// Bytes that were read; those before `start` are used.
#[derive(Debug, Default)]
pub struct Pending {
    bytes: Vec<u8>,
    start: usize,
    /// How much of the rest has been looked at for a head.
    seen: usize,
    /// Pieces read since something was last used.
    pieces: u32,
}

impl Pending {
    /// What is not used yet.
    pub fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Whether everything is used.
    pub fn is_empty(&self) -> bool {
        self.start >= self.bytes.len()
    }

    /// Whether another look for a head could find something new: at the first bytes, when a line has
    /// come, or when there is more than a head may be. So a client that sends byte by byte costs no more
    /// than one that sends line by line.
    pub fn is_worth_a_look(&mut self, most: usize) -> bool {
        let length = self.rest().len();
        let seen = std::mem::replace(&mut self.seen, length);
        let news = self.rest().get(seen..).unwrap_or_default();
        !self.is_empty() && (seen == 0 || length >= most || memchr::memchr(b'\n', news).is_some())
    }

    /// What is here is worth another look: something else about it has changed.
    pub fn look_again(&mut self) {
        self.seen = 0;
    }

    /// Whether a whole head follows the next `length` bytes, by all that a look at its end can tell.
    pub fn has_head_after(&self, length: usize) -> bool {
        let rest = self.rest().get(length..).unwrap_or_default();
        rest.ends_with(b"\r\n\r\n")
    }

    /// Marks the next `length` bytes as used.
    pub fn consume(&mut self, length: usize) {
        self.start += length;
        self.seen = 0;
        self.pieces = 0;
        if self.is_empty() {
            self.bytes.clear();
            self.start = 0;
        }
    }

    /// Takes `length` bytes out from behind the first `keep`: the body behind its head.
    pub fn remove(&mut self, keep: usize, length: usize) {
        let from = (self.start + keep).min(self.bytes.len());
        let to = (from + length).min(self.bytes.len());
        self.bytes.drain(from..to);
        self.seen = 0;
    }

    /// Gives the buffer back.
    pub fn release(&mut self, worker: &Worker) {
        if self.bytes.capacity() > 0 {
            worker.give_back(std::mem::take(&mut self.bytes));
        }
        self.start = 0;
        self.seen = 0;
    }

    /// All of it, to be kept elsewhere.
    pub fn take(&mut self) -> Pending {
        std::mem::take(self)
    }

    /// Reads what is there right now. False: nothing yet.
    pub fn read_at_once(&mut self, worker: &Worker, wire: &Wire) -> Result<bool, Refused> {
        self.make_room(worker);
        match wire.try_read(&mut self.bytes, ROOM) {
            Ok(Some(0)) | Err(_) => Err(Refused::Gone),
            Ok(Some(_)) => Ok(true),
            Ok(None) => Ok(false),
        }
    }

    /// Reads more; waits for it until the slot's deadline.
    pub async fn read(&mut self, worker: &Worker, wire: &Wire) -> Result<(), Refused> {
        self.make_room(worker);
        self.pieces += 1;
        if self.pieces.is_multiple_of(TURN) {
            worker.next_turn().await;
        }
        match wire.read(&mut self.bytes, ROOM).await {
            Ok(0) => Err(Refused::Gone),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut && !self.is_empty() => {
                Err(Refused::Late)
            }
            Err(_) => Err(Refused::Gone),
        }
    }

    fn make_room(&mut self, worker: &Worker) {
        if self.bytes.capacity() == 0 {
            self.bytes = worker.buffer();
        }
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
    }

    /// Reads and drops until the client hangs up too, the deadline passes, or it is too much.
    pub async fn drop_all(&mut self, worker: &Worker, wire: &Wire) {
        let mut dropped = 0;
        while dropped < LINGER_BYTES {
            self.remove(0, self.rest().len());
            if self.read(worker, wire).await.is_err() {
                break;
            }
            dropped += self.rest().len();
        }
        self.consume(self.rest().len());
    }

    /// The first line, for the log.
    pub fn first_line(&self) -> &[u8] {
        let rest = self.rest();
        let line = rest
            .split(|&byte| byte == b'\n')
            .find(|line| !line.trim_ascii().is_empty());
        let line = line.unwrap_or_default().trim_ascii_end();
        line.get(..LINE).unwrap_or(line)
    }
}
