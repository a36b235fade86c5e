//! A full disk: files are served, nothing that is counted is lost, and the operator is told once.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::thread;

use super::{Counted, Disk, Place, get, refused};
use crate::support::{Start, Tallyd, exchange, open, read_to_end, wait_until};

const LENGTH: u64 = 10;

/// A server whose counts are on a small disk, and where its health is told.
fn start(place: &Place, disk: &Disk) -> (Tallyd, SocketAddr) {
    let args = [
        "--workers",
        "1",
        "--access-log",
        "off",
        "--admin",
        "127.0.0.1:0",
    ];
    let server = Start::serving(place.root.path()).args(&args);
    let server = server.state(&disk.path().join("state")).start();
    let line = server.stderr.wait_for_text("dashboard at http://");
    let (_, address) = line.split_once("http://").unwrap();
    let admin = address.trim_end_matches('/').parse().expect(&line);
    (server, admin)
}

fn ledger(disk: &Disk) -> super::Ledger {
    super::Ledger::of(&disk.path().join("state"))
}

/// What the health page says: whether all is well, and the reason if not.
fn ready(admin: SocketAddr) -> (bool, String) {
    let text = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let reply = exchange(admin, text, 1).pop().expect("a reply");
    assert!([200, 503].contains(&reply.status), "{reply:?}");
    (reply.status == 200, reply.text())
}

/// Asks for `/a` so often, over one connection.
fn hit(server: &Tallyd, times: usize) {
    let mut reading = open(server.address());
    let mut writing = reading.try_clone().unwrap();
    let asking = thread::spawn(move || ask(&mut writing, times));
    let bytes = read_to_end(&mut reading);
    asking.join().expect("all requests are sent");
    let replies = bytes.windows(13).filter(|part| part == b"HTTP/1.1 200 ");
    assert_eq!(replies.count(), times);
}

fn ask(stream: &mut TcpStream, times: usize) {
    let batch = get("/a").repeat(100);
    for _ in 0..times / 100 {
        stream.write_all(batch.as_bytes()).unwrap();
    }
    let rest = get("/a").repeat(times % 100);
    stream.write_all(rest.as_bytes()).unwrap();
    // Everything is said; the server answers what it has, and closes.
    stream.shutdown(std::net::Shutdown::Write).unwrap();
}

fn counted(hits: u64) -> Counted {
    Counted {
        downloads: 1,
        repeats: hits - 1,
        ..Counted::complete(hits, hits * LENGTH)
    }
}

/// How often the operator was told that something can't be written, and that it can again.
fn told(server: &Tallyd) -> (usize, usize) {
    let lines = server.stderr.all();
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    (count("serving goes on"), count("written again"))
}

#[test]
fn a_disk_that_fills_up_stops_no_reply_and_loses_no_hit() {
    let (place, disk) = (Place::with(&[("a", LENGTH)]), Disk::new("24m"));
    let (server, admin) = start(&place, &disk);
    hit(&server, 3);
    ledger(&disk).wait_for("/a", counted(3));
    assert_eq!(ready(admin), (true, "ready\n".into()));

    disk.fill();
    // What the database has taken already may hold a few batches more.
    let mut hits = 3;
    while ready(admin).0 {
        hit(&server, 1000);
        hits += 1000;
        assert!(hits < 100_000, "the disk is full, and nobody notices");
    }
    let (_, reason) = ready(admin);
    assert!(
        reason.contains("full") || reason.contains("space"),
        "{reason}"
    );
    hit(&server, 500);
    hits += 500;
    server.stderr.wait_for_text("serving goes on");
    assert_eq!(told(&server), (1, 0), "{:#?}", server.stderr.all());

    disk.free();
    server
        .stderr
        .wait_for_text("counts are written again; nothing was lost");
    ledger(&disk).wait_for("/a", counted(hits));
    wait_until("it is well again", || ready(admin).0);
    assert_eq!(told(&server), (1, 1), "{:#?}", server.stderr.all());
    server.stop();
    ledger(&disk).assert_adds_up();
    let (again, _) = start(&place, &disk);
    assert!(
        !again
            .stderr
            .all()
            .iter()
            .any(|line| line.contains("recovered"))
    );
    again.stop();
}

#[test]
fn a_full_disk_outlasts_the_journals_that_lay_ready_and_loses_no_hit() {
    let (place, disk) = (Place::with(&[("a", LENGTH)]), Disk::new("24m"));
    let (server, admin) = start(&place, &disk);
    hit(&server, 1);
    ledger(&disk).wait_for("/a", counted(1));
    disk.fill();
    // Four journals of some 25 000 hits each lie ready at most; then there is only memory.
    let hits = 150_000;
    hit(&server, hits);
    let no_journal = |line: &str| line.contains("the journal can't get a new file");
    server.stderr.wait_for("no new journal", no_journal);
    assert!(!ready(admin).0);
    disk.free();
    ledger(&disk).wait_for("/a", counted(hits as u64 + 1));
    wait_until("it is well again", || ready(admin).0);
    // Each turn for the worse or better is said once. On a busy machine there are a few, and never one for each hit.
    let (ailing, well) = told(&server);
    let is_quiet = ailing <= 10 && well >= 1;
    assert!(is_quiet, "{ailing} {well}: {:#?}", server.stderr.all());
    server.stop();
    ledger(&disk).assert_adds_up();
}

#[test]
fn what_a_full_disk_kept_out_of_the_ledger_is_there_after_a_kill() {
    let (place, disk) = (Place::with(&[("a", LENGTH)]), Disk::new("24m"));
    let (server, admin) = start(&place, &disk);
    disk.fill();
    let mut hits = 0;
    while ready(admin).0 {
        hit(&server, 1000);
        hits += 1000;
        assert!(hits < 20_000, "the disk is full, and nobody notices");
    }
    server.kill();
    disk.free();
    let (again, _) = start(&place, &disk);
    let found = ledger(&disk).file("/a");
    assert_eq!((found.number, found.hits), (hits, hits), "{found:?}");
    // The last of them may have been on their way, as far as the server knew.
    assert_eq!(found.complete + found.unsettled, hits, "{found:?}");
    again.stop();
    ledger(&disk).assert_adds_up();
}

#[test]
fn a_disk_that_is_full_at_the_start_is_said_with_what_to_do() {
    let (place, disk) = (Place::with(&[("a", LENGTH)]), Disk::new("4m"));
    disk.fill();
    let start = || Start::serving(place.root.path()).state(&disk.path().join("state"));
    refused(
        start(),
        &["Make room", "--state DIR", disk.path().to_str().unwrap()],
    );
    disk.free();
    // Room for the ledger, and not for a journal.
    std::fs::write(disk.path().join("ballast"), vec![b'x'; 3 << 20]).unwrap();
    refused(start(), &["the disk is full", "Make room"]);
    disk.free();
    let server = Start::serving(place.root.path())
        .arg("--workers")
        .arg("1")
        .state(&disk.path().join("state"))
        .start();
    assert_eq!(server.get("/a").status, 200);
    server.stop();
    assert_eq!(ledger(&disk).file("/a"), counted(1));
}
