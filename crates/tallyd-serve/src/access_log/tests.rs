//! The log from a worker's sink to its file, and what happens when it can't be written.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use super::*;
use crate::config::LogLevel;
use crate::receipt::{Client, Outcome, Receipt};

fn record(hit: u64) -> Record {
    Record {
        client: Client::Tcp(IpAddr::V4(Ipv4Addr::LOCALHOST), 1),
        status: 200,
        hit,
        receipt: Receipt {
            bytes: 1,
            content: 1,
            outcome: Outcome::Complete,
            started: 0,
            took: Duration::ZERO,
        },
        version: None,
    }
}

const ENTRY: Entry<'_> = Entry {
    path: b"/f",
    method: b"GET",
    target: b"/f",
    host: b"",
    range: b"",
    referrer: b"",
    agent: b"",
};

fn log_to(target: &LogTarget) -> AccessLog {
    AccessLog::start(target, LogFormat::Tally, Voice::new(LogLevel::Error)).unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

#[test]
fn every_line_arrives_in_order() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log");
    let log = log_to(&LogTarget::File(path.clone()));
    let sink = log.sink();
    for number in 1..=5000 {
        sink.note(record(number), &ENTRY);
        if number % 1000 == 0 {
            sink.hand_over();
        }
    }
    drop(sink);
    log.stop(soon());
    let expected: String = (1..=5000)
        .map(|number| format!("/f|127.0.0.1|1|{number}\n"))
        .collect();
    assert_eq!(fs::read_to_string(path).unwrap(), expected);
}

#[test]
fn reopening_writes_to_a_new_file() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log");
    let log = log_to(&LogTarget::File(path.clone()));
    let sink = log.sink();
    sink.note(record(1), &ENTRY);
    sink.hand_over();
    wait_for(|| fs::read_to_string(&path).is_ok_and(|text| !text.is_empty()));
    fs::rename(&path, place.path().join("old")).unwrap();
    log.reopen();
    sink.note(record(2), &ENTRY);
    sink.hand_over();
    drop(sink);
    log.stop(soon());
    assert_eq!(fs::read_to_string(&path).unwrap(), "/f|127.0.0.1|1|2\n");
    assert_eq!(
        fs::read_to_string(place.path().join("old")).unwrap(),
        "/f|127.0.0.1|1|1\n"
    );
}

#[test]
fn a_writer_that_is_too_far_behind_to_be_told_opens_the_new_file_all_the_same() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log");
    let target = LogTarget::File(path.clone());
    let shared = Arc::new(Shared::default());
    let voice = Voice::new(LogLevel::Error);
    let writer = Writer::new(&target, LogFormat::Tally, Arc::clone(&shared), voice).unwrap();
    let (messages, waiting) = sync_channel(1);
    let (give_back, _spare) = sync_channel(1);
    let mut block = Block::default();
    block.push(record(1), &ENTRY);
    messages.send(Message::Block(block, give_back)).unwrap();
    let log = AccessLog {
        shared,
        messages,
        thread: thread::spawn(|| ()),
    };
    fs::rename(&path, place.path().join("old")).unwrap();
    log.reopen();
    log.stop(soon());
    writer.run(&waiting);
    assert_eq!(fs::read_to_string(&path).unwrap(), "/f|127.0.0.1|1|1\n");
}

#[test]
fn a_change_to_a_place_that_cannot_be_opened_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log");
    let log = log_to(&LogTarget::File(path.clone()));
    let nowhere = LogTarget::File(PathBuf::from("/nonexistent/log"));
    assert!(log.change(&nowhere, LogFormat::Json).is_err());
    let sink = log.sink();
    sink.note(record(1), &ENTRY);
    sink.hand_over();
    drop(sink);
    log.stop(soon());
    assert_eq!(fs::read_to_string(path).unwrap(), "/f|127.0.0.1|1|1\n");
}

#[test]
fn a_full_disk_loses_lines_and_counts_them() {
    // /dev/full answers every write with ENOSPC.
    let shared = Arc::new(Shared {
        wanted: AtomicU8::new(Wanted::Hits as u8),
        ..Shared::default()
    });
    let full = LogTarget::File(PathBuf::from("/dev/full"));
    let mut writer = Writer::new(
        &full,
        LogFormat::Tally,
        Arc::clone(&shared),
        Voice::new(LogLevel::Error),
    )
    .unwrap();
    let mut block = Block::default();
    for number in 1..=3 {
        block.push(record(number), &ENTRY);
    }
    let (give_back, spare) = sync_channel(1);
    writer.block(block, &give_back);
    assert_eq!(writer.lost(), 3);
    assert!(
        spare.try_recv().unwrap().is_empty(),
        "the memory comes back all the same"
    );
}

#[test]
fn a_worker_keeps_only_so_much_while_the_writer_is_stuck() {
    let shared = Arc::new(Shared {
        wanted: AtomicU8::new(Wanted::Hits as u8),
        ..Shared::default()
    });
    // Nobody receives: every hand-over fails, as with a writer that never comes back.
    let (messages, waiting) = sync_channel(0);
    let (give_back, spare) = sync_channel(1);
    let sink = Sink {
        shared: Arc::clone(&shared),
        messages,
        block: RefCell::default(),
        give_back,
        spare,
        dirty: Notify::new(),
    };
    for number in 1..=100_000 {
        sink.note(record(number), &ENTRY);
    }
    let kept = sink.block.borrow().records().count() as u64;
    assert!(sink.block.borrow().len() <= MOST + 1024);
    assert_eq!(
        kept + shared.lost.load(Ordering::Relaxed),
        100_000,
        "kept or counted as lost, no third way"
    );
    assert!(waiting.try_recv().is_err());
}

fn wait_for(done: impl Fn() -> bool) {
    let deadline = soon();
    while !done() {
        assert!(Instant::now() < deadline, "it never happened");
        thread::yield_now();
    }
}
