//! A line of an access log, in whatever format.
//!
//! Promises: any bytes are read to one of these, and a request from a line is one request on the wire: its target begins
//! with a slash and is visible ASCII. Must not know: what the other lines are.

mod combined;
mod json;
mod moment;
mod tally;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use moment::Moment;

/// A longer target was refused by every server when it was asked for.
pub const LONGEST_TARGET: usize = 8 * 1024;

/// A longer Range was not asked for by anybody who meant it.
const LONGEST_RANGE: usize = 1024;

/// What a line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Nothing.
    Empty,
    /// A request that can be asked again.
    Request(Request),
    /// A request of this other method.
    Other(String),
    /// No line of a format that is known, or no request in it.
    Unreadable,
}

/// A request as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When, if the line says so.
    pub at: Option<Moment>,
    /// GET or HEAD.
    pub method: &'static str,
    /// As it goes on the wire.
    pub target: String,
    /// Of what, or on which condition.
    pub condition: Condition,
    /// The line is of tallyd's own format, which has no times.
    pub is_of_tally: bool,
}

/// What was asked for beyond the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing: the whole.
    None,
    /// This range, as it was sent.
    Range(String),
    /// A range that the line does not tell: so many bytes were sent of it.
    First(u64),
    /// What the client had, and what had not changed.
    Unchanged,
}

/// What a line says, before it is known whether that can be asked.
#[derive(Debug, Default)]
struct Said<'a> {
    at: Option<Moment>,
    method: Cow<'a, [u8]>,
    target: Cow<'a, [u8]>,
    status: u64,
    bytes: u64,
    range: Option<Cow<'a, str>>,
    is_of_tally: bool,
}

/// Reads a line.
#[must_use]
pub fn read(line: &[u8]) -> Line {
    let line = line.trim_ascii();
    let said = match line {
        [] => return Line::Empty,
        [b'{', ..] => json::read(line),
        [b'/', ..] => tally::read(line),
        _ => combined::read(line),
    };
    said.map_or(Line::Unreadable, |said| request(&said))
}

fn request(said: &Said<'_>) -> Line {
    let method = match said.method.as_ref() {
        b"GET" => "GET",
        b"HEAD" => "HEAD",
        other => return other_method(other),
    };
    let Some(target) = on_the_wire(&said.target) else {
        return Line::Unreadable;
    };
    let range = said.range.as_deref().filter(|range| is_range(range));
    let condition = match (range, said.status) {
        (_, 304) => Condition::Unchanged,
        (Some(range), _) => Condition::Range(range.to_owned()),
        (None, 206) if said.bytes > 0 => Condition::First(said.bytes),
        _ => Condition::None,
    };
    Line::Request(Request {
        at: said.at,
        method,
        target,
        condition,
        is_of_tally: said.is_of_tally,
    })
}

/// What is no method is what somebody sent who did not speak HTTP.
fn other_method(method: &[u8]) -> Line {
    let is_method = (1..=20).contains(&method.len()) && method.iter().all(u8::is_ascii_uppercase);
    match is_method {
        true => Line::Other(String::from_utf8_lossy(method).into_owned()),
        false => Line::Unreadable,
    }
}

/// The target on the wire, with all that is not visible ASCII as `%XX`. What was asked of a proxy is asked of the
/// server itself (RFC 9112 3.2.2).
fn on_the_wire(target: &[u8]) -> Option<String> {
    let path = match target {
        [b'/', ..] => target,
        _ => path_of_absolute(target)?,
    };
    let mut wire = String::with_capacity(path.len());
    for byte in path {
        match byte {
            b'!'..=b'~' => wire.push(char::from(*byte)),
            _ => push_escaped(&mut wire, *byte),
        }
    }
    (wire.len() <= LONGEST_TARGET).then_some(wire)
}

fn path_of_absolute(target: &[u8]) -> Option<&[u8]> {
    let scheme = ["http://", "https://"].into_iter().find(|scheme| {
        let start = target.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
    })?;
    let authority = target.get(scheme.len()..)?;
    let slash = authority.iter().position(|byte| *byte == b'/');
    Some(
        slash
            .and_then(|slash| authority.get(slash..))
            .unwrap_or(b"/"),
    )
}

fn push_escaped(wire: &mut String, byte: u8) {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    wire.push('%');
    wire.push(digit(byte >> 4).to_ascii_uppercase());
    wire.push(digit(byte & 15).to_ascii_uppercase());
}

/// Whether it can be sent: one value, without anything that ends it.
fn is_range(range: &str) -> bool {
    let is_visible = |byte: u8| matches!(byte, b' '..=b'~');
    (1..=LONGEST_RANGE).contains(&range.len()) && range != "-" && range.bytes().all(is_visible)
}

/// The parts of `GET /target HTTP/1.1`; a target may have blanks, and very old requests have no version.
fn split_request(request: &[u8]) -> Option<(&[u8], &[u8])> {
    let method = request.iter().position(|byte| *byte == b' ')?;
    let (method, rest) = request.split_at_checked(method)?;
    let rest = rest.trim_ascii();
    let version = rest.iter().rposition(|byte| *byte == b' ');
    let target = match version.and_then(|place| rest.split_at_checked(place)) {
        Some((target, version)) if version.starts_with(b" HTTP/") => target,
        _ => rest,
    };
    Some((method, target.trim_ascii()))
}

fn number(text: &[u8]) -> Option<u64> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(text).ok()?;
    text.parse().ok().filter(|_| is_number)
}
