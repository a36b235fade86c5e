//! Directory listings: read, sorted and written in pieces on the blocking pool.
//!
//! Promises: the first piece needs no look at the entries, so the first byte leaves at once, however
//! large the directory. No piece holds a thread while a client is slow. Shown is what would be served:
//! no hidden names, no special files, no links that are refused.

mod html;
mod json;
mod rows;

use std::sync::Arc;

use tallyd_http::accept::Listing as Format;

use crate::tree::Root;
use rows::{Names, Row};

/// How a listing is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// HTML or JSON.
    pub format: Format,
    /// In which order.
    pub order: Order,
}

impl View {
    /// The media type of this view.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self.format {
            Format::Html => "text/html; charset=utf-8",
            Format::Json => "application/json",
        }
    }
}

/// What a listing is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// By name, byte by byte.
    Name,
    /// By length.
    Size,
    /// By modification time.
    Time,
}

impl Key {
    const ALL: [(Key, &'static str); 3] = [
        (Key::Name, "name"),
        (Key::Size, "size"),
        (Key::Time, "time"),
    ];
}

/// The order of a listing; directories always come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// What it is sorted by.
    pub key: Key,
    /// Largest, newest or last first.
    pub descending: bool,
}

impl Order {
    /// The order asked for by `sort=name|size|time&order=asc|desc`; by name for anything else.
    #[must_use]
    pub fn of_query(query: &[u8]) -> Order {
        let value = |name: &[u8]| {
            let mut pairs = query.split(|&byte| byte == b'&');
            pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix(b"="))
        };
        let asked = value(b"sort").unwrap_or_default();
        let known = Key::ALL.iter().find(|(_, word)| word.as_bytes() == asked);
        Order {
            key: known.map_or(Key::Name, |(key, _)| *key),
            descending: value(b"order") == Some(b"desc"),
        }
    }
}

/// Entries for each piece: some 50 KB of HTML.
const ROWS: usize = 256;

/// A listing that is being written.
#[derive(Debug)]
pub struct Listing {
    place: Place,
    view: View,
    stage: Stage,
    shown: usize,
}

/// The directory that is listed.
#[derive(Clone, Debug)]
pub struct Place {
    /// The tree it is in.
    pub root: Arc<Root>,
    /// Where, below the root.
    pub relative: Vec<u8>,
    /// Its path as it is asked for, with both slashes.
    pub path: Vec<u8>,
}

impl Place {
    /// The directory at `relative` in `root`.
    #[must_use]
    pub fn new(root: Arc<Root>, relative: Vec<u8>) -> Place {
        let mut path = b"/".to_vec();
        if relative != b"." {
            path.extend_from_slice(&relative);
            path.push(b'/');
        }
        Place {
            root,
            relative,
            path,
        }
    }
}

#[derive(Debug)]
enum Stage {
    Start,
    Reading,
    Rows(Names),
    Done,
}

impl Listing {
    /// A listing of `place`, of which nothing has been read yet.
    #[must_use]
    pub fn new(place: Place, view: View) -> Listing {
        Listing {
            place,
            view,
            stage: Stage::Start,
            shown: 0,
        }
    }

    /// The next piece, or nothing if that was all. An error while reading ends it: the client sees that
    /// the last chunk is missing.
    pub fn piece(&mut self) -> Result<Option<Vec<u8>>, rustix::io::Errno> {
        let mut out = Vec::with_capacity(64 * 1024);
        self.stage = match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Start => {
                self.head(&mut out);
                Stage::Reading
            }
            Stage::Reading => {
                self.stage = Stage::Rows(Names::read(&self.place, self.view.order)?);
                return self.piece();
            }
            Stage::Rows(mut names) => {
                if let Some(rows) = names.next_rows(&self.place, ROWS) {
                    self.rows(&rows, &mut out);
                    Stage::Rows(names)
                } else {
                    self.tail(&mut out);
                    Stage::Done
                }
            }
            Stage::Done => return Ok(None),
        };
        Ok(Some(out))
    }

    fn head(&self, out: &mut Vec<u8>) {
        match self.view.format {
            Format::Html => html::head(&self.place, self.view.order, out),
            Format::Json => json::head(&self.place, out),
        }
    }

    fn rows(&mut self, rows: &[Row<'_>], out: &mut Vec<u8>) {
        for row in rows {
            match self.view.format {
                Format::Html => html::row(row, out),
                Format::Json => json::row(&self.place, row, self.shown == 0, out),
            }
            self.shown += 1;
        }
    }

    fn tail(&self, out: &mut Vec<u8>) {
        match self.view.format {
            Format::Html => html::tail(self.shown, out),
            Format::Json => json::tail(out),
        }
    }
}

#[cfg(test)]
mod tests;
