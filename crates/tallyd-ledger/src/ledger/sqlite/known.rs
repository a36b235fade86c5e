//! The row numbers of versions that were posted lately: most of a batch is found here, without a look-up by path.
//!
//! Promises: bounded; forgets everything when another connection has written, since rows may be gone then.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use foldhash::fast::RandomState;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::value::{PathRef, counted};
use crate::facts::Version;

/// How many versions are remembered: tens of megabytes.
const MOST: usize = 200_000;

/// The rows of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    pub file: i64,
    pub version: i64,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// No client chooses them: they are versions of files that exist.
    rows: HashMap<Arc<Version>, Rows, RandomState>,
    /// What SQLite counts up whenever another connection has written.
    generation: i64,
}

/// Rows of versions, in the order in which they were asked for, and from where on they do not exist yet.
pub(super) struct Resolved {
    pub rows: Vec<Rows>,
    pub new_files: i64,
    pub new_versions: i64,
}

impl Known {
    /// Forgets everything if another connection has written. To be asked inside the transaction that relies on it.
    pub(super) fn refresh(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let generation = generation(connection)?;
        if generation != self.generation {
            self.rows.clear();
            self.generation = generation;
        }
        Ok(())
    }

    /// Forgets everything: what was just posted has been taken back.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
    }

    /// The rows of these versions. Those that have none get numbers; making the rows is up to the caller.
    pub(super) fn resolve(
        &mut self,
        connection: &Connection,
        wanted: &[&Arc<Version>],
    ) -> rusqlite::Result<Resolved> {
        let mut search = Search::new(connection)?;
        let mut resolved = Resolved {
            rows: Vec::with_capacity(wanted.len()),
            new_files: search.new_files,
            new_versions: search.new_versions,
        };
        let mut strange = Vec::new();
        for (index, version) in wanted.iter().enumerate() {
            let rows = self.rows.get(*version).copied();
            if rows.is_none() {
                strange.push((*version, index));
            }
            resolved.rows.push(rows.unwrap_or(Rows {
                file: 0,
                version: 0,
            }));
        }
        self.rows
            .reserve(strange.len().min(MOST.saturating_sub(self.rows.len())));
        for (version, index) in sorted(&strange) {
            let rows = search.rows(version)?;
            if let Some(place) = resolved.rows.get_mut(index) {
                *place = rows;
            }
            self.remember(version, rows);
        }
        Ok(resolved)
    }

    /// The row of one version, if it has one.
    pub(super) fn row(
        &self,
        connection: &Connection,
        version: &Version,
    ) -> rusqlite::Result<Option<i64>> {
        if let Some(rows) = self.rows.get(version) {
            return Ok(Some(rows.version));
        }
        let mut search = Search::new(connection)?;
        let rows = search.rows(version)?;
        Ok((rows.version < search.new_versions).then_some(rows.version))
    }

    fn remember(&mut self, version: &Arc<Version>, rows: Rows) {
        if self.rows.len() >= MOST {
            self.rows.clear();
        }
        self.rows.insert(Arc::clone(version), rows);
    }
}

/// In about the order of the index that they are looked up in, since neighbours share its pages; equal ones side by
/// side. Paths of one tree begin alike, so sixteen bytes are taken from where they begin to differ, and most
/// comparisons are of numbers that lie side by side: 100 000 new files in one batch took 1.34 s instead of 1.67 s
/// (examples/posting.rs).
fn sorted<'a>(strange: &[(&'a Arc<Version>, usize)]) -> Vec<(&'a Arc<Version>, usize)> {
    let Some((first, _)) = strange.first() else {
        return Vec::new();
    };
    let mut alike = first.path.len();
    for (version, _) in strange {
        let pairs = first.path.iter().zip(version.path.iter()).take(alike);
        alike = pairs.take_while(|(a, b)| a == b).count();
    }
    let key = |version: &Version| {
        let differing = version.path.iter().skip(alike).chain(iter::repeat(&0));
        differing
            .take(16)
            .fold(0, |key: u128, byte| key << 8 | u128::from(*byte))
    };
    let mut keyed = strange
        .iter()
        .map(|&(version, index)| (key(version), version, index))
        .collect::<Vec<_>>();
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    let sorted = keyed
        .into_iter()
        .map(|(_, version, index)| (version, index));
    sorted.collect()
}

/// Counted up by SQLite whenever another connection has written.
pub(super) fn generation(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))
}

/// Looks versions up by path, in sorted order.
struct Search<'a> {
    by_path: CachedStatement<'a>,
    by_file: CachedStatement<'a>,
    new_files: i64,
    new_versions: i64,
    next_file: i64,
    next_version: i64,
    last: Option<(&'a Version, Rows)>,
}

impl<'a> Search<'a> {
    fn new(connection: &'a Connection) -> rusqlite::Result<Search<'a>> {
        let next = |table: &str| {
            connection
                .prepare_cached(&format!("SELECT ifnull(max(id), 0) + 1 FROM {table}"))?
                .query_row([], |row| row.get(0))
        };
        let (next_file, next_version) = (next("files")?, next("versions")?);
        Ok(Search {
            by_path: connection.prepare_cached(FILE_BY_PATH)?,
            by_file: connection.prepare_cached(VERSION_BY_FILE)?,
            new_files: next_file,
            next_file,
            new_versions: next_version,
            next_version,
            last: None,
        })
    }

    fn rows(&mut self, version: &'a Version) -> rusqlite::Result<Rows> {
        if let Some((last, rows)) = self.last
            && last == version
        {
            return Ok(rows);
        }
        let file = self.file(version)?;
        let rows = Rows {
            file,
            version: self.version(version, file)?,
        };
        self.last = Some((version, rows));
        Ok(rows)
    }

    fn file(&mut self, version: &Version) -> rusqlite::Result<i64> {
        if let Some((last, rows)) = self.last
            && last.site == version.site
            && last.path == version.path
        {
            return Ok(rows.file);
        }
        // Nothing is there yet when a large tree is counted for the first time.
        if self.new_files == 1 {
            return Ok(take(&mut self.next_file));
        }
        let found = self
            .by_path
            .query_row(params![version.site, PathRef(&version.path)], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(found.unwrap_or_else(|| take(&mut self.next_file)))
    }

    fn version(&mut self, version: &Version, file: i64) -> rusqlite::Result<i64> {
        if file >= self.new_files {
            return Ok(take(&mut self.next_version));
        }
        let state = params![
            file,
            version.device.cast_signed(),
            version.inode.cast_signed(),
            counted(version.length),
            version.modified
        ];
        let found = self.by_file.query_row(state, |row| row.get(0)).optional()?;
        Ok(found.unwrap_or_else(|| take(&mut self.next_version)))
    }
}

/// The row of a path.
pub(super) const FILE_BY_PATH: &str = "SELECT id FROM files WHERE site = ?1 AND path = ?2";

const VERSION_BY_FILE: &str = "SELECT id FROM versions
    WHERE file = ?1 AND device = ?2 AND inode = ?3 AND length = ?4 AND modified = ?5";

fn take(next: &mut i64) -> i64 {
    let taken = *next;
    *next += 1;
    taken
}
