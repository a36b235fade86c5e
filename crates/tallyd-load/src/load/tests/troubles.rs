//! Everything that can be wrong with an answer has its name, and is counted as often as it is met.

use std::time::{Duration, Instant};

use super::odd::{Odd, Visit};
use super::*;

/// `story` for each of 30 requests on 3 connections is `expected`, each time, and soon.
fn check(what: &str, expected: Trouble, story: impl Fn(&mut Visit) + Send + Sync + 'static) {
    let server = Odd::plays(story);
    let mut ask = get("/x");
    ask.truth = truth(1000);
    let mut plan = plan(server.address, ask, 3, 30);
    if expected == Trouble::Timeout {
        plan.timeout = Duration::from_millis(150);
        plan.limits.requests = Some(6);
    }
    let requests = plan.limits.requests.unwrap();
    let since = Instant::now();
    let ran = run(&plan);
    assert_eq!(ran.troubles(), [(expected, requests)], "{what}");
    let took = since.elapsed();
    assert!(took < Duration::from_secs(5), "{what}: {took:?}");
}

/// For each request.
fn each(
    what: &str,
    expected: Trouble,
    reply: impl AsRef<[u8]> + Send + Sync + 'static,
    then: impl Fn(&mut Visit) + Send + Sync + 'static,
) {
    check(what, expected, move |visit| {
        // A second request on the same connection would have another story.
        if visit.is_asked() && visit.say(&reply) {
            then(visit);
        }
    });
}

fn ok(length: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes()
}

fn with(head: impl AsRef<[u8]>, body: &[u8]) -> Vec<u8> {
    [head.as_ref(), body].concat()
}

#[test]
fn a_body_with_a_wrong_byte_is_wrong() {
    let mut body = made(1000);
    body[999] ^= 1;
    each(
        "wrong",
        Trouble::WrongBytes,
        with(ok(1000), &body),
        Visit::wait,
    );
}

#[test]
fn a_body_of_another_length_is_wrong() {
    let body = made(1100);
    let to_end = "HTTP/1.1 200 OK\r\n\r\n";
    each(
        "short",
        Trouble::WrongLength,
        with(to_end, &body[..999]),
        |_| {},
    );
    each(
        "long",
        Trouble::WrongLength,
        with(to_end, &body[..1001]),
        |_| {},
    );
    each(
        "says less",
        Trouble::WrongLength,
        with(ok(999), &body[..999]),
        Visit::wait,
    );
    each(
        "says more",
        Trouble::WrongLength,
        with(ok(1001), &body[..1001]),
        Visit::wait,
    );
}

#[test]
fn bytes_behind_the_body_are_excess() {
    let body = made(1010);
    each(
        "in one piece",
        Trouble::Excess,
        with(ok(1000), &body),
        Visit::wait,
    );
}

#[test]
fn excess_is_seen_where_a_read_ends_with_the_body() {
    // 64 KiB are read at a time: the last byte of this body is the last of a read.
    let head = ok(65_536 - 42);
    assert_eq!(head.len(), 42);
    let server = Odd::says([head, vec![7; 65_536]].concat());
    let ran = run(&plan(server.address, get("/x"), 1, 20));
    let excess = ran.outcome.tally.troubles[Trouble::Excess.place()];
    // What of it comes later than the body can only be taken for the next answer.
    let later = ran.outcome.tally.troubles[Trouble::Garbage.place()];
    assert_eq!(excess + later + ran.outcome.tally.answered, 20);
    assert!(excess > 0, "{:?}", ran.troubles());
}

#[test]
fn a_connection_that_ends_too_early_is_named_by_where() {
    let body = made(1000);
    each(
        "head",
        Trouble::CutHead,
        "HTTP/1.1 200 OK\r\nContent-",
        |_| {},
    );
    each("head, half", Trouble::CutHead, "HTTP/1.1 2", Visit::end);
    each(
        "body",
        Trouble::CutBody,
        with(ok(1000), &body[..999]),
        |_| {},
    );
    each(
        "body, half",
        Trouble::CutBody,
        with(ok(1000), &body[..1]),
        Visit::end,
    );
    each("no byte", Trouble::NoAnswer, "", |_| {});
    each("no byte, half", Trouble::NoAnswer, "", Visit::end);
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    each("chunk", Trouble::CutBody, with(chunk, b"5\r\n"), |_| {});
}

#[test]
fn a_server_that_ends_before_it_is_asked_does_not_answer() {
    // It ends while the connection is made: the end is told of once, together with the beginning.
    check("half", Trouble::NoAnswer, Visit::end);
}

#[test]
fn a_reset_is_a_reset_wherever_it_comes() {
    each("at once", Trouble::Reset, "", Visit::reset);
    each("in the head", Trouble::Reset, "HTTP/1.1 200", Visit::reset);
    let body = made(500);
    each(
        "in the body",
        Trouble::Reset,
        with(ok(1000), &body),
        Visit::reset,
    );
}

#[test]
fn what_is_no_head_is_garbage() {
    each("binary", Trouble::Garbage, [0; 100], Visit::wait);
    each("other", Trouble::Garbage, "SSH-2.0-x\r\n\r\n", Visit::wait);
    check("before it is asked", Trouble::Garbage, |visit| {
        if visit.say("SSH-2.0-OpenSSH\r\n\r\n") {
            visit.wait();
        }
    });
}

#[test]
fn a_head_without_end_is_left() {
    let flood = format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(20));
    let long = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(1 << 20));
    each("flood", Trouble::EndlessHead, long, Visit::wait);
    each("drip", Trouble::Timeout, flood, |visit| {
        visit.drip(Duration::from_millis(2), "X: y\r\n");
    });
    each("early hints", Trouble::Timeout, "", |visit| {
        visit.drip(
            Duration::from_micros(50),
            "HTTP/1.1 103 Early Hints\r\n\r\n",
        );
    });
}

#[test]
fn who_says_nothing_or_no_more_is_too_slow() {
    each("nothing", Trouble::Timeout, "", Visit::wait);
    each(
        "half a body",
        Trouble::Timeout,
        with(ok(1000), &made(9)),
        Visit::wait,
    );
}

#[test]
fn lengths_and_chunks_that_are_none_are_named() {
    let two = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello";
    each("two", Trouble::BadLength, two, Visit::wait);
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n";
    each("chunk", Trouble::BadChunk, chunk, Visit::wait);
}

#[test]
fn a_truth_that_cannot_be_read_is_our_trouble() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x"), made(1000)).unwrap();
    let mut ask = get("/x");
    let truths = super::super::truth::Truths::of(dir.path()).unwrap();
    ask.truth = truths.of_target("/x");
    assert!(ask.truth.is_some());
    std::fs::remove_file(dir.path().join("x")).unwrap();
    let server = Odd::says(with(ok(1000), &made(1000)));
    let ran = run(&plan(server.address, ask, 1, 5));
    assert_eq!(ran.troubles(), [(Trouble::NoTruth, 5)]);
}

#[test]
fn a_mixture_of_troubles_is_counted_apart() {
    let server = Odd::plays(|visit| {
        while visit.is_asked() {
            let is_going = match visit.requests % 3 {
                0 => visit.say("nonsense\r\n\r\n"),
                _ => visit.say("HTTP/1.1 404 x\r\nContent-Length: 1\r\n\r\nx"),
            };
            if !is_going {
                return;
            }
        }
    });
    let ran = run(&plan(server.address, get("/x"), 4, 300));
    assert_eq!(ran.statuses(), [(404, ran.outcome.tally.answered)]);
    // Every third on each connection; the last of each connection may be any.
    let garbage = ran.outcome.tally.troubles[Trouble::Garbage.place()];
    assert_eq!(ran.troubles(), [(Trouble::Garbage, garbage)]);
    assert!((98..=100).contains(&garbage), "{garbage}");
    assert_eq!(server.requests(), 300);
}
