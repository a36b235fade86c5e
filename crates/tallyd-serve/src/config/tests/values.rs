//! How single values are written, in tables: what is right, and what is said about the rest.

use std::fmt::Debug;
use std::time::Duration;

use tallyd_http::status::Status;

use super::{config, from_file, lines};
use crate::config::{Listen, SiteConfig};

/// Sees what becomes of `key = value`; an expectation that begins with `!` is the start of the complaint.
fn check<V: Debug>(key: &str, read: impl Fn(&crate::config::Config) -> V, rows: &[(&str, &str)]) {
    for (value, expected) in rows {
        let found = match from_file(&format!("allow-privileged-port = true\n{key} = {value}")) {
            Ok(config) => format!("{:?}", read(&config)),
            Err(problems) => {
                let lines = lines(&problems);
                let (_, message) = lines.split_once(": ").expect(value);
                format!("!{message}")
            }
        };
        let is_expected = match expected.starts_with('!') {
            true => found.starts_with(expected),
            false => found == *expected,
        };
        assert!(is_expected, "{key} = {value}: {found}, expected {expected}");
    }
}

#[test]
fn times() {
    let rows = [
        ("0", "0ns"),
        ("'off'", "0ns"),
        ("3", "3s"),
        ("'3'", "3s"),
        ("'3s'", "3s"),
        ("'500ms'", "500ms"),
        ("'2m'", "120s"),
        ("'2 m'", "120s"),
        ("'1h'", "3600s"),
        ("'24h'", "86400s"),
        (
            "'25h'",
            "!25h is out of range: it must be from 0ns to 86400s",
        ),
        (
            "'99999999999999999999h'",
            "!\"99999999999999999999h\" is not a time",
        ),
        (
            "'18446744073709551615h'",
            "!18446744073709551615h is out of range",
        ),
        ("-1", "!\"-1\" is not a time"),
        ("''", "!\"\" is not a time"),
        ("'s'", "!\"s\" is not a time"),
        ("'1.5s'", "!\"1.5s\" is not a time"),
        (
            "'3 apples'",
            "!\"3 apples\" is not a time: write 500ms, 3s, 2m or 1h; a plain number means seconds",
        ),
    ];
    check("keep-alive", |config| config.limits.keep_alive, &rows);
    check(
        "head-timeout",
        |config| config.limits.head_timeout,
        &[("0", "!0 is out of range: it must be from 100ms")],
    );
    assert_eq!(config("drain-timeout = 0").drain_timeout, Duration::ZERO);
}

#[test]
fn sizes() {
    let rows = [
        ("0", "0"),
        ("1", "1"),
        ("1_000", "1000"),
        ("'16B'", "16"),
        ("'16KiB'", "16384"),
        ("'16k'", "16384"),
        ("'1M'", "1048576"),
        ("'1 MiB'", "1048576"),
        ("'1G'", "1073741824"),
        (
            "'2GiB'",
            "!2GiB is out of range: it must be from 0 bytes to 1GiB",
        ),
        ("'99999999999999G'", "!99999999999999G is out of range"),
        (
            "'1MB'",
            "!\"1MB\" is not a size: write 16KiB, 1MiB or 2GiB; a plain number means bytes",
        ),
        ("'ä'", "!\"ä\" is not a size"),
    ];
    check("max-body", |config| config.limits.body, &rows);
}

#[test]
fn numbers() {
    check(
        "max-fields",
        |config| config.limits.head.fields,
        &[
            ("8", "8"),
            ("7", "!\"7\" is not a whole number from 8 to 1000"),
            ("'many'", "!\"many\" is not a whole number from 8 to 1000"),
        ],
    );
    check(
        "workers",
        |config| config.workers,
        &[
            ("1024", "1024"),
            ("'2'", "2"),
            ("1025", "!\"1025\" is not a number of workers"),
        ],
    );
}

#[test]
fn addresses() {
    let malformed = |text: &str| format!("!\"{text}\" is not an address: write ADDRESS:PORT, ");
    let name = malformed("example.org:80");
    let bare_v6 = malformed("::1");
    let bare_v6_and_port = malformed("::1:9000");
    let url = malformed("http://[::1]:80/");
    let nothing = malformed("");
    let rows = [
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        ("0.0.0.0:80", "0.0.0.0:80"),
        ("[::1]:9000", "[::1]:9000"),
        ("*:9000", "[::]:9000"),
        (":9000", "[::]:9000"),
        ("9000", "[::]:9000"),
        ("0", "[::]:0"),
        ("localhost:9000", "127.0.0.1:9000"),
        ("127.0.0.1", "127.0.0.1:8080"),
        ("[::1]", "[::1]:8080"),
        ("*", "[::]:8080"),
        ("localhost", "127.0.0.1:8080"),
        ("unix:/run/s", "unix:/run/s"),
        ("unix:", "!a path is missing"),
        (
            "70000",
            "!\"70000\" is not a port: write 1 to 65535, or 0 for one that the system picks",
        ),
        ("127.0.0.1:70000", "!\"70000\" is not a port"),
        ("*:", "!\"\" is not a port"),
        ("*:http", "!\"http\" is not a port"),
        ("example.org:80", &name),
        ("::1", &bare_v6),
        ("::1:9000", &bare_v6_and_port),
        ("http://[::1]:80/", &url),
        ("", &nothing),
    ];
    let shown = |listen: &Listen| match listen {
        Listen::Tcp(address) => address.to_string(),
        Listen::Unix(path) => format!("unix:{}", path.display()),
    };
    for (address, expected) in rows {
        let found = match from_file(&format!(
            "allow-privileged-port = true\nlisten = ['{address}']"
        )) {
            Ok(config) => config.listen.iter().map(shown).collect(),
            Err(problems) => lines(&problems).replace("config.toml:2:11: ", "!"),
        };
        let is_expected =
            found == expected || (expected.starts_with('!') && found.starts_with(expected));
        assert!(is_expected, "{address}: {found}, expected {expected}");
    }
    let long = format!("listen = ['unix:/{}']", "x".repeat(107));
    let problems = from_file(&long).unwrap_err();
    assert_eq!(
        lines(&problems),
        "config.toml:1:11: the path of a Unix socket has at most 107 bytes"
    );
}

#[test]
fn content_types() {
    let rows = [
        ("{ MD = 'text/markdown' }", r#"[("md", "text/markdown")]"#),
        (
            "{ '.md' = 'text/markdown; charset=utf-8' }",
            r#"[("md", "text/markdown; charset=utf-8")]"#,
        ),
        ("{ a = 'a/b;c=\"d e\"' }", r#"[("a", "a/b;c=\"d e\"")]"#),
        (
            "{ 'tar.gz' = 'a/b' }",
            "!\"tar.gz\" is not an extension: write what follows the last dot of a name, such as \"md\"",
        ),
        ("{ '' = 'a/b' }", "!\"\" is not an extension"),
        (
            "{ a = 'text' }",
            "!\"text\" is not a content type: write TYPE/SUBTYPE, such as \"text/markdown\"",
        ),
        ("{ a = 'text/' }", "!\"text/\" is not a content type"),
        ("{ a = 'a/b;' }", "!\"a/b;\" is not a content type"),
        ("{ a = 'a/b; c' }", "!\"a/b; c\" is not a content type"),
        (
            "{ a = \"a/b\\r\\nX: 1\" }",
            "!\"a/b\\r\\nX: 1\" is not a content type",
        ),
    ];
    check("types", |config| config.site.types.clone(), &rows);
}

#[test]
fn headers() {
    let read = |site: &SiteConfig| {
        let text = |rule: &crate::config::HeaderRule| {
            format!("{} {}={}", rule.glob, rule.name, rule.value)
        };
        site.headers.iter().map(text).collect::<Vec<_>>()
    };
    let rows = [
        ("{ '/**' = 'X-A: 1' }", r#"["/** X-A=1"]"#),
        (
            "{ '*.js' = ['X-A:\t1 ', 'X-B: é'] }",
            r#"["*.js X-A=1", "*.js X-B=é"]"#,
        ),
        ("{ '/' = 'X:' }", r#"["/ X="]"#),
        (
            "{ 'a/**' = 'X: 1' }",
            "!\"a/**\" matches no path: it must start with / or *",
        ),
        ("{ '' = 'X: 1' }", "!\"\" matches no path"),
        ("{ '/' = 'X Y: 1' }", "!\"X Y\" is not a header name"),
        ("{ '/' = 'X : 1' }", "!\"X \" is not a header name"),
        ("{ '/' = ': 1' }", "!\"\" is not a header name"),
        (
            "{ '/' = \"X: 1\\r\\nY: 2\" }",
            "!\"1\\r\\nY: 2\" has control characters, which a header cannot carry",
        ),
        (
            "{ '/' = 'content-length: 1' }",
            "!content-length is written by the server itself, from what it sends",
        ),
        (
            "{ '/' = 'Content-Type: a/b' }",
            "!Content-Type follows the extension: set it in types",
        ),
    ];
    check("headers", |config| read(&config.site), &rows);
    check(
        "cache-control",
        |config| config.site.cache_control.clone(),
        &[
            ("{ '*' = ' no-cache ' }", r#"[("*", "no-cache")]"#),
            ("{ 'a/*' = 'no-cache' }", "!\"a/*\" matches no path"),
        ],
    );
}

#[test]
fn redirects() {
    let of = |value: &str| {
        config(&format!("[redirects]\n'/old' = '{value}'"))
            .site
            .redirects
            .remove(0)
    };
    assert_eq!(
        (of("/new").status, of("/new").to.as_str()),
        (Status::MOVED, "/new")
    );
    assert_eq!(
        (of("302 /new").status, of("302 /new").to.as_str()),
        (Status::FOUND, "/new")
    );
    assert_eq!(of("303 /new").status, Status::SEE_OTHER);
    assert_eq!(of("307 /new").status, Status::TEMPORARY_REDIRECT);
    assert_eq!(
        of("308 https://example.org/?q=1#a").status,
        Status::PERMANENT_REDIRECT
    );
    let read = |site: &SiteConfig| {
        let text =
            |redirect: &crate::config::Redirect| format!("{} {}", redirect.from, redirect.to);
        site.redirects.iter().map(text).collect::<Vec<_>>()
    };
    let rows = [
        ("{ '/a/*' = '/b/*' }", r#"["/a/* /b/*"]"#),
        (
            "{ '/*' = 'https://example.org/*' }",
            r#"["/* https://example.org/*"]"#,
        ),
        ("{ '/a/*' = '/b' }", r#"["/a/* /b"]"#),
        (
            "{ 'a' = '/b' }",
            "!\"a\" is not a path: it starts with /, and a * may stand only at its end",
        ),
        ("{ '/a*b' = '/b' }", "!\"/a*b\" is not a path"),
        (
            "{ '/a' = '304 /b' }",
            "!\"304\" is not a status of a redirect: write 301, 302, 303, 307 or 308, a space and the target",
        ),
        (
            "{ '/a' = 'b' }",
            "!\"b\" is not a target: it starts with /, http:// or https://",
        ),
        ("{ '/a' = '302 ' }", "!\"\" is not a target"),
        (
            "{ '/a' = '/ä' }",
            "!\"/ä\" must be written as in a URL: spaces and letters beyond ASCII as %XX",
        ),
        (
            "{ '/a' = '/b/*' }",
            "!\"/b/*\": a * stands for what the * of \"/a\" left over",
        ),
        ("{ '/a/*' = '/b/*/*' }", "!\"/b/*/*\": a * stands"),
        ("{ '/a' = '/a' }", "!\"/a\" leads back to itself"),
        ("{ '/*' = '/new/*' }", "!\"/*\" leads back to itself"),
    ];
    check("redirects", |config| read(&config.site), &rows);
}

#[test]
fn compressed_variants() {
    check(
        "precompressed",
        |config| config.site.precompressed.clone(),
        &[
            ("['gz', 'br']", "[Gzip, Brotli]"),
            ("['gzip']", "!\"gzip\" is not one of br, zst, gz"),
        ],
    );
}
