//! A disk that hangs: whoever needs it waits, nobody else does, and it can't stop a stop.
//!
//! strace stands in for the disk: it delays the reading of some files.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{ask_on, get};
use crate::support::{Folder, Start, Tallyd, open, read_replies};

/// More than the server has threads for the disk.
const COLD: usize = 24;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("hot.txt", b"hello");
    folder.file("large.bin", &vec![b'x'; 1 << 20]);
    for number in 0..COLD {
        folder.file(format!("cold-{number}.txt"), b"cold");
    }
    folder
}

/// A server that reads each cold file with this delay in microseconds.
fn server(folder: &Folder, delay: &str, flags: &[&str]) -> Tallyd {
    let inject = format!("inject=pread64:delay_enter={delay}");
    let mut args = vec![
        "-D",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=pread64",
        "-e",
        &inject,
    ];
    let cold: Vec<String> = (0..COLD)
        .map(|number| {
            folder
                .join(format!("cold-{number}.txt"))
                .display()
                .to_string()
        })
        .collect();
    args.extend(cold.iter().flat_map(|path| ["-P", path]));
    Start::by("strace", &args)
        .args(&["--listen", "127.0.0.1:0", "--workers", "1"])
        .args(flags)
        .arg(folder.path())
        .start()
}

fn ask_for_cold(server: &Tallyd) -> Vec<TcpStream> {
    let ask = |number| {
        let mut stream = open(server.address());
        let request = get(&format!("/cold-{number}.txt"));
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    (0..COLD).map(ask).collect()
}

#[test]
fn what_is_known_is_served_while_the_disk_hangs() {
    let folder = folder();
    let server = server(&folder, "1500000", &["--keep-alive", "10m"]);
    let mut stream = open(server.address());
    assert_eq!(ask_on(&mut stream, "/hot.txt").body, b"hello");
    assert_eq!(ask_on(&mut stream, "/large.bin").status, 200);
    assert_eq!(ask_on(&mut stream, "/missing").status, 404);
    let cold = ask_for_cold(&server);
    let start = Instant::now();
    let mut slowest = Duration::ZERO;
    // Longer than what is known is believed without another look.
    while start.elapsed() < Duration::from_millis(600) {
        let asked = Instant::now();
        assert_eq!(ask_on(&mut stream, "/hot.txt").body, b"hello");
        assert_eq!(ask_on(&mut stream, "/large.bin").body.len(), 1 << 20);
        assert_eq!(ask_on(&mut stream, "/missing").status, 404);
        slowest = slowest.max(asked.elapsed());
    }
    assert!(
        slowest < Duration::from_millis(500),
        "others waited {slowest:?}"
    );
    for stream in &cold {
        stream.set_nonblocking(true).unwrap();
        assert!(stream.peek(&mut [0]).is_err(), "the disk does not hang");
        stream.set_nonblocking(false).unwrap();
    }
    for mut stream in cold {
        assert_eq!(read_replies(&mut stream, 1)[0].body, b"cold", "in its time");
    }
}

#[test]
fn a_disk_that_hangs_does_not_stop_a_stop() {
    let folder = folder();
    let server = server(&folder, "5000000", &["--drain-timeout", "500ms"]);
    let mut stream = open(server.address());
    assert_eq!(ask_on(&mut stream, "/hot.txt").body, b"hello");
    let cold = ask_for_cold(&server);
    let hot = ask_on(&mut stream, "/hot.txt");
    assert_eq!(hot.body, b"hello", "all are being read");
    drop(stream);
    let start = Instant::now();
    server.signal(Signal::TERM);
    server
        .stderr
        .wait_for_text("connections cut off at the deadline");
    let took = start.elapsed();
    assert!(took < Duration::from_secs(3), "took {took:?}");
    // strace keeps a thread that it delays from dying, so the end of the process comes later than it would.
    assert_eq!(server.ended().code, Some(0));
    drop(cold);
}
