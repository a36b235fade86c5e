//! Paths that were not found, bounded: scanners ask for new ones without end.
//!
//! The method is Space-Saving: a path that is not in the full list takes the place of the least frequent one and
//! goes on from its count, which may be too much by that. Who was asked for more often than that is in the list.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, params};

use crate::batch::MissingChange;
use crate::ledger::sqlite::value::{PathBytes, PathRef, count, counted};

/// Paths in the list of each site.
const MOST: usize = 1_000;

pub(super) fn post(connection: &Connection, changes: &[MissingChange]) -> rusqlite::Result<()> {
    let mut sites = BTreeMap::<&str, Vec<&MissingChange>>::new();
    for change in changes {
        sites.entry(&change.site).or_default().push(change);
    }
    for (site, changes) in sites {
        let mut list = List::read(connection, site)?;
        for change in changes {
            list.add(&change.path, change.requests, change.last);
        }
        list.write(connection, site)?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    requests: u64,
    uncertain: u64,
    last: i64,
}

/// The list of one site.
#[derive(Default)]
struct List {
    entries: HashMap<Box<[u8]>, Entry>,
    /// The same by frequency, the least first.
    order: BTreeSet<(u64, Box<[u8]>)>,
    /// Paths whose row is no longer what the list says.
    changed: BTreeSet<Box<[u8]>>,
}

impl List {
    fn read(connection: &Connection, site: &str) -> rusqlite::Result<List> {
        let mut list = List::default();
        let mut query = connection.prepare_cached(
            "SELECT path, requests, uncertain, last_seen FROM missing WHERE site = ?1",
        )?;
        let mut rows = query.query([site])?;
        while let Some(row) = rows.next()? {
            let PathBytes(path) = row.get(0)?;
            let entry = Entry {
                requests: count(row.get(1)?),
                uncertain: count(row.get(2)?),
                last: row.get(3)?,
            };
            list.order.insert((entry.requests, path.clone()));
            list.entries.insert(path, entry);
        }
        Ok(list)
    }

    fn add(&mut self, path: &[u8], requests: u64, last: i64) {
        let known = self.entries.remove_entry(path);
        let (path, mut entry) = known.unwrap_or_else(|| (path.into(), self.place(last)));
        self.order.remove(&(entry.requests, path.clone()));
        entry.requests += requests;
        entry.last = entry.last.max(last);
        self.order.insert((entry.requests, path.clone()));
        self.changed.insert(path.clone());
        self.entries.insert(path, entry);
    }

    /// What a new path begins with: nothing while there is a free place, else what the least frequent one leaves.
    fn place(&mut self, last: i64) -> Entry {
        let mut uncertain = 0;
        if self.entries.len() >= MOST
            && let Some((requests, least)) = self.order.pop_first()
        {
            self.entries.remove(&least);
            self.changed.insert(least);
            uncertain = requests;
        }
        Entry {
            requests: uncertain,
            uncertain,
            last,
        }
    }

    fn write(&self, connection: &Connection, site: &str) -> rusqlite::Result<()> {
        let mut delete =
            connection.prepare_cached("DELETE FROM missing WHERE site = ?1 AND path = ?2")?;
        let mut put = connection
            .prepare_cached("INSERT OR REPLACE INTO missing VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for path in &self.changed {
            let Some(entry) = self.entries.get(path) else {
                delete.execute(params![site, PathRef(path)])?;
                continue;
            };
            put.execute(params![
                site,
                PathRef(path),
                counted(entry.requests),
                counted(entry.uncertain),
                entry.last
            ])?;
        }
        Ok(())
    }
}
