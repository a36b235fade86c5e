//! Visitors: who is another one, and who came through a proxy.

use std::io::Write;
use std::net::Ipv4Addr;

use super::{Counted, Place, request};
use crate::support::{Tallyd, open_from, read_to_end};

/// Fetches `/a` from this address of the loopback, as this program.
fn fetch(server: &Tallyd, source: [u8; 4], agent: &str) {
    let mut stream = open_from(Ipv4Addr::from(source), server.address());
    let agent = format!("User-Agent: {agent}");
    let text = request("GET", "/a", &[&agent, "Connection: close"]) + "\r\n";
    stream.write_all(text.as_bytes()).unwrap();
    assert!(read_to_end(&mut stream).starts_with(b"HTTP/1.1 200"));
}

const CURL: &str = "curl/8.5.0";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CRAWLER: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

fn visitors(place: &Place) -> u64 {
    place.ledger().number("SELECT sum(visitors) FROM site_days")
}

#[test]
fn two_addresses_are_two_visitors() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    for source in [[127, 0, 0, 1], [127, 0, 0, 2], [127, 0, 0, 1]] {
        fetch(&server, source, CURL);
    }
    let expected = Counted {
        downloads: 2,
        repeats: 1,
        ..Counted::complete(3, 3000)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
    assert_eq!(visitors(&place), 2);
}

#[test]
fn two_programs_at_one_address_are_two_visitors_each_of_its_class() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    for agent in [CURL, FIREFOX, CRAWLER, "what is this", CURL] {
        fetch(&server, [127, 0, 0, 1], agent);
    }
    let expected = Counted {
        downloads: 4,
        repeats: 1,
        ..Counted::complete(5, 5000)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
    let classes = place.ledger().rows(
        "SELECT class, hits, downloads FROM site_days ORDER BY class",
        &[],
    );
    assert_eq!(classes, [[0, 1, 1], [1, 2, 1], [2, 1, 1], [3, 1, 1]]);
}

#[test]
fn who_comes_through_a_proxy_that_nobody_trusts_is_noted() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    for field in ["X-Forwarded-For: 192.0.2.7", "X-Nothing: 192.0.2.7"] {
        assert_eq!(super::ask(&server, "/a", &[field]).status, 200);
    }
    let missing = super::ask(&server, "/no", &["Forwarded: for=192.0.2.8"]);
    assert_eq!(missing.status, 404);
    let counted = place.stopped(server, "/a");
    assert_eq!((counted.downloads, counted.repeats), (1, 1), "one address");
    assert_eq!(place.ledger().number("SELECT proxied FROM days"), 2);
}

#[test]
fn the_host_that_a_link_was_on_is_kept_and_nothing_else_of_it() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    for referer in [
        "https://Example.org/secret?token=1",
        "https://example.org/",
        "garbage",
    ] {
        assert_eq!(
            super::ask(&server, "/a", &[&format!("Referer: {referer}")]).status,
            200
        );
    }
    server.stop();
    let hits = "SELECT sum(hits) FROM referrers WHERE host = 'example.org'";
    assert_eq!(place.ledger().number(hits), 2);
    let all = "SELECT count(*) FROM referrers";
    assert_eq!(place.ledger().number(all), 1);
    for entry in std::fs::read_dir(place.state.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let content = std::fs::read(&path).unwrap();
            let has = |text: &[u8]| content.windows(text.len()).any(|part| part == text);
            assert!(!has(b"secret") && !has(b"token"), "{}", path.display());
            assert!(!has(b"127.0.0.1"), "an address is in {}", path.display());
        }
    }
}
