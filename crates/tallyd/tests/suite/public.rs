//! Counts on the public port: `?tally`, `?badge`, and lists of directories that show downloads.

mod faults;
mod lists;
mod pictures;

use serde_json::Value;

use crate::counts::{Place, ask};
use crate::support::{Folder, Program, Start, Tallyd, wait_until};

/// A server of `place` that shows its counts.
pub fn shown(place: &Place) -> Tallyd {
    place.server().args(&["--public-counts"]).start()
}

/// The JSON of a tally, as curl gets it.
pub fn tally(server: &Tallyd, path: &str) -> Value {
    let json = ["--fail", "--header", "Accept: application/json"];
    let text = Program::curl(&json).arg(server.url(&format!("{path}?tally")));
    serde_json::from_str(&text.output()).expect("JSON")
}

/// Waits until the tally of a path has so many hits: the ledger is a moment behind.
pub fn wait_for_hits(server: &Tallyd, path: &str, hits: u64) {
    wait_until(&format!("{hits} hits of {path}"), || {
        tally(server, path)["hits"] == hits
    });
}

/// What `tallyd stats` says of a file.
fn stats(place: &Place, path: &str) -> Value {
    let text = Program::new(env!("CARGO_BIN_EXE_tallyd"))
        .args(&["stats", "--json", path, "--state"])
        .arg(place.state.path())
        .output();
    serde_json::from_str(&text).expect("JSON")
}

/// The title of a badge.
fn badge(server: &Tallyd, target: &str) -> String {
    let svg = server.get(target).text();
    let title = svg.split_once("<title>").expect("a title").1;
    title.split_once('<').unwrap().0.to_owned()
}

#[test]
fn a_tally_says_what_stats_and_the_ledger_say() {
    let place = Place::with(&[("a.bin", 5_000), ("b.bin", 10)]);
    let server = shown(&place);
    let url = server.url("/a.bin");
    Program::wget(&["-O", "/dev/null", &url]).output();
    Program::curl(&["-o", "/dev/null", "-A", "curl/8", &url]).output();
    Program::curl(&["-o", "/dev/null", "-A", "Mozilla/5.0 Firefox/140.0", &url]).output();
    Program::curl(&["-o", "/dev/null", "-A", "Googlebot/2.1", &url]).output();
    Program::curl(&["-o", "/dev/null", "-A", "curl/8", "-r", "0-99", &url]).output();
    Program::curl(&["--head", "-o", "/dev/null", &url]).output();
    wait_for_hits(&server, "/a.bin", 5);
    wait_until("the numbers agree", || {
        stats(&place, "/a.bin")["probes"] == 1
            && tally(&server, "/a.bin")["bytes"] == stats(&place, "/a.bin")["bytes"]
    });
    let (tally, stats) = (tally(&server, "/a.bin"), stats(&place, "/a.bin"));
    for word in ["rules", "path", "hits", "downloads", "bytes", "first_seen"] {
        assert_eq!(tally[word], stats[word], "{word}: {tally:#} {stats:#}");
    }
    let classes = tally["downloads_by_class"].as_object().unwrap();
    for (class, downloads) in classes {
        assert_eq!(*downloads, stats["classes"][class]["downloads"], "{class}");
    }
    assert_eq!(
        (&tally["hits"], &tally["downloads"]),
        (&5.into(), &4.into())
    );
    assert_eq!(tally["downloads_by_people_and_tools"], 3, "{tally:#}");
    assert_eq!(tally["last_30_days"]["downloads"], 4);
    let ledger = place.ledger().file("/a.bin");
    assert_eq!((ledger.hits, ledger.downloads), (5, 4));
    assert_eq!(badge(&server, "/a.bin?badge"), "downloads: 3");
    assert_eq!(
        badge(&server, "/a.bin?badge=hits&days=30"),
        "hits / 30 days: 5"
    );
    assert_eq!(badge(&server, "/b.bin?badge"), "downloads: 0");
    server.stop();
}

#[test]
fn asking_is_neither_a_hit_nor_a_probe() {
    let place = Place::with(&[("a", 10)]);
    let server = shown(&place);
    assert_eq!(server.get("/a").status, 200);
    for target in [
        "/a?tally",
        "/a?tally=json",
        "/a?badge",
        "/a?badge=hits&days=1",
    ] {
        for method in ["GET", "HEAD"] {
            let request = format!("{method} {target} HTTP/1.0\r\n\r\n");
            assert_eq!(server.ask(request).status, 200, "{method} {target}");
        }
        let bad = server
            .get(&format!("{target}&color=nonsense&days=0"))
            .status;
        assert_eq!(bad, if target.contains("badge") { 400 } else { 200 });
    }
    assert_eq!(server.hits(1).len(), 1);
    let counted = place.stopped(server, "/a");
    assert_eq!((counted.hits, counted.probes, counted.downloads), (1, 0, 1));
    // Requests they are, as everything that was understood and answered.
    assert_eq!(
        place.ledger().number("SELECT sum(requests) FROM statuses"),
        13
    );
}

#[test]
fn without_the_option_a_query_belongs_to_the_file() {
    let place = Place::with(&[("a", 10)]);
    let server = place.start();
    for target in ["/a?tally", "/a?badge&days=0", "/a?tally=json"] {
        assert_eq!(server.get(target).body.len(), 10, "{target}");
    }
    assert_eq!(place.stopped(server, "/a").hits, 3);
}

#[test]
fn every_name_of_a_file_has_its_one_account() {
    let place = Place::with(&[("dir/index.html", 20), ("a b.css", 30), ("a b.css.gz", 9)]);
    let server = shown(&place);
    for target in [
        "/dir/",
        "/dir/index.html",
        "/dir/./?x=1",
        "/dir/%69ndex.html",
    ] {
        assert_eq!(server.get(target).status, 200);
    }
    ask(&server, "/a%20b.css", &["Accept-Encoding: gzip"]);
    server.get("/a%20b.css");
    wait_for_hits(&server, "/dir/", 4);
    wait_for_hits(&server, "/a%20b.css", 2);
    // A hit is posted when it has begun, and may be a download a moment later.
    wait_until("the download", || tally(&server, "/dir/")["downloads"] == 1);
    let by_directory = tally(&server, "/dir/");
    assert_eq!(by_directory["path"], "/dir/index.html");
    assert_eq!(by_directory, tally(&server, "/dir/index.html"));
    assert_eq!(tally(&server, "/a%20b.css")["href"], "/a%20b.css");
    server.stop();
}

/// Each connection may come to the other worker, and what is told is kept for a moment.
#[test]
fn a_count_that_was_told_never_goes_back() {
    let place = Place::with(&[("a", 10)]);
    let server = shown(&place);
    for hits in 1..=5 {
        assert_eq!(server.get("/a").status, 200);
        wait_for_hits(&server, "/a", hits);
        for _ in 0..8 {
            assert_eq!(tally(&server, "/a")["hits"], hits);
        }
    }
    server.stop();
}

#[test]
fn what_is_not_served_says_nothing() {
    let place = Place::with(&[("a", 10), (".hidden", 10), ("dir/b", 10)]);
    std::os::unix::fs::symlink("/etc/passwd", place.root.join("outside")).unwrap();
    let server = shown(&place);
    for path in [
        "/missing", "/.hidden", "/outside", "/dir/", "/../a%00", "/dir",
    ] {
        let plain = server.get(path);
        for query in ["?tally", "?tally=json", "?badge", "?badge&color=nonsense"] {
            let asked = server.get(&format!("{path}{query}"));
            assert_eq!(
                (asked.status, &asked.body),
                (plain.status, &plain.body),
                "{path}{query}"
            );
            assert!([301, 400, 404].contains(&asked.status), "{path}{query}");
        }
    }
    let moved = server.get("/dir?badge=hits");
    assert_eq!(moved.field("Location"), Some("/dir/?badge=hits"));
    let posted = server.ask("POST /a?tally HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(posted.status, 405);
    server.stop();
}

#[test]
fn it_may_be_kept_for_a_minute_and_asked_for_again() {
    let place = Place::with(&[("a", 10)]);
    let server = shown(&place);
    for (query, content_type) in [
        ("?tally", "text/html; charset=utf-8"),
        ("?tally=json", "application/json"),
        ("?badge", "image/svg+xml"),
    ] {
        let target = format!("/a{query}");
        let reply = server.get(&target);
        assert_eq!(
            (reply.status, reply.field("Content-Type")),
            (200, Some(content_type))
        );
        assert_eq!(reply.field("Cache-Control"), Some("public, max-age=60"));
        assert_eq!(reply.field("X-Content-Type-Options"), Some("nosniff"));
        let policy = reply.field("Content-Security-Policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"));
        let length = reply.body.len().to_string();
        assert_eq!(reply.field("Content-Length"), Some(length.as_str()));
        let head = server.ask(format!("HEAD {target} HTTP/1.0\r\n\r\n"));
        assert_eq!(head.field("Content-Length"), Some(length.as_str()));
        assert!(head.body.is_empty());
        let tag = reply.field("ETag").expect("a tag");
        let again = ask(&server, &target, &[&format!("If-None-Match: {tag}")]);
        assert_eq!((again.status, again.field("ETag")), (304, Some(tag)));
        let other = ask(
            &server,
            &target,
            &["If-None-Match: \"other\"", "Range: bytes=0-1"],
        );
        assert_eq!((other.status, other.body), (200, reply.body));
    }
    let json = server.get("/a?tally=json");
    assert_eq!(json.field("Access-Control-Allow-Origin"), Some("*"));
    assert_eq!(json.field("Vary"), None);
    assert_eq!(server.get("/a?tally").field("Vary"), Some("Accept"));
    server.stop();
}

#[test]
fn what_can_not_be_is_refused_with_a_line() {
    let place = Place::with(&[("a", 10)]);
    let server = shown(&place);
    let huge = format!("?badge&label={}", "x".repeat(7_000));
    for (query, words) in [
        ("?tally=xml", "tally is json or html"),
        ("?badge=stars", "badge is downloads or hits"),
        ("?badge&days=0", "days is a number from 1 to 3650"),
        ("?badge&days=3651", "days is a number from 1 to 3650"),
        ("?badge&color=%3Cscript%3E", "blue, teal, green"),
        (&huge, "label has 7000 characters: 64 are the most"),
    ] {
        let reply = server.get(&format!("/a{query}"));
        assert_eq!(reply.status, 400, "{query}");
        assert_eq!(
            reply.field("Content-Type"),
            Some("text/plain; charset=utf-8")
        );
        assert!(
            reply.text().contains(words) && reply.body.len() < 400,
            "{}",
            reply.text()
        );
    }
    server.stop();
}

#[test]
fn each_site_has_its_own_numbers_and_says_for_itself_whether_it_shows_them() {
    let (place, other, closed) = (Place::with(&[("a", 10)]), Folder::new(), Folder::new());
    other.file("a", b"other");
    closed.file("a", b"closed");
    let folder = Folder::new();
    let config = format!(
        "root = {:?}\npublic-counts = true\n[hosts.\"other.example\"]\nroot = {:?}\n\
         [hosts.\"closed.example\"]\nroot = {:?}\npublic-counts = false\n",
        place.root.path(),
        other.path(),
        closed.path()
    );
    let config = folder.file("config.toml", config.as_bytes());
    let server = Start::bare()
        .arg("--config")
        .arg(config)
        .args(&["--listen", "127.0.0.1:0"])
        .state(place.state.path())
        .start();
    let get = |host: &str, target: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        server.ask(request)
    };
    get("main.example", "/a");
    for _ in 0..3 {
        get("Other.example:80", "/a");
    }
    let hits = |host: &str| {
        let json = get(host, "/a?tally=json").body;
        serde_json::from_slice::<Value>(&json).expect("JSON")["hits"].clone()
    };
    wait_until("one hit and three", || {
        hits("main.example") == 1 && hits("other.example") == 3
    });
    assert_eq!(get("closed.example", "/a?tally=json").text(), "closed");
    server.stop();
}

#[test]
fn counts_in_memory_only_are_not_shown_and_that_is_said() {
    let place = Place::with(&[("a", 10)]);
    let server = Start::serving(place.root.path())
        .args(&[
            "--no-state",
            "--public-counts",
            "--listing",
            "--listing-counts",
        ])
        .start();
    for target in ["/a?tally", "/a?badge"] {
        let reply = server.get(target);
        assert_eq!(reply.status, 404);
        assert!(reply.text().contains("no-state"), "{}", reply.text());
    }
    assert!(!server.get("/").text().contains("sort=downloads"));
    server.stop();
}
