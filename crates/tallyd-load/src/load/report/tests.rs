//! Reports of outcomes that were made by hand, looked at as a whole.

use std::io;
use std::time::Duration;

use serde_json::Value;

use super::Report;
use crate::answer::To;
use crate::load::course::Second;
use crate::load::expect::Expectation;
use crate::load::plan::{Ask, Limits, Order, Pace, Plan, Reading, Server};
use crate::load::{Outcome, Tally, Trouble};

/// A plan for one file.
pub(crate) fn plan(pace: Pace) -> Plan {
    Plan {
        servers: vec![Server {
            authority: "127.0.0.1:8080".into(),
            addresses: Vec::new(),
        }],
        asks: vec![Ask {
            server: 0,
            method: "GET".into(),
            target: "/a.bin".into(),
            bytes: Box::new([]),
            to: To::Other,
            truth: None,
            reading: Reading::Whole,
        }],
        order: Order::InOrder,
        limits: Limits::default(),
        pace,
        connections: 50,
        threads: 1,
        keep_alive: true,
        limit_rate: None,
        timeout: Duration::from_secs(30),
    }
}

/// Within two seconds 980 answers of 1 ms, 20 of 200 ms, and five errors.
pub(crate) fn outcome() -> Outcome {
    let mut tally = Tally::default();
    tally.answered = 1_000;
    tally.body_bytes = 10_240_000;
    tally.connected = 50;
    for number in 0..1_000 {
        let late = if number % 50 == 49 { 200 } else { 1 };
        tally.latency.record(Duration::from_millis(late));
        tally.raw.record(Duration::from_millis(1));
        tally.count_status(if number % 100 == 99 { 404 } else { 200 });
    }
    for trouble in [Trouble::Reset, Trouble::CutBody] {
        tally.count_trouble(trouble);
    }
    for _ in 0..3 {
        tally.count_trouble(Trouble::Timeout);
    }
    let second = |answered, errors, p99| Second {
        answered,
        errors,
        body_bytes: answered * 10_240,
        p50: Some(Duration::from_millis(1)),
        p99: Some(Duration::from_millis(p99)),
        max: Some(Duration::from_millis(p99)),
    };
    Outcome {
        tally,
        seconds: vec![second(400, 5, 200), second(600, 0, 1)],
        elapsed: Duration::from_secs(2),
        is_stopped: false,
        log_error: None,
    }
}

/// Not one answer.
pub(crate) fn nothing() -> Outcome {
    Outcome {
        tally: Tally::default(),
        seconds: Vec::new(),
        elapsed: Duration::ZERO,
        is_stopped: true,
        log_error: Some(io::Error::other("full")),
    }
}

/// The reports of a plan with this pace, whose outcome was expected to be otherwise.
fn written(pace: Pace, outcome: &Outcome) -> (String, Value) {
    let expected = ["p99<5ms", "status<500"];
    let verdicts = expected.map(|text| Expectation::parse(text).unwrap().judge(outcome));
    let report = Report {
        plan: &plan(pace),
        outcome,
        verdicts: &verdicts,
    };
    (report.text(), serde_json::from_str(&report.json()).unwrap())
}

#[test]
fn a_closed_test_as_people_read_it() {
    let (text, _) = written(Pace::Closed, &outcome());
    let expected = "\
GET http://127.0.0.1:8080/a.bin
Closed: 50 connections on 1 thread, each asks again once it is answered
Took 2.00 s

Requests       1,005
Answered       1,000  500 a second
Errors             5
Connections       50  opened
Bodies       10.2 MB  5.12 MB a second

Error                                        Count
connection reset                                 1
nothing came within the time limit               3
the server closed before the body was whole      1

Status  Count
200       990  99.0 %
404        10   1.0 %

Time    latency
min     1.00 ms
mean    4.98 ms
p50     1.00 ms
p75     1.00 ms
p90     1.00 ms
p95     1.00 ms
p99      200 ms
p99.9    200 ms
p99.99       -
max      200 ms

1,000 answers tell nothing of p99.99: it needs 10,000.
While an answer is late, its connection asks nothing: a closed test is silent about
what would have waited meanwhile. -q RATE asks on schedule and shows it.

  Up to  Answers
1.00 ms      980  98.0 %  ██████████████████████████████
2.00 ms        0   0.0 %
5.00 ms        0   0.0 %
10.0 ms        0   0.0 %
20.0 ms        0   0.0 %
50.0 ms        0   0.0 %
 100 ms        0   0.0 %
 200 ms       20   2.0 %  ▋

Rate    ▆█  400 to 600 a second
p99     █▁  1.00 ms to 200 ms
Errors  █   up to 5 a second

Until  Answers  Errors   Bodies      p50      p99      Max
  1 s      400       5  4.10 MB  1.00 ms   200 ms   200 ms
  2 s      600       0  6.14 MB  1.00 ms  1.00 ms  1.00 ms

NO   expected p99<5ms: it was 200 ms
yes  expected status<500: it was 200 (990), 404 (10)
";
    assert_eq!(text, expected, "{text}");
}

#[test]
fn an_open_test_shows_what_was_due_beside_what_was_sent() {
    let mut outcome = outcome();
    outcome.tally.in_flight = 7;
    outcome.tally.oldest = Duration::from_millis(300);
    outcome.tally.unsent = 12;
    let (text, json) = written(Pace::Open(600.0), &outcome);
    for line in [
        "Open: 600 requests a second on schedule, by at most 50 connections on 1 thread",
        "Requests       1,012",
        "Answered       1,000  500 a second of 600 asked",
        "In flight          7  at the end; the oldest since 300 ms",
        "Not sent          12  requests were due and could not be sent",
        "Time    corrected      raw",
        "p99        200 ms  1.00 ms",
    ] {
        assert!(text.lines().any(|found| found == line), "no {line}: {text}");
    }
    assert_eq!(json["raw"]["p99"], 0.001_000_447);
    assert_eq!(json["latency"]["p99"], 0.200_015_871);
    assert_eq!(
        (&json["in_flight"], &json["unsent"]),
        (&7.into(), &12.into())
    );
}

#[test]
fn of_nothing_nothing_is_claimed() {
    let (text, json) = written(Pace::Closed, &nothing());
    let expected = "\
GET http://127.0.0.1:8080/a.bin
Closed: 50 connections on 1 thread, each asks again once it is answered
Stopped before its end, after 0 ns

Requests       0
Answered       0  0.00 a second
Errors         0
Connections    0  opened
Bodies       0 B  0 B a second

NO   expected p99<5ms: there was none
NO   expected status<500: there was no answer
";
    assert_eq!(text, expected, "{text}");
    assert_eq!(json["latency"]["p50"], Value::Null);
    assert_eq!(json["latency"]["count"], 0);
}

#[test]
fn programs_find_every_key_whatever_happened() {
    let keys = [
        "version",
        "plan",
        "elapsed",
        "stopped",
        "requests",
        "answered",
        "failed",
        "aborted",
        "in_flight",
        "oldest_in_flight",
        "unsent",
        "retried",
        "verified",
        "connections",
        "rate",
        "bytes",
        "bytes_received",
        "bytes_sent",
        "errors",
        "statuses",
        "latency",
        "raw",
        "first_byte",
        "connecting",
        "histogram",
        "seconds",
        "expectations",
    ];
    for outcome in [outcome(), nothing()] {
        let (_, json) = written(Pace::Closed, &outcome);
        let found: Vec<&str> = json
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(found, keys);
    }
    let (_, json) = written(Pace::Closed, &outcome());
    assert_eq!(json["version"], 1);
    assert_eq!(
        json["errors"].to_string(),
        r#"{"reset":1,"timeout":3,"cut-body":1}"#
    );
    assert_eq!(json["statuses"].to_string(), r#"{"200":990,"404":10}"#);
    assert_eq!(
        json["histogram"].to_string(),
        "[[0.001000447,980],[0.200015871,20]]"
    );
    assert_eq!(json["seconds"][0]["failed"], 5);
    assert_eq!(json["raw"], Value::Null);
    assert_eq!(
        json["expectations"][0].to_string(),
        r#"{"expected":"p99<5ms","found":"it was 200 ms","met":false}"#
    );
    assert_eq!(json["plan"]["model"], "closed");
    assert_eq!(json["plan"]["target"], "/a.bin");
}

#[test]
fn the_spread_has_at_most_a_dozen_lines_and_all_answers() {
    for longest in [1_u64, 3, 50, 1_000, 60_000, 3_000_000] {
        let mut outcome = nothing();
        for step in 0..1_000 {
            // From 10 us up, evenly in the logarithm.
            let micros = 10.0 * (longest as f64).powf(f64::from(step) / 999.0);
            let time = Duration::from_secs_f64(micros / 1e6);
            outcome.tally.latency.record(time);
        }
        let report = Report {
            plan: &plan(Pace::Closed),
            outcome: &outcome,
            verdicts: &[],
        };
        let lines = super::times::spread(report);
        assert!((2..=13).contains(&lines.len()), "{lines:#?}");
        let counts = lines.iter().skip(1).map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words[2].replace(',', "").parse::<u64>().unwrap()
        });
        assert_eq!(counts.sum::<u64>(), 1_000, "{lines:#?}");
    }
}

#[test]
fn few_answers_are_told_in_whole_numbers_and_each_row_of_the_spread_once() {
    let mut outcome = nothing();
    outcome.elapsed = Duration::from_secs(1);
    outcome.tally.answered = 3;
    for micros in [300_000, 1_000_000, 1_001_900] {
        outcome.tally.latency.record(Duration::from_micros(micros));
    }
    let (text, _) = written(Pace::Recorded(1.0), &outcome);
    assert!(
        text.contains("3 answers tell nothing of p75: it needs 4.\n"),
        "{text}"
    );
    let ends: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("Up to"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        ends.iter().filter(|end| **end == "1.00").count(),
        1,
        "{text}"
    );
    assert!(
        text.contains("Open: on the schedule of the log, by at most"),
        "{text}"
    );
    let (text, _) = written(Pace::Recorded(2.5), &outcome);
    assert!(
        text.contains("the log, 2.5 times as fast, by at most"),
        "{text}"
    );
}

#[test]
fn a_last_second_that_is_not_whole_is_in_no_curve() {
    let mut outcome = outcome();
    for (millis, until, range) in [
        (1_995, "  2 s", "400 to 600 a second"),
        (1_500, "1.500 s", ""),
    ] {
        outcome.elapsed = Duration::from_millis(millis);
        let (text, _) = written(Pace::Closed, &outcome);
        assert!(text.contains(&format!("\n{until}      600 ")), "{text}");
        assert_eq!(text.contains("Rate "), !range.is_empty(), "{text}");
        assert!(text.contains(range), "{text}");
    }
}

#[test]
fn a_long_test_has_curves_of_sixty_columns_and_no_table() {
    let mut outcome = outcome();
    let second = outcome.seconds[1];
    outcome.seconds = vec![second; 180];
    outcome.elapsed = Duration::from_millis(179_500);
    let (text, _) = written(Pace::Closed, &outcome);
    let column = "█".repeat(60);
    assert!(
        text.contains(&format!("Rate  {column}  600 to 600 a second\n")),
        "{text}"
    );
    assert!(text.contains("Each column is 3 seconds"), "{text}");
    assert!(text.contains("Took 2m 59s\n"), "{text}");
    assert!(!text.contains("Until"), "{text}");
}

#[test]
fn what_a_server_or_a_file_calls_a_target_cannot_move_the_cursor() {
    let mut plan = plan(Pace::Closed);
    plan.asks[0].target = format!("/\u{1b}[2J{}", "x".repeat(200)).into();
    let outcome = nothing();
    let report = Report {
        plan: &plan,
        outcome: &outcome,
        verdicts: &[],
    };
    let text = report.text();
    assert!(
        text.starts_with("GET http://127.0.0.1:8080/?[2Jxxx"),
        "{text}"
    );
    assert!(text.lines().next().unwrap().ends_with("x…"), "{text}");
    assert!(!report.json().contains('\u{1b}'));
}
