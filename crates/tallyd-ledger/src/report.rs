//! Reports: what the ledger says, for whoever asks: the command line, the pages, the exports.
//!
//! Only reads, through a connection of its own, so that it neither waits for the clerk nor holds it up: every
//! report is one state of the ledger, between two batches. Must not know: the clock (days are arguments), how a
//! report is shown.

mod brief;
pub mod calendar;
pub mod csv;
mod explain;
mod file;
mod hosts;
pub mod json;
mod nearest;
mod overview;
pub mod people;
mod ranked;
mod readers;
mod row;
mod series;
mod sums;
#[cfg(test)]
mod tests;
mod top;

use std::ops::AddAssign;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::facts::{CLASSES, Class, Counts};
use crate::ledger::LedgerError;

pub use brief::{Brief, Totals};
pub use explain::{Kept, Stored};
pub use file::{FileReport, VersionRow};
pub use overview::{MissingRow, Overview, Summary, Visitors};
pub use readers::Readers;
pub use series::{MOST_POINTS, Point, Scope, Unit};
pub use top::{FileRow, Sort, TopQuery};

/// The version of the counting rules that the words of the reports have their meaning from.
pub const RULES: u32 = 1;

/// "taly", by which a ledger is told from other databases.
const APPLICATION: i64 = 0x7461_6c79;

/// The schema that the queries here are written for.
const SCHEMA: i64 = 2;

/// How long a query waits for whoever locks the whole database (a checkpoint at the end of the server, say).
const PATIENCE: Duration = Duration::from_secs(3);

/// What the page cache of a reader may take, in KiB.
const CACHE_KIB: i64 = 8 << 10;

/// A ledger, opened to be read.
#[derive(Debug)]
pub struct Report {
    connection: Connection,
}

/// Days since 1970 (UTC), both ends among them; an end that is missing is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first day.
    pub since: Option<i64>,
    /// The last day.
    pub until: Option<i64>,
}

impl Range {
    /// Whether it leaves nothing out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Range::default()
    }

    /// Its ends as numbers that SQL can compare with.
    fn ends(&self) -> (i64, i64) {
        (
            self.since.unwrap_or(i64::MIN),
            self.until.unwrap_or(i64::MAX),
        )
    }
}

/// Counts for each class of agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes {
    /// In the order of [`CLASSES`].
    pub counts: [Counts; 5],
}

impl Classes {
    /// Each class with its counts.
    pub fn iter(&self) -> impl Iterator<Item = (Class, &Counts)> {
        CLASSES.into_iter().zip(&self.counts)
    }

    /// The counts of one class.
    #[must_use]
    pub fn of(&self, class: Class) -> Counts {
        let counts = self.counts.get(class as usize);
        counts.copied().unwrap_or_default()
    }

    /// All classes together.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.counts {
            total += counts;
        }
        total
    }

    /// The headline: people and tools.
    #[must_use]
    pub fn people_and_tools(&self) -> Counts {
        let mut sum = self.of(Class::Person);
        sum += self.of(Class::Tool);
        sum
    }

    /// Adds to a class; a number that no class has is passed over.
    fn add(&mut self, class: i64, more: Counts) {
        let place = usize::try_from(class).ok();
        if let Some(counts) = place.and_then(|place| self.counts.get_mut(place)) {
            *counts += more;
        }
    }
}

impl AddAssign for Classes {
    fn add_assign(&mut self, more: Classes) {
        for (counts, more) in self.counts.iter_mut().zip(more.counts) {
            *counts += more;
        }
    }
}

/// The counts of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day, since 1970 (UTC).
    pub day: i64,
    /// What was counted on it.
    pub counts: Counts,
}

impl Report {
    /// Opens the ledger at this path; it has to be there. Whether a server writes to it or not makes no difference.
    pub fn open(ledger: &Path) -> Result<Report, LedgerError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(ledger, flags)
            .map_err(|error| refused(ledger, error.into()))?;
        Report::of(connection).map_err(|error| refused(ledger, error))
    }

    /// Reads through a connection that somebody else has opened.
    pub fn of(connection: Connection) -> Result<Report, LedgerError> {
        connection.busy_timeout(PATIENCE)?;
        // What a strange database would like to have called is not.
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        let report = Report { connection };
        report.check()?;
        Ok(report)
    }

    /// Whether this is a ledger, and one whose schema is known here.
    fn check(&self) -> Result<(), LedgerError> {
        let (application, schema) = self.connection.query_row(
            "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )?;
        match schema {
            _ if application != APPLICATION => {
                Err(LedgerError::Damaged("this is no ledger of tallyd".into()))
            }
            SCHEMA => Ok(()),
            older @ 1..SCHEMA => Err(LedgerError::Failed(format!(
                "it was written by an older tallyd (its schema is {older}, and this one reads {SCHEMA}): start the \
                 server on it once, which brings it up to date and keeps every count"
            ))),
            schema => Err(LedgerError::Newer(schema, SCHEMA)),
        }
    }

    /// The sites that have files, the main one ('') first.
    pub fn sites(&self) -> Result<Vec<String>, LedgerError> {
        Ok(sites(&self.connection)?)
    }

    /// All that one report reads is read in here, so that it is of one moment.
    fn reading<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let transaction = self.connection.unchecked_transaction()?;
        Ok(read(&transaction)?)
    }
}

/// One step in the index for each site, however many files there are.
fn sites(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut query = connection.prepare_cached(
        "WITH RECURSIVE known (site) AS (
             SELECT min(site) FROM files
             UNION ALL
             SELECT (SELECT min(site) FROM files WHERE site > known.site) FROM known WHERE known.site IS NOT NULL
         ) SELECT site FROM known WHERE site IS NOT NULL",
    )?;
    query.query_map([], |row| row.get(0))?.collect()
}

/// Two errors of SQLite have one cause that nobody would guess from them.
fn refused(ledger: &Path, error: LedgerError) -> LedgerError {
    let name = ledger.display();
    let is_about_rights = |what: &str| what.contains("unable to open") || what.contains("readonly");
    match error {
        LedgerError::Failed(what) if is_about_rights(&what) && ledger.is_file() => {
            LedgerError::Failed(format!(
                "not allowed to read {name}: that needs the right to write to its directory as well, where readers \
                 and the writer meet; try again as the user that runs the server ({what})"
            ))
        }
        LedgerError::Failed(what) => LedgerError::Failed(format!("{name}: {what}")),
        LedgerError::Damaged(what) => LedgerError::Damaged(format!("{name}: {what}")),
        LedgerError::Busy(what) => LedgerError::Busy(format!("{name}: {what}")),
        LedgerError::Full(what) => LedgerError::Full(format!("{name}: {what}")),
        error @ LedgerError::Newer(..) => error,
    }
}
