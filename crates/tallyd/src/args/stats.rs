//! The command line of `tallyd stats`: what of the counts is asked for, and in which form.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, ValueHint, value_parser};
use tallyd_ledger::facts::HOUR;
use tallyd_ledger::facts::day_of;
use tallyd_ledger::report::{Sort, calendar};
use tallyd_serve::config::Flag;

use super::{Typed, help};

/// What `tallyd stats` was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The state directory, if it was named.
    pub(crate) state: Option<PathBuf>,
    /// The server's root and configuration file, by which its state directory is found.
    pub(crate) server: Typed,
    /// Of which site; the main one's name is empty.
    pub(crate) host: Option<String>,
    /// What of it.
    pub(crate) what: What,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Show counts.
    Show(Wanted),
    /// Say what is stored.
    Explain,
    /// Remove series: those of days before this one, or all.
    Purge {
        /// The first day that stays.
        before: Option<Moment>,
        /// Whether not to ask.
        yes: bool,
    },
    /// Remove everything about one path.
    Forget {
        /// The path as it was typed.
        path: Vec<u8>,
        /// Whether not to ask.
        yes: bool,
    },
}

/// Which counts to show, and how.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// One file, or a directory; everything if there is none.
    pub(crate) path: Option<Vec<u8>>,
    /// The first day.
    pub(crate) since: Option<Moment>,
    /// The last day.
    pub(crate) until: Option<Moment>,
    /// Files whose paths contain this.
    pub(crate) search: Option<String>,
    /// In this order.
    pub(crate) sort: Sort,
    /// So many files; 0 is all.
    pub(crate) limit: usize,
    /// In this form.
    pub(crate) form: Form,
}

/// The form in which counts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// For people who watch.
    Live,
    /// For programs.
    Json,
    /// For spreadsheets.
    Csv,
}

/// A day as somebody types it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// This day, since 1970.
    Day(i64),
    /// The day on which it was so many hours ago.
    Ago(i64),
}

impl Moment {
    /// The day that is meant, at this time in nanoseconds since 1970.
    pub(crate) fn day(self, now: i64) -> i64 {
        match self {
            Moment::Day(day) => day,
            Moment::Ago(hours) => day_of(now.saturating_sub(hours.saturating_mul(HOUR))),
        }
    }

    fn parse(text: &str) -> Result<Moment, String> {
        let wrong = || {
            "write a day as 2026-11-20, today or yesterday, or how long ago it was: 7d, 2w, 24h"
                .to_owned()
        };
        match text {
            "today" => return Ok(Moment::Ago(0)),
            "yesterday" => return Ok(Moment::Ago(24)),
            _ => {}
        }
        if let Some(day) = calendar::day(text) {
            return Ok(Moment::Day(day));
        }
        let mut number = text.chars();
        let hours = match number.next_back() {
            Some('h') => 1,
            Some('d') => 24,
            Some('w') => 7 * 24,
            _ => return Err(wrong()),
        };
        let number = number.as_str();
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let number: i64 = number.parse().map_err(|_| wrong())?;
        let ago = number.checked_mul(hours).filter(|ago| *ago < MOST_AGO);
        ago.map(Moment::Ago).ok_or_else(wrong)
    }
}

/// Hours of a century: nothing that is counted is older.
const MOST_AGO: i64 = 100 * 366 * 24;

/// What was typed.
pub(super) fn asked(mut matches: ArgMatches) -> Result<Asked, String> {
    let change = matches.remove_subcommand();
    let path: Option<OsString> = matches.remove_one("PATH");
    match change {
        None => {
            let what = if matches.get_flag("explain") {
                What::Explain
            } else {
                What::Show(wanted(&mut matches, path))
            };
            Ok(of(&mut matches, what))
        }
        Some((name, _)) if path.is_some() => Err(format!(
            "error: the command {name} stands behind a path\n\nFor more information, try 'tallyd stats --help'.\n"
        )),
        Some((name, mut matches)) => {
            let yes = matches.get_flag("yes");
            let what = match name.as_str() {
                "purge" => What::Purge {
                    before: matches.remove_one("before"),
                    yes,
                },
                _ => What::Forget {
                    path: matches
                        .remove_one("PATH")
                        .map(OsString::into_vec)
                        .unwrap_or_default(),
                    yes,
                },
            };
            Ok(of(&mut matches, what))
        }
    }
}

fn of(matches: &mut ArgMatches, what: What) -> Asked {
    let root = matches.remove_one("root").map(|value| Flag {
        option: "root",
        shown: "--root".into(),
        value,
    });
    Asked {
        state: matches.remove_one("state"),
        server: Typed {
            file: matches.remove_one("config"),
            flags: root.into_iter().collect(),
        },
        host: matches.remove_one("host"),
        what,
    }
}

fn wanted(matches: &mut ArgMatches, path: Option<OsString>) -> Wanted {
    let form = [
        ("json", Form::Json),
        ("csv", Form::Csv),
        ("live", Form::Live),
    ];
    let form = form.into_iter().find(|(name, _)| matches.get_flag(name));
    Wanted {
        path: path.map(OsString::into_vec),
        since: matches.remove_one("since"),
        until: matches.remove_one("until"),
        search: matches.remove_one("search"),
        sort: matches.remove_one("sort").unwrap_or_default(),
        limit: matches.remove_one("limit").unwrap_or(DEFAULT_LIMIT),
        form: form.map_or(Form::Text, |(_, form)| form),
    }
}

/// Files that are shown where nobody says how many: they fit on a screen.
const DEFAULT_LIMIT: usize = 20;

/// The command as clap sees it.
pub(super) fn command() -> clap::Command {
    let path = Arg::new("PATH")
        .help("A file, by its path on the server (/downloads/a.zip), or a directory (/downloads/)")
        .long_help(help::STATS_PATH)
        .value_parser(value_parser!(OsString));
    clap::Command::new("stats")
        .about("Show the counts")
        .long_about(help::STATS)
        .after_long_help(help::STATS_END)
        .override_usage("tallyd stats [OPTIONS] [PATH]\n       tallyd stats purge|forget ...")
        .disable_help_subcommand(true)
        .subcommand_help_heading("Commands")
        .arg(path)
        .args(which_server())
        .args(which_counts())
        .args(forms())
        .group(ArgGroup::new("form").args(["json", "csv", "live", "explain"]))
        .subcommand(purge())
        .subcommand(forget())
}

/// Understood by the commands below as well.
fn which_server() -> [Arg; 4] {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .help(help)
            .help_heading("Whose counts")
            .global(true)
    };
    [
        option("state", "DIR", "State directory of the server; its ledger.db is read")
            .value_hint(ValueHint::DirPath)
            .value_parser(value_parser!(PathBuf)),
        option(
            "root",
            "DIR",
            "Directory that the server serves, by which its state directory is found [default: www]",
        )
        .short('d')
        .value_hint(ValueHint::DirPath)
        .value_parser(value_parser!(OsString)),
        option(
            "config",
            "FILE",
            "Configuration file of the server, which names its root or state directory",
        )
        .short('c')
        .value_hint(ValueHint::FilePath)
        .value_parser(value_parser!(PathBuf)),
        option(
            "host",
            "NAME",
            "Only the site with this name (--host '' is the main site) [default: all]",
        )
        .value_hint(ValueHint::Hostname),
    ]
}

fn which_counts() -> [Arg; 5] {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .help(help)
            .help_heading("Which counts")
    };
    let sorts = PossibleValuesParser::new(Sort::ALL.map(|(_, word)| word))
        .map(|word| Sort::named(&word).unwrap_or_default());
    [
        option(
            "since",
            "DAY",
            "From this day on (UTC): 2026-11-20, today, yesterday, or how long ago: 7d, 2w, 24h",
        )
        .value_parser(Moment::parse),
        option("until", "DAY", "Up to this day, which is included").value_parser(Moment::parse),
        option(
            "search",
            "TEXT",
            "Only files whose path contains this, in capitals or not",
        ),
        option(
            "sort",
            "ORDER",
            "What the files are sorted by [default: downloads]",
        )
        .value_parser(sorts),
        option(
            "limit",
            "N",
            "How many files are shown; 0 shows all [default: 20]",
        )
        .value_parser(value_parser!(usize)),
    ]
}

fn forms() -> [Arg; 4] {
    let switch = |name: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .help(help)
            .help_heading("How they are shown")
            .action(ArgAction::SetTrue)
    };
    [
        switch("json", "As one JSON object, with exact numbers"),
        switch(
            "csv",
            "As CSV: a row for each file, or for each day of one. Text that a spreadsheet would take for a formula \
             has a ' in front",
        ),
        switch(
            "live",
            "On the whole screen, anew every second, until Ctrl+C",
        ),
        switch(
            "explain",
            "Say in plain words what is stored, of whom, and for how long",
        ),
    ]
}

fn purge() -> clap::Command {
    let before = Arg::new("before")
        .long("before")
        .value_name("DAY")
        .help("Keep this day and later ones [default: today]")
        .value_parser(Moment::parse);
    clap::Command::new("purge")
        .about("Remove the numbers by hour and day of the past")
        .long_about(help::STATS_PURGE)
        .arg(before)
        .arg(yes())
}

fn forget() -> clap::Command {
    let path = Arg::new("PATH")
        .required(true)
        .help("The path of the file on the server")
        .value_parser(value_parser!(OsString));
    clap::Command::new("forget")
        .about("Remove everything that is stored about one path")
        .long_about(help::STATS_FORGET)
        .arg(path)
        .arg(yes())
}

fn yes() -> Arg {
    Arg::new("yes")
        .short('y')
        .long("yes")
        .help("Do it without asking; needed where no terminal is there to ask")
        .action(ArgAction::SetTrue)
}

#[cfg(test)]
mod tests {
    use tallyd_ledger::facts::DAY;

    use super::*;
    use crate::args::{Command, parse};

    fn asked(words: &[&str]) -> Result<Asked, String> {
        let argv = ["tallyd", "stats"].iter().chain(words).map(OsString::from);
        match parse(argv)? {
            Command::Stats(asked) => Ok(asked),
            other => panic!("{other:?}"),
        }
    }

    fn wanted(words: &[&str]) -> Wanted {
        match asked(words).unwrap().what {
            What::Show(wanted) => wanted,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn days_are_typed_in_several_ways() {
        let now = 20_777 * DAY + 5 * HOUR;
        for (text, expected) in [
            ("2026-11-20", 20_777),
            ("today", 20_777),
            ("yesterday", 20_776),
            ("0d", 20_777),
            ("7d", 20_770),
            ("2w", 20_763),
            ("24h", 20_776),
            ("5h", 20_777),
            ("6h", 20_776),
        ] {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(moment.day(now), expected, "{text}");
        }
        for text in [
            "",
            "d",
            "-1d",
            "7",
            "7x",
            "2026-11-31",
            "99999999999999999999d",
            "٧d",
            "tomorrow",
        ] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_typed_and_what_it_asks_for() {
        let plain = wanted(&[]);
        assert_eq!(
            (plain.path, plain.limit, plain.form),
            (None, 20, Form::Text)
        );
        let all = wanted(&[
            "/a b",
            "--since",
            "7d",
            "--until=2026-11-20",
            "--sort",
            "hits",
            "--limit",
            "0",
            "--csv",
        ]);
        assert_eq!(all.path.as_deref(), Some(&b"/a b"[..]));
        assert_eq!(all.since, Some(Moment::Ago(168)));
        assert_eq!(all.until, Some(Moment::Day(20_777)));
        assert_eq!((all.sort, all.limit, all.form), (Sort::Hits, 0, Form::Csv));
        assert_eq!(asked(&["--explain"]).unwrap().what, What::Explain);
    }

    #[test]
    fn the_server_is_named_before_or_behind_a_command() {
        for words in [
            &["--state", "/s", "forget", "/a", "-y"][..],
            &["forget", "/a", "--yes", "--state", "/s"],
        ] {
            let asked = asked(words).unwrap();
            assert_eq!(asked.state, Some("/s".into()), "{words:?}");
            let forget = What::Forget {
                path: b"/a".to_vec(),
                yes: true,
            };
            assert_eq!(asked.what, forget);
        }
        let purge = asked(&["purge", "--before", "2026-11-20", "-d", "site"]).unwrap();
        assert_eq!(purge.server.flags.len(), 1);
        assert_eq!(
            purge.what,
            What::Purge {
                before: Some(Moment::Day(20_777)),
                yes: false
            }
        );
    }

    #[test]
    fn wrong_usage_is_said_in_its_first_line() {
        for (words, expected) in [
            (
                &["--since", "monday"][..],
                "error: invalid value 'monday' for '--since <DAY>': write a day as",
            ),
            (
                &["--sort", "size"],
                "error: invalid value 'size' for '--sort <ORDER>'",
            ),
            (
                &["--json", "--csv"],
                "error: the argument '--json' cannot be used with '--csv'",
            ),
            (
                &["--limit", "few"],
                "error: invalid value 'few' for '--limit <N>'",
            ),
            (
                &["forget"],
                "error: the following required arguments were not provided:",
            ),
            (
                &["/a", "purge"],
                "error: the command purge stands behind a path",
            ),
        ] {
            let error = asked(words).unwrap_err();
            let first = error.lines().next().unwrap_or_default();
            assert!(first.starts_with(expected), "{first}");
        }
    }
}
