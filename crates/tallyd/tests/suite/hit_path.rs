//! The hit path: what a cached file costs in system calls, as strace sees the worker.

use std::collections::HashMap;
use std::fs;
use std::io::Write;

use tallyd_load::{Connection, Request};

use crate::support::{Folder, Program, Start, Tallyd, open, read_replies};

const REQUESTS: usize = 3000;

/// System calls beside read and write, for each thousand requests, that are let pass: the look at root
/// and file every 100 ms, deadlines, and handing over the log. Measured: some 25 at this pace.
const ELSE: usize = 150;

#[test]
fn a_cached_file_costs_one_read_and_one_write() {
    let folder = Folder::with_index();
    let server = Start::serving(folder.path())
        .arg("--workers")
        .arg("1")
        .start();
    let calls = watched(server, |connection| {
        for _ in 0..REQUESTS {
            let response = connection
                .request(&Request::get("/index.html"))
                .expect("an answer");
            assert_eq!(response.status, 200);
        }
    });
    let once = REQUESTS..=REQUESTS + 2;
    assert!(once.contains(&calls["recvfrom"]), "{calls:?}");
    // A small file leaves with its head in one piece, a larger one as two slices of a message: one call either way.
    let writes = ["sendto", "sendmsg"];
    let written: usize = writes.iter().filter_map(|name| calls.get(*name)).sum();
    assert!(once.contains(&written), "{calls:?}");
    // One wait for each request: this client asks one after the other.
    assert!(
        calls["epoll_wait"] <= REQUESTS + REQUESTS * ELSE / 1000,
        "{calls:?}"
    );
    let expected = ["recvfrom", "sendto", "sendmsg", "epoll_wait", "total"];
    let others = calls
        .iter()
        .filter(|(name, _)| !expected.contains(&name.as_str()));
    let others: usize = others.map(|(_, count)| count).sum();
    assert!(others <= REQUESTS * ELSE / 1000, "{calls:?}");
}

/// Answers to requests that came together are held back for each other; never for one that has to wait, which is told
/// by the call that lets them go.
#[test]
fn what_was_held_back_leaves_before_anything_is_waited_for() {
    let get = "GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n";
    let unfinished = "POST /index.html HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n";
    let calls = |asked: String, answers: usize| {
        let folder = Folder::with_index();
        let server = Start::serving(folder.path())
            .arg("--workers")
            .arg("1")
            .start();
        let address = server.address();
        watched(server, |_| {
            let mut stream = open(address);
            stream.write_all(asked.as_bytes()).expect("ask");
            let replies = read_replies(&mut stream, answers);
            assert!(replies.iter().all(|reply| reply.status == 200));
            assert_eq!(replies.len(), answers);
        })
    };
    let waited = calls(format!("{get}{get}{unfinished}"), 2);
    assert_eq!(waited.get("setsockopt"), Some(&1), "{waited:?}");
    let together = calls(get.repeat(16), 16);
    assert_eq!(together.get("setsockopt"), None, "{together:?}");
}

/// The system calls that the worker makes while `work` is done over one connection, by name.
fn watched(server: Tallyd, work: impl FnOnce(&mut Connection)) -> HashMap<String, usize> {
    let report = Folder::new();
    let summary = report.join("summary");
    let mut connection = Connection::open(server.address()).expect("connect");
    // The first answer comes from the disk and registers the connection.
    connection
        .request(&Request::get("/index.html"))
        .expect("an answer");
    let strace = Program::new("strace")
        .args(&["-c", "-U", "name,calls", "-o"])
        .arg(&summary)
        .arg("-p")
        .arg(worker(&server))
        .start();
    strace.stderr().wait_for_text("attached");
    work(&mut connection);
    drop(connection);
    server.stop();
    strace.finish();
    let text = fs::read_to_string(summary).expect("the summary of strace");
    let call = |line: &str| {
        let (name, count) = line.trim().split_once(char::is_whitespace)?;
        Some((name.to_owned(), count.trim().parse().ok()?))
    };
    text.lines().filter_map(call).collect()
}

/// The thread of the only worker.
fn worker(server: &Tallyd) -> String {
    let tasks = format!("/proc/{}/task", server.pid().as_raw_nonzero());
    let name =
        |task: &fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    let mut tasks = fs::read_dir(tasks)
        .expect("its threads")
        .filter_map(Result::ok);
    let worker = tasks
        .find(|task| name(task).trim() == "worker-0")
        .expect("a worker");
    worker.file_name().into_string().expect("a number")
}
