//! Configuration: where a value may come from and which one wins; check; help, man page and completions.

use crate::support::{Ended, Folder, Program, Start};

/// Each page says where the choice of it came from.
fn folder() -> Folder {
    let folder = Folder::new();
    for source in ["file", "environment", "flag"] {
        folder.file(format!("root/{source}.html"), source.as_bytes());
    }
    folder.file(
        "tallyd.toml",
        b"root = \"root\"\nlisten = [\"127.0.0.1:0\"]\nindex = [\"file.html\"]\n",
    );
    folder
}

fn served(start: Start) -> String {
    let server = start.start();
    let text = server.get("/").text();
    server.stop();
    text
}

fn printed(args: &[&str]) -> String {
    let ended = Start::bare().args(args).run();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stderr.is_empty(), "{ended:#?}");
    ended.stdout.join("\n")
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let folder = folder();
    let config = folder.join("tallyd.toml");
    let file = || Start::bare().arg("-c").arg(&config);
    let environment = || file().env("TALLYD_INDEX", "environment.html");
    let flag = || environment().args(&["--index", "flag.html"]);
    assert_eq!(served(file()), "file");
    assert_eq!(served(environment()), "environment");
    assert_eq!(served(flag()), "flag");
}

#[test]
fn the_environment_can_name_the_file() {
    let folder = folder();
    let start = Start::bare().env("TALLYD_CONFIG", folder.join("tallyd.toml"));
    assert_eq!(served(start), "file");
}

#[test]
fn what_the_file_switches_on_a_flag_switches_off() {
    let folder = Folder::new();
    folder.file(
        "tallyd.toml",
        b"listing = true\nlisten = [\"127.0.0.1:0\"]\nroot = \".\"\n",
    );
    let config = folder.join("tallyd.toml");
    let status = |start: Start| {
        let server = start.start();
        let status = server.get("/").status;
        server.stop();
        status
    };
    assert_eq!(status(Start::bare().arg("-c").arg(&config)), 200);
    let off = Start::bare().arg("-c").arg(&config).arg("--listing=false");
    assert_eq!(status(off), 404);
}

#[test]
fn a_mistake_in_the_environment_names_the_variable() {
    let folder = Folder::with_index();
    let start = Start::serving(folder.path()).env("TALLYD_KEEP_ALIVE", "soon");
    let ended = start.run();
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.stderr[0].contains("TALLYD_KEEP_ALIVE"), "{ended:#?}");
    let start = Start::serving(folder.path()).env("TALLYD_PORRT", "1");
    let ended = start.run();
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.stderr[0].contains("TALLYD_PORRT"), "{ended:#?}");
}

#[test]
fn check_prints_every_mistake_with_its_line_and_column() {
    let folder = Folder::new();
    let text =
        "port = 70000\nporrt = 1\n\n[types]\nhtml = 3\n\n[hosts.\"a.example\"]\nlistng = true\n";
    let config = folder.file("tallyd.toml", text.as_bytes());
    let Ended { code, stderr, .. } = Start::bare().arg("check").arg("-c").arg(&config).run();
    assert_eq!(code, Some(2), "{stderr:#?}");
    let expected = [
        ("1:8", "\"70000\" is not a port"),
        ("2:1", "unknown key \"porrt\" (did you mean \"port\"?)"),
        ("5:8", "expected text"),
        ("7:8", "host \"a.example\" has no root"),
        ("8:1", "unknown key \"listng\" (did you mean \"listing\"?)"),
    ];
    for (place, words) in expected {
        let begin = format!("{}:{place}: ", config.display());
        let found = stderr
            .iter()
            .any(|line| line.starts_with(&begin) && line.contains(words));
        assert!(found, "no {begin}{words} in {stderr:#?}");
    }
    assert_eq!(stderr.len(), expected.len(), "{stderr:#?}");
}

#[test]
fn check_accepts_what_the_server_accepts_and_serves_nothing() {
    let folder = folder();
    let ended = Start::bare()
        .args(&["check", "-c"])
        .arg(folder.join("tallyd.toml"))
        .run();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(!ended.stdout.iter().any(|line| line.starts_with("Serving")));
}

#[test]
fn a_configuration_file_that_is_missing_is_named() {
    for args in [
        &["check", "-c", "/nowhere/tallyd.toml"][..],
        &["-c", "/nowhere/tallyd.toml"],
    ] {
        let ended = Start::bare().args(args).run();
        assert_eq!(ended.code, Some(2), "{ended:#?}");
        assert!(
            ended.stderr[0].contains("/nowhere/tallyd.toml"),
            "{ended:#?}"
        );
    }
}

#[test]
fn the_printed_defaults_are_a_configuration_that_is_right() {
    let folder = Folder::new();
    let defaults = printed(&["check", "--defaults"]);
    let config = folder.file("defaults.toml", defaults.as_bytes());
    let ended = Start::bare().args(&["check", "-c"]).arg(config).run();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(defaults.contains("\nkeep-alive = \"3s\"\n"), "{defaults}");
}

#[test]
fn help_is_short_or_long_and_names_what_people_rely_on() {
    let (short, long) = (printed(&["-h"]), printed(&["--help"]));
    assert!(short.lines().count() < long.lines().count());
    for flag in [
        "--root",
        "--port",
        "--listen",
        "--config",
        "--workers",
        "--keep-alive",
        "--access-log",
        "--log-format",
        "--log-level",
        "--error-pages",
        "--listing",
        "--spa",
        "--post",
    ] {
        assert!(short.contains(flag) && long.contains(flag), "no {flag}");
    }
}

#[test]
fn a_flag_that_nobody_knows_is_wrong_usage() {
    let ended = Start::bare().arg("--prot").run();
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.stderr.join("\n").contains("--port"), "{ended:#?}");
}

#[test]
fn the_man_page_has_every_option_of_the_help() {
    let page = printed(&["generate", "man"]).replace("\\-", "-");
    assert!(page.contains(".TH tallyd 1"), "{page}");
    let help = printed(&["--help"]);
    let words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    for option in words.filter(|word| word.starts_with("--") && word.len() > 4) {
        assert!(page.contains(option), "no {option} in the man page");
    }
}

#[test]
fn bash_completes_options_from_the_generated_completions() {
    let script = "eval \"$0\"; COMP_WORDS=(tallyd --list); COMP_CWORD=1
        _tallyd tallyd --list tallyd; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let completions = printed(&["generate", "completions", "bash"]);
    let found = Program::new("bash")
        .args(&["-c", script, &completions])
        .output();
    let mut found: Vec<&str> = found.lines().collect();
    found.sort_unstable();
    assert_eq!(found, ["--listen", "--listing", "--listing-counts"]);
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let completions = printed(&["generate", "completions", shell]);
        assert!(completions.contains("listing"), "{shell}");
    }
}
