//! Why a download can't be kept: what and where, and what to do.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Why there is no file.
#[derive(Debug)]
pub enum SaveError {
    /// The system says so.
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A directory has the name.
    Directory(PathBuf),
    /// A pipe or a device has the name, and keeps nothing to go on with.
    NoFile(PathBuf),
    /// What stands where the part belongs is not ours.
    Foreign(PathBuf),
    /// Another process writes it.
    Busy(PathBuf),
    /// The part is of another URL.
    OtherUrl {
        /// The part.
        part: PathBuf,
        /// What it is the beginning of.
        url: String,
    },
    /// There is a file, and nobody noted of which version it is.
    Unnoted {
        /// The file.
        path: PathBuf,
        /// Its length.
        have: u64,
        /// What the server says of the length.
        total: Option<u64>,
    },
}

impl SaveError {
    /// Makes an error of the system one of ours.
    pub fn cannot(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SaveError {
        let path = path.to_owned();
        move |error| SaveError::Io { doing, path, error }
    }
}

/// Paths are written as in code (`"a\nb"`), so that none can move the cursor of a terminal.
impl fmt::Display for SaveError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaveError::Io { doing, path, error } => {
                let room = match error.kind() {
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full: ",
                    _ => "",
                };
                write!(out, "{room}cannot {doing} {path:?}: {error}")
            }
            SaveError::Directory(path) => write!(out, "{path:?} is a directory"),
            SaveError::NoFile(path) => {
                write!(
                    out,
                    "{path:?} is no file, so there is nothing to go on with"
                )
            }
            SaveError::Foreign(path) => write!(
                out,
                "{path:?} is in the way and was not made by this command; move it"
            ),
            SaveError::Busy(path) => {
                write!(out, "{path:?} is being written by another tallyd get")
            }
            SaveError::OtherUrl { part, url } => write!(
                out,
                "{part:?} is the beginning of {url:?}; without --resume it is replaced"
            ),
            SaveError::Unnoted { path, have, total } => {
                write!(out, "{path:?} is there with {have} bytes, ")?;
                let of_server = match total {
                    Some(total) => format!("the server's has {total}"),
                    None => "and the server does not say how many there should be".into(),
                };
                out.write_str(&of_server)?;
                out.write_str(
                    "; of which version they are nobody noted, so nothing is put behind them: without --resume all of \
                     it is got and replaces them",
                )
            }
        }
    }
}

impl std::error::Error for SaveError {}
