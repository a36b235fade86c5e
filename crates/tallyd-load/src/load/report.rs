//! What a load test came to: [`Report::text`] for people, [`Report::json`] for programs.
//!
//! Promises: no average stands where a percentile is asked for; a percentile that rests on too few answers is left out;
//! both forms say the same. Must not know: where it is printed.

pub mod draw;
mod json;
mod series;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod text;
mod times;

use super::expect::Verdict;
use super::tally::{Latencies, Tally};
use super::{Outcome, Plan};

/// All that a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What was wanted.
    pub plan: &'a Plan,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// What was expected, judged.
    pub verdicts: &'a [Verdict],
}

impl Report<'_> {
    /// For people: lines of at most some eighty columns.
    #[must_use]
    pub fn text(&self) -> String {
        text::written(*self)
    }

    /// For programs: one object, as docs/load.md says.
    #[must_use]
    pub fn json(&self) -> String {
        json::written(*self)
    }
}

/// Whole answers a second.
pub(super) fn rate(outcome: &Outcome) -> f64 {
    let seconds = outcome.elapsed.as_secs_f64();
    match seconds > 0.0 {
        true => outcome.tally.answered as f64 / seconds,
        false => 0.0,
    }
}

/// Requests that were begun.
fn begun(tally: &Tally) -> u64 {
    tally.answered + tally.errors() + tally.aborted + tally.in_flight
}

/// The percentiles that are shown: their names, and which share took no longer.
const QUANTILES: [(&str, f64); 7] = [
    ("p50", 0.5),
    ("p75", 0.75),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p99.9", 0.999),
    ("p99.99", 0.9999),
];

/// Whether at least one of the times lies above this share: else it says no more than the maximum.
pub(super) fn is_known(times: &Latencies, share: f64) -> bool {
    // A little less than one, since 0.0001 is not exact.
    times.count() as f64 * (1.0 - share) > 0.999_999
}
