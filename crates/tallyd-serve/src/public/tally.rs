//! The count of one file: for programs as JSON, for people as a small page.
//!
//! Promises: numbers have the names of the counting rules and are those of `tallyd stats --json`; a path is text.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use tallyd_http::target::encode_path;
use tallyd_ledger::facts::{Counts, day_of};
use tallyd_ledger::report::calendar::{date, moment};
use tallyd_ledger::report::people::{grouped, plain, size};
use tallyd_ledger::report::{Brief, Classes, RULES};

use super::Known;
use crate::json::string;

const STYLE: &str = include_str!("tally.css");

/// One object. `path` is readable, `href` exact for every path.
#[must_use]
pub fn json(known: Known<'_>) -> String {
    let numbers = Numbers::of(known);
    let mut out = format!("{{\"rules\":{RULES},\"path\":").into_bytes();
    string(known.path, &mut out);
    out.extend_from_slice(b",\"href\":");
    string(href(known.path).as_bytes(), &mut out);
    let whole = span(&numbers.ever, numbers.people);
    out.extend_from_slice(format!(",{whole},\"downloads_by_class\":{{").as_bytes());
    for (place, (class, counts)) in numbers.classes.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        let downloads = counts.downloads;
        out.extend_from_slice(format!("{comma}\"{}\":{downloads}", class.word()).as_bytes());
    }
    let first = numbers
        .first_seen
        .map_or("null".to_owned(), |first| format!("\"{}\"", moment(first)));
    let recent = span(&numbers.recent, numbers.recent_people);
    let (since, until) = (date(numbers.since), date(known.today));
    out.extend_from_slice(
        format!(
            "}},\"first_seen\":{first},\
             \"last_{}_days\":{{\"since\":\"{since}\",\"until\":\"{until}\",{recent}}}}}\n",
            known.days
        )
        .as_bytes(),
    );
    // It was put together from text.
    String::from_utf8_lossy(&out).into_owned()
}

fn span(counts: &Counts, people: u64) -> String {
    let Counts {
        hits,
        downloads,
        bytes,
        ..
    } = counts;
    format!(
        "\"hits\":{hits},\"downloads\":{downloads},\"downloads_by_people_and_tools\":{people},\"bytes\":{bytes}"
    )
}

/// A page.
#[must_use]
pub fn page(known: Known<'_>) -> String {
    let numbers = Numbers::of(known);
    let path = plain(known.path);
    let href = href(known.path);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (grouped(numbers.people)) " " (downloads(numbers.people)) " of " (path) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (path) }
                    (headline(&numbers))
                    @if numbers.first_seen.is_some() { (table(&numbers, known.days)) }
                    p { a href=(href) { "Get the file" } " · " a href="?tally=json" { "These numbers as JSON" } }
                    p { img src="?badge" alt="" height="20"; " " a href="?badge" { "as a badge" } }
                    (legend())
                }
            }
        }
    };
    page.into_string() + "\n"
}

fn bytes(number: u64) -> String {
    let (number, unit) = size(number);
    format!("{number} {unit}")
}

fn downloads(number: u64) -> &'static str {
    match number {
        1 => "download",
        _ => "downloads",
    }
}

fn headline(numbers: &Numbers) -> Markup {
    html! {
        p.headline { strong { (grouped(numbers.people)) } " " (downloads(numbers.people)) " by people and tools" }
        p.faint {
            @match numbers.first_seen {
                Some(first) => { "Counted since " (date(day_of(first))) ", up to a moment ago. Days are days of UTC." }
                None => "Nobody has asked for this file yet.",
            }
        }
    }
}

fn table(numbers: &Numbers, days: u16) -> Markup {
    let others = |counts: &Counts, people: u64| counts.downloads.saturating_sub(people);
    let (ever, recent) = (&numbers.ever, &numbers.recent);
    let rows = [
        (
            "Downloads by people and tools",
            grouped(numbers.people),
            grouped(numbers.recent_people),
        ),
        (
            "Downloads by bots and others",
            grouped(others(ever, numbers.people)),
            grouped(others(recent, numbers.recent_people)),
        ),
        ("Hits", grouped(ever.hits), grouped(recent.hits)),
        ("Bytes sent", bytes(ever.bytes), bytes(recent.bytes)),
    ];
    html! {
        table {
            thead { tr { td {} th scope="col" { "Ever" } th scope="col" { "Last " (days) " days" } } }
            tbody {
                @for (name, ever, recent) in rows {
                    tr { th scope="row" { (name) } td { (ever) } td { (recent) } }
                }
            }
        }
    }
}

fn legend() -> Markup {
    html! {
        p.faint {
            "A hit is a request for the file that was answered with it, or with a part of it. A download is one visitor "
            "who got the whole of it, once in 24 hours or as the server is told. Looking at this page counts nothing. "
            "Counted by tallyd, version " (RULES) " of the counting rules."
        }
    }
}

/// The numbers that both forms show.
struct Numbers {
    ever: Counts,
    people: u64,
    classes: Classes,
    recent: Counts,
    recent_people: u64,
    /// The first of the recent days.
    since: i64,
    /// In nanoseconds since 1970; nothing if the file was never asked for.
    first_seen: Option<i64>,
}

impl Numbers {
    fn of(known: Known<'_>) -> Numbers {
        let classes = known
            .brief
            .map_or_else(Classes::default, |brief| brief.classes);
        let recent = known
            .brief
            .map_or_else(Classes::default, |brief| brief.recent);
        Numbers {
            ever: known
                .brief
                .map_or_else(Counts::default, |brief| brief.counts),
            people: known.brief.map_or(0, Brief::people_and_tools),
            classes,
            recent: recent.total(),
            recent_people: recent.people_and_tools().downloads,
            since: known.today - i64::from(known.days) + 1,
            first_seen: known.brief.map(|brief| brief.first_seen),
        }
    }
}

fn href(path: &[u8]) -> String {
    let mut encoded = Vec::new();
    encode_path(path, &mut encoded);
    String::from_utf8_lossy(&encoded).into_owned()
}
