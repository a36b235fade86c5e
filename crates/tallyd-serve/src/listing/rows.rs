//! The rows of a listing: which entries are shown, their facts, and their order.

use std::cmp::Ordering;
use std::mem::MaybeUninit;

use rustix::fs::{FileType, RawDir};
use rustix::io::Errno;

use super::{Key, Order, Place};
use crate::locate::join;
use crate::tree::{Kind, Patience};

/// An entry of which no more than the name is known.
#[derive(Debug)]
pub struct Name {
    bytes: Vec<u8>,
    directory: bool,
}

/// An entry as it is shown.
#[derive(Debug)]
pub struct Row {
    /// Its name within the directory.
    pub name: Vec<u8>,
    /// Nothing for a directory.
    pub length: Option<u64>,
    /// Seconds since 1970; nothing for a directory.
    pub modified: Option<i64>,
}

impl Row {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.length.is_none()
    }
}

/// The names in a directory that may be shown.
pub fn names(place: &Place) -> Result<Vec<Name>, Errno> {
    let (directory, kind) = place.root.read(&place.relative)?;
    if kind != Kind::Directory {
        return Err(Errno::NOTDIR);
    }
    let mut names = Vec::new();
    let mut buffer = [MaybeUninit::uninit(); 32 * 1024];
    let mut entries = RawDir::new(directory, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !name.starts_with(b".") || name == b".well-known" {
            names.push(Name {
                bytes: name.to_vec(),
                directory: entry.file_type() == FileType::Directory,
            });
        }
    }
    Ok(names)
}

impl Name {
    /// Its row, if it would be served: looked at the same way as a request for it would be.
    pub fn row(&self, place: &Place) -> Option<Row> {
        let relative = join(&place.relative, &self.bytes);
        let (length, modified) = match place.root.look(&relative, Patience::Disk).ok()? {
            Kind::File(stamp) => (Some(stamp.length), Some(stamp.modified_seconds())),
            Kind::Directory => (None, None),
            Kind::Special => return None,
        };
        Some(Row {
            name: self.bytes.clone(),
            length,
            modified,
        })
    }
}

/// Directories first, then by name.
pub fn by_name(a: &Name, b: &Name, descending: bool) -> Ordering {
    let names = turned(a.bytes.cmp(&b.bytes), descending);
    b.directory.cmp(&a.directory).then(names)
}

/// Directories first, then by the facts, then by name.
pub fn by_facts(a: &Row, b: &Row, order: Order) -> Ordering {
    let facts = match order.key {
        Key::Name => Ordering::Equal,
        Key::Size => a.length.cmp(&b.length),
        Key::Time => a.modified.cmp(&b.modified),
    };
    let directories = b.is_directory().cmp(&a.is_directory());
    directories
        .then(turned(facts, order.descending))
        .then_with(|| a.name.cmp(&b.name))
}

fn turned(ordering: Ordering, descending: bool) -> Ordering {
    if descending {
        ordering.reverse()
    } else {
        ordering
    }
}
