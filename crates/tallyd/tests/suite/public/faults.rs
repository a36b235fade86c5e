//! A ledger that is gone or hangs, and a crowd that asks for badges: files are served as ever.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::shown;
use crate::counts::Place;
use crate::faults::{ask_on, measured, median, one_worker};
use crate::support::{Tallyd, open, wait_until};

/// Somebody who is told that there are no numbers now.
fn is_told_to_come_back(server: &Tallyd, target: &str) {
    let start = Instant::now();
    let reply = server.get(target);
    let waited = start.elapsed();
    assert_eq!(reply.status, 503, "{target}");
    assert!(reply.field("Retry-After").is_some());
    assert_eq!(reply.field("Cache-Control"), Some("no-store"));
    assert!(reply.text().contains("cannot be read"), "{}", reply.text());
    assert!(waited < Duration::from_secs(2), "{target}: {waited:?}");
}

fn file_takes(server: &Tallyd, times: usize) -> Vec<Duration> {
    let mut stream = open(server.address());
    let takes = (0..times).map(|_| {
        let start = Instant::now();
        assert_eq!(ask_on(&mut stream, "/a").body.len(), 10);
        start.elapsed()
    });
    takes.collect()
}

#[test]
fn while_the_ledger_is_gone_counts_are_not_shown_and_files_are() {
    let place = Place::with(&[("a", 10)]);
    let args = ["--public-counts", "--listing", "--listing-counts"];
    let server = place.server().args(&args).start();
    assert_eq!(server.get("/a").status, 200);
    let (ledger, away) = (place.state.join("ledger.db"), place.state.join("away"));
    fs::rename(&ledger, &away).unwrap();
    for target in ["/a?tally", "/a?tally=json", "/a?badge"] {
        is_told_to_come_back(&server, target);
    }
    server.stderr.wait_for_text("the ledger does not answer");
    let listing = server.get("/").text();
    assert!(listing.contains(">–</span>"), "{listing}");
    assert_eq!(server.get("/a").status, 200);
    fs::rename(&away, &ledger).unwrap();
    wait_until("the counts are shown again", || {
        server.get("/a?tally=json").text().contains("\"hits\":2,")
    });
    assert!(!server.get("/").text().contains("–"));
    assert_eq!(place.stopped(server, "/a").hits, 2);
}

/// To open a FIFO waits for somebody who writes to it: as good as a disk that hangs.
#[test]
fn a_ledger_that_hangs_slows_down_no_file() {
    let place = Place::with(&[("a", 10)]);
    let args = ["--public-counts", "--listing", "--listing-counts"];
    let server = one_worker(place.root.path())
        .args(&args)
        .state(place.state.path())
        .start();
    let usual = median(file_takes(&server, 200));
    let (ledger, away) = (place.state.join("ledger.db"), place.state.join("away"));
    fs::rename(&ledger, &away).unwrap();
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, &ledger, FileType::Fifo, mode, 0).unwrap();
    let beside = thread::scope(|scope| {
        let asking: Vec<_> = (0..40)
            .map(|number| {
                let server = &server;
                let query = if number % 2 == 0 { "?badge" } else { "?tally" };
                scope.spawn(move || is_told_to_come_back(server, &format!("/a{query}&{number}")))
            })
            .collect();
        let mut beside = file_takes(&server, 200);
        // What is not in memory yet needs the disk, and finds a thread there.
        for number in 0..5 {
            let name = format!("cold-{number}");
            place.root.file(&name, &vec![b'c'; 400_000]);
            let start = Instant::now();
            assert_eq!(server.get(&format!("/{name}")).body.len(), 400_000);
            beside.push(start.elapsed());
        }
        let listing = server.get("/").text();
        assert!(listing.contains(">–</span>"), "{listing}");
        assert!(asking.into_iter().all(|asking| asking.join().is_ok()));
        beside
    });
    let most = beside.iter().max().unwrap();
    measured(&format!(
        "a file takes {usual:?}, beside a ledger that hangs {:?}, {most:?} at most",
        median(beside.clone())
    ));
    assert!(*most < Duration::from_millis(500), "{most:?}");
    // Whoever hangs finds that it is no ledger.
    drop(fs::OpenOptions::new().write(true).open(&ledger).unwrap());
    fs::rename(&away, &ledger).unwrap();
    wait_until("the counts are shown again", || {
        server.get("/a?tally=json").status == 200
    });
    server.stop();
}

#[test]
fn a_crowd_that_asks_for_badges_holds_up_no_file() {
    let files: Vec<String> = (0..500).map(|number| format!("f{number}")).collect();
    let mut sizes: Vec<(&str, u64)> = files.iter().map(|name| (name.as_str(), 10)).collect();
    sizes.push(("a", 10));
    let place = Place::with(&sizes);
    let server = shown(&place);
    let alone = median(file_takes(&server, 2_000));
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let start = Instant::now();
    let mut beside = thread::scope(|scope| {
        for crowd in 0..8 {
            let (server, files, done, asked) = (&server, &files, &done, &asked);
            scope.spawn(move || {
                let mut stream = open(server.address());
                // Each one another file, and days that nobody has asked for: no answer is known already.
                for (number, file) in files.iter().cycle().enumerate() {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    let days = 1 + (number + crowd * 400) % 3_650;
                    let reply = ask_on(&mut stream, &format!("/{file}?badge&days={days}"));
                    assert_eq!(reply.status, 200);
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let beside = file_takes(&server, 2_000);
        done.store(true, Ordering::Relaxed);
        beside
    });
    let rate = asked.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    beside.sort_unstable();
    let (usual, late) = (median(beside.clone()), beside[beside.len() * 99 / 100]);
    measured(&format!(
        "a file takes {alone:?}; beside {rate:.0} badges a second {usual:?}, 99% {late:?}"
    ));
    assert!(asked.load(Ordering::Relaxed) > 0);
    assert!(
        late < Duration::from_millis(100),
        "99% of the files take {late:?}"
    );
    server.stop();
}
