//! Paths: from what was asked for to what may be opened, and back into links (RFC 3986).
//!
//! Promises: a [`CleanPath`] has no `.` and no `..`, no empty segment and no NUL; only [`clean`] makes one.
//! Must not know: which files there are. The kernel holds the boundary too; this is the first of two locks.

mod encode;

use std::borrow::Cow;

pub use encode::{encode_path, encode_segment};

/// A decoded path without `.`, `..`, empty segments or NUL: `/a/b`, or `/a/b/` for a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanPath<'a>(Cow<'a, [u8]>);

/// Why a path is not one; the answer is always 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetError {
    /// It does not begin with a slash.
    NotAbsolute,
    /// A `%` without two hexadecimal digits.
    BadEscape,
    /// A NUL, raw or escaped.
    Nul,
    /// A `..` that leaves the root.
    AboveRoot,
}

/// Decodes the escapes once, then merges empty segments and resolves `.` and `..` (RFC 3986 section 5.2.4).
///
/// An escaped slash separates like a plain one: no file name can have one. Borrowed if it was clean already.
///
/// # Errors
///
/// What cannot be a path below the root is a [`TargetError`].
pub fn clean(path: &[u8]) -> Result<CleanPath<'_>, TargetError> {
    if !path.starts_with(b"/") {
        return Err(TargetError::NotAbsolute);
    }
    if memchr::memchr2(b'%', 0, path).is_none() && is_resolved(path) {
        return Ok(CleanPath(Cow::Borrowed(path)));
    }
    let decoded = decode(path)?;
    resolve(&decoded).map(|path| CleanPath(Cow::Owned(path)))
}

/// Whether resolving would change nothing. The segment after the last slash may be empty, the others may not.
fn is_resolved(path: &[u8]) -> bool {
    let mut segments = path.split(|&byte| byte == b'/');
    // Before the first slash is nothing.
    segments.next();
    let last = segments.next_back().unwrap_or_default();
    let is_dot = |segment: &[u8]| matches!(segment, b"." | b"..");
    !is_dot(last) && segments.all(|segment| !segment.is_empty() && !is_dot(segment))
}

fn decode(path: &[u8]) -> Result<Vec<u8>, TargetError> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = memchr::memchr(b'%', rest) {
        let (before, escape) = rest.split_at_checked(at).unwrap_or_default();
        decoded.extend_from_slice(before);
        let [_, high, low, after @ ..] = escape else {
            return Err(TargetError::BadEscape);
        };
        let (Some(high), Some(low)) = (nibble(*high), nibble(*low)) else {
            return Err(TargetError::BadEscape);
        };
        decoded.push(high << 4 | low);
        rest = after;
    }
    decoded.extend_from_slice(rest);
    match memchr::memchr(0, &decoded) {
        Some(_) => Err(TargetError::Nul),
        None => Ok(decoded),
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn resolve(path: &[u8]) -> Result<Vec<u8>, TargetError> {
    let mut resolved = Vec::with_capacity(path.len());
    let mut is_directory = true;
    for segment in path.split(|&byte| byte == b'/') {
        is_directory = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => {
                let parent = memchr::memrchr(b'/', &resolved).ok_or(TargetError::AboveRoot)?;
                resolved.truncate(parent);
            }
            name => {
                resolved.push(b'/');
                resolved.extend_from_slice(name);
            }
        }
    }
    if is_directory {
        resolved.push(b'/');
    }
    Ok(resolved)
}

impl CleanPath<'_> {
    /// The path from the root: `/a/b`, or `/a/b/` if it was asked for as a directory.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path to open beneath the root: `a/b`, without slashes at its ends; `.` for the root.
    #[must_use]
    pub fn relative(&self) -> &[u8] {
        let path = self.0.strip_prefix(b"/").unwrap_or(&self.0);
        match path.strip_suffix(b"/").unwrap_or(path) {
            b"" => b".",
            path => path,
        }
    }

    /// Whether it names a directory: it ended in a slash, `/.` or `/..`.
    #[must_use]
    pub fn ends_with_slash(&self) -> bool {
        self.0.ends_with(b"/")
    }

    /// Whether a segment begins with a dot, but for `.well-known` (RFC 8615).
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.segments()
            .any(|segment| segment.starts_with(b".") && segment != b".well-known")
    }

    /// What follows the last dot of the last segment; `None` for `name`, `name.`, `.name` and directories.
    #[must_use]
    pub fn extension(&self) -> Option<&[u8]> {
        crate::media::extension(&self.0)
    }

    /// The same path with bytes of its own, to be looked up on another thread.
    #[must_use]
    pub fn to_static(&self) -> CleanPath<'static> {
        CleanPath(Cow::Owned(self.0.to_vec()))
    }

    /// The names on the way, none of them empty.
    pub fn segments(&self) -> impl Iterator<Item = &[u8]> {
        self.0
            .split(|&byte| byte == b'/')
            .filter(|segment| !segment.is_empty())
    }
}

#[cfg(test)]
mod tests;
