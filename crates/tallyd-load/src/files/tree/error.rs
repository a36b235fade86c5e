//! Why a tree is not made: what and where, what is left behind, and what to do.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::super::Plan;
use super::Progress;

/// Why there is no tree.
#[derive(Debug)]
pub enum TreeError {
    /// Before anything was made, this did not work.
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The directory has something that is not ours.
    Foreign {
        /// The directory.
        dir: PathBuf,
        /// One of the names in it.
        name: PathBuf,
    },
    /// What stands where the manifest belongs is none, or was changed.
    NoManifest {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The manifest would take the place of a file of the tree.
    ManifestIsAFile(PathBuf),
    /// The tree is another one.
    Other {
        /// The directory.
        dir: PathBuf,
        /// What the tree there was made from.
        plan: Plan,
    },
    /// The tree is the same one, but not as it was made.
    Damaged {
        /// How many files are missing or changed.
        files: u64,
        /// The first of them.
        first: PathBuf,
    },
    /// Something of ours belongs where something else is.
    NotOurs(PathBuf),
    /// It was broken off from outside.
    Stopped {
        /// The directory.
        dir: PathBuf,
        /// What is left there.
        left: Progress,
        /// Of how many files.
        of: u64,
    },
    /// A file can't be written.
    Unfinished {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
        /// The directory.
        dir: PathBuf,
        /// What is left there.
        left: Progress,
        /// Of how many files.
        of: u64,
    },
}

impl TreeError {
    /// Makes an error of the system one of ours.
    pub(super) fn cannot(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TreeError {
        let path = path.to_owned();
        move |error| TreeError::Io { doing, path, error }
    }
}

/// Paths are written as in code (`"a\nb"`), so that none can move the cursor of a terminal.
impl fmt::Display for TreeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TreeError::Io { doing, path, error } => {
                write!(out, "cannot {doing} {path:?}: {error}")
            }
            TreeError::Foreign { dir, name } => write!(
                out,
                "{dir:?} is not empty and holds no tree of this command: there is {name:?}; name a directory that is \
                 new or empty"
            ),
            TreeError::NoManifest { path, what } => write!(
                out,
                "{path:?} is there and is not the manifest of a tree: {what}; it is left as it is"
            ),
            TreeError::ManifestIsAFile(path) => write!(
                out,
                "{path:?} is one of the files of the tree; put the manifest elsewhere"
            ),
            TreeError::Other { dir, plan } => write!(
                out,
                "{dir:?} holds another tree: --count {} --size {} --names {} --seed {}; --force replaces it",
                plan.count,
                plan.sizes,
                plan.names.word(),
                plan.seed
            ),
            TreeError::Damaged { files, first } => write!(
                out,
                "the tree is not as it was made: {files} missing or changed, the first is {first:?}; --force makes it \
                 anew"
            ),
            TreeError::NotOurs(path) => write!(
                out,
                "{path:?} is in the way and was not made by this command; move it, then run the same command again"
            ),
            TreeError::Stopped { dir, left, of } => {
                write!(out, "stopped: {}", Left(dir, *left, *of))
            }
            TreeError::Unfinished {
                path,
                error,
                dir,
                left,
                of,
            } => {
                let room = match error.kind() {
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "the disk is full: ",
                    _ => "",
                };
                let left = Left(dir, *left, *of);
                write!(out, "{room}cannot write {path:?}: {error}; {left}")
            }
        }
    }
}

impl std::error::Error for TreeError {}

/// What lies there, and how it becomes a tree or goes away.
struct Left<'a>(&'a Path, Progress, u64);

impl fmt::Display for Left<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Left(dir, Progress { files, bytes }, of) = self;
        write!(
            out,
            "{files} of {of} files ({bytes} bytes) are left in {dir:?}, without a manifest; run the same command \
             again to make all of them, or remove the directory"
        )
    }
}
