//! The replay of an access log: the requests that it tells of, at their times or as fast as can be.
//!
//! 1. Each line is read for itself, in whatever format it has: `line`.
//! 2. What was GET or HEAD becomes an ask; equal requests are one. Everything else is counted.
//! 3. Times are since the first; lines of the same second are spread evenly over it, where the log has no finer times.
//!
//! Promises: a log of any size and content ends in a plan or a clear word; memory grows with the different requests,
//! and by some bytes for each line. Must not know: the network. docs/load.md says what is replayed how.

pub mod line;
mod notes;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::BuildHasher;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use super::making::{Asks, Made, MakeError, Wanted, Wishes, below};
use super::plan::{Arrival, Order, Pace};
use crate::url::Url;
use line::{Condition, Line, Moment, Request};
use notes::Notes;

/// More bytes than any line of a log has; what is longer is skipped.
const LONGEST_LINE: u64 = 64 * 1024;

/// Requests of one log; each takes some 50 bytes while it is read.
const MOST: usize = 20_000_000;

/// A second, in nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// How fast a log is replayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times as fast as it was recorded.
    Times(f64),
    /// As fast as can be.
    Max,
}

impl Default for Speed {
    fn default() -> Speed {
        Speed::Times(1.0)
    }
}

impl Speed {
    /// Reads `1`, `0.5`, `10` or `max`; 0 is `max` too.
    pub fn parse(text: &str) -> Result<Speed, String> {
        if text == "max" {
            return Ok(Speed::Max);
        }
        let is_number = crate::amounts::is_number(text);
        let times = text.parse::<f64>().ok().filter(|_| is_number);
        match times {
            Some(0.0) => Ok(Speed::Max),
            Some(times) if (0.001..=1_000_000.0).contains(&times) => Ok(Speed::Times(times)),
            _ => Err(format!(
                "{text:?} is not a speed: write 1, 10, 0.5 (from 0.001 to 1000000) or max"
            )),
        }
    }
}

/// Asks for what `log` tells of, below the one URL.
pub fn of_log(wishes: &Wishes, log: &Path, speed: Speed) -> Result<Made, MakeError> {
    let io = |error| MakeError::Io(log.to_owned(), error);
    let wrong = |what: String| MakeError::Log(log.to_owned(), what);
    let base = wishes.base()?;
    let mut lines = BufReader::with_capacity(1 << 18, File::open(log).map_err(io)?);
    if let Some(how) = compression(lines.fill_buf().map_err(io)?) {
        return Err(wrong(format!(
            "it is compressed with {how}: unpack it first"
        )));
    }
    let mut asks = Asks::new(wishes)?;
    let server = asks.server(base)?;
    let mut replay = Replay {
        base,
        server,
        asks,
        places: HashMap::new(),
        hasher: RandomState::new(),
        visits: Vec::new(),
        notes: Notes::default(),
    };
    let mut bytes = Vec::new();
    while next_line(&mut lines, &mut bytes).map_err(io)? {
        replay.take(&bytes, speed).map_err(|stop| match stop {
            Stop::Make(error) => error,
            Stop::Log(what) => wrong(what),
        })?;
    }
    match replay.visits.is_empty() {
        true => Err(wrong(replay.notes.why_nothing())),
        false => Ok(replay.made(log, speed)),
    }
}

/// With what a file is compressed that begins so.
fn compression(start: &[u8]) -> Option<&'static str> {
    let magic: [(&[u8], &str); 4] = [
        (b"\x1f\x8b", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh", "bzip2"),
    ];
    let found = magic.iter().find(|(magic, _)| start.starts_with(magic));
    found.map(|(_, name)| *name)
}

/// Reads the next line into `bytes`, without its end; false if there is none. A line that is too long is cut, and its
/// rest skipped: what is left of it is too long to be read, too.
fn next_line(from: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<bool> {
    bytes.clear();
    if from.by_ref().take(LONGEST_LINE).read_until(b'\n', bytes)? == 0 {
        return Ok(false);
    }
    match bytes.last() {
        Some(b'\n') => drop(bytes.pop()),
        _ if bytes.len() as u64 == LONGEST_LINE => drop(from.skip_until(b'\n')?),
        _ => {}
    }
    Ok(true)
}

/// A replay as it comes together.
struct Replay<'a> {
    base: &'a Url,
    server: usize,
    asks: Asks<'a>,
    /// Places of asks by the hashes of their bytes.
    places: HashMap<u64, u32>,
    hasher: RandomState,
    visits: Vec<Visit>,
    notes: Notes,
}

/// A line that is replayed.
#[derive(Clone, Copy)]
struct Visit {
    at: Moment,
    ask: u32,
}

enum Stop {
    Make(MakeError),
    Log(String),
}

impl Replay<'_> {
    fn take(&mut self, bytes: &[u8], speed: Speed) -> Result<(), Stop> {
        self.notes.lines += 1;
        let line = match bytes.len() as u64 >= LONGEST_LINE {
            true => Line::Unreadable,
            false => line::read(bytes),
        };
        match line {
            Line::Empty => {}
            Line::Other(method) => self.notes.other(&method),
            Line::Unreadable => self.notes.unreadable(bytes),
            Line::Request(request) => match self.moment(&request, speed)? {
                Some(at) => self.visit(at, &request)?,
                None => self.notes.unreadable(bytes),
            },
        }
        Ok(())
    }

    /// When it was; none if that is needed and not known.
    fn moment(&self, request: &Request, speed: Speed) -> Result<Option<Moment>, Stop> {
        match (request.at, speed) {
            (Some(at), _) => Ok(Some(at)),
            (None, Speed::Max) => Ok(Some(Moment::default())),
            (None, Speed::Times(_)) if request.is_of_tally => Err(Stop::Log(format!(
                "line {} is of tallyd's own format, which has no times; --speed max asks for its files in their order",
                self.notes.lines
            ))),
            (None, Speed::Times(_)) => Ok(None),
        }
    }

    fn visit(&mut self, at: Moment, request: &Request) -> Result<(), Stop> {
        if self.visits.len() >= MOST {
            let what = format!("it has more than {MOST} requests: split it");
            return Err(Stop::Log(what));
        }
        let ask = self.ask(request).map_err(Stop::Make)?;
        self.visits.push(Visit { at, ask });
        Ok(())
    }

    /// The place of the ask; one that was there before is the same.
    fn ask(&mut self, request: &Request) -> Result<u32, MakeError> {
        self.notes.requested(&request.condition);
        let fields: Vec<(String, String)> = match &request.condition {
            Condition::None => Vec::new(),
            Condition::Range(range) => vec![("Range".into(), range.clone())],
            Condition::First(bytes) => {
                vec![(
                    "Range".into(),
                    format!("bytes=0-{}", bytes.saturating_sub(1)),
                )]
            }
            // RFC 9110 13.1.2: whatever version there is, it is the client's.
            Condition::Unchanged => vec![("If-None-Match".into(), "*".into())],
        };
        let target = below(self.base, &request.target);
        let wanted = Wanted {
            fields: &fields,
            ..Wanted::new(self.server, request.method, &target)
        };
        let bytes = self.asks.bytes(&wanted);
        let hash = self.hasher.hash_one(&bytes);
        if let Some(place) = self.places.get(&hash) {
            let known = self.asks.get(*place);
            if known.is_some_and(|known| *known.bytes == *bytes) {
                return Ok(*place);
            }
        }
        let truth = self.asks.truth(request.method, &request.target);
        let place = self.asks.push(Wanted { truth, ..wanted })?;
        self.places.insert(hash, place);
        Ok(place)
    }

    fn made(mut self, log: &Path, speed: Speed) -> Made {
        let times = match speed {
            Speed::Max => None,
            Speed::Times(times) => Some(times),
        };
        let arrivals = times.map(|_| arrivals(&mut self.visits));
        let span = arrivals.as_ref().and_then(|arrivals| arrivals.last());
        let span = span.map(|last| last.at);
        self.asks.notes = self.notes.said(log, self.visits.len(), span);
        let (order, pace) = match (arrivals, times) {
            (Some(arrivals), Some(times)) => (Order::Recorded(arrivals), Pace::Recorded(times)),
            _ => {
                let script = self.visits.iter().map(|visit| visit.ask);
                (Order::Script(script.collect()), Pace::Closed)
            }
        };
        self.asks.made(order, Some(pace))
    }
}

/// The visits in the order of their times, since the first.
fn arrivals(visits: &mut [Visit]) -> Vec<Arrival> {
    visits.sort_by_key(|visit| visit.at.nanos);
    for group in visits.chunk_by_mut(|one, other| one.at == other.at) {
        let count = i64::try_from(group.len()).unwrap_or(i64::MAX);
        for (place, visit) in (0..count).zip(group) {
            if visit.at.is_whole {
                let part = i128::from(SECOND) * i128::from(place) / i128::from(count);
                visit.at.nanos += i64::try_from(part).unwrap_or_default();
            }
        }
    }
    // Lines with finer times may lie between those that were spread.
    visits.sort_by_key(|visit| visit.at.nanos);
    let first = visits.first().map_or(0, |visit| visit.at.nanos);
    let since = |at: i64| Duration::from_nanos(at.abs_diff(first));
    let arrivals = visits.iter().map(|visit| Arrival {
        at: since(visit.at.nanos),
        ask: visit.ask,
    });
    arrivals.collect()
}
