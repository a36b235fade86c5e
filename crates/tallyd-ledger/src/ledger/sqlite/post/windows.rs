//! Open windows: put where they are found by version and visitor, and by the time at which they end.

use std::sync::Arc;

use rusqlite::{Connection, params};

use crate::batch::WindowChange;
use crate::facts::Version;
use crate::ledger::sqlite::known::{Known, Rows};
use crate::window::{Kind, Window};

/// The changes that leave a window open: their versions need rows.
pub(super) fn opened(changes: &[WindowChange]) -> impl Iterator<Item = (&Arc<Version>, &Window)> {
    changes
        .iter()
        .filter_map(|change| Some((&change.version, change.window.as_ref()?)))
}

/// Posts them; `rows` are those of the windows that are open, in their order.
pub(super) fn post(
    connection: &Connection,
    known: &Known,
    kind: Kind,
    changes: &[WindowChange],
    rows: &[Rows],
) -> rusqlite::Result<()> {
    close(connection, known, changes)?;
    let open = changes
        .iter()
        .filter_map(|change| Some((change.visitor, change.window.as_ref()?)));
    let mut open = rows
        .iter()
        .zip(open)
        .map(|(rows, (visitor, window))| (rows.version, visitor.cast_signed(), window))
        .collect::<Vec<_>>();
    open.sort_by_key(|&(version, visitor, _)| (version, visitor));
    // Most windows are changed and keep their end. Setting the end would write its index too.
    let mut change = connection.prepare_cached(
        "UPDATE windows SET state = ?4 WHERE version = ?1 AND visitor = ?2 AND ends = ?3",
    )?;
    let mut put = connection.prepare_cached(
        "INSERT INTO windows VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET ends = excluded.ends, state = excluded.state",
    )?;
    for (version, visitor, window) in open {
        let (ends, state) = (window.ends(kind), window.encode());
        if change.execute(params![version, visitor, ends, state])? == 0 {
            put.execute(params![version, visitor, ends, state])?;
        }
    }
    Ok(())
}

/// A window that is closed may belong to a version that has been forgotten meanwhile: then there is nothing to do.
fn close(connection: &Connection, known: &Known, changes: &[WindowChange]) -> rusqlite::Result<()> {
    let mut delete =
        connection.prepare_cached("DELETE FROM windows WHERE version = ?1 AND visitor = ?2")?;
    let mut closed = changes
        .iter()
        .filter(|change| change.window.is_none())
        .collect::<Vec<_>>();
    closed.sort_by(|a, b| (&a.version, a.visitor).cmp(&(&b.version, b.visitor)));
    for change in closed {
        if let Some(version) = known.row(connection, &change.version)? {
            delete.execute(params![version, change.visitor.cast_signed()])?;
        }
    }
    Ok(())
}
