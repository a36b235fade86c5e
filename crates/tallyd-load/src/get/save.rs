//! Where a download goes: beside the file until it is whole, then in its place.
//!
//! `FILE.part` has what came so far. `FILE.part.from` says what it is the beginning of. At every moment what is in the
//! one belongs to what the other says, so that a kill at any moment leaves something to go on with.
//!
//! Promises: FILE is whole or as it was before; nothing that this command did not make is written over, but FILE; two
//! at a time do not write the same part. Must not know: who sends it.

mod error;

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

pub use super::resume::{Note, Version};
pub use error::SaveError;

/// A note is shorter than this, or none of ours.
const LONGEST_NOTE: u64 = 256 * 1024;

/// Where a download goes.
#[derive(Debug)]
pub enum Place {
    /// Into something that takes bytes as they come and keeps no file: a pipe, a device.
    Stream(File),
    /// Into a file.
    File(Unfinished),
}

/// A file that is not there yet.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    part: PathBuf,
    from: PathBuf,
    file: Option<File>,
    have: u64,
    note: Option<Note>,
}

impl Place {
    /// What `path` is now. A symbolic link is followed.
    pub fn look(path: &Path) -> Result<Place, SaveError> {
        let cannot = |doing| SaveError::cannot(doing, path);
        let found = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            outcome => Some(outcome.map_err(cannot("look at"))?),
        };
        let Some(found) = found else {
            return Unfinished::look(path.to_owned()).map(Place::File);
        };
        if found.is_symlink() {
            let there = fs::canonicalize(path).map_err(cannot("follow the link"))?;
            return Place::look(&there);
        }
        if found.is_dir() {
            return Err(SaveError::Directory(path.to_owned()));
        }
        if found.is_file() {
            return Unfinished::look(path.to_owned()).map(Place::File);
        }
        let file = OpenOptions::new().write(true).open(path);
        file.map(Place::Stream).map_err(cannot("write"))
    }
}

impl Unfinished {
    fn look(path: PathBuf) -> Result<Unfinished, SaveError> {
        let beside = |end: &str| {
            let mut name = OsString::from(&path);
            name.push(end);
            PathBuf::from(name)
        };
        let mut unfinished = Unfinished {
            part: beside(".part"),
            from: beside(".part.from"),
            path,
            file: None,
            have: 0,
            note: None,
        };
        match open(&unfinished.part, OpenOptions::new().read(true).write(true)) {
            Ok(file) => unfinished.take(file)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(SaveError::cannot("open", &unfinished.part)(error)),
        }
        Ok(unfinished)
    }

    /// Takes a part that is there, if it is ours and nobody else writes it.
    fn take(&mut self, file: File) -> Result<(), SaveError> {
        self.lock(&file)?;
        let facts = file.metadata();
        let facts = facts.map_err(SaveError::cannot("look at", &self.part))?;
        self.note = self.read_note()?;
        // A kill between the two may leave an empty part without a whole note: nothing is lost with that.
        if !facts.is_file() || (self.note.is_none() && facts.len() > 0) {
            return Err(SaveError::Foreign(self.part.clone()));
        }
        self.have = facts.len();
        self.file = Some(file);
        Ok(())
    }

    fn lock(&self, file: &File) -> Result<(), SaveError> {
        let cannot = |doing| SaveError::cannot(doing, &self.part);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SaveError::Busy(self.part.clone())),
            Err(TryLockError::Error(error)) => return Err(cannot("lock")(error)),
        }
        // Whoever had the lock may have finished meanwhile: then this is no longer the part, but the file.
        let held = file.metadata().map_err(cannot("look at"))?;
        let there = fs::symlink_metadata(&self.part);
        let is_same = |there: &fs::Metadata| (there.dev(), there.ino()) == (held.dev(), held.ino());
        match there.as_ref().is_ok_and(is_same) {
            true => Ok(()),
            false => Err(SaveError::Busy(self.part.clone())),
        }
    }

    fn read_note(&self) -> Result<Option<Note>, SaveError> {
        let file = match open(&self.from, OpenOptions::new().read(true)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            outcome => outcome.map_err(SaveError::cannot("open", &self.from))?,
        };
        let mut bytes = Vec::new();
        let read = file.take(LONGEST_NOTE).read_to_end(&mut bytes);
        read.map_err(SaveError::cannot("read", &self.from))?;
        let text = String::from_utf8(bytes).ok();
        Ok(text.and_then(|text| Note::parse(&text)))
    }

    /// Bytes that are there.
    #[must_use]
    pub fn have(&self) -> u64 {
        self.have
    }

    /// What they are the beginning of.
    #[must_use]
    pub fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }

    /// What it will be called.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where they are.
    #[must_use]
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// The length of the file itself, where there is one.
    pub fn existing(&self) -> Result<Option<u64>, SaveError> {
        match fs::symlink_metadata(&self.path) {
            Ok(facts) => Ok(Some(facts.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SaveError::cannot("look at", &self.path)(error)),
        }
    }

    /// From here on what is written is the beginning of this.
    pub fn begin(&mut self, note: Note) -> Result<(), SaveError> {
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            let file = open(&self.part, options.read(true).write(true).create_new(true));
            let file = file.map_err(SaveError::cannot("write", &self.part))?;
            self.lock(&file)?;
            self.file = Some(file);
        }
        self.have = 0;
        let file = self.file()?;
        let emptied = file.set_len(0).and_then(|()| file.rewind());
        emptied.map_err(SaveError::cannot("write", &self.part))?;
        let mut options = OpenOptions::new();
        let written = open(&self.from, options.write(true).create(true)).and_then(|mut from| {
            from.set_len(0)?;
            from.write_all(note.text().as_bytes())
        });
        written.map_err(SaveError::cannot("write", &self.from))?;
        self.note = Some(note);
        Ok(())
    }

    /// From here on what is written comes behind what is there.
    pub fn go_on(&mut self) -> Result<(), SaveError> {
        let end = SeekFrom::Start(self.have);
        let sought = self.file()?.seek(end).map(|_| ());
        sought.map_err(SaveError::cannot("read", &self.part))
    }

    /// Writes.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), SaveError> {
        // Not write_all: what a full disk took of it is there, and counts.
        while !bytes.is_empty() {
            match self.file()?.write(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) => {
                    return Err(SaveError::cannot("write", &self.part)(
                        ErrorKind::WriteZero.into(),
                    ));
                }
                Ok(count) => {
                    self.have += count as u64;
                    bytes = bytes.get(count..).unwrap_or_default();
                }
                Err(error) => return Err(SaveError::cannot("write", &self.part)(error)),
            }
        }
        Ok(())
    }

    /// It is whole: onto the disk, and into its place. The note goes last: without it, what was left would be foreign.
    pub fn finish(mut self) -> Result<(), SaveError> {
        let synced = self.file()?.sync_data();
        synced.map_err(SaveError::cannot("write", &self.part))?;
        fs::rename(&self.part, &self.path).map_err(SaveError::cannot("make", &self.path))?;
        self.remove_note()
    }

    /// Nothing came: nothing is left.
    pub fn leave(self) -> Result<(), SaveError> {
        if self.have > 0 || self.file.is_none() {
            return Ok(());
        }
        gone(fs::remove_file(&self.part)).map_err(SaveError::cannot("remove", &self.part))?;
        self.remove_note()
    }

    fn remove_note(&self) -> Result<(), SaveError> {
        gone(fs::remove_file(&self.from)).map_err(SaveError::cannot("remove", &self.from))
    }

    fn file(&mut self) -> Result<&mut File, SaveError> {
        let part = &self.part;
        let missing = || SaveError::cannot("write", part)(ErrorKind::NotFound.into());
        self.file.as_mut().ok_or_else(missing)
    }
}

/// Opens what lies there itself, not what a link in its place points to, and does not wait for a pipe.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed()).open(path)
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}
