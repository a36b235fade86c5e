//! The one place where memory is shared with a file: a mapping, seen as atomic words.
//!
//! Promises: a [`Mapped`] has its file's space reserved before it is made, so a store into it does not fault
//! for want of it. It must not know what the words mean.

use std::fs::File;
use std::io;
use std::slice;
use std::sync::atomic::AtomicU64;

use memmap2::MmapRaw;

use super::Store;

/// Words of a file.
#[derive(Debug)]
pub(super) struct Mapped {
    memory: MmapRaw,
    words: usize,
}

impl Mapped {
    /// Maps the whole of `file`.
    pub(super) fn new(file: &File) -> io::Result<Mapped> {
        let memory = MmapRaw::map_raw(file)?;
        let words = memory.len() / size_of::<AtomicU64>();
        Ok(Mapped { memory, words })
    }
}

impl Store for Mapped {
    #[expect(
        unsafe_code,
        reason = "memory that is shared with a file can't be had otherwise"
    )]
    fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is readable and writable, page-aligned and at least `words` words long, and it
        // lives as long as `self`. Whatever else writes to it, this process or another, each access through
        // AtomicU64 reads some whole value: there are no references to plain memory in it anywhere. The file
        // is not cut short while it is mapped: it lies in the state directory, which this process has locked.
        unsafe { slice::from_raw_parts(self.memory.as_ptr().cast::<AtomicU64>(), self.words) }
    }

    fn sync(&self) -> io::Result<()> {
        self.memory.flush()
    }

    fn is_durable(&self) -> bool {
        true
    }
}

/// Words in plain memory: for as long as the disk takes no more.
#[derive(Debug)]
pub struct Plain {
    words: Box<[AtomicU64]>,
}

impl Plain {
    /// This many words, all zero.
    #[must_use]
    pub fn new(words: usize) -> Plain {
        Plain {
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl Store for Plain {
    fn words(&self) -> &[AtomicU64] {
        &self.words
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn is_durable(&self) -> bool {
        false
    }
}
