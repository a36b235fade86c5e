//! Content codings: nobody gets one that they refuse, and what is coded says so.

use crate::probe::case::{Case, Group, Need, advice, get, must, should};
use crate::probe::expect::{Expect, Judged, Miss, first, so};
use crate::probe::ground::Ground;
use crate::probe::wire::Seen;

const G: Group = Group::Encodings;

const PLAIN: &str =
    "if no coding is acceptable the origin server SHOULD send a response without any";

/// The file itself, or an error that says that there is no such form.
const IDENTITY: &[Expect] = &[Expect::By(is_plain)];

pub(super) static CASES: &[Case] = &[
    should(G, "coding-identity", "9110 12.5.3", PLAIN)
        .sends(&[get!("Accept-Encoding: identity")])
        .expects(IDENTITY),
    advice(
        G,
        "coding-none",
        "9110 12.5.3",
        "an empty Accept-Encoding says that no coding is wanted",
    )
    .sends(&[get!("Accept-Encoding:")])
    .expects(IDENTITY),
    should(G, "coding-unknown", "9110 12.5.3", PLAIN)
        .sends(&[get!("Accept-Encoding: tallyd-probe")])
        .expects(IDENTITY),
    should(
        G,
        "coding-refused",
        "9110 12.5.3",
        "a quality of 0 is not acceptable: SHOULD send a response without any coding",
    )
    .sends(&[get!(
        "Accept-Encoding: gzip;q=0, br;q=0, zstd;q=0, deflate;q=0"
    )])
    .expects(IDENTITY),
    should(
        G,
        "coding-refused-with-digits",
        "9110 12.5.3",
        "a quality of 0.000 is not acceptable: SHOULD send a response without any coding",
    )
    .sends(&[get!(
        "Accept-Encoding: gzip;q=0.000, br; q=0.0, zstd ;q=0., deflate;Q=0"
    )])
    .expects(IDENTITY),
    should(G, "coding-star-refused", "9110 12.5.3", PLAIN)
        .sends(&[get!("Accept-Encoding: identity, *;q=0")])
        .expects(IDENTITY),
    should(
        G,
        "coding-with-a-longer-name",
        "9110 12.5.3",
        "gzipped is not gzip: SHOULD send a response without any coding",
    )
    .sends(&[get!("Accept-Encoding: gzipped, xbr, brotli")])
    .expects(IDENTITY),
    must(
        G,
        "coding-is-named",
        "9110 8.4",
        "who applied codings MUST list them in Content-Encoding",
    )
    .needs(&[Need::Coding])
    .sends(&[get!("Accept-Encoding: gzip, br, zstd, deflate")])
    .expects(&[Expect::Has("Content-Encoding")]),
    advice(
        G,
        "coding-is-what-it-is-called",
        "9110 8.4.1",
        "what is called gzip, zstd or deflate begins like it",
    )
    .needs(&[Need::Coding])
    .sends(&[get!("Accept-Encoding: gzip, br, zstd, deflate")])
    .expects(&[Expect::By(begins_like_it)]),
    should(
        G,
        "coding-has-vary",
        "9110 12.5.5",
        "an origin server SHOULD generate Vary when content was tailored to the request",
    )
    .needs(&[Need::Coding])
    .sends(&[get!("Accept-Encoding: gzip, br, zstd, deflate")])
    .expects(&[Expect::By(varies)]),
    should(
        G,
        "no-coding-has-vary",
        "9110 12.5.5",
        "an origin server SHOULD generate Vary, also with the form that is not coded",
    )
    .needs(&[Need::Coding])
    .sends(&[get!("Accept-Encoding: identity")])
    .expects(&[Expect::By(varies)]),
    advice(
        G,
        "coding-has-its-own-etag",
        "9110 8.8.3.3",
        "a strong ETag of a coded form is distinct from that of the file",
    )
    .needs(&[Need::Coding, Need::StrongEtag])
    .sends(&[get!("Accept-Encoding: gzip, br, zstd, deflate")])
    .expects(&[Expect::By(own_etag)]),
];

fn is_plain(ground: &Ground, seen: &Seen) -> Judged {
    let answer = first(seen)?;
    if answer.status == 406 {
        return Ok(());
    }
    match answer.field("Content-Encoding") {
        Some(coding) if !coding.eq_ignore_ascii_case("identity") => Err(Miss::Came(
            "the file without a coding".to_owned(),
            format!("Content-Encoding: {coding}"),
        )),
        _ => Expect::Whole(0).judge(ground, seen),
    }
}

/// Brotli has no mark at its start.
fn begins_like_it(_: &Ground, seen: &Seen) -> Judged {
    let answer = first(seen)?;
    let coding = answer
        .field("Content-Encoding")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let begin: &[u8] = match coding.as_str() {
        "gzip" | "x-gzip" => b"\x1f\x8b\x08",
        "zstd" => b"\x28\xb5\x2f\xfd",
        // zlib (RFC 1950) with any window: method 8 in the lower half.
        "deflate" => match answer.body.first() {
            Some(first) if first & 0x0f == 8 => &[],
            _ => {
                return Err(Miss::Expected(
                    "content that begins like deflate".to_owned(),
                ));
            }
        },
        _ => return Err(Miss::Skip(format!("{coding} has no mark at its start"))),
    };
    so(
        answer.body.starts_with(begin),
        format!("content that begins like {coding}"),
    )
}

fn varies(_: &Ground, seen: &Seen) -> Judged {
    let answer = first(seen)?;
    let is_said = answer.lists("Vary", "Accept-Encoding") || answer.lists("Vary", "*");
    so(is_said, "Vary: Accept-Encoding")
}

fn own_etag(ground: &Ground, seen: &Seen) -> Judged {
    let etag = first(seen)?.field("ETag").unwrap_or_default();
    let is_own =
        etag.is_empty() || etag.starts_with("W/") || Some(etag) != ground.answer.field("ETag");
    so(is_own, "an ETag that is not that of the file")
}
