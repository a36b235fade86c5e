//! What is around every page: head, navigation, trouble, the pickers of range and site, foot.
//!
//! Promises: landmarks and a way past the navigation on each; what was picked stays picked from page to page.

use maud::{DOCTYPE, Markup, html};
use tallyd_ledger::facts::day_of;
use tallyd_ledger::report::calendar::{date, moment};
use tallyd_ledger::report::{RULES, Sort};

use super::number;
use crate::admin::wanted::{Period, Wanted};

/// The ranges that are one click away.
const RANGES: [(Period, &str); 5] = [
    (Period::Days(1), "Today"),
    (Period::Days(7), "7 days"),
    (Period::Days(30), "30 days"),
    (Period::Days(365), "365 days"),
    (Period::All, "All time"),
];

/// What every page is given.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// The sites there are; the main one's name is empty.
    pub sites: &'a [String],
    /// Why counts are not safe, if they are not.
    pub trouble: Option<&'a str>,
    /// The time, in nanoseconds since 1970.
    pub now: i64,
    /// The version of the program.
    pub version: &'a str,
}

/// Which page it is, for the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// The overview.
    Overview,
    /// The list of files.
    Files,
    /// One of them.
    File,
    /// The counting rules.
    Rules,
    /// None of these.
    Elsewhere,
}

/// What can be picked on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The site, if there are several, and the days.
    SiteAndDays,
    /// The days.
    Days,
    /// Nothing.
    Nothing,
}

/// Whether a page changes while it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The script keeps it up to date: each element with `data-live` and an id gets its new content.
    Live,
    /// It stays as it is.
    Still,
}

/// The whole document. `main` is what stands in the main landmark; it begins with a [`Frame::heading`].
#[must_use]
pub fn document(frame: &Frame<'_>, here: Here, life: Life, title: &str, main: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " \u{b7} tallyd" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/style.css";
                @if life == Life::Live { script src="/live.js" defer {} }
            }
            body {
                a.skip href="#main" { "Skip to the numbers" }
                (header(frame, here, life))
                (trouble(frame))
                main #main tabindex="-1" { (main) }
                (footer(frame))
            }
        }
    };
    page.into_string()
}

/// The link to a page that shows the same site and days, and nothing else of what is wanted here.
fn elsewhere(frame: &Frame<'_>, page: &str) -> String {
    let kept = Wanted {
        site: frame.wanted.site.clone(),
        period: frame.wanted.period,
        ..Wanted::default()
    };
    kept.link(page)
}

fn header(frame: &Frame<'_>, here: Here, life: Life) -> Markup {
    let entry = |page: Here, link: String, text: &str| {
        let current = match () {
            () if here == page => Some("page"),
            // A file is one of the files, but not their list.
            () if (here, page) == (Here::File, Here::Files) => Some("true"),
            () => None,
        };
        html! { li { a href=(link) aria-current=[current] { (text) } } }
    };
    html! {
        header.top {
            div.wide {
                a.brand href=(elsewhere(frame, "/")) aria-label="tallyd" { (mark()) span { "tallyd" } }
                nav aria-label="Pages" {
                    ul {
                        (entry(Here::Overview, elsewhere(frame, "/"), "Overview"))
                        (entry(Here::Files, elsewhere(frame, "/files"), "Files"))
                        (entry(Here::Rules, "/rules".to_owned(), "Rules"))
                    }
                }
                // The script puts the state of the stream here, and the button that holds it.
                @if life == Life::Live { div.live #live { p #state role="status" {} } }
            }
        }
    }
}

/// Four strokes and one across.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" width="22" height="22" aria-hidden="true" {
            path d="M7 6v20M13 6v20M19 6v20M25 6v20M3 22 29 10" {}
        }
    }
}

/// In the order of the page before its content: it concerns every number below. Always there for the script.
fn trouble(frame: &Frame<'_>) -> Markup {
    html! {
        div #trouble data-live {
            @if let Some(reason) = frame.trouble {
                section.trouble role="alert" aria-label="Trouble" {
                    div.wide {
                        strong { "Counts are not safe at the moment. " }
                        "Files are served all the same, and what is counted is kept in memory until this is over: "
                        span { (reason) }
                    }
                }
            }
        }
    }
}

fn footer(frame: &Frame<'_>) -> Markup {
    html! {
        footer.foot {
            div.wide {
                p {
                    a href="/rules" { "Counting rules, version " (RULES) }
                    " \u{b7} tallyd " (frame.version) " \u{b7} days and times are of UTC \u{b7} made at "
                    time #made data-live datetime=(moment(frame.now)) {
                        (date(day_of(frame.now))) " " (number::clock(frame.now))
                    }
                }
                ul {
                    li { a href="/api/v1/openapi.json" { "API" } }
                    li { a href="/metrics" { "Metrics" } }
                    li { a href="/readyz" { "Health" } }
                }
            }
        }
    }
}

impl Frame<'_> {
    /// Today, in days since 1970.
    #[must_use]
    pub fn today(&self) -> i64 {
        day_of(self.now)
    }

    /// The title of a page, a line below it, and the pickers, which lead to `page` again.
    #[must_use]
    pub fn heading(&self, title: &Markup, below: &Markup, page: &str, pick: Pick) -> Markup {
        html! {
            div.heading {
                div.title {
                    h1 { (title) }
                    p.below { (below) }
                }
                @if pick != Pick::Nothing {
                    div.pickers {
                        @if pick == Pick::SiteAndDays { (self.site_picker(page)) }
                        (self.range_picker(page))
                    }
                }
            }
        }
    }

    /// The days that are shown, in words: `22 Oct – 20 Nov 2026`.
    #[must_use]
    pub fn days(&self) -> String {
        let range = self.wanted.period.range(self.today());
        match (range.since, range.until) {
            // A range that began before anything was counted needs no year 1970.
            (Some(0) | None, Some(last)) => format!("up to {}", number::day(last)),
            (Some(first), Some(last)) => number::days(first, last),
            _ => "since the first day".to_owned(),
        }
    }

    fn range_picker(&self, page: &str) -> Markup {
        let of = |period| Wanted {
            period,
            page: 1,
            ..self.wanted.clone()
        };
        html! {
            nav.ranges aria-label="Days that are shown" {
                ul.segments {
                    @for (period, text) in RANGES {
                        li {
                            a href=(of(period).link(page)) aria-current=[self.current(period)] { (text) }
                        }
                    }
                }
                (self.days_form(page))
            }
        }
    }

    fn current(&self, period: Period) -> Option<&'static str> {
        (self.wanted.period == period).then_some("true")
    }

    /// Any two days. A form can't hold a path that is no text, so such a file has the links only.
    fn days_form(&self, page: &str) -> Markup {
        if std::str::from_utf8(&self.wanted.path).is_err() {
            return Markup::default();
        }
        let range = self.wanted.period.range(self.today());
        let first = range.since.filter(|&first| first > 0).map(date);
        let last = date(range.until.unwrap_or(self.today()));
        let is_one_of_these = RANGES
            .iter()
            .any(|(period, _)| *period == self.wanted.period);
        html! {
            details.dates #dates {
                summary aria-current=[(!is_one_of_these).then_some("true")] {
                    @if is_one_of_these { "Dates" } @else { (self.days()) }
                }
                form method="get" action=(page) {
                    (self.hidden())
                    label { "From" input type="date" name="since" value=[first]; }
                    label { "To, with that day" input type="date" name="until" value=(last); }
                    button { "Show" }
                }
            }
        }
    }

    /// Links rather than a form: "all sites" is a parameter that is not there, which no form can say.
    fn site_picker(&self, page: &str) -> Markup {
        let wanted = self.wanted.site.as_deref();
        let choices =
            std::iter::once(None).chain(self.sites.iter().map(|site| Some(site.as_str())));
        let of = |site: Option<&str>| Wanted {
            site: site.map(str::to_owned),
            page: 1,
            ..self.wanted.clone()
        };
        let name = |site: Option<&'_ str>| site.map_or("All sites", name_of).to_owned();
        html! {
            @if self.sites.len() > 1 {
                details.menu #sites {
                    summary { span.unseen { "Site: " } (name(wanted)) }
                    ul {
                        @for site in choices {
                            li {
                                a href=(of(site).link(page)) aria-current=[(site == wanted).then_some("true")] {
                                    (name(site))
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// What is wanted beside the days, as hidden fields of the form.
    fn hidden(&self) -> Markup {
        let (wanted, default) = (self.wanted, Wanted::default());
        let word = Sort::ALL.iter().find(|(sort, _)| *sort == wanted.sort);
        let path = String::from_utf8_lossy(&wanted.path);
        let fields = [
            ("site", wanted.site.as_deref()),
            (
                "chart",
                (wanted.measure != default.measure).then_some("hits"),
            ),
            (
                "search",
                Some(wanted.search.as_str()).filter(|text| !text.is_empty()),
            ),
            (
                "sort",
                word.map(|(_, word)| *word)
                    .filter(|_| wanted.sort != default.sort),
            ),
            ("path", Some(path.as_ref()).filter(|path| !path.is_empty())),
        ];
        html! {
            @for (name, value) in fields {
                @if let Some(value) = value { input type="hidden" name=(name) value=(value); }
            }
        }
    }
}

/// The parameters that say these days; none for the default.
#[must_use]
pub fn fields_of(period: Period) -> Vec<(&'static str, String)> {
    match period {
        period if period == Wanted::default().period => Vec::new(),
        Period::Days(days) => vec![("days", days.to_string())],
        Period::All => vec![("days", "all".to_owned())],
        Period::Between(first, last) => vec![("since", date(first)), ("until", date(last))],
    }
}

/// What is shown, for programs: whole answers by their names, and tables that are parts of the first of them, by
/// their words and names.
#[must_use]
pub fn exports(wanted: &Wanted, answers: &[(&str, &str)], parts: &[(&str, &str)]) -> Markup {
    let whole = answers.first().map_or("", |(page, _)| *page);
    let csv = |page, more: &str, text: &str| {
        let link = wanted.program_link(page, more);
        html! { a href=(link) aria-label={ (text) " as CSV" } { "CSV" } }
    };
    html! {
        section aria-label="For programs" {
            ul.exports {
                @for (page, text) in answers {
                    li {
                        (text) ": " (csv(page, "format=csv", text)) " "
                        a href=(wanted.program_link(page, "")) aria-label={ (text) " as JSON" } { "JSON" }
                    }
                }
                @for (word, text) in parts {
                    li { (text) ": " (csv(whole, &format!("table={word}"), text)) }
                }
            }
        }
    }
}

/// A site's name for people.
#[must_use]
pub fn name_of(site: &str) -> &str {
    if site.is_empty() { "Main site" } else { site }
}
