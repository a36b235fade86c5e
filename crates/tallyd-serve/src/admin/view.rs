//! Gathers what a page for people shows, and has it written.
//!
//! Promises: all numbers of a page are of one look at the ledger, on the thread that asks it; a page is not written
//! twice because the ledger did not answer. Must not know: sockets, how pages look.

use std::sync::Arc;

use tallyd_http::status::Status;
use tallyd_http::target::encode_path;
use tallyd_ledger::facts::{DAY, day_of, hour_of};
use tallyd_ledger::feed::Seen;
use tallyd_ledger::ledger::LedgerError;
use tallyd_ledger::report::{Classes, Overview, Point, Report, Scope, Unit, Visitors};

use super::answer::View;
use super::api::query;
use super::page::Page;
use super::pages::files::ROWS;
use super::pages::frame::Frame;
use super::pages::overview::Before;
use super::pages::{file, files, overview, rules, wrong};
use super::span::Span;
use super::wanted::{Period, Wanted};

/// Files that the overview names.
const TOP: usize = 10;

/// Replies that the overview picks its first rows from: the beginning and the end of a hit are one row there.
pub const LATEST: usize = 32;

/// Paths that are named where one is not known.
const NEAR: usize = 5;

/// What is around the numbers.
#[derive(Debug)]
pub struct Around {
    /// Why counts are not safe, if they are not.
    pub trouble: Option<String>,
    /// The time, in nanoseconds since 1970.
    pub now: i64,
    /// Where the files are, with a slash at the end, if it is known.
    pub files_at: Option<String>,
    /// The latest replies.
    pub latest: Vec<Arc<Seen>>,
}

impl Around {
    fn frame<'a>(&'a self, wanted: &'a Wanted, sites: &'a [String]) -> Frame<'a> {
        Frame {
            wanted,
            sites,
            trouble: self.trouble.as_deref(),
            now: self.now,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The page of a view.
pub fn page(
    report: &Report,
    view: View,
    wanted: &Wanted,
    around: &Around,
) -> Result<Page, LedgerError> {
    let sites = report.sites()?;
    let frame = around.frame(wanted, &sites);
    match view {
        View::Overview => show_overview(report, &frame, around),
        View::Files => show_files(report, &frame),
        View::File => show_file(report, &frame, around),
    }
}

/// The counting rules.
#[must_use]
pub fn show_rules(around: &Around) -> Page {
    let wanted = Wanted::default();
    Page::html(Status::OK, rules::page(&around.frame(&wanted, &[])))
}

/// What a person reads instead of a page.
#[must_use]
pub fn show_wrong(status: Status, reason: Option<&str>, around: &Around) -> Page {
    let wanted = Wanted::default();
    let frame = around.frame(&wanted, &[]);
    Page::html(status, wrong::page(&frame, status, reason))
}

/// The overview where no counts are kept: it says so, and what to do.
#[must_use]
pub fn show_nothing(wanted: &Wanted, around: &Around) -> Page {
    let nothing = Overview::default();
    let shown = overview::Shown {
        frame: around.frame(wanted, &[]),
        now: &nothing,
        before: None,
        series: &[],
        unit: Unit::Day,
        top: &[],
        latest: &[],
        kept: false,
        has_counts: false,
        address: around.files_at.as_deref(),
    };
    Page::html(Status::OK, overview::page(&shown))
}

fn show_overview(report: &Report, frame: &Frame<'_>, around: &Around) -> Result<Page, LedgerError> {
    let (wanted, today) = (frame.wanted, frame.today());
    let site = wanted.site.as_deref();
    let range = wanted.period.range(today);
    let scope = Scope::Site(wanted.site.clone());
    let counted = report.overview(site, range)?;
    let before = before(report, wanted, &scope, frame.now)?;
    let (series, unit) = over_time(report, wanted, &scope, frame.now)?;
    let top = report.top(&query(wanted, range, TOP, 0))?;
    let first_day = report.first_day(&Scope::Site(None))?;
    let shown = overview::Shown {
        frame: *frame,
        now: &counted,
        before: before.as_ref(),
        series: &series,
        unit,
        top: &top,
        latest: &around.latest,
        kept: true,
        has_counts: first_day.is_some(),
        address: around.files_at.as_deref(),
    };
    Ok(Page::html(Status::OK, overview::page(&shown)))
}

/// What a period is compared with. A day that is not over is compared with the same hours of the day before.
fn before(
    report: &Report,
    wanted: &Wanted,
    scope: &Scope,
    now: i64,
) -> Result<Option<Before>, LedgerError> {
    let Some(range) = wanted.period.before(day_of(now)) else {
        return Ok(None);
    };
    let whole = report.summary(wanted.site.as_deref(), range)?;
    let before = Before {
        classes: whole.classes,
        requests: whole.requests,
        visitors: whole.visitors,
    };
    if wanted.period != Period::Days(1) {
        return Ok(Some(before));
    }
    let (first, last) = (hour_of(now - now.rem_euclid(DAY) - DAY), hour_of(now - DAY));
    let mut classes = Classes::default();
    for point in report.series(scope, Unit::Hour, first, last)? {
        classes += point.classes;
    }
    Ok(Some(Before {
        classes,
        visitors: Visitors::Unknown("a day that is not over can't be compared with a whole one"),
        ..before
    }))
}

fn show_files(report: &Report, frame: &Frame<'_>) -> Result<Page, LedgerError> {
    let wanted = frame.wanted;
    let range = wanted.period.range(frame.today());
    // One more shows whether there are more.
    let offset = (wanted.page - 1).saturating_mul(ROWS);
    let mut rows = report.top(&query(wanted, range, ROWS + 1, offset))?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let shown = files::Shown { rows: &rows, more };
    Ok(Page::html(Status::OK, files::page(frame, shown)))
}

fn show_file(report: &Report, frame: &Frame<'_>, around: &Around) -> Result<Page, LedgerError> {
    let wanted = frame.wanted;
    let sites = match &wanted.site {
        Some(site) => vec![site.clone()],
        None => report.sites_with(&wanted.path)?,
    };
    let [site] = sites.as_slice() else {
        return match sites.is_empty() {
            true => unknown(report, frame),
            false => Ok(Page::html(Status::OK, file::choice(frame, &sites))),
        };
    };
    let (path, today) = (&wanted.path, frame.today());
    let Some(found) = report.file(site, path, wanted.period.range(today), today)? else {
        return unknown(report, frame);
    };
    let scope = Scope::File {
        site: site.clone(),
        path: path.clone(),
    };
    let (points, unit) = over_time(report, wanted, &scope, frame.now)?;
    let address = around.files_at.as_deref().filter(|_| site.is_empty());
    let address = address.map(|base| address_of(base, path));
    let shown = file::Shown {
        file: &found,
        points: &points,
        unit,
        address: address.as_deref(),
    };
    Ok(Page::html(Status::OK, file::page(frame, &shown)))
}

fn unknown(report: &Report, frame: &Frame<'_>) -> Result<Page, LedgerError> {
    let site = frame.wanted.site.as_deref();
    let near = report.nearest(site, &frame.wanted.path, NEAR)?;
    let status = match frame.wanted.path.is_empty() {
        true => Status::BAD_REQUEST,
        false => Status::NOT_FOUND,
    };
    Ok(Page::html(status, file::unknown(frame, &near)))
}

/// What a chart is drawn from.
fn over_time(
    report: &Report,
    wanted: &Wanted,
    scope: &Scope,
    now: i64,
) -> Result<(Vec<Point>, Unit), LedgerError> {
    let span = Span::of(wanted.period, report, scope, now)?;
    let unit = span.unit();
    let (first, last) = span.ends(unit, now);
    Ok((report.series(scope, unit, first, last)?, unit))
}

/// The address of a path, below that of the files.
fn address_of(base: &str, path: &[u8]) -> String {
    let mut encoded = Vec::new();
    encode_path(path, &mut encoded);
    let encoded = String::from_utf8_lossy(&encoded);
    format!("{}{encoded}", base.trim_end_matches('/'))
}
