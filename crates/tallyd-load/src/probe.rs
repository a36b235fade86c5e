//! A conformance check of any server of files over HTTP/1.1: named cases, each with its section and its level.
//!
//! Promises: whatever the server does, each case has a verdict within its patience; requests are harmless to what is
//! served. Must not know: which server it is, or how its verdicts are shown.

mod answer;
mod case;
mod cases;
mod date;
mod expect;
mod glob;
mod ground;
mod json;
mod parts;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::Url;
use case::Part;
pub use case::{Case, Group, Level};
use expect::Miss;
use ground::Ground;
pub use json::list;
use wire::{End, Sent};

/// How long a case may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// So many cases are asked at a time: most of what they do is wait.
const AT_ONCE: usize = 8;

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The demand is kept.
    Ok,
    /// A MUST is not kept.
    Broken,
    /// A SHOULD is not kept.
    Weak,
    /// An advice is not followed.
    Unlike,
    /// It could not be asked, or the answer is one to which the demand does not apply.
    Skipped,
    /// There was no connection.
    Unclear,
}

impl Verdict {
    /// All, in the order in which they are counted.
    pub const ALL: [Verdict; 6] = [
        Verdict::Ok,
        Verdict::Broken,
        Verdict::Weak,
        Verdict::Unlike,
        Verdict::Skipped,
        Verdict::Unclear,
    ];

    /// Its name in tables and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Broken => "broken",
            Verdict::Weak => "weak",
            Verdict::Unlike => "unlike",
            Verdict::Skipped => "skipped",
            Verdict::Unclear => "unclear",
        }
    }
}

/// A case and what became of it.
#[derive(Debug)]
pub struct Finding {
    /// The case.
    pub case: &'static Case,
    /// What became of it.
    pub verdict: Verdict,
    /// What was expected, if it did not come. It may have anything in it that the server sent.
    pub expected: String,
    /// What came instead, or why the case is skipped. It may have anything in it that the server sent.
    pub came: String,
}

/// All that was found out.
#[derive(Debug)]
pub struct Report {
    /// What was asked for.
    pub url: String,
    /// What the server calls itself.
    pub server: String,
    /// How long the file is.
    pub length: usize,
    /// The cases, in the order of their table.
    pub findings: Vec<Finding>,
}

/// Why there is no report.
#[derive(Debug, PartialEq, Eq)]
pub enum Error {
    /// The host has no address.
    NoAddress(String),
    /// Nobody answers there.
    NoConnection(String),
    /// What is there is no file that cases can be asked of.
    NoFile(String),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoAddress(error) => write!(out, "the host can't be found: {error}"),
            Error::NoConnection(error) => write!(out, "cannot connect: {error}"),
            Error::NoFile(reason) => write!(out, "this is no file to ask for: {reason}"),
        }
    }
}

impl std::error::Error for Error {}

/// The cases whose names are like `pattern`, where `*` is any text; all by `*`.
#[must_use]
pub fn cases(pattern: &str) -> Vec<&'static Case> {
    let wanted =
        |case: &&Case| glob::is_like(case.id, pattern) || glob::is_like(case.group.word(), pattern);
    cases::all().filter(wanted).collect()
}

/// Asks these cases of the file at `url`.
pub fn run(url: &Url, cases: &[&'static Case], patience: Duration) -> Result<Report, Error> {
    let addresses = url.addresses();
    let addresses = addresses.map_err(|error| Error::NoAddress(error.to_string()))?;
    let ground = Ground::look(url, &addresses, patience)?;
    let server = ground.answer.field("Server").unwrap_or_default();
    Ok(Report {
        url: url.to_string(),
        server: server.to_owned(),
        length: ground.length(),
        findings: all(&ground, cases, &addresses, patience),
    })
}

/// Several at a time, and in their order again.
fn all(
    ground: &Ground,
    cases: &[&'static Case],
    addresses: &[SocketAddr],
    patience: Duration,
) -> Vec<Finding> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::with_capacity(cases.len()));
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(case) = cases.get(place) else {
                return;
            };
            let finding = asked(ground, case, addresses, patience);
            // A thread that panicked has left a list that is as whole as before.
            let mut found = found
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            found.push((place, finding));
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(cases.len()) {
            scope.spawn(work);
        }
    });
    let mut found = found
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, finding)| finding).collect()
}

fn asked(
    ground: &Ground,
    case: &'static Case,
    addresses: &[SocketAddr],
    patience: Duration,
) -> Finding {
    let finding = |verdict, expected, came| Finding {
        case,
        verdict,
        expected,
        came,
    };
    if let Some(reason) = case.needs.iter().find_map(|need| ground.lacks(*need)) {
        return finding(Verdict::Skipped, String::new(), reason.to_owned());
    }
    let sent: Vec<Sent> = case
        .sends
        .iter()
        .map(|part| filled(ground, *part))
        .collect();
    let seen = wire::exchange(addresses, &sent, case.until, patience);
    if matches!(seen.end, End::NoConnection(_)) {
        return finding(
            Verdict::Unclear,
            "a connection".to_owned(),
            expect::came(&seen),
        );
    }
    let judged = case
        .expects
        .iter()
        .try_for_each(|expect| expect.judge(ground, &seen));
    let missed = match case.level {
        Level::Must => Verdict::Broken,
        Level::Should => Verdict::Weak,
        Level::Advice => Verdict::Unlike,
    };
    match judged {
        Ok(()) => finding(Verdict::Ok, String::new(), String::new()),
        Err(Miss::Skip(reason)) => finding(Verdict::Skipped, String::new(), reason),
        Err(Miss::Expected(expected)) => finding(missed, expected, expect::came(&seen)),
        Err(Miss::Came(expected, came)) => finding(missed, expected, came),
    }
}

fn filled(ground: &Ground, part: Part) -> Sent {
    match part {
        Part::Ask(text) => Sent::Ask(ground.fill(text)),
        Part::AskMade(text) => Sent::Ask(ground.fill(&text())),
        Part::AskSlowly(text) => Sent::Slowly(ground.fill(text)),
        Part::Bytes(text) => Sent::Bytes(ground.fill(text)),
        Part::BytesMade(text) => Sent::Bytes(text()),
        Part::Pause => Sent::Pause,
    }
}

impl Report {
    /// How many cases have this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        let has_it = |finding: &&Finding| finding.verdict == verdict;
        self.findings.iter().filter(has_it).count()
    }
}
