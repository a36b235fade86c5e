//! Tests of the metrics: the whole text for known numbers, in both dialects.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::meter::Meter;

fn reading() -> Reading {
    let meter = Meter::default();
    for _ in 0..3 {
        meter.opened();
    }
    meter.closed();
    meter.begun();
    meter.note(200, 1000, Duration::from_micros(150));
    meter.note(206, 24, Duration::from_secs(61));
    meter.note(404, 0, Duration::from_nanos(1));
    meter.read()
}

fn file(site: &str, path: &[u8], hits: u64) -> TopFile {
    TopFile {
        site: site.to_owned(),
        path: path.to_owned(),
        hits,
        downloads: hits / 2,
    }
}

fn text(files: &[TopFile], dialect: Dialect) -> String {
    let measured = Measured {
        reading: reading(),
        counting: Counting {
            lag_entries: 7,
            lag: Duration::from_millis(1500),
            posted: 12,
            only_in_memory: 0,
            is_healthy: true,
        },
        started: UNIX_EPOCH + Duration::from_millis(1_700_000_000_250),
        process: Process {
            descriptors: Some(12),
            resident: Some(4096),
        },
        files,
    };
    String::from_utf8(page(&measured, dialect).body).unwrap()
}

/// The samples of a family, without what stands above them.
fn samples<'a>(text: &'a str, name: &'a str) -> Vec<&'a str> {
    let is_sample = |line: &&str| !line.starts_with('#') && line.starts_with(name);
    text.lines().filter(is_sample).collect()
}

const OPEN_METRICS: &str = include_str!("tests/expected.txt");

#[test]
fn the_whole_text() {
    let files = [file("", b"/a.bin", 9), file("b.example", b"/a.bin", 4)];
    let text = text(&files, Dialect::OpenMetrics);
    let expected = OPEN_METRICS.replace("VERSION", env!("CARGO_PKG_VERSION"));
    assert_eq!(text, expected, "\n{text}");
}

/// The samples are the same; counters have their whole name above them, and nothing marks the end.
#[test]
fn the_older_format_differs_only_in_comments() {
    let files = [file("", b"/a.bin", 9)];
    let old = text(&files, Dialect::Prometheus);
    let new = text(&files, Dialect::OpenMetrics);
    assert_eq!(samples(&old, ""), samples(&new, ""));
    assert!(old.contains("# TYPE tallyd_requests_total counter\n"));
    assert!(old.contains("# HELP tallyd_requests_total "));
    assert!(old.contains("# TYPE tallyd_build_info gauge\n"));
    assert!(old.contains("# TYPE tallyd_request_duration_seconds histogram\n"));
    assert!(!old.contains("# UNIT") && !old.contains("# EOF"));
}

#[test]
fn no_path_can_forge_a_line_or_a_label() {
    let evil = b"/a\"} 1\ntallyd_ledger_healthy 0\n# EOF\n\\\r\xff\xc3\xa4";
    let text = text(&[file("x\"y", evil, 2)], Dialect::OpenMetrics);
    assert_eq!(
        samples(&text, "tallyd_file_hits"),
        [
            "tallyd_file_hits_total{site=\"x\\\"y\",path=\"/a\\\"} 1\\ntallyd_ledger_healthy 0\\n\
             # EOF\\n\\\\\r\u{fffd}ä\"} 2"
        ]
    );
    assert_eq!(samples(&text, "tallyd_ledger_healthy").len(), 1);
    assert_eq!(text.matches("\n# EOF\n").count(), 1);
}

#[test]
fn paths_that_look_alike_as_text_are_one_series() {
    let files = [
        file("", b"/\xff", 6),
        file("", b"/a", 5),
        file("", b"/\xfe", 4),
        file("b", b"/\xfe", 2),
    ];
    let text = text(&files, Dialect::OpenMetrics);
    assert_eq!(
        samples(&text, "tallyd_file_hits"),
        [
            "tallyd_file_hits_total{path=\"/\u{fffd}\"} 10",
            "tallyd_file_hits_total{path=\"/a\"} 5",
            "tallyd_file_hits_total{site=\"b\",path=\"/\u{fffd}\"} 2",
        ]
    );
}

#[test]
fn without_files_there_is_no_family_of_files() {
    assert!(!text(&[], Dialect::OpenMetrics).contains("tallyd_file_"));
}

#[test]
fn what_the_system_does_not_say_is_left_out() {
    let measured = Measured {
        reading: Reading::default(),
        counting: Counting::default(),
        started: UNIX_EPOCH,
        process: Process::default(),
        files: &[],
    };
    let text = String::from_utf8(page(&measured, Dialect::OpenMetrics).body).unwrap();
    assert!(!text.contains("process_"), "{text}");
    assert_eq!(
        samples(&text, "tallyd_ledger_healthy"),
        ["tallyd_ledger_healthy 0"]
    );
}

#[test]
fn trouble_with_the_ledger_is_seen() {
    let health = Health::default();
    health.lag_entries.store(3, Ordering::Relaxed);
    health.lag_millis.store(20, Ordering::Relaxed);
    assert!(Counting::of(&health).is_healthy);
    health.fail(tallyd_ledger::health::Part::Ledger, "no space");
    let counting = Counting::of(&health);
    assert!(!counting.is_healthy);
    assert_eq!(counting.lag_entries, 3);
    assert_eq!(counting.lag, Duration::from_millis(20));
}
