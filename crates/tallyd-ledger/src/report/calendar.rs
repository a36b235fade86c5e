//! Days as people write them: `2026-11-20`. Days are counted since 1970 and are of UTC.
//!
//! The same calendar is in tallyd-http, which this crate must not know.

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// `2026-11-20`.
#[must_use]
pub fn date(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2026-11-20T13:05:09Z`, from nanoseconds since 1970.
#[must_use]
pub fn moment(nanos: i64) -> String {
    let seconds = nanos.div_euclid(SECOND);
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (hour, minute) = (second / 3_600, second % 3_600 / 60);
    format!("{}T{hour:02}:{minute:02}:{:02}Z", date(day), second % 60)
}

/// The day that `2026-11-20` names; nothing if it names none.
#[must_use]
pub fn day(text: &str) -> Option<i64> {
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.split('-');
    let (year, month, last) = (parts.next()?, parts.next()?, parts.next()?);
    let has_the_form = (year.len(), month.len(), last.len()) == (4, 2, 2)
        && [year, month, last].into_iter().all(is_plain)
        && parts.next().is_none();
    if !has_the_form {
        return None;
    }
    let days = days(year.parse().ok()?, month.parse().ok()?, last.parse().ok()?);
    // 2026-02-30 would be a day of March.
    (date(days) == text).then_some(days)
}

/// Year, month and day. Howard Hinnant's `civil_from_days`: the year begins in March.
#[must_use]
pub fn civil(day: i64) -> (i64, i64, i64) {
    let days = day.saturating_add(719_468);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * from_march + 2) / 5 + 1)
}

/// The inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, from_march) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_and_read() {
        for (text, number) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2026-11-20", 20_777),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(date(number), text);
            assert_eq!(day(text), Some(number), "{text}");
        }
        for day_number in (-700_000..800_000).step_by(97) {
            let text = date(day_number);
            if text.len() == 10 {
                assert_eq!(day(&text), Some(day_number), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_day_is_none() {
        for text in [
            "",
            "2026",
            "2026-11",
            "2026-11-31",
            "2026-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-1-1",
            "26-11-20",
            "2026-11-20-1",
            "+026-11-20",
            "2026-11-20T00:00",
            "２０２６-11-20",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_of_utc_and_whole_seconds() {
        assert_eq!(moment(0), "1970-01-01T00:00:00Z");
        assert_eq!(moment(-1), "1969-12-31T23:59:59Z");
        assert_eq!(moment(1_795_179_909_999_999_999), "2026-11-20T13:05:09Z");
    }
}
