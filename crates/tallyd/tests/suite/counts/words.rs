//! Words of the counting rules: probes, what is missing, empty files, and which names are one account.

use super::{Counted, Place, ask, get, request};
use crate::support::{Tallyd, read_replies};
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// The status for a HEAD.
fn head(server: &Tallyd, target: &str) -> u16 {
    let text = request("HEAD", target, &["Connection: close"]) + "\r\n";
    server.ask(text).status
}

#[test]
fn a_head_and_then_a_get_are_one_probe_and_one_hit() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    assert_eq!(head(&server, "/a"), 200);
    assert_eq!(server.get("/a").status, 200);
    let expected = Counted {
        downloads: 1,
        probes: 1,
        ..Counted::complete(1, 1000)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
}

#[test]
fn not_modified_and_unsatisfiable_are_probes() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    let etag = server.get("/a").field("ETag").unwrap().to_owned();
    let known = format!("If-None-Match: {etag}");
    assert_eq!(ask(&server, "/a", &[&known]).status, 304);
    assert_eq!(ask(&server, "/a", &["Range: bytes=1000-"]).status, 416);
    let expected = Counted {
        downloads: 1,
        probes: 2,
        ..Counted::complete(1, 1000)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
    let statuses = place
        .ledger()
        .rows("SELECT status, requests FROM statuses ORDER BY 1", &[]);
    assert_eq!(statuses, [[200, 1], [304, 1], [416, 1]]);
}

#[test]
fn a_file_that_was_only_probed_has_an_account_without_a_number() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    assert_eq!(head(&server, "/a"), 200);
    let expected = Counted {
        probes: 1,
        ..Counted::default()
    };
    assert_eq!(place.stopped(server, "/a"), expected);
    assert_eq!(place.ledger().number("SELECT count(*) FROM files"), 1);
    let server = place.start();
    assert_eq!(server.get("/a").status, 200);
    assert_eq!(place.stopped(server, "/a").number, 1);
}

#[test]
fn what_is_missing_is_a_number_and_a_list_and_never_an_account() {
    let place = Place::with(&[("a", 1000), ("folder/b", 10)]);
    let server = place.start();
    for target in ["/no", "/no?query", "/%6eo", "/never", "/.hidden"] {
        assert_eq!(server.get(target).status, 404);
    }
    assert_eq!(server.get("/folder").status, 301);
    assert_eq!(server.get("/folder/").status, 404, "it has no index");
    assert_eq!(server.get("/%zz").status, 400);
    server.stop();
    let ledger = place.ledger();
    assert_eq!(ledger.number("SELECT count(*) FROM files"), 0);
    let statuses = ledger.rows("SELECT status, requests FROM statuses ORDER BY 1", &[]);
    assert_eq!(statuses, [[301, 1], [400, 1], [404, 6]]);
    let missing = |path: &str| {
        let rows = ledger.rows("SELECT requests FROM missing WHERE path = ?1", &[&path]);
        rows.first().map_or(0, |row| row[0])
    };
    assert_eq!((missing("/no"), missing("/never")), (3, 1));
    assert_eq!(ledger.number("SELECT sum(requests) FROM missing"), 6);
}

#[test]
fn one_200_of_an_empty_file_is_a_download() {
    let place = Place::with(&[("a", 0)]);
    let server = place.start();
    assert_eq!(server.get("/a").status, 200);
    assert_eq!(ask(&server, "/a", &["User-Agent: another"]).status, 200);
    assert_eq!(server.get("/a").status, 200);
    let expected = Counted {
        downloads: 2,
        repeats: 1,
        ..Counted::complete(3, 0)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
}

#[test]
fn queries_and_escapes_are_one_account() {
    let place = Place::with(&[
        ("a b.txt", 10),
        ("index.html", 20),
        ("folder/index.html", 30),
    ]);
    let server = place.start();
    let targets = [
        "/a%20b.txt",
        "/a%20b.txt?v=1",
        "/%61%20b%2Etxt?",
        "/./x/../a%20b.txt",
    ];
    for target in targets {
        assert_eq!(server.get(target).status, 200, "{target}");
    }
    for target in ["/", "/index.html", "/?from=here", "http://localhost/"] {
        assert_eq!(server.get(target).status, 200, "{target}");
    }
    for target in ["/folder/", "/folder/index.html"] {
        assert_eq!(server.get(target).status, 200, "{target}");
    }
    let counted = |hits, length| Counted {
        downloads: 1,
        repeats: hits - 1,
        ..Counted::complete(hits, hits * length)
    };
    assert_eq!(place.stopped(server, "/a b.txt"), counted(4, 10));
    let ledger = place.ledger();
    assert_eq!(ledger.file("/index.html"), counted(4, 20));
    assert_eq!(ledger.file("/folder/index.html"), counted(2, 30));
    assert_eq!(ledger.number("SELECT count(*) FROM files"), 3);
}

#[test]
fn what_is_no_request_is_not_counted() {
    let place = Place::with(&[("a", 10)]);
    let server = place.start();
    assert_eq!(server.ask("nonsense\r\n\r\n").status, 400);
    assert_eq!(server.get("/a").status, 200);
    server.stop();
    let statuses = place
        .ledger()
        .rows("SELECT status, requests FROM statuses", &[]);
    assert_eq!(statuses, [[200, 1]]);
}

#[test]
fn bytes_of_a_day_are_those_of_all_bodies() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    let mut stream = server.connect();
    let requests = get("/a") + &get("/missing") + &get("/a");
    stream.write_all(requests.as_bytes()).unwrap();
    let replies = read_replies(&mut stream, 3);
    let bytes: usize = replies.iter().map(|reply| reply.body.len()).sum();
    drop(stream);
    server.stop();
    let day = place.ledger().rows("SELECT bytes, proxied FROM days", &[]);
    assert_eq!(day, [[bytes as i64, 0]]);
    let protocols = place
        .ledger()
        .rows("SELECT protocol, requests FROM protocols", &[]);
    assert_eq!(protocols, [[11, 3]]);
}

#[test]
fn days_are_days_of_utc_wherever_the_server_is() {
    let today = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
            / 86_400
    };
    for zone in ["Pacific/Kiritimati", "Etc/GMT+12", "XYZ-23:30"] {
        let place = Place::with(&[("a", 1000)]);
        let before = today();
        let server = place.server().env("TZ", zone).start();
        assert_eq!(server.get("/a").status, 200);
        server.stop();
        let day = place.ledger().number("SELECT day FROM site_days");
        assert!((before..=today()).contains(&day), "{zone}: {day}");
    }
}
