//! Dates: what was read, written in the same form, is the text that was read.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tallyd_http::date::{self, Civil};

/// The first and the last second of the years 0001..=9999.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    seconds: i64,
    now: i64,
    text: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let Input { seconds, now, text } = input;
    check_calendar(seconds);
    check_calendar(seconds % (LAST + 1));
    check_written(seconds % (LAST + 1), now);
    if let Some(found) = date::parse(text, now) {
        check_read(text, found, now);
    }
});

fn check_calendar(seconds: i64) {
    let clamped = seconds.clamp(FIRST, LAST);
    let civil = date::civil(seconds);
    assert!((1..=9999).contains(&civil.year) && (1..=12).contains(&civil.month));
    assert!((1..=31).contains(&civil.day) && civil.weekday <= 6);
    assert!(civil.hour <= 23 && civil.minute <= 59 && civil.second <= 59);
    assert_eq!(clamped.rem_euclid(60), i64::from(civil.second));
    // 1970-01-01 was a Thursday.
    let weekday = (clamped.div_euclid(86_400) + 4).rem_euclid(7);
    assert_eq!(i64::from(civil.weekday), weekday);
    if clamped < LAST {
        let next = date::civil(clamped + 1);
        assert!(key(next) > key(civil), "{civil:?} {next:?}");
    }
}

fn key(civil: Civil) -> (u16, [u8; 5]) {
    let rest = [
        civil.month,
        civil.day,
        civil.hour,
        civil.minute,
        civil.second,
    ];
    (civil.year, rest)
}

/// All three forms of one moment are read as this moment.
fn check_written(seconds: i64, now: i64) {
    let seconds = seconds.clamp(FIRST, LAST);
    let forms = Forms::of(seconds);
    for text in [&forms.imf_fixdate, &forms.asctime, &forms.asctime_with_zero] {
        assert_eq!(date::parse(text.as_bytes(), now), Some(seconds), "{text}");
    }
    let text = String::from_utf8(date::format(seconds).to_vec());
    assert_eq!(text.as_ref(), Ok(&forms.imf_fixdate));
    // Two digits of the year, seen from the same moment.
    assert_eq!(date::parse(forms.rfc850.as_bytes(), seconds), Some(seconds));
}

/// RFC 9110 section 5.6.7.
struct Forms {
    imf_fixdate: String,
    rfc850: String,
    asctime: String,
    asctime_with_zero: String,
}

impl Forms {
    fn of(seconds: i64) -> Self {
        let civil = date::civil(seconds);
        let Civil { year, day, .. } = civil;
        let (weekday, month) = (civil.weekday_name(), civil.month_name());
        let short = &weekday[..3];
        let time = format!("{:02}:{:02}:{:02}", civil.hour, civil.minute, civil.second);
        Self {
            imf_fixdate: format!("{short}, {day:02} {month} {year:04} {time} GMT"),
            rfc850: format!("{weekday}, {day:02}-{month}-{:02} {time} GMT", year % 100),
            asctime: format!("{short} {month} {day:2} {time} {year:04}"),
            asctime_with_zero: format!("{short} {month} {day:02} {time} {year:04}"),
        }
    }
}

fn check_read(text: &[u8], found: i64, now: i64) {
    let text = std::str::from_utf8(text).expect("a date is ASCII");
    if text.contains(":60") {
        // A leap second is the next minute's first.
        return assert_eq!(found.rem_euclid(60), 0, "{text}");
    }
    assert!((FIRST..=LAST).contains(&found), "{text}");
    let forms = Forms::of(found);
    // The day of the week may be wrong.
    let written = [
        forms.imf_fixdate,
        forms.rfc850,
        forms.asctime,
        forms.asctime_with_zero,
    ];
    let is_written = |form: &String| after_weekday(form) == after_weekday(text);
    assert!(written.iter().any(is_written), "{text} {found}");
    if text.contains('-') {
        let years = i64::from(date::civil(found).year) - i64::from(date::civil(now).year);
        // Clamped at both ends of the calendar, where there is no other century.
        let is_near = (-50..=50).contains(&years);
        assert!(
            is_near || !(200..=9800).contains(&date::civil(now).year),
            "{text} {now}"
        );
    }
}

fn after_weekday(text: &str) -> &str {
    text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic())
}
