//! Conditional requests: the five steps of RFC 9110 section 13.2.2, written as the RFC writes them.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use std::borrow::Cow;
use tallyd_http::condition::{Verdict, evaluate, if_range_holds};
use tallyd_http::etag::{self, Comparison};
use tallyd_http::{Method, Request, Version, date};

const ETAG: &str = "\"5-abc\"";

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    method: u8,
    modified: i64,
    now: i64,
    /// Bytes as tags of a well-formed list.
    tags: [u8; 4],
    /// One line for each field, in the order of [`request`]; a missing line and one that is `-` are no field.
    fields: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let request = request(&input);
    check(&request, input.modified, input.now);
    // The second in which the file changed, where If-Range is most delicate.
    check(&request, input.modified, input.modified);
    for text in [request.if_modified_since, request.if_range]
        .into_iter()
        .flatten()
    {
        // And a file that is exactly as old as the client says.
        if let Some(seconds) = date::parse(text, input.now) {
            check(&request, seconds, input.now);
            check(&request, seconds, seconds.saturating_add(1));
        }
    }
    stars(request, input.modified, input.now);
    well_formed_lists(input.tags);
});

fn request<'a>(input: &Input<'a>) -> Request<'a> {
    let mut lines = input.fields.split(|&byte| byte == b'\n');
    let mut line = || lines.next().filter(|&line| line != b"-");
    let (method, verb): (_, &[u8]) = match input.method % 4 {
        0 => (Method::Get, b"GET"),
        1 => (Method::Head, b"HEAD"),
        2 => (Method::Post, b"POST"),
        _ => (Method::Other, b"PUT"),
    };
    Request {
        method,
        verb,
        target: b"/file",
        path: b"/file",
        query: None,
        version: Version::Http11,
        host: b"localhost",
        accept: None,
        accept_encoding: None,
        range: None,
        if_match: line().map(Cow::Borrowed),
        if_none_match: line().map(Cow::Borrowed),
        if_modified_since: line(),
        if_unmodified_since: line(),
        if_range: line(),
        referer: None,
        user_agent: None,
        forwarded: false,
        internal: None,
    }
}

fn check(request: &Request<'_>, modified: i64, now: i64) {
    let expected = steps_1_to_4(request, modified, now);
    assert_eq!(evaluate(request, ETAG, modified, now), expected);
    let holds = if_range_holds(request, ETAG, modified, now);
    assert_eq!(holds, step_5(request, modified, now));
}

/// RFC 9110 section 13.2.2, for a file that exists.
fn steps_1_to_4(request: &Request<'_>, modified: i64, now: i64) -> Verdict {
    let is_get_or_head = request.method == Method::Get || request.method == Method::Head;
    let since = |text: Option<&[u8]>| text.and_then(|text| date::parse(text, now));
    // 1. When If-Match is present: if false, 412.
    if let Some(list) = &request.if_match {
        if !etag::matches(list, ETAG, Comparison::Strong) {
            return Verdict::Failed;
        }
    // 2. When If-Match is not present and If-Unmodified-Since is: if false, 412.
    } else if since(request.if_unmodified_since).is_some_and(|since| modified > since) {
        return Verdict::Failed;
    }
    // 3. When If-None-Match is present: if false, 304 for GET and HEAD, 412 for others.
    if let Some(list) = &request.if_none_match {
        if etag::matches(list, ETAG, Comparison::Weak) {
            return if is_get_or_head {
                Verdict::NotModified
            } else {
                Verdict::Failed
            };
        }
    // 4. When the method is GET or HEAD, If-None-Match is not present and If-Modified-Since is: if false, 304.
    } else if is_get_or_head
        && since(request.if_modified_since).is_some_and(|since| modified <= since)
    {
        return Verdict::NotModified;
    }
    Verdict::Proceed
}

/// Section 13.1.5: exactly this tag, or exactly this date, once its second is over.
fn step_5(request: &Request<'_>, modified: i64, now: i64) -> bool {
    match request.if_range {
        None => true,
        Some(validator) if validator == ETAG.as_bytes() => true,
        Some(validator) => date::parse(validator, now) == Some(modified) && now > modified,
    }
}

/// `*` is every version.
fn stars(mut request: Request<'_>, modified: i64, now: i64) {
    request.if_none_match = Some(Cow::Borrowed(b"*"));
    request.if_match = None;
    request.if_unmodified_since = None;
    let expected = match request.method {
        Method::Get | Method::Head => Verdict::NotModified,
        _ => Verdict::Failed,
    };
    assert_eq!(evaluate(&request, ETAG, modified, now), expected);
    request.if_none_match = None;
    request.if_modified_since = None;
    request.if_match = Some(Cow::Borrowed(b"*"));
    assert_eq!(evaluate(&request, ETAG, modified, now), Verdict::Proceed);
}

/// Whatever else is in a list, our tag is found where it is, and only there.
fn well_formed_lists(picks: [u8; 4]) {
    const OURS: &str = ETAG;
    const OURS_WEAK: &str = "W/\"5-abc\"";
    const TAGS: [&str; 8] = [
        OURS,
        OURS_WEAK,
        "\"\"",
        "\"other\"",
        "W/\"other\"",
        "\",\"",
        "\"W/\"",
        "\"5-abc, *\"",
    ];
    const COMMAS: [&str; 4] = [",", ", ", " ,\t", " , ,, "];
    let tags = picks.map(|pick| TAGS[usize::from(pick % 8)]);
    let mut list = String::new();
    for (tag, pick) in tags.iter().zip(picks) {
        list.push_str(tag);
        list.push_str(COMMAS[usize::from(pick / 8 % 4)]);
    }
    let is_strong = tags.contains(&OURS);
    let is_weak = is_strong || tags.contains(&OURS_WEAK);
    let matches = |comparison| etag::matches(list.as_bytes(), ETAG, comparison);
    assert_eq!(matches(Comparison::Strong), is_strong, "{list}");
    assert_eq!(matches(Comparison::Weak), is_weak, "{list}");
}
