//! `tallyd stats purge` and `tallyd stats forget`: what removes something, once somebody has said yes.

use std::io::{self, BufRead, IsTerminal, Write};

use tallyd_ledger::ledger::Sqlite;
use tallyd_ledger::report::Range;
use tallyd_ledger::report::calendar::date;
use tallyd_ledger::state::is_in_use;

use super::place::{self, Place, shown};
use super::text::{plain, several};
use super::{Trouble, on_several_sites, print, site_name, with_slash};
use crate::End;
use crate::args::stats::Asked;

/// Removes series from before a day.
pub(super) fn purge(asked: &Asked, before: i64, yes: bool) -> Result<End, Trouble> {
    let place = place::find(asked)?;
    if asked.host.is_some() {
        return Err(Trouble::Usage(
            "purge is of all sites: leave --host out".into(),
        ));
    }
    // Also says what is wrong if there is no ledger.
    let stored = place.open()?.stored()?;
    let files = several(stored.files.rows, "file", "files");
    let question = format!(
        "This removes the numbers by hour and day, referrers, sketches of visitors and paths not found\n\
         before {} from {}. The totals of {files} stay.",
        date(before),
        shown(&place.ledger),
    );
    if !agreed(&question, yes)? {
        return unchanged();
    }
    open(&place)?.purge(before)?;
    print(format!("Removed what was from before {}.\n", date(before)))
}

/// Removes a path.
pub(super) fn forget(asked: &Asked, typed: &[u8], yes: bool) -> Result<End, Trouble> {
    let place = place::find(asked)?;
    let path = with_slash(typed);
    let report = place.open()?;
    let mut sites = report.sites_with(&path)?;
    let host = asked.host.as_deref();
    sites.retain(|site| host.is_none_or(|host| host == site));
    if sites.len() > 1 {
        return Err(on_several_sites(&path, &sites));
    }
    // A path that was never found can be forgotten too.
    let site = sites.pop().unwrap_or_else(|| host.unwrap_or("").to_owned());
    let file = report.file(&site, &path, Range::default(), 0)?;
    drop(report);
    let hits = file.map_or(0, |file| file.counts.hits);
    let question = format!(
        "This removes everything about {} of {} from {}: {}, with totals, days and versions.",
        plain(&path),
        site_name(&site),
        shown(&place.ledger),
        several(hits, "hit", "hits"),
    );
    if !agreed(&question, yes)? {
        return unchanged();
    }
    let was_known = open(&place)?.forget(&site, &path, is_in_use(&place.state))?;
    if !was_known {
        return Err(Trouble::Failed(format!(
            "nothing was stored about {}",
            plain(&path)
        )));
    }
    print(format!("Forgot {}.\n", plain(&path)))
}

fn open(place: &Place) -> Result<Sqlite, Trouble> {
    Ok(Sqlite::open(&place.ledger)?)
}

fn unchanged() -> Result<End, Trouble> {
    Err(Trouble::Failed("nothing was changed".into()))
}

/// Whether whoever asked wants it, now that they know what it is.
fn agreed(question: &str, yes: bool) -> Result<bool, Trouble> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        return Err(Trouble::Usage(format!(
            "{question}\nIt can't be undone. There is no terminal to ask on: if it is meant, add --yes"
        )));
    }
    let asked = |error: io::Error| Trouble::Failed(format!("cannot ask: {error}"));
    let mut out = io::stderr();
    out.write_all(format!("{question}\nIt can't be undone. Type yes to go on: ").as_bytes())
        .map_err(asked)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(asked)?;
    Ok(matches!(answer.trim(), "yes" | "y"))
}
