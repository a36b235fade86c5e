//! The tables of a file's page: agents, referrers, versions.
//!
//! Promises: each has its heads and its own words for being empty. Must not know: the rest of the page.

use maud::{Markup, html};
use tallyd_ledger::facts::{Class, Counts};
use tallyd_ledger::report::{FileReport, VersionRow};

use super::{exact, panel};
use crate::admin::pages::chart::{Line, capital, lines, style_of};
use crate::admin::pages::number::{class, grouped, moment, plain, rule, several, size};

/// Versions that are listed: a file that is replaced every hour has thousands.
const VERSIONS: usize = 50;

/// Who asked. Every class has its row, so that the table is the same on each page.
pub(super) fn agents(file: &FileReport) -> Markup {
    let known = file.classes.total().hits;
    let gone = file.counts.hits.saturating_sub(known);
    let content = html! {
        div.scroll tabindex="0" role="region" aria-label="Table of agents" {
            table.data {
                thead {
                    tr {
                        th scope="col" { (rule("agent-class", "Agents")) }
                        th.num scope="col" { (rule("download", "Downloads")) }
                        th.num scope="col" { (rule("hit", "Hits")) }
                        th.num.roomy scope="col" { (rule("aborted", "Aborted")) }
                        th.num.roomy scope="col" { (rule("probe", "Probes")) }
                        th.num scope="col" { (rule("bytes", "Bytes")) }
                    }
                }
                tbody { @for (of, counts) in file.classes.iter() { (agent(of, counts)) } }
            }
        }
        @if gone > 0 {
            p.note {
                (several(gone, "hit", "hits"))
                " of these days can no longer be told apart by class: the ledger keeps days for a time, and totals for ever."
            }
        }
    };
    panel(
        "agents",
        &html! { "Who asked" },
        &Markup::default(),
        &content,
    )
}

fn agent(of: Class, counts: &Counts) -> Markup {
    html! {
        tr {
            th.when scope="row" { span class={ "swatch " (style_of(of)) } {} (capital(class(of))) }
            td { (grouped(counts.downloads)) }
            td { (grouped(counts.hits)) }
            td.roomy { (grouped(counts.aborted)) }
            td.roomy { (grouped(counts.probes)) }
            td { (size(counts.bytes)) }
        }
    }
}

/// The hosts that pages with a link to the file are on.
pub(super) fn referrers(file: &FileReport) -> Markup {
    let title = html! { "Where hits came from" };
    let hosts = file.referrers.iter().map(|(host, hits)| Line {
        name: html! { bdi dir="ltr" { (plain(host.as_bytes())) } },
        note: "",
        number: *hits,
    });
    let hosts: Vec<Line<'_>> = hosts.collect();
    if hosts.is_empty() {
        let none = html! { p.empty { "No hit in these days has said where it came from. Programs hardly ever do." } };
        return panel("referrers", &title, &Markup::default(), &none);
    }
    let line = html! { "Hosts that were named, and their share of all hits." };
    panel("referrers", &title, &line, &lines(&hosts, file.counts.hits))
}

/// Its states, the latest first.
pub(super) fn versions(file: &FileReport, now: i64) -> Markup {
    let older = file.versions.len().saturating_sub(VERSIONS);
    let line = html! {
        "Since the first day, the latest first."
        @if older > 0 { " And " (several(older as u64, "older one", "older ones")) ": the JSON has them." }
    };
    let content = html! {
        div.scroll tabindex="0" role="region" aria-label="Table of versions" {
            table.data {
                thead {
                    tr {
                        th scope="col" { "Modified" }
                        th.num scope="col" { "Length" }
                        th.num scope="col" { (rule("download", "Downloads")) }
                        th.num scope="col" { (rule("hit", "Hits")) }
                        th scope="col" { "First asked for" }
                        th scope="col" { "Last" }
                    }
                }
                tbody { @for row in file.versions.iter().take(VERSIONS) { (version(row, now)) } }
            }
        }
    };
    let title = html! { (rule("file-version", "Versions")) };
    panel("versions", &title, &line, &content)
}

fn version(row: &VersionRow, now: i64) -> Markup {
    html! {
        tr {
            th.when scope="row" { (exact(row.modified)) }
            td { span title={ (grouped(row.length)) " bytes" } { (size(row.length)) } }
            td { (grouped(row.counts.downloads)) }
            td { (grouped(row.counts.hits)) }
            td.text { (moment(row.first_seen, now)) }
            td.text { (moment(row.last_seen, now)) }
        }
    }
}
