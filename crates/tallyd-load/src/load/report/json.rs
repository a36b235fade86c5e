//! The report for programs: one object, its keys in this order, each on a line of its own.
//!
//! Promises: docs/load.md describes every key; a key that has nothing to say is null, never absent. Times are seconds,
//! with all digits that were measured.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{QUANTILES, Report, begun, rate, text, times};
use crate::load::course::Second;
use crate::load::expect::Verdict;
use crate::load::plan::{Order, Pace, Plan};
use crate::load::tally::Latencies;

/// Of the form; another one where a key changes its meaning or goes.
const VERSION: u64 = 1;

/// The whole report.
pub(super) fn written(report: Report) -> String {
    let lines = members(report).into_iter().map(|(key, value)| {
        // A key of ours has nothing to escape.
        format!("  \"{key}\": {value}")
    });
    let lines: Vec<String> = lines.collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

fn members(report: Report) -> Vec<(&'static str, Value)> {
    let outcome = report.outcome;
    let tally = &outcome.tally;
    let errors = tally
        .troubles()
        .map(|(kind, count)| (kind.word().to_owned(), count.into()));
    let statuses = tally
        .statuses()
        .map(|(status, count)| (status.to_string(), count.into()));
    let verified = text::is_verifying(report).then_some(tally.verified);
    let raw = report.plan.is_open().then(|| spread(&tally.raw));
    vec![
        ("version", VERSION.into()),
        ("plan", plan(report)),
        ("elapsed", seconds(outcome.elapsed)),
        ("stopped", outcome.is_stopped.into()),
        ("requests", begun(tally).into()),
        ("answered", tally.answered.into()),
        ("failed", tally.errors().into()),
        ("aborted", tally.aborted.into()),
        ("in_flight", tally.in_flight.into()),
        ("oldest_in_flight", seconds(tally.oldest)),
        ("unsent", tally.unsent.into()),
        ("retried", tally.retried.into()),
        ("verified", verified.into()),
        ("connections", tally.connected.into()),
        ("rate", rate(outcome).into()),
        ("bytes", tally.body_bytes.into()),
        ("bytes_received", tally.received.into()),
        ("bytes_sent", tally.sent.into()),
        ("errors", Value::Object(errors.collect())),
        ("statuses", Value::Object(statuses.collect())),
        ("latency", spread(&tally.latency)),
        ("raw", raw.into()),
        ("first_byte", spread(&tally.first_byte)),
        ("connecting", spread(&tally.connecting)),
        ("histogram", histogram(&tally.latency)),
        ("seconds", outcome.seconds.iter().map(second).collect()),
        (
            "expectations",
            report.verdicts.iter().map(verdict).collect(),
        ),
    ]
}

fn plan(report: Report) -> Value {
    let plan = report.plan;
    let servers = plan.servers.iter().map(|server| server.authority.clone());
    let (model, rate, speed) = match plan.pace {
        Pace::Closed => ("closed", None, None),
        Pace::Open(rate) => ("open", Some(rate), None),
        Pace::Recorded(speed) => ("recorded", None, Some(speed)),
    };
    json!({
        "servers": servers.collect::<Vec<String>>(),
        "asks": plan.asks.len(),
        "target": target(plan),
        "order": order(plan),
        "requests": plan.turns(),
        "time": plan.limits.time.map(seconds),
        "model": model,
        "rate": rate,
        "speed": speed,
        "connections": plan.connections,
        "threads": plan.threads,
        "keep_alive": plan.keep_alive,
        "limit_rate": plan.limit_rate,
        "timeout": seconds(plan.timeout),
        "verify": text::is_verifying(report),
    })
}

/// Of a plan that asks for one thing.
fn target(plan: &Plan) -> Option<&str> {
    match plan.asks.as_slice() {
        [ask] => Some(&ask.target),
        _ => None,
    }
}

fn order(plan: &Plan) -> &'static str {
    match plan.order {
        Order::InOrder => "in-order",
        Order::Shuffled(_) => "shuffled",
        Order::Weighted { .. } => "weighted",
        Order::Script(_) => "script",
        Order::Recorded(_) => "recorded",
    }
}

/// A whole number of nanoseconds over a thousand million is the double next to the decimal, so its shortest form has
/// no digits of its own.
fn seconds(time: Duration) -> Value {
    (time.as_nanos() as f64 / 1e9).into()
}

fn spread(times: &Latencies) -> Value {
    let shown = |time: Option<Duration>| time.map_or(Value::Null, seconds);
    let mut members = Map::new();
    members.insert("count".into(), times.count().into());
    members.insert("min".into(), shown(times.min()));
    members.insert("mean".into(), shown(times.mean()));
    members.insert("deviation".into(), shown(times.deviation()));
    for (name, share) in QUANTILES {
        members.insert(name.into(), shown(times::known(times, share)));
    }
    members.insert("max".into(), shown(times.max()));
    Value::Object(members)
}

fn histogram(times: &Latencies) -> Value {
    let bucket = |(end, count): (Duration, u64)| json!([seconds(end), count]);
    times.buckets().map(bucket).collect()
}

fn second(second: &Second) -> Value {
    let shown = |time: Option<Duration>| time.map(seconds);
    json!({
        "answered": second.answered,
        "failed": second.errors,
        "bytes": second.body_bytes,
        "p50": shown(second.p50),
        "p99": shown(second.p99),
        "max": shown(second.max),
    })
}

fn verdict(verdict: &Verdict) -> Value {
    json!({
        "expected": verdict.expected,
        "found": verdict.found,
        "met": verdict.is_met,
    })
}
