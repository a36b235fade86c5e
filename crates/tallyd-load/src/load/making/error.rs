//! Why there is no plan, as a person should read it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::load::mix::Mistake;
use crate::load::tree::TreeError;
use crate::url::Url;

/// Why there is no plan.
#[derive(Debug)]
pub enum MakeError {
    /// Nobody said whom to ask.
    NoUrl,
    /// So many URLs where one is needed.
    OneUrl(usize),
    /// A URL with a query, where things below it are asked for.
    Query(Url),
    /// Not a method, or not one for a load test.
    Method(String),
    /// A field that cannot be sent, and why.
    Field(String, &'static str),
    /// A host without an address.
    Host {
        /// Its name.
        host: String,
        /// Why.
        error: io::Error,
    },
    /// A file cannot be read.
    Io(PathBuf, io::Error),
    /// No files to ask for.
    Tree(TreeError),
    /// What is wrong in a mix file: at least one.
    Mix(Vec<Mistake>),
    /// What a mix file asks for is not there.
    Missing(Mistake),
    /// What is wrong with a log as a whole.
    Log(PathBuf, String),
    /// More different requests than [`MOST_ASKS`](super::MOST_ASKS).
    TooMany,
}

impl MakeError {
    /// Whether what was typed is wrong, not what was found.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        use MakeError::{Field, Method, Mix, NoUrl, OneUrl, Query};
        matches!(
            self,
            NoUrl | OneUrl(_) | Query(_) | Method(_) | Field(..) | Mix(_)
        )
    }
}

/// Paths are written as in code (`"a\nb"`), so that none can move the cursor of a terminal.
impl fmt::Display for MakeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MakeError::NoUrl => out.write_str("there is no URL to ask"),
            MakeError::OneUrl(count) => write!(
                out,
                "one URL is needed, below which the files are; there are {count}"
            ),
            MakeError::Query(url) => write!(
                out,
                "{url}: nothing is below a URL with a query; leave out what begins with the question mark"
            ),
            MakeError::Method(method) => write!(out, "{method:?} is not a method to ask with"),
            MakeError::Field(name, what) => write!(out, "the field {name:?} {what}"),
            MakeError::Host { host, error } => {
                write!(out, "cannot find the address of {host}: {error}")
            }
            MakeError::Io(path, error) => write!(out, "cannot read {path:?}: {error}"),
            MakeError::Tree(error) => error.fmt(out),
            MakeError::Mix(mistakes) => {
                for (place, mistake) in mistakes.iter().enumerate() {
                    let end = if place == 0 { "" } else { "\n" };
                    write!(out, "{end}{mistake}")?;
                }
                Ok(())
            }
            MakeError::Missing(mistake) => mistake.fmt(out),
            MakeError::Log(path, what) => write!(out, "{path:?}: {what}"),
            MakeError::TooMany => write!(
                out,
                "there are more than {} different requests",
                super::MOST_ASKS
            ),
        }
    }
}

impl std::error::Error for MakeError {}

impl From<TreeError> for MakeError {
    fn from(error: TreeError) -> MakeError {
        MakeError::Tree(error)
    }
}
