//! The disk as the journal sees it: a few calls that can fail, behind a small trait, so that tests can have a
//! disk that fails at the n-th call, or forgets what was not synced.
//!
//! Knows no entry and no segment: a store is words.

mod folder;
#[cfg(test)]
pub mod memory;
mod region;

use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub use folder::Folder;
pub use region::Plain;

/// Where journals lie.
pub trait Disk: Send + Sync + Debug {
    /// The names of everything that is there.
    fn list(&self) -> io::Result<Vec<String>>;

    /// A new store of this many words, all zero, whose space is taken on the disk already: writing to it
    /// can't fail for want of space.
    fn create(&self, name: &str, words: usize) -> io::Result<Arc<dyn Store>>;

    /// A store that is there.
    fn open(&self, name: &str) -> io::Result<Arc<dyn Store>>;

    /// Gives a file another name; what had it is gone. A kill does not undo that, but a power cut may, until
    /// [`sync_names`](Disk::sync_names).
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Returns when all names would survive a power cut.
    fn sync_names(&self) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// The content of a small file; nothing if there is none.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Writes a small file in place, over what it held before, and syncs it.
    fn overwrite(&self, name: &str, content: &[u8]) -> io::Result<()>;
}

/// Words on a disk, mapped: what is stored is there for every later process, also after a kill.
pub trait Store: Send + Sync + Debug {
    /// The words.
    fn words(&self) -> &[AtomicU64];

    /// Returns when everything stored so far would survive a power cut.
    fn sync(&self) -> io::Result<()>;

    /// Whether it survives the process at all.
    fn is_durable(&self) -> bool;
}
