//! How a page looks where it is shown: how wide, how high, in which colours. And tables, aligned.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use rustix::termios::tcgetwinsize;

use super::text::width;

/// Where a page is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// Columns; none where nothing is to be cut, as in a pipe.
    pub(super) columns: Option<usize>,
    /// Lines.
    pub(super) lines: Option<usize>,
    /// Whether some words are bold and others faint.
    pub(super) styled: bool,
}

/// What a terminal has at least, and where its size is not known.
const LEAST: (usize, usize) = (40, 8);
const USUAL: (usize, usize) = (80, 24);

impl Look {
    /// As standard output is now.
    pub(super) fn of_stdout() -> Look {
        Look::of(&io::stdout())
    }

    /// As this stream is now.
    pub(super) fn of(stream: &(impl AsFd + IsTerminal)) -> Look {
        if !stream.is_terminal() {
            return Look::default();
        }
        let (columns, lines) = size(stream);
        Look {
            columns: Some(columns.max(LEAST.0)),
            lines: Some(lines.max(LEAST.1)),
            styled: is_styled(env::var_os("NO_COLOR"), env::var_os("TERM")),
        }
    }

    /// Headlines.
    pub(super) fn strong(self, text: &str) -> String {
        self.wrapped("\x1b[1m", text)
    }

    /// What explains.
    pub(super) fn faint(self, text: &str) -> String {
        self.wrapped("\x1b[2m", text)
    }

    fn wrapped(self, begin: &str, text: &str) -> String {
        if !self.styled || text.is_empty() {
            return text.to_owned();
        }
        format!("{begin}{text}\x1b[0m")
    }

    /// Columns to fill, also where nothing is cut.
    pub(super) fn usual_columns(self) -> usize {
        self.columns.unwrap_or(USUAL.0)
    }
}

/// Columns that this terminal really has: for what can be neither cut nor wrapped. None where nothing is to be cut.
pub(super) fn room(stream: &(impl AsFd + IsTerminal)) -> Option<usize> {
    stream.is_terminal().then(|| size(stream).0)
}

/// Columns and lines that a terminal really has; the usual ones where it does not say.
pub(super) fn size(terminal: impl AsFd) -> (usize, usize) {
    match tcgetwinsize(terminal) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        }
        _ => USUAL,
    }
}

/// See no-color.org: any value but an empty one.
fn is_styled(no_color: Option<OsString>, term: Option<OsString>) -> bool {
    no_color.is_none_or(|value| value.is_empty()) && term.is_none_or(|term| term != "dumb")
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Of words.
    Left(&'static str),
    /// Of numbers.
    Right(&'static str),
}

/// Space between two columns.
pub(super) const GAP: usize = 2;

/// The lines of a table: its titles, then its rows. Nothing stands behind the last word of a line.
pub(super) fn table(columns: &[Column], rows: &[Vec<String>]) -> Vec<String> {
    let title = |column: &Column| match column {
        Column::Left(title) | Column::Right(title) => (*title).to_owned(),
    };
    let titles: Vec<String> = columns.iter().map(title).collect();
    let all = || std::iter::once(&titles).chain(rows);
    let wide = |place: usize| {
        let cells = all().filter_map(|row| row.get(place));
        cells.map(|cell| width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(wide).collect();
    all().map(|row| line(columns, &widths, row)).collect()
}

fn line(columns: &[Column], widths: &[usize], row: &[String]) -> String {
    let mut line = String::new();
    for (place, ((column, wide), cell)) in columns.iter().zip(widths).zip(row).enumerate() {
        if place > 0 {
            line.push_str(&" ".repeat(GAP));
        }
        let space = " ".repeat(wide.saturating_sub(width(cell)));
        match column {
            Column::Left(_) => line.extend([cell.as_str(), &space]),
            Column::Right(_) => line.extend([&space, cell.as_str()]),
        }
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let rows = [["1", "語"], ["1,234", "b"]].map(|row| row.map(str::to_owned).to_vec());
        let lines = table(&[Column::Right("Hits"), Column::Left("Path")], &rows);
        assert_eq!(lines, [" Hits  Path", "    1  語", "1,234  b"]);
        let lines = table(&[Column::Left("a"), Column::Right("b")], &rows);
        assert_eq!(lines, ["a       b", "1      語", "1,234   b"]);
    }

    #[test]
    fn style_is_for_those_who_want_it() {
        assert!(is_styled(None, Some("xterm".into())));
        assert!(is_styled(Some("".into()), None));
        assert!(!is_styled(Some("1".into()), None));
        assert!(!is_styled(None, Some("dumb".into())));
        let look = Look {
            styled: true,
            ..Look::default()
        };
        assert_eq!(look.strong("a"), "\x1b[1ma\x1b[0m");
        assert_eq!(Look::default().faint("a"), "a");
    }
}
