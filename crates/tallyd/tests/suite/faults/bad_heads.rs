//! What is no head is refused with the right status, ends its connection, and disturbs nobody.

use std::io::Write;
use std::net::Shutdown;

use crate::support::{Folder, Reply, Start, Tallyd, exchange, read_replies, read_to_end};

fn server(folder: &Folder) -> Tallyd {
    folder.file("a.txt", b"hello");
    Start::serving(folder.path()).start()
}

/// Each head is refused with `status`, also with a good request behind it, which is not answered.
fn refused(status: u16, heads: &[(&str, Vec<u8>)]) {
    let folder = Folder::new();
    let server = server(&folder);
    for (name, head) in heads {
        let mut bytes = head.clone();
        bytes.extend_from_slice(b"GET /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let replies = exchange(server.address(), &bytes, 2);
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [status], "{name}");
        assert_is_last_and_whole(name, &replies[0]);
        assert_eq!(server.get("/a.txt").body, b"hello", "after {name}");
    }
}

fn assert_is_last_and_whole(name: &str, reply: &Reply) {
    assert_eq!(reply.field("connection"), Some("close"), "{name}");
    let length: usize = reply.field("content-length").unwrap().parse().unwrap();
    assert_eq!(reply.body.len(), length, "{name}");
}

/// A head with these lines after a good Host.
fn with(lines: &str) -> Vec<u8> {
    format!("GET /a.txt HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n").into_bytes()
}

/// A head with this request line.
fn line(line: &str) -> Vec<u8> {
    format!("{line}\r\nHost: localhost\r\n\r\n").into_bytes()
}

#[test]
fn a_head_that_is_too_long_is_431() {
    let field = |length: usize| format!("X: {}", "a".repeat(length));
    let many = |count: usize| vec!["X: y"; count].join("\r\n");
    refused(
        431,
        &[
            ("one long field", with(&field(17_000))),
            (
                "a megabyte that never ends",
                with(&field(1_000_000))[..1_000_000].to_vec(),
            ),
            (
                "several long fields",
                with(&vec![field(6000); 4].join("\r\n")),
            ),
            ("a long name", with(&format!("{}: x", "a".repeat(17_000)))),
            ("101 fields", with(&many(100))),
            ("2000 fields", with(&many(2000))),
        ],
    );
}

#[test]
fn a_target_that_is_too_long_is_414() {
    let long = "a".repeat(9000);
    let longest = "a".repeat(300_000);
    refused(
        414,
        &[
            ("a long path", line(&format!("GET /{long} HTTP/1.1"))),
            ("a long query", line(&format!("GET /a.txt?{long} HTTP/1.1"))),
            ("a path without end", format!("GET /{longest}").into_bytes()),
            (
                "a long absolute form",
                line(&format!("GET http://localhost/{long} HTTP/1.1")),
            ),
        ],
    );
}

#[test]
fn controls_are_400_wherever_they_stand() {
    let mut heads = Vec::new();
    for byte in (0..=8).chain(0x0b..=0x0c).chain(0x0e..=0x1f).chain([0x7f]) {
        for (place, before, after) in [
            (
                "method",
                "GE",
                "T /a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n",
            ),
            (
                "target",
                "GET /a",
                ".txt HTTP/1.1\r\nHost: localhost\r\n\r\n",
            ),
            (
                "name",
                "GET /a.txt HTTP/1.1\r\nHost: localhost\r\nX",
                "Y: z\r\n\r\n",
            ),
            (
                "value",
                "GET /a.txt HTTP/1.1\r\nHost: localhost\r\nX: y",
                "z\r\n\r\n",
            ),
        ] {
            let head = [before.as_bytes(), &[byte], after.as_bytes()].concat();
            heads.push((format!("byte {byte:#04x} in the {place}"), head));
        }
    }
    let named: Vec<(&str, Vec<u8>)> = heads
        .iter()
        .map(|(name, head)| (name.as_str(), head.clone()))
        .collect();
    refused(400, &named);
}

#[test]
fn lines_that_do_not_end_in_crlf_are_400() {
    refused(
        400,
        &[
            (
                "bare line feeds",
                b"GET /a.txt HTTP/1.1\nHost: localhost\n\n".to_vec(),
            ),
            ("one bare line feed", with("X: a\nY: b")),
            ("a bare carriage return in a value", with("X: a\rY: b")),
            ("a carriage return before the end", with("X: a\r")),
            (
                "a bare carriage return in the line",
                line("GET /a.txt\r HTTP/1.1"),
            ),
            (
                "only carriage returns",
                b"GET /a.txt HTTP/1.1\rHost: localhost\r\r\r\n\r\n".to_vec(),
            ),
        ],
    );
}

#[test]
fn folded_lines_and_odd_names_are_400() {
    refused(
        400,
        &[
            ("folded by a space", with("X: a\r\n b")),
            ("folded by a tab", with("X: a\r\n\tb")),
            (
                "folded before the first field",
                b"GET /a.txt HTTP/1.1\r\n Host: localhost\r\n\r\n".to_vec(),
            ),
            ("a space before the colon", with("X : a")),
            ("no colon", with("X")),
            ("no name", with(": a")),
            ("a name in brackets", with("(X): a")),
        ],
    );
}

#[test]
fn lengths_that_leave_a_doubt_are_400() {
    let heads: Vec<(&str, Vec<u8>)> = [
        "Content-Length: 3\r\nContent-Length: 3",
        "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: 3, 3",
        "Content-Length: +3",
        "Content-Length: -3",
        "Content-Length: 0x3",
        "Content-Length: 3 3",
        "Content-Length: ",
        "Content-Length: 99999999999999999999999999",
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked,",
        "Transfer-Encoding:",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ]
    .map(|lines| (lines, with(lines)))
    .into();
    refused(400, &heads);
}

#[test]
fn hosts_that_leave_a_doubt_are_400() {
    let head = |lines: &str| format!("GET /a.txt HTTP/1.1\r\n{lines}\r\n").into_bytes();
    let heads: Vec<(&str, Vec<u8>)> = [
        "",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nHost: b\r\n",
        "Host: a, b\r\n",
        "Host: a b\r\n",
        "Host: a/b\r\n",
        "Host: user@a\r\n",
        "Host: a:99999\r\n",
        "Host: a:b\r\n",
        "Host: [::1\r\n",
        "Host: ..\r\n",
        "Host: ../../etc\r\n",
    ]
    .map(|lines| (lines, head(lines)))
    .into();
    refused(400, &heads);
}

#[test]
fn what_is_no_http_1_is_400() {
    refused(
        400,
        &[
            ("2.0", line("GET /a.txt HTTP/2.0")),
            ("1.2", line("GET /a.txt HTTP/1.2")),
            ("1.10", line("GET /a.txt HTTP/1.10")),
            ("0.9", line("GET /a.txt HTTP/0.9")),
            ("no version", line("GET /a.txt")),
            ("lower case", line("GET /a.txt http/1.1")),
            ("two spaces", line("GET  /a.txt HTTP/1.1")),
            ("a space at the end", line("GET /a.txt HTTP/1.1 ")),
            ("a space in the target", line("GET /a .txt HTTP/1.1")),
            ("a space before", line(" GET /a.txt HTTP/1.1")),
            ("no target", line("GET HTTP/1.1")),
            ("no slash", line("GET a.txt HTTP/1.1")),
            (
                "HTTP/2 preface",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            ),
            (
                "TLS",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
            ),
        ],
    );
}

#[test]
fn a_path_that_is_not_clean_is_400_and_the_connection_goes_on() {
    let folder = Folder::new();
    let server = server(&folder);
    for target in ["/a%2", "/a%", "/%zz", "/%00", "/../a.txt", "/%2e%2e/a.txt"] {
        let bytes = format!(
            "GET {target} HTTP/1.1\r\nHost: x\r\n\r\nGET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        let replies = exchange(server.address(), bytes.as_bytes(), 2);
        let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        assert_eq!(statuses, [400, 200], "{target}");
    }
}

#[test]
fn a_head_that_comes_byte_by_byte_is_a_head() {
    let folder = Folder::new();
    let server = server(&folder);
    let mut stream = server.connect();
    stream.set_nodelay(true).unwrap();
    for byte in b"\r\nGET /a.txt HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \xe9\xff\r\n\r\n" {
        stream.write_all(&[*byte]).unwrap();
    }
    assert_eq!(read_replies(&mut stream, 1)[0].body, b"hello");
}

#[test]
fn half_a_head_and_a_hang_up_is_the_end_without_an_answer() {
    let folder = Folder::new();
    let server = server(&folder);
    for half in [
        "",
        "G",
        "GET /a.txt HTTP/1.1",
        "GET /a.txt HTTP/1.1\r\nHost: x\r\n",
    ] {
        let mut stream = server.connect();
        stream.write_all(half.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_to_end(&mut stream), b"", "after {half:?}");
    }
    assert_eq!(server.get("/a.txt").status, 200);
}

#[test]
fn a_hang_up_of_one_side_still_gets_its_answer() {
    let folder = Folder::new();
    let server = server(&folder);
    let mut stream = server.connect();
    stream
        .write_all(b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_replies(&mut stream, 1)[0].body, b"hello");
}

#[test]
fn a_head_request_that_is_refused_gets_no_body_either() {
    // RFC 9110 section 9.3.2: never a body after HEAD, whatever else is wrong.
    let folder = Folder::new();
    let server = server(&folder);
    let mut stream = server.connect();
    stream.write_all(b"HEAD /a.txt HTTP/1.1\r\n\r\n").unwrap();
    let reply = String::from_utf8(read_to_end(&mut stream)).unwrap();
    assert!(reply.starts_with("HTTP/1.1 400 "), "{reply}");
    assert!(reply.ends_with("\r\n\r\n"), "{reply}");
}
