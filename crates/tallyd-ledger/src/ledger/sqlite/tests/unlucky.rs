//! Packs, prune and migration when the disk is full, another process writes, or the ledger was edited.

use super::packing::{FIRST, days, pack};
use super::*;
use crate::ledger::Ledger;
use crate::report::{Range, Report, Sort, TopQuery};

fn top(path: &std::path::Path, since: i64, until: i64) -> Vec<(String, u64)> {
    let query = TopQuery {
        sort: Sort::Hits,
        range: Range {
            since: Some(since),
            until: Some(until),
        },
        limit: 10,
        ..TopQuery::default()
    };
    let rows = Report::open(path).unwrap().top(&query).unwrap();
    rows.into_iter()
        .map(|row| (String::from_utf8(row.path).unwrap(), row.counts.hits))
        .collect()
}

/// What a range is ranked by.
fn order(path: &std::path::Path) -> Vec<String> {
    top(path, FIRST, FIRST + 63)
        .into_iter()
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn a_path_forgotten_between_the_look_and_the_block_takes_no_day_out_of_it() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    days(&mut ledger, "/a", FIRST..FIRST + 32);
    days(&mut ledger, "/only", FIRST + 7..FIRST + 8);
    days(&mut ledger, "/gone", FIRST + 7..FIRST + 8);
    // All days are packed, the block is next.
    ledger.changed_outside().unwrap();
    for _ in 0..32 {
        ledger.pack(FIRST + 40).unwrap();
    }
    // The clerk has asked whether anybody wrote; then somebody does; then the clerk packs.
    ledger.changed_outside().unwrap();
    Sqlite::open(&path)
        .unwrap()
        .forget("", b"/gone", true)
        .unwrap();
    ledger.pack(FIRST + 40).unwrap();
    pack(&mut ledger, FIRST + 40);
    assert_eq!(order(&path), ["/a", "/only"]);
}

#[test]
fn a_day_whose_commit_failed_is_not_taken_for_packed() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    days(&mut ledger, "/a", FIRST..FIRST + 32);
    days(&mut ledger, "/only", FIRST + 7..FIRST + 8);
    ledger.changed_outside().unwrap();
    for _ in 0..24 {
        ledger.pack(FIRST + 40).unwrap();
    }
    ledger.fail_commits(true);
    let failed = ledger.pack(FIRST + 40);
    assert!(failed.is_err(), "{failed:?}");
    ledger.fail_commits(false);
    pack(&mut ledger, FIRST + 40);
    assert_eq!(
        one(
            &ledger,
            "SELECT count(*) FROM packs WHERE level = 0 AND part = 0"
        ),
        32
    );
    assert_eq!(order(&path), ["/a", "/only"]);
}

#[test]
fn pruning_what_is_pruned_already_drops_no_pack() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    days(&mut ledger, "/a", FIRST..FIRST + 64);
    pack(&mut ledger, FIRST + 70);
    ledger.prune(i64::MIN, FIRST + 10).unwrap();
    pack(&mut ledger, FIRST + 70);
    let blocks = "SELECT count(*) FROM packs WHERE level = 1 AND part = 0";
    assert_eq!(one(&ledger, blocks), 2);
    ledger.prune(i64::MIN, FIRST + 10).unwrap();
    assert_eq!(one(&ledger, blocks), 2);
}

#[test]
fn edited_days_at_the_ends_of_time_do_not_panic() {
    for day in [i64::MAX, i64::MIN] {
        let (_folder, path) = place();
        let mut ledger = Sqlite::open(&path).unwrap();
        days(&mut ledger, "/a", FIRST..FIRST + 1);
        ledger
            .connection
            .execute("UPDATE file_days SET day = ?1", [day])
            .unwrap();
        ledger
            .connection
            .execute("INSERT INTO packs VALUES (0, ?1, 0, x'00')", [day])
            .unwrap();
        ledger
            .connection
            .execute(
                "INSERT INTO packs VALUES (1, ?1, 0, x'00')",
                [day.div_euclid(32)],
            )
            .unwrap();
        let report = Report::open(&path).unwrap();
        for range in [
            Range {
                since: Some(i64::MIN),
                until: None,
            },
            Range {
                since: None,
                until: Some(i64::MAX),
            },
        ] {
            report
                .top(&TopQuery {
                    sort: Sort::Hits,
                    range,
                    limit: 10,
                    ..TopQuery::default()
                })
                .unwrap();
        }
        pack(&mut ledger, FIRST);
    }
}

#[test]
fn steps_go_on_while_a_late_change_comes_before_each() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    days(&mut ledger, "/a", FIRST..FIRST + 20);
    for _ in 0..100 {
        days(&mut ledger, "/late", FIRST + 19..FIRST + 20);
        ledger.pack(FIRST + 20).unwrap();
    }
    let packed = one(
        &ledger,
        "SELECT count(*) FROM packs WHERE level = 0 AND part = 0",
    );
    assert!(packed >= 19, "{packed} of 20 days were packed in 100 steps");
}

const SCHEMA_1: &str = include_str!("schema-1.sql");

#[test]
fn a_damaged_older_ledger_is_refused_and_stays_as_it_is() {
    let (_folder, path) = place();
    let old = Connection::open(&path).unwrap();
    old.execute_batch(SCHEMA_1).unwrap();
    old.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x74616c79; PRAGMA user_version = 1;
         INSERT INTO facts VALUES ('rules', 1);
         INSERT INTO files (id, site, path, number, first_seen, last_seen, hits) VALUES (1, '', '/a', 3, 1, 2, 9);",
    ).unwrap();
    drop(old);
    let refused = Sqlite::open(&path).map(drop);
    assert!(
        matches!(refused, Err(crate::ledger::LedgerError::Damaged(_))),
        "{refused:?}"
    );
    let version: i64 = Connection::open(&path)
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 1, "it was changed");
}

/// What the ends of time must not do: hang.
#[test]
fn a_day_that_makes_no_sense_holds_no_report_up() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    days(&mut ledger, "/a", FIRST..FIRST + 3);
    ledger
        .connection
        .execute(
            "UPDATE file_days SET day = ?1 WHERE day = ?2",
            [1_i64 << 61, FIRST + 2],
        )
        .unwrap();
    let report = Report::open(&path).unwrap();
    for range in [
        Range {
            since: Some(FIRST),
            until: None,
        },
        Range::default(),
    ] {
        report
            .top(&TopQuery {
                sort: Sort::Hits,
                range,
                limit: 10,
                ..TopQuery::default()
            })
            .unwrap();
    }
}

/// Steps of the migration over several days say what one over all says.
#[test]
fn a_migration_of_several_days_adds_up_what_there_is() {
    let (_folder, path) = place();
    let old = Connection::open(&path).unwrap();
    old.execute_batch(SCHEMA_1).unwrap();
    old.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x74616c79; PRAGMA user_version = 1;
         INSERT INTO facts VALUES ('rules', 1);
         INSERT INTO files (id, site, path, number, first_seen, last_seen) VALUES (1, '', '/a', 0, 1, 2), (2, 'x', '/a', 0, 1, 2), (3, '', '/b', 0, 1, 2);
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
         INSERT INTO referrers SELECT -3 + n % 5, 1 + n % 3, printf('%d', n * n % 1777), n FROM n WHERE true ON CONFLICT DO UPDATE SET hits = hits + 1;
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
         INSERT INTO referrers SELECT 9, 1, printf('%d', n), n FROM n;",
    ).unwrap();
    let whole = all(&old,
        "WITH sums AS (
             SELECT day, site, host, sum(referrers.hits) AS hits FROM referrers JOIN files ON id = file
             GROUP BY day, site, host
         ), placed AS (
             SELECT *, row_number() OVER (PARTITION BY day, site, host = '(other)' ORDER BY hits DESC, host) AS place FROM sums
         )
         SELECT day, site, iif(place > 1000, '(other)', host) AS named, sum(hits) FROM placed GROUP BY day, site, named ORDER BY 1, 2, 3");
    drop(old);
    let ledger = Sqlite::open(&path).unwrap();
    assert!(whole.len() > 2000);
    assert_eq!(
        all(
            &ledger.connection,
            "SELECT * FROM site_referrers ORDER BY 1, 2, 3"
        ),
        whole
    );
}

#[test]
fn a_day_that_makes_no_sense_holds_no_page_of_a_file_up() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    days(&mut ledger, "/a", FIRST..FIRST + 3);
    ledger
        .connection
        .execute(
            "UPDATE file_days SET day = ?1 WHERE day = ?2",
            [1_i64 << 61, FIRST + 2],
        )
        .unwrap();
    let report = Report::open(&path).unwrap();
    report
        .brief(
            "",
            b"/a",
            Range {
                since: Some(FIRST),
                until: Some(FIRST + 9),
            },
        )
        .unwrap();
}
