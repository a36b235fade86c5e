//! The access log of our own server, in the format json: what it said of each reply when that was settled.
//!
//! Its lines are held against what the client knows, one by one. A reply with a line was settled before a kill; one
//! without may not have been. So the log makes what is known narrower, and never wider.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::exchange::{Exchange, Kind};

/// What is read of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    port: u16,
    status: u16,
    bytes: u64,
    is_complete: bool,
    /// Path and number of a hit.
    hit: Option<(String, u64)>,
}

impl LogLine {
    /// The lines of `text`; one that a kill has torn is left out.
    #[must_use]
    pub fn all(text: &str) -> Vec<LogLine> {
        text.lines().filter_map(LogLine::of).collect()
    }

    fn of(text: &str) -> Option<LogLine> {
        let line: Value = serde_json::from_str(text).ok()?;
        let number = |name: &str| line.get(name).and_then(Value::as_u64);
        let word = |name: &str| line.get(name).and_then(Value::as_str);
        let path = word("path").map(str::to_owned);
        Some(LogLine {
            port: u16::try_from(number("port")?).ok()?,
            status: u16::try_from(number("status")?).ok()?,
            bytes: number("bytes")?,
            is_complete: word("outcome") == Some("complete"),
            hit: path.zip(number("hit")),
        })
    }
}

/// The lines of each life of a server, by the connection that they are of.
#[derive(Debug, Default)]
pub(super) struct Lines {
    by_connection: HashMap<(usize, u16), Vec<LogLine>>,
    /// For each path, the numbers that were given.
    numbers: BTreeMap<String, BTreeSet<u64>>,
    /// What is wrong with it in itself.
    pub(super) wrong: Vec<String>,
}

impl Lines {
    pub(super) fn of(lives: &[Vec<LogLine>]) -> Lines {
        let mut lines = Lines::default();
        for (life, of_life) in lives.iter().enumerate() {
            for line in of_life {
                lines.number(line);
                let connection = lines.by_connection.entry((life, line.port)).or_default();
                connection.push(line.clone());
            }
        }
        lines
    }

    fn number(&mut self, line: &LogLine) {
        if let Some((path, number)) = &line.hit {
            let numbers = self.numbers.entry(path.clone()).or_default();
            if !numbers.insert(*number) {
                self.wrong
                    .push(format!("{path}: hit number {number} was given twice"));
            }
        }
    }

    /// The line of an exchange, which is `place` on its connection.
    pub(super) fn line(&self, life: usize, port: u16, place: usize) -> Option<&LogLine> {
        self.by_connection.get(&(life, port))?.get(place)
    }

    /// Connections of which there are more lines than were asked for on them, or which nobody has made.
    pub(super) fn beyond(&self, asked: impl Fn(usize, u16) -> usize) -> Vec<String> {
        let lines = self.by_connection.iter();
        let beyond = lines.filter_map(|((life, port), lines)| {
            let asked = asked(*life, *port);
            let count = lines.len();
            (count > asked).then(|| {
                format!("the log of life {life} has {count} lines of port {port}, which asked {asked} times")
            })
        });
        let mut beyond: Vec<String> = beyond.collect();
        beyond.sort_unstable();
        beyond
    }

    /// Numbers from 1 to `last` that no line of this path has, and whether one lies beyond.
    pub(super) fn gaps(&self, path: &str, last: u64) -> (u64, bool) {
        let Some(numbers) = self.numbers.get(path) else {
            return (last, false);
        };
        let within = numbers.range(1..=last).count() as u64;
        (
            last - within,
            numbers.last().is_some_and(|most| *most > last),
        )
    }
}

/// The highest number of each path.
pub(super) fn last_numbers(lines: &[LogLine]) -> BTreeMap<String, u64> {
    let mut numbers = BTreeMap::new();
    for (path, number) in lines.iter().filter_map(|line| line.hit.as_ref()) {
        let last: &mut u64 = numbers.entry(path.clone()).or_default();
        *last = (*last).max(*number);
    }
    numbers
}

impl LogLine {
    /// What is wrong with the line of an exchange, whose end nobody disturbed.
    pub(super) fn disagrees(&self, exchange: &Exchange) -> Option<String> {
        let status = exchange.status.unwrap_or(self.status);
        let is_hit = matches!(exchange.kind(), Kind::Hit { .. });
        let outcome = |is_complete: bool| match is_complete {
            true => "complete",
            false => "aborted",
        };
        if status != self.status {
            return Some(format!("the log has status {}, {status} came", self.status));
        }
        if self.hit.is_some() != is_hit {
            return Some("the log takes it for something else than a hit, or for one".to_owned());
        }
        if is_hit && self.is_complete != exchange.whole {
            let (said, came) = (outcome(self.is_complete), outcome(exchange.whole));
            return Some(format!("the log says {said}, and it is {came}"));
        }
        (self.bytes != exchange.arrived).then(|| {
            let (said, came) = (self.bytes, exchange.arrived);
            format!("the log says {said} bytes, {came} came")
        })
    }
}
