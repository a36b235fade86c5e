//! Counts on the public port: `?tally` and `?badge` on a file's own URL.
//!
//! 1. [`Wish::of`]: is this asked for the count of a file, and how is it to be shown
//! 2. the ledger is asked, so that the numbers are those of `tallyd stats`; never on the worker's thread
//! 3. [`show`]: what is sent. Pure
//!
//! Promises: nothing is said of what would not be served; whoever asks changes no count; what stands in a path or a
//! label is text.

mod badge;
mod tally;
mod wish;

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hasher};

use tallyd_http::accept::{self, Listing as Format};
use tallyd_http::etag::{self, Comparison};
use tallyd_http::request::Request;
use tallyd_http::status::Status;
use tallyd_ledger::report::{Brief, Range};

use crate::answer::Moment;
use crate::asking::Silence;
use crate::reply::{Body, Fields, Reply};
use crate::resolve::Shelf;
use crate::resource::Picked;
use crate::site::Site;
pub use badge::Badge;
pub use wish::Wish;

/// The days of the tally that are shown beside the whole.
const DAYS: u16 = 30;

/// Seconds to wait before asking again when the ledger did not answer.
const RETRY: u32 = 2;

/// Counts that are a minute old are good enough for anybody who looks at them.
const CACHED: &str = "public, max-age=60";

/// What a page needs: its own style, and the badge that it shows.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// What a picture or a text needs: nothing but how it looks.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// What is known of a file, to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Its path, decoded.
    pub path: &'a [u8],
    /// What the ledger has; nothing if the file was never asked for.
    pub brief: Option<&'a Brief>,
    /// How many days are the recent ones, with today.
    pub days: u16,
    /// Today, since 1970.
    pub today: i64,
}

/// The reply to a request for the count of the picked file.
pub async fn reply(
    shelf: &Shelf,
    request: &Request<'_>,
    picked: &Picked,
    wish: Wish,
    now: Moment,
) -> Reply {
    let path = picked.file.account.path();
    let today = now.seconds.div_euclid(86_400);
    let days = wish.days().unwrap_or(DAYS);
    let recent = Range {
        since: Some(today - i64::from(days) + 1),
        until: Some(today),
    };
    let shown = match wish {
        Wish::Wrong(reason) => line(Status::BAD_REQUEST, &reason),
        wish => match shelf.asking.brief(&shelf.site, path, recent, now).await {
            Ok(brief) => {
                let brief = brief.as_deref();
                let known = Known {
                    path,
                    brief,
                    days,
                    today,
                };
                show(request, &wish, known)
            }
            Err(silence) => silent(silence),
        },
    };
    shown.reply(request, &shelf.site, path)
}

/// What is sent, but for what every reply has.
struct Shown {
    status: Status,
    content_type: &'static str,
    /// The fields that are the reply's own.
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
    vary_accept: bool,
}

/// What is sent to somebody who wants to see it like that.
fn show(request: &Request<'_>, wish: &Wish, known: Known<'_>) -> Shown {
    let (content_type, policy, body) = match wish {
        Wish::Badge(badge) => ("image/svg+xml", POLICY, badge.svg(known)),
        Wish::Tally(asked) => {
            match asked.unwrap_or_else(|| accept::listing(request.accept.as_deref())) {
                Format::Html => (HTML, PAGE_POLICY, tally::page(known)),
                Format::Json => ("application/json", POLICY, tally::json(known)),
            }
        }
        Wish::Wrong(reason) => return line(Status::BAD_REQUEST, reason),
    };
    let mut fields = vec![
        ("Cache-Control", CACHED.to_owned()),
        ("Content-Security-Policy", policy.to_owned()),
        ("ETag", tag(body.as_bytes())),
    ];
    if content_type == "application/json" {
        // Any page may read what anybody may ask for.
        fields.push(("Access-Control-Allow-Origin", "*".to_owned()));
    }
    Shown {
        status: Status::OK,
        content_type,
        fields,
        body: body.into_bytes(),
        vary_accept: matches!(wish, Wish::Tally(None)),
    }
}

/// A tag that is another one when anything of the body is.
fn tag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("\"{:016x}\"", hasher.finish())
}

/// A line that says what is wrong.
fn line(status: Status, reason: &str) -> Shown {
    let fields = vec![
        ("Cache-Control", "no-store".to_owned()),
        ("Content-Security-Policy", POLICY.to_owned()),
    ];
    Shown {
        status,
        content_type: TEXT,
        fields,
        body: format!("{reason}\n").into_bytes(),
        vary_accept: false,
    }
}

/// There are no numbers.
fn silent(silence: Silence) -> Shown {
    match silence {
        Silence::NotKept => line(
            Status::NOT_FOUND,
            "No counts are kept here: the server counts in memory only (no-state).",
        ),
        Silence::Unanswered => line(
            Status::SERVICE_UNAVAILABLE,
            "The counts cannot be read just now. The file itself is served.",
        ),
    }
}

impl Shown {
    /// The whole reply. Conditions are those that fit what has an ETag and no date (RFC 9110 section 13.2.2).
    fn reply(mut self, request: &Request<'_>, site: &Site, path: &[u8]) -> Reply {
        let tag = self.fields.iter().find(|(name, _)| *name == "ETag");
        if let Some((_, tag)) = tag {
            let matches = |list: &[u8], comparison| etag::matches(list, tag.as_str(), comparison);
            if let Some(list) = &request.if_match
                && !matches(list, Comparison::Strong)
            {
                self = line(Status::PRECONDITION_FAILED, "The counts are others by now.");
            } else if let Some(list) = &request.if_none_match
                && matches(list, Comparison::Weak)
            {
                self.status = Status::NOT_MODIFIED;
            }
        }
        let is_empty = self.status == Status::NOT_MODIFIED;
        let fields = Fields {
            content_type: (!is_empty).then_some(self.content_type),
            retry_after: (self.status == Status::SERVICE_UNAVAILABLE).then_some(RETRY),
            vary_accept: self.vary_accept,
            extra: self.field_lines(site, path),
            ..Fields::default()
        };
        Reply {
            status: self.status,
            fields,
            body: if is_empty {
                Body::Empty
            } else {
                Body::Bytes(Cow::Owned(self.body))
            },
            head_only: request.method == tallyd_http::request::Method::Head,
        }
    }

    /// Its own fields, and those that the site's rules add. Said twice, two values would be joined: its own win.
    fn field_lines(&self, site: &Site, path: &[u8]) -> Vec<u8> {
        let own = self
            .fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let own = own.chain([("X-Content-Type-Options", "nosniff")]);
        let is_own = |name: &str| {
            own.clone()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        let added = site.headers(path).filter(|(name, _)| !is_own(name));
        let mut lines = Vec::new();
        for (name, value) in own.clone().chain(added) {
            lines.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        lines
    }
}

#[cfg(test)]
mod tests;
