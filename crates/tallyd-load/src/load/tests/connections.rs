//! Servers that close: the test goes on with a new connection, and says what was the server's fault and what not.

use std::sync::atomic::Ordering;

use super::odd::{Odd, Visit};
use super::*;
use crate::load::plan::Arrival;

const HI: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const BYE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";

/// 200 requests on 3 connections of which the server ends each after 5 answers, in this way: none is lost.
fn check(last: &'static str, end: impl Fn(&mut Visit) + Send + Sync + 'static) -> Ran {
    let server = Odd::plays(move |visit| {
        while visit.is_asked() {
            let is_last = visit.requests == 5;
            if !visit.say(if is_last { last } else { HI }) {
                return;
            }
            if is_last {
                return end(visit);
            }
        }
    });
    let ran = run(&plan(server.address, get("/x"), 3, 200));
    assert_eq!(ran.troubles(), []);
    assert_eq!(ran.statuses(), [(200, 200)]);
    let connected = ran.outcome.tally.connected;
    assert!((40..=42).contains(&connected), "{connected}");
    assert!(server.requests() >= 200);
    ran
}

#[test]
fn a_server_that_says_when_it_closes_is_never_asked_in_vain() {
    for ran in [
        check(BYE, |_| {}),
        check(BYE, Visit::end),
        check(BYE, Visit::wait),
    ] {
        assert_eq!(ran.outcome.tally.retried, 0);
    }
}

#[test]
fn a_server_that_closes_without_a_word_is_asked_again() {
    check(HI, |_| {});
    check(HI, Visit::reset);
}

#[test]
fn a_server_that_closes_one_side_only_does_not_hold_the_test_up() {
    // nginx does so ("lingering close"): what is sent to it then is neither answered nor refused.
    let ran = check(HI, Visit::end);
    assert!(
        ran.outcome.elapsed < Duration::from_secs(5),
        "{:?}",
        ran.outcome.elapsed
    );
}

#[test]
fn an_end_that_crosses_the_request_is_a_retry_and_no_error() {
    // The fourth request on each connection is met by the end.
    let server = Odd::plays(
        |visit| {
            while visit.is_asked() && visit.requests < 4 && visit.say(HI) {}
        },
    );
    let ran = run(&plan(server.address, get("/x"), 1, 300));
    let tally = &ran.outcome.tally;
    assert_eq!((tally.answered, ran.troubles()), (300, vec![]));
    assert_eq!((tally.retried, tally.connected), (99, 100));
    assert_eq!(server.requests(), tally.answered + tally.retried);
}

#[test]
fn what_may_not_be_sent_twice_is_not() {
    let server = Odd::plays(
        |visit| {
            while visit.is_asked() && visit.requests < 4 && visit.say(HI) {}
        },
    );
    let mut ask = get("/x");
    ask.method = "POST".into();
    let ran = run(&plan(server.address, ask, 1, 300));
    assert_eq!(
        (ran.outcome.tally.answered, ran.outcome.tally.retried),
        (225, 0)
    );
    let errors: u64 = [Trouble::NoAnswer, Trouble::Reset]
        .map(|trouble| ran.outcome.tally.troubles[trouble.place()])
        .iter()
        .sum();
    assert_eq!((errors, server.requests()), (75, 300));
}

#[test]
fn a_request_that_is_met_by_two_ends_is_an_error() {
    let server = Odd::plays(|visit| {
        // Every second connection answers once, the others never.
        if visit.is_asked() && visit.number() % 2 == 0 && visit.say(HI) {
            visit.is_asked();
        }
    });
    let ran = run(&plan(server.address, get("/x"), 1, 100));
    let tally = &ran.outcome.tally;
    assert_eq!((tally.answered, tally.retried), (50, 50));
    assert_eq!(ran.troubles(), [(Trouble::NoAnswer, 50)]);
}

#[test]
fn a_connection_that_ends_while_it_is_idle_is_nobodys_fault() {
    for farewell in [
        "",
        "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ] {
        let server = Odd::plays(move |visit| {
            if visit.is_asked() && visit.say(HI) {
                std::thread::park_timeout(Duration::from_millis(50));
                if visit.say(farewell) {
                    visit.end();
                }
            }
        });
        let mut plan = plan(server.address, get("/x"), 1, 4);
        let arrivals = (0..4_u32).map(|place| Arrival {
            at: Duration::from_millis(500) * place,
            ask: 0,
        });
        plan.order = Order::Recorded(arrivals.collect());
        plan.pace = Pace::Recorded(1.0);
        let ran = run(&plan);
        let tally = &ran.outcome.tally;
        assert_eq!((ran.statuses(), ran.troubles()), (vec![(200, 4)], vec![]));
        assert_eq!((tally.retried, tally.connected), (0, 4));
    }
}

#[test]
fn a_server_that_goes_away_and_comes_back_is_asked_on() {
    let mut server = Odd::plays(|visit| {
        if visit.is_asked() {
            visit.say(BYE);
        }
    });
    let address = server.address;
    let live = Arc::new(Live::default());
    let plan = plan(address, get("/x"), 2, 2000);
    let theirs = Arc::clone(&live);
    let running = std::thread::spawn(move || run_with(&plan, &theirs));
    until("it begins", || live.answered.load(Ordering::Relaxed) > 0);
    server.close();
    until("it is refused", || live.errors.load(Ordering::Relaxed) >= 8);
    let again = Odd::at(address, |visit| while visit.is_asked() && visit.say(HI) {});
    let ran = running.join().unwrap();
    let tally = &ran.outcome.tally;
    let refused = tally.troubles[Trouble::Refused.place()];
    assert!((4..100).contains(&refused), "{refused}");
    // What was under way with the server that closed is reset, or ends without an answer.
    let others = tally.errors() - refused;
    assert!(others <= 4, "{:?}", ran.troubles());
    assert_eq!(tally.answered + refused + others, 2000);
    let asked = server.requests() + again.requests();
    assert!(
        (tally.answered..=tally.answered + others).contains(&asked),
        "{asked}"
    );
}

#[test]
fn a_connection_for_each_request_leaves_no_ports_behind() {
    let server = Odd::plays(|visit| {
        if visit.is_asked() {
            visit.say(BYE);
        }
    });
    let mut plan = plan(server.address, get("/x"), 50, 5000);
    plan.keep_alive = false;
    let ran = run(&plan);
    let tally = &ran.outcome.tally;
    assert_eq!(
        (tally.answered, tally.connected, ran.troubles()),
        (5000, 5000, vec![])
    );
    assert_eq!((server.requests(), server.connections()), (5000, 5000));
    let ours = waiting_towards(server.address.port());
    assert!(ours < 100, "{ours} of our ports are in TIME-WAIT");
}

#[test]
fn without_keep_alive_a_server_that_would_keep_is_left_all_the_same() {
    let server = Odd::says(HI);
    let mut plan = plan(server.address, get("/x"), 2, 100);
    plan.keep_alive = false;
    let ran = run(&plan);
    let tally = &ran.outcome.tally;
    assert_eq!(
        (tally.answered, tally.connected, ran.troubles()),
        (100, 100, vec![])
    );
    assert!(
        ran.outcome.elapsed < Duration::from_secs(3),
        "{:?}",
        ran.outcome.elapsed
    );
}

/// Connections in TIME-WAIT (6) whose other end is `port`.
fn waiting_towards(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let towards = format!(":{port:04X}");
    let is_ours = |line: &&str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        columns[2].ends_with(&towards) && columns[3] == "06"
    };
    table.lines().filter(is_ours).count()
}

#[test]
fn a_plan_with_two_servers_asks_each_what_is_its_own() {
    let servers = [
        Odd::says("HTTP/1.1 201 x\r\nContent-Length: 1\r\n\r\na"),
        Odd::says("HTTP/1.1 202 x\r\nContent-Length: 2\r\n\r\nbb"),
    ];
    let mut plan = plan(servers[0].address, get("/a"), 3, 600);
    plan.servers.push(server(servers[1].address));
    let mut second = get("/b");
    second.server = 1;
    plan.asks.push(second);
    let ran = run(&plan);
    assert_eq!(ran.troubles(), []);
    assert_eq!(ran.statuses(), [(201, 300), (202, 300)]);
    assert_eq!(servers.each_ref().map(Odd::requests), [300, 300]);
}

#[test]
fn a_server_that_is_not_there_is_told_before_anything_begins() {
    let mut server = Odd::says(HI);
    server.close();
    let plan = plan(server.address, get("/x"), 1, 1);
    let error = super::super::run(&plan, &Live::default(), None).unwrap_err();
    assert!(matches!(error, RunError::Server { .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot connect to {}: ", server.address))
    );
}
