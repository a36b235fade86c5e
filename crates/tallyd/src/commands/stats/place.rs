//! Where the ledger is: in the state directory that was named, or in the one that belongs to the server's root.

use std::env;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use tallyd_ledger::report::Report;
use tallyd_ledger::state::{default_directory, ledger_in};
use tallyd_serve::config::{self, State};

use super::Trouble;
use super::text::plain;
use crate::args::stats::Asked;

/// Where counts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The state directory.
    pub(super) state: PathBuf,
    /// The ledger in it.
    pub(super) ledger: PathBuf,
    /// The root whose state it is, if that is how it was found.
    pub(super) root: Option<PathBuf>,
    /// How long the server keeps series, if that is known.
    pub(super) keep: Option<Keep>,
}

/// For how many days series are kept; nothing is for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keep {
    /// Those by hour.
    pub(super) hours: Option<u32>,
    /// Those by day.
    pub(super) days: Option<u32>,
}

/// The place that was asked for, whether there is a ledger or not.
pub(super) fn find(asked: &Asked) -> Result<Place, Trouble> {
    if let Some(state) = &asked.state {
        return Ok(Place::at(state));
    }
    let config = config::load(asked.server.sources(env::vars_os())).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Trouble::Usage(lines.join("\n"))
    })?;
    let keep = Keep {
        hours: config.keep_hours,
        days: config.keep_days,
    };
    let root = config.site.root;
    let state = match config.state {
        State::At(state) => state,
        State::Auto => {
            let variable = |name: &str| env::var_os(name);
            default_directory(&root, &variable, geteuid().as_raw())
        }
        State::None => return Err(Trouble::Failed(IN_MEMORY.to_owned())),
    };
    Ok(Place {
        root: Some(root),
        keep: Some(keep),
        ..Place::at(&state)
    })
}

const IN_MEMORY: &str = "with this configuration counts are in memory only (no-state), and there is no ledger to read; \
    --state DIR names one";

impl Place {
    fn at(state: &Path) -> Place {
        Place {
            state: state.to_owned(),
            ledger: ledger_in(state),
            root: None,
            keep: None,
        }
    }

    /// The ledger, opened to be read.
    pub(super) fn open(&self) -> Result<Report, Trouble> {
        match self.ledger.try_exists() {
            Ok(true) => Ok(Report::open(&self.ledger)?),
            Ok(false) => Err(Trouble::Failed(self.nothing_here())),
            Err(error) => Err(Trouble::Failed(format!(
                "{}: {error}; try again as the user that runs the server",
                shown(&self.ledger)
            ))),
        }
    }

    /// Whose state this is, for a text.
    pub(super) fn name(&self) -> String {
        match &self.root {
            Some(root) => format!("{}, the state of {}", shown(&self.state), shown(root)),
            None => shown(&self.state),
        }
    }

    fn nothing_here(&self) -> String {
        let mut message = format!("there is no ledger at {}", shown(&self.ledger));
        if let Some(root) = &self.root {
            message.push_str(&format!(", where the counts of {} would be", shown(root)));
        }
        message.push_str(
            "\nA server makes it when it starts. Name the directory that it serves with --root DIR, its configuration \
             with -c FILE,\nor its state directory with --state DIR.",
        );
        let others = self.others();
        if !others.is_empty() {
            message.push_str("\nThere are counts here of");
            for root in others {
                message.push_str(&format!("\n  --root {}", shown(&root)));
            }
        }
        message
    }

    /// Other roots whose state is beside the one that was looked for.
    fn others(&self) -> Vec<PathBuf> {
        let beside = self.state.parent().filter(|_| self.root.is_some());
        let Some(Ok(entries)) = beside.map(fs::read_dir) else {
            return Vec::new();
        };
        let directories = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let mut roots: Vec<PathBuf> = directories
            .filter(|state| ledger_in(state).is_file())
            .filter_map(|state| fs::read(state.join("root")).ok())
            .map(|root| PathBuf::from(std::ffi::OsStr::from_bytes(&root)))
            .collect();
        roots.sort();
        roots.truncate(MOST_OTHERS);
        roots
    }
}

/// More would not help.
const MOST_OTHERS: usize = 10;

/// A path of the file system, for a terminal.
pub(super) fn shown(path: &Path) -> String {
    plain(path.as_os_str().as_bytes())
}
