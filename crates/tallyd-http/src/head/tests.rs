//! Heads: one row for each rule, with the section that it comes from.

mod fields;
mod framing;
mod random;
mod target;

use super::*;

/// A head that must be right, as one request on its own.
fn head(text: &str) -> Head<'_> {
    let head = parse(text.as_bytes(), &HeadLimits::default());
    head.unwrap_or_else(|error| panic!("{error:?}: {text:?}"))
        .unwrap_or_else(|| panic!("unfinished: {text:?}"))
}

/// `Some(true)` if the head is accepted, `Some(false)` if it is malformed, `None` if it is unfinished.
fn is_accepted(bytes: &[u8]) -> Option<bool> {
    match parse(bytes, &HeadLimits::default()) {
        Ok(Some(_)) => Some(true),
        Ok(None) => None,
        Err(HeadError::Malformed(_)) => Some(false),
        Err(other) => panic!("{other:?}: {}", bytes.escape_ascii()),
    }
}

fn malformed(text: &str) {
    assert_eq!(is_accepted(text.as_bytes()), Some(false), "{text:?}");
}

fn accepted(text: &str) {
    assert_eq!(is_accepted(text.as_bytes()), Some(true), "{text:?}");
}

fn unfinished(text: &str) {
    assert_eq!(is_accepted(text.as_bytes()), None, "{text:?}");
}

fn fails(text: &str, expected: HeadError) {
    assert_eq!(
        parse(text.as_bytes(), &HeadLimits::default()).err(),
        Some(expected),
        "{text:?}"
    );
}

#[test]
fn a_plain_get_is_read_whole() {
    let text = "GET /a%20b?x=1 HTTP/1.1\r\nHost: example.com:8080\r\nUser-Agent: test/1\r\nReferer: /from\r\n\r\nrest";
    let head = head(text);
    let request = &head.request;
    assert_eq!(
        (request.method, request.verb, request.version),
        (Method::Get, &b"GET"[..], Version::Http11)
    );
    assert_eq!(
        (request.target, request.path),
        (&b"/a%20b?x=1"[..], &b"/a%20b"[..])
    );
    assert_eq!(request.query, Some(&b"x=1"[..]));
    assert_eq!(
        (request.host, request.host_name()),
        (&b"example.com:8080"[..], &b"example.com"[..])
    );
    assert_eq!(
        (request.user_agent, request.referer),
        (Some(&b"test/1"[..]), Some(&b"/from"[..]))
    );
    assert_eq!(
        (head.length, head.body, head.keep_alive),
        (text.len() - 4, BodyLength::None, true)
    );
    assert!(!head.expect_continue);
}

#[test]
fn the_request_line_has_two_single_spaces() {
    // RFC 9112 section 3.
    for line in [
        " ",
        "a",
        "a ",
        "GET",
        "GET ",
        "GET /",
        "GET / ",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1",
        "GET / HTTP/1.1\t",
        "GET HTTP/1.1",
        "GET  HTTP/1.1",
        "GET/HTTP/1.1",
        "GET /HTTP/1.1",
        "GET / / HTTP/1.1",
        "GET /a b HTTP/1.1",
        "G ET / HTTP/1.1",
        " / HTTP/1.1",
        "GET /\u{b}HTTP/1.1",
        "/ HTTP/1.1",
    ] {
        malformed(&format!("{line}\r\nHost: a\r\n\r\n"));
    }
}

#[test]
fn a_method_is_a_token() {
    // RFC 9110 section 9.1.
    for verb in [
        "get",
        "PUT",
        "DELETE",
        "PROPFIND",
        "-BLARGH",
        "M-SEARCH",
        "A!#$%&'*+-.^_`|~9",
    ] {
        assert_eq!(
            head(&format!("{verb} / HTTP/1.1\r\nHost: a\r\n\r\n"))
                .request
                .method,
            Method::Other
        );
    }
    for verb in [
        "GET\0",
        "GET\x01",
        "G=\":<>(e)",
        "GET:",
        "G\u{c9}T",
        "G@T",
        "\x16\x03\x01",
        "G\"T",
    ] {
        malformed(&format!("{verb} / HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    malformed(&format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "A".repeat(65)));
    accepted(&format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "A".repeat(64)));
}

#[test]
fn only_two_versions_are_spoken() {
    // RFC 9112 section 2.3.
    for version in [
        "HTTP/0.9",
        "HTTP/1.2",
        "HTTP/2.0",
        "HTTP/01.1",
        "HTTP/3.0",
        "HTTP/5.6",
        "HTTP/9.9",
    ] {
        fails(
            &format!("GET / {version}\r\nHost: a\r\n\r\n"),
            HeadError::Version,
        );
    }
    for version in [
        "http/1.1",
        "Http/1.1",
        "HTTP/1",
        "HTTP/",
        "HTTP",
        "HTTP/1.",
        "HTTP/.1",
        "HTTP/1.01",
        "HTTP/1.11",
        "HTTP/10.0",
        "HTTP/111",
        "HTT/1.1",
        "HTTPS/1.1",
        "HTTP /1.1",
        "HTTP/1,1",
        "HTTP/+1.1",
        "RTSP/1.0",
        "ICE/1.0",
        "HTTP/1.1x",
        "HTTP/a.b",
    ] {
        malformed(&format!("GET / {version}\r\nHost: a\r\n\r\n"));
    }
    assert_eq!(
        head("GET / HTTP/1.0\r\n\r\n").request.version,
        Version::Http10
    );
    // HTTP/0.9: no version at all.
    malformed("GET /\r\n\r\n");
}

#[test]
fn lines_end_in_crlf_only() {
    // RFC 9112 section 2.2.
    for text in [
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.0\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\nb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\n\r\n\r\n",
        "GET / HTTP/1.1\rHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\rX: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\r: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX:\rb\r\n\r\n",
        "\nGET / HTTP/1.0\r\n\r\n",
    ] {
        malformed(text);
    }
}

#[test]
fn a_few_empty_lines_before_the_request_are_skipped() {
    // RFC 9112 section 2.2.
    let text = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(head(text).length, text.len());
    for lines in 1..=4 {
        accepted(&format!("{}GET / HTTP/1.0\r\n\r\n", "\r\n".repeat(lines)));
    }
    malformed(&format!("{}GET / HTTP/1.0\r\n\r\n", "\r\n".repeat(5)));
    malformed("\r\rGET / HTTP/1.0\r\n\r\n");
    malformed("   \r\n\r\n");
    for text in ["", "\r", "\r\n", "\r\n\r", "\r\n\r\n\r\n\r\n"] {
        unfinished(text);
    }
}

#[test]
fn what_is_not_http_is_refused_at_its_first_wrong_byte() {
    // RFC 9112 section 3.
    for start in [
        "\x16\x03\x01\x02",
        "SSH-2.0-x\r\n",
        "GET\x01",
        "GET /\x7f",
        "GET / X",
        "GET / HTTP/2",
        "GET / HTTP/1.1\n",
        "GET / HTTP/1.1 ",
        "GET ht\r",
        "\0",
        "\u{80}",
        "<xml",
        "GET / HTTP/1.1\r\nHost: a\n",
        "GET  ",
    ] {
        assert!(
            parse(start.as_bytes(), &HeadLimits::default()).is_err(),
            "{start:?}"
        );
    }
    for start in [
        "",
        "G",
        "GET",
        "GET ",
        "GET /",
        "GET / ",
        "GET / HTTP",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\r",
    ] {
        unfinished(start);
    }
    for start in [
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHos",
        "GET / HTTP/1.1\r\nHost: ",
        "GET / HTTP/1.1\r\nHost: a\r\n\r",
    ] {
        unfinished(start);
    }
}

#[test]
fn a_line_or_head_over_its_limit_is_refused_at_once() {
    // RFC 9112 section 3, RFC 6585 section 5.
    let limits = HeadLimits {
        head: 200,
        fields: 3,
        target: 50,
    };
    let check = |text: String, expected: Result<bool, HeadError>| {
        let found = parse(text.as_bytes(), &limits).map(|head| head.is_some());
        assert_eq!(found, expected, "{text:?}");
    };
    check(
        format!("GET /{} HTTP/1.0\r\n\r\n", "a".repeat(49)),
        Ok(true),
    );
    check(
        format!("GET /{} HTTP/1.0\r\n\r\n", "a".repeat(50)),
        Err(HeadError::TargetTooLong),
    );
    check(format!("GET /{}", "a".repeat(49)), Ok(false));
    check(
        format!("GET /{}", "a".repeat(50)),
        Err(HeadError::TargetTooLong),
    );
    let start = "GET / HTTP/1.0\r\nA: ";
    let fits = 200 - start.len() - 4;
    check(format!("{start}{}\r\n\r\n", "a".repeat(fits)), Ok(true));
    check(
        format!("{start}{}\r\n\r\n", "a".repeat(fits + 1)),
        Err(HeadError::HeadTooLong),
    );
    check(
        format!("{start}{}", "a".repeat(199 - start.len())),
        Ok(false),
    );
    check(
        format!("{start}{}", "a".repeat(200 - start.len())),
        Err(HeadError::HeadTooLong),
    );
    check(
        format!("GET / HTTP/1.0\r\n{}\r\n", "A: b\r\n".repeat(3)),
        Ok(true),
    );
    check(
        format!("GET / HTTP/1.0\r\n{}\r\n", "A: b\r\n".repeat(4)),
        Err(HeadError::TooManyFields),
    );
    check(
        format!("GET / HTTP/1.0\r\n{}", "A: b\r\n".repeat(4)),
        Err(HeadError::TooManyFields),
    );
    // A line that the head has no room for is too long as well.
    let narrow = HeadLimits { head: 20, ..limits };
    assert_eq!(
        parse(b"GET /aaaaaaaaaaaaaaaaaaaaaa", &narrow).err(),
        Some(HeadError::TargetTooLong)
    );
}

#[test]
fn no_configuration_asks_for_more_fields_than_the_stack_has() {
    let limits = HeadLimits {
        fields: usize::MAX,
        ..HeadLimits::default()
    };
    let text = |count: usize| format!("GET / HTTP/1.0\r\n{}\r\n", "A: b\r\n".repeat(count));
    assert!(parse(text(MAX_FIELDS).as_bytes(), &limits).is_ok_and(|head| head.is_some()));
    assert_eq!(
        parse(text(MAX_FIELDS + 1).as_bytes(), &limits).err(),
        Some(HeadError::TooManyFields)
    );
}

#[test]
fn every_error_has_its_status() {
    let check = |error: HeadError, code: u16| assert_eq!(error.status().code(), code, "{error}");
    check(HeadError::Malformed("x"), 400);
    check(HeadError::Version, 400);
    check(HeadError::TargetTooLong, 414);
    check(HeadError::HeadTooLong, 431);
    check(HeadError::TooManyFields, 431);
    check(HeadError::UnknownCoding, 501);
    check(HeadError::ExpectationFailed, 417);
}
