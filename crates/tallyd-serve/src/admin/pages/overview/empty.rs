//! What is said where there is nothing to show, and what to do then.

use maud::{Markup, html};

use super::{Shown, latest};
use crate::admin::pages::frame::Pick;
use crate::admin::wanted::{Period, Wanted};

/// Nothing was ever asked for.
pub(super) fn first(shown: &Shown<'_>) -> Markup {
    html! {
        (shown.frame.heading(&html! { "Overview" }, &html! { "Nothing has been counted yet" }, "/", Pick::Nothing))
        div #shape data-shape="first" {
            section.panel.welcome aria-labelledby="welcome" {
                (mark())
                h2 #welcome { "Waiting for the first hit" }
                @match shown.address {
                    Some(address) => {
                        p {
                            "Open " a href=(address) { (address) } " and choose a file, or fetch one from a terminal:"
                        }
                        pre { code { "curl -O " (address) "some-file" } }
                    }
                    None => p { "Open one of the addresses that the server said when it started, and choose a file." }
                }
                p.soft { "Its numbers appear here within a second; without script, when this page is loaded again." }
            }
        }
    }
}

/// Nothing is kept, so nothing can be shown but what passes by.
pub(super) fn not_kept(shown: &Shown<'_>) -> Markup {
    html! {
        (shown.frame.heading(&html! { "Overview" }, &html! { "Counts are not kept" }, "/", Pick::Nothing))
        div #shape data-shape="not-kept" {
            section.panel.welcome aria-labelledby="welcome" {
                (mark())
                h2 #welcome { "Counts are not kept" }
                p { "The server runs with " code { "--no-state" } ": it counts nothing that would outlive it." }
                p {
                    "Start it without that option, and it keeps its counts in a state directory, or say in which one:"
                }
                pre { code { "tallyd DIR --state STATE-DIR" } }
                p.soft {
                    "What the process has done since it started is in the " a href="/metrics" { "metrics" } "."
                }
            }
            @if !shown.latest.is_empty() { (latest::latest(shown)) }
        }
    }
}

/// Nothing in this range.
pub(super) fn quiet(shown: &Shown<'_>) -> Markup {
    let all = Wanted {
        period: Period::All,
        site: None,
        ..shown.frame.wanted.clone()
    };
    html! {
        section.panel.welcome aria-labelledby="welcome" {
            (mark())
            h2 #welcome { "Nothing was asked for in this range" }
            p { (shown.frame.days()) ": no request for these sites and days." }
            p { a.button href=(all.link("/")) { "Show all time and all sites" } }
        }
    }
}

fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" aria-hidden="true" { path d="M7 6v20M13 6v20M19 6v20M25 6v20M3 22 29 10" {} }
    }
}
