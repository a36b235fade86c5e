//! The list of all files: searched, sorted, one page after the other.
//!
//! Promises: what was searched for and what files are called is text, whatever it holds; each state in which there is
//! no row says why, and leads on. Must not know: how rows are found.

#[cfg(test)]
mod tests;

use maud::{Markup, html};
use tallyd_ledger::report::{FileRow, Sort};

use super::frame::{self, Frame, Here, Life, Pick, document};
use super::number::{grouped, moment, plain, rule, size};
use crate::admin::wanted::{Period, Wanted};

/// Rows of one page.
pub const ROWS: usize = 50;

/// What is on the page.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The files of this page, at most [`ROWS`].
    pub rows: &'a [FileRow],
    /// Whether there are more behind them.
    pub more: bool,
}

/// A column of the table, but for the first ones.
struct Column {
    title: &'static str,
    /// The rule of its numbers.
    rule: &'static str,
    /// The order that a click on its head asks for.
    sort: Option<Sort>,
    cell: fn(&FileRow) -> Markup,
}

const COLUMNS: [Column; 6] = [
    Column {
        title: "Downloads",
        rule: "download",
        sort: Some(Sort::Downloads),
        cell: |row| number(row.counts.downloads),
    },
    Column {
        title: "People, tools",
        rule: "agent-class",
        sort: None,
        cell: |row| number(row.people_and_tools()),
    },
    Column {
        title: "Hits",
        rule: "hit",
        sort: Some(Sort::Hits),
        cell: |row| number(row.counts.hits),
    },
    Column {
        title: "Complete",
        rule: "complete",
        sort: None,
        cell: |row| number(row.counts.complete),
    },
    Column {
        title: "Aborted",
        rule: "aborted",
        sort: Some(Sort::Aborted),
        cell: |row| number(row.counts.aborted),
    },
    Column {
        title: "Bytes",
        rule: "bytes",
        sort: Some(Sort::Bytes),
        cell: |row| html! { span title={ (grouped(row.counts.bytes)) " bytes" } { (size(row.counts.bytes)) } },
    },
];

/// The page.
#[must_use]
pub fn page(frame: &Frame<'_>, shown: Shown<'_>) -> String {
    let below = html! { (frame.days()) };
    let main = html! {
        (frame.heading(&html! { "Files" }, &below, "/files", Pick::SiteAndDays))
        (search(frame))
        @if shown.rows.is_empty() {
            (nothing(frame))
        } @else {
            section.panel aria-label="Files" {
                (table(frame, shown))
                (paging(frame, shown))
            }
            (legend())
            (exports(frame))
        }
    };
    document(frame, Here::Files, Life::Still, "Files", &main)
}

/// A nought is there, and doesn't call for attention.
fn number(number: u64) -> Markup {
    match number {
        0 => html! { span.nought { "0" } },
        number => html! { (grouped(number)) },
    }
}

/// A form that works without script. What was picked stays picked; the page does not: it may no longer exist.
fn search(frame: &Frame<'_>) -> Markup {
    let wanted = frame.wanted;
    let mut kept = frame::fields_of(wanted.period);
    if let Some(site) = &wanted.site {
        kept.push(("site", site.clone()));
    }
    if wanted.sort != Sort::default() {
        kept.push(("sort", word(wanted.sort).to_owned()));
    }
    html! {
        search {
            form.search method="get" action="/files" {
                @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
                label {
                    "Part of a path"
                    input type="search" name="search" value=(wanted.search) maxlength="1000"
                        autocomplete="off" autocapitalize="none" spellcheck="false";
                }
                button { "Search" }
                @if !wanted.search.is_empty() { a.button href=(without_search(wanted)) { "Clear" } }
            }
        }
    }
}

fn without_search(wanted: &Wanted) -> String {
    let all = Wanted {
        search: String::new(),
        page: 1,
        ..wanted.clone()
    };
    all.link("/files")
}

fn word(sort: Sort) -> &'static str {
    let found = Sort::ALL.iter().find(|(known, _)| *known == sort);
    found.map_or("", |(_, word)| word)
}

fn table(frame: &Frame<'_>, shown: Shown<'_>) -> Markup {
    let with_site = frame.sites.len() > 1 && frame.wanted.site.is_none();
    html! {
        table.data.files {
            caption { (caption(frame.wanted, shown)) }
            thead {
                tr {
                    (head(frame.wanted, "File", Sort::Path))
                    @if with_site { th.still scope="col" { "Site" } }
                    @for column in &COLUMNS {
                        @match column.sort {
                            Some(sort) => (head(frame.wanted, column.title, sort)),
                            None => th.num.still scope="col" { (rule(column.rule, column.title)) },
                        }
                    }
                    (head(frame.wanted, "Last asked for", Sort::Last))
                }
            }
            tbody {
                @for row in shown.rows { (line(frame, row, with_site)) }
            }
        }
    }
}

/// `Files 51 to 100 with “iso”, by hits`.
fn caption(wanted: &Wanted, shown: Shown<'_>) -> Markup {
    let before = before(wanted.page);
    let last = before.saturating_add(shown.rows.len());
    let order = match wanted.sort {
        Sort::Downloads => "most downloads first",
        Sort::Hits => "most hits first",
        Sort::Bytes => "most bytes first",
        Sort::Aborted => "most aborted hits first",
        Sort::Path => "by path",
        Sort::Last => "last asked for first",
    };
    html! {
        "Files " (grouped((before as u64).saturating_add(1))) " to " (grouped(last as u64))
        @if !shown.more { " of " (grouped(last as u64)) }
        @if !wanted.search.is_empty() { " with " (quoted(&wanted.search)) }
        ", " (order)
    }
}

/// Rows on the pages before this one.
fn before(page: usize) -> usize {
    page.saturating_sub(1).saturating_mul(ROWS)
}

/// What somebody typed, so that it can't be taken for a part of the sentence.
fn quoted(text: &str) -> Markup {
    html! { "\u{201c}" bdi { (plain(text.as_bytes())) } "\u{201d}" }
}

fn head(wanted: &Wanted, title: &str, sort: Sort) -> Markup {
    let sorted = match (wanted.sort == sort, sort) {
        (true, Sort::Path) => Some("ascending"),
        (true, _) => Some("descending"),
        (false, _) => None,
    };
    let by = Wanted {
        sort,
        page: 1,
        ..wanted.clone()
    };
    let style = (sort != Sort::Path).then_some("num");
    html! { th scope="col" class=[style] aria-sort=[sorted] { a.sort href=(by.link("/files")) { (title) } } }
}

fn line(frame: &Frame<'_>, row: &FileRow, with_site: bool) -> Markup {
    html! {
        tr {
            th.path scope="row" { a href=(link(frame, row)) { bdi dir="ltr" { (plain(&row.path)) } } }
            @if with_site { td.text data-label="Site" { bdi { (site(&row.site)) } } }
            @for column in &COLUMNS {
                td class=(column.rule) data-label=(column.title) { ((column.cell)(row)) }
            }
            td data-label="Last asked for" { (moment(row.last_seen, frame.now)) }
        }
    }
}

/// A site's name for people, which came from a configuration and may hold anything.
fn site(name: &str) -> String {
    plain(frame::name_of(name).as_bytes())
}

/// The page of one file, of the same days.
fn link(frame: &Frame<'_>, row: &FileRow) -> String {
    let file = Wanted {
        site: (frame.sites.len() > 1).then(|| row.site.clone()),
        period: frame.wanted.period,
        path: row.path.clone(),
        ..Wanted::default()
    };
    file.link("/file")
}

fn paging(frame: &Frame<'_>, shown: Shown<'_>) -> Markup {
    let page = frame.wanted.page;
    if page == 1 && !shown.more {
        return Markup::default();
    }
    html! {
        nav.pager aria-label="Pages of this list" {
            @if page > 1 { a.button rel="prev" href=(link_to(frame.wanted, page - 1)) { "Previous" } }
            span { "Page " (grouped(page as u64)) }
            @if shown.more { a.button rel="next" href=(link_to(frame.wanted, page.saturating_add(1))) { "Next" } }
        }
    }
}

fn link_to(wanted: &Wanted, page: usize) -> String {
    let other = Wanted {
        page,
        ..wanted.clone()
    };
    other.link("/files")
}

/// The heads of columns sort; what their numbers mean is linked from here.
fn legend() -> Markup {
    html! {
        p.note {
            "What is counted: "
            @for (place, column) in COLUMNS.iter().enumerate() {
                @if place > 0 { ", " }
                (rule(column.rule, &column.title.to_lowercase()))
            }
            ". Downloads are those by anyone; how many of them were by people and tools stands beside them."
        }
    }
}

/// The same rows for programs.
fn exports(frame: &Frame<'_>) -> Markup {
    let rows = format!("limit={ROWS}&offset={}", before(frame.wanted.page));
    let to = |more: &str| {
        let more = format!("{rows}{more}");
        frame.wanted.program_link("/api/v1/files", &more)
    };
    html! {
        section aria-label="For programs" {
            ul.exports {
                li {
                    "This list: "
                    a href=(to("&format=csv")) aria-label="This list as CSV" { "CSV" }
                    " "
                    a href=(to("")) aria-label="This list as JSON" { "JSON" }
                }
            }
        }
    }
}

/// Why there is no row, and where to go from here.
fn nothing(frame: &Frame<'_>) -> Markup {
    let wanted = frame.wanted;
    html! {
        div.panel.nowhere {
            @if wanted.page > 1 {
                p { strong { "There is no page " (grouped(wanted.page as u64)) "." } }
                p { a href=(link_to(wanted, 1)) { "Go to the first page" } }
            } @else if !wanted.search.is_empty() {
                p { strong { "No file matches " (quoted(&wanted.search)) "." } }
                p {
                    "Searched were the paths of all files that were asked for "
                    (when(frame)) ". Small and capital letters are the same."
                }
                p {
                    a href=(without_search(wanted)) { "Clear the search" }
                    (all_time(wanted))
                }
            } @else if wanted.period == Period::All {
                p { strong { "No file has been asked for yet." } }
                p { "Fetch one from the address that the server has said, with a browser or curl. It is here a second later." }
            } @else {
                p { strong { "No file was asked for " (when(frame)) "." } }
                p { "A file that is fetched now is here a second later." }
                p { (all_time(wanted)) }
            }
        }
    }
}

/// The days in a sentence.
fn when(frame: &Frame<'_>) -> Markup {
    match frame.wanted.period {
        Period::All => html! { "so far" },
        Period::Days(1) => html! { "today" },
        Period::Days(days) => html! { "in the last " (days) " days" },
        Period::Between(..) => html! { "in these days (" (frame.days()) ")" },
    }
}

fn all_time(wanted: &Wanted) -> Markup {
    if wanted.period == Period::All {
        return Markup::default();
    }
    let all = Wanted {
        period: Period::All,
        page: 1,
        ..wanted.clone()
    };
    html! { a href=(all.link("/files")) { "Look at all days" } }
}
