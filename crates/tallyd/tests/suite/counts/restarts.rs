//! Restarts: numbers go on, one process at a time, and each root has its own counts.

use std::fs;

use super::load::{FILES, Load};
use super::{Counted, Place, refused};
use crate::support::{Folder, Start, Tallyd};
use rustix::process::Signal;

/// The number of the one hit on a path that is asked for now.
fn number(server: &Tallyd, path: &str) -> u64 {
    let before = server.stdout.count();
    assert_eq!(server.get(path).status, 200);
    let line = server
        .stdout
        .wait_after(before, "the hit", |line| line.starts_with(path));
    line.rsplit('|').next().unwrap().parse().unwrap()
}

#[test]
fn two_restarts_within_a_second_go_on_with_the_next_number() {
    let place = Place::with(&[("a", 1000)]);
    for expected in 1..=3 {
        let server = place.start();
        assert_eq!(number(&server, "/a"), expected);
        let ended = server.stop();
        let recovered = |line: &String| line.contains("recovered");
        assert!(!ended.stderr.iter().any(recovered), "{ended:#?}");
    }
    let expected = Counted {
        downloads: 1,
        repeats: 2,
        ..Counted::complete(3, 3000)
    };
    assert_eq!(place.ledger().file("/a"), expected);
    place.ledger().assert_adds_up();
}

#[test]
fn a_ledger_is_sealed_when_the_server_ends_in_order_and_only_then() {
    let place = Place::with(&[("a", 1000)]);
    let seal = place.state.join("ledger.db.seal");
    place.start().stop();
    assert!(seal.exists());
    let server = place.start();
    assert_eq!(number(&server, "/a"), 1);
    assert!(!seal.exists(), "the ledger is being written to");
    server.kill();
    let server = place.start();
    assert!(!seal.exists());
    assert_eq!(place.stopped(server, "/a").hits, 1);
    assert!(seal.exists());
    // A ledger that was changed after it was sealed is looked through.
    place.ledger().change("UPDATE files SET hits = hits + 1");
    refused(place.server(), &["damaged", "Nothing was changed"]);
    place.ledger().change("UPDATE files SET hits = hits - 1");
    place.start().stop();
}

#[test]
fn a_hit_is_in_the_ledger_while_the_server_runs() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    // Three times from rest: the clerk sleeps in between, and has to be woken each time.
    for hits in 1..=3 {
        assert_eq!(server.get("/a").status, 200);
        let expected = Counted {
            downloads: 1,
            repeats: hits - 1,
            ..Counted::complete(hits, hits * 1000)
        };
        place.ledger().wait_for("/a", expected);
    }
    server.stop();
}

#[test]
fn a_second_process_is_refused_with_the_pid_of_the_first() {
    let place = Place::with(&[("a", 1000)]);
    let first = place.start();
    let pid = format!("pid {} ", first.pid().as_raw_nonzero());
    let state = place.state.path().to_str().unwrap();
    refused(
        place.server(),
        &["another tallyd", &pid, state, "--state DIR"],
    );
    assert_eq!(number(&first, "/a"), 1, "the first is not disturbed");
    first.stop();
    let third = place.start();
    assert_eq!(number(&third, "/a"), 2);
    third.stop();
}

#[test]
fn without_state_it_says_so_and_numbers_begin_at_1_again() {
    let (root, state) = (Folder::new(), Folder::new());
    root.file("a", b"content");
    for _ in 0..2 {
        let start = Start::serving(root.path()).arg("--no-state");
        let server = start.env("XDG_STATE_HOME", state.path()).start();
        server.stderr.wait_for_text("counting in memory only");
        assert_eq!(number(&server, "/a"), 1);
        assert_eq!(number(&server, "/a"), 2);
        server.stop();
    }
    assert_eq!(fs::read_dir(state.path()).unwrap().count(), 0);
}

#[test]
fn each_root_has_a_state_directory_of_its_own_below_that_of_the_user() {
    let (one, other, home) = (Folder::new(), Folder::new(), Folder::new());
    one.file("a", b"content");
    other.file("a", b"content");
    let start = |root: &Folder| {
        let start = Start::serving(root.path()).env("XDG_STATE_HOME", home.path());
        start.start()
    };
    let first = start(&one);
    assert_eq!(number(&first, "/a"), 1);
    let second = start(&other);
    assert_eq!(number(&second, "/a"), 1, "nothing is shared");
    first.stop();
    second.stop();
    let again = start(&one);
    assert_eq!(number(&again, "/a"), 2);
    again.stop();
    let states: Vec<_> = fs::read_dir(home.join("tallyd"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(states.len(), 2, "{states:?}");
    for root in [&one, &other] {
        let name = root.path().file_name().unwrap().to_str().unwrap();
        let begins = |state: &&String| state.starts_with(name);
        assert_eq!(states.iter().filter(begins).count(), 1, "{states:?}");
    }
}

#[test]
fn a_server_that_has_stopped_leaves_one_file_that_is_the_whole_ledger() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    assert_eq!(server.get("/a").status, 200);
    server.stop();
    let log = place.state.join("ledger.db-wal");
    assert!(
        fs::read(log).is_ok_and(|content| content.is_empty()),
        "it is written into it"
    );
    let copy = Folder::new();
    fs::copy(place.state.join("ledger.db"), copy.join("ledger.db")).unwrap();
    assert_eq!(super::Ledger::of(copy.path()).file("/a").hits, 1);
}

#[test]
fn another_root_on_the_same_counts_is_noticed() {
    let place = Place::with(&[("a", 1000)]);
    place.start().stop();
    let other = Folder::with_index();
    let server = Start::serving(other.path())
        .state(place.state.path())
        .start();
    let warning = server.stderr.wait_for_text("are added to them");
    assert!(
        warning.contains(place.root.path().to_str().unwrap()),
        "{warning}"
    );
    server.stop();
}

#[test]
fn a_stop_under_load_posts_everything_and_leaves_nothing_to_recover() {
    let names = FILES.map(|(path, length)| (&path[1..], length));
    let place = Place::with(&names);
    let server = place.start();
    let load = Load::on(server.address(), 7);
    server.hits(100);
    server.signal(Signal::TERM);
    server.stderr.wait_for_text("stopping");
    let sight = load.stop();
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    let ledger = place.ledger();
    ledger.assert_adds_up();
    assert_eq!(ledger.number("SELECT count(*) FROM segments"), 0);
    for (path, _) in FILES {
        let counted = ledger.file(path);
        let begin = format!("{path}|");
        let logged = ended.stdout.iter().filter(|line| line.starts_with(&begin));
        assert_eq!(counted.hits, logged.count() as u64, "{path}: as in the log");
        assert_eq!(counted.unsettled, 0, "{path}");
        assert!(
            counted.complete >= sight[path].whole,
            "{path}: {counted:?} {sight:?}"
        );
    }
    let again = place.start().stop();
    let recovered = |line: &String| line.contains("recovered");
    assert!(!again.stderr.iter().any(recovered), "{again:#?}");
    assert!(
        ended.stderr.iter().all(|line| !line.contains("error")),
        "{ended:#?}"
    );
}
