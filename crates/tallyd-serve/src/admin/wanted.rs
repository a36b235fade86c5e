//! What a request for a page or an answer wants to see: the parameters of its target, read and written.
//!
//! Promises: what was asked for is either understood as a whole or refused with a reason that a person can act on;
//! a link that is made here leads to what it says. Must not know: the ledger, how anything is shown.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use tallyd_ledger::report::calendar::{date, day};
use tallyd_ledger::report::{Range, Sort};

use crate::query::pairs;

/// Days that a range has at most: ten years, as many as are shown one by one.
const MOST_DAYS: u16 = 3_650;

/// Rows of an answer to a program, if it does not say how many: as many as `tallyd stats` shows.
pub const LIMIT: usize = 20;

/// Rows of one answer at most.
pub const MOST_ROWS: usize = 1_000;

/// Pages and rows beyond this number are the same: there are none.
const MOST: usize = 1_000_000_000;

/// Everything but letters, digits and what needs no escape in a query (RFC 3986 section 3.4).
const ESCAPED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// What is wanted. What is not said is as in [`Wanted::default`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Of this site; the main one's name is empty. Nothing: of all.
    pub site: Option<String>,
    /// Of these days.
    pub period: Period,
    /// What charts are of.
    pub measure: Measure,
    /// Files whose path holds this.
    pub search: String,
    /// In which order files are.
    pub sort: Sort,
    /// Which page of them, from 1.
    pub page: usize,
    /// Which file.
    pub path: Vec<u8>,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            site: None,
            period: Period::Days(30),
            measure: Measure::Downloads,
            search: String::new(),
            sort: Sort::Downloads,
            page: 1,
            path: Vec::new(),
        }
    }
}

/// Which days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// So many, up to today.
    Days(u16),
    /// All of which there are counts.
    All,
    /// From the first to the last of these, since 1970.
    Between(i64, i64),
}

/// What a chart is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Downloads.
    Downloads,
    /// Hits.
    Hits,
}

/// What only a program asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extras {
    /// So many rows.
    pub limit: usize,
    /// Without so many at the start.
    pub offset: usize,
    /// How long one point of a series is; nothing: as fits the range.
    pub by_hour: Option<bool>,
    /// As CSV rather than JSON.
    pub csv: bool,
    /// Which part of it, as CSV.
    pub table: Option<Table>,
}

/// The parts of an overview or of a file that are tables of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Counts by day.
    Days,
    /// By class of agent.
    Classes,
    /// Replies by status; of an overview.
    Statuses,
    /// Hosts that hits came from.
    Referrers,
    /// Paths that were not found; of an overview.
    NotFound,
    /// States of a file.
    Versions,
    /// How far aborted hits of a file got.
    Aborted,
}

impl Table {
    /// Each with its word.
    pub const ALL: [(Table, &'static str); 7] = [
        (Table::Days, "days"),
        (Table::Classes, "classes"),
        (Table::Statuses, "statuses"),
        (Table::Referrers, "referrers"),
        (Table::NotFound, "not-found"),
        (Table::Versions, "versions"),
        (Table::Aborted, "aborted"),
    ];
}

impl Period {
    /// Its first and last day.
    #[must_use]
    pub fn range(self, today: i64) -> Range {
        match self {
            Period::All => Range::default(),
            Period::Days(days) => between(today - i64::from(days) + 1, today),
            Period::Between(first, last) => between(first, last),
        }
    }

    /// As many days, just before it.
    #[must_use]
    pub fn before(self, today: i64) -> Option<Range> {
        match self {
            Period::All => None,
            Period::Days(days) => Some(before(today - i64::from(days) + 1, today)),
            Period::Between(first, last) => Some(before(first, last)),
        }
    }
}

fn between(first: i64, last: i64) -> Range {
    Range {
        since: Some(first),
        until: Some(last),
    }
}

fn before(first: i64, last: i64) -> Range {
    between(first - (last - first + 1), first - 1)
}

impl Wanted {
    /// What a page is asked for. What is not known is passed over: a link may have been decorated on its way.
    pub fn of_page(query: Option<&[u8]>, today: i64) -> Result<Wanted, String> {
        let mut wanted = Wanted::default();
        let mut days = Days::default();
        for (name, value) in pairs(query.unwrap_or_default()) {
            let name = String::from_utf8_lossy(&name);
            if !wanted.take(&name, &value, &mut days)? && name == "page" {
                wanted.page = number(&name, &value)?.max(1);
            }
        }
        wanted.period = days.period(today)?.unwrap_or(wanted.period);
        Ok(wanted)
    }

    /// What a program asks for. Whatever is not known is a mistake of it.
    pub fn of_program(query: Option<&[u8]>, today: i64) -> Result<(Wanted, Extras), String> {
        let mut wanted = Wanted {
            period: Period::All,
            ..Wanted::default()
        };
        let mut extras = Extras {
            limit: LIMIT,
            offset: 0,
            by_hour: None,
            csv: false,
            table: None,
        };
        let mut days = Days::default();
        for (name, value) in pairs(query.unwrap_or_default()) {
            let name = String::from_utf8_lossy(&name);
            if !wanted.take(&name, &value, &mut days)? && !extras.take(&name, &value)? {
                return Err(format!("there is no parameter {name:?}"));
            }
        }
        wanted.period = days.period(today)?.unwrap_or(wanted.period);
        Ok((wanted, extras))
    }

    /// Takes one parameter that both may have; false if it is another.
    fn take(&mut self, name: &str, value: &[u8], days: &mut Days) -> Result<bool, String> {
        match name {
            "days" => days.count = Some(count_of_days(value)?),
            "since" => days.since = day_of(name, value)?,
            "until" => days.until = day_of(name, value)?,
            // No site has this name; a form needs one for all of them.
            "site" if value == b"*" => self.site = None,
            "site" => self.site = Some(String::from_utf8_lossy(value).into_owned()),
            "search" => self.search = String::from_utf8_lossy(value).into_owned(),
            "path" => self.path = value.to_vec(),
            "sort" => {
                let word = String::from_utf8_lossy(value);
                self.sort = Sort::named(&word).ok_or_else(|| {
                    let known = Sort::ALL.map(|(_, name)| name).join(", ");
                    format!("sort is one of {known}, not {word:?}")
                })?;
            }
            "chart" => {
                self.measure = match value {
                    b"downloads" => Measure::Downloads,
                    b"hits" => Measure::Hits,
                    _ => return Err("chart is downloads or hits".to_owned()),
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The target that asks for this on one of the pages.
    #[must_use]
    pub fn link(&self, page: &str) -> String {
        let default = Wanted::default();
        let mut link = Link::to(page);
        if let Some(site) = &self.site {
            link.add("site", site.as_bytes());
        }
        if self.period != default.period {
            link.period(self.period);
        }
        if self.measure != default.measure {
            link.add("chart", b"hits");
        }
        link.unless_empty("path", &self.path);
        link.unless_empty("search", self.search.as_bytes());
        if self.sort != default.sort {
            link.sort(self.sort);
        }
        if self.page != default.page {
            link.add("page", self.page.to_string().as_bytes());
        }
        link.text
    }

    /// The target that asks the API for the same; `more` is added as it is.
    #[must_use]
    pub fn program_link(&self, page: &str, more: &str) -> String {
        let mut link = Link::to(page);
        if let Some(site) = &self.site {
            link.add("site", site.as_bytes());
        }
        if self.period != Period::All {
            link.period(self.period);
        }
        link.unless_empty("path", &self.path);
        link.unless_empty("search", self.search.as_bytes());
        if self.sort != Sort::Downloads {
            link.sort(self.sort);
        }
        if !more.is_empty() {
            link.text.push(link.mark);
            link.text.push_str(more);
        }
        link.text
    }
}

/// A target that is being written.
struct Link {
    text: String,
    mark: char,
}

impl Link {
    fn to(page: &str) -> Link {
        Link {
            text: page.to_owned(),
            mark: '?',
        }
    }

    fn add(&mut self, name: &str, value: &[u8]) {
        let value = percent_encode(value, &ESCAPED);
        // Writing to a String can't fail.
        write!(self.text, "{}{name}={value}", self.mark).ok();
        self.mark = '&';
    }

    fn unless_empty(&mut self, name: &str, value: &[u8]) {
        if !value.is_empty() {
            self.add(name, value);
        }
    }

    fn sort(&mut self, sort: Sort) {
        let word = Sort::ALL.iter().find(|(known, _)| *known == sort);
        if let Some((_, word)) = word {
            self.add("sort", word.as_bytes());
        }
    }

    fn period(&mut self, period: Period) {
        match period {
            Period::Days(days) => self.add("days", days.to_string().as_bytes()),
            Period::All => self.add("days", b"all"),
            Period::Between(first, last) => {
                write!(
                    self.text,
                    "{}since={}&until={}",
                    self.mark,
                    date(first),
                    date(last)
                )
                .ok();
                self.mark = '&';
            }
        }
    }
}

impl Extras {
    fn take(&mut self, name: &str, value: &[u8]) -> Result<bool, String> {
        match (name, value) {
            ("limit", _) => {
                self.limit = number(name, value)?;
                if !(1..=MOST_ROWS).contains(&self.limit) {
                    return Err(format!("limit is a number from 1 to {MOST_ROWS}"));
                }
            }
            ("offset", _) => self.offset = number(name, value)?,
            ("unit", b"hour") => self.by_hour = Some(true),
            ("unit", b"day") => self.by_hour = Some(false),
            ("unit", _) => return Err("unit is hour or day".to_owned()),
            ("table", _) => {
                let known = Table::ALL.iter().find(|(_, word)| word.as_bytes() == value);
                self.table = known.map(|(table, _)| *table);
                if known.is_none() {
                    let words = Table::ALL.map(|(_, word)| word).join(", ");
                    return Err(format!("table is one of {words}"));
                }
            }
            ("format", b"csv") => self.csv = true,
            ("format", b"json") => self.csv = false,
            ("format", _) => return Err("format is json or csv".to_owned()),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// What was said of the days, until all is known.
#[derive(Default)]
struct Days {
    count: Option<Period>,
    since: Option<i64>,
    until: Option<i64>,
}

impl Days {
    fn period(&self, today: i64) -> Result<Option<Period>, String> {
        match (self.count, self.since, self.until) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
                Err("say either days, or since and until".to_owned())
            }
            (count, None, None) => Ok(count),
            (None, since, until) => {
                // Nothing was counted before 1970.
                let (first, last) = (since.unwrap_or(0), until.unwrap_or(today));
                if first > last {
                    return Err("since is a later day than until".to_owned());
                }
                Ok(Some(Period::Between(first, last)))
            }
        }
    }
}

fn count_of_days(value: &[u8]) -> Result<Period, String> {
    if value == b"all" {
        return Ok(Period::All);
    }
    let days = number("days", value)?;
    match u16::try_from(days) {
        Ok(days @ 1..=MOST_DAYS) => Ok(Period::Days(days)),
        _ => Err(format!("days is a number from 1 to {MOST_DAYS}, or all")),
    }
}

/// An empty field of a form says nothing.
fn day_of(name: &str, value: &[u8]) -> Result<Option<i64>, String> {
    let text = String::from_utf8_lossy(value);
    if text.is_empty() {
        return Ok(None);
    }
    match day(&text) {
        Some(found) => Ok(Some(found)),
        None => Err(format!("{name} is a day such as 2026-11-20, not {text:?}")),
    }
}

/// A whole number; what is larger than anything there is means that.
fn number(name: &str, value: &[u8]) -> Result<usize, String> {
    let text = String::from_utf8_lossy(value);
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("{name} is a whole number, not {text:?}"));
    }
    Ok(text.parse().unwrap_or(MOST).min(MOST))
}
