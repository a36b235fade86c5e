//! Whether a file is a ledger of ours, and sound.
//!
//! Promises to change nothing: the connection may only read, and never writes the log into the database, not even
//! when it is closed. The log that a killed process leaves is read all the same (SQLite makes an index of it in the
//! `-shm` file and nothing more), so what is checked is what will be posted to.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::while_checking;
use super::migrate;
use super::open::{APPLICATION, SCHEMA, connect, has_log, size};
use crate::ledger::{LedgerError, seal};

/// Up to this size everything is looked at; beyond it, only the tables without which posting would go wrong.
/// What is not looked at then are series: they can be large, and nothing else depends on them.
const SMALL: i64 = 256 << 20;

/// The tables that are always looked at.
const VITAL: [&str; 6] = [
    "facts",
    "files",
    "versions",
    "windows",
    "segments",
    "open_hits",
];

/// Refuses what is no ledger, is newer than `newest`, or damaged. Returns the connection. What is sealed was sound when
/// it was, and has not changed.
pub(super) fn check(path: &Path, newest: i64) -> Result<Connection, LedgerError> {
    let is_sealed = seal::is_sealed(path);
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let found = ours(&connection, path)?;
    if found > newest {
        return Err(LedgerError::Newer(found, newest));
    }
    if is_sealed {
        return Ok(connection);
    }
    structure(&connection).map_err(while_checking)??;
    if found == newest {
        schema(&connection).map_err(while_checking)??;
        invariants(&connection)?;
    }
    Ok(connection)
}

/// Its schema's version, if it is a ledger.
fn ours(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let strange = || LedgerError::Damaged(format!("{} is no ledger of tallyd", path.display()));
    let application: i32 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(|error| match while_checking(error) {
            LedgerError::Damaged(_) => strange(),
            other => other,
        })?;
    let version = migrate::version(connection).map_err(while_checking)?;
    if application != APPLICATION || version < 1 {
        return Err(strange());
    }
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(while_checking)?;
    if mode != "wal" && has_log(path) {
        return Err(LedgerError::Damaged(
            "it has a log, but says that it has none".into(),
        ));
    }
    // SQLite takes a page that was cut for one that ends in zeros. While there is a log, the cut page may be in it.
    let page: i64 = connection
        .pragma_query_value(None, "page_size", |row| row.get(0))
        .map_err(while_checking)?;
    if size(path)? % page != 0 && !has_log(path) {
        return Err(LedgerError::Damaged("it was cut short".into()));
    }
    Ok(version)
}

/// Whether SQLite finds its pages and rows in order. The inner result is what it found.
fn structure(connection: &Connection) -> rusqlite::Result<Result<(), LedgerError>> {
    let size: i64 = connection.query_row(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        [],
        |row| row.get(0),
    )?;
    if size <= SMALL {
        return said(connection, "PRAGMA integrity_check(1)");
    }
    for table in VITAL {
        let found = said(connection, &format!("PRAGMA quick_check({table})"))?;
        if found.is_err() {
            return Ok(found);
        }
    }
    Ok(Ok(()))
}

fn said(connection: &Connection, pragma: &str) -> rusqlite::Result<Result<(), LedgerError>> {
    let answer: String = connection.query_row(pragma, [], |row| row.get(0))?;
    Ok(match answer.as_str() {
        "ok" => Ok(()),
        _ => Err(LedgerError::Damaged(answer)),
    })
}

/// Whether every table and index of the schema is there as we make it; what others added does not matter.
fn schema(connection: &Connection) -> rusqlite::Result<Result<(), LedgerError>> {
    let theirs = connection
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<HashSet<String>>>()?;
    let missing = statements().find(|statement| !theirs.contains(*statement));
    Ok(missing.map_or(Ok(()), |statement| {
        let name = statement.split_whitespace().nth(2).unwrap_or_default();
        Err(LedgerError::Damaged(format!(
            "its schema is not ours at {name:?}"
        )))
    }))
}

/// The statements of the schema as SQLite keeps them: each from its first word to before its semicolon. Cut out of the
/// text rather than read back from a database in memory, which took 1 ms of each start; a test compares the two.
fn statements() -> impl Iterator<Item = &'static str> {
    SCHEMA.split(";\n").filter_map(|piece| {
        let start = piece.find("\nCREATE ").map(|at| at + 1);
        let start = start.or_else(|| piece.starts_with("CREATE ").then_some(0))?;
        piece.get(start..)
    })
}

/// What always holds between the numbers, and a sentence for when it does not. Each query gives 1 if it holds.
const INVARIANTS: [(&str, &str); 3] = [
    (
        "SELECT NOT EXISTS (SELECT 1 FROM files WHERE number < hits + forgotten OR hits < complete + aborted + unsettled
             OR min(forgotten, hits, complete, aborted, unsettled, bytes, downloads, partials, repeats, probes) < 0)",
        "a file has more hits than numbers, or fewer than have ended",
    ),
    (
        "SELECT (SELECT total(hits - complete - aborted - unsettled) FROM files) = (SELECT count(*) FROM open_hits)",
        "hits that were begun do not match hits that ended and those in flight",
    ),
    (
        "SELECT NOT EXISTS (SELECT 1 FROM files LEFT JOIN (SELECT file, sum(hits) AS h, sum(complete) AS c,
             sum(aborted) AS a, sum(unsettled) AS u, sum(bytes) AS b, sum(downloads) AS d, sum(partials) AS p,
             sum(repeats) AS r, sum(probes) AS q FROM versions GROUP BY file) ON file = id
           WHERE (hits, complete, aborted, unsettled, bytes, downloads, partials, repeats, probes)
             IS NOT (ifnull(h, 0), ifnull(c, 0), ifnull(a, 0), ifnull(u, 0), ifnull(b, 0), ifnull(d, 0),
             ifnull(p, 0), ifnull(r, 0), ifnull(q, 0)))
         AND NOT EXISTS (SELECT 1 FROM versions WHERE file NOT IN (SELECT id FROM files))",
        "the versions of a file do not add up to the file",
    ),
];

/// Whether the numbers fit each other: SQLite can't know that, and keeps no checksum of what is in a row.
pub(super) fn invariants(connection: &Connection) -> Result<(), LedgerError> {
    for (query, broken) in INVARIANTS {
        let holds: bool = connection
            .query_row(query, [], |row| row.get(0))
            .map_err(while_checking)?;
        if !holds {
            return Err(LedgerError::Damaged(broken.into()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_of_the_schema_are_those_that_sqlite_keeps() {
        let fresh = Connection::open_in_memory().unwrap();
        fresh.execute_batch(SCHEMA).unwrap();
        let mut kept = fresh
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
            .unwrap();
        let kept = kept.query_map([], |row| row.get(0)).unwrap();
        let kept: Vec<String> = kept.collect::<rusqlite::Result<_>>().unwrap();
        assert_eq!(statements().collect::<Vec<_>>(), kept);
    }
}
