//! What a body should be, and whether it is: compared as it comes, byte by byte.
//!
//! Promises: no body is kept; of the files that are compared with, small ones are kept in memory up to a limit, others
//! are read where the body is. Must not know: sockets.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::trouble::Trouble;
use crate::answer::{Framing, Head, To};
use crate::files::manifest::ManifestError;
use crate::files::{Manifest, TreePath, content};

/// Files up to this length are kept in memory.
const SMALL: u64 = 64 * 1024;

/// All that is kept in memory of files.
const KEPT: u64 = 16 * 1024 * 1024;

/// Bytes that are compared at a time.
const PART: usize = 16 * 1024;

/// What a body should be.
#[derive(Debug)]
pub enum Truth {
    /// A file of a tree that [`content`] fills.
    Made {
        /// The seed of the tree.
        seed: u64,
        /// The number of the file.
        number: u64,
        /// Its length.
        length: u64,
    },
    /// A file on the disk.
    File(OnDisk),
}

/// A file that bodies are compared with.
#[derive(Debug)]
pub struct OnDisk {
    path: PathBuf,
    length: u64,
    kept: OnceLock<Box<[u8]>>,
    budget: Arc<AtomicU64>,
}

impl Truth {
    /// Its length.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Truth::Made { length, .. } => *length,
            Truth::File(file) => file.length,
        }
    }

    /// The source of its bytes.
    fn open(&self) -> io::Result<Source<'_>> {
        match self {
            Truth::Made { seed, number, .. } => Ok(Source::Made(*seed, *number)),
            Truth::File(file) => file.open(),
        }
    }
}

impl OnDisk {
    fn open(&self) -> io::Result<Source<'_>> {
        if let Some(kept) = self.kept.get() {
            return Ok(Source::Kept(kept));
        }
        let file = File::open(&self.path)?;
        if self.length > SMALL || !self.takes_from_budget() {
            return Ok(Source::Open(file));
        }
        let mut bytes = vec![0; usize::try_from(self.length).unwrap_or_default()];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(Source::Kept(self.kept.get_or_init(|| bytes.into())))
    }

    fn takes_from_budget(&self) -> bool {
        let take = |left: u64| left.checked_sub(self.length);
        let order = Ordering::Relaxed;
        self.budget.fetch_update(order, order, take).is_ok()
    }
}

enum Source<'a> {
    Made(u64, u64),
    Kept(&'a [u8]),
    Open(File),
}

/// A comparison under way.
#[derive(Debug)]
pub struct Comparison {
    truth: Arc<Truth>,
    /// Kept between two pieces of one body, where the file is read from the disk.
    file: Option<File>,
    /// Where in the whole the next byte of the body is.
    next: u64,
    /// Where the body should end.
    end: u64,
}

impl Comparison {
    /// Begins with the head of a response. None if such a response does not carry the file, or not as it is.
    pub fn begin(truth: &Arc<Truth>, to: To, head: &Head) -> Result<Option<Comparison>, Trouble> {
        let length = truth.length();
        let (start, end) = match (head.status, head.range) {
            _ if head.is_encoded => return Ok(None),
            (200, _) => (0, length),
            // Several ranges in one response are not compared.
            (206, Some((first, last))) => (first, last.saturating_add(1)),
            _ => return Ok(None),
        };
        let is_announced = match head.framing {
            Framing::Length(announced) => announced == end.saturating_sub(start),
            _ => true,
        };
        if end > length || !is_announced {
            return Err(Trouble::WrongLength);
        }
        let comparison = Comparison {
            truth: Arc::clone(truth),
            file: None,
            next: start,
            end,
        };
        Ok((to == To::Other).then_some(comparison))
    }

    /// Compares the next bytes of the body.
    pub fn compare(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        if bytes.len() as u64 > self.end - self.next {
            return Err(Trouble::WrongLength);
        }
        let truth = Arc::clone(&self.truth);
        let source = match self.file.take() {
            Some(file) => Source::Open(file),
            None => truth.open().map_err(|_| Trouble::NoTruth)?,
        };
        let same = source.is_same(self.next, bytes);
        self.next += bytes.len() as u64;
        if let Source::Open(file) = source {
            self.file = Some(file);
        }
        match same {
            Ok(true) => Ok(()),
            Ok(false) => Err(Trouble::WrongBytes),
            Err(_) => Err(Trouble::NoTruth),
        }
    }

    /// The body has ended: was that all?
    pub fn finish(self) -> Result<(), Trouble> {
        match self.next == self.end {
            true => Ok(()),
            false => Err(Trouble::WrongLength),
        }
    }
}

impl Source<'_> {
    fn is_same(&self, offset: u64, bytes: &[u8]) -> io::Result<bool> {
        if let Source::Kept(kept) = self {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let expected = start
                .checked_add(bytes.len())
                .and_then(|end| kept.get(start..end));
            return Ok(expected == Some(bytes));
        }
        let mut scratch = [0; PART];
        let mut place = offset;
        for part in bytes.chunks(PART) {
            let Some(expected) = scratch.get_mut(..part.len()) else {
                return Ok(false);
            };
            match self {
                Source::Made(seed, number) => content::fill(*seed, *number, place, expected),
                Source::Open(file) => file.read_exact_at(expected, place)?,
                Source::Kept(_) => {}
            }
            if expected != part {
                return Ok(false);
            }
            place += part.len() as u64;
        }
        Ok(true)
    }
}

/// What the bodies of a whole tree should be.
#[derive(Debug)]
pub struct Truths {
    from: From,
    budget: Arc<AtomicU64>,
}

#[derive(Debug)]
enum From {
    Dir(PathBuf),
    Manifest {
        seed: u64,
        files: HashMap<TreePath, (u64, u64)>,
    },
}

/// Why there are no truths.
#[derive(Debug)]
pub enum TruthError {
    /// It can't be read.
    Io(PathBuf, io::Error),
    /// It is neither a directory nor a manifest.
    Manifest(PathBuf, ManifestError),
}

impl fmt::Display for TruthError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TruthError::Io(path, error) => write!(out, "{path:?}: {error}"),
            TruthError::Manifest(path, error) => write!(
                out,
                "{:?}: {error}; a directory, or a manifest of `tallyd files`, is needed",
                path
            ),
        }
    }
}

impl std::error::Error for TruthError {}

impl Truths {
    /// Of the files of a directory, or of those that a manifest names.
    pub fn of(path: &Path) -> Result<Truths, TruthError> {
        let io = |error| TruthError::Io(path.to_owned(), error);
        let from = match is_directory(path).map_err(io)? {
            true => From::Dir(path.canonicalize().map_err(io)?),
            false => {
                let wrong = |error| TruthError::Manifest(path.to_owned(), error);
                let manifest = Manifest::read(path).map_err(wrong)?;
                let entries = manifest.entries.into_iter();
                From::Manifest {
                    seed: manifest.plan.seed,
                    files: entries
                        .map(|entry| (entry.path, (entry.number, entry.length)))
                        .collect(),
                }
            }
        };
        Ok(Truths {
            from,
            budget: Arc::new(AtomicU64::new(KEPT)),
        })
    }

    /// Of the file that a target asks for; none if there is no such file in the tree.
    #[must_use]
    pub fn of_target(&self, target: &str) -> Option<Arc<Truth>> {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let path = TreePath::decoded(path)?;
        let truth = match &self.from {
            From::Manifest { seed, files } => {
                let (number, length) = *files.get(&path)?;
                Truth::Made {
                    seed: *seed,
                    number,
                    length,
                }
            }
            From::Dir(dir) => {
                let place = dir.join(path.as_str());
                let facts = File::open(&place).and_then(|file| file.metadata());
                let facts = facts.ok().filter(fs::Metadata::is_file)?;
                Truth::File(OnDisk {
                    path: place,
                    length: facts.len(),
                    kept: OnceLock::new(),
                    budget: Arc::clone(&self.budget),
                })
            }
        };
        Some(Arc::new(truth))
    }
}

fn is_directory(path: &Path) -> io::Result<bool> {
    Ok(File::open(path)?.metadata()?.is_dir())
}

#[cfg(test)]
mod tests;
