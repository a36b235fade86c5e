//! How long the body of a response is (RFC 9112 6.3), and how it is read.

use std::io::{BufRead, Read};

use crate::error::Error;
use crate::message::Response;

/// A line of chunked framing is short: a size and perhaps an extension.
const LINE: u64 = 8 * 1024;

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes.
    Length(u64),
    /// Pieces with a size each.
    Chunked,
    /// Until the server closes.
    ToEnd,
}

/// How the body of this head is framed.
pub(crate) fn framing(method: &str, response: &Response) -> Result<Framing, Error> {
    if method == "HEAD" || matches!(response.status, 100..=199 | 204 | 304) {
        return Ok(Framing::Length(0));
    }
    if response.lists("transfer-encoding", "chunked") {
        return Ok(Framing::Chunked);
    }
    match response.field("content-length") {
        Some(length) => length
            .parse()
            .map(Framing::Length)
            .map_err(|_| Error::Malformed("Content-Length")),
        None => Ok(Framing::ToEnd),
    }
}

/// Reads the body, and nothing behind it.
pub(crate) fn read(from: &mut impl BufRead, framing: Framing) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    match framing {
        Framing::Length(length) => read_exactly(from, length, &mut body)?,
        Framing::ToEnd => drop(from.read_to_end(&mut body)?),
        Framing::Chunked => read_chunks(from, &mut body)?,
    }
    Ok(body)
}

fn read_exactly(from: &mut impl BufRead, length: u64, body: &mut Vec<u8>) -> Result<(), Error> {
    let read = from.take(length).read_to_end(body)?;
    if read as u64 == length {
        Ok(())
    } else {
        Err(Error::Closed)
    }
}

fn read_chunks(from: &mut impl BufRead, body: &mut Vec<u8>) -> Result<(), Error> {
    loop {
        let line = read_line(from)?;
        let size = match httparse::parse_chunk_size(&line) {
            Ok(httparse::Status::Complete((_, size))) => size,
            _ => return Err(Error::Malformed("the size of a chunk")),
        };
        if size == 0 {
            // Trailer fields, to the empty line.
            while read_line(from)? != b"\r\n" {}
            return Ok(());
        }
        read_exactly(from, size, body)?;
        if read_line(from)? != b"\r\n" {
            return Err(Error::Malformed("the end of a chunk"));
        }
    }
}

fn read_line(from: &mut impl BufRead) -> Result<Vec<u8>, Error> {
    let mut line = Vec::new();
    from.take(LINE).read_until(b'\n', &mut line)?;
    if line.ends_with(b"\n") {
        Ok(line)
    } else {
        Err(Error::Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_what_follows_is_left() {
        let mut bytes = b"4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nTrailer: 1\r\n\r\nnext".as_slice();
        let body = read(&mut bytes, Framing::Chunked).unwrap();
        assert_eq!((body.as_slice(), bytes), (&b"Wikipedia"[..], &b"next"[..]));
    }

    #[test]
    fn a_body_that_is_cut_off_is_an_error() {
        for (bytes, framing) in [
            ("abc", Framing::Length(4)),
            ("4\r\nab", Framing::Chunked),
            ("4\r\nabcd\r\n", Framing::Chunked),
        ] {
            let outcome = read(&mut bytes.as_bytes(), framing);
            assert!(matches!(outcome, Err(Error::Closed)), "{bytes:?}");
        }
    }
}
