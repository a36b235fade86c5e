//! Files in an order that no index has: of a range of days, or of a search. Only what they are sorted by is read of all
//! of them, and only those that are shown are looked at.
//!
//! Equal files come in the order in which an index has them: the later row first.

use std::cmp::Reverse;

use rusqlite::{Connection, OptionalExtension};

use super::sums::Sums;
use super::top::{Filter, Found, Sort, TopQuery, file, file_columns, sort_by_path};
use super::{Range, sites};
use crate::ledger::pack::Column;

/// What a file is sorted by, and its row.
type Key = (i64, i64);

/// The files that a query asks for. In a range their counts are yet to be added up.
pub(super) fn ranked(connection: &Connection, query: &TopQuery) -> rusqlite::Result<Vec<Found>> {
    let column = match query.sort {
        _ if query.range.is_everything() => {
            return page(connection, query, by_total(connection, query)?);
        }
        Sort::Path => return by_path(connection, query),
        Sort::Last => return page(connection, query, by_last(connection, query)?),
        Sort::Downloads => Column::Downloads,
        Sort::Hits => Column::Hits,
        Sort::Bytes => Column::Bytes,
        Sort::Aborted => Column::Aborted,
    };
    let keys = by_sum(connection, query, column)?;
    page(connection, query, keys)
}

fn by_total(connection: &Connection, query: &TopQuery) -> rusqlite::Result<Vec<Key>> {
    let filter = Filter::of(query, wanted_site(connection, query)?);
    let columns = format!("{}, id", query.sort.column());
    // A path that was forgotten while a server runs keeps a row, for its number only.
    let sql = filter.select(&columns, "AND (hits > 0 OR probes > 0)");
    let mut files = connection.prepare_cached(&sql)?;
    let keys = files.query_map(filter.values(), |row| Ok((row.get(0)?, row.get(1)?)))?;
    keys.collect()
}

fn by_sum(connection: &Connection, query: &TopQuery, column: Column) -> rusqlite::Result<Vec<Key>> {
    let sums = Sums::read(connection, query.range, column)?;
    let filter = Filter::of(query, wanted_site(connection, query)?);
    if filter.takes_all() {
        return Ok(sums.iter().map(|(id, sum)| (sum, id)).collect());
    }
    // Only the index is read for this, not the rows.
    let mut files = connection.prepare_cached(&filter.select("id", ""))?;
    let mut rows = files.query(filter.values())?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        keys.extend(sums.of(id).map(|sum| (sum, id)));
    }
    Ok(keys)
}

fn by_last(connection: &Connection, query: &TopQuery) -> rusqlite::Result<Vec<Key>> {
    let sums = any(connection, query.range)?;
    let filter = Filter::of(query, wanted_site(connection, query)?);
    let mut files = connection.prepare_cached(&filter.select("last_seen, id", ""))?;
    let mut rows = files.query(filter.values())?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let key: Key = (row.get(0)?, row.get(1)?);
        keys.extend(sums.of(key.1).map(|_| key));
    }
    Ok(keys)
}

/// The best of each site, and of those the best: the index begins with the site.
fn by_path(connection: &Connection, query: &TopQuery) -> rusqlite::Result<Vec<Found>> {
    let sums = any(connection, query.range)?;
    let sites = match &query.site {
        Some(site) => vec![site.clone()],
        None => sites(connection)?,
    };
    let most = query.offset.saturating_add(query.limit);
    let mut found = Vec::new();
    for site in &sites {
        let filter = Filter::of(query, Some(site));
        let mut files = connection.prepare_cached(&filter.select("id", "ORDER BY path"))?;
        let mut rows = files.query(filter.values())?;
        let mut ids = Vec::new();
        while ids.len() < most
            && let Some(row) = rows.next()?
        {
            let id = row.get(0)?;
            ids.extend(sums.of(id).map(|_| id));
        }
        // What is before the page of the only site needs no look at its rows.
        let skipped = if sites.len() > 1 { 0 } else { query.offset };
        found.extend(files_of(connection, ids.into_iter().skip(skipped))?);
    }
    if sites.len() > 1 {
        sort_by_path(&mut found);
        found = found
            .into_iter()
            .skip(query.offset)
            .take(query.limit)
            .collect();
    }
    Ok(found)
}

/// Which files have anything on these days.
fn any(connection: &Connection, range: Range) -> rusqlite::Result<Sums> {
    Sums::read(connection, range, Column::Files)
}

/// The site that files are to be looked through for; nothing if it is the only one.
fn wanted_site<'a>(
    connection: &Connection,
    query: &'a TopQuery,
) -> rusqlite::Result<Option<&'a str>> {
    Ok(match &query.site {
        Some(site) if sites(connection)? != [site.as_str()] => Some(site),
        _ => None,
    })
}

/// The page of the files with the highest keys.
fn page(
    connection: &Connection,
    query: &TopQuery,
    mut keys: Vec<Key>,
) -> rusqlite::Result<Vec<Found>> {
    let end = query.offset.saturating_add(query.limit);
    if end < keys.len() {
        keys.select_nth_unstable_by_key(end, |key| Reverse(*key));
        keys.truncate(end);
    }
    keys.sort_unstable_by_key(|key| Reverse(*key));
    let ids = keys.into_iter().skip(query.offset).map(|(_, id)| id);
    files_of(connection, ids)
}

/// The files with these rows, in their order.
fn files_of(
    connection: &Connection,
    ids: impl Iterator<Item = i64>,
) -> rusqlite::Result<Vec<Found>> {
    let sql = format!("SELECT {} FROM files WHERE id = ?1", file_columns());
    let mut query = connection.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for id in ids {
        found.extend(query.query_row([id], file).optional()?);
    }
    Ok(found)
}
