//! A mark beside the ledger that says: these bytes are what the server left when it ended in order.
//!
//! Promises: it holds for no other bytes, whoever or whatever changed them, and for no other release; one that can't
//! be read, or was cut short, holds for nothing. Where it holds, a start need not look through the ledger again, which
//! takes ten times as long as reading it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use twox_hash::XxHash3_128;

use super::sqlite::{beside, has_log};

/// A larger ledger gets none: at a stop somebody waits, and it may have to come from a disk.
const LARGEST: u64 = 256 << 20;

/// What is read at a time.
const PIECE: usize = 256 << 10;

/// Seals the ledger, to be called when nobody writes to it any more. If that fails, or would take longer than until the
/// deadline, the next start looks through it.
pub fn seal(ledger: &Path, deadline: Instant) {
    if let Some(mark) = mark(ledger, Some(deadline)) {
        let write = || {
            let mut options = OpenOptions::new();
            let options = options.write(true).create(true).truncate(true).mode(0o600);
            options.open(place(ledger))?.write_all(mark.as_bytes())
        };
        write().unwrap_or_else(|_: io::Error| unseal(ledger));
    }
}

/// Removes the seal: the ledger is going to be written to.
pub fn unseal(ledger: &Path) {
    // One that stays holds for nothing as soon as anything has changed.
    fs::remove_file(place(ledger)).ok();
}

/// Whether the ledger is as it was sealed. To be called before this process opens it: what is read here is closed, and
/// takes the locks of others along (POSIX locks belong to the process).
pub fn is_sealed(ledger: &Path) -> bool {
    let Ok(sealed) = fs::read_to_string(place(ledger)) else {
        return false;
    };
    mark(ledger, None).is_some_and(|mark| mark == sealed)
}

fn place(ledger: &Path) -> PathBuf {
    beside(ledger, ".seal")
}

/// What the seal of a ledger with these bytes says; nothing if some of it is in its log, or it is not read by then.
fn mark(ledger: &Path, deadline: Option<Instant>) -> Option<String> {
    if has_log(ledger) {
        return None;
    }
    let file = File::open(ledger).ok()?;
    let length = file.metadata().ok()?.len();
    if length > LARGEST {
        return None;
    }
    let hash = hash(file.take(LARGEST), deadline).ok()?;
    Some(format!(
        "{} {length} {hash:032x}\n",
        env!("CARGO_PKG_VERSION")
    ))
}

fn hash(mut file: impl Read, deadline: Option<Instant>) -> io::Result<u128> {
    let mut hasher = XxHash3_128::new();
    let mut piece = vec![0; PIECE];
    loop {
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match file.read(&mut piece) {
            Ok(0) => return Ok(hasher.finish_128()),
            Ok(read) => hasher.write(piece.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
