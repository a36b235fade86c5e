//! The engine against servers of all kinds, through its one door: whatever they do, every request is counted once,
//! under its name, and the run ends in time.
//!
//! Each run here is held to what is always true ([`Ran::is_sound`]): nothing is counted twice or lost, the seconds and
//! the log say what the tally says.

mod answers;
mod bounds;
mod calm;
mod connections;
mod odd;
mod pace;
mod rates;
mod troubles;

use std::io::{Read, Seek};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::course::Live;
use super::plan::{Ask, Limits, Order, Pace, Plan, Reading, Server};
use super::truth::Truth;
use super::{Outcome, RunError, Trouble};
use crate::answer::To;

/// A run that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of a run, and its log.
struct Ran {
    outcome: Outcome,
    log: Vec<Line>,
}

/// A line of the client's log.
struct Line {
    at: f64,
    latency: f64,
    bytes: u64,
    outcome: String,
}

/// GET for `target`.
fn get(target: &str) -> Ask {
    Ask {
        server: 0,
        method: "GET".into(),
        target: target.into(),
        bytes: format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n")
            .into_bytes()
            .into(),
        to: To::Other,
        truth: None,
        reading: Reading::Whole,
    }
}

/// `requests` times the same from `address`, on `connections` connections.
fn plan(address: SocketAddr, ask: Ask, connections: usize, requests: u64) -> Plan {
    Plan {
        servers: vec![server(address)],
        asks: vec![ask],
        order: Order::InOrder,
        limits: Limits {
            requests: Some(requests),
            time: None,
        },
        pace: Pace::Closed,
        connections,
        threads: 1,
        keep_alive: true,
        limit_rate: None,
        timeout: Duration::from_secs(10),
    }
}

/// The same, on schedule and for a time.
fn timed(address: SocketAddr, ask: Ask, connections: usize, rate: f64, time: Duration) -> Plan {
    let limits = Limits {
        requests: None,
        time: Some(time),
    };
    Plan {
        limits,
        pace: Pace::Open(rate),
        ..plan(address, ask, connections, 0)
    }
}

fn server(address: SocketAddr) -> Server {
    Server {
        authority: address.to_string(),
        addresses: vec![address],
    }
}

fn truth(length: u64) -> Option<Arc<Truth>> {
    Some(Arc::new(Truth::Made {
        seed: 1,
        number: 2,
        length,
    }))
}

/// The bytes of that truth.
fn made(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    crate::files::content::fill(1, 2, 0, &mut bytes);
    bytes
}

/// Runs `plan` to its end, and holds it to what is always true.
fn run(plan: &Plan) -> Ran {
    run_with(plan, &Arc::new(Live::default()))
}

fn run_with(plan: &Plan, live: &Arc<Live>) -> Ran {
    let mut file = tempfile::tempfile().unwrap();
    let (sender, receiver) = channel();
    let theirs = (plan.clone(), Arc::clone(live), file.try_clone().unwrap());
    std::thread::spawn(move || {
        let (plan, live, file) = theirs;
        // Nobody waits for it any longer, if it has taken too long.
        sender.send(super::run(&plan, &live, Some(file))).is_ok()
    });
    let outcome = receiver
        .recv_timeout(PATIENCE)
        .expect("the run ends in time");
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    let ran = Ran {
        outcome: outcome.unwrap(),
        log: text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(line)
            .collect(),
    };
    ran.is_sound(plan, live);
    ran
}

fn line(text: &str) -> Line {
    let columns: Vec<&str> = text.split('\t').collect();
    assert_eq!(columns.len(), 7, "{text}");
    Line {
        at: columns[0].parse().unwrap(),
        latency: columns[1].parse().unwrap(),
        bytes: columns[3].parse().unwrap(),
        outcome: columns[4].to_owned(),
    }
}

impl Ran {
    /// What is true of every run.
    fn is_sound(&self, plan: &Plan, live: &Live) {
        let tally = &self.outcome.tally;
        let ended = tally.answered + tally.aborted + tally.errors();
        if !self.outcome.is_stopped && plan.limits.time.is_none() {
            assert_eq!(Some(ended), plan.turns(), "{tally:?}");
            assert_eq!((tally.in_flight, tally.unsent), (0, 0));
        }
        if !self.outcome.is_stopped && plan.is_open() {
            let due = plan.due_before(self.outcome.elapsed);
            assert_eq!(ended + tally.in_flight + tally.unsent, due, "{tally:?}");
        }
        let seconds = &self.outcome.seconds;
        let sum = |of: fn(&super::course::Second) -> u64| seconds.iter().map(of).sum::<u64>();
        assert_eq!(sum(|second| second.answered), tally.answered);
        assert_eq!(sum(|second| second.errors), tally.errors());
        assert_eq!(sum(|second| second.body_bytes), tally.body_bytes);
        let whole = seconds.len() as u64 - 1;
        let end = self.outcome.elapsed.saturating_sub(Duration::from_nanos(1));
        assert_eq!(whole, end.as_secs(), "a gap");
        assert_eq!(self.log.len() as u64, ended, "lines");
        for (trouble, count) in Trouble::ALL.iter().zip(tally.troubles) {
            assert_eq!(self.logged(trouble.word()), count, "{trouble:?}");
        }
        assert_eq!(self.logged("ok"), tally.answered);
        assert_eq!(self.logged("aborted"), tally.aborted);
        assert_eq!(tally.latency.count(), tally.answered);
        assert_eq!(tally.first_byte.count(), tally.answered);
        let raw = if plan.is_open() { tally.answered } else { 0 };
        assert_eq!(tally.raw.count(), raw);
        assert_eq!(tally.connecting.count(), tally.connected);
        let order = std::sync::atomic::Ordering::Relaxed;
        assert_eq!(live.turns.load(order), ended);
        assert_eq!(live.answered.load(order), tally.answered);
        assert_eq!(live.errors.load(order), tally.errors());
        assert_eq!(live.body_bytes.load(order), tally.body_bytes);
        assert!(self.outcome.log_error.is_none());
    }

    fn logged(&self, word: &str) -> u64 {
        self.log.iter().filter(|line| line.outcome == word).count() as u64
    }

    fn troubles(&self) -> Vec<(Trouble, u64)> {
        self.outcome.tally.troubles().collect()
    }

    fn statuses(&self) -> Vec<(u16, u64)> {
        self.outcome.tally.statuses().collect()
    }
}

/// Waits until it is so, with a limit.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < PATIENCE, "{what}");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}
