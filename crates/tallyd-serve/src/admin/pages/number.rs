//! Numbers, days and paths as a person reads them, and the links from words to the rules that they follow.
//!
//! Promises: the same number looks the same on every page; no path can reorder the letters around it.

use maud::{Markup, html};
use tallyd_http::status::Status;
use tallyd_ledger::facts::{Class, day_of};
use tallyd_ledger::report::calendar;
use tallyd_ledger::report::people::{self, scaled};
pub use tallyd_ledger::report::people::{grouped, plain};

/// Keeps a number and its unit on one line.
const TIED: char = '\u{a0}';

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// 1970-01-01 was a Thursday.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// `1 file`, `2 files`.
#[must_use]
pub fn several(number: u64, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{}{TIED}{word}", grouped(number))
}

/// `12.3 GB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    let (number, unit) = people::size(bytes);
    format!("{number}{TIED}{unit}")
}

/// `12.3M`, where there is room for a few letters only.
#[must_use]
pub fn short(number: u64) -> String {
    if number < 10_000 {
        return grouped(number);
    }
    let (scaled, unit) = scaled(number, &["k", "M", "G", "T", "P", "E"]);
    format!("{}{unit}", scaled.strip_suffix(".0").unwrap_or(&scaled))
}

/// `12.3 %` of a whole; a dash where there is no whole. What is not nothing and not all never looks so.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "\u{2013}".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    match percent {
        _ if part == 0 => format!("0{TIED}%"),
        _ if part == whole => format!("100{TIED}%"),
        few if few < 0.1 => format!("<{TIED}0.1{TIED}%"),
        most if most > 99.9 => format!(">{TIED}99.9{TIED}%"),
        percent => format!("{percent:.1}{TIED}%"),
    }
}

/// `20 Nov 2026`.
#[must_use]
pub fn day(day: i64) -> String {
    let (year, ..) = calendar::civil(day);
    format!("{} {year}", day_of_year(day))
}

/// `20 Nov`.
#[must_use]
pub fn day_of_year(day: i64) -> String {
    let (_, _, of_month) = calendar::civil(day);
    format!("{of_month}{TIED}{}", month(day))
}

/// `Nov`.
#[must_use]
pub fn month(day: i64) -> &'static str {
    let (_, month, _) = calendar::civil(day);
    let place = usize::try_from(month - 1).ok();
    place
        .and_then(|place| MONTHS.get(place))
        .copied()
        .unwrap_or("")
}

/// `Fri`.
#[must_use]
pub fn weekday(day: i64) -> &'static str {
    let place = usize::try_from(day.rem_euclid(7)).ok();
    place
        .and_then(|place| WEEKDAYS.get(place))
        .copied()
        .unwrap_or("")
}

/// `22 Oct – 20 Nov 2026`, `16–20 Nov 2026`: what both ends have in common is said once.
#[must_use]
pub fn days(first: i64, last: i64) -> String {
    let ((year, month, of_month), end) = (calendar::civil(first), calendar::civil(last));
    match (year == end.0, month == end.1) {
        _ if first == last => day(first),
        (true, true) => format!("{of_month}\u{2013}{}", day(last)),
        (true, false) => format!("{} \u{2013} {}", day_of_year(first), day(last)),
        (false, _) => format!("{} \u{2013} {}", day(first), day(last)),
    }
}

/// `17:06:36`, of nanoseconds since 1970.
#[must_use]
pub fn clock(nanos: i64) -> String {
    let seconds = nanos.div_euclid(1_000_000_000).rem_euclid(86_400);
    let (hours, minutes) = (seconds / 3_600, seconds % 3_600 / 60);
    format!("{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

/// A time with the time of day if it is of today, else with the day; exact for programs.
#[must_use]
pub fn moment(nanos: i64, now: i64) -> Markup {
    let text = if day_of(nanos) == day_of(now) {
        clock(nanos)
    } else {
        day(day_of(nanos))
    };
    html! { time datetime=(calendar::moment(nanos)) { (text) } }
}

/// A word as a link to the rule that says what it means: `rule("download", "Downloads")`.
#[must_use]
pub fn rule(anchor: &str, text: &str) -> Markup {
    html! { a href={ "/rules#" (anchor) } { (text) } }
}

/// Those of a class, as several.
#[must_use]
pub fn class(class: Class) -> &'static str {
    match class {
        Class::Person => "people",
        Class::Tool => "tools",
        Class::Bot => "bots",
        Class::Unknown => "unknown",
        Class::Internal => "internal",
    }
}

/// One of a class.
#[must_use]
pub fn one_of(class: Class) -> &'static str {
    match class {
        Class::Person => "person",
        Class::Tool => "tool",
        Class::Bot => "bot",
        Class::Unknown => "unknown",
        Class::Internal => "internal",
    }
}

/// A status in words.
#[must_use]
pub fn status(code: u16) -> &'static str {
    match Status::of(code).map_or("", Status::reason) {
        "" => "Other",
        reason => reason,
    }
}

#[cfg(test)]
mod tests {
    use tallyd_ledger::facts::DAY;

    use super::*;

    #[test]
    fn numbers_are_grouped_rounded_and_tied_to_their_unit() {
        for (number, full, few) in [
            (0, "0", "0"),
            (9_999, "9,999", "9,999"),
            (10_000, "10,000", "10k"),
            (12_345, "12,345", "12.3k"),
            (999_999, "999,999", "1M"),
            (u64::MAX, "18,446,744,073,709,551,615", "18.4E"),
        ] {
            assert_eq!(
                (grouped(number).as_str(), short(number).as_str()),
                (full, few)
            );
        }
        for (bytes, expected) in [
            (0, "0\u{a0}B"),
            (999, "999\u{a0}B"),
            (1_000, "1.0\u{a0}kB"),
            (999_500, "1.0\u{a0}MB"),
            (123_456_789, "123\u{a0}MB"),
            (u64::MAX, "18.4\u{a0}EB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
        assert_eq!(several(1, "hit", "hits"), "1\u{a0}hit");
        assert_eq!(several(1_200, "hit", "hits"), "1,200\u{a0}hits");
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing_or_all() {
        for (part, whole, expected) in [
            (0, 0, "\u{2013}"),
            (0, 9, "0\u{a0}%"),
            (1, 8, "12.5\u{a0}%"),
            (1, 100_000, "<\u{a0}0.1\u{a0}%"),
            (99_999, 100_000, ">\u{a0}99.9\u{a0}%"),
            (7, 7, "100\u{a0}%"),
        ] {
            assert_eq!(share(part, whole), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn days_have_names() {
        assert_eq!(day(20_777), "20\u{a0}Nov 2026");
        assert_eq!((weekday(20_777), weekday(-1)), ("Fri", "Wed"));
        assert_eq!(
            days(20_748, 20_777),
            "22\u{a0}Oct \u{2013} 20\u{a0}Nov 2026"
        );
        assert_eq!(days(20_777, 20_777), "20\u{a0}Nov 2026");
        assert_eq!(days(20_773, 20_777), "16\u{2013}20\u{a0}Nov 2026");
        assert_eq!(
            days(20_400, 20_777),
            "8\u{a0}Nov 2025 \u{2013} 20\u{a0}Nov 2026"
        );
    }

    #[test]
    fn a_moment_of_today_is_a_time_and_another_a_day() {
        let now = 20_777 * DAY + 1_000_000_000;
        assert_eq!(
            moment(now, now).into_string(),
            "<time datetime=\"2026-11-20T00:00:01Z\">00:00:01</time>"
        );
        assert!(
            moment(now - DAY, now)
                .into_string()
                .contains(">19\u{a0}Nov 2026<")
        );
    }
}
