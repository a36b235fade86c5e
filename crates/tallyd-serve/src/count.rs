//! The count as the configuration wants it: where it is kept, how, and what the operator is told of it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::{env, fs, io};

use rustix::process::geteuid;
use tallyd_ledger::agent::Agents;
use tallyd_ledger::clerk::Habits;
use tallyd_ledger::count::{Count, CountError, Settings};
use tallyd_ledger::health::Urgency;
use tallyd_ledger::report::{Report, Sort, TopQuery};
use tallyd_ledger::state::{default_directory, ledger_in};

use crate::admin::{TopFile, TopFiles};
use crate::config::{Config, State};
use crate::say::Voice;

/// Why the count can't be opened.
#[derive(Debug)]
pub enum OpenError {
    /// What is kept can't be used.
    Count(CountError),
    /// The list of agents can't be read.
    Unreadable(PathBuf, io::Error),
    /// This line of it is wrong.
    Agents(PathBuf, usize, String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Count(error) => write!(out, "{error}"),
            OpenError::Unreadable(path, error) => {
                write!(
                    out,
                    "cannot read the list of agents {}: {error}",
                    path.display()
                )
            }
            OpenError::Agents(path, line, what) => write!(out, "{}:{line}: {what}", path.display()),
        }
    }
}

/// Opens the count that `config` describes.
pub fn open(config: &Config, voice: &Voice) -> Result<Count, OpenError> {
    let root = std::path::absolute(&config.site.root).unwrap_or_else(|_| config.site.root.clone());
    let directory = match &config.state {
        State::None => {
            return Ok(Count::in_memory());
        }
        State::At(directory) => directory.clone(),
        State::Auto => default_directory(&root, &|name| env::var_os(name), geteuid().as_raw()),
    };
    let settings = Settings {
        directory,
        root,
        habits: Habits {
            sync_interval: config.sync_interval,
            keep_hours: config.keep_hours,
            keep_days: config.keep_days,
        },
        kind: config.window,
        agents: Arc::new(agents(config)?),
    };
    let speaker = voice.clone();
    let say = move |urgency, text: &str| match urgency {
        Urgency::Error => speaker.error(text),
        Urgency::Warning => speaker.warn(text),
        Urgency::Info => speaker.info(text),
    };
    Count::open(settings, Box::new(say)).map_err(OpenError::Count)
}

fn agents(config: &Config) -> Result<Agents, OpenError> {
    let Some(path) = &config.agents else {
        return Ok(Agents::builtin());
    };
    let list =
        fs::read_to_string(path).map_err(|error| OpenError::Unreadable(path.clone(), error))?;
    Agents::parse(&list).map_err(|(line, what)| OpenError::Agents(path.clone(), line, what))
}

/// What of the count only a restart changes, where these two differ.
pub fn needs_restart(old: &Config, new: &Config) -> Option<&'static str> {
    let changed = [
        ("state", old.state != new.state),
        ("sync-interval", old.sync_interval != new.sync_interval),
        ("window", old.window != new.window),
        ("keep-hours", old.keep_hours != new.keep_hours),
        ("keep-days", old.keep_days != new.keep_days),
        ("agents", old.agents != new.agents),
    ];
    changed
        .into_iter()
        .find_map(|(name, differs)| differs.then_some(name))
}

/// Who knows the files that are asked for most.
pub fn top_files(count: &Count) -> TopFiles {
    let Some(ledger) = count.directory().map(ledger_in) else {
        return Box::new(|_| Vec::new());
    };
    Box::new(move |most| {
        let query = TopQuery {
            sort: Sort::Hits,
            limit: most,
            ..TopQuery::default()
        };
        // A ledger that can't be read is said by the health beside it.
        let rows = Report::open(&ledger).and_then(|report| report.top(&query));
        let files = rows.unwrap_or_default().into_iter();
        files
            .map(|row| TopFile {
                site: row.site,
                path: row.path,
                hits: row.counts.hits,
                downloads: row.counts.downloads,
            })
            .collect()
    })
}
