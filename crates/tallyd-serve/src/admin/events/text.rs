//! What an event stream says, as text/event-stream (WHATWG HTML, section 9.2).
//!
//! Promises: every event is whole, on lines of its own, and has an id, which never falls. Pure.

use std::ops::Range;
use std::rc::Rc;

use tallyd_http::chunked::frame_head;
use tallyd_http::request::Version;
use tallyd_http::status::Status;
use tallyd_http::write::HeadWriter;
use tallyd_ledger::feed::News;
use tallyd_ledger::report::{Day, RULES, json};

use crate::admin::page::guard;

/// A comment: it says nothing, so that the wire is not silent.
pub const PULSE: &str = ":\n\n";

/// After how many milliseconds a browser tries again when a stream has ended.
const RETRY: u32 = 2_000;

/// A part of a stream, made once for all who get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// As a chunk.
    chunk: Rc<[u8]>,
    /// Where in it the text is.
    text: Range<usize>,
}

impl Piece {
    /// A piece that says this.
    #[must_use]
    pub fn new(text: &str) -> Piece {
        let mut chunk = Vec::with_capacity(text.len() + 16);
        frame_head(text.len(), &mut chunk);
        let start = chunk.len();
        chunk.extend_from_slice(text.as_bytes());
        let text = start..chunk.len();
        chunk.extend_from_slice(b"\r\n");
        Piece {
            chunk: chunk.into(),
            text,
        }
    }

    /// Its bytes on the wire: HTTP/1.0 has no chunks, its body ends with the connection.
    #[must_use]
    pub fn bytes(&self, version: Version) -> &[u8] {
        match version {
            Version::Http11 => &self.chunk,
            Version::Http10 => self.chunk.get(self.text.clone()).unwrap_or_default(),
        }
    }
}

/// The head of the reply. Its body has no end but that of the connection.
#[must_use]
pub fn head(version: Version, date: &[u8; 29]) -> Vec<u8> {
    let mut out = Vec::with_capacity(768);
    let mut head = HeadWriter::new(&mut out, Status::OK);
    head.field("Server", "tallyd");
    head.field("Date", date);
    if version == Version::Http11 {
        head.field("Connection", "close");
        head.field("Transfer-Encoding", "chunked");
    }
    head.field("Content-Type", "text/event-stream");
    head.field("Cache-Control", "no-store");
    // nginx collects replies before it passes them on, unless it is told not to.
    head.field("X-Accel-Buffering", "no");
    guard(&mut head);
    head.finish();
    out
}

/// The first event: whom one has to do with, and by which rules it counts.
#[must_use]
pub fn hello(id: u64) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let data = format!("{{\"rules\":{RULES},\"version\":\"{version}\"}}");
    format!("retry: {RETRY}\nid: {id}\nevent: hello\ndata: {data}\n\n")
}

/// New replies, and how many more there were. Nothing if there were none.
#[must_use]
pub fn replies(news: &News) -> String {
    let mut out = String::new();
    if !news.seen.is_empty() {
        let replies: Vec<String> = news.seen.iter().map(|seen| seen.json()).collect();
        let (id, replies) = (news.next, replies.join(","));
        out = format!("id: {id}\nevent: requests\ndata: [{replies}]\n\n");
    }
    if news.skipped > 0 {
        out.push_str(&skipped(news.skipped, news.next));
    }
    out
}

/// So many replies are not shown.
#[must_use]
pub fn skipped(replies: u64, id: u64) -> String {
    format!("id: {id}\nevent: skipped\ndata: {{\"replies\":{replies}}}\n\n")
}

/// What was counted today, for all sites.
#[must_use]
pub fn counts(day: &Day) -> String {
    format!("event: counts\ndata: {}\n\n", json::day(day))
}
