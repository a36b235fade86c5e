//! Times and sizes as people type them, and times, sizes, rates and numbers as people read them.
//!
//! Promises: what is read is exact or refused, and never depends on a locale; what is shown has three digits that
//! count. Must not know: what is measured.

use std::time::Duration;

/// Units of time, the longest first, in nanoseconds. µ has two code points, and both are typed.
const TIMES: [(&str, u64); 8] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ns", 1),
];

/// Reads `10s`, `1m30s`, `500ms` or `1.5s`; what is wrong is said in words.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a time: write 10s, 1m30s, 500ms or 200us");
    let mut rest = text;
    let mut all = Duration::ZERO;
    let mut longer = u64::MAX;
    while !rest.is_empty() {
        let (number, behind) = split(rest, |letter| !letter.is_ascii_digit() && letter != '.');
        let (unit, behind) = split(behind, |letter| letter.is_ascii_digit());
        let unit = TIMES.iter().find(|(name, _)| *name == unit);
        let unit = unit.map(|(_, nanos)| *nanos).ok_or_else(wrong)?;
        // 30s1m is more likely a slip than a wish.
        if unit >= longer || !is_number(number) {
            return Err(wrong());
        }
        let count: f64 = number.parse().map_err(|_| wrong())?;
        let part = Duration::try_from_secs_f64(count * unit as f64 / 1e9).map_err(|_| wrong())?;
        all = all.checked_add(part).ok_or_else(wrong)?;
        (longer, rest) = (unit, behind);
    }
    match text.is_empty() {
        true => Err(wrong()),
        false => Ok(all),
    }
}

/// Reads `16KiB`, `1MiB`, `2GiB` or a plain number of bytes, as sizes are written everywhere in tallyd.
pub fn bytes(text: &str) -> Result<u64, String> {
    let (count, unit) = split(text, |letter| !letter.is_ascii_digit());
    let unit = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        // KB and MB mean 1000 to some and 1024 to others, so they mean nothing here.
        _ => None,
    };
    let count: Option<u64> = count.parse().ok();
    let size = count
        .zip(unit)
        .and_then(|(count, unit)| count.checked_mul(unit));
    size.ok_or_else(|| {
        format!("{text:?} is not a size: write 100KiB or 2MiB; a plain number means bytes")
    })
}

/// Digits, with at most one point between two of them: what `f64` reads beyond that is not meant here.
pub(crate) fn is_number(text: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    is_digits(whole) && is_digits(part)
}

/// Before the first such letter, and from it on.
fn split(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(is_end).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// `7.20 ms`: in the unit that leaves up to three digits before the point.
#[must_use]
pub fn time(time: Duration) -> String {
    let (number, unit) = scaled_time(time);
    format!("{number} {unit}")
}

/// `1.25  s`: as [`time`], with units of the same width, for columns.
#[must_use]
pub fn aligned_time(time: Duration) -> String {
    let (number, unit) = scaled_time(time);
    format!("{number} {unit:>2}")
}

fn scaled_time(time: Duration) -> (String, &'static str) {
    let nanos = time.as_nanos();
    if nanos < 1_000 {
        return (nanos.to_string(), "ns");
    }
    let (mut scaled, mut unit) = (nanos as f64 / 1e3, "µs");
    for next in ["ms", "s"] {
        // Not 1000 µs.
        if scaled >= 999.5 {
            (scaled, unit) = (scaled / 1e3, next);
        }
    }
    (three_digits(scaled), unit)
}

/// `1h 2m 3s`, `45.2 s`: how long something took as a whole.
#[must_use]
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0 | 1, _) if seconds < 100 => self::time(time),
        (0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (hours, minutes, seconds) => format!("{}h {minutes}m {seconds}s", grouped(hours)),
    }
}

/// `12.3 MB`: powers of a thousand.
#[must_use]
pub fn size(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let (mut scaled, mut unit) = (bytes as f64 / 1e3, "kB");
    for next in ["MB", "GB", "TB", "PB", "EB"] {
        if scaled >= 999.5 {
            (scaled, unit) = (scaled / 1e3, next);
        }
    }
    format!("{} {unit}", three_digits(scaled))
}

/// `12,345` or `0.50`: so many a second.
#[must_use]
pub fn rate(rate: f64) -> String {
    if rate < 999.5 {
        return three_digits(rate);
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded and positive; as saturates"
    )]
    let whole = rate.round() as u64;
    grouped(whole)
}

fn three_digits(number: f64) -> String {
    match number {
        ..9.995 => format!("{number:.2}"),
        ..99.95 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 request`, `2,000 requests`.
#[must_use]
pub fn several(number: u64, one: &str, many: &str) -> String {
    let word = if number == 1 { one } else { many };
    format!("{} {word}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_typed_in_several_ways_and_shown_in_one() {
        for (text, shown) in [
            ("10s", "10.0 s"),
            ("1m30s", "90.0 s"),
            ("1m40s", "100 s"),
            ("500ms", "500 ms"),
            ("1.5s", "1.50 s"),
            ("0.9999ms", "1.00 ms"),
            ("200us", "200 µs"),
            ("200µs", "200 µs"),
            ("200μs", "200 µs"),
            ("999ns", "999 ns"),
            ("0s", "0 ns"),
            ("1h", "3600 s"),
        ] {
            assert_eq!(duration(text).map(time), Ok(shown.into()), "{text}");
        }
        for text in [
            "",
            "10",
            "s",
            "1.s",
            ".5s",
            "1e3s",
            "-1s",
            "infs",
            "1s30m",
            "1s1s",
            "1 s",
            "٣s",
            "1..5s",
            "99999999999999999999999h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_typed_in_several_ways_and_shown_in_one() {
        for (text, shown) in [
            ("0", "0 B"),
            ("999b", "999 B"),
            ("100KiB", "102 kB"),
            ("1m", "1.05 MB"),
            ("999999", "1.00 MB"),
            ("2GiB", "2.15 GB"),
        ] {
            assert_eq!(bytes(text).map(size), Ok(shown.into()), "{text}");
        }
        for text in ["", "KiB", "10KB", "1.5M", "-1", "17179869184GiB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_have_three_digits_or_are_grouped() {
        for (number, shown) in [
            (0.0, "0.00"),
            (0.5, "0.50"),
            (9.996, "10.0"),
            (99.96, "100"),
            (999.4, "999"),
            (12_345.4, "12,345"),
        ] {
            assert_eq!(rate(number), shown);
        }
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(several(1, "request", "requests"), "1 request");
    }

    #[test]
    fn a_whole_run_is_told_in_hours_and_minutes() {
        for (seconds, shown) in [
            (9, "9.00 s"),
            (99, "99.0 s"),
            (100, "1m 40s"),
            (3_600, "1h 0m 0s"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), shown);
        }
        assert_eq!(aligned_time(Duration::from_secs(1)), "1.00  s");
    }
}
