//! A batch into the tables, in one transaction.
//!
//! Promises: the whole batch or nothing of it, whatever fails. Rows are written in the order of their keys, since
//! neighbours share pages.

mod counts;
mod days;
mod missing;
mod progress;
pub(super) mod referrers;
mod windows;

use rusqlite::{Connection, TransactionBehavior};

use super::known::Known;
use crate::batch::Batch;
use crate::ledger::LedgerError;
use crate::window::Kind;

/// Posts `batch`.
pub(super) fn post(
    connection: &mut Connection,
    known: &mut Known,
    kind: Kind,
    batch: &Batch,
) -> Result<(), LedgerError> {
    let posted = attempt(connection, known, kind, batch);
    if posted.is_err() {
        // Rows that were new in the batch are not there after all.
        known.clear();
    }
    posted.map_err(LedgerError::from)
}

fn attempt(
    connection: &mut Connection,
    known: &mut Known,
    kind: Kind,
    batch: &Batch,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    known.refresh(&transaction)?;
    progress::post(&transaction, &batch.progress, batch.latest)?;
    let wanted = batch
        .versions
        .iter()
        .map(|change| &change.version)
        .chain(windows::opened(&batch.windows).map(|(version, _)| version))
        .collect::<Vec<_>>();
    let resolved = known.resolve(&transaction, &wanted)?;
    counts::post(&transaction, batch, &resolved)?;
    let (_, rows) = resolved.rows.split_at(batch.versions.len());
    windows::post(&transaction, known, kind, &batch.windows, rows)?;
    days::post(&transaction, &batch.days)?;
    referrers::post(&transaction, &batch.referrers)?;
    missing::post(&transaction, &batch.missing)?;
    transaction.commit()
}
