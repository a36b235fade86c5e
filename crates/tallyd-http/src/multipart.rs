//! Several ranges in one body: multipart/byteranges (RFC 9110 section 14.6).
//!
//! Promises: the length of the whole body before the first byte of it is sent; the file's bytes are not touched here.

use crate::range::Span;
use crate::write::{digits_of, push_number, push_value};

/// The frame around the spans of one reply: a head before each, and a tail after the last.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    boundary: &'a str,
    content_type: &'a str,
    total: u64,
    spans: &'a [Span],
}

/// How long each part is: what comes before the span's bytes, and those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lengths(Box<[(u64, u64)]>);

impl Lengths {
    /// How many of the first `bytes` of the body are the file's: the rest frames them.
    #[must_use]
    pub fn content_within(&self, bytes: u64) -> u64 {
        let mut left = bytes;
        let mut content = 0;
        for (head, span) in &self.0 {
            left = left.saturating_sub(*head);
            content += left.min(*span);
            left = left.saturating_sub(*span);
        }
        content
    }
}

const DASHES: &[u8] = b"--";
const LINE_END: &[u8] = b"\r\n";
const CONTENT_TYPE: &[u8] = b"\r\nContent-Type: ";
const CONTENT_RANGE: &[u8] = b"\r\nContent-Range: bytes ";
const HEAD_END: &[u8] = b"\r\n\r\n";

impl<'a> Parts<'a> {
    /// The parts of a file of `total` bytes. The boundary must not occur in the file: random enough is enough.
    #[must_use]
    pub const fn new(
        boundary: &'a str,
        content_type: &'a str,
        total: u64,
        spans: &'a [Span],
    ) -> Self {
        Self {
            boundary,
            content_type,
            total,
            spans,
        }
    }

    /// The Content-Type of the whole reply.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// The length of the whole body: heads, spans, tail.
    #[must_use]
    pub fn length(&self) -> u64 {
        let parts = self
            .spans
            .iter()
            .enumerate()
            .map(|(i, span)| self.head_length(i, *span) + span.length);
        parts.sum::<u64>()
            + size(LINE_END)
            + 2 * size(DASHES)
            + size(self.boundary.as_bytes())
            + size(LINE_END)
    }

    /// The lengths of the parts, kept for when the body has been sent.
    #[must_use]
    pub fn lengths(&self) -> Lengths {
        let parts = self.spans.iter().enumerate();
        Lengths(
            parts
                .map(|(i, span)| (self.head_length(i, *span), span.length))
                .collect(),
        )
    }

    /// Appends what comes before the bytes of the i-th span.
    pub fn part_head(&self, i: usize, out: &mut Vec<u8>) {
        let Some(span) = self.spans.get(i) else {
            return;
        };
        if i > 0 {
            out.extend_from_slice(LINE_END);
        }
        out.extend_from_slice(DASHES);
        out.extend_from_slice(self.boundary.as_bytes());
        out.extend_from_slice(CONTENT_TYPE);
        push_value(self.content_type.as_bytes(), out);
        out.extend_from_slice(CONTENT_RANGE);
        push_number(span.start, out);
        out.push(b'-');
        push_number(last_byte(*span), out);
        out.push(b'/');
        push_number(self.total, out);
        out.extend_from_slice(HEAD_END);
    }

    /// Appends what comes after the bytes of the last span.
    pub fn tail(&self, out: &mut Vec<u8>) {
        for piece in [LINE_END, DASHES, self.boundary.as_bytes(), DASHES, LINE_END] {
            out.extend_from_slice(piece);
        }
    }

    fn head_length(&self, i: usize, span: Span) -> u64 {
        let texts = [
            DASHES,
            self.boundary.as_bytes(),
            CONTENT_TYPE,
            self.content_type.as_bytes(),
            CONTENT_RANGE,
            HEAD_END,
        ];
        let numbers = [span.start, last_byte(span), self.total];
        let separators = 2 + if i > 0 { size(LINE_END) } else { 0 };
        texts.into_iter().map(size).sum::<u64>()
            + numbers.map(digits_of).iter().sum::<u64>()
            + separators
    }
}

const fn last_byte(span: Span) -> u64 {
    span.end().saturating_sub(1)
}

const fn size(text: &[u8]) -> u64 {
    text.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn body(parts: &Parts<'_>, file: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for (i, span) in parts.spans.iter().enumerate() {
            parts.part_head(i, &mut out);
            let (start, end) = (
                usize::try_from(span.start).unwrap(),
                usize::try_from(span.end()).unwrap(),
            );
            out.extend_from_slice(&file[start..end]);
        }
        parts.tail(&mut out);
        out
    }

    #[test]
    fn the_body_looks_like_the_example_of_the_rfc() {
        // RFC 9110 section 14.6.
        let spans = [
            Span {
                start: 0,
                length: 2,
            },
            Span {
                start: 8,
                length: 1,
            },
        ];
        let parts = Parts::new("THIS_STRING_SEPARATES", "text/plain", 10, &spans);
        let expected = "--THIS_STRING_SEPARATES\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\
                        \r\n--THIS_STRING_SEPARATES\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-8/10\r\n\r\n8\
                        \r\n--THIS_STRING_SEPARATES--\r\n";
        assert_eq!(
            String::from_utf8(body(&parts, b"0123456789")).unwrap(),
            expected
        );
        assert_eq!(
            parts.content_type(),
            "multipart/byteranges; boundary=THIS_STRING_SEPARATES"
        );
        assert_eq!(parts.length(), u64::try_from(expected.len()).unwrap());
    }

    #[test]
    fn a_part_that_is_not_there_has_no_head() {
        let mut out = Vec::new();
        Parts::new("b", "text/plain", 10, &[]).part_head(0, &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn content_is_what_lies_between_the_frames() {
        let spans = [
            Span {
                start: 0,
                length: 5,
            },
            Span {
                start: 20,
                length: 7,
            },
        ];
        // Only the file has such bytes.
        let file = vec![0; 100];
        let parts = Parts::new("b", "text/plain", 100, &spans);
        let body = body(&parts, &file);
        for cut in 0..=body.len() {
            let sent = body[..cut].iter().filter(|&&byte| byte == 0).count();
            let cut = u64::try_from(cut).unwrap();
            assert_eq!(
                parts.lengths().content_within(cut),
                u64::try_from(sent).unwrap()
            );
        }
        assert_eq!(parts.lengths().content_within(u64::MAX), 12);
    }

    proptest! {
        #[test]
        fn the_length_is_known_before_the_body(
            spans in prop::collection::vec((0u64..900, 1u64..100), 1..16),
            content_type in "[a-z/]{3,40}",
        ) {
            let file = vec![b'x'; 1000];
            let spans: Vec<Span> = spans.into_iter().map(|(start, length)| Span { start, length }).collect();
            let parts = Parts::new("boundary", &content_type, 1000, &spans);
            prop_assert_eq!(parts.length(), u64::try_from(body(&parts, &file).len()).unwrap());
        }
    }
}
