//! Reading the three forms of a date: strict, since a half-understood date is a wrong 304.

use super::{MONTHS, WEEKDAYS, civil, seconds_of_day};

/// The Unix seconds of an HTTP-date in any of its three forms (RFC 9110 section 5.6.7); `None` for all else.
///
/// The day of the week must be a name but need not be the right one. `now` gives two-digit years their century.
#[must_use]
pub fn parse(text: &[u8], now: i64) -> Option<i64> {
    let mut text = Reader(text);
    let weekday = text.until_not_letter();
    let is_short = WEEKDAYS
        .iter()
        .any(|name| name.as_bytes().get(..3) == Some(weekday));
    let is_long = WEEKDAYS.iter().any(|name| name.as_bytes() == weekday);
    let seconds = match text.next()? {
        b',' if is_short => text.imf_fixdate()?,
        b',' if is_long => text.rfc850(now)?,
        b' ' if is_short => text.asctime()?,
        _ => return None,
    };
    text.0.is_empty().then_some(seconds)
}

/// What is left of the text; each method takes what it names, or gives up.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// ` 06 Nov 1994 08:49:37 GMT`
    fn imf_fixdate(&mut self) -> Option<i64> {
        self.literal(b" ")?;
        let day = self.digits(2)?;
        self.literal(b" ")?;
        let month = self.month()?;
        self.literal(b" ")?;
        let year = self.digits(4)?;
        self.literal(b" ")?;
        let time = self.time()?;
        self.literal(b" GMT")?;
        Some(day_start(year, month, day)? + time)
    }

    /// ` 06-Nov-94 08:49:37 GMT`
    fn rfc850(&mut self, now: i64) -> Option<i64> {
        self.literal(b" ")?;
        let day = self.digits(2)?;
        self.literal(b"-")?;
        let month = self.month()?;
        self.literal(b"-")?;
        let year = self.digits(2)?;
        self.literal(b" ")?;
        let time = self.time()?;
        self.literal(b" GMT")?;
        let year = full_year(year, now, |year| seconds_of_day(year, month, day) + time);
        Some(day_start(year, month, day)? + time)
    }

    /// `Nov  6 08:49:37 1994`
    fn asctime(&mut self) -> Option<i64> {
        let month = self.month()?;
        self.literal(b" ")?;
        let day = if self.literal(b" ").is_some() {
            self.digits(1)?
        } else {
            self.digits(2)?
        };
        self.literal(b" ")?;
        let time = self.time()?;
        self.literal(b" ")?;
        Some(day_start(self.digits(4)?, month, day)? + time)
    }

    /// `08:49:37` as seconds; 60 is the leap second, the same moment as the next minute's 0.
    fn time(&mut self) -> Option<i64> {
        let hour = self.digits(2)?;
        self.literal(b":")?;
        let minute = self.digits(2)?;
        self.literal(b":")?;
        let second = self.digits(2)?;
        (hour <= 23 && minute <= 59 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
    }

    fn month(&mut self) -> Option<i64> {
        let name = self.until_not_letter();
        (1..)
            .zip(MONTHS)
            .find(|(_, month)| month.as_bytes() == name)
            .map(|(number, _)| number)
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + i64::from(digit - b'0'))
        })
    }

    fn literal(&mut self, expected: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn until_not_letter(&mut self) -> &'a [u8] {
        let length = self
            .0
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let (letters, rest) = self.0.split_at_checked(length).unwrap_or_default();
        self.0 = rest;
        letters
    }
}

/// The beginning of a day that the calendar of [`super`] has; a year of two digits could mean one beyond it.
fn day_start(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    ((1..=9999).contains(&year) && (1..=days).contains(&day))
        .then(|| seconds_of_day(year, month, day))
}

/// The latest year that ends in these two digits and makes the date no more than 50 years future
/// (RFC 9110 section 5.6.7).
fn full_year(two_digits: i64, now: i64, seconds_in: impl Fn(i64) -> i64) -> i64 {
    let century = i64::from(civil(now).year) / 100 * 100;
    let mut year = century + 100 + two_digits;
    // Taking 50 years off the date instead of adding them to the present needs no calendar but this one.
    while seconds_in(year - 50) > now && year > 100 {
        year -= 100;
    }
    year
}
