//! The command line of `tallyd audit`: which server, how much is asked of it, and who counts.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, ValueHint, value_parser};
use tallyd_load::Url;

use super::help;

/// What `tallyd audit` was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Which server.
    pub(crate) target: Target,
    /// So many requests.
    pub(crate) requests: u64,
    /// What decides which.
    pub(crate) seed: u64,
    /// The report is for programs.
    pub(crate) json: bool,
}

/// Which server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// One of our own, started on this directory and killed so often.
    Own {
        /// The tree.
        dir: PathBuf,
        /// How often.
        kills: u64,
    },
    /// One that runs.
    Running {
        /// Where.
        url: Url,
        /// The tree that it serves, or its manifest; none: the manifest is fetched.
        verify: Option<PathBuf>,
        /// Who counts.
        counter: Counter,
    },
}

/// Who counts what a running server does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    /// The server, which tells at this address. The token is in the file, if there is one.
    Admin(Url, Option<PathBuf>),
    /// Whoever reads this access log.
    Log(PathBuf),
}

/// Which server, as help and man page name it.
const TARGET: &str = "DIR|URL";

/// Kills where nobody says how many.
const KILLS: u64 = 5;

/// What was typed.
pub(super) fn asked(mut matches: ArgMatches) -> Result<Asked, String> {
    let missing = |name| format!("error: {name} is missing\n");
    let target: String = matches.remove_one(TARGET).ok_or_else(|| missing(TARGET))?;
    let number = |matches: &mut ArgMatches, name| matches.remove_one::<u64>(name);
    let requests = number(&mut matches, "requests").ok_or_else(|| missing("--requests"))?;
    let seed = number(&mut matches, "seed").ok_or_else(|| missing("--seed"))?;
    Ok(Asked {
        requests,
        seed,
        json: matches.get_flag("json"),
        target: match target.contains("://") {
            true => running(&target, &mut matches)?,
            false => own(target.into(), &mut matches)?,
        },
    })
}

fn own(dir: PathBuf, matches: &mut ArgMatches) -> Result<Target, String> {
    for name in ["admin", "log", "verify", "admin-token-file"] {
        if matches.contains_id(name) {
            return Err(format!(
                "error: --{name} is for a server that runs: name it by its URL, http://HOST:PORT/\n"
            ));
        }
    }
    let kills = matches.remove_one("kills").unwrap_or(KILLS);
    Ok(Target::Own { dir, kills })
}

fn running(target: &str, matches: &mut ArgMatches) -> Result<Target, String> {
    if matches.contains_id("kills") {
        return Err(
            "error: a running server is not killed: --kills is for a directory\n".to_owned(),
        );
    }
    let url = |text: &str| Url::parse(text).map_err(|error| format!("error: {text:?}: {error}\n"));
    let admin: Option<String> = matches.remove_one("admin");
    let token = matches.remove_one("admin-token-file");
    let counter = match (admin, matches.remove_one("log")) {
        (Some(admin), _) => Counter::Admin(url(&admin)?, token),
        (None, Some(log)) => Counter::Log(log),
        (None, None) => {
            return Err(
                "error: say who counts: --admin URL of a tallyd, or --log FILE of any server\n"
                    .to_owned(),
            );
        }
    };
    Ok(Target::Running {
        url: url(target)?,
        verify: matches.remove_one("verify"),
        counter,
    })
}

/// The command as clap sees it.
pub(super) fn command() -> clap::Command {
    let target = Arg::new(TARGET)
        .required(true)
        .help("A directory for a tree of test files, or the URL of a server that runs")
        .value_parser(NonEmptyStringValueParser::new())
        .value_hint(ValueHint::AnyPath);
    clap::Command::new("audit")
        .about("Prove that a server's counts are right")
        .long_about(help::AUDIT)
        .after_long_help(help::AUDIT_END)
        .arg(target)
        .args(of_plan())
        .args(of_running())
}

fn of_plan() -> [Arg; 4] {
    [
        Arg::new("kills")
            .long("kills")
            .value_name("N")
            .help("Kill the server so often while it serves [default: 5]")
            .value_parser(value_parser!(u64).range(0..=1000)),
        Arg::new("requests")
            .long("requests")
            .value_name("N")
            .help("So many requests, or a few more [default: 2000]")
            .default_value("2000")
            .hide_default_value(true)
            .value_parser(value_parser!(u64).range(1..=1_000_000)),
        Arg::new("seed")
            .long("seed")
            .value_name("N")
            .help("What decides which [default: 1]")
            .default_value("1")
            .hide_default_value(true)
            .value_parser(value_parser!(u64)),
        Arg::new("json")
            .long("json")
            .help("Print the report as JSON")
            .action(ArgAction::SetTrue),
    ]
}

fn of_running() -> [Arg; 4] {
    [
        Arg::new("admin")
            .long("admin")
            .value_name("URL")
            .help("Where a running tallyd tells its counts")
            .value_hint(ValueHint::Url),
        Arg::new("admin-token-file")
            .long("admin-token-file")
            .value_name("FILE")
            .requires("admin")
            .help("A file with the token for it, unless TALLYD_ADMIN_TOKEN has it")
            .value_hint(ValueHint::FilePath)
            .value_parser(value_parser!(PathBuf)),
        Arg::new("log")
            .long("log")
            .value_name("FILE")
            .conflicts_with("admin")
            .help("Judge a counter that reads this access log, in the combined format")
            .value_hint(ValueHint::FilePath)
            .value_parser(value_parser!(PathBuf)),
        Arg::new("verify")
            .long("verify")
            .value_name("DIR|MANIFEST")
            .help("The tree that is served, or its manifest [default: the server's MANIFEST.tsv]")
            .value_hint(ValueHint::AnyPath)
            .value_parser(value_parser!(PathBuf)),
    ]
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::args::{Command, parse};

    fn asked(words: &str) -> Result<Asked, String> {
        let argv = ["tallyd", "audit"].into_iter().chain(words.split(' '));
        match parse(argv.map(OsString::from))? {
            Command::Audit(asked) => Ok(asked),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_directory_is_served_and_killed_and_a_url_is_asked() {
        let own = |kills| Target::Own {
            dir: "t".into(),
            kills,
        };
        let plain = Asked {
            target: own(5),
            requests: 2000,
            seed: 1,
            json: false,
        };
        assert_eq!(asked("t").unwrap(), plain);
        let all = Asked {
            target: own(0),
            requests: 7,
            seed: 9,
            json: true,
        };
        let words = "--kills 0 --requests 7 --seed 9 --json t";
        assert_eq!(asked(words).unwrap(), all);
        let words = "http://h:1/ --admin http://h:2 --admin-token-file f --verify d";
        let running = Target::Running {
            url: Url::parse("http://h:1/").unwrap(),
            verify: Some("d".into()),
            counter: Counter::Admin(Url::parse("http://h:2").unwrap(), Some("f".into())),
        };
        assert_eq!(asked(words).unwrap().target, running);
        let log = Target::Running {
            url: Url::parse("http://h/").unwrap(),
            verify: None,
            counter: Counter::Log("l".into()),
        };
        assert_eq!(asked("http://h/ --log l").unwrap().target, log);
    }

    #[test]
    fn wrong_usage_is_said_in_its_first_line() {
        for (words, expected) in [
            (
                "",
                "error: a value is required for '<DIR|URL>' but none was supplied",
            ),
            (
                "t --admin http://h",
                "error: --admin is for a server that runs",
            ),
            ("t --log l", "error: --log is for a server that runs"),
            ("http://h/", "error: say who counts"),
            (
                "http://h/ --log l --kills 1",
                "error: a running server is not killed",
            ),
            (
                "https://h/ --log l",
                "error: \"https://h/\": https is not there yet",
            ),
            (
                "http://h/ --admin ftp://h",
                "error: \"ftp://h\": ftp: is not http:",
            ),
            (
                "http://h/ --admin h --log l",
                "error: the argument '--admin <URL>' cannot be used",
            ),
            (
                "t --requests 0",
                "error: invalid value '0' for '--requests <N>'",
            ),
            (
                "t --kills 1001",
                "error: invalid value '1001' for '--kills <N>'",
            ),
        ] {
            let error = asked(words).unwrap_err();
            let first = error.lines().next().unwrap_or_default();
            assert!(first.starts_with(expected), "{words}: {first}");
        }
    }
}
