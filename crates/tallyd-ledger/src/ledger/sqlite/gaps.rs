//! Hits that have a number and are in no journal, because the power went before they reached the disk while a later
//! hit of the same path did; and hits that were posted as begun and whose journal is gone. For both, nobody will ever
//! know how they ended.

use std::sync::Arc;

use rusqlite::Connection;

use crate::batch::{Batch, VersionChange};
use crate::facts::{Class, Counts, hour_of};

/// They are counted as the path's last version, in the hour in which it was last asked for: nothing else is known.
const GAPS: &str = "SELECT site, path, device, inode, length, modified, files.last_seen,
        number - files.hits - forgotten,
        number - forgotten - files.complete - files.aborted - files.unsettled
    FROM files JOIN versions ON versions.id =
        (SELECT id FROM versions AS v WHERE v.file = files.id ORDER BY v.last_seen DESC, v.id DESC LIMIT 1)
    WHERE number > files.hits + forgotten
        OR files.hits > files.complete + files.aborted + files.unsettled";

/// A batch that counts them as unsettled.
pub(super) fn find(connection: &Connection) -> rusqlite::Result<Batch> {
    let mut batch = Batch::default();
    let mut query = connection.prepare(GAPS)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let last = row.get(6)?;
        let counts = Counts {
            hits: super::value::count(row.get(7)?),
            unsettled: super::value::count(row.get(8)?),
            ..Counts::default()
        };
        batch.versions.push(VersionChange {
            version: Arc::new(super::version(row)?),
            number: 0,
            first: last,
            last,
            cells: vec![(hour_of(last), Class::Unknown, counts)],
            reached: [0; 10],
        });
    }
    let mut open = connection.prepare("SELECT sequence, word FROM open_hits")?;
    let place = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?));
    batch.progress.settled = open
        .query_map([], place)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(batch)
}
