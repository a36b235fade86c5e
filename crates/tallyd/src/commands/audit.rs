//! `tallyd audit`: has a server asked in every way that counts, and compares its counts with what arrived.
//!
//! Promises: a server that it starts ends with it, however it ends; what that server left is removed, unless something
//! differed, and then it is named.

mod own;
mod running;
mod server;
mod temporary;

use std::cell::Cell;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tallyd_load::audit::{Audience, Exchange, Plan, Report, Site, Stage, Unreachable};

use crate::args::audit::{Asked, Target};
use crate::signals::{self, Event};
use crate::{End, complain, printed};

/// Visits under way at a time.
const LANES: usize = 10;

/// Between two looks whether a signal came.
const LOOK: Duration = Duration::from_millis(100);

/// The start of the line, and what is right of the cursor gone.
const LINE: &str = "\r\x1b[K";

/// Why there is no report.
enum Trouble {
    /// A signal came.
    Stopped,
    /// It could not be done.
    Failed(String),
}

/// Audits.
pub(crate) fn run(asked: &Asked) -> End {
    let (sender, events) = channel();
    if let Err(error) = signals::listen(sender) {
        complain(&format!("tallyd: cannot listen for signals: {error}\n"));
        return End::Failed;
    }
    let signals = Signals {
        events,
        came: Cell::new(false),
    };
    let report = match &asked.target {
        Target::Own { dir, kills } => own::audit(asked, dir, *kills, &signals),
        Target::Running {
            url,
            verify,
            counter,
        } => running::audit(asked, url, verify.as_deref(), counter, &signals),
    };
    match report {
        Ok(report) => say(asked, &report),
        Err(Trouble::Stopped) => {
            complain("tallyd: stopped\n");
            End::Failed
        }
        Err(Trouble::Failed(reason)) => {
            complain(&format!("tallyd: {reason}\n"));
            End::Failed
        }
    }
}

fn say(asked: &Asked, report: &Report) -> End {
    let text = match asked.json {
        true => report.json(),
        false => report.text(),
    };
    match (
        printed(io::stdout().write_all(text.as_bytes())),
        report.agrees(),
    ) {
        (End::Done, false) => End::Unexpected,
        (end, _) => end,
    }
}

/// Signals that have come.
struct Signals {
    events: Receiver<Event>,
    came: Cell<bool>,
}

impl Signals {
    /// Whether it is time to end. A terminal that hangs up ends it too: there is nothing here to read again.
    fn stop(&self) -> bool {
        let stops = |event| matches!(event, Event::Stop | Event::Reload);
        if self.events.try_iter().any(stops) {
            self.came.set(true);
        }
        self.came.get()
    }

    /// What an error means: whoever was told to end has not failed.
    fn trouble(&self, error: impl fmt::Display) -> Trouble {
        match self.stop() {
            true => Trouble::Stopped,
            false => Trouble::Failed(error.to_string()),
        }
    }
}

/// What is asked, and by whom.
fn audience(asked: &Asked, site: Site, stage: Stage, host: String) -> Arc<Audience> {
    let plan = Plan::draw(&site, asked.requests, asked.seed);
    // No other run has this number, not even one at the same time.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.unwrap_or_default().as_secs();
    let run = (seconds << 24) ^ u64::from(std::process::id());
    Arc::new(Audience {
        site,
        plan,
        stage,
        host,
        run,
    })
}

/// What all lanes know, once they have ended.
fn joined(
    lanes: Vec<JoinHandle<Result<Vec<Exchange>, Unreachable>>>,
) -> Result<Vec<Exchange>, Trouble> {
    let mut all = Vec::new();
    for lane in lanes {
        match lane.join() {
            Ok(Ok(exchanges)) => all.extend(exchanges),
            Ok(Err(error)) => return Err(Trouble::Failed(error.to_string())),
            Err(_) => return Err(Trouble::Failed("a lane has panicked".to_owned())),
        }
    }
    Ok(all)
}

/// How far it is, on a terminal.
struct Progress {
    begun: Instant,
    is_watched: bool,
}

impl Progress {
    fn new() -> Progress {
        Progress {
            begun: Instant::now(),
            is_watched: io::stderr().is_terminal(),
        }
    }

    fn show(&self, audience: &Audience, kills: usize) {
        if self.is_watched {
            let (done, of) = (audience.stage.progress(), audience.plan.requests);
            complain(&format!("{LINE}{done} of {of} requests, {kills} kills"));
        }
    }

    fn say(&self, text: &str) {
        if self.is_watched {
            complain(&format!("{LINE}{text}"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.say("");
    }
}
