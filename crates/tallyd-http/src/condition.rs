//! Conditional requests, in the order of RFC 9110 section 13.2.2.

use crate::date;
use crate::etag::{self, Comparison};
use crate::request::{Method, Request};

/// What the conditions of a request say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Answer as if there were no conditions.
    Proceed,
    /// 304: the client has it.
    NotModified,
    /// 412: the client wanted another version.
    Failed,
}

/// The verdict over a file that exists. `etag` has its quotes; times are Unix seconds.
///
/// Steps 1 to 4 of RFC 9110 section 13.2.2; step 5 is [`if_range_holds`].
#[must_use]
pub fn evaluate(request: &Request<'_>, etag: &str, modified: i64, now: i64) -> Verdict {
    let is_read = matches!(request.method, Method::Get | Method::Head);
    if !is_wanted_version(request, etag, modified, now) {
        return Verdict::Failed;
    }
    if let Some(list) = &request.if_none_match {
        return match (etag::matches(list, etag, Comparison::Weak), is_read) {
            (false, _) => Verdict::Proceed,
            (true, true) => Verdict::NotModified,
            (true, false) => Verdict::Failed,
        };
    }
    // Section 13.1.3: only for GET and HEAD, and a date that is none is passed over.
    let since = request
        .if_modified_since
        .and_then(|text| date::parse(text, now));
    match since {
        Some(since) if is_read && modified <= since => Verdict::NotModified,
        _ => Verdict::Proceed,
    }
}

/// If-Match, and only without it If-Unmodified-Since (steps 1 and 2).
fn is_wanted_version(request: &Request<'_>, etag: &str, modified: i64, now: i64) -> bool {
    if let Some(list) = &request.if_match {
        return etag::matches(list, etag, Comparison::Strong);
    }
    let since = request
        .if_unmodified_since
        .and_then(|text| date::parse(text, now));
    since.is_none_or(|since| modified <= since)
}

/// Whether Range is to be looked at: true without If-Range, and where it names exactly this version.
///
/// A date is a strong validator only once its second is over (RFC 9110 section 8.8.2.2): until then the file may
/// change again without its date changing, and a resumed download would be two files glued together.
#[must_use]
pub fn if_range_holds(request: &Request<'_>, etag: &str, modified: i64, now: i64) -> bool {
    let Some(validator) = request.if_range else {
        return true;
    };
    if validator.starts_with(b"\"") || validator.starts_with(b"W/") {
        return validator == etag.as_bytes();
    }
    date::parse(validator, now) == Some(modified) && modified < now
}

#[cfg(test)]
mod tests;
