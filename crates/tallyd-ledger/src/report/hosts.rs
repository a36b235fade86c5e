//! Where the hits of a site came from, over a range of days: from packs where there are some, from rows where not.
//!
//! Added up here and not by SQLite, which would sort all rows by their host to find the equal ones.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::Range;
use super::sums::{Piece, blocks, data};
use crate::ledger::pack::{Column, Span, hosts};

/// The hosts that most hits came from, the most frequent first; of a site, or of all.
pub(super) fn hosts(
    connection: &Connection,
    site: Option<&str>,
    range: Range,
    most: usize,
) -> rusqlite::Result<Vec<(String, u64)>> {
    let Some(kept) = days_kept(connection, range)? else {
        return Ok(Vec::new());
    };
    let mut sums = Sums {
        site,
        hits: HashMap::new(),
    };
    for piece in blocks(connection, range, kept)? {
        match piece {
            Piece::Packed(span) if sums.add_pack(connection, span)? => {}
            Piece::Packed(span) => sums.add_rows(connection, span.days())?,
            Piece::Rows(first, last) => sums.add_rows(connection, (first, last))?,
        }
    }
    Ok(sums.highest(most))
}

struct Sums<'a> {
    site: Option<&'a str>,
    hits: HashMap<String, i64>,
}

impl Sums<'_> {
    fn add(&mut self, host: &str, more: i64) {
        match self.hits.get_mut(host) {
            Some(hits) => *hits = hits.wrapping_add(more),
            None => drop(self.hits.insert(host.to_owned(), more)),
        }
    }

    /// False, and nothing is added, if the pack is damaged.
    fn add_pack(&mut self, connection: &Connection, span: Span) -> rusqlite::Result<bool> {
        let data = data(connection, span, Column::Hosts)?;
        let Some(packed) = hosts::decode(span, &data) else {
            return Ok(false);
        };
        for (site, host, hits) in packed {
            if self.site.is_none_or(|wanted| wanted == site) {
                self.add(host, hits);
            }
        }
        Ok(true)
    }

    fn add_rows(
        &mut self,
        connection: &Connection,
        (first, last): (i64, i64),
    ) -> rusqlite::Result<()> {
        let mut query = connection.prepare_cached(
            "SELECT host, hits FROM site_referrers WHERE day BETWEEN ?2 AND ?3 AND (?1 IS NULL OR site = ?1)",
        )?;
        let mut rows = query.query(params![self.site, first, last])?;
        while let Some(row) = rows.next()? {
            self.add(row.get_ref(0)?.as_str()?, row.get(1)?);
        }
        Ok(())
    }

    fn highest(self, most: usize) -> Vec<(String, u64)> {
        let count = |hits| u64::try_from(hits).unwrap_or(0);
        let sums = self.hits.into_iter();
        let mut hosts: Vec<(String, u64)> = sums.map(|(host, hits)| (host, count(hits))).collect();
        let order = |(host, hits): &(String, u64), (other, more): &(String, u64)| {
            more.cmp(hits).then_with(|| host.cmp(other))
        };
        if hosts.len() > most {
            hosts.select_nth_unstable_by(most, order);
            hosts.truncate(most);
        }
        hosts.sort_unstable_by(order);
        hosts
    }
}

/// The first and the last day in the range of which it is known where hits came from.
fn days_kept(connection: &Connection, range: Range) -> rusqlite::Result<Option<(i64, i64)>> {
    let (since, until) = range.ends();
    let kept: (Option<i64>, Option<i64>) = connection.query_row(
        "SELECT (SELECT min(day) FROM site_referrers WHERE day >= ?1), (SELECT max(day) FROM site_referrers WHERE day <= ?2)",
        [since, until],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(kept.0.zip(kept.1).filter(|(first, last)| first <= last))
}
