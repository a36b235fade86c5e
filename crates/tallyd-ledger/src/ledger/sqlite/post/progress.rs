//! How far the journals are posted: in the same transaction as the counts, so that no entry is posted twice.

use rusqlite::{Connection, params};

use crate::batch::Progress;

pub(super) fn post(
    connection: &Connection,
    progress: &Progress,
    latest: i64,
) -> rusqlite::Result<()> {
    raise(
        connection,
        "next_sequence",
        progress.next_sequence.cast_signed(),
    )?;
    raise(connection, "latest", latest)?;
    connection
        .prepare_cached(
            "INSERT INTO facts VALUES ('changes', 1) ON CONFLICT DO UPDATE SET value = value + 1",
        )?
        .execute([])?;
    let mut read = connection.prepare_cached(
        "INSERT INTO segments VALUES (?1, ?2) ON CONFLICT DO UPDATE SET read = excluded.read",
    )?;
    for &(sequence, word) in &progress.read {
        read.execute(params![sequence.cast_signed(), word])?;
    }
    each(
        connection,
        "INSERT INTO open_hits VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        &progress.opened,
    )?;
    each(
        connection,
        "DELETE FROM open_hits WHERE sequence = ?1 AND word = ?2",
        &progress.settled,
    )?;
    let mut finish = connection.prepare_cached("DELETE FROM segments WHERE sequence = ?1")?;
    for sequence in &progress.finished {
        finish.execute([sequence.cast_signed()])?;
    }
    Ok(())
}

/// Sets a fact that never falls: a batch that says nothing of it says 0.
fn raise(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO facts VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
        )?
        .execute(params![name, value])?;
    Ok(())
}

fn each(connection: &Connection, sql: &str, hits: &[(u64, u32)]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut sorted = hits.to_vec();
    sorted.sort_unstable();
    for (sequence, word) in sorted {
        statement.execute(params![sequence.cast_signed(), word])?;
    }
    Ok(())
}
