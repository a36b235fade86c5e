//! What a person should know of a log that was read: what of it is not replayed, and why.
//!
//! Promises: what a log holds is shown escaped and cut, and never more than a few lines of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::line::Condition;
use crate::amounts::{grouped, several, span};

/// Lines that are shown.
const SHOWN: usize = 3;

/// Letters of a line that are shown.
const LONGEST: usize = 120;

/// Methods that are told apart.
const METHODS: usize = 8;

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) lines: u64,
    unreadable: u64,
    shown: Vec<String>,
    others: BTreeMap<String, u64>,
    first_bytes: u64,
    unchanged: u64,
}

impl Notes {
    /// The line at hand can't be read.
    pub(super) fn unreadable(&mut self, bytes: &[u8]) {
        self.unreadable += 1;
        if self.shown.len() < SHOWN {
            let line = shown(bytes);
            self.shown.push(format!("line {}: {line}", self.lines));
        }
    }

    /// The line at hand was asked by another method.
    pub(super) fn other(&mut self, method: &str) {
        let is_known = self.others.contains_key(method) || self.others.len() < METHODS;
        let method = if is_known { method } else { "others" };
        *self.others.entry(method.to_owned()).or_default() += 1;
    }

    /// The line at hand is replayed.
    pub(super) fn requested(&mut self, condition: &Condition) {
        match condition {
            Condition::First(_) => self.first_bytes += 1,
            Condition::Unchanged => self.unchanged += 1,
            Condition::None | Condition::Range(_) => {}
        }
    }

    /// Why no line of it can be replayed.
    pub(super) fn why_nothing(&self) -> String {
        if self.lines == 0 {
            return "it is empty".into();
        }
        let mut why = String::from("no line of it can be replayed");
        for note in self.of_lines() {
            why.push_str("; ");
            why.push_str(&note);
        }
        why
    }

    /// All of it, when so many lines are replayed that span this time.
    pub(super) fn said(&self, log: &Path, replayed: usize, over: Option<Duration>) -> Vec<String> {
        let log = shown(log.as_os_str().as_encoded_bytes());
        let over = over.map_or(String::new(), |over| format!(", which span {}", span(over)));
        let lines = several(self.lines, "line", "lines");
        let replayed = grouped(replayed as u64);
        let mut said = vec![format!("{log}: {replayed} of {lines} are replayed{over}")];
        said.extend(self.of_lines());
        if self.first_bytes > 0 {
            said.push(format!(
                "{} of status 206 without the range that was asked for: the first bytes are, as many as were sent",
                several(self.first_bytes, "line", "lines")
            ));
        }
        if self.unchanged > 0 {
            said.push(format!(
                "{} of status 304: asked again with If-None-Match: *",
                several(self.unchanged, "line", "lines")
            ));
        }
        said
    }

    fn of_lines(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.others.is_empty() {
            let all: u64 = self.others.values().sum();
            let mut others = self.others.iter();
            let mut named = String::new();
            for (method, count) in &mut others {
                let comma = if named.is_empty() { "" } else { ", " };
                named.push_str(&format!(
                    "{comma}{} {}",
                    shown(method.as_bytes()),
                    grouped(*count)
                ));
            }
            let lines = several(all, "line", "lines");
            notes.push(format!(
                "{lines} of other methods than GET and HEAD: {named}"
            ));
        }
        if self.unreadable > 0 {
            let lines = several(self.unreadable, "line", "lines");
            let first = self.shown.join("; ");
            notes.push(format!("{lines} could not be read; {first}"));
        }
        notes
    }
}

/// As it can be shown on a terminal: escaped, and cut.
fn shown(bytes: &[u8]) -> String {
    let bytes = bytes.get(..bytes.len().min(LONGEST)).unwrap_or_default();
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
        if text.len() >= LONGEST {
            text.truncate(LONGEST);
            text.push_str("...");
            break;
        }
    }
    text
}
