//! Recovery: what the last process left in its journals is posted before anybody is served.
//!
//! Promises: all of it in one batch, and nothing at all if anything is damaged. A torn tail, as a power cut
//! leaves it, is dropped and said; in what was synced, or without a power cut, a fault is damage.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::batch::Progress;
use crate::clerk::reading::{Definitions, add_hit, add_note};
use crate::disk::{Disk, Store};
use crate::entry::{self, Entry, Reader};
use crate::ledger::{Ledger, LedgerError};
use crate::segment::{self, FIRST, Head, HeadFault};
use crate::tally::Tally;

/// What was found and posted.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Hits that were in no ledger yet, and those that had begun and not ended.
    pub hits: u64,
    /// Hits of these that never ended.
    pub unsettled: u64,
    /// Segments whose tail was torn.
    pub torn: u64,
    /// Files that nothing is in.
    empty: Vec<String>,
    /// Sequence numbers go on here.
    pub(crate) next_sequence: u64,
    /// Names go on here.
    pub(crate) next_name: u64,
    /// The latest time in ledger and journals.
    pub(crate) latest: i64,
}

/// Why nothing was recovered.
#[derive(Debug)]
pub enum RecoveryError {
    /// A journal can't be read.
    Unreadable(String, io::Error),
    /// This journal is damaged at this byte.
    Damaged(String, u64),
    /// This journal is of a later format.
    Newer(String, u64),
    /// The ledger failed.
    Ledger(LedgerError),
}

impl fmt::Display for RecoveryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecoveryError::Unreadable(name, error) => {
                write!(out, "the journal {name} can't be read: {error}")
            }
            RecoveryError::Damaged(name, at) => write!(
                out,
                "the journal {name} is damaged at byte {at}; nothing was changed. Restore it from a copy, or move \
                 this one file away: what was counted in its last moments is lost then"
            ),
            RecoveryError::Newer(name, format) => write!(
                out,
                "the journal {name} was written by a newer tallyd (format {format}): start that one"
            ),
            RecoveryError::Ledger(error) => write!(out, "{error}"),
        }
    }
}

impl From<LedgerError> for RecoveryError {
    fn from(error: LedgerError) -> RecoveryError {
        RecoveryError::Ledger(error)
    }
}

/// A segment that was found.
struct Found {
    name: String,
    store: Arc<dyn Store>,
    head: Head,
}

/// What a ledger knows of one segment.
enum Known {
    /// All of it is posted.
    Finished,
    /// It is posted up to this word, but for how the hits at these words ended.
    Until(u32, Vec<u32>),
}

/// Posts what the last process left.
pub fn recover(
    disk: &dyn Disk,
    ledger: &mut dyn Ledger,
    tally: &mut Tally,
    boot: u64,
) -> Result<Recovered, RecoveryError> {
    let mut recovered = Recovered::default();
    let positions = ledger.positions()?;
    let found = find(disk, &mut recovered)?;
    let mut progress = Progress {
        next_sequence: positions.next_sequence,
        ..Progress::default()
    };
    for segment in &found {
        let sequence = segment.head.sequence;
        progress.next_sequence = progress.next_sequence.max(sequence + 1);
        let listed = positions
            .segments
            .iter()
            .find(|(known, ..)| *known == sequence);
        let known = match listed {
            Some((_, read, open)) => Known::Until((*read).max(FIRST), open.clone()),
            None if sequence < positions.next_sequence => Known::Finished,
            None => Known::Until(FIRST, Vec::new()),
        };
        if let Known::Until(read, open) = known {
            let ended = read_segment(segment, read, &open, tally, ledger, boot, &mut recovered)?;
            let ended = ended.into_iter().map(|at| (sequence, at));
            progress.settled.extend(ended);
            progress.finished.push(sequence);
        }
    }
    // Listed, but its file is gone: it was only in memory, or somebody removed it. Its open hits never end, as
    // those of a torn tail: `settle_gaps` counts them.
    recovered.next_sequence = progress.next_sequence;
    recovered.latest = positions.latest;
    let gone = positions
        .segments
        .iter()
        .filter(|(sequence, ..)| !found.iter().any(|found| found.head.sequence == *sequence));
    progress
        .finished
        .extend(gone.map(|(sequence, ..)| *sequence));
    if !tally.is_empty() || !progress.finished.is_empty() {
        let batch = tally.batch(progress);
        recovered.latest = recovered.latest.max(batch.latest);
        ledger.post(&batch)?;
        tally.posted(|_, _, _| {});
    }
    recovered.unsettled += ledger.settle_gaps()?;
    remove_posted(disk, found, recovered.empty.split_off(0));
    Ok(recovered)
}

/// Every segment on the disk, in order. Changes nothing.
fn find(disk: &dyn Disk, recovered: &mut Recovered) -> Result<Vec<Found>, RecoveryError> {
    let unreadable = |name: &str| {
        let name = name.to_owned();
        move |error| RecoveryError::Unreadable(name, error)
    };
    let mut found = Vec::new();
    for name in disk.list().map_err(unreadable("directory"))? {
        if name.ends_with(".journal.part") {
            recovered.empty.push(name);
            continue;
        }
        let Some(number) = name.strip_suffix(".journal") else {
            continue;
        };
        if let Ok(number) = number.parse::<u64>() {
            recovered.next_name = recovered.next_name.max(number + 1);
        }
        let store = disk.open(&name).map_err(unreadable(&name))?;
        match segment::head(store.words()) {
            Ok(head) => found.push(Found { name, store, head }),
            Err(HeadFault::Blank) => recovered.empty.push(name),
            Err(HeadFault::Damaged) => return Err(RecoveryError::Damaged(name, 0)),
            Err(HeadFault::Newer(format)) => return Err(RecoveryError::Newer(name, format)),
        }
    }
    found.sort_by_key(|found| found.head.sequence);
    // Two with one number: somebody has put a copy beside it, and both would be counted.
    let same =
        |pair: &&[Found]| matches!(pair, [one, other] if one.head.sequence == other.head.sequence);
    if let Some([_, copy]) = found.windows(2).find(same) {
        return Err(RecoveryError::Damaged(copy.name.clone(), 16));
    }
    Ok(found)
}

/// Fresh files are made instead: the space of an old one may have holes, if it was restored from a copy, and a
/// store into a hole on a full disk would end the process.
fn remove_posted(disk: &dyn Disk, found: Vec<Found>, empty: Vec<String>) {
    let posted = found.into_iter().map(|found| found.name);
    for name in posted.chain(empty) {
        // One that stays is found finished at the next start, too.
        disk.remove(&name).ok();
    }
}

/// Adds what is in a segment behind word `read`, and how the hits at the words `open` ended. Returns those of
/// them that were there.
fn read_segment(
    found: &Found,
    read: u32,
    open: &[u32],
    tally: &mut Tally,
    ledger: &mut dyn Ledger,
    boot: u64,
    recovered: &mut Recovered,
) -> Result<Vec<u32>, RecoveryError> {
    let sequence = found.head.sequence;
    let mut known = Vec::new();
    let words = found.store.words();
    let is_damage = |at: u32| found.head.boot == boot || at < found.head.synced;
    let damaged = |at: u32| RecoveryError::Damaged(found.name.clone(), u64::from(at) * 8);
    let mut definitions = Definitions::default();
    let mut reader = Reader::careful(sequence, FIRST);
    loop {
        let before = reader.at();
        let (at, hit, number) = match reader.next(words) {
            // Without a power cut a journal can't end before what the ledger has of it.
            Ok(None) if before < read && is_damage(before) => return Err(damaged(before)),
            Ok(None) if before < found.head.synced => return Err(damaged(before)),
            Ok(None) => return Ok(known),
            Err(_) if is_damage(before) => return Err(damaged(before)),
            Err(_) => {
                recovered.torn += 1;
                return Ok(known);
            }
            Ok(Some((_, Entry::Definition(definition)))) => {
                definitions.push(definition);
                continue;
            }
            Ok(Some((at, Entry::Note(note)))) => {
                if at >= read {
                    add_note(&mut definitions, &note, tally);
                }
                continue;
            }
            Ok(Some((at, Entry::Hit(hit, number)))) => (at, hit, number),
        };
        let is_new = at >= read;
        if !is_new && !open.contains(&at) {
            continue;
        }
        let ended = match entry::settled(words, sequence, at) {
            Err(_) if found.head.boot == boot => return Err(damaged(at)),
            ended => ended.unwrap_or_default(),
        };
        if !is_new {
            known.push(at);
        }
        recovered.hits += 1;
        recovered.unsettled += u64::from(ended.is_none());
        if is_new {
            add_hit(&mut definitions, number, &hit, ended, tally, ledger)?;
        }
        let Some((definition, slot)) = definitions.find(number, tally) else {
            continue;
        };
        match ended {
            Some(ended) if !is_new => {
                tally.prepare(slot, &hit, ledger)?;
                tally.settle(slot, definition, &hit, ended);
            }
            Some(_) => {}
            None => tally.unsettled(slot, &hit),
        }
    }
}
