//! The four forms of a target (RFC 9112 section 3.2).

use super::line::Line;
use super::{HeadError, authority};

/// A target, taken apart.
pub(super) struct Form<'a> {
    pub(super) path: &'a [u8],
    pub(super) query: Option<&'a [u8]>,
    /// Only an absolute-form has one.
    pub(super) authority: Option<&'a [u8]>,
}

impl<'a> Form<'a> {
    pub(super) fn of(line: &Line<'a>) -> Result<Self, HeadError> {
        if str::from_utf8(line.target).is_err() {
            return Err(HeadError::Malformed("target is not utf-8"));
        }
        let whole = Self {
            path: line.target,
            query: None,
            authority: None,
        };
        match (line.verb, line.target) {
            // The authority-form; whatever it is, the answer is that CONNECT is not implemented.
            (b"CONNECT", _) | (b"OPTIONS", b"*") => Ok(whole),
            (_, target @ [b'/', ..]) => {
                let (path, query) = at_query(target);
                Ok(Self {
                    path,
                    query,
                    authority: None,
                })
            }
            (_, target) => Self::absolute(target),
        }
    }

    /// `http://authority/path?query`. RFC 9112 section 3.2.2: a server must accept it.
    fn absolute(target: &'a [u8]) -> Result<Self, HeadError> {
        let after = after_scheme(target)
            .ok_or(HeadError::Malformed("target is neither path nor http uri"))?;
        let end = memchr::memchr2(b'/', b'?', after).unwrap_or(after.len());
        let (authority, rest) = after.split_at_checked(end).unwrap_or_default();
        if !authority::is_valid(authority) {
            return Err(HeadError::Malformed("invalid authority in the target"));
        }
        let (path, query) = at_query(rest);
        // RFC 9110 section 4.2.3: an empty path is "/".
        let path = if path.is_empty() { b"/" } else { path };
        Ok(Self {
            path,
            query,
            authority: Some(authority),
        })
    }
}

/// RFC 3986 section 3.1: schemes are case-insensitive. TLS may end before us, so both are ours.
fn after_scheme(target: &[u8]) -> Option<&[u8]> {
    [b"http://".as_slice(), b"https://"]
        .into_iter()
        .find_map(|scheme| {
            let (start, rest) = target.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        })
}

fn at_query(target: &[u8]) -> (&[u8], Option<&[u8]>) {
    let Some(mark) = memchr::memchr(b'?', target) else {
        return (target, None);
    };
    (
        target.get(..mark).unwrap_or_default(),
        target.get(mark + 1..),
    )
}
