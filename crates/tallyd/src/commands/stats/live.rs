//! `tallyd stats --live`: the page on the whole screen, anew every second.
//!
//! Promises: the screen is as it was before when this ends, however it ends short of a kill.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::look::Look;
use super::text::cut;
use super::{Trouble, now, shown};
use crate::End;
use crate::args::stats::{Asked, Wanted};
use crate::signals;

/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// The other screen of the terminal, without a cursor; and back.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Lines of the page that are not rows of its table, at most.
const AROUND: usize = 10;

/// Shows the page until a signal comes.
pub(super) fn watch(asked: &Asked, wanted: &Wanted) -> Result<End, Trouble> {
    if !io::stdout().is_terminal() {
        return Err(Trouble::Usage(
            "--live needs a terminal; without one, use --json and ask again".into(),
        ));
    }
    // What is wrong from the start is said on the usual screen.
    shown(asked, wanted, Look::of_stdout(), now())?;
    let (sender, signals) = channel();
    signals::listen(sender)
        .map_err(|error| Trouble::Failed(format!("cannot listen for signals: {error}")))?;
    let mut screen = Screen::enter().map_err(lost)?;
    loop {
        let look = Look::of_stdout();
        let text = current(asked, wanted, look);
        screen.draw(&text, look).map_err(lost)?;
        match signals.recv_timeout(PAUSE) {
            Err(RecvTimeoutError::Timeout) => {}
            _ => return Ok(End::Done),
        }
    }
}

/// The page as it is now. A ledger that can't be read for a moment is no reason to leave.
fn current(asked: &Asked, wanted: &Wanted, look: Look) -> String {
    let rows = look
        .lines
        .map_or(wanted.limit, |lines| lines.saturating_sub(AROUND).max(1));
    let fitting = Wanted {
        path: wanted.path.clone(),
        search: wanted.search.clone(),
        limit: match wanted.limit {
            0 => rows,
            limit => limit.min(rows),
        },
        ..*wanted
    };
    match shown(asked, &fitting, look, now()) {
        Ok(text) => text,
        Err(Trouble::Usage(message) | Trouble::Failed(message)) => message,
    }
}

fn lost(error: io::Error) -> Trouble {
    let message = format!("the terminal is gone: {error}");
    drop(error);
    Trouble::Failed(message)
}

/// The other screen, as long as this lives.
struct Screen {
    out: io::Stdout,
}

impl Screen {
    fn enter() -> io::Result<Screen> {
        let mut screen = Screen { out: io::stdout() };
        screen.write(ENTER)?;
        Ok(screen)
    }

    /// Writes over what was there, so that nothing flickers.
    fn draw(&mut self, text: &str, look: Look) -> io::Result<()> {
        self.write(&frame(text, look))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // If the terminal is gone, so is its screen.
        self.write(LEAVE).ok();
    }
}

/// A page as it overwrites the one before: no line more than the screen has, the rest of each line cleared.
fn frame(text: &str, look: Look) -> String {
    let lines = look.lines.unwrap_or(usize::MAX);
    let mut frame = String::from("\x1b[H");
    let page: Vec<&str> = text.lines().take(lines.saturating_sub(1)).collect();
    for line in page {
        frame.push_str(line);
        frame.push_str("\x1b[K\n");
    }
    let end = cut("Every second anew. Ctrl+C ends.", look.usual_columns());
    frame.push_str(&look.faint(&end));
    frame.push_str("\x1b[K\x1b[J");
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_fits_the_screen_and_leaves_nothing_of_the_one_before() {
        let look = Look {
            columns: Some(40),
            lines: Some(4),
            styled: false,
        };
        assert_eq!(
            frame("one\ntwo\nthree\nfour\n", look),
            "\x1b[Hone\x1b[K\ntwo\x1b[K\nthree\x1b[K\nEvery second anew. Ctrl+C ends.\x1b[K\x1b[J"
        );
    }
}
