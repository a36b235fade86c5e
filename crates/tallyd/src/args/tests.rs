//! Tests of the command line: what is typed, and what it asks for.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use clap_complete::Shell;
use tallyd_serve::config::options::{self, Kind};
use tallyd_serve::config::{Config, Flag, load};

use super::{Command, Typed, command, parse};
use crate::commands::generate;

fn parsed(words: &[&str]) -> Result<Command, String> {
    parse(
        std::iter::once("tallyd")
            .chain(words.iter().copied())
            .map(OsString::from),
    )
}

fn typed(file: Option<&str>, flags: &[(&'static str, &str, &str)]) -> Typed {
    let flag = |(option, shown, value): &(&'static str, &str, &str)| Flag {
        option,
        shown: (*shown).to_owned(),
        value: value.into(),
    };
    Typed {
        file: file.map(PathBuf::from),
        flags: flags.iter().map(flag).collect(),
    }
}

#[test]
fn what_is_typed_and_what_it_asks_for() {
    let root = |value| typed(None, &[("root", "DIR", value)]);
    let both = typed(
        None,
        &[("root", "--root", "site"), ("port", "--port", "9000")],
    );
    let again = || {
        typed(
            None,
            &[("root", "--root", "site"), ("port", "--port", "9000")],
        )
    };
    let rows: Vec<(&[&str], Command)> = vec![
        (&[], Command::Serve(typed(None, &[]))),
        (&["site"], Command::Serve(root("site"))),
        (&["./check"], Command::Serve(root("./check"))),
        (
            &["--", "-document_root"],
            Command::Serve(root("-document_root")),
        ),
        (&["-d", "site", "-p", "9000"], Command::Serve(both)),
        (&["-p9000", "--root=site"], Command::Serve(again())),
        (
            &["-document_root", "site", "-port", "9000"],
            Command::Serve(again()),
        ),
        (
            &["-port=9000", "-document_root=site"],
            Command::Serve(again()),
        ),
        (
            &["check", "-port", "9000", "-document_root", "site"],
            Command::Check(again()),
        ),
        (&["-t", "-d", "site", "-p", "9000"], Command::Check(again())),
        (
            &["-c", "a.toml"],
            Command::Serve(typed(Some("a.toml"), &[])),
        ),
        (
            &["check", "-c", "a.toml"],
            Command::Check(typed(Some("a.toml"), &[])),
        ),
        (&["check", "--defaults"], Command::Defaults),
        (
            &["--listing"],
            Command::Serve(typed(None, &[("listing", "--listing", "true")])),
        ),
        (
            &["--listing=false"],
            Command::Serve(typed(None, &[("listing", "--listing", "false")])),
        ),
        (
            &["--listing", "-p", "-1"],
            Command::Serve(typed(
                None,
                &[("listing", "--listing", "true"), ("port", "--port", "-1")],
            )),
        ),
        (
            &["--spa", "site"],
            Command::Serve(typed(
                None,
                &[("spa", "--spa", "true"), ("root", "DIR", "site")],
            )),
        ),
        (
            &["--access-log", "-"],
            Command::Serve(typed(None, &[("access-log", "--access-log", "-")])),
        ),
        (
            &["-l", "1", "-l", "2"],
            Command::Serve(typed(
                None,
                &[("listen", "--listen", "1"), ("listen", "--listen", "2")],
            )),
        ),
        (&["generate", "man"], Command::Man),
        (
            &["generate", "completions", "zsh"],
            Command::Completions(Shell::Zsh),
        ),
        (
            &["--version"],
            Command::Print(format!("tallyd {}\n", env!("CARGO_PKG_VERSION"))),
        ),
    ];
    for (words, expected) in rows {
        assert_eq!(parsed(words), Ok(expected), "{words:?}");
    }
}

#[test]
fn wrong_usage_is_said_in_its_first_line() {
    for (words, expected) in [
        (
            &["--porrt", "1"][..],
            "error: unexpected argument '--porrt' found",
        ),
        (
            &["a", "b"],
            "error: the subcommand 'b' cannot be used with '[DIR]'",
        ),
        (
            &["a", "-d", "b"],
            "error: the argument '[DIR]' cannot be used with '--root <DIR>'",
        ),
        (
            &["-p", "1", "-p", "2"],
            "error: the argument '--port <PORT>' cannot be used multiple times",
        ),
        (
            &["-p"],
            "error: a value is required for '--port <PORT>' but none was supplied",
        ),
        (
            &["check", "--port"],
            "error: a value is required for '--port <PORT>' but none was supplied",
        ),
        (
            &["generate"],
            "error: 'tallyd generate' requires a subcommand but one was not provided",
        ),
        (
            &["generate", "completions", "csh"],
            "error: invalid value 'csh' for '<SHELL>'",
        ),
    ] {
        let error = parsed(words).unwrap_err();
        assert_eq!(error.lines().next(), Some(expected), "{words:?}");
    }
    assert!(
        parsed(&["--porrt", "1"])
            .unwrap_err()
            .contains("a similar argument exists: '--port'")
    );
}

#[test]
fn every_option_can_be_typed_for_serving_and_for_checking() {
    for option in options::all() {
        let word = format!("--{}={}", option.name, option.example);
        let Ok(Command::Serve(serve)) = parsed(&[&word]) else {
            panic!("{word}")
        };
        assert_eq!(
            parsed(&["check", &word]),
            Ok(Command::Check(serve)),
            "{word}"
        );
        let Ok(Command::Check(check)) = parsed(&["-t", &word]) else {
            panic!("{word}")
        };
        let config = load(check.sources([])).expect(&word);
        assert!(
            option.name == "workers" || config != Config::default(),
            "{word}"
        );
    }
}

/// clap lets it through, so that the complaint is the same as for the file.
#[test]
fn a_wrong_word_is_left_to_the_configuration() {
    let Ok(Command::Serve(typed)) = parsed(&["--log-format=xml", "--post=maybe"]) else {
        panic!()
    };
    let problems = load(typed.sources([])).unwrap_err();
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "--log-format: \"xml\" is not one of tally, common, combined, json",
            "--post: \"maybe\" is neither true nor false",
        ]
    );
}

#[test]
fn a_directory_need_not_be_utf8() {
    let words = [
        b"tallyd".to_vec(),
        b"-document_root=/\xff".to_vec(),
        b"--hosts=a=/\xfe".to_vec(),
    ];
    let Ok(Command::Serve(typed)) = parse(words.map(OsString::from_vec)) else {
        panic!()
    };
    let config = load(typed.sources([])).unwrap();
    assert_eq!(config.site.root.as_os_str().as_encoded_bytes(), b"/\xff");
    assert_eq!(
        config.hosts[0].site.root.as_os_str().as_encoded_bytes(),
        b"/\xfe"
    );
}

#[test]
fn help_man_page_and_completions_name_every_option() {
    command().debug_assert();
    let print = |word| match parsed(&[word]) {
        Ok(Command::Print(text)) => text,
        other => panic!("{other:?}"),
    };
    let check_help = match parsed(&["check", "--help"]) {
        Ok(Command::Print(text)) => text,
        other => panic!("{other:?}"),
    };
    let texts = [print("-h"), print("--help"), check_help];
    let mut man = Vec::new();
    generate::man(&mut man).unwrap();
    let man = String::from_utf8(man).unwrap().replace("\\-", "-");
    let shells = [
        Shell::Bash,
        Shell::Elvish,
        Shell::Fish,
        Shell::PowerShell,
        Shell::Zsh,
    ];
    let completions = shells.map(|shell| {
        let mut text = Vec::new();
        generate::completions(shell, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    });
    for option in options::all() {
        let flag = format!("--{}", option.name);
        for text in texts.iter().chain([&man]) {
            assert!(text.contains(&flag), "{flag} is not in\n{text}");
        }
        for (shell, text) in shells.iter().zip(&completions) {
            assert!(
                text.contains(option.name),
                "{flag} is not among the completions of {shell}"
            );
            if let Kind::Choice(words) = option.kind {
                assert!(
                    words.iter().all(|word| text.contains(word)),
                    "{flag}: {shell}"
                );
            }
        }
    }
    for section in ["COMMANDS", "EXAMPLES", "SIGNALS", "EXIT CODES"] {
        assert!(
            man.contains(&format!(".SH {section}")) || man.contains(&format!(".SH \"{section}\"")),
            "{section}"
        );
    }
}

#[test]
fn the_long_help_tells_what_nobody_could_guess() {
    let Ok(Command::Print(help)) = parsed(&["--help"]) else {
        panic!()
    };
    for words in [
        "Examples:",
        "Signals:",
        "Exit codes:",
        "TALLYD_CONFIG",
        "LISTEN_FDS",
        "-document_root",
        "[default: 8080]",
    ] {
        assert!(help.contains(words), "{words}");
    }
    assert!(
        help.lines().all(|line| line.chars().count() <= 102),
        "{help}"
    );
}
