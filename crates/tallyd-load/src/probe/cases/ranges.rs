//! Range and If-Range. A server may ignore Range; what it calls a part has to be one.

use crate::probe::case::{Case, Group, Need, Part, advice, get, get_of, must, should};
use crate::probe::expect::{Expect, Judged, Miss, first, so};
use crate::probe::ground::Ground;
use crate::probe::parts;
use crate::probe::wire::Seen;

const G: Group = Group::Ranges;

const PART: &str =
    "a 206 MUST have a Content-Range that describes the enclosed range, and that range as content";
const PARTS: &str =
    "each part MUST have a Content-Range that corresponds to the range enclosed in it";
const SERVED: &str = "with a satisfiable range the server SHOULD send 206";
const BEYOND: &str = "with a range that is not satisfiable the server SHOULD send 416";
const IF_RANGE: &str = "a recipient MUST ignore Range if the If-Range condition is false";

pub(super) static CASES: &[Case] = &[
    must(G, "range-of-ten", "9110 15.3.7.1", PART)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9")])
        .expects(&[Expect::By(parts::first_ten)]),
    must(G, "range-of-one", "9110 15.3.7.1", PART)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-0")])
        .expects(&[Expect::By(parts::first_one)]),
    must(G, "range-in-the-middle", "9110 15.3.7.1", PART)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=100-149")])
        .expects(&[Expect::By(parts::middle)]),
    must(G, "range-without-an-end", "9110 14.1.2", PART)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=150-")])
        .expects(&[Expect::By(parts::from_150)]),
    must(G, "range-of-the-last", "9110 15.3.7.1", PART)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes={last}-{last}")])
        .expects(&[Expect::By(parts::last_one)]),
    must(G, "range-suffix", "9110 14.1.2", PART)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=-10")])
        .expects(&[Expect::By(parts::last_ten)]),
    must(G, "range-suffix-longer-than-the-file", "9110 14.1.2",
        "the content MUST be the range that Content-Range names; a longer suffix means the entire representation")
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=-{longer}")])
        .expects(&[Expect::By(parts::everything)]),
    must(G, "range-end-behind-the-end", "9110 14.1.2",
        "the content MUST be the range that Content-Range names; a last position behind the end means the remainder")
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=150-{longer}")])
        .expects(&[Expect::By(parts::from_150)]),
    must(G, "range-end-over-64-bits", "9110 14.1.2",
        "recipients MUST prevent parsing errors due to integer conversion overflows")
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=150-18446744073709551775")])
        .expects(&[Expect::By(parts::from_150)]),
    should(G, "range-names-the-length", "9110 14.4",
        "a sender SHOULD indicate the complete length in Content-Range, unless it is unknown")
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9")])
        .expects(&[Expect::OnlyIf(&[206]), Expect::By(parts::names_the_length)]),
    must(G, "range-is-not-multipart", "9110 15.3.7.2",
        "MUST NOT generate a multipart response to a request for a single range")
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9")])
        .expects(&[Expect::OnlyIf(&[206]), Expect::By(parts::is_not_in_parts)]),
    must(G, "range-keeps-fields", "9110 15.3.7",
        "a 206 MUST have Date, Cache-Control, ETag, Expires, Content-Location and Vary if the 200 has them")
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9")])
        .expects(&[Expect::OnlyIf(&[206]), Expect::By(super::conditions::keeps_fields)]),
    should(G, "range-suffix-is-served", "9110 14.2", SERVED)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=-10")])
        .expects(&[Expect::Status(&[206])]),
    should(G, "range-without-an-end-is-served", "9110 14.2", SERVED)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=150-")])
        .expects(&[Expect::Status(&[206])]),
    should(G, "range-end-behind-the-end-is-served", "9110 14.2", SERVED)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=150-{longer}")])
        .expects(&[Expect::Status(&[206])]),
    should(G, "range-end-over-64-bits-is-served", "9110 14.2", SERVED)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=150-18446744073709551775")])
        .expects(&[Expect::Status(&[206])]),
    should(G, "range-suffix-longer-than-the-file-is-served", "9110 14.2", SERVED)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=-{longer}")])
        .expects(&[Expect::Status(&[206])]),
    should(G, "ranges-are-served", "9110 14.2", SERVED)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9,100-109")])
        .expects(&[Expect::Status(&[206])]),
    should(G, "ranges-of-which-one-is-beyond-are-served", "9110 14.2", SERVED)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9,{length}-")])
        .expects(&[Expect::Status(&[206])]),
    should(G, "range-beyond-is-416", "9110 14.2", BEYOND)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes={length}-")])
        .expects(&[Expect::Status(&[416])]),
    should(G, "range-suffix-of-nothing-is-416", "9110 14.1.2",
        "only a suffix with a length that is not zero is satisfiable; else SHOULD send 416")
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=-0")])
        .expects(&[Expect::Status(&[416])]),
    should(G, "range-416-says-the-length", "9110 15.5.17",
        "a 416 SHOULD have a Content-Range with the current length")
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes={length}-")])
        .expects(&[Expect::OnlyIf(&[416]), Expect::Is("Content-Range", "bytes */{length}")]),
    must(G, "ranges-in-parts", "9110 15.3.7.2", PARTS)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9,100-109")])
        .expects(&[Expect::By(parts::two)]),
    must(G, "ranges-at-both-ends", "9110 15.3.7.2", PARTS)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=-10, 0-9")])
        .expects(&[Expect::By(parts::both_ends)]),
    must(G, "ranges-that-overlap", "9110 15.3.7.2", PARTS)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9,5-14")])
        .expects(&[Expect::By(parts::overlapping)]),
    must(G, "ranges-of-which-one-is-beyond", "9110 15.3.7.2", PARTS)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9,{length}-")])
        .expects(&[Expect::By(parts::first_ten)]),
    must(G, "ranges-have-no-range-in-the-head", "9110 15.3.7.2",
        "MUST NOT generate Content-Range in the head of a multiple part response")
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9,100-109")])
        .expects(&[Expect::OnlyIf(&[206]), Expect::By(parts::parts_alone_have_ranges)]),
    should(G, "ranges-have-their-type", "9110 15.3.7.2",
        "the server SHOULD generate the Content-Type of the 200 in each part")
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9,100-109")])
        .expects(&[Expect::OnlyIf(&[206]), Expect::By(parts::parts_have_their_type)]),
    advice(G, "ranges-in-great-number-cost-little", "9110 17.15",
        "a server ought to ignore, coalesce or reject egregious range requests")
        .needs(&[Need::Ranges])
        .sends(&[Part::AskMade(many)])
        .expects(&[Expect::By(is_not_many_times)]),
    must(G, "range-unit-unknown", "9110 14.2",
        "MUST ignore a Range with a range unit that it does not understand")
        .sends(&[get!("Range: lines=0-9")])
        .expects(&[Expect::Whole(0)]),
    advice(G, "range-backwards", "9110 14.1.1",
        "a range whose end is before its start is invalid: ignored or refused, no 206")
        .sends(&[get!("Range: bytes=9-0")])
        .expects(&[Expect::Status(&[200, 400, 416])]),
    advice(G, "range-without-numbers", "9110 14.1.1",
        "a range without numbers is invalid: ignored or refused, no 206")
        .sends(&[get!("Range: bytes=-")])
        .expects(&[Expect::Status(&[200, 400, 416])]),
    advice(G, "range-with-letters", "9110 14.1.1",
        "a range with letters is invalid: ignored or refused, no 206")
        .sends(&[get!("Range: bytes=0-9x")])
        .expects(&[Expect::Status(&[200, 400, 416])]),
    must(G, "range-is-for-get", "9110 14.2",
        "MUST ignore Range with a method for which no range handling is defined: HEAD")
        .sends(&[Part::Ask("HEAD {file} HTTP/1.1\r\nHost: {host}\r\nRange: bytes=0-9\r\n\r\n")])
        .expects(&[Expect::Status(&[200])]),
    advice(G, "range-of-missing", "9110 14.2",
        "Range counts only where the answer without it would be 200")
        .sends(&[get_of!("{missing}", "Range: bytes=0-9")])
        .expects(&[Expect::NotStatus(206), Expect::NotStatus(416)]),
    should(G, "if-range-with-the-etag", "9110 13.1.5",
        "if the condition is true the recipient SHOULD process Range")
        .needs(&[Need::Ranges, Need::StrongEtag])
        .sends(&[get!("Range: bytes=0-9", "If-Range: {etag}")])
        .expects(&[Expect::Status(&[206])]),
    must(G, "if-range-with-another-etag", "9110 13.1.5", IF_RANGE)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes=0-9", "If-Range: \"tallyd-probe\"")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-range-with-a-weak-etag", "9110 13.1.5",
        "weak validators never match in If-Range, and Range MUST then be ignored")
        .needs(&[Need::Ranges, Need::Etag])
        .sends(&[get!("Range: bytes=0-9", "If-Range: {etag-weak}")])
        .expects(&[Expect::Whole(0)]),
    should(G, "if-range-with-the-date", "9110 13.1.5",
        "if the condition is true the recipient SHOULD process Range")
        .needs(&[Need::Ranges, Need::OldModified])
        .sends(&[get!("Range: bytes=0-9", "If-Range: {modified}")])
        .expects(&[Expect::Status(&[206])]),
    must(G, "if-range-with-an-older-date", "9110 13.1.5", IF_RANGE)
        .needs(&[Need::Ranges, Need::Modified])
        .sends(&[get!("Range: bytes=0-9", "If-Range: {day-before}")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-range-with-a-later-date", "9110 13.1.5",
        "only exactly the date of the file matches, and Range MUST be ignored if it does not")
        .needs(&[Need::Ranges, Need::Modified])
        .sends(&[get!("Range: bytes=0-9", "If-Range: {second-after}")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-range-comes-before-416", "9110 13.1.5", IF_RANGE)
        .needs(&[Need::Ranges])
        .sends(&[get!("Range: bytes={length}-", "If-Range: \"tallyd-probe\"")])
        .expects(&[Expect::Whole(0)]),
    must(G, "if-range-without-range", "9110 13.1.5",
        "a server MUST ignore If-Range in a request without Range")
        .sends(&[get!("If-Range: \"tallyd-probe\"")])
        .expects(&[Expect::Whole(0)]),
];

/// A hundred times the whole file.
fn many() -> String {
    let ranges = "0-,".repeat(99);
    let head = "GET {file} HTTP/1.1\r\nHost: {host}\r\nRange: bytes=";
    format!("{head}{ranges}0-\r\n\r\n")
}

fn is_not_many_times(ground: &Ground, seen: &Seen) -> Judged {
    let length = first(seen)?.body.len();
    let expected = "at most twice the file";
    match length <= ground.length() * 2 {
        true => so(true, expected),
        false => Err(Miss::Came(expected.to_owned(), format!("{length} bytes"))),
    }
}
