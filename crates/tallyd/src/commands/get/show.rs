//! What is said beside the body: heads, times, what became of a file. No text of a server can move the cursor.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use tallyd_ledger::report::people;
use tallyd_load::amounts;
use tallyd_load::get::{Said, Times};

use super::is_told;
use super::screen::Screen;
use crate::args::get::Tone;
use crate::commands::text::{plain, several};

/// Says things on the screen, as far as they are wanted.
pub(super) struct Teller<'a> {
    screen: &'a Screen,
    tone: Tone,
    /// The last head.
    head: Vec<u8>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(screen: &'a Screen, tone: Tone) -> Teller<'a> {
        Teller {
            screen,
            tone,
            head: Vec::new(),
        }
    }

    pub(super) fn screen(&self) -> &'a Screen {
        self.screen
    }

    /// What happens.
    pub(super) fn tell(&mut self, said: &Said<'_>) {
        match said {
            Said::Asked(bytes) => self.in_detail(&head("> ", bytes)),
            Said::Head(bytes) => {
                self.head = bytes.to_vec();
                self.in_detail(&head("< ", bytes));
            }
            Said::Moved(url) => self.note(&format!("{}: on to {url}", self.status())),
            Said::GoesOn(have) => {
                let have = several(*have, "byte", "bytes");
                self.note(&format!("goes on behind the {have} that are there"));
            }
            Said::Anew(why) => self.note(&format!("begins anew: {why}")),
        }
    }

    /// What is good to know.
    pub(super) fn note(&self, text: &str) {
        if is_told(self.tone) {
            self.screen.say(&format!("{}\n", plain(text.as_bytes())));
        }
    }

    /// What is known at the end.
    pub(super) fn after(&self, times: Times, excess: u64) {
        self.in_detail(&self::times(times));
        if excess > 0 {
            let excess = several(excess, "byte", "bytes");
            self.note(&format!(
                "{excess} came behind the end of the answer and were left"
            ));
        }
    }

    /// The head that came last.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Status and reason of that head: `404 Not Found`.
    pub(super) fn status(&self) -> String {
        let line = self.head.split(|byte| *byte == b'\n').next();
        let line = String::from_utf8_lossy(line.unwrap_or_default());
        let status = line.split_once(' ').map_or("", |(_, status)| status);
        status.trim().to_owned()
    }

    fn in_detail(&self, lines: &str) {
        if self.tone == Tone::Verbose {
            self.screen.say(lines);
        }
    }
}

/// The lines of a head, each behind a mark.
pub(super) fn head(mark: &str, bytes: &[u8]) -> String {
    let mut shown = String::new();
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = format!("{mark}{}", plain(line));
        shown.push_str(line.trim_end());
        shown.push('\n');
    }
    shown
}

/// How long each phase took.
fn times(times: Times) -> String {
    let mut shown = String::new();
    let mut line = |name: &str, took: Duration, more: &str| {
        let took = took.as_secs_f64() * 1000.0;
        // Writing to a String can't fail.
        writeln!(shown, "* {name:<14} {took:>10.3} ms{more}").ok();
    };
    for (name, took) in times.phases() {
        let peer = match (name, times.peer) {
            ("connected", Some(peer)) => format!("  {peer}"),
            _ => String::new(),
        };
        line(name, took, &peer);
    }
    if let Some(took) = times.whole() {
        line("in all", took, "");
    }
    shown
}

/// `a.zip: 12.3 MB in 1.23 s (10.0 MB/s)`.
pub(super) fn done(path: &Path, length: u64, received: u64, times: Times) -> String {
    let took = times.whole().unwrap_or_default();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and `as` saturates"
    )]
    let rate = (received as f64 / took.as_secs_f64().max(1e-6)) as u64;
    let path = called(path);
    let now = match received == length {
        true => String::new(),
        false => format!(", of which {} came now,", size(received)),
    };
    format!(
        "{path}: {}{now} in {} ({}/s)",
        size(length),
        amounts::time(took),
        size(rate)
    )
}

fn size(bytes: u64) -> String {
    let (number, unit) = people::size(bytes);
    format!("{number} {unit}")
}

/// A path as it is said.
pub(super) fn called(path: &Path) -> String {
    plain(path.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_shown_line_by_line_and_can_do_nothing_to_a_terminal() {
        let bytes = b"HTTP/1.1 200 OK\r\nX: \x1b[2J\xff\r\n\r\n";
        assert_eq!(
            head("< ", bytes),
            "< HTTP/1.1 200 OK\n< X: \\u{1b}[2J\\xff\n<\n"
        );
        assert_eq!(head("", b"HTTP/1.1 200 OK\n\n"), "HTTP/1.1 200 OK\n\n");
    }
}
