//! Heads of replies into a buffer that is used again and again.
//!
//! Promises: whatever a value holds, it stays one field: CR, LF and NUL become spaces.

use crate::status::Status;

/// Writes one head: status line, fields, empty line. Always HTTP/1.1 (RFC 9112 section 2.3: our own version).
#[derive(Debug)]
#[must_use = "the head has no end without finish()"]
pub struct HeadWriter<'a>(&'a mut Vec<u8>);

impl<'a> HeadWriter<'a> {
    /// Begins a head with its status line. A code without a registered reason keeps the space before it, as
    /// RFC 9112 section 4 demands.
    pub fn new(out: &'a mut Vec<u8>, status: Status) -> Self {
        out.extend_from_slice(b"HTTP/1.1 ");
        push_number(u64::from(status.code()), out);
        out.push(b' ');
        out.extend_from_slice(status.reason().as_bytes());
        out.extend_from_slice(b"\r\n");
        Self(out)
    }

    /// One field.
    pub fn field(&mut self, name: &str, value: impl AsRef<[u8]>) {
        push_field(name, value.as_ref(), self.0);
    }

    /// One field whose value is a number.
    pub fn number(&mut self, name: &str, value: u64) {
        push_name(name, self.0);
        push_number(value, self.0);
        self.0.extend_from_slice(b"\r\n");
    }

    /// Whole lines that were made before, each with its CRLF.
    pub fn raw(&mut self, ready_made_lines: &[u8]) {
        self.0.extend_from_slice(ready_made_lines);
    }

    /// The empty line that ends the head.
    pub fn finish(self) {
        self.0.extend_from_slice(b"\r\n");
    }
}

/// One field line, with its CRLF.
pub fn push_field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    push_name(name, out);
    push_value(value, out);
    out.extend_from_slice(b"\r\n");
}

fn push_name(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
}

/// RFC 9110 section 5.5: CR, LF and NUL in a value are replaced by SP, so that no value can start a line.
pub(crate) fn push_value(value: &[u8], out: &mut Vec<u8>) {
    if memchr::memchr3(b'\r', b'\n', 0, value).is_none() {
        out.extend_from_slice(value);
        return;
    }
    out.extend(value.iter().map(|&byte| {
        if matches!(byte, b'\r' | b'\n' | 0) {
            b' '
        } else {
            byte
        }
    }));
}

/// The decimal digits of a number, without an allocation.
pub fn push_number(number: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        count += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
}

/// How many digits [`push_number`] writes.
pub(crate) fn digits_of(number: u64) -> u64 {
    u64::from(number.checked_ilog10().unwrap_or(0)) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_head_is_what_rfc_9112_says() {
        let mut out = b"before".to_vec();
        let mut head = HeadWriter::new(&mut out, Status::OK);
        head.field("Content-Type", "text/plain");
        head.number("Content-Length", 0);
        head.number("Age", u64::MAX);
        head.raw(b"Server: tallyd\r\n");
        head.finish();
        // RFC 9112 section 4 and 5.
        let expected = "beforeHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\
                        Age: 18446744073709551615\r\nServer: tallyd\r\n\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn an_unknown_status_keeps_its_space() {
        // RFC 9112 section 4: the space is sent even when the reason is absent.
        let mut out = Vec::new();
        HeadWriter::new(&mut out, Status::of(299).unwrap()).finish();
        assert_eq!(out, b"HTTP/1.1 299 \r\n\r\n");
    }

    #[test]
    fn a_value_never_becomes_a_second_line() {
        // RFC 9110 section 5.5.
        let mut out = Vec::new();
        let mut head = HeadWriter::new(&mut out, Status::FOUND);
        head.field("Location", b"/a\r\nX-Injected: yes\0\n".as_slice());
        head.finish();
        let expected = b"HTTP/1.1 302 Found\r\nLocation: /a  X-Injected: yes  \r\n\r\n";
        assert_eq!(out, expected);
    }

    proptest! {
        #[test]
        fn numbers_are_written_like_std_does(number: u64) {
            let mut out = Vec::new();
            push_number(number, &mut out);
            prop_assert_eq!(String::from_utf8(out.clone()).unwrap(), number.to_string());
            prop_assert_eq!(digits_of(number), u64::try_from(out.len()).unwrap());
        }

        #[test]
        fn whatever_the_value_there_is_one_field(value: Vec<u8>) {
            let mut out = Vec::new();
            let mut head = HeadWriter::new(&mut out, Status::OK);
            head.field("A", &value);
            head.finish();
            prop_assert_eq!(out.iter().filter(|&&byte| byte == b'\n').count(), 3);
            prop_assert_eq!(out.iter().filter(|&&byte| byte == b'\r').count(), 3);
            prop_assert!(!out.contains(&0));
        }
    }

    #[test]
    fn the_smallest_and_the_largest_number_have_their_digits() {
        for (number, digits) in [(0, 1), (9, 1), (10, 2), (99, 2), (100, 3), (u64::MAX, 20)] {
            assert_eq!(digits_of(number), digits);
        }
    }
}
