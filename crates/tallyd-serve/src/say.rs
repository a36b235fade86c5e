//! What the server says to its operator, on standard error, one line each.
//!
//! Promises: saying something never waits. A stuck standard error loses lines, never requests, and the
//! number of lost lines is said as soon as it can be.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use crate::config::LogLevel;

/// Lines that may wait to be written.
const WAITING: usize = 1024;

/// How long the last lines may take at the end.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Speaks to the operator. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Voice {
    level: Arc<AtomicU8>,
    lost: Arc<AtomicU64>,
    lines: SyncSender<Line>,
}

#[derive(Debug)]
enum Line {
    Text(String),
    /// Answered when everything before it has been written.
    Flush(SyncSender<()>),
}

impl Voice {
    /// A voice that says what is at least as important as `level`.
    #[must_use]
    pub fn new(level: LogLevel) -> Voice {
        let (lines, waiting) = sync_channel(WAITING);
        let voice = Voice {
            level: Arc::new(AtomicU8::new(0)),
            lost: Arc::default(),
            lines,
        };
        voice.set_level(level);
        let lost = Arc::clone(&voice.lost);
        // Without the thread nothing can be said; the server still serves.
        drop(
            thread::Builder::new()
                .name("say".into())
                .spawn(move || write_lines(&waiting, &lost)),
        );
        voice
    }

    /// Says from now on what is at least as important as `level`.
    pub fn set_level(&self, level: LogLevel) {
        self.level.store(level as u8, Ordering::Relaxed);
    }

    /// Whether something of this level would be said: for texts that cost something to make.
    #[must_use]
    pub fn says(&self, level: LogLevel) -> bool {
        level as u8 <= self.level.load(Ordering::Relaxed)
    }

    /// Needs somebody to act.
    pub fn error(&self, text: impl fmt::Display) {
        self.say(LogLevel::Error, "error: ", &text);
    }

    /// Looks wrong.
    pub fn warn(&self, text: impl fmt::Display) {
        self.say(LogLevel::Warn, "warning: ", &text);
    }

    /// Happened.
    pub fn info(&self, text: impl fmt::Display) {
        self.say(LogLevel::Info, "", &text);
    }

    /// Happens all the time.
    pub fn debug(&self, text: impl fmt::Display) {
        self.say(LogLevel::Debug, "", &text);
    }

    /// Happens all the time, and the text costs something to make.
    pub fn debug_with(&self, text: impl FnOnce() -> String) {
        if self.says(LogLevel::Debug) {
            self.debug(text());
        }
    }

    /// Waits, for a moment, until everything said so far is written.
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        if self.lines.try_send(Line::Flush(done)).is_ok() {
            // Standard error is stuck if this times out: there is nobody to tell.
            written.recv_timeout(LAST_WORDS).ok();
        }
    }

    fn say(&self, level: LogLevel, kind: &str, text: &dyn fmt::Display) {
        if !self.says(level) {
            return;
        }
        let line = one_line(&format!("tallyd: {kind}{text}"));
        if self.lines.try_send(Line::Text(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whatever a path or a message holds, it stays one line (no forged second one).
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line.push('\n');
    line
}

fn write_lines(waiting: &Receiver<Line>, lost: &AtomicU64) {
    let mut stderr = std::io::stderr();
    for line in waiting {
        let text = match line {
            Line::Text(text) => text,
            Line::Flush(done) => {
                // Whoever asked may have stopped waiting.
                done.try_send(()).ok();
                continue;
            }
        };
        // A closed standard error: there is nowhere left to say so.
        drop(stderr.write_all(text.as_bytes()));
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            drop(
                stderr.write_all(
                    format!("tallyd: warning: {lost} lines were lost here\n").as_bytes(),
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_always_one_line() {
        assert_eq!(one_line("a\nb\x1b[31m"), "a\\nb\\u{1b}[31m\n");
    }

    #[test]
    fn levels_are_ordered() {
        let voice = Voice::new(LogLevel::Warn);
        assert!(voice.says(LogLevel::Error) && voice.says(LogLevel::Warn));
        assert!(!voice.says(LogLevel::Info));
        voice.set_level(LogLevel::Debug);
        assert!(voice.says(LogLevel::Debug));
    }
}
