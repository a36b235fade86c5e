//! Packed days: what was counted of each file on one day, or on 32 days together, as columns of short numbers.
//!
//! They hold nothing that the rows do not: a report over a year reads some twenty of them instead of millions of rows.
//! Promises: what was written is read back, or is seen to be damaged; damaged bytes never panic. Knows no SQL.

pub(crate) mod hosts;

use crate::varint;

/// How many days are packed together on the second level; the first day of such a block is a multiple of it.
pub(crate) const BLOCK: i64 = 32;

/// Bytes of the checksum, which comes first.
const SUM: usize = 8;

/// Which days a pack is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// One day, since 1970.
    Day(i64),
    /// The days from this number times [`BLOCK`] on.
    Block(i64),
}

impl Span {
    /// The numbers by which it is stored: level and number.
    pub(crate) fn key(self) -> (i64, i64) {
        match self {
            Span::Day(day) => (0, day),
            Span::Block(block) => (1, block),
        }
    }

    /// Its first and its last day.
    pub(crate) fn days(self) -> (i64, i64) {
        match self {
            Span::Day(day) => (day, day),
            // No block goes beyond the last day: see `block_of`.
            Span::Block(block) => {
                let first = block.saturating_mul(BLOCK);
                (first, first.saturating_add(BLOCK - 1))
            }
        }
    }
}

/// The block that a day belongs to.
pub(crate) fn block_of(day: i64) -> i64 {
    day.div_euclid(BLOCK)
}

/// A column; each is stored by itself, since a report needs two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// The row numbers of the files that have anything on these days, ascending. The others are in the same order.
    Files = 0,
    /// Hits.
    Hits = 1,
    /// Bytes.
    Bytes = 2,
    /// Downloads.
    Downloads = 3,
    /// Aborted hits.
    Aborted = 4,
    /// Where the hits of each site came from; only of blocks.
    Hosts = 5,
}

/// A file and its sums: hits, bytes, downloads, aborted.
pub(crate) type Entry = (i64, [i64; 4]);

/// All columns of `entries`, which are in the order of their files.
pub(crate) fn encode(span: Span, entries: &[Entry]) -> [(Column, Vec<u8>); 5] {
    let mut before = 0;
    let files = entries.iter().map(|(file, _)| {
        let step = file.wrapping_sub(before);
        before = *file;
        step
    });
    let files = (Column::Files, column(span, Column::Files, files));
    let sums = |of: Column, pick: fn(&[i64; 4]) -> i64| {
        let numbers = entries.iter().map(|(_, sums)| pick(sums));
        (of, column(span, of, numbers))
    };
    [
        files,
        sums(Column::Hits, |[hits, ..]| *hits),
        sums(Column::Bytes, |[_, bytes, ..]| *bytes),
        sums(Column::Downloads, |[_, _, downloads, _]| *downloads),
        sums(Column::Aborted, |[.., aborted]| *aborted),
    ]
}

fn column(span: Span, column: Column, numbers: impl ExactSizeIterator<Item = i64>) -> Vec<u8> {
    let mut out = vec![0; SUM];
    varint::put(&mut out, numbers.len() as u64);
    for number in numbers {
        // A negative sum is none of ours, but comes back as it was.
        varint::put(&mut out, number.cast_unsigned());
    }
    sealed(span, column, out)
}

/// A column with its checksum, for which room was left.
fn sealed(span: Span, column: Column, mut out: Vec<u8>) -> Vec<u8> {
    let sum = checksum(span, column, out.get(SUM..).unwrap_or_default());
    if let Some(place) = out.first_chunk_mut() {
        *place = sum;
    }
    out
}

/// What is behind the checksum, if that is right.
fn checked(span: Span, column: Column, bytes: &[u8]) -> Option<&[u8]> {
    let (sum, rest) = bytes.split_first_chunk::<SUM>()?;
    (*sum == checksum(span, column, rest)).then_some(rest)
}

/// The numbers of a stored column; nothing if it is damaged, or is another column than this.
pub(crate) fn decode(span: Span, column: Column, bytes: &[u8]) -> Option<Numbers<'_>> {
    let mut rest = checked(span, column, bytes)?;
    let left = usize::try_from(varint::take(&mut rest)?).ok()?;
    // Each takes a byte at least.
    (left <= rest.len()).then_some(Numbers { left, rest })
}

/// The numbers of one column.
#[derive(Debug)]
pub(crate) struct Numbers<'a> {
    left: usize,
    rest: &'a [u8],
}

impl Iterator for Numbers<'_> {
    type Item = i64;

    #[inline]
    fn next(&mut self) -> Option<i64> {
        self.left = self.left.checked_sub(1)?;
        // Most are small: two of three need one byte.
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte < 0x80
        {
            self.rest = rest;
            return Some(i64::from(byte));
        }
        varint::take(&mut self.rest).map(u64::cast_signed)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Numbers<'_> {}

/// The files of a column of files.
pub(crate) fn files(numbers: Numbers<'_>) -> impl Iterator<Item = i64> {
    numbers.scan(0_i64, |file, step| {
        *file = file.wrapping_add(step);
        Some(*file)
    })
}

/// Against accidents, not against forgers. Each word is mixed in by steps that can be undone, so that one word that is
/// wrong is always noticed; eight bytes at a time, because a report may read tens of megabytes.
fn checksum(span: Span, column: Column, bytes: &[u8]) -> [u8; SUM] {
    let (level, number) = span.key();
    let place = [level, number, column as i64].map(i64::cast_unsigned);
    let (words, tail) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    let mix =
        |sum: u64, word: u64| (sum.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let sum = place.into_iter().fold(bytes.len() as u64, mix);
    let sum = words
        .iter()
        .fold(sum, |sum, word| mix(sum, u64::from_le_bytes(*word)));
    let sum = mix(sum, u64::from_le_bytes(last));
    (sum ^ sum >> 32).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<Entry> {
        vec![
            (1, [3, 1_000, 1, 0]),
            (2, [0, 0, 0, 0]),
            (900, [i64::MAX, 127, 128, -1]),
            (i64::MAX, [1, 2, 3, 4]),
        ]
    }

    fn decoded(span: Span, columns: &[(Column, Vec<u8>)]) -> Option<Vec<Entry>> {
        let read = |at: usize| decode(span, columns[at].0, &columns[at].1);
        let mut sums = [read(1)?, read(2)?, read(3)?, read(4)?];
        let files =
            files(read(0)?).map(|file| (file, sums.each_mut().map(|sum| sum.next().unwrap())));
        Some(files.collect())
    }

    #[test]
    fn what_was_packed_is_read_back() {
        for entries in [Vec::new(), some()] {
            let columns = encode(Span::Day(7), &entries);
            assert_eq!(decoded(Span::Day(7), &columns), Some(entries));
        }
    }

    #[test]
    fn a_column_is_known_by_its_place() {
        let [(_, files), (_, hits), ..] = encode(Span::Day(7), &some());
        assert!(decode(Span::Day(8), Column::Files, &files).is_none());
        assert!(decode(Span::Block(7), Column::Files, &files).is_none());
        assert!(decode(Span::Day(7), Column::Files, &hits).is_none());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let many: Vec<Entry> = (1..90)
            .map(|n| (n * n, [n, n << 20, n / 2, n / 9]))
            .collect();
        for (column, bytes) in encode(Span::Block(-3), &many) {
            for bit in 0..bytes.len() * 8 {
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert!(
                    decode(Span::Block(-3), column, &bytes).is_none(),
                    "bit {bit}"
                );
            }
            for length in 0..bytes.len() {
                assert!(decode(Span::Block(-3), column, &bytes[..length]).is_none());
            }
        }
    }

    #[test]
    fn a_span_knows_its_days() {
        assert_eq!(Span::Day(5).days(), (5, 5));
        assert_eq!(Span::Block(2).days(), (64, 95));
        assert_eq!(Span::Block(-1).days(), (-32, -1));
        for day in [-33, -32, -1, 0, 31, 32, 95] {
            let (first, last) = Span::Block(block_of(day)).days();
            assert!((first..=last).contains(&day), "{day}");
        }
    }
}
