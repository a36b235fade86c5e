//! Standard error, with a line at its end that is drawn anew while other lines come.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tallyd_load::get::download::Progress;

use super::super::look;
use super::bar::Bar;
use super::{called, is_told};
use crate::args::get::{Asked, Output};
use crate::commands::text::plain;
use crate::complain;

/// What is done sooner needs no bar.
const SOON: Duration = Duration::from_millis(500);

/// The start of the line, and what is right of the cursor gone.
const LINE: &str = "\r\x1b[K";

/// Shared by the thread that draws and the one that has something to say.
pub(super) struct Screen {
    state: Mutex<State>,
}

struct State {
    /// Only where somebody looks and the body goes into a file.
    bar: Option<Bar>,
    begun: Instant,
    is_shown: bool,
    /// The body ended within a line of the same terminal.
    is_within_line: bool,
}

impl Screen {
    pub(super) fn new(asked: &Asked) -> Screen {
        let bar = match &asked.output {
            Output::File(path, _) if is_told(asked.tone) && io::stderr().is_terminal() => {
                Some(Bar::new(called(path)))
            }
            _ => None,
        };
        Screen {
            state: Mutex::new(State {
                bar,
                begun: Instant::now(),
                is_shown: false,
                is_within_line: false,
            }),
        }
    }

    /// What went wrong.
    pub(super) fn complain(&self, text: &str) {
        self.say(&format!("tallyd: {}\n", plain(text.as_bytes())));
    }

    /// Whole lines.
    pub(super) fn say(&self, lines: &str) {
        let mut state = self.state();
        state.clear();
        if std::mem::take(&mut state.is_within_line) && !lines.is_empty() {
            complain("\n");
        }
        complain(lines);
    }

    /// Bytes of the body were written to a terminal: what is said next begins a line of its own.
    pub(super) fn wrote(&self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.state().is_within_line = *last != b'\n' && io::stderr().is_terminal();
        }
    }

    /// How far it is now.
    pub(super) fn draw(&self, progress: &Progress) {
        let columns = look::room(&io::stderr());
        let mut state = self.state();
        let is_soon = state.begun.elapsed() < SOON;
        let (Some(bar), Some(columns)) = (&mut state.bar, columns) else {
            return;
        };
        let line = bar.line(progress.have(), progress.total(), Instant::now(), columns);
        if let Some(line) = line.filter(|_| !is_soon) {
            complain(&format!("{LINE}{line}"));
            state.is_shown = true;
        }
    }

    /// Without the bar, which does not come back.
    pub(super) fn clear(&self) {
        let mut state = self.state();
        state.clear();
        state.bar = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn clear(&mut self) {
        if self.is_shown {
            complain(LINE);
            self.is_shown = false;
        }
    }
}
