//! One column of the files' counts, added up over a range of days: from packed days where there are some, from rows
//! where there are none. The sums are the same either way; a pack that is damaged is passed over.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, OptionalExtension, params};

use super::Range;
use super::top::days_kept;
use crate::ledger::pack::{self, Column, Span, block_of};

/// Rows of files are numbered one after the other, so sums lie side by side up to this number: 16 MB at most, however
/// a ledger was edited. Beyond, they are in a map.
const NEAR: usize = 1 << 20;

/// A sum for each file that has anything on the days.
#[derive(Debug, Default)]
pub(super) struct Sums {
    /// By number of the row.
    near: Vec<Option<i64>>,
    far: HashMap<i64, i64>,
}

impl Sums {
    /// Adds up a column; of [`Column::Files`] all sums are 0.
    pub(super) fn read(
        connection: &Connection,
        range: Range,
        column: Column,
    ) -> rusqlite::Result<Sums> {
        let mut sums = Sums::default();
        for piece in pieces(connection, range)? {
            match piece {
                Piece::Packed(span) if sums.add_pack(connection, span, column)? => {}
                Piece::Packed(span) => sums.add_rows(connection, span.days(), column)?,
                Piece::Rows(first, last) => sums.add_rows(connection, (first, last), column)?,
            }
        }
        Ok(sums)
    }

    /// The sum of a file, if it has anything on the days.
    pub(super) fn of(&self, file: i64) -> Option<i64> {
        let near = usize::try_from(file)
            .ok()
            .and_then(|place| self.near.get(place));
        match near {
            Some(sum) => *sum,
            None => self.far.get(&file).copied(),
        }
    }

    /// Every file with its sum.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, i64)> {
        let near = (0..).zip(&self.near);
        let near = near.filter_map(|(file, sum)| Some((file, (*sum)?)));
        near.chain(self.far.iter().map(|(file, sum)| (*file, *sum)))
    }

    #[inline]
    fn add(&mut self, file: i64, more: i64) {
        let place = usize::try_from(file).ok().filter(|place| *place < NEAR);
        let Some(place) = place else {
            match self.far.entry(file) {
                Entry::Occupied(mut held) => *held.get_mut() = held.get().wrapping_add(more),
                Entry::Vacant(free) => drop(free.insert(more)),
            }
            return;
        };
        if place >= self.near.len() {
            self.near.resize((place + 1).next_power_of_two(), None);
        }
        if let Some(sum) = self.near.get_mut(place) {
            *sum = Some(sum.unwrap_or(0).wrapping_add(more));
        }
    }

    /// Adds a pack. False, and nothing is added, if it is damaged.
    fn add_pack(
        &mut self,
        connection: &Connection,
        span: Span,
        column: Column,
    ) -> rusqlite::Result<bool> {
        let files = data(connection, span, Column::Files)?;
        let numbers = data(connection, span, column)?;
        let decoded =
            pack::decode(span, Column::Files, &files).zip(pack::decode(span, column, &numbers));
        let Some((files, numbers)) =
            decoded.filter(|(files, numbers)| files.len() == numbers.len())
        else {
            return Ok(false);
        };
        match column {
            Column::Files => pack::files(files).for_each(|file| self.add(file, 0)),
            _ => pack::files(files)
                .zip(numbers)
                .for_each(|(file, number)| self.add(file, number)),
        }
        Ok(true)
    }

    fn add_rows(
        &mut self,
        connection: &Connection,
        (first, last): (i64, i64),
        column: Column,
    ) -> rusqlite::Result<()> {
        let name = match column {
            Column::Files | Column::Hosts => "0",
            Column::Hits => "hits",
            Column::Bytes => "bytes",
            Column::Downloads => "downloads",
            Column::Aborted => "aborted",
        };
        let mut query = connection.prepare_cached(&format!(
            "SELECT file, {name} FROM file_days WHERE day BETWEEN ?1 AND ?2"
        ))?;
        let mut rows = query.query([first, last])?;
        while let Some(row) = rows.next()? {
            self.add(row.get(0)?, row.get(1)?);
        }
        Ok(())
    }
}

/// A column of a pack as it is stored; nothing of it where it is not there.
pub(super) fn data(
    connection: &Connection,
    span: Span,
    column: Column,
) -> rusqlite::Result<Vec<u8>> {
    let (level, number) = span.key();
    let mut query = connection
        .prepare_cached("SELECT data FROM packs WHERE level = ?1 AND number = ?2 AND part = ?3")?;
    let found = query
        .query_row(params![level, number, column as i64], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// What a range is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A pack.
    Packed(Span),
    /// From the first to the last of these days.
    Rows(i64, i64),
}

/// The pieces of a range, each of its days in one of them: blocks where they lie in it as a whole, else days, else rows.
fn pieces(connection: &Connection, range: Range) -> rusqlite::Result<Vec<Piece>> {
    let Some((first, last)) = days_kept(connection, range)? else {
        return Ok(Vec::new());
    };
    let blocks = packed(connection, 1, (block_of(first), block_of(last)))?;
    let days = packed(connection, 0, (first, last))?;
    Ok(chosen(range, (first, last), &blocks, &days))
}

/// The same without packed days: whole blocks, and rows in between. `kept` are the first and the last day.
pub(super) fn blocks(
    connection: &Connection,
    range: Range,
    kept: (i64, i64),
) -> rusqlite::Result<Vec<Piece>> {
    let blocks = packed(connection, 1, (block_of(kept.0), block_of(kept.1)))?;
    Ok(chosen(range, kept, &blocks, &[]))
}

/// The numbers of what is packed on a level, in order.
fn packed(
    connection: &Connection,
    level: i64,
    (first, last): (i64, i64),
) -> rusqlite::Result<Vec<i64>> {
    let mut query = connection.prepare_cached(
        "SELECT number FROM packs WHERE level = ?1 AND number BETWEEN ?2 AND ?3 AND part = 0 ORDER BY number",
    )?;
    query
        .query_map([level, first, last], |row| row.get(0))?
        .collect()
}

/// `blocks` and `days` are what is packed, in order.
fn chosen(range: Range, (first, last): (i64, i64), blocks: &[i64], days: &[i64]) -> Vec<Piece> {
    let (since, until) = range.ends();
    // There is nothing outside of the days that are kept, so a block may reach beyond them, but not beyond the range.
    let whole = blocks
        .iter()
        .map(|block| Span::Block(*block))
        .filter(|block| {
            let (begins, ends) = block.days();
            since <= begins && ends <= until
        });
    let mut pieces = Vec::new();
    let mut at = first;
    for block in whole {
        let (begins, ends) = block.days();
        if at < begins {
            add_days(&mut pieces, (at, begins - 1), days);
        }
        pieces.push(Piece::Packed(block));
        let Some(next) = ends.checked_add(1) else {
            return pieces;
        };
        at = next;
    }
    add_days(&mut pieces, (at, last), days);
    pieces
}

/// Days one by one where they are packed, and as rows in between.
fn add_days(pieces: &mut Vec<Piece>, (first, last): (i64, i64), days: &[i64]) {
    let begin = days.partition_point(|day| *day < first);
    let mut at = first;
    for &day in days.iter().skip(begin).take_while(|day| **day <= last) {
        if at < day {
            pieces.push(Piece::Rows(at, day - 1));
        }
        pieces.push(Piece::Packed(Span::Day(day)));
        let Some(next) = day.checked_add(1) else {
            return;
        };
        at = next;
    }
    if at <= last {
        pieces.push(Piece::Rows(at, last));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(since: i64, until: i64) -> Range {
        Range {
            since: Some(since),
            until: Some(until),
        }
    }

    /// Every day of each piece, in order.
    fn days_of(pieces: &[Piece]) -> Vec<i64> {
        let days = |piece: &Piece| match *piece {
            Piece::Packed(span) => span.days(),
            Piece::Rows(first, last) => (first, last),
        };
        pieces
            .iter()
            .map(days)
            .flat_map(|(first, last)| first..=last)
            .collect()
    }

    #[test]
    fn each_day_of_a_range_is_in_one_piece() {
        let (blocks, days) = ([-1, 1, 2], [-32, -31, -1, 5, 6, 8, 64, 95, 96, 99]);
        for first in -40..110 {
            for last in first..110 {
                let pieces = chosen(range(first, last), (first, last), &blocks, &days);
                assert_eq!(days_of(&pieces), (first..=last).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn whole_blocks_come_before_days_and_these_before_rows() {
        let pieces = chosen(range(30, 99), (30, 99), &[1, 2], &[31, 32, 96, 98]);
        let expected = [
            Piece::Rows(30, 30),
            Piece::Packed(Span::Day(31)),
            Piece::Packed(Span::Block(1)),
            Piece::Packed(Span::Block(2)),
            Piece::Packed(Span::Day(96)),
            Piece::Rows(97, 97),
            Piece::Packed(Span::Day(98)),
            Piece::Rows(99, 99),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn a_block_may_reach_beyond_the_days_that_are_kept() {
        let open = Range {
            since: None,
            until: Some(70),
        };
        let pieces = chosen(open, (40, 66), &[1, 2], &[64]);
        let expected = [
            Piece::Packed(Span::Block(1)),
            Piece::Packed(Span::Day(64)),
            Piece::Rows(65, 66),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn sums_of_rows_with_any_number_are_kept() {
        let mut sums = Sums::default();
        for file in [1, 7, i64::MAX, -1] {
            sums.add(file, 2);
            sums.add(file, 3);
        }
        assert_eq!(
            (sums.of(1), sums.of(i64::MAX), sums.of(-1)),
            (Some(5), Some(5), Some(5))
        );
        assert_eq!(
            (sums.of(2), sums.of(900), sums.of(i64::MIN)),
            (None, None, None)
        );
        let mut all: Vec<_> = sums.iter().collect();
        all.sort_unstable();
        assert_eq!(all, [(-1, 5), (1, 5), (7, 5), (i64::MAX, 5)]);
    }
}
