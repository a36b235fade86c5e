//! An address as a QR code, drawn with half blocks: two modules above each other in one letter.
//!
//! Promises: light modules are drawn and dark ones left out, with four light ones all around. So with colours it is
//! white on black on every terminal, and without it is right where letters are light on a dark ground; on paper white
//! it is inverted, which telephones read as well.

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code, as its standard wants.
const QUIET: i32 = 4;

/// White on black, from the fixed part of the 256 colours: the first sixteen are the user's own.
const COLOURED: (&str, &str) = ("\x1b[38;5;231;48;5;16m", "\x1b[0m");

/// The code of one text.
pub(super) struct Code(QrCode);

impl Code {
    /// Of a text that is not too long for one.
    pub(super) fn of(text: &str) -> Option<Code> {
        // The lowest level; the library raises it where that makes the code no larger.
        QrCode::encode_text(text, QrCodeEcc::Low).ok().map(Code)
    }

    /// Columns that it takes.
    pub(super) fn columns(&self) -> usize {
        self.across().count()
    }

    /// Its lines, in colours or without.
    pub(super) fn lines(&self, coloured: bool) -> Vec<String> {
        let (begin, end) = if coloured { COLOURED } else { ("", "") };
        let draw = |row| format!("{begin}{}{end}", self.line(row));
        self.across().step_by(2).map(draw).collect()
    }

    /// Columns, and rows as well, with the light ones around.
    fn across(&self) -> std::ops::Range<i32> {
        -QUIET..self.0.size() + QUIET
    }

    /// Two rows of modules.
    fn line(&self, row: i32) -> String {
        // What is outside is light.
        let is_light = |column, row| !self.0.get_module(column, row);
        let letter = |column| match (is_light(column, row), is_light(column, row + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        self.across().map(letter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The modules that are dark, read back from lines.
    fn dark(lines: &[String]) -> Vec<(i32, i32)> {
        let mut dark = Vec::new();
        for (line, row) in lines.iter().zip((-QUIET..).step_by(2)) {
            for (letter, column) in line.chars().zip(-QUIET..) {
                let (upper, lower) = match letter {
                    '█' => (false, false),
                    '▀' => (false, true),
                    '▄' => (true, false),
                    ' ' => (true, true),
                    other => panic!("{other:?} is no half block"),
                };
                dark.extend(upper.then_some((column, row)));
                dark.extend(lower.then_some((column, row + 1)));
            }
        }
        dark.sort_unstable();
        dark
    }

    #[test]
    fn what_is_drawn_is_the_code_and_nothing_beside_it() {
        let text = "http://192.168.100.100:8080/";
        let drawn = Code::of(text).unwrap();
        let code = QrCode::encode_text(text, QrCodeEcc::Low).unwrap();
        let all = (0..code.size()).flat_map(|x| (0..code.size()).map(move |y| (x, y)));
        let expected: Vec<(i32, i32)> = all.filter(|(x, y)| code.get_module(*x, *y)).collect();
        let lines = drawn.lines(false);
        assert_eq!(dark(&lines), expected);
        assert_eq!(Ok(drawn.columns()), usize::try_from(code.size() + 8));
        assert!(
            lines
                .iter()
                .all(|line| line.chars().count() == drawn.columns())
        );
        assert_eq!(lines.len(), drawn.columns().div_ceil(2));
    }

    #[test]
    fn colours_begin_and_end_with_each_line() {
        let code = Code::of("http://10.0.0.1:1/").unwrap();
        let plain = code.lines(false);
        for (coloured, plain) in code.lines(true).iter().zip(&plain) {
            assert_eq!(*coloured, format!("\x1b[38;5;231;48;5;16m{plain}\x1b[0m"));
        }
    }

    #[test]
    fn what_is_too_long_has_no_code() {
        assert!(Code::of(&"x".repeat(3_000)).is_none());
    }
}
