//! Where a message ends: what a proxy in front could understand in another way is how requests are smuggled.

use crate::probe::answer::Framing;
use crate::probe::case::{Case, Group, Need, Part, Until, get, get_of, must, should};
use crate::probe::expect::{Expect, Judged, Miss, so};
use crate::probe::ground::Ground;
use crate::probe::wire::{End, Seen};

const G: Group = Group::Framing;

/// What must not be taken for a request: it is content. A file that does not exist.
pub(super) const HIDDEN: &str = "GET /tallyd-probe-hidden HTTP/1.1\r\nHost: hidden.invalid\r\n\r\n";

/// 400, no answer to what follows, and the end.
const UNRECOVERABLE: &[Expect] = &[Expect::Status(&[400]), Expect::Alone, Expect::Closed];

/// What can't be framed must not be followed by a next request.
const LOST: &[Expect] = &[Expect::Alone, Expect::Closed];

const LENGTH: &str =
    "with an invalid Content-Length the server MUST respond with 400 and then close the connection";
const BOTH: &str = "with both lengths the server MUST close the connection after responding";
const CHUNKS: &str =
    "chunks that do not match the grammar SHOULD get 400, and the connection be closed";

/// A GET with a body of five bytes, and another request behind it.
macro_rules! five {
    ($fields:literal) => {
        &[
            Part::Ask(concat!(
                "GET {file} HTTP/1.1\r\nHost: {host}\r\n",
                $fields,
                "\r\n\r\n"
            )),
            Part::Bytes("hello"),
            get!(),
        ]
    };
}

/// A GET with a chunked body, and another request behind it.
macro_rules! chunked {
    ($body:literal) => {
        &[
            get!("Transfer-Encoding: chunked"),
            Part::Bytes($body),
            get!(),
        ]
    };
}

pub(super) static CASES: &[Case] = &[
    must(G, "length-and-chunked", "9112 6.1", BOTH)
        .sends(&[
            get!("Content-Length: 5", "Transfer-Encoding: chunked"),
            Part::Bytes("0\r\n\r\n"),
            get!(),
        ])
        .until(Until::Closed)
        .expects(LOST),
    must(G, "length-and-chunked-with-a-request-inside", "9112 6.1", BOTH)
        .sends(&[Part::AskMade(hidden_behind_chunks), get!()])
        .until(Until::Closed)
        .expects(LOST),
    must(G, "lengths-that-differ", "9112 6.3", LENGTH)
        .sends(five!("Content-Length: 5\r\nContent-Length: 6"))
        .until(Until::Silent)
        .expects(UNRECOVERABLE),
    must(G, "lengths-that-differ-in-a-list", "9112 6.3", LENGTH)
        .sends(five!("Content-Length: 5, 6"))
        .until(Until::Silent)
        .expects(UNRECOVERABLE),
    must(G, "length-with-a-sign", "9112 6.3", LENGTH)
        .sends(five!("Content-Length: +5"))
        .until(Until::Silent)
        .expects(UNRECOVERABLE),
    must(G, "length-below-zero", "9112 6.3", LENGTH)
        .sends(five!("Content-Length: -1"))
        .until(Until::Silent)
        .expects(UNRECOVERABLE),
    must(G, "length-in-hexadecimal", "9112 6.3", LENGTH)
        .sends(five!("Content-Length: 0x5"))
        .until(Until::Silent)
        .expects(UNRECOVERABLE),
    must(G, "length-with-letters", "9112 6.3", LENGTH)
        .sends(five!("Content-Length: 5a"))
        .until(Until::Silent)
        .expects(UNRECOVERABLE),
    must(G, "length-of-two-words", "9112 6.3", LENGTH)
        .sends(five!("Content-Length: 5 5"))
        .until(Until::Silent)
        .expects(UNRECOVERABLE),
    must(G, "length-that-is-empty", "9112 6.3", LENGTH)
        .sends(five!("Content-Length:"))
        .until(Until::Silent)
        .expects(UNRECOVERABLE),
    must(G, "length-over-64-bits", "9110 8.6",
        "a recipient MUST prevent parsing errors due to integer conversion overflows")
        .sends(five!("Content-Length: 18446744073709551621"))
        .until(Until::Silent)
        .expects(&[Expect::Alone]),
    must(G, "coding-that-is-not-chunked", "9112 6.3",
        "if chunked is not the final coding the server MUST respond with 400 and close; 501 for an unknown one")
        .sends(five!("Transfer-Encoding: gzip"))
        .until(Until::Silent)
        .expects(&[Expect::Status(&[400, 501]), Expect::Alone, Expect::Closed]),
    should(G, "coding-that-is-unknown-is-501", "9112 6.1",
        "a transfer coding that the server does not understand SHOULD get 501")
        .sends(&[
            get!("Transfer-Encoding: tallyd-probe, chunked"),
            Part::Bytes("0\r\n\r\n"),
        ])
        .until(Until::Silent)
        .expects(&[Expect::Status(&[501])]),
    must(G, "chunked-in-1-0", "9112 6.1",
        "HTTP/1.0 with Transfer-Encoding MUST be taken as faulty framing, and the connection closed")
        .sends(&[
            Part::Ask("GET {file} HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Part::Bytes("0\r\n\r\n"),
            get!(),
        ])
        .until(Until::Closed)
        .expects(LOST),
    must(G, "chunked-body", "9112 7.1",
        "a recipient MUST be able to parse and decode the chunked transfer coding")
        .needs(&[Need::Version11])
        .sends(chunked!("5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-Trailer: c\r\n\r\n"))
        .until(Until::Silent)
        .expects(&[Expect::By(goes_on)]),
    must(G, "chunk-is-no-request", "9112 9.3",
        "a server MUST read the entire request body or close the connection")
        .needs(&[Need::Version11])
        .sends(&[Part::AskMade(hidden_in_chunk), get!()])
        .until(Until::Silent)
        .expects(&[Expect::By(goes_on)]),
    must(G, "chunk-size-over-64-bits", "9112 7.1",
        "recipients MUST prevent parsing errors due to integer conversion overflows")
        .sends(chunked!("10000000000000005\r\nhello\r\n0\r\n\r\n"))
        .until(Until::Silent)
        .expects(&[Expect::Alone]),
    should(G, "chunk-size-that-is-none", "9112 2.2", CHUNKS)
        .sends(chunked!("five\r\nhello\r\n0\r\n\r\n"))
        .until(Until::Silent)
        .expects(LOST),
    should(G, "chunk-size-with-a-prefix", "9112 2.2", CHUNKS)
        .sends(chunked!("0x5\r\nhello\r\n0\r\n\r\n"))
        .until(Until::Silent)
        .expects(LOST),
    should(G, "chunk-size-with-a-sign", "9112 2.2", CHUNKS)
        .sends(chunked!("-5\r\nhello\r\n0\r\n\r\n"))
        .until(Until::Silent)
        .expects(LOST),
    should(G, "chunk-line-that-ends-in-bare-lf", "9112 2.2", CHUNKS)
        .sends(chunked!("5\nhello\r\n0\r\n\r\n"))
        .until(Until::Silent)
        .expects(LOST),
    should(G, "chunk-longer-than-it-says", "9112 2.2", CHUNKS)
        .sends(chunked!("5\r\nhello!!\r\n0\r\n\r\n"))
        .until(Until::Silent)
        .expects(LOST),
    must(G, "no-length-beside-chunked", "9112 6.2",
        "a sender MUST NOT send Content-Length in a message with Transfer-Encoding")
        .sends(&[get!()])
        .expects(&[Expect::By(one_framing)]),
    must(G, "no-length-beside-chunked-for-a-directory", "9112 6.2",
        "a sender MUST NOT send Content-Length in a message with Transfer-Encoding")
        .sends(&[get_of!("{folder}")])
        .expects(&[Expect::By(one_framing)]),
    must(G, "no-length-beside-chunked-for-an-error", "9112 6.2",
        "a sender MUST NOT send Content-Length in a message with Transfer-Encoding")
        .sends(&[get_of!("{missing}")])
        .expects(&[Expect::By(one_framing)]),
    must(G, "no-chunks-for-1-0", "9112 6.1",
        "MUST NOT send Transfer-Encoding unless the request indicates HTTP/1.1")
        .sends(&[Part::Ask("GET {file} HTTP/1.0\r\nHost: {host}\r\nAccept-Encoding: gzip, br\r\n\r\n")])
        .expects(&[Expect::HasNot("Transfer-Encoding")]),
    must(G, "no-chunks-for-1-0-of-a-directory", "9112 6.1",
        "MUST NOT send Transfer-Encoding unless the request indicates HTTP/1.1")
        .sends(&[Part::Ask("GET {folder} HTTP/1.0\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::HasNot("Transfer-Encoding")]),
    must(G, "length-is-that-of-the-content", "9110 8.6",
        "MUST NOT forward a message with a Content-Length that is known to be incorrect")
        .sends(&[get!("Connection: close")])
        .until(Until::Closed)
        .expects(&[Expect::Whole(0), Expect::NothingBehind]),
    must(G, "length-of-an-error-is-that-of-the-content", "9110 8.6",
        "MUST NOT forward a message with a Content-Length that is known to be incorrect")
        .sends(&[get_of!("{missing}", "Connection: close")])
        .until(Until::Closed)
        .expects(&[Expect::Status(&[200, 301, 302, 303, 307, 308, 400, 401, 403, 404, 410]), Expect::NothingBehind]),
];

/// Its Content-Length covers a request that is behind the last chunk.
fn hidden_behind_chunks() -> String {
    let length = HIDDEN.len() + 5;
    let head =
        "GET {file} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\nContent-Length: ";
    format!("{head}{length}\r\n\r\n0\r\n\r\n{HIDDEN}")
}

fn hidden_in_chunk() -> String {
    let length = HIDDEN.len();
    let head = "GET {file} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n";
    format!("{head}{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n")
}

/// The next request on the connection is answered as such, or the connection ends.
pub(super) fn goes_on(ground: &Ground, seen: &Seen) -> Judged {
    so(
        seen.fault.is_none() && !seen.answers.is_empty(),
        "an answer",
    )?;
    match (seen.answers.len(), &seen.end) {
        (1, End::Closed | End::Reset) => Ok(()),
        (1, _) => Err(Miss::Expected(
            "an answer to the next request, or the end of the connection".to_owned(),
        )),
        _ => Expect::Whole(1).judge(ground, seen),
    }
}

fn one_framing(_: &Ground, seen: &Seen) -> Judged {
    let answer = crate::probe::expect::first(seen)?;
    let has_both = answer.framing == Framing::Chunked && answer.field("Content-Length").is_some();
    so(!has_both, "one of Content-Length and Transfer-Encoding")
}
