//! One file in detail.

use rusqlite::{Connection, OptionalExtension, params};

use super::row::{COLUMNS, SUMS, counts, stored};
use super::top::days_kept;
use super::{Classes, Day, Range, Report};
use crate::facts::Counts;
use crate::ledger::LedgerError;

/// Days that are shown where nobody says which.
const LAST_DAYS: i64 = 30;

/// More days are not shown one by one: ten years.
const MOST_DAYS: i64 = 3_660;

/// Hosts that are named; the rest is a long tail.
pub(super) const REFERRERS: i64 = 20;

/// Everything that the ledger has about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// Its site; the main one's is empty.
    pub site: String,
    /// Its path.
    pub path: Vec<u8>,
    /// Its last hit number.
    pub number: u64,
    /// The first hit or probe ever, in nanoseconds since 1970.
    pub first_seen: i64,
    /// The last one.
    pub last_seen: i64,
    /// The days that the counts are of.
    pub range: Range,
    /// What was counted in the range.
    pub counts: Counts,
    /// The same by class of agent, of the days that the ledger still has.
    pub classes: Classes,
    /// Each day of the range, also those without a hit; of an open range the last 30; at most ten years. Visitors are of that day only.
    pub days: Vec<Day>,
    /// The states that the file was in, the latest first; ever.
    pub versions: Vec<VersionRow>,
    /// Aborted hits by how far they got, in tenths of what was asked for; ever.
    pub reached: [u64; 10],
    /// Hosts that hits in the range came from, with their number, the most frequent first.
    pub referrers: Vec<(String, u64)>,
}

/// One state of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// Its length in bytes.
    pub length: u64,
    /// Its modification time, in nanoseconds since 1970.
    pub modified: i64,
    /// The first hit or probe, in nanoseconds since 1970.
    pub first_seen: i64,
    /// The last one.
    pub last_seen: i64,
    /// What was counted; visitors are 0.
    pub counts: Counts,
}

/// The row of `files`.
struct Found {
    id: i64,
    number: u64,
    first_seen: i64,
    last_seen: i64,
    counts: Counts,
}

impl Found {
    /// Those of the days on which it was asked for: a day that makes no sense holds nobody up.
    fn within(&self, first: i64, last: i64) -> (i64, i64) {
        let seen = |time| crate::facts::day_of(time);
        (
            first.max(seen(self.first_seen)),
            last.min(seen(self.last_seen)),
        )
    }
}

impl Report {
    /// The report on one file; nothing if it was never hit. `today` ends the days of an open range.
    pub fn file(
        &self,
        site: &str,
        path: &[u8],
        range: Range,
        today: i64,
    ) -> Result<Option<FileReport>, LedgerError> {
        self.reading(|connection| match find(connection, site, path)? {
            Some(found) => report(connection, (site, path), &found, range, today).map(Some),
            None => Ok(None),
        })
    }

    /// The sites that have a file with this path.
    pub fn sites_with(&self, path: &[u8]) -> Result<Vec<String>, LedgerError> {
        self.reading(|connection| {
            let mut with = Vec::new();
            for site in super::sites(connection)? {
                if find(connection, &site, path)?.is_some() {
                    with.push(site);
                }
            }
            Ok(with)
        })
    }
}

fn find(connection: &Connection, site: &str, path: &[u8]) -> rusqlite::Result<Option<Found>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT id, number, first_seen, last_seen, {COLUMNS} FROM files \
         WHERE site = ?1 AND path = ?2 AND (hits > 0 OR probes > 0)"
    ))?;
    let found = query.query_row(params![site, stored(path)], |row| {
        Ok(Found {
            id: row.get(0)?,
            number: super::row::number(row, 1)?,
            first_seen: row.get(2)?,
            last_seen: row.get(3)?,
            counts: counts(row, 4)?,
        })
    });
    found.optional()
}

fn report(
    connection: &Connection,
    (site, path): (&str, &[u8]),
    found: &Found,
    range: Range,
    today: i64,
) -> rusqlite::Result<FileReport> {
    let classes = match days_kept(connection, range)? {
        Some((first, last)) => {
            let (first, last) = found.within(first, last);
            classes(connection, found.id, first, last)?
        }
        None => Classes::default(),
    };
    let counts = if range.is_everything() {
        found.counts
    } else {
        Counts {
            visitors: 0,
            ..classes.total()
        }
    };
    Ok(FileReport {
        site: site.to_owned(),
        path: path.to_vec(),
        number: found.number,
        first_seen: found.first_seen,
        last_seen: found.last_seen,
        range,
        counts,
        classes,
        days: days(connection, found.id, shown(range, found, today))?,
        versions: versions(connection, found.id)?,
        reached: reached(connection, found.id)?,
        referrers: referrers(connection, found, range)?,
    })
}

/// A range with two ends: what is open ends today, and begins with the file or 30 days before.
fn shown(range: Range, found: &Found, today: i64) -> (i64, i64) {
    let last = range.until.unwrap_or(today);
    let first = match (range.since, range.until) {
        (Some(first), _) => first,
        (None, Some(_)) => crate::facts::day_of(found.first_seen),
        (None, None) => last - (LAST_DAYS - 1),
    };
    (first.max(last.saturating_sub(MOST_DAYS - 1)), last)
}

/// The counts of one file by class, from the first to the last of these days.
///
/// The series begins with the day, so this is one step in the index for each day, however many files there are.
pub(super) fn classes(
    connection: &Connection,
    file: i64,
    first: i64,
    last: i64,
) -> rusqlite::Result<Classes> {
    let mut classes = Classes::default();
    let mut query = connection.prepare_cached(&format!(
        "WITH RECURSIVE shown (day) AS (SELECT ?2 UNION ALL SELECT day + 1 FROM shown WHERE day < ?3)
         SELECT class, {SUMS} FROM shown CROSS JOIN file_days USING (day) WHERE file = ?1 GROUP BY class"
    ))?;
    let mut rows = query.query(params![file, first, last])?;
    while let Some(row) = rows.next()? {
        classes.add(row.get(0)?, counts(row, 1)?);
    }
    Ok(classes)
}

fn days(
    connection: &Connection,
    file: i64,
    (first, last): (i64, i64),
) -> rusqlite::Result<Vec<Day>> {
    let mut query = connection.prepare_cached(&format!(
        "WITH RECURSIVE shown (day) AS (SELECT ?2 UNION ALL SELECT day + 1 FROM shown WHERE day < ?3)
         SELECT shown.day, {SUMS} FROM shown LEFT JOIN file_days ON file_days.day = shown.day AND file = ?1
         GROUP BY shown.day ORDER BY shown.day"
    ))?;
    if first > last {
        return Ok(Vec::new());
    }
    let rows = query.query_map(params![file, first, last], |row| {
        Ok(Day {
            day: row.get(0)?,
            counts: counts(row, 1)?,
        })
    })?;
    rows.collect()
}

fn versions(connection: &Connection, file: i64) -> rusqlite::Result<Vec<VersionRow>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT length, modified, first_seen, last_seen, {COLUMNS} FROM versions WHERE file = ?1 \
         ORDER BY last_seen DESC, id DESC"
    ))?;
    let rows = query.query_map([file], |row| {
        Ok(VersionRow {
            length: super::row::number(row, 0)?,
            modified: row.get(1)?,
            first_seen: row.get(2)?,
            last_seen: row.get(3)?,
            counts: counts(row, 4)?,
        })
    })?;
    rows.collect()
}

fn reached(connection: &Connection, file: i64) -> rusqlite::Result<[u64; 10]> {
    let mut reached = [0; 10];
    let mut query = connection
        .prepare_cached("SELECT tenth, hits FROM aborts WHERE file = ?1 ORDER BY tenth")?;
    let mut rows = query.query([file])?;
    while let Some(row) = rows.next()? {
        let tenth: i64 = row.get(0)?;
        let place = usize::try_from(tenth).ok();
        if let Some(hits) = place.and_then(|place| reached.get_mut(place)) {
            *hits = super::row::number(row, 1)?;
        }
    }
    Ok(reached)
}

fn referrers(
    connection: &Connection,
    file: &Found,
    range: Range,
) -> rusqlite::Result<Vec<(String, u64)>> {
    let (since, until) = range.ends();
    let ends: (Option<i64>, Option<i64>) = connection.query_row(
        "SELECT (SELECT min(day) FROM referrers WHERE day >= ?1), (SELECT max(day) FROM referrers WHERE day <= ?2)",
        [since, until],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let (Some(first), Some(last)) = ends else {
        return Ok(Vec::new());
    };
    let (first, last) = file.within(first, last);
    if first > last {
        return Ok(Vec::new());
    }
    let mut query = connection.prepare_cached(
        "WITH RECURSIVE shown (day) AS (SELECT ?2 UNION ALL SELECT day + 1 FROM shown WHERE day < ?3)
         SELECT host, sum(hits) AS hits FROM shown CROSS JOIN referrers USING (day) WHERE file = ?1
         GROUP BY host ORDER BY sum(hits) DESC, host LIMIT ?4",
    )?;
    let rows = query.query_map(params![file.id, first, last, REFERRERS], |row| {
        Ok((row.get(0)?, super::row::number(row, 1)?))
    })?;
    rows.collect()
}
