//! Bad input and faults: a clear answer, nothing lost, still serving after.

mod bad_heads;
mod bodies;
mod crowds;
mod descriptors;
mod endings;
mod files_in_motion;
mod forgery;
mod huge_listing;
mod large;
mod links;
mod names;
mod releases;
mod slow_clients;
mod slow_disk;
mod strange_files;
mod traversal;

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{LIMIT, Reply, Start, Tallyd, read_replies};

/// A GET that leaves the connection open.
pub fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Asks on a connection that stays open.
pub fn ask_on(stream: &mut TcpStream, target: &str) -> Reply {
    stream
        .write_all(get(target).as_bytes())
        .expect("send a request");
    let mut replies = read_replies(stream, 1);
    replies
        .pop()
        .unwrap_or_else(|| panic!("no reply for {target}"))
}

/// A server of `root` with one worker, and everything about each reply in its log.
pub fn one_worker(root: impl AsRef<std::path::Path>) -> Start {
    Start::serving(root).args(&["--workers", "1", "--log-format", "json"])
}

/// The first line of the log in format json about `target`.
pub fn logged(server: &Tallyd, target: &str) -> String {
    logged_times(server, target, 1).remove(0)
}

/// The lines of the log in format json about `target`, once there are so many.
pub fn logged_times(server: &Tallyd, target: &str, times: usize) -> Vec<String> {
    let about = format!("\"target\":\"{target}\"");
    server
        .stdout
        .wait_for_count(times, |line| line.contains(&about))
}

/// A number in a line of the log in format json.
pub fn number(line: &str, key: &str) -> u64 {
    let digits = after(line, key);
    let end = digits
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap();
    digits[..end].parse().unwrap()
}

/// A word in a line of the log in format json.
pub fn word<'a>(line: &'a str, key: &str) -> &'a str {
    let text = after(line, key).strip_prefix('"').unwrap();
    text.split('"').next().unwrap()
}

fn after<'a>(line: &'a str, key: &str) -> &'a str {
    let name = format!("\"{key}\":");
    let at = line
        .find(&name)
        .unwrap_or_else(|| panic!("no {key} in {line}"));
    &line[at + name.len()..]
}

/// What `look` finds, as soon as it finds something: for what no event tells.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "never: {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// The memory of a server that is its own, in bytes.
pub fn memory(server: &Tallyd) -> u64 {
    let path = format!("/proc/{}/status", server.pid().as_raw_nonzero());
    let status = fs::read_to_string(path).expect("the process lives");
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line
        .unwrap()
        .trim()
        .strip_suffix(" kB")
        .expect("a size in kB");
    kilobytes.parse::<u64>().unwrap() * 1024
}

/// The one in the middle.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Shows a number that was measured (`cargo test -- --nocapture`).
#[expect(
    clippy::print_stdout,
    reason = "an assertion says only that it was good enough"
)]
pub fn measured(what: &str) {
    println!("measured: {what}");
}
