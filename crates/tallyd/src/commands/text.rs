//! Words and numbers for people: grouped, rounded, cut to fit, and never able to move the cursor.

use tallyd_ledger::facts::day_of;
use tallyd_ledger::report::{calendar, people};

pub(super) use tallyd_ledger::report::people::{grouped, plain};

/// `12.3 GB`; units take two columns, so that sizes below each other are aligned.
pub(super) fn size(bytes: u64) -> String {
    let (number, unit) = people::size(bytes);
    format!("{number} {unit:>2}")
}

/// `1 file`, `2 files`.
pub(super) fn several(number: u64, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{} {word}", grouped(number))
}

/// `12.3 %` of a whole.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    format!("{:.1} %", part as f64 * 100.0 / whole as f64)
}

/// The time of day if that day is today, else the day.
pub(super) fn when(nanos: i64, today: i64) -> String {
    let day = day_of(nanos);
    if day != today {
        return calendar::date(day);
    }
    let minutes = nanos.div_euclid(60_000_000_000).rem_euclid(24 * 60);
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// Columns that a text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// Columns of one letter: wide ones of East Asia and pictures take two, marks on the letter before take none.
/// The ranges are coarse; a letter that is not in them takes one.
fn columns(letter: char) -> usize {
    match letter {
        '\u{300}'..='\u{36f}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// A text in at most so many columns: what is too long loses its middle, since the end of a path tells most.
pub(super) fn cut(text: &str, columns_left: usize) -> String {
    if width(text) <= columns_left {
        return text.to_owned();
    }
    let room = columns_left.saturating_sub(1);
    let at_end = room.div_ceil(2);
    let start = fitting(text.chars(), room - at_end);
    let end: Vec<char> = fitting(text.chars().rev(), at_end);
    let end = end.iter().rev();
    start.iter().chain(&['…']).chain(end).collect()
}

/// The first letters that fit.
fn fitting(letters: impl Iterator<Item = char>, room: usize) -> Vec<char> {
    let mut taken = 0;
    let fits = |letter: &char| {
        taken += columns(*letter);
        taken <= room
    };
    letters.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use tallyd_ledger::facts::{DAY, HOUR};

    use super::*;

    #[test]
    fn sizes_are_aligned_and_words_follow_numbers() {
        assert_eq!((size(999), size(1_000)), ("999  B".into(), "1.0 kB".into()));
        assert_eq!(several(1, "file", "files"), "1 file");
        assert_eq!(several(1_200, "file", "files"), "1,200 files");
        assert_eq!((share(1, 8), share(1, 0)), ("12.5 %".into(), String::new()));
    }

    #[test]
    fn today_is_told_by_the_clock_and_other_days_by_the_calendar() {
        assert_eq!(when(20_777 * DAY + 9 * HOUR, 20_777), "09:00");
        assert_eq!(when(20_777 * DAY - 1, 20_777), "2026-11-19");
    }

    #[test]
    fn what_is_too_long_loses_its_middle() {
        assert_eq!(cut("/short", 6), "/short");
        assert_eq!(cut("/downloads/sample.bin", 11), "/down…e.bin");
        assert_eq!(cut("/downloads/sample.bin", 10), "/dow…e.bin");
        assert_eq!(cut("/日本語/ファイル.zip", 12), "/日本…ル.zip");
        assert_eq!(cut("/abc", 1), "…");
        for room in 1..30 {
            assert!(width(&cut("/日本語/ファイル/a\u{301}bcdef.zip", room)) <= room);
        }
    }
}
