//! Decide: from a Request and its Resource to the Reply. Pure: no clock, no file, no socket.

use std::borrow::Cow;

use tallyd_http::accept;
use tallyd_http::condition::{self, Verdict};
use tallyd_http::range::{self, Ranges, Span};
use tallyd_http::request::{Method, Request};
use tallyd_http::status::Status;

use crate::file::Representation;
use crate::listing::{Columns, Order, View};
use crate::pages;
use crate::reply::{Body, ContentRange, Facts, Fields, Reply};
use crate::resource::{Absence, Resource};

/// What the rules of the site leave to be decided.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// POST is answered as GET.
    pub post: bool,
    /// Directories are listed.
    pub listing: bool,
    /// What a listing shows of a file.
    pub columns: Columns,
}

impl Rules {
    fn allow(self) -> &'static str {
        if self.post {
            "GET, HEAD, POST, OPTIONS"
        } else {
            "GET, HEAD, OPTIONS"
        }
    }
}

/// Seconds to wait before asking again when the root is away: it is looked for at each request.
const RETRY: u32 = 1;

/// The reply to `request` for `resource`, at `now` (seconds since 1970).
#[must_use]
pub fn decide(request: &Request<'_>, resource: &Resource, rules: Rules, now: i64) -> Reply {
    let mut reply = match resource {
        Resource::Absent(absence) => absent(*absence),
        Resource::Moved(status, location) => moved(*status, location),
        _ if request.method == Method::Post && !rules.post => not_allowed(rules),
        Resource::File(picked) => file(request, picked.representation(), now),
        Resource::Directory(_) if rules.listing => listing(request, rules.columns),
        Resource::Directory(_) => absent(Absence::Missing),
    };
    reply.head_only = request.method == Method::Head;
    reply
}

/// The reply to OPTIONS (RFC 9110 section 9.3.7), whatever the target.
#[must_use]
pub fn options(rules: Rules) -> Reply {
    let mut reply = Reply::bare(Status::NO_CONTENT);
    reply.fields.allow = Some(rules.allow());
    reply
}

/// The reply that says no more than `status`, with its page.
#[must_use]
pub fn error(status: Status) -> Reply {
    Reply {
        status,
        fields: Fields {
            content_type: Some(pages::TYPE),
            ..Fields::default()
        },
        body: Body::Bytes(Cow::Owned(pages::page(status))),
        head_only: false,
    }
}

fn absent(absence: Absence) -> Reply {
    let mut reply = error(absence.status());
    if absence == Absence::Away {
        reply.fields.retry_after = Some(RETRY);
    }
    reply
}

fn moved(status: Status, location: &[u8]) -> Reply {
    let mut reply = error(status);
    reply.fields.location = Some(location.to_vec());
    reply
}

/// RFC 9110 section 15.5.6: a 405 names the methods that would do.
fn not_allowed(rules: Rules) -> Reply {
    let mut reply = error(Status::METHOD_NOT_ALLOWED);
    reply.fields.allow = Some(rules.allow());
    reply
}

fn listing(request: &Request<'_>, columns: Columns) -> Reply {
    let format = accept::listing(request.accept.as_deref());
    let view = View {
        format,
        order: Order::of_query(request.query.unwrap_or_default(), columns),
        columns,
    };
    let fields = Fields {
        content_type: Some(view.content_type()),
        vary_accept: true,
        ..Fields::default()
    };
    Reply {
        status: Status::OK,
        fields,
        body: Body::Listing(view),
        head_only: false,
    }
}

/// Conditions first (RFC 9110 section 13.2.2), then ranges, which only a GET can ask for (14.2).
fn file(request: &Request<'_>, found: &Representation, now: i64) -> Reply {
    let modified = found.modified;
    match condition::evaluate(request, &found.etag, modified, now) {
        Verdict::Failed => return error(Status::PRECONDITION_FAILED),
        Verdict::NotModified => return not_modified(),
        Verdict::Proceed => {}
    }
    let holds = request.method == Method::Get
        && request.range.is_some()
        && condition::if_range_holds(request, &found.etag, modified, now);
    if !holds {
        return whole(found);
    }
    match range::parse(request.range, found.length) {
        Ranges::Whole => whole(found),
        Ranges::Unsatisfiable => unsatisfiable(found),
        Ranges::One(span) => part(found, span),
        Ranges::Many(spans) => parts(spans),
    }
}

fn about(status: Status, facts: Facts, body: Body) -> Reply {
    let fields = Fields {
        facts,
        ..Fields::default()
    };
    Reply {
        status,
        fields,
        body,
        head_only: false,
    }
}

fn whole(found: &Representation) -> Reply {
    let span = Span {
        start: 0,
        length: found.length,
    };
    about(Status::OK, Facts::Whole, Body::Span(span))
}

fn not_modified() -> Reply {
    about(Status::NOT_MODIFIED, Facts::Validators, Body::Empty)
}

fn part(found: &Representation, span: Span) -> Reply {
    let mut reply = about(Status::PARTIAL, Facts::Whole, Body::Span(span));
    reply.fields.content_range = Some(ContentRange::Part(span, found.length));
    reply
}

fn parts(spans: Vec<Span>) -> Reply {
    about(Status::PARTIAL, Facts::Multipart, Body::Spans(spans))
}

fn unsatisfiable(found: &Representation) -> Reply {
    let mut reply = error(Status::RANGE_NOT_SATISFIABLE);
    reply.fields.content_range = Some(ContentRange::Unsatisfied(found.length));
    reply
}

#[cfg(test)]
mod tests;
