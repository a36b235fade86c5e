//! Files in brief: what everybody may be told of one, and the totals of many at once.
//!
//! Each question is a few steps in an index, however many files and days the ledger has.

use rusqlite::{Connection, OptionalExtension, params};

use super::row::{COLUMNS, counts, number, stored};
use super::top::days_kept;
use super::{Classes, Range, Report};
use crate::facts::{Class, Counts, day_of};
use crate::ledger::LedgerError;

/// One file in brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// What was ever counted; visitors are 0.
    pub counts: Counts,
    /// The same by class of agent, of the days that the ledger still has.
    pub classes: Classes,
    /// What was counted on the days that were asked for, by class.
    pub recent: Classes,
    /// The first hit or probe ever, in nanoseconds since 1970.
    pub first_seen: i64,
}

/// What a list of files shows of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Hits, ever.
    pub hits: u64,
    /// Downloads, ever, by whomever.
    pub downloads: u64,
}

impl Brief {
    /// Downloads by people and tools, ever. Who made those of days that the ledger no longer has is not known any
    /// more: they are among them, so that the number never goes down.
    #[must_use]
    pub fn people_and_tools(&self) -> u64 {
        self.counts.downloads.saturating_sub(self.others())
    }

    /// Downloads by bots and all others, as far as is known.
    #[must_use]
    pub fn others(&self) -> u64 {
        let others = [Class::Bot, Class::Unknown, Class::Internal];
        others
            .map(|class| self.classes.of(class).downloads)
            .iter()
            .sum()
    }
}

impl Report {
    /// A file in brief, with what was counted on these days; nothing if it was never hit.
    pub fn brief(
        &self,
        site: &str,
        path: &[u8],
        recent: Range,
    ) -> Result<Option<Brief>, LedgerError> {
        self.reading(|connection| brief(connection, site, path, recent))
    }

    /// The totals of these files of a site, in their order; zeros where there was never a hit.
    pub fn totals(&self, site: &str, paths: &[Vec<u8>]) -> Result<Vec<Totals>, LedgerError> {
        self.reading(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT hits, downloads FROM files WHERE site = ?1 AND path = ?2",
            )?;
            let totals = paths.iter().map(|path| {
                let found = query.query_row(params![site, stored(path)], |row| {
                    Ok(Totals {
                        hits: number(row, 0)?,
                        downloads: number(row, 1)?,
                    })
                });
                Ok(found.optional()?.unwrap_or_default())
            });
            totals.collect()
        })
    }
}

fn brief(
    connection: &Connection,
    site: &str,
    path: &[u8],
    recent: Range,
) -> rusqlite::Result<Option<Brief>> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT id, first_seen, last_seen, {COLUMNS} FROM files \
         WHERE site = ?1 AND path = ?2 AND (hits > 0 OR probes > 0)"
    ))?;
    let found = query.query_row(params![site, stored(path)], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, counts(row, 3)?))
    });
    let Some((id, first_seen, last_seen, counts)) = found.optional()? else {
        return Ok(None);
    };
    let seen = (day_of(first_seen), day_of(last_seen));
    let classes = |range| classes(connection, id, range, seen);
    Ok(Some(Brief {
        counts,
        classes: classes(Range::default())?,
        recent: classes(recent)?,
        first_seen,
    }))
}

/// The counts of a file on the days of the range. Before the file was first seen there is nothing to look at, nor after
/// it was last seen.
fn classes(
    connection: &Connection,
    file: i64,
    range: Range,
    seen: (i64, i64),
) -> rusqlite::Result<Classes> {
    let Some((first, last)) = days_kept(connection, range)? else {
        return Ok(Classes::default());
    };
    let (first, last) = (first.max(seen.0), last.min(seen.1));
    if first > last {
        return Ok(Classes::default());
    }
    super::file::classes(connection, file, first, last)
}

#[cfg(test)]
mod tests;
