//! A page of the admin listener, and its bytes on the wire.
//!
//! Promises: nothing is stored by a cache, guessed by a browser, framed by or read from another site; a page can
//! load nothing but what this listener has.

use tallyd_http::request::{Method, Version};
use tallyd_http::status::Status;
use tallyd_http::write::HeadWriter;

/// Plain text.
const TEXT: &str = "text/plain; charset=utf-8";

/// HTML.
const HTML: &str = "text/html; charset=utf-8";

/// JSON.
const JSON: &str = "application/json";

/// CSV, RFC 4180 section 3.
const CSV: &str = "text/csv; charset=utf-8; header=present";

/// Style, script, icon and live numbers from here; nothing from or to anywhere else, nothing within the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What is sent for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The status.
    pub status: Status,
    /// What the body is.
    pub content_type: &'static str,
    /// The body; for HEAD only its length is sent.
    pub body: Vec<u8>,
    /// Fields of its own.
    pub fields: Vec<(&'static str, String)>,
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
    fn new(status: Status, content_type: &'static str, body: Vec<u8>) -> Page {
        Page {
            status,
            content_type,
            body,
            fields: Vec::new(),
        }
    }

    /// A line of plain text.
    #[must_use]
    pub fn line(status: Status, text: &str) -> Page {
        Page::new(status, TEXT, format!("{text}\n").into_bytes())
    }

    /// A whole document for people.
    #[must_use]
    pub fn html(status: Status, document: String) -> Page {
        Page::new(status, HTML, document.into_bytes())
    }

    /// A document for programs.
    #[must_use]
    pub fn json(status: Status, document: String) -> Page {
        Page::new(status, JSON, document.into_bytes())
    }

    /// A table for programs, and the name under which a browser saves it.
    #[must_use]
    pub fn csv(table: String, name: &str) -> Page {
        let saved = format!("attachment; filename=\"{name}\"");
        Page::new(Status::OK, CSV, table.into_bytes()).with("Content-Disposition", saved)
    }

    /// A file that the pages are made of.
    #[must_use]
    pub fn asset(content_type: &'static str, content: &'static str) -> Page {
        Page::new(Status::OK, content_type, content.as_bytes().to_vec())
    }

    /// The status and its reason, as the body.
    #[must_use]
    pub fn of(status: Status) -> Page {
        Page::line(status, &format!("{} {}", status.code(), status.reason()))
    }

    /// With one more field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Page {
        self.fields.push((name, value.into()));
        self
    }

    /// The whole reply.
    #[must_use]
    pub fn bytes(&self, leaving: Leaving, date: &[u8; 29]) -> Vec<u8> {
        let mut out = Vec::with_capacity(768 + self.body.len());
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
        for (name, value) in &self.fields {
            head.field(name, value);
        }
        head.field("Cache-Control", "no-store");
        guard(&mut head);
        head.finish();
        if leaving.method != Method::Head {
            out.extend_from_slice(&self.body);
        }
        out
    }
}

/// What every reply says to browsers, so that no other site can make use of it.
pub fn guard(head: &mut HeadWriter<'_>) {
    head.field("X-Content-Type-Options", "nosniff");
    head.field("Content-Security-Policy", POLICY);
    head.field("Cross-Origin-Resource-Policy", "same-origin");
    head.field("Cross-Origin-Opener-Policy", "same-origin");
    head.field("Referrer-Policy", "no-referrer");
}
