//! A badge: one number as a small picture, for pages that others write.
//!
//! Promises: 20 pixels high; every text fits its field whatever font there is; on every colour it can be read (WCAG AA);
//! the exact number is in the title. Needs no style, no script and no other file.

mod colour;
mod width;

use maud::{Markup, html};
use tallyd_ledger::report::people::grouped;

use super::Known;
pub use colour::Colour;
use width::{Tenths, width};

/// What a badge looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// Of what.
    pub measure: Measure,
    /// Of so many days, with today; ever, if nothing is said.
    pub days: Option<u16>,
    /// What stands before the number; nothing: what it is of. Empty: the number stands alone.
    pub label: Option<String>,
    /// Behind the number.
    pub colour: Colour,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Downloads by people and tools: the headline of the counting rules.
    Downloads,
    /// All hits.
    Hits,
}

/// What is behind the label: on white and on dark pages it can be told from them.
const LABEL: &str = "#555555";

/// Beside a text, on each side.
const MARGIN: Tenths = 60;

const HEIGHT: u32 = 20;

/// The thousands, each a thousand of the one before.
const THOUSANDS: [&str; 6] = ["k", "M", "G", "T", "P", "E"];

/// A part of the badge, with its text.
struct Field<'a> {
    text: &'a str,
    /// Where it begins, in pixels.
    start: u32,
    /// In pixels.
    width: u32,
    behind: &'a str,
    letters: &'a str,
}

impl Badge {
    /// The picture.
    #[must_use]
    pub fn svg(&self, known: Known<'_>) -> String {
        let number = self.number(known);
        let label = self.label();
        let (short, exact) = (short(number), grouped(number));
        let meaning = match label.as_str() {
            "" => exact,
            label => format!("{label}: {exact}"),
        };
        let (behind, letters) = (self.colour.to_string(), self.colour.letters());
        let before = if label.is_empty() { 0 } else { pixels(&label) };
        let all = before + pixels(&short);
        let left = Field {
            text: &label,
            start: 0,
            width: before,
            behind: LABEL,
            letters: "#ffffff",
        };
        let right = Field {
            text: &short,
            start: before,
            width: all - before,
            behind: &behind,
            letters,
        };
        let fields = [left, right];
        let fields = fields.iter().filter(|field| field.width > 0);
        let picture = html! {
            svg xmlns="http://www.w3.org/2000/svg" width=(all) height=(HEIGHT) viewBox=(format!("0 0 {all} {HEIGHT}"))
                role="img" aria-label=(meaning) {
                title { (meaning) }
                g font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11" text-rendering="geometricPrecision" {
                    @for field in fields { (field.markup(all)) }
                }
            }
        };
        picture.into_string() + "\n"
    }

    fn number(&self, known: Known<'_>) -> u64 {
        let Some(brief) = known.brief else {
            return 0;
        };
        match (self.measure, self.days) {
            (Measure::Downloads, None) => brief.people_and_tools(),
            (Measure::Downloads, Some(_)) => brief.recent.people_and_tools().downloads,
            (Measure::Hits, None) => brief.counts.hits,
            (Measure::Hits, Some(_)) => brief.recent.total().hits,
        }
    }

    fn label(&self) -> String {
        let what = match self.measure {
            Measure::Downloads => "downloads",
            Measure::Hits => "hits",
        };
        match (&self.label, self.days) {
            (Some(label), _) => label.clone(),
            (None, None) => what.to_owned(),
            (None, Some(1)) => format!("{what} today"),
            (None, Some(days)) => format!("{what} / {days} days"),
        }
    }
}

impl Field<'_> {
    /// The field in a badge of this width, in pixels.
    fn markup(&self, all: u32) -> Markup {
        let length = width(self.text);
        let middle = self.start * 10 + self.width * 5;
        html! {
            path fill=(self.behind) d=(self.outline(all)) {}
            text x=(tenths(middle)) y="14" text-anchor="middle" fill=(self.letters) textLength=(tenths(length))
                lengthAdjust="spacingAndGlyphs" { (self.text) }
        }
    }

    /// Round at the ends of the badge, straight within.
    fn outline(&self, all: u32) -> String {
        let (start, end) = (self.start, self.start + self.width);
        let left = match start {
            0 => "M3 0".to_owned(),
            start => format!("M{start} 0"),
        };
        let right = if end == all {
            format!("H{}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3", end - 3)
        } else {
            format!("H{end}v20")
        };
        let back = match start {
            0 => "H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z".to_owned(),
            start => format!("H{start}z"),
        };
        left + &right + &back
    }
}

/// The width of a field with this text, in whole pixels, so that its edges are sharp.
fn pixels(text: &str) -> u32 {
    (width(text) + 2 * MARGIN).div_ceil(10)
}

/// A length as SVG writes it.
fn tenths(length: Tenths) -> String {
    format!("{}.{}", length / 10, length % 10)
}

/// `950`, `1.2k`, `34k`, `1.2M`: at most three digits, rounded down, so that no more is claimed than there is.
fn short(number: u64) -> String {
    let mut whole = number;
    let mut tenths = 0;
    let mut unit = "";
    for next in THOUSANDS {
        if whole < 1_000 {
            break;
        }
        tenths = whole % 1_000 / 100;
        whole /= 1_000;
        unit = next;
    }
    if whole < 10 && tenths > 0 {
        return format!("{whole}.{tenths}{unit}");
    }
    format!("{whole}{unit}")
}

#[cfg(test)]
mod tests;
