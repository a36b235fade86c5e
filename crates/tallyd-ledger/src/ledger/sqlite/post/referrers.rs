//! Where hits came from, bounded: a client can name any host it likes.

use std::collections::BTreeMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, ToSql, params};

use crate::batch::ReferrerChange;
use crate::ledger::sqlite::known::FILE_BY_PATH;
use crate::ledger::sqlite::packs;
use crate::ledger::sqlite::value::{PathRef, counted};

/// What all further ones are called. No host name has parentheses.
pub(in crate::ledger::sqlite) const OTHER: &str = "(other)";

/// Hosts that are named for each file and day.
const MOST_OF_FILE: i64 = 100;

/// Hosts that are named for each site and day.
pub(in crate::ledger::sqlite) const MOST_OF_SITE: i64 = 1_000;

/// Posts them. Those of a path without a row have no hit that was posted, so there is nothing they belong to.
pub(super) fn post(connection: &Connection, changes: &[ReferrerChange]) -> rusqlite::Result<()> {
    let mut find = connection.prepare_cached(FILE_BY_PATH)?;
    let mut files = BTreeMap::<(i64, i64, &str), u64>::new();
    let mut sites = BTreeMap::<(i64, &str, &str), u64>::new();
    for change in changes {
        let file = find
            .query_row(params![change.site, PathRef(&change.path)], |row| {
                row.get(0)
            })
            .optional()?;
        if let Some(file) = file {
            let (day, host) = (change.day, &*change.host);
            *files.entry((day, file, host)).or_default() += change.hits;
            *sites.entry((day, &change.site, host)).or_default() += change.hits;
        }
    }
    List::new(connection, "referrers", "file", MOST_OF_FILE)?.post(&files)?;
    List::new(connection, "site_referrers", "site", MOST_OF_SITE)?.post(&sites)?;
    let mut days: Vec<i64> = sites.keys().map(|(day, ..)| *day).collect();
    days.dedup();
    packs::drop_days(connection, days)
}

/// The hosts of one file or site on one day.
struct List<'a> {
    count: CachedStatement<'a>,
    update: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    most: i64,
}

impl<'a> List<'a> {
    fn new(
        connection: &'a Connection,
        table: &str,
        key: &str,
        most: i64,
    ) -> rusqlite::Result<List<'a>> {
        let which = format!("day = ?1 AND {key} = ?2");
        Ok(List {
            count: connection.prepare_cached(&format!(
                "SELECT count(*) FROM {table} WHERE {which} AND host <> ?3"
            ))?,
            update: connection.prepare_cached(&format!(
                "UPDATE {table} SET hits = hits + ?4 WHERE {which} AND host = ?3"
            ))?,
            insert: connection.prepare_cached(&format!(
                "INSERT INTO {table} VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET hits = hits + ?4"
            ))?,
            most,
        })
    }

    /// Adds sums, which are in the order of the table's key.
    fn post<K: ToSql + Copy + Eq>(
        &mut self,
        sums: &BTreeMap<(i64, K, &str), u64>,
    ) -> rusqlite::Result<()> {
        // The day and the file or site that we are at, and how many hosts are named there: counted when the first
        // new one comes.
        let mut at = None;
        let mut named: Option<i64> = None;
        for (&(day, key, host), &hits) in sums {
            if at.replace((day, key)) != Some((day, key)) {
                named = None;
            }
            let hits = counted(hits);
            if self.update.execute(params![day, key, host, hits])? > 0 {
                continue;
            }
            let held = match named {
                Some(held) => held,
                None => self
                    .count
                    .query_row(params![day, key, OTHER], |row| row.get(0))?,
            };
            let host = if held < self.most { host } else { OTHER };
            named = Some(held + i64::from(host != OTHER));
            self.insert.execute(params![day, key, host, hits])?;
        }
        Ok(())
    }
}
