//! From the sources of a configuration to the Config: flags over environment over file over defaults.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::problem::{Place, Problem};
use super::typed::Layer;
use super::{Config, build, environment, file, options, text};

/// Where a configuration comes from. Nothing else is looked at, so the same sources and the same file give
/// the same Config, in a test and on a reload.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file that `--config` names.
    pub file: Option<PathBuf>,
    /// The environment: all of it, what is not ours is passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// What was typed on the command line, in its order.
    pub flags: Vec<Flag>,
}

impl Sources {
    /// The configuration file: the one that `--config` names, or else `TALLYD_CONFIG`.
    pub fn config_file(&self) -> Option<&Path> {
        let variable = || environment::config_file(&self.environment);
        self.file.as_deref().or_else(variable)
    }
}

/// A value on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The name of its option.
    pub option: &'static str,
    /// How messages call it: `--root`, or `DIR` where the directory stood alone.
    pub shown: String,
    /// The value.
    pub value: OsString,
}

/// The Config that the sources say together, or everything that is wrong with them, in order.
pub fn load(sources: Sources) -> Result<Config, Vec<Problem>> {
    let mut problems = Vec::new();
    let file = match sources.config_file() {
        Some(path) => file::read(path, &mut problems),
        None => Layer::default(),
    };
    over_file(file, problems, sources)
}

/// Environment and flags over what the file says; `problems` are those of the file.
pub(super) fn over_file(
    file: Layer,
    mut problems: Vec<Problem>,
    sources: Sources,
) -> Result<Config, Vec<Problem>> {
    let environment = environment::read(sources.environment, &mut problems);
    let flags = flags(sources.flags, &mut problems);
    match build::build(flags.over(environment.over(file))) {
        Ok(config) if problems.is_empty() => Ok(config),
        built => {
            problems.extend(built.err().unwrap_or_default());
            problems.sort();
            problems.dedup();
            Err(problems)
        }
    }
}

/// Values of one option are gathered first: `--types` may stand several times.
fn flags(typed: Vec<Flag>, problems: &mut Vec<Problem>) -> Layer {
    let mut gathered: BTreeMap<&str, (String, Vec<OsString>)> = BTreeMap::new();
    for flag in typed {
        let (_, values) = gathered
            .entry(flag.option)
            .or_insert((flag.shown, Vec::new()));
        values.push(flag.value);
    }
    let mut layer = Layer::default();
    for (name, (shown, values)) in gathered {
        let place = Place::Flag(shown);
        match options::find(name) {
            Some(option) => {
                let added = text::add(&mut layer, option, &values, &place);
                problems.extend(added.err().unwrap_or_default());
            }
            None => problems.push(place.problem("unknown option")),
        }
    }
    layer
}

impl Default for Config {
    /// What holds if nobody says anything.
    #[expect(
        clippy::expect_used,
        reason = "the defaults are our own text, and a test reads each"
    )]
    fn default() -> Config {
        build::build(Layer::default()).expect("every default is right")
    }
}
