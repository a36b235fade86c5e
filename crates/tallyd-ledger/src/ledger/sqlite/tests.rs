//! What the ledger promises, against real files.

mod damage;
mod document;
mod failing;
mod forgetting;
mod migrating;
mod model;
mod packing;
mod power;
mod sealed;
mod tables;
mod unlucky;

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

use super::Sqlite;
use crate::batch::{Batch, Progress, VersionChange, WindowChange};
use crate::facts::{Class, Counts, HOUR, Version, hour_of};
use crate::window::{Kind, Touch, Window};

/// Some hour in 2026.
const NOW: i64 = 497_000 * HOUR;

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    (folder, path)
}

fn version(path: &str) -> Arc<Version> {
    Arc::new(Version {
        site: "".into(),
        path: path.as_bytes().into(),
        device: u64::MAX,
        inode: 7,
        length: 1_000,
        modified: -5,
    })
}

/// `hits` complete hits of a version in the hour of `time`, the last of them with this number.
fn hits(version: &Arc<Version>, number: u64, hits: u64, time: i64) -> VersionChange {
    let counts = Counts {
        hits,
        complete: hits,
        bytes: 1_000 * hits,
        downloads: hits,
        visitors: 1,
        ..Counts::default()
    };
    change(version, number, time, counts)
}

fn change(version: &Arc<Version>, number: u64, time: i64, counts: Counts) -> VersionChange {
    VersionChange {
        version: Arc::clone(version),
        number,
        first: time,
        last: time,
        cells: vec![(hour_of(time), Class::Person, counts)],
        reached: [0; 10],
    }
}

fn versions(changes: Vec<VersionChange>) -> Batch {
    Batch {
        versions: changes,
        ..Batch::default()
    }
}

/// A batch with one open hit more in flight.
fn in_flight(version: &Arc<Version>, number: u64, place: (u64, u32)) -> Batch {
    let counts = Counts {
        hits: 1,
        ..Counts::default()
    };
    Batch {
        progress: Progress {
            opened: vec![place],
            ..Progress::default()
        },
        ..versions(vec![change(version, number, NOW, counts)])
    }
}

fn window(opened: i64, whole: u64) -> Window {
    let touch = Touch {
        time: opened,
        class: Class::Person,
        representation: 0,
        whole,
        spans: &[],
        content: whole / 2,
    };
    let mut window = Window::open(&touch);
    window.touch(Kind::FirstTouch, &touch);
    window
}

fn opened(version: &Arc<Version>, visitor: u64, window: Option<Window>) -> WindowChange {
    WindowChange {
        version: Arc::clone(version),
        visitor,
        window,
    }
}

/// Every table but `facts`, by name.
const TABLES: [&str; 17] = [
    "files",
    "versions",
    "file_hours",
    "file_days",
    "site_hours",
    "site_days",
    "statuses",
    "protocols",
    "days",
    "referrers",
    "site_referrers",
    "packs",
    "missing",
    "aborts",
    "windows",
    "segments",
    "open_hits",
];

fn all(connection: &Connection, query: &str) -> Vec<Vec<Value>> {
    let mut query = connection.prepare(query).unwrap();
    let columns = query.column_count();
    let rows = query.query_map([], |row| (0..columns).map(|i| row.get(i)).collect());
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// All that is in a ledger.
fn dump(ledger: &Sqlite) -> Vec<Vec<Vec<Value>>> {
    let facts = all(&ledger.connection, "SELECT * FROM facts ORDER BY 1");
    let rows = TABLES.map(|table| {
        all(
            &ledger.connection,
            &format!("SELECT * FROM {table} ORDER BY 1, 2"),
        )
    });
    std::iter::once(facts).chain(rows).collect()
}

fn one(ledger: &Sqlite, query: &str) -> i64 {
    ledger
        .connection
        .query_row(query, [], |row| row.get(0))
        .unwrap()
}

fn numbers<const N: usize>(ledger: &Sqlite, query: &str) -> Vec<[i64; N]> {
    let mut query = ledger.connection.prepare(query).unwrap();
    let rows = query.query_map([], |row| {
        let mut values = [0; N];
        for (index, value) in values.iter_mut().enumerate() {
            *value = row.get(index)?;
        }
        Ok(values)
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

impl Sqlite {
    /// Lets each commit fail that has a pack in it, as on a disk that is full when the log is written.
    pub(crate) fn fail_commits(&mut self, fail: bool) {
        let prepared = "PRAGMA foreign_keys = ON;
            CREATE TEMP TABLE IF NOT EXISTS parents (id INTEGER PRIMARY KEY);
            CREATE TEMP TABLE IF NOT EXISTS children (id REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);
            DROP TRIGGER IF EXISTS orphan;";
        self.connection.execute_batch(prepared).unwrap();
        if fail {
            let orphan = "CREATE TEMP TRIGGER orphan AFTER INSERT ON main.packs
                BEGIN INSERT INTO children VALUES (1); END;";
            self.connection.execute_batch(orphan).unwrap();
        }
    }
}
