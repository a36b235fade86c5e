//! What is asked for with `?tally` or `?badge`. Pure.
//!
//! Promises: what was asked for is understood as a whole, or refused with a line that a person can act on. Parameters
//! of other names are passed over: links are decorated on their way, and caches are got round like that.

use tallyd_http::accept::Listing as Format;
use tallyd_http::request::{Method, Request};

use super::badge::{Badge, Colour, Measure};
use crate::query::pairs;

/// Days that can be asked for: ten years, as many as are shown anywhere.
const MOST_DAYS: u16 = 3_650;

/// Letters of a label; more would be no badge.
const MOST_LETTERS: usize = 64;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The numbers: in this form, or in the one that Accept prefers.
    Tally(Option<Format>),
    /// One number, as a picture.
    Badge(Badge),
    /// Something that can't be; why.
    Wrong(String),
}

impl Wish {
    /// What a request wants to see of a count; nothing if it wants the file. The first parameter says so: a query of
    /// the file's own that begins otherwise is none of ours.
    #[must_use]
    pub fn of(request: &Request<'_>) -> Option<Wish> {
        let query = request.query?;
        if !matches!(request.method, Method::Get | Method::Head) {
            return None;
        }
        let first = query.split(|&byte| matches!(byte, b'&' | b'=')).next()?;
        match first {
            b"tally" => Some(tally(query)),
            b"badge" => Some(badge(query)),
            _ => None,
        }
        .map(|wish| wish.unwrap_or_else(Wish::Wrong))
    }

    /// The days that are asked for, if it is said.
    #[must_use]
    pub fn days(&self) -> Option<u16> {
        match self {
            Wish::Badge(badge) => badge.days,
            Wish::Tally(_) | Wish::Wrong(_) => None,
        }
    }
}

fn tally(query: &[u8]) -> Result<Wish, String> {
    match value(query, b"tally").unwrap_or_default().as_slice() {
        b"" => Ok(Wish::Tally(None)),
        b"json" => Ok(Wish::Tally(Some(Format::Json))),
        b"html" => Ok(Wish::Tally(Some(Format::Html))),
        other => Err(format!(
            "tally is json or html, or nothing is said: not {:?}",
            shown(other)
        )),
    }
}

fn badge(query: &[u8]) -> Result<Wish, String> {
    let measure = match value(query, b"badge").unwrap_or_default().as_slice() {
        b"" | b"downloads" => Measure::Downloads,
        b"hits" => Measure::Hits,
        other => {
            return Err(format!(
                "badge is downloads or hits: not {:?}",
                shown(other)
            ));
        }
    };
    let days = value(query, b"days").map(|text| days(&text)).transpose()?;
    let label = value(query, b"label")
        .map(|text| label(&text))
        .transpose()?;
    let colour = value(query, b"color").or_else(|| value(query, b"colour"));
    let colour = colour.map(|text| colour_of(&text)).transpose()?;
    Ok(Wish::Badge(Badge {
        measure,
        days,
        label,
        colour: colour.unwrap_or_default(),
    }))
}

/// The first value of a parameter, decoded.
fn value(query: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    pairs(query).find_map(|(known, value)| (known == name).then_some(value))
}

fn days(text: &[u8]) -> Result<u16, String> {
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok());
    match number {
        Some(days @ 1..=MOST_DAYS) if is_number => Ok(days),
        _ => Err(format!(
            "days is a number from 1 to {MOST_DAYS}: not {:?}",
            shown(text)
        )),
    }
}

fn label(text: &[u8]) -> Result<String, String> {
    let label: String = String::from_utf8_lossy(text).chars().map(visible).collect();
    match label.chars().count() {
        0..=MOST_LETTERS => Ok(label.trim().to_owned()),
        letters => Err(format!(
            "label has {letters} characters: {MOST_LETTERS} are the most"
        )),
    }
}

fn colour_of(text: &[u8]) -> Result<Colour, String> {
    let word = std::str::from_utf8(text).unwrap_or_default();
    Colour::of(word).ok_or_else(|| {
        let names: Vec<&str> = Colour::NAMES.iter().map(|(name, _)| *name).collect();
        format!(
            "color is 3 or 6 hexadecimal digits or one of {}: not {:?}",
            names.join(", "),
            shown(text)
        )
    })
}

/// A letter as it may stand in a picture: what XML 1.0 has no place for (section 2.2), and what would turn the
/// direction of the text behind it, is a space.
fn visible(letter: char) -> char {
    match letter {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => ' ',
        control if control.is_control() => ' ',
        other => other,
    }
}

/// What was said, for the line that refuses it: its beginning.
fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().take(40).collect()
}

#[cfg(test)]
mod tests;
