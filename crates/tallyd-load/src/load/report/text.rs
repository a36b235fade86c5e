//! The report for people: what was done, what came of it, how long it took, how it went.
//!
//! Promises: what went wrong stands above what went well for how long; no text from outside can move a cursor.

use super::table::{Side, table};
use super::{Report, begun, rate, series, times};
use crate::amounts::{self, grouped, several, size};
use crate::load::plan::{Ask, Order, Pace};
use crate::load::tally::Tally;

/// What is longer loses its end: the first line is to be read at a glance.
const LONGEST_TARGET: usize = 100;

/// The whole report.
pub(super) fn written(report: Report) -> String {
    let parts = [
        head(report),
        totals(report),
        errors(&report.outcome.tally),
        statuses(&report.outcome.tally),
        times::percentiles(report),
        times::spread(report),
        series::course(report),
        series::seconds(report),
        expected(report),
    ];
    let parts = parts.into_iter().filter(|lines| !lines.is_empty());
    let parts: Vec<String> = parts.map(|lines| lines.join("\n") + "\n").collect();
    parts.join("\n")
}

fn head(report: Report) -> Vec<String> {
    let mut lines = vec![asked(report), paced(report)];
    let took = amounts::span(report.outcome.elapsed);
    lines.push(match report.outcome.is_stopped {
        true => format!("Stopped before its end, after {took}"),
        false => format!("Took {took}"),
    });
    lines
}

fn asked(report: Report) -> String {
    let plan = report.plan;
    let mut servers = plan.servers.iter().map(|server| server.authority.as_str());
    let first = servers.next().unwrap_or_default();
    let place = match servers.count() {
        0 => format!("http://{}", visible(first)),
        others => format!("{} servers", others + 1),
    };
    if let [Ask { method, target, .. }] = plan.asks.as_slice() {
        return format!("{} {place}{}", visible(method), visible(target));
    }
    let asks = grouped(plan.asks.len() as u64);
    let order = match &plan.order {
        Order::InOrder => "in order",
        Order::Shuffled(_) => "shuffled",
        Order::Weighted { .. } => "drawn by weight",
        Order::Script(_) => "as in a script",
        Order::Recorded(_) => "as recorded",
    };
    format!("{asks} different requests to {place}, {order}")
}

/// Nothing in it but letters of ASCII that are seen, and not too long.
fn visible(text: &str) -> String {
    let letters = text.chars();
    let mut seen: String = letters
        .take(LONGEST_TARGET)
        .map(|letter| {
            if letter.is_ascii_graphic() {
                letter
            } else {
                '?'
            }
        })
        .collect();
    if text.chars().nth(LONGEST_TARGET).is_some() {
        seen.push('…');
    }
    seen
}

fn paced(report: Report) -> String {
    let plan = report.plan;
    let connections = several(plan.connections as u64, "connection", "connections");
    let threads = several(plan.threads as u64, "thread", "threads");
    let mut line = match plan.pace {
        Pace::Closed => {
            format!("Closed: {connections} on {threads}, each asks again once it is answered")
        }
        Pace::Open(rate) => {
            let rate = amounts::rate(rate);
            format!(
                "Open: {rate} requests a second on schedule, by at most {connections} on {threads}"
            )
        }
        Pace::Recorded(speed) => {
            let faster = match speed {
                1.0 => String::new(),
                speed => format!(", {speed} times as fast"),
            };
            format!(
                "Open: on the schedule of the log{faster}, by at most {connections} on {threads}"
            )
        }
    };
    if !plan.keep_alive {
        line.push_str("; each request on a connection of its own");
    }
    if let Some(limit) = plan.limit_rate {
        line.push_str(&format!("; at most {} a second each", size(limit)));
    }
    line
}

fn totals(report: Report) -> Vec<String> {
    let (tally, elapsed) = (&report.outcome.tally, report.outcome.elapsed.as_secs_f64());
    let asked = match report.plan.pace {
        Pace::Open(asked) => format!(" of {} asked", amounts::rate(asked)),
        _ => String::new(),
    };
    let a_second = |bytes: u64| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive; as saturates"
        )]
        let each = (bytes as f64 / elapsed.max(f64::MIN_POSITIVE)) as u64;
        format!("{} a second", size(each))
    };
    let rows = [
        (true, "Requests", begun(tally), String::new()),
        (
            true,
            "Answered",
            tally.answered,
            format!("{} a second{asked}", amounts::rate(rate(report.outcome))),
        ),
        (true, "Errors", tally.errors(), String::new()),
        (
            tally.aborted > 0,
            "Aborted",
            tally.aborted,
            "on purpose".into(),
        ),
        (
            tally.in_flight > 0,
            "In flight",
            tally.in_flight,
            format!(
                "at the end; the oldest since {}",
                amounts::time(tally.oldest)
            ),
        ),
        (
            tally.unsent > 0,
            "Not sent",
            tally.unsent,
            "requests were due and could not be sent".into(),
        ),
        (
            is_verifying(report),
            "Verified",
            tally.verified,
            "bodies are as they should be".into(),
        ),
        (
            tally.retried > 0,
            "Retried",
            tally.retried,
            "since the server had closed an idle connection".into(),
        ),
        (true, "Connections", tally.connected, "opened".into()),
    ];
    let rows = rows.into_iter().filter(|(is_shown, ..)| *is_shown);
    let mut rows: Vec<Vec<String>> = rows
        .map(|(_, name, count, more)| vec![name.to_owned(), grouped(count), more])
        .collect();
    rows.push(vec![
        "Bodies".into(),
        size(tally.body_bytes),
        a_second(tally.body_bytes),
    ]);
    table(&[Side::Left, Side::Right, Side::Left], &rows)
}

pub(super) fn is_verifying(report: Report) -> bool {
    report.plan.asks.iter().any(|ask| ask.truth.is_some())
}

fn errors(tally: &Tally) -> Vec<String> {
    let mut rows = vec![vec!["Error".to_owned(), "Count".to_owned()]];
    let row = |(trouble, count): (crate::load::Trouble, u64)| {
        vec![trouble.text().to_owned(), grouped(count)]
    };
    rows.extend(tally.troubles().map(row));
    match rows.len() {
        1 => Vec::new(),
        _ => table(&[Side::Left, Side::Right], &rows),
    }
}

fn statuses(tally: &Tally) -> Vec<String> {
    let all: u64 = tally.statuses().map(|(_, count)| count).sum();
    let mut rows = vec![["Status", "Count", ""].map(str::to_owned).to_vec()];
    rows.extend(tally.statuses().map(|(status, count)| {
        let share = format!("{:.1} %", count as f64 * 100.0 / all as f64);
        vec![status.to_string(), grouped(count), share]
    }));
    match all {
        0 => Vec::new(),
        _ => table(&[Side::Left, Side::Right, Side::Right], &rows),
    }
}

fn expected(report: Report) -> Vec<String> {
    let line = |verdict: &crate::load::expect::Verdict| {
        let answer = if verdict.is_met { "yes" } else { "NO " };
        format!("{answer}  expected {}: {}", verdict.expected, verdict.found)
    };
    report.verdicts.iter().map(line).collect()
}
