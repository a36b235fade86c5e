//! Files beyond 4 GiB, files of nothing, and ranges of both.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;

use super::{ask_on, logged, memory, number, one_worker, word};
use crate::support::{Folder, Reply, Tallyd, read_replies};

const GIB: u64 = 1 << 30;
const LENGTH: u64 = 5 * GIB;

/// Marks in a file that is all holes.
const MARKS: [(u64, &[u8]); 4] = [
    (0, b"first"),
    (2 * GIB - 2, b"2gib"),
    (4 * GIB - 2, b"4gib"),
    (LENGTH - 4, b"last"),
];

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("empty", b"");
    folder.file("small.txt", b"hello");
    let path = folder.file("sparse.bin", b"");
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(LENGTH).unwrap();
    for (at, mark) in MARKS {
        file.write_all_at(mark, at).unwrap();
    }
    folder
}

fn range(server: &Tallyd, target: &str, range: &str) -> Reply {
    server.ask(format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\nRange: {range}\r\nConnection: close\r\n\r\n"
    ))
}

#[test]
fn ranges_beyond_4_gib_are_exact() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    for (at, mark) in MARKS {
        let last = at + mark.len() as u64 - 1;
        let reply = range(&server, "/sparse.bin", &format!("bytes={at}-{last}"));
        assert_eq!(reply.status, 206);
        assert_eq!(reply.body, mark, "at {at}");
        let expected = format!("bytes {at}-{last}/{LENGTH}");
        assert_eq!(reply.field("content-range"), Some(expected.as_str()));
    }
    assert_eq!(range(&server, "/sparse.bin", "bytes=-4").body, b"last");
    let open = range(&server, "/sparse.bin", &format!("bytes={}-", LENGTH - 4));
    assert_eq!(open.body, b"last");
    let beyond = range(&server, "/sparse.bin", &format!("bytes={LENGTH}-"));
    assert_eq!(beyond.status, 416);
    let all = format!("bytes */{LENGTH}");
    assert_eq!(beyond.field("content-range"), Some(all.as_str()));
}

#[test]
fn several_ranges_beyond_4_gib_are_exact() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    let (four, last) = (4 * GIB - 2, LENGTH - 4);
    let reply = range(
        &server,
        "/sparse.bin",
        &format!("bytes=0-4,{four}-{},{last}-", four + 3),
    );
    assert_eq!(reply.status, 206);
    let text = reply.text();
    for part in ["\r\n\r\nfirst\r\n", "\r\n\r\n4gib\r\n", "\r\n\r\nlast\r\n"] {
        assert!(text.contains(part), "{text}");
    }
    let length: usize = reply.field("content-length").unwrap().parse().unwrap();
    assert_eq!(reply.body.len(), length);
}

#[test]
fn a_head_says_the_whole_length() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    let head = "HEAD /sparse.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut stream = server.connect();
    stream.write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(
        text.contains(&format!("Content-Length: {LENGTH}\r\n")),
        "{text}"
    );
    assert!(text.ends_with("\r\n\r\n"), "a head and nothing else");
}

#[test]
fn several_large_ranges_are_streamed() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    server.get("/small.txt");
    let before = memory(&server);
    let mut stream = server.connect();
    let part = 96 << 20;
    let ranges = format!(
        "bytes=0-{},{GIB}-{},{}-",
        part - 1,
        GIB + part - 1,
        LENGTH - part
    );
    let request = format!(
        "GET /sparse.bin HTTP/1.1\r\nHost: x\r\nRange: {ranges}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut piece = vec![0; 1 << 20];
    let (mut total, mut most) = (0, 0);
    loop {
        let count = stream.read(&mut piece).unwrap();
        if count == 0 {
            break;
        }
        total += count as u64;
        most = most.max(memory(&server));
    }
    assert!(total > 3 * part, "{total} bytes");
    let grown = most.saturating_sub(before);
    assert!(grown < 8 << 20, "the server grew by {grown} bytes");
    assert_eq!(word(&logged(&server, "/sparse.bin"), "outcome"), "complete");
}

#[test]
fn an_empty_file_is_whole_with_nothing() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    let mut stream = server.connect();
    let reply = ask_on(&mut stream, "/empty");
    assert_eq!(
        (reply.status, reply.field("content-length")),
        (200, Some("0"))
    );
    assert_eq!(
        ask_on(&mut stream, "/small.txt").body,
        b"hello",
        "nothing is left over"
    );
    let line = logged(&server, "/empty");
    assert_eq!(
        (
            word(&line, "outcome"),
            number(&line, "hit"),
            number(&line, "bytes")
        ),
        ("complete", 1, 0)
    );
    for asked in ["bytes=0-0", "bytes=0-", "bytes=5-9"] {
        let reply = range(&server, "/empty", asked);
        assert_eq!(
            (reply.status, reply.field("content-range")),
            (416, Some("bytes */0")),
            "{asked}"
        );
    }
}

#[test]
fn bombs_of_ranges_cost_no_more_than_the_file() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    for many in [
        vec!["0-"; 1000].join(","),
        vec!["0-4"; 1500].join(","),
        (0..1500)
            .map(|at| format!("{at}-{at}"))
            .collect::<Vec<_>>()
            .join(","),
        (0..17)
            .map(|at| format!("{}-{}", at * 2, at * 2))
            .collect::<Vec<_>>()
            .join(","),
        "-1,".repeat(1500) + "-2",
    ] {
        let mut stream = server.connect();
        let request = format!("GET /small.txt HTTP/1.1\r\nHost: x\r\nRange: bytes={many}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let reply = read_replies(&mut stream, 1).remove(0);
        assert!(
            matches!(reply.status, 200 | 206),
            "{}: {}",
            reply.status,
            &many[..20]
        );
        assert!(
            reply.body.len() < 2000,
            "{} bytes for {}",
            reply.body.len(),
            &many[..20]
        );
    }
    let encodings = vec!["gzip;q=0.001"; 1200].join(",");
    let request =
        format!("GET /small.txt HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {encodings}\r\n\r\n");
    assert_eq!(server.ask(request).body, b"hello");
}
