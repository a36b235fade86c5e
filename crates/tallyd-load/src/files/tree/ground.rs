//! What is in the directory before a tree is made there, and whether it may go.
//!
//! Promises: only what a manifest or a draft of ours names is ever removed, and only below the directory: a
//! symbolic link on the way ends it.

use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::super::manifest::{Draft, Entry, Manifest, ManifestError};
use super::super::{Plan, TreePath, content};
use super::{Broken, Existing, Progress, TreeError};

/// Bytes at the beginning and at the end of a file that are compared: enough to find what is not ours.
const PROBE: u64 = 4096;

/// What is there.
pub(super) enum Ground {
    /// Nothing.
    Empty,
    /// The tree that is wanted, as its manifest says.
    Same(Manifest),
    /// These files of ours, which may go.
    Ours(Vec<TreePath>),
}

/// Looks, and refuses what may not go.
pub(super) fn look(
    plan: &Plan,
    dir: &Path,
    manifest: &Path,
    existing: Existing,
) -> Result<Ground, TreeError> {
    let draft = readable(&Draft::path(manifest), Draft::plan_of(manifest))?.flatten();
    let whole = readable(manifest, Manifest::read(manifest))?;
    let refused = |plan| TreeError::Other {
        dir: dir.to_owned(),
        plan,
    };
    match (existing, &whole, draft) {
        (Existing::Keep, Some(there), _) if there.plan != *plan => Err(refused(there.plan)),
        (Existing::Keep, None, Some(begun)) if begun != *plan => Err(refused(begun)),
        (Existing::Keep, Some(_), _) => Ok(whole.map_or(Ground::Empty, Ground::Same)),
        (_, None, None) => {
            let there = top(dir, manifest)?;
            let stranger = there.first().map(|name| foreign(dir, name));
            stranger.map_or(Ok(Ground::Empty), Err)
        }
        (_, whole, draft) => {
            let whole = whole.iter().flat_map(|there| &there.entries);
            let begun = draft.iter().flat_map(Plan::files);
            let mut paths: Vec<TreePath> = whole.map(|entry| entry.path.clone()).collect();
            paths.extend(begun.map(|file| file.path));
            belongs(dir, manifest, &paths, existing)?;
            Ok(Ground::Ours(paths))
        }
    }
}

/// What was read at `path`, if there is anything. What is there and is not ours must stay.
fn readable<T>(path: &Path, read: Result<T, ManifestError>) -> Result<Option<T>, TreeError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(ManifestError::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(ManifestError::Io(error)) => Err(TreeError::cannot("read", path)(error)),
        Err(malformed) => Err(TreeError::NoManifest {
            path: path.to_owned(),
            what: malformed.to_string(),
        }),
    }
}

/// Refuses a directory whose contents are not of these files: a manifest that lies elsewhere may be of another one.
/// What is left of a run needs no word of the user, and may hold nothing else; what is replaced may have guests.
fn belongs(
    dir: &Path,
    manifest: &Path,
    paths: &[TreePath],
    existing: Existing,
) -> Result<(), TreeError> {
    let ours = paths
        .iter()
        .filter_map(|path| path.as_str().split('/').next());
    let ours: HashSet<&str> = ours.collect();
    let there = top(dir, manifest)?;
    let is_ours = |name: &&OsString| name.to_str().is_some_and(|name| ours.contains(name));
    let known = there.iter().filter(is_ours).count();
    let stranger = there.iter().find(|name| !is_ours(name));
    match (existing, stranger) {
        (Existing::Replace, _) if known > 0 => Ok(()),
        (_, Some(name)) => Err(foreign(dir, name)),
        (_, None) => Ok(()),
    }
}

/// The names in a directory, but for the manifest. A draft without a line says nothing: the disk was full already.
fn top(dir: &Path, manifest: &Path) -> Result<Vec<OsString>, TreeError> {
    let cannot = || TreeError::cannot("list", dir);
    let in_tree = within(dir, manifest)?;
    let of_manifest = in_tree.map(|name| [Draft::path(&name), name]);
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(cannot())? {
        let entry = entry.map_err(cannot())?;
        let name = entry.file_name();
        let mut ours = of_manifest.iter().flatten();
        if !ours.any(|path| path.as_os_str() == name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Where the manifest is in the tree, if it is; both may be spelt in many ways.
pub(super) fn within(dir: &Path, manifest: &Path) -> Result<Option<PathBuf>, TreeError> {
    let cannot = || TreeError::cannot("write", manifest);
    let name = manifest.file_name().ok_or(ErrorKind::IsADirectory.into());
    let name = name.map_err(cannot())?;
    let parent = match manifest.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let parent = fs::canonicalize(parent).map_err(cannot())?;
    let dir = fs::canonicalize(dir).map_err(TreeError::cannot("open", dir))?;
    let inside = parent.strip_prefix(dir).ok();
    Ok(inside.map(|above| above.join(name)))
}

fn foreign(dir: &Path, name: &OsStr) -> TreeError {
    TreeError::Foreign {
        dir: dir.to_owned(),
        name: name.into(),
    }
}

/// Whether the tree is as it was made: every length, and the first and last bytes of every file.
pub(super) fn verify(dir: &Path, manifest: &Manifest) -> Result<Progress, TreeError> {
    let (mut whole, mut damaged, mut first) = (Progress::default(), 0, None);
    for (entry, planned) in manifest.entries.iter().zip(manifest.plan.files()) {
        let is_planned = entry.path == planned.path && entry.length == planned.length;
        let path = entry.path.below(dir);
        if is_planned && is_as_made(&path, manifest.plan.seed, entry).unwrap_or(false) {
            whole.files += 1;
            whole.bytes = whole.bytes.saturating_add(entry.length);
        } else {
            damaged += 1;
            first.get_or_insert(path);
        }
    }
    match first {
        None => Ok(whole),
        Some(first) => Err(TreeError::Damaged {
            files: damaged,
            first,
        }),
    }
}

/// An error is a file that is not there, or not to be read: not as it was made.
fn is_as_made(path: &Path, seed: u64, entry: &Entry) -> io::Result<bool> {
    // What is no file is not opened: a pipe would wait for its other end.
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(false);
    }
    let file = File::open(path)?;
    if file.metadata()?.len() != entry.length {
        return Ok(false);
    }
    let length = entry.length.min(PROBE);
    for offset in [0, entry.length - length] {
        let mut expected = vec![0; usize::try_from(length).unwrap_or_default()];
        let mut found = expected.clone();
        content::fill(seed, entry.number, offset, &mut expected);
        file.read_exact_at(&mut found, offset)?;
        if found != expected {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes these files, and the directories that are empty then.
pub(super) fn remove(dir: &Path, paths: Vec<TreePath>) -> Result<(), TreeError> {
    let mut directories = Directories::of(dir);
    let mut above = BTreeSet::new();
    for path in paths {
        let below = path.below(dir);
        match directories.are_real(&path) {
            Ok(()) => {
                gone(fs::remove_file(&below)).map_err(TreeError::cannot("remove", &below))?;
            }
            Err(Blocked::Io(_, error)) if error.kind() == ErrorKind::NotFound => continue,
            Err(blocked) => return Err(blocked.into_error("remove")),
        }
        above.extend(path.directories().map(str::to_owned));
    }
    // Backwards, each directory comes before the one above it.
    for directory in above.iter().rev() {
        let path = dir.join(directory);
        match gone(fs::remove_dir(&path)) {
            Err(error) if error.kind() != ErrorKind::DirectoryNotEmpty => {
                return Err(TreeError::cannot("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What is not there need not be removed.
pub(super) fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The directories of a tree, of which each is looked at once.
pub(super) struct Directories {
    root: PathBuf,
    real: HashSet<String>,
}

/// Why a directory can't be used.
pub(super) enum Blocked {
    /// The system says so.
    Io(PathBuf, io::Error),
    /// It is a link or a file.
    NotADirectory(PathBuf),
}

impl Blocked {
    pub(super) fn or_broken(self, broken: impl FnOnce(&Path, io::Error) -> Broken) -> Broken {
        match self {
            Blocked::Io(path, error) => broken(&path, error),
            Blocked::NotADirectory(path) => Broken::Refused(TreeError::NotOurs(path)),
        }
    }

    fn into_error(self, doing: &'static str) -> TreeError {
        match self {
            Blocked::Io(path, error) => TreeError::cannot(doing, &path)(error),
            Blocked::NotADirectory(path) => TreeError::NotOurs(path),
        }
    }
}

impl Directories {
    pub(super) fn of(root: &Path) -> Directories {
        let root = root.to_owned();
        Directories {
            root,
            real: HashSet::new(),
        }
    }

    /// Makes the directories above a file where they are missing.
    pub(super) fn ensure(&mut self, path: &TreePath) -> Result<(), Blocked> {
        self.each(path, |directory| match fs::create_dir(directory) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            made => made,
        })
    }

    /// Whether all directories above a file are there and are no links.
    fn are_real(&mut self, path: &TreePath) -> Result<(), Blocked> {
        self.each(path, |_| Ok(()))
    }

    fn each(
        &mut self,
        path: &TreePath,
        before: impl Fn(&Path) -> io::Result<()>,
    ) -> Result<(), Blocked> {
        for directory in path.directories() {
            if self.real.contains(directory) {
                continue;
            }
            let below = self.root.join(directory);
            let facts = before(&below).and_then(|()| fs::symlink_metadata(&below));
            match facts {
                Ok(facts) if facts.is_dir() => self.real.insert(directory.to_owned()),
                Ok(_) => return Err(Blocked::NotADirectory(below)),
                Err(error) => return Err(Blocked::Io(below, error)),
            };
        }
        Ok(())
    }
}
