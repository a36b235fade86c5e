//! `tallyd stats`: the counts, for people and for programs.
//!
//! Only reads, but for `purge` and `forget`. What comes from the ledger is made harmless before it meets a terminal.

mod change;
mod chart;
mod detail;
mod explain;
mod files;
mod live;
mod place;

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use tallyd_ledger::facts::day_of;
use tallyd_ledger::ledger::LedgerError;
use tallyd_ledger::report::{FileReport, Range, Report, TopQuery, csv, json};

use super::look::{self, Look};
use super::text::{self, plain};
use crate::args::stats::{Asked, Form, Wanted, What};
use crate::{End, complain, printed};
use place::Place;

/// Why there is no answer: a text for standard error, and whose fault it was.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// What was typed can't be meant.
    Usage(String),
    /// It was all right, and did not work.
    Failed(String),
}

impl From<LedgerError> for Trouble {
    fn from(error: LedgerError) -> Trouble {
        Trouble::Failed(plain(error.to_string().as_bytes()))
    }
}

/// Answers what was asked.
pub(crate) fn run(asked: &Asked) -> End {
    let answered = match &asked.what {
        What::Show(wanted) if wanted.form == Form::Live => live::watch(asked, wanted),
        What::Show(wanted) => shown(asked, wanted, Look::of_stdout(), now()).and_then(print),
        What::Explain => explain::explain(asked, now()).and_then(print),
        What::Purge { before, yes } => {
            let before = before.map(|before| before.day(now()));
            change::purge(asked, before.unwrap_or_else(|| day_of(now())), *yes)
        }
        What::Forget { path, yes } => change::forget(asked, path, *yes),
    };
    match answered {
        Ok(end) => end,
        Err(Trouble::Usage(message)) => {
            complain(&format!("tallyd: {message}\n"));
            End::WrongUsage
        }
        Err(Trouble::Failed(message)) => {
            complain(&format!("tallyd: {message}\n"));
            End::Failed
        }
    }
}

fn print(text: String) -> Result<End, Trouble> {
    let mut out = io::stdout();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    drop(text);
    Ok(printed(written))
}

/// Nanoseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

/// What was asked for, as text in its form.
fn shown(asked: &Asked, wanted: &Wanted, look: Look, now: i64) -> Result<String, Trouble> {
    let range = range(wanted, now)?;
    let place = place::find(asked)?;
    let report = place.open()?;
    let host = host(asked, &report)?;
    match subject(wanted, host, &report)? {
        Subject::Files(prefix) => list(&report, &place, wanted, (host, prefix, range), look, now),
        Subject::File(site, path) => {
            let file = report.file(&site, &path, range, day_of(now))?;
            let file =
                file.ok_or_else(|| Trouble::Failed("this file was just forgotten".into()))?;
            Ok(in_form(&file, wanted.form, look, now))
        }
    }
}

fn in_form(file: &FileReport, form: Form, look: Look, now: i64) -> String {
    match form {
        Form::Json => json::file(file),
        Form::Csv => csv::days(file),
        Form::Text | Form::Live => detail::page(file, look, day_of(now)),
    }
}

fn list(
    report: &Report,
    place: &Place,
    wanted: &Wanted,
    (host, prefix, range): (Option<&str>, Option<String>, Range),
    look: Look,
    now: i64,
) -> Result<String, Trouble> {
    // One more shows whether there are more.
    let limit = match wanted.limit {
        0 => usize::MAX / 2,
        limit => limit,
    };
    let mut rows = report.top(&TopQuery {
        site: host.map(str::to_owned),
        sort: wanted.sort,
        range,
        prefix,
        search: wanted.search.clone(),
        limit: limit.saturating_add(1),
        offset: 0,
    })?;
    let is_cut = rows.len() > limit;
    rows.truncate(limit);
    if wanted.form == Form::Csv {
        return Ok(csv::files(&rows));
    }
    let overview = report.overview(host, range)?;
    if wanted.form == Form::Json {
        return Ok(json::site(&overview, &rows));
    }
    let page = files::Page {
        rows: &rows,
        overview: &overview,
        wanted,
        is_cut,
        place,
        today: day_of(now),
    };
    Ok(page.text(look))
}

/// The days that were asked for.
fn range(wanted: &Wanted, now: i64) -> Result<Range, Trouble> {
    let range = Range {
        since: wanted.since.map(|moment| moment.day(now)),
        until: wanted.until.map(|moment| moment.day(now)),
    };
    match (range.since, range.until) {
        (Some(since), Some(until)) if since > until => {
            Err(Trouble::Usage("--since is a later day than --until".into()))
        }
        _ => Ok(range),
    }
}

/// The site that was asked for, if the ledger has it. The main one is there before its first hit.
fn host<'a>(asked: &'a Asked, report: &Report) -> Result<Option<&'a str>, Trouble> {
    let Some(host) = asked.host.as_deref() else {
        return Ok(None);
    };
    let sites = report.sites()?;
    if host.is_empty() || sites.iter().any(|site| site == host) {
        return Ok(Some(host));
    }
    let known: Vec<String> = sites.iter().map(|site| site_name(site)).collect();
    Err(Trouble::Failed(format!(
        "there are no counts of a site {}; there are some of: {}",
        plain(host.as_bytes()),
        known.join(", ")
    )))
}

/// A site as it is called in a text.
fn site_name(site: &str) -> String {
    match site {
        "" => "the main site".to_owned(),
        site => plain(site.as_bytes()),
    }
}

/// What a report is about.
enum Subject {
    /// Files, perhaps only those below a directory.
    Files(Option<String>),
    /// One file of a site.
    File(String, Vec<u8>),
}

fn subject(wanted: &Wanted, host: Option<&str>, report: &Report) -> Result<Subject, Trouble> {
    let Some(typed) = &wanted.path else {
        return Ok(Subject::Files(None));
    };
    let path = with_slash(typed);
    if path.ends_with(b"/") {
        return Ok(Subject::Files(Some(as_prefix(&path)?)));
    }
    let candidates = [path.clone(), percent_decoded(&path)];
    for path in candidates {
        let mut sites = report.sites_with(&path)?;
        sites.retain(|site| host.is_none_or(|host| host == site));
        match sites.as_slice() {
            [] => {}
            [site] => return Ok(Subject::File(site.clone(), path)),
            several => return Err(on_several_sites(&path, several)),
        }
    }
    // A directory whose slash was left out.
    let below = [&path[..], b"/"].concat();
    let has_files = |prefix: &str| {
        let query = TopQuery {
            site: host.map(str::to_owned),
            prefix: Some(prefix.to_owned()),
            limit: 1,
            ..TopQuery::default()
        };
        report.top(&query).map(|rows| !rows.is_empty())
    };
    match as_prefix(&below) {
        Ok(prefix) if has_files(&prefix)? => Ok(Subject::Files(Some(prefix))),
        _ => Err(unknown(&path, host, report)?),
    }
}

/// Paths begin with a slash, whether it was typed or not.
fn with_slash(typed: &[u8]) -> Vec<u8> {
    if typed.starts_with(b"/") {
        return typed.to_vec();
    }
    [b"/", typed].concat()
}

fn as_prefix(path: &[u8]) -> Result<String, Trouble> {
    let prefix = String::from_utf8(path.to_vec());
    prefix.map_err(|_| Trouble::Usage("the name of a directory has to be UTF-8 here".into()))
}

/// `%20` as a space; what is no escape stays as it is.
fn percent_decoded(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.split_at_checked(2).filter(|_| byte == b'%');
        let escaped = digits.and_then(|(digits, after)| {
            let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
            let digits = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        let (byte, after) = escaped.unwrap_or((byte, after));
        decoded.push(byte);
        rest = after;
    }
    decoded
}

fn on_several_sites(path: &[u8], sites: &[String]) -> Trouble {
    let named: Vec<String> = sites
        .iter()
        .map(|site| match site.as_str() {
            "" => "--host ''".to_owned(),
            site => format!("--host {}", plain(site.as_bytes())),
        })
        .collect();
    Trouble::Usage(format!(
        "{} is on several sites: name one with {}",
        plain(path),
        named.join(" or ")
    ))
}

/// Most paths that are offered instead of one that is not known.
const OFFERED: usize = 5;

fn unknown(path: &[u8], host: Option<&str>, report: &Report) -> Result<Trouble, Trouble> {
    let mut message = format!("there are no counts of {}", plain(path));
    let nearest = report.nearest(host, path, OFFERED)?;
    if nearest.is_empty() {
        message.push_str(": it was never asked for, or there was no such file");
    } else {
        message.push_str("; did you mean");
        for (site, path) in nearest {
            message.push_str(&format!("\n  {}{}", plain(site.as_bytes()), plain(&path)));
        }
    }
    Ok(Trouble::Failed(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_what_is_none_stays() {
        for (path, expected) in [
            (&b"/a%20b"[..], &b"/a b"[..]),
            (b"/%FF%ff", b"/\xff\xff"),
            (b"/100%", b"/100%"),
            (b"/%+1%4", b"/%+1%4"),
        ] {
            assert_eq!(percent_decoded(path), expected);
        }
    }
}
