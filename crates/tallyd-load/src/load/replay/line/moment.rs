//! When a request was: the times of logs.

/// Shorter than this, a number is of seconds; longer, of milli-, micro- and nanoseconds.
const SECONDS: i64 = 100_000_000_000;

/// A second, in nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// A moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Since 1970.
    pub nanos: i64,
    /// The line tells no parts of seconds.
    pub is_whole: bool,
}

/// The year, month and day, and the seconds of the day.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    seconds: i64,
    /// East of Greenwich.
    offset: i64,
}

impl Civil {
    /// Since 1970; none of what is not in the calendar.
    fn seconds(&self) -> Option<i64> {
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days = match self.month {
            2 => 28 + i64::from(is_leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=days).contains(&self.day) || !(1900..=2200).contains(&self.year) {
            return None;
        }
        // March begins the year, so that a leap day is its last.
        let year = self.year - i64::from(self.month <= 2);
        let month = (self.month + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + self.day - 1;
        let leaps = year / 4 - year / 100 + year / 400;
        // From the first of March of the year 0 to 1970.
        let days = 365 * year + leaps + day_of_year - 719_468;
        Some(days * 86_400 + self.seconds - self.offset)
    }
}

/// Reads `14/Nov/2023:22:13:20 +0000`.
pub(super) fn common(text: &[u8]) -> Option<Moment> {
    let text = std::str::from_utf8(text).ok()?;
    let (date, clock) = text.split_once(':')?;
    let (clock, zone) = clock.split_once(' ')?;
    let mut date = date.split('/');
    let civil = Civil {
        day: digits(date.next()?, 2)?,
        month: month(date.next()?)?,
        year: digits(date.next()?, 4)?,
        seconds: clock_seconds(clock)?,
        offset: offset(zone)?,
    };
    Some(Moment {
        nanos: civil.seconds()? * SECOND,
        is_whole: true,
    })
}

fn month(name: &str) -> Option<i64> {
    let names = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let place = names.iter().position(|known| *known == name)?;
    i64::try_from(place + 1).ok()
}

/// Reads `2023-11-14T22:13:20.123Z` (RFC 3339), also with a blank for the T and without a zone.
pub(super) fn timestamp(text: &str) -> Option<Moment> {
    let (date, clock) = text.split_once(['T', 't', ' '])?;
    let end = clock.find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, ':' | '.'));
    let (clock, zone) = clock.split_at_checked(end.unwrap_or(clock.len()))?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut date = date.split('-');
    let civil = Civil {
        year: digits(date.next()?, 4)?,
        month: digits(date.next()?, 2)?,
        day: digits(date.next()?, 2)?,
        seconds: clock_seconds(clock)?,
        offset: offset(zone.trim_ascii())?,
    };
    Some(Moment {
        nanos: civil.seconds()? * SECOND + nanos(fraction)?,
        is_whole: fraction.is_empty(),
    })
}

/// Reads `1700000000.123`: seconds since 1970, or whole milli-, micro- or nanoseconds.
pub(super) fn since_1970(text: &str) -> Option<Moment> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number = digits(whole, whole.len())?;
    let (mut scale, mut is_whole) = (SECOND, fraction.is_empty());
    while number / SECONDS >= SECOND / scale && scale > 1 {
        (scale, is_whole) = (scale / 1000, false);
    }
    Some(Moment {
        nanos: number.checked_mul(scale)?.checked_add(nanos(fraction)?)?,
        is_whole,
    })
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let is_number = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

fn clock_seconds(clock: &str) -> Option<i64> {
    let mut parts = clock.split(':').map(|part| digits(part, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    // A leap second is in the calendar too.
    let is_clock = hour < 24 && minute < 60 && second <= 60 && parts.next().is_none();
    is_clock.then_some(hour * 3600 + minute * 60 + second)
}

/// `+0130`, `-01:30` and `Z`, in seconds.
fn offset(zone: &str) -> Option<i64> {
    let (sign, digits_of) = match zone.split_at_checked(1) {
        None | Some(("Z" | "z", "")) => return Some(0),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) => return None,
    };
    let number = digits(&digits_of.replacen(':', "", 1), 4)?;
    Some(sign * (number / 100 * 3600 + number % 100 * 60))
}

/// The nanoseconds of a fraction; what is finer is dropped.
fn nanos(fraction: &str) -> Option<i64> {
    let mut nanos = 0;
    for place in 0..9 {
        let digit = fraction.as_bytes().get(place).copied().unwrap_or(b'0');
        nanos = nanos * 10 + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    Some(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_moment_is_this_moment() {
        let at = 1_700_000_000 * SECOND;
        let whole = |nanos| {
            Some(Moment {
                nanos,
                is_whole: true,
            })
        };
        let exact = |nanos| {
            Some(Moment {
                nanos,
                is_whole: false,
            })
        };
        for text in ["14/Nov/2023:22:13:20 +0000", "15/Nov/2023:03:43:20 +0530"] {
            assert_eq!(common(text.as_bytes()), whole(at), "{text}");
        }
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14T22:13:20+00:00",
            "2023-11-14 14:13:20-0800",
            "2023-11-14T22:13:20",
        ] {
            assert_eq!(timestamp(text), whole(at), "{text}");
        }
        assert_eq!(
            timestamp("2023-11-14T22:13:20.1234567891Z"),
            exact(at + 123_456_789)
        );
        assert_eq!(since_1970("1700000000"), whole(at));
        assert_eq!(since_1970("1700000000.25"), exact(at + SECOND / 4));
        for text in ["1700000000000", "1700000000000000", "1700000000000000000"] {
            assert_eq!(since_1970(text), exact(at), "{text}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let day = |text: &str| {
            timestamp(&format!("{text}T00:00:00Z")).map(|at| at.nanos / SECOND / 86_400)
        };
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2024-12-31", 20_088),
            ("2100-03-01", 47_541),
        ] {
            assert_eq!(day(text), Some(days), "{text}");
        }
        for text in [
            "2100-02-29",
            "2023-13-01",
            "2023-00-01",
            "2023-04-31",
            "1899-01-01",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            ":",
            "14/Nov/2023:22:13:20",
            "14/nov/2023:22:13:20 +0000",
            "1/Nov/2023:22:13:20 +0000",
            "14/Nov/2023:24:13:20 +0000",
            "14/Nov/2023:22:13:20 0000",
            "14/Nov/2023:22:13:20 +00a0",
        ] {
            assert_eq!(common(text.as_bytes()), None, "{text}");
        }
        for text in [
            "",
            "T",
            "2023-11-14",
            "2023-11-14T",
            "2023-11-14T22:13:20.1.2Z",
            "2023-11-14T22:13:20X",
        ] {
            assert_eq!(timestamp(text), None, "{text}");
        }
        for text in [
            "",
            "-1",
            ".",
            "1e9",
            "99999999999999999999",
            "1.x",
            "9223372036854775807.9",
        ] {
            let read = since_1970(text);
            assert!(read.is_none() || text.starts_with('9'), "{text}: {read:?}");
        }
    }
}
