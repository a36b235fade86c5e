//! What a batch does to each table.

use super::*;
use crate::batch::{DayChange, MissingChange, Positions, ReferrerChange};
use crate::facts::{DAY, day_of};
use crate::ledger::{Ledger, Numbers};

fn posted(batches: &[Batch]) -> (TempDir, Sqlite) {
    let (folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    for batch in batches {
        ledger.post(batch).unwrap();
    }
    (folder, ledger)
}

#[test]
fn a_new_ledger_is_private_and_says_what_it_is() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = place();
    let ledger = Sqlite::open(&path).unwrap();
    let mode = std::fs::File::open(&path)
        .unwrap()
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(one(&ledger, "PRAGMA application_id"), 0x7461_6c79);
    assert_eq!(one(&ledger, "PRAGMA user_version"), 2);
    assert_eq!(one(&ledger, "PRAGMA synchronous"), 2);
    assert_eq!(
        one(&ledger, "SELECT value FROM facts WHERE name = 'rules'"),
        1
    );
}

#[test]
fn hits_of_two_versions_add_up_in_one_file() {
    let (old, new) = (
        version("/a"),
        Arc::new(Version {
            inode: 8,
            ..(*version("/a")).clone()
        }),
    );
    let (_folder, mut ledger) = posted(&[
        versions(vec![hits(&old, 3, 3, NOW), hits(&new, 2, 1, NOW + 5)]),
        versions(vec![hits(&new, 6, 2, NOW + DAY)]),
    ]);
    let file = "SELECT number, first_seen, last_seen, hits, complete, bytes, downloads, forgotten FROM files";
    assert_eq!(
        numbers(&ledger, file),
        [[6, NOW, NOW + DAY, 6, 6, 6_000, 6, 0]]
    );
    let each = "SELECT device, inode, length, modified, hits FROM versions ORDER BY id";
    assert_eq!(
        numbers(&ledger, each),
        [[-1, 7, 1_000, -5, 3], [-1, 8, 1_000, -5, 3]]
    );
    assert_eq!(ledger.number("", b"/a").unwrap(), 6);
    assert_eq!(ledger.number("x", b"/a").unwrap(), 0);
}

#[test]
fn series_are_by_hour_and_day_and_class_for_files_and_sites() {
    let mut change = hits(&version("/a"), 2, 1, NOW);
    let other = (hour_of(NOW) + 1, Class::Bot, change.cells[0].2);
    change.cells.push(other);
    let (_folder, ledger) = posted(&[
        versions(vec![change.clone(), hits(&version("/b"), 1, 1, NOW)]),
        versions(vec![change]),
    ]);
    let (hour, day) = (hour_of(NOW), day_of(NOW));
    let query = "SELECT hour, file, class, hits, visitors FROM file_hours";
    assert_eq!(
        numbers(&ledger, query),
        [
            [hour, 1, 0, 2, 2],
            [hour, 2, 0, 1, 1],
            [hour + 1, 1, 2, 2, 2]
        ]
    );
    let query = "SELECT day, file, class, hits, bytes FROM file_days";
    assert_eq!(
        numbers(&ledger, query),
        [
            [day, 1, 0, 2, 2_000],
            [day, 1, 2, 2, 2_000],
            [day, 2, 0, 1, 1_000]
        ]
    );
    let query = "SELECT hour, class, hits FROM site_hours WHERE site = ''";
    assert_eq!(numbers(&ledger, query), [[hour, 0, 3], [hour + 1, 2, 2]]);
    let query = "SELECT day, class, downloads FROM site_days WHERE site = ''";
    assert_eq!(numbers(&ledger, query), [[day, 0, 3], [day, 2, 2]]);
}

#[test]
fn aborted_hits_are_kept_by_how_far_they_got() {
    let mut change = hits(&version("/a"), 1, 1, NOW);
    change.reached = [2, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let batch = versions(vec![change]);
    let (_folder, ledger) = posted(&[batch.clone(), batch]);
    assert_eq!(
        numbers(&ledger, "SELECT * FROM aborts"),
        [[1, 0, 4], [1, 9, 2]]
    );
}

#[test]
fn sites_are_counted_by_day_and_sketches_only_rise() {
    let day = |registers: Vec<(u8, u16, u8)>| Batch {
        days: vec![DayChange {
            day: 20_000,
            statuses: vec![(200, 2), (404, 1)],
            protocols: vec![(11, 3)],
            bytes: 10,
            proxied: 1,
            registers,
            ..DayChange::default()
        }],
        ..Batch::default()
    };
    let (_folder, ledger) = posted(&[
        day(vec![(0, 5, 3), (0, 4_095, 1)]),
        day(vec![(0, 5, 2), (0, 4_095, 9), (0, 4_096, 1)]),
    ]);
    assert_eq!(
        numbers(&ledger, "SELECT * FROM statuses WHERE site = '' AND 0"),
        [[0; 4]; 0]
    );
    assert_eq!(
        numbers(&ledger, "SELECT day, status, requests FROM statuses"),
        [[20_000, 200, 4], [20_000, 404, 2]]
    );
    assert_eq!(
        numbers(&ledger, "SELECT day, protocol, requests FROM protocols"),
        [[20_000, 11, 6]]
    );
    assert_eq!(
        numbers(&ledger, "SELECT day, bytes, proxied FROM days"),
        [[20_000, 20, 2]]
    );
    let row = &all(&ledger.connection, "SELECT people, others FROM days")[0];
    let mut people = vec![0; 4_096];
    (people[5], people[4_095]) = (3, 9);
    assert_eq!(*row, [Value::Blob(people), Value::Null]);
}

#[test]
fn a_file_names_100_hosts_for_each_day_and_the_rest_together() {
    let from = |host: String, day| ReferrerChange {
        site: "".into(),
        path: b"/a".as_slice().into(),
        day,
        host: host.into(),
        hits: 1,
    };
    let referrers = |day, hosts: std::ops::Range<u32>| Batch {
        referrers: hosts
            .map(|host| from(format!("{host:03}.example"), day))
            .collect(),
        ..Batch::default()
    };
    let (_folder, ledger) = posted(&[
        versions(vec![hits(&version("/a"), 1, 1, NOW)]),
        referrers(1, 0..130),
        referrers(1, 90..140),
        referrers(2, 139..140),
    ]);
    assert_eq!(
        one(&ledger, "SELECT count(*) FROM referrers WHERE day = 1"),
        101
    );
    assert_eq!(
        one(&ledger, "SELECT hits FROM referrers WHERE host = '(other)'"),
        30 + 40
    );
    assert_eq!(
        one(
            &ledger,
            "SELECT hits FROM referrers WHERE host = '095.example'"
        ),
        2
    );
    assert_eq!(
        one(
            &ledger,
            "SELECT hits FROM referrers WHERE day = 2 AND host = '139.example'"
        ),
        1
    );
}

#[test]
fn a_site_names_1000_hosts_for_each_day_and_the_rest_together() {
    let from = |site: &str, path: &str, host: u32, day| ReferrerChange {
        site: site.into(),
        path: path.as_bytes().into(),
        day,
        host: format!("{host:04}.example").into(),
        hits: 2,
    };
    let of = |changes| Batch {
        referrers: changes,
        ..Batch::default()
    };
    let other = Arc::new(Version {
        site: "b.example".into(),
        ..(*version("/a")).clone()
    });
    let files = ["/a", "/b", "/c"].map(|path| hits(&version(path), 1, 1, NOW));
    let (_folder, ledger) = posted(&[
        versions(files.into_iter().chain([hits(&other, 1, 1, NOW)]).collect()),
        // Spread over files, so that no file's list is full before the site's is.
        of((0..1_010)
            .map(|host| from("", ["/a", "/b", "/c"][host as usize % 3], host, 1))
            .collect()),
        of(vec![
            from("", "/a", 1_005, 1),
            from("", "/b", 3, 1),
            from("", "/nowhere", 3, 1),
            from("", "/a", 1_005, 2),
            from("b.example", "/a", 3, 1),
        ]),
    ]);
    let query = "SELECT count(*), sum(hits) FROM site_referrers WHERE day = 1 AND site = ''";
    assert_eq!(numbers(&ledger, query), [[1_001, 2 * 1_012]]);
    for (which, hits) in [
        ("day = 1 AND site = '' AND host = '(other)'", 22),
        ("day = 1 AND site = '' AND host = '0003.example'", 4),
        ("day = 2 AND site = '' AND host = '1005.example'", 2),
        (
            "day = 1 AND site = 'b.example' AND host = '0003.example'",
            2,
        ),
    ] {
        let query = format!("SELECT hits FROM site_referrers WHERE {which}");
        assert_eq!(one(&ledger, &query), hits, "{which}");
    }
}

#[test]
fn a_new_missing_path_takes_the_place_and_the_count_of_the_least_frequent() {
    let asked = |path: String, requests, last| MissingChange {
        site: "".into(),
        path: path.into_bytes().into(),
        requests,
        last,
    };
    let missing = |missing| Batch {
        missing,
        ..Batch::default()
    };
    let many = (0..1_000)
        .map(|n| asked(format!("/{n}"), n + 5, 1))
        .collect();
    let (_folder, ledger) = posted(&[
        missing(many),
        missing(vec![asked("/new".into(), 2, 9), asked("/7".into(), 1, 8)]),
    ]);
    assert_eq!(one(&ledger, "SELECT count(*) FROM missing"), 1_000);
    assert_eq!(
        one(&ledger, "SELECT count(*) FROM missing WHERE path = '/0'"),
        0
    );
    let row =
        |path| format!("SELECT requests, uncertain, last_seen FROM missing WHERE path = '{path}'");
    assert_eq!(numbers(&ledger, &row("/new")), [[7, 5, 9]]);
    assert_eq!(numbers(&ledger, &row("/7")), [[13, 0, 8]]);
}

#[test]
fn windows_are_found_by_visitor_and_by_their_end() {
    let (a, visitor) = (version("/a"), u64::MAX - 1);
    let (first, later) = (window(NOW, 1_000), window(NOW + HOUR, 1_000));
    let (_folder, mut ledger) = posted(&[Batch {
        windows: vec![
            opened(&a, visitor, Some(first.clone())),
            opened(&a, 1, Some(later.clone())),
        ],
        ..versions(vec![hits(&a, 1, 1, NOW)])
    }]);
    let end = first.ends(Kind::FirstTouch);
    assert_eq!(ledger.window(&a, visitor).unwrap(), Some(first.clone()));
    assert_eq!(ledger.window(&a, 2).unwrap(), None);
    assert_eq!(ledger.window(&version("/b"), 1).unwrap(), None);
    assert_eq!(ledger.ended(end - 1, 9).unwrap(), []);
    assert_eq!(
        ledger.ended(end, 9).unwrap(),
        [((*a).clone(), visitor, first)]
    );
    assert_eq!(ledger.ended(i64::MAX, 1).unwrap().len(), 1);

    let change = |visitor, window| Batch {
        windows: vec![opened(&a, visitor, window)],
        ..Batch::default()
    };
    ledger.post(&change(visitor, None)).unwrap();
    ledger
        .post(&change(1, Some(window(NOW + 3 * HOUR, 1_000))))
        .unwrap();
    let left = ledger.ended(i64::MAX, 9).unwrap();
    assert_eq!(left, [((*a).clone(), 1, window(NOW + 3 * HOUR, 1_000))]);
}

#[test]
fn another_kind_of_window_moves_the_ends_of_open_ones() {
    let (_folder, path) = place();
    let a = version("/a");
    let mut ledger = Sqlite::open(&path).unwrap();
    ledger.set_window_kind(Kind::FirstTouch).unwrap();
    let windows = (0..5).map(|n| opened(&a, n * 1_000_000_007, Some(window(NOW + 7, 9))));
    let windows = windows.collect();
    ledger
        .post(&Batch {
            windows,
            ..versions(vec![hits(&a, 1, 1, NOW)])
        })
        .unwrap();
    drop(ledger);
    for kind in [Kind::CalendarDay, Kind::LastTouch, Kind::FirstTouch] {
        let mut ledger = Sqlite::open(&path).unwrap();
        ledger.set_window_kind(kind).unwrap();
        let ends = window(NOW + 7, 9).ends(kind);
        assert_eq!(
            numbers(&ledger, "SELECT DISTINCT ends FROM windows"),
            [[ends]]
        );
        assert_eq!(ledger.ended(ends, 9).unwrap().len(), 5);
        drop(ledger);
        assert_eq!(Sqlite::open(&path).unwrap().kind, kind);
    }
}

#[test]
fn positions_are_what_was_posted_last() {
    let batch = |progress| Batch {
        progress,
        latest: NOW,
        ..Batch::default()
    };
    let opening = in_flight(&version("/a"), 1, (3, 8));
    let (_folder, mut ledger) = posted(&[
        batch(Progress {
            next_sequence: 9,
            read: vec![(3, 100), (u64::MAX, 7)],
            ..Progress::default()
        }),
        opening,
        Batch {
            latest: 5,
            ..batch(Progress {
                read: vec![(3, 200)],
                finished: vec![u64::MAX],
                ..Progress::default()
            })
        },
    ]);
    let mut expected = Positions {
        next_sequence: 9,
        segments: vec![(3, 200, vec![8])],
        latest: NOW,
    };
    assert_eq!(ledger.positions().unwrap(), expected);
    ledger
        .post(&batch(Progress {
            settled: vec![(3, 8)],
            ..Progress::default()
        }))
        .unwrap();
    expected.segments[0].2.clear();
    assert_eq!(ledger.positions().unwrap(), expected);
}

#[test]
fn a_gap_in_the_numbers_is_counted_as_unsettled() {
    let (a, b) = (version("/a"), version("/b"));
    let batch = versions(vec![hits(&a, 7, 4, NOW), hits(&b, 2, 2, NOW)]);
    let (_folder, mut ledger) = posted(&[batch]);
    assert_eq!(ledger.settle_gaps().unwrap(), 3);
    assert_eq!(ledger.settle_gaps().unwrap(), 0);
    let query = "SELECT number, hits, complete, unsettled FROM files ORDER BY path";
    assert_eq!(numbers(&ledger, query), [[7, 7, 4, 3], [2, 2, 2, 0]]);
    let query = "SELECT hour, hits, unsettled FROM file_hours WHERE class = 3";
    assert_eq!(numbers(&ledger, query), [[hour_of(NOW), 3, 3]]);
    assert_eq!(
        one(&ledger, "SELECT unsettled FROM versions WHERE file = 1"),
        3
    );
}

#[test]
fn pruning_removes_series_before_a_time_and_nothing_else() {
    let mut change = hits(&version("/a"), 1, 1, NOW);
    let counts = change.cells[0].2;
    change.cells = (0..24_000)
        .map(|hour| (hour, Class::Tool, counts))
        .collect();
    change.number = 24_000;
    let days = (0..1_000).map(|day| DayChange {
        day,
        statuses: vec![(200, 1)],
        protocols: vec![(11, 1)],
        ..DayChange::default()
    });
    let referrers = (0..1_000).map(|day| ReferrerChange {
        site: "".into(),
        path: b"/a".as_slice().into(),
        day,
        host: "x".into(),
        hits: 1,
    });
    let (_folder, mut ledger) = posted(&[Batch {
        days: days.collect(),
        referrers: referrers.collect(),
        ..versions(vec![change])
    }]);
    ledger.prune(22_000, 900).unwrap();
    for (table, first) in [("file_hours", 22_000), ("site_hours", 22_000)] {
        let query = format!("SELECT min(hour), max(hour), count(*) FROM {table}");
        assert_eq!(
            numbers(&ledger, &query),
            [[first, 23_999, 24_000 - first]],
            "{table}"
        );
    }
    for table in [
        "file_days",
        "site_days",
        "statuses",
        "protocols",
        "days",
        "referrers",
        "site_referrers",
    ] {
        let query = format!("SELECT min(day), max(day), count(*) FROM {table}");
        assert_eq!(numbers(&ledger, &query), [[900, 999, 100]], "{table}");
    }
    assert_eq!(ledger.number("", b"/a").unwrap(), 24_000);
}

#[test]
fn numbers_are_read_beside_the_clerk() {
    let (_folder, path) = place();
    let numbers = Numbers::open(&path).unwrap();
    assert!(numbers.number("", b"/a").is_err());
    let mut ledger = Sqlite::open(&path).unwrap();
    assert_eq!(numbers.number("", b"/a").unwrap(), 0);
    ledger
        .post(&versions(vec![hits(&version("/a"), 5, 5, NOW)]))
        .unwrap();
    assert_eq!(numbers.number("", b"/a").unwrap(), 5);
}

#[test]
fn numbers_are_read_through_what_the_ledger_was_checked_through() {
    for mode in ["WAL", "DELETE"] {
        let (_folder, path) = place();
        let post = |ledger: &mut Sqlite, number| {
            let change = hits(&version("/a"), number, 5, NOW);
            ledger.post(&versions(vec![change])).unwrap();
        };
        let mut ledger = Sqlite::open(&path).unwrap();
        assert!(ledger.reader.is_none(), "it is new");
        post(&mut ledger, 5);
        drop(ledger);
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "journal_mode", mode)
            .unwrap();
        let mut ledger = Sqlite::open(&path).unwrap();
        assert!(ledger.reader.is_some());
        let first = ledger.numbers();
        let second = ledger.numbers();
        for number in [10, 15] {
            assert_eq!(first.number("", b"/a").unwrap(), number - 5, "{mode}");
            assert_eq!(second.number("", b"/a").unwrap(), number - 5, "{mode}");
            post(&mut ledger, number);
        }
        // It is in nobody's way when the log is written into the ledger.
        ledger.tidy();
        assert!(!super::super::open::has_log(&path), "{mode}");
        assert_eq!(first.number("", b"/a").unwrap(), 15, "{mode}");
    }
}

#[test]
fn only_others_count_as_changes_from_outside() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    ledger
        .post(&versions(vec![hits(&version("/a"), 5, 5, NOW)]))
        .unwrap();
    assert!(!ledger.changed_outside().unwrap());
    let mut other = Sqlite::open(&path).unwrap();
    assert!(!ledger.changed_outside().unwrap());
    other.keep_fact("x", b"1").unwrap();
    assert!(ledger.changed_outside().unwrap());
    assert!(!ledger.changed_outside().unwrap());
    assert_eq!(ledger.fact("x").unwrap().as_deref(), Some(b"1".as_slice()));
}
