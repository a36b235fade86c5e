//! Lines of every format, and bytes of every kind.

use super::*;
use crate::load::plan::mixed;

const AT: i64 = 1_700_000_000_000_000_000;

fn said(line: &str) -> Request {
    match read(line.as_bytes()) {
        Line::Request(request) => request,
        other => panic!("{other:?}: {line}"),
    }
}

fn parts(line: &str) -> (&'static str, String, Condition) {
    let request = said(line);
    (request.method, request.target, request.condition)
}

#[test]
fn common_and_combined_lines_of_every_server_are_read() {
    let time = "[14/Nov/2023:22:13:20 +0000]";
    for (line, method, target) in [
        // tallyd, nginx and lighttpd
        (
            format!("127.0.0.1 - - {time} \"GET /a?x HTTP/1.1\" 200 251"),
            "GET",
            "/a?x",
        ),
        (
            format!("::1 - - {time} \"HEAD / HTTP/1.1\" 200 0 \"-\" \"curl/8\""),
            "HEAD",
            "/",
        ),
        (
            format!(
                "1.2.3.4 - - {time} \"GET /\\x22\\xC3\\xA9\\x5C HTTP/2.0\" 404 153 \"-\" \"-\""
            ),
            "GET",
            "/\"%C3%A9\\",
        ),
        // Apache
        (
            format!("h:80 1.2.3.4 - a[b] {time} \"GET /\\\"\\\\\\t HTTP/1.0\" 200 -"),
            "GET",
            "/\"\\%09",
        ),
        (
            format!("1.2.3.4 - \"x\" {time} \"GET /a b  c HTTP/1.1\" 200 5 \"\\\"\" \"x\" 0.001"),
            "GET",
            "/a%20b%20%20c",
        ),
        (
            format!("1.2.3.4 - - {time} \"GET /old\" 200 5\r"),
            "GET",
            "/old",
        ),
        (
            format!("1.2.3.4 - - {time} \"GET http://h:80/p?q HTTP/1.1\" 200 5"),
            "GET",
            "/p?q",
        ),
        (
            format!("1.2.3.4 - - {time} \"GET HTTPS://h HTTP/1.1\" 200 5"),
            "GET",
            "/",
        ),
    ] {
        let request = said(&line);
        assert_eq!(
            (request.method, &*request.target),
            (method, target),
            "{line}"
        );
        assert_eq!(request.condition, Condition::None, "{line}");
        let at = Moment {
            nanos: AT,
            is_whole: true,
        };
        assert_eq!((request.at, request.is_of_tally), (Some(at), false));
    }
}

#[test]
fn json_lines_of_tallyd_caddy_and_nginx_are_read() {
    for (line, nanos, condition) in [
        (
            r#"{"time":"2023-11-14T22:13:20.123Z","client":"127.0.0.1","port":4711,"method":"GET","host":"h","target":"/a b","protocol":"HTTP/1.1","status":206,"bytes":251,"range":"bytes=0-99,-5","outcome":"complete","duration":0.001500,"path":"/other","hit":6}"#,
            AT + 123_000_000,
            Condition::Range("bytes=0-99,-5".into()),
        ),
        (
            r#"{"level":"info","ts":1700000000.5,"logger":"http.log.access","msg":"handled request","request":{"method":"GET","host":"h","uri":"/a b","headers":{"Range":["bytes=5-"]}},"bytes_read":0,"size":7,"status":206}"#,
            AT + 500_000_000,
            Condition::Range("bytes=5-".into()),
        ),
        (
            r#"{"time_iso8601":"2023-11-14T22:13:20+00:00","msec":"1700000000.250","request":"GET /a b HTTP/1.1","status":"206","body_bytes_sent":"42","http_range":"-"}"#,
            AT + 250_000_000,
            Condition::First(42),
        ),
        (
            r#"{"@timestamp":"2023-11-14T23:13:20+01:00","request_method":"GET","request_uri":"/a b","uri":"/x","status":304}"#,
            AT,
            Condition::Unchanged,
        ),
        (
            r#"{"time_local":"14/Nov/2023:22:13:20 +0000","method":"GET","url":"http://h/a b","status":200}"#,
            AT,
            Condition::None,
        ),
    ] {
        let request = said(line);
        assert_eq!(request.at.map(|at| at.nanos), Some(nanos), "{line}");
        assert_eq!(
            (request.method, &*request.target),
            ("GET", "/a%20b"),
            "{line}"
        );
        assert_eq!(request.condition, condition, "{line}");
    }
    assert_eq!(said(r#"{"method":"HEAD","path":"/a"}"#).at, None);
}

#[test]
fn lines_of_tally_have_names_and_no_times() {
    for (line, target) in [
        ("/index.html|127.0.0.1|4711|6", "/index.html"),
        ("/a b?#%é|::1|1|7", "/a%20b%3F%23%25%C3%A9"),
        (
            "/a\\x0A\\x7C\\x5C\\xFF|1|2|unix:|0|9",
            "/a%0A%7C%5C%FF%7C1%7C2",
        ),
    ] {
        let request = said(line);
        assert_eq!((&*request.target, request.at), (target, None));
        assert!(request.is_of_tally);
    }
    for line in [
        "/a|h|1|2",
        "/a|127.0.0.1|x|2",
        "/a|127.0.0.1|1|",
        "/a",
        "a|127.0.0.1|1|2",
    ] {
        assert_eq!(read(line.as_bytes()), Line::Unreadable, "{line}");
    }
}

#[test]
fn what_was_sent_of_a_part_decides_where_the_range_is_not_told() {
    let line = |status: u16, bytes: &str| {
        parts(&format!(
            "- - - [14/Nov/2023:22:13:20 +0000] \"GET /a HTTP/1.1\" {status} {bytes}"
        ))
        .2
    };
    assert_eq!(line(206, "100"), Condition::First(100));
    assert_eq!(line(206, "0"), Condition::None);
    assert_eq!(line(206, "-"), Condition::None);
    assert_eq!(line(304, "0"), Condition::Unchanged);
    assert_eq!(line(404, "100"), Condition::None);
}

#[test]
fn other_methods_are_told_and_what_is_no_request_is_not_read() {
    let line = |request: &str| {
        read(format!("- - - [14/Nov/2023:22:13:20 +0000] \"{request}\" 400 0").as_bytes())
    };
    assert_eq!(line("POST /a HTTP/1.1"), Line::Other("POST".into()));
    assert_eq!(line("OPTIONS * HTTP/1.1"), Line::Other("OPTIONS".into()));
    let long = format!("GET /{} HTTP/1.1", "x".repeat(LONGEST_TARGET));
    let fits = format!("GET /{} HTTP/1.1", "x".repeat(LONGEST_TARGET - 1));
    assert!(matches!(line(&fits), Line::Request(_)));
    for request in [
        "",
        "-",
        "GET",
        "GET ",
        "GET * HTTP/1.1",
        "GET a HTTP/1.1",
        "get / HTTP/1.1",
        "\\x16\\x03\\x01 x",
        "GET ftp://h/ HTTP/1.1",
        "GET h:443 HTTP/1.1",
        &long,
    ] {
        assert_eq!(line(request), Line::Unreadable, "{request:.60}");
    }
    for line in [
        "x",
        "[]",
        "1.2.3.4 - - [14/Nov/2023:22:13:20 +0000]",
        "1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"GET / HTTP/1.1",
        "1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"GET / HTTP/1.1\\\" 200 1",
        "1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"GET / HTTP/1.1\" x 1",
        "1.2.3.4 - - [14/Nov/20x3:22:13:20 +0000] \"GET / HTTP/1.1\" 200 1",
        "{}",
        "{\"method\":\"GET\"}",
        "{\"request\":7}",
        "{\"method\":\"GET\",\"target\":\"/\"",
        "{\"method\":\"GET\",\"target\":\"\"}",
    ] {
        assert_eq!(read(line.as_bytes()), Line::Unreadable, "{line}");
    }
    for line in ["", " \t\r", "\r"] {
        assert_eq!(read(line.as_bytes()), Line::Empty);
    }
}

/// A range that a client made up to write into our request.
#[test]
fn a_range_from_a_log_is_one_value() {
    let line = |range: &str| {
        parts(&format!(
            "{{\"method\":\"GET\",\"target\":\"/\",\"range\":\"{range}\"}}"
        ))
        .2
    };
    assert_eq!(line("x y"), Condition::Range("x y".into()));
    let long = "0".repeat(LONGEST_RANGE + 1);
    for range in ["a\\r\\nb: c", "\\u0000", "é", "-", "", &long] {
        assert_eq!(line(range), Condition::None, "{range:.20}");
    }
}

const PIECES: [&[u8]; 22] = [
    b"[14/Nov/2023:22:13:20 +0000]",
    b"\"GET ",
    b"/",
    b" HTTP/1.1\"",
    b" 200 ",
    b"1",
    b"{\"",
    b"\":\"",
    b"\",\"",
    b"}",
    b"method",
    b"GET",
    b"target",
    b"range",
    b"|127.0.0.1|1|2",
    b"\\x0",
    b"\\x0a",
    b"\\",
    b"\r\n",
    b"http://",
    b"206",
    b"time",
];

/// Pieces of lines, and noise.
fn drawn_bytes(seed: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for place in 0..mixed(seed, 0) % 12 {
        let drawn = mixed(seed, place + 1);
        let number = usize::try_from(drawn % 28).unwrap();
        match PIECES.get(number) {
            Some(piece) => bytes.extend_from_slice(piece),
            None => bytes.extend_from_slice(&drawn.to_le_bytes()[..number - 20]),
        }
    }
    bytes
}

/// Alone, and where a client writes them.
#[test]
fn any_bytes_are_read_to_something_that_can_be_sent() {
    let frames: [(&[u8], &[u8]); 4] = [
        (b"", b""),
        (
            b"1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"GET /",
            b" HTTP/1.1\" 206 5",
        ),
        (
            b"{\"method\":\"GET\",\"target\":\"/",
            b"\",\"range\":\"0-1\"}",
        ),
        (b"/", b"|127.0.0.1|1|2"),
    ];
    let mut requests = [0; 4];
    for seed in 0..40_000 {
        let bytes = drawn_bytes(seed);
        for ((before, behind), requests) in frames.iter().zip(&mut requests) {
            let Line::Request(request) = read(&[before, bytes.as_slice(), behind].concat()) else {
                continue;
            };
            *requests += 1;
            assert!(request.target.starts_with('/') && request.target.len() <= LONGEST_TARGET);
            let is_plain = request.target.bytes().all(|byte| byte.is_ascii_graphic());
            assert!(is_plain, "{request:?}");
            if let Condition::Range(range) = request.condition {
                let is_plain = range.bytes().all(|byte| matches!(byte, b' '..=b'~'));
                assert!(is_plain, "{range:?}");
            }
        }
    }
    // Alone they seldom are a request.
    assert!(
        requests[0] > 0 && requests[1..].iter().all(|count| *count > 5_000),
        "{requests:?}"
    );
}
