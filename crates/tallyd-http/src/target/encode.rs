//! Paths as links: percent-encoded so that they are safe in a header and between the quotes of an attribute.

/// Appends a path for a Location field or a link. Slashes stay; the result never begins with `//`.
///
/// Stay: unreserved, `:` `@` `/`, and the sub-delims of RFC 3986 section 2.2 but `&` and `'`, which mean something
/// in HTML. `//host` would be another server (section 4.2), so slashes at the start become one.
pub fn encode_path(path: &[u8], out: &mut Vec<u8>) {
    let mut rest = path;
    while let [b'/', after @ ..] = rest {
        rest = after;
    }
    if rest.len() < path.len() {
        out.push(b'/');
    }
    encode(
        rest,
        |byte| is_plain(byte) || matches!(byte, b'/' | b':'),
        out,
    );
}

/// Appends one name for a relative link. `/` is encoded too, and `:`, before which a name would be a scheme.
pub fn encode_segment(name: &[u8], out: &mut Vec<u8>) {
    encode(name, is_plain, out);
}

fn encode(text: &[u8], is_safe: impl Fn(u8) -> bool, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text {
        if is_safe(byte) {
            out.push(byte);
            continue;
        }
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
        out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b'@'
        )
}
