//! Dates: the calendar, and the three forms of RFC 9110 section 5.6.7.
//!
//! Must not know: the clock. Where the present matters, `now` is an argument.

mod read;

pub use read::parse;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// 0001-01-01 00:00:00, the first date with a four-digit year, in Unix seconds.
const FIRST: i64 = -62_135_596_800;
/// 9999-12-31 23:59:59, the last one.
const LAST: i64 = 253_402_300_799;

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The date as HTTP writes it, an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// Years outside 0001..=9999 are clamped, since the form has four digits.
#[must_use]
pub fn format(seconds: i64) -> [u8; 29] {
    let civil = civil(seconds);
    let [y0, y1, y2, y3] = four_digits(civil.year);
    let [d0, d1] = two_digits(civil.day);
    let [h0, h1] = two_digits(civil.hour);
    let [m0, m1] = two_digits(civil.minute);
    let [s0, s1] = two_digits(civil.second);
    let [w0, w1, w2] = abbreviation(civil.weekday_name());
    let [n0, n1, n2] = abbreviation(civil.month_name());
    [
        w0, w1, w2, b',', b' ', d0, d1, b' ', n0, n1, n2, b' ', y0, y1, y2, y3, b' ', //
        h0, h1, b':', m0, m1, b':', s0, s1, b' ', b'G', b'M', b'T',
    ]
}

/// A moment as people write it, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// 1..=9999.
    pub year: u16,
    /// 1..=12.
    pub month: u8,
    /// 1..=31.
    pub day: u8,
    /// 0..=23.
    pub hour: u8,
    /// 0..=59.
    pub minute: u8,
    /// 0..=59.
    pub second: u8,
    /// 0..=6 from Sunday.
    pub weekday: u8,
}

impl Civil {
    /// `Jan` to `Dec`.
    #[must_use]
    pub fn month_name(&self) -> &'static str {
        MONTHS
            .get(usize::from(self.month).wrapping_sub(1))
            .copied()
            .unwrap_or("Jan")
    }

    /// `Sunday` to `Saturday`.
    #[must_use]
    pub fn weekday_name(&self) -> &'static str {
        WEEKDAYS
            .get(usize::from(self.weekday))
            .copied()
            .unwrap_or("Sunday")
    }
}

/// The moment in UTC; clamped to the years 0001..=9999.
#[must_use]
pub fn civil(seconds: i64) -> Civil {
    let since_first = seconds.clamp(FIRST, LAST).abs_diff(FIRST);
    let (days, second_of_day) = (since_first / DAY, since_first % DAY);
    let (year, month, day) = year_month_day(days);
    Civil {
        year,
        month: small(month),
        day: small(day),
        hour: small(second_of_day / HOUR),
        minute: small(second_of_day % HOUR / MINUTE),
        second: small(second_of_day % MINUTE),
        // 0001-01-01 was a Monday.
        weekday: small((days + 1) % 7),
    }
}

/// Year, month and day, `days` after 0001-01-01.
///
/// Howard Hinnant's `civil_from_days`: the year begins in March, so that the leap day is the last day of the year.
fn year_month_day(days: u64) -> (u16, u64, u64) {
    let days = days + 306; // since 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (u16::try_from(year).unwrap_or(u16::MAX), month, day)
}

/// Unix seconds of the beginning of a day; the inverse of [`year_month_day`].
fn seconds_of_day(year: i64, month: i64, day: i64) -> i64 {
    let (year, month_from_march) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    // 719 468 days lie between 0000-03-01 and 1970-01-01.
    (era * 146_097 + day_of_era - 719_468) * 86_400
}

const fn small(number: u64) -> u8 {
    (number & 0xff) as u8
}

fn two_digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

fn four_digits(number: u16) -> [u8; 4] {
    let [high, low] = [number / 100, number % 100].map(|half| two_digits(small(u64::from(half))));
    [high[0], high[1], low[0], low[1]]
}

fn abbreviation(name: &str) -> [u8; 3] {
    name.as_bytes().first_chunk().copied().unwrap_or(*b"   ")
}

#[cfg(test)]
mod tests;
