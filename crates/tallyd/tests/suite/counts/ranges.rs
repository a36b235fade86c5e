//! Ranges: what makes a download, and what does not.

use std::thread;

use super::{Counted, Place, ask};

const LENGTH: u64 = 100_000;

fn place() -> Place {
    Place::with(&[("a", LENGTH), ("b", LENGTH)])
}

#[test]
fn two_overlapping_ranges_in_one_request_are_one_hit_and_overlaps_count_once() {
    let place = place();
    let server = place.start();
    let reply = ask(&server, "/a", &["Range: bytes=0-59999,40000-99999"]);
    assert_eq!(reply.status, 206);
    let bytes = reply.body.len() as u64;
    // The same sum of bytes, but ten thousand of them are missing in the middle.
    let reply = ask(&server, "/b", &["Range: bytes=0-49999,0-49999,60000-99999"]);
    assert_eq!(reply.status, 206);
    let expected = Counted {
        downloads: 1,
        ..Counted::complete(1, bytes)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
    let expected = Counted::complete(1, reply.body.len() as u64);
    assert_eq!(place.ledger().file("/b"), expected);
}

#[test]
fn an_if_range_that_falls_back_to_200_is_a_whole_download() {
    let place = place();
    let server = place.start();
    let fields = ["Range: bytes=50000-", "If-Range: \"of-long-ago\""];
    let reply = ask(&server, "/a", &fields);
    assert_eq!((reply.status, reply.body.len() as u64), (200, LENGTH));
    let expected = Counted {
        downloads: 1,
        ..Counted::complete(1, LENGTH)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
}

#[test]
fn twenty_parallel_ranges_are_one_download() {
    let place = place();
    let server = place.start();
    let address = server.address();
    thread::scope(|scope| {
        for part in 0..20 {
            let server = &server;
            scope.spawn(move || {
                let (first, last) = (part * 5000, part * 5000 + 4999);
                let reply = ask(server, "/a", &[&format!("Range: bytes={first}-{last}")]);
                assert_eq!((reply.status, reply.body.len()), (206, 5000), "{address}");
            });
        }
    });
    let expected = Counted {
        downloads: 1,
        ..Counted::complete(20, LENGTH)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
}

#[test]
fn nineteen_of_twenty_ranges_are_no_download() {
    let place = place();
    let server = place.start();
    for part in (0..20).filter(|part| *part != 7) {
        let range = format!("Range: bytes={}-{}", part * 5000, part * 5000 + 4999);
        assert_eq!(ask(&server, "/a", &[&range]).status, 206);
    }
    let expected = Counted::complete(19, LENGTH - 5000);
    assert_eq!(place.stopped(server, "/a"), expected);
}

#[test]
fn a_resume_on_another_connection_is_one_download_also_after_a_restart() {
    let place = place();
    let server = place.start();
    assert_eq!(ask(&server, "/a", &["Range: bytes=0-49999"]).status, 206);
    let half = Counted::complete(1, LENGTH / 2);
    assert_eq!(place.stopped(server, "/a"), half);
    let server = place.start();
    assert_eq!(ask(&server, "/a", &["Range: bytes=50000-"]).status, 206);
    let expected = Counted {
        downloads: 1,
        ..Counted::complete(2, LENGTH)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
    assert_eq!(
        place.ledger().number("SELECT sum(visitors) FROM site_days"),
        1
    );
}

#[test]
fn a_file_that_is_fetched_twice_is_one_download_two_hits_and_a_repeat() {
    let place = place();
    let server = place.start();
    for _ in 0..2 {
        assert_eq!(server.get("/a").status, 200);
    }
    let expected = Counted {
        downloads: 1,
        repeats: 1,
        ..Counted::complete(2, 2 * LENGTH)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
}

#[test]
fn the_whole_in_ranges_after_the_whole_at_once_is_a_repeat() {
    let place = place();
    let server = place.start();
    assert_eq!(server.get("/a").status, 200);
    for range in ["Range: bytes=0-9999", "Range: bytes=10000-"] {
        assert_eq!(ask(&server, "/a", &[range]).status, 206);
    }
    let expected = Counted {
        downloads: 1,
        repeats: 1,
        ..Counted::complete(3, 2 * LENGTH)
    };
    assert_eq!(place.stopped(server, "/a"), expected);
}

#[test]
fn a_range_of_the_first_byte_or_two_is_a_hit_and_a_probe_and_no_download() {
    let place = Place::with(&[("a", 2), ("b", 3)]);
    let server = place.start();
    for range in ["Range: bytes=0-0", "Range: bytes=0-1"] {
        for target in ["/a", "/b"] {
            assert_eq!(ask(&server, target, &[range]).status, 206);
        }
    }
    // The last byte of three: with the probes' it would be the whole.
    assert_eq!(ask(&server, "/b", &["Range: bytes=2-2"]).status, 206);
    let probes = Counted {
        probes: 2,
        ..Counted::complete(2, 3)
    };
    assert_eq!(place.stopped(server, "/a"), probes);
    let expected = Counted {
        probes: 2,
        ..Counted::complete(3, 4)
    };
    assert_eq!(place.ledger().file("/b"), expected);
}

#[test]
fn ranges_of_a_compressed_variant_cover_that_and_not_the_file() {
    let place = Place::with(&[("a.css", 9000), ("a.css.gz", 1000)]);
    let server = place.start();
    let gzip = "Accept-Encoding: gzip";
    let reply = ask(&server, "/a.css", &[gzip, "Range: bytes=0-499"]);
    assert_eq!(
        (reply.status, reply.field("Content-Encoding")),
        (206, Some("gzip"))
    );
    // Of the file itself: it has another length, and other bytes.
    assert_eq!(
        ask(&server, "/a.css", &["Range: bytes=500-999"]).status,
        206
    );
    let reply = ask(&server, "/a.css", &[gzip, "Range: bytes=400-"]);
    assert_eq!(reply.body.len(), 600);
    let expected = Counted {
        downloads: 1,
        ..Counted::complete(3, 500 + 500 + 600)
    };
    assert_eq!(place.stopped(server, "/a.css"), expected);
    assert_eq!(place.ledger().known(&"/a.css.gz"), None, "one account");
}
