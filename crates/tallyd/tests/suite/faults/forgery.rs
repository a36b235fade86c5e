//! Requests made to look like others: in the log, in pipelines, and to another site.

use std::io::Write;
use std::net::Shutdown;

use super::{eventually, get, one_worker};
use crate::support::{Folder, Start, exchange, read_to_end};

/// What a client may put into each place of a request to forge a line, or to break its reader.
const TEXTS: [&[u8]; 10] = [
    b"\" 200 1 \"-\" \"-\"",
    b"\",\"hit\":99,\"x\":\"",
    b"\\\",\\\"hit\\\":99",
    b"\\",
    b"|127.0.0.1|1|99",
    b"%0a/forged|127.0.0.1|1|99",
    b"\xe2\x80\xa8\xe2\x80\xa9\xc2\x85",
    b"\xff\xfe\xc0\xaf",
    b"\t[31m",
    b"${jndi:ldap://x}{{7*7}}$(id)`id`",
];

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("a.txt", b"hello");
    folder
}

/// Requests with each text in each place; not all of them are good ones.
fn requests() -> Vec<Vec<u8>> {
    let places: [(&[u8], &[u8]); 6] = [
        (b"GET /a.txt?", b" HTTP/1.1\r\nHost: x\r\n\r\n"),
        (b"GET /", b" HTTP/1.1\r\nHost: x\r\n\r\n"),
        (b"GET /a.txt HTTP/1.1\r\nHost: x\r\nReferer: ", b"\r\n\r\n"),
        (
            b"GET /a.txt HTTP/1.1\r\nHost: x\r\nUser-Agent: ",
            b"\r\n\r\n",
        ),
        (b"GET /a.txt HTTP/1.1\r\nHost: x\r\nRange: ", b"\r\n\r\n"),
        (b"", b" /a.txt HTTP/1.1\r\nHost: x\r\n\r\n"),
    ];
    let with = |text: &[u8]| {
        let text = text.to_vec();
        places.map(|(before, after)| [before, &text, after].concat())
    };
    TEXTS.iter().flat_map(|text| with(text)).collect()
}

/// The lines of the log after all requests, one connection each.
fn log_of(format: &str) -> Vec<String> {
    let folder = folder();
    let server = Start::serving(folder.path())
        .args(&["--workers", "1", "--log-format", format])
        .start();
    for request in requests() {
        let mut stream = server.connect();
        stream.write_all(&request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let reply = read_to_end(&mut stream);
        assert!(
            reply.starts_with(b"HTTP/1.1 "),
            "{}",
            request.escape_ascii()
        );
    }
    let mut lines = server.stop().stdout;
    lines.retain(|line| !line.starts_with("Serving "));
    lines
}

#[test]
fn each_request_is_one_line_that_says_what_happened() {
    for format in ["common", "combined", "json"] {
        let lines = log_of(format);
        assert_eq!(lines.len(), requests().len(), "{format}: {lines:#?}");
        for line in lines {
            assert!(!line.chars().any(char::is_control), "{line}");
            match format {
                "json" => assert_is_one_object(&line),
                _ => assert_quotes_are_ours(&line, if format == "common" { 2 } else { 6 }),
            }
        }
    }
}

/// Keys are where keys are, and none is there twice.
fn assert_is_one_object(line: &str) {
    let hidden = line.replace("\\\\", "").replace("\\\"", "");
    assert_eq!(hidden.matches("\"hit\":").count().max(1), 1, "{line}");
    assert!(!hidden.contains("\"hit\":99"), "{line}");
    assert_eq!(hidden.matches('"').count() % 2, 0, "{line}");
    assert!(
        line.starts_with("{\"time\":\"") && line.ends_with('}'),
        "{line}"
    );
}

fn assert_quotes_are_ours(line: &str, quotes: usize) {
    assert_eq!(line.matches('"').count(), quotes, "{line}");
    assert!(line.is_ascii(), "{line}");
}

#[test]
fn hits_are_counted_by_the_server_and_nobody_else() {
    let lines = log_of("tally");
    for (number, line) in (1..).zip(&lines) {
        let parts: Vec<_> = line.split('|').collect();
        assert_eq!((parts.len(), parts[0]), (4, "/a.txt"), "{line}");
        assert_eq!(parts[3], number.to_string(), "{line}");
    }
    assert!(lines.len() > 30);
}

#[test]
fn what_is_said_to_the_operator_can_not_be_forged() {
    let folder = folder();
    let root = folder.join("www");
    std::fs::create_dir(&root).unwrap();
    let server = one_worker(&root).args(&["--log-level", "debug"]).start();
    std::fs::remove_dir(&root).unwrap();
    let target = "/a%0atallyd:%20error:%20forged%0d%1b[2J%e2%80%a8";
    eventually("503", || (server.get(target).status == 503).then_some(()));
    exchange(server.address(), b"GET /\ntallyd: error: forged\r\n\r\n", 1);
    server.stop().stderr.iter().for_each(|line| {
        assert!(!line.starts_with("tallyd: error: forged"), "{line}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    });
}

#[test]
fn the_absolute_form_names_the_site_whatever_the_host_says() {
    let folder = Folder::new();
    folder.file("main/who.txt", b"main");
    folder.file("other/who.txt", b"other");
    let other = format!("other.example={}", folder.join("other").display());
    let server = one_worker(folder.join("main"))
        .args(&["--hosts", &other])
        .start();
    for (target, host, expected) in [
        ("/who.txt", "other.example", "other"),
        ("/who.txt", "OTHER.example:8080", "other"),
        ("/who.txt", "main.example", "main"),
        ("/who.txt", "other.example.evil", "main"),
        ("http://other.example/who.txt", "main.example", "other"),
        ("http://main.example/who.txt", "other.example", "main"),
        ("http://other.example:1/who.txt", "main.example", "other"),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        assert_eq!(server.ask(request).text(), expected, "{target} at {host}");
    }
}

#[test]
fn a_pipeline_is_answered_in_order_also_where_parts_are_wrong() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    let mut stream = server.connect();
    let requests = [
        get("/a.txt"),
        "HEAD /a.txt HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        get("/missing"),
        "DELETE /a.txt HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        get("/%zz"),
        get("/a.txt"),
        "broken\r\n\r\n".to_owned(),
        get("/a.txt?never"),
    ];
    stream.write_all(requests.concat().as_bytes()).unwrap();
    let text = String::from_utf8_lossy(&read_to_end(&mut stream)).into_owned();
    let statuses: Vec<_> = text
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &text[at + 9..at + 12])
        .collect();
    assert_eq!(statuses, ["200", "200", "404", "501", "400", "200", "400"]);
    assert_eq!(text.matches("hello").count(), 2);
}
