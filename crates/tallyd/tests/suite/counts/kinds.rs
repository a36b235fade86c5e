//! Kinds of replies and sites: what is a hit of which file, and what is none.

use std::io::Write;
use std::os::unix::net::UnixStream;

use rustix::process::Signal;

use super::{Counted, Place, request};
use crate::support::{Start, Tallyd, read_to_end};

/// One download, and so many repeats.
fn counted(hits: u64, length: u64) -> Counted {
    Counted {
        downloads: 1,
        repeats: hits - 1,
        ..Counted::complete(hits, hits * length)
    }
}

fn statuses(place: &Place) -> Vec<Vec<i64>> {
    let query = "SELECT status, requests FROM statuses ORDER BY status";
    place.ledger().rows(query, &[])
}

fn ask_at(server: &Tallyd, host: &str, target: &str) -> u16 {
    let text = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    server.ask(text).status
}

#[test]
fn each_site_has_its_own_accounts_and_series() {
    let place = Place::with(&[("www/a", 10), ("other/a", 20)]);
    let config =
        "root = \"www\"\nlisten = [\"127.0.0.1:0\"]\n[hosts]\n\"other.example\" = \"other\"\n";
    let file = place.root.file("tallyd.toml", config.as_bytes());
    // Half of the numbers are of another process.
    for _ in 0..2 {
        let server = Start::bare()
            .arg("-c")
            .arg(&file)
            .state(place.state.path())
            .start();
        for host in ["any.example", "other.example", "OTHER.example."] {
            assert_eq!(ask_at(&server, host, "/a"), 200, "{host}");
        }
        assert_eq!(ask_at(&server, "other.example", "/no"), 404);
        server.stop();
    }
    let ledger = place.ledger();
    ledger.assert_adds_up();
    assert_eq!(ledger.file("/a"), counted(2, 10));
    let of_other = "SELECT number, hits, bytes FROM files WHERE site = 'other.example'";
    assert_eq!(ledger.rows(of_other, &[]), [[4, 4, 80]]);
    let sites = "SELECT sum(hits) FROM site_days GROUP BY site ORDER BY site";
    assert_eq!(ledger.rows(sites, &[]), [[2], [4]]);
    let missing = "SELECT requests FROM missing WHERE site = 'other.example'";
    assert_eq!(ledger.number(missing), 2);
}

#[test]
fn a_post_that_is_accepted_is_a_hit_and_one_that_is_not_is_none() {
    let place = Place::with(&[("a", 10)]);
    let text = request("POST", "/a", &["Connection: close", "Content-Length: 2"]) + "\r\nhi";
    let server = place.start();
    assert_eq!(server.ask(&text).status, 405);
    assert_eq!(place.stopped(server, "/a"), Counted::default());
    let server = place.server().arg("--post").start();
    assert_eq!(server.ask(&text).status, 200);
    assert_eq!(place.stopped(server, "/a"), counted(1, 10));
    assert_eq!(statuses(&place), [[200, 1], [405, 1]]);
}

#[test]
fn what_is_no_file_is_no_hit_whatever_its_status() {
    let place = Place::with(&[("folder/a", 10)]);
    let server = place.server().arg("--listing").start();
    assert_eq!(server.get("/").status, 200, "a listing");
    assert_eq!(server.get("/folder/").status, 200, "a listing");
    assert_eq!(server.get("/folder").status, 301);
    let text = request("OPTIONS", "/folder/a", &["Connection: close"]) + "\r\n";
    assert_eq!(server.ask(text).status, 204);
    let text = request("DELETE", "/folder/a", &["Connection: close"]) + "\r\n";
    assert_eq!(server.ask(text).status, 501);
    server.stop();
    assert_eq!(place.ledger().number("SELECT count(*) FROM files"), 0);
    assert_eq!(statuses(&place), [[200, 2], [204, 1], [301, 1], [501, 1]]);
}

#[test]
fn a_page_for_errors_is_no_hit_when_it_is_shown_and_one_when_it_is_asked_for() {
    let place = Place::with(&[("a", 10), ("errors/404.html", 30)]);
    let pages = place.root.join("errors");
    let server = place.server().arg("--error-pages").arg(pages).start();
    let shown = server.get("/no");
    assert_eq!((shown.status, shown.body.len()), (404, 30));
    assert_eq!(server.get("/errors/404.html").status, 200);
    assert_eq!(place.stopped(server, "/errors/404.html"), counted(1, 30));
    assert_eq!(place.ledger().number("SELECT requests FROM missing"), 1);
    assert_eq!(place.ledger().number("SELECT sum(bytes) FROM days"), 60);
}

#[test]
fn pages_of_a_single_page_application_are_hits_of_its_one_page() {
    let place = Place::with(&[("index.html", 30), ("a.js", 10)]);
    let server = place.server().arg("--spa").start();
    for target in ["/", "/some/page", "/other", "/a.js"] {
        assert_eq!(server.get(target).status, 200, "{target}");
    }
    assert_eq!(server.get("/missing.js").status, 404);
    assert_eq!(place.stopped(server, "/index.html"), counted(3, 30));
    let ledger = place.ledger();
    assert_eq!(ledger.file("/a.js"), counted(1, 10));
    assert_eq!(ledger.number("SELECT count(*) FROM files"), 2);
}

#[test]
fn a_compressed_variant_counts_on_its_file() {
    let place = Place::with(&[("a.css", 900), ("a.css.gz", 100)]);
    let server = place.start();
    for encoding in ["gzip", "identity"] {
        let field = format!("Accept-Encoding: {encoding}");
        assert_eq!(super::ask(&server, "/a.css", &[&field]).status, 200);
    }
    let expected = Counted {
        downloads: 1,
        repeats: 1,
        ..Counted::complete(2, 1000)
    };
    assert_eq!(place.stopped(server, "/a.css"), expected);
    assert_eq!(place.ledger().number("SELECT count(*) FROM files"), 1);
}

#[test]
fn who_comes_through_a_unix_socket_is_counted_as_behind_a_proxy() {
    let place = Place::with(&[("a", 10)]);
    let socket = place.state.join("socket");
    let server = Start::bare()
        .arg("--listen")
        .arg(format!("unix:{}", socket.display()))
        .arg(place.root.path())
        .state(&place.state.join("state"))
        .start();
    let mut stream = UnixStream::connect(&socket).unwrap();
    stream.write_all(b"GET /a HTTP/1.0\r\n\r\n").unwrap();
    let mut reply = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut reply).unwrap();
    assert!(reply.starts_with(b"HTTP/1.1 200 "));
    server.stop();
    let ledger = super::Ledger::of(&place.state.join("state"));
    assert_eq!(ledger.file("/a"), counted(1, 10));
    assert_eq!(ledger.number("SELECT proxied FROM days"), 1);
    let protocols = ledger.rows("SELECT protocol, requests FROM protocols", &[]);
    assert_eq!(protocols, [[10, 1]]);
}

#[test]
fn a_reload_does_not_disturb_what_is_counted() {
    let place = Place::with(&[("a", 10)]);
    let server = place.start();
    let mut stays = server.connect();
    for _ in 0..3 {
        assert_eq!(server.get("/a").status, 200);
        server.signal(Signal::HUP);
        let before = server.stderr.count();
        server.signal(Signal::HUP);
        let is_it = |line: &str| line.contains("reloaded");
        server.stderr.wait_after(before, "it was reloaded", is_it);
    }
    let text = request("GET", "/a", &["Connection: close"]) + "\r\n";
    stays.write_all(text.as_bytes()).unwrap();
    assert!(!read_to_end(&mut stays).is_empty());
    assert_eq!(place.stopped(server, "/a"), counted(4, 10));
}
