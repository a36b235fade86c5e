//! Forgetting a path beside a server, and what the server does then.

use super::*;
use crate::batch::{MissingChange, ReferrerChange};
use crate::ledger::Ledger;

fn filled(path: &std::path::Path) -> Sqlite {
    let mut ledger = Sqlite::open(path).unwrap();
    let (a, b) = (version("/a"), version("/b"));
    let mut change = hits(&a, 5, 5, NOW);
    change.reached[3] = 1;
    let batch = Batch {
        windows: vec![
            opened(&a, 1, Some(window(NOW, 10))),
            opened(&b, 1, Some(window(NOW, 10))),
        ],
        referrers: vec![ReferrerChange {
            site: "".into(),
            path: b"/a".as_slice().into(),
            day: 1,
            host: "x".into(),
            hits: 1,
        }],
        missing: vec![MissingChange {
            site: "".into(),
            path: b"/gone".as_slice().into(),
            requests: 1,
            last: NOW,
        }],
        ..versions(vec![change, hits(&b, 2, 2, NOW)])
    };
    ledger.post(&batch).unwrap();
    ledger
}

fn traces(ledger: &Sqlite) -> i64 {
    [
        "versions WHERE file = 1",
        "file_hours WHERE file = 1",
        "file_days WHERE file = 1",
        "aborts WHERE file = 1",
        "referrers WHERE file = 1",
        "windows WHERE version = 1",
    ]
    .iter()
    .map(|from| one(ledger, &format!("SELECT count(*) FROM {from}")))
    .sum()
}

#[test]
fn a_forgotten_path_leaves_nothing_but_the_totals_of_its_site() {
    let (_folder, path) = place();
    let mut ledger = filled(&path);
    assert_eq!(traces(&ledger), 6);
    assert!(ledger.forget("", b"/a", false).unwrap());
    assert!(!ledger.forget("", b"/a", false).unwrap());
    assert!(ledger.forget("", b"/gone", false).unwrap());
    assert_eq!(traces(&ledger), 0);
    assert_eq!(one(&ledger, "SELECT count(*) FROM missing"), 0);
    assert_eq!(
        numbers(&ledger, "SELECT id, number, hits FROM files"),
        [[2, 2, 2]]
    );
    assert_eq!(one(&ledger, "SELECT sum(hits) FROM site_days"), 7);
    assert_eq!(one(&ledger, "SELECT sum(hits) FROM site_referrers"), 1);
    drop(ledger);
    Sqlite::open(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert!(
        !bytes.windows(5).any(|five| five == b"/gone"),
        "it is still readable in the file"
    );
}

#[test]
fn beside_a_server_the_number_stays_until_its_next_start() {
    let (_folder, path) = place();
    let mut server = filled(&path);
    assert!(
        Sqlite::open(&path)
            .unwrap()
            .forget("", b"/a", true)
            .unwrap()
    );
    assert_eq!(traces(&server), 0);
    assert!(server.changed_outside().unwrap());
    assert_eq!(server.window(&version("/a"), 1).unwrap(), None);
    assert_eq!(server.number("", b"/a").unwrap(), 5);
    assert_eq!(server.settle_gaps().unwrap(), 0);
    drop(server);
    let mut server = Sqlite::open(&path).unwrap();
    server.sweep_forgotten().unwrap();
    assert_eq!(server.number("", b"/a").unwrap(), 0);
    assert_eq!(server.number("", b"/b").unwrap(), 2);
}

#[test]
fn a_server_that_knew_a_forgotten_path_counts_it_anew() {
    let (_folder, path) = place();
    for running in [true, false] {
        let (a, mut server) = (version("/a"), filled(&path));
        let held = server.number("", b"/a").unwrap();
        Sqlite::open(&path)
            .unwrap()
            .forget("", b"/a", running)
            .unwrap();
        let batch = Batch {
            windows: vec![opened(&a, 9, Some(window(NOW, 10)))],
            ..versions(vec![hits(&a, held + 1, 1, NOW)])
        };
        server.post(&batch).unwrap();
        let row = numbers(&server, "SELECT number, hits FROM files WHERE path = '/a'");
        assert_eq!(row, [[held as i64 + 1, 1]]);
        assert_eq!(
            one(
                &server,
                "SELECT count(*) FROM versions JOIN windows ON id = version WHERE visitor = 9"
            ),
            1
        );
        drop(server);
        let mut server = Sqlite::open(&path).unwrap();
        if running {
            assert_eq!(server.settle_gaps().unwrap(), 0);
        }
        server.forget("", b"/a", false).unwrap();
        server.forget("", b"/b", false).unwrap();
    }
}

#[test]
fn hits_in_flight_outlive_that_their_path_is_forgotten() {
    let (_folder, path) = place();
    let mut ledger = filled(&path);
    let a = version("/a");
    ledger.post(&in_flight(&a, 6, (1, 1))).unwrap();
    assert!(ledger.forget("", b"/a", false).unwrap());
    drop(ledger);
    let mut ledger = Sqlite::open(&path).unwrap();
    let counts = Counts {
        complete: 1,
        ..Counts::default()
    };
    let settled = Progress {
        settled: vec![(1, 1)],
        ..Progress::default()
    };
    ledger
        .post(&Batch {
            progress: settled,
            ..versions(vec![change(&a, 6, NOW, counts)])
        })
        .unwrap();
    let query = "SELECT number, hits, complete, forgotten FROM files WHERE path = '/a'";
    assert_eq!(numbers(&ledger, query), [[6, 1, 1, 5]]);
    drop(ledger);
    Sqlite::open(&path).unwrap();
}

#[test]
fn purging_drops_series_and_missing_paths_from_before_a_day() {
    let (_folder, path) = place();
    let mut ledger = filled(&path);
    let day = crate::facts::day_of(NOW);
    ledger.purge(day).unwrap();
    assert_eq!(one(&ledger, "SELECT count(*) FROM file_days"), 2);
    assert_eq!(one(&ledger, "SELECT count(*) FROM missing"), 1);
    ledger.purge(day + 1).unwrap();
    for table in [
        "file_days",
        "file_hours",
        "site_days",
        "site_hours",
        "referrers",
        "site_referrers",
        "missing",
    ] {
        assert_eq!(
            one(&ledger, &format!("SELECT count(*) FROM {table}")),
            0,
            "{table}"
        );
    }
    assert_eq!(one(&ledger, "SELECT sum(hits) FROM files"), 7);
}
