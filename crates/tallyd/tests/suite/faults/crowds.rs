//! Very many connections: idle ones cost little, and those beyond the limit wait and are served.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{ask_on, get, measured, memory, one_worker};
use crate::support::{Folder, Start, open, read_replies};

const IDLE: usize = 10_000;

/// Memory of the server for each idle connection; measured are some 1 KB.
const EACH: u64 = 8 * 1024;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("a.txt", b"hello");
    folder.file("b.txt", b"other");
    folder
}

/// This process is the client: it needs a descriptor for each connection.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let enough = limit.maximum.is_none_or(|most| most > IDLE as u64 + 2000);
    assert!(
        enough,
        "this test needs 12000 descriptors: raise the hard limit (ulimit -Hn)"
    );
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("raise the limit of open files");
}

#[test]
fn ten_thousand_idle_connections_cost_little_and_slow_nobody() {
    raise_descriptor_limit();
    let folder = folder();
    let server = Start::serving(folder.path())
        .args(&[
            "--workers",
            "2",
            "--keep-alive",
            "10m",
            "--head-timeout",
            "10m",
            "--access-log",
            "off",
        ])
        .start();
    let address = server.address();
    server.get("/a.txt");
    let before = memory(&server);
    // Every second one has asked something, the others never say a word.
    let idle: Vec<TcpStream> = (0..IDLE)
        .map(|number| {
            let mut stream = open(address);
            if number % 2 == 0 {
                assert_eq!(ask_on(&mut stream, "/a.txt").status, 200);
            }
            stream
        })
        .collect();
    let start = Instant::now();
    assert_eq!(server.get("/b.txt").body, b"other");
    let took = start.elapsed();
    let each = memory(&server).saturating_sub(before) / IDLE as u64;
    measured(&format!(
        "{IDLE} idle connections: {each} bytes each, a new request takes {took:?}"
    ));
    assert!(
        took < Duration::from_secs(1),
        "a new request takes {took:?}"
    );
    assert!(each < EACH, "{each} bytes for each idle connection");
    for stream in idle.into_iter().step_by(1000) {
        let mut stream = stream;
        assert_eq!(
            ask_on(&mut stream, "/a.txt").body,
            b"hello",
            "the idle ones are alive"
        );
    }
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn connections_beyond_the_limit_wait_and_are_served() {
    let folder = folder();
    let server = one_worker(folder.path())
        .args(&["--max-connections", "3", "--keep-alive", "10m"])
        .start();
    let mut first: Vec<TcpStream> = (0..3).map(|_| open(server.address())).collect();
    for stream in &mut first {
        assert_eq!(ask_on(stream, "/a.txt").status, 200);
    }
    let mut waiting: Vec<TcpStream> = (0..5)
        .map(|_| {
            let mut stream = open(server.address());
            stream.write_all(get("/b.txt").as_bytes()).unwrap();
            stream
        })
        .collect();
    // The worker has turned many times, and nobody was let in.
    for _ in 0..50 {
        assert_eq!(ask_on(&mut first[0], "/a.txt").status, 200);
    }
    for stream in &waiting {
        stream.set_nonblocking(true).unwrap();
        assert!(stream.peek(&mut [0]).is_err(), "served beyond the limit");
        stream.set_nonblocking(false).unwrap();
    }
    first.clear();
    while let Some(mut stream) = waiting.pop() {
        // Three are served now in whatever order; each that leaves lets in another.
        if waiting.len() >= 3 {
            drop(stream);
            continue;
        }
        assert_eq!(read_replies(&mut stream, 1)[0].body, b"other");
    }
}
