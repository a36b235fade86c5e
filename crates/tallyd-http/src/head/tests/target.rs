//! Targets in their four forms, and whom a request is for.

use super::*;

/// Path, query and host of a target that must be right.
fn check(method: &str, target: &str, path: &str, query: Option<&str>, host: &str) {
    let text = format!("{method} {target} HTTP/1.1\r\nHost: field.example\r\n\r\n");
    let request = head(&text).request;
    assert_eq!(request.path, path.as_bytes(), "{target}");
    assert_eq!(request.query, query.map(str::as_bytes), "{target}");
    assert_eq!(request.host, host.as_bytes(), "{target}");
    assert_eq!(request.target, target.as_bytes(), "{target}");
}

fn refused(method: &str, target: &str) {
    malformed(&format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
}

#[test]
fn the_origin_form() {
    // RFC 9112 section 3.2.1.
    check("GET", "/", "/", None, "field.example");
    check("GET", "/a/b", "/a/b", None, "field.example");
    check("GET", "/a?", "/a", Some(""), "field.example");
    check("GET", "/a?b=c&d?e", "/a", Some("b=c&d?e"), "field.example");
    check(
        "GET",
        "/?a=http://x/",
        "/",
        Some("a=http://x/"),
        "field.example",
    );
    check(
        "GET",
        "//evil.example/x",
        "//evil.example/x",
        None,
        "field.example",
    );
    check("GET", "/..", "/..", None, "field.example");
    check("GET", "/%00", "/%00", None, "field.example");
}

#[test]
fn the_absolute_form() {
    // RFC 9112 section 3.2.2: its authority wins over the Host field.
    check("GET", "http://a/", "/", None, "a");
    check("GET", "HTTP://a/b?c", "/b", Some("c"), "a");
    check("GET", "https://a:443/b", "/b", None, "a:443");
    check("GET", "http://a", "/", None, "a");
    check("GET", "http://a:8080", "/", None, "a:8080");
    check("GET", "http://a?x=1", "/", Some("x=1"), "a");
    check("GET", "http://[::1]:8080/foo", "/foo", None, "[::1]:8080");
    check("GET", "http://a//b", "//b", None, "a");
    for target in [
        "http://",
        "http:///",
        "http://?x",
        "http:/a",
        "http:a",
        "ftp://a/",
        "file:///etc/passwd",
        "rtsp://a/",
        "://a/",
        "http://u@a/",
        "http://u:p@a/",
        "http://a:80x/",
        "http://a::80/",
        "http://a:99999/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[::1]./",
        "http://\\a/",
        "http://a,b/",
        "a",
        "a/b",
        "../a",
        "dir/../",
        "?x",
        "%2f",
    ] {
        refused("GET", target);
    }
    // Section 3.2: the Host field must be there and right all the same.
    malformed("GET http://a/ HTTP/1.1\r\n\r\n");
    malformed("GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n");
    accepted("GET http://a/ HTTP/1.0\r\n\r\n");
}

#[test]
fn the_authority_form_and_the_asterisk_form() {
    // RFC 9112 section 3.2.3 and 3.2.4.
    check("OPTIONS", "*", "*", None, "field.example");
    check(
        "CONNECT",
        "example.com:443",
        "example.com:443",
        None,
        "field.example",
    );
    check("CONNECT", "/", "/", None, "field.example");
    check("CONNECT", "*", "*", None, "field.example");
    for method in ["GET", "HEAD", "POST", "PUT", "options"] {
        refused(method, "*");
        refused(method, "example.com:443");
    }
    refused("OPTIONS", "**");
}

#[test]
fn what_is_visible_may_be_in_a_target() {
    // RFC 9112 section 3.2, wider than RFC 3986 on purpose.
    for target in [
        "/a|b",
        "/a^b",
        "/a`b",
        "/{a}",
        "/<a>",
        "/\"a\"",
        "/a\\b",
        "/[a]",
        "/caf\u{e9}",
        "/?q={\"a\":1}",
        "/%",
        "/%zz",
    ] {
        let path = target.split('?').next().unwrap();
        check(
            "GET",
            target,
            path,
            target.split_once('?').map(|(_, query)| query),
            "field.example",
        );
    }
    for target in [
        "/a#b",
        "/#",
        "/a?b#c",
        "#",
        "/\0",
        "/\x01",
        "/a\x7f",
        "/a\tb",
        "/a\u{b}b",
        "http://a/#b",
    ] {
        refused("GET", target);
    }
    // Neither ASCII nor UTF-8.
    assert_eq!(is_accepted(b"GET /\xc0\xaf HTTP/1.0\r\n\r\n"), Some(false));
    assert_eq!(is_accepted(b"GET /\xff HTTP/1.0\r\n\r\n"), Some(false));
}

#[test]
fn a_host_is_a_name_or_an_address_and_a_port() {
    let accepts = |host: &str, expected: bool| {
        for version in ["1.0", "1.1"] {
            let text = format!("GET / HTTP/{version}\r\nHost: {host}\r\n\r\n");
            assert_eq!(is_accepted(text.as_bytes()), Some(expected), "{text:?}");
        }
    };
    // RFC 9110 section 7.2, RFC 3986 section 3.2.2 and 3.2.3.
    for host in [
        "a",
        "example.com",
        "example.com:80",
        "example.com:",
        "example.com.",
        "example.com.:88",
        "AbC-d93.0.34.nk.Ru:88",
        "foo-bar_baz.com",
        "127.0.0.1",
        "127.0.0.1:8080",
        "192.168.2",
        "xn--bcher-kva.example",
        "a:65535",
        "a:00080",
        "%61.example",
        "a!b$c&d'e(f)g*h+i;j=k~l",
        "-a.c",
        "[::1]",
        "[::1]:80",
        "[::]",
        "[abcd::ef98:0:7654:321]:80",
        "[::ffff:127.0.0.1]",
        "[::1%25en0]:80",
        "[v1.fe:d]",
    ] {
        accepts(host, true);
    }
    for host in [
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a..",
        ":80",
        ":",
        "a b",
        "a, b",
        "a,b",
        "a/b",
        "a/",
        "/",
        "a\\b",
        "u@a",
        "@a",
        "a?b",
        "a#b",
        "<script>",
        "}",
        "a\"",
        "a|b",
        "a^b",
        "a`",
        "%",
        "%4",
        "%zz",
        "a:8x",
        "a:-1",
        "a:+1",
        "a:65536",
        "a:99999999999",
        "a:1:2",
        "4714::abcd:8001",
        "\u{ff}",
        "a\u{a0}",
        "[",
        "[]",
        "[]:80",
        "[::1",
        "::1]",
        "[::1]x",
        "[::1].:98",
        "[ab..cd::1]",
        "[::1]' UNION SELECT '/",
        "[::1]/../../",
        "x[::1]",
        "[::g]",
        "[1.2.3.4]",
        "[::1%25]",
        "[::1%en0]",
        "[v1.]",
        "[v.a]",
        "[1::2::3]",
        "a\x02",
        "a\0.b",
        "http://a",
    ] {
        accepts(host, false);
    }
}

#[test]
fn a_host_is_there_once() {
    // RFC 9112 section 3.2.
    malformed("GET / HTTP/1.1\r\n\r\n");
    malformed("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    malformed("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n");
    malformed("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n");
    assert_eq!(head("GET / HTTP/1.0\r\n\r\n").request.host, b"");
}
