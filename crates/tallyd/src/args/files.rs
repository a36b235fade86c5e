//! The command line of `tallyd files`: which tree of test files is wanted, and where.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, ValueHint, value_parser};
use tallyd_load::files::tree::Existing;
use tallyd_load::files::{MOST_FILES, Names, Plan, Sizes};

use super::help;

/// What `tallyd files` was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Where the tree goes.
    pub(crate) dir: PathBuf,
    /// Where its manifest goes.
    pub(crate) manifest: PathBuf,
    /// Which tree it is.
    pub(crate) plan: Plan,
    /// What to do with another one there.
    pub(crate) existing: Existing,
}

/// The manifest's name in the tree, where nobody says another.
const MANIFEST: &str = "MANIFEST.tsv";

/// What was typed.
pub(super) fn asked(mut matches: ArgMatches) -> Result<Asked, String> {
    let missing = |name| format!("error: {name} is missing\n");
    let dir: PathBuf = matches.remove_one("DIR").ok_or_else(|| missing("DIR"))?;
    let manifest = matches.remove_one("manifest");
    let mut number = |name| matches.remove_one::<u64>(name);
    let (count, seed) = (number("count"), number("seed"));
    Ok(Asked {
        manifest: manifest.unwrap_or_else(|| dir.join(MANIFEST)),
        dir,
        plan: Plan {
            count: count.ok_or_else(|| missing("--count"))?,
            sizes: matches
                .remove_one("size")
                .ok_or_else(|| missing("--size"))?,
            names: matches
                .remove_one("names")
                .ok_or_else(|| missing("--names"))?,
            seed: seed.ok_or_else(|| missing("--seed"))?,
        },
        existing: match matches.get_flag("force") {
            true => Existing::Replace,
            false => Existing::Keep,
        },
    })
}

/// The command as clap sees it.
pub(super) fn command() -> clap::Command {
    let dir = Arg::new("DIR")
        .required(true)
        .help("Directory for the tree: new, empty, or with a tree that this command made")
        .value_hint(ValueHint::DirPath)
        .value_parser(value_parser!(PathBuf));
    clap::Command::new("files")
        .about("Make a tree of test files")
        .long_about(help::FILES)
        .after_long_help(help::FILES_END)
        .arg(dir)
        .args(of_plan())
        .args(of_place())
}

fn of_plan() -> [Arg; 4] {
    let names = [Names::Plain, Names::Hard].map(Names::word);
    let names = PossibleValuesParser::new(names)
        .try_map(|word| Names::parse(&word).ok_or("there are no such names"));
    [
        Arg::new("count")
            .long("count")
            .value_name("N")
            .help("So many files [default: 100]")
            .default_value("100")
            .hide_default_value(true)
            .value_parser(value_parser!(u64).range(1..=MOST_FILES)),
        Arg::new("size")
            .long("size")
            .value_name("SIZE")
            .help("How long they are: 10KiB, a range such as 1KiB..1MiB, or web [default: 10KiB]")
            .long_help(help::FILES_SIZE)
            .default_value("10KiB")
            .hide_default_value(true)
            .value_parser(Sizes::parse),
        Arg::new("names")
            .long("names")
            .value_name("KIND")
            .help("What they are called: plainly, or in every way that is hard [default: plain]")
            .long_help(help::FILES_NAMES)
            .default_value(Names::Plain.word())
            .hide_default_value(true)
            .value_parser(names),
        Arg::new("seed")
            .long("seed")
            .value_name("N")
            .help("What decides lengths and contents [default: 1]")
            .default_value("1")
            .hide_default_value(true)
            .value_parser(value_parser!(u64)),
    ]
}

fn of_place() -> [Arg; 2] {
    [
        Arg::new("manifest")
            .long("manifest")
            .value_name("FILE")
            .help("Where the list of the files goes [default: DIR/MANIFEST.tsv]")
            .value_hint(ValueHint::FilePath)
            .value_parser(value_parser!(PathBuf)),
        Arg::new("force")
            .long("force")
            .help(
                "Replace a tree of this command: the files that its manifest names, and no others",
            )
            .action(ArgAction::SetTrue),
    ]
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::args::{Command, parse};

    fn asked(words: &[&str]) -> Result<Asked, String> {
        let argv = ["tallyd", "files"].iter().chain(words).map(OsString::from);
        match parse(argv)? {
            Command::Files(asked) => Ok(asked),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_typed_and_what_it_asks_for() {
        let plan = Plan {
            count: 100,
            sizes: Sizes::Fixed(10 << 10),
            names: Names::Plain,
            seed: 1,
        };
        let plain = Asked {
            dir: "t".into(),
            manifest: "t/MANIFEST.tsv".into(),
            plan,
            existing: Existing::Keep,
        };
        assert_eq!(asked(&["t"]).unwrap(), plain);
        let words = "--count 7 --size web --names hard --seed 9 --manifest m t --force";
        let words: Vec<&str> = words.split(' ').collect();
        let all = asked(&words).unwrap();
        let plan = Plan {
            count: 7,
            sizes: Sizes::Web,
            names: Names::Hard,
            seed: 9,
        };
        assert_eq!((all.plan, all.existing), (plan, Existing::Replace));
        assert_eq!(all.manifest, PathBuf::from("m"));
    }

    #[test]
    fn wrong_usage_is_said_in_its_first_line() {
        for (words, expected) in [
            (
                &[][..],
                "error: the following required arguments were not provided",
            ),
            (
                &["t", "--count", "0"],
                "error: invalid value '0' for '--count <N>'",
            ),
            (
                &["t", "--count", "1000001"],
                "error: invalid value '1000001' for '--count <N>'",
            ),
            (
                &["t", "--size", "10KB"],
                "error: invalid value '10KB' for '--size <SIZE>': \"10KB\" is not a size: write 10KiB",
            ),
            (
                &["t", "--size", "2k..1k"],
                "error: invalid value '2k..1k' for '--size <SIZE>': the range is empty",
            ),
            (
                &["t", "--names", "odd"],
                "error: invalid value 'odd' for '--names <KIND>'",
            ),
            (
                &["t", "--seed", "-1"],
                "error: unexpected argument '-1' found",
            ),
            (&["t", "u"], "error: unexpected argument 'u' found"),
        ] {
            let error = asked(words).unwrap_err();
            let first = error.lines().next().unwrap_or_default();
            assert!(first.starts_with(expected), "{first}");
        }
    }
}
