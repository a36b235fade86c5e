//! The request line, read byte by byte so that what is not HTTP is refused at its first wrong byte (RFC 9112 section 3).

use super::HeadError;
use crate::request::Version;
use crate::syntax::is_token;

/// The three parts of a request line.
pub(super) struct Line<'a> {
    pub(super) verb: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) version: Version,
    /// With its CRLF.
    pub(super) length: usize,
}

/// No method has a longer name; a longer one is no HTTP.
const MAX_METHOD: usize = 64;

/// `method SP target SP version CRLF`, with exactly these spaces; `Ok(None)` if it may still become one.
pub(super) fn read(bytes: &[u8], max_target: usize) -> Result<Option<Line<'_>>, HeadError> {
    let Some((verb, rest)) = method(bytes)? else {
        return Ok(None);
    };
    let Some((target, rest)) = target(rest, max_target)? else {
        return Ok(None);
    };
    let Some((version, rest)) = version(rest)? else {
        return Ok(None);
    };
    Ok(Some(Line {
        verb,
        target,
        version,
        length: bytes.len() - rest.len(),
    }))
}

/// What was read, and what follows it.
type Read<'a, T> = Result<Option<(T, &'a [u8])>, HeadError>;

fn method(bytes: &[u8]) -> Read<'_, &[u8]> {
    match bytes
        .iter()
        .take(MAX_METHOD + 1)
        .position(|&byte| !is_token(byte))
    {
        Some(0) => Err(HeadError::Malformed("no method")),
        Some(end) => after_space(bytes, end, "invalid byte in the method"),
        None if bytes.len() > MAX_METHOD => Err(HeadError::Malformed("method too long")),
        None => Ok(None),
    }
}

fn target(bytes: &[u8], max: usize) -> Read<'_, &[u8]> {
    match bytes
        .iter()
        .take(max.saturating_add(1))
        .position(|&byte| !is_target(byte))
    {
        Some(0) => Err(HeadError::Malformed("no target")),
        Some(end) => after_space(bytes, end, "invalid byte in the target"),
        None if bytes.len() > max => Err(HeadError::TargetTooLong),
        None => Ok(None),
    }
}

/// Splits at the space that must be here.
fn after_space<'a>(bytes: &'a [u8], end: usize, otherwise: &'static str) -> Read<'a, &'a [u8]> {
    match bytes.split_at_checked(end) {
        Some((part, [b' ', rest @ ..])) => Ok(Some((part, rest))),
        _ => Err(HeadError::Malformed(otherwise)),
    }
}

/// `HTTP/1.0` or `HTTP/1.1` and CRLF (RFC 9112 section 2.3: case-sensitive, one digit, a dot, one digit).
fn version(bytes: &[u8]) -> Read<'_, Version> {
    const EXPECTED: &[u8; 10] = b"HTTP/1.1\r\n";
    const MAJOR: usize = 5;
    const MINOR: usize = 7;
    for (at, (&byte, &expected)) in bytes.iter().zip(EXPECTED).enumerate() {
        if byte == expected || (at == MINOR && byte == b'0') {
            continue;
        }
        let is_other_version = (at == MAJOR || at == MINOR) && byte.is_ascii_digit();
        return Err(if is_other_version {
            HeadError::Version
        } else {
            HeadError::Malformed("invalid version")
        });
    }
    let Some((line_end, rest)) = bytes.split_at_checked(EXPECTED.len()) else {
        return Ok(None);
    };
    let version = if line_end.get(MINOR) == Some(&b'0') {
        Version::Http10
    } else {
        Version::Http11
    };
    Ok(Some((version, rest)))
}

/// What a target may be made of: everything visible but `#`, which no client sends (RFC 9112 section 3.2).
///
/// Wider than RFC 3986: characters that should have been escaped, and raw UTF-8, mean only one thing, links are
/// written with them, and nginx, Apache and lighttpd take them. Our own links escape them.
const fn is_target(byte: u8) -> bool {
    byte > b' ' && byte != 0x7f && byte != b'#'
}
