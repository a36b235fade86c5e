//! The client's log: one line for each request of a load test.
//!
//! Promises: a line is whole; a log that cannot be written does not stop the test, and is told of.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::exchange::Exchange;
use super::plan::Ask;

/// The first lines: the format's version, and the columns.
const HEAD: &str = "#tallyd-load 1\n#at\tlatency\tstatus\tbytes\toutcome\tmethod\ttarget\n";

/// So many bytes are written at a time.
const PART: usize = 64 * 1024;

/// The file of all threads.
#[derive(Debug)]
pub(super) struct Log {
    file: Mutex<File>,
    error: Mutex<Option<io::Error>>,
}

impl Log {
    pub(super) fn begin(mut file: File) -> Log {
        let error = file.write_all(HEAD.as_bytes()).err();
        Log {
            file: Mutex::new(file),
            error: Mutex::new(error),
        }
    }

    /// Why it is not whole.
    pub(super) fn into_error(self) -> Option<io::Error> {
        self.error
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, lines: &[u8]) {
        let mut error = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if error.is_none() {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            *error = file.write_all(lines).err();
        }
    }
}

/// The lines of one thread.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    log: &'a Log,
    lines: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(log: &'a Log) -> Lines<'a> {
        let lines = Vec::with_capacity(PART + 1024);
        Lines { log, lines }
    }

    /// One more request has ended.
    pub(super) fn add(&mut self, exchange: &Exchange, ask: &Ask, now: Duration, outcome: &str) {
        let at = exchange.due();
        let written = writeln!(
            self.lines,
            "{:.6}\t{:.6}\t{}\t{}\t{outcome}\t{}\t{}",
            at.as_secs_f64(),
            now.saturating_sub(at).as_secs_f64(),
            exchange.status,
            exchange.body,
            ask.method,
            ask.target,
        );
        debug_assert!(written.is_ok(), "memory takes every line");
        if self.lines.len() >= PART {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.log.write(&self.lines);
        self.lines.clear();
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
