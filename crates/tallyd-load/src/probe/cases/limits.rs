//! How much is taken: enough for everybody, and not without end. Nothing here waits for a server's timeout.

use crate::probe::case::{Case, Group, Part, Until, advice, get, must, should};
use crate::probe::expect::{Expect, Judged, Miss, first, so};
use crate::probe::ground::Ground;
use crate::probe::wire::Seen;

const G: Group = Group::Limits;

pub(super) static CASES: &[Case] = &[
    should(
        G,
        "line-of-8000-octets",
        "9112 3",
        "RECOMMENDED to support request-lines of 8000 octets at a minimum",
    )
    .sends(&[Part::AskMade(line_of_8000)])
    .expects(&[Expect::Whole(0)]),
    must(
        G,
        "target-too-long-is-414",
        "9112 3",
        "a request-target that is longer than the server wishes to parse MUST get 414",
    )
    .sends(&[Part::AskMade(target_of_40_kib)])
    .until(Until::Silent)
    .expects(&[Expect::By(taken_or_414)]),
    must(
        G,
        "field-too-long-is-4xx",
        "9110 5.4",
        "a field that is larger than the server wishes to process MUST get a 4xx",
    )
    .sends(&[Part::AskMade(field_of_40_kib)])
    .until(Until::Silent)
    .expects(&[Expect::By(taken_or_4xx)]),
    must(
        G,
        "fields-too-many-are-4xx",
        "9110 5.4",
        "a set of fields that is larger than the server wishes to process MUST get a 4xx",
    )
    .sends(&[Part::AskMade(fields_of_40_kib)])
    .until(Until::Silent)
    .expects(&[Expect::By(taken_or_4xx)]),
    advice(
        G,
        "field-of-4000-octets",
        "6265 6.1",
        "a cookie of 4096 bytes is what clients may have",
    )
    .sends(&[Part::AskMade(field_of_4000)])
    .expects(&[Expect::Whole(0)]),
    advice(G, "target-of-1-mib", "9110 17.5", "no target without end")
        .sends(&[Part::AskMade(target_of_1_mib)])
        .until(Until::Silent)
        .expects(&[Expect::Refused]),
    advice(G, "field-of-1-mib", "9110 17.5", "no field without end")
        .sends(&[Part::AskMade(field_of_1_mib)])
        .until(Until::Silent)
        .expects(&[Expect::Refused]),
    advice(G, "fields-of-1-mib", "9110 17.5", "no head without end")
        .sends(&[Part::AskMade(fields_of_1_mib)])
        .until(Until::Silent)
        .expects(&[Expect::Refused]),
    advice(
        G,
        "fields-in-great-number",
        "9110 17.5",
        "10,000 fields are refused: each costs time and memory",
    )
    .sends(&[Part::AskMade(ten_thousand_fields)])
    .until(Until::Silent)
    .expects(&[Expect::Refused]),
    advice(
        G,
        "chunk-extension-of-1-mib",
        "9112 7.1.1",
        "a recipient ought to limit the total length of chunk extensions",
    )
    .sends(&[
        get!("Transfer-Encoding: chunked"),
        Part::BytesMade(long_extension),
        get!(),
    ])
    .until(Until::Silent)
    .expects(&[Expect::Alone]),
    advice(G, "trailer-of-1-mib", "9110 17.5", "no trailer without end")
        .sends(&[
            get!("Transfer-Encoding: chunked"),
            Part::BytesMade(long_trailer),
            get!(),
        ])
        .until(Until::Silent)
        .expects(&[Expect::Alone]),
];

const LINE: &str = "GET {file}{and}";
const HEAD: &str = "GET {file} HTTP/1.1\r\nHost: {host}\r\n";

/// The line is a little shorter than 8000 where the name of the file is short, and never longer.
fn line_of_8000() -> String {
    with_target(7700)
}

fn target_of_40_kib() -> String {
    with_target(40 << 10)
}

fn target_of_1_mib() -> String {
    with_target(1 << 20)
}

fn with_target(length: usize) -> String {
    format!(
        "{LINE}{} HTTP/1.1\r\nHost: {{host}}\r\n\r\n",
        "x".repeat(length)
    )
}

fn field_of_4000() -> String {
    with_field(4000)
}

fn field_of_40_kib() -> String {
    with_field(40 << 10)
}

fn field_of_1_mib() -> String {
    with_field(1 << 20)
}

fn with_field(length: usize) -> String {
    format!("{HEAD}Cookie: a={}\r\n\r\n", "x".repeat(length))
}

fn fields_of_40_kib() -> String {
    with_fields(40, 1 << 10)
}

fn fields_of_1_mib() -> String {
    with_fields(1 << 10, 1 << 10)
}

fn ten_thousand_fields() -> String {
    with_fields(10_000, 1)
}

fn with_fields(count: usize, length: usize) -> String {
    let value = "x".repeat(length);
    let fields: String = (0..count)
        .map(|number| format!("X-Probe-{number}: {value}\r\n"))
        .collect();
    format!("{HEAD}{fields}\r\n")
}

fn long_extension() -> String {
    format!("5;a={}\r\nhello\r\n0\r\n\r\n", "x".repeat(1 << 20))
}

fn long_trailer() -> String {
    format!("0\r\nX-Probe: {}\r\n\r\n", "x".repeat(1 << 20))
}

fn taken_or_414(ground: &Ground, seen: &Seen) -> Judged {
    refused_as(ground, seen, "414", |status| status == 414)
}

fn taken_or_4xx(ground: &Ground, seen: &Seen) -> Judged {
    refused_as(ground, seen, "4xx", |status| (400..500).contains(&status))
}

/// The file, or the right refusal.
fn refused_as(ground: &Ground, seen: &Seen, word: &str, is_right: fn(u16) -> bool) -> Judged {
    let expected = format!("{word}, or the file");
    match first(seen) {
        Ok(answer) if answer.status == 200 => Expect::Whole(0).judge(ground, seen),
        Ok(answer) => so(is_right(answer.status), expected),
        Err(_) => Err(Miss::Expected(expected)),
    }
}
