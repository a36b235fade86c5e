//! A page of the admin listener, and its bytes on the wire.
//!
//! Promises: nothing is stored by a cache, guessed by a browser, framed by or read from another site.

use tallyd_http::request::{Method, Version};
use tallyd_http::status::Status;
use tallyd_http::write::HeadWriter;

/// Plain text.
const TEXT: &str = "text/plain; charset=utf-8";

/// HTML.
const HTML: &str = "text/html; charset=utf-8";

/// Nothing may be loaded, run, framed or sent anywhere: the pages need none of it.
const POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What is sent for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The status.
    pub status: Status,
    /// What the body is.
    pub content_type: &'static str,
    /// The body; for HEAD only its length is sent.
    pub body: Vec<u8>,
}

/// How a page leaves.
#[derive(Clone, Copy, Debug)]
pub struct Leaving {
    /// What was asked to be done.
    pub method: Method,
    /// The version that the client speaks.
    pub version: Version,
    /// Whether another request may follow.
    pub keep: bool,
}

impl Page {
    /// A line of plain text.
    #[must_use]
    pub fn line(status: Status, text: &str) -> Page {
        Page {
            status,
            content_type: TEXT,
            body: format!("{text}\n").into_bytes(),
        }
    }

    /// A whole document for people.
    #[must_use]
    pub fn html(document: &str) -> Page {
        Page {
            status: Status::OK,
            content_type: HTML,
            body: document.as_bytes().to_vec(),
        }
    }

    /// The status and its reason, as the body.
    #[must_use]
    pub fn of(status: Status) -> Page {
        Page::line(status, &format!("{} {}", status.code(), status.reason()))
    }

    /// The whole reply.
    #[must_use]
    pub fn bytes(&self, leaving: Leaving, date: &[u8; 29]) -> Vec<u8> {
        let mut out = Vec::with_capacity(512 + self.body.len());
        let mut head = HeadWriter::new(&mut out, self.status);
        head.field("Server", "tallyd");
        head.field("Date", date);
        match (leaving.version, leaving.keep) {
            (Version::Http11, true) | (Version::Http10, false) => {}
            (Version::Http11, false) => head.field("Connection", "close"),
            (Version::Http10, true) => head.field("Connection", "keep-alive"),
        }
        head.field("Content-Type", self.content_type);
        head.number("Content-Length", self.body.len() as u64);
        if self.status == Status::METHOD_NOT_ALLOWED {
            head.field("Allow", "GET, HEAD");
        }
        head.field("Cache-Control", "no-store");
        head.field("X-Content-Type-Options", "nosniff");
        head.field("Content-Security-Policy", POLICY);
        head.field("Cross-Origin-Resource-Policy", "same-origin");
        head.field("Referrer-Policy", "no-referrer");
        head.finish();
        if leaving.method != Method::Head {
            out.extend_from_slice(&self.body);
        }
        out
    }
}
