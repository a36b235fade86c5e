//! From the schema that a ledger was written with to the newest one: a list of steps, each whole or not at all.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::check;
use super::post::referrers::{MOST_OF_SITE, OTHER};
use crate::ledger::LedgerError;

/// One step: from one schema to the next.
pub(super) type Step = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// The step at index 0 leads from schema 1 to schema 2, and so on.
pub(super) const STEPS: &[Step] = &[to_2];

/// Where hits came from by site, filled from what is known by file; and packed days, which are made later, one by one.
/// The tables as they were in schema 2, letter by letter: a check compares them.
fn to_2(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(
        "CREATE TABLE site_referrers (
    day INTEGER NOT NULL, site TEXT NOT NULL, host TEXT NOT NULL, hits INTEGER NOT NULL,
    PRIMARY KEY (day, site, host)
) STRICT, WITHOUT ROWID;
CREATE TABLE packs (
    level INTEGER NOT NULL, number INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (level, number, part)
) STRICT;",
    )?;
    // Day by day: what SQLite sorts lies in memory.
    let mut next = transaction.prepare("SELECT min(day) FROM referrers WHERE day > ?1")?;
    let mut fill = transaction.prepare(
        "WITH sums AS (
             SELECT site, host, sum(referrers.hits) AS hits FROM referrers JOIN files ON id = file
             WHERE day = ?3 GROUP BY site, host
         ), placed AS (
             SELECT *, row_number() OVER (PARTITION BY site, host = ?1 ORDER BY hits DESC, host) AS place FROM sums
         )
         INSERT INTO site_referrers
         SELECT ?3, site, iif(place > ?2, ?1, host) AS named, sum(hits) FROM placed GROUP BY site, named",
    )?;
    let mut at = i64::MIN;
    while let Some(day) = next.query_row([at], |row| row.get::<_, Option<i64>>(0))? {
        fill.execute(params![OTHER, MOST_OF_SITE, day])?;
        at = day;
    }
    Ok(())
}

/// The schema that the last step leads to.
pub(super) fn newest(steps: &[Step]) -> i64 {
    i64::try_from(steps.len()).map_or(i64::MAX, |steps| steps + 1)
}

/// Takes the steps that are missing, and checks what they lead to.
pub(super) fn migrate(connection: &mut Connection, steps: &[Step]) -> Result<(), LedgerError> {
    let found = version(connection)?;
    for (from, step) in (1..).zip(steps) {
        if from < found {
            continue;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Somebody else may have taken it while the lock was waited for.
        if version(&transaction)? == from {
            step(&transaction)?;
            transaction.pragma_update(None, "user_version", from + 1)?;
            if from + 1 == newest(steps) {
                // Before it is committed: what is damaged is refused as it was.
                check::invariants(&transaction)?;
            }
        }
        transaction.commit()?;
    }
    Ok(())
}

/// The schema of this ledger.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
