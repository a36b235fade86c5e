//! `tallyd files`: makes a tree of test files, and tells how far it is to those who watch.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tallyd_ledger::report::people;
use tallyd_load::files::tree::{self, Outcome, Progress};

use super::text::{plain, several};
use crate::args::files::Asked;
use crate::signals::{self, Event};
use crate::{End, complain, printed};

/// What is done sooner needs no progress.
const SOON: Duration = Duration::from_secs(1);

/// Between two lines of progress: often enough to be seen to move.
const PAUSE: Duration = Duration::from_millis(200);

/// The start of the line, and what is right of the cursor gone.
const LINE: &str = "\r\x1b[K";

/// Makes the tree that was asked for.
pub(crate) fn run(asked: &Asked) -> End {
    let (sender, events) = channel();
    if let Err(error) = signals::listen(sender) {
        complain(&format!("tallyd: cannot listen for signals: {error}\n"));
        return End::Failed;
    }
    let mut line = Line::new(asked);
    let mut watch = |progress| match is_stopped(&events) {
        true => ControlFlow::Break(()),
        false => {
            line.show(progress);
            ControlFlow::Continue(())
        }
    };
    let made = tree::make(
        &asked.plan,
        &asked.dir,
        &asked.manifest,
        asked.existing,
        &mut watch,
    );
    line.clear();
    match made {
        Ok(outcome) => printed(io::stdout().write_all(said(asked, outcome).as_bytes())),
        Err(error) => {
            complain(&format!("tallyd: {error}\n"));
            End::Failed
        }
    }
}

/// A terminal that hangs up ends it too: there is nothing here to read again.
fn is_stopped(events: &Receiver<Event>) -> bool {
    let stops = |event| matches!(event, Event::Stop | Event::Reload);
    events.try_iter().any(stops)
}

fn said(asked: &Asked, outcome: Outcome) -> String {
    let shown = |path: &Path| plain(path.as_os_str().as_bytes());
    let (dir, manifest) = (shown(&asked.dir), shown(&asked.manifest));
    let amount = |all: Progress| {
        let files = several(all.files, "file", "files");
        format!("{files}, {}", size(all.bytes))
    };
    match outcome {
        Outcome::Made(all) => format!("Made {} in {dir}; manifest {manifest}\n", amount(all)),
        Outcome::There(all) => format!(
            "{dir} holds this tree already: {}; manifest {manifest}\n",
            amount(all)
        ),
    }
}

/// `12.3 MB`, within a sentence.
fn size(bytes: u64) -> String {
    let (number, unit) = people::size(bytes);
    format!("{number} {unit}")
}

/// The line of progress on a terminal.
struct Line {
    is_shown: bool,
    next: Option<Instant>,
    files: u64,
    bytes: u64,
}

impl Line {
    /// None at all where nobody looks.
    fn new(asked: &Asked) -> Line {
        let is_watched = io::stderr().is_terminal();
        Line {
            is_shown: false,
            next: is_watched.then(|| Instant::now() + SOON),
            files: asked.plan.count,
            bytes: if is_watched { asked.plan.bytes() } else { 0 },
        }
    }

    fn show(&mut self, progress: Progress) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now + PAUSE);
        self.is_shown = true;
        complain(&format!(
            "{LINE}{} of {} files, {} of {}",
            progress.files,
            self.files,
            size(progress.bytes),
            size(self.bytes)
        ));
    }

    fn clear(&self) {
        if self.is_shown {
            complain(LINE);
        }
    }
}
