//! Request bodies: followed to the byte, dropped within limits, and never taken for a request.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{get, median, one_worker};
use crate::support::{Folder, Reply, Start, Tallyd, exchange, read_replies};

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("a.txt", b"hello");
    folder
}

fn statuses(replies: &[Reply]) -> Vec<u16> {
    replies.iter().map(|reply| reply.status).collect()
}

/// A request with these fields and this body.
fn request(method: &str, lines: &str, body: &str) -> String {
    format!("{method} /a.txt HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n\r\n{body}")
}

#[test]
fn a_request_inside_a_body_is_never_answered() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    let inner = get("/smuggled");
    let length = format!("Content-Length: {}", inner.len());
    let chunks = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    let spread = format!("{:X};x=y\r\n{inner}\r\n0\r\nX: y\r\n\r\n", inner.len());
    for method in ["GET", "HEAD", "POST", "OPTIONS", "PUT"] {
        for (lines, body) in [
            (length.as_str(), inner.as_str()),
            ("Transfer-Encoding: chunked", &chunks),
            ("Transfer-Encoding: Chunked", &spread),
        ] {
            let mut stream = server.connect();
            let bytes = request(method, lines, body) + &get("/a.txt?after");
            stream.write_all(bytes.as_bytes()).unwrap();
            let text = until_hello(&mut stream);
            assert!(text.contains("hello"), "{method} {lines}: {text}");
        }
    }
    server
        .stdout
        .wait_for_count(30, |line| line.contains("{\"time\""));
    let lines = server.stop().stdout;
    assert!(
        !lines
            .iter()
            .any(|line| line.contains("\"target\":\"/smuggled\"")),
        "{lines:#?}"
    );
}

/// What comes until the last of the body of `/a.txt?after`.
fn until_hello(stream: &mut TcpStream) -> String {
    let bytes = request("GET", "Connection: close", "");
    stream.write_all(bytes.as_bytes()).unwrap();
    String::from_utf8_lossy(&crate::support::read_to_end(stream)).into_owned()
}

#[test]
fn chunks_that_are_none_are_400_and_the_end() {
    let folder = folder();
    let server = Start::serving(folder.path()).start();
    for body in [
        "zz\r\n",
        "-1\r\n",
        "+1\r\nx\r\n0\r\n\r\n",
        "0x1\r\nx\r\n0\r\n\r\n",
        "1_0\r\n",
        " 1\r\nx\r\n0\r\n\r\n",
        "1\nx\n0\n\n",
        "1\r\nxy\r\n0\r\n\r\n",
        "1\r\nx0\r\n\r\n",
        "1\rx",
        "11111111111111111\r\n",
        "ffffffffffffffff0\r\n",
        ";x\r\n",
        "\r\n",
        "1;\0\r\nx\r\n0\r\n\r\n",
        "0\r\nno colon\r\n\r\n",
        "0\r\n folded: x\r\n\r\n",
        "0\r\nX: \x01\r\n\r\n",
    ] {
        let bytes = request("GET", "Transfer-Encoding: chunked", body) + &get("/a.txt");
        let replies = exchange(server.address(), bytes.as_bytes(), 2);
        assert_eq!(statuses(&replies), [400], "{body:?}");
    }
}

#[test]
fn a_body_over_the_limit_is_413() {
    let folder = folder();
    let server = Start::serving(folder.path())
        .args(&["--max-body", "1000"])
        .start();
    let chunked = |size: usize| format!("{size:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(size));
    for (lines, body, expected) in [
        ("Content-Length: 1000", "x".repeat(1000), 200),
        ("Content-Length: 1001", "x".repeat(1001), 413),
        ("Content-Length: 18446744073709551615", String::new(), 413),
        ("Transfer-Encoding: chunked", chunked(1000), 200),
        ("Transfer-Encoding: chunked", chunked(1001), 413),
        (
            "Transfer-Encoding: chunked",
            "ffffffffffffffff\r\n".to_owned() + &"x".repeat(2000),
            413,
        ),
    ] {
        let bytes = request("GET", lines, &body);
        let replies = exchange(server.address(), bytes.as_bytes(), 1);
        assert_eq!(statuses(&replies), [expected], "{lines}");
    }
}

#[test]
fn endless_extensions_and_trailers_end() {
    let folder = folder();
    let server = Start::serving(folder.path()).start();
    let chunk = format!("1;{}\r\nx\r\n", "a".repeat(200));
    for (name, body, expected) in [
        (
            "one long extension",
            format!("1;{}", "a".repeat(100_000)),
            400,
        ),
        ("many extensions", chunk.repeat(20_000), 413),
        (
            "a long trailer",
            format!("0\r\nX: {}", "a".repeat(100_000)),
            400,
        ),
        (
            "many trailers",
            format!("0\r\n{}", "X: y\r\n".repeat(20_000)),
            400,
        ),
    ] {
        let bytes = request("GET", "Transfer-Encoding: chunked", &body);
        let replies = refused_while_sending(&server, bytes.as_bytes());
        assert_eq!(statuses(&replies), [expected], "{name}");
        assert_eq!(server.get("/a.txt").status, 200, "after {name}");
    }
}

/// The server may hang up before everything is sent; its reply must be there all the same.
fn refused_while_sending(server: &Tallyd, bytes: &[u8]) -> Vec<Reply> {
    let mut stream = server.connect();
    // A connection that was closed early is what is expected.
    stream.write_all(bytes).ok();
    read_replies(&mut stream, 1)
}

#[test]
fn who_waits_for_a_100_gets_it_or_the_answer() {
    let folder = folder();
    let server = Start::serving(folder.path()).start();
    let mut stream = server.connect();
    let head = request("GET", "Content-Length: 3\r\nExpect: 100-continue", "");
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(statuses(&read_replies(&mut stream, 1)), [100]);
    stream.write_all(b"abc").unwrap();
    stream.write_all(get("/a.txt").as_bytes()).unwrap();
    assert_eq!(statuses(&read_replies(&mut stream, 2)), [200, 200]);
    let head = request("POST", "Content-Length: 3\r\nExpect: 100-continue", "");
    stream.write_all(head.as_bytes()).unwrap();
    let refused = read_replies(&mut stream, 2);
    assert_eq!(statuses(&refused), [405], "no 100 for what is refused");
    assert_eq!(refused[0].field("connection"), Some("close"));
}

#[test]
fn a_body_that_comes_too_slowly_is_408() {
    let folder = folder();
    let server = Start::serving(folder.path())
        .args(&["--send-timeout", "300ms"])
        .start();
    for (lines, begun) in [
        ("Content-Length: 10", "abc"),
        ("Transfer-Encoding: chunked", "5\r\nab"),
        ("Transfer-Encoding: chunked", "0\r\n"),
    ] {
        let bytes = request("GET", lines, begun);
        let replies = exchange(server.address(), bytes.as_bytes(), 1);
        assert_eq!(statuses(&replies), [408], "{lines} {begun:?}");
    }
}

#[test]
fn bodies_without_end_do_not_hold_the_worker() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    let address = server.address();
    let done = AtomicBool::new(false);
    let chunk = format!("1;{}\r\nx\r\n", "a".repeat(240)).repeat(4000);
    let flood = || {
        while !done.load(Ordering::Relaxed) {
            let mut stream = crate::support::open(address);
            let head = request("GET", "Transfer-Encoding: chunked", "");
            let mut sent = stream.write_all(head.as_bytes());
            while sent.is_ok() && !done.load(Ordering::Relaxed) {
                sent = stream.write_all(chunk.as_bytes());
            }
        }
    };
    let times = thread::scope(|scope| {
        scope.spawn(flood);
        scope.spawn(flood);
        server.stdout.wait_for_text("\"status\":413");
        let times: Vec<Duration> = (0..30).map(|_| time_of_a_request(&server)).collect();
        done.store(true, Ordering::Relaxed);
        times
    });
    let usual = median(times);
    assert!(usual < Duration::from_millis(100), "others wait {usual:?}");
}

fn time_of_a_request(server: &Tallyd) -> Duration {
    let start = Instant::now();
    assert_eq!(server.get("/a.txt").status, 200);
    start.elapsed()
}
