//! Requests on schedule: at their times whatever the server does, and late ones are late.

use super::calm::{Calm, Stall};
use super::odd::Odd;
use super::*;
use crate::load::plan::Arrival;

const HI: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// A machine that is busy with other tests may take a thread away for longer than these times allow: best of three.
fn once_in_three(is_so: impl Fn() -> Result<(), String>) {
    let tries: Vec<_> = (0..3).map_while(|_| is_so().err()).collect();
    assert!(tries.len() < 3, "{tries:?}");
}

#[test]
fn a_calm_server_is_asked_as_often_as_was_asked_for() {
    for threads in [1, 2] {
        once_in_three(|| {
            let server = Calm::says(HI, None);
            let time = Duration::from_secs(3);
            let mut plan = timed(server.address, get("/x"), 20, 2000.0, time);
            plan.threads = threads;
            let ran = run(&plan);
            let (tally, elapsed) = (&ran.outcome.tally, ran.outcome.elapsed);
            assert_eq!(ran.troubles(), []);
            assert_eq!(tally.answered + tally.unsent, 6000);
            assert_eq!(server.requests(), tally.answered);
            // 0.5 %: of the time of the last, 15 ms; of each second, ten requests, and what crosses its end.
            let rate = tally.answered as f64 / elapsed.as_secs_f64();
            let seconds = ran.outcome.seconds.iter().take(3);
            let each: Vec<u64> = seconds.map(|second| second.answered).collect();
            let is_even = each.iter().all(|count| count.abs_diff(2000) <= 20);
            match (rate - 2000.0).abs() < 10.0 && is_even {
                true => Ok(()),
                false => Err(format!("{rate} {each:?}")),
            }
        });
    }
}

#[test]
fn a_schedule_lasts_to_the_end_of_the_time_also_if_nothing_is_due_any_more() {
    for threads in [1, 2] {
        let server = Calm::says(HI, None);
        let time = Duration::from_secs(1);
        let mut plan = timed(server.address, get("/x"), 4, 3.0, time);
        plan.threads = threads;
        let ran = run(&plan);
        assert_eq!((ran.outcome.tally.answered, ran.troubles()), (3, vec![]));
        assert_eq!(ran.outcome.elapsed, time);
        assert_eq!(ran.outcome.seconds.len(), 1);
        plan.limits.requests = Some(1);
        let took = run(&plan).outcome.elapsed;
        assert!(took < time, "{took:?}");
    }
}

#[test]
fn a_server_that_stalls_shows_in_the_times_since_due_and_not_in_the_raw_ones() {
    // As one second in ten, in less time.
    let stall = Stall {
        every: Duration::from_millis(2500),
        length: Duration::from_millis(250),
    };
    let server = Calm::says(HI, Some(stall));
    // With few connections few requests wait in the stall, so that raw times hardly see it: 4 in each of 4000.
    let plan = timed(server.address, get("/x"), 4, 1600.0, Duration::from_secs(5));
    let ran = run(&plan);
    let tally = &ran.outcome.tally;
    assert_eq!(
        (
            tally.answered + tally.in_flight + tally.unsent,
            ran.troubles()
        ),
        (8000, vec![])
    );
    let due = tally.latency.quantile(0.99).unwrap();
    let raw = tally.raw.quantile(0.99).unwrap();
    assert!(due > Duration::from_millis(100), "{due:?}");
    assert!(raw < Duration::from_millis(50), "{raw:?}");
    assert!(
        tally.raw.max().unwrap() > Duration::from_millis(150),
        "{:?}",
        tally.raw.max()
    );
}

#[test]
fn what_cannot_begin_before_the_end_is_told_and_the_end_is_soon() {
    // A minute for each answer, as far as this test can tell.
    let server = Odd::plays(|visit| {
        if visit.is_asked() {
            visit.wait();
        }
    });
    let time = Duration::from_millis(600);
    for threads in [1, 2] {
        let mut plan = timed(server.address, get("/x"), 3, 100.0, time);
        plan.threads = threads;
        let ran = run(&plan);
        let tally = &ran.outcome.tally;
        assert_eq!((tally.answered, tally.in_flight, tally.unsent), (0, 3, 57));
        assert!(tally.oldest >= time, "{:?}", tally.oldest);
        // What is under way gets half a second more.
        let took = ran.outcome.elapsed;
        assert!(
            took >= time && took < Duration::from_millis(1300),
            "{took:?}"
        );
    }
}

#[test]
fn what_is_answered_in_the_grace_counts_and_what_waits_then_does_not_begin() {
    // One connection is answered in the grace; a turn is waiting then, and will not begin any more.
    let server = Odd::plays(|visit| {
        if visit.is_asked() {
            let pause = Duration::from_millis(350 + visit.number() % 2 * 10_000);
            std::thread::park_timeout(pause);
            visit.say(HI);
        }
    });
    let plan = timed(
        server.address,
        get("/x"),
        2,
        100.0,
        Duration::from_millis(300),
    );
    let ran = run(&plan);
    let tally = &ran.outcome.tally;
    assert_eq!((tally.answered, tally.in_flight, tally.unsent), (1, 1, 28));
}

#[test]
fn a_recorded_plan_keeps_its_times() {
    let server = Calm::says(HI, None);
    let times: Vec<u64> = vec![0, 0, 100, 101, 250, 600, 600, 600, 903];
    let mut plan = plan(server.address, get("/x"), 5, 0);
    plan.asks.push(get("/y"));
    plan.limits = Limits::default();
    let arrival = |at: &u64| Arrival {
        at: Duration::from_millis(*at),
        ask: u32::from(*at == 600),
    };
    plan.order = Order::Recorded(times.iter().map(arrival).collect());
    for speed in [1.0, 2.0] {
        plan.pace = Pace::Recorded(speed);
        let ran = run(&plan);
        assert_eq!((ran.outcome.tally.answered, ran.troubles()), (9, vec![]));
        let mut at: Vec<f64> = ran.log.iter().map(|line| line.at).collect();
        at.sort_by(f64::total_cmp);
        for (at, wished) in at.iter().zip(&times) {
            assert!((at - *wished as f64 / 1000.0 / speed).abs() < 1e-5, "{at}");
        }
        // They end soon after they were due: a turn waits for its time, and its time does not wait.
        let late = ran.log.iter().filter(|line| line.latency > 0.02).count();
        assert!(late <= 1, "{late}");
    }
}

#[test]
fn a_turn_begins_at_its_time_and_not_at_the_next_millisecond() {
    once_in_three(|| {
        let server = Calm::says(HI, None);
        let time = Duration::from_secs(1);
        let ran = run(&timed(server.address, get("/x"), 4, 333.0, time));
        let due = ran.outcome.tally.latency.quantile(0.5).unwrap();
        let raw = ran.outcome.tally.raw.quantile(0.5).unwrap();
        // Waiting in whole milliseconds would add half of one.
        match due.saturating_sub(raw) < Duration::from_micros(300) {
            true => Ok(()),
            false => Err(format!("{due:?} {raw:?}")),
        }
    });
}
