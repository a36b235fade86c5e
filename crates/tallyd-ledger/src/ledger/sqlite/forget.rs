//! Forgetting a path, for whoever is asked to: from the command line, beside a server that may be running.
//!
//! Promises: nothing that names the path or belongs to it is left, but for two things that would make a running
//! count wrong: its last hit number while a server runs, and hits in flight, which will end and be posted. What is
//! counted for a whole site stays: it names no path.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::known::FILE_BY_PATH;
use super::packs;
use super::value::PathRef;

/// Whether a server may have the account of a forgotten path open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// Its row stays, so that the sequence goes on.
    Keep,
    /// It goes too.
    Drop,
}

/// Removes a path. False if it was not known.
pub(super) fn forget(
    connection: &mut Connection,
    site: &str,
    path: &[u8],
    number: Number,
) -> rusqlite::Result<bool> {
    // What is removed is overwritten too: a deleted row would otherwise stay readable in the file for long.
    connection.pragma_update(None, "secure_delete", true)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let key = params![site, PathRef(path)];
    let asked = transaction.execute("DELETE FROM missing WHERE site = ?1 AND path = ?2", key)?;
    let file = transaction
        .query_row(FILE_BY_PATH, key, |row| row.get(0))
        .optional()?;
    if let Some(file) = file {
        erase(&transaction, file, number)?;
    }
    transaction.execute(
        "UPDATE facts SET value = value + 1 WHERE name = 'changes'",
        [],
    )?;
    transaction.commit()?;
    empty_log(connection)?;
    Ok(asked > 0 || file.is_some())
}

/// Removes rows that were only kept for their numbers. To be called when no server has an account open.
pub(super) fn sweep(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let files = transaction
        .prepare("SELECT id FROM files WHERE hits = 0 AND probes = 0")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    for file in files {
        erase(&transaction, file, Number::Drop)?;
    }
    transaction.commit()
}

fn erase(transaction: &Transaction<'_>, file: i64, number: Number) -> rusqlite::Result<()> {
    transaction.execute(
        "DELETE FROM windows WHERE version IN (SELECT id FROM versions WHERE file = ?1)",
        [file],
    )?;
    transaction.execute("DELETE FROM aborts WHERE file = ?1", [file])?;
    for (table, time) in [
        ("file_hours", "hour"),
        ("file_days", "day"),
        ("referrers", "day"),
    ] {
        let erased = erase_series(transaction, table, time, file)?;
        if table == "file_days" {
            packs::drop_days(transaction, erased)?;
        }
    }
    transaction.execute(
        "UPDATE files SET forgotten = forgotten + complete + aborted + unsettled WHERE id = ?1",
        [file],
    )?;
    for (table, key) in [("versions", "file"), ("files", "id")] {
        transaction.execute(
            &format!(
                "UPDATE {table} SET hits = hits - complete - aborted - unsettled, first_seen = last_seen, complete = 0,
                     aborted = 0, unsettled = 0, bytes = 0, downloads = 0, partials = 0, repeats = 0, probes = 0
                 WHERE {key} = ?1"
            ),
            [file],
        )?;
    }
    transaction.execute("DELETE FROM versions WHERE file = ?1 AND hits = 0", [file])?;
    if number == Number::Drop {
        transaction.execute("DELETE FROM files WHERE id = ?1 AND hits = 0", [file])?;
    }
    Ok(())
}

/// The tables begin with the time: one look at each hour or day that there is, instead of one at each row. Returns the
/// hours or days at which there was something.
fn erase_series(
    transaction: &Transaction<'_>,
    table: &str,
    time: &str,
    file: i64,
) -> rusqlite::Result<Vec<i64>> {
    let mut next = transaction.prepare(&format!(
        "SELECT min({time}) FROM {table} WHERE {time} > ?1"
    ))?;
    let mut delete = transaction.prepare(&format!(
        "DELETE FROM {table} WHERE {time} = ?1 AND file = ?2"
    ))?;
    let mut erased = Vec::new();
    let mut at = i64::MIN;
    while let Some(found) = next.query_row([at], |row| row.get::<_, Option<i64>>(0))? {
        if delete.execute([found, file])? > 0 {
            erased.push(found);
        }
        at = found;
    }
    Ok(erased)
}

/// Writes the log into the database and empties it: pages from before are still in it. Somebody who reads just now
/// keeps it from that; then the next checkpoint does it.
fn empty_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
