//! The whole default configuration as a commented TOML file, made from the table of options.

use super::options::{Definition, GROUPS};

/// Where comments are wrapped.
const WIDTH: usize = 98;

const HEAD: &str = "\
# The configuration of tallyd, with every option at its default.
#
# Environment variables (TALLYD_LOG_FORMAT for log-format) win over this file, and flags (--log-format) win
# over both. Relative paths are relative to the directory of this file.
";

/// A file that says what holds anyway: reading it gives `Config::default()`.
pub fn defaults_toml() -> String {
    let mut text = HEAD.to_owned();
    for group in GROUPS {
        text.push_str("\n\n");
        comment(&mut text, &format!("---- {} ----", group.heading));
        for option in group.options {
            text.push('\n');
            entry(&mut text, option);
        }
    }
    text
}

fn entry(text: &mut String, option: &Definition) {
    comment(text, &format!("{}.", option.help));
    comment(text, option.long);
    comment(
        text,
        &format!(
            "Example: {} = {}",
            option.name,
            option.in_toml(option.example)
        ),
    );
    text.push_str(&format!(
        "{} = {}\n",
        option.name,
        option.in_toml(option.default)
    ));
}

fn comment(text: &mut String, words: &str) {
    let mut width = 0;
    for word in words.split_whitespace() {
        if width > 0 && width + word.len() >= WIDTH {
            text.push('\n');
            width = 0;
        }
        text.push_str(if width == 0 { "# " } else { " " });
        text.push_str(word);
        width += word.len() + 1;
    }
    text.push('\n');
}
