//! `tallyd generate`: the man page and shell completions, from the same description as the help.

use std::io::{self, Write};

use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::args::{self, help::SECTIONS};

/// Writes the man page.
pub(crate) fn man(out: &mut dyn Write) -> io::Result<()> {
    let command = args::command();
    let commands = commands(&command);
    let page = Man::new(command).manual("tallyd");
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    commands.to_writer(out)?;
    page.render_options_section(out)?;
    end().to_writer(out)
}

/// All on one page: clap_mangen would point to a page for each command.
fn commands(command: &clap::Command) -> Roff {
    let mut page = Roff::new();
    page.control("SH", ["COMMANDS"]);
    for command in command.get_subcommands() {
        page.control("TP", []);
        page.text([bold(format!("tallyd {}", command.get_name()))]);
        let about = command.get_long_about().or(command.get_about());
        page.text([roman(about.map(ToString::to_string).unwrap_or_default())]);
    }
    page
}

/// The sections below the options, with their lines as they are.
fn end() -> Roff {
    let mut page = Roff::new();
    for (heading, text) in SECTIONS {
        page.control("SH", [heading.to_uppercase().as_str()]);
        page.control("nf", []);
        page.text([roman(*text)]);
        page.control("fi", []);
    }
    page
}

/// Writes completions for `shell`. Made in memory first: clap_complete panics where a pipe is closed early.
pub(crate) fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "tallyd", &mut text);
    out.write_all(&text)
}
