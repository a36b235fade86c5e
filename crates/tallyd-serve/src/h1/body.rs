//! A request's body: read to its end and dropped, so that what follows is the next request.
//!
//! A file server has no use for bodies; but the framing must be followed to the byte, or the rest of a
//! body would be taken for a request (RFC 9112 section 6.3).

use tallyd_http::chunked::Chunked;
use tallyd_http::head::{BodyLength, Head};
use tallyd_http::request::Method;

use super::pending::Pending;
use super::refused::Refused;
use crate::send::interim_continue;
use crate::wire::Wire;
use crate::worker::{Serving, Worker};

/// Chunk sizes and extensions of a body may take so much, or as much as the body itself may: tiny chunks with
/// long extensions would otherwise be read for hundreds of times that.
const FRAMING: u64 = 64 * 1024;

/// What became of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nobody has looked yet.
    Unknown,
    /// Read and dropped.
    Dropped,
    /// Left where it is: the connection ends after the answer.
    Unread,
}

/// What to do about a body.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    head: usize,
    length: BodyLength,
    most: u64,
    expects: Expects,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    /// The client sends the body anyway.
    Nothing,
    /// It waits for a 100, which it gets.
    Continue,
    /// It waits for a 100, and gets its answer instead.
    Answer,
}

impl Plan {
    /// RFC 9110 section 10.1.1: a client that waits before it sends a body is told to go on only if the
    /// request would be accepted.
    pub fn of(head: &Head<'_>, serving: &Serving, most: u64) -> Plan {
        let post = serving.shelf(Some(&head.request)).site.rules.post;
        let accepted = match head.request.method {
            Method::Get | Method::Head | Method::Options => true,
            Method::Post => post,
            Method::Other => false,
        };
        let expects = match (head.expect_continue, accepted) {
            (false, _) => Expects::Nothing,
            (true, true) => Expects::Continue,
            (true, false) => Expects::Answer,
        };
        Plan {
            head: head.length,
            length: head.body,
            most,
            expects,
        }
    }
}

/// Reads the body behind the head in `pending` and drops it. What follows it stays.
pub async fn read(
    worker: &Worker,
    wire: &Wire,
    pending: &mut Pending,
    plan: Plan,
) -> Result<Fate, Refused> {
    if plan.expects == Expects::Answer {
        return Ok(Fate::Unread);
    }
    let send_timeout = worker.serving().world.limits.send_timeout;
    wire.slot().until(worker.after(send_timeout), false);
    if let BodyLength::Exactly(length) = plan.length
        && length > plan.most
    {
        return Err(Refused::BodyTooLarge);
    }
    let arrived = pending.rest().len() > plan.head;
    if plan.expects == Expects::Continue && !arrived {
        interim_continue(wire).await.map_err(|_| Refused::Gone)?;
    }
    match plan.length {
        BodyLength::None => {}
        BodyLength::Exactly(length) => exactly(worker, wire, pending, plan.head, length).await?,
        BodyLength::Chunked => chunked(worker, wire, pending, plan).await?,
    }
    Ok(Fate::Dropped)
}

async fn exactly(
    worker: &Worker,
    wire: &Wire,
    pending: &mut Pending,
    head: usize,
    length: u64,
) -> Result<(), Refused> {
    let mut left = length;
    loop {
        let here = pending.rest().len().saturating_sub(head);
        let some = usize::try_from(left).unwrap_or(usize::MAX).min(here);
        pending.remove(head, some);
        left -= some as u64;
        if left == 0 {
            return Ok(());
        }
        pending.read(worker, wire).await?;
    }
}

async fn chunked(
    worker: &Worker,
    wire: &Wire,
    pending: &mut Pending,
    plan: Plan,
) -> Result<(), Refused> {
    let mut chunks = Chunked::new();
    let mut body = 0;
    let mut framing = 0;
    loop {
        let here = pending.rest().get(plan.head..).unwrap_or_default();
        let skipped = chunks.skip(here).map_err(|_| Refused::BodyMalformed)?;
        pending.remove(plan.head, skipped.used);
        body += skipped.body;
        framing += skipped.used as u64 - skipped.body;
        if body > plan.most || framing > plan.most.max(FRAMING) {
            return Err(Refused::BodyTooLarge);
        }
        if skipped.done {
            return Ok(());
        }
        pending.read(worker, wire).await?;
    }
}
