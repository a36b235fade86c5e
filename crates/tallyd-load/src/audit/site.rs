//! What is served: the files that will be asked for, any byte of which can be computed.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::files::manifest::ManifestError;
use crate::files::tree::{self, Existing, TreeError};
use crate::files::{Manifest, Names, Plan, Sizes, content};

/// The name of a manifest in its tree.
pub const MANIFEST: &str = "MANIFEST.tsv";

/// Most files that are asked for: the counts of each are compared one by one.
const MOST_FILES: usize = 1000;

/// Bytes that are compared at a time.
const PART: usize = 16 * 1024;

/// The trees that are made where there is none: as on the web; large enough for aborts, parts and slow readers;
/// and the odd lengths that no distribution has.
const TREES: [(&str, u64, &str); 6] = [
    ("web", 40, "web"),
    ("large", 6, "1MiB..6MiB"),
    ("middle", 8, "64KiB..512KiB"),
    ("empty", 1, "0"),
    ("one", 1, "1"),
    ("two", 1, "2"),
];

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFile {
    /// As it is counted: decoded, with a slash in front.
    pub path: String,
    /// As it is asked for.
    pub target: String,
    /// How many bytes it has.
    pub length: u64,
    seed: u64,
    number: u64,
}

/// All files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// In the order of their manifests.
    pub files: Vec<SiteFile>,
    /// Directories with files below them, as they are asked for, without the last slash.
    pub directories: Vec<String>,
}

/// Why there are no files to ask for.
#[derive(Debug)]
pub enum SiteError {
    /// The tree can't be made.
    Tree(TreeError),
    /// A manifest can't be read.
    Manifest(PathBuf, ManifestError),
    /// The directory has something else in it.
    Foreign(PathBuf, String),
    /// The directory can't be looked at.
    Io(PathBuf, io::Error),
    /// There is no file in it that could be asked for.
    Empty,
}

impl fmt::Display for SiteError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SiteError::Tree(error) => error.fmt(out),
            SiteError::Manifest(path, error) => write!(out, "cannot read {path:?}: {error}"),
            SiteError::Foreign(dir, name) => write!(
                out,
                "{dir:?} is no tree for an audit: there is {name:?}. Name a new or empty directory, or one that \
                 tallyd files has made"
            ),
            SiteError::Io(path, error) => write!(out, "cannot look at {path:?}: {error}"),
            SiteError::Empty => out.write_str("the manifest names no file"),
        }
    }
}

impl std::error::Error for SiteError {}

impl Site {
    /// The trees in `dir`, made there if there are none. `watch` may break it off.
    pub fn make(dir: &Path, watch: &mut dyn FnMut() -> ControlFlow<()>) -> Result<Site, SiteError> {
        if dir.join(MANIFEST).exists() {
            return Site::read(dir);
        }
        refuse_foreign(dir)?;
        for (name, count, size) in TREES {
            let sizes = Sizes::parse(size).unwrap_or(Sizes::Web);
            let plan = Plan {
                count,
                sizes,
                names: Names::Plain,
                seed: 1,
            };
            let place = dir.join(name);
            let manifest = place.join(MANIFEST);
            let mut watch = |_| watch();
            tree::make(&plan, &place, &manifest, Existing::Keep, &mut watch)
                .map_err(SiteError::Tree)?;
        }
        Site::read(dir)
    }

    /// The tree or the trees whose manifests are in `dir`; or of the one manifest at `dir`.
    pub fn read(dir: &Path) -> Result<Site, SiteError> {
        let read = |path: PathBuf| {
            let manifest = Manifest::read(&path);
            manifest.map_err(|error| SiteError::Manifest(path, error))
        };
        let mut site = Site::default();
        if !dir.is_dir() {
            site.add("", &read(dir.to_owned())?);
        } else if dir.join(MANIFEST).exists() {
            site.add("", &read(dir.join(MANIFEST))?);
        } else {
            for (name, ..) in TREES {
                site.add(&format!("/{name}"), &read(dir.join(name).join(MANIFEST))?);
            }
        }
        site.checked()
    }

    /// The names of the manifests that a server of such trees has: of one tree, or of those that an audit makes.
    pub fn manifests() -> impl Iterator<Item = String> {
        let of_trees = TREES.iter().map(|(name, ..)| format!("{name}/{MANIFEST}"));
        std::iter::once(MANIFEST.to_owned()).chain(of_trees)
    }

    /// The same files, below another path.
    #[must_use]
    pub fn below(mut self, base: &str) -> Site {
        let base = base.trim_end_matches('/');
        for file in &mut self.files {
            file.path.insert_str(0, base);
            file.target.insert_str(0, base);
        }
        for directory in &mut self.directories {
            directory.insert_str(0, base);
        }
        self
    }

    fn add(&mut self, prefix: &str, manifest: &Manifest) {
        let mut directories = BTreeSet::new();
        for entry in &manifest.entries {
            if self.files.len() >= MOST_FILES {
                break;
            }
            if let Some((directory, _)) = entry.path.target().rsplit_once('/') {
                directories.insert(format!("{prefix}{directory}"));
            }
            self.files.push(SiteFile {
                path: format!("{prefix}/{}", entry.path),
                target: format!("{prefix}{}", entry.path.target()),
                length: entry.length,
                seed: manifest.plan.seed,
                number: entry.number,
            });
        }
        directories.retain(|directory| !directory.is_empty());
        self.directories.extend(directories);
    }

    fn checked(self) -> Result<Site, SiteError> {
        match self.files.is_empty() {
            true => Err(SiteError::Empty),
            false => Ok(self),
        }
    }
}

impl SiteFile {
    /// Whether the file has these bytes from `offset` on.
    #[must_use]
    pub fn has(&self, offset: u64, bytes: &[u8]) -> bool {
        let mut part = [0; PART];
        let mut at = offset;
        bytes.chunks(PART).all(|piece| {
            let (expected, _) = part.split_at_mut(piece.len());
            content::fill(self.seed, self.number, at, expected);
            at = at.saturating_add(piece.len() as u64);
            at <= self.length && expected == piece
        })
    }
}

/// What is neither ours nor nothing stays as it is.
fn refuse_foreign(dir: &Path) -> Result<(), SiteError> {
    let cannot = |error| SiteError::Io(dir.to_owned(), error);
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(cannot)?,
    };
    for entry in entries {
        let name = entry.map_err(cannot)?.file_name();
        let name = name.to_string_lossy();
        if !TREES.iter().any(|(ours, ..)| *ours == name) {
            return Err(SiteError::Foreign(dir.to_owned(), name.into_owned()));
        }
    }
    Ok(())
}
