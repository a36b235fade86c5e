//! The table of options as arguments of clap, and back.
//!
//! clap only splits the command line. What a value means, and whether it is right, is decided where the file
//! and the environment are read too, so that a mistake reads the same wherever it was made.

use std::ffi::{OsStr, OsString};

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, ValueHint, value_parser};
use tallyd_serve::config::Flag;
use tallyd_serve::config::options::{self, Definition, GROUPS, Kind};

/// The directory on its own: `tallyd DIR`.
const DIR: &str = "DIR";

/// `DIR` and one argument for each option.
pub(super) fn args() -> Vec<Arg> {
    let dir = Arg::new(DIR)
        .value_name(DIR)
        .help("Directory that is served, as with --root")
        .conflicts_with("root")
        .value_hint(hint(DIR))
        .value_parser(value_parser!(OsString));
    let options = GROUPS.iter().flat_map(|group| {
        let in_group = |option| argument(option).help_heading(group.heading);
        group.options.iter().map(in_group)
    });
    std::iter::once(dir).chain(options).collect()
}

fn argument(option: &Definition) -> Arg {
    let default = default(option);
    let short_help = match default {
        "none" | "off" | "false" => option.help.to_owned(),
        default => format!("{} [default: {default}]", option.help),
    };
    let (help, long, example) = (option.help, option.long, example(option));
    let long_help = format!("{help}\n\n{long}\n\n[default: {default}] [example: {example}]");
    let argument = Arg::new(option.name)
        .long(option.name)
        .value_name(option.value)
        .help(short_help)
        .long_help(long_help)
        // `--port -1` is a wrong port, not a flag that nobody knows.
        .allow_negative_numbers(true)
        .value_hint(hint(option.value))
        .value_parser(value_parser!(OsString));
    let argument = match option.short {
        Some(short) => argument.short(short),
        None => argument,
    };
    match option.kind {
        Kind::Switch => argument
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(Words(&["true", "false"]))
            .hide_possible_values(true),
        Kind::Choice(words) => argument
            .value_parser(Words(words))
            .hide_possible_values(true),
        Kind::List | Kind::Map | Kind::MultiMap | Kind::Hosts => argument.action(ArgAction::Append),
        Kind::Amount | Kind::Text => argument,
    }
}

/// What a shell should complete the value with.
fn hint(value: &str) -> ValueHint {
    match value {
        "DIR" => ValueHint::DirPath,
        "FILE" => ValueHint::FilePath,
        _ => ValueHint::Other,
    }
}

/// The default in words: a list or map that is empty is "none".
fn default(option: &Definition) -> &'static str {
    match (option.kind, option.default) {
        (Kind::List | Kind::Map | Kind::MultiMap | Kind::Hosts, "off") => "none",
        (_, default) => default,
    }
}

/// The example as somebody would type it into a shell.
fn example(option: &Definition) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,".contains(c);
    match option.kind {
        Kind::Switch => format!("--{}", option.name),
        _ if option.example.chars().all(is_plain) => {
            format!("--{} {}", option.name, option.example)
        }
        _ => format!("--{} '{}'", option.name, option.example),
    }
}

/// What was typed, in the order of the table.
pub(super) fn flags(matches: &mut ArgMatches) -> Vec<Flag> {
    let mut flags = Vec::new();
    for option in options::all() {
        let values = matches.remove_many::<OsString>(option.name);
        let shown = format!("--{}", option.name);
        flags.extend(values.into_iter().flatten().map(|value| Flag {
            option: option.name,
            shown: shown.clone(),
            value,
        }));
    }
    flags.extend(matches.remove_one(DIR).map(|value| Flag {
        option: "root",
        shown: DIR.to_owned(),
        value,
    }));
    flags
}

/// Offers its words to the completions, but lets every value through.
#[derive(Clone)]
struct Words(&'static [&'static str]);

impl TypedValueParser for Words {
    type Value = OsString;

    fn parse_ref(
        &self,
        _: &clap::Command,
        _: Option<&Arg>,
        value: &OsStr,
    ) -> Result<OsString, clap::Error> {
        Ok(value.to_owned())
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(PossibleValue::new)))
    }
}
