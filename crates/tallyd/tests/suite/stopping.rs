//! Stopping: what is running is finished, within a limit, unless somebody insists.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    Folder, Program, Start, Tallyd, noise, read_replies, read_to_end, wait_until,
};

const LENGTH: usize = 20_112_698;

/// A folder with a file that no socket buffer holds.
fn folder() -> Folder {
    let folder = Folder::with_index();
    folder.file("large.bin", &noise(LENGTH, 11));
    folder
}

/// A client that has asked for the large file, has seen the reply begin, and reads no further.
fn stalled(server: &Tallyd) -> TcpStream {
    let mut stream = server.connect();
    stream
        .write_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let mut begin = [0; 15];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200 OK");
    stream
}

fn stop_and_see(server: &Tallyd, signal: Signal) {
    server.signal(signal);
    server.stderr.wait_for_text("stopping:");
}

#[test]
fn a_slow_download_ends_whole_and_new_connections_are_refused() {
    let folder = folder();
    let server = Start::serving(folder.path()).start();
    let (address, url) = (server.address(), server.url("/large.bin"));
    let wget = Program::wget(&["--server-response", "--limit-rate=8m", "-O", "copy", &url]);
    let download = wget.within(folder.path()).start();
    download.stderr().wait_for_text("200 OK");

    stop_and_see(&server, Signal::TERM);
    wait_until("new connections are refused", || {
        let refused = TcpStream::connect(address).map_err(|error| error.kind());
        matches!(refused, Err(ErrorKind::ConnectionRefused))
    });
    let done = download.finish();
    assert_eq!(done.code, Some(0), "{done:?}");
    Program::new("cmp")
        .arg(folder.join("large.bin"))
        .arg(folder.join("copy"))
        .output();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stdout[1].starts_with("/large.bin|"), "{ended:#?}");
}

#[test]
fn every_stopping_signal_stops() {
    let folder = folder();
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
        let server = Start::serving(folder.path()).start();
        server.signal(signal);
        let ended = server.ended();
        assert_eq!(ended.code, Some(0), "{signal:?}: {ended:#?}");
    }
}

#[test]
fn at_the_deadline_the_rest_is_cut_off_and_the_log_says_so() {
    let folder = folder();
    let args = ["--drain-timeout", "1s", "--log-format", "json"];
    let server = Start::serving(folder.path()).args(&args).start();
    let mut client = stalled(&server);
    let begin = Instant::now();
    stop_and_see(&server, Signal::TERM);
    let ended = server.ended();
    let waited = begin.elapsed();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let expected = Duration::from_millis(900)..Duration::from_secs(10);
    assert!(expected.contains(&waited), "it took {waited:?}");
    let said = ended.stderr.join("\n");
    assert!(
        said.contains("connections cut off at the deadline: 1"),
        "{said}"
    );

    assert!(read_to_end(&mut client).len() < LENGTH);
    let entry: Value = serde_json::from_str(ended.stdout.last().unwrap()).unwrap();
    assert_eq!(entry["target"], "/large.bin");
    assert_eq!(entry["outcome"], "aborted");
    assert!(entry["bytes"].as_u64().unwrap() < LENGTH as u64, "{entry}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = folder();
    let server = Start::serving(folder.path()).start();
    let client = stalled(&server);
    let begin = Instant::now();
    stop_and_see(&server, Signal::TERM);
    server.signal(Signal::INT);
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(begin.elapsed() < Duration::from_secs(10), "it drains");
    assert!(
        ended.stderr.join("\n").contains("stopping at once"),
        "{ended:#?}"
    );
    drop(client);
}

#[test]
fn idle_connections_do_not_delay_the_stop() {
    let folder = folder();
    let args = ["--keep-alive", "1h", "--head-timeout", "1h"];
    let server = Start::serving(folder.path()).args(&args).start();
    let mut idle = server.connect();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(read_replies(&mut idle, 1).len(), 1);
    let mut silent = server.connect();
    // It is accepted before this one, which has an answer.
    assert_eq!(server.get("/").status, 200);
    let begin = Instant::now();
    server.stop();
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "it waits for them"
    );
    assert!(read_to_end(&mut idle).is_empty());
    assert!(read_to_end(&mut silent).is_empty());
}
