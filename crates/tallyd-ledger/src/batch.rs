//! A batch: what the clerk posts into a ledger, all or nothing. Pure data, so that any database can take it.

use std::sync::Arc;

use crate::facts::{Class, Counts, Protocol, Version};
use crate::window::Window;

/// Everything that changed since the batch before.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// How far the journals have been read.
    pub progress: Progress,
    /// The versions that were touched.
    pub versions: Vec<VersionChange>,
    /// The windows that were opened, changed or closed.
    pub windows: Vec<WindowChange>,
    /// What is counted for a site and a day as a whole.
    pub days: Vec<DayChange>,
    /// Where hits came from: host names only.
    pub referrers: Vec<ReferrerChange>,
    /// Paths that were not found.
    pub missing: Vec<MissingChange>,
    /// The latest time that an entry had, in nanoseconds since 1970; 0 if there was none.
    pub latest: i64,
}

/// How far the journals have been read: what makes posting exactly once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// No segment has had a sequence number this high or higher.
    pub next_sequence: u64,
    /// Segments that were read on: sequence number, and the word up to which they are posted.
    pub read: Vec<(u64, u32)>,
    /// Hits that are posted as begun and were not settled yet: sequence number and word.
    pub opened: Vec<(u64, u32)>,
    /// Hits that were such, and are posted as settled now.
    pub settled: Vec<(u64, u32)>,
    /// Segments that hold nothing more to be posted, and will be used again.
    pub finished: Vec<u64>,
}

/// What a ledger says of the journals when it is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    /// A segment with a number from here on has not been read at all; one below that is not listed has been
    /// posted to its end.
    pub next_sequence: u64,
    /// Segments that were being read: sequence number, the word up to which they are posted, and the words of
    /// the hits in it that were begun and not settled.
    pub segments: Vec<(u64, u32, Vec<u32>)>,
    /// The latest time that an entry ever had.
    pub latest: i64,
}

/// What happened to one version of a file.
#[derive(Clone, Debug)]
pub struct VersionChange {
    /// The version.
    pub version: Arc<Version>,
    /// The highest hit number of its path so far; 0 if there was no hit.
    pub number: u64,
    /// The time of the first entry in this batch.
    pub first: i64,
    /// The time of the last.
    pub last: i64,
    /// What to add, by hour (since 1970, UTC) and class; no pair twice.
    pub cells: Vec<(i64, Class, Counts)>,
    /// How far aborted hits got: how many, by tenths of what was asked for.
    pub reached: [u32; 10],
}

/// One visitor's window on one version.
#[derive(Clone, Debug)]
pub struct WindowChange {
    /// The version.
    pub version: Arc<Version>,
    /// The visitor's hash, under the key by which the window is known.
    pub visitor: u64,
    /// The window as it is now; nothing if it is closed or goes on under another hash.
    pub window: Option<Window>,
}

/// What is counted for one site and one day (since 1970, UTC).
#[derive(Clone, Debug, Default)]
pub struct DayChange {
    /// The site's name.
    pub site: Box<str>,
    /// The day.
    pub day: i64,
    /// Replies by status.
    pub statuses: Vec<(u16, u64)>,
    /// Replies by protocol.
    pub protocols: Vec<(Protocol, u64)>,
    /// Body bytes of all replies.
    pub bytes: u64,
    /// Replies to clients that came through a proxy.
    pub proxied: u64,
    /// Registers of the day's sketch of visitors, and what they hold at least; by class: people and tools (0),
    /// and all others (1).
    pub registers: Vec<(u8, u16, u8)>,
}

/// Hits of one path that came from one host on one day.
#[derive(Clone, Debug)]
pub struct ReferrerChange {
    /// The site's name.
    pub site: Box<str>,
    /// The path.
    pub path: Arc<[u8]>,
    /// The day.
    pub day: i64,
    /// The host.
    pub host: Box<str>,
    /// How many.
    pub hits: u64,
}

/// One path that was not found.
#[derive(Clone, Debug)]
pub struct MissingChange {
    /// The site's name.
    pub site: Box<str>,
    /// The path, at most so long as the journal keeps it.
    pub path: Box<[u8]>,
    /// How often.
    pub requests: u64,
    /// When last.
    pub last: i64,
}
