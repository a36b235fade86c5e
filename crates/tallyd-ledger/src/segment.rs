//! A segment: one file of a journal, used by one worker from its first word to its last, and then again under
//! another sequence number.
//!
//! Words 0 to 7 are its head (docs/journal.md draws it), entries begin at [`FIRST`]. Sequence numbers are never
//! used twice, so whatever was posted of an earlier use is never read again.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::Store;

/// The first word of the first entry.
pub const FIRST: u32 = 8;

/// Version of the format; a reader refuses what is newer.
pub const FORMAT: u64 = 1;

/// `tallyd J` in bytes: what makes a file a segment.
const MAGIC: u64 = u64::from_le_bytes(*b"tallyd J");

/// A segment in use.
#[derive(Debug)]
pub struct Segment {
    /// Its number.
    pub sequence: u64,
    /// Its name on the disk; nothing if it is only in memory.
    pub name: Option<String>,
    store: Arc<dyn Store>,
    published: AtomicU32,
    synced: AtomicU32,
    /// Something was stored since it was last synced.
    touched: AtomicBool,
    /// Its worker has gone on to another.
    closed: AtomicBool,
    /// Its words belong to another segment now. Held while a sync writes down how far it came.
    retired: Mutex<bool>,
}

/// The head of a segment that was found on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub sequence: u64,
    /// The start of the system in which it was written: if that has not changed, no power was cut.
    pub boot: u64,
    /// Up to here it was synced, so there is no excuse for a fault.
    pub synced: u32,
}

/// Why a file is no segment that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadFault {
    /// It was made and never used, or was being made ready again.
    Blank,
    /// It does not begin like one, or its check is wrong.
    Damaged,
    /// It is of a later format.
    Newer(u64),
}

impl fmt::Display for HeadFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadFault::Blank => out.write_str("it is empty"),
            HeadFault::Damaged => out.write_str("its head is damaged"),
            HeadFault::Newer(format) => {
                write!(out, "its format is {format}, this tallyd knows {FORMAT}")
            }
        }
    }
}

impl Segment {
    /// Makes `store` a segment with this number. A kill in between leaves a blank one.
    #[must_use]
    pub fn begin(store: Arc<dyn Store>, name: Option<String>, sequence: u64, boot: u64) -> Segment {
        let words = store.words();
        let put = |place: usize, word: u64| {
            if let Some(found) = words.get(place) {
                found.store(word, Ordering::Release);
            }
        };
        put(0, 0);
        put(FIRST as usize, 0);
        let size = words.len() as u64;
        let head = [FORMAT, sequence, boot, size];
        for (place, word) in head.into_iter().enumerate() {
            put(place + 1, word);
        }
        put(5, check(head));
        put(6, u64::from(FIRST));
        put(7, 0);
        put(0, MAGIC);
        Segment {
            sequence,
            name,
            store,
            published: AtomicU32::new(FIRST),
            synced: AtomicU32::new(FIRST),
            touched: AtomicBool::new(true),
            closed: AtomicBool::new(false),
            retired: Mutex::new(false),
        }
    }

    /// Its words.
    #[must_use]
    pub fn words(&self) -> &[AtomicU64] {
        self.store.words()
    }

    /// What it lies in, to be used again.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Up to here entries are whole.
    #[must_use]
    pub fn published(&self) -> u32 {
        self.published.load(Ordering::Acquire)
    }

    /// Notes that entries are whole up to here. By its worker only.
    pub fn publish(&self, until: u32) {
        self.published.store(until, Ordering::Release);
        self.touch();
    }

    /// Notes that something was stored.
    pub fn touch(&self) {
        // A plain store: the line is the worker's own but for the moment of a sync.
        self.touched.store(true, Ordering::Release);
    }

    /// Notes that its worker has gone on.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether its worker has gone on.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether it survives the process.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.store.is_durable()
    }

    /// Whether entries up to here would survive a power cut.
    #[must_use]
    pub fn is_synced(&self, until: u32) -> bool {
        self.synced.load(Ordering::Acquire) >= until
    }

    /// Its words will be another segment's: a sync that still runs leaves them alone.
    pub fn retire(&self) {
        *self.retired.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Syncs it if anything was stored since the last time; says whether it was.
    pub fn sync(&self) -> std::io::Result<bool> {
        if !self.touched.swap(false, Ordering::AcqRel) {
            return Ok(false);
        }
        let until = self.published();
        if let Err(error) = self.store.sync() {
            // The system takes the pages for written now. They have to be dirty again to be tried again.
            touch_pages(&*self.store);
            self.touch();
            return Err(error);
        }
        let retired = self.retired.lock().unwrap_or_else(PoisonError::into_inner);
        if !*retired && let Some(mark) = self.words().get(6) {
            mark.store(u64::from(until), Ordering::Release);
        }
        drop(retired);
        self.synced.store(until, Ordering::Release);
        Ok(true)
    }
}

/// Words of a page of memory.
const PAGE: usize = 512;

/// Writes each page as it is: so that it is in memory, and dirty.
pub fn touch_pages(store: &dyn Store) {
    touch_first(store, usize::MAX);
}

/// The same for so many pages, from the first on.
pub fn touch_first(store: &dyn Store, pages: usize) {
    for word in store.words().iter().step_by(PAGE).take(pages) {
        // An exchange: a store of what was just loaded could overwrite what somebody else stores now.
        let now = word.load(Ordering::Relaxed);
        word.compare_exchange(now, now, Ordering::Relaxed, Ordering::Relaxed)
            .ok();
    }
}

/// Reads the head of a segment that an earlier process left.
pub fn head(words: &[AtomicU64]) -> Result<Head, HeadFault> {
    let word = |place: usize| words.get(place).map(|word| word.load(Ordering::Acquire));
    let (
        Some(magic),
        Some(format),
        Some(sequence),
        Some(boot),
        Some(size),
        Some(mark),
        Some(synced),
    ) = (
        word(0),
        word(1),
        word(2),
        word(3),
        word(4),
        word(5),
        word(6),
    )
    else {
        return Err(HeadFault::Damaged);
    };
    match magic {
        0 => return Err(HeadFault::Blank),
        MAGIC => {}
        _ => return Err(HeadFault::Damaged),
    }
    if mark != check([format, sequence, boot, size]) {
        return Err(HeadFault::Damaged);
    }
    if format > FORMAT {
        return Err(HeadFault::Newer(format));
    }
    if size != words.len() as u64 {
        return Err(HeadFault::Damaged);
    }
    let synced = u32::try_from(synced).map_err(|_| HeadFault::Damaged)?;
    Ok(Head {
        sequence,
        boot,
        synced,
    })
}

fn check(head: [u64; 4]) -> u64 {
    head.into_iter().fold(MAGIC, |state, word| {
        let mixed = (state ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^ (mixed >> 29)
    })
}
