//! Charts: stacked bars over time, plain bars, and the small bars in tables; as SVG that needs no style of its own.
//!
//! Promises: every chart has a name, says in words what it shows, names each bar, and has its numbers beside it as a
//! table; a bar that stands for something is never invisible. Must not know: where numbers are from.

mod lines;
mod scale;
mod steps;

use std::fmt::Write as _;

use maud::{Markup, html};
use tallyd_ledger::facts::{Class, Counts};
use tallyd_ledger::report::{Classes, Point, Unit};

use super::number::{grouped, several, share, short};
use crate::admin::wanted::Measure;
pub use lines::{Line, bar, lines};
use scale::Scale;
use steps::{Step, steps};

/// Height of the bars in pixels, which are the units of the drawing from top to bottom.
const HEIGHT: f64 = 190.0;

/// Units of the drawing from bar to bar, of which the style lets a bar fill eight: small whole numbers are few bytes.
const PLACE: usize = 10;

/// What bars are made of, from the ground up: the style's class, the name, and the classes of agents.
const PARTS: [(&str, &str, &[Class]); 4] = [
    ("people", "people", &[Class::Person]),
    ("tools", "tools", &[Class::Tool]),
    ("bots", "bots", &[Class::Bot]),
    ("other", "other", &[Class::Unknown, Class::Internal]),
];

/// A chart over time, by class of agent.
#[derive(Clone, Copy, Debug)]
pub struct OverTime<'a> {
    /// Its id, and the beginning of the ids within.
    pub id: &'a str,
    /// What it is about: "all files", a path.
    pub of: &'a str,
    /// Its hours or days, each of them, also those without anything.
    pub points: &'a [Point],
    /// Which of the two.
    pub unit: Unit,
    /// What the bars show.
    pub measure: Measure,
    /// The time, in nanoseconds since 1970: the last bar may not be over.
    pub now: i64,
}

impl Measure {
    /// Its name, as one and as several.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Measure::Downloads => ("download", "downloads"),
            Measure::Hits => ("hit", "hits"),
        }
    }

    fn of(self, counts: &Counts) -> u64 {
        match self {
            Measure::Downloads => counts.downloads,
            Measure::Hits => counts.hits,
        }
    }

    fn parts(self, classes: &Classes) -> [u64; 4] {
        PARTS.map(|(.., of)| of.iter().map(|class| self.of(&classes.of(*class))).sum())
    }

    fn several(self, number: u64) -> String {
        let (one, many) = self.words();
        several(number, one, many)
    }
}

/// One bar, ready to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bar {
    /// `Fri 20 Nov 2026`.
    name: String,
    parts: [u64; 4],
}

impl Bar {
    fn total(&self) -> u64 {
        self.parts.iter().sum()
    }

    /// `812 people, 300 tools`: those of which there are any.
    fn in_words(&self) -> String {
        let named = PARTS.iter().zip(self.parts).filter(|(_, part)| *part > 0);
        let named: Vec<String> = named
            .map(|((_, name, _), part)| format!("{name}\u{a0}{}", grouped(part)))
            .collect();
        named.join(", ")
    }
}

/// The chart, its legend, and the same numbers as a table.
#[must_use]
pub fn over_time(chart: &OverTime<'_>) -> Markup {
    let steps = steps(chart.points, chart.unit, chart.now);
    let bars = bars(&steps, chart);
    let mut all = Bar::default();
    for bar in &bars {
        for (sum, part) in all.parts.iter_mut().zip(bar.parts) {
            *sum += part;
        }
    }
    html! {
        figure.chart #(chart.id) data-live {
            (legend(&all))
            (drawing(chart, &steps, &bars, &all))
            (table(chart, &bars, &all))
        }
    }
}

fn bars(steps: &[Step<'_>], chart: &OverTime<'_>) -> Vec<Bar> {
    let bar = |step: &Step<'_>| {
        let mut parts = [0; 4];
        for point in step.points {
            for (sum, part) in parts.iter_mut().zip(chart.measure.parts(&point.classes)) {
                *sum += part;
            }
        }
        Bar {
            name: step.name.clone(),
            parts,
        }
    };
    steps.iter().map(bar).collect()
}

/// In the order of the bars, with what each is in all.
fn legend(all: &Bar) -> Markup {
    html! {
        ul.legend {
            @for ((style, name, _), part) in PARTS.iter().zip(all.parts) {
                li { span class={ "swatch " (style) } {} (name) " " b { (grouped(part)) } }
            }
        }
    }
}

fn drawing(chart: &OverTime<'_>, steps: &[Step<'_>], bars: &[Bar], all: &Bar) -> Markup {
    let most = bars.iter().max_by_key(|bar| bar.total());
    let scale = Scale::up_to(most.map_or(0, Bar::total), HEIGHT);
    let (_, many) = chart.measure.words();
    let (title, desc) = (format!("{}-title", chart.id), format!("{}-desc", chart.id));
    html! {
        svg.plot height="222" role="img" aria-labelledby=(title) aria-describedby=(desc) {
            title #(title) { (capital(many)) " of " (chart.of) " over time" }
            desc #(desc) { (description(chart, all, most)) }
            (scale.lines())
            svg width="100%" height=(HEIGHT) viewBox=(places(bars.len())) preserveAspectRatio="none" {
                @for (place, (style, ..)) in PARTS.iter().enumerate() {
                    path class=(style) d=(outline(bars, place, &scale)) {}
                }
                g.places {
                    @for (place, bar) in bars.iter().enumerate() {
                        rect x=(place * PLACE) { title { (spoken(bar, chart.measure)) } }
                    }
                }
            }
            (steps::labels(steps))
            @if all.total() == 0 {
                text.nothing x="50%" y="100" { "No " (many) " in this range" }
            }
        }
    }
}

/// The room for so many bars; it is stretched to the width of the page.
fn places(many: usize) -> String {
    format!("0 0 {} {HEIGHT}", many.max(1) * PLACE)
}

/// All bars' parts of one kind in one path: a tenth of the bytes that rectangles take.
fn outline(bars: &[Bar], place: usize, scale: &Scale) -> String {
    let mut path = String::new();
    for (x, bar) in bars.iter().enumerate() {
        let below: u64 = bar.parts.iter().take(place).sum();
        let part = bar.parts.get(place).copied().unwrap_or(0);
        if part == 0 {
            continue;
        }
        let (ground, top) = (scale.y(below).round(), scale.y(below + part).round());
        // A pixel of nothing sets it off from the part below. Whatever is there can be seen.
        let gap = if below > 0 && ground - top > 3.0 {
            1.0
        } else {
            0.0
        };
        let ground = ground - gap;
        let top = top.min(ground - 1.0);
        let middle = x * PLACE + PLACE / 2;
        // A line as wide as the bar (the style says how wide). Writing to a String can't fail.
        write!(path, "M{middle} {ground:.0}V{top:.0}").ok();
    }
    path
}

/// `Fri 20 Nov: 1,204 downloads`. What they are made of is in the table; the script says it as well.
fn spoken(bar: &Bar, measure: Measure) -> String {
    if bar.total() == 0 {
        return format!("{}: no {}", bar.name, measure.words().1);
    }
    format!("{}: {}", bar.name, measure.several(bar.total()))
}

fn description(chart: &OverTime<'_>, all: &Bar, most: Option<&Bar>) -> String {
    let total = chart.measure.several(all.total());
    match most {
        Some(most) if all.total() > 0 => format!(
            "In all {total}: {}. Most in one bar: {}. The table below has every number.",
            all.in_words(),
            spoken(most, chart.measure)
        ),
        _ => format!("No {} in this range.", chart.measure.words().1),
    }
}

fn table(chart: &OverTime<'_>, bars: &[Bar], all: &Bar) -> Markup {
    let (_, many) = chart.measure.words();
    html! {
        details.numbers #{ (chart.id) "-table" } {
            summary { "The same as a table" }
            div.scroll tabindex="0" role="region" aria-label={ "Table of " (many) } {
                table.data {
                    caption.unseen { (capital(many)) " of " (chart.of) ", by class of agent" }
                    thead {
                        tr {
                            th scope="col" { "Time (UTC)" }
                            @for (_, name, _) in PARTS { th.num scope="col" { (capital(name)) } }
                            th.num scope="col" { "All" }
                        }
                    }
                    tbody {
                        // The latest first, as in every other table.
                        @for bar in bars.iter().rev() { (row(bar)) }
                    }
                    tfoot { (row(&Bar { name: "All".to_owned(), ..all.clone() })) }
                }
            }
        }
    }
}

fn row(bar: &Bar) -> Markup {
    html! {
        tr {
            // A head in the first column is one of its row without a word, here many times.
            th { (bar.name) }
            @for part in bar.parts { td { (grouped(part)) } }
            td { (grouped(bar.total())) }
        }
    }
}

/// Plain bars: one for each of a few things that have an order.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    /// Its id, and the beginning of the ids within.
    pub id: &'a str,
    /// What it shows, as a title.
    pub title: &'a str,
    /// What a bar counts, as one and as several.
    pub words: (&'a str, &'a str),
    /// What the bars are, in words: the head of the table's first column.
    pub head: &'a str,
    /// Each bar: what stands below it, its full name, and how many.
    pub bars: &'a [(String, String, u64)],
}

/// The bars, and the same numbers as a table.
#[must_use]
pub fn plain(chart: &Plain<'_>) -> Markup {
    let most = chart.bars.iter().map(|(.., number)| *number).max();
    let total: u64 = chart.bars.iter().map(|(.., number)| number).sum();
    let scale = Scale::up_to(most.unwrap_or(0), HEIGHT);
    let numbers = chart.bars.iter().map(|(.., number)| *number);
    let bars: Vec<Bar> = numbers
        .map(|number| Bar {
            name: String::new(),
            parts: [number, 0, 0, 0],
        })
        .collect();
    let title = format!("{}-title", chart.id);
    let (one, many) = chart.words;
    html! {
        figure.chart #(chart.id) data-live {
            svg.plot height="222" role="img" aria-labelledby=(title) {
                title #(title) { (chart.title) }
                (scale.lines())
                svg width="100%" height=(HEIGHT) viewBox=(places(bars.len())) preserveAspectRatio="none" {
                    path.people d=(outline(&bars, 0, &scale)) {}
                    g.places {
                        @for (place, (_, name, number)) in chart.bars.iter().enumerate() {
                            rect x=(place * PLACE) { title { (name) ": " (several(*number, one, many)) } }
                        }
                    }
                }
                @for (place, (label, ..)) in chart.bars.iter().enumerate() {
                    (steps::label(place, chart.bars.len(), label, false))
                }
                @if total == 0 { text.nothing x="50%" y="100" { "No " (many) } }
            }
            details.numbers #{ (chart.id) "-table" } {
                summary { "The same as a table" }
                table.data {
                    caption.unseen { (chart.title) }
                    thead {
                        tr {
                            th scope="col" { (chart.head) }
                            th.num scope="col" { (capital(many)) }
                            th.num scope="col" { "Share" }
                        }
                    }
                    tbody {
                        @for (_, name, number) in chart.bars {
                            tr { th scope="row" { (name) } td { (grouped(*number)) } td { (share(*number, total)) } }
                        }
                    }
                }
            }
        }
    }
}

/// A word at the beginning of a title.
#[must_use]
pub fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// How a class of agents is drawn: the class of a `swatch`.
#[must_use]
pub fn style_of(class: Class) -> &'static str {
    let found = PARTS.iter().find(|(.., of)| of.contains(&class));
    found.map_or("other", |(style, ..)| style)
}

#[cfg(test)]
mod tests;
