//! The keys of visitors as threads share them: the clerk changes them at midnight, workers keep a copy.
//!
//! Promises: a key is on the disk before it is used, and written over when no window needs it any more.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustix::rand::{GetRandomFlags, getrandom};

use crate::disk::Disk;
use crate::visitor::Keys;

/// Where the keys lie beside the journals.
const NAME: &str = "visitors.key";

/// The keys in force.
#[derive(Debug)]
pub struct KeyRing {
    keys: RwLock<Arc<Keys>>,
    /// Changes with the keys, so that a worker sees with one load whether its copy is old.
    generation: AtomicU64,
    disk: Option<Arc<dyn Disk>>,
}

/// Why there are no keys.
#[derive(Debug)]
pub enum KeyError {
    /// The file can't be read or written.
    Disk(io::Error),
    /// The file does not hold keys.
    Damaged,
    /// The system gives no random bytes.
    NoRandom(io::Error),
}

impl fmt::Display for KeyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Disk(error) => write!(out, "{NAME}: {error}"),
            KeyError::Damaged => write!(
                out,
                "{NAME} is damaged; nothing was changed. Remove it: then windows that are open begin anew"
            ),
            KeyError::NoRandom(error) => write!(out, "the system gives no random bytes: {error}"),
        }
    }
}

impl KeyRing {
    /// The keys that lie on the disk, or fresh ones, for this day.
    pub fn open(disk: Arc<dyn Disk>, day: i64) -> Result<KeyRing, KeyError> {
        let stored = disk.read(NAME).map_err(KeyError::Disk)?;
        let keys = match stored.filter(|stored| !stored.is_empty()) {
            Some(stored) => Keys::decode(&stored).ok_or(KeyError::Damaged)?,
            None => {
                let keys = fresh(day)?;
                disk.overwrite(NAME, &keys.encode())
                    .map_err(KeyError::Disk)?;
                keys
            }
        };
        let ring = KeyRing::with(keys, Some(disk));
        ring.rotate(day)?;
        Ok(ring)
    }

    /// Whether what lies on the disk is keys, or nothing. Changes nothing.
    pub fn check(disk: &dyn Disk) -> Result<(), KeyError> {
        let stored = disk.read(NAME).map_err(KeyError::Disk)?;
        match stored.filter(|stored| !stored.is_empty()) {
            Some(stored) if Keys::decode(&stored).is_none() => Err(KeyError::Damaged),
            _ => Ok(()),
        }
    }

    /// Keys that end with the process.
    pub fn in_memory(day: i64) -> Result<KeyRing, KeyError> {
        Ok(KeyRing::with(fresh(day)?, None))
    }

    fn with(keys: Keys, disk: Option<Arc<dyn Disk>>) -> KeyRing {
        KeyRing {
            keys: RwLock::new(Arc::new(keys)),
            generation: AtomicU64::new(0),
            disk,
        }
    }

    /// The keys now.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the keys are other ones than those of this generation.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Changes the keys if the day has changed. On an error the old ones stay in force.
    pub fn rotate(&self, day: i64) -> Result<(), KeyError> {
        let known = self.keys();
        let mut keys = (*known).clone();
        let mut failed = None;
        let has_changed = keys.rotate(day, |bytes: &mut [u8]| {
            failed = failed.take().or(fill(bytes).err());
        });
        if !has_changed {
            return Ok(());
        }
        if let Some(error) = failed {
            return Err(KeyError::NoRandom(error));
        }
        if let Some(disk) = &self.disk {
            disk.overwrite(NAME, &keys.encode())
                .map_err(KeyError::Disk)?;
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}

fn fresh(day: i64) -> Result<Keys, KeyError> {
    let mut failed = None;
    let keys = Keys::fresh(day, |bytes: &mut [u8]| {
        failed = failed.take().or(fill(bytes).err());
    });
    failed.map_or(Ok(keys), |error| Err(KeyError::NoRandom(error)))
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let filled = getrandom(&mut *rest, GetRandomFlags::empty())?;
        rest = rest.get_mut(filled..).unwrap_or_default();
    }
    Ok(())
}
