//! `tallyd generate`: the man page and shell completions, from the same description as the help.

use std::io::{self, Write};

use clap::builder::PossibleValue;
use clap::{Arg, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::args::{self, help::SECTIONS};

/// Writes the man page.
pub(crate) fn man(out: &mut dyn Write) -> io::Result<()> {
    let mut command = args::command();
    // Only then do the commands have the options that they share.
    command.build();
    let commands = commands(&command);
    let page = Man::new(command).manual("tallyd");
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    commands.to_writer(out)?;
    end().to_writer(out)
}

/// All on one page: clap_mangen would point to a page for each command.
fn commands(command: &Command) -> Roff {
    let mut page = Roff::new();
    page.control("SH", ["COMMANDS"]);
    describe_commands(&mut page, command, command.get_name());
    page
}

fn describe_commands(page: &mut Roff, parent: &Command, called: &str) {
    for command in parent.get_subcommands() {
        let name = format!("{called} {}", command.get_name());
        if !command.is_subcommand_required_set() {
            describe(page, parent, command, &name);
        }
        describe_commands(page, command, &name);
    }
}

/// One command: how it is called, what it does, and what only it understands.
fn describe(page: &mut Roff, parent: &Command, command: &Command, name: &str) {
    let (shared, own): (Vec<&Arg>, Vec<&Arg>) = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && arg.get_id() != "help")
        .partition(|arg| is_of(parent, arg));
    page.control("SS", [usage(command, name).as_str()]);
    let about = command.get_long_about().or(command.get_about());
    paragraphs(page, &about.map(ToString::to_string).unwrap_or_default());
    let (places, options): (Vec<&Arg>, Vec<&Arg>) =
        own.into_iter().partition(|arg| arg.is_positional());
    for arg in places.into_iter().chain(options) {
        page.control("TP", []);
        page.text(title(arg));
        page.text([roman(explanation(arg))]);
    }
    if let Some(sentence) = of_others(&shared) {
        paragraphs(page, &sentence);
    }
    if let Some(end) = command.get_after_long_help() {
        page.control("PP", []);
        lines(page, &end.to_string());
    }
}

/// Whether the command above has the same argument; one that only has the same name may mean something else.
fn is_of(parent: &Command, arg: &Arg) -> bool {
    let is_same =
        |other: &Arg| other.get_id() == arg.get_id() && other.get_help() == arg.get_help();
    parent.get_arguments().any(is_same)
}

fn usage(command: &Command, name: &str) -> String {
    let has_options = |arg: &Arg| !arg.is_positional() && arg.get_id() != "help";
    let options = command.get_arguments().any(has_options);
    let mut usage = name.to_owned();
    usage.push_str(if options { " [OPTIONS]" } else { "" });
    for arg in command.get_positionals() {
        let value = arg.get_id().as_str();
        usage.push_str(&if arg.is_required_set() {
            format!(" {value}")
        } else {
            format!(" [{value}]")
        });
    }
    usage
}

/// What is typed, with the name of its value.
fn title(arg: &Arg) -> Vec<Inline> {
    if arg.is_positional() {
        return vec![italic(arg.get_id().as_str())];
    }
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let mut title = Vec::new();
    for name in [short, long].into_iter().flatten() {
        if !title.is_empty() {
            title.push(roman(", "));
        }
        title.push(bold(name));
    }
    if arg.get_action().takes_values() {
        for value in arg.get_value_names().unwrap_or_default() {
            title.extend([roman(" "), italic(format!("<{value}>"))]);
        }
    }
    title
}

fn explanation(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let words = arg.get_possible_values();
    let words: Vec<&str> = words.iter().map(PossibleValue::get_name).collect();
    if words.is_empty() {
        return help;
    }
    format!("{help} [possible values: {}]", words.join(", "))
}

/// What was said above of options that a command shares: with its group, or, all of them, with the server.
fn of_others(shared: &[&Arg]) -> Option<String> {
    let names = shared.iter().filter(|arg| arg.is_global_set());
    let names = names.filter_map(|arg| Some(format!("--{}", arg.get_long()?)));
    let names = names.collect::<Vec<_>>().join(", ");
    match (shared, names.is_empty()) {
        ([], _) => None,
        (_, true) => Some("And the options of the server, as above.".to_owned()),
        (_, false) => Some(format!("And, as above: {names}.")),
    }
}

fn paragraphs(page: &mut Roff, text: &str) {
    for paragraph in text.split("\n\n") {
        page.control("PP", []);
        page.text([roman(paragraph)]);
    }
}

/// Text whose lines stay as they are.
fn lines(page: &mut Roff, text: &str) {
    page.control("nf", []);
    page.text([roman(text)]);
    page.control("fi", []);
}

/// The sections below the options, with their lines as they are.
fn end() -> Roff {
    let mut page = Roff::new();
    for (heading, text) in SECTIONS {
        page.control("SH", [heading.to_uppercase().as_str()]);
        lines(&mut page, text);
    }
    page
}

/// Writes completions for `shell`. Made in memory first: clap_complete panics where a pipe is closed early.
pub(crate) fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "tallyd", &mut text);
    out.write_all(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands on the page from one heading to the next.
    fn section(heading: &str) -> String {
        let mut page = Vec::new();
        man(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap().replace("\\-", "-");
        let mut sections = page.split("\n.S").map(str::to_owned);
        let start = format!("S \"{heading}\"\n");
        let found = sections.find(|section| section.starts_with(&start));
        found.unwrap_or_else(|| panic!("no {heading} in\n{page}"))
    }

    #[test]
    fn the_man_page_has_a_section_for_each_command_with_what_it_understands() {
        for (heading, expected) in [
            ("tallyd check [OPTIONS] [DIR]", &["--defaults"][..]),
            (
                "tallyd stats [OPTIONS] [PATH]",
                &["--state", "--config", "--since", "--explain", "The words:"],
            ),
            (
                "tallyd stats purge [OPTIONS]",
                &["--before", "--yes", "--state"],
            ),
            (
                "tallyd stats forget [OPTIONS] PATH",
                &["PATH", "-y", "--host"],
            ),
            ("tallyd generate man", &["tallyd.1"]),
            (
                "tallyd generate completions SHELL",
                &["SHELL", "bash", "zsh"],
            ),
        ] {
            let section = section(heading);
            for words in expected {
                assert!(section.contains(words), "no {words} in\n{section}");
            }
        }
    }

    #[test]
    fn every_option_of_a_command_is_in_its_section_or_said_to_be_above() {
        let mut command = args::command();
        command.build();
        let stats = command.find_subcommand("stats").unwrap();
        let all = section("tallyd stats [OPTIONS] [PATH]");
        let options = stats.get_arguments().filter(|arg| !arg.is_positional());
        for arg in options.filter(|arg| arg.get_id() != "help") {
            let flag = format!("--{}\\fR", arg.get_long().unwrap());
            assert!(all.contains(&flag), "no {flag} in\n{all}");
        }
        let check = section("tallyd check [OPTIONS] [DIR]");
        assert!(check.contains("the options of the server"), "{check}");
        assert!(
            !check.contains("--port"),
            "they are not said twice: {check}"
        );
    }
}
