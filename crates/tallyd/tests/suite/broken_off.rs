//! Broken off: what the log says of downloads that did not end well equals what the client got, to the byte.
//!
//! The clients have small receive buffers, and stop reading: what the server's socket takes then is far more
//! than what arrives. What a client got is what it read and what its socket holds unread.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, sockopt};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Folder, LIMIT, Start, Tallyd, noise, read_to_end};

const MB: usize = 1024 * 1024;

/// One that the socket takes at once, one that it may, one that it can't.
const LENGTHS: [(&str, usize); 3] = [("/1", MB), ("/3", 3 * MB), ("/20", 20 * MB)];

/// What the system gives a client that wants to buffer little, and what may be on its way besides.
const BUFFER: u64 = 256 * 1024;

/// When nothing has come for so long, nothing more will: over the loopback it comes at once.
const QUIET: Duration = Duration::from_millis(300);

fn folder() -> Folder {
    let folder = Folder::new();
    for (target, length) in LENGTHS {
        folder.file(target.trim_start_matches('/'), &noise(length, 3));
    }
    folder.file("small", &noise(1000, 4));
    folder
}

fn start(folder: &Folder) -> Start {
    let args = ["--log-format", "json", "--workers", "1"];
    Start::serving(folder.path())
        .args(&args)
        .args(&["--keep-alive", "10m"])
}

/// A client, and how much it has got.
struct Client {
    stream: TcpStream,
    read: u64,
    head: u64,
}

impl Client {
    fn open(address: SocketAddr) -> Client {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        // Before the connection is made: its window never opens wide.
        sockopt::set_socket_recv_buffer_size(&socket, 32 * 1024).unwrap();
        rustix::net::connect(&socket, &address).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        Client {
            stream,
            read: 0,
            head: 0,
        }
    }

    /// Asks, reads the head and `count` bytes of the body.
    fn that_read(server: &Tallyd, request: &str, count: usize) -> Client {
        let mut client = Client::open(server.address());
        client.stream.write_all(request.as_bytes()).unwrap();
        client.read_head();
        client.read_body(count);
        client
    }

    fn read_head(&mut self) {
        let mut end = Vec::new();
        let mut byte = [0];
        while !end.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte).unwrap();
            end.push(byte[0]);
        }
        self.head += end.len() as u64;
        self.read += end.len() as u64;
    }

    fn read_body(&mut self, count: usize) {
        self.stream.read_exact(&mut vec![0; count]).unwrap();
        self.read += count as u64;
    }

    /// All bytes of bodies that have arrived, once no more come.
    fn got(&self) -> u64 {
        let mut held = 0;
        let mut since = Instant::now();
        while held == 0 || since.elapsed() < QUIET {
            let now = rustix::io::ioctl_fionread(&self.stream).unwrap();
            if now != held {
                (held, since) = (now, Instant::now());
            }
            thread::park_timeout(Duration::from_millis(5));
        }
        self.read + held - self.head
    }

    /// Hangs up. With bytes unread that is a reset.
    fn hang_up(self) -> u64 {
        let got = self.got();
        drop(self.stream);
        got
    }
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// The ways to ask: the connection stays, or ends by what the client says, or by its version.
fn ways(target: &str) -> [String; 3] {
    [
        get(target),
        format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
        format!("GET {target} HTTP/1.0\r\n\r\n"),
    ]
}

/// The line of the log for the hit with this number.
fn line(server: &Tallyd, target: &str, hit: usize) -> Value {
    let about = format!("\"target\":\"{target}\"");
    let number = format!("\"hit\":{hit}}}");
    let is_it = |line: &str| line.contains(&about) && line.contains(&number);
    parsed(&server.stdout.wait_for(&format!("{target} {hit}"), is_it))
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

fn assert_aborted(line: &Value, reason: &str, bytes: u64) {
    assert_eq!(line["outcome"], "aborted", "{line}");
    assert_eq!(line["reason"], reason, "{line}");
    assert_eq!(line["bytes"], bytes, "{line}");
}

fn assert_complete(line: &Value, length: usize) {
    assert_eq!(line["outcome"], "complete", "{line}");
    assert_eq!(line["bytes"], length, "{line}");
}

#[test]
fn who_hangs_up_in_the_middle_is_logged_with_what_arrived() {
    let folder = folder();
    let server = start(&folder).start();
    for (target, _) in LENGTHS {
        for (hit, request) in (1..).zip(ways(target)) {
            let got = Client::that_read(&server, &request, 200_000 * hit).hang_up();
            assert_aborted(&line(&server, target, hit), "client gone", got);
        }
    }
    server.stop();
}

#[test]
fn who_hangs_up_with_nothing_unread_is_logged_with_little_more_than_it_read() {
    let folder = folder();
    let server = start(&folder).start();
    for (target, _) in LENGTHS {
        let mut client = Client::that_read(&server, &get(target), 300_000);
        // Whatever is there: most likely its close is a FIN, and what comes then is refused.
        client.stream.set_nonblocking(true).unwrap();
        let mut piece = vec![0; MB];
        while let Ok(count @ 1..) = client.stream.read(&mut piece) {
            client.read += count as u64;
            if client.read > 500_000 {
                break;
            }
        }
        drop(client.stream);
        let line = line(&server, target, 1);
        let bytes = line["bytes"].as_u64().unwrap();
        assert_eq!(line["reason"], "client gone", "{line}");
        let read = client.read - client.head;
        assert!((read..read + BUFFER).contains(&bytes), "{read}: {line}");
    }
    server.stop();
}

#[test]
fn who_only_says_that_it_has_said_everything_gets_everything() {
    let folder = folder();
    let server = start(&folder).start();
    for (target, length) in LENGTHS {
        for (hit, request) in (1..).zip(ways(target)) {
            let mut client = Client::that_read(&server, &request, 1000);
            client.stream.shutdown(Shutdown::Write).unwrap();
            client.read_body(length - 1000);
            assert_eq!(read_to_end(&mut client.stream), b"");
            assert_complete(&line(&server, target, hit), length);
        }
    }
    server.stop();
}

#[test]
fn a_whole_download_is_complete_and_logged_at_once() {
    let folder = folder();
    let server = start(&folder).start();
    for (target, length) in LENGTHS {
        for (hit, request) in (1..).zip(ways(target)) {
            let client = Client::that_read(&server, &request, length);
            let begin = Instant::now();
            // The client keeps its connection, and says nothing more.
            assert_complete(&line(&server, target, hit), length);
            let took = begin.elapsed();
            assert!(
                took < Duration::from_secs(2),
                "{target}: logged {took:?} later"
            );
            drop(client);
        }
    }
    server.stop();
}

#[test]
fn a_pipeline_cut_in_the_second_reply_has_every_byte_where_it_belongs() {
    let folder = folder();
    let server = start(&folder).start();
    let requests = get("/1?a") + &get("/1?b") + &get("/small?c");
    let mut client = Client::that_read(&server, &requests, MB);
    client.read_head();
    client.read_body(300_000);
    let got = client.hang_up();
    assert_complete(&line(&server, "/1?a", 1), MB);
    assert_aborted(&line(&server, "/1?b", 2), "client gone", got - MB as u64);
    // The third was answered if the socket had room for it, and never arrived.
    let lines = server.stop().stdout;
    for line in lines.iter().filter(|line| line.contains("/small?c")) {
        assert_aborted(&parsed(line), "client gone", 0);
    }
}

#[test]
fn many_small_replies_to_a_client_that_reads_none_are_not_all_complete() {
    let folder = folder();
    let server = start(&folder).start();
    let count = 1000;
    let mut client = Client::open(server.address());
    let requests = get("/small").repeat(count);
    client.stream.write_all(requests.as_bytes()).unwrap();
    client.read_head();
    let head = client.head;
    let arrived = client.hang_up() + head;
    let lines = server.stop().stdout;
    let lines = lines.iter().filter(|line| line.contains("/small"));
    let logged: Vec<Value> = lines.map(|line| parsed(line)).collect();
    let sent: u64 = logged
        .iter()
        .map(|line| line["bytes"].as_u64().unwrap())
        .sum();
    // The heads are of one length. Of what is that little, the last is believed to have left.
    let expected = arrived * 1000 / (head + 1000);
    let allowed = 14_000;
    assert!(
        sent.abs_diff(expected) <= allowed,
        "{sent} logged, some {expected} arrived, {} replies",
        logged.len()
    );
}

#[test]
fn a_client_that_stops_reading_is_stalled_with_what_arrived() {
    let folder = folder();
    let server = start(&folder).args(&["--send-timeout", "700ms"]).start();
    for (target, length) in LENGTHS {
        for (hit, request) in (1..).zip(ways(target)) {
            let mut client = Client::that_read(&server, &request, 100_000);
            let line = line(&server, target, hit);
            // It was given up: nothing comes but what had arrived before.
            let rest = read_to_end(&mut client.stream).len() as u64;
            assert!(100_000 + rest < length as u64);
            assert_aborted(&line, "client stalled", 100_000 + rest);
        }
    }
    server.stop();
}

#[test]
fn a_stop_waits_for_what_the_socket_took_and_cuts_it_off_at_the_deadline() {
    let folder = folder();
    for (target, length) in LENGTHS {
        let server = start(&folder).args(&["--drain-timeout", "20s"]).start();
        let mut reads = Client::that_read(&server, &get(target), 1000);
        server.signal(Signal::TERM);
        server.stderr.wait_for_text("stopping");
        reads.read_body(length - 1000);
        assert_complete(&line(&server, target, 1), length);
        assert_eq!(server.ended().code, Some(0));

        let server = start(&folder).args(&["--drain-timeout", "700ms"]).start();
        let mut stops = Client::that_read(&server, &get(target), 1000);
        server.signal(Signal::TERM);
        let line = line(&server, target, 1);
        let rest = read_to_end(&mut stops.stream).len() as u64;
        assert_aborted(&line, "server stopped", 1000 + rest);
        assert_eq!(server.ended().code, Some(0));
    }
}

#[test]
fn parts_of_a_file_are_cut_like_the_whole() {
    let folder = folder();
    let server = start(&folder).start();
    let ranges = "0-199999,400000-999999";
    let request = format!("GET /1 HTTP/1.1\r\nHost: x\r\nRange: bytes={ranges}\r\n\r\n");
    let client = Client::that_read(&server, &request, 400_000);
    let got = client.hang_up();
    assert!(got < 800_000, "the second part is cut");
    let line = line(&server, "/1", 1);
    assert_eq!(line["status"], 206);
    assert_aborted(&line, "client gone", got);
    server.stop();
}
