//! The ledger as SQL sees it.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};

use crate::support::LIMIT;

/// The numbers of the counting rules, in the order of their columns.
const COLUMNS: &str =
    "hits, complete, aborted, unsettled, bytes, downloads, partials, repeats, probes";

/// What is counted of one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub number: u64,
    pub hits: u64,
    pub complete: u64,
    pub aborted: u64,
    pub unsettled: u64,
    pub bytes: u64,
    pub downloads: u64,
    pub partials: u64,
    pub repeats: u64,
    pub probes: u64,
}

impl Counted {
    /// Hits that all sent everything that was asked for.
    pub fn complete(hits: u64, bytes: u64) -> Counted {
        Counted {
            number: hits,
            hits,
            complete: hits,
            bytes,
            ..Counted::default()
        }
    }
}

/// The ledger of a state directory. Each query has a connection of its own, so that each sees what is there.
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// The one in this directory.
    pub fn of(state: &Path) -> Ledger {
        Ledger {
            path: state.join("ledger.db"),
        }
    }

    /// What is counted of a path; all zero if nothing is.
    pub fn file(&self, path: &str) -> Counted {
        self.known(&path).unwrap_or_default()
    }

    /// What is counted of a path, as TEXT or BLOB; nothing if there is no row.
    pub fn known(&self, path: &dyn ToSql) -> Option<Counted> {
        let query = format!("SELECT number, {COLUMNS} FROM files WHERE site = '' AND path = ?1");
        let rows = self.rows(&query, &[path]);
        assert!(rows.len() < 2, "{rows:?}");
        let row = rows.first()?;
        let number = |place: usize| row[place].unsigned_abs();
        Some(Counted {
            number: number(0),
            hits: number(1),
            complete: number(2),
            aborted: number(3),
            unsettled: number(4),
            bytes: number(5),
            downloads: number(6),
            partials: number(7),
            repeats: number(8),
            probes: number(9),
        })
    }

    /// Waits until this is counted of a path: the clerk tells nobody when it has posted.
    pub fn wait_for(&self, path: &str, expected: Counted) {
        let start = Instant::now();
        while self.file(path) != expected {
            assert!(
                start.elapsed() < LIMIT,
                "{path}: {:?}, never {expected:?}",
                self.file(path)
            );
            thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// The one number that a query gives; nothing found is 0.
    pub fn number(&self, query: &str) -> u64 {
        let rows = self.rows(query, &[]);
        rows.first().map_or(0, |row| row[0].unsigned_abs())
    }

    /// Every row of a query, in numbers.
    pub fn rows(&self, query: &str, values: &[&dyn ToSql]) -> Vec<Vec<i64>> {
        let connection = self.open();
        let mut prepared = connection.prepare(query).expect(query);
        let columns = prepared.column_count();
        let read = |row: &rusqlite::Row<'_>| {
            (0..columns)
                .map(|place| {
                    row.get::<_, Option<i64>>(place)
                        .map(Option::unwrap_or_default)
                })
                .collect()
        };
        let rows = prepared.query_map(values, read).expect(query);
        rows.collect::<rusqlite::Result<_>>().expect(query)
    }

    /// Every path, and whether it is TEXT.
    pub fn paths(&self) -> Vec<(Vec<u8>, bool)> {
        let connection = self.open();
        let mut prepared = connection
            .prepare("SELECT path FROM files ORDER BY path")
            .unwrap();
        let rows = prepared.query_map([], |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Text(bytes) => (bytes.to_vec(), true),
                ValueRef::Blob(bytes) => (bytes.to_vec(), false),
                other => panic!("a path is {other:?}"),
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// All that is in it.
    pub fn everything(&self) -> String {
        let connection = self.open();
        let mut tables = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .unwrap();
        let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let mut text = String::new();
        for table in tables.map(Result::unwrap) {
            let mut rows = connection
                .prepare(&format!("SELECT * FROM {table}"))
                .unwrap();
            let columns = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let values = (0..columns).map(|place| row.get::<_, Value>(place).unwrap());
                text += &format!("{table}: {:?}\n", values.collect::<Vec<_>>());
            }
        }
        text
    }

    /// Changes it, as somebody who should not.
    pub fn change(&self, statement: &str) {
        let connection = Connection::open(&self.path).unwrap();
        connection.execute_batch(statement).expect(statement);
    }

    /// One state of it, for as long as the connection lives.
    pub fn read(&self) -> Connection {
        let connection = self.open();
        connection.execute_batch("BEGIN").unwrap();
        connection
    }

    /// Lets nobody else write as long as the connection lives.
    pub fn hold(&self) -> Connection {
        let connection = Connection::open(&self.path).unwrap();
        connection.busy_timeout(LIMIT).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        connection
    }

    fn open(&self) -> Connection {
        let connection = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let connection = connection.expect("the ledger");
        connection.busy_timeout(LIMIT).unwrap();
        connection
    }

    /// When nothing is in flight: every number is the same wherever it stands.
    pub fn assert_adds_up(&self) {
        let ended = "SELECT id FROM files WHERE hits <> complete + aborted + unsettled
            OR number <> hits + forgotten";
        assert_eq!(self.rows(ended, &[]), [[0; 0]; 0], "hits without an end");
        assert_eq!(self.number("SELECT count(*) FROM open_hits"), 0);
        let sums: Vec<String> = COLUMNS
            .split(", ")
            .map(|name| format!("sum({name})"))
            .collect();
        let sums = sums.join(", ");
        let of = |table: &str, file: &str| {
            let query = format!("SELECT {file}, {sums} FROM {table} GROUP BY {file} ORDER BY 1");
            self.rows(&query, &[])
        };
        let files = of("files", "id");
        for table in ["versions", "file_days", "file_hours"] {
            assert_eq!(of(table, "file"), files, "{table} and files differ");
        }
        let all = of("files", "1");
        for table in ["site_days", "site_hours"] {
            assert_eq!(of(table, "1"), all, "{table} and files differ");
        }
    }
}
