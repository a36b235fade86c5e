//! Connections: how long they live, in which order answers come, and what is said before the last answer.

use crate::probe::case::{Case, Group, Need, Part, Until, advice, get, get_of, must, should};
use crate::probe::expect::{Expect, Judged, Miss, so};
use crate::probe::ground::Ground;
use crate::probe::wire::{End, Seen};

const G: Group = Group::Connections;

const CLOSE: &str =
    "after the response to a request with close, a server MUST initiate closure of the connection";

pub(super) static CASES: &[Case] = &[
    should(G, "connection-persists", "9112 9.3",
        "implementations SHOULD support persistent connections")
        .needs(&[Need::Version11])
        .sends(&[get!(), Part::Pause, get!()])
        .expects(&[Expect::Whole(0), Expect::Whole(1)]),
    must(G, "pipelined-in-order", "9112 9.3.2",
        "MUST send the responses in the same order that the requests were received")
        .needs(&[Need::Version11])
        .sends(&[get!(), get_of!("{missing}"), get!(), get_of!("{missing}"), get!()])
        .expects(&[Expect::By(in_order)]),
    must(G, "close-ends-the-connection", "9112 9.6", CLOSE)
        .sends(&[get!("Connection: close")])
        .until(Until::Closed)
        .expects(&[Expect::Whole(0), Expect::Closed]),
    must(G, "close-in-capitals", "9110 7.6.1",
        "connection options are case-insensitive, and close MUST be heeded")
        .sends(&[get!("Connection: CLOSE")])
        .until(Until::Closed)
        .expects(&[Expect::Whole(0), Expect::Closed]),
    must(G, "close-in-a-list", "9110 7.6.1", "Connection is a list, and close in it MUST be heeded")
        .sends(&[get!("Connection: x-probe, close")])
        .until(Until::Closed)
        .expects(&[Expect::Whole(0), Expect::Closed]),
    must(G, "close-of-an-error", "9112 9.6", CLOSE)
        .sends(&[get_of!("{missing}", "Connection: close")])
        .until(Until::Closed)
        .expects(&[Expect::Closed]),
    must(G, "close-is-the-last-request", "9112 9.6",
        "the server MUST NOT process any further requests received on that connection")
        .sends(&[get!("Connection: close"), get!()])
        .until(Until::Silent)
        .expects(&[Expect::Whole(0), Expect::Alone]),
    should(G, "close-is-said", "9112 9.6",
        "the server SHOULD send a close option in its final response")
        .needs(&[Need::Version11])
        .sends(&[get!("Connection: close")])
        .expects(&[Expect::Lists("Connection", "close")]),
    advice(G, "http-1-0-ends-the-connection", "9112 9.3",
        "without keep-alive, a connection of HTTP/1.0 closes after the response")
        .sends(&[Part::Ask("GET {file} HTTP/1.0\r\nHost: {host}\r\n\r\n")])
        .until(Until::Closed)
        .expects(&[Expect::Whole(0), Expect::Closed]),
    advice(G, "http-1-0-keep-alive-is-kept", "9112 9.3",
        "a server that says keep-alive to HTTP/1.0 keeps the connection")
        .sends(&[
            Part::Ask("GET {file} HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n"),
            Part::Ask("GET {file} HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\n\r\n"),
        ])
        .expects(&[Expect::By(keep_alive_is_kept)]),
    must(G, "continue-or-an-answer", "9110 10.1.1",
        "with 100-continue MUST send 100 or a final status before the content")
        .needs(&[Need::Version11])
        .sends(&[
            Part::Ask("POST {file} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"),
            Part::Pause,
            Part::Bytes("hello"),
        ])
        .expects(&[Expect::By(said_something), Expect::All]),
    must(G, "no-continue-for-1-0", "9110 15.2",
        "a server MUST NOT send a 1xx response to an HTTP/1.0 client")
        .sends(&[
            Part::Ask("POST {file} HTTP/1.0\r\nHost: {host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"),
            Part::Bytes("hello"),
        ])
        .expects(&[Expect::By(nothing_interim), Expect::All]),
    must(G, "no-protocol-that-nobody-knows", "9110 7.8",
        "a server MUST NOT switch protocols unless the received message semantics can be honored")
        .sends(&[get!("Connection: upgrade", "Upgrade: tallyd-probe/1")])
        .expects(&[Expect::NotStatus(101)]),
    must(G, "no-upgrade-for-1-0", "9110 7.8", "a server MUST ignore Upgrade in an HTTP/1.0 request")
        .sends(&[Part::Ask("GET {file} HTTP/1.0\r\nHost: {host}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")])
        .expects(&[Expect::Whole(0)]),
    advice(G, "head-in-single-bytes", "9112 2.1",
        "a message is a sequence of octets, whatever the packets are")
        .sends(&[Part::AskSlowly("GET {file} HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::Whole(0)]),
    advice(G, "request-cut-in-two", "9112 2.1",
        "a message is a sequence of octets, whatever the packets are")
        .needs(&[Need::Version11])
        .sends(&[get!(), Part::Pause, Part::AskSlowly("GET {file} HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::OnlyIf(&[200]), Expect::By(in_order)]),
];

/// Files and errors in turn. Where the server ends the connection before, there is no order to judge.
fn in_order(ground: &Ground, seen: &Seen) -> Judged {
    let is_short = seen.answers.len() < seen.asked;
    let says_so = seen
        .answers
        .last()
        .is_some_and(|last| last.lists("Connection", "close"));
    if is_short && says_so && seen.end == End::Closed {
        return Err(Miss::Skip(
            "the server closes the connection before".to_owned(),
        ));
    }
    Expect::All.judge(ground, seen)?;
    let is_file = |place: usize| Expect::Whole(place).judge(ground, seen);
    if seen.asked == 2 {
        return is_file(1);
    }
    for place in 0..seen.asked {
        match place % 2 {
            0 => is_file(place)?,
            _ => {
                let status = seen.answers.get(place).map(|answer| answer.status);
                let is_right = is_file(place).is_err();
                so(
                    is_right,
                    format!("an error as answer {}, not {status:?}", place + 1),
                )?;
            }
        }
    }
    Ok(())
}

fn keep_alive_is_kept(ground: &Ground, seen: &Seen) -> Judged {
    let says_so = |answer: &crate::probe::answer::Answer| answer.lists("Connection", "keep-alive");
    match seen.answers.first().is_some_and(says_so) {
        true => Expect::Whole(1).judge(ground, seen),
        false => Err(Miss::Skip(
            "the server does not keep connections of HTTP/1.0".to_owned(),
        )),
    }
}

fn said_something(_: &Ground, seen: &Seen) -> Judged {
    so(
        !seen.paused_in_vain,
        "100 or a final status before the content is sent",
    )
}

fn nothing_interim(_: &Ground, seen: &Seen) -> Judged {
    so(seen.interim.is_empty(), "no 1xx")
}
