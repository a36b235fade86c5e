//! Tests of the reports, on ledgers that are filled by hand: each number is put in once and looked for.

mod packed;

use rusqlite::{Connection, params};

use super::row::stored;
use super::{FileRow, Range, Report, Sort, TopQuery, Visitors, csv, json};
use crate::facts::{Class, Counts, DAY};
use crate::ledger::LedgerError;
use crate::sketch::{Sketch, place};

/// A day in November 2026.
const TODAY: i64 = 20_777;

const SCHEMA: &str = include_str!("../ledger/schema.sql");

/// An empty ledger in memory.
fn empty() -> Connection {
    let ledger = Connection::open_in_memory().unwrap();
    ledger.execute_batch(SCHEMA).unwrap();
    ledger
        .execute_batch("PRAGMA application_id = 0x74616c79; PRAGMA user_version = 2")
        .unwrap();
    ledger
}

/// A file with hits, of which half as many are downloads, all of them of one day and class.
fn add(ledger: &Connection, site: &str, path: &[u8], hits: i64, day: i64, class: Class) {
    let time = day * DAY + DAY / 2;
    ledger
        .execute(
            "INSERT INTO files (site, path, number, first_seen, last_seen, hits, complete, bytes, downloads)
             VALUES (?1, ?2, ?3, ?4, ?4, ?3, ?3, ?3 * 1000, ?3 / 2)
             ON CONFLICT DO UPDATE SET number = number + ?3, first_seen = min(first_seen, ?4),
             last_seen = max(last_seen, ?4), hits = hits + ?3,
             complete = complete + ?3, bytes = bytes + ?3 * 1000, downloads = downloads + ?3 / 2",
            params![site, stored(path), hits, time],
        )
        .unwrap();
    let file: i64 = ledger
        .query_row(
            "SELECT id FROM files WHERE site = ?1 AND path = ?2",
            params![site, stored(path)],
            |row| row.get(0),
        )
        .unwrap();
    let series = |table: &str, key: &str, value: &dyn rusqlite::ToSql| {
        ledger
            .execute(
                &format!(
                    "INSERT INTO {table} (day, {key}, class, hits, complete, aborted, unsettled, bytes, downloads,
                     partials, repeats, probes, visitors) VALUES (?1, ?2, ?3, ?4, ?4, 0, 0, ?4 * 1000, ?4 / 2, 0, 0, 0, 1)
                     ON CONFLICT DO UPDATE SET hits = hits + ?4, complete = complete + ?4, bytes = bytes + ?4 * 1000,
                     downloads = downloads + ?4 / 2"
                ),
                params![day, value, class as u8, hits],
            )
            .unwrap();
    };
    series("file_days", "file", &file);
    series("site_days", "site", &site);
}

fn report(ledger: Connection) -> Report {
    Report::of(ledger).unwrap()
}

fn since(since: i64, until: i64) -> Range {
    Range {
        since: Some(since),
        until: Some(until),
    }
}

/// The paths that a query gives, as text.
fn paths(report: &Report, query: &TopQuery) -> Vec<String> {
    let rows = report.top(query).unwrap();
    let text = |row: &FileRow| format!("{}{}", row.site, String::from_utf8_lossy(&row.path));
    rows.iter().map(text).collect()
}

fn query(sort: Sort, limit: usize) -> TopQuery {
    TopQuery {
        sort,
        limit,
        ..TopQuery::default()
    }
}

fn some_files() -> Connection {
    let ledger = empty();
    add(&ledger, "", b"/a.zip", 10, TODAY, Class::Person);
    add(&ledger, "", b"/a.zip", 4, TODAY - 1, Class::Bot);
    add(&ledger, "", b"/b/one.iso", 30, TODAY - 40, Class::Tool);
    add(&ledger, "", b"/b/Two.iso", 2, TODAY, Class::Unknown);
    add(&ledger, "", b"/b/\xff.iso", 6, TODAY - 1, Class::Tool);
    add(
        &ledger,
        "docs.example",
        b"/a.zip",
        12,
        TODAY - 1,
        Class::Person,
    );
    ledger
}

#[test]
fn the_most_wanted_come_first_in_every_order() {
    let ledger = some_files();
    ledger
        .execute("UPDATE files SET aborted = 9 WHERE path = '/b/Two.iso'", [])
        .unwrap();
    ledger
        .execute(
            "UPDATE files SET bytes = 10000000 WHERE path = '/b/Two.iso'",
            [],
        )
        .unwrap();
    let report = report(ledger);
    let main = |sort, limit| TopQuery {
        site: Some(String::new()),
        ..query(sort, limit)
    };
    for (sort, expected) in [
        (Sort::Downloads, ["/b/one.iso", "/a.zip"]),
        (Sort::Hits, ["/b/one.iso", "/a.zip"]),
        (Sort::Bytes, ["/b/Two.iso", "/b/one.iso"]),
        (Sort::Aborted, ["/b/Two.iso", "/b/\u{fffd}.iso"]),
        (Sort::Path, ["/a.zip", "/b/Two.iso"]),
        (Sort::Last, ["/b/Two.iso", "/b/\u{fffd}.iso"]),
    ] {
        let found = paths(&report, &main(sort, 2));
        if sort == Sort::Last || sort == Sort::Aborted {
            assert_eq!(found.len(), 2);
            assert_eq!(found[0], expected[0], "{sort:?}");
        } else {
            assert_eq!(found, expected, "{sort:?}");
        }
    }
    let second = TopQuery {
        offset: 1,
        ..main(Sort::Hits, 2)
    };
    assert_eq!(paths(&report, &second), ["/a.zip", "/b/\u{fffd}.iso"]);
}

#[test]
fn files_of_every_site_are_merged_in_order() {
    let report = report(some_files());
    assert_eq!(
        paths(&report, &query(Sort::Hits, 3)),
        ["/b/one.iso", "/a.zip", "docs.example/a.zip"]
    );
    assert_eq!(
        paths(
            &report,
            &TopQuery {
                offset: 2,
                ..query(Sort::Hits, 2)
            }
        ),
        ["docs.example/a.zip", "/b/\u{fffd}.iso"]
    );
    assert_eq!(report.sites().unwrap(), ["", "docs.example"]);
    assert_eq!(report.sites_with(b"/a.zip").unwrap(), ["", "docs.example"]);
    assert_eq!(report.sites_with(b"/b/\xff.iso").unwrap(), [""]);
}

#[test]
fn a_range_counts_its_days_only() {
    let report = report(some_files());
    let of = |range| TopQuery {
        range,
        ..query(Sort::Hits, 10)
    };
    let rows = report.top(&of(since(TODAY - 1, TODAY))).unwrap();
    assert_eq!(rows[0].path, b"/a.zip");
    assert_eq!(
        rows[0].counts,
        Counts {
            hits: 14,
            complete: 14,
            bytes: 14_000,
            downloads: 7,
            ..Counts::default()
        }
    );
    assert!(rows.iter().all(|row| row.path != b"/b/one.iso"));
    let today = report.top(&of(since(TODAY, TODAY))).unwrap();
    assert_eq!(today[0].counts.hits, 10);
    assert!(
        report
            .top(&of(since(TODAY + 1, TODAY + 9)))
            .unwrap()
            .is_empty()
    );
    let open = Range {
        since: None,
        until: Some(TODAY - 40),
    };
    assert_eq!(paths(&report, &of(open)), ["/b/one.iso"]);
}

#[test]
fn a_prefix_and_a_search_find_text_and_bytes() {
    let report = report(some_files());
    let found = |prefix: Option<&str>, search: Option<&str>| {
        let query = TopQuery {
            site: Some(String::new()),
            prefix: prefix.map(str::to_owned),
            search: search.map(str::to_owned),
            ..query(Sort::Path, 10)
        };
        paths(&report, &query)
    };
    let in_b = ["/b/Two.iso", "/b/one.iso", "/b/\u{fffd}.iso"];
    assert_eq!(found(Some("/b/"), None), in_b);
    assert_eq!(found(None, Some("tWO")), ["/b/Two.iso"]);
    assert_eq!(found(Some("/b/"), Some(".iso")), in_b);
    assert_eq!(found(Some("/b"), Some("%")), [""; 0]);
    assert_eq!(found(Some("/c"), None), [""; 0]);
}

#[test]
fn downloads_are_told_apart_by_class() {
    let row = |ledger, limit| {
        let rows = report(ledger).top(&query(Sort::Path, limit)).unwrap();
        let is_it = |row: &FileRow| row.path == b"/a.zip" && row.site.is_empty();
        rows.into_iter().find(is_it).unwrap()
    };
    let few = row(some_files(), 5);
    assert_eq!(few.downloads, [5, 0, 2, 0, 0]);
    assert_eq!((few.people_and_tools(), few.by(Class::Bot)), (5, 2));
    // So many that they are read in one pass; the answer is the same.
    let ledger = some_files();
    for number in 0..1_100 {
        let path = format!("/many/{number}");
        add(&ledger, "", path.as_bytes(), 2, TODAY, Class::Tool);
    }
    assert_eq!(row(ledger, 2_000), few);
}

#[test]
fn one_file_is_told_day_by_day() {
    let ledger = some_files();
    ledger
        .execute_batch(&format!(
            "INSERT INTO versions (file, device, inode, length, modified, first_seen, last_seen, hits)
                 VALUES (1, 1, 1, 5000, 7, 1, 2, 3), (1, 1, 2, 6000, 8, 3, 4, 11);
             INSERT INTO aborts VALUES (1, 0, 3), (1, 9, 4), (2, 1, 1);
             INSERT INTO referrers VALUES ({TODAY}, 1, 'a.example', 2), ({0}, 1, 'a.example', 1), ({0}, 1, 'b.example', 9),
                 ({TODAY}, 2, 'c.example', 5);",
            TODAY - 1
        ))
        .unwrap();
    let report = report(ledger);
    let file = report
        .file("", b"/a.zip", Range::default(), TODAY)
        .unwrap()
        .unwrap();
    assert_eq!((file.number, file.counts.hits), (14, 14));
    assert_eq!(file.classes.of(Class::Person).hits, 10);
    assert_eq!(file.classes.people_and_tools().hits, 10);
    assert_eq!(file.classes.total().hits, 14);
    assert_eq!(file.days.len(), 30);
    let last: Vec<(i64, u64)> = file.days[27..]
        .iter()
        .map(|day| (day.day, day.counts.hits))
        .collect();
    assert_eq!(last, [(TODAY - 2, 0), (TODAY - 1, 4), (TODAY, 10)]);
    let versions: Vec<u64> = file.versions.iter().map(|version| version.length).collect();
    assert_eq!(versions, [6_000, 5_000]);
    assert_eq!(file.reached, [3, 0, 0, 0, 0, 0, 0, 0, 0, 4]);
    let host = |host: &str, hits| (host.to_owned(), hits);
    assert_eq!(file.referrers, [host("b.example", 9), host("a.example", 3)]);

    let today = report
        .file("", b"/a.zip", since(TODAY, TODAY), TODAY)
        .unwrap()
        .unwrap();
    assert_eq!((today.counts.hits, today.counts.downloads), (10, 5));
    assert_eq!(today.days.len(), 1);
    assert_eq!(today.referrers, [host("a.example", 2)]);
    let none = report.file("", b"/nowhere", Range::default(), TODAY);
    assert_eq!(none, Ok(None));
}

/// The sketch of visitors with these numbers.
fn sketch(visitors: std::ops::Range<u64>) -> Vec<u8> {
    let mut sketch = Sketch::default();
    for visitor in visitors {
        // Odd multiples of an odd number are spread well enough for a handful.
        let (register, rank) = place((visitor * 2 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        sketch.raise(register, rank);
    }
    sketch.as_bytes().to_vec()
}

#[test]
fn visitors_of_several_days_are_merged_and_not_summed_up() {
    let ledger = some_files();
    let mut insert = ledger
        .prepare("INSERT INTO days VALUES (?1, ?2, 1000, ?3, ?4, ?5)")
        .unwrap();
    insert
        .execute(params![TODAY - 1, "", 0, sketch(0..100), sketch(0..5)])
        .unwrap();
    insert
        .execute(params![TODAY, "", 6, sketch(50..120), None::<Vec<u8>>])
        .unwrap();
    drop(insert);
    ledger
        .execute_batch(&format!(
            "INSERT INTO statuses VALUES ({0}, '', 200, 40), ({TODAY}, '', 200, 7), ({TODAY}, '', 404, 4);
             INSERT INTO protocols VALUES ({TODAY}, '', 11, 11);
             INSERT INTO missing VALUES ('', '/favicon.ico', 4, 1, 5), ('', '/x', 9, 0, 6);",
            TODAY - 1
        ))
        .unwrap();
    let report = report(ledger);
    let both = report.overview(Some(""), since(TODAY - 1, TODAY)).unwrap();
    let summary = report.summary(Some(""), since(TODAY - 1, TODAY)).unwrap();
    assert_eq!(
        (summary.requests, summary.not_found, summary.bytes),
        (51, 4, 2_000)
    );
    assert_eq!(
        (summary.classes, &summary.visitors),
        (both.classes, &both.visitors)
    );
    let Visitors::About {
        people,
        others,
        error,
    } = both.visitors
    else {
        panic!("{:?}", both.visitors)
    };
    assert!((115..=125).contains(&people), "{people}");
    assert!((4..=6).contains(&others), "{others}");
    assert!((0.01..0.02).contains(&error));
    assert_eq!((both.requests, both.not_found, both.bytes), (51, 4, 2_000));
    assert_eq!(both.statuses, [(200, 47), (404, 4)]);
    assert_eq!(both.protocols, [(11, 11)]);
    assert_eq!(both.classes.total().hits, 22);
    assert_eq!(both.classes.total().visitors, 0);
    assert_eq!(both.missing[0].path, b"/x");
    let all = report.overview(None, Range::default()).unwrap();
    assert_eq!(
        (all.classes.total().hits, all.first_day),
        (64, Some(TODAY - 40))
    );

    // Six of eleven replies of that day went through a proxy.
    let today = report.overview(Some(""), since(TODAY, TODAY)).unwrap();
    let Visitors::Unknown(reason) = today.visitors else {
        panic!("{:?}", today.visitors)
    };
    assert!(reason.contains("proxy"));
}

#[test]
fn hosts_are_added_up_over_days_and_sites() {
    let ledger = some_files();
    ledger
        .execute_batch(&format!(
            "INSERT INTO site_referrers VALUES ({TODAY}, '', 'b.example', 2), ({TODAY}, '', 'a.example', 3),
                 ({0}, '', 'b.example', 2), ({TODAY}, 'docs.example', 'a.example', 5);
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 30)
             INSERT INTO site_referrers SELECT {0}, '', 'tail-' || n, 1 FROM n;",
            TODAY - 1
        ))
        .unwrap();
    let report = report(ledger);
    let host = |host: &str, hits| (host.to_owned(), hits);
    let of = |site, range| report.overview(site, range).unwrap().referrers;
    let all = of(None, Range::default());
    assert_eq!(all.len(), 20);
    assert_eq!(
        all[..3],
        [
            host("a.example", 8),
            host("b.example", 4),
            host("tail-1", 1)
        ]
    );
    let main = of(Some(""), since(TODAY, TODAY));
    assert_eq!(main, [host("a.example", 3), host("b.example", 2)]);
}

#[test]
fn the_nearest_paths_are_named_first() {
    let report = report(some_files());
    let near = |wanted: &[u8]| {
        let found = report.nearest(None, wanted, 3).unwrap();
        let text =
            |(site, path): &(String, Vec<u8>)| format!("{site}{}", String::from_utf8_lossy(path));
        found.iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(near(b"/one.iso")[0], "/b/one.iso");
    assert_eq!(near(b"/b/tow.iso")[0], "/b/Two.iso");
    assert_eq!(near(b"/completely/different"), [""; 0]);
}

#[test]
fn what_is_stored_is_told() {
    let ledger = some_files();
    ledger
        .execute_batch(
            "INSERT INTO facts VALUES ('window', 'first-touch'), ('latest', 77);
             INSERT INTO windows VALUES (1, 5, 900, x'00'), (1, 6, 800, x'00');",
        )
        .unwrap();
    let stored = report(ledger).stored().unwrap();
    assert_eq!(stored.window.as_deref(), Some("first-touch"));
    assert_eq!((stored.latest, stored.windows_end), (Some(77), Some(900)));
    assert_eq!((stored.files.rows, stored.windows.rows), (5, 2));
    assert_eq!(stored.file_days.rows, 6);
    assert_eq!(stored.file_days.since, Some((TODAY - 40) * DAY));
    assert_eq!(stored.file_hours.since, None);
    assert!(stored.bytes > 4096);
}

#[test]
fn an_empty_ledger_has_empty_reports() {
    let report = report(empty());
    assert_eq!(report.top(&query(Sort::Downloads, 20)), Ok(Vec::new()));
    assert_eq!(report.sites(), Ok(Vec::new()));
    let overview = report.overview(None, Range::default()).unwrap();
    assert_eq!((overview.requests, overview.first_day), (0, None));
    assert!(matches!(overview.visitors, Visitors::Unknown(_)));
    assert_eq!(report.stored().unwrap().files.rows, 0);
}

#[test]
fn what_is_no_ledger_or_too_new_is_refused() {
    let strange = Connection::open_in_memory().unwrap();
    assert!(matches!(Report::of(strange), Err(LedgerError::Damaged(_))));
    let newer = empty();
    newer.execute_batch("PRAGMA user_version = 7").unwrap();
    assert_eq!(Report::of(newer).unwrap_err(), LedgerError::Newer(7, 2));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let gone = Report::open(&path).unwrap_err().to_string();
    assert!(
        gone.contains("ledger.db") && gone.contains("unable to open"),
        "{gone}"
    );
    std::fs::write(
        &path,
        b"This is no database at all, but it is long enough to look like one. ".repeat(20),
    )
    .unwrap();
    let damaged = Report::open(&path).unwrap_err();
    assert!(
        matches!(&damaged, LedgerError::Damaged(what) if what.contains("ledger.db")),
        "{damaged}"
    );
}

#[test]
fn a_ledger_is_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    writer.execute_batch(SCHEMA).unwrap();
    writer
        .execute_batch(
            "PRAGMA application_id = 0x74616c79; PRAGMA user_version = 2; BEGIN IMMEDIATE",
        )
        .unwrap();
    add(&writer, "", b"/a", 2, TODAY, Class::Tool);
    let report = Report::open(&path).unwrap();
    assert_eq!(paths(&report, &query(Sort::Hits, 9)), [""; 0]);
    writer.execute_batch("COMMIT").unwrap();
    assert_eq!(paths(&report, &query(Sort::Hits, 9)), ["/a"]);
    // And when nobody writes any more.
    drop((writer, report));
    let report = Report::open(&path).unwrap();
    assert_eq!(paths(&report, &query(Sort::Hits, 9)), ["/a"]);
}

#[test]
fn hostile_paths_stay_in_their_field() {
    let ledger = empty();
    for path in [
        &b"=cmd|' /C calc'!A0"[..],
        b"/two\r\nlines,\"quoted\"",
        b"/\x1b[2J\x07",
        b"/\xff\xfe",
    ] {
        add(&ledger, "", path, 2, TODAY, Class::Tool);
    }
    let report = report(ledger);
    let rows = report.top(&query(Sort::Path, 9)).unwrap();
    let overview = report.overview(None, Range::default()).unwrap();
    let json = json::site(&overview, &rows);
    assert!(
        json.starts_with("{\"rules\":1,\"site\":null,\"since\":null,"),
        "{json}"
    );
    assert!(json.contains("\"path\":\"/\\u001b[2J\\u0007\","), "{json}");
    assert!(
        json.contains("\"path\":\"/two\\r\\nlines,\\\"quoted\\\"\""),
        "{json}"
    );
    assert!(
        json.contains("\"path\":\"/\u{fffd}\u{fffd}\",\"path_bytes\":\"/%FF%FE\""),
        "{json}"
    );
    assert!(
        json.chars()
            .all(|letter| letter == '\n' || !letter.is_control())
    );

    let csv = csv::files(&rows);
    assert!(
        csv.starts_with("rules,site,path,path_bytes,hits,complete,"),
        "{csv}"
    );
    assert!(
        csv.contains("\r\n1,,\"'=cmd|' /C calc'!A0\",%3Dcmd%7C%27%20/C%20calc%27%21A0,2,2,0,"),
        "{csv}"
    );
    assert!(
        csv.contains(",\"/two\r\nlines,\"\"quoted\"\"\",/two%0D%0Alines%2C%22quoted%22,"),
        "{csv}"
    );
    assert!(csv.contains(",/%FF%FE,2,"), "{csv}");
}
