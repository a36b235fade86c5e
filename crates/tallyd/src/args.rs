//! The command line: from argv to one [`Command`], with nothing opened and nothing printed.
//!
//! The options of the server come from the table in `tallyd_serve::config::options`; here stands only what
//! is not an option of the server: the commands, and where the configuration file is named.

pub(crate) mod audit;
mod classic;
pub(crate) mod files;
pub(crate) mod get;
pub(crate) mod help;
pub(crate) mod load;
mod options;
pub(crate) mod probe;
pub(crate) mod stats;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use clap_complete::Shell;
use tallyd_serve::config::{Flag, Sources};

/// What was asked for.
#[derive(Debug, PartialEq)]
pub(crate) enum Command {
    /// Serve.
    Serve(Typed),
    /// Say whether this configuration is right.
    Check(Typed),
    /// Show the counts, or remove some.
    Stats(stats::Asked),
    /// Make a tree of test files.
    Files(files::Asked),
    /// Check how a server keeps to the rules of HTTP.
    Probe(probe::Asked),
    /// Test a server under load. Boxed: it has far more to say than the others.
    Load(Box<load::Asked>),
    /// Make one request.
    Get(get::Asked),
    /// Prove that a server's counts are right.
    Audit(audit::Asked),
    /// Print the whole default configuration.
    Defaults,
    /// Print the man page.
    Man,
    /// Print completions for a shell.
    Completions(Shell),
    /// Print this text: help or version.
    Print(String),
}

/// What was typed about the configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    /// The file that `--config` names.
    pub(crate) file: Option<PathBuf>,
    /// The options of the server.
    pub(crate) flags: Vec<Flag>,
}

impl Typed {
    /// The sources of a configuration, with this environment. Cheap to ask again, for a reload.
    pub(crate) fn sources(
        &self,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Sources {
        Sources {
            file: self.file.clone(),
            environment: environment.into_iter().collect(),
            flags: self.flags.clone(),
        }
    }
}

/// What `argv` (with the program's name in front) asks for, or what is wrong with it.
pub(crate) fn parse(argv: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    match command().try_get_matches_from(classic::modern(argv)) {
        Ok(mut matches) => understand(&mut matches),
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Ok(Command::Print(error.to_string()))
            }
            _ => Err(error.to_string()),
        },
    }
}

fn understand(matches: &mut ArgMatches) -> Result<Command, String> {
    match matches.remove_subcommand() {
        Some((name, mut matches)) => match name.as_str() {
            "check" if matches.get_flag("defaults") => Ok(Command::Defaults),
            "check" => Ok(Command::Check(typed(&mut matches))),
            "stats" => stats::asked(matches).map(Command::Stats),
            "files" => files::asked(matches).map(Command::Files),
            "probe" => probe::asked(matches).map(Command::Probe),
            "load" => load::asked(matches).map(Box::new).map(Command::Load),
            "get" => get::asked(matches).map(Command::Get),
            "audit" => audit::asked(matches).map(Command::Audit),
            "generate" => Ok(generate(&mut matches)),
            // clap knows the names; this is for whoever adds one there and forgets it here.
            name => Err(format!("error: there is no command {name}\n")),
        },
        None if matches.get_flag("test") => Ok(Command::Check(typed(matches))),
        None => Ok(Command::Serve(typed(matches))),
    }
}

fn generate(matches: &mut ArgMatches) -> Command {
    match matches.remove_subcommand() {
        Some((name, mut matches)) if name == "completions" => matches
            .remove_one("SHELL")
            .map_or(Command::Man, Command::Completions),
        _ => Command::Man,
    }
}

fn typed(matches: &mut ArgMatches) -> Typed {
    Typed {
        file: matches.remove_one("config"),
        flags: options::flags(matches),
    }
}

/// The whole command line, as clap, the man page and the completions see it.
pub(crate) fn command() -> clap::Command {
    let test = Arg::new("test")
        .short('t')
        .long("test")
        .help("Check the configuration and exit, as the command check does")
        .action(ArgAction::SetTrue);
    with_configuration(clap::Command::new("tallyd"))
        .about("A web server for files that keeps count")
        .long_about(help::ABOUT)
        .after_help(help::SHORT_END)
        .after_long_help(help::long_end())
        .version(env!("CARGO_PKG_VERSION"))
        .max_term_width(help::WIDTH)
        .override_usage("tallyd [OPTIONS] [DIR]\n       tallyd COMMAND ...")
        .args_conflicts_with_subcommands(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading("Commands")
        .arg(test)
        .subcommand(check_command())
        .subcommand(stats::command())
        .subcommand(files::command())
        .subcommand(probe::command())
        .subcommand(load::command())
        .subcommand(get::command())
        .subcommand(audit::command())
        .subcommand(generate_command())
}

fn check_command() -> clap::Command {
    let defaults = Arg::new("defaults")
        .long("defaults")
        .help("Print the whole default configuration, commented, and exit")
        .action(ArgAction::SetTrue);
    with_configuration(clap::Command::new("check"))
        .about("Say whether a configuration is right")
        .long_about(help::CHECK)
        .arg(defaults)
}

fn generate_command() -> clap::Command {
    let shell = Arg::new("SHELL")
        .required(true)
        .help("The shell that is to complete the words of tallyd")
        .value_parser(value_parser!(Shell));
    clap::Command::new("generate")
        .about("Print the man page or shell completions")
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommand(clap::Command::new("man").about("Print the man page, tallyd.1"))
        .subcommand(
            clap::Command::new("completions")
                .about("Print completions for a shell")
                .arg(shell),
        )
}

/// The configuration file, the directory and every option of the server.
fn with_configuration(command: clap::Command) -> clap::Command {
    let config = Arg::new("config")
        .short('c')
        .long("config")
        .value_name("FILE")
        .help("Configuration file (TOML)")
        .long_help(help::CONFIG)
        .value_parser(value_parser!(PathBuf));
    command.arg(config).args(options::args())
}
