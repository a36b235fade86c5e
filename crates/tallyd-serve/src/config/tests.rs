//! Tests of the configuration: each gives a file, an environment and flags, and sees what `load` makes of them.

mod counts;
mod errors;
mod examples;
mod layers;
mod values;

use std::path::Path;

use super::load::over_file;
use super::{Config, Flag, Problem, Sources, file, options};

/// What a test brings. The file is called `config.toml` and lies in the working directory.
#[derive(Clone, Copy, Default)]
struct Typed<'a> {
    file: &'a str,
    environment: &'a [(&'a str, &'a str)],
    flags: &'a [(&'a str, &'a str)],
}

fn load(typed: Typed<'_>) -> Result<Config, Vec<Problem>> {
    let mut problems = Vec::new();
    let layer = file::parse(
        Path::new("config.toml"),
        typed.file.as_bytes(),
        &mut problems,
    );
    let flag = |(name, value): &(&str, &str)| Flag {
        option: options::find(name).expect(name).name,
        shown: format!("--{name}"),
        value: value.into(),
    };
    let variable = |(name, value): &(&str, &str)| (name.into(), value.into());
    let sources = Sources {
        file: None,
        environment: typed.environment.iter().map(variable).collect(),
        flags: typed.flags.iter().map(flag).collect(),
    };
    over_file(layer, problems, sources)
}

fn from_file(file: &str) -> Result<Config, Vec<Problem>> {
    load(Typed {
        file,
        ..Typed::default()
    })
}

/// The Config of a file that is right.
fn config(file: &str) -> Config {
    match from_file(file) {
        Ok(config) => config,
        Err(problems) => panic!("{file}\n{}", lines(&problems)),
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// Sees that exactly these problems are found, one on each line.
fn check(typed: Typed<'_>, expected: &str) {
    let found = match load(typed) {
        Ok(_) => String::new(),
        Err(problems) => lines(&problems),
    };
    let expected: Vec<&str> = expected
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(
        found,
        expected.join("\n"),
        "\nof this file:\n{}",
        typed.file
    );
}
