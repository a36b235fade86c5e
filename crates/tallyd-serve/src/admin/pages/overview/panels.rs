//! The parts of the overview below the chart: files, classes, outcomes, coverage, statuses, referrers, 404s.

use std::cmp::Reverse;

use maud::{Markup, html};
use tallyd_ledger::facts::{Class, Counts};
use tallyd_ledger::report::FileRow;

use super::Shown;
use crate::admin::pages::chart::{Line, bar, capital, lines, style_of};
use crate::admin::pages::frame::name_of;
use crate::admin::pages::number::{self, grouped, moment, plain, rule, several, size};
use crate::admin::wanted::Wanted;

/// Rows of a table: more are on a page of their own, or a long tail.
const ROWS: usize = 10;

/// Statuses that have a line of their own.
const STATUSES: usize = 6;

/// One part of the page. Its content is kept up to date.
fn panel(id: &str, title: &Markup, beside: &Markup, content: &Markup) -> Markup {
    html! {
        section.panel #(id) data-live aria-labelledby={ (id) "-title" } {
            header { h2 #{ (id) "-title" } { (title) } (beside) }
            (content)
        }
    }
}

/// The files asked for most.
pub(super) fn top(shown: &Shown<'_>) -> Markup {
    let wanted = shown.frame.wanted;
    let all = Wanted {
        measure: Wanted::default().measure,
        ..wanted.clone()
    };
    let most = shown.top.first().map(|row| row.counts.downloads);
    let beside = html! { p.aside { a href=(all.link("/files")) { "All files" } } };
    let content = html! {
        @if shown.top.is_empty() { p.empty { "No file was asked for in this range." } }
        @else {
            div.scroll {
                table.data {
                    caption.unseen { "The files with the most downloads" }
                    thead {
                        tr {
                            th scope="col" { "File" }
                            th.num scope="col" aria-sort="descending" { (rule("download", "Downloads")) }
                            th."num roomy" scope="col" { (rule("agent-class", "People, tools")) }
                            th."num roomy" scope="col" { (rule("hit", "Hits")) }
                            th."num roomy" scope="col" { (rule("bytes", "Bytes")) }
                        }
                    }
                    tbody {
                        @for row in shown.top.iter().take(ROWS) { (file(row, most.unwrap_or(0), shown)) }
                    }
                }
            }
        }
    };
    panel("top", &html! { "Top files" }, &beside, &content)
}

fn file(row: &FileRow, most: u64, shown: &Shown<'_>) -> Markup {
    html! {
        tr {
            th.path scope="row" {
                (path_link(&row.path, &row.site, shown))
                (bar(row.counts.downloads, most))
            }
            td { (grouped(row.counts.downloads)) }
            td.roomy { (grouped(row.people_and_tools())) }
            td.roomy { (grouped(row.counts.hits)) }
            td.roomy { (size(row.counts.bytes)) }
        }
    }
}

/// A path that leads to the page of its file, with its site where several are shown; for a cell of the class `path`.
pub(super) fn path_link(path: &[u8], site: &str, shown: &Shown<'_>) -> Markup {
    let wanted = Wanted {
        path: path.to_vec(),
        site: (shown.frame.sites.len() > 1).then(|| site.to_owned()),
        period: shown.frame.wanted.period,
        ..Wanted::default()
    };
    html! {
        a href=(wanted.link("/file")) { (plain(path)) }
        (site_tag(site, shown))
    }
}

fn site_tag(site: &str, shown: &Shown<'_>) -> Markup {
    let is_of_several = shown.frame.sites.len() > 1 && shown.frame.wanted.site.is_none();
    html! { @if is_of_several { " " span.tag { (name_of(site)) } } }
}

/// The numbers of every class: nothing is thrown away.
pub(super) fn classes(shown: &Shown<'_>) -> Markup {
    let total = shown.now.classes.total();
    let content = html! {
        div.scroll {
            table.data {
                caption.unseen { "Counts by class of agent" }
                thead {
                    tr {
                        th scope="col" { (rule("agent-class", "Class")) }
                        th.num scope="col" { (rule("download", "Downloads")) }
                        th.num scope="col" { (rule("hit", "Hits")) }
                        th.num scope="col" { (rule("bytes", "Bytes")) }
                    }
                }
                tbody {
                    @for (class, counts) in shown.now.classes.iter() { (of_class(class, counts, &total)) }
                }
                tfoot {
                    tr {
                        th scope="row" { "All" }
                        td { (grouped(total.downloads)) }
                        td { (grouped(total.hits)) }
                        td { (size(total.bytes)) }
                    }
                }
            }
        }
    };
    panel(
        "classes",
        &html! { "Who asked" },
        &Markup::default(),
        &content,
    )
}

fn of_class(class: Class, counts: &Counts, total: &Counts) -> Markup {
    let name = capital(number::class(class));
    html! {
        tr {
            th scope="row" {
                span class={ "swatch " (style_of(class)) } {}
                @if class == Class::Internal { (rule("internal", &name)) } @else { (name) }
                (bar(counts.hits, total.hits))
            }
            td { (grouped(counts.downloads)) }
            td { (grouped(counts.hits)) }
            td { (size(counts.bytes)) }
        }
    }
}

/// How hits ended.
pub(super) fn outcomes(shown: &Shown<'_>) -> Markup {
    let total = shown.now.classes.total();
    let content = lines(
        &[
            line("complete", "Complete", "sent to the end", total.complete),
            line("aborted", "Aborted", "ended before that", total.aborted),
            line(
                "unsettled",
                "Unsettled",
                "the server was killed meanwhile",
                total.unsettled,
            ),
            line(
                "in-flight",
                "In flight",
                "on their way now",
                total.in_flight(),
            ),
        ],
        total.hits,
    );
    let beside = html! { p { "of " (several(total.hits, "hit", "hits")) ", all classes" } };
    panel("outcomes", &html! { "How hits ended" }, &beside, &content)
}

/// What visitors had of a file in the end.
pub(super) fn coverage(shown: &Shown<'_>) -> Markup {
    let total = shown.now.classes.total();
    let all = total.downloads + total.repeats + total.partials;
    let content = lines(
        &[
            line(
                "download",
                "Downloads",
                "the whole file, the first time",
                total.downloads,
            ),
            line(
                "repeat",
                "Repeats",
                "the whole once more, same visitor",
                total.repeats,
            ),
            line(
                "partial",
                "Partials",
                "a part, and the window has closed",
                total.partials,
            ),
        ],
        all,
    );
    let beside = html! { p { "within a " (rule("window", "window")) ", all classes" } };
    panel("coverage", &html! { "Whole or in part" }, &beside, &content)
}

fn line(anchor: &str, name: &str, note: &'static str, number: u64) -> Line<'static> {
    Line {
        name: rule(anchor, name),
        note,
        number,
    }
}

/// Replies by status.
pub(super) fn statuses(shown: &Shown<'_>) -> Markup {
    let mut statuses = shown.now.statuses.clone();
    statuses.sort_by_key(|(_, requests)| Reverse(*requests));
    let others = statuses
        .iter()
        .skip(STATUSES)
        .map(|(_, requests)| requests)
        .sum();
    let mut all: Vec<Line<'_>> = statuses
        .iter()
        .take(STATUSES)
        .map(|(status, requests)| Line {
            name: html! { (status) " " (number::status(*status)) },
            note: "",
            number: *requests,
        })
        .collect();
    if others > 0 {
        all.push(Line {
            name: html! { "Others" },
            note: "",
            number: others,
        });
    }
    let probes = shown.now.classes.total().probes;
    let beside = html! {
        p {
            "of " (grouped(shown.now.requests)) " " (rule("request", "requests")) ", "
            (grouped(probes)) " " (rule("probe", "probes")) " among them"
        }
    };
    panel(
        "statuses",
        &html! { "By status" },
        &beside,
        &lines(&all, shown.now.requests),
    )
}

/// Where hits came from.
pub(super) fn referrers(shown: &Shown<'_>) -> Markup {
    let hits = shown.now.classes.total().hits;
    let hosts = shown
        .now
        .referrers
        .iter()
        .filter(|(host, _)| !host.is_empty());
    let all: Vec<Line<'_>> = hosts
        .take(ROWS)
        .map(|(host, hits)| Line {
            name: html! { span.path { (plain(host.as_bytes())) } },
            note: "",
            number: *hits,
        })
        .collect();
    let content = html! {
        @if all.is_empty() { p.empty { "No hit named a page that it came from." } }
        @else { (lines(&all, hits)) }
    };
    let beside = html! { p { "hosts of the pages that hits came from" } };
    panel("referrers", &html! { "Referrers" }, &beside, &content)
}

/// Paths that were not found.
pub(super) fn missing(shown: &Shown<'_>) -> Markup {
    let rows = shown.now.missing.iter().take(ROWS);
    let content = html! {
        @if shown.now.missing.is_empty() { p.empty { "Every path that was asked for was there." } }
        @else {
            div.scroll {
                table.data {
                    caption.unseen { "The most frequent paths that were not found, since counting began" }
                    thead {
                        tr {
                            th scope="col" { "Path" }
                            th.num scope="col" { (rule("request", "Requests")) }
                            th.num scope="col" { "Last" }
                        }
                    }
                    tbody {
                        @for row in rows {
                            tr {
                                th scope="row" { span.path { (plain(&row.path)) } (site_tag(&row.site, shown)) }
                                td { @if row.uncertain > 0 { small { "about " } } (grouped(row.requests)) }
                                td { (moment(row.last_seen, shown.frame.now)) }
                            }
                        }
                    }
                }
            }
        }
    };
    let beside = html! {
        p {
            (several(shown.now.not_found, "request", "requests")) " in this range; the list is since counting began"
        }
    };
    panel(
        "missing",
        &rule("not-found", "Not found"),
        &beside,
        &content,
    )
}
