//! Clients that read slowly, or not to the end.

use std::time::Instant;

use super::odd::Odd;
use super::*;

fn body_of(length: usize) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    [head.into_bytes(), made(length)].concat()
}

/// A body that takes two seconds at `rate`; each request takes so long, give or take 5 in 100.
fn check(ask: Ask, limit_rate: Option<u64>, rate: u64, connections: usize) -> Ran {
    let server = Odd::says(body_of(usize::try_from(rate).unwrap() * 2));
    let ask = Ask {
        truth: truth(rate * 2),
        ..ask
    };
    let mut plan = plan(server.address, ask, connections, connections as u64);
    plan.limit_rate = limit_rate;
    let ran = run(&plan);
    let tally = &ran.outcome.tally;
    assert_eq!(ran.troubles(), []);
    assert_eq!(tally.verified, connections as u64);
    for line in &ran.log {
        assert!((line.latency - 2.0).abs() < 0.1, "{}", line.latency);
    }
    // What came in each second is told of in that second.
    let wished = rate * connections as u64;
    for second in ran.outcome.seconds.iter().take(1) {
        assert!(
            second.body_bytes.abs_diff(wished) < wished / 10,
            "{second:?}"
        );
    }
    ran
}

#[test]
fn a_rate_is_kept_on_each_connection() {
    check(get("/x"), Some(100_000), 100_000, 3);
    check(get("/x"), Some(20_000_000), 20_000_000, 1);
}

#[test]
fn a_slow_reader_is_slow() {
    let mut ask = get("/x");
    ask.reading = Reading::Slow(50_000);
    check(ask.clone(), None, 50_000, 2);
    check(ask.clone(), Some(1_000_000), 50_000, 1);
    ask.reading = Reading::Slow(1_000_000);
    check(ask, Some(50_000), 50_000, 1);
}

#[test]
fn a_server_sees_that_a_reader_is_slow() {
    // What a system keeps for a reader must not be so much that the server is done at once.
    let length = 400_000;
    let (sender, taken) = channel();
    let body = body_of(length);
    let server = Odd::plays(move |visit| {
        while visit.is_asked() {
            let since = Instant::now();
            visit.keeps_little();
            if !visit.say(&body) || sender.send(since.elapsed()).is_err() {
                return;
            }
        }
    });
    // A quick one first: the connection that it leaves has room for more than a slow one should have.
    let mut plan = plan(server.address, get("/x"), 1, 2);
    let mut slow = get("/y");
    slow.reading = Reading::Slow(200_000);
    plan.asks.push(slow);
    let ran = run(&plan);
    assert_eq!((ran.outcome.tally.answered, ran.troubles()), (2, vec![]));
    let [quick, slow] = [taken.recv().unwrap(), taken.recv().unwrap()];
    assert!(quick < Duration::from_millis(500), "{quick:?}");
    assert!(slow > Duration::from_millis(1000), "{slow:?}");
}

#[test]
fn a_long_answer_may_take_its_time_as_long_as_it_comes() {
    let server = Odd::says(body_of(10_000));
    let mut ask = get("/x");
    ask.reading = Reading::Slow(10_000);
    let mut plan = plan(server.address, ask, 3, 3);
    plan.timeout = Duration::from_millis(300);
    let ran = run(&plan);
    assert_eq!((ran.outcome.tally.answered, ran.troubles()), (3, vec![]));
    assert!(
        ran.outcome.elapsed > Duration::from_millis(800),
        "{:?}",
        ran.outcome.elapsed
    );
}

#[test]
fn an_answer_that_is_cut_on_purpose_is_cut_at_its_byte_and_is_no_error() {
    // More than all systems between server and client would take of their own.
    let length = 1 << 30;
    let server = Odd::plays(move |visit| {
        while visit.is_asked() {
            let mut goes_on = visit.say(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
            ));
            goes_on = goes_on && visit.say(made(2_000_000));
            while goes_on {
                goes_on = visit.say([0; 65_536]);
            }
        }
    });
    for at in [0, 1, 999, 70_000, 1_000_000] {
        let before = server.cuts();
        let mut ask = get("/x");
        (ask.reading, ask.truth) = (Reading::Abort(at), truth(length));
        let ran = run(&plan(server.address, ask, 3, 12));
        let tally = &ran.outcome.tally;
        assert_eq!(
            (tally.aborted, tally.answered, ran.troubles()),
            (12, 0, vec![])
        );
        assert_eq!(tally.body_bytes, 12 * at);
        assert!(ran.log.iter().all(|line| line.bytes == at));
        assert_eq!(tally.connected, 12);
        until("the server sees each cut", || server.cuts() - before == 12);
    }
}

#[test]
fn an_answer_that_ends_before_the_cut_is_whole() {
    let server = Odd::says(body_of(1000));
    let mut ask = get("/x");
    ask.reading = Reading::Abort(1001);
    let ran = run(&plan(server.address, ask.clone(), 2, 20));
    assert_eq!(
        (ran.outcome.tally.answered, ran.outcome.tally.connected),
        (20, 2)
    );
    ask.reading = Reading::Abort(1000);
    let ran = run(&plan(server.address, ask, 2, 20));
    assert_eq!(
        (ran.outcome.tally.aborted, ran.outcome.tally.body_bytes),
        (20, 20_000)
    );
}
