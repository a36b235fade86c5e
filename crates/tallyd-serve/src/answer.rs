//! The one door: every pump hands its Request in here and gets the Reply with its Resource.
//!
//! 1. methods that no file server has, and OPTIONS, are answered at once
//! 2. the target becomes a clean path
//! 3. paths that have moved, and hidden ones
//! 4. resolve: what is there
//! 5. decide: what is sent; or its count, if that is asked for and may be told
//! 6. an error gets the operator's own page, a hit its number

use std::cell::Ref;
use std::ops::Deref;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tallyd_http::request::{Method, Request};
use tallyd_http::status::Status;
use tallyd_http::target::{self, CleanPath};
use tallyd_ledger::entry::LONGEST_MISSING;

use crate::decide::{self, Rules, decide};
use crate::file::{Content, Kept};
use crate::listing::Columns;
use crate::pages;
use crate::public::{self, Wish};
use crate::reply::{Body, Facts, Reply};
use crate::resolve::Shelf;
use crate::resource::{Absence, Picked, Resource};
use tallyd_http::range::Span;

/// The moment of a request, as the worker's clock had it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Milliseconds since the worker started.
    pub millis: u64,
    /// Seconds since 1970.
    pub seconds: i64,
}

/// What a pump sends.
#[derive(Debug)]
pub struct Answer {
    /// What will be sent.
    pub reply: Reply,
    /// What its bytes are taken from.
    pub resource: Resource,
    /// The number of this hit, or 0 if it is none.
    pub hit: u64,
    /// What it is to the count, if it is no hit.
    pub about: About,
}

/// What a reply that is no hit is to the count.
#[derive(Debug)]
pub enum About {
    /// Nothing that has an account.
    Nothing,
    /// A file that was only looked at: HEAD, 304, 416.
    Probe(Picked),
    /// This path is not there.
    Missing(Box<[u8]>),
}

/// Answers one request for `shelf`'s site.
pub async fn answer(shelf: &Shelf, request: &Request<'_>, now: Moment) -> Answer {
    match request.method {
        Method::Other => {
            return Box::pin(refuse(shelf, Status::NOT_IMPLEMENTED, request.method, now)).await;
        }
        Method::Options => return bare(decide::options(rules(shelf))),
        Method::Get | Method::Head | Method::Post => {}
    }
    let Ok(path) = target::clean(request.path) else {
        return Box::pin(refuse(shelf, Status::BAD_REQUEST, request.method, now)).await;
    };
    let resource = find(shelf, request, &path, now).await;
    if let (Some(wish), Resource::File(picked)) = (wish(shelf, request), &resource) {
        // Whoever asks how often a file was asked for has not asked for it: neither a hit nor a probe.
        return Answer {
            reply: Box::pin(public::reply(shelf, request, picked, wish, now)).await,
            resource,
            hit: 0,
            about: About::Nothing,
        };
    }
    let mut answer = concluded(shelf, request, &path, resource, now);
    count(request, &path, &mut answer);
    if answer.reply.status.code() >= 400 {
        Box::pin(own_page(shelf, &mut answer, now)).await;
    }
    answer
}

/// The same where nothing has to be waited for: a file that is known, of which one piece is sent, or none. Nothing where
/// there is more to it; then nothing has been counted either.
#[must_use]
pub fn answer_at_once(shelf: &Shelf, request: &Request<'_>, now: Moment) -> Option<Answer> {
    if matches!(request.method, Method::Other | Method::Options) {
        return None;
    }
    let path = target::clean(request.path).ok()?;
    let redirects = &shelf.site.rules.redirects;
    if path.is_hidden()
        || (!redirects.is_empty() && shelf.site.redirect(path.as_bytes()).is_some())
        || wish(shelf, request).is_some()
    {
        return None;
    }
    let accept_encoding = request.accept_encoding.as_deref();
    let resource = shelf.resolve_at_once(&path, accept_encoding, now.millis)?;
    let mut answer = concluded(shelf, request, &path, resource, now);
    let has_own_page = answer.reply.status.code() >= 400 && shelf.pages.is_some();
    if has_own_page || (answer.in_memory().is_none() && answer.on_disk().is_none()) {
        return None;
    }
    count(request, &path, &mut answer);
    Some(answer)
}

impl Answer {
    /// The body that is sent, if it lies in memory in one piece.
    #[must_use]
    pub fn in_memory(&self) -> Option<InMemory<'_>> {
        match &self.reply.body {
            _ if self.reply.head_only => Some(InMemory::Bytes(&[])),
            Body::Empty => Some(InMemory::Bytes(&[])),
            Body::Bytes(bytes) => Some(InMemory::Bytes(bytes)),
            Body::Span(span) => match &self.resource {
                Resource::File(picked) => {
                    let part = picked.representation().content.slice(*span);
                    part.map(InMemory::Part)
                }
                _ => None,
            },
            Body::Spans(_) | Body::Listing(_) => None,
        }
    }

    /// The content that is sent, if it is kept in memory, all of it is sent, and nothing is said but what is always said
    /// of it.
    #[must_use]
    pub fn plain(&self) -> Option<&Kept> {
        match &self.resource {
            Resource::File(picked) if self.reply.is_plain() => {
                match &picked.representation().content {
                    Content::Memory(kept) => Some(kept),
                    Content::Disk { .. } => None,
                }
            }
            _ => None,
        }
    }

    /// How long the body is that is sent, if it is one piece.
    #[must_use]
    pub fn piece(&self) -> u64 {
        match self.on_disk() {
            Some(part) => part.span.length,
            None => self.in_memory().map_or(0, |body| body.len() as u64),
        }
    }

    /// The part of a file that is sent, if that is one piece and not kept in memory.
    #[must_use]
    pub fn on_disk(&self) -> Option<OnDisk<'_>> {
        match (&self.reply.body, &self.resource) {
            _ if self.reply.head_only => None,
            (Body::Span(span), Resource::File(picked)) => OnDisk::of(picked, *span),
            _ => None,
        }
    }
}

/// A body that lies in memory.
#[derive(Debug)]
pub enum InMemory<'a> {
    /// One that was made for the reply, or is always the same.
    Bytes(&'a [u8]),
    /// A part of a content that is kept.
    Part(Ref<'a, [u8]>),
}

impl Deref for InMemory<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            InMemory::Bytes(bytes) => bytes,
            InMemory::Part(part) => part,
        }
    }
}

/// A part of a file that is not kept in memory.
#[derive(Clone, Copy, Debug)]
pub struct OnDisk<'a> {
    /// Where it is read.
    pub descriptor: &'a Arc<OwnedFd>,
    /// There is no disk behind its file system.
    pub in_memory: bool,
    /// Which part.
    pub span: Span,
}

impl<'a> OnDisk<'a> {
    /// This part of a representation; nothing if that is kept in memory.
    #[must_use]
    pub fn of(picked: &'a Picked, span: Span) -> Option<OnDisk<'a>> {
        match &picked.representation().content {
            Content::Memory(_) => None,
            Content::Disk {
                descriptor,
                in_memory,
            } => Some(OnDisk {
                descriptor,
                in_memory: *in_memory,
                span,
            }),
        }
    }
}

/// What is asked for of a file's count, if anybody may.
fn wish(shelf: &Shelf, request: &Request<'_>) -> Option<Wish> {
    match shelf.site.rules.public_counts {
        true => Wish::of(request),
        false => None,
    }
}

/// The answer that follows from a resource, not counted yet.
fn concluded(
    shelf: &Shelf,
    request: &Request<'_>,
    path: &CleanPath<'_>,
    resource: Resource,
    now: Moment,
) -> Answer {
    let mut reply = decide(request, &resource, rules(shelf), now.seconds);
    if reply.fields.facts == Facts::None {
        reply.fields.extra = shelf.site.header_lines(path.as_bytes());
    }
    Answer {
        reply,
        resource,
        hit: 0,
        about: About::Nothing,
    }
}

/// Answers what could not become a request, or must not be answered any further.
pub async fn refuse(shelf: &Shelf, status: Status, method: Method, now: Moment) -> Answer {
    let mut answer = bare(decide::error(status));
    answer.reply.head_only = method == Method::Head;
    own_page(shelf, &mut answer, now).await;
    answer
}

fn bare(reply: Reply) -> Answer {
    Answer {
        reply,
        resource: Resource::Absent(Absence::Missing),
        hit: 0,
        about: About::Nothing,
    }
}

fn rules(shelf: &Shelf) -> Rules {
    Rules {
        post: shelf.site.rules.post,
        listing: shelf.site.rules.listing,
        columns: if shelf.site.rules.listing_counts && shelf.asking.is_possible() {
            Columns::Counts
        } else {
            Columns::Facts
        },
    }
}

async fn find(shelf: &Shelf, request: &Request<'_>, path: &CleanPath<'_>, now: Moment) -> Resource {
    if !shelf.site.rules.redirects.is_empty()
        && let Some((status, location)) = shelf.site.redirect(path.as_bytes())
    {
        return Resource::Moved(status, with_query(location, request.query));
    }
    if path.is_hidden() {
        return Resource::Absent(Absence::Missing);
    }
    let accept_encoding = request.accept_encoding.as_deref();
    match shelf.resolve(path, accept_encoding, now.millis).await {
        Resource::Moved(status, location) => {
            Resource::Moved(status, with_query(location, request.query))
        }
        Resource::Absent(Absence::Missing) if shelf.site.rules.spa && is_page(request, path) => {
            match target::clean(b"/") {
                Ok(start) => shelf.resolve(&start, accept_encoding, now.millis).await,
                Err(_) => Resource::Absent(Absence::Missing),
            }
        }
        resource => resource,
    }
}

/// Whether a missing path is meant for the single page: a missing script must stay missing, or the
/// browser would run a page as a script.
fn is_page(request: &Request<'_>, path: &CleanPath<'_>) -> bool {
    let wants_html = |accept: &[u8]| {
        accept
            .windows(9)
            .any(|part| part.eq_ignore_ascii_case(b"text/html"))
    };
    path.extension().is_none() || request.accept.as_deref().is_some_and(wants_html)
}

/// A redirect keeps the query (RFC 9110 section 15.4 leaves it to us; everyone expects it).
fn with_query(mut location: Vec<u8>, query: Option<&[u8]>) -> Vec<u8> {
    if let Some(query) = query
        && !location.contains(&b'?')
    {
        location.push(b'?');
        location.extend_from_slice(query);
    }
    location
}

/// Replaces the built-in page of an error by the operator's, if there is one.
async fn own_page(shelf: &Shelf, answer: &mut Answer, now: Moment) {
    let Some(pages) = &shelf.pages else {
        return;
    };
    let name = format!("/{}", pages::file_name(answer.reply.status));
    let Ok(path) = target::clean(name.as_bytes()) else {
        return;
    };
    let Resource::File(page) = pages.resolve(&path, None, now.millis).await else {
        return;
    };
    answer.reply.body = Body::Span(Span {
        start: 0,
        length: page.representation().length,
    });
    answer.reply.fields.facts = Facts::None;
    // The pages are HTML: that is what their names say.
    answer.reply.fields.content_type = Some(pages::TYPE);
    answer.resource = Resource::File(page);
}

/// A GET, or a POST that is answered like one, with 200 or 206 for a file is a hit, and gets its number. Other
/// replies about a file are probes of it.
fn count(request: &Request<'_>, path: &CleanPath<'_>, answer: &mut Answer) {
    let status = answer.reply.status;
    let Resource::File(picked) = &answer.resource else {
        if status == Status::NOT_FOUND {
            let shown = path.as_bytes();
            answer.about = About::Missing(shown.get(..LONGEST_MISSING).unwrap_or(shown).into());
        }
        return;
    };
    let sent = matches!(status, Status::OK | Status::PARTIAL);
    if sent && request.method != Method::Head {
        answer.hit = picked.file.account.hit();
    } else if sent || matches!(status, Status::NOT_MODIFIED | Status::RANGE_NOT_SATISFIABLE) {
        answer.about = About::Probe(picked.clone());
    }
}
