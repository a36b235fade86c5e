//! Numbers and paths as people read them, wherever they do: on a terminal, on a page.
//!
//! Promises: the same number looks the same everywhere; no path can move a cursor, or reorder or hide the letters
//! around it.

use std::fmt::Write as _;

/// `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `12.3` and `GB`: powers of a thousand.
#[must_use]
pub fn size(bytes: u64) -> (String, &'static str) {
    if bytes < 1_000 {
        return (bytes.to_string(), "B");
    }
    scaled(bytes, &["kB", "MB", "GB", "TB", "PB", "EB"])
}

/// In the greatest of these units, each a thousand of the one before; with one decimal below a hundred.
#[must_use]
pub fn scaled<'a>(number: u64, units: &[&'a str]) -> (String, &'a str) {
    let mut scaled = number as f64;
    let mut unit = "";
    for next in units {
        scaled /= 1_000.0;
        unit = next;
        // Not 1000.0 kB, nor 1000 kB.
        if scaled < 99.95 {
            return (format!("{scaled:.1}"), unit);
        }
        if scaled < 999.5 {
            break;
        }
    }
    (format!("{scaled:.0}"), unit)
}

/// A path that can be shown: what is no letter, and what reorders or hides letters, is written out.
#[must_use]
pub fn plain(path: &[u8]) -> String {
    let mut plain = String::with_capacity(path.len());
    for piece in path.utf8_chunks() {
        for letter in piece.valid().chars() {
            if is_harmless(letter) {
                plain.push(letter);
            } else {
                plain.extend(letter.escape_default());
            }
        }
        for byte in piece.invalid() {
            // Writing to a String can't fail.
            write!(plain, "\\x{byte:02x}").ok();
        }
    }
    plain
}

fn is_harmless(letter: char) -> bool {
    let is_hidden = matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    );
    !letter.is_control() && !is_hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_sizes_rounded() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), expected);
        }
        for (bytes, expected) in [
            (0, ("0", "B")),
            (999, ("999", "B")),
            (1_000, ("1.0", "kB")),
            (12_345, ("12.3", "kB")),
            (99_949, ("99.9", "kB")),
            (99_950, ("100", "kB")),
            (999_499, ("999", "kB")),
            (999_500, ("1.0", "MB")),
            (1_234_567_890, ("1.2", "GB")),
            (u64::MAX, ("18.4", "EB")),
        ] {
            let (number, unit) = size(bytes);
            assert_eq!((number.as_str(), unit), expected, "{bytes}");
        }
    }

    #[test]
    fn nothing_moves_a_cursor_or_hides_letters() {
        for (path, expected) in [
            (&b"/plain/\xc3\xa9 <b>"[..], "/plain/\u{e9} <b>"),
            (b"/a\n\x1b[2J\x7f", "/a\\n\\u{1b}[2J\\u{7f}"),
            (b"/\xff\xfe!", "/\\xff\\xfe!"),
            ("/a\u{202e}gpj.exe".as_bytes(), "/a\\u{202e}gpj.exe"),
            ("/\u{9b}31m".as_bytes(), "/\\u{9b}31m"),
        ] {
            assert_eq!(plain(path), expected);
        }
    }
}
