//! What is wrong with a configuration, and where it was typed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a value was typed. The order is that of the layers: what stands later wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Nobody typed it: the default.
    Default,
    /// In the configuration file; without a position the file as a whole is meant.
    File(Arc<Path>, Option<Position>),
    /// In the environment variable of this name.
    Environment(String),
    /// On the command line, under this name.
    Flag(String),
}

/// A position in a text, in characters, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, and what to do about it.
    pub message: String,
}

/// What a check of several values gives: nothing, or all that is wrong.
pub(super) type Outcome<V = ()> = Result<V, Vec<Problem>>;

impl Place {
    /// A path as it is meant where it was typed: in a file, from the file's own directory on.
    pub(super) fn path(&self, typed: &Path) -> PathBuf {
        match self {
            Place::File(file, _) => file.parent().unwrap_or(Path::new("")).join(typed),
            _ => typed.to_owned(),
        }
    }

    /// Whether both were typed in the same layer.
    pub(super) fn is_beside(&self, other: &Place) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The problem that was found here.
    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem {
            place: self.clone(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Default => out.write_str("default"),
            Place::File(path, None) => write!(out, "{}", path.display()),
            Place::File(path, Some(at)) => {
                write!(out, "{}:{}:{}", path.display(), at.line, at.column)
            }
            Place::Environment(name) | Place::Flag(name) => out.write_str(name),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for Problem {}
