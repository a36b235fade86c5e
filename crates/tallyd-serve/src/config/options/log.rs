//! Options for what is written down.

use super::{Definition, Group, Kind, Set};
use crate::config::typed::Word;
use crate::config::{LogFormat, LogLevel, LogTarget, values};

pub(super) const GROUP: Group = Group {
    heading: "Log",
    options: &[
        Definition {
            name: "access-log",
            short: None,
            value: "FILE",
            kind: Kind::Text,
            default: "-",
            example: "/var/log/tallyd/access.log",
            help: "File for the access log; - is standard output, off is none",
            long: "The file is appended to, and opened anew on SIGUSR1 (for logrotate). A full disk or a stuck pipe \
                never holds up a reply: lines that could not be written are counted, and the count is said.",
            set: Set::Server(|draft, typed| {
                typed
                    .word(target)
                    .map(|target| draft.config.access_log = target)
            }),
        },
        Definition {
            name: "log-format",
            short: None,
            value: "FORMAT",
            kind: Kind::Choice(&["tally", "common", "combined", "json"]),
            default: "tally",
            example: "combined",
            help: "Lines of the access log: tally, common, combined or json",
            long: "\"tally\" has one line for each hit: /path|client address|client port|number, the number being \
                the count of this file. \"common\" and \"combined\" are read by every log tool; \"json\" says most, with \
                the bytes the client really took.",
            set: Set::Server(|draft, typed| {
                typed
                    .one(format)
                    .map(|format| draft.config.log_format = format)
            }),
        },
        Definition {
            name: "log-level",
            short: None,
            value: "LEVEL",
            kind: Kind::Choice(&["error", "warn", "info", "debug"]),
            default: "info",
            example: "debug",
            help: "How much is said on standard error: error, warn, info or debug",
            long: "\"info\" says when the server starts, reloads and stops; \"debug\" says each connection, with the \
                worker that has it.",
            set: Set::Server(|draft, typed| {
                typed.one(level).map(|level| draft.config.log_level = level)
            }),
        },
    ],
};

fn target(word: &Word) -> Result<LogTarget, String> {
    match word.value.to_str() {
        Some("-") => Ok(LogTarget::Stdout),
        Some("off") => Ok(LogTarget::Off),
        _ => word.path().map(LogTarget::File),
    }
}

fn format(text: &str) -> Result<LogFormat, String> {
    values::choice(
        text,
        &[
            ("tally", LogFormat::Tally),
            ("common", LogFormat::Common),
            ("combined", LogFormat::Combined),
            ("json", LogFormat::Json),
        ],
    )
}

fn level(text: &str) -> Result<LogLevel, String> {
    values::choice(
        text,
        &[
            ("error", LogLevel::Error),
            ("warn", LogLevel::Warn),
            ("info", LogLevel::Info),
            ("debug", LogLevel::Debug),
        ],
    )
}
