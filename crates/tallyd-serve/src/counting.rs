//! Counting: what the journal is told of a reply, in its own words.
//!
//! A hit is told before its first byte leaves, and again when its Receipt is made; any other reply to a request
//! that was understood once, when it has been sent. What was not understood is no request and not counted.

use tallyd_http::range::Span;
use tallyd_http::request::{Request, Version};
use tallyd_ledger::entry::{self, Hit, MOST_SPANS, Note};
use tallyd_ledger::facts::{self, Settled};
use tallyd_ledger::journal::Begun;
use tallyd_ledger::visitor::host_of;

use crate::answer::{About, Answer};
use crate::receipt::{Client, Outcome, Receipt};
use crate::reply::Body;
use crate::resource::Resource;
use crate::send::Asked;
use crate::site::Site;
use crate::worker::Worker;

/// Tells that a hit begins; nothing if the reply is none, or counts are not kept.
pub fn begin(worker: &Worker, asked: &Asked<'_>, answer: &Answer) -> Option<Begun> {
    let (Some(request), Resource::File(picked)) = (asked.request, &answer.resource) else {
        return None;
    };
    if answer.hit == 0 || !worker.teller.is_counting() {
        return None;
    }
    let who = worker.teller.who(
        address(asked.client),
        request.user_agent.unwrap_or_default(),
        request.internal,
        asked.started.nanos.div_euclid(1_000_000_000),
        request.target,
    );
    let mut room = [NO_SPAN; MOST_SPANS];
    let spans = spans(answer, &mut room);
    let hit = Hit {
        time: asked.started.nanos,
        number: answer.hit,
        status: answer.reply.status.code(),
        protocol: protocol(request.version),
        class: who.class,
        visitor: who.visitor,
        proxied: is_proxied(asked.client, request),
        probe: is_probe(spans),
        spans,
        referrer: host_of(request.referer.unwrap_or_default()),
    };
    let found = picked.representation();
    worker.teller.begin(&hit, &found.mark, &found.definition)
}

/// Tells how a hit ended.
pub fn settle(worker: &Worker, begun: &Begun, receipt: &Receipt) {
    let outcome = match receipt.outcome {
        Outcome::Complete => facts::Outcome::Complete,
        Outcome::Reset | Outcome::Stalled | Outcome::Broken | Outcome::Stopped => {
            facts::Outcome::Aborted
        }
    };
    let settled = Settled {
        outcome,
        bytes: receipt.bytes,
        content: receipt.content,
    };
    worker.teller.settle(begun, settled);
}

/// Tells of a reply that is no hit.
pub fn note(worker: &Worker, site: &Site, asked: &Asked<'_>, answer: &Answer, bytes: u64) {
    let Some(request) = asked.request else {
        return;
    };
    if answer.hit > 0 || !worker.teller.is_counting() {
        return;
    }
    let name = site.book.site();
    let (about, probed) = match &answer.about {
        About::Nothing => (entry::About::Other(name), None),
        About::Missing(path) => (entry::About::Missing(name, path), None),
        About::Probe(picked) => {
            let found = picked.representation();
            // Its number is the journal's to say.
            (
                entry::About::Probe(0),
                Some((&found.mark, &found.definition)),
            )
        }
    };
    let who = worker.teller.who(
        address(asked.client),
        request.user_agent.unwrap_or_default(),
        request.internal,
        asked.started.nanos.div_euclid(1_000_000_000),
        request.target,
    );
    let note = Note {
        time: asked.started.nanos,
        status: answer.reply.status.code(),
        protocol: protocol(request.version),
        class: who.class,
        proxied: is_proxied(asked.client, request),
        bytes,
        about,
    };
    worker.teller.note(&note, probed);
}

const NO_SPAN: facts::Span = facts::Span {
    start: 0,
    length: 0,
};

/// What was asked for of the representation; nothing if it was the whole.
fn spans<'a>(answer: &Answer, room: &'a mut [facts::Span; MOST_SPANS]) -> &'a [facts::Span] {
    let asked: &[Span] = match &answer.reply.body {
        Body::Span(span) if answer.reply.fields.content_range.is_some() => {
            std::slice::from_ref(span)
        }
        Body::Spans(spans) => spans,
        _ => &[],
    };
    for (place, span) in room.iter_mut().zip(asked) {
        place.start = span.start;
        place.length = span.length;
    }
    room.get(..asked.len()).unwrap_or_default()
}

/// A range of the first byte or two: a player or a download program that looks what there is.
fn is_probe(spans: &[facts::Span]) -> bool {
    matches!(
        spans,
        [facts::Span {
            start: 0,
            length: 0..=2
        }]
    )
}

fn address(client: Client) -> Option<std::net::IpAddr> {
    match client {
        Client::Tcp(address, _) => Some(address),
        Client::Unix => None,
    }
}

/// Whoever asks through a Unix socket is a proxy on this machine.
fn is_proxied(client: Client, request: &Request<'_>) -> bool {
    request.forwarded || client == Client::Unix
}

fn protocol(version: Version) -> facts::Protocol {
    match version {
        Version::Http10 => 10,
        Version::Http11 => 11,
    }
}
