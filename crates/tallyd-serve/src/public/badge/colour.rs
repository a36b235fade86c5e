//! Colours of a badge, and which letters can be read on them.

use std::fmt;

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Default for Colour {
    fn default() -> Colour {
        Colour([0x0b, 0x57, 0xa4])
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Colour([red, green, blue]) = self;
        write!(out, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Colour {
    /// Those that have a name. Dark enough for white letters, or light enough for black ones, by a good measure.
    pub const NAMES: [(&'static str, Colour); 11] = [
        ("blue", Colour([0x0b, 0x57, 0xa4])),
        ("teal", Colour([0x0f, 0x76, 0x6e])),
        ("green", Colour([0x1a, 0x7f, 0x37])),
        ("brightgreen", Colour([0x44, 0xcc, 0x11])),
        ("yellow", Colour([0xf5, 0xd5, 0x47])),
        ("orange", Colour([0xf2, 0x8c, 0x28])),
        ("red", Colour([0xc6, 0x28, 0x28])),
        ("pink", Colour([0xbe, 0x18, 0x5d])),
        ("purple", Colour([0x6f, 0x42, 0xc1])),
        ("grey", Colour([0x9a, 0xa4, 0xae])),
        ("black", Colour([0x1c, 0x1c, 0x1c])),
    ];

    /// The colour that a word names: one of [`Colour::NAMES`], or 3 or 6 hexadecimal digits, with or without `#`.
    #[must_use]
    pub fn of(word: &str) -> Option<Colour> {
        let word = word.to_ascii_lowercase();
        let name = if word == "gray" {
            "grey"
        } else {
            word.as_str()
        };
        let known = Colour::NAMES.iter().find(|(known, _)| *known == name);
        if let Some((_, colour)) = known {
            return Some(*colour);
        }
        let digits: Option<Vec<u8>> = word
            .strip_prefix('#')
            .unwrap_or(&word)
            .chars()
            .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
            .collect();
        match digits?[..] {
            [red, green, blue] => Some(Colour([red * 17, green * 17, blue * 17])),
            [a, b, c, d, e, f] => Some(Colour([a << 4 | b, c << 4 | d, e << 4 | f])),
            _ => None,
        }
    }

    /// The colour of letters on it: white or black, whichever differs more. One of them always does by 4.58.
    #[must_use]
    pub fn letters(self) -> &'static str {
        let (white, black) = (Colour([255; 3]), Colour([0; 3]));
        if self.contrast(white) >= self.contrast(black) {
            "#ffffff"
        } else {
            "#000000"
        }
    }

    /// The contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio").
    fn contrast(self, other: Colour) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// How light it is, from 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let Colour(parts) = self;
        let [red, green, blue] = parts.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_a_name_or_digits() {
        for (word, expected) in [
            ("blue", Some("#0b57a4")),
            ("Blue", Some("#0b57a4")),
            ("gray", Some("#9aa4ae")),
            ("fa0", Some("#ffaa00")),
            ("#fa0", Some("#ffaa00")),
            ("FFaa01", Some("#ffaa01")),
            ("", None),
            ("#", None),
            ("ff", None),
            ("ffff", None),
            ("ffaa0", None),
            ("ffaa011", None),
            ("ggg", None),
            ("chartreuse", None),
            ("red;}", None),
            ("\"/><script>", None),
        ] {
            let found = Colour::of(word).map(|colour| colour.to_string());
            assert_eq!(found.as_deref(), expected, "{word}");
        }
    }

    #[test]
    fn letters_can_be_read_on_every_colour() {
        let contrast = |colour: Colour| {
            let letters = Colour::of(colour.letters()).unwrap();
            colour.contrast(letters)
        };
        for (name, colour) in Colour::NAMES {
            assert!(contrast(colour) >= 5.0, "{name} {}", contrast(colour));
        }
        for number in 0..4096_u32 {
            let colour = Colour::of(&format!("{number:03x}")).unwrap();
            assert!(contrast(colour) >= 4.5, "{colour} {}", contrast(colour));
        }
        let label = Colour::of(super::super::LABEL).unwrap();
        assert_eq!(label.letters(), "#ffffff");
        assert!(contrast(label) >= 4.5);
    }
}
