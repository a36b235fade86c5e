//! Dates as HTTP writes them (RFC 9110 5.6.7): read in the one form that may be sent, written in all three.
//!
//! Must not know: what time it is.

/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

const DAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`; none if it is not written exactly so.
pub(super) fn read(text: &str) -> Option<i64> {
    let time = text.get(5..)?;
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = time.get(from..to)?;
        let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        are_digits.then(|| digits.parse().ok()).flatten()
    };
    let month = MONTHS
        .iter()
        .position(|name| time.get(3..6) == Some(name))?;
    let days = days_before(number(7, 11)?, i64::try_from(month).ok()? + 1) + number(0, 2)? - 1;
    let seconds = number(12, 14)? * 3600 + number(15, 17)? * 60 + number(18, 20)?;
    let read = days * DAY + seconds;
    // Written again it must be the same: so the weekday, the marks and the ranges are right too.
    (imf(read) == text).then_some(read)
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the form that is sent.
pub(super) fn imf(time: i64) -> String {
    let (year, month, day) = civil(time);
    let clock = clock(time);
    let weekday: String = weekday(time).chars().take(3).collect();
    format!("{weekday}, {day:02} {} {year:04} {clock} GMT", name(month))
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`, obsolete.
pub(super) fn rfc850(time: i64) -> String {
    let (year, month, day) = civil(time);
    let (month, year) = (name(month), year.rem_euclid(100));
    format!(
        "{}, {day:02}-{month}-{year:02} {} GMT",
        weekday(time),
        clock(time)
    )
}

/// `Sun Nov  6 08:49:37 1994`, obsolete.
pub(super) fn asctime(time: i64) -> String {
    let (year, month, day) = civil(time);
    let weekday: String = weekday(time).chars().take(3).collect();
    format!(
        "{weekday} {} {day:2} {} {year:04}",
        name(month),
        clock(time)
    )
}

fn clock(time: i64) -> String {
    let second = time.rem_euclid(DAY);
    format!(
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

fn weekday(time: i64) -> &'static str {
    let place = usize::try_from(time.div_euclid(DAY).rem_euclid(7)).unwrap_or(0);
    DAYS.get(place).copied().unwrap_or_default()
}

fn name(month: i64) -> &'static str {
    let place = usize::try_from(month - 1).unwrap_or(0);
    MONTHS.get(place).copied().unwrap_or_default()
}

/// Days from 1970 to the first of this month. The year begins in March, so that the leap day is its last.
fn days_before(year: i64, month: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 153 + 2) / 5 - 719_468
}

fn civil(time: i64) -> (i64, i64, i64) {
    let day = time.div_euclid(DAY);
    // A year has at least 365 days: the guess is never too early, and at most a few years late.
    let mut year = 1970 + day.div_euclid(365);
    while days_before(year, 1) > day {
        year -= 1;
    }
    let begun = |month: &i64| days_before(year, *month) <= day;
    let month = (1..=12).rev().find(begun).unwrap_or(1);
    (year, month, day - days_before(year, month) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_in_all_three_forms() {
        let time = 784_111_777;
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(time));
        assert_eq!(imf(time), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(rfc850(time), "Sunday, 06-Nov-94 08:49:37 GMT");
        assert_eq!(asctime(time), "Sun Nov  6 08:49:37 1994");
    }

    #[test]
    fn every_day_of_four_centuries_is_read_as_it_is_written() {
        for day in 0..146_097 {
            let time = day * DAY + day % DAY;
            assert_eq!(read(&imf(time)), Some(time), "{}", imf(time));
        }
        assert_eq!(imf(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
    }

    #[test]
    fn other_forms_and_days_that_are_none_are_no_dates() {
        for text in [
            "",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Wed, 30 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sün, 06 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
