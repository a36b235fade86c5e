//! Where hits came from, bounded: a client can name any host it likes.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::batch::ReferrerChange;
use crate::ledger::sqlite::known::FILE_BY_PATH;
use crate::ledger::sqlite::value::{PathRef, counted};

/// Hosts that are named for each file and day.
const MOST: i64 = 100;

/// What all further ones are called. No host name has parentheses.
const OTHER: &str = "(other)";

/// Posts them. Those of a path without a row have no hit that was posted, so there is nothing they belong to.
pub(super) fn post(connection: &Connection, changes: &[ReferrerChange]) -> rusqlite::Result<()> {
    let mut find = connection.prepare_cached(FILE_BY_PATH)?;
    let mut sums = BTreeMap::<(i64, i64, &str), u64>::new();
    for change in changes {
        let file = find
            .query_row(params![change.site, PathRef(&change.path)], |row| {
                row.get(0)
            })
            .optional()?;
        if let Some(file) = file {
            *sums.entry((change.day, file, &change.host)).or_default() += change.hits;
        }
    }
    let mut list = List::default();
    for ((day, file, host), hits) in sums {
        list.turn_to(connection, day, file)?;
        list.add(connection, host, hits)?;
    }
    Ok(())
}

/// The hosts of one file on one day.
#[derive(Default)]
struct List {
    of: Option<(i64, i64)>,
    named: i64,
}

impl List {
    fn turn_to(&mut self, connection: &Connection, day: i64, file: i64) -> rusqlite::Result<()> {
        if self.of == Some((day, file)) {
            return Ok(());
        }
        self.of = Some((day, file));
        self.named = connection
            .prepare_cached(
                "SELECT count(*) FROM referrers WHERE day = ?1 AND file = ?2 AND host <> ?3",
            )?
            .query_row(params![day, file, OTHER], |row| row.get(0))?;
        Ok(())
    }

    fn add(&mut self, connection: &Connection, host: &str, hits: u64) -> rusqlite::Result<()> {
        let Some((day, file)) = self.of else {
            return Ok(());
        };
        let known = connection
            .prepare_cached(
                "UPDATE referrers SET hits = hits + ?4 WHERE day = ?1 AND file = ?2 AND host = ?3",
            )?
            .execute(params![day, file, host, counted(hits)])?;
        if known > 0 {
            return Ok(());
        }
        let host = if self.named < MOST { host } else { OTHER };
        if host != OTHER {
            self.named += 1;
        }
        connection
            .prepare_cached(
                "INSERT INTO referrers VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET hits = hits + ?4",
            )?
            .execute(params![day, file, host, counted(hits)])?;
        Ok(())
    }
}
