//! The files, most wanted first.

use std::cmp::Reverse;
use std::collections::HashMap;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::ranked::ranked;
use super::row::{COLUMNS, counts, path};
use super::{Range, Report, sites};
use crate::facts::{Class, Counts, day_of};
use crate::ledger::LedgerError;

/// From so many rows on, classes are read in one pass over the days rather than file by file.
const MANY: usize = 1_000;

/// What the files are sorted by; numbers from the highest down, paths from A to Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Downloads.
    #[default]
    Downloads,
    /// Hits.
    Hits,
    /// Bytes sent.
    Bytes,
    /// Hits that ended early.
    Aborted,
    /// The path.
    Path,
    /// The latest hit or probe.
    Last,
}

impl Sort {
    /// Every order with its word.
    pub const ALL: [(Sort, &'static str); 6] = [
        (Sort::Downloads, "downloads"),
        (Sort::Hits, "hits"),
        (Sort::Bytes, "bytes"),
        (Sort::Aborted, "aborted"),
        (Sort::Path, "path"),
        (Sort::Last, "last"),
    ];

    /// The order with this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Sort> {
        let found = Sort::ALL.iter().find(|(_, name)| *name == word);
        found.map(|(sort, _)| *sort)
    }

    /// The column that it is about. Equal files are sorted by what the index has anyway, so that no query has to sort
    /// them all: the later row first.
    pub(super) fn column(self) -> &'static str {
        match self {
            Sort::Downloads => "downloads",
            Sort::Hits => "hits",
            Sort::Bytes => "bytes",
            Sort::Aborted => "aborted",
            Sort::Path => "path",
            Sort::Last => "last_seen",
        }
    }

    /// For SQL.
    fn clause(self) -> String {
        match self {
            Sort::Path => "path".to_owned(),
            other => format!("{} DESC, id DESC", other.column()),
        }
    }

    /// The same order for rows that have been read.
    fn sort(self, found: &mut [Found]) {
        let by = |value: fn(&FileRow) -> u64| move |(id, row): &Found| Reverse((value(row), *id));
        match self {
            Sort::Downloads => found.sort_by_key(by(|row| row.counts.downloads)),
            Sort::Hits => found.sort_by_key(by(|row| row.counts.hits)),
            Sort::Bytes => found.sort_by_key(by(|row| row.counts.bytes)),
            Sort::Aborted => found.sort_by_key(by(|row| row.counts.aborted)),
            Sort::Path => sort_by_path(found),
            Sort::Last => found.sort_by_key(|(id, row)| Reverse((row.last_seen, *id))),
        }
    }
}

/// As SQLite sorts them: text by its bytes, and bytes that are no text behind all of it.
pub(super) fn sort_by_path(found: &mut [Found]) {
    found.sort_by(|(_, one), (_, other)| {
        let key = |row: &FileRow| std::str::from_utf8(&row.path).is_err();
        let paths = key(one)
            .cmp(&key(other))
            .then_with(|| one.path.cmp(&other.path));
        paths.then_with(|| one.site.cmp(&other.site))
    });
}

/// Which files, and in what order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopQuery {
    /// Of this site ('' is the main one); of every site if there is none.
    pub site: Option<String>,
    /// In this order.
    pub sort: Sort,
    /// Counted on these days only.
    pub range: Range,
    /// With paths that begin so.
    pub prefix: Option<String>,
    /// With paths that contain this, in capitals or not.
    pub search: Option<String>,
    /// So many at most.
    pub limit: usize,
    /// Without so many at the start.
    pub offset: usize,
}

/// One file and its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Its site.
    pub site: String,
    /// Its path, as it is requested: decoded.
    pub path: Vec<u8>,
    /// What was counted in the range; visitors are 0, since they have no total.
    pub counts: Counts,
    /// Downloads by class, in the order of [`CLASSES`](crate::facts::CLASSES), of the days that the ledger still has.
    pub downloads: [u64; 5],
    /// The first hit or probe ever, in nanoseconds since 1970.
    pub first_seen: i64,
    /// The last one.
    pub last_seen: i64,
}

impl FileRow {
    /// Downloads by people and tools.
    #[must_use]
    pub fn people_and_tools(&self) -> u64 {
        self.by(Class::Person) + self.by(Class::Tool)
    }

    /// Downloads by one class.
    #[must_use]
    pub fn by(&self, class: Class) -> u64 {
        let downloads = self.downloads.get(class as usize);
        downloads.copied().unwrap_or(0)
    }
}

impl FileRow {
    /// Adds what was counted on a day by a class. Of the whole of time the counts are known already.
    fn add(&mut self, range: Range, class: i64, more: Counts) {
        let place = usize::try_from(class).ok();
        if let Some(downloads) = place.and_then(|place| self.downloads.get_mut(place)) {
            *downloads += more.downloads;
            if !range.is_everything() {
                self.counts += without_visitors(more);
            }
        }
    }
}

impl Report {
    /// The files that a query asks for.
    pub fn top(&self, query: &TopQuery) -> Result<Vec<FileRow>, LedgerError> {
        self.reading(|connection| top(connection, query))
    }
}

/// A file, and its row.
pub(super) type Found = (i64, FileRow);

fn top(connection: &Connection, query: &TopQuery) -> rusqlite::Result<Vec<FileRow>> {
    let mut found = match &query.site {
        _ if !has_index(query) => ranked(connection, query)?,
        Some(site) => of_site(connection, query, site, query.offset, query.limit)?,
        None => of_every_site(connection, query)?,
    };
    add_days(connection, query.range, &mut found)?;
    Ok(found.into_iter().map(|(_, row)| row).collect())
}

/// Whether an index has the files in the order that is asked for, so that only those that are shown are read. In a
/// search it is of no use: it would be followed from file to file, all over the table, until enough were found.
fn has_index(query: &TopQuery) -> bool {
    let is_picky = query.search.is_some() || query.prefix.is_some();
    query.range.is_everything()
        && match query.sort {
            Sort::Path => true,
            Sort::Downloads | Sort::Hits => !is_picky,
            Sort::Bytes | Sort::Aborted | Sort::Last => false,
        }
}

/// The best of each site, and of those the best: so that the indexes, which begin with the site, are of use.
fn of_every_site(connection: &Connection, query: &TopQuery) -> rusqlite::Result<Vec<Found>> {
    let most = query.offset.saturating_add(query.limit);
    let mut found = Vec::new();
    for site in sites(connection)? {
        found.extend(of_site(connection, query, &site, 0, most)?);
    }
    query.sort.sort(&mut found);
    let page = found.into_iter().skip(query.offset).take(query.limit);
    Ok(page.collect())
}

/// The files of a site, with all that was ever counted of them.
fn of_site(
    connection: &Connection,
    query: &TopQuery,
    site: &str,
    offset: usize,
    limit: usize,
) -> rusqlite::Result<Vec<Found>> {
    let filter = Filter::of(query, Some(site));
    // A path that was forgotten while a server runs keeps a row, for its number only.
    let order = format!(
        "AND (hits > 0 OR probes > 0) ORDER BY {} LIMIT {} OFFSET {}",
        query.sort.clause(),
        whole(limit),
        whole(offset)
    );
    let mut statement = connection.prepare_cached(&filter.select(&file_columns(), &order))?;
    let rows = statement.query_map(filter.values(), file)?;
    rows.collect()
}

/// What [`file`] reads.
pub(super) fn file_columns() -> String {
    format!("id, site, path, first_seen, last_seen, {COLUMNS}")
}

/// A row of `files`, with all that was ever counted of it.
pub(super) fn file(row: &Row<'_>) -> rusqlite::Result<Found> {
    let file = FileRow {
        site: row.get(1)?,
        path: path(row, 2)?,
        counts: without_visitors(counts(row, 5)?),
        downloads: [0; 5],
        first_seen: row.get(3)?,
        last_seen: row.get(4)?,
    };
    Ok((row.get(0)?, file))
}

/// Which rows of `files` a query is about: conditions in SQL, and their values.
pub(super) struct Filter {
    conditions: String,
    values: Vec<Value>,
}

impl Filter {
    /// The filter of a query, with this site in place of its own.
    pub(super) fn of(query: &TopQuery, site: Option<&str>) -> Filter {
        let mut filter = Filter {
            conditions: String::new(),
            values: Vec::new(),
        };
        if let Some(site) = site {
            filter.and("site = ?", [Value::Text(site.to_owned())]);
        }
        if let Some(prefix) = &query.prefix {
            let either = "((path >= ? AND path < ?) OR (path >= ? AND path < ?))";
            filter.and(either, bounds(prefix));
        }
        if let Some(search) = &query.search {
            if search.contains('\0') {
                // No path holds it, and a pattern would end there.
                filter.and("? > 0", [Value::Integer(0)]);
            } else {
                filter.and("path LIKE ? ESCAPE '\\'", [Value::Text(pattern(search))]);
            }
        }
        filter
    }

    fn and<const N: usize>(&mut self, condition: &str, values: [Value; N]) {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
        self.values.extend(values);
    }

    /// Whether it leaves no file out.
    pub(super) fn takes_all(&self) -> bool {
        self.values.is_empty()
    }

    /// A query for these columns; `rest` is what comes after the conditions.
    pub(super) fn select(&self, columns: &str, rest: &str) -> String {
        format!(
            "SELECT {columns} FROM files WHERE true{} {rest}",
            self.conditions
        )
    }

    /// The values of the query.
    pub(super) fn values(&self) -> impl rusqlite::Params {
        params_from_iter(&self.values)
    }
}

/// Visitors of several days are never summed up.
fn without_visitors(counts: Counts) -> Counts {
    Counts {
        visitors: 0,
        ..counts
    }
}

/// Between which values paths with this prefix lie: those that are text, and those that are bytes.
fn bounds(prefix: &str) -> [Value; 4] {
    let mut letters: Vec<char> = prefix.chars().collect();
    let mut beyond = None;
    while beyond.is_none()
        && let Some(last) = letters.pop()
    {
        beyond = match last {
            // Between these there are no letters: they belong to UTF-16.
            '\u{d7ff}' => Some('\u{e000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
    }
    letters.extend(beyond);
    // Bytes are greater than every text.
    let to = match beyond {
        Some(_) => Value::Text(letters.into_iter().collect()),
        None => Value::Blob(Vec::new()),
    };
    let mut bytes_to = prefix.as_bytes().to_vec();
    match bytes_to.last_mut() {
        // No byte of UTF-8 is 0xff.
        Some(last) => *last += 1,
        // No path is so long.
        None => bytes_to.resize(64 * 1024, 0xff),
    }
    [
        Value::Text(prefix.to_owned()),
        to,
        Value::Blob(prefix.as_bytes().to_vec()),
        Value::Blob(bytes_to),
    ]
}

/// A pattern for LIKE that means these letters and no others.
fn pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for letter in search.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Adds what the days say: downloads by class, and in a range everything that was counted.
fn add_days(connection: &Connection, range: Range, found: &mut [Found]) -> rusqlite::Result<()> {
    let Some((first, last)) = days_kept(connection, range)? else {
        return Ok(());
    };
    if !range.is_everything() {
        for (_, row) in &mut *found {
            row.counts = Counts::default();
        }
    }
    if found.len() >= MANY {
        return add_days_of_many(connection, range, (first, last), found);
    }
    // Day by day, and the files in the order of the index: what lies side by side is read once. One file after the
    // other takes nearly twice as long (50 files of a year, examples/two_years.rs).
    let mut query = connection.prepare_cached(&format!(
        "SELECT class, {COLUMNS} FROM file_days WHERE day = ?1 AND file = ?2"
    ))?;
    let mut wanted: Vec<(i64, &mut FileRow)> =
        found.iter_mut().map(|(id, row)| (*id, row)).collect();
    wanted.sort_unstable_by_key(|(id, _)| *id);
    // A day that makes no sense must not make this look at all days that there could be.
    let seen = wanted.iter().map(|(_, row)| day_of(row.first_seen)).min();
    let last_seen = wanted.iter().map(|(_, row)| day_of(row.last_seen)).max();
    let (Some(seen), Some(last_seen)) = (seen, last_seen) else {
        return Ok(());
    };
    for day in first.max(seen)..=last.min(last_seen) {
        for (id, row) in &mut wanted {
            if day < day_of(row.first_seen) || day_of(row.last_seen) < day {
                continue;
            }
            let mut cells = query.query([day, *id])?;
            while let Some(cell) = cells.next()? {
                row.add(range, cell.get(0)?, counts(cell, 1)?);
            }
        }
    }
    Ok(())
}

fn add_days_of_many(
    connection: &Connection,
    range: Range,
    (first, last): (i64, i64),
    found: &mut [Found],
) -> rusqlite::Result<()> {
    let mut wanted: HashMap<i64, &mut FileRow> = HashMap::with_capacity(found.len());
    wanted.extend(found.iter_mut().map(|(id, row)| (*id, row)));
    let mut query = connection.prepare_cached(&format!(
        "SELECT file, class, {COLUMNS} FROM file_days WHERE day BETWEEN ?1 AND ?2"
    ))?;
    let mut cells = query.query(params![first, last])?;
    while let Some(cell) = cells.next()? {
        let Some(row) = wanted.get_mut(&cell.get(0)?) else {
            continue;
        };
        row.add(range, cell.get(1)?, counts(cell, 2)?);
    }
    Ok(())
}

/// The first and the last day in the range of which the ledger has anything about files.
pub(super) fn days_kept(
    connection: &Connection,
    range: Range,
) -> rusqlite::Result<Option<(i64, i64)>> {
    let (since, until) = range.ends();
    // Two subqueries: each is one step in the index, while min and max together would look at every row.
    connection.query_row(
        "SELECT (SELECT min(day) FROM file_days WHERE day >= ?1), (SELECT max(day) FROM file_days WHERE day <= ?2)",
        params![since, until],
        |row| {
            let ends: (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
            Ok(match ends {
                (Some(first), Some(last)) if first <= last => Some((first, last)),
                _ => None,
            })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_a_prefix_lie_before_its_end() {
        for (prefix, expected) in [
            ("/a", Value::Text("/b".into())),
            ("/a/", Value::Text("/a0".into())),
            ("/\u{10ffff}", Value::Text("0".into())),
            ("\u{10ffff}", Value::Blob(Vec::new())),
            ("/\u{d7ff}", Value::Text("/\u{e000}".into())),
            ("", Value::Blob(Vec::new())),
        ] {
            let [from, to, _, bytes_to] = bounds(prefix);
            assert_eq!((from, to), (Value::Text(prefix.into()), expected));
            let Value::Blob(bytes_to) = bytes_to else {
                panic!("{bytes_to:?}")
            };
            assert!(bytes_to.as_slice() > [prefix.as_bytes(), b"\xff\xff"].concat().as_slice());
        }
    }

    #[test]
    fn a_search_means_its_letters() {
        assert_eq!(pattern("100%_a\\b"), "%100\\%\\_a\\\\b%");
    }
}
