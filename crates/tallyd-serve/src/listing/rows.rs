//! The entries of a directory: which are shown, in which order, and their facts.
//!
//! Names lie in one piece of memory, 8 bytes beside each: a listing that a client reads slowly keeps no
//! more than that. Facts are looked up when a row is written, and once before if they are sorted by.

use std::cmp::Ordering;
use std::mem::MaybeUninit;

use rustix::fs::{FileType, RawDir};
use rustix::io::Errno;

use super::{Key, Order, Place};
use crate::locate::join;
use crate::tree::{Kind, Patience};

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
}

impl Row<'_> {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.length.is_none()
    }
}

impl Names {
    /// Reads the directory at `place` and puts it in order.
    pub fn read(place: &Place, order: Order) -> Result<Names, Errno> {
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
        names.sort(place, order);
        names.text.shrink_to_fit();
        names.entries.shrink_to_fit();
        Ok(names)
    }

    /// The rows of the next `count` entries that would be served, each looked at the same way as a
    /// request for it would be. Nothing when all have been shown.
    pub fn next_rows(&mut self, place: &Place, count: usize) -> Option<Vec<Row<'_>>> {
        let from = self.next;
        if from >= self.entries.len() {
            return None;
        }
        self.next = self.entries.len().min(from + count);
        let some = self.entries.get(from..self.next).unwrap_or_default();
        Some(
            some.iter()
                .filter_map(|entry| self.row(entry, place))
                .collect(),
        )
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

    fn row(&self, entry: &Entry, place: &Place) -> Option<Row<'_>> {
        let name = self.name(entry);
        let relative = join(&place.relative, name);
        let (length, modified) = match place.root.look(&relative, Patience::Disk).ok()? {
            Kind::File(stamp) => (Some(stamp.length), Some(stamp.modified_seconds())),
            Kind::Directory => (None, None),
            Kind::Special => return None,
        };
        Some(Row {
            name,
            length,
            modified,
        })
    }

    /// Directories first, then by what is asked for, then by name.
    fn sort(&mut self, place: &Place, order: Order) {
        let facts = |entry: &Entry| -> Option<(bool, i128, Entry)> {
            // By name no entry needs to be looked at.
            if order.key == Key::Name {
                return Some((entry.directory, 0, *entry));
            }
            let row = self.row(entry, place)?;
            let fact = match order.key {
                Key::Size => row.length.map_or(0, i128::from),
                Key::Name | Key::Time => row.modified.map_or(0, i128::from),
            };
            Some((row.is_directory(), fact, *entry))
        };
        let mut all: Vec<(bool, i128, Entry)> = self.entries.iter().filter_map(facts).collect();
        all.sort_unstable_by(|(a_directory, a_fact, a), (b_directory, b_fact, b)| {
            let names = self.name(a).cmp(self.name(b));
            let asked = match order.key {
                Key::Name => turned(names, order.descending),
                Key::Size | Key::Time => turned(a_fact.cmp(b_fact), order.descending).then(names),
            };
            b_directory.cmp(a_directory).then(asked)
        });
        self.entries = all.into_iter().map(|(_, _, entry)| entry).collect();
    }
}

fn turned(ordering: Ordering, descending: bool) -> Ordering {
    if descending {
        ordering.reverse()
    } else {
        ordering
    }
}
