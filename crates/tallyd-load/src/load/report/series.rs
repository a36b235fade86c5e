//! How a load test went, second by second: curves, and a table where it was short.
//!
//! Promises: several seconds that share a column are shown by their mean rate and their highest p99, never by a mean of
//! percentiles; a last second that is not whole is in the table and in no curve.

use std::time::Duration;

use super::Report;
use super::draw::curve;
use super::table::{Side, table};
use crate::amounts::{self, aligned_time, grouped, size};
use crate::load::course::Second;

/// Columns of a curve.
const COLUMNS: usize = 60;

/// Seconds that a table is not too long for.
const FEW: usize = 20;

/// The curves: rate, p99, and errors where there are any.
pub(super) fn course(report: Report) -> Vec<String> {
    let seconds = whole_seconds(report);
    if seconds.len() < 2 {
        return Vec::new();
    }
    let together = seconds.len().div_ceil(COLUMNS);
    let of = |value: &dyn Fn(&[Second]) -> f64| -> Vec<f64> {
        seconds.chunks(together).map(value).collect()
    };
    let rates = of(&|some| sum(some, |second| second.answered) / some.len() as f64);
    let slowest = of(&|some| longest(some).as_secs_f64());
    let errors = of(&|some| sum(some, |second| second.errors));
    let each_second = || seconds.iter().filter(|second| second.answered > 0);
    let all = |value: &dyn Fn(&Second) -> u64| {
        (
            seconds.iter().map(value).min(),
            seconds.iter().map(value).max(),
        )
    };
    let (least, most) = all(&|second| second.answered);
    let mut rows = vec![vec![
        "Rate".to_owned(),
        curve(&rates),
        format!(
            "{} to {} a second",
            grouped(least.unwrap_or(0)),
            grouped(most.unwrap_or(0))
        ),
    ]];
    let p99s: Vec<Duration> = each_second().filter_map(|second| second.p99).collect();
    if let (Some(least), Some(most)) = (p99s.iter().min(), p99s.iter().max()) {
        let text = format!("{} to {}", amounts::time(*least), amounts::time(*most));
        rows.push(vec!["p99".to_owned(), curve(&slowest), text]);
    }
    let (_, most) = all(&|second| second.errors);
    if let Some(most) = most.filter(|most| *most > 0) {
        let text = format!("up to {} a second", grouped(most));
        rows.push(vec!["Errors".to_owned(), curve(&errors), text]);
    }
    let mut lines = table(&[Side::Left, Side::Left, Side::Left], &rows);
    if together > 1 {
        lines.push(format!(
            "Each column is {together} seconds: their mean rate, their highest p99."
        ));
    }
    lines
}

/// Of a short test every second.
pub(super) fn seconds(report: Report) -> Vec<String> {
    let seconds = &report.outcome.seconds;
    if !(2..=FEW).contains(&seconds.len()) {
        return Vec::new();
    }
    let titles = ["Until", "Answers", "Errors", "Bodies", "p50", "p99", "Max"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    for (number, second) in (1..).zip(seconds) {
        let time = |time: Option<Duration>| time.map_or_else(|| "- ".to_owned(), aligned_time);
        rows.push(vec![
            until(number, report.outcome.elapsed),
            grouped(second.answered),
            grouped(second.errors),
            size(second.body_bytes),
            time(second.p50),
            time(second.p99),
            time(second.max),
        ]);
    }
    table(&[Side::Right; 7], &rows)
}

/// The last second may be shorter than the others.
fn until(number: u64, elapsed: Duration) -> String {
    match number <= whole(elapsed) {
        true => format!("{number} s"),
        false => format!("{:.3} s", elapsed.as_secs_f64()),
    }
}

/// A second is whole if no more than a hundredth of it is missing: the last request of a schedule ends a little before it.
fn whole(elapsed: Duration) -> u64 {
    (elapsed + Duration::from_millis(10)).as_secs()
}

fn whole_seconds(report: Report<'_>) -> &[Second] {
    let seconds = report.outcome.seconds.as_slice();
    let whole = usize::try_from(whole(report.outcome.elapsed)).unwrap_or(usize::MAX);
    seconds.get(..whole).unwrap_or(seconds)
}

fn sum(seconds: &[Second], value: impl Fn(&Second) -> u64) -> f64 {
    seconds.iter().map(value).sum::<u64>() as f64
}

fn longest(seconds: &[Second]) -> Duration {
    let all = seconds.iter().filter_map(|second| second.p99);
    all.max().unwrap_or_default()
}
