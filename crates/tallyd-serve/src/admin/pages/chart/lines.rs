//! Small bars: below the name of a row, and below each other as the parts of a whole.

use maud::{Markup, html};

use crate::admin::pages::number::{grouped, share};

/// A thin bar below a row's name, as long as `part` is of `whole`. The number beside it says the same.
#[must_use]
pub fn bar(part: u64, whole: u64) -> Markup {
    let width = percent(part, whole);
    html! {
        svg.bar aria-hidden="true" {
            @if part > 0 { rect width={ (width) "%" } {} }
        }
    }
}

/// One line of several bars below each other, which are parts of the same whole.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// Its name, which may be a link.
    pub name: Markup,
    /// What it is, in a few words.
    pub note: &'a str,
    /// How many.
    pub number: u64,
}

/// Labelled bars, each with its number and its share of `whole`.
#[must_use]
pub fn lines(lines: &[Line<'_>], whole: u64) -> Markup {
    html! {
        ul.lines {
            @for line in lines {
                li {
                    span { (line.name) @if !line.note.is_empty() { " " small { (line.note) } } }
                    span.number { (grouped(line.number)) }
                    span { (share(line.number, whole)) }
                    (bar(line.number, whole))
                }
            }
        }
    }
}

/// At least one percent, so that it can be seen.
fn percent(part: u64, whole: u64) -> String {
    let percent = part as f64 * 100.0 / whole.max(1) as f64;
    format!("{:.0}", percent.clamp(1.0, 100.0))
}
