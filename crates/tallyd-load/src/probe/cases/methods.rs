//! Methods: HEAD is GET without content, and what is not known is refused in the right words.

use crate::probe::answer::length;
use crate::probe::case::{Case, Group, Need, Part, Until, advice, get, head, must, should};
use crate::probe::expect::{Expect, Judged, Miss, first, so};
use crate::probe::ground::Ground;
use crate::probe::wire::Seen;

const G: Group = Group::Methods;

pub(super) static CASES: &[Case] = &[
    must(G, "head-is-known", "9110 9.1", "all general-purpose servers MUST support GET and HEAD")
        .sends(&[head!()])
        .expects(&[Expect::Status(&[200])]),
    must(G, "head-has-no-content", "9110 9.3.2",
        "the server MUST NOT send content in the response to HEAD")
        .sends(&[head!("Connection: close")])
        .until(Until::Closed)
        .expects(&[Expect::NoContent]),
    must(G, "head-of-missing-has-no-content", "9110 9.3.2",
        "the server MUST NOT send content, with an error neither")
        .sends(&[Part::Ask("HEAD {missing} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")])
        .until(Until::Closed)
        .expects(&[Expect::NoContent]),
    should(G, "head-has-the-fields-of-get", "9110 9.3.2",
        "the server SHOULD send the same header fields as for GET")
        .sends(&[head!()])
        .expects(&[Expect::By(same_fields)]),
    must(G, "head-length-is-that-of-get", "9110 8.6",
        "MUST NOT send Content-Length unless it is what GET would have sent")
        .sends(&[head!()])
        .expects(&[Expect::OnlyIf(&[200]), Expect::OnlyWith("Content-Length"), Expect::By(same_length)]),
    should(G, "unknown-method-is-501", "9110 9.1", "a method that is not recognized SHOULD get 501")
        .sends(&[Part::Ask("TALLYDPROBE {file} HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::Status(&[501])]),
    should(G, "methods-are-case-sensitive", "9110 9.1",
        "the method token is case-sensitive: get is not recognized, and SHOULD get 501")
        .sends(&[Part::Ask("get {file} HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::Refused]),
    must(G, "post-405-has-allow", "9110 15.5.6",
        "the origin server MUST generate an Allow field in a 405 response")
        .sends(&[Part::Ask("POST {file} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n")])
        .expects(&[Expect::OnlyIf(&[405]), Expect::Has("Allow")]),
    must(G, "delete-405-has-allow", "9110 15.5.6",
        "the origin server MUST generate an Allow field in a 405 response")
        .sends(&[Part::Ask("DELETE {missing} HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::OnlyIf(&[405]), Expect::Has("Allow")]),
    must(G, "unknown-405-has-allow", "9110 15.5.6",
        "the origin server MUST generate an Allow field in a 405 response")
        .sends(&[Part::Ask("TALLYDPROBE {file} HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::OnlyIf(&[405]), Expect::Has("Allow")]),
    should(G, "options-says-allow", "9110 9.3.7",
        "a successful response to OPTIONS SHOULD have fields such as Allow")
        .sends(&[Part::Ask("OPTIONS {file} HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::OnlyIf(&[200, 204]), Expect::Has("Allow")]),
    advice(G, "options-star-is-understood", "9112 3.2.4",
        "* is the target of OPTIONS for the server as a whole: no 400, no 404")
        .sends(&[Part::Ask("OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::NotStatus(400), Expect::NotStatus(404)]),
    should(G, "trace-keeps-secrets", "9110 9.3.8",
        "the recipient of TRACE SHOULD exclude fields that are likely to be sensitive")
        .sends(&[Part::Ask("TRACE {file} HTTP/1.1\r\nHost: {host}\r\nCookie: s=tallyd-secret\r\nAuthorization: Basic tallyd-secret\r\n\r\n")])
        .expects(&[Expect::By(keeps_secrets)]),
    advice(G, "trace-is-refused", "9110 9.3.8", "a server of files has no use for TRACE")
        .sends(&[Part::Ask("TRACE {file} HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::Refused]),
    must(G, "connect-without-a-port-is-refused", "9110 9.3.6",
        "a server MUST reject a CONNECT request that targets an empty port")
        .sends(&[Part::Ask("CONNECT {hostname}: HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .until(Until::Silent)
        .expects(&[Expect::Refused]),
    must(G, "content-of-get-is-no-request", "9112 9.3",
        "a server MUST read the entire request body, of GET too, or close the connection")
        .needs(&[Need::Version11])
        .sends(&[Part::AskMade(get_with_hidden), get!()])
        .until(Until::Silent)
        .expects(&[Expect::By(super::framing::goes_on)]),
];

fn get_with_hidden() -> String {
    let length = super::framing::HIDDEN.len();
    let head = "GET {file} HTTP/1.1\r\nHost: {host}\r\nContent-Length: ";
    format!("{head}{length}\r\n\r\n{}", super::framing::HIDDEN)
}

/// Fields that say what the file is. Others may depend on the content being made, which RFC 9110 9.3.2 allows.
const OF_FILE: [&str; 9] = [
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "ETag",
    "Last-Modified",
    "Vary",
    "Cache-Control",
    "Expires",
    "Accept-Ranges",
];

fn same_fields(ground: &Ground, seen: &Seen) -> Judged {
    let answer = first(seen)?;
    let lost = |name: &&&str| ground.answer.field(name).is_some() && answer.field(name).is_none();
    match OF_FILE.iter().find(lost) {
        None => Ok(()),
        Some(name) => Err(Miss::Expected(format!("a field {name}, as for GET"))),
    }
}

fn same_length(ground: &Ground, seen: &Seen) -> Judged {
    let said = first(seen)?.field("Content-Length").unwrap_or_default();
    let expected = ground.length();
    let is_same = length(said) == u64::try_from(expected).ok();
    let came = format!("Content-Length: {said}");
    match is_same {
        true => Ok(()),
        false => Err(Miss::Came(format!("Content-Length: {expected}"), came)),
    }
}

fn keeps_secrets(_: &Ground, seen: &Seen) -> Judged {
    let body = String::from_utf8_lossy(&first(seen)?.body);
    so(
        !body.contains("tallyd-secret"),
        "an answer without the values of Cookie and Authorization",
    )
}
