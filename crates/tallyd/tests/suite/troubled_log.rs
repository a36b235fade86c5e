//! A log that cannot be written never stops serving; what is missing in it is counted, and said.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use tallyd_load::{Connection, Request};

use crate::support::{Folder, Start, Tallyd, wait_until};

/// Mounts 1 MB of memory on `$1`, seen by this process only, leaves 64 KB free, and becomes the server.
const ON_A_SMALL_DISK: &str = r#"mount -t tmpfs -o size=1m small "$1" &&
    head -c 960K /dev/zero >"$1/ballast" && shift && exec "$@""#;

/// Long enough that a few hundred lines fill any pipe.
const NAME: &str = "a-client-with-a-long-name-";

/// Asks for the index `count` times; each must be answered.
fn ask(server: &Tallyd, count: usize) {
    let mut connection = Connection::open(server.address()).unwrap();
    let request = Request::get("/").field("User-Agent", &NAME.repeat(40));
    for _ in 0..count {
        assert_eq!(connection.request(&request).unwrap().status, 200);
    }
}

/// The number in "N lines of the access log were not written", of all such messages.
fn lost(said: &[String]) -> usize {
    let number = |line: &String| {
        let (begin, _) = line.split_once(" lines of the access log were not written")?;
        begin.rsplit(' ').next()?.parse::<usize>().ok()
    };
    said.iter().filter_map(number).sum()
}

/// A server in a mount namespace of its own; without rights of root, in a user namespace too.
fn on_a_small_disk(folder: &Folder, disk: &Folder) -> Start {
    let user: &[&str] = match rustix::process::geteuid().is_root() {
        true => &["--mount"],
        false => &["--mount", "--user", "--map-root-user"],
    };
    let mount = ["sh", "-c", ON_A_SMALL_DISK, "sh"];
    let start = Start::by(
        "unshare",
        &[user, &mount, &[disk.path().to_str().unwrap()]].concat(),
    );
    start
        .arg(folder.path())
        .args(&[
            "--listen",
            "127.0.0.1:0",
            "--log-format",
            "combined",
            "--access-log",
        ])
        .arg(disk.join("access.log"))
}

#[test]
fn a_full_disk_does_not_stop_serving_and_every_line_is_written_or_counted() {
    let (folder, disk) = (Folder::with_index(), Folder::new());
    let server = on_a_small_disk(&folder, &disk).start();
    // The disk as the server sees it.
    let seen = format!("/proc/{}/root", server.pid().as_raw_nonzero());
    let seen = Path::new(&seen).join(disk.path().strip_prefix("/").unwrap());
    let lines = || {
        let log = fs::read_to_string(seen.join("access.log"));
        log.unwrap().matches('\n').count()
    };

    ask(&server, 300);
    server
        .stderr
        .wait_for_text("the access log can't be written: No space left on device");
    ask(&server, 100);
    assert!(lines() < 300, "the disk is not full");

    fs::remove_file(seen.join("ballast")).unwrap();
    ask(&server, 10);
    wait_until("each line is written or counted", || {
        lines() + lost(&server.stderr.all()) == 410
    });
    assert!(lost(&server.stderr.all()) > 0 && lines() >= 10);
    server.stop();
}

#[test]
fn a_pipe_that_nobody_reads_does_not_stop_serving_and_every_line_is_printed_or_counted() {
    let folder = Folder::with_index();
    let server = Start::serving(folder.path())
        .args(&["--log-format", "combined"])
        .start();
    server.stdout.hold();
    ask(&server, 1000);
    server
        .stderr
        .wait_for_text("the reader of the log has stopped reading");
    ask(&server, 100);
    server.stdout.release();
    let asked = Cell::new(1100);
    wait_until("the pipe is written to again", || {
        ask(&server, 1);
        asked.set(asked.get() + 1);
        lost(&server.stderr.all()) > 0
    });

    let ended = server.stop();
    let printed = &ended.stdout[1..];
    assert_eq!(printed.len() + lost(&ended.stderr), asked.get());
    let is_whole =
        |line: &String| line.starts_with("127.0.0.1 - - [") && line.ends_with(&format!("{NAME}\""));
    assert!(printed.iter().all(is_whole), "lines are torn");
}

#[test]
fn a_reader_that_has_gone_does_not_stop_serving() {
    let folder = Folder::with_index();
    let server = Start::serving(folder.path()).start();
    server.stdout.leave();
    ask(&server, 1);
    server.stdout.to_end();
    ask(&server, 100);
    server
        .stderr
        .wait_for_text("the access log can't be written: Broken pipe");
    ask(&server, 100);
    server.stop();
}
