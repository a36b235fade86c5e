//! Several ranges in one body (multipart/byteranges, RFC 9110 14.6), read as they come.
//!
//! Promises: no part is kept; a head that does not end is an error.

use super::cover::Span;

/// The head of a part is some lines.
const LONGEST_HEAD: usize = 4 * 1024;

/// A body that is being read.
#[derive(Debug)]
pub struct Parts {
    boundary: Vec<u8>,
    /// What comes before the bytes of the next part, as far as it is there.
    held: Vec<u8>,
    /// Of the part that is being read: where in the file its next byte is, and how many there are still.
    at: u64,
    left: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// So many bytes frame parts.
    Frame(usize),
    /// So many bytes are of the file, from here on.
    File(usize, u64),
}

impl Parts {
    /// Of a body whose Content-Type is this; none if it is another one.
    pub fn of(content_type: &str) -> Option<Parts> {
        let rest = content_type.strip_prefix("multipart/byteranges;")?;
        let boundary = rest.trim().strip_prefix("boundary=")?.trim_matches('"');
        Some(Parts {
            boundary: format!("--{boundary}").into_bytes(),
            held: Vec::new(),
            at: 0,
            left: 0,
        })
    }

    /// What the first of `bytes` are; `length` is that of the file.
    pub fn read(&mut self, bytes: &[u8], length: u64) -> Result<Next, &'static str> {
        if self.left > 0 {
            let count =
                usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
            let at = self.at;
            self.at += count as u64;
            self.left -= count as u64;
            return Ok(Next::File(count, at));
        }
        let before = self.held.len();
        for (place, byte) in bytes.iter().enumerate() {
            self.held.push(*byte);
            if self.held.ends_with(b"\r\n\r\n") && self.held.len() > 4 {
                let span = self.head(length)?;
                (self.at, self.left) = (span.start, span.length);
                self.held.clear();
                return Ok(Next::Frame(place + 1));
            }
        }
        match before + bytes.len() > LONGEST_HEAD {
            true => Err("the head of a part does not end"),
            false => Ok(Next::Frame(bytes.len())),
        }
    }

    /// Whether the body may end here.
    pub fn end(&self) -> Result<(), &'static str> {
        let held = self.held.strip_prefix(b"\r\n").unwrap_or(&self.held);
        let rest = held.strip_prefix(self.boundary.as_slice());
        match (self.left, rest) {
            (0, Some(b"--\r\n" | b"--")) => Ok(()),
            _ => Err("the parts do not end with their boundary"),
        }
    }

    fn head(&self, length: u64) -> Result<Span, &'static str> {
        let held = self.held.strip_prefix(b"\r\n").unwrap_or(&self.held);
        let lines = held.strip_prefix(self.boundary.as_slice());
        let lines = lines.ok_or("a part does not begin with the boundary")?;
        let text = String::from_utf8_lossy(lines);
        let range = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-range").then_some(value)
        });
        let (span, total) = range
            .and_then(content_range)
            .ok_or("a part without a Content-Range")?;
        match total == length && span.end() <= length {
            true => Ok(span),
            false => Err("a part with a wrong Content-Range"),
        }
    }
}

/// `bytes 5-9/100`: the range, and the length of the whole.
pub fn content_range(value: &str) -> Option<(Span, u64)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (start, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let length = last.checked_sub(start)?.checked_add(1)?;
    Some((Span { start, length }, total.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "\r\n--b\r\nContent-Type: a/b\r\nContent-Range: bytes 0-1/10\r\n\r\nab\
                        \r\n--b\r\ncontent-range: bytes 8-9/10\r\n\r\nij\r\n--b--\r\n";

    /// The bytes of the file in `body`, which comes in pieces of this length.
    fn read(body: &str, piece: usize) -> Result<Vec<(u64, u8)>, &'static str> {
        let mut parts = Parts::of("multipart/byteranges; boundary=b").unwrap();
        let mut found = Vec::new();
        for mut bytes in body.as_bytes().chunks(piece) {
            while !bytes.is_empty() {
                let used = match parts.read(bytes, 10)? {
                    Next::Frame(used) => used,
                    Next::File(used, at) => {
                        found.extend((at..).zip(bytes[..used].iter().copied()));
                        used
                    }
                };
                bytes = &bytes[used..];
            }
        }
        parts.end()?;
        Ok(found)
    }

    #[test]
    fn parts_are_read_in_whatever_pieces_they_come() {
        let expected = vec![(0, b'a'), (1, b'b'), (8, b'i'), (9, b'j')];
        for piece in 1..=BODY.len() {
            assert_eq!(read(BODY, piece), Ok(expected.clone()), "{piece}");
            let plain = BODY.strip_prefix("\r\n").unwrap();
            assert_eq!(read(plain, piece), Ok(expected.clone()), "{piece}");
        }
    }

    #[test]
    fn what_is_wrong_with_parts_is_said() {
        for (from, to, said) in [
            ("--b--", "--b", "do not end"),
            ("/10", "/11", "wrong Content-Range"),
            ("8-9", "8-10", "wrong Content-Range"),
            ("8-9", "9-8", "without a Content-Range"),
            ("bytes 0", "octets 0", "without a Content-Range"),
            ("\r\n--b\r\nc", "\r\n--c\r\nc", "does not begin"),
        ] {
            let error = read(&BODY.replacen(from, to, 1), 7).unwrap_err();
            assert!(error.contains(said), "{to}: {error}");
        }
        assert!(Parts::of("text/plain").is_none());
    }
}
