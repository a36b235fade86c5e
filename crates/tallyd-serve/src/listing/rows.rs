//! The entries of a directory: which are shown, in which order, and their facts.
//!
//! Names lie in one piece of memory, 8 bytes beside each: a listing that a client reads slowly keeps no
//! more than that. Facts are looked up when a row is written, and once before if they are sorted by.

use std::cmp::Ordering;
use std::mem::MaybeUninit;

use rustix::fs::{FileType, RawDir};
use rustix::io::Errno;
use tallyd_ledger::report::Totals;

use super::{Key, Order, Place};
use crate::tree::{Kind, NamesIn};

/// The names in a directory that may be shown, and how many of them were.
#[derive(Debug, Default)]
pub struct Names {
    text: Vec<u8>,
    entries: Vec<Entry>,
    next: usize,
}

/// One name, as a part of the text.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    length: u16,
    directory: bool,
}

/// An entry as it is shown.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its name within the directory.
    pub name: &'a [u8],
    /// Nothing for a directory.
    pub length: Option<u64>,
    /// Seconds since 1970; nothing for a directory.
    pub modified: Option<i64>,
    /// How often it was asked for, if that is known.
    pub totals: Option<Totals>,
}

impl Row<'_> {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.length.is_none()
    }
}

impl Names {
    /// Reads the directory at `place`, in no order.
    pub fn read(place: &Place) -> Result<Names, Errno> {
        let (directory, kind) = place.root.read(&place.relative)?;
        if kind != Kind::Directory {
            return Err(Errno::NOTDIR);
        }
        let mut names = Names::default();
        let mut buffer = [MaybeUninit::uninit(); 32 * 1024];
        let mut entries = RawDir::new(directory, &mut buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if !name.starts_with(b".") || name == b".well-known" {
                names.add(name, entry.file_type() == FileType::Directory)?;
            }
        }
        names.text.shrink_to_fit();
        names.entries.shrink_to_fit();
        Ok(names)
    }

    /// The paths of `count` entries from this one on, as they are asked for.
    pub fn paths(&self, place: &Place, from: usize, count: usize) -> Vec<Vec<u8>> {
        let some = self.entries.iter().skip(from).take(count);
        some.map(|entry| [&place.path, self.name(entry)].concat())
            .collect()
    }

    /// The paths of the next `count` entries to be shown.
    pub fn next_paths(&self, place: &Place, count: usize) -> Vec<Vec<u8>> {
        self.paths(place, self.next, count)
    }

    /// The rows of the next `count` entries that would be served, each looked at the same way as a
    /// request for it would be, with their totals where they are known. Nothing when all have been shown.
    pub fn next_rows(
        &mut self,
        place: &Place,
        count: usize,
        totals: Option<&[Totals]>,
    ) -> Option<Vec<Row<'_>>> {
        let from = self.next;
        if from >= self.entries.len() {
            return None;
        }
        self.next = self.entries.len().min(from + count);
        let some = self.entries.get(from..self.next).unwrap_or_default();
        let totals = |number: usize| totals.and_then(|all| all.get(number).copied());
        let names = place.names();
        let rows = some.iter().enumerate().filter_map(|(number, entry)| {
            let row = self.row(entry, names.as_ref()?)?;
            let totals = totals(number).filter(|_| !row.is_directory());
            Some(Row { totals, ..row })
        });
        Some(rows.collect())
    }

    fn add(&mut self, name: &[u8], directory: bool) -> Result<(), Errno> {
        // 4 GiB of names in one directory, or a name longer than the system has them.
        let start = u32::try_from(self.text.len()).map_err(|_| Errno::OVERFLOW)?;
        let length = u16::try_from(name.len()).map_err(|_| Errno::NAMETOOLONG)?;
        self.text.extend_from_slice(name);
        self.entries.push(Entry {
            start,
            length,
            directory,
        });
        Ok(())
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        let start = entry.start as usize;
        self.text
            .get(start..start + usize::from(entry.length))
            .unwrap_or_default()
    }

    fn row(&self, entry: &Entry, names: &NamesIn<'_>) -> Option<Row<'_>> {
        let name = self.name(entry);
        let (length, modified) = match names.look(name).ok()? {
            Kind::File(stamp) => (Some(stamp.length), Some(stamp.modified_seconds())),
            Kind::Directory => (None, None),
            Kind::Special => return None,
        };
        Some(Row {
            name,
            length,
            modified,
            totals: None,
        })
    }

    /// Directories first, then by what is asked for, then by name. `weights` are the totals of the entries, if these
    /// are what is asked for; where there are none, names decide.
    pub fn sort(&mut self, place: &Place, order: Order, weights: &[u64]) {
        // By name or total no entry needs to be looked at.
        let names = match order.key {
            Key::Size | Key::Time => place.names(),
            Key::Name | Key::Downloads | Key::Hits => None,
        };
        let facts = |(number, entry): (usize, &Entry)| -> Option<(bool, i128, Entry)> {
            let looked = || self.row(entry, names.as_ref()?);
            let (is_directory, fact) = match order.key {
                Key::Name => (entry.directory, 0),
                Key::Downloads | Key::Hits => {
                    let weight = weights.get(number).copied().unwrap_or(0);
                    (entry.directory, i128::from(weight))
                }
                Key::Size => looked().map(|row| (row.is_directory(), whole(row.length)))?,
                Key::Time => looked().map(|row| (row.is_directory(), whole(row.modified)))?,
            };
            Some((is_directory, fact, *entry))
        };
        let entries = self.entries.iter().enumerate();
        let mut all: Vec<(bool, i128, Entry)> = entries.filter_map(facts).collect();
        all.sort_unstable_by(|(a_directory, a_fact, a), (b_directory, b_fact, b)| {
            let names = self.name(a).cmp(self.name(b));
            let asked = match order.key {
                Key::Name => turned(names, order.descending),
                _ => turned(a_fact.cmp(b_fact), order.descending).then(names),
            };
            b_directory.cmp(a_directory).then(asked)
        });
        self.entries = all.into_iter().map(|(_, _, entry)| entry).collect();
    }
}

/// A fact that a directory does not have is 0.
fn whole(fact: Option<impl Into<i128>>) -> i128 {
    fact.map_or(0, Into::into)
}

fn turned(ordering: Ordering, descending: bool) -> Ordering {
    if descending {
        ordering.reverse()
    } else {
        ordering
    }
}
