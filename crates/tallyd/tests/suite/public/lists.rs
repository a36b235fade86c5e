//! Lists of directories that show downloads.

use std::fs::File;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::counts::Place;
use crate::faults::{get, measured, median};
use crate::support::{Program, Tallyd, wait_until};

fn start(place: &Place) -> Tallyd {
    let args = ["--listing", "--listing-counts", "--public-counts"];
    place.server().args(&args).start()
}

/// Name, hits and downloads of each entry, as curl gets them.
fn entries(server: &Tallyd, target: &str) -> Vec<(String, Option<u64>, Option<u64>)> {
    let accept = ["--header", "Accept: application/json", "--fail"];
    let text = Program::curl(&accept).arg(server.url(target)).output();
    let listing: Value = serde_json::from_str(&text).expect("JSON");
    let entries = listing["entries"].as_array().expect("entries");
    let entry = |entry: &Value| {
        let name = entry["name"].as_str().unwrap().to_owned();
        (name, entry["hits"].as_u64(), entry["downloads"].as_u64())
    };
    entries.iter().map(entry).collect()
}

#[test]
fn a_list_shows_what_the_ledger_says_and_is_sorted_by_it() {
    let place = Place::with(&[("d/a b", 10), ("d/b", 10), ("d/c", 10), ("d/sub/x", 10)]);
    let server = start(&place);
    let fetch = |agent: &str, target: &str| {
        Program::curl(&["-o", "/dev/null", "-A", agent])
            .arg(server.url(target))
            .output();
    };
    for agent in ["one", "two", "three"] {
        fetch(agent, "/d/c");
    }
    for _ in 0..5 {
        fetch("one", "/d/a%20b");
    }
    let is = |name: &str, hits, downloads| (name.to_owned(), hits, downloads);
    let (a, b, c) = (
        is("a b", Some(5), Some(1)),
        is("b", Some(0), Some(0)),
        is("c", Some(3), Some(3)),
    );
    let sub = is("sub", None, None);
    wait_until("all are counted", || {
        entries(&server, "/d/") == [sub.clone(), a.clone(), b.clone(), c.clone()]
    });
    for (query, expected) in [
        ("?sort=downloads", [&sub, &c, &a, &b]),
        ("?sort=downloads&order=asc", [&sub, &b, &a, &c]),
        ("?sort=hits", [&sub, &a, &c, &b]),
        ("?sort=size", [&sub, &a, &b, &c]),
    ] {
        let found = entries(&server, &format!("/d/{query}"));
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let ledger = place.ledger().file("/d/a b");
    assert_eq!((ledger.hits, ledger.downloads), (5, 1));
    let html = server.get("/d/?sort=downloads").text();
    assert!(
        html.contains("aria-sort=\"descending\"><a href=\"?sort=downloads&amp;order=asc\">"),
        "{html}"
    );
    assert!(
        html.contains("<td><span title=\"3 hits\">3</span></td></tr>"),
        "{html}"
    );
    server.stop();
}

#[test]
fn without_the_option_a_list_has_no_counts() {
    let place = Place::with(&[("a", 10)]);
    let server = place.server().args(&["--listing"]).start();
    assert_eq!(
        entries(&server, "/?sort=downloads"),
        [("a".to_owned(), None, None)]
    );
    assert!(!server.get("/").text().contains("downloads"));
    server.stop();
}

const ENTRIES: usize = 100_000;

#[test]
fn a_list_of_100_000_files_with_counts_begins_at_once() {
    let place = Place::with(&[("small", 5)]);
    std::fs::create_dir(place.root.join("many")).unwrap();
    for number in 0..ENTRIES {
        File::create(place.root.join(format!("many/entry-{number:06}"))).unwrap();
    }
    let server = start(&place);
    server.get("/many/entry-054321");
    wait_until("it is counted", || {
        server
            .get("/many/entry-054321?tally=json")
            .text()
            .contains("\"hits\":1,")
    });
    for query in ["", "?sort=downloads"] {
        let mut taken = Vec::new();
        for _ in 0..3 {
            let (first, all, text) = list(&server, query);
            taken.push((first, all));
            let zeros = text.matches("<span title=\"0 hits\">").count();
            assert_eq!(zeros, ENTRIES - 1, "{query}: some were not known");
            let line = |what: &str| text.lines().position(|line| line.contains(what));
            let (row, top) = (line("<span title=\"1 hits\">"), line("entry-"));
            assert!(row.is_some());
            assert_eq!(row == top, query == "?sort=downloads");
        }
        let (first, all): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        let (first, all) = (median(first), median(all));
        measured(&format!(
            "{ENTRIES} entries with counts {query}: first byte {first:?}, all {all:?}"
        ));
        assert!(first < Duration::from_millis(100), "{query}: {first:?}");
    }
    server.stop();
}

/// When the first byte of a list came, when the last, and all of it.
fn list(server: &Tallyd, query: &str) -> (Duration, Duration, String) {
    let mut stream = server.connect();
    let start = Instant::now();
    stream
        .write_all(get(&format!("/many/{query}")).as_bytes())
        .unwrap();
    let mut bytes = vec![0];
    stream.read_exact(&mut bytes).unwrap();
    let first = start.elapsed();
    let mut piece = vec![0; 1 << 20];
    while !bytes.ends_with(b"\r\n0\r\n\r\n") {
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "cut off after {} bytes", bytes.len());
        bytes.extend_from_slice(&piece[..count]);
    }
    (first, start.elapsed(), String::from_utf8(bytes).unwrap())
}
