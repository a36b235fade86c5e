//! What is wrong in a mix file, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    file: PathBuf,
    place: Option<Place>,
    what: String,
}

/// A place in a text, in characters, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    line: usize,
    column: usize,
}

impl Mistake {
    /// `what` is wrong at a place, or with the file as a whole.
    pub(super) fn new(file: &Path, place: Option<Place>, what: impl Into<String>) -> Mistake {
        Mistake {
            file: file.to_owned(),
            place,
            what: what.into(),
        }
    }

    pub(super) fn place(&self) -> Option<Place> {
        self.place
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Where editors look for it, and still nothing that moves the cursor of a terminal.
        write!(out, "{}", self.file.to_string_lossy().escape_debug())?;
        if let Some(Place { line, column }) = self.place {
            write!(out, ":{line}:{column}")?;
        }
        write!(out, ": {}", self.what)
    }
}

/// Where the lines of a text start. Made once: a file with many mistakes asks often.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Lines<'a> {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(after_breaks).collect();
        Lines { text, starts }
    }

    /// The place of `offset`.
    pub(super) fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1));
        let before = start.and_then(|start| self.text.get(*start..offset));
        // No editor counts the mark that some put in front of a file.
        let before = before.unwrap_or_default().trim_start_matches('\u{feff}');
        let column = before.chars().count() + 1;
        Place { line, column }
    }
}
