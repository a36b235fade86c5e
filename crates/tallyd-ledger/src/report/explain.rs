//! What is stored, of how much, and since when: for whoever wants to know what the server knows.

use rusqlite::Connection;

use super::Report;
use super::row::number;
use crate::facts::{DAY, HOUR};
use crate::ledger::LedgerError;

/// What a ledger holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Its size in bytes, without what is still in its log.
    pub bytes: u64,
    /// The rule by which windows close, if it says: `first-touch`, `last-touch` or `calendar-day`.
    pub window: Option<String>,
    /// The time of the latest entry, in nanoseconds since 1970.
    pub latest: Option<i64>,
    /// Files, with the time of the first hit of all.
    pub files: Kept,
    /// Versions of files.
    pub versions: Kept,
    /// Numbers by file and hour.
    pub file_hours: Kept,
    /// Numbers by file and day.
    pub file_days: Kept,
    /// Numbers by site and hour.
    pub site_hours: Kept,
    /// Numbers by site and day.
    pub site_days: Kept,
    /// Host names that hits came from, by file and day.
    pub referrers: Kept,
    /// The same, by site and day.
    pub site_referrers: Kept,
    /// Paths that were not found.
    pub missing: Kept,
    /// Visitors with an open window: a keyed hash, and which parts of a file were sent to it.
    pub windows: Kept,
    /// When the last of these windows can be closed, in nanoseconds since 1970.
    pub windows_end: Option<i64>,
    /// Days with a sketch of their visitors.
    pub sketches: Kept,
}

/// So many rows, of times since then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Rows.
    pub rows: u64,
    /// The earliest time that one is about, in nanoseconds since 1970; nothing where it does not say.
    pub since: Option<i64>,
}

impl Report {
    /// What is stored.
    pub fn stored(&self) -> Result<Stored, LedgerError> {
        self.reading(stored)
    }
}

fn stored(connection: &Connection) -> rusqlite::Result<Stored> {
    let kept = |from: &str, since: &str, unit: i64| kept(connection, from, since, unit);
    Ok(Stored {
        bytes: connection.query_row(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
            [],
            |row| number(row, 0),
        )?,
        window: fact(connection, "window")?,
        latest: fact(connection, "latest")?,
        files: kept("files", "min(first_seen)", 1)?,
        versions: kept("versions", "min(first_seen)", 1)?,
        file_hours: kept("file_hours", "min(hour)", HOUR)?,
        file_days: kept("file_days", "min(day)", DAY)?,
        site_hours: kept("site_hours", "min(hour)", HOUR)?,
        site_days: kept("site_days", "min(day)", DAY)?,
        referrers: kept("referrers", "min(day)", DAY)?,
        site_referrers: kept("site_referrers", "min(day)", DAY)?,
        missing: kept("missing", "NULL", 1)?,
        windows: kept("windows", "NULL", 1)?,
        windows_end: connection.query_row("SELECT max(ends) FROM windows", [], |row| row.get(0))?,
        sketches: kept(
            "days WHERE people IS NOT NULL OR others IS NOT NULL",
            "min(day)",
            DAY,
        )?,
    })
}

fn kept(connection: &Connection, from: &str, since: &str, unit: i64) -> rusqlite::Result<Kept> {
    connection.query_row(
        &format!("SELECT count(*), {since} FROM {from}"),
        [],
        |row| {
            let since: Option<i64> = row.get(1)?;
            Ok(Kept {
                rows: number(row, 0)?,
                since: since.map(|since| since.saturating_mul(unit)),
            })
        },
    )
}

/// A fact with this name, if there is one of the right kind.
fn fact<T: rusqlite::types::FromSql>(
    connection: &Connection,
    name: &str,
) -> rusqlite::Result<Option<T>> {
    let mut query = connection.prepare_cached("SELECT value FROM facts WHERE name = ?1")?;
    let mut rows = query.query([name])?;
    Ok(match rows.next()? {
        Some(row) => row.get(0).ok(),
        None => None,
    })
}
