//! Many connections, much data, an end before its time: all within bounds.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::calm::Calm;
use super::odd::Odd;
use super::*;

const HI: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

#[test]
fn two_thousand_connections_are_all_used() {
    let server = Calm::says(HI, None);
    let ran = run(&plan(server.address, get("/x"), 2000, 10_000));
    let tally = &ran.outcome.tally;
    assert_eq!((tally.answered, ran.troubles()), (10_000, vec![]));
    assert_eq!((tally.connected, server.requests()), (2000, 10_000));
}

#[test]
fn a_stop_ends_at_once_and_what_was_done_is_told() {
    for (pace, threads) in [(Pace::Closed, 1), (Pace::Closed, 2), (Pace::Open(500.0), 2)] {
        let server = Calm::says(HI, None);
        let quiet = Odd::plays(|visit| {
            if visit.is_asked() {
                visit.wait();
            }
        });
        let mut plan = plan(server.address, get("/x"), 8, u64::MAX);
        plan.servers.push(super::server(quiet.address));
        let mut never = get("/y");
        never.server = 1;
        // The first of a thousand hangs.
        plan.asks = vec![plan.asks[0].clone(), never];
        plan.order = Order::Weighted {
            sums: vec![999, 1000],
            seed: 4,
        };
        (plan.pace, plan.threads) = (pace, threads);
        let live = Arc::new(Live::default());
        let theirs = Arc::clone(&live);
        let running = std::thread::spawn(move || run_with(&plan, &theirs));
        until("it runs", || live.answered.load(Ordering::Relaxed) > 100);
        let since = Instant::now();
        live.stop();
        let ran = running.join().unwrap();
        let took = since.elapsed();
        assert!(took < Duration::from_millis(300), "{took:?}");
        let tally = &ran.outcome.tally;
        assert!(ran.outcome.is_stopped);
        assert!(tally.in_flight <= 8, "{tally:?}");
        let sent = tally.answered + tally.in_flight;
        let came = server.requests() + quiet.requests();
        // One that was just going out may not have come.
        assert!(came <= sent && sent <= came + 8, "{came} {sent}");
    }
}

#[test]
fn a_hundred_downloads_at_once_are_each_compared_to_their_end() {
    let length: u64 = 16 << 20;
    let server = Odd::plays(move |visit| {
        while visit.is_asked() {
            visit.say(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"
            ));
            let mut part = vec![0; 256 * 1024];
            for at in (0..length).step_by(part.len()) {
                crate::files::content::fill(1, 2, at, &mut part);
                if !visit.say(&part) {
                    return;
                }
            }
        }
    });
    let mut ask = get("/x");
    ask.truth = truth(length);
    let mut plan = plan(server.address, ask, 100, 100);
    plan.timeout = Duration::from_secs(60);
    let ran = run(&plan);
    assert_eq!((ran.outcome.tally.verified, ran.troubles()), (100, vec![]));
    assert_eq!(ran.outcome.tally.body_bytes, 100 * length);
}

#[test]
fn a_stop_does_not_wait_for_downloads() {
    let server = Odd::plays(|visit| {
        if visit.is_asked() {
            let mut goes_on = visit.say(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                1_u64 << 40
            ));
            while goes_on {
                goes_on = visit.say([0; 65_536]);
            }
        }
    });
    let plan = plan(server.address, get("/x"), 20, 100);
    let live = Arc::new(Live::default());
    let theirs = Arc::clone(&live);
    let running = std::thread::spawn(move || run_with(&plan, &theirs));
    until("it runs", || {
        live.body_bytes.load(Ordering::Relaxed) > 100_000_000
    });
    let since = Instant::now();
    live.stop();
    let ran = running.join().unwrap();
    assert!(
        since.elapsed() < Duration::from_millis(500),
        "{:?}",
        since.elapsed()
    );
    assert_eq!((ran.outcome.tally.in_flight, ran.log.len()), (20, 0));
    assert!(ran.outcome.tally.body_bytes > 100_000_000);
}

#[test]
fn a_server_that_accepts_nobody_is_too_slow_for_each() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // One may wait to be accepted: the one that looks whether the server is there.
    rustix::net::listen(&listener, 0).unwrap();
    let mut plan = plan(listener.local_addr().unwrap(), get("/x"), 3, 6);
    plan.timeout = Duration::from_millis(200);
    let ran = run(&plan);
    assert_eq!(ran.troubles(), [(Trouble::Timeout, 6)]);
    assert_eq!(ran.outcome.tally.connected, 0);
    assert!(
        ran.outcome.elapsed < Duration::from_secs(2),
        "{:?}",
        ran.outcome.elapsed
    );
}

#[test]
fn a_log_that_cannot_be_written_is_told_of_and_stops_nothing() {
    let server = Calm::says(HI, None);
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let plan = plan(server.address, get("/x"), 5, 3000);
    let outcome = super::super::run(&plan, &Live::default(), Some(full)).unwrap();
    assert_eq!(outcome.tally.answered, 3000);
    let error = outcome.log_error.unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
fn more_connections_than_descriptors_are_refused_with_the_way_out() {
    let server = Calm::says(HI, None);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x"), "hi").unwrap();
    let truths = super::super::truth::Truths::of(dir.path()).unwrap();
    // Who compares with files has one open for each connection.
    for (truth, expected) in [
        (None, (1 << 40) + 64),
        (truths.of_target("/x"), (2 << 40) + 64),
    ] {
        let ask = Ask { truth, ..get("/x") };
        let plan = plan(server.address, ask, 1 << 40, 1);
        let error = super::super::run(&plan, &Live::default(), None).unwrap_err();
        let RunError::Descriptors { needed, most } = error else {
            panic!("{error}");
        };
        assert_eq!(needed, expected);
        assert!(most < needed);
        assert!(error.to_string().contains(&format!("ulimit -n {needed}")));
    }
}
