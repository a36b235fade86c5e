//! The head of a reply: from the Reply and the representation's ready lines to bytes.

use tallyd_http::multipart::Parts;
use tallyd_http::range::Span;
use tallyd_http::request::Version;
use tallyd_http::status::Status;
use tallyd_http::write::HeadWriter;

use crate::answer::Answer;
use crate::file::Representation;
use crate::reply::{Body, ContentRange, Facts, Reply};
use crate::resource::Resource;

/// Separates the parts of a multipart reply. Long and odd enough not to occur in a file by chance
/// (RFC 2046 section 5.1.1), and the same for all: no clock and no dice on the way.
pub const BOUNDARY: &str = "tallyd-4f1c9b7e2a60d835-part";

/// How the connection goes on after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The version that the reply must suit.
    pub version: Version,
    /// Whether another request may follow.
    pub keep: bool,
}

impl Connection {
    /// Whether the body of `reply` is sent in chunks: its length is unknown, the client knows chunks.
    #[must_use]
    pub fn is_chunked(self, reply: &Reply) -> bool {
        self.version == Version::Http11 && matches!(reply.body, Body::Listing(_))
    }

    /// A body of unknown length that is not chunked ends with the connection.
    #[must_use]
    pub fn suiting(self, reply: &Reply) -> Connection {
        let endless = matches!(reply.body, Body::Listing(_)) && !self.is_chunked(reply);
        Connection {
            keep: self.keep && !endless,
            ..self
        }
    }
}

/// Writes the whole head into `out`.
pub fn write(
    out: &mut Vec<u8>,
    answer: &Answer,
    parts: Option<&Parts<'_>>,
    connection: Connection,
    date: &[u8; 29],
) {
    let reply = &answer.reply;
    let mut head = HeadWriter::new(out, reply.status);
    head.raw(b"Server: tallyd\r\nDate: ");
    head.raw(date);
    head.raw(b"\r\n");
    match (connection.version, connection.keep) {
        // Persistent is what 1.1 is anyway, and 1.0 is not (RFC 9112 section 9.3).
        (Version::Http11, true) | (Version::Http10, false) => {}
        (Version::Http11, false) => head.field("Connection", "close"),
        (Version::Http10, true) => head.field("Connection", "keep-alive"),
    }
    representation(&mut head, answer, parts);
    fields(&mut head, reply);
    length(&mut head, reply, parts, connection);
    head.finish();
}

fn representation(head: &mut HeadWriter<'_>, answer: &Answer, parts: Option<&Parts<'_>>) {
    let Resource::File(picked) = &answer.resource else {
        return;
    };
    let found: &Representation = picked.representation();
    match answer.reply.fields.facts {
        Facts::None => {}
        Facts::Whole => head.raw(&found.fields),
        Facts::Multipart => {
            if let Some(parts) = parts {
                head.field("Content-Type", parts.content_type());
            }
            head.raw(found.fields_without_type());
        }
        Facts::Validators => head.raw(&found.validators),
    }
}

fn fields(head: &mut HeadWriter<'_>, reply: &Reply) {
    let fields = &reply.fields;
    if let Some(content_type) = fields.content_type {
        head.field("Content-Type", content_type);
    }
    if let Some(location) = &fields.location {
        head.field("Location", location);
    }
    if let Some(allow) = fields.allow {
        head.field("Allow", allow);
    }
    if let Some(seconds) = fields.retry_after {
        head.number("Retry-After", u64::from(seconds));
    }
    if fields.vary_accept {
        head.field("Vary", "Accept");
    }
    match fields.content_range {
        None => {}
        Some(ContentRange::Part(Span { start, length }, total)) => {
            let last = start + length.saturating_sub(1);
            head.field("Content-Range", format!("bytes {start}-{last}/{total}"));
        }
        Some(ContentRange::Unsatisfied(total)) => {
            head.field("Content-Range", format!("bytes */{total}"));
        }
    }
    head.raw(&fields.extra);
}

/// RFC 9110 section 8.6: never in a 204; a 304 would have to name the length of the 200, so it has none.
fn length(
    head: &mut HeadWriter<'_>,
    reply: &Reply,
    parts: Option<&Parts<'_>>,
    connection: Connection,
) {
    if matches!(reply.status, Status::NO_CONTENT | Status::NOT_MODIFIED) {
        return;
    }
    match &reply.body {
        Body::Empty => head.number("Content-Length", 0),
        Body::Bytes(bytes) => head.number("Content-Length", bytes.len() as u64),
        Body::Span(span) => head.number("Content-Length", span.length),
        Body::Spans(_) => head.number("Content-Length", parts.map_or(0, Parts::length)),
        Body::Listing(_) if connection.is_chunked(reply) => {
            head.field("Transfer-Encoding", "chunked");
        }
        Body::Listing(_) => {}
    }
}
