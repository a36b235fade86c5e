//! What was counted of versions: into files, versions, the four series, and how far aborted hits got.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, ToSql, params};

use super::windows;
use crate::batch::{Batch, VersionChange};
use crate::facts::{Counts, Version};
use crate::ledger::sqlite::known::{Resolved, Rows};
use crate::ledger::sqlite::packs;
use crate::ledger::sqlite::value::{PathRef, counted};

pub(super) fn post(
    connection: &Connection,
    batch: &Batch,
    resolved: &Resolved,
) -> rusqlite::Result<()> {
    let sums = sums(batch);
    post_files(connection, &sums, resolved)?;
    post_versions(connection, &sums, resolved)?;
    post_series(connection, &batch.versions, &resolved.rows)?;
    post_aborts(connection, &batch.versions, &resolved.rows)
}

/// What a batch adds to one version or file.
#[derive(Clone, Copy)]
struct Sum<'a> {
    version: &'a Version,
    number: u64,
    first: i64,
    last: i64,
    counts: Counts,
}

impl Sum<'_> {
    fn add(&mut self, more: &Sum<'_>) {
        self.number = self.number.max(more.number);
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
        self.counts += more.counts;
    }
}

/// In the order in which rows were asked for: the changes, then windows that need a version to belong to.
fn sums(batch: &Batch) -> Vec<Sum<'_>> {
    let changes = batch.versions.iter().map(|change| {
        let mut counts = Counts::default();
        for (_, _, more) in &change.cells {
            counts += *more;
        }
        Sum {
            version: &change.version,
            number: change.number,
            first: change.first,
            last: change.last,
            counts,
        }
    });
    let windows = windows::opened(&batch.windows).map(|(version, window)| Sum {
        version,
        number: 0,
        first: window.opened,
        last: window.opened,
        counts: Counts::default(),
    });
    changes.chain(windows).collect()
}

/// One sum for each row, in the order of the rows.
fn by_row<'a>(
    sums: &[Sum<'a>],
    rows: &[Rows],
    row: impl Fn(&Rows) -> i64,
) -> Vec<(i64, Rows, Sum<'a>)> {
    let mut sorted = rows
        .iter()
        .zip(sums)
        .map(|(rows, sum)| (row(rows), *rows, *sum))
        .collect::<Vec<_>>();
    sorted.sort_unstable_by_key(|(id, ..)| *id);
    sorted.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.2.add(&next.2);
        }
        same
    });
    sorted
}

fn post_files(
    connection: &Connection,
    sums: &[Sum<'_>],
    resolved: &Resolved,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO files (id, site, path, number, first_seen, last_seen,
             hits, complete, aborted, unsettled, bytes, downloads, partials, repeats, probes)
         VALUES (?1, ?14, ?15, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    let (h, d) = ("hits = hits + ?5,", "downloads = downloads + ?10,");
    let (mut both, mut hits) = (
        file_update(connection, h, d)?,
        file_update(connection, h, "")?,
    );
    let (mut downloads, mut neither) = (
        file_update(connection, "", d)?,
        file_update(connection, "", "")?,
    );
    for (id, _, sum) in by_row(sums, &resolved.rows, |rows| rows.file) {
        let c = &sum.counts;
        if id >= resolved.new_files {
            let path = PathRef(&sum.version.path);
            insert.execute(params![
                id,
                counted(sum.number),
                sum.first,
                sum.last,
                counted(c.hits),
                counted(c.complete),
                counted(c.aborted),
                counted(c.unsettled),
                counted(c.bytes),
                counted(c.downloads),
                counted(c.partials),
                counted(c.repeats),
                counted(c.probes),
                sum.version.site,
                path
            ])?;
            continue;
        }
        let update = match (c.hits > 0, c.downloads > 0) {
            (true, true) => &mut both,
            (true, false) => &mut hits,
            (false, true) => &mut downloads,
            (false, false) => &mut neither,
        };
        update.execute(params![
            id,
            counted(sum.number),
            sum.first,
            sum.last,
            counted(c.hits),
            counted(c.complete),
            counted(c.aborted),
            counted(c.unsettled),
            counted(c.bytes),
            counted(c.downloads),
            counted(c.partials),
            counted(c.repeats),
            counted(c.probes)
        ])?;
    }
    Ok(())
}

/// SQLite writes an index anew whenever its column is set, even to the same value: what an index is about is left
/// out where nothing is added to it.
fn file_update<'a>(
    connection: &'a Connection,
    hits: &str,
    downloads: &str,
) -> rusqlite::Result<CachedStatement<'a>> {
    connection.prepare_cached(&format!(
        "UPDATE files SET {hits} {downloads} number = max(number, ?2), first_seen = min(first_seen, ?3),
             last_seen = max(last_seen, ?4), complete = complete + ?6, aborted = aborted + ?7,
             unsettled = unsettled + ?8, bytes = bytes + ?9, partials = partials + ?11, repeats = repeats + ?12,
             probes = probes + ?13
         WHERE id = ?1"
    ))
}

fn post_versions(
    connection: &Connection,
    sums: &[Sum<'_>],
    resolved: &Resolved,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO versions (id, file, device, inode, length, modified, first_seen, last_seen,
             hits, complete, aborted, unsettled, bytes, downloads, partials, repeats, probes)
         VALUES (?1, ?13, ?14, ?15, ?16, ?17, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    let mut update = connection.prepare_cached(
        "UPDATE versions SET first_seen = min(first_seen, ?2), last_seen = max(last_seen, ?3), hits = hits + ?4,
             complete = complete + ?5, aborted = aborted + ?6, unsettled = unsettled + ?7, bytes = bytes + ?8,
             downloads = downloads + ?9, partials = partials + ?10, repeats = repeats + ?11, probes = probes + ?12
         WHERE id = ?1",
    )?;
    for (id, rows, sum) in by_row(sums, &resolved.rows, |rows| rows.version) {
        let (c, version) = (&sum.counts, sum.version);
        if id >= resolved.new_versions {
            insert.execute(params![
                id,
                sum.first,
                sum.last,
                counted(c.hits),
                counted(c.complete),
                counted(c.aborted),
                counted(c.unsettled),
                counted(c.bytes),
                counted(c.downloads),
                counted(c.partials),
                counted(c.repeats),
                counted(c.probes),
                rows.file,
                version.device.cast_signed(),
                version.inode.cast_signed(),
                counted(version.length),
                version.modified
            ])?;
            continue;
        }
        update.execute(params![
            id,
            sum.first,
            sum.last,
            counted(c.hits),
            counted(c.complete),
            counted(c.aborted),
            counted(c.unsettled),
            counted(c.bytes),
            counted(c.downloads),
            counted(c.partials),
            counted(c.repeats),
            counted(c.probes)
        ])?;
    }
    Ok(())
}

/// Hour, file, class, and what is added there.
type Cell = (i64, i64, u8, Counts);

fn post_series(
    connection: &Connection,
    changes: &[VersionChange],
    rows: &[Rows],
) -> rusqlite::Result<()> {
    let mut cells = Vec::with_capacity(changes.len());
    let mut sites = BTreeMap::<(i64, &str, u8), Counts>::new();
    for (change, rows) in changes.iter().zip(rows) {
        for &(hour, class, counts) in &change.cells {
            cells.push((hour, rows.file, class as u8, counts));
            *sites
                .entry((hour, &change.version.site, class as u8))
                .or_default() += counts;
        }
    }
    merge(&mut cells);
    series(connection, "file_hours", cells.iter().copied())?;
    for (time, ..) in &mut cells {
        *time = time.div_euclid(24);
    }
    merge(&mut cells);
    series(connection, "file_days", cells.iter().copied())?;
    cells.dedup_by_key(|(day, ..)| *day);
    packs::drop_days(connection, cells.iter().map(|(day, ..)| *day))?;

    let mut days = BTreeMap::<(i64, &str, u8), Counts>::new();
    for (&(hour, site, class), counts) in &sites {
        *days.entry((hour.div_euclid(24), site, class)).or_default() += *counts;
    }
    for (table, sums) in [("site_hours", sites), ("site_days", days)] {
        let cells = sums
            .into_iter()
            .map(|((time, site, class), counts)| (time, site, class, counts));
        series(connection, table, cells)?;
    }
    Ok(())
}

/// Adds to a table of series; `cells` are in the order of its key.
fn series<K: ToSql>(
    connection: &Connection,
    table: &str,
    cells: impl Iterator<Item = (i64, K, u8, Counts)>,
) -> rusqlite::Result<()> {
    let mut add = connection.prepare_cached(&format!(
        "INSERT INTO {table} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         ON CONFLICT DO UPDATE SET hits = hits + ?4, complete = complete + ?5, aborted = aborted + ?6,
             unsettled = unsettled + ?7, bytes = bytes + ?8, downloads = downloads + ?9,
             partials = partials + ?10, repeats = repeats + ?11, probes = probes + ?12, visitors = visitors + ?13"
    ))?;
    for (time, key, class, c) in cells {
        add.execute(params![
            time,
            key,
            class,
            counted(c.hits),
            counted(c.complete),
            counted(c.aborted),
            counted(c.unsettled),
            counted(c.bytes),
            counted(c.downloads),
            counted(c.partials),
            counted(c.repeats),
            counted(c.probes),
            counted(c.visitors)
        ])?;
    }
    Ok(())
}

/// One cell for each key, in the order of the keys.
fn merge(cells: &mut Vec<Cell>) {
    cells.sort_unstable_by_key(|&(time, file, class, _)| (time, file, class));
    cells.dedup_by(|next, kept| {
        let same = (next.0, next.1, next.2) == (kept.0, kept.1, kept.2);
        if same {
            kept.3 += next.3;
        }
        same
    });
}

fn post_aborts(
    connection: &Connection,
    changes: &[VersionChange],
    rows: &[Rows],
) -> rusqlite::Result<()> {
    let mut sums = BTreeMap::<(i64, i64), i64>::new();
    for (change, rows) in changes.iter().zip(rows) {
        let reached = (0..).zip(&change.reached).filter(|(_, hits)| **hits > 0);
        for (tenth, hits) in reached {
            *sums.entry((rows.file, tenth)).or_default() += i64::from(*hits);
        }
    }
    let mut add = connection.prepare_cached(
        "INSERT INTO aborts VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET hits = hits + ?3",
    )?;
    for ((file, tenth), hits) in sums {
        add.execute(params![file, tenth, hits])?;
    }
    Ok(())
}
