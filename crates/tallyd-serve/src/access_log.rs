//! The access log: one line for each reply, written by a thread of its own.
//!
//! Promises: a worker never formats a line, never takes a lock and never waits for the disk: it copies
//! a [`Record`] into its own block and hands whole blocks over. A full disk or a stuck pipe never stops
//! serving; what was not written is counted, and said.

mod format;
mod output;
mod record;
mod writer;

use std::cell::RefCell;
use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::config::{LogFormat, LogTarget};
use crate::event_loop::Watch;
use crate::say::Voice;
pub use record::{Block, Entry, Record};
use writer::{Message, Writer};

/// A block this full is handed over at once: a thousand lines, so that waking the writer costs each next to nothing.
const FULL: usize = 256 * 1024;

/// A worker keeps at most this much while the writer is stuck; then lines are lost, and counted.
const MOST: usize = 1024 * 1024;

/// Blocks on their way to the writer.
const BLOCKS: usize = 64;

/// How long a line may stay in its block: nobody sees the difference, and one hand-over serves many.
const LINGER: Duration = Duration::from_millis(40);

/// How long a worker that ends waits for the writer to take its last block.
const LAST: Duration = Duration::from_secs(1);

/// Which replies the log has a line for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Wanted {
    Nothing,
    Hits,
    All,
}

/// What the workers, the writer and the owner share.
#[derive(Debug, Default)]
struct Shared {
    wanted: AtomicU8,
    /// Lines that no worker could hand over.
    lost: AtomicU64,
    /// The file is to be opened anew, and the writer was too far behind to be told.
    reopen: AtomicBool,
}

impl Shared {
    fn want(&self, target: &LogTarget, format: LogFormat) {
        let wanted = match (target, format) {
            (LogTarget::Off, _) => Wanted::Nothing,
            (_, LogFormat::Tally) => Wanted::Hits,
            _ => Wanted::All,
        };
        self.wanted.store(wanted as u8, Ordering::Relaxed);
    }
}

/// The log's owner: starts, reopens and stops the writer.
#[derive(Debug)]
pub struct AccessLog {
    shared: Arc<Shared>,
    messages: SyncSender<Message>,
    thread: JoinHandle<()>,
}

impl AccessLog {
    /// Opens `target` and starts the writer.
    pub fn start(target: &LogTarget, format: LogFormat, voice: Voice) -> io::Result<AccessLog> {
        let shared = Arc::new(Shared::default());
        shared.want(target, format);
        let (messages, waiting) = sync_channel(BLOCKS);
        let writer = Writer::new(target, format, Arc::clone(&shared), voice)?;
        let thread = thread::Builder::new()
            .name("access-log".into())
            .spawn(move || writer.run(&waiting))?;
        Ok(AccessLog {
            shared,
            messages,
            thread,
        })
    }

    /// A sink for one worker.
    #[must_use]
    pub fn sink(&self) -> Sink {
        let (give_back, spare) = sync_channel(BLOCKS);
        Sink {
            shared: Arc::clone(&self.shared),
            messages: self.messages.clone(),
            block: RefCell::default(),
            give_back,
            spare,
            dirty: Notify::new(),
        }
    }

    /// Writes to a file opened anew under the same name: for rotation.
    pub fn reopen(&self) {
        if self.messages.try_send(Message::Reopen).is_err() {
            // A stuck writer sees it when it moves again.
            self.shared.reopen.store(true, Ordering::Relaxed);
        }
    }

    /// Writes elsewhere, or otherwise, from here on. Nothing changes on an error.
    pub fn change(&self, target: &LogTarget, format: LogFormat) -> io::Result<()> {
        let output = output::Output::open(target)?;
        self.messages
            .try_send(Message::Change(output, format))
            .map_err(|_| io::Error::other("the access log is stuck"))?;
        self.shared.want(target, format);
        Ok(())
    }

    /// Stops when everything handed over is written, or at the deadline.
    pub fn stop(self, deadline: Instant) {
        let AccessLog {
            messages, thread, ..
        } = self;
        drop(messages);
        // No channel tells when a thread ends; it is looked at until it has, or time is over.
        while !thread.is_finished() && Instant::now() < deadline {
            thread::park_timeout(Duration::from_millis(2));
        }
        if thread.is_finished() {
            // A panic of the writer has been said on standard error by the thread itself.
            drop(thread.join());
        }
    }
}

/// Where one worker puts its records.
#[derive(Debug)]
pub struct Sink {
    shared: Arc<Shared>,
    messages: SyncSender<Message>,
    block: RefCell<Block>,
    give_back: SyncSender<Block>,
    spare: Receiver<Block>,
    dirty: Notify,
}

impl Sink {
    /// Notes one reply. A copy into the worker's own memory, nothing else.
    pub fn note(&self, record: Record, entry: &Entry<'_>) {
        let wanted = self.shared.wanted.load(Ordering::Relaxed);
        if wanted == Wanted::Nothing as u8 || (wanted == Wanted::Hits as u8 && record.hit == 0) {
            return;
        }
        let mut block = self.block.borrow_mut();
        if block.len() >= MOST {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let first = block.is_empty();
        block.push(record, entry);
        let full = block.len() >= FULL;
        drop(block);
        if full {
            self.hand_over();
        } else if first {
            self.dirty.notify_one();
        }
    }

    /// Hands over what has been noted, again and again. Never ends; a task of the worker.
    pub async fn keep_flushing(&self, watch: &Watch) {
        loop {
            self.dirty.notified().await;
            watch.sleep(LINGER).await;
            self.hand_over();
        }
    }

    /// Hands over the last of it, with a little patience for a writer that is behind.
    pub fn hand_over_last(&self) {
        let deadline = Instant::now() + LAST;
        self.hand_over();
        while !self.block.borrow().is_empty() && Instant::now() < deadline {
            thread::park_timeout(LINGER);
            self.hand_over();
        }
        let lost = self.block.borrow().records().count() as u64;
        self.shared.lost.fetch_add(lost, Ordering::Relaxed);
    }

    /// Hands over what has been noted. If the writer is behind, it stays here for the next time.
    pub fn hand_over(&self) {
        let mut block = self.block.borrow_mut();
        if block.is_empty() {
            return;
        }
        let fresh = self.spare.try_recv().unwrap_or_default();
        let full = mem::replace(&mut *block, fresh);
        match self
            .messages
            .try_send(Message::Block(full, self.give_back.clone()))
        {
            Ok(()) => {}
            Err(TrySendError::Full(message) | TrySendError::Disconnected(message)) => {
                if let Message::Block(kept, _) = message {
                    *block = kept;
                }
                self.dirty.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests;
