//! From an offset in a text to its line and column.

use crate::config::problem::Position;

/// A text and where its lines start. Made once: a file with many mistakes asks often.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Lines<'a> {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(after_breaks.map(|(at, _)| at + 1))
            .collect();
        Lines { text, starts }
    }

    /// Counted in characters, from 1.
    pub(super) fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        // No editor counts the mark that some put in front of a file.
        let column = before.trim_start_matches('\u{feff}').chars().count() + 1;
        Position { line, column }
    }
}
