//! A folder that is served: made for one test, readable by every user, gone afterwards.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A temporary folder.
pub struct Folder {
    dir: TempDir,
}

impl Folder {
    /// An empty one.
    pub fn new() -> Folder {
        let dir = tempfile::Builder::new().prefix("tallyd-").tempdir();
        let dir = dir.expect("a temporary folder");
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        Folder { dir }
    }

    /// One with an `index.html` that says hello.
    pub fn with_index() -> Folder {
        let folder = Folder::new();
        folder.file("index.html", b"<!doctype html><title>hello</title>\n");
        folder
    }

    /// Writes a file, and the folders above it.
    pub fn file(&self, name: impl AsRef<Path>, content: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Where `name` in it is.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Says who may do what with `name`.
    pub fn mode(&self, name: impl AsRef<Path>, mode: u32) {
        fs::set_permissions(self.join(name), Permissions::from_mode(mode)).unwrap();
    }
}

/// Bytes without a pattern, the same ones for the same `seed` (xorshift).
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
