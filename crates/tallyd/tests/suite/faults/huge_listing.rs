//! A directory of 100,000 entries: it begins at once, and neither making it nor reading it holds up others.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use super::{ask_on, get, measured, median, memory, one_worker};
use crate::support::{Folder, Tallyd, open};

const ENTRIES: usize = 100_000;

/// Slow readers of the listing at the same time: more than the server has threads for the disk.
const SLOW: usize = 40;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("small.txt", b"hello");
    std::fs::create_dir(folder.join("many")).unwrap();
    for number in 0..ENTRIES {
        File::create(folder.join(format!("many/entry-{number:06}"))).unwrap();
    }
    folder
}

/// How long the first byte of a listing takes, and all that came.
fn listing(server: &Tallyd, query: &str) -> (Duration, Vec<u8>) {
    let mut stream = server.connect();
    let start = Instant::now();
    stream
        .write_all(get(&format!("/many/{query}")).as_bytes())
        .unwrap();
    let mut bytes = vec![0];
    stream.read_exact(&mut bytes).unwrap();
    let first = start.elapsed();
    let mut piece = vec![0; 1 << 20];
    while !bytes.ends_with(b"\r\n0\r\n\r\n") {
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "cut off after {} bytes", bytes.len());
        bytes.extend_from_slice(&piece[..count]);
    }
    (first, bytes)
}

#[test]
fn a_listing_of_100_000_entries_disturbs_nobody() {
    let folder = folder();
    let server = one_worker(folder.path())
        .args(&["--listing", "--send-timeout", "10m"])
        .start();
    begins_at_once_and_is_whole(&server);
    others_are_served_meanwhile(&server);
    slow_readers_hold_no_thread(&server, &folder);
}

fn begins_at_once_and_is_whole(server: &Tallyd) {
    for query in ["", "?sort=size", "?sort=time&order=desc"] {
        let times = (0..3).map(|_| {
            let (first, bytes) = listing(server, query);
            let rows = bytes.windows(9).filter(|part| part == b"<tr><td><").count();
            // The way up is a row too.
            assert_eq!(rows, ENTRIES + 1, "{query}");
            first
        });
        let first = median(times.collect());
        measured(&format!(
            "{ENTRIES} entries {query}: first byte after {first:?}"
        ));
        assert!(
            first < Duration::from_millis(100),
            "{query}: first byte after {first:?}"
        );
    }
}

fn others_are_served_meanwhile(server: &Tallyd) {
    let done = AtomicBool::new(false);
    let mut times = thread::scope(|scope| {
        scope.spawn(|| {
            listing(server, "");
            listing(server, "?sort=size");
            done.store(true, Ordering::Relaxed);
        });
        let mut stream = open(server.address());
        let mut times = Vec::new();
        while !done.load(Ordering::Relaxed) {
            let start = Instant::now();
            assert_eq!(ask_on(&mut stream, "/small.txt").body, b"hello");
            times.push(start.elapsed());
        }
        times
    });
    times.sort_unstable();
    let (usual, late) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    measured(&format!(
        "beside listings: median {usual:?}, 99% {late:?}, most {:?}",
        times.last()
    ));
    assert!(late < Duration::from_millis(50), "others wait {late:?}");
}

fn slow_readers_hold_no_thread(server: &Tallyd, folder: &Folder) {
    let before = memory(server);
    let slow: Vec<TcpStream> = (0..SLOW)
        .map(|number| {
            let mut stream = server.connect();
            sockopt::set_socket_recv_buffer_size(&stream, 4096).unwrap();
            // By size every entry has to be looked at before the first row.
            let query = if number % 4 == 0 { "" } else { "?sort=size" };
            stream
                .write_all(get(&format!("/many/{query}")).as_bytes())
                .unwrap();
            stream
        })
        .collect();
    let times = (0..9).map(|number| {
        let name = format!("cold-{number}.bin");
        folder.file(&name, &vec![b'c'; 400_000]);
        let start = Instant::now();
        assert_eq!(server.get(&format!("/{name}")).body.len(), 400_000);
        start.elapsed()
    });
    let slowest = times.max().unwrap();
    let grown = memory(server).saturating_sub(before) >> 20;
    measured(&format!(
        "beside {SLOW} slow readers: a cold file takes {slowest:?}, the server grew by {grown} MiB"
    ));
    assert!(
        slowest < Duration::from_secs(1),
        "a cold file takes {slowest:?}"
    );
    // Some 3 MB of names each, and what the allocator keeps.
    assert!(grown < 256, "{SLOW} slow readers cost {grown} MiB");
    drop(slow);
}
