//! Bad endings: killed, asked to stop in the middle of things, and started again at once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{ask_on, get, logged, number, one_worker, word};
use crate::support::{Folder, Start, open, read_replies, read_to_end};

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("a.txt", b"hello");
    let large = std::fs::File::create(folder.join("large.bin")).unwrap();
    large.set_len(64 << 20).unwrap();
    folder
}

/// The head of `large.bin` and a little more.
fn in_mid_transfer(mut stream: TcpStream) -> TcpStream {
    stream.write_all(get("/large.bin").as_bytes()).unwrap();
    stream.read_exact(&mut [0; 5000]).unwrap();
    stream
}

#[test]
fn a_killed_server_leaves_nothing_that_stops_the_next() {
    let folder = folder();
    let socket = folder.join("http.sock");
    let unix = format!("unix:{}", socket.display());
    let first = Start::serving(folder.path())
        .args(&["--listen", &unix])
        .start();
    let address = first.address();
    let running: Vec<TcpStream> = (0..10).map(|_| in_mid_transfer(open(address))).collect();
    let mut idle = open(address);
    assert_eq!(ask_on(&mut idle, "/a.txt").status, 200);
    first.signal(Signal::KILL);
    assert_eq!(first.ended().code, None);
    // The port that the system gave to the first, with connections of the dead still around.
    let second = Start::bare()
        .args(&["--listen", &address.to_string(), "--listen", &unix])
        .arg(folder.path())
        .start();
    assert_eq!(second.get("/a.txt").body, b"hello");
    let mut stream = UnixStream::connect(&socket).unwrap();
    stream.write_all(b"GET /a.txt HTTP/1.0\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.ends_with("\r\n\r\nhello"), "{reply}");
    drop(running);
}

#[test]
fn many_half_open_connections_do_not_hold_up_a_stop() {
    let folder = folder();
    let server = one_worker(folder.path())
        .args(&[
            "--head-timeout",
            "10m",
            "--keep-alive",
            "10m",
            "--drain-timeout",
            "10m",
        ])
        .start();
    let silent: Vec<TcpStream> = (0..200).map(|_| server.connect()).collect();
    let mut asked = server.connect();
    assert_eq!(ask_on(&mut asked, "/a.txt").status, 200);
    let start = Instant::now();
    server.stop();
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "took {:?}",
        start.elapsed()
    );
    for mut stream in silent.into_iter().chain([asked]) {
        assert_eq!(read_to_end(&mut stream), b"");
    }
}

#[test]
fn half_a_head_gets_its_time_and_no_more_at_a_stop() {
    let folder = folder();
    let server = one_worker(folder.path())
        .args(&["--head-timeout", "500ms", "--drain-timeout", "10m"])
        .start();
    let mut half = server.connect();
    half.write_all(b"GET /a.txt HTT").unwrap();
    let mut whole = server.connect();
    whole.write_all(b"GET /a.txt HTT").unwrap();
    let mut idle = server.connect();
    assert_eq!(
        ask_on(&mut idle, "/a.txt").status,
        200,
        "the halves are being read"
    );
    server.signal(Signal::TERM);
    assert_eq!(read_to_end(&mut idle), b"", "the worker takes no more");
    whole.write_all(b"P/1.1\r\nHost: x\r\n\r\n").unwrap();
    let reply = read_replies(&mut whole, 1).remove(0);
    assert_eq!(reply.body, b"hello");
    assert_eq!(reply.field("connection"), Some("close"));
    assert_eq!(read_replies(&mut half, 1)[0].status, 408);
    assert_eq!(server.ended().code, Some(0));
}

#[test]
fn what_the_deadline_cuts_off_is_said_and_logged() {
    let folder = folder();
    let server = one_worker(folder.path())
        .args(&["--drain-timeout", "300ms"])
        .start();
    let running = in_mid_transfer(server.connect());
    server.signal(Signal::TERM);
    server
        .stderr
        .wait_for_text("connections cut off at the deadline: 1");
    let line = logged(&server, "/large.bin");
    assert_eq!(
        (word(&line, "outcome"), word(&line, "reason")),
        ("aborted", "server stopped")
    );
    assert!(number(&line, "bytes") < 64 << 20);
    assert_eq!(server.ended().code, Some(0));
    drop(running);
}

#[test]
fn a_second_signal_does_not_wait() {
    let folder = folder();
    let server = one_worker(folder.path())
        .args(&["--drain-timeout", "10m", "--send-timeout", "10m"])
        .start();
    let running = in_mid_transfer(server.connect());
    server.signal(Signal::TERM);
    server.stderr.wait_for_text("stopping");
    server.signal(Signal::TERM);
    let line = logged(&server, "/large.bin");
    assert_eq!(
        (word(&line, "outcome"), number(&line, "hit")),
        ("aborted", 1)
    );
    assert_eq!(server.ended().code, Some(0));
    drop(running);
}
