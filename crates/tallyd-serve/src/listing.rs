//! Directory listings: read, sorted and written in pieces on the blocking pool.
//!
//! Counts are not looked up here: a listing that shows them says which files it needs them of, and is told, or
//! told that there is no answer. Then it goes on without.
//!
//! Promises: the first piece needs no look at the entries, so the first byte leaves at once, however
//! large the directory. No piece holds a thread while a client is slow. Shown is what would be served:
//! no hidden names, no special files, no links that are refused.

mod html;
mod json;
mod rows;

use std::sync::Arc;

use tallyd_http::accept::Listing as Format;
use tallyd_ledger::report::Totals;

use crate::tree::{NamesIn, Root};
use rows::{Names, Row};

/// How a listing is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// HTML or JSON.
    pub format: Format,
    /// In which order.
    pub order: Order,
    /// What is shown of a file.
    pub columns: Columns,
}

/// What a listing shows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// Its name, length and time.
    Facts,
    /// And how often it was downloaded and hit.
    Counts,
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
    /// By downloads.
    Downloads,
    /// By hits.
    Hits,
}

impl Key {
    const ALL: [(Key, &'static str); 5] = [
        (Key::Name, "name"),
        (Key::Size, "size"),
        (Key::Time, "time"),
        (Key::Downloads, "downloads"),
        (Key::Hits, "hits"),
    ];

    /// What of a file's totals it sorts by; nothing if it is none of them.
    fn total(self) -> Option<fn(&Totals) -> u64> {
        match self {
            Key::Name | Key::Size | Key::Time => None,
            Key::Downloads => Some(|totals| totals.downloads),
            Key::Hits => Some(|totals| totals.hits),
        }
    }

    /// Whether the largest comes first if nobody says otherwise: of counts it is what anybody looks for.
    fn begins_descending(self) -> bool {
        self.total().is_some()
    }
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
    /// The order asked for by `sort=name|size|time|downloads|hits&order=asc|desc`; by name for anything else, and for
    /// what is not shown.
    #[must_use]
    pub fn of_query(query: &[u8], columns: Columns) -> Order {
        let value = |name: &[u8]| {
            let mut pairs = query.split(|&byte| byte == b'&');
            pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix(b"="))
        };
        let asked = value(b"sort").unwrap_or_default();
        let is_shown = |key: Key| columns == Columns::Counts || key.total().is_none();
        let known = Key::ALL
            .iter()
            .find(|(key, word)| word.as_bytes() == asked && is_shown(*key));
        let key = known.map_or(Key::Name, |(key, _)| *key);
        Order {
            key,
            descending: match value(b"order") {
                Some(b"desc") => true,
                Some(b"asc") => false,
                _ => key.begins_descending(),
            },
        }
    }
}

/// Entries for each piece: some 50 KB of HTML.
const ROWS: usize = 256;

/// Files whose totals are asked for at once before they are sorted by: some 20 ms of the ledger.
const WEIGHED: usize = 4_096;

/// A listing that is being written.
#[derive(Debug)]
pub struct Listing {
    place: Place,
    view: View,
    stage: Stage,
    shown: usize,
    told: Told,
}

/// What a listing does next.
#[derive(Debug)]
pub enum Step {
    /// This is sent.
    Piece(Vec<u8>),
    /// The totals of these files are needed: [`Listing::tell`].
    Ask(Vec<Vec<u8>>),
    /// That was all.
    End,
}

/// What was answered to [`Step::Ask`].
#[derive(Debug)]
enum Told {
    /// It has not been asked for, or is used already.
    Nothing,
    Totals(Vec<Totals>),
    /// There is no answer: numbers are left out from here on.
    Silence,
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

impl Place {
    /// A way to look at what is in it; nothing if it is gone.
    fn names(&self) -> Option<NamesIn<'_>> {
        self.root.names_in(&self.relative).ok()
    }
}

#[derive(Debug)]
enum Stage {
    Start,
    Reading,
    /// What the entries are sorted by is asked for, as far as it is known.
    Weighing(Names, Vec<u64>),
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
            told: Told::Nothing,
        }
    }

    /// Answers the question of the last step: the totals in the order that was asked for, or nothing if nobody knows.
    pub fn tell(&mut self, totals: Option<Vec<Totals>>) {
        self.told = totals.map_or(Told::Silence, Told::Totals);
    }

    /// The next step. An error while reading ends it: the client sees that the last chunk is missing.
    pub fn step(&mut self) -> Result<Step, rustix::io::Errno> {
        let mut out = Vec::new();
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Start => {
                self.head(&mut out);
                self.stage = Stage::Reading;
            }
            Stage::Reading => {
                let names = Names::read(&self.place)?;
                self.stage = Stage::Weighing(names, Vec::new());
                return self.step();
            }
            Stage::Weighing(names, weights) => return self.weigh(names, weights),
            Stage::Rows(mut names) => {
                let wanted = match (self.view.columns, &self.told) {
                    (Columns::Counts, Told::Nothing) => names.next_paths(&self.place, ROWS),
                    _ => Vec::new(),
                };
                if !wanted.is_empty() {
                    self.stage = Stage::Rows(names);
                    return Ok(Step::Ask(wanted));
                }
                out.reserve(64 * 1024);
                let totals = self.take_totals();
                if let Some(rows) = names.next_rows(&self.place, ROWS, totals.as_deref()) {
                    self.rows(&rows, &mut out);
                    self.stage = Stage::Rows(names);
                } else {
                    self.tail(&mut out);
                }
            }
            Stage::Done => return Ok(Step::End),
        }
        Ok(Step::Piece(out))
    }

    /// Sorts the entries, by totals as soon as they are known.
    fn weigh(
        &mut self,
        mut names: Names,
        mut weights: Vec<u64>,
    ) -> Result<Step, rustix::io::Errno> {
        if let Some(total) = self.view.order.key.total()
            && !matches!(self.told, Told::Silence)
        {
            let told = self.take_totals().unwrap_or_default();
            weights.extend(told.iter().map(total));
            let wanted = names.paths(&self.place, weights.len(), WEIGHED);
            if !wanted.is_empty() {
                self.stage = Stage::Weighing(names, weights);
                return Ok(Step::Ask(wanted));
            }
        }
        names.sort(&self.place, self.view.order, &weights);
        self.stage = Stage::Rows(names);
        self.step()
    }

    fn take_totals(&mut self) -> Option<Vec<Totals>> {
        match std::mem::replace(&mut self.told, Told::Nothing) {
            Told::Totals(totals) => Some(totals),
            Told::Nothing => None,
            Told::Silence => {
                self.told = Told::Silence;
                None
            }
        }
    }

    fn head(&self, out: &mut Vec<u8>) {
        match self.view.format {
            Format::Html => html::head(&self.place, self.view, out),
            Format::Json => json::head(&self.place, out),
        }
    }

    fn rows(&mut self, rows: &[Row<'_>], out: &mut Vec<u8>) {
        for row in rows {
            match self.view.format {
                Format::Html => html::row(row, self.view.columns, out),
                Format::Json => {
                    json::row(&self.place, row, self.view.columns, self.shown == 0, out);
                }
            }
            self.shown += 1;
        }
    }

    fn tail(&self, out: &mut Vec<u8>) {
        match self.view.format {
            Format::Html => html::tail(self.shown, self.view.columns, out),
            Format::Json => json::tail(out),
        }
    }
}

#[cfg(test)]
mod tests;
