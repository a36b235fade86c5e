//! Parameters, read and written.

use super::*;

const TODAY: i64 = 20_777; // 2026-11-20

fn page(query: &str) -> Result<Wanted, String> {
    Wanted::of_page(Some(query.as_bytes()), TODAY)
}

fn program(query: &str) -> Result<(Wanted, Extras), String> {
    Wanted::of_program(Some(query.as_bytes()), TODAY)
}

#[test]
fn what_is_not_said_is_thirty_days_of_all_sites() {
    assert_eq!(Wanted::of_page(None, TODAY), Ok(Wanted::default()));
    assert_eq!(page("utm_source=x&&=&a"), Ok(Wanted::default()));
    assert_eq!(page("site=*"), Ok(Wanted::default()));
    let (wanted, extras) = program("").unwrap();
    assert_eq!(wanted.period, Period::All);
    assert_eq!((extras.limit, extras.offset, extras.csv), (LIMIT, 0, false));
}

#[test]
fn days_are_counted_back_from_today_and_so_are_those_before() {
    let range = |first, last| Range {
        since: Some(first),
        until: Some(last),
    };
    for (query, period, now, before) in [
        (
            "days=1",
            Period::Days(1),
            range(TODAY, TODAY),
            range(TODAY - 1, TODAY - 1),
        ),
        (
            "days=7",
            Period::Days(7),
            range(TODAY - 6, TODAY),
            range(TODAY - 13, TODAY - 7),
        ),
        (
            "since=2026-11-01&until=2026-11-10",
            Period::Between(20_758, 20_767),
            range(20_758, 20_767),
            range(20_748, 20_757),
        ),
        (
            "since=2026-11-19&until=",
            Period::Between(20_776, TODAY),
            range(20_776, TODAY),
            range(20_774, 20_775),
        ),
    ] {
        let wanted = page(query).unwrap();
        assert_eq!(wanted.period, period, "{query}");
        assert_eq!(wanted.period.range(TODAY), now, "{query}");
        assert_eq!(wanted.period.before(TODAY), Some(before), "{query}");
    }
    assert_eq!(page("days=all").unwrap().period, Period::All);
    assert_eq!(Period::All.range(TODAY), Range::default());
    assert_eq!(Period::All.before(TODAY), None);
}

#[test]
fn what_can_not_be_meant_is_refused_with_a_reason() {
    for (query, reason) in [
        ("days=0", "days is a number from 1 to 3650, or all"),
        ("days=3651", "days is a number from 1 to 3650, or all"),
        (
            "days=99999999999999999999999",
            "days is a number from 1 to 3650, or all",
        ),
        ("days=", "days is a whole number, not \"\""),
        ("days=-1", "days is a whole number, not \"-1\""),
        (
            "days=7&since=2026-11-01",
            "say either days, or since and until",
        ),
        (
            "since=2026-11-31",
            "since is a day such as 2026-11-20, not \"2026-11-31\"",
        ),
        (
            "since=2026-11-20&until=2026-11-19",
            "since is a later day than until",
        ),
        (
            "sort=colour",
            "sort is one of downloads, hits, bytes, aborted, path, last, not \"colour\"",
        ),
        ("page=x", "page is a whole number, not \"x\""),
        ("chart=pie", "chart is downloads or hits"),
    ] {
        assert_eq!(page(query), Err(reason.to_owned()), "{query}");
    }
    for (query, reason) in [
        ("limt=3", "there is no parameter \"limt\""),
        ("page=3", "there is no parameter \"page\""),
        ("limit=0", "limit is a number from 1 to 1000"),
        ("limit=1001", "limit is a number from 1 to 1000"),
        ("unit=week", "unit is hour or day"),
        ("format=xml", "format is json or csv"),
    ] {
        assert_eq!(program(query).unwrap_err(), reason, "{query}");
    }
}

#[test]
fn huge_numbers_mean_a_place_beyond_everything() {
    assert_eq!(page("page=0").unwrap().page, 1);
    assert_eq!(page("page=99999999999999999999999999").unwrap().page, MOST);
    assert_eq!(
        program("offset=18446744073709551616").unwrap().1.offset,
        MOST
    );
}

#[test]
fn a_link_asks_for_what_it_was_made_from() {
    for wanted in [
        Wanted::default(),
        Wanted {
            site: Some(String::new()),
            ..Wanted::default()
        },
        Wanted {
            site: Some("a.example".into()),
            period: Period::Days(7),
            measure: Measure::Hits,
            search: "100% + <b>&=?#\u{e9}".into(),
            sort: Sort::Last,
            page: 7,
            path: b"/a b+c%&\xff\x00.txt".to_vec(),
        },
        Wanted {
            period: Period::Between(20_758, 20_767),
            ..Wanted::default()
        },
        Wanted {
            period: Period::All,
            ..Wanted::default()
        },
    ] {
        let link = wanted.link("/files");
        let query = link.strip_prefix("/files").unwrap();
        let query = query.strip_prefix('?').unwrap_or_default();
        assert_eq!(page(query), Ok(wanted.clone()), "{link}");
        assert!(link.bytes().all(|byte| byte.is_ascii_graphic()), "{link}");
        let link = wanted.program_link("/api", "format=csv");
        let query = link.strip_prefix("/api?").unwrap();
        let (again, extras) = program(query).unwrap();
        let known = Wanted {
            measure: Measure::Downloads,
            page: 1,
            ..wanted
        };
        assert_eq!((again, extras.csv), (known, true), "{link}");
    }
}
