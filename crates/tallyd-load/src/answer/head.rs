//! The head of a response, as far as it decides how to read on.

use std::mem::MaybeUninit;

use super::Fault;

/// More fields than any server of files sends.
const FIELDS: usize = 128;

/// How the end of a body is known (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes.
    Length(u64),
    /// Pieces with a size each.
    Chunked,
    /// Until the server closes.
    ToEnd,
}

/// What a head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// How the body would be framed, if the response has one.
    pub framing: Framing,
    /// The server keeps the connection for the next request (RFC 9112 9.3).
    pub keeps: bool,
    /// The first and last byte of the whole that a 206 with one range carries (RFC 9110 14.4).
    pub range: Option<(u64, u64)>,
    /// The body is in a coding, not as the file is (RFC 9110 8.4).
    pub is_encoded: bool,
}

impl Head {
    /// Whether the final head is still to come. 101 is final: nothing else of HTTP/1 follows it.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }

    /// Whether a response of this status has no body, whatever its fields say.
    #[must_use]
    pub fn is_bodiless(&self) -> bool {
        matches!(self.status, 100..=199 | 204 | 304)
    }
}

/// The head at the beginning of `bytes` and its length; none if it is not whole.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<(usize, Head)>, Fault> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        &mut fields,
    );
    let length = match parsed {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Fault::EndlessHead),
        Err(_) => return Err(Fault::Garbage),
    };
    let status = response.code.unwrap_or_default();
    if status < 100 {
        return Err(Fault::Garbage);
    }
    let is_current = response.version == Some(1);
    let said = Said::of(response.headers)?;
    let framing = said.framing();
    let head = Head {
        status,
        framing,
        keeps: match is_current {
            true => !said.closes,
            false => said.keeps && !said.closes,
        } && framing != Framing::ToEnd,
        range: said.range,
        is_encoded: said.is_encoded,
    };
    Ok(Some((length, head)))
}

/// What the fields say that decide something.
#[derive(Default)]
struct Said {
    length: Option<u64>,
    is_coded: bool,
    is_chunked: bool,
    closes: bool,
    keeps: bool,
    range: Option<(u64, u64)>,
    is_encoded: bool,
}

impl Said {
    fn of(fields: &[httparse::Header<'_>]) -> Result<Said, Fault> {
        let mut said = Said::default();
        for field in fields {
            // The lengths of the names tell them apart from nearly all others, without a look at their letters.
            match field.name.len() {
                10 if field.name.eq_ignore_ascii_case("connection") => {
                    said.closes |= lists(field.value, b"close");
                    said.keeps |= lists(field.value, b"keep-alive");
                }
                13 if field.name.eq_ignore_ascii_case("content-range") => {
                    said.range = range(field.value);
                }
                14 if field.name.eq_ignore_ascii_case("content-length") => {
                    let length = number(field.value).ok_or(Fault::Length)?;
                    if said.length.is_some_and(|said| said != length) {
                        return Err(Fault::Length);
                    }
                    said.length = Some(length);
                }
                16 if field.name.eq_ignore_ascii_case("content-encoding") => {
                    said.is_encoded = !field.value.eq_ignore_ascii_case(b"identity");
                }
                17 if field.name.eq_ignore_ascii_case("transfer-encoding") => {
                    said.is_coded = true;
                    let last = field.value.rsplit(|byte| *byte == b',').next();
                    said.is_chunked = last.is_some_and(|last| lists(last, b"chunked"));
                }
                _ => {}
            }
        }
        Ok(said)
    }

    /// Transfer-Encoding overrides Content-Length; where its last coding is not chunked, only the end tells.
    fn framing(&self) -> Framing {
        match (self.is_coded, self.is_chunked, self.length) {
            (true, true, _) => Framing::Chunked,
            (true, false, _) | (false, _, None) => Framing::ToEnd,
            (false, _, Some(length)) => Framing::Length(length),
        }
    }
}

fn lists(value: &[u8], word: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|part| part.trim_ascii().eq_ignore_ascii_case(word))
}

fn number(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// `bytes 5-9/100` is from 5 to 9.
fn range(value: &[u8]) -> Option<(u64, u64)> {
    let range = value
        .strip_prefix(b"bytes ")?
        .split(|byte| *byte == b'/')
        .next()?;
    let mut ends = range.split(|byte| *byte == b'-');
    let range = (number(ends.next()?)?, number(ends.next()?)?);
    (range.0 <= range.1 && ends.next().is_none()).then_some(range)
}

/// Where in `new` the head ends that began in `held`: behind its empty line, which may have bare line feeds.
pub(super) fn end(held: &[u8], new: &[u8]) -> Option<usize> {
    let mut since_line = match held {
        [.., b'\n'] | [.., b'\n', b'\r'] => Some(()),
        _ => None,
    };
    for (place, byte) in new.iter().enumerate() {
        match (byte, since_line) {
            (b'\n', Some(())) => return Some(place + 1),
            (b'\n', None) => since_line = Some(()),
            (b'\r', _) => {}
            _ => since_line = None,
        }
    }
    None
}
