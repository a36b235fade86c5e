//! A real disk: files in one directory, readable by their owner only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::region::Mapped;
use super::{Disk, Store};

/// A directory.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Written where the file system can't reserve space by itself.
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

impl Folder {
    /// The directory at `path`, made if it is not there.
    pub fn new(path: &Path) -> io::Result<Folder> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Ok(Folder { path: path.into() })
    }

    fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.read(true).write(true).mode(0o600);
        options
    }
}

impl Disk for Folder {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str, words: usize) -> io::Result<Arc<dyn Store>> {
        let file = Folder::options()
            .create(true)
            .truncate(true)
            .open(self.path.join(name))?;
        reserve(&file, words as u64 * 8)?;
        Ok(Arc::new(Mapped::new(&file)?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn Store>> {
        let file = Folder::options().open(self.path.join(name))?;
        Ok(Arc::new(Mapped::new(&file)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn sync_names(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut file = match File::open(self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        Ok(Some(content))
    }

    fn overwrite(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut file = Folder::options()
            .create(true)
            .truncate(false)
            .open(self.path.join(name))?;
        file.rewind()?;
        file.write_all(content)?;
        file.sync_all()?;
        self.sync_names()
    }
}

/// Takes the space now: a mapped page without space would end the process when it is written to.
fn reserve(file: &File, length: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, length) {
        Ok(()) => Ok(()),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
            let mut file = file;
            let mut left = length;
            while left > 0 {
                let piece = left.min(ZEROS.len() as u64);
                let zeros = ZEROS.get(..usize::try_from(piece).unwrap_or(ZEROS.len()));
                file.write_all(zeros.unwrap_or(&ZEROS))?;
                left -= piece;
            }
            file.sync_all()
        }
        Err(error) => Err(error.into()),
    }
}
