//! The load test: a [`Plan`] of what is asked when, and the [`Outcome`] of having asked it.
//!
//! 1. A plan says it all, as data: `plan`, made from a list of URLs, a `mix`, a log to `replay`, or the `classic` way.
//! 2. [`run`] shares its turns among threads; each has one loop over its connections: `worker`.
//! 3. What a connection sends and gets is one `exchange` after the other, judged by `truth` where asked.
//! 4. Each end is counted in a `tally`; the seconds go to the `course`.
//! 5. `report` says it to people and programs; `expect` says whether it is as it should be.
//!
//! Promises: times are those of the plan: what should have begun and could not is late, and shows. Must not know: the
//! terminal.

mod channel;
pub mod classic;
pub mod course;
mod exchange;
pub mod expect;
mod log;
pub mod making;
pub mod mix;
pub mod plan;
pub mod replay;
pub mod report;
mod run;
pub mod tally;
pub mod tree;
pub mod trouble;
pub mod truth;
mod worker;

pub use plan::{Ask, Plan};
pub use run::run;
pub use tally::Tally;
pub use trouble::Trouble;

use std::fmt;
use std::io;
use std::time::Duration;

use course::Second;

/// What came of a load test.
#[derive(Debug)]
pub struct Outcome {
    /// What was counted, of all threads.
    pub tally: Tally,
    /// The seconds in order, without a gap; the last may be shorter.
    pub seconds: Vec<Second>,
    /// From the start to the end of the last.
    pub elapsed: Duration,
    /// Somebody ended it before its time.
    pub is_stopped: bool,
    /// Why the log of the requests is not whole, where one was wished.
    pub log_error: Option<io::Error>,
}

/// Why a load test could not begin.
#[derive(Debug)]
pub enum RunError {
    /// More connections than this process may have descriptors.
    Descriptors {
        /// So many are needed.
        needed: u64,
        /// So many it may have.
        most: u64,
    },
    /// The server cannot be reached.
    Server {
        /// What Host would say.
        authority: String,
        /// Why.
        error: io::Error,
    },
    /// The system refuses something else.
    Io(io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Descriptors { needed, most } => write!(
                out,
                "so many connections need {needed} file descriptors, and this process may have {most}: \
                 raise the limit (ulimit -n {needed}), or ask for fewer with -c"
            ),
            RunError::Server { authority, error } => {
                write!(out, "cannot connect to {authority}: {error}")
            }
            RunError::Io(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for RunError {}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> RunError {
        RunError::Io(error)
    }
}

#[cfg(test)]
mod tests;
