//! How wide a text is, in Verdana of 11 pixels.
//!
//! The server has no fonts. Verdana is what such badges are written in, and its free likeness, DejaVu Sans, is nearly as
//! wide; where there is neither, the picture says how wide its text has to be.

/// Tenths of a pixel.
pub type Tenths = u32;

/// The size of the letters, in tenths of a pixel.
const SIZE: u32 = 110;

/// The unit of the table: so many to the size of the letters.
const UNITS: u32 = 2_048;

/// From the space (U+0020) to the tilde (U+007E): what the font says of itself.
#[rustfmt::skip]
const WIDTHS: [u16; 95] = [
     720,  806,  940, 1676, 1302, 2204, 1488,  550,  930,  930, 1302, 1676,  745,  930,  745,  930,
    1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302,  930,  930, 1676, 1676, 1676, 1117,
    2048, 1400, 1404, 1430, 1578, 1295, 1177, 1588, 1539,  862,  931, 1419, 1140, 1726, 1532, 1612,
    1235, 1612, 1424, 1400, 1262, 1499, 1400, 2025, 1403, 1260, 1403,  930,  930,  930, 1676, 1302,
    1302, 1230, 1276, 1067, 1276, 1220,  720, 1276, 1296,  562,  705, 1212,  562, 1992, 1296, 1243,
    1276, 1276,  874, 1067,  807, 1296, 1212, 1676, 1212, 1212, 1076, 1300,  930, 1300, 1676,
];

/// A letter that has accents, or is of an alphabet like the Latin one.
const LETTER: u32 = 1_300;

/// A sign of East Asian writing, or a picture: as wide as it is high.
const SQUARE: u32 = 2_048;

/// The width of `text`.
#[must_use]
pub fn width(text: &str) -> Tenths {
    let units: u32 = text.chars().map(units).sum();
    (units * SIZE).div_ceil(UNITS)
}

fn units(letter: char) -> u32 {
    let place = u32::from(letter).checked_sub(32);
    let known = place.and_then(|place| WIDTHS.get(usize::try_from(place).ok()?));
    match (known, letter) {
        (Some(units), _) => u32::from(*units),
        // Marks that stand on the letter before.
        (None, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{fe00}'..='\u{fe0f}') => 0,
        (None, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{ffdc}' | '\u{1f000}'..) => SQUARE,
        (None, _) => LETTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_take_more_room() {
        assert_eq!(width(""), 0);
        assert_eq!(width("0"), 70);
        assert!(width("iiii") < width("oooo") && width("oooo") < width("WWWW"));
        assert_eq!(width("文"), 110);
        assert_eq!(width("e\u{301}"), width("e"));
        assert_eq!(WIDTHS[usize::from(b'~' - b' ')], 1676);
    }
}
