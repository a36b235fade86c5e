//! The overview: what was counted for a site or for all of them, against the time before, over time, by file, by
//! class, by outcome; and the latest requests.
//!
//! Promises: people and tools are the headline, and every other class is beside it; an estimate says so; where
//! nothing can be shown, it says why and what to do.

mod empty;
mod figures;
mod latest;
mod panels;

use std::sync::Arc;

use maud::{Markup, html};
use tallyd_ledger::feed::Seen;
use tallyd_ledger::report::{Classes, FileRow, Overview, Point, Unit, Visitors};

use super::chart::{OverTime, capital, over_time};
use super::frame::{self, Frame, Here, Life, Pick, document, name_of};
use super::number;
use crate::admin::wanted::{Measure, Period, Wanted};

/// Everything on the page.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// What every page is given.
    pub frame: Frame<'a>,
    /// What was counted in the range.
    pub now: &'a Overview,
    /// And just before it; nothing if there is no time before.
    pub before: Option<&'a Before>,
    /// Each hour or day of the range.
    pub series: &'a [Point],
    /// Which of the two.
    pub unit: Unit,
    /// The files asked for most in the range; ten are enough.
    pub top: &'a [FileRow],
    /// The latest replies, the newest first; thirty are enough for the ten that are shown.
    pub latest: &'a [Arc<Seen>],
    /// Whether counts are kept at all.
    pub kept: bool,
    /// Whether anything was ever counted.
    pub has_counts: bool,
    /// Where the files are served, to be tried: `http://localhost:8080/`.
    pub address: Option<&'a str>,
}

/// What was counted in the time before.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    /// By class.
    pub classes: Classes,
    /// Replies of every kind; none means that there is no earlier data.
    pub requests: u64,
    /// How many came.
    pub visitors: Visitors,
}

/// The whole page.
#[must_use]
pub fn page(shown: &Shown<'_>) -> String {
    let main = match shown {
        Shown { kept: false, .. } => empty::not_kept(shown),
        Shown {
            has_counts: false, ..
        } => empty::first(shown),
        _ => numbers(shown),
    };
    document(&shown.frame, Here::Overview, Life::Live, "Overview", &main)
}

fn numbers(shown: &Shown<'_>) -> Markup {
    let is_quiet = shown.now.requests == 0;
    html! {
        (heading(shown))
        // The script loads the page anew when it has become one of another kind.
        div #shape data-shape=(if is_quiet { "quiet" } else { "numbers" }) {
            @if is_quiet {
                (empty::quiet(shown))
            } @else {
                (figures::figures(shown))
                (over_time_panel(shown))
                div."grid wider" {
                    (panels::top(shown))
                    div.stack { (panels::classes(shown)) (panels::outcomes(shown)) }
                }
            }
            (latest::latest(shown))
            @if !is_quiet {
                div."grid two" {
                    div.stack { (panels::coverage(shown)) (panels::statuses(shown)) }
                    (panels::referrers(shown))
                }
                (panels::missing(shown))
                (frame::exports(shown.frame.wanted, &ANSWERS, &PARTS))
            }
        }
    }
}

fn heading(shown: &Shown<'_>) -> Markup {
    let frame = &shown.frame;
    let days = match (frame.wanted.period, shown.now.first_day) {
        (Period::All, Some(first)) => number::days(first, frame.today()),
        _ => frame.days(),
    };
    let below = html! {
        (days)
        @if frame.sites.len() > 1 {
            " \u{b7} " (frame.wanted.site.as_deref().map_or("all sites", name_of))
        }
        @if shown.now.requests > 0 {
            " \u{b7} figures are of " (number::rule("agent-class", "people and tools"))
        }
    };
    frame.heading(&html! { "Overview" }, &below, "/", Pick::SiteAndDays)
}

fn over_time_panel(shown: &Shown<'_>) -> Markup {
    let wanted = shown.frame.wanted;
    let (_, many) = wanted.measure.words();
    let other = |measure| Wanted {
        measure,
        ..wanted.clone()
    };
    html! {
        section.panel aria-labelledby="over-time" {
            header {
                h2 #over-time { (capital(many)) " over time" }
                // The script says here what is pointed at.
                p.readout #readout {}
                nav.aside aria-label="What the chart shows" {
                    ul.segments {
                        @for measure in [Measure::Downloads, Measure::Hits] {
                            li {
                                a href=(other(measure).link("/"))
                                    aria-current=[(measure == wanted.measure).then_some("true")] {
                                    (capital(measure.words().1))
                                }
                            }
                        }
                    }
                }
            }
            (over_time(&OverTime {
                id: "chart",
                of: "all files",
                points: shown.series,
                unit: shown.unit,
                measure: wanted.measure,
                now: shown.frame.now,
            }))
        }
    }
}

/// The answers for programs that say what the page shows.
const ANSWERS: [(&str, &str); 3] = [
    ("/api/v1/overview", "Overview"),
    ("/api/v1/series", "Over time"),
    ("/api/v1/files", "Files"),
];

/// The tables of the page that are parts of the overview, by their words for programs.
const PARTS: [(&str, &str); 4] = [
    ("classes", "Who asked"),
    ("statuses", "By status"),
    ("referrers", "Referrers"),
    ("not-found", "Not found"),
];
