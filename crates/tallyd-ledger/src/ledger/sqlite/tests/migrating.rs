//! A ledger that was written with an older schema.

use super::*;
use crate::ledger::LedgerError;
use crate::ledger::sqlite::open::SCHEMA;
use crate::report::{Range, Report};

/// The tables as they were in schema 1.
const SCHEMA_1: &str = include_str!("schema-1.sql");

/// An empty ledger of schema 1.
fn older(path: &std::path::Path) -> Connection {
    let ledger = Connection::open(path).unwrap();
    ledger.execute_batch(SCHEMA_1).unwrap();
    ledger
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x74616c79; PRAGMA user_version = 1;
             INSERT INTO facts VALUES ('rules', 1);
             INSERT INTO files (id, site, path, number, first_seen, last_seen) VALUES
                 (1, '', '/a', 0, 1, 2), (2, '', '/b', 0, 1, 2), (3, 'x.example', '/a', 0, 1, 2);",
        )
        .unwrap();
    ledger
}

#[test]
fn an_older_ledger_becomes_as_a_new_one_is() {
    let (_folder, path) = place();
    drop(older(&path));
    // Twice: what was migrated is checked as every ledger is.
    drop(Sqlite::open(&path).unwrap());
    let ledger = Sqlite::open(&path).unwrap();
    assert_eq!(one(&ledger, "PRAGMA user_version"), 2);
    let fresh = Connection::open_in_memory().unwrap();
    fresh.execute_batch(SCHEMA).unwrap();
    let tables = "SELECT name, sql FROM sqlite_schema ORDER BY name";
    assert_eq!(all(&ledger.connection, tables), all(&fresh, tables));
}

#[test]
fn where_hits_came_from_is_added_up_for_sites() {
    let (_folder, path) = place();
    let ledger = older(&path);
    ledger
        .execute_batch(
            "INSERT INTO referrers VALUES (7, 1, 'p.example', 5), (7, 2, 'p.example', 2), (7, 3, 'p.example', 9),
                 (8, 1, 'p.example', 1), (7, 1, '(other)', 4), (7, 2, '(other)', 3);
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1200)
             INSERT INTO referrers SELECT 7, 1, printf('%04d.example', n), 1 FROM n;",
        )
        .unwrap();
    drop(ledger);
    let ledger = Sqlite::open(&path).unwrap();
    let all = "SELECT count(*), sum(hits) FROM site_referrers WHERE day = 7 AND site = ''";
    assert_eq!(numbers(&ledger, all), [[1_001, 1_214]]);
    for (which, hits) in [
        ("day = 7 AND site = '' AND host = 'p.example'", 7),
        ("day = 7 AND site = '' AND host = '0999.example'", 1),
        ("day = 7 AND site = '' AND host = '(other)'", 7 + 201),
        ("day = 7 AND site = 'x.example' AND host = 'p.example'", 9),
        ("day = 8 AND site = '' AND host = 'p.example'", 1),
    ] {
        let query = format!("SELECT hits FROM site_referrers WHERE {which}");
        assert_eq!(one(&ledger, &query), hits, "{which}");
    }
}

#[test]
fn a_report_on_an_older_ledger_says_what_to_do() {
    let (_folder, path) = place();
    drop(older(&path));
    let refused = Report::open(&path).unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, LedgerError::Failed(_)), "{said}");
    assert!(
        said.contains("older tallyd") && said.contains("start the server"),
        "{said}"
    );
    drop(Sqlite::open(&path).unwrap());
    let report = Report::open(&path).unwrap();
    assert!(report.overview(None, Range::default()).is_ok());
}
