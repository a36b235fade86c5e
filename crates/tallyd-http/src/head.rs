//! One HTTP/1.x request head, from bytes to a [`Request`] and what it says of its connection (RFC 9112).
//!
//! Promises: what two readers could understand in two ways is refused; a plain head allocates nothing; if a head is
//! whole or wrong, every longer input gives the same result. Must not know: sockets, time, what is served.
//!
//! 1. `line` reads the request line, and is sure as early as can be.
//! 2. `end_of_fields` looks for the empty line, CRLF by CRLF, within the limits.
//! 3. `fields` has httparse split the fields, and keeps those that matter.
//! 4. `form` takes the target apart, `authority` checks whom it is for, `framing` where the body ends.

mod authority;
mod error;
mod fields;
mod form;
mod framing;
mod line;

use crate::request::{Method, Request, Version};

pub use error::HeadError;
pub use fields::values;
pub use framing::BodyLength;

use fields::Fields;
use form::Form;

/// A request, and what its head says of the connection.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// What is asked for.
    pub request: Request<'a>,
    /// Bytes of the head, from the first empty line before it to the empty line that ends it.
    pub length: usize,
    /// What follows the head.
    pub body: BodyLength,
    /// Whether the client wants the connection to stay (RFC 9112 section 9.3).
    pub keep_alive: bool,
    /// Whether the client waits for 100 before it sends the body (RFC 9110 section 10.1.1).
    pub expect_continue: bool,
}

/// How large a head may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of the whole head. 16 KiB: what a browser sends with many cookies fits, more is an attack or a mistake.
    pub head: usize,
    /// Fields; at most [`MAX_FIELDS`].
    pub fields: usize,
    /// Bytes of the target. RFC 9112 section 3 asks for at least 8000 for a request line.
    pub target: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            head: 16 * 1024,
            fields: 100,
            target: 8 * 1024,
        }
    }
}

/// No configuration gets past this: the fields are split on the stack.
pub const MAX_FIELDS: usize = 128;

/// Empty lines before a request line: some clients send one after the body of a POST (RFC 9112 section 2.2).
const MAX_EMPTY_LINES: usize = 4;

/// Reads one head from the start of the input; `Ok(None)` if it is not whole yet.
///
/// # Errors
///
/// As soon as it is certain that no more bytes can make it right, a [`HeadError`]: answer it and close.
pub fn parse<'a>(bytes: &'a [u8], limits: &HeadLimits) -> Result<Option<Head<'a>>, HeadError> {
    // What lies beyond the limit is never looked at, so that the result can't depend on how much has come.
    let (window, is_full) = match bytes.get(..limits.head) {
        Some(window) => (window, true),
        None => (bytes, false),
    };
    let unfinished = |error| if is_full { Err(error) } else { Ok(None) };
    let Some(start) = after_empty_lines(window)? else {
        return unfinished(HeadError::HeadTooLong);
    };
    let head = window.get(start..).unwrap_or_default();
    let Some(line) = line::read(head, limits.target)? else {
        return unfinished(HeadError::TargetTooLong);
    };
    let Some(end) = end_of_fields(head, line.length, limits.fields.min(MAX_FIELDS))? else {
        return unfinished(HeadError::HeadTooLong);
    };
    let mut fields = Fields::default();
    let lines = head.get(line.length..end.length).unwrap_or_default();
    fields.read(lines, end.fields)?;
    let form = Form::of(&line)?;
    let host = host(&form, &fields, line.version)?;
    let body = fields.framing.body(line.version)?;
    if fields.expects_unknown {
        return Err(HeadError::ExpectationFailed);
    }
    Ok(Some(Head {
        length: start + end.length,
        body,
        keep_alive: fields.keep_alive(line.version),
        // Section 10.1.1: ignored in HTTP/1.0, and without a body there is nothing to wait for.
        expect_continue: fields.expects_continue
            && line.version == Version::Http11
            && body != BodyLength::None,
        request: request(&line, &form, host, fields),
    }))
}

/// Where the request line begins.
fn after_empty_lines(bytes: &[u8]) -> Result<Option<usize>, HeadError> {
    let mut start = 0;
    for _ in 0..MAX_EMPTY_LINES {
        match bytes.get(start..).unwrap_or_default() {
            [] | [b'\r'] => return Ok(None),
            [b'\r', b'\n', ..] => start += 2,
            _ => break,
        }
    }
    match bytes.get(start) {
        None => Ok(None),
        Some(b'\r' | b'\n') => Err(HeadError::Malformed("empty lines before the request")),
        Some(_) => Ok(Some(start)),
    }
}

/// Where a head ends.
struct End {
    /// Its length, from the request line to the empty line.
    length: usize,
    /// How many lines there are between the two.
    fields: usize,
}

/// The end of the head whose request line ends at `start`.
///
/// A bare LF ends no line: RFC 9112 section 2.2 allows it to, but a proxy in front that sees one line where we see
/// two is all that smuggling needs.
fn end_of_fields(head: &[u8], start: usize, max_fields: usize) -> Result<Option<End>, HeadError> {
    let fields = head.get(start..).unwrap_or_default();
    let mut line_start = 0;
    let mut count = 0;
    for line_feed in memchr::memchr_iter(b'\n', fields) {
        match fields.get(line_start..line_feed).unwrap_or_default() {
            [b'\r'] => {
                return Ok(Some(End {
                    length: start + line_feed + 1,
                    fields: count,
                }));
            }
            [.., b'\r'] => count += 1,
            _ => return Err(HeadError::Malformed("line feed without carriage return")),
        }
        if count > max_fields {
            return Err(HeadError::TooManyFields);
        }
        line_start = line_feed + 1;
    }
    Ok(None)
}

/// Whom the request is for. RFC 9112 section 3.2: a missing, doubled or invalid Host is 400, whatever the target.
fn host<'a>(form: &Form<'a>, fields: &Fields<'a>, version: Version) -> Result<&'a [u8], HeadError> {
    match fields.host {
        None if version == Version::Http11 => return Err(HeadError::Malformed("no host")),
        Some(host) if !authority::is_valid(host) => {
            return Err(HeadError::Malformed("invalid host"));
        }
        _ => {}
    }
    // Section 3.2.2: the authority of the target wins.
    Ok(form.authority.or(fields.host).unwrap_or_default())
}

#[inline]
fn request<'a>(
    line: &line::Line<'a>,
    form: &Form<'a>,
    host: &'a [u8],
    fields: Fields<'a>,
) -> Request<'a> {
    Request {
        method: Method::of(line.verb),
        verb: line.verb,
        target: line.target,
        path: form.path,
        query: form.query,
        version: line.version,
        host,
        accept: fields.accept,
        accept_encoding: fields.accept_encoding,
        range: fields.range.alone(),
        if_range: fields.if_range.alone(),
        if_match: fields.if_match,
        if_none_match: fields.if_none_match,
        if_modified_since: fields.if_modified_since.alone(),
        if_unmodified_since: fields.if_unmodified_since.alone(),
        referer: fields.referer.first(),
        user_agent: fields.user_agent.first(),
        forwarded: fields.forwarded,
        internal: fields.internal.alone(),
    }
}

#[cfg(test)]
mod tests;
