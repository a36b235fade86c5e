//! System calls: what counting costs, as strace sees it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::{Counted, Place, get};
use crate::support::{Folder, Program, Running, Start, Tallyd, read_replies};
use std::io::Write;

/// How long an idle server is watched.
const WATCHED: Duration = Duration::from_secs(3);

/// A call of strace on all threads of the server, once it watches.
fn watch(server: &Tallyd, args: &[&str], report: &std::path::Path) -> Running {
    let strace = Program::new("strace")
        .args(&["-f", "-o"])
        .arg(report)
        .args(args)
        .arg("-p")
        .arg(server.pid().as_raw_nonzero().to_string())
        .start();
    strace.stderr().wait_for_text("attached");
    strace
}

#[test]
fn with_sync_interval_0_a_reply_leaves_after_its_hit_is_on_the_disk() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.server().args(&["--sync-interval", "0"]).start();
    let folder = Folder::new();
    let report = folder.join("report");
    // The first hit brings the file into memory, and the journal into use.
    assert_eq!(server.get("/a").status, 200);
    let mut stream = server.connect();
    let strace = watch(&server, &["-e", "trace=msync,sendmsg,recvfrom"], &report);
    stream.write_all(get("/a").as_bytes()).unwrap();
    assert_eq!(read_replies(&mut stream, 1)[0].status, 200);
    strace.interrupt();
    strace.finish();
    let text = fs::read_to_string(&report).unwrap();
    let calls: Vec<_> = text.lines().collect();
    let at = |what: &str| {
        let found = calls.iter().position(|line| line.contains(what));
        found.unwrap_or_else(|| panic!("no {what}: {calls:#?}"))
    };
    let request = at("GET /a");
    let reply = at("sendmsg(");
    assert!(calls[reply].contains("200 OK"), "{calls:#?}");
    let synced = calls[request..reply]
        .iter()
        .any(|line| line.contains("msync") && line.contains("MS_SYNC"));
    assert!(synced, "{calls:#?}");
    let whole = calls[..reply]
        .iter()
        .rev()
        .find(|line| line.contains("msync"))
        .unwrap();
    assert!(whole.ends_with("= 0"), "it has returned: {calls:#?}");
    drop(stream);
    server.stop();
}

#[test]
fn with_sync_interval_0_no_hit_that_was_answered_is_behind_the_mark() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.server().args(&["--sync-interval", "0"]).start();
    for _ in 0..30 {
        assert_eq!(server.get("/a").status, 200);
    }
    server.kill();
    let again = place.start();
    let expected = Counted {
        downloads: 1,
        repeats: 29,
        ..Counted::complete(30, 30_000)
    };
    assert_eq!(place.stopped(again, "/a"), expected);
}

#[test]
fn a_server_that_nobody_asks_sleeps() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    assert_eq!(server.get("/a").status, 200);
    let expected = Counted {
        downloads: 1,
        ..Counted::complete(1, 1000)
    };
    place.ledger().wait_for("/a", expected);
    let folder = Folder::new();
    let report = folder.join("report");
    // What the last hit left to do: a look, and a sync.
    thread::park_timeout(WATCHED / 2);
    let strace = watch(&server, &[], &report);
    thread::park_timeout(WATCHED);
    strace.interrupt();
    strace.finish();
    let text = fs::read_to_string(&report).unwrap();
    // Each thread is in a wait when strace comes, and still when it goes: such calls have no result.
    let calls: Vec<_> = text.lines().filter(|line| line.contains(" = ")).collect();
    assert!(text.contains("epoll_wait"), "it watches: {text}");
    assert!(calls.len() <= 2, "{calls:#?}");
    // It is awake for the next one.
    assert_eq!(server.get("/a").status, 200);
    let expected = Counted {
        downloads: 1,
        repeats: 1,
        ..Counted::complete(2, 2000)
    };
    place.ledger().wait_for("/a", expected);
    server.stop();
}

#[test]
fn a_start_after_an_orderly_end_waits_for_no_sync() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    assert_eq!(server.get("/a").status, 200);
    server.stop();
    let folder = Folder::new();
    let report = folder.join("report");
    let report_name = report.display().to_string();
    let calls = "trace=execve,write,fsync,fdatasync,msync,sync_file_range";
    let server = Start::by(
        "strace",
        &["-D", "-f", "-qq", "-o", &report_name, "-e", calls],
    )
    .args(&["--listen", "127.0.0.1:0", "--workers", "2"])
    .state(place.state.path())
    .arg(place.root.path())
    .start();
    // The address is read before strace has told of its being written.
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut text = String::new();
    while !text.contains("\"Serving ") {
        assert!(Instant::now() < deadline, "{text}");
        thread::park_timeout(Duration::from_millis(5));
        text = fs::read_to_string(&report).unwrap();
    }
    let (first, _) = text.split_once(' ').unwrap();
    let main = text.lines().filter(|line| line.starts_with(first));
    let start: Vec<_> = main
        .take_while(|line| !line.contains("\"Serving "))
        .collect();
    assert!(start[0].contains("execve("), "{text}");
    assert!(
        !start.iter().any(|line| line.contains("sync")),
        "{start:#?}"
    );
    assert_eq!(server.get("/a").status, 200);
    let expected = Counted {
        downloads: 1,
        repeats: 1,
        ..Counted::complete(2, 2000)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
}
