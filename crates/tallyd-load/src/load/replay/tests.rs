//! Whole logs: what of them is asked, when, and what is said of the rest.

use super::*;
use crate::load::plan::Ask;
use crate::load::truth::Truths;
use std::fs;

fn wishes() -> Wishes {
    Wishes::of(vec![Url::parse("127.0.0.1:7").unwrap()])
}

fn replayed(log: &[u8], speed: Speed) -> Result<Made, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    fs::write(&path, log).unwrap();
    of_log(&wishes(), &path, speed).map_err(|error| {
        assert!(!error.is_usage());
        error.to_string()
    })
}

fn line(second: u32, request: &str, rest: &str) -> String {
    format!("1.2.3.4 - - [14/Nov/2023:22:13:{second:02} +0000] \"{request}\" {rest}\n")
}

fn get(second: u32, target: &str) -> String {
    line(
        second,
        &format!("GET {target} HTTP/1.1"),
        "200 5 \"-\" \"-\"",
    )
}

/// Milliseconds and targets.
fn arrivals(made: &Made) -> Vec<(u128, &str)> {
    let Order::Recorded(arrivals) = &made.order else {
        panic!("{:?}", made.order);
    };
    let arrivals = arrivals.iter();
    arrivals
        .map(|arrival| {
            let ask: &Ask = &made.asks[arrival.ask as usize];
            (arrival.at.as_millis(), &*ask.target)
        })
        .collect()
}

#[test]
fn a_log_is_asked_again_at_its_times_and_equal_requests_are_one_ask() {
    let log = [get(20, "/a"), get(21, "/b"), get(24, "/a")].concat();
    let made = replayed(log.as_bytes(), Speed::Times(2.0)).unwrap();
    assert_eq!(arrivals(&made), [(0, "/a"), (1000, "/b"), (4000, "/a")]);
    assert_eq!((made.asks.len(), made.pace), (2, Some(Pace::Recorded(2.0))));
    assert!(made.notes[0].ends_with("/log: 3 of 3 lines are replayed, which span 4.00 s"));
    assert_eq!(made.notes.len(), 1);
}

#[test]
fn lines_of_a_second_are_spread_over_it_and_lines_that_are_late_are_put_in_order() {
    let log = [
        get(20, "/a"),
        get(21, "/b"),
        get(20, "/c"),
        get(21, "/d"),
        get(20, "/e"),
        get(20, "/f"),
        get(21, "/g"),
    ];
    let made = replayed(log.concat().as_bytes(), Speed::default()).unwrap();
    let expected = [
        (0, "/a"),
        (250, "/c"),
        (500, "/e"),
        (750, "/f"),
        (1000, "/b"),
        (1333, "/d"),
        (1666, "/g"),
    ];
    assert_eq!(arrivals(&made), expected);
}

#[test]
fn finer_times_are_kept() {
    let json = |time: &str, target: &str| {
        format!(
            "{{\"time\":\"2023-11-14T22:13:{time}Z\",\"method\":\"GET\",\"target\":\"{target}\"}}\n"
        )
    };
    let log = [
        json("20.625", "/a"),
        json("20.625", "/b"),
        json("20.250", "/c"),
        get(20, "/d"),
        get(20, "/e"),
    ];
    let made = replayed(log.concat().as_bytes(), Speed::default()).unwrap();
    let expected = [
        (0, "/d"),
        (250, "/c"),
        (500, "/e"),
        (625, "/a"),
        (625, "/b"),
    ];
    assert_eq!(arrivals(&made), expected);
}

#[test]
fn as_fast_as_can_be_is_the_order_of_the_lines() {
    let log = [
        get(22, "/a"),
        get(20, "/b"),
        "/c d|::1|1|1\n".into(),
        get(20, "/a"),
    ]
    .concat();
    let made = replayed(log.as_bytes(), Speed::Max).unwrap();
    assert_eq!(made.order, Order::Script(vec![0, 1, 2, 0]));
    assert_eq!(made.pace, Some(Pace::Closed));
    assert_eq!(&*made.asks[2].target, "/c%20d");
    let error = replayed(log.as_bytes(), Speed::default()).unwrap_err();
    assert!(
        error.contains("line 3 is of tallyd's own format, which has no times; --speed max"),
        "{error}"
    );
}

#[test]
fn parts_and_what_had_not_changed_are_asked_so() {
    let log = [
        line(20, "GET /a HTTP/1.1", "206 100"),
        line(20, "GET /a HTTP/1.1", "206 7"),
        line(20, "GET /a HTTP/1.1", "206 100"),
        line(20, "GET /a HTTP/1.1", "304 0"),
        line(20, "HEAD /a HTTP/1.1", "200 0"),
        line(20, "GET /a HTTP/1.1", "200 9"),
    ];
    let made = replayed(log.concat().as_bytes(), Speed::Max).unwrap();
    assert_eq!(made.order, Order::Script(vec![0, 1, 0, 2, 3, 4]));
    let text = |ask: usize| String::from_utf8(made.asks[ask].bytes.to_vec()).unwrap();
    assert!(text(0).ends_with("\r\nRange: bytes=0-99\r\n\r\n"));
    assert!(text(1).ends_with("\r\nRange: bytes=0-6\r\n\r\n"));
    assert!(text(2).ends_with("\r\nIf-None-Match: *\r\n\r\n"));
    assert!(text(3).starts_with("HEAD /a HTTP/1.1\r\n"));
    assert!(text(4).ends_with("\r\nAccept: */*\r\n\r\n"));
    let notes = made.notes[1..].join("\n");
    assert!(
        notes.contains("3 lines of status 206 without the range"),
        "{notes}"
    );
    assert!(
        notes.contains("1 line of status 304: asked again with If-None-Match: *"),
        "{notes}"
    );
}

#[test]
fn what_is_not_replayed_is_counted_and_the_first_of_it_is_shown() {
    let mut log = get(20, "/a").into_bytes();
    log.extend_from_slice(line(20, "POST /a HTTP/1.1", "200 5").as_bytes());
    log.extend_from_slice(line(20, "POST /b HTTP/1.1", "200 5").as_bytes());
    log.extend_from_slice(line(20, "DELETE /b HTTP/1.1", "200 5").as_bytes());
    log.extend_from_slice(b"\n\x1b[2J\xff\n");
    log.extend_from_slice(&[b"y".repeat(200), b"\n".to_vec()].concat());
    log.extend_from_slice(&[b"z".repeat(200_000), b"\n".to_vec()].concat());
    log.extend_from_slice(b"another\nwithout an end");
    let made = replayed(&log, Speed::default()).unwrap();
    assert_eq!(arrivals(&made), [(0, "/a")]);
    let [first, methods, unreadable] = made.notes.as_slice() else {
        panic!("{:?}", made.notes);
    };
    assert!(
        first.ends_with("1 of 10 lines are replayed, which span 0 ns"),
        "{first}"
    );
    assert_eq!(
        methods,
        "3 lines of other methods than GET and HEAD: DELETE 1, POST 2"
    );
    let (y, z) = ("y".repeat(120), "z".repeat(120));
    assert_eq!(
        *unreadable,
        format!("5 lines could not be read; line 6: \\x1b[2J\\xff; line 7: {y}...; line 8: {z}...")
    );
}

#[test]
fn many_methods_are_a_short_note() {
    let mut log = get(20, "/a");
    for number in 0..26_u8 {
        let method = String::from_utf8(vec![b'A' + number; 20]).unwrap();
        log.push_str(&line(20, &format!("{method} / HTTP/1.1"), "405 0"));
    }
    let made = replayed(log.as_bytes(), Speed::default()).unwrap();
    assert!(
        made.notes[1].starts_with("26 lines of other methods"),
        "{}",
        made.notes[1]
    );
    assert!(made.notes[1].contains("others 18"), "{}", made.notes[1]);
}

#[test]
fn a_log_without_anything_to_replay_is_an_error_that_says_why() {
    for (log, words) in [
        (b"".as_slice(), "it is empty"),
        (b"\n\n", "no line of it can be replayed"),
        (
            b"hello\n",
            "no line of it can be replayed; 1 line could not be read; line 1: hello",
        ),
        (
            b"{\"method\":\"GET\",\"target\":\"/\"}\n",
            "1 line could not be read",
        ),
        (
            b"\x1f\x8b\x08\0\0",
            "it is compressed with gzip: unpack it first",
        ),
        (b"\x28\xb5\x2f\xfd\0", "it is compressed with zstd"),
        (b"\xfd7zXZ\0\0", "it is compressed with xz"),
        (b"BZh91AY", "it is compressed with bzip2"),
    ] {
        let error = replayed(log, Speed::default()).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    let gone = of_log(&wishes(), Path::new("/no/such/log"), Speed::Max).unwrap_err();
    let gone = gone.to_string();
    assert!(
        gone.starts_with("cannot read \"/no/such/log\": No such file"),
        "{gone}"
    );
}

#[test]
fn targets_are_below_the_url_and_verified_as_they_are_in_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), "abc").unwrap();
    let log = dir.path().join("log");
    fs::write(&log, [get(20, "/a?x"), get(20, "/b")].concat()).unwrap();
    let mut wishes = Wishes::of(vec![Url::parse("127.0.0.1:7/sub/").unwrap()]);
    wishes.truths = Some(Truths::of(dir.path()).unwrap());
    let made = of_log(&wishes, &log, Speed::Max).unwrap();
    let found: Vec<_> = made
        .asks
        .iter()
        .map(|ask| (&*ask.target, ask.truth.is_some()))
        .collect();
    assert_eq!(found, [("/sub/a?x", true), ("/sub/b", false)]);
    assert_eq!(
        made.notes.last().unwrap(),
        "1 of the different requests is for nothing in the tree: its body is not verified"
    );
}

#[test]
fn speeds_are_numbers_or_max() {
    for (text, speed) in [
        ("1", Speed::Times(1.0)),
        ("0.5", Speed::Times(0.5)),
        ("100", Speed::Times(100.0)),
        ("max", Speed::Max),
        ("0", Speed::Max),
        ("0.0", Speed::Max),
    ] {
        assert_eq!(Speed::parse(text), Ok(speed));
    }
    for text in [
        "", "-1", "inf", "NaN", "1e3", "fast", "0.0001", "9999999", "1x",
    ] {
        assert!(Speed::parse(text).is_err(), "{text}");
    }
}
