//! The table of options: the only place where a name, its default, its help and its effect stand.
//!
//! Flags, environment variables, keys of the file, `--help`, the man page, completions and the documented
//! default configuration are all made from it. A new option is one entry here, one field in the Config and
//! its one user.

mod addresses;
mod counts;
mod files;
mod limits;
mod log;
mod replies;

use super::build::Draft;
use super::problem::Outcome;
use super::typed::Typed;
use super::{SiteConfig, text};

/// All options, in the order of the help.
pub const GROUPS: &[Group] = &[
    files::GROUP,
    replies::GROUP,
    addresses::GROUP,
    log::GROUP,
    counts::GROUP,
    limits::GROUP,
];

/// Options that belong together.
#[derive(Debug)]
pub struct Group {
    /// What stands above them in the help.
    pub heading: &'static str,
    /// The options.
    pub options: &'static [Definition],
}

/// One option.
#[derive(Debug)]
pub struct Definition {
    /// `--name` as a flag, `name` as a key of the file, `TALLYD_NAME` as a variable.
    pub name: &'static str,
    /// `-d`, for the few that are typed often.
    pub short: Option<char>,
    /// What stands for the value in the help: `--name VALUE`.
    pub value: &'static str,
    /// How its value is shaped.
    pub kind: Kind,
    /// What holds if nobody says anything, written as on the command line; `off` for an empty list or map.
    pub default: &'static str,
    /// Another value, for the help; tests give it through the file, the environment and a flag.
    pub example: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// What else there is to know, and why the default is what it is.
    pub long: &'static str,
    /// Puts the typed value where it belongs.
    pub(super) set: Set,
}

/// How the value of an option is shaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On or off.
    Switch,
    /// A number, a time, a size: in the file with or without quotes.
    Amount,
    /// Text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Several values, in order.
    List,
    /// Keys, each with one value.
    Map,
    /// Keys, each with one value or more.
    MultiMap,
    /// Virtual hosts: names, each with a directory, or in the file with a table of options.
    Hosts,
}

/// Whom an option is for, and how it is set there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Set {
    /// The whole server.
    Server(fn(&mut Draft, &Typed) -> Outcome),
    /// One site; a virtual host may say it for itself.
    Site(fn(&mut SiteConfig, &Typed) -> Outcome),
    /// The virtual hosts; `build` makes them when the main site is complete.
    Hosts,
}

/// Every option.
pub fn all() -> impl Iterator<Item = &'static Definition> {
    GROUPS.iter().flat_map(|group| group.options)
}

/// The option of this name.
pub fn find(name: &str) -> Option<&'static Definition> {
    all().find(|option| option.name == name)
}

impl Definition {
    /// The name of its environment variable: `TALLYD_LOG_FORMAT`.
    pub fn variable(&self) -> String {
        format!("TALLYD_{}", self.name.to_uppercase().replace('-', "_"))
    }

    /// Whether a virtual host may say it for itself.
    pub fn is_for_sites(&self) -> bool {
        matches!(self.set, Set::Site(_))
    }

    /// A value as it stands in the file: `"www"`, `8080`, `["index.html"]`, `{ "md" = "text/markdown" }`.
    pub(super) fn in_toml(&self, value: &str) -> String {
        let values = match value {
            "off" => "",
            value => value,
        };
        match self.kind {
            Kind::Switch => value.to_owned(),
            Kind::Amount if value.bytes().all(|c| c.is_ascii_digit()) => value.to_owned(),
            Kind::Amount | Kind::Text | Kind::Choice(_) => quoted(value),
            Kind::List => {
                let items: Vec<String> = text::list_items(values).map(quoted).collect();
                format!("[{}]", items.join(", "))
            }
            Kind::Map | Kind::MultiMap | Kind::Hosts => match values.split_once('=') {
                Some((key, value)) => format!("{{ {} = {} }}", quoted(key), quoted(value)),
                None => "{}".to_owned(),
            },
        }
    }
}

/// Our own defaults and examples need no more escaping than this; a test parses every one.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
