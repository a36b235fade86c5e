//! From the schema that a ledger was written with to the newest one: a list of steps, each whole or not at all.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::ledger::LedgerError;

/// One step: from one schema to the next.
pub(super) type Step = fn(&Transaction<'_>) -> rusqlite::Result<()>;

/// The step at index 0 leads from schema 1 to schema 2, and so on. There is only schema 1 so far.
pub(super) const STEPS: &[Step] = &[];

/// The schema that the last step leads to.
pub(super) fn newest(steps: &[Step]) -> i64 {
    i64::try_from(steps.len()).map_or(i64::MAX, |steps| steps + 1)
}

/// Takes the steps that are missing. True if there were any.
pub(super) fn migrate(connection: &mut Connection, steps: &[Step]) -> Result<bool, LedgerError> {
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
        }
        transaction.commit()?;
    }
    Ok(found < newest(steps))
}

/// The schema of this ledger.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
