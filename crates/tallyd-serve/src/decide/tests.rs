//! Decisions from tables: a request and what is there, and the reply in full.

use std::rc::Rc;

use tallyd_http::head::{self, HeadLimits};

use super::*;
use crate::config::{Config, Symlinks};
use crate::file::load;
use crate::resource::Picked;
use crate::site::Sites;
use crate::tree::{Patience, Root};
use tallyd_http::encoding::Coding;

const NOW: i64 = 1_800_000_000;
const CLOSED: Rules = Rules {
    post: false,
    listing: false,
    columns: Columns::Facts,
};

/// A file of ten bytes, changed long ago.
fn ten_bytes() -> Resource {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ten.txt");
    std::fs::write(&path, "0123456789").unwrap();
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    std::fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let root = Root::open(place.path(), Symlinks::Inside, Patience::Disk).unwrap();
    let sites = Sites::build(&Config::default(), &tallyd_ledger::Books::default());
    Resource::File(Picked {
        file: Rc::new(load(&root, &sites.all()[0], b"ten.txt").unwrap()),
        coding: Coding::Identity,
    })
}

fn reply(request: &str, resource: &Resource, rules: Rules) -> Reply {
    let text = format!("{}\r\nHost: x\r\n\r\n", request.replace('\n', "\r\n"));
    let head = head::parse(text.as_bytes(), &HeadLimits::default())
        .unwrap()
        .unwrap();
    decide(&head.request, resource, rules, NOW)
}

fn check(request: &str, expected: &Reply) {
    assert_eq!(&reply(request, &ten_bytes(), CLOSED), expected, "{request}");
}

fn span(start: u64, length: u64) -> Span {
    Span { start, length }
}

fn sends(status: Status, facts: Facts, body: Body) -> Reply {
    about(status, facts, body)
}

fn partial(at: Span) -> Reply {
    let mut reply = sends(Status::PARTIAL, Facts::Whole, Body::Span(at));
    reply.fields.content_range = Some(ContentRange::Part(at, 10));
    reply
}

#[test]
fn a_get_sends_the_whole_file() {
    check(
        "GET /ten.txt HTTP/1.1",
        &sends(Status::OK, Facts::Whole, Body::Span(span(0, 10))),
    );
}

#[test]
fn a_head_is_the_same_without_its_body() {
    // RFC 9110 section 9.3.2; a range means nothing for HEAD (14.2).
    let mut expected = sends(Status::OK, Facts::Whole, Body::Span(span(0, 10)));
    expected.head_only = true;
    check("HEAD /ten.txt HTTP/1.1", &expected);
    check("HEAD /ten.txt HTTP/1.1\nRange: bytes=0-1", &expected);
}

#[test]
fn ranges_are_answered_with_their_part() {
    // RFC 9110 sections 14.2 and 15.3.7.
    check("GET / HTTP/1.1\nRange: bytes=2-4", &partial(span(2, 3)));
    check("GET / HTTP/1.1\nRange: bytes=-3", &partial(span(7, 3)));
    check("GET / HTTP/1.1\nRange: bytes=8-", &partial(span(8, 2)));
    let both = Body::Spans(vec![span(0, 1), span(9, 1)]);
    check(
        "GET / HTTP/1.1\nRange: bytes=0-0,-1",
        &sends(Status::PARTIAL, Facts::Multipart, both),
    );
    check(
        "GET / HTTP/1.1\nRange: lines=1-2",
        &sends(Status::OK, Facts::Whole, Body::Span(span(0, 10))),
    );
}

#[test]
fn a_range_beyond_the_end_is_416_with_the_length() {
    // RFC 9110 section 15.5.17.
    let got = reply("GET / HTTP/1.1\nRange: bytes=10-", &ten_bytes(), CLOSED);
    assert_eq!(got.status, Status::RANGE_NOT_SATISFIABLE);
    assert_eq!(
        got.fields.content_range,
        Some(ContentRange::Unsatisfied(10))
    );
}

#[test]
fn if_range_with_an_old_date_sends_the_whole_file() {
    // RFC 9110 section 13.1.5.
    let whole = sends(Status::OK, Facts::Whole, Body::Span(span(0, 10)));
    check(
        "GET / HTTP/1.1\nRange: bytes=2-4\nIf-Range: Mon, 13 Nov 2023 22:13:20 GMT",
        &whole,
    );
    check(
        "GET / HTTP/1.1\nRange: bytes=2-4\nIf-Range: \"other\"",
        &whole,
    );
    check(
        "GET / HTTP/1.1\nRange: bytes=2-4\nIf-Range: Tue, 14 Nov 2023 22:13:20 GMT",
        &partial(span(2, 3)),
    );
}

#[test]
fn conditions_come_before_ranges() {
    // RFC 9110 section 13.2.2.
    let unchanged = sends(Status::NOT_MODIFIED, Facts::Validators, Body::Empty);
    check(
        "GET / HTTP/1.1\nIf-None-Match: *\nRange: bytes=99-",
        &unchanged,
    );
    check(
        "GET / HTTP/1.1\nIf-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT",
        &unchanged,
    );
    let failed = reply(
        "GET / HTTP/1.1\nIf-Match: \"other\"\nRange: bytes=0-1",
        &ten_bytes(),
        CLOSED,
    );
    assert_eq!(failed.status, Status::PRECONDITION_FAILED);
}

#[test]
fn post_is_refused_with_what_would_do_or_answered_like_get() {
    // RFC 9110 section 15.5.6.
    let refused = reply("POST /ten.txt HTTP/1.1", &ten_bytes(), CLOSED);
    assert_eq!(
        (refused.status, refused.fields.allow),
        (Status::METHOD_NOT_ALLOWED, Some("GET, HEAD, OPTIONS"))
    );
    let open = Rules {
        post: true,
        ..CLOSED
    };
    let answered = reply("POST /ten.txt HTTP/1.1", &ten_bytes(), open);
    assert_eq!(
        answered,
        sends(Status::OK, Facts::Whole, Body::Span(span(0, 10)))
    );
}

#[test]
fn what_is_absent_has_one_status_each() {
    for (absence, status, retry) in [
        (Absence::Missing, 404, None),
        (Absence::Denied, 403, None),
        (Absence::Unlisted, 501, None),
        (Absence::Broken, 500, None),
        (Absence::Away, 503, Some(1)),
    ] {
        let got = reply("GET / HTTP/1.1", &Resource::Absent(absence), CLOSED);
        assert_eq!((got.status.code(), got.fields.retry_after), (status, retry));
    }
}

#[test]
fn a_directory_is_listed_only_if_that_is_wanted() {
    let directory = Resource::Directory(b".".to_vec());
    assert_eq!(
        reply("GET / HTTP/1.1", &directory, CLOSED).status,
        Status::NOT_FOUND
    );
    let open = Rules {
        listing: true,
        ..CLOSED
    };
    let html = reply("GET /?sort=size&order=desc HTTP/1.1", &directory, open);
    assert!(html.fields.vary_accept);
    assert_eq!(html.fields.content_type, Some("text/html; charset=utf-8"));
    let Body::Listing(view) = html.body else {
        panic!("no listing")
    };
    assert_eq!(
        (view.order.key, view.order.descending),
        (crate::listing::Key::Size, true)
    );
    let json = reply("GET / HTTP/1.1\nAccept: application/json", &directory, open);
    assert_eq!(json.fields.content_type, Some("application/json"));
}

#[test]
fn a_move_says_where_to() {
    let moved = Resource::Moved(Status::MOVED, b"/dir/?q".to_vec());
    let got = reply("GET /dir?q HTTP/1.1", &moved, CLOSED);
    assert_eq!(
        (got.status, got.fields.location.as_deref()),
        (Status::MOVED, Some(&b"/dir/?q"[..]))
    );
}

#[test]
fn options_says_what_can_be_done() {
    // RFC 9110 section 9.3.7.
    assert_eq!(options(CLOSED).fields.allow, Some("GET, HEAD, OPTIONS"));
    assert_eq!(options(CLOSED).status, Status::NO_CONTENT);
}
