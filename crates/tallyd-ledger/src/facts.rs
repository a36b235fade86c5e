//! What is known of a hit, in the words of the counting rules: the vocabulary that the journal, the clerk, the
//! ledger and the reports share. Knows no HTTP and no storage.

use std::ops::AddAssign;
use std::sync::Arc;

/// One state of one file: a replaced file begins a new version under the same path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// The site's name; the main one's is empty.
    pub site: Box<str>,
    /// The path as it is requested: decoded, with its leading slash.
    pub path: Arc<[u8]>,
    /// Device number of the file.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Its modification time, in nanoseconds since 1970.
    pub modified: i64,
}

/// What kind of program asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// A browser, as far as its name tells.
    Person = 0,
    /// curl, wget, a package manager.
    Tool = 1,
    /// A crawler that says so.
    Bot = 2,
    /// It says nothing, or nothing known.
    Unknown = 3,
    /// A health check, or tallyd's own auditor.
    Internal = 4,
}

/// Every class, in the order of their numbers.
pub const CLASSES: [Class; 5] = [
    Class::Person,
    Class::Tool,
    Class::Bot,
    Class::Unknown,
    Class::Internal,
];

impl Class {
    /// The class with this number; nothing if there is none.
    #[must_use]
    pub fn of(number: u8) -> Option<Class> {
        CLASSES.get(usize::from(number)).copied()
    }

    /// The word for it in the counting rules.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::Person => "person-like",
            Class::Tool => "tool",
            Class::Bot => "bot",
            Class::Unknown => "unknown",
            Class::Internal => "internal",
        }
    }
}

/// The version of HTTP, as two digits: 10, 11, 20, 30.
pub type Protocol = u8;

/// Who asked, without saying who: hashes under keys that are destroyed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Visitor {
    /// Under the key of the current day.
    pub today: u64,
    /// Under the key of the day before: a window that was opened yesterday is found by it.
    pub before: u64,
    /// Which register of the day's sketch.
    pub register: u16,
    /// What the sketch shall hold there at least; 0 if it is not to be touched.
    pub rank: u8,
}

/// A range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u64,
    /// How many.
    pub length: u64,
}

/// How a hit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// The whole requested range was sent.
    Complete = 1,
    /// It ended before that.
    Aborted = 2,
}

impl Outcome {
    /// The word for it in the counting rules.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::Aborted => "aborted",
        }
    }
}

/// What is known of a hit when it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// How.
    pub outcome: Outcome,
    /// Body bytes sent, with what frames the parts of several ranges.
    pub bytes: u64,
    /// Bytes of the file among them, in the order of the ranges asked for.
    pub content: u64,
}

/// The numbers of the counting rules, as differences that are added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Replies 200 or 206 with a hit number.
    pub hits: u64,
    /// Hits whose whole range was sent.
    pub complete: u64,
    /// Hits that ended before.
    pub aborted: u64,
    /// Hits that were begun when the process died.
    pub unsettled: u64,
    /// Body bytes sent.
    pub bytes: u64,
    /// Whole file versions, once for each visitor and window.
    pub downloads: u64,
    /// Windows that closed with less than the whole.
    pub partials: u64,
    /// The same again by the same visitor within the window.
    pub repeats: u64,
    /// HEAD, 304, 416, ranges of the first byte or two.
    pub probes: u64,
    /// Visitors that came for the first time on that day. Never to be added up over days.
    pub visitors: u64,
}

impl Counts {
    /// Hits that have not ended.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.hits
            .saturating_sub(self.complete + self.aborted + self.unsettled)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Counts) {
        self.hits += more.hits;
        self.complete += more.complete;
        self.aborted += more.aborted;
        self.unsettled += more.unsettled;
        self.bytes += more.bytes;
        self.downloads += more.downloads;
        self.partials += more.partials;
        self.repeats += more.repeats;
        self.probes += more.probes;
        self.visitors += more.visitors;
    }
}

/// Nanoseconds of an hour.
pub const HOUR: i64 = 3_600 * 1_000_000_000;

/// Nanoseconds of a day.
pub const DAY: i64 = 24 * HOUR;

/// Hours since 1970 (UTC) at this time in nanoseconds.
#[must_use]
pub fn hour_of(nanos: i64) -> i64 {
    nanos.div_euclid(HOUR)
}

/// Days since 1970 (UTC) at this time in nanoseconds.
#[must_use]
pub fn day_of(nanos: i64) -> i64 {
    nanos.div_euclid(DAY)
}
