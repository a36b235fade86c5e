//! What is dropped with time: series, day by day, in steps that are short enough for others to post between them.

use rusqlite::{Connection, OptionalExtension, params};

use super::packs;
use crate::facts::DAY;

/// Rows that are removed at once, so that nobody waits long for the lock.
const STEP: i64 = 10_000;

/// Tables by the unit of their first column, with the whole key.
const HOURS: [(&str, &str); 2] = [
    ("file_hours", "hour, file, class"),
    ("site_hours", "hour, site, class"),
];
const DAYS: [(&str, &str); 7] = [
    ("file_days", "day, file, class"),
    ("site_days", "day, site, class"),
    ("statuses", "day, site, status"),
    ("protocols", "day, site, protocol"),
    ("referrers", "day, file, host"),
    ("site_referrers", "day, site, host"),
    // Three columns like the others; two are its whole key.
    ("days", "day, site, proxied"),
];

/// Tables that days are packed from.
const PACKED: [&str; 2] = ["file_days", "site_referrers"];

/// Removes series that ended before these hours and days.
pub(super) fn prune(
    connection: &Connection,
    hours_before: i64,
    days_before: i64,
) -> rusqlite::Result<()> {
    for (table, key) in HOURS {
        empty(connection, table, key, hours_before)?;
    }
    packs::drop_before(connection, days_before)?;
    for (table, key) in DAYS {
        empty(connection, table, key, days_before)?;
    }
    Ok(())
}

/// Removes what is known of the time before a day, as far as it has a time: series, and paths that were not found.
pub(super) fn purge(connection: &Connection, before: i64) -> rusqlite::Result<()> {
    prune(connection, before.saturating_mul(24), before)?;
    connection.execute(
        "DELETE FROM missing WHERE last_seen < ?1",
        [before.saturating_mul(DAY)],
    )?;
    Ok(())
}

/// Removes all rows before `before`, from the least key on.
fn empty(connection: &Connection, table: &str, key: &str, before: i64) -> rusqlite::Result<()> {
    let time = key.split(',').next().unwrap_or(key);
    // The key of the last row of a step: up to there is one range of the table, which SQLite cuts out in one go.
    let mut last = connection.prepare(&format!(
        "SELECT {key} FROM {table} WHERE {time} < ?1 ORDER BY {key} LIMIT 1 OFFSET {STEP}"
    ))?;
    let mut step = connection.prepare(&format!(
        "DELETE FROM {table} WHERE ({key}) <= (?1, ?2, ?3)"
    ))?;
    loop {
        let end = last
            .query_row([before], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((time, second, third)): Option<Key> = end else {
            break;
        };
        together(connection, table, before, || {
            step.execute(params![time, second, third])
        })?;
    }
    together(connection, table, before, || {
        connection.execute(&format!("DELETE FROM {table} WHERE {time} < ?1"), [before])
    })
}

/// Removes rows, and with them what is packed of them: whoever packs beside this may just have made it again.
fn together(
    connection: &Connection,
    table: &str,
    before: i64,
    remove: impl FnOnce() -> rusqlite::Result<usize>,
) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let removed = remove()?;
    if PACKED.contains(&table) {
        packs::drop_before(connection, before)?;
        if removed > 0 {
            // With the block that begins before the day and ends later. It stays when there was nothing to remove.
            packs::drop_days(connection, [before.saturating_sub(1)])?;
        }
    }
    transaction.commit()
}

type Key = (i64, rusqlite::types::Value, rusqlite::types::Value);
