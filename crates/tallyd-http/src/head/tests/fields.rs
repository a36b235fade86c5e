//! Fields: their syntax, their doubles, and what they say of the connection.

use super::*;

fn with(fields: &str) -> String {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n")
}

#[test]
fn a_field_is_a_name_a_colon_and_a_value() {
    // RFC 9112 section 5, RFC 9110 section 5.1 and 5.5.
    for field in [
        "A: b",
        "A:b",
        "A:  b",
        "A:\tb\t ",
        "A:",
        "A: ",
        "a.b: c",
        ".a: c",
        "a_b: c",
        "A!#$%&'*+-.^_`|~: c",
        "A: caf\u{e9}",
        "A: b\tc",
        "A: b: c",
        "A: \"b\\\"c\"",
        "X.Custom|Pipe: ok",
    ] {
        accepted(&with(field));
    }
    for field in [
        "A",
        ":",
        ": b",
        ":a: b",
        "A : b",
        "A\t: b",
        " A: b",
        "\tA: b",
        "A\0: b",
        "A\x01B: c",
        "\u{e9}: b",
        "A B: c",
        "A[: b",
        "A@: b",
        "A(: b",
        "A: \0",
        "A: b\0",
        "A: \x01b",
        "A: b\x07",
        "A: b\x7f",
        "A: b\x0bc",
        "A: \x1f",
    ] {
        malformed(&with(field));
    }
}

#[test]
fn folded_lines_are_refused() {
    // RFC 9112 section 5.2.
    for fields in [
        "A: b\r\n c",
        "A: b\r\n\tc",
        "A:\r\n b",
        "A: b\r\n \r\nC: d",
        "name\r\n : value",
    ] {
        malformed(&with(fields));
    }
    // Section 2.2: white space between the request line and the first field.
    malformed("GET / HTTP/1.1\r\n Host: a\r\n\r\n");
    malformed("GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n");
}

#[test]
fn field_names_have_no_case() {
    // RFC 9110 section 5.1.
    for name in ["host", "HOST", "hOsT"] {
        assert_eq!(
            head(&format!("GET / HTTP/1.1\r\n{name}: x\r\n\r\n"))
                .request
                .host,
            b"x"
        );
    }
    assert_eq!(
        head(&with("rAnGe: bytes=0-1")).request.range,
        Some(&b"bytes=0-1"[..])
    );
}

#[test]
fn every_field_has_its_place() {
    let text = with(
        "Accept: a\r\nAccept-Encoding: b\r\nRange: c\r\nIf-Range: d\r\nIf-Match: e\r\nIf-None-Match: f\r\n\
         If-Modified-Since: g\r\nIf-Unmodified-Since: h\r\nReferer: i\r\nUser-Agent: j",
    );
    let request = head(&text).request;
    assert_eq!(request.accept.as_deref(), Some(&b"a"[..]));
    assert_eq!(request.accept_encoding.as_deref(), Some(&b"b"[..]));
    assert_eq!(request.range, Some(&b"c"[..]));
    assert_eq!(request.if_range, Some(&b"d"[..]));
    assert_eq!(request.if_match.as_deref(), Some(&b"e"[..]));
    assert_eq!(request.if_none_match.as_deref(), Some(&b"f"[..]));
    assert_eq!(request.if_modified_since, Some(&b"g"[..]));
    assert_eq!(request.if_unmodified_since, Some(&b"h"[..]));
    assert_eq!(request.referer, Some(&b"i"[..]));
    assert_eq!(request.user_agent, Some(&b"j"[..]));
}

#[test]
fn lines_of_a_list_are_one_list() {
    // RFC 9110 section 5.3.
    let text = with(
        "Accept-Encoding: identity;q=0.5\r\nX: y\r\nAccept-Encoding: gzip\r\nIf-None-Match: \"a\"\r\nIf-None-Match: \"b\"",
    );
    let request = head(&text).request;
    assert_eq!(
        request.accept_encoding.as_deref(),
        Some(&b"identity;q=0.5, gzip"[..])
    );
    assert_eq!(request.if_none_match.as_deref(), Some(&b"\"a\", \"b\""[..]));
}

#[test]
fn a_single_line_is_borrowed() {
    let text = with("Accept: */*\r\nAccept-Encoding: gzip\r\nIf-Match: *\r\nIf-None-Match: *");
    let request = head(&text).request;
    for list in [
        request.accept,
        request.accept_encoding,
        request.if_match,
        request.if_none_match,
    ] {
        assert!(matches!(list, Some(std::borrow::Cow::Borrowed(_))));
    }
}

#[test]
fn doubled_single_fields_change_no_answer() {
    // RFC 9110 section 5.3: not lists, so that no value of theirs is the right one.
    let date = "Tue, 14 Nov 2023 22:13:20 GMT";
    let text = with(&format!(
        "If-Modified-Since: {date}\r\nIf-Modified-Since: {date}\r\nIf-Unmodified-Since: {date}\r\nIf-Unmodified-Since: x"
    ));
    let request = head(&text).request;
    assert_eq!(
        (request.if_modified_since, request.if_unmodified_since),
        (None, None)
    );
    let text = with(
        "Range: bytes=0-1\r\nRange: bytes=2-3\r\nReferer: a\r\nReferer: b\r\nUser-Agent: c\r\nUser-Agent: d",
    );
    let request = head(&text).request;
    assert_eq!(
        (request.range, request.referer, request.user_agent),
        (None, Some(&b"a"[..]), Some(&b"c"[..]))
    );
    // Section 13.1.5: an If-Range that can't hold takes its Range with it.
    let text = with("Range: bytes=0-1\r\nIf-Range: \"a\"\r\nIf-Range: \"a\"");
    let request = head(&text).request;
    assert_eq!((request.range, request.if_range), (None, None));
}

#[test]
fn connections_stay_or_close() {
    let check = |version: &str, fields: &str, expected: bool| {
        let text = format!("GET / HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
        assert_eq!(head(&text).keep_alive, expected, "{text:?}");
    };
    // RFC 9112 section 9.3.
    check("1.1", "", true);
    check("1.1", "Connection: close\r\n", false);
    check("1.1", "Connection: CLOSE\r\n", false);
    check("1.1", "Connection: keep-alive\r\n", true);
    check("1.1", "Connection: foo, close\r\n", false);
    check("1.1", "Connection: close, ,TE\r\n", false);
    check("1.1", "Connection: close, \r\n", false);
    check(
        "1.1",
        "Connection: keep-alive\r\nConnection: close\r\n",
        false,
    );
    check(
        "1.1",
        "Connection: close\r\nConnection: keep-alive\r\n",
        false,
    );
    check("1.1", "Connection: closed\r\n", true);
    check("1.1", "Connection: \"close\"\r\n", true);
    check("1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", true);
    check("1.0", "", false);
    check("1.0", "Connection: keep-alive\r\n", true);
    check("1.0", "Connection: TE, Keep-Alive\r\n", true);
    check("1.0", "Connection: keep-alive, close\r\n", false);
    check("1.0", "Keep-Alive: 300\r\n", false);
}

#[test]
fn only_100_continue_can_be_expected() {
    let check = |version: &str, fields: &str, expected: Result<bool, HeadError>| {
        let text = format!("POST / HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
        let found = parse(text.as_bytes(), &HeadLimits::default())
            .map(|head| head.unwrap().expect_continue);
        assert_eq!(found, expected, "{text:?}");
    };
    // RFC 9110 section 10.1.1.
    check(
        "1.1",
        "Content-Length: 5\r\nExpect: 100-continue\r\n",
        Ok(true),
    );
    check(
        "1.1",
        "Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n",
        Ok(true),
    );
    check("1.1", "Content-Length: 5\r\n", Ok(false));
    check("1.1", "Expect: 100-continue\r\n", Ok(false));
    check(
        "1.1",
        "Content-Length: 0\r\nExpect: 100-continue\r\n",
        Ok(false),
    );
    check("1.1", "Content-Length: 5\r\nExpect:\r\n", Ok(false));
    check(
        "1.0",
        "Content-Length: 5\r\nExpect: 100-continue\r\n",
        Ok(false),
    );
    check(
        "1.1",
        "Expect: 200-ok\r\n",
        Err(HeadError::ExpectationFailed),
    );
    check(
        "1.1",
        "Expect: 100-continue, x\r\n",
        Err(HeadError::ExpectationFailed),
    );
    check(
        "1.1",
        "Content-Length: 5\r\nExpect: 100-continue\r\nExpect: x\r\n",
        Err(HeadError::ExpectationFailed),
    );
    check("1.0", "Expect: x\r\n", Err(HeadError::ExpectationFailed));
}
