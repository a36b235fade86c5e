//! Which files there are to ask for: those of a directory, or those that a manifest names.
//!
//! Promises: the same tree gives the same files in the same order. Of a directory, hidden files, links and names that
//! are not UTF-8 are left out: not every server shows them. Must not know: what is done with them.

use std::fmt;
use std::fs::{self, DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::files::manifest::ManifestError;
use crate::files::{MOST_FILES, Manifest, TreePath};

/// The manifest's name in a tree of `tallyd files`.
const MANIFEST: &str = "MANIFEST.tsv";

/// Directories below each other; a deeper tree is a mistake.
const DEEPEST: usize = 128;

/// A file that is there, or is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is in the tree.
    pub path: TreePath,
    /// How many bytes it has.
    pub length: u64,
}

/// Why there are no files.
#[derive(Debug)]
pub enum TreeError {
    /// It can't be read.
    Io(PathBuf, io::Error),
    /// It is neither a directory nor a manifest.
    Manifest(PathBuf, ManifestError),
    /// There is none.
    Empty(PathBuf),
    /// There are more than [`MOST_FILES`].
    TooMany(PathBuf),
}

/// Paths are written as in code (`"a\nb"`), so that none can move the cursor of a terminal.
impl fmt::Display for TreeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TreeError::Io(path, error) => write!(out, "cannot read {path:?}: {error}"),
            TreeError::Manifest(path, error) => write!(
                out,
                "{path:?}: {error}; a directory, or a manifest of `tallyd files`, is needed"
            ),
            TreeError::Empty(path) => write!(out, "{path:?} has no file to ask for"),
            TreeError::TooMany(path) => write!(out, "{path:?} has more than {MOST_FILES} files"),
        }
    }
}

impl std::error::Error for TreeError {}

/// The first `most` files at `path`: of a manifest in its order, of a directory as its manifest says, or else by name.
/// Never none.
pub fn files(path: &Path, most: usize) -> Result<Vec<Found>, TreeError> {
    let is_dir = File::open(path).and_then(|file| file.metadata());
    let is_dir = is_dir.map_err(|error| TreeError::Io(path.to_owned(), error))?;
    let found = match is_dir.is_dir() {
        false => manifest(path).map(Some)?,
        true => manifest_in(path)?,
    };
    let mut found = match found {
        Some(found) => found,
        None => walked(path, most)?,
    };
    found.truncate(most);
    match found.is_empty() {
        true => Err(TreeError::Empty(path.to_owned())),
        false => Ok(found),
    }
}

/// What the manifest of a tree of `tallyd files` says; a file of this name that is something else says nothing.
fn manifest_in(dir: &Path) -> Result<Option<Vec<Found>>, TreeError> {
    match manifest(&dir.join(MANIFEST)) {
        Ok(found) => Ok(Some(found)),
        Err(TreeError::Manifest(_, ManifestError::Malformed { line: 1, .. })) => Ok(None),
        Err(TreeError::Manifest(_, ManifestError::Io(error)))
            if error.kind() == io::ErrorKind::NotFound =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn manifest(path: &Path) -> Result<Vec<Found>, TreeError> {
    let manifest = Manifest::read(path);
    let manifest = manifest.map_err(|error| TreeError::Manifest(path.to_owned(), error))?;
    let entries = manifest.entries.into_iter();
    let found = entries.map(|entry| Found {
        path: entry.path,
        length: entry.length,
    });
    Ok(found.collect())
}

fn walked(dir: &Path, most: usize) -> Result<Vec<Found>, TreeError> {
    let mut walk = Walk {
        root: dir,
        most,
        found: Vec::new(),
    };
    walk.enter("", 0)?;
    Ok(walk.found)
}

struct Walk<'a> {
    root: &'a Path,
    most: usize,
    found: Vec<Found>,
}

impl Walk<'_> {
    /// Goes through the directory whose path in the tree is `prefix`, which ends in a slash where there is one.
    fn enter(&mut self, prefix: &str, depth: usize) -> Result<(), TreeError> {
        let place = self.root.join(prefix);
        let io = |error| TreeError::Io(place.clone(), error);
        if depth > DEEPEST {
            return Err(io(io::Error::other("the directories are too deep")));
        }
        let entries: io::Result<Vec<DirEntry>> = fs::read_dir(&place).map_err(io)?.collect();
        let mut entries = entries.map_err(io)?;
        entries.sort_by_key(DirEntry::file_name);
        for entry in entries {
            if self.found.len() >= self.most {
                return Ok(());
            }
            self.look_at(prefix, depth, &entry)
                .map_err(|error| match error {
                    Stop::Io(error) => TreeError::Io(entry.path(), error),
                    Stop::Tree(error) => error,
                })?;
        }
        Ok(())
    }

    fn look_at(&mut self, prefix: &str, depth: usize, entry: &DirEntry) -> Result<(), Stop> {
        let name = entry.file_name();
        let path = name.to_str().map(|name| format!("{prefix}{name}"));
        let Some(path) = path.and_then(TreePath::new) else {
            return Ok(());
        };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            return Ok(self.enter(&format!("{path}/"), depth + 1)?);
        }
        if kind.is_file() {
            if self.found.len() as u64 >= MOST_FILES {
                return Err(TreeError::TooMany(self.root.to_owned()).into());
            }
            let length = entry.metadata()?.len();
            self.found.push(Found { path, length });
        }
        Ok(())
    }
}

enum Stop {
    Io(io::Error),
    Tree(TreeError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Io(error)
    }
}

impl From<TreeError> for Stop {
    fn from(error: TreeError) -> Stop {
        Stop::Tree(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::tree::{Existing, make};
    use crate::files::{Names, Plan, Sizes};
    use std::ops::ControlFlow;

    fn names(path: &Path, most: usize) -> Vec<String> {
        let found = files(path, most).unwrap();
        let name = |found: &Found| format!("{} {}", found.path, found.length);
        found.iter().map(name).collect()
    }

    #[test]
    fn a_directory_gives_its_files_by_name_and_nothing_hidden_linked_or_unreadable() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for sub in ["b", ".git", "a/x"] {
            fs::create_dir_all(at(sub)).unwrap();
        }
        for (name, text) in [
            ("c", "ccc"),
            (".hidden", "h"),
            (".git/config", "h"),
            ("b/2", "22"),
            ("b/1", "1"),
            ("a/x/é ", ""),
            ("MANIFEST.tsv", "<html>"),
        ] {
            fs::write(at(name), text).unwrap();
        }
        std::os::unix::fs::symlink("/", at("b/root")).unwrap();
        std::os::unix::fs::symlink("nowhere", at("link")).unwrap();
        let all = ["MANIFEST.tsv 6", "a/x/é  0", "b/1 1", "b/2 2", "c 3"];
        assert_eq!(names(dir.path(), 9), all);
        assert_eq!(names(dir.path(), 3), all[..3]);
    }

    #[test]
    fn a_manifest_in_the_tree_or_alone_decides_the_order() {
        let dir = tempfile::tempdir().unwrap();
        let manifest = dir.path().join(MANIFEST);
        let plan = Plan {
            count: 40,
            sizes: Sizes::Fixed(3),
            names: Names::Hard,
            seed: 1,
        };
        let go_on = &mut |_| ControlFlow::Continue(());
        make(&plan, dir.path(), &manifest, Existing::Keep, go_on).unwrap();
        let expected: Vec<String> = plan
            .files()
            .map(|file| format!("{} 3", file.path))
            .collect();
        assert_eq!(names(dir.path(), 100), expected);
        assert_eq!(names(&manifest, 7), expected[..7]);
    }

    #[test]
    fn no_file_a_broken_manifest_and_what_is_neither_are_errors_that_say_so() {
        let dir = tempfile::tempdir().unwrap();
        let error = |path: &Path| files(path, 9).unwrap_err().to_string();
        assert!(error(dir.path()).ends_with("\" has no file to ask for"));
        let manifest = dir.path().join(MANIFEST);
        fs::write(
            &manifest,
            "#tallyd-files 1 count=1 size=1 names=plain seed=1\n",
        )
        .unwrap();
        assert!(error(dir.path()).contains("line 2: "));
        fs::write(&manifest, "text\n").unwrap();
        assert!(error(&manifest).contains("line 1: not a manifest"));
        assert!(error(&dir.path().join("gone")).contains("No such file"));
    }
}
