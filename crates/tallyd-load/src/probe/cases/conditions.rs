//! Conditional requests, and the order in which conditions count (RFC 9110 13).

use crate::probe::answer::length;
use crate::probe::case::{Case, Group, Need, Until, advice, get, get_of, head, must, should};
use crate::probe::expect::{Expect, Judged, Miss, first, so};
use crate::probe::ground::Ground;
use crate::probe::wire::Seen;

const G: Group = Group::Conditions;

const NONE_MATCH: &str =
    "if the condition is false, the server MUST respond with 304 to GET and HEAD";
const WEAK: &str = "a recipient MUST use the weak comparison for If-None-Match";
const SINCE: &str = "if the condition is false, the origin server SHOULD generate a 304";
const DATES: &str = "a recipient MUST accept all three formats of a date";
const MATCH: &str = "MUST NOT perform the requested method if the condition is false";
const ORDER: &str = "preconditions MUST be evaluated in this order";
const EVALUATE: &str =
    "MUST evaluate received preconditions; if they hold, the method is performed";

pub(super) static CASES: &[Case] = &[
    must(G, "if-none-match", "9110 13.1.2", NONE_MATCH)
        .needs(&[Need::Etag])
        .sends(&[get!("If-None-Match: {etag}")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-none-match-with-head", "9110 13.1.2", NONE_MATCH)
        .needs(&[Need::Etag])
        .sends(&[head!("If-None-Match: {etag}")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-none-match-star", "9110 13.1.2", NONE_MATCH)
        .sends(&[get!("If-None-Match: *")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-none-match-is-weak", "9110 13.1.2", WEAK)
        .needs(&[Need::Etag])
        .sends(&[get!("If-None-Match: {etag-weak}")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-none-match-list", "9110 13.1.2", NONE_MATCH)
        .needs(&[Need::Etag])
        .sends(&[get!("If-None-Match: \"a\", \"b,c\", {etag}, \"d\"")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-none-match-on-two-lines", "9110 13.1.2",
        "lines of one name are one list; MUST NOT perform the method if the condition is false")
        .needs(&[Need::Etag])
        .sends(&[get!("If-None-Match: \"a\"", "If-None-Match: {etag}")])
        .expects(&[Expect::NoSuccess]),
    must(G, "if-none-match-another", "9110 13.2.1", EVALUATE)
        .sends(&[get!("If-None-Match: \"tallyd-probe\"")])
        .expects(&[Expect::Whole(0)]),
    must(G, "not-modified-has-no-content", "9110 15.4.5",
        "MUST NOT generate what does not match the grammar: a 304 cannot contain content")
        .needs(&[Need::Etag])
        .sends(&[get!("If-None-Match: {etag}", "Connection: close")])
        .until(Until::Closed)
        .expects(&[Expect::OnlyIf(&[304]), Expect::NoContent]),
    must(G, "not-modified-keeps-fields", "9110 15.4.5",
        "a 304 MUST have Content-Location, Date, ETag, Vary, Cache-Control and Expires if the 200 has them")
        .needs(&[Need::Etag])
        .sends(&[get!("If-None-Match: {etag}")])
        .expects(&[Expect::OnlyIf(&[304]), Expect::By(keeps_fields)]),
    should(G, "not-modified-says-no-more", "9110 15.4.5",
        "SHOULD NOT generate other metadata, such as Last-Modified beside ETag")
        .needs(&[Need::Etag])
        .sends(&[get!("If-None-Match: {etag}")])
        .expects(&[
            Expect::OnlyIf(&[304]),
            Expect::HasNot("Content-Type"),
            Expect::HasNot("Content-Encoding"),
            Expect::HasNot("Content-Language"),
            Expect::HasNot("Last-Modified"),
        ]),
    must(G, "not-modified-length-is-that-of-get", "9110 8.6",
        "MUST NOT send Content-Length in a 304 unless it is that of the 200")
        .needs(&[Need::Etag])
        .sends(&[get!("If-None-Match: {etag}")])
        .expects(&[Expect::OnlyIf(&[304]), Expect::By(length_of_get)]),
    should(G, "if-modified-since", "9110 13.1.3", SINCE)
        .needs(&[Need::Modified])
        .sends(&[get!("If-Modified-Since: {modified}")])
        .expects(&[Expect::Status(&[304])]),
    should(G, "if-modified-since-later", "9110 13.1.3",
        "a file that is older than the date is not modified: SHOULD generate a 304")
        .needs(&[Need::OldModified])
        .sends(&[get!("If-Modified-Since: {second-after}")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-modified-since-earlier", "9110 13.2.1", EVALUATE)
        .needs(&[Need::Modified])
        .sends(&[get!("If-Modified-Since: {day-before}")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-modified-since-as-rfc-850", "9110 5.6.7", DATES)
        .needs(&[Need::DateConditions])
        .sends(&[get!("If-Modified-Since: {modified-850}")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-modified-since-as-asctime", "9110 5.6.7", DATES)
        .needs(&[Need::DateConditions])
        .sends(&[get!("If-Modified-Since: {modified-asctime}")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-modified-since-no-date", "9110 13.1.3",
        "MUST ignore If-Modified-Since if its value is not a valid date")
        .sends(&[get!("If-Modified-Since: tomorrow")])
        .expects(&[Expect::Whole(0)]),
    advice(G, "if-modified-since-impossible-date", "9110 13.1.3",
        "the 31st of February matches the grammar and is no date")
        .sends(&[get!("If-Modified-Since: Sun, 31 Feb 2038 08:49:37 GMT")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-none-match-wins-over-since", "9110 13.1.3",
        "MUST ignore If-Modified-Since if the request contains If-None-Match")
        .needs(&[Need::Modified])
        .sends(&[get!("If-None-Match: \"tallyd-probe\"", "If-Modified-Since: {modified}")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-none-match-wins-over-earlier-since", "9110 13.1.3",
        "MUST ignore If-Modified-Since if the request contains If-None-Match")
        .needs(&[Need::Etag, Need::Modified])
        .sends(&[get!("If-None-Match: {etag}", "If-Modified-Since: {day-before}")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-match-another", "9110 13.1.1", MATCH)
        .sends(&[get!("If-Match: \"tallyd-probe\"")])
        .expects(&[Expect::NoSuccess]),
    must(G, "if-match-is-strong", "9110 13.1.1",
        "MUST use the strong comparison for If-Match: a weak ETag matches nothing")
        .needs(&[Need::Etag])
        .sends(&[get!("If-Match: {etag-weak}")])
        .expects(&[Expect::NoSuccess]),
    must(G, "if-match", "9110 13.2.1", EVALUATE)
        .needs(&[Need::StrongEtag])
        .sends(&[get!("If-Match: \"a\", {etag}")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-match-star", "9110 13.2.1", EVALUATE)
        .sends(&[get!("If-Match: *")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-unmodified-since-earlier", "9110 13.1.4", MATCH)
        .needs(&[Need::Modified])
        .sends(&[get!("If-Unmodified-Since: {day-before}")])
        .expects(&[Expect::NoSuccess]),
    must(G, "if-unmodified-since", "9110 13.2.1", EVALUATE)
        .needs(&[Need::Modified])
        .sends(&[get!("If-Unmodified-Since: {modified}")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-unmodified-since-no-date", "9110 13.1.4",
        "MUST ignore If-Unmodified-Since if its value is not a valid date")
        .sends(&[get!("If-Unmodified-Since: yesterday")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-match-wins-over-unmodified-since", "9110 13.1.4",
        "MUST ignore If-Unmodified-Since if the request contains If-Match")
        .needs(&[Need::StrongEtag, Need::Modified])
        .sends(&[get!("If-Match: {etag}", "If-Unmodified-Since: {day-before}")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-match-comes-before-if-none-match", "9110 13.2.2", ORDER)
        .needs(&[Need::Etag])
        .sends(&[get!("If-None-Match: {etag}", "If-Match: \"tallyd-probe\"")])
        .expects(&[Expect::NoSuccess, Expect::NotStatus(304)]),
    must(G, "if-none-match-comes-before-range", "9110 13.2.2", ORDER)
        .needs(&[Need::Etag, Need::Ranges])
        .sends(&[get!("Range: bytes=0-9", "If-None-Match: {etag}")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-none-match-comes-before-416", "9110 13.2.2", ORDER)
        .needs(&[Need::Etag, Need::Ranges])
        .sends(&[get!("Range: bytes={length}-", "If-None-Match: {etag}")])
        .expects(&[Expect::Status(&[304])]),
    must(G, "if-match-comes-before-range", "9110 13.2.2", ORDER)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9", "If-Match: \"tallyd-probe\"")])
        .expects(&[Expect::NoSuccess]),
    must(G, "if-match-of-missing", "9110 13.2.1",
        "MUST ignore preconditions if the response without them would not be 2xx")
        .sends(&[get_of!("{missing}"), get_of!("{missing}", "If-Match: \"tallyd-probe\"")])
        .expects(&[Expect::By(same_error)]),
    must(G, "if-none-match-of-missing", "9110 13.2.1",
        "MUST ignore preconditions if the response without them would not be 2xx")
        .sends(&[get_of!("{missing}"), get_of!("{missing}", "If-None-Match: *")])
        .expects(&[Expect::By(same_error)]),
];

/// Fields that a 206 and a 304 must have if the 200 has them.
pub(super) fn keeps_fields(ground: &Ground, seen: &Seen) -> Judged {
    const KEPT: [&str; 6] = [
        "Date",
        "ETag",
        "Cache-Control",
        "Expires",
        "Content-Location",
        "Vary",
    ];
    let answer = first(seen)?;
    for name in KEPT {
        let was_there = ground.answer.field(name).is_some();
        so(
            !was_there || answer.field(name).is_some(),
            format!("a field {name}, as in the 200"),
        )?;
    }
    Ok(())
}

fn length_of_get(ground: &Ground, seen: &Seen) -> Judged {
    let expected = ground.length();
    match first(seen)?.field("Content-Length") {
        Some(said) if length(said) != u64::try_from(expected).ok() => Err(Miss::Came(
            format!("Content-Length: {expected}, or none"),
            format!("Content-Length: {said}"),
        )),
        _ => Ok(()),
    }
}

fn same_error(_: &Ground, seen: &Seen) -> Judged {
    let statuses: Vec<u16> = seen.answers.iter().map(|answer| answer.status).collect();
    match statuses.as_slice() {
        [plain, _] if (200..300).contains(plain) => {
            Err(Miss::Skip(format!("what is missing gets {plain}")))
        }
        [plain, asked] if plain == asked => Ok(()),
        [plain, asked] => Err(Miss::Came(
            format!("{plain}, as without the condition"),
            asked.to_string(),
        )),
        _ => Err(Miss::Skip(
            "the connection was closed after the first answer".to_owned(),
        )),
    }
}
