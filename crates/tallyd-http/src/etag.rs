//! Entity tags: made from a file's facts, compared as RFC 9110 section 8.8.3 says.

use crate::encoding::Coding;
use crate::list::trim;

/// How two tags are compared (RFC 9110 section 8.8.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal only if both are strong: byte for byte the same representation.
    Strong,
    /// Weak tags count as well.
    Weak,
}

/// Whether a list such as `"a", W/"b"`, or `*`, has this tag. `etag` is ours: strong, with its quotes.
///
/// What is malformed in the list matches nothing, and the rest of the list still counts.
#[must_use]
pub fn matches(list: &[u8], etag: &str, comparison: Comparison) -> bool {
    let list = trim(list);
    if list == b"*" {
        return true;
    }
    Tags(list).any(|tag| match tag {
        Tag::Strong(quoted) => quoted == etag.as_bytes(),
        Tag::Weak(quoted) => comparison == Comparison::Weak && quoted == etag.as_bytes(),
    })
}

/// The strong tag of a file, from its length and the nanoseconds of its last change, with its quotes.
///
/// Strong, since two versions with one length and one nanosecond do not happen. Each coding is a representation of
/// its own and needs a tag of its own (RFC 9110 section 8.8.3.3).
#[must_use]
pub fn from_facts(length: u64, modified_ns: i128, coding: Coding) -> String {
    let variant = match coding {
        Coding::Identity => "",
        Coding::Brotli => "-br",
        Coding::Zstd => "-zst",
        Coding::Gzip => "-gz",
    };
    format!("\"{length:x}-{modified_ns:x}{variant}\"")
}

/// One tag of a list: what is between the quotes, and the quotes.
enum Tag<'a> {
    Strong(&'a [u8]),
    Weak(&'a [u8]),
}

/// The well-formed tags of a list. A comma between quotes belongs to the tag, so the list cannot just be split.
struct Tags<'a>(&'a [u8]);

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let rest = match self.0 {
                [] => return None,
                [b' ' | b'\t' | b',', rest @ ..] => {
                    self.0 = rest;
                    continue;
                }
                rest => rest,
            };
            let unprefixed = rest.strip_prefix(b"W/");
            let length = quoted_length(unprefixed.unwrap_or(rest));
            let (quoted, after) = unprefixed.unwrap_or(rest).split_at_checked(length)?;
            if length > 0 && starts_next(after) {
                self.0 = after;
                return Some(if unprefixed.is_some() {
                    Tag::Weak(quoted)
                } else {
                    Tag::Strong(quoted)
                });
            }
            self.0 = after_comma(after);
        }
    }
}

/// The length of the quoted string at the start, with both quotes; 0 if there is none.
fn quoted_length(text: &[u8]) -> usize {
    let inside = text
        .strip_prefix(b"\"")
        .and_then(|inside| memchr::memchr(b'"', inside));
    inside.map_or(0, |length| length + 2)
}

fn starts_next(after: &[u8]) -> bool {
    matches!(trim(after), [] | [b',', ..])
}

fn after_comma(text: &[u8]) -> &[u8] {
    memchr::memchr(b',', text)
        .and_then(|comma| text.get(comma..))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_searched_for_our_tag() {
        let check = |list: &str, weak: bool, strong: bool| {
            assert_eq!(
                matches(list.as_bytes(), "\"x\"", Comparison::Weak),
                weak,
                "weak {list}"
            );
            assert_eq!(
                matches(list.as_bytes(), "\"x\"", Comparison::Strong),
                strong,
                "strong {list}"
            );
        };
        // RFC 9110 section 8.8.3.2, the table.
        check("\"x\"", true, true);
        check("W/\"x\"", true, false);
        check("\"y\"", false, false);
        check("W/\"y\"", false, false);
        // Sections 13.1.1 and 13.1.2: lists, and "*".
        check("*", true, true);
        check(" * ", true, true);
        check("\"a\", \"x\"", true, true);
        check("\"a\",\"b\",W/\"x\"", true, false);
        check("W/\"x\", \"x\"", true, true);
        check("\"a\",, ,,  ,  \"x\"", true, true);
        check("\"a,b\", \"x\"", true, true);
        check("\",\"x\",\"", false, false);
        check("\"a\" , \"x\"\t", true, true);
        // Malformed: matches nothing, the rest still counts.
        check("", false, false);
        check(",", false, false);
        check("x", false, false);
        check("\"", false, false);
        check("\"x", false, false);
        check("w/\"x\"", false, false);
        check("W/ \"x\"", false, false);
        check("\"x\"x", false, false);
        check("\"x\" \"x\"", false, false);
        check("foo, \"x\"", true, true);
        check("\"x\", \"broken", true, true);
        check("\"a\", *", false, false);
        check("\"\"", false, false);
    }

    #[test]
    fn every_version_and_every_coding_has_its_own_tag() {
        assert_eq!(from_facts(255, 16, Coding::Identity), "\"ff-10\"");
        assert_eq!(from_facts(255, 16, Coding::Brotli), "\"ff-10-br\"");
        assert_eq!(from_facts(255, 16, Coding::Zstd), "\"ff-10-zst\"");
        assert_eq!(from_facts(255, 16, Coding::Gzip), "\"ff-10-gz\"");
        assert_ne!(
            from_facts(1, 2, Coding::Identity),
            from_facts(2, 1, Coding::Identity)
        );
        assert_ne!(
            from_facts(1, -1, Coding::Identity),
            from_facts(1, 1, Coding::Identity)
        );
        // RFC 9110 section 8.8.3: only visible characters between the quotes.
        let tag = from_facts(u64::MAX, i128::MIN, Coding::Gzip);
        assert!(tag.bytes().all(|byte| byte.is_ascii_graphic()));
        assert!(matches(tag.as_bytes(), &tag, Comparison::Strong));
    }
}
