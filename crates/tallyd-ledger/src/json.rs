//! JSON strings from bytes that may be anything: one rule for reports, listings and logs.

/// Puts `text` as a JSON string (RFC 8259 section 7), piece by piece; what is not UTF-8 becomes U+FFFD.
pub fn string(text: &[u8], mut put: impl FnMut(&str)) {
    put("\"");
    for letter in String::from_utf8_lossy(text).chars() {
        match letter {
            '"' => put("\\\""),
            '\\' => put("\\\\"),
            '\n' => put("\\n"),
            '\r' => put("\\r"),
            '\t' => put("\\t"),
            // C0 must be escaped; DEL, C1 and the line separators are, for terminals and old parsers.
            '\u{2028}' | '\u{2029}' => put(&escaped(letter)),
            control if control.is_control() => put(&escaped(control)),
            other => put(other.encode_utf8(&mut [0; 4])),
        }
    }
    put("\"");
}

fn escaped(letter: char) -> String {
    format!("\\u{:04x}", u32::from(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_string() {
        for (text, expected) in [
            (&b"plain"[..], "\"plain\""),
            (b"a\"b\\c\nd\t\r", "\"a\\\"b\\\\c\\nd\\t\\r\""),
            (b"\x00\x1b[2J\x7f", "\"\\u0000\\u001b[2J\\u007f\""),
            (b"\xff\xc3\xa9", "\"\u{fffd}\u{e9}\""),
            ("\u{2028}\u{85}".as_bytes(), "\"\\u2028\\u0085\""),
        ] {
            let mut out = String::new();
            string(text, |piece| out.push_str(piece));
            assert_eq!(out, expected);
        }
    }
}
