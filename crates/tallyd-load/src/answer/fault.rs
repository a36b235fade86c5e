//! What can be wrong with a response, each with its name.

use std::fmt;

/// What was wrong with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server closed without a byte.
    NoAnswer,
    /// The server closed within the head.
    CutHead,
    /// The server closed within the body.
    CutBody,
    /// The head is not HTTP/1.
    Garbage,
    /// The head did not end within [`super::LONGEST_HEAD`] bytes, or 128 fields.
    EndlessHead,
    /// Content-Length is not a number, or says two (RFC 9112 6.3).
    Length,
    /// A chunk without a size or without its end (RFC 9112 7.1).
    Chunk,
    /// Bytes after the end of the response, which nobody asked for.
    Excess,
}

impl Fault {
    /// What a person reads.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Fault::NoAnswer => "the server closed without an answer",
            Fault::CutHead => "the server closed within the head",
            Fault::CutBody => "the server closed before the body was whole",
            Fault::Garbage => "the head is not HTTP/1",
            Fault::EndlessHead => "the head does not end within 64 KiB or 128 fields",
            Fault::Length => "Content-Length is not one number",
            Fault::Chunk => "the chunked body is not in chunks",
            Fault::Excess => "more bytes came than the head announced",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text())
    }
}

impl std::error::Error for Fault {}
