//! Answers of all kinds that are as they should be.

use super::odd::Odd;
use super::*;

/// 40 requests on 2 connections get `reply`, all whole, with `status` and `length`; so many connections are needed.
fn check(
    reply: &'static str,
    (status, length): (u16, u64),
    connections: std::ops::RangeInclusive<u64>,
) {
    let server = Odd::plays(move |visit| {
        let keeps = connections_are_kept(reply);
        while visit.is_asked() && visit.say(reply) && keeps {}
    });
    let ran = run(&plan(server.address, get("/x"), 2, 40));
    let tally = &ran.outcome.tally;
    assert_eq!(ran.troubles(), [], "{reply}");
    assert_eq!(ran.statuses(), [(status, 40)], "{reply}");
    assert_eq!(
        (tally.answered, tally.body_bytes),
        (40, 40 * length),
        "{reply}"
    );
    assert!(ran.log.iter().all(|line| line.bytes == length), "{reply}");
    assert!(
        connections.contains(&tally.connected),
        "{reply}: {}",
        tally.connected
    );
    assert_eq!(server.requests(), 40 + tally.retried, "{reply}");
    assert_eq!(tally.sent, (40 + tally.retried) * 28);
    assert_eq!(tally.received, 40 * reply.len() as u64);
}

fn connections_are_kept(reply: &str) -> bool {
    !reply.contains("close")
        && (reply.contains("Content-Length") || reply.contains("chunked") || reply.contains("304"))
}

#[test]
fn interim_heads_and_chunks_and_answers_without_a_body_are_whole() {
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        (200, 5),
        2..=2,
    );
    check(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
        (200, 1),
        2..=2,
    );
    check(
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        (304, 0),
        2..=2,
    );
    check(
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        (204, 0),
        2..=2,
    );
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n",
        (200, 5),
        2..=2,
    );
}

#[test]
fn answers_that_the_close_ends_are_whole_and_need_a_connection_each() {
    check("HTTP/1.0 200 OK\r\n\r\nhello", (200, 5), 40..=40);
    check(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        (200, 2),
        40..=40,
    );
    check(
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi",
        (200, 2),
        40..=40,
    );
}

#[test]
fn an_answer_to_head_has_no_body_whatever_it_announces() {
    let server = Odd::says("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    let mut ask = get("/x");
    (ask.method, ask.to, ask.truth) = ("HEAD".into(), To::Head, truth(1000));
    ask.bytes = b"HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n".as_slice().into();
    let ran = run(&plan(server.address, ask, 2, 40));
    assert_eq!((ran.outcome.tally.answered, ran.troubles()), (40, vec![]));
    assert_eq!(
        (ran.outcome.tally.body_bytes, ran.outcome.tally.connected),
        (0, 2)
    );
}

#[test]
fn bodies_that_are_as_they_should_be_are_verified() {
    let length = 300_000;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    let server = Odd::says([head.into_bytes(), made(length)].concat());
    let mut ask = get("/x");
    ask.truth = truth(length as u64);
    let ran = run(&plan(server.address, ask, 3, 50));
    assert_eq!(ran.troubles(), []);
    assert_eq!(
        (ran.outcome.tally.verified, ran.outcome.tally.answered),
        (50, 50)
    );
}

#[test]
fn the_counts_of_a_calm_server_are_those_of_the_client() {
    for threads in [1, 2, 3] {
        let server = Odd::says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
        let mut plan = plan(server.address, get("/x"), 7, 5000);
        plan.threads = threads;
        let ran = run(&plan);
        assert_eq!(ran.troubles(), []);
        let tally = &ran.outcome.tally;
        assert_eq!(
            (tally.answered, tally.retried, tally.connected),
            (5000, 0, 7)
        );
        assert_eq!((server.requests(), server.connections()), (5000, 7));
    }
}

#[test]
fn no_more_threads_than_connections_are_there() {
    let server = Odd::says("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    let mut plan = plan(server.address, get("/x"), 1, 100);
    plan.threads = 4;
    let ran = run(&plan);
    assert_eq!(
        (ran.outcome.tally.answered, ran.outcome.tally.connected),
        (100, 1)
    );
}

#[test]
fn a_large_request_goes_out_in_parts_and_is_counted_whole() {
    let length = 4 << 20;
    let server = Odd::plays(|visit| {
        while visit.is_asked() && visit.takes(4 << 20) {
            visit.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let mut ask = get("/x");
    let head = format!("POST /x HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
    ask.method = "POST".into();
    ask.bytes = [head.as_bytes(), &vec![b'x'; length]].concat().into();
    let bytes = ask.bytes.len() as u64;
    let ran = run(&plan(server.address, ask, 2, 8));
    let tally = &ran.outcome.tally;
    assert_eq!(
        (tally.answered, tally.sent, tally.connected),
        (8, 8 * bytes, 2)
    );
}

#[test]
fn an_answer_before_the_request_is_out_ends_the_connection() {
    let server = Odd::plays(|visit| {
        if visit.is_asked() && visit.say("HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n") {
            // What it does not read cannot be sent.
            std::thread::park_timeout(Duration::from_millis(700));
        }
    });
    let mut ask = get("/x");
    ask.method = "POST".into();
    let head = b"POST /x HTTP/1.1\r\nContent-Length: 50000000\r\n\r\n".as_slice();
    ask.bytes = [head, &vec![b'x'; 50_000_000]].concat().into();
    let ran = run(&plan(server.address, ask, 1, 5));
    let tally = &ran.outcome.tally;
    assert_eq!((ran.statuses(), ran.troubles()), (vec![(413, 5)], vec![]));
    assert_eq!((tally.answered, tally.connected), (5, 5));
}
