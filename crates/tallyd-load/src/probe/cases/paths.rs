//! Paths and their escapes (RFC 3986), and what must not be reached through them.

use crate::probe::case::{Case, Group, Need, advice, get_of, should};
use crate::probe::expect::{Expect, Judged, Miss, first, so};
use crate::probe::ground::Ground;
use crate::probe::wire::Seen;

const G: Group = Group::Paths;

const SAME: &str = "a free letter and its escape are equivalent: they identify the same resource";
const ROOT: &str = "no path leads out of what is served";
const LINE: &str = "recipients of an invalid request-line SHOULD respond with 400 or 301";
const REDIRECTS: &[u16] = &[301, 302, 303, 307, 308];

/// Nothing of the system, whatever else.
const INSIDE: &[Expect] = &[Expect::By(is_inside)];

pub(super) static CASES: &[Case] = &[
    advice(G, "escaped-letter", "3986 2.3", SAME)
        .needs(&[Need::Letter])
        .sends(&[get_of!("{escaped}")])
        .expects(&[Expect::Whole(0)]),
    advice(G, "escape-in-capitals", "3986 2.1", "A to F are equivalent to a to f in an escape")
        .needs(&[Need::HexLetter])
        .sends(&[get_of!("{escaped-upper}")])
        .expects(&[Expect::Whole(0)]),
    advice(G, "escape-in-small-letters", "3986 2.1", "A to F are equivalent to a to f in an escape")
        .needs(&[Need::HexLetter])
        .sends(&[get_of!("{escaped-lower}")])
        .expects(&[Expect::Whole(0)]),
    advice(G, "escaped-twice-is-another", "3986 2.4", "what is decoded is not decoded again")
        .needs(&[Need::Letter])
        .sends(&[get_of!("{escaped-twice}")])
        .expects(&[Expect::By(is_another)]),
    should(G, "escape-without-digits", "9112 3.2", LINE)
        .sends(&[get_of!("{missing}%zz")])
        .expects(&[Expect::Status(&[400, 301])]),
    should(G, "escape-cut-off", "9112 3.2", LINE)
        .sends(&[get_of!("{missing}%4")])
        .expects(&[Expect::Status(&[400, 301])]),
    advice(G, "escaped-nul-ends-nothing", "3986 7.3", "%00 must not cut off the rest of a path")
        .sends(&[get_of!("{path}%00.txt")])
        .expects(&[Expect::By(is_another)]),
    advice(G, "escaped-question-mark-is-no-query", "3986 2.2",
        "a reserved character and its escape are not equivalent")
        .sends(&[get_of!("{path}%3Fx=1")])
        .expects(&[Expect::By(is_another)]),
    advice(G, "escaped-hash-is-no-fragment", "3986 2.2",
        "a reserved character and its escape are not equivalent")
        .sends(&[get_of!("{path}%23part")])
        .expects(&[Expect::By(is_another)]),
    advice(G, "slash-behind-a-file", "3986 6.2.3",
        "a file with a slash behind it is another resource: its relative links would lead astray")
        .sends(&[get_of!("{path}/")])
        .expects(&[Expect::By(is_another)]),
    advice(G, "query-of-a-file", "3986 3.4", "a file is the same whatever is in the query")
        .sends(&[get_of!("{file}{and}tallyd-probe=1")])
        .expects(&[Expect::Whole(0)]),
    advice(G, "dot-segments", "3986 5.2.4", "dot segments are removed, or refused")
        .sends(&[get_of!("{folder}./tallyd-probe/..{path}")])
        .expects(&[Expect::By(same_or_refused)]),
    advice(G, "dots-above-the-root", "9110 17.3", ROOT)
        .sends(&[get_of!("/../../../../../../../../etc/passwd")])
        .expects(INSIDE),
    advice(G, "dots-above-the-root-behind-a-directory", "9110 17.3", ROOT)
        .sends(&[get_of!("{folder}../../../../../../../../etc/passwd")])
        .expects(INSIDE),
    advice(G, "dots-escaped", "9110 17.3", ROOT)
        .sends(&[get_of!("/%2e%2e/%2E%2E/%2e./.%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd")])
        .expects(INSIDE),
    advice(G, "dots-with-escaped-slashes", "9110 17.3", ROOT)
        .sends(&[get_of!("/..%2f..%2F..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd")])
        .expects(INSIDE),
    advice(G, "dots-escaped-twice", "9110 17.3", ROOT)
        .sends(&[get_of!("/%252e%252e/%252e%252e/%252e%252e/%252e%252e/%252e%252e/%252e%252e/etc/passwd")])
        .expects(INSIDE),
    advice(G, "dots-with-backslashes", "9110 17.3", ROOT)
        .sends(&[get_of!("/..\\..\\..\\..\\..\\..\\..\\..\\windows\\win.ini")])
        .expects(INSIDE),
    advice(G, "dots-with-escaped-backslashes", "9110 17.3", ROOT)
        .sends(&[get_of!("/..%5c..%5c..%5c..%5c..%5c..%5c..%5c..%5cwindows%5cwin.ini")])
        .expects(INSIDE),
    advice(G, "dots-in-overlong-utf-8", "9110 17.3", ROOT)
        .sends(&[get_of!("/%c0%ae%c0%ae/%c0%ae%c0%ae/%c0%ae%c0%ae/%c0%ae%c0%ae/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd")])
        .expects(INSIDE),
    advice(G, "slashes-in-overlong-utf-8", "9110 17.3", ROOT)
        .sends(&[get_of!("/..%c0%af..%c0%af..%c0%af..%c0%af..%c0%af..%c0%af..%c0%afetc/passwd")])
        .expects(INSIDE),
    advice(G, "two-slashes-in-front", "9110 17.3", ROOT)
        .sends(&[get_of!("//etc/passwd")])
        .expects(INSIDE),
    advice(G, "absolute-form-above-the-root", "9110 17.3", ROOT)
        .sends(&[get_of!("http://{host}/../../../../../../../../etc/passwd")])
        .expects(INSIDE),
    advice(G, "redirect-stays-here", "3986 4.2",
        "a Location that begins with two slashes leads to another host")
        .needs(&[Need::Folder])
        .sends(&[get_of!("/{folder-bare}")])
        .expects(&[Expect::OnlyIf(REDIRECTS), Expect::By(stays_here)]),
    advice(G, "redirect-has-no-field-from-the-path", "9110 5.5",
        "an escaped line end in a path makes no field of the answer")
        .needs(&[Need::Folder])
        .sends(&[get_of!("{folder-bare}%0d%0aX-Tallyd-Probe:%20a")])
        .expects(&[Expect::HasNot("X-Tallyd-Probe")]),
    advice(G, "redirect-has-no-field-from-the-query", "9110 5.5",
        "an escaped line end in a query makes no field of the answer")
        .needs(&[Need::Folder])
        .sends(&[get_of!("{folder-bare}?%0d%0aX-Tallyd-Probe:%20a")])
        .expects(&[Expect::HasNot("X-Tallyd-Probe")]),
];

/// Not the file itself.
fn is_another(ground: &Ground, seen: &Seen) -> Judged {
    if seen.answers.is_empty() && seen.fault.is_none() {
        return Expect::Refused.judge(ground, seen);
    }
    let answer = first(seen)?;
    let is_same = answer.status == 200 && answer.body == ground.answer.body;
    so(!is_same, "not the file itself")
}

fn same_or_refused(ground: &Ground, seen: &Seen) -> Judged {
    match first(seen)?.status {
        200 => Expect::Whole(0).judge(ground, seen),
        _ => Ok(()),
    }
}

/// The first words of what these files have on every system.
fn is_inside(ground: &Ground, seen: &Seen) -> Judged {
    if seen.answers.is_empty() && seen.fault.is_none() {
        return Expect::Refused.judge(ground, seen);
    }
    let body = String::from_utf8_lossy(&first(seen)?.body);
    let is_outside = body.contains("root:") && body.contains(":0:0:")
        || body.contains("; for 16-bit app support");
    so(!is_outside, "no file of the system")
}

fn stays_here(_: &Ground, seen: &Seen) -> Judged {
    let place = first(seen)?.field("Location").unwrap_or_default();
    let leads_away = |start: &str| place.starts_with(start);
    match ["//", "/\\", "\\"].into_iter().any(leads_away) {
        false => Ok(()),
        true => Err(Miss::Came(
            "a Location on this host".to_owned(),
            format!("Location: {place}"),
        )),
    }
}
