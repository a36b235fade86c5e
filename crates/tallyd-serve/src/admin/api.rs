//! The answers for programs: the same JSON as `tallyd stats --json`, and tables.
//!
//! Promises: each answer is of one moment of the ledger; openapi.json describes every one of them. Must not know:
//! sockets, who asks.

use tallyd_http::status::Status;
use tallyd_ledger::facts::day_of;
use tallyd_ledger::json;
use tallyd_ledger::ledger::LedgerError;
use tallyd_ledger::report::{
    self, FileReport, Overview, Range, Report, Scope, TopQuery, Unit, csv,
};

use super::answer::Topic;
use super::page::Page;
use super::span::Span;
use super::wanted::{Extras, Table, Wanted};

/// What `/api/v1/openapi.json` says.
pub const DESCRIPTION: &str = include_str!("openapi.json");

/// An error as JSON.
#[must_use]
pub fn error(status: Status, reason: &str) -> Page {
    let mut text = String::new();
    json::string(reason.as_bytes(), |piece| text.push_str(piece));
    let document = format!("{{\"status\":{},\"error\":{text}}}\n", status.code());
    Page::json(status, document)
}

/// Answers one question; `now` in nanoseconds since 1970.
pub fn answer(
    report: &Report,
    topic: Topic,
    wanted: &Wanted,
    extras: Extras,
    now: i64,
) -> Result<Page, LedgerError> {
    match topic {
        Topic::Overview => overview(report, wanted, extras, now),
        Topic::Files => files(report, wanted, extras, now),
        Topic::File => file(report, wanted, extras, now),
        Topic::Series => series(report, wanted, extras, now),
    }
}

fn overview(
    report: &Report,
    wanted: &Wanted,
    extras: Extras,
    now: i64,
) -> Result<Page, LedgerError> {
    let range = wanted.period.range(day_of(now));
    let overview = report.overview(wanted.site.as_deref(), range)?;
    match extras.table {
        None if extras.csv => return Ok(Page::csv(csv::overview(&overview), "overview.csv")),
        None => {}
        Some(part) => return Ok(overview_part(&overview, part)),
    }
    let files = report.top(&query(wanted, range, extras.limit, extras.offset))?;
    Ok(good(report::json::site(&overview, &files)))
}

/// One table of an overview.
fn overview_part(overview: &Overview, part: Table) -> Page {
    match part {
        Table::Days => Page::csv(csv::overview(overview), "overview.csv"),
        Table::Classes => Page::csv(csv::classes(&overview.classes), "classes.csv"),
        Table::Statuses => Page::csv(csv::statuses(&overview.statuses), "statuses.csv"),
        Table::Referrers => Page::csv(csv::referrers(&overview.referrers), "referrers.csv"),
        Table::NotFound => Page::csv(csv::not_found(&overview.missing), "not-found.csv"),
        Table::Versions | Table::Aborted => error(
            Status::BAD_REQUEST,
            "an overview has no such table: it is one of a file",
        ),
    }
}

/// One table of a file.
fn file_part(file: &FileReport, part: Table) -> Page {
    match part {
        Table::Days => Page::csv(csv::days(file), "file.csv"),
        Table::Classes => Page::csv(csv::classes(&file.classes), "classes.csv"),
        Table::Referrers => Page::csv(csv::referrers(&file.referrers), "referrers.csv"),
        Table::Versions => Page::csv(csv::versions(&file.versions), "versions.csv"),
        Table::Aborted => Page::csv(csv::aborted(&file.reached), "aborted.csv"),
        Table::Statuses | Table::NotFound => error(
            Status::BAD_REQUEST,
            "a file has no such table: it is one of an overview",
        ),
    }
}

fn files(report: &Report, wanted: &Wanted, extras: Extras, now: i64) -> Result<Page, LedgerError> {
    let range = wanted.period.range(day_of(now));
    // One more shows whether there are more.
    let mut rows = report.top(&query(wanted, range, extras.limit + 1, extras.offset))?;
    let has_more = rows.len() > extras.limit;
    rows.truncate(extras.limit);
    if extras.csv {
        return Ok(Page::csv(csv::files(&rows), "files.csv"));
    }
    let next = has_more.then_some(extras.offset + extras.limit);
    let site = wanted.site.as_deref();
    Ok(good(report::json::files(site, range, &rows, next)))
}

fn file(report: &Report, wanted: &Wanted, extras: Extras, now: i64) -> Result<Page, LedgerError> {
    let range = wanted.period.range(day_of(now));
    let site = match site_of(report, wanted)? {
        Ok(site) => site,
        Err(page) => return Ok(page),
    };
    match report.file(&site, &wanted.path, range, day_of(now))? {
        Some(file) => Ok(match extras.table {
            Some(part) => file_part(&file, part),
            None if extras.csv => Page::csv(csv::days(&file), "file.csv"),
            None => good(report::json::file(&file)),
        }),
        None => Ok(unknown()),
    }
}

fn series(report: &Report, wanted: &Wanted, extras: Extras, now: i64) -> Result<Page, LedgerError> {
    let scope = if wanted.path.is_empty() {
        Scope::Site(wanted.site.clone())
    } else {
        match site_of(report, wanted)? {
            Ok(site) => Scope::File {
                site,
                path: wanted.path.clone(),
            },
            Err(page) => return Ok(page),
        }
    };
    let by_hour = extras.by_hour.map(|by_hour| match by_hour {
        true => Unit::Hour,
        false => Unit::Day,
    });
    let span = Span::of(wanted.period, report, &scope, now)?;
    let unit = by_hour.unwrap_or_else(|| span.unit());
    let (first, last) = span.ends(unit, now);
    let points = report.series(&scope, unit, first, last)?;
    if extras.csv {
        return Ok(Page::csv(csv::series(&scope, unit, &points), "series.csv"));
    }
    Ok(good(report::json::series(&scope, unit, &points)))
}

/// The site of the one file that is meant, or why it can't be known.
fn site_of(report: &Report, wanted: &Wanted) -> Result<Result<String, Page>, LedgerError> {
    if wanted.path.is_empty() {
        let reason = "say which file: path is missing";
        return Ok(Err(error(Status::BAD_REQUEST, reason)));
    }
    if let Some(site) = &wanted.site {
        return Ok(Ok(site.clone()));
    }
    let mut sites = report.sites_with(&wanted.path)?;
    Ok(match (sites.pop(), sites.is_empty()) {
        (Some(site), true) => Ok(site),
        (None, _) => Err(unknown()),
        (Some(_), false) => Err(error(
            Status::BAD_REQUEST,
            "several sites have a file of this path: say which with site",
        )),
    })
}

/// The question for the files that are wanted.
#[must_use]
pub fn query(wanted: &Wanted, range: Range, limit: usize, offset: usize) -> TopQuery {
    TopQuery {
        site: wanted.site.clone(),
        sort: wanted.sort,
        range,
        prefix: None,
        search: (!wanted.search.is_empty()).then(|| wanted.search.clone()),
        limit,
        offset,
    }
}

fn unknown() -> Page {
    error(
        Status::NOT_FOUND,
        "this file was never asked for, or it is no file",
    )
}

fn good(document: String) -> Page {
    Page::json(Status::OK, document)
}
