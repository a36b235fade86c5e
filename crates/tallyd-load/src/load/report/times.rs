//! Times of a load test: a table of percentiles, and how they are spread.
//!
//! Promises: a percentile that too few answers tell of is left out, and how many it needs is said.

use std::time::Duration;

use super::draw::bar;
use super::table::{Side, table};
use super::{QUANTILES, Report, is_known};
use crate::amounts::{aligned_time, grouped, several};
use crate::load::tally::Latencies;

/// Lines of the spread at most: the two around what lies between are the rest.
const MOST_ROWS: usize = 12;

/// Columns of a bar.
const BAR: usize = 30;

/// Steps of a decade, from the coarsest: numbers that people know.
const GRIDS: [&[f64]; 6] = [
    &[1.0],
    &[1.0, 3.0],
    &[1.0, 2.0, 5.0],
    &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
    &[1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2],
    &[
        1.0, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2.0, 2.2, 2.4, 2.7, 3.0, 3.3, 3.6, 3.9, 4.3, 4.7, 5.1,
        5.6, 6.2, 6.8, 7.5, 8.2, 9.1,
    ],
];

/// The table of all times that were taken.
pub(super) fn percentiles(report: Report) -> Vec<String> {
    let tally = &report.outcome.tally;
    let all = match report.plan.is_open() {
        true => vec![("corrected", &tally.latency), ("raw", &tally.raw)],
        false => vec![("latency", &tally.latency)],
    };
    let others = [
        ("first byte", &tally.first_byte),
        ("connecting", &tally.connecting),
    ];
    let mut columns = all;
    columns.extend(others.into_iter().filter(|(_, times)| times.count() > 0));
    if tally.latency.count() == 0 {
        return Vec::new();
    }
    let row = |name: &str, of: &dyn Fn(&Latencies) -> Option<Duration>| {
        let cells = columns.iter().map(|(_, times)| shown(of(times)));
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    let titles = columns.iter().map(|(title, _)| (*title).to_owned());
    let mut rows: Vec<Vec<String>> =
        vec![std::iter::once("Time".to_owned()).chain(titles).collect()];
    rows.push(row("min", &Latencies::min));
    rows.push(row("mean", &Latencies::mean));
    for (name, share) in QUANTILES {
        rows.push(row(name, &|times| known(times, share)));
    }
    rows.push(row("max", &Latencies::max));
    let mut sides = vec![Side::Right; columns.len()];
    sides.insert(0, Side::Left);
    let mut lines = table(&sides, &rows);
    lines.push(String::new());
    lines.extend(explained(report));
    lines
}

/// The percentile, where it says more than the maximum.
pub(super) fn known(times: &Latencies, share: f64) -> Option<Duration> {
    is_known(times, share).then(|| times.quantile(share))?
}

fn shown(time: Option<Duration>) -> String {
    time.map_or_else(|| "- ".to_owned(), aligned_time)
}

fn explained(report: Report) -> Vec<String> {
    let times = &report.outcome.tally.latency;
    let mut lines = Vec::new();
    if let Some((name, share)) = QUANTILES.iter().find(|(_, share)| !is_known(times, *share)) {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "2 to 10,000"
        )]
        let needed = grouped((1.0 / (1.0 - share)).round() as u64);
        lines.push(format!(
            "{} tell nothing of {name}: it needs {needed}.",
            several(times.count(), "answer", "answers")
        ));
    }
    let (first, second) = match report.plan.is_open() {
        true => (
            "Corrected begins when a request was due, raw when it could be sent.",
            "What users would feel is the corrected one.",
        ),
        false => (
            "While an answer is late, its connection asks nothing: a closed test is silent about",
            "what would have waited meanwhile. -q RATE asks on schedule and shows it.",
        ),
    };
    lines.extend([first.to_owned(), second.to_owned()]);
    lines
}

/// How many answers took how long, in a dozen lines.
pub(super) fn spread(report: Report) -> Vec<String> {
    let times = &report.outcome.tally.latency;
    let Some(rows) = rows(times) else {
        return Vec::new();
    };
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let mut cells = vec![vec![
        "Up to".to_owned(),
        "Answers".to_owned(),
        String::new(),
        String::new(),
    ]];
    for (end, count) in rows {
        cells.push(vec![
            aligned_time(end),
            grouped(count),
            format!("{:.1} %", count as f64 * 100.0 / times.count() as f64),
            bar(count as f64 / most as f64, BAR),
        ]);
    }
    table(&[Side::Right, Side::Right, Side::Right, Side::Left], &cells)
}

/// Ends and counts. The grid is as fine as fits what most answers took, from the hundredth to the last but a
/// hundredth; what is beyond is one row, up to the longest.
fn rows(times: &Latencies) -> Option<Vec<(Duration, u64)>> {
    let (low, high, longest) = (times.quantile(0.01)?, times.quantile(0.99)?, times.max()?);
    let mut of_grids = GRIDS.iter().rev().map(|grid| ends(grid, low, high));
    let fitting = of_grids.find(|ends| ends.len() < MOST_ROWS);
    // From nanoseconds to an hour there are more decades than that; then there are more rows.
    let ends = fitting.unwrap_or_else(|| ends(&[1.0], low, high));
    let mut rows: Vec<(Duration, u64)> = ends.into_iter().map(|end| (end, 0)).collect();
    let mut beyond = 0;
    for (end, count) in times.buckets() {
        match rows.iter_mut().find(|(row, _)| end <= reach(*row)) {
            Some((_, sum)) => *sum += count,
            None => beyond += count,
        }
    }
    match rows.last_mut() {
        // It would read as the same row twice.
        Some((end, sum)) if aligned_time(*end) == aligned_time(longest) => *sum += beyond,
        _ if beyond > 0 => rows.push((longest, beyond)),
        _ => {}
    }
    Some(rows)
}

/// The ends of the rows of this grid that `low` to `high` need.
fn ends(grid: &[f64], low: Duration, high: Duration) -> Vec<Duration> {
    let mut ends = Vec::new();
    for decade in 0..15 {
        for step in grid {
            let Ok(end) = Duration::try_from_secs_f64(step * 1e-9 * 10_f64.powi(decade)) else {
                return ends;
            };
            if reach(end) >= low {
                ends.push(end);
            }
            if reach(end) >= high {
                return ends;
            }
        }
    }
    ends
}

/// What was 1 ms may be in a bucket that ends a thousandth later.
fn reach(end: Duration) -> Duration {
    end + end / 1000
}
