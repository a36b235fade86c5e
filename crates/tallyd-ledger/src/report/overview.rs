//! A site as a whole.

use rusqlite::{Connection, ToSql, params};

use super::hosts::hosts;
use super::row::{SUMS, counts, number, path};
use super::{Classes, Day, Range, Report};
use crate::ledger::LedgerError;
use crate::sketch::{self, Sketch};

/// Paths that are named among those that were not found.
const MISSING: i64 = 20;

/// Hosts that are named; the rest is a long tail.
const REFERRERS: usize = 20;

/// What was counted for a site, or for all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// The site; nothing means all.
    pub site: Option<String>,
    /// The days that the counts are of.
    pub range: Range,
    /// The first day in the range of which there is anything.
    pub first_day: Option<i64>,
    /// What was counted, by class.
    pub classes: Classes,
    /// The days of which there is something, in their order.
    pub days: Vec<Day>,
    /// Replies of every kind.
    pub requests: u64,
    /// Replies by status.
    pub statuses: Vec<(u16, u64)>,
    /// Replies by version of HTTP, as two digits.
    pub protocols: Vec<(u8, u64)>,
    /// Body bytes of all replies.
    pub bytes: u64,
    /// Replies that said 404.
    pub not_found: u64,
    /// Paths that were not found, the most frequent first; ever.
    pub missing: Vec<MissingRow>,
    /// Hosts that hits came from, the most frequent first.
    pub referrers: Vec<(String, u64)>,
    /// How many came.
    pub visitors: Visitors,
}

/// What one period is compared with another by.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// What was counted, by class.
    pub classes: Classes,
    /// Replies of every kind.
    pub requests: u64,
    /// Replies that said 404.
    pub not_found: u64,
    /// Body bytes of all replies.
    pub bytes: u64,
    /// How many came.
    pub visitors: Visitors,
}

/// A path that was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRow {
    /// The site.
    pub site: String,
    /// The path.
    pub path: Vec<u8>,
    /// How often it was asked for.
    pub requests: u64,
    /// How many of these may be of other paths, which were dropped from the list.
    pub uncertain: u64,
    /// The last time, in nanoseconds since 1970.
    pub last_seen: i64,
}

/// An estimate of the visitors.
#[derive(Clone, Debug, PartialEq)]
pub enum Visitors {
    /// About so many.
    About {
        /// People and tools.
        people: u64,
        /// All others.
        others: u64,
        /// The standard error of these numbers, as a part of them: 0.016 is 1.6 %.
        error: f64,
    },
    /// Not reported, for this reason.
    Unknown(&'static str),
}

impl Default for Visitors {
    fn default() -> Visitors {
        Visitors::Unknown(NO_SKETCH)
    }
}

const PROXIED: &str = "more than half of the replies went through a proxy, behind which visitors \
    can't be told apart";
const NO_SKETCH: &str = "no visitor was noted on these days";

/// The sums of `days`.
struct Sums {
    bytes: u64,
    proxied: u64,
}

impl Report {
    /// The overview of a site ('' is the main one), or of all.
    pub fn overview(&self, site: Option<&str>, range: Range) -> Result<Overview, LedgerError> {
        self.reading(|connection| overview(connection, site, range))
    }

    /// What an overview has that is compared with another period, and nothing that takes longer.
    pub fn summary(&self, site: Option<&str>, range: Range) -> Result<Summary, LedgerError> {
        self.reading(|connection| {
            let from = Rows {
                connection,
                site,
                range,
            };
            from.summary(&from.statuses()?)
        })
    }
}

fn overview(
    connection: &Connection,
    site: Option<&str>,
    range: Range,
) -> rusqlite::Result<Overview> {
    let from = Rows {
        connection,
        site,
        range,
    };
    let statuses = from.statuses()?;
    let days = from.days()?;
    let summary = from.summary(&statuses)?;
    Ok(Overview {
        site: site.map(str::to_owned),
        range,
        first_day: days.first().map(|day| day.day),
        classes: summary.classes,
        days,
        requests: summary.requests,
        not_found: summary.not_found,
        statuses,
        protocols: from.requests_by("protocol", "protocols")?,
        bytes: summary.bytes,
        missing: from.missing()?,
        referrers: hosts(connection, site, range, REFERRERS)?,
        visitors: summary.visitors,
    })
}

/// The rows that an overview is made of: `?1` is the site or NULL, `?2` and `?3` are the days.
struct Rows<'a> {
    connection: &'a Connection,
    site: Option<&'a str>,
    range: Range,
}

const WHICH: &str = "(?1 IS NULL OR site = ?1) AND day BETWEEN ?2 AND ?3";

impl Rows<'_> {
    fn read<T>(
        &self,
        sql: &str,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let (since, until) = self.range.ends();
        let mut query = self.connection.prepare_cached(sql)?;
        query
            .query_map(params![self.site, since, until], read)?
            .collect()
    }

    fn summary(&self, statuses: &[(u16, u64)]) -> rusqlite::Result<Summary> {
        let requests = statuses.iter().map(|(_, requests)| requests).sum();
        let not_found = statuses.iter().filter(|(status, _)| *status == 404);
        let sums = self.sums()?;
        Ok(Summary {
            classes: self.classes()?,
            requests,
            not_found: not_found.map(|(_, requests)| requests).sum(),
            bytes: sums.bytes,
            visitors: self.visitors(sums.proxied * 2 > requests)?,
        })
    }

    fn statuses(&self) -> rusqlite::Result<Vec<(u16, u64)>> {
        self.requests_by("status", "statuses")
    }

    fn classes(&self) -> rusqlite::Result<Classes> {
        let sql = format!("SELECT class, {SUMS} FROM site_days WHERE {WHICH} GROUP BY class");
        let mut classes = Classes::default();
        for (class, mut counts) in self.read(&sql, |row| Ok((row.get(0)?, counts(row, 1)?)))? {
            // Visitors of several days are never summed up: the sketch knows them.
            counts.visitors = 0;
            classes.add(class, counts);
        }
        Ok(classes)
    }

    fn days(&self) -> rusqlite::Result<Vec<Day>> {
        let sql =
            format!("SELECT day, {SUMS} FROM site_days WHERE {WHICH} GROUP BY day ORDER BY day");
        self.read(&sql, |row| {
            Ok(Day {
                day: row.get(0)?,
                counts: counts(row, 1)?,
            })
        })
    }

    fn requests_by<T: rusqlite::types::FromSql>(
        &self,
        column: &str,
        table: &str,
    ) -> rusqlite::Result<Vec<(T, u64)>> {
        let sql = format!(
            "SELECT {column}, sum(requests) FROM {table} WHERE {WHICH} GROUP BY {column} ORDER BY {column}"
        );
        self.read(&sql, |row| Ok((row.get(0)?, number(row, 1)?)))
    }

    fn sums(&self) -> rusqlite::Result<Sums> {
        let sql = format!(
            "SELECT coalesce(sum(bytes), 0), coalesce(sum(proxied), 0) FROM days WHERE {WHICH}"
        );
        let sums = self.read(&sql, |row| Ok((number(row, 0)?, number(row, 1)?)))?;
        let (bytes, proxied) = sums.first().copied().unwrap_or_default();
        Ok(Sums { bytes, proxied })
    }

    fn missing(&self) -> rusqlite::Result<Vec<MissingRow>> {
        let mut query = self.connection.prepare_cached(
            "SELECT site, path, requests, uncertain, last_seen FROM missing WHERE ?1 IS NULL OR site = ?1
             ORDER BY requests DESC, path LIMIT ?2",
        )?;
        let values: [&dyn ToSql; 2] = [&self.site, &MISSING];
        let rows = query.query_map(values, |row| {
            Ok(MissingRow {
                site: row.get(0)?,
                path: path(row, 1)?,
                requests: number(row, 2)?,
                uncertain: number(row, 3)?,
                last_seen: row.get(4)?,
            })
        })?;
        rows.collect()
    }

    fn visitors(&self, mostly_proxied: bool) -> rusqlite::Result<Visitors> {
        if mostly_proxied {
            return Ok(Visitors::Unknown(PROXIED));
        }
        let sql = format!(
            "SELECT people, others FROM days WHERE {WHICH} AND (people IS NOT NULL OR others IS NOT NULL)"
        );
        let sketches: Vec<(Bytes, Bytes)> =
            self.read(&sql, |row| Ok((row.get(0)?, row.get(1)?)))?;
        if sketches.is_empty() {
            return Ok(Visitors::Unknown(NO_SKETCH));
        }
        let (people, others): (Vec<_>, Vec<_>) = sketches.into_iter().unzip();
        Ok(Visitors::About {
            people: merged(&people),
            others: merged(&others),
            error: sketch::ERROR,
        })
    }
}

/// A sketch as it is stored, if there is one.
type Bytes = Option<Vec<u8>>;

/// The estimate for all of these together; a sketch that is damaged adds nothing.
fn merged(sketches: &[Bytes]) -> u64 {
    let mut merged = Sketch::default();
    for bytes in sketches.iter().flatten() {
        if let Some(sketch) = Sketch::from_bytes(bytes) {
            merged.merge(&sketch);
        }
    }
    merged.estimate()
}
