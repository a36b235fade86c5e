//! Where the body of a request ends (RFC 9112 section 6), without any doubt.

use super::HeadError;
use crate::list::trim;
use crate::request::Version;
use crate::syntax::is_token;

/// What follows the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// Nothing: the next request.
    None,
    /// So many bytes; never 0.
    Exactly(u64),
    /// Chunks; see [`crate::chunked`].
    Chunked,
}

/// What Content-Length and Transfer-Encoding have said so far.
#[derive(Default)]
pub(super) struct Framing {
    length: Option<u64>,
    coding: Coding,
}

/// The transfer codings so far, in their order.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Coding {
    #[default]
    None,
    /// Only chunked.
    Chunked,
    /// Others that do not end in chunked (yet).
    Other,
    /// Others, and then chunked.
    OtherChunked,
}

impl Framing {
    /// RFC 9112 section 6.3, step 5: lists and doubles could be let pass if all are equal; a client that sends
    /// them is broken or worse, so they are not.
    pub(super) fn add_length(&mut self, value: &[u8]) -> Result<(), HeadError> {
        if self.length.is_some() {
            return Err(HeadError::Malformed("two content-lengths"));
        }
        self.length = Some(decimal(value).ok_or(HeadError::Malformed("invalid content-length"))?);
        Ok(())
    }

    /// One line of Transfer-Encoding. Lines make one list (RFC 9110 section 5.3), but none with empty members here.
    pub(super) fn add_codings(&mut self, value: &[u8]) -> Result<(), HeadError> {
        for member in value.split(|&byte| byte == b',').map(trim) {
            let name = trim(
                member
                    .split(|&byte| byte == b';')
                    .next()
                    .unwrap_or_default(),
            );
            if name.is_empty() || !name.iter().all(|&byte| is_token(byte)) {
                return Err(HeadError::Malformed("invalid transfer-encoding"));
            }
            let is_chunked = name.eq_ignore_ascii_case(b"chunked");
            // RFC 9112 section 7: chunked has no parameters.
            if is_chunked && name.len() < member.len() {
                return Err(HeadError::Malformed("chunked with parameters"));
            }
            self.coding = match (self.coding, is_chunked) {
                (Coding::None, true) => Coding::Chunked,
                (Coding::None | Coding::Other, false) => Coding::Other,
                (Coding::Other, true) => Coding::OtherChunked,
                // Section 6.1: once, and last.
                _ => return Err(HeadError::Malformed("chunked is not the last coding")),
            };
        }
        Ok(())
    }

    /// RFC 9112 section 6.3, steps 3 to 6. Whatever could be read in two ways is refused.
    pub(super) fn body(&self, version: Version) -> Result<BodyLength, HeadError> {
        match (self.coding, self.length) {
            (Coding::None, None | Some(0)) => Ok(BodyLength::None),
            (Coding::None, Some(length)) => Ok(BodyLength::Exactly(length)),
            (_, Some(_)) => Err(HeadError::Malformed(
                "content-length with transfer-encoding",
            )),
            // Section 6.1: a 1.0 message with Transfer-Encoding has faulty framing.
            (_, None) if version == Version::Http10 => {
                Err(HeadError::Malformed("transfer-encoding in 1.0"))
            }
            (Coding::Chunked, None) => Ok(BodyLength::Chunked),
            (Coding::Other | Coding::OtherChunked, None) => Err(HeadError::UnknownCoding),
        }
    }
}

/// `1*DIGIT`: no sign, no white space, nothing beyond a `u64`.
fn decimal(value: &[u8]) -> Option<u64> {
    let add = |number: u64, digit: &u8| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    if value.is_empty() {
        None
    } else {
        value.iter().try_fold(0, add)
    }
}
