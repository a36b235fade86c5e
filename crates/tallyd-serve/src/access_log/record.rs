//! A record: what one line is made of, as the worker leaves it for the writer.
//!
//! A block holds many records and, in one piece of memory, all their texts: noting a reply allocates
//! nothing once the block has grown to its working size.

use tallyd_http::request::Version;

use crate::receipt::{Client, Receipt};

/// The fixed part of a record.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Who asked.
    pub client: Client,
    /// Status that was sent.
    pub status: u16,
    /// Hit number, or 0 if it was none.
    pub hit: u64,
    /// What happened.
    pub receipt: Receipt,
    /// Of the protocol; nothing for what was no request.
    pub version: Option<Version>,
}

/// The texts of a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Entry<'a> {
    /// The account's path of a hit, else empty.
    pub path: &'a [u8],
    /// Method as it was sent.
    pub method: &'a [u8],
    /// Target as it was sent; what could not be read as a request, its first line.
    pub target: &'a [u8],
    /// Host asked for.
    pub host: &'a [u8],
    /// Range asked for.
    pub range: &'a [u8],
    /// Referer field.
    pub referrer: &'a [u8],
    /// User-Agent field.
    pub agent: &'a [u8],
}

impl<'a> Entry<'a> {
    /// All of them, in the order in which they are kept.
    #[must_use]
    pub fn texts(&self) -> [&'a [u8]; 7] {
        [
            self.path,
            self.method,
            self.target,
            self.host,
            self.range,
            self.referrer,
            self.agent,
        ]
    }

    /// How long each is. They are parts of a head, which is at most some KiB.
    #[must_use]
    pub fn lengths(texts: &[&[u8]; 7]) -> [u32; 7] {
        texts.map(|text| u32::try_from(text.len()).unwrap_or(0))
    }

    /// Takes the texts of these lengths from the start of `rest`.
    #[must_use]
    pub fn split(rest: &mut &'a [u8], lengths: [u32; 7]) -> Entry<'a> {
        let [path, method, target, host, range, referrer, agent] = lengths.map(|length| {
            let (text, after) = rest
                .split_at_checked(length as usize)
                .unwrap_or((*rest, &[]));
            *rest = after;
            text
        });
        Entry {
            path,
            method,
            target,
            host,
            range,
            referrer,
            agent,
        }
    }
}

/// Many records.
#[derive(Debug, Default)]
pub struct Block {
    records: Vec<(Record, [u32; 7])>,
    text: Vec<u8>,
}

impl Block {
    /// Bytes that it takes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text.len() + self.records.len() * size_of::<(Record, [u32; 7])>()
    }

    /// Whether there is no record in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Adds a record.
    pub fn push(&mut self, record: Record, entry: &Entry<'_>) {
        let texts = entry.texts();
        for text in &texts {
            self.text.extend_from_slice(text);
        }
        self.records.push((record, Entry::lengths(&texts)));
    }

    /// Forgets the records, keeps the memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.text.clear();
    }

    /// All records with their texts, in order.
    pub fn records(&self) -> impl Iterator<Item = (&Record, Entry<'_>)> {
        let mut rest = self.text.as_slice();
        self.records.iter().map(move |(record, lengths)| {
            let entry = Entry::split(&mut rest, *lengths);
            (record, entry)
        })
    }
}
