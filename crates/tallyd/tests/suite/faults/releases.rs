//! The root itself changes: switched by a link under load, cleared away behind it, gone, and back.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{ask_on, eventually, one_worker};
use crate::support::{Folder, Start, open};

const NAMES: [&str; 3] = ["index.html", "small.txt", "large.bin"];

/// Every file of a release is full of its letter; the large one is not kept in memory by the server.
fn release(folder: &Folder, letter: u8) {
    let name = char::from(letter).to_string();
    for (file, length) in NAMES.into_iter().zip([500, 5000, 400_000]) {
        folder.file(format!("{name}/{file}"), &vec![letter; length]);
    }
}

/// Switches the link in one step, as releases are switched.
fn switch(folder: &Folder, letter: u8) {
    symlink(char::from(letter).to_string(), folder.join("next")).unwrap();
    fs::rename(folder.join("next"), folder.join("current")).unwrap();
}

#[test]
fn a_switch_under_load_is_seen_by_nobody_as_an_error_or_a_mix() {
    let folder = Folder::new();
    release(&folder, b'a');
    switch(&folder, b'a');
    let server = Start::serving(folder.join("current")).start();
    let address = server.address();
    let done = AtomicBool::new(false);
    let requests = AtomicU64::new(0);
    let seen = Mutex::new(BTreeSet::new());
    let visit = || {
        let mut stream = open(address);
        while !done.load(Ordering::Relaxed) {
            for target in ["/", "/small.txt", "/large.bin"] {
                let reply = ask_on(&mut stream, target);
                assert_eq!(reply.status, 200, "{target}");
                let letter = reply.body[0];
                assert!(
                    reply.body.iter().all(|&byte| byte == letter),
                    "a mix: {target}"
                );
                seen.lock().unwrap().insert(letter);
                requests.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        let visitors: Vec<_> = (0..3).map(|_| scope.spawn(visit)).collect();
        for letter in b'b'..=b'p' {
            release(&folder, letter);
            let before = requests.load(Ordering::Relaxed);
            switch(&folder, letter);
            // The old release is cleared away at once, as careless scripts do.
            let old = char::from(letter - 1).to_string();
            fs::remove_dir_all(folder.join(old)).unwrap();
            eventually("the new release is seen", || {
                let all_ended = visitors.iter().all(thread::ScopedJoinHandle::is_finished);
                (all_ended || seen.lock().unwrap().contains(&letter)).then_some(())
            });
            assert!(requests.load(Ordering::Relaxed) > before);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn new_content_is_visible_at_once() {
    let folder = Folder::new();
    release(&folder, b'a');
    release(&folder, b'b');
    switch(&folder, b'a');
    let server = one_worker(folder.join("current")).start();
    let mut stream = open(server.address());
    let mut times = Vec::new();
    for round in 0..10_u8 {
        let letter = b'a' + (round + 1) % 2;
        assert_eq!(ask_on(&mut stream, "/small.txt").status, 200);
        switch(&folder, letter);
        let start = Instant::now();
        eventually("the new release", || {
            (ask_on(&mut stream, "/small.txt").body[0] == letter).then_some(())
        });
        times.push(start.elapsed());
    }
    let usual = super::median(times);
    assert!(
        usual < Duration::from_millis(250),
        "visible after {usual:?}"
    );
}

#[test]
fn a_root_that_is_gone_is_503_until_it_is_back() {
    let folder = Folder::new();
    folder.file("www/a.txt", b"hello");
    folder.file("www/sub/b.txt", b"there");
    let server = one_worker(folder.join("www")).start();
    let mut stream = open(server.address());
    for _ in 0..3 {
        assert_eq!(ask_on(&mut stream, "/a.txt").body, b"hello");
        fs::rename(folder.join("www"), folder.join("away")).unwrap();
        let reply = eventually("503", || {
            let reply = ask_on(&mut stream, "/a.txt");
            (reply.status != 200).then_some(reply)
        });
        assert_eq!(reply.status, 503);
        let wait = reply.field("retry-after").expect("a time to come back");
        assert!(wait.parse::<u32>().is_ok(), "{wait}");
        assert_eq!(
            ask_on(&mut stream, "/never-there").status,
            503,
            "nobody can know"
        );
        fs::rename(folder.join("away"), folder.join("www")).unwrap();
        assert_eq!(
            ask_on(&mut stream, "/sub/b.txt").body,
            b"there",
            "at the next request"
        );
    }
}
