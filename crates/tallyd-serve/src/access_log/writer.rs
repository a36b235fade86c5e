//! The writer thread: formats blocks and writes them; loses lines rather than time, and says so.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use super::output::Output;
use super::record::Block;
use super::{Shared, format};
use crate::config::{LogFormat, LogTarget};
use crate::say::Voice;

/// What the writer is asked to do.
#[derive(Debug)]
pub enum Message {
    /// Write these, and give the memory back.
    Block(Block, SyncSender<Block>),
    /// Open the file anew.
    Reopen,
    /// Write there, like that.
    Change(Output, LogFormat),
}

/// How long one look at a stuck pipe lasts.
const LOOK: Duration = Duration::from_millis(100);

/// Looks at a stuck pipe before its lines are given up.
const LOOKS: u32 = 20;

/// The thread's state.
#[derive(Debug)]
pub struct Writer {
    output: Output,
    format: LogFormat,
    shared: Arc<Shared>,
    voice: Voice,
    /// Formatted, not yet written. After a failure it holds at most the rest of a line that was begun.
    pending: Vec<u8>,
    stamp: format::Stamp,
    trouble: Option<Trouble>,
}

/// Lines are being lost.
#[derive(Debug)]
struct Trouble {
    lost: u64,
    cause: String,
}

impl Writer {
    /// A writer to `target`.
    pub fn new(
        target: &LogTarget,
        format: LogFormat,
        shared: Arc<Shared>,
        voice: Voice,
    ) -> io::Result<Writer> {
        Ok(Writer {
            output: Output::open(target)?,
            format,
            shared,
            voice,
            pending: Vec::new(),
            stamp: format::Stamp::default(),
            trouble: None,
        })
    }

    /// Writes until every sender is gone.
    pub fn run(mut self, messages: &Receiver<Message>) {
        for message in messages {
            if self.shared.reopen.swap(false, Ordering::Relaxed) {
                self.reopen();
            }
            match message {
                Message::Block(block, give_back) => self.block(block, &give_back),
                Message::Reopen => self.reopen(),
                Message::Change(output, format) => {
                    self.output = output;
                    self.format = format;
                    self.pending.clear();
                }
            }
        }
        self.say_losses();
    }

    /// Lines lost so far that have not been spoken of.
    #[cfg(test)]
    pub fn lost(&self) -> u64 {
        self.trouble.as_ref().map_or(0, |trouble| trouble.lost)
    }

    /// Writes the lines of one block.
    pub fn block(&mut self, mut block: Block, give_back: &SyncSender<Block>) {
        let begun = self.pending.len();
        for (record, entry) in block.records() {
            format::line(
                self.format,
                record,
                &entry,
                &mut self.stamp,
                &mut self.pending,
            );
        }
        block.clear();
        // The worker may be gone, or have enough spare ones.
        drop(give_back.try_send(block));
        match self.write(begun) {
            Ok(()) => self.recovered(),
            Err(error) => self.failed(&error),
        }
    }

    /// Writes all that is pending. On an error what is left begins with the rest of a begun line.
    fn write(&mut self, begun: usize) -> io::Result<()> {
        let lines = std::mem::take(&mut self.pending);
        let mut written = 0;
        let outcome = loop {
            let rest = lines.get(written..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            match self.write_some(rest) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.pending = lines;
        self.keep_begun_line(written, begun);
        outcome
    }

    fn write_some(&mut self, rest: &[u8]) -> io::Result<usize> {
        let mut looks = if self.trouble.is_some() { 1 } else { LOOKS };
        while !self.output.is_ready(LOOK) {
            looks -= 1;
            if looks == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the reader of the log has stopped reading",
                ));
            }
        }
        self.output.write(rest)
    }

    /// Drops what was written, and the lines that were not even begun; those are lost.
    fn keep_begun_line(&mut self, written: usize, begun: usize) {
        let at_line_start = written == 0 && begun == 0
            || written > 0 && self.pending.get(written - 1) == Some(&b'\n');
        self.pending.drain(..written);
        let rest_of_line = match (at_line_start, memchr::memchr(b'\n', &self.pending)) {
            (false, Some(end)) => end + 1,
            _ => 0,
        };
        let dropped = self.pending.get(rest_of_line..).unwrap_or_default();
        let lost = memchr::memchr_iter(b'\n', dropped).count() as u64;
        self.pending.truncate(rest_of_line);
        if lost > 0 {
            self.lose(lost);
        }
    }

    fn lose(&mut self, lost: u64) {
        let trouble = self.trouble.get_or_insert_with(|| Trouble {
            lost: 0,
            cause: String::new(),
        });
        trouble.lost += lost;
    }

    /// Says once what is wrong; the number of lines follows when it is over.
    fn failed(&mut self, error: &io::Error) {
        self.lose(0);
        let Some(trouble) = &mut self.trouble else {
            return;
        };
        if trouble.cause.is_empty() {
            trouble.cause = error.to_string();
            self.voice.error(format_args!(
                "the access log can't be written: {error}; serving goes on, lines are lost until it can"
            ));
        }
    }

    fn recovered(&mut self) {
        if self.trouble.is_some() || self.shared.lost.load(Ordering::Relaxed) > 0 {
            self.say_losses();
        }
    }

    fn say_losses(&mut self) {
        let trouble = self.trouble.take();
        let lost = self.shared.lost.swap(0, Ordering::Relaxed)
            + trouble.as_ref().map_or(0, |trouble| trouble.lost);
        if lost > 0 {
            let cause = trouble.map_or("it was too slow".to_owned(), |trouble| trouble.cause);
            self.voice.warn(format_args!(
                "{lost} lines of the access log were not written: {cause}"
            ));
        }
    }

    fn reopen(&mut self) {
        match self.output.reopened() {
            Ok(output) => {
                self.output = output;
                self.pending.clear();
                self.voice.info("access log reopened");
            }
            Err(error) => {
                self.voice.error(format_args!(
                    "the access log can't be reopened: {error}; the old file is kept"
                ));
            }
        }
    }
}
