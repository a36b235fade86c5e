//! From rows of the ledger to the vocabulary.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Error, Row};

use crate::facts::Counts;

/// Sums of the counts of a series, in the order that [`counts`] reads.
pub const SUMS: &str = "coalesce(sum(hits), 0) AS hits, coalesce(sum(complete), 0) AS complete, \
    coalesce(sum(aborted), 0) AS aborted, coalesce(sum(unsettled), 0) AS unsettled, \
    coalesce(sum(bytes), 0) AS bytes, coalesce(sum(downloads), 0) AS downloads, \
    coalesce(sum(partials), 0) AS partials, coalesce(sum(repeats), 0) AS repeats, \
    coalesce(sum(probes), 0) AS probes, coalesce(sum(visitors), 0) AS visitors";

/// The counts of one file or version, in the same order. Visitors have no total.
pub const COLUMNS: &str =
    "hits, complete, aborted, unsettled, bytes, downloads, partials, repeats, probes, 0";

/// Ten columns from this one on.
pub fn counts(row: &Row<'_>, first: usize) -> rusqlite::Result<Counts> {
    Ok(Counts {
        hits: number(row, first)?,
        complete: number(row, first + 1)?,
        aborted: number(row, first + 2)?,
        unsettled: number(row, first + 3)?,
        bytes: number(row, first + 4)?,
        downloads: number(row, first + 5)?,
        partials: number(row, first + 6)?,
        repeats: number(row, first + 7)?,
        probes: number(row, first + 8)?,
        visitors: number(row, first + 9)?,
    })
}

/// A count: SQLite has signed numbers only, and a ledger that somebody edited could hold a negative one.
pub fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap_or(0))
}

/// A path: text, or bytes where it is no UTF-8.
pub fn path(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    match row.get_ref(column)? {
        ValueRef::Text(path) | ValueRef::Blob(path) => Ok(path.to_vec()),
        other => Err(Error::InvalidColumnType(
            column,
            "path".into(),
            other.data_type(),
        )),
    }
}

/// A path as the ledger has it.
pub fn stored(path: &[u8]) -> Value {
    match std::str::from_utf8(path) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Blob(path.to_vec()),
    }
}
