//! Clients that are slow, stop, or go: they end in time, the log says what happened, others are served.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use super::{ask_on, get, logged, logged_times, number, one_worker, word};
use crate::support::{Folder, LIMIT, Tallyd, noise, open, read_replies, read_to_end};

/// More than the buffers of two sockets hold.
const LARGE: u64 = 64 * 1024 * 1024;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("small.txt", b"hello");
    let large = std::fs::File::create(folder.join("large.bin")).unwrap();
    large.set_len(LARGE).unwrap();
    folder
}

/// A client of `large.bin` that has read `count` bytes of it.
fn client_that_read(server: &Tallyd, target: &str, count: usize) -> TcpStream {
    let mut stream = server.connect();
    stream.write_all(get(target).as_bytes()).unwrap();
    stream.read_exact(&mut vec![0; count]).unwrap();
    stream
}

/// Closes so that the other side sees a reset, as of a client that crashed.
fn reset(stream: TcpStream) {
    sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    drop(stream);
}

#[test]
fn a_head_that_comes_too_slowly_is_408() {
    let folder = folder();
    let server = one_worker(folder.path())
        .args(&["--head-timeout", "400ms"])
        .start();
    let mut stream = server.connect();
    stream
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    stream.write_all(b"GET /small.txt HTTP/1.1\r\nX: ").unwrap();
    let start = Instant::now();
    // A byte now and then must not move the deadline.
    let mut first = [0];
    while let Err(error) = stream.read(&mut first) {
        assert!(matches!(
            error.kind(),
            ErrorKind::WouldBlock | ErrorKind::TimedOut
        ));
        assert!(start.elapsed() < LIMIT, "a slow head is never refused");
        stream.write_all(b"a").unwrap();
    }
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let rest = read_to_end(&mut stream);
    assert!(
        rest.starts_with(b"TTP/1.1 408 "),
        "{}",
        String::from_utf8_lossy(&rest)
    );
    assert_eq!(server.get("/small.txt").status, 200);
}

#[test]
fn who_says_nothing_is_let_go_without_a_word() {
    let folder = folder();
    let server = one_worker(folder.path())
        .args(&["--head-timeout", "200ms", "--keep-alive", "200ms"])
        .start();
    assert_eq!(read_to_end(&mut server.connect()), b"", "at the beginning");
    let mut stream = server.connect();
    assert_eq!(ask_on(&mut stream, "/small.txt").body, b"hello");
    assert_eq!(read_to_end(&mut stream), b"", "between two requests");
}

#[test]
fn a_client_that_stops_reading_is_cut_off_and_others_are_served() {
    let folder = folder();
    let server = one_worker(folder.path())
        .args(&["--send-timeout", "500ms"])
        .start();
    let mut stopped = client_that_read(&server, "/large.bin", 1000);
    assert_eq!(server.get("/small.txt").body, b"hello", "beside it");
    let line = logged(&server, "/large.bin");
    assert_eq!(word(&line, "outcome"), "aborted");
    assert_eq!(word(&line, "reason"), "client stalled");
    assert!(number(&line, "bytes") < LARGE);
    // What the log calls aborted is given up: nothing that the system still holds arrives later.
    let end = io::copy(&mut stopped, &mut io::sink());
    let end = end.expect_err("the rest is not delivered");
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_client_that_is_slow_but_reads_is_served_to_the_end() {
    let folder = folder();
    let content = noise(12 * 1024 * 1024, 5);
    folder.file("whole.bin", &content);
    let server = one_worker(folder.path())
        .args(&["--send-timeout", "500ms"])
        .start();
    let mut stream = server.connect();
    sockopt::set_socket_recv_buffer_size(&stream, 64 * 1024).unwrap();
    stream.write_all(get("/whole.bin").as_bytes()).unwrap();
    let mut got = Vec::new();
    let mut piece = vec![0; 1 << 20];
    while !got.ends_with(&content[content.len() - 64..]) {
        // Other requests are what passes the time: 20 of them, then a piece.
        (0..20).for_each(|_| assert_eq!(server.get("/small.txt").status, 200));
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "cut off after {}", got.len());
        got.extend_from_slice(&piece[..count]);
    }
    assert!(got.ends_with(&content));
    assert_eq!(word(&logged(&server, "/whole.bin"), "outcome"), "complete");
}

#[test]
fn a_reset_in_mid_file_is_an_abort_with_one_number() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    reset(client_that_read(&server, "/large.bin?first", 100_000));
    let line = logged(&server, "/large.bin?first");
    assert_eq!(word(&line, "outcome"), "aborted");
    assert_eq!(word(&line, "reason"), "client gone");
    assert_eq!(number(&line, "hit"), 1);
    let bytes = number(&line, "bytes");
    assert!(bytes < LARGE && bytes > 50_000, "{line}");
    reset(client_that_read(&server, "/large.bin?second", 100_000));
    assert_eq!(number(&logged(&server, "/large.bin?second"), "hit"), 2);
    let lines = server.stop().stdout;
    let hits = lines
        .iter()
        .filter(|line| line.contains("\"hit\":"))
        .count();
    assert_eq!(hits, 2, "{lines:#?}");
}

#[test]
fn a_pipeline_cut_after_the_second_of_three_counts_two() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    let mut stream = server.connect();
    let requests = get("/small.txt") + &get("/large.bin?two") + &get("/large.bin?three");
    stream.write_all(requests.as_bytes()).unwrap();
    stream.read_exact(&mut vec![0; 100_000]).unwrap();
    reset(stream);
    assert_eq!(
        word(&logged(&server, "/large.bin?two"), "outcome"),
        "aborted"
    );
    reset(client_that_read(&server, "/large.bin?four", 1000));
    let four = logged(&server, "/large.bin?four");
    assert_eq!(number(&four, "hit"), 2, "the third was never answered");
    let first = logged(&server, "/small.txt");
    assert_eq!(
        (word(&first, "outcome"), number(&first, "hit")),
        ("complete", 1)
    );
}

#[test]
fn a_reply_before_the_end_of_the_connection_arrives_whole() {
    let folder = Folder::new();
    let content = noise(200_000, 9);
    folder.file("a.bin", &content);
    let server = one_worker(folder.path())
        .args(&["--keep-alive", "off"])
        .start();
    for round in 0..100 {
        let mut stream = server.connect();
        stream.set_nodelay(true).unwrap();
        stream.write_all(get("/a.bin").as_bytes()).unwrap();
        // The server hangs up after the first reply; what comes behind it must not reset that.
        for _ in 0..round % 4 {
            stream.write_all(get("/a.bin").as_bytes()).ok();
        }
        let replies = read_replies(&mut stream, 1);
        assert!(replies[0].body == content, "cut off in round {round}");
    }
}

#[test]
fn connections_that_vanish_leave_nothing_behind() {
    let folder = folder();
    let server = one_worker(folder.path()).start();
    server.get("/small.txt");
    let before = descriptors(&server);
    for number in 0..200 {
        let mut stream = open(server.address());
        let part = get("/small.txt?gone");
        stream
            .write_all(&part.as_bytes()[..number % part.len()])
            .unwrap();
        reset(stream);
    }
    super::eventually("the descriptors are given back", || {
        (descriptors(&server) <= before + 1).then_some(())
    });
    let mut stream = server.connect();
    assert_eq!(ask_on(&mut stream, "/small.txt").status, 200);
    logged_times(&server, "/small.txt", 2);
}

fn descriptors(server: &Tallyd) -> usize {
    let path = format!("/proc/{}/fd", server.pid().as_raw_nonzero());
    std::fs::read_dir(path).unwrap().count()
}
