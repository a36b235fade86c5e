//! Send: from a Reply and its Resource to bytes on the wire and a Receipt. One of the two verbs that
//! touch the world.
//!
//! Promises: exactly one Receipt for each Reply, also when the send is dropped half-way; it counts what
//! the socket took and what left, never what was meant to be sent. A cached small file leaves with one
//! system call.

mod at_once;
mod disk;
mod taken;
mod unconfirmed;

use std::io::{self, IoSlice};
use std::time::Duration;

use tallyd_http::chunked;
use tallyd_http::multipart::Parts;
use tallyd_http::range::Span;
use tallyd_http::request::{Request, Version};
use tallyd_ledger::journal::Begun;

use crate::access_log::Entry;
use crate::answer::{Answer, OnDisk};
use crate::counting;
use crate::head::{self, Connection};
use crate::listing::{Listing, Place, Step, View};
use crate::receipt::{Client, Outcome};
use crate::reply::Body;
use crate::resolve::{Shelf, pooled};
use crate::resource::Resource;
use crate::wire::Wire;
use crate::worker::{Started, Worker};
use disk::Flow;
use taken::{Layout, Taken};
pub use unconfirmed::{Fate, Unconfirmed};

/// What is being answered: for the log, and for how the reply is framed.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who asked.
    pub client: Client,
    /// When.
    pub started: Started,
    /// The request; nothing if it could not be understood.
    pub request: Option<&'a Request<'a>>,
    /// The first line of what could not be understood.
    pub line: &'a [u8],
}

/// A reply on its way. When it is dropped, its Receipt is made, or left to [`Unconfirmed`].
#[derive(Debug)]
pub struct Delivery<'a> {
    worker: &'a Worker,
    shelf: &'a Shelf,
    wire: &'a Wire,
    unconfirmed: &'a Unconfirmed,
    asked: Asked<'a>,
    answer: &'a Answer,
    /// What the wire had taken before.
    begin: u64,
    bytes: u64,
    outcome: Option<Outcome>,
    /// What the journal knows of it, if it is a hit.
    begun: Option<Begun>,
    /// It goes on elsewhere.
    is_paused: bool,
}

/// How far a reply has come whose socket was full: what another [`Delivery`] goes on from.
#[derive(Debug)]
pub struct Paused {
    /// When it was asked for.
    pub started: Started,
    /// How its connection goes on, as its head says.
    pub connection: Connection,
    begin: u64,
    bytes: u64,
    begun: Option<Begun>,
    head: Vec<u8>,
    /// How much of the head the socket has taken.
    sent: usize,
}

/// What came of a reply that was sent as far as that needs no wait.
#[derive(Debug)]
pub enum Sent {
    /// The socket took all of it.
    All,
    /// The connection is of no use any more.
    Over,
    /// The socket is full.
    Part(Paused),
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        if self.is_paused {
            return;
        }
        self.worker.meter.ended();
        let site = &self.shelf.site;
        counting::note(self.worker, site, &self.asked, self.answer, self.bytes);
        let taken = Taken {
            client: self.asked.client,
            status: self.answer.reply.status.code(),
            hit: self.answer.hit,
            version: self.asked.request.map(|request| request.version),
            started: self.asked.started,
            took: (self.worker.connections.clock().ended())
                .duration_since(self.asked.started.instant),
            begin: self.begin,
            end: self.wire.taken(),
            bytes: self.bytes,
            layout: Layout::of(self.answer, self.parts().as_ref()),
            outcome: self.outcome.unwrap_or(Outcome::Stopped),
            begun: self.begun.take(),
        };
        self.unconfirmed.settle_or_keep(taken, &self.entry());
    }
}

impl<'a> Delivery<'a> {
    /// A delivery of `answer` that has not begun, over the connection of `unconfirmed`.
    #[must_use]
    pub fn new(
        unconfirmed: &'a Unconfirmed,
        shelf: &'a Shelf,
        asked: Asked<'a>,
        answer: &'a Answer,
    ) -> Self {
        let (worker, wire) = (&*unconfirmed.worker, &unconfirmed.wire);
        worker.meter.begun();
        Delivery {
            worker,
            shelf,
            wire,
            unconfirmed,
            asked,
            answer,
            begin: wire.taken(),
            bytes: 0,
            outcome: None,
            begun: counting::begin(worker, &asked, answer),
            is_paused: false,
        }
    }

    /// The same delivery as before it was paused; what the journal knows of it goes over to this one.
    #[must_use]
    pub fn resumed(
        unconfirmed: &'a Unconfirmed,
        shelf: &'a Shelf,
        asked: Asked<'a>,
        answer: &'a Answer,
        paused: &mut Paused,
    ) -> Self {
        Delivery {
            worker: &unconfirmed.worker,
            shelf,
            wire: &unconfirmed.wire,
            unconfirmed,
            asked,
            answer,
            begin: paused.begin,
            bytes: paused.bytes,
            outcome: None,
            begun: paused.begun.take(),
            is_paused: false,
        }
    }

    /// Sends everything. The error is how it ended instead; the connection is of no use then.
    pub async fn send(mut self, connection: Connection) -> Result<(), Outcome> {
        if self.worker.teller.waits() {
            Box::pin(self.ready()).await;
        }
        let parts = self.parts();
        let head = self.head(parts.as_ref(), connection);
        let outcome = self.body(&head, parts.as_ref(), connection).await;
        self.end(head, outcome)
    }

    /// Sends what is left of an answer that was paused.
    pub async fn send_rest(mut self, paused: Paused) -> Result<(), Outcome> {
        let Paused {
            head,
            sent,
            connection,
            ..
        } = paused;
        let rest = head.get(sent..).unwrap_or_default();
        let outcome = match self.answer.on_disk() {
            Some(part) => self.rest_of_part(rest, part, !connection.keep).await,
            None => {
                let body = self.answer.in_memory();
                let begin = usize::try_from(self.bytes).unwrap_or(usize::MAX);
                let body = body.as_deref().and_then(|body| body.get(begin..));
                let body = body.unwrap_or_default();
                self.put_patiently(rest, body, !connection.keep).await
            }
        };
        self.end(head, outcome)
    }

    fn paused(&mut self, head: Vec<u8>, sent: usize, connection: Connection) -> Paused {
        self.is_paused = true;
        Paused {
            started: self.asked.started,
            connection,
            begin: self.begin,
            bytes: self.bytes,
            begun: self.begun.take(),
            head,
            sent,
        }
    }

    fn end(&mut self, head: Vec<u8>, outcome: Result<(), Outcome>) -> Result<(), Outcome> {
        self.worker.give_back(head);
        self.outcome = Some(outcome.err().unwrap_or(Outcome::Complete));
        outcome
    }

    fn head(&self, parts: Option<&Parts<'_>>, connection: Connection) -> Vec<u8> {
        let mut head = self.worker.buffer();
        let date = self.worker.date(self.seconds());
        head::write(&mut head, self.answer, parts, connection, &date);
        head
    }

    /// When it was asked for, in seconds since 1970.
    fn seconds(&self) -> i64 {
        self.asked.started.nanos.div_euclid(1_000_000_000)
    }

    async fn body(
        &mut self,
        head: &[u8],
        parts: Option<&Parts<'_>>,
        connection: Connection,
    ) -> Result<(), Outcome> {
        // What is sent last before a hang-up leaves in one packet with it, as nginx does by tcp_nopush.
        let last = !connection.keep;
        let answer = self.answer;
        if let Some(bytes) = answer.in_memory() {
            return self.put(head, &bytes, last).await;
        }
        match &answer.reply.body {
            Body::Empty | Body::Bytes(_) => Ok(()),
            Body::Span(span) => self.span(head, *span, last).await,
            // Boxed: each connection that waits has room for the largest of these all the time otherwise.
            Body::Spans(spans) => Box::pin(self.spans(head, spans, parts)).await,
            Body::Listing(view) => Box::pin(self.listing(head, *view, connection)).await,
        }
    }

    /// Waits until the hit is safe from a power cut. A disk that takes longer than a client may is no reason to
    /// serve nobody: the health says that it does.
    async fn ready(&self) {
        if let Some(begun) = &self.begun {
            let ready = self.worker.teller.ready(begun);
            tokio::time::timeout(self.send_timeout(), ready).await.ok();
        }
    }

    fn parts(&self) -> Option<Parts<'a>> {
        let (Body::Spans(spans), Resource::File(picked)) =
            (&self.answer.reply.body, &self.answer.resource)
        else {
            return None;
        };
        let found = picked.representation();
        Some(Parts::new(
            head::BOUNDARY,
            &found.content_type,
            found.length,
            spans,
        ))
    }

    /// Sends `before` (not counted: it is head) and then `span` of the resource's representation.
    #[expect(
        clippy::await_holding_refcell_ref,
        reason = "who would write a head before the content meanwhile only tries, and sends it in another way"
    )]
    async fn span(&mut self, before: &[u8], span: Span, more: bool) -> Result<(), Outcome> {
        let answer = self.answer;
        let Resource::File(picked) = &answer.resource else {
            return Err(Outcome::Broken);
        };
        if let Some(bytes) = picked.representation().content.slice(span) {
            return self.put(before, &bytes, more).await;
        }
        let part = OnDisk::of(picked, span).ok_or(Outcome::Broken)?;
        self.put(before, &[], span.length > 0).await?;
        Box::pin(self.part(part, Flow::Free, more)).await
    }

    async fn spans(
        &mut self,
        head: &[u8],
        spans: &[Span],
        parts: Option<&Parts<'_>>,
    ) -> Result<(), Outcome> {
        let Some(parts) = parts else {
            return Err(Outcome::Broken);
        };
        self.put(head, &[], true).await?;
        let mut text = Vec::new();
        for (number, span) in spans.iter().enumerate() {
            text.clear();
            parts.part_head(number, &mut text);
            self.put(&[], &text, true).await?;
            self.span(&[], *span, true).await?;
        }
        text.clear();
        parts.tail(&mut text);
        self.put(&[], &text, false).await
    }

    /// The pieces of a listing, each made on the blocking pool when the one before has left.
    async fn listing(
        &mut self,
        head: &[u8],
        view: View,
        connection: Connection,
    ) -> Result<(), Outcome> {
        let (Resource::Directory(relative), Some(root)) =
            (&self.answer.resource, self.shelf.root())
        else {
            return Err(Outcome::Broken);
        };
        let chunked = connection.is_chunked(&self.answer.reply);
        let listing = Listing::new(Place::new(root, relative.clone()), view);
        // The first piece needs nothing and leaves at once. From then on names are kept in memory for as
        // long as the client likes, so only so many clients at a time have some.
        let (mut listing, first) = self.piece(listing).await?;
        let mut before = head.to_vec();
        self.chunk(&mut before, &first.unwrap_or_default(), chunked)
            .await?;
        let place = tokio::time::timeout(self.send_timeout(), self.worker.listings.acquire());
        let place = place.await.map_err(|_| Outcome::Stopped)?;
        loop {
            let (unfinished, piece) = self.piece(listing).await?;
            listing = unfinished;
            let Some(piece) = piece else {
                break;
            };
            self.chunk(&mut before, &piece, chunked).await?;
        }
        drop(place);
        if chunked {
            before.extend_from_slice(chunked::LAST);
        }
        self.put(&before, &[], false).await
    }

    /// The next piece of a listing, made on the blocking pool. The counts that it shows are asked for between its
    /// steps: a ledger that is slow holds none of the threads that listings have.
    async fn piece(&self, mut listing: Listing) -> Result<(Listing, Option<Vec<u8>>), Outcome> {
        self.wire.slot().rest();
        loop {
            let turn = self.worker.listing.acquire().await;
            let made = pooled(move || {
                let step = listing.step();
                (listing, step)
            });
            let (same, step) = made.await.ok_or(Outcome::Broken)?;
            drop(turn);
            listing = same;
            match step.map_err(|_| Outcome::Broken)? {
                Step::Piece(piece) => return Ok((listing, Some(piece))),
                Step::End => return Ok((listing, None)),
                Step::Ask(paths) => {
                    let (asking, site) = (&self.shelf.asking, &self.shelf.site);
                    listing.tell(asking.totals(site, paths, self.worker.millis()).await);
                }
            }
        }
    }

    /// Sends what is left from before and a piece of a listing. It is not held back for more: the first
    /// one must arrive while the directory is still read.
    async fn chunk(
        &mut self,
        before: &mut Vec<u8>,
        piece: &[u8],
        chunked: bool,
    ) -> Result<(), Outcome> {
        if chunked && !piece.is_empty() {
            chunked::frame_head(piece.len(), before);
        }
        self.put(before, piece, false).await?;
        before.clear();
        if chunked && !piece.is_empty() {
            before.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    /// Sends `head`, which is not counted, and `body`, which is.
    async fn put(&mut self, head: &[u8], body: &[u8], more: bool) -> Result<(), Outcome> {
        let slices = [IoSlice::new(head), IoSlice::new(body)];
        let tried = self.wire.try_write(&slices, more);
        let taken = tried.map_err(|error| ended(&error))?.unwrap_or(0);
        let (head, body) = self.less(head, body, taken);
        self.put_patiently(head, body, more).await
    }

    /// The same for a socket that is full.
    async fn put_patiently(
        &mut self,
        mut head: &[u8],
        mut body: &[u8],
        more: bool,
    ) -> Result<(), Outcome> {
        while !(head.is_empty() && body.is_empty()) {
            let slices = [IoSlice::new(head), IoSlice::new(body)];
            self.patient();
            let sent = self.wire.write(&slices, more).await;
            let taken = sent.map_err(|error| ended(&error))?;
            (head, body) = self.less(head, body, taken);
        }
        Ok(())
    }

    /// What is left of head and body when the socket has taken so much of both; counts what it took of the body.
    fn less<'b>(&mut self, head: &'b [u8], body: &'b [u8], taken: usize) -> (&'b [u8], &'b [u8]) {
        let of_head = taken.min(head.len());
        let of_body = taken - of_head;
        self.bytes += of_body as u64;
        (
            head.get(of_head..).unwrap_or_default(),
            body.get(of_body..).unwrap_or_default(),
        )
    }

    /// From here the client has the whole of its time again: it took something, or is about to.
    fn patient(&self) {
        // Before a wait there is time to see whether the replies before this one have left.
        self.unconfirmed.look();
        let limit = self.send_timeout();
        self.wire.slot().until(self.worker.after(limit), false);
    }

    fn send_timeout(&self) -> Duration {
        self.worker.serving().world.limits.send_timeout
    }

    fn entry(&self) -> Entry<'_> {
        let path: &[u8] = match &self.answer.resource {
            Resource::File(picked) if self.answer.hit > 0 => picked.file.account.path(),
            _ => b"",
        };
        let Some(request) = self.asked.request else {
            return Entry {
                target: self.asked.line,
                ..Entry::default()
            };
        };
        Entry {
            path,
            method: request.verb,
            target: request.target,
            host: request.host,
            range: request.range.unwrap_or_default(),
            referrer: request.referer.unwrap_or_default(),
            agent: request.user_agent.unwrap_or_default(),
        }
    }
}

impl Asked<'_> {
    /// The version that the reply must suit.
    #[must_use]
    pub fn version(&self) -> Version {
        self.request
            .map_or(Version::Http11, |request| request.version)
    }
}

/// How a reply ended whose socket gave this error.
fn ended(error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::TimedOut => Outcome::Stalled,
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::NotConnected => Outcome::Reset,
        // EIO and the like: reading the file failed within sendfile.
        _ => Outcome::Broken,
    }
}

/// Sends an interim 100 (RFC 9110 section 10.1.1). If it can't be sent the client will notice.
pub async fn interim_continue(wire: &Wire) -> io::Result<()> {
    let text = b"HTTP/1.1 100 Continue\r\n\r\n";
    let mut sent = 0;
    while let Some(rest) = text.get(sent..).filter(|rest| !rest.is_empty()) {
        sent += wire.write(&[IoSlice::new(rest)], false).await?;
    }
    Ok(())
}
