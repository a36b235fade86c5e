//! Dates against known moments, against each other, and back and forth.

use super::*;
use proptest::prelude::*;
use std::hint::black_box;

/// 2023-11-14 22:13:20.
const NOW: i64 = 1_700_000_000;

fn text(seconds: i64) -> String {
    String::from_utf8(format(seconds).to_vec()).unwrap()
}

#[test]
fn known_moments_are_written_as_imf_fixdate() {
    let check = |seconds: i64, expected: &str| assert_eq!(text(seconds), expected);
    // RFC 9110 section 5.6.7, its own example first.
    check(784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT");
    check(0, "Thu, 01 Jan 1970 00:00:00 GMT");
    check(-1, "Wed, 31 Dec 1969 23:59:59 GMT");
    check(951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT");
    check(-2_203_891_200, "Thu, 01 Mar 1900 00:00:00 GMT");
    check(2_147_483_648, "Tue, 19 Jan 2038 03:14:08 GMT");
    check(NOW, "Tue, 14 Nov 2023 22:13:20 GMT");
    // Clamped: the form has four digits.
    check(LAST, "Fri, 31 Dec 9999 23:59:59 GMT");
    check(LAST + 1, "Fri, 31 Dec 9999 23:59:59 GMT");
    check(i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
    check(FIRST, "Mon, 01 Jan 0001 00:00:00 GMT");
    check(i64::MIN, "Mon, 01 Jan 0001 00:00:00 GMT");
}

#[test]
fn civil_has_every_part() {
    let expected = Civil {
        year: 1994,
        month: 11,
        day: 6,
        hour: 8,
        minute: 49,
        second: 37,
        weekday: 0,
    };
    assert_eq!(civil(784_111_777), expected);
    assert_eq!(
        (expected.month_name(), expected.weekday_name()),
        ("Nov", "Sunday")
    );
}

#[test]
fn the_three_forms_are_one_moment() {
    // RFC 9110 section 5.6.7.
    for form in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ] {
        assert_eq!(parse(form.as_bytes(), NOW), Some(784_111_777), "{form}");
    }
}

#[test]
fn the_weekday_must_be_one_but_not_the_right_one() {
    assert_eq!(
        parse(b"Mon, 06 Nov 1994 08:49:37 GMT", NOW),
        Some(784_111_777)
    );
    assert_eq!(parse(b"Xxx, 06 Nov 1994 08:49:37 GMT", NOW), None);
}

#[test]
fn a_leap_second_is_the_next_second() {
    // RFC 9110 section 5.6.7: second is 00 to 60.
    assert_eq!(
        parse(b"Sat, 31 Dec 2016 23:59:60 GMT", NOW),
        Some(1_483_228_800)
    );
    assert_eq!(parse(b"Sat, 31 Dec 2016 23:59:61 GMT", NOW), None);
}

#[test]
fn what_is_not_exactly_a_date_is_none() {
    let wrong = [
        "",
        "0",
        "1700000000",
        "Sun",
        "Sun,",
        "Sun, 06 Nov 1994",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT",
        "Sun, 06  Nov 1994 08:49:37 GMT",
        "Sun, 06 November 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 19940 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 1900 08:49:37 GMT",
        "Sun, 30 Feb 2000 08:49:37 GMT",
        "Sun, 01 Jan 0000 00:00:00 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  06 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sunday Nov  6 08:49:37 1994",
        "this string is too long to be a valid timestamp",
        "Sun, 06 N\u{f6}v 1994 08:49:37 GMT",
    ];
    for text in wrong {
        assert_eq!(parse(text.as_bytes(), NOW), None, "{text:?}");
    }
}

#[test]
fn two_digit_years_are_at_most_fifty_years_in_the_future() {
    let check = |now: &str, form: &str, expected: &str| {
        let now = parse(now.as_bytes(), 0).unwrap();
        let seconds = parse(form.as_bytes(), now);
        assert_eq!(
            seconds.map(text).as_deref(),
            Some(expected),
            "{form} at {now}"
        );
    };
    // RFC 9110 section 5.6.7: more than 50 years in the future means the past.
    let in_2023 = "Tue, 14 Nov 2023 22:13:20 GMT";
    check(
        in_2023,
        "Monday, 13-Nov-23 22:13:20 GMT",
        "Mon, 13 Nov 2023 22:13:20 GMT",
    );
    check(
        in_2023,
        "Tuesday, 14-Nov-73 22:13:20 GMT",
        "Tue, 14 Nov 2073 22:13:20 GMT",
    );
    check(
        in_2023,
        "Tuesday, 14-Nov-73 22:13:21 GMT",
        "Wed, 14 Nov 1973 22:13:21 GMT",
    );
    check(
        in_2023,
        "Tuesday, 14-Nov-94 22:13:21 GMT",
        "Mon, 14 Nov 1994 22:13:21 GMT",
    );
    check(
        in_2023,
        "Sunday, 01-Jan-00 00:00:00 GMT",
        "Sat, 01 Jan 2000 00:00:00 GMT",
    );
    let in_2095 = "Sat, 01 Jan 2095 00:00:00 GMT";
    check(
        in_2095,
        "Sunday, 01-Jan-05 00:00:00 GMT",
        "Thu, 01 Jan 2105 00:00:00 GMT",
    );
    check(
        in_2095,
        "Sunday, 01-Jan-95 00:00:00 GMT",
        "Sat, 01 Jan 2095 00:00:00 GMT",
    );
    check(
        in_2095,
        "Sunday, 01-Jan-46 00:00:00 GMT",
        "Mon, 01 Jan 2046 00:00:00 GMT",
    );
    // The day must exist in the year that was meant.
    assert_eq!(parse(b"Thursday, 29-Feb-23 00:00:00 GMT", NOW), None);
    assert!(parse(b"Thursday, 29-Feb-24 00:00:00 GMT", NOW).is_some());
    // What was meant has no four-digit year.
    assert_eq!(parse(b"Saturday, 01-Jan-00 00:00:00 GMT", LAST), None);
    assert_eq!(parse(b"Friday, 31-Dec-99 23:59:59 GMT", LAST), Some(LAST));
}

#[test]
fn every_day_follows_the_day_before() {
    let mut before = civil(FIRST);
    for day in 1..=(LAST - FIRST) / 86_400 {
        let today = civil(FIRST + day * 86_400);
        let next_in_month =
            (today.year, today.month, today.day) == (before.year, before.month, before.day + 1);
        let next_month = (today.year, today.month, today.day) == (before.year, before.month + 1, 1);
        let next_year =
            (today.year, today.month, today.day) == (before.year + 1, 1, 1) && before.month == 12;
        assert!(
            next_in_month || next_month || next_year,
            "{before:?} {today:?}"
        );
        assert_eq!(today.weekday, (before.weekday + 1) % 7);
        before = today;
    }
    assert_eq!((before.year, before.month, before.day), (9999, 12, 31));
}

proptest! {
    #[test]
    fn a_written_date_reads_as_the_same_moment(seconds in FIRST..=LAST, now: i64) {
        prop_assert_eq!(parse(&format(seconds), now), Some(seconds));
    }

    #[test]
    fn the_old_forms_read_as_the_same_moment(seconds in NOW - 49 * 31_556_952..NOW + 49 * 31_556_952) {
        let c = civil(seconds);
        let (month, weekday) = (c.month_name(), c.weekday_name());
        let time = format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second);
        let rfc850 = format!("{weekday}, {:02}-{month}-{:02} {time} GMT", c.day, c.year % 100);
        prop_assert_eq!(parse(rfc850.as_bytes(), NOW), Some(seconds));
        let asctime = format!("{} {month} {:>2} {time} {:04}", weekday.get(..3).unwrap(), c.day, c.year);
        prop_assert_eq!(parse(asctime.as_bytes(), NOW), Some(seconds));
    }

    #[test]
    fn nothing_panics(text: Vec<u8>, seconds: i64, now: i64) {
        black_box((parse(&text, now), format(seconds)));
    }
}
