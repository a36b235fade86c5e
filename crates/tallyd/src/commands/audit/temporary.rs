//! A directory for what an audit needs while it runs: the state of its server, access logs, a manifest.
//!
//! Promises: it is of nobody else, and gone with this value, unless it is to be kept.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::complain;

/// The directory.
pub(super) struct Temporary {
    path: PathBuf,
    is_kept: bool,
}

impl Temporary {
    /// A new one, below that of the system.
    pub(super) fn new() -> Result<Temporary, String> {
        for number in 0..100 {
            let name = format!("tallyd-audit-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => {
                    let is_kept = false;
                    return Ok(Temporary { path, is_kept });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("cannot make {path:?}: {error}")),
            }
        }
        Err("cannot make a temporary directory: all names are taken".to_owned())
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// It stays, and is named.
    pub(super) fn keep(&mut self) {
        self.is_kept = true;
        let path = self.path.display();
        complain(&format!(
            "tallyd: the state and the logs are kept in {path}\n"
        ));
    }

    /// The access log of each life of a server that was killed so often.
    pub(super) fn logs(&self, kills: u64) -> Vec<String> {
        let lives = usize::try_from(kills).unwrap_or_default() + 1;
        let read = |life| {
            // A kill may have torn a letter; a log that is not there has no lines.
            let bytes = fs::read(log(&self.path, life)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        (0..lives).map(read).collect()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.is_kept
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            let path = self.path.display();
            complain(&format!("tallyd: cannot remove {path}: {error}\n"));
        }
    }
}

/// Where the access log of a life is.
pub(super) fn log(place: &Path, life: usize) -> PathBuf {
    place.join(format!("access-{life}.log"))
}
