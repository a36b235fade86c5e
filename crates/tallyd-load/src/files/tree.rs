//! Makes a tree of test files on a disk.
//!
//! 1. See what is there already: nothing, the same tree, another one of ours, or what is not ours.
//! 2. Remove the files of an old tree of ours, and no others.
//! 3. Leave a draft of the manifest that says whose files these will be.
//! 4. Write each file, in parts, and hash it meanwhile; no file is in memory as a whole.
//! 5. Turn the draft into the manifest.
//!
//! Promises: a file that was there and is not ours is never touched; the manifest never names a file that is
//! not whole; a run that was broken off is taken up by the same call.

mod error;
mod ground;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::manifest::{Draft, Entry};
use super::{Plan, Planned, content};
pub use error::TreeError;
use ground::{Directories, Ground};

/// Bytes that are made, hashed and written at a time.
const PART: usize = 256 * 1024;

/// What to do with another tree of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and say so.
    Keep,
    /// Replace the files that its manifest names.
    Replace,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The tree was made.
    Made(Progress),
    /// It was there already.
    There(Progress),
}

/// How much is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whole files.
    pub files: u64,
    /// Bytes, of files that are not whole too.
    pub bytes: u64,
}

/// Makes the tree of `plan` in `dir` with its manifest at `manifest`. `watch` is told how far it is after each
/// part, and may break it off.
pub fn make(
    plan: &Plan,
    dir: &Path,
    manifest: &Path,
    existing: Existing,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Outcome, TreeError> {
    fs::create_dir_all(dir).map_err(TreeError::cannot("make", dir))?;
    let in_tree = ground::within(dir, manifest)?;
    let is_it = |file: Planned| Some(Path::new(file.path.as_str())) == in_tree.as_deref();
    if plan.files().any(is_it) {
        return Err(TreeError::ManifestIsAFile(manifest.to_owned()));
    }
    match ground::look(plan, dir, manifest, existing)? {
        Ground::Same(manifest) => {
            return ground::verify(dir, &manifest).map(Outcome::There);
        }
        Ground::Ours(paths) => ground::remove(dir, paths)?,
        Ground::Empty => {}
    }
    let draft_path = Draft::path(manifest);
    let draft = Draft::begin(manifest, plan).map_err(TreeError::cannot("write", &draft_path))?;
    ground::gone(fs::remove_file(manifest)).map_err(TreeError::cannot("remove", manifest))?;
    let mut maker = Maker {
        seed: plan.seed,
        dir,
        directories: Directories::of(dir),
        progress: Progress::default(),
        watch,
        part: vec![0; PART],
    };
    let made = maker.write_all(plan);
    let progress = maker.progress;
    let entries = made.map_err(|broken| broken.told(plan, dir, progress))?;
    let finished = draft.finish(&entries);
    finished.map_err(|error| Broken::at(manifest, error).told(plan, dir, progress))?;
    Ok(Outcome::Made(progress))
}

/// Why not all files are there.
enum Broken {
    Stopped,
    Failed { path: PathBuf, error: io::Error },
    Refused(TreeError),
}

impl Broken {
    fn at(path: &Path, error: io::Error) -> Broken {
        let path = path.to_owned();
        Broken::Failed { path, error }
    }

    fn told(self, plan: &Plan, dir: &Path, left: Progress) -> TreeError {
        let (dir, of) = (dir.to_owned(), plan.count);
        match self {
            Broken::Stopped => TreeError::Stopped { dir, left, of },
            Broken::Failed { path, error } => TreeError::Unfinished {
                path,
                error,
                dir,
                left,
                of,
            },
            Broken::Refused(error) => error,
        }
    }
}

struct Maker<'a> {
    seed: u64,
    dir: &'a Path,
    directories: Directories,
    progress: Progress,
    watch: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    part: Vec<u8>,
}

impl Maker<'_> {
    fn write_all(&mut self, plan: &Plan) -> Result<Vec<Entry>, Broken> {
        let mut entries = Vec::new();
        for file in plan.files() {
            let before = self.progress;
            let path = file.path.below(self.dir);
            self.directories
                .ensure(&file.path)
                .map_err(|error| error.or_broken(Broken::at))?;
            let mut out = File::create_new(&path).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Broken::Refused(TreeError::NotOurs(path.clone())),
                _ => Broken::at(&path, error),
            })?;
            match self.write(&file, &mut out, &path) {
                Ok(sha256) => entries.push(Entry {
                    number: file.number,
                    path: file.path,
                    length: file.length,
                    sha256,
                }),
                Err(broken) => {
                    self.progress = before;
                    // Half a file is of no use; where it can't be removed, the draft still knows it as ours.
                    fs::remove_file(&path).ok();
                    return Err(broken);
                }
            }
            self.progress.files += 1;
        }
        Ok(entries)
    }

    fn write(
        &mut self,
        file: &Planned,
        out: &mut impl Write,
        path: &Path,
    ) -> Result<[u8; 32], Broken> {
        let mut hash = Sha256::new();
        let mut offset = 0;
        loop {
            if (self.watch)(self.progress).is_break() {
                return Err(Broken::Stopped);
            }
            let left = usize::try_from(file.length - offset).unwrap_or(usize::MAX);
            let (part, _) = self.part.split_at_mut(left.min(PART));
            if part.is_empty() {
                return Ok(hash.finalize().into());
            }
            content::fill(self.seed, file.number, offset, part);
            hash.update(&*part);
            out.write_all(part)
                .map_err(|error| Broken::at(path, error))?;
            offset += part.len() as u64;
            self.progress.bytes += part.len() as u64;
        }
    }
}
