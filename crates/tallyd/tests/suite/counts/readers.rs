//! Others at the ledger: whoever reads it or locks it while the server runs does no harm.

use super::{Counted, Place};
use crate::support::Tallyd;

fn counted(hits: u64) -> Counted {
    Counted {
        downloads: 1,
        repeats: hits - 1,
        ..Counted::complete(hits, hits * 10)
    }
}

fn hit(server: &Tallyd, times: u64) {
    for _ in 0..times {
        assert_eq!(server.get("/a").status, 200);
    }
}

#[test]
fn who_reads_for_long_holds_up_neither_the_posting_nor_the_stop() {
    let place = Place::with(&[("a", 10)]);
    let server = place.start();
    hit(&server, 1);
    place.ledger().wait_for("/a", counted(1));
    let reader = place.ledger().read();
    let seen = |reader: &rusqlite::Connection| {
        reader.query_row("SELECT hits FROM files", [], |row| row.get::<_, i64>(0))
    };
    assert_eq!(seen(&reader), Ok(1));
    hit(&server, 2);
    place.ledger().wait_for("/a", counted(3));
    assert_eq!(seen(&reader), Ok(1), "one state of the ledger");
    let start = std::time::Instant::now();
    server.stop();
    let took = start.elapsed();
    assert!(took.as_secs() < 4, "it stops after {took:?}");
    assert_eq!(seen(&reader), Ok(1));
    drop(reader);
    let again = place.start();
    hit(&again, 1);
    assert_eq!(place.stopped(again, "/a"), counted(4));
}

#[test]
fn who_locks_the_ledger_keeps_nobody_from_being_served_and_no_hit_from_being_counted() {
    let place = Place::with(&[("a", 10)]);
    let server = place.start();
    hit(&server, 1);
    place.ledger().wait_for("/a", counted(1));
    let held = place.ledger().hold();
    hit(&server, 3);
    server.stderr.wait_for_text("serving goes on");
    hit(&server, 3);
    drop(held);
    server.stderr.wait_for_text("counts are written again");
    place.ledger().wait_for("/a", counted(7));
    server.stop();
}

#[test]
fn what_a_locked_ledger_did_not_take_before_the_stop_is_there_after_the_next_start() {
    let place = Place::with(&[("a", 10)]);
    let server = place.start();
    let held = place.ledger().hold();
    hit(&server, 3);
    server.stop();
    drop(held);
    let again = place.start();
    assert_eq!(place.ledger().file("/a"), counted(3));
    hit(&again, 1);
    assert_eq!(place.stopped(again, "/a"), counted(4));
}
