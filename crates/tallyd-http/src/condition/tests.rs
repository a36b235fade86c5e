//! Conditions, row by row of RFC 9110 section 13.

use super::*;
use std::borrow::Cow;

const ETAG: &str = "\"5-abc\"";
/// Tue, 14 Nov 2023 22:13:20 GMT.
const MODIFIED: i64 = 1_700_000_000;
const NOW: i64 = MODIFIED + 1_000_000;

const AT: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
const BEFORE: &str = "Tue, 14 Nov 2023 22:13:19 GMT";
const AFTER: &str = "Tue, 14 Nov 2023 22:13:21 GMT";

fn request<'a>(fields: &[(&str, &'a str)]) -> Request<'a> {
    let mut request = Request::plain(b"/file");
    for (name, value) in fields {
        let value = value.as_bytes();
        match *name {
            "If-Match" => request.if_match = Some(Cow::Borrowed(value)),
            "If-None-Match" => request.if_none_match = Some(Cow::Borrowed(value)),
            "If-Modified-Since" => request.if_modified_since = Some(value),
            "If-Unmodified-Since" => request.if_unmodified_since = Some(value),
            "If-Range" => request.if_range = Some(value),
            other => panic!("no such field: {other}"),
        }
    }
    request
}

fn check(fields: &[(&str, &str)], expected: Verdict) {
    assert_eq!(
        evaluate(&request(fields), ETAG, MODIFIED, NOW),
        expected,
        "{fields:?}"
    );
}

#[test]
fn if_match_needs_a_strong_match() {
    // RFC 9110 section 13.1.1.
    check(&[("If-Match", ETAG)], Verdict::Proceed);
    check(&[("If-Match", "*")], Verdict::Proceed);
    check(&[("If-Match", "\"a\", \"5-abc\"")], Verdict::Proceed);
    check(&[("If-Match", "\"a\", \"b\"")], Verdict::Failed);
    check(&[("If-Match", "W/\"5-abc\"")], Verdict::Failed);
    check(&[("If-Match", "5-abc")], Verdict::Failed);
    check(&[("If-Match", "")], Verdict::Failed);
}

#[test]
fn if_unmodified_since_fails_where_the_file_is_newer() {
    // RFC 9110 section 13.1.4.
    check(&[("If-Unmodified-Since", AT)], Verdict::Proceed);
    check(&[("If-Unmodified-Since", AFTER)], Verdict::Proceed);
    check(&[("If-Unmodified-Since", BEFORE)], Verdict::Failed);
    check(
        &[("If-Unmodified-Since", "Tuesday, 14-Nov-23 22:13:20 GMT")],
        Verdict::Proceed,
    );
    check(&[("If-Unmodified-Since", "yesterday")], Verdict::Proceed);
}

#[test]
fn if_none_match_is_not_modified_on_a_weak_match() {
    // RFC 9110 section 13.1.2.
    check(&[("If-None-Match", ETAG)], Verdict::NotModified);
    check(&[("If-None-Match", "W/\"5-abc\"")], Verdict::NotModified);
    check(&[("If-None-Match", "*")], Verdict::NotModified);
    check(
        &[("If-None-Match", "\"a\", W/\"5-abc\"")],
        Verdict::NotModified,
    );
    check(&[("If-None-Match", "\"a\"")], Verdict::Proceed);
    check(&[("If-None-Match", "5-abc")], Verdict::Proceed);
    check(&[("If-None-Match", ",")], Verdict::Proceed);
}

#[test]
fn if_modified_since_is_not_modified_where_the_file_is_not_newer() {
    // RFC 9110 section 13.1.3.
    check(&[("If-Modified-Since", AT)], Verdict::NotModified);
    check(&[("If-Modified-Since", AFTER)], Verdict::NotModified);
    check(&[("If-Modified-Since", BEFORE)], Verdict::Proceed);
    check(
        &[("If-Modified-Since", "Tue Nov 14 22:13:20 2023")],
        Verdict::NotModified,
    );
    check(
        &[("If-Modified-Since", "Tue, 19 Jan 2038 03:14:08 GMT")],
        Verdict::NotModified,
    );
    check(&[("If-Modified-Since", "")], Verdict::Proceed);
    check(&[("If-Modified-Since", "1700000000")], Verdict::Proceed);
}

#[test]
fn the_order_of_section_13_2_2_decides() {
    // RFC 9110 section 13.2.2, steps 1 to 4.
    check(&[], Verdict::Proceed);
    check(
        &[("If-Match", ETAG), ("If-Unmodified-Since", BEFORE)],
        Verdict::Proceed,
    );
    check(
        &[("If-Match", "\"a\""), ("If-None-Match", ETAG)],
        Verdict::Failed,
    );
    check(
        &[("If-Match", ETAG), ("If-None-Match", ETAG)],
        Verdict::NotModified,
    );
    check(
        &[("If-Unmodified-Since", BEFORE), ("If-None-Match", ETAG)],
        Verdict::Failed,
    );
    check(
        &[("If-None-Match", "\"a\""), ("If-Modified-Since", AT)],
        Verdict::Proceed,
    );
    check(
        &[("If-None-Match", ETAG), ("If-Modified-Since", BEFORE)],
        Verdict::NotModified,
    );
    check(
        &[("If-Unmodified-Since", AT), ("If-Modified-Since", AT)],
        Verdict::NotModified,
    );
}

#[test]
fn a_method_that_does_not_read_fails_instead_of_304() {
    // RFC 9110 section 13.1.2 and 13.1.3.
    let mut post = request(&[("If-None-Match", ETAG)]);
    post.method = Method::Post;
    assert_eq!(evaluate(&post, ETAG, MODIFIED, NOW), Verdict::Failed);
    let mut post = request(&[("If-Modified-Since", AT)]);
    post.method = Method::Post;
    assert_eq!(evaluate(&post, ETAG, MODIFIED, NOW), Verdict::Proceed);
    let mut head = request(&[("If-None-Match", ETAG)]);
    head.method = Method::Head;
    assert_eq!(evaluate(&head, ETAG, MODIFIED, NOW), Verdict::NotModified);
}

#[test]
fn if_range_holds_only_for_exactly_this_version() {
    let check = |value: &str, expected: bool| {
        let request = request(&[("If-Range", value)]);
        assert_eq!(
            if_range_holds(&request, ETAG, MODIFIED, NOW),
            expected,
            "{value}"
        );
    };
    // RFC 9110 section 13.1.5: strong comparison, dates match exactly.
    check(ETAG, true);
    check("W/\"5-abc\"", false);
    check("\"other\"", false);
    check("\"5-abc\", \"other\"", false);
    check("*", false);
    check(AT, true);
    check("Tue Nov 14 22:13:20 2023", true);
    check("Tuesday, 14-Nov-23 22:13:20 GMT", true);
    check(BEFORE, false);
    check(AFTER, false);
    check("5-abc", false);
    check("", false);
    assert!(if_range_holds(&request(&[]), ETAG, MODIFIED, NOW));
}

#[test]
fn a_date_in_the_running_second_is_no_strong_validator() {
    // RFC 9110 section 8.8.2.2.
    let request = request(&[("If-Range", AT)]);
    assert!(!if_range_holds(&request, ETAG, MODIFIED, MODIFIED));
    assert!(if_range_holds(&request, ETAG, MODIFIED, MODIFIED + 1));
    assert!(!if_range_holds(&request, ETAG, MODIFIED, MODIFIED - 1));
}
