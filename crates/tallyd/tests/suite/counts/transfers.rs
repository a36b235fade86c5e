//! Transfers that do not end well: how they are counted, and of which version of a file they are.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};

use super::{Counted, Place, get};
use crate::support::{Tallyd, noise, open_narrow, read_replies, read_to_end};

const LARGE: u64 = 20_000_000;

/// A client that has asked, and read `count` bytes of the body.
fn in_the_middle(server: &Tallyd, text: &str, count: usize) -> TcpStream {
    let mut stream = open_narrow(server.address());
    stream.write_all(text.as_bytes()).unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    stream.read_exact(&mut vec![0; count]).unwrap();
    stream
}

/// Reads what is left; how much that was.
fn rest(mut stream: TcpStream) -> u64 {
    read_to_end(&mut stream).len() as u64
}

/// The counts of each version of the only file, oldest first: length, hits, complete, aborted, downloads, bytes.
fn versions(place: &Place) -> Vec<Vec<i64>> {
    let query =
        "SELECT length, hits, complete, aborted, downloads, bytes FROM versions ORDER BY id";
    place.ledger().rows(query, &[])
}

#[test]
fn a_file_that_is_replaced_while_it_is_sent_belongs_to_the_old_version() {
    let place = Place::with(&[("a", LARGE)]);
    let server = place.start();
    let closing = "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let slow = in_the_middle(&server, closing, 1000);
    place.root.file("new", &noise(500, 9));
    fs::rename(place.root.join("new"), place.root.join("a")).unwrap();
    // The old one is believed for a moment.
    while server.get("/a").body.len() != 500 {}
    assert_eq!(rest(slow), LARGE - 1000, "the old one, to its end");
    let counted = place.stopped(server, "/a");
    assert_eq!((counted.downloads, counted.aborted), (2, 0));
    assert_eq!(
        counted.number, counted.hits,
        "the numbers of the path go on"
    );
    let versions = versions(&place);
    assert_eq!(versions.len(), 2, "{versions:?}");
    let old = &versions[0];
    assert_eq!(
        (old[0].unsigned_abs(), old[4], old[3]),
        (LARGE, 1, 0),
        "{versions:?}"
    );
    assert_eq!(versions[1], [500, 1, 1, 0, 1, 500]);
}

#[test]
fn a_file_that_is_cut_short_while_it_is_sent_is_aborted() {
    let place = Place::with(&[("a", LARGE)]);
    let server = place.start();
    let slow = in_the_middle(&server, &get("/a"), 1000);
    let file = File::options().write(true).open(place.root.join("a"));
    file.unwrap().set_len(10_000).unwrap();
    let got = 1000 + rest(slow);
    assert!(got < LARGE, "{got}");
    let counted = place.stopped(server, "/a");
    let expected = Counted {
        number: 1,
        hits: 1,
        aborted: 1,
        bytes: got,
        ..Counted::default()
    };
    assert_eq!(counted, expected);
    assert_eq!(versions(&place)[0][0].unsigned_abs(), LARGE);
}

#[test]
fn a_pipeline_that_is_cut_after_its_second_reply_has_two_complete_hits() {
    let place = Place::with(&[("a", 1000), ("b", 2000), ("c", LARGE)]);
    let server = place.start();
    let mut stream = open_narrow(server.address());
    let requests = get("/a") + &get("/b") + &get("/c");
    stream.write_all(requests.as_bytes()).unwrap();
    // Whatever of the third has come by then is unread, so the close is a reset.
    assert_eq!(read_replies_exactly(&mut stream, 2), [1000, 2000]);
    drop(stream);
    let expected = |length| Counted {
        downloads: 1,
        ..Counted::complete(1, length)
    };
    let third = Counted {
        number: 1,
        hits: 1,
        aborted: 1,
        ..Counted::default()
    };
    assert_eq!(place.stopped(server, "/a"), expected(1000));
    let ledger = place.ledger();
    assert_eq!(ledger.file("/b"), expected(2000));
    let counted = ledger.file("/c");
    assert!(counted.bytes < LARGE, "{counted:?}");
    assert_eq!(
        Counted {
            bytes: 0,
            ..counted
        },
        third
    );
}

/// The lengths of the next bodies; not a byte more is read.
fn read_replies_exactly(stream: &mut TcpStream, count: usize) -> Vec<usize> {
    let one = |_| {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let (_, length) = head.split_once("Content-Length: ").unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        stream.read_exact(&mut vec![0; length]).unwrap();
        length
    };
    (0..count).map(one).collect()
}

#[test]
fn a_client_that_stops_reading_is_aborted_with_what_it_got() {
    let place = Place::with(&[("a", LARGE)]);
    let server = place.server().args(&["--send-timeout", "700ms"]).start();
    let stalled = in_the_middle(&server, &get("/a"), 100_000);
    server.hits(1);
    let got = 100_000 + rest(stalled);
    let expected = Counted {
        number: 1,
        hits: 1,
        aborted: 1,
        bytes: got,
        ..Counted::default()
    };
    assert_eq!(place.stopped(server, "/a"), expected);
    let reached = place.ledger().rows("SELECT tenth, hits FROM aborts", &[]);
    assert_eq!(reached, [[(got * 10 / LARGE) as i64, 1]]);
}

#[test]
fn an_abort_that_is_resumed_from_what_came_is_one_download() {
    let place = Place::with(&[("a", LARGE)]);
    let server = place.server().args(&["--send-timeout", "700ms"]).start();
    let stalled = in_the_middle(&server, &get("/a"), 100_000);
    server.hits(1);
    let got = 100_000 + rest(stalled);
    let range = format!("Range: bytes={got}-");
    let reply = super::ask(&server, "/a", &[&range]);
    assert_eq!(reply.body.len() as u64, LARGE - got);
    let expected = Counted {
        number: 2,
        hits: 2,
        complete: 1,
        aborted: 1,
        bytes: LARGE,
        downloads: 1,
        ..Counted::default()
    };
    assert_eq!(place.stopped(server, "/a"), expected);
}

#[test]
fn what_was_on_its_way_when_the_process_was_killed_is_unsettled() {
    let place = Place::with(&[("a", LARGE), ("b", 1000)]);
    let server = place.start();
    let slow = in_the_middle(&server, &get("/a"), 1000);
    assert_eq!(server.get("/b").status, 200);
    server.kill();
    drop(slow);
    let again = place.start();
    again.stderr.wait_for_text(", 1 unsettled");
    let counted = place.ledger().file("/a");
    let expected = Counted {
        number: 1,
        hits: 1,
        unsettled: 1,
        ..Counted::default()
    };
    assert_eq!(counted, expected);
    assert_eq!(again.get("/a").status, 200);
    let expected = Counted {
        number: 2,
        hits: 2,
        complete: 1,
        unsettled: 1,
        bytes: LARGE,
        downloads: 1,
        ..Counted::default()
    };
    assert_eq!(place.stopped(again, "/a"), expected);
    assert_eq!(place.ledger().file("/b").complete, 1);
}

#[test]
fn what_the_ledger_had_as_begun_is_settled_or_unsettled_after_a_kill() {
    let place = Place::with(&[("a", LARGE), ("b", LARGE)]);
    let server = place.start();
    let never = in_the_middle(&server, &get("/a"), 1000);
    let mut ends = in_the_middle(&server, &get("/b"), 1000);
    let begun = Counted {
        number: 1,
        hits: 1,
        ..Counted::default()
    };
    place.ledger().wait_for("/a", begun);
    place.ledger().wait_for("/b", begun);
    // It ends, and the ledger does not hear of it.
    let held = place.ledger().hold();
    let mut left = (&mut ends).take(LARGE - 1000);
    io::copy(&mut left, &mut io::sink()).unwrap();
    server.hits(1);
    server.kill();
    drop((held, never, ends));
    let again = place.start();
    again.stderr.wait_for_text("recovered 2 hits, 1 unsettled");
    let unsettled = Counted {
        unsettled: 1,
        ..begun
    };
    assert_eq!(place.stopped(again, "/a"), unsettled);
    let complete = Counted {
        downloads: 1,
        ..Counted::complete(1, LARGE)
    };
    assert_eq!(place.ledger().file("/b"), complete);
    place.start().stop();
}

#[test]
fn what_was_begun_in_a_journal_that_is_gone_is_unsettled() {
    let place = Place::with(&[("a", LARGE)]);
    let server = place.start();
    let never = in_the_middle(&server, &get("/a"), 1000);
    let begun = Counted {
        number: 1,
        hits: 1,
        ..Counted::default()
    };
    place.ledger().wait_for("/a", begun);
    server.kill();
    drop(never);
    // As with one that was only in memory, because the disk was full.
    for entry in fs::read_dir(place.state.join("journal")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "journal") {
            fs::remove_file(path).unwrap();
        }
    }
    let again = place.start();
    again.stderr.wait_for_text(", 1 unsettled");
    let unsettled = Counted {
        unsettled: 1,
        ..begun
    };
    assert_eq!(place.stopped(again, "/a"), unsettled);
    place.start().stop();
}

#[test]
fn a_hit_under_way_is_counted_and_ends_in_the_ledger() {
    let place = Place::with(&[("a", LARGE)]);
    let server = place.start();
    let mut slow = in_the_middle(&server, &get("/a"), 1000);
    let begun = Counted {
        number: 1,
        hits: 1,
        ..Counted::default()
    };
    place.ledger().wait_for("/a", begun);
    // Long after it was posted as begun.
    let mut left = (&mut slow).take(LARGE - 1000);
    io::copy(&mut left, &mut io::sink()).unwrap();
    let expected = Counted {
        downloads: 1,
        ..Counted::complete(1, LARGE)
    };
    place.ledger().wait_for("/a", expected);
    let replies = {
        slow.write_all(get("/a").as_bytes()).unwrap();
        read_replies(&mut slow, 1)
    };
    assert_eq!(replies[0].body.len() as u64, LARGE);
    drop(slow);
    assert_eq!(place.stopped(server, "/a").repeats, 1);
}

/// A client whose system has little room, which has not read anything; what of the body has arrived in its system.
fn unread_by(server: &Tallyd, room: usize, requests: usize) -> (TcpStream, u64) {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    sockopt::set_socket_recv_buffer_size(&socket, room).unwrap();
    connect(&socket, &server.address()).unwrap();
    let mut stream = TcpStream::from(socket);
    for _ in 0..requests {
        stream.write_all(get("/a").as_bytes()).unwrap();
        // Each of them is heard alone.
        thread::park_timeout(Duration::from_millis(20));
    }
    let held = || rustix::io::ioctl_fionread(&stream).unwrap();
    let mut last = held();
    let mut same = 0;
    while same < 15 {
        thread::park_timeout(Duration::from_millis(20));
        let now = held();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    (stream, last)
}

#[test]
fn a_small_reply_that_its_client_had_no_room_for_is_aborted() {
    let place = Place::with(&[("a", 12_000)]);
    let server = place.start();
    let (stream, arrived) = unread_by(&server, 4096, 1);
    assert!(arrived < 12_000, "{arrived}");
    drop(stream);
    let counted = place.stopped(server, "/a");
    assert_eq!((counted.complete, counted.aborted), (0, 1), "{counted:?}");
    assert!(counted.bytes < arrived, "{counted:?}");
}

#[test]
fn small_replies_that_were_asked_for_one_by_one_and_never_read_are_aborted() {
    let place = Place::with(&[("a", 12_000)]);
    let server = place.start();
    let (stream, arrived) = unread_by(&server, 16_384, 10);
    drop(stream);
    let counted = place.stopped(server, "/a");
    assert!(counted.bytes < arrived, "{arrived} arrived: {counted:?}");
    assert!(
        counted.complete <= arrived / 12_000,
        "{arrived} arrived: {counted:?}"
    );
}
