//! One file: its totals, its chart, how its hits ended, its versions, who asked for it and from where.
//!
//! Promises: a path is text, whatever it holds; every number says which days it is of; a file that is not known is said
//! to be so, with those that may have been meant. Must not know: how a report is made.

mod tables;
#[cfg(test)]
mod tests;

use maud::{Markup, html};
use tallyd_ledger::facts::{Counts, day_of};
use tallyd_ledger::report::{FileReport, Point, Unit};

use super::chart::{self, Line, OverTime, Plain, capital, lines};
use super::frame::{self, Frame, Here, Life, Pick, document, name_of};
use super::number::{clock, day, grouped, plain, rule, several, size};
use crate::admin::wanted::{Measure, Wanted};

/// Letters of a path in the title of the window, which has no more room.
const TITLE: usize = 80;

/// From so many letters on, a path is set in smaller type and scrolls: the numbers below it are what is looked for.
const LONG: usize = 160;

/// What is on the page.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The file, in the days that are wanted.
    pub file: &'a FileReport,
    /// Its hours or days.
    pub points: &'a [Point],
    /// Which of the two.
    pub unit: Unit,
    /// Where it can be fetched, if that is known.
    pub address: Option<&'a str>,
}

/// The page.
#[must_use]
pub fn page(frame: &Frame<'_>, shown: &Shown<'_>) -> String {
    let file = shown.file;
    let facts = html! { span #facts data-live { (facts(frame, shown)) } };
    let main = html! {
        (frame.heading(&heading(&file.path), &facts, "/file", Pick::Days))
        (totals(file))
        div.grid { (over_time(frame, shown)) }
        div.grid.two {
            (outcomes(&file.counts))
            (coverage(&file.counts))
            (reached(file))
            (tables::agents(file))
        }
        div.grid.wider {
            (tables::versions(file, frame.now))
            (tables::referrers(file))
        }
        (frame::exports(frame.wanted, &ANSWERS, &PARTS))
    };
    document(frame, Here::File, Life::Live, &title(&file.path), &main)
}

/// The page where no file of this path was asked for; `near` are sites and paths of some that are like it.
#[must_use]
pub fn unknown(frame: &Frame<'_>, near: &[(String, Vec<u8>)]) -> String {
    let path = &frame.wanted.path;
    let title = html! { @if path.is_empty() { "Which file?" } @else { "Never asked for" } };
    let below = html! { a href=(to_files(frame)) { "All files" } };
    let main = html! {
        (frame.heading(&title, &below, "/file", Pick::Nothing))
        div.panel.nowhere {
            @if path.is_empty() {
                p { "The address of this page names no file. Choose one from the list of all files." }
            } @else {
                p.path { strong { bdi dir="ltr" { (plain(path)) } } }
                p {
                    "Nothing was counted for this path"
                    @if let Some(site) = &frame.wanted.site { " on " bdi { (named(site)) } }
                    ": it was never asked for, or it is no file. What is not found is listed on the overview."
                }
            }
            @if !near.is_empty() {
                p { "Perhaps one of these was meant:" }
                ul.near { @for (site, path) in near { li.path { (link(frame, site, path, &plain(path))) } } }
            }
        }
    };
    document(frame, Here::File, Life::Still, "No such file", &main)
}

/// The page where several sites have a file of this path, and nobody said which is meant.
#[must_use]
pub fn choice(frame: &Frame<'_>, sites: &[String]) -> String {
    let path = &frame.wanted.path;
    let below = html! { "Several sites have a file of this path. Which is meant?" };
    let main = html! {
        (frame.heading(&heading(path), &below, "/file", Pick::Nothing))
        div.panel {
            ul.near { @for site in sites { li { (link(frame, site, path, &named(site))) } } }
        }
    };
    document(frame, Here::File, Life::Still, &title(path), &main)
}

fn heading(path: &[u8]) -> Markup {
    let path = plain(path);
    if path.chars().count() > LONG {
        return html! { span.path.long tabindex="0" { bdi dir="ltr" { (path) } } };
    }
    html! { span.path { bdi dir="ltr" { (path) } } }
}

fn title(path: &[u8]) -> String {
    let path = plain(path);
    if path.chars().count() <= TITLE {
        return path;
    }
    let start: String = path.chars().take(TITLE - 1).collect();
    start + "\u{2026}"
}

/// A site's name for people, which came from a configuration and may hold anything.
fn named(site: &str) -> String {
    plain(name_of(site).as_bytes())
}

fn to_files(frame: &Frame<'_>) -> String {
    let files = Wanted {
        site: frame.wanted.site.clone(),
        period: frame.wanted.period,
        ..Wanted::default()
    };
    files.link("/files")
}

/// To the page of another file, of the same days.
fn link(frame: &Frame<'_>, site: &str, path: &[u8], text: &str) -> Markup {
    let other = Wanted {
        site: Some(site.to_owned()),
        period: frame.wanted.period,
        path: path.to_vec(),
        ..Wanted::default()
    };
    html! { a href=(other.link("/file")) { bdi dir="ltr" { (text) } } }
}

/// What is true of the file whichever days are shown.
fn facts(frame: &Frame<'_>, shown: &Shown<'_>) -> Markup {
    let file = shown.file;
    html! {
        @if frame.sites.len() > 1 { bdi { (named(&file.site)) } " \u{b7} " }
        (rule("hit", "hit number")) " " (grouped(file.number))
        " \u{b7} first asked for " (exact(file.first_seen))
        " \u{b7} last " (exact(file.last_seen))
        @if let Some(address) = shown.address.filter(|address| is_of_web(address)) {
            " \u{b7} " a.when href=(address) rel="noreferrer" { "open the file" }
        }
    }
}

/// Whatever else an address may be, no click on this page leads there.
fn is_of_web(address: &str) -> bool {
    address.starts_with("http://") || address.starts_with("https://")
}

/// `20 Nov 2026, 17:06:36`, exact for programs.
fn exact(nanos: i64) -> Markup {
    let machine = tallyd_ledger::report::calendar::moment(nanos);
    html! { time datetime=(machine) { (day(day_of(nanos))) ", " (clock(nanos)) } }
}

fn totals(file: &FileReport) -> Markup {
    let counts = &file.counts;
    let people = file.classes.people_and_tools().downloads;
    let by_whom = match counts.downloads.saturating_sub(people) {
        0 => "by people and tools".to_owned(),
        others => format!("by people and tools; {} by others", grouped(others)),
    };
    let bytes = match counts.bytes {
        0..1_000 => "taken by the socket".to_owned(),
        bytes => format!("exactly {}", grouped(bytes)),
    };
    let complete = format!("{} complete", grouped(counts.complete));
    let (downloads, hits) = (grouped(people), grouped(counts.hits));
    html! {
        ul.panel.figures.six #totals data-live aria-label="Totals of these days" {
            (figure("download", "Downloads", &downloads, &by_whom))
            (figure("hit", "Hits", &hits, &complete))
            (figure("bytes", "Bytes", &size(counts.bytes), &bytes))
            (figure("probe", "Probes", &grouped(counts.probes), "asked about it, not for it"))
            (figure("repeat", "Repeats", &grouped(counts.repeats), "whole again, same visitor"))
            (figure("partial", "Partials", &grouped(counts.partials), "never became whole"))
        }
    }
}

fn figure(anchor: &str, title: &str, number: &str, beside: &str) -> Markup {
    html! {
        li {
            h2 { (rule(anchor, title)) }
            p.figure { (number) }
            p.beside { (beside) }
        }
    }
}

/// One panel: a title, a line that explains it, and what it is about. The script keeps it up to date.
fn panel(id: &str, title: &Markup, line: &Markup, content: &Markup) -> Markup {
    html! {
        section.panel #(id) data-live aria-labelledby={ (id) "-title" } {
            header {
                h2 #{ (id) "-title" } { (title) }
                @if !line.0.is_empty() { p { (line) } }
            }
            (content)
        }
    }
}

fn over_time(frame: &Frame<'_>, shown: &Shown<'_>) -> Markup {
    let (_, many) = frame.wanted.measure.words();
    let other = |measure| Wanted {
        measure,
        ..frame.wanted.clone()
    };
    html! {
        section.panel aria-labelledby="over-time" {
            header {
                h2 #over-time { (capital(many)) " over time" }
                p { (frame.days()) }
                // The script says here what is pointed at.
                p.readout #readout {}
                nav.aside aria-label="What the chart shows" {
                    ul.segments {
                        @for measure in [Measure::Downloads, Measure::Hits] {
                            li {
                                a href=(other(measure).link("/file"))
                                    aria-current=[(measure == frame.wanted.measure).then_some("true")] {
                                    (capital(measure.words().1))
                                }
                            }
                        }
                    }
                }
            }
            (chart::over_time(&OverTime {
                id: "chart",
                of: "this file",
                points: shown.points,
                unit: shown.unit,
                measure: frame.wanted.measure,
                now: frame.now,
            }))
        }
    }
}

fn line<'a>(anchor: &str, name: &str, note: &'a str, number: u64) -> Line<'a> {
    Line {
        name: rule(anchor, name),
        note,
        number,
    }
}

/// Every hit ends in one of these ways, or has not ended.
fn outcomes(counts: &Counts) -> Markup {
    let all = [
        line(
            "complete",
            "Complete",
            "all that was asked for was sent",
            counts.complete,
        ),
        line("aborted", "Aborted", "ended before that", counts.aborted),
        line(
            "unsettled",
            "Unsettled",
            "under way when the server died",
            counts.unsettled,
        ),
        line(
            "in-flight",
            "In flight",
            "under way now",
            counts.in_flight(),
        ),
    ];
    let content = html! {
        @if counts.hits == 0 { p.empty { "No hits in these days." } }
        (lines(&all, counts.hits))
    };
    let title = html! { "How hits ended" };
    panel("outcomes", &title, &Markup::default(), &content)
}

/// What visitors got in the end, over all their hits.
fn coverage(counts: &Counts) -> Markup {
    let whole = counts.downloads + counts.repeats + counts.partials;
    let all = [
        line("download", "Whole", "a download", counts.downloads),
        line(
            "repeat",
            "Repeat",
            "whole again within the window",
            counts.repeats,
        ),
        line(
            "partial",
            "Partial",
            "the window closed before it was whole",
            counts.partials,
        ),
    ];
    let content = html! {
        @if whole == 0 { p.empty { "No visitor got the whole in these days, and no window has closed." } }
        (lines(&all, whole))
    };
    let title = html! { "What visitors got" };
    panel("coverage", &title, &Markup::default(), &content)
}

/// How far aborted hits got: those in the first tenth were changes of mind, say, and those in the last one players.
fn reached(file: &FileReport) -> Markup {
    let total: u64 = file.reached.iter().sum();
    let bar = |(tenth, hits): (usize, &u64)| {
        let (from, to) = (tenth * 10, tenth * 10 + 10);
        (from.to_string(), format!("{from} to {to} %"), *hits)
    };
    let bars: Vec<(String, String, u64)> = file.reached.iter().enumerate().map(bar).collect();
    let title = html! { "How far aborted hits got" };
    if total == 0 {
        let none = html! { p.empty { "No hit of this file has ended early so far." } };
        return panel("reached", &title, &Markup::default(), &none);
    }
    let drawn = chart::plain(&Plain {
        id: "reached-chart",
        title: "Aborted hits by how much of what they asked for was sent",
        words: ("hit", "hits"),
        head: "Sent",
        bars: &bars,
    });
    panel("reached", &title, &explained(&file.reached, total), &drawn)
}

/// The histogram in a sentence or two.
fn explained(reached: &[u64; 10], total: u64) -> Markup {
    let first = reached.first().copied().unwrap_or(0);
    let half: u64 = reached.iter().take(5).sum();
    html! {
        "Since the first day, "
        (several(total, "hit", "hits")) " " (rule("aborted", "ended early")) ": "
        (grouped(first)) " within the first tenth of what was asked for, "
        (grouped(half)) " within the first half. Each bar is a tenth, named by the percent that it begins with."
    }
}

/// The answers for programs that say what the page shows.
const ANSWERS: [(&str, &str); 2] = [
    ("/api/v1/file", "This file"),
    ("/api/v1/series", "Over time"),
];

/// The tables of the page that are parts of the file, by their words for programs.
const PARTS: [(&str, &str); 4] = [
    ("classes", "Who asked"),
    ("referrers", "Where hits came from"),
    ("versions", "Versions"),
    ("aborted", "How far aborted hits got"),
];
