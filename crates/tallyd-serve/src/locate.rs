//! From a clean path to what lies there: a file, by its own name or as the index of its directory.
//!
//! One walk for both the first look and each check of a cached file, so that they can't disagree.

use rustix::io::Errno;
use tallyd_http::target::CleanPath;

use crate::tree::{Kind, Patience, Root, Stamp, join};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Located {
    /// A regular file, at this place below the root, in this state.
    File(Vec<u8>, Stamp),
    /// A directory without an index file, at this place below the root.
    Directory(Vec<u8>),
    /// A directory whose path lacks its slash.
    Slashless,
}

/// Looks where `path` leads; directories are looked through for the names of `index`.
pub fn locate(
    root: &Root,
    path: &CleanPath<'_>,
    index: &[String],
    patience: Patience,
) -> Result<Located, Errno> {
    let relative = path.relative();
    match root.look(relative, patience)? {
        Kind::File(_) if path.ends_with_slash() => Err(Errno::NOTDIR),
        Kind::File(stamp) => Ok(Located::File(relative.to_vec(), stamp)),
        Kind::Special => Err(Errno::NOENT),
        Kind::Directory if !path.ends_with_slash() => Ok(Located::Slashless),
        Kind::Directory => locate_index(root, relative, index, patience),
    }
}

fn locate_index(
    root: &Root,
    directory: &[u8],
    index: &[String],
    patience: Patience,
) -> Result<Located, Errno> {
    for name in index {
        let place = join(directory, name.as_bytes());
        match root.look(&place, patience) {
            Ok(Kind::File(stamp)) => return Ok(Located::File(place, stamp)),
            Ok(Kind::Directory | Kind::Special) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Located::Directory(directory.to_vec()))
}
