//! The bytes that names and values are made of, for all who read fields (RFC 9110 section 5.5 and 5.6).

/// `tchar`, RFC 9110 section 5.6.2: what methods, field names and codings are made of.
pub(crate) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// What may be in a line: no control character but HTAB (RFC 9110 section 5.5).
pub(crate) const fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_the_characters_of_the_rfc() {
        // RFC 9110 section 5.6.2, spelled out.
        let rfc = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        for byte in 0..=255 {
            assert_eq!(is_token(byte), rfc.contains(&byte), "{byte:#x}");
        }
    }

    #[test]
    fn text_has_no_controls_but_tab() {
        // RFC 9110 section 5.5.
        for byte in 0..=255u8 {
            assert_eq!(
                is_text(byte),
                byte == b'\t' || !byte.is_ascii_control(),
                "{byte:#x}"
            );
        }
    }
}
