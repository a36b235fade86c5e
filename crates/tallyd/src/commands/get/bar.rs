//! How far a download is, on one line: share, bar, bytes, rate of the last seconds, time left. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::super::text::{cut, size, width};

/// The rate is that of so long.
const WINDOW: Duration = Duration::from_secs(3);

/// A shorter bar says nothing.
const SHORTEST: usize = 10;

/// A name takes no more than a third of a narrow line.
const NAME: usize = 24;

/// What was seen in the last seconds.
pub(super) struct Bar {
    name: String,
    seen: VecDeque<(Instant, u64)>,
}

impl Bar {
    pub(super) fn new(name: String) -> Bar {
        Bar {
            name,
            seen: VecDeque::new(),
        }
    }

    /// The line for so many columns, of which the last stays free; none before anything is known.
    pub(super) fn line(
        &mut self,
        have: u64,
        total: Option<u64>,
        now: Instant,
        columns: usize,
    ) -> Option<String> {
        if have == 0 && total.is_none() {
            return None;
        }
        let rate = self.rate(have, now);
        let room = columns.saturating_sub(1);
        let name = cut(&self.name, NAME.min(room / 3));
        let shown_rate = format!("{}/s", size(rate));
        let Some(total) = total.filter(|total| *total > 0) else {
            return Some(cut(&format!("{name}  {}  {shown_rate}", size(have)), room));
        };
        let percent = u128::from(have) * 100 / u128::from(total);
        let left = match total.saturating_sub(have).checked_div(rate) {
            Some(seconds) => format!("{} left", time(seconds)),
            None => "stalled".into(),
        };
        let before = format!("{name} {percent:>3}%");
        let after = format!("{:>8}  {shown_rate:>10}  {left}", size(have));
        let between = room.saturating_sub(width(&before) + width(&after) + 4);
        let line = match between >= SHORTEST {
            true => format!("{before} [{}] {after}", bar(have, total, between)),
            false => format!("{before} {after}"),
        };
        Some(cut(&line, room))
    }

    /// Bytes in a second.
    fn rate(&mut self, have: u64, now: Instant) -> u64 {
        // What goes back begins anew.
        if self.seen.back().is_some_and(|(_, before)| *before > have) {
            self.seen.clear();
        }
        self.seen.push_back((now, have));
        let is_old = |seen: Option<&(Instant, u64)>| {
            seen.is_some_and(|(then, _)| now.saturating_duration_since(*then) >= WINDOW)
        };
        // One that is as old as the window, or older, is where it begins.
        while is_old(self.seen.get(1)) {
            self.seen.pop_front();
        }
        let Some((then, before)) = self.seen.front() else {
            return 0;
        };
        let millis = now.saturating_duration_since(*then).as_millis();
        let bytes = u128::from(have.saturating_sub(*before));
        let rate = (bytes * 1000).checked_div(millis).unwrap_or(0);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

fn bar(have: u64, total: u64, columns: usize) -> String {
    let filled = u128::from(have.min(total)) * (columns as u128) / u128::from(total);
    let filled = usize::try_from(filled).unwrap_or(columns);
    let tip = usize::from(filled < columns);
    let empty = columns.saturating_sub(filled + tip);
    format!(
        "{}{}{}",
        "=".repeat(filled),
        ">".repeat(tip),
        " ".repeat(empty)
    )
}

/// `0:09`, `1:00:00`.
fn time(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        1..=99 => format!("{hours}:{minutes:02}:{seconds:02}"),
        _ => "days".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(begin: Instant, seconds: u64) -> Instant {
        begin + Duration::from_secs(seconds)
    }

    #[test]
    fn a_line_says_share_bytes_rate_and_time_left() {
        let begin = Instant::now();
        let mut bar = Bar::new("a.zip".into());
        assert_eq!(bar.line(0, None, begin, 80), None);
        bar.line(0, Some(10_000_000), begin, 80);
        let line = bar.line(2_500_000, Some(10_000_000), at(begin, 2), 80);
        let expected =
            "a.zip  25% [========>                         ]   2.5 MB    1.2 MB/s  0:06 left";
        assert_eq!(line.unwrap(), expected);
    }

    #[test]
    fn every_width_is_kept() {
        let begin = Instant::now();
        // One column is none: the last stays free, and something has to stand there.
        for columns in 2..120 {
            let mut bar = Bar::new("日本語-with-a-long-name-and-more.zip".into());
            for (have, total) in [(0, Some(9)), (5, None), (9, Some(9)), (10, Some(9))] {
                let line = bar.line(have, total, begin, columns).unwrap();
                assert!(width(&line) < columns, "{columns}: {line:?}");
            }
        }
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let begin = Instant::now();
        let mut bar = Bar::new("a".into());
        for second in 0..10 {
            bar.rate(second * 1000, at(begin, second));
        }
        assert_eq!(bar.rate(9000, at(begin, 10)), 666);
        assert_eq!(bar.rate(9000, at(begin, 20)), 0);
        assert_eq!(bar.rate(5, at(begin, 21)), 0, "begun anew");
        assert_eq!(bar.rate(1005, at(begin, 22)), 1000);
    }

    #[test]
    fn what_stands_still_says_so_and_long_times_are_told() {
        let begin = Instant::now();
        let mut bar = Bar::new("a".into());
        let line = bar.line(0, Some(9), begin, 80).unwrap();
        assert!(line.ends_with("stalled"), "{line}");
        assert_eq!(
            [time(9), time(3600), time(360_000)],
            ["0:09", "1:00:00", "days"]
        );
    }
}
