//! JSON strings from bytes that may be anything.

/// Writes `text` as a JSON string (RFC 8259 section 7); what is not UTF-8 becomes U+FFFD.
pub fn string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for letter in String::from_utf8_lossy(text).chars() {
        match letter {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            // C0 must be escaped; C1 and the line separators are, for terminals and old parsers.
            '\u{2028}' | '\u{2029}' => escape(letter, out),
            control if control.is_control() => escape(control, out),
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

fn escape(letter: char, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("\\u{:04x}", u32::from(letter)).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_string() {
        for (text, expected) in [
            (&b"plain"[..], "\"plain\""),
            (b"a\"b\\c\nd", "\"a\\\"b\\\\c\\nd\""),
            (b"\x00\x1b[2J\x7f", "\"\\u0000\\u001b[2J\\u007f\""),
            (b"\xff\xc3\xa9", "\"\u{fffd}\u{e9}\""),
            ("\u{2028}\u{85}".as_bytes(), "\"\\u2028\\u0085\""),
        ] {
            let mut out = Vec::new();
            string(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
