//! Counts hour by hour or day by day, by class: what charts are drawn from.

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::calendar::{date, moment};
use super::row::{SUMS, counts, stored};
use super::{Classes, Report};
use crate::facts::{HOUR, day_of};
use crate::ledger::LedgerError;

/// Points that one series has at most: ten years of days, or five months of hours.
pub const MOST_POINTS: i64 = 3_660;

/// How long one point of a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

impl Unit {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Unit::Hour => "hour",
            Unit::Day => "day",
        }
    }

    /// The beginning of a point, as a text: a moment, or a day.
    #[must_use]
    pub fn start(self, start: i64) -> String {
        match self {
            Unit::Hour => moment(start.saturating_mul(HOUR)),
            Unit::Day => date(start),
        }
    }
}

/// What a series is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A site ('' is the main one), or all of them.
    Site(Option<String>),
    /// One file.
    File {
        /// Its site.
        site: String,
        /// Its path.
        path: Vec<u8>,
    },
}

/// One hour or day of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Which: hours or days since 1970 (UTC).
    pub start: i64,
    /// What was counted in it. Visitors are of a day as a whole, and 0 in hours.
    pub classes: Classes,
}

impl Report {
    /// Each hour or day from `first` to `last`, also those in which there was nothing; the last
    /// [`MOST_POINTS`] of them if there are more.
    pub fn series(
        &self,
        scope: &Scope,
        unit: Unit,
        first: i64,
        last: i64,
    ) -> Result<Vec<Point>, LedgerError> {
        let first = first.max(last.saturating_sub(MOST_POINTS - 1));
        self.reading(|connection| series(connection, scope, unit, first, last))
    }

    /// The first day of which there is anything; nothing if there is none.
    pub fn first_day(&self, scope: &Scope) -> Result<Option<i64>, LedgerError> {
        self.reading(|connection| match scope {
            Scope::Site(site) => connection.query_row(
                "SELECT min(day) FROM site_days WHERE ?1 IS NULL OR site = ?1",
                [site],
                |row| row.get(0),
            ),
            Scope::File { site, path } => {
                let first_seen: Option<i64> = connection
                    .query_row(
                        "SELECT first_seen FROM files WHERE site = ?1 AND path = ?2",
                        params![site, stored(path)],
                        |row| row.get(0),
                    )
                    .optional()?;
                Ok(first_seen.map(day_of))
            }
        })
    }
}

fn series(
    connection: &Connection,
    scope: &Scope,
    unit: Unit,
    first: i64,
    last: i64,
) -> rusqlite::Result<Vec<Point>> {
    let mut points: Vec<Point> = (first..=last)
        .map(|start| Point {
            start,
            ..Point::default()
        })
        .collect();
    let time = unit.word();
    let path;
    let (sql, mut values): (String, Vec<&dyn ToSql>) = match scope {
        Scope::Site(site) => (
            format!(
                "SELECT {time}, class, {SUMS} FROM site_{time}s
                 WHERE {time} BETWEEN ?1 AND ?2 AND (?3 IS NULL OR site = ?3) GROUP BY {time}, class"
            ),
            vec![site],
        ),
        // One step in the index for each hour or day, however many files there are.
        Scope::File { site, path: of } => {
            path = stored(of);
            (
                format!(
                    "WITH RECURSIVE shown (time) AS (SELECT ?1 UNION ALL SELECT time + 1 FROM shown WHERE time < ?2),
                     wanted (file) AS (SELECT id FROM files WHERE site = ?3 AND path = ?4)
                     SELECT {time}, class, {SUMS} FROM wanted CROSS JOIN shown CROSS JOIN file_{time}s
                     ON file_{time}s.{time} = shown.time AND file_{time}s.file = wanted.file GROUP BY {time}, class"
                ),
                vec![site, &path],
            )
        }
    };
    if points.is_empty() {
        return Ok(points);
    }
    let mut all: Vec<&dyn ToSql> = vec![&first, &last];
    all.append(&mut values);
    let mut query = connection.prepare_cached(&sql)?;
    let mut rows = query.query(&all[..])?;
    while let Some(row) = rows.next()? {
        let place = usize::try_from(row.get::<_, i64>(0)? - first).ok();
        if let Some(point) = place.and_then(|place| points.get_mut(place)) {
            point.classes.add(row.get(1)?, counts(row, 2)?);
        }
    }
    Ok(points)
}
