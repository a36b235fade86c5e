//! What is expected of a load test, and whether it came true: `p99<5ms`, `errors=0`, `status=200`.
//!
//! Promises: what is judged is what the report shows; where there is nothing to judge, an expectation fails. Must not
//! know: what follows from a failure.

use std::cmp::Ordering;
use std::time::Duration;

use super::tally::{Latencies, Tally};
use super::{Outcome, report};
use crate::amounts;

/// Something that is expected, as it was typed and as it is meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    text: String,
    what: What,
    relation: Relation,
}

/// What came of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was expected, as it was typed.
    pub expected: String,
    /// What it was, in words.
    pub found: String,
    /// Whether that is as expected.
    pub is_met: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Time(Times, Place, Duration),
    Count(Count, u64),
    /// Of a hundred requests that ended.
    ErrorShare(f64),
    Rate(f64),
    /// Ranges with both ends.
    Status(Vec<(u16, u16)>),
    AllVerified,
}

/// Which times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    Latency,
    Raw,
    FirstByte,
    Connecting,
}

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Min,
    Mean,
    Max,
    /// This share of them took no longer.
    Quantile(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    Errors,
    Answered,
    Aborted,
    Retried,
    Unsent,
    Verified,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

/// Longer forms first: `<=` begins as `<` does.
const RELATIONS: [(&str, Relation); 6] = [
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("==", Relation::Equal),
    ("<", Relation::Less),
    ("=", Relation::Equal),
    (">", Relation::More),
];

const COUNTS: [(&str, Count); 6] = [
    ("errors", Count::Errors),
    ("answered", Count::Answered),
    ("aborted", Count::Aborted),
    ("retried", Count::Retried),
    ("unsent", Count::Unsent),
    ("verified", Count::Verified),
];

const TIMES: [(&str, Times); 3] = [
    ("raw.", Times::Raw),
    ("first_byte.", Times::FirstByte),
    ("connecting.", Times::Connecting),
];

/// What can be expected, for whoever wrote something else.
const POSSIBLE: &str = "expect p50 to p99.99, min, mean or max (p99<5ms; raw.p99, first_byte.p99 and connecting.p99 are \
others), errors (=0, <1%), status (=200, =200,206, =2xx, <400), rate (>1000), answered, aborted, retried, unsent, or \
verified (=all), with <, <=, =, >= or >";

impl Expectation {
    /// Reads `p99<5ms` and the like; what is wrong is said in words.
    pub fn parse(text: &str) -> Result<Expectation, String> {
        let wrong = || format!("{text:?} is not understood: {POSSIBLE}");
        let start = text.find(['<', '=', '>']).ok_or_else(wrong)?;
        let (name, rest) = text.split_at_checked(start).ok_or_else(wrong)?;
        let mut relations = RELATIONS.iter();
        let found = relations.find_map(|(sign, relation)| {
            let value = rest.strip_prefix(sign)?;
            Some((*relation, value.trim()))
        });
        let (relation, value) = found.ok_or_else(wrong)?;
        let what = What::parse(name.trim(), relation, value)
            .map_err(|why| why.map_or_else(wrong, |why| format!("{text:?}: {why}")))?;
        Ok(Expectation {
            text: text.to_owned(),
            what,
            relation,
        })
    }

    /// Whether it is about errors: then it says how many are all right.
    #[must_use]
    pub fn is_about_errors(&self) -> bool {
        matches!(
            self.what,
            What::ErrorShare(_) | What::Count(Count::Errors, _)
        )
    }

    /// Whether it came true.
    #[must_use]
    pub fn judge(&self, outcome: &Outcome) -> Verdict {
        let (found, is_met) = self.what.judge(self.relation, outcome);
        Verdict {
            expected: self.text.clone(),
            found,
            is_met,
        }
    }
}

impl What {
    /// Without words, an error means that the whole is not understood.
    fn parse(name: &str, relation: Relation, value: &str) -> Result<What, Option<String>> {
        if name == "status" {
            return statuses(relation, value).map(What::Status).ok_or(None);
        }
        if (name, relation, value) == ("verified", Relation::Equal, "all") {
            return Ok(What::AllVerified);
        }
        if name == "rate" {
            return number(value).map(What::Rate).ok_or(None);
        }
        if let ("errors", Some(share)) = (name, value.strip_suffix('%')) {
            return number(share.trim()).map(What::ErrorShare).ok_or(None);
        }
        if let Some((_, count)) = COUNTS.iter().find(|(word, _)| *word == name) {
            let value = value.parse().map_err(|_| None)?;
            return Ok(What::Count(*count, value));
        }
        let mut times = TIMES.iter();
        let of_others = times.find_map(|(word, times)| Some((*times, name.strip_prefix(word)?)));
        let (times, place) = of_others.unwrap_or((Times::Latency, name));
        let place = Place::parse(place).ok_or(None)?;
        let time = amounts::duration(value).map_err(Some)?;
        Ok(What::Time(times, place, time))
    }

    fn judge(&self, relation: Relation, outcome: &Outcome) -> (String, bool) {
        let tally = &outcome.tally;
        match self {
            What::Time(times, place, limit) => {
                let times = times.of(tally);
                let Some(found) = place.of(times) else {
                    return ("there was none".into(), false);
                };
                let is_met = relation.holds(found.cmp(limit));
                let shown = was(&amounts::time(found)) + &place.limits(times);
                (shown, is_met)
            }
            What::Count(count, limit) => {
                let found = count.of(tally);
                let is_met = relation.holds(found.cmp(limit));
                (was(&amounts::grouped(found)), is_met)
            }
            What::ErrorShare(limit) => of_real(relation, error_share(tally), *limit, |share| {
                format!("{share:.3} %")
            }),
            What::Rate(limit) => of_real(relation, report::rate(outcome), *limit, |rate| {
                format!("{} a second", amounts::rate(rate))
            }),
            What::Status(ranges) => of_statuses(ranges, tally),
            What::AllVerified => {
                let (verified, answered) = (tally.verified, tally.answered);
                let [left, right] = [verified, answered].map(amounts::grouped);
                let is_met = verified == answered && answered > 0;
                (was(&format!("{left} of {right}")), is_met)
            }
        }
    }
}

fn was(found: &str) -> String {
    format!("it was {found}")
}

fn of_real(
    relation: Relation,
    found: f64,
    limit: f64,
    shown: impl Fn(f64) -> String,
) -> (String, bool) {
    let order = found.partial_cmp(&limit);
    let is_met = order.is_some_and(|order| relation.holds(order));
    (was(&shown(found)), is_met)
}

fn of_statuses(ranges: &[(u16, u16)], tally: &Tally) -> (String, bool) {
    let is_in = |status: u16| {
        ranges
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&status))
    };
    let came: Vec<(u16, u64)> = tally.statuses().collect();
    if came.is_empty() {
        return ("there was no answer".into(), false);
    }
    let is_met = came.iter().all(|(status, _)| is_in(*status));
    let shown = |(status, count): &(u16, u64)| format!("{status} ({})", amounts::grouped(*count));
    let shown: Vec<String> = came.iter().map(shown).collect();
    (was(&shown.join(", ")), is_met)
}

/// Of a hundred requests that ended, so many were errors.
fn error_share(tally: &Tally) -> f64 {
    let (errors, ended) = (tally.errors(), tally.answered + tally.errors());
    errors as f64 * 100.0 / ended.max(1) as f64
}

fn number(text: &str) -> Option<f64> {
    let is_number = amounts::is_number(text);
    is_number.then(|| text.parse().ok()).flatten()
}

/// `200`, `200,206`, `2xx`; with another relation one number, and all that stand so to it.
fn statuses(relation: Relation, value: &str) -> Option<Vec<(u16, u16)>> {
    if relation == Relation::Equal {
        return value.split(',').map(|one| range(one.trim())).collect();
    }
    let (status, _) = range(value).filter(|(low, high)| low == high)?;
    Some(vec![match relation {
        Relation::Less => (0, status - 1),
        Relation::AtMost => (0, status),
        Relation::AtLeast => (status, u16::MAX),
        Relation::Equal | Relation::More => (status + 1, u16::MAX),
    }])
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = match text.strip_suffix("xx") {
        Some(class) => {
            let class: u16 = class.parse().ok()?;
            (
                class.checked_mul(100)?,
                class.checked_mul(100)?.checked_add(99)?,
            )
        }
        None => (text.parse().ok()?, text.parse().ok()?),
    };
    (100..=999).contains(&low).then_some((low, high))
}

impl Times {
    fn of(self, tally: &Tally) -> &Latencies {
        match self {
            Times::Latency => &tally.latency,
            // In a closed test both are the same, and only one is kept.
            Times::Raw if tally.raw.count() == 0 => &tally.latency,
            Times::Raw => &tally.raw,
            Times::FirstByte => &tally.first_byte,
            Times::Connecting => &tally.connecting,
        }
    }
}

impl Place {
    fn parse(text: &str) -> Option<Place> {
        match text {
            "min" => Some(Place::Min),
            "mean" => Some(Place::Mean),
            "max" => Some(Place::Max),
            _ => {
                let share = number(text.strip_prefix('p')?)? / 100.0;
                let is_inside = share > 0.0 && share < 1.0;
                is_inside.then_some(Place::Quantile(share))
            }
        }
    }

    /// With few answers, a percentile is the longest of them.
    fn limits(self, times: &Latencies) -> String {
        match self {
            Place::Quantile(share) if !report::is_known(times, share) => {
                format!(", the longest of {}", amounts::grouped(times.count()))
            }
            _ => String::new(),
        }
    }

    fn of(self, times: &Latencies) -> Option<Duration> {
        match self {
            Place::Min => times.min(),
            Place::Mean => times.mean(),
            Place::Max => times.max(),
            Place::Quantile(share) => times.quantile(share),
        }
    }
}

impl Count {
    fn of(self, tally: &Tally) -> u64 {
        match self {
            Count::Errors => tally.errors(),
            Count::Answered => tally.answered,
            Count::Aborted => tally.aborted,
            Count::Retried => tally.retried,
            Count::Unsent => tally.unsent,
            Count::Verified => tally.verified,
        }
    }
}

impl Relation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Relation::Less => order.is_lt(),
            Relation::AtMost => order.is_le(),
            Relation::Equal => order.is_eq(),
            Relation::AtLeast => order.is_ge(),
            Relation::More => order.is_gt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::report::tests as sample;

    fn judged(text: &str, outcome: &Outcome) -> (bool, String) {
        let verdict = Expectation::parse(text).unwrap().judge(outcome);
        assert_eq!(verdict.expected, text);
        (verdict.is_met, verdict.found)
    }

    #[test]
    fn each_is_judged_by_what_was_counted() {
        // 980 of 1 ms, 20 of 200 ms, all of them in 2 s; 5 errors.
        let outcome = sample::outcome();
        for (text, is_met, found) in [
            ("p50<2ms", true, "it was 1.00 ms"),
            ("p98<=1.001ms", true, "it was 1.00 ms"),
            ("p99<5ms", false, "it was 200 ms"),
            ("p99.99<5ms", false, "it was 200 ms, the longest of 1,000"),
            ("p99 >= 5ms", true, "it was 200 ms"),
            ("raw.p99<5ms", true, "it was 1.00 ms"),
            ("first_byte.max<1ms", false, "there was none"),
            ("min>0s", true, "it was 1.00 ms"),
            ("mean<5ms", true, "it was 4.98 ms"),
            ("errors=0", false, "it was 5"),
            ("errors<1%", true, "it was 0.498 %"),
            ("errors<=0.4%", false, "it was 0.498 %"),
            ("answered==1000", true, "it was 1,000"),
            ("answered>1000", false, "it was 1,000"),
            ("rate>499.9", true, "it was 500 a second"),
            ("status=200", false, "it was 200 (990), 404 (10)"),
            ("status=200,404", true, "it was 200 (990), 404 (10)"),
            ("status=2xx, 4xx", true, "it was 200 (990), 404 (10)"),
            ("status<404", false, "it was 200 (990), 404 (10)"),
            ("status<=404", true, "it was 200 (990), 404 (10)"),
            ("unsent=0", true, "it was 0"),
            ("verified=all", false, "it was 0 of 1,000"),
        ] {
            assert_eq!(judged(text, &outcome), (is_met, found.into()), "{text}");
        }
    }

    #[test]
    fn where_nothing_was_answered_nothing_came_true() {
        let outcome = sample::nothing();
        for (text, found) in [
            ("p99<5ms", "there was none"),
            ("p99>=0s", "there was none"),
            ("max<1h", "there was none"),
            ("status=200", "there was no answer"),
            ("verified=all", "it was 0 of 0"),
            ("rate>0", "it was 0.00 a second"),
        ] {
            assert_eq!(judged(text, &outcome), (false, found.into()), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_with_what_is() {
        for text in [
            "",
            "p99",
            "<5ms",
            "p0<1ms",
            "p100<1ms",
            "p-1<1ms",
            "median<1ms",
            "errors<1.5",
            "errors<x%",
            "status=",
            "status=2",
            "status=20x",
            "status=200,",
            "status<2xx",
            "status=99xx",
            "rate>fast",
            "answered=-1",
            "verified=some",
            "raw<5ms",
            "p99!=5ms",
        ] {
            let error = Expectation::parse(text).unwrap_err();
            assert!(error.contains("expect p50 to p99.99"), "{text}: {error}");
        }
        let error = Expectation::parse("p99<5").unwrap_err();
        assert_eq!(
            error,
            "\"p99<5\": \"5\" is not a time: write 10s, 1m30s, 500ms or 200us"
        );
    }

    #[test]
    fn in_a_closed_test_the_raw_latency_is_the_latency() {
        let mut outcome = sample::outcome();
        outcome.tally.raw = Latencies::default();
        assert_eq!(
            judged("raw.p99>100ms", &outcome),
            (true, "it was 200 ms".into())
        );
    }

    #[test]
    fn only_those_about_errors_allow_some() {
        for (text, expected) in [("errors<1%", true), ("errors=0", true), ("p99<1s", false)] {
            let expectation = Expectation::parse(text).unwrap();
            assert_eq!(expectation.is_about_errors(), expected, "{text}");
        }
    }
}
