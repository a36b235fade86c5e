//! An audit of a server that runs, by its own counts or by its access log. It is never killed.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tallyd_load::audit::{
    Admin, Audience, Counts, Exchange, Known, Naive, Report, Site, Stage, Table, perform,
};
use tallyd_load::{Connection, Request, Url};

use super::temporary::Temporary;
use super::{LANES, LOOK, Progress, Signals, Trouble, audience, joined};
use crate::args::audit::{Asked, Counter};

/// The token of the admin address.
const TOKEN: &str = "TALLYD_ADMIN_TOKEN";

/// A log that has not grown for so long has every line.
const QUIET: Duration = Duration::from_secs(1);

/// A log that grows for longer is not ours to wait for.
const GROWING: Duration = Duration::from_secs(20);

/// Asks, and sees what is counted.
pub(super) fn audit(
    asked: &Asked,
    url: &Url,
    verify: Option<&Path>,
    counter: &Counter,
    signals: &Signals,
) -> Result<Report, Trouble> {
    let failed = |error: String| Trouble::Failed(error);
    let addresses = url.addresses();
    let addresses = addresses.map_err(|error| failed(format!("{}: {error}", url.host)))?;
    let address = addresses.first().copied();
    let address = address.ok_or_else(|| failed(format!("{} has no address", url.host)))?;
    let site = match verify {
        Some(tree) => Site::read(tree).map_err(|error| failed(error.to_string()))?,
        None => fetched(url, address)?,
    };
    let base = url.target.split('?').next().unwrap_or_default();
    let site = site.below(base);
    let audience = audience(asked, site, Stage::new(address), url.authority());
    match counter {
        Counter::Admin(admin, token) => {
            let admin = Admin::new(admin.clone(), token_of(token.as_deref())?);
            by_counts(asked, url, &audience, &admin, signals)
        }
        Counter::Log(log) => by_log(asked, url, &audience, log, signals),
    }
}

fn by_counts(
    asked: &Asked,
    url: &Url,
    audience: &Arc<Audience>,
    admin: &Admin,
    signals: &Signals,
) -> Result<Report, Trouble> {
    let counts = || {
        let counts = admin.settled(&|| signals.stop());
        counts.map_err(|error| signals.trouble(error))
    };
    let before: Counts = counts()?;
    let (exchanges, took) = ask(audience, signals)?;
    let after = counts()?;
    let known = Known::of(&audience.site, &exchanges, 0, &[]);
    Ok(Report {
        target: url.to_string(),
        seed: asked.seed,
        visitors: audience.plan.visitors as u64,
        kills: 0,
        took,
        counter: "server says",
        table: Table::of(&known, &before, &after),
        known,
    })
}

fn by_log(
    asked: &Asked,
    url: &Url,
    audience: &Arc<Audience>,
    log: &Path,
    signals: &Signals,
) -> Result<Report, Trouble> {
    let cannot = |error| Trouble::Failed(format!("cannot read {log:?}: {error}"));
    let mut file = File::open(log).map_err(cannot)?;
    file.seek(SeekFrom::End(0)).map_err(cannot)?;
    let (exchanges, took) = ask(audience, signals)?;
    let text = grown(&mut file, signals).map_err(cannot)?;
    if signals.stop() {
        return Err(Trouble::Stopped);
    }
    if !is_still(&mut file, log).map_err(cannot)? {
        return Err(Trouble::Failed(format!(
            "{log:?} was replaced or cut short meanwhile, so lines are missing: audit again"
        )));
    }
    let known = Known::of(&audience.site, &exchanges, 0, &[]);
    let naive = Naive::of(&text, &audience.mark());
    Ok(Report {
        target: url.to_string(),
        seed: asked.seed,
        visitors: audience.plan.visitors as u64,
        kills: 0,
        took,
        counter: "log says",
        table: Table::of_log(&known, &naive),
        known,
    })
}

/// Has everything asked; how long it took.
fn ask(audience: &Arc<Audience>, signals: &Signals) -> Result<(Vec<Exchange>, Duration), Trouble> {
    let progress = Progress::new();
    let lanes = perform(audience, LANES);
    while !audience.stage.wait_for_end(LOOK) {
        progress.show(audience, 0);
        if signals.stop() {
            audience.stage.stop();
            return Err(Trouble::Stopped);
        }
    }
    let took = progress.begun.elapsed();
    Ok((joined(lanes)?, took))
}

/// Whether `log` is the file that was read to where it stands now.
fn is_still(file: &mut File, log: &Path) -> std::io::Result<bool> {
    let (read, there) = (file.metadata()?, File::open(log)?.metadata()?);
    let is_same = (read.dev(), read.ino()) == (there.dev(), there.ino());
    Ok(is_same && there.len() >= file.stream_position()?)
}

/// What was added to a log, once nothing more is.
fn grown(file: &mut File, signals: &Signals) -> std::io::Result<String> {
    let begun = Instant::now();
    let mut since = begun;
    let mut bytes = Vec::new();
    while since.elapsed() < QUIET && begun.elapsed() < GROWING && !signals.stop() {
        if file.read_to_end(&mut bytes)? > 0 {
            since = Instant::now();
        }
        thread::park_timeout(LOOK);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn token_of(file: Option<&Path>) -> Result<Option<String>, Trouble> {
    let Some(file) = file else {
        return Ok(std::env::var(TOKEN).ok());
    };
    let token = fs::read_to_string(file);
    let token = token.map_err(|error| Trouble::Failed(format!("cannot read {file:?}: {error}")))?;
    Ok(Some(token.trim().to_owned()))
}

/// The files that the manifests on the server name.
fn fetched(url: &Url, address: SocketAddr) -> Result<Site, Trouble> {
    let temporary = Temporary::new().map_err(Trouble::Failed)?;
    let base = url.target.split('?').next().unwrap_or_default();
    let base = base.trim_end_matches('/');
    for name in Site::manifests() {
        let target = format!("{base}/{name}");
        let request = Request::get(&target).field("Host", &url.authority());
        let said = |error: String| Trouble::Failed(format!("{target}: {error}"));
        let answer = Connection::open(address)
            .and_then(|mut connection| connection.request(&request))
            .map_err(|error| said(error.to_string()))?;
        let is_only_one = !name.contains('/');
        match answer.status {
            200 => {}
            404 if is_only_one => continue,
            status => {
                return Err(said(format!(
                    "status {status}: the tree must be one of tallyd files with its manifest, or be named by --verify"
                )));
            }
        }
        let place = temporary.path().join(&name);
        let kept = match place.parent() {
            Some(parent) => {
                fs::create_dir_all(parent).and_then(|()| fs::write(&place, answer.body))
            }
            None => Ok(()),
        };
        kept.map_err(|error| said(error.to_string()))?;
        if is_only_one {
            break;
        }
    }
    Site::read(temporary.path()).map_err(|error| Trouble::Failed(error.to_string()))
}
