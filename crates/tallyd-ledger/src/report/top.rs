//! The files, most wanted first.

use std::collections::HashMap;
use std::fmt::Write as _;

use rusqlite::types::Value;
use rusqlite::{Connection, ToSql, params};

use super::row::{COLUMNS, SUMS, counts, path};
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

    /// For SQL. Equal files are sorted by what the index has anyway, so that no query has to sort them all.
    fn clause(self) -> &'static str {
        match self {
            Sort::Downloads => "downloads DESC, id DESC",
            Sort::Hits => "hits DESC, id DESC",
            Sort::Bytes => "bytes DESC, id DESC",
            Sort::Aborted => "aborted DESC, id DESC",
            Sort::Path => "path",
            Sort::Last => "last_seen DESC, id DESC",
        }
    }

    /// The same order for rows that have been read.
    fn sort(self, rows: &mut [FileRow]) {
        let by = |value: fn(&FileRow) -> u64| move |row: &FileRow| std::cmp::Reverse(value(row));
        match self {
            Sort::Downloads => rows.sort_by_key(by(|row| row.counts.downloads)),
            Sort::Hits => rows.sort_by_key(by(|row| row.counts.hits)),
            Sort::Bytes => rows.sort_by_key(by(|row| row.counts.bytes)),
            Sort::Aborted => rows.sort_by_key(by(|row| row.counts.aborted)),
            Sort::Path => rows.sort_by(|a, b| (&a.path, &a.site).cmp(&(&b.path, &b.site))),
            Sort::Last => rows.sort_by_key(|row| std::cmp::Reverse(row.last_seen)),
        }
    }
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

impl Report {
    /// The files that a query asks for.
    pub fn top(&self, query: &TopQuery) -> Result<Vec<FileRow>, LedgerError> {
        self.reading(|connection| top(connection, query))
    }
}

fn top(connection: &Connection, query: &TopQuery) -> rusqlite::Result<Vec<FileRow>> {
    let mut rows = match &query.site {
        Some(site) => of_site(connection, query, site, query.offset, query.limit)?,
        None => of_every_site(connection, query)?,
    };
    add_classes(connection, query.range, &mut rows)?;
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// The best of each site, and of those the best: so that the indexes, which begin with the site, are of use.
fn of_every_site(
    connection: &Connection,
    query: &TopQuery,
) -> rusqlite::Result<Vec<(i64, FileRow)>> {
    let sites = sites(connection)?;
    let mut found = HashMap::new();
    let mut rows = Vec::new();
    for site in &sites {
        let most = query.offset.saturating_add(query.limit);
        for (id, row) in of_site(connection, query, site, 0, most)? {
            found.insert((row.site.clone(), row.path.clone()), id);
            rows.push(row);
        }
    }
    if sites.len() > 1 {
        query.sort.sort(&mut rows);
    }
    let page = rows.into_iter().skip(query.offset).take(query.limit);
    let with_id = page.filter_map(|row| {
        let id = *found.get(&(row.site.clone(), row.path.clone()))?;
        Some((id, row))
    });
    Ok(with_id.collect())
}

fn of_site(
    connection: &Connection,
    query: &TopQuery,
    site: &str,
    offset: usize,
    limit: usize,
) -> rusqlite::Result<Vec<(i64, FileRow)>> {
    let (offset, limit) = (whole(offset), whole(limit));
    let (since, until) = query.range.ends();
    let mut values: Vec<&dyn ToSql> = vec![&site, &limit, &offset];
    let mut sql = if query.range.is_everything() {
        // A path that was forgotten while a server runs keeps a row, for its number only.
        format!(
            "SELECT id, path, first_seen, last_seen, {COLUMNS} FROM files
             WHERE site = ?1 AND (hits > 0 OR probes > 0)"
        )
    } else {
        values.extend([&since as &dyn ToSql, &until]);
        // Summed up before the files are looked at: each file is looked at once, not once for each day.
        format!(
            "SELECT id, path, first_seen, last_seen, sums.* FROM
                 (SELECT file, {SUMS} FROM file_days WHERE day BETWEEN ?4 AND ?5 GROUP BY file) AS sums
             JOIN files ON id = sums.file WHERE site = ?1"
        )
    };
    let (prefix, search) = (query.prefix.as_deref(), query.search.as_deref());
    let bounds = prefix.map(bounds);
    let pattern = search.map(pattern);
    if let Some([from, to, bytes_from, bytes_to]) = &bounds {
        let first = values.len() + 1;
        let [second, third, fourth] = [first + 1, first + 2, first + 3];
        values.extend([from as &dyn ToSql, to, bytes_from, bytes_to]);
        let text = format!("path >= ?{first} AND path < ?{second}");
        let bytes = format!("path >= ?{third} AND path < ?{fourth}");
        write!(sql, " AND (({text}) OR ({bytes}))").ok();
    }
    if let Some(pattern) = &pattern {
        values.push(pattern);
        write!(sql, " AND path LIKE ?{} ESCAPE '\\'", values.len()).ok();
    }
    write!(sql, " ORDER BY {} LIMIT ?2 OFFSET ?3", query.sort.clause()).ok();
    let first = if query.range.is_everything() { 4 } else { 5 };
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(&values[..], |row| {
        let file = FileRow {
            site: site.to_owned(),
            path: path(row, 1)?,
            counts: without_visitors(counts(row, first)?),
            downloads: [0; 5],
            first_seen: row.get(2)?,
            last_seen: row.get(3)?,
        };
        Ok((row.get(0)?, file))
    })?;
    rows.collect()
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

fn add_classes(
    connection: &Connection,
    range: Range,
    rows: &mut [(i64, FileRow)],
) -> rusqlite::Result<()> {
    let Some((first, last)) = days_kept(connection, range)? else {
        return Ok(());
    };
    if rows.len() >= MANY {
        return add_classes_of_many(connection, (first, last), rows);
    }
    for (id, row) in rows {
        let first = first.max(day_of(row.first_seen));
        let last = last.min(day_of(row.last_seen));
        let classes = super::file::classes(connection, *id, first, last)?;
        for (downloads, counts) in row.downloads.iter_mut().zip(classes.counts) {
            *downloads = counts.downloads;
        }
    }
    Ok(())
}

fn add_classes_of_many(
    connection: &Connection,
    (first, last): (i64, i64),
    rows: &mut [(i64, FileRow)],
) -> rusqlite::Result<()> {
    let mut wanted: HashMap<i64, &mut FileRow> = HashMap::with_capacity(rows.len());
    wanted.extend(rows.iter_mut().map(|(id, row)| (*id, row)));
    let mut query = connection.prepare_cached(&format!(
        "SELECT file, class, {SUMS} FROM file_days WHERE day BETWEEN ?1 AND ?2 GROUP BY day, file, class"
    ))?;
    let mut cells = query.query(params![first, last])?;
    while let Some(cell) = cells.next()? {
        let (id, class): (i64, usize) = (cell.get(0)?, usize::from(cell.get::<_, u8>(1)?));
        if let Some(downloads) = wanted
            .get_mut(&id)
            .and_then(|row| row.downloads.get_mut(class))
        {
            *downloads += counts(cell, 2)?.downloads;
        }
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
