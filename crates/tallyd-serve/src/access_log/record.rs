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
    fn texts(&self) -> [&'a [u8]; 7] {
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
        let lengths = entry.texts().map(|text| {
            self.text.extend_from_slice(text);
            // Each text is part of a head, which is at most some KiB.
            u32::try_from(text.len()).unwrap_or(0)
        });
        self.records.push((record, lengths));
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
            let mut next = |length: u32| {
                let (text, after) = rest
                    .split_at_checked(length as usize)
                    .unwrap_or((rest, &[]));
                rest = after;
                text
            };
            let [path, method, target, host, range, referrer, agent] = lengths.map(&mut next);
            let entry = Entry {
                path,
                method,
                target,
                host,
                range,
                referrer,
                agent,
            };
            (record, entry)
        })
    }
}
