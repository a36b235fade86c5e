//! Fields and statuses of answers: what has to be there, and how it is written.

use crate::probe::case::{Case, Group, Need, Part, advice, get, get_of, head, must, should};
use crate::probe::date;
use crate::probe::expect::{Expect, Judged, Miss, first, so};
use crate::probe::ground::{Ground, is_etag};
use crate::probe::wire::Seen;

const G: Group = Group::Fields;

const DATE: &str =
    "an origin server with a clock MUST generate Date in all 2xx, 3xx and 4xx responses";
const CLEAN: &str = "a sender MUST NOT generate what does not match the grammar";

pub(super) static CASES: &[Case] = &[
    must(G, "date-with-200", "9110 6.6.1", DATE)
        .sends(&[get!()])
        .expects(&[Expect::Has("Date")]),
    must(G, "date-with-206", "9110 6.6.1", DATE)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9")])
        .expects(&[Expect::Has("Date")]),
    must(G, "date-with-304", "9110 6.6.1", DATE)
        .needs(&[Need::Etag])
        .sends(&[get!("If-None-Match: {etag}")])
        .expects(&[Expect::OnlyIf(&[304]), Expect::Has("Date")]),
    must(G, "date-with-404", "9110 6.6.1", DATE)
        .sends(&[get_of!("{missing}")])
        .expects(&[Expect::OnlyIf(&[404]), Expect::Has("Date")]),
    must(G, "date-with-400", "9110 6.6.1", DATE)
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nConnection: close\r\n\r\n")])
        .expects(&[Expect::OnlyIf(&[400]), Expect::Has("Date")]),
    must(G, "date-with-416", "9110 6.6.1", DATE)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes={length}-")])
        .expects(&[Expect::OnlyIf(&[416]), Expect::Has("Date")]),
    must(G, "date-with-a-redirect", "9110 6.6.1", DATE)
        .needs(&[Need::Folder])
        .sends(&[get_of!("{folder-bare}")])
        .expects(&[Expect::OnlyIf(&[301, 302, 303, 307, 308]), Expect::Has("Date")]),
    must(G, "dates-are-imf-fixdate", "9110 5.6.7",
        "the sender MUST generate timestamps in the IMF-fixdate format")
        .sends(&[get!()])
        .expects(&[Expect::By(dates)]),
    should(G, "date-is-the-time", "9110 6.6.1",
        "Date SHOULD be the best approximation of the time: within an hour of here")
        .sends(&[get!()])
        .expects(&[Expect::OnlyWith("Date"), Expect::By(is_now)]),
    should(G, "last-modified-is-sent", "9110 8.8.2.1",
        "an origin server SHOULD send Last-Modified for what has such a date")
        .sends(&[get!()])
        .expects(&[Expect::Has("Last-Modified")]),
    must(G, "last-modified-is-not-ahead", "9110 8.8.2.1",
        "MUST NOT generate a Last-Modified that is later than the message")
        .needs(&[Need::Modified])
        .sends(&[get!()])
        .expects(&[Expect::OnlyWith("Date"), Expect::By(is_not_ahead)]),
    should(G, "etag-is-sent", "9110 8.8.3.1",
        "an origin server SHOULD send an ETag where changes can be detected")
        .sends(&[get!()])
        .expects(&[Expect::Has("ETag")]),
    must(G, "etag-is-one", "9110 8.8.3",
        "MUST NOT generate what does not match the grammar: quotes, and W/ in front of weak ones")
        .sends(&[get!()])
        .expects(&[Expect::OnlyWith("ETag"), Expect::By(etag_is_one)]),
    advice(G, "etag-stays", "9110 8.8.1", "a validator changes only when the representation does")
        .needs(&[Need::Etag])
        .sends(&[get!()])
        .expects(&[Expect::Is("ETag", "{etag}")]),
    should(G, "type-is-sent", "9110 8.3",
        "a sender SHOULD generate Content-Type unless the type is unknown to it")
        .sends(&[get!()])
        .expects(&[Expect::Has("Content-Type")]),
    must(G, "type-is-one", "9110 8.3.1",
        "MUST NOT generate what does not match the grammar: type/subtype")
        .sends(&[get!()])
        .expects(&[Expect::OnlyWith("Content-Type"), Expect::By(type_is_one)]),
    must(G, "head-of-200-is-clean", "9112 5", CLEAN)
        .sends(&[get!()])
        .expects(&[Expect::By(is_clean)]),
    must(G, "head-of-404-is-clean", "9112 5", CLEAN)
        .sends(&[get_of!("{missing}")])
        .expects(&[Expect::By(is_clean)]),
    must(G, "head-of-400-is-clean", "9112 4", CLEAN)
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nConnection: close\r\n\r\n")])
        .expects(&[Expect::By(is_clean)]),
    must(G, "head-of-a-directory-is-clean", "9112 5", CLEAN)
        .sends(&[get_of!("{folder}")])
        .expects(&[Expect::By(is_clean)]),
    should(G, "version-for-1-0-is-the-highest", "9110 2.5",
        "the version SHOULD be the highest one that the server conforms to within the major one asked in")
        .needs(&[Need::Version11])
        .sends(&[Part::Ask("GET {file} HTTP/1.0\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::By(version_is_1_1)]),
    advice(G, "missing-is-404", "9110 15.5.5",
        "404 says that there is no such file; 410 that it is gone")
        .sends(&[get_of!("{missing}")])
        .expects(&[Expect::Status(&[404, 410])]),
    should(G, "errors-explain-themselves", "9110 15.5",
        "with an error the server SHOULD send an explanation as content")
        .sends(&[get_of!("{missing}")])
        .expects(&[Expect::OnlyIf(&[404, 410, 403]), Expect::By(has_content)]),
    should(G, "redirect-says-where", "9110 15.4", "the server SHOULD generate a Location field")
        .needs(&[Need::Folder])
        .sends(&[get_of!("{folder-bare}")])
        .expects(&[Expect::OnlyIf(&[301, 302, 303, 307, 308]), Expect::Has("Location")]),
    advice(G, "redirect-keeps-the-query", "9110 10.2.2",
        "who is sent to the slash behind a directory keeps the query")
        .needs(&[Need::Folder])
        .sends(&[get_of!("{folder-bare}?tallyd=probe")])
        .expects(&[Expect::OnlyIf(&[301, 302, 303, 307, 308]), Expect::By(keeps_query)]),
    advice(G, "server-hides-its-version", "9110 10.2.4",
        "an exact version makes it easier to find known holes")
        .sends(&[get!()])
        .expects(&[Expect::OnlyWith("Server"), Expect::By(hides_version)]),
    advice(G, "no-age", "9111 5.1",
        "Age says that an answer was not generated by the origin server")
        .sends(&[get!()])
        .expects(&[Expect::HasNot("Age")]),
    must(G, "head-dates-are-imf-fixdate", "9110 5.6.7",
        "the sender MUST generate timestamps in the IMF-fixdate format, for HEAD too")
        .sends(&[head!()])
        .expects(&[Expect::By(dates)]),
];

fn dates(_: &Ground, seen: &Seen) -> Judged {
    let answer = first(seen)?;
    for name in ["Date", "Last-Modified", "Expires"] {
        for value in answer.all(name) {
            if date::read(value).is_none() {
                let expected = format!("{name} as Sun, 06 Nov 1994 08:49:37 GMT");
                return Err(Miss::Came(expected, format!("{name}: {value}")));
            }
        }
    }
    Ok(())
}

fn is_now(_: &Ground, seen: &Seen) -> Judged {
    let said = first(seen)?.field("Date").unwrap_or_default();
    let here = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let here = here.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    match date::read(said) {
        Some(there) if (there - here).abs() <= 3600 => Ok(()),
        _ => Err(Miss::Came(
            format!("a Date of about {}", date::imf(here)),
            format!("Date: {said}"),
        )),
    }
}

fn is_not_ahead(_: &Ground, seen: &Seen) -> Judged {
    let answer = first(seen)?;
    let time = |name| answer.field(name).and_then(date::read);
    let (Some(modified), Some(now)) = (time("Last-Modified"), time("Date")) else {
        return Err(Miss::Skip("a date is missing, or is none".to_owned()));
    };
    so(
        modified <= now,
        "a Last-Modified that is not later than Date",
    )
}

fn etag_is_one(_: &Ground, seen: &Seen) -> Judged {
    let etag = first(seen)?.field("ETag").unwrap_or_default();
    match is_etag(etag) {
        true => Ok(()),
        false => Err(Miss::Came(
            "ETag: \"...\"".to_owned(),
            format!("ETag: {etag}"),
        )),
    }
}

fn type_is_one(_: &Ground, seen: &Seen) -> Judged {
    let value = first(seen)?.field("Content-Type").unwrap_or_default();
    let media = value.split(';').next().unwrap_or_default().trim_end();
    let is_word = |word: &str| {
        let is_letter =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !word.is_empty() && word.bytes().all(is_letter)
    };
    match media.split_once('/') {
        Some((kind, form)) if is_word(kind) && is_word(form) => Ok(()),
        _ => Err(Miss::Came(
            "TYPE/SUBTYPE".to_owned(),
            format!("Content-Type: {value}"),
        )),
    }
}

fn is_clean(_: &Ground, seen: &Seen) -> Judged {
    match first(seen)?.oddities.first() {
        None => Ok(()),
        Some(oddity) => Err(Miss::Came(
            "a head as the grammar has it".to_owned(),
            (*oddity).to_owned(),
        )),
    }
}

fn version_is_1_1(_: &Ground, seen: &Seen) -> Judged {
    match first(seen)?.minor {
        0 => Err(Miss::Came(
            "HTTP/1.1 in the status line".to_owned(),
            "HTTP/1.0".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn has_content(_: &Ground, seen: &Seen) -> Judged {
    so(!first(seen)?.body.is_empty(), "some content with the error")
}

fn keeps_query(_: &Ground, seen: &Seen) -> Judged {
    let place = first(seen)?.field("Location").unwrap_or_default();
    match place.ends_with("?tallyd=probe") {
        true => Ok(()),
        false => Err(Miss::Came(
            "a Location with the query".to_owned(),
            format!("Location: {place}"),
        )),
    }
}

/// A name with a number of two parts behind it.
fn hides_version(_: &Ground, seen: &Seen) -> Judged {
    let server = first(seen)?.field("Server").unwrap_or_default();
    let is_exact = |word: &str| {
        let version = word.split('/').nth(1).unwrap_or_default();
        version.starts_with(|first: char| first.is_ascii_digit()) && version.contains('.')
    };
    match server.split(' ').any(is_exact) {
        false => Ok(()),
        true => Err(Miss::Came(
            "a Server without a version".to_owned(),
            format!("Server: {server}"),
        )),
    }
}
