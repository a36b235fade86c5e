//! The chunked transfer coding (RFC 9112 section 7.1): reading past a request body, and framing our own.
//!
//! Promises: nothing is buffered, any split of the input gives the same result, and every line has a limit.
//! Strict on purpose: two readers that disagree about where a body ends are how requests are smuggled.

mod extension;

use crate::syntax::{is_text, is_token};
use extension::Place;

/// Reads past a chunked body, piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Chunked {
    state: State,
    /// Bytes of the current chunk-size line so far.
    line: usize,
    /// Bytes of the trailer section so far.
    trailers: usize,
}

/// The longest chunk-size line: 16 digits, and extensions, which nobody sends.
const MAX_LINE: usize = 256;
/// The longest trailer section; it is read past like the body.
const MAX_TRAILERS: usize = 8192;
/// As many digits as a `u64` has.
const MAX_DIGITS: u8 = 16;

/// What one call has read past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Bytes of the input that belong to the body's frame; after the end, the rest is the next request.
    pub used: usize,
    /// How many of them were data.
    pub body: u64,
    /// Whether the body is over.
    pub done: bool,
}

/// Why a body is not chunked: 400, and the connection is closed, since nobody knows where the next request begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// No digits, too many, or something that is none.
    Size,
    /// A malformed extension, or a line end that is not CRLF, in a chunk-size line.
    Line,
    /// The data is not followed by CRLF.
    Data,
    /// A trailer field that is malformed.
    Trailer,
    /// A line or the trailer section is over its limit.
    TooLong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size { value: u64, digits: u8 },
    AfterSize { value: u64 },
    Extension { value: u64, place: Place },
    SizeEnd { value: u64 },
    Data { left: u64 },
    DataReturn,
    DataEnd,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerEnd,
    LastEnd,
    Done,
}

impl Default for State {
    fn default() -> Self {
        Self::Size {
            value: 0,
            digits: 0,
        }
    }
}

impl Chunked {
    /// At the beginning of a body.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads on; what is data is only counted. After the end it uses nothing.
    ///
    /// # Errors
    ///
    /// A malformed frame is a [`ChunkError`]; the connection can't be used any more.
    pub fn skip(&mut self, bytes: &[u8]) -> Result<Skipped, ChunkError> {
        let mut rest = bytes;
        let mut body = 0;
        while self.state != State::Done {
            if let State::Data { left } = self.state {
                let (taken, after) = take(rest, left);
                rest = after;
                body += taken;
                self.state = if taken == left {
                    State::DataReturn
                } else {
                    State::Data { left: left - taken }
                };
            }
            let Some((byte, after)) = rest.split_first() else {
                break;
            };
            self.state = self.step(*byte)?;
            rest = after;
        }
        Ok(Skipped {
            used: bytes.len() - rest.len(),
            body,
            done: self.state == State::Done,
        })
    }

    /// The state after one byte of the frame.
    fn step(&mut self, byte: u8) -> Result<State, ChunkError> {
        self.count()?;
        match self.state {
            State::Size { value, digits } => size(byte, value, digits),
            State::AfterSize { value } => after_size(byte, value),
            State::Extension { value, place } => extension(byte, value, place),
            State::SizeEnd { value } => {
                self.line = 0;
                match (byte, value) {
                    (b'\n', 0) => Ok(State::TrailerStart),
                    (b'\n', left) => Ok(State::Data { left }),
                    _ => Err(ChunkError::Line),
                }
            }
            State::DataReturn if byte == b'\r' => Ok(State::DataEnd),
            State::DataEnd if byte == b'\n' => Ok(State::default()),
            State::TrailerStart if byte == b'\r' => Ok(State::LastEnd),
            State::TrailerStart if is_token(byte) => Ok(State::TrailerName),
            State::TrailerName if is_token(byte) => Ok(State::TrailerName),
            State::TrailerName if byte == b':' => Ok(State::TrailerValue),
            State::TrailerValue if byte == b'\r' => Ok(State::TrailerEnd),
            State::TrailerValue if is_text(byte) => Ok(State::TrailerValue),
            State::TrailerEnd if byte == b'\n' => Ok(State::TrailerStart),
            State::LastEnd if byte == b'\n' => Ok(State::Done),
            State::Data { .. } | State::DataReturn | State::DataEnd => Err(ChunkError::Data),
            _ => Err(ChunkError::Trailer),
        }
    }

    /// Counts one byte of a line; data and its line end have no limit of their own.
    fn count(&mut self) -> Result<(), ChunkError> {
        match self.state {
            State::Data { .. } | State::DataReturn | State::DataEnd | State::Done => {}
            State::Size { .. }
            | State::AfterSize { .. }
            | State::Extension { .. }
            | State::SizeEnd { .. } => {
                self.line += 1;
            }
            _ => self.trailers += 1,
        }
        let fits = self.line <= MAX_LINE && self.trailers <= MAX_TRAILERS;
        if fits {
            Ok(())
        } else {
            Err(ChunkError::TooLong)
        }
    }
}

/// Only digits: no sign, no `0x`, no `_`. Leading zeros are digits.
fn size(byte: u8, value: u64, digits: u8) -> Result<State, ChunkError> {
    let digit = match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ if digits > 0 => return after_size(byte, value),
        _ => return Err(ChunkError::Size),
    };
    if digits == MAX_DIGITS {
        return Err(ChunkError::Size);
    }
    Ok(State::Size {
        value: value << 4 | u64::from(digit),
        digits: digits + 1,
    })
}

/// White space after the size is let pass: old senders pad it, it can't change the size, and all servers take it.
fn after_size(byte: u8, value: u64) -> Result<State, ChunkError> {
    match byte {
        b' ' | b'\t' => Ok(State::AfterSize { value }),
        b';' => Ok(State::Extension {
            value,
            place: Place::Semicolon,
        }),
        b'\r' => Ok(State::SizeEnd { value }),
        b'\n' => Err(ChunkError::Line),
        _ => Err(ChunkError::Size),
    }
}

/// RFC 9112 section 7.1.1: unrecognized extensions are ignored; here that is all of them, if they are extensions.
fn extension(byte: u8, value: u64, place: Place) -> Result<State, ChunkError> {
    match place.after(byte) {
        Some(place) => Ok(State::Extension { value, place }),
        None if byte == b'\r' && place.is_whole() => Ok(State::SizeEnd { value }),
        None => Err(ChunkError::Line),
    }
}

fn take(bytes: &[u8], left: u64) -> (u64, &[u8]) {
    let count = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
    (count as u64, bytes.get(count..).unwrap_or_default())
}

/// The last chunk and the end of the body.
pub const LAST: &[u8] = b"0\r\n\r\n";

/// Appends the line before a chunk of this length: `1a\r\n`. After the data comes another CRLF.
///
/// Not for length 0, which would end the body: that is [`LAST`].
pub fn frame_head(length: usize, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let used = (usize::BITS - length.leading_zeros()).div_ceil(4).max(1);
    for place in (0..used).rev() {
        let nibble = length >> (place * 4) & 15;
        out.push(DIGITS.get(nibble).copied().unwrap_or(b'0'));
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
