//! The command line of `tallyd probe`: which server is asked, and which cases.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, ValueHint};
use tallyd_load::probe::{self, Case, PATIENCE};
use tallyd_load::{Url, amounts};

use super::help;

/// What `tallyd probe` was asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// What is to be done.
    pub(crate) what: What,
    /// Which cases; at least one.
    pub(crate) cases: Vec<&'static Case>,
    /// As JSON.
    pub(crate) json: bool,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Show the cases.
    List,
    /// Ask them of this file.
    Ask {
        /// The file.
        url: Url,
        /// How long a case may take.
        patience: Duration,
        /// Whether a SHOULD or an advice that is not kept counts like a MUST.
        strict: bool,
    },
}

impl PartialEq for Asked {
    fn eq(&self, other: &Asked) -> bool {
        let ids = |asked: &Asked| -> Vec<&str> { asked.cases.iter().map(|case| case.id).collect() };
        self.what == other.what && self.json == other.json && ids(self) == ids(other)
    }
}

impl Eq for Asked {}

/// What was typed.
pub(super) fn asked(mut matches: ArgMatches) -> Result<Asked, String> {
    let pattern: String = matches.remove_one("only").unwrap_or_else(|| "*".to_owned());
    let cases = probe::cases(&pattern);
    if cases.is_empty() {
        let pattern = pattern.escape_default();
        return Err(format!(
            "error: there is no case like '{pattern}'; tallyd probe --list shows them\n"
        ));
    }
    let url: Option<Url> = matches.remove_one("URL");
    let patience = matches.remove_one("timeout");
    let what = match (matches.get_flag("list"), url) {
        (true, _) => What::List,
        (false, Some(url)) => What::Ask {
            url,
            patience: patience.unwrap_or(PATIENCE),
            strict: matches.get_flag("strict"),
        },
        (false, None) => return Err("error: URL is missing\n".to_owned()),
    };
    Ok(Asked {
        what,
        cases,
        json: matches.get_flag("json"),
    })
}

/// The command as clap sees it.
pub(super) fn command() -> clap::Command {
    let url = Arg::new("URL")
        .required_unless_present("list")
        .conflicts_with("list")
        .help("A file on the server: http://HOST:PORT/PATH")
        .value_hint(ValueHint::Url)
        .value_parser(|text: &str| Url::parse(text));
    clap::Command::new("probe")
        .about("Check how well a server of files keeps to the rules of HTTP")
        .long_about(help::PROBE)
        .after_long_help(help::PROBE_END)
        .arg(url)
        .args(of_cases())
        .args(of_verdicts())
}

fn of_cases() -> [Arg; 2] {
    [
        Arg::new("only")
            .long("only")
            .value_name("GLOB")
            .help("Only cases whose name or group is like this: 'range-*', conditions"),
        Arg::new("list")
            .long("list")
            .help("Show the cases, and ask nobody")
            .action(ArgAction::SetTrue),
    ]
}

fn of_verdicts() -> [Arg; 3] {
    [
        Arg::new("json")
            .long("json")
            .help("As JSON; docs/probe.md says what the keys are")
            .action(ArgAction::SetTrue),
        Arg::new("strict")
            .long("strict")
            .help("A SHOULD or an advice that is not kept counts like a MUST")
            .action(ArgAction::SetTrue)
            .conflicts_with("list"),
        Arg::new("timeout")
            .long("timeout")
            .value_name("TIME")
            .help("So long a case may take [default: 5s]")
            .conflicts_with("list")
            .value_parser(patience),
    ]
}

/// Not so short that nothing could be answered.
fn patience(text: &str) -> Result<Duration, String> {
    match amounts::duration(text)? {
        time if time < Duration::from_millis(100) => Err("it is from 100ms".to_owned()),
        time => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::args::{Command, parse};

    fn asked(words: &[&str]) -> Result<Asked, String> {
        let argv = ["tallyd", "probe"].iter().chain(words).map(OsString::from);
        match parse(argv)? {
            Command::Probe(asked) => Ok(asked),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_typed_and_what_it_asks_for() {
        let plain = asked(&["localhost:8080/a"]).unwrap();
        let file = |patience, strict| What::Ask {
            url: Url::parse("http://localhost:8080/a").unwrap(),
            patience,
            strict,
        };
        assert_eq!(plain.what, file(PATIENCE, false));
        assert_eq!(plain.cases.len(), probe::cases("*").len());
        assert!(!plain.json);
        let words = "--only if-range* --json --strict --timeout 2s localhost:8080/a";
        let words: Vec<&str> = words.split(' ').collect();
        let all = asked(&words).unwrap();
        assert_eq!(all.what, file(Duration::from_secs(2), true));
        assert!(all.json && all.cases.iter().all(|case| case.id.starts_with("if-range")));
        let list = asked(&["--list", "--only", "conditions"]).unwrap();
        assert_eq!(list.what, What::List);
        assert!(list.cases.len() > 20);
    }

    #[test]
    fn wrong_usage_is_said_in_its_first_line() {
        for (words, expected) in [
            (
                &[][..],
                "error: the following required arguments were not provided",
            ),
            (
                &["https://h/a"],
                "error: invalid value 'https://h/a' for '[URL]': https is not there yet",
            ),
            (
                &["h/a", "--only", "no-such"],
                "error: there is no case like 'no-such'",
            ),
            (&["h/a", "--timeout", "0s"], "error: invalid value '0s' for"),
            (
                &["h/a", "--list"],
                "error: the argument '[URL]' cannot be used with",
            ),
            (&["h/a", "h/b"], "error: unexpected argument 'h/b' found"),
        ] {
            let error = asked(words).unwrap_err();
            let first = error.lines().next().unwrap_or_default();
            assert!(first.starts_with(expected), "{first}");
        }
    }
}
