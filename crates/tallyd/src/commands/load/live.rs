//! How far a load test is, on a terminal: a bar, the rate, the times of the last second, and their curves.
//!
//! Promises: it takes no more lines and columns than the terminal has, also after that became smaller, and leaves
//! nothing behind.

use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tallyd_load::amounts::{grouped, rate, several, size, span, time};
use tallyd_load::load::course::{Live, Second};
use tallyd_load::load::plan::Plan;
use tallyd_load::load::report::draw::{bar, curve};

use crate::commands::look;
use crate::complain;

/// What is right of the cursor, and what is below it, gone.
const REST: &str = "\x1b[K";
const BELOW: &str = "\x1b[J";

/// The rate of now is that of so long.
const NOW: Duration = Duration::from_secs(1);

/// Seconds that a curve shows at most: a line of the widest terminal.
const KEPT: usize = 300;

/// The view, as long as the test runs.
pub(super) struct View {
    begun: Instant,
    /// Turns and time after which it is over.
    turns: Option<u64>,
    time: Option<Duration>,
    /// Looks of the last second, the oldest first.
    looks: VecDeque<(Duration, Counts)>,
    seconds: Seconds,
    /// Columns of each line that stands there.
    drawn: Vec<usize>,
}

/// What was counted when somebody looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    answered: u64,
    errors: u64,
    bytes: u64,
    turns: u64,
}

/// Rates and times of the seconds that are over.
#[derive(Debug, Default)]
struct Seconds {
    /// When the last one was over, and what was answered by then.
    last: (Duration, u64),
    rates: VecDeque<f64>,
    p99s: VecDeque<f64>,
}

/// All that a page shows.
struct Page<'a> {
    elapsed: Duration,
    turns: Option<u64>,
    time: Option<Duration>,
    now: Counts,
    /// Within [`NOW`]: how long that really was, and what happened.
    lately: (Duration, Counts),
    last: Option<Second>,
    seconds: &'a Seconds,
}

impl View {
    /// None where nobody looks.
    pub(super) fn of(plan: &Plan) -> Option<View> {
        io::stderr().is_terminal().then(|| View {
            begun: Instant::now(),
            turns: plan.turns(),
            time: plan.limits.time,
            looks: VecDeque::new(),
            seconds: Seconds::default(),
            drawn: Vec::new(),
        })
    }

    /// Draws what is now over what was before.
    pub(super) fn draw(&mut self, live: &Live) {
        let (columns, lines) = look::size(io::stderr());
        let elapsed = self.begun.elapsed();
        let now = Counts::of(live);
        let last = live.last_second();
        self.seconds.look(elapsed, now.answered, last);
        let page = Page {
            elapsed,
            turns: self.turns,
            time: self.time,
            now,
            lately: self.lately(elapsed, now),
            last,
            seconds: &self.seconds,
        };
        // The last column stays empty: not all terminals agree where the cursor is behind it.
        let mut page = page.lines(columns.saturating_sub(1));
        page.truncate(lines.saturating_sub(1).max(1));
        complain(&frame(&self.drawn, columns, &page));
        self.drawn = page.iter().map(|line| line.chars().count()).collect();
    }

    /// Leaves nothing behind.
    pub(super) fn clear(self) {
        if !self.drawn.is_empty() {
            let (columns, _) = look::size(io::stderr());
            complain(&frame(&self.drawn, columns, &[]));
        }
    }

    /// How long ago the oldest look within a second was, and what happened since.
    fn lately(&mut self, elapsed: Duration, now: Counts) -> (Duration, Counts) {
        let is_old = |looks: &VecDeque<(Duration, Counts)>| {
            let second = looks.get(1);
            second.is_some_and(|(at, _)| elapsed.saturating_sub(*at) >= NOW)
        };
        while is_old(&self.looks) {
            self.looks.pop_front();
        }
        let (at, then) = self.looks.front().copied().unwrap_or_default();
        self.looks.push_back((elapsed, now));
        let since = Counts {
            answered: now.answered - then.answered,
            errors: now.errors - then.errors,
            bytes: now.bytes - then.bytes,
            turns: now.turns - then.turns,
        };
        (elapsed.saturating_sub(at), since)
    }
}

impl Counts {
    fn of(live: &Live) -> Counts {
        let order = Ordering::Relaxed;
        Counts {
            answered: live.answered.load(order),
            errors: live.errors.load(order),
            bytes: live.body_bytes.load(order),
            turns: live.turns.load(order),
        }
    }
}

impl Seconds {
    /// Keeps a second once it is over.
    fn look(&mut self, elapsed: Duration, answered: u64, last: Option<Second>) {
        let (at, before) = self.last;
        let took = elapsed.saturating_sub(at);
        if took < NOW {
            return;
        }
        self.last = (elapsed, answered);
        let p99 = last.and_then(|second| second.p99).unwrap_or_default();
        self.rates
            .push_back((answered - before) as f64 / took.as_secs_f64());
        self.p99s.push_back(p99.as_secs_f64());
        while self.rates.len() > KEPT {
            self.rates.pop_front();
            self.p99s.pop_front();
        }
    }
}

impl Page<'_> {
    fn lines(&self, columns: usize) -> Vec<String> {
        let mut lines = vec![self.progress(columns), self.numbers()];
        if !self.seconds.rates.is_empty() {
            lines.push(labelled("rate", &self.seconds.rates, columns));
            lines.push(labelled("p99", &self.seconds.p99s, columns));
        }
        let fitting = |line: String| line.chars().take(columns).collect();
        lines.into_iter().map(fitting).collect()
    }

    /// By turns or by time, whichever is nearer to its end.
    fn progress(&self, columns: usize) -> String {
        let of = |done: f64, all: f64| (done / all).clamp(0.0, 1.0);
        let by_turns = self
            .turns
            .map(|all| of(self.now.turns as f64, all.max(1) as f64));
        let by_time = self
            .time
            .map(|all| of(self.elapsed.as_secs_f64(), all.as_secs_f64()));
        let elapsed = clock(self.elapsed);
        let (share, text) = match (by_turns, by_time) {
            (turns, Some(share)) if turns.is_none_or(|turns| turns <= share) => {
                let all = match self.time.unwrap_or_default() {
                    time if time.subsec_nanos() == 0 => clock(time),
                    time => span(time),
                };
                (share, format!("{elapsed} of {all}"))
            }
            (Some(share), _) => {
                let (done, all) = (grouped(self.now.turns), grouped(self.turns.unwrap_or(0)));
                (share, format!("{done} of {all}, {elapsed}"))
            }
            (None, _) => return elapsed,
        };
        let room = columns
            .saturating_sub(text.chars().count() + "100 %".len() + 6)
            .min(40);
        let bar = bar(share, room);
        let space = " ".repeat(room.saturating_sub(bar.chars().count()));
        let bar = match room {
            0 => String::new(),
            _ => format!("[{bar}{space}] "),
        };
        format!("{bar}{:3.0} %  {text}", (share * 100.0).floor())
    }

    fn numbers(&self) -> String {
        let (took, lately) = self.lately;
        let seconds = took.as_secs_f64().max(0.001);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive; as saturates"
        )]
        let bytes = (lately.bytes as f64 / seconds) as u64;
        let mut line = format!(
            "{} a second  {}/s  {}",
            rate(lately.answered as f64 / seconds),
            size(bytes),
            several(self.now.errors, "error", "errors"),
        );
        if let Some(Second {
            p50: Some(p50),
            p99: Some(p99),
            ..
        }) = self.last
        {
            line.push_str(&format!("  p50 {}  p99 {}", time(p50), time(p99)));
        }
        line
    }
}

/// Whole seconds: parts of one would only flicker.
fn clock(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..100 => format!("{seconds} s"),
        _ => span(Duration::from_secs(time.as_secs())),
    }
}

/// The newest seconds that fit.
fn labelled(label: &str, values: &VecDeque<f64>, columns: usize) -> String {
    let room = columns.saturating_sub(6);
    let hidden = values.len().saturating_sub(room);
    let values: Vec<f64> = values.iter().skip(hidden).copied().collect();
    format!("{label:<4}  {}", curve(&values))
}

/// These lines where those that were drawn before stand. The cursor is at the end of the last of them; a line that has
/// become longer than the terminal is wide takes several.
fn frame(drawn: &[usize], columns: usize, lines: &[String]) -> String {
    let columns = columns.max(1);
    let rows = drawn.iter().map(|length| length.div_ceil(columns).max(1));
    let mut frame = String::from("\r");
    match rows.sum::<usize>().saturating_sub(1) {
        0 => {}
        up => frame.push_str(&format!("\x1b[{up}A")),
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("{line}{REST}")).collect();
    frame.push_str(&lines.join("\n"));
    frame.push_str(BELOW);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(turns: Option<u64>, time: Option<Duration>, seconds: &Seconds) -> Page<'_> {
        let counts = Counts {
            answered: 12_000,
            errors: 1,
            bytes: 5_000_000,
            turns: 12_001,
        };
        Page {
            elapsed: Duration::from_millis(2_900),
            turns,
            time,
            now: counts,
            lately: (Duration::from_secs(1), counts),
            last: Some(Second {
                p50: Some(Duration::from_micros(310)),
                p99: Some(Duration::from_millis(7)),
                ..Second::default()
            }),
            seconds,
        }
    }

    #[test]
    fn it_tells_how_far_it_is_and_how_fast() {
        let mut seconds = Seconds::default();
        for (at, answered) in [(1_000, 6_000), (1_500, 7_000), (2_000, 9_000)] {
            seconds.look(Duration::from_millis(at), answered, None);
        }
        let by_turns = page(Some(48_000), Some(Duration::from_secs(60)), &seconds);
        assert_eq!(
            by_turns.lines(60),
            [
                "[███████▏                    ]  25 %  12,001 of 48,000, 2 s",
                "12,000 a second  5.00 MB/s  1 error  p50 310 µs  p99 7.00 ms",
                "rate  █▄",
                "p99     ",
            ]
            .map(|line| line.chars().take(60).collect::<String>())
        );
        let seconds = Seconds::default();
        let by_time = page(None, Some(Duration::from_secs(4)), &seconds);
        assert!(by_time.lines(80)[0].ends_with("]  72 %  2 s of 4 s"));
        assert_eq!(by_time.lines(80).len(), 2);
        let by_part = page(None, Some(Duration::from_millis(4_500)), &seconds);
        assert!(by_part.lines(80)[0].ends_with("]  64 %  2 s of 4.50 s"));
        // Where there is no room for a bar, there is none.
        assert_eq!(by_time.lines(20)[0], " 72 %  2 s of 4 s");
    }

    #[test]
    fn no_line_is_longer_than_the_terminal_is_wide() {
        let mut seconds = Seconds::default();
        for at in 1..1_000 {
            seconds.look(Duration::from_secs(at), at * at, None);
        }
        assert_eq!(seconds.rates.len(), KEPT);
        for columns in 0..200 {
            let page = page(Some(u64::MAX), None, &seconds);
            let lines = page.lines(columns);
            assert!(
                lines.iter().all(|line| line.chars().count() <= columns),
                "{lines:#?}"
            );
        }
    }

    #[test]
    fn a_frame_begins_where_the_one_before_did_however_it_is_wrapped_now() {
        let page = ["one".to_owned(), "two".to_owned()];
        assert_eq!(frame(&[], 80, &page), "\rone\x1b[K\ntwo\x1b[K\x1b[J");
        assert_eq!(
            frame(&[40, 0], 80, &page),
            "\r\x1b[1Aone\x1b[K\ntwo\x1b[K\x1b[J"
        );
        assert_eq!(frame(&[40, 20], 30, &[]), "\r\x1b[2A\x1b[J");
    }
}
