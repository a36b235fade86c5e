//! Packed days in their table: made when a day is closed, dropped with whatever changes it.
//!
//! Promises: a pack that is there says what the rows of its days say. So everything that writes to `file_days` or
//! `site_referrers` drops the packs of those days in the same transaction. One call of [`Packer::step`] makes one pack at most.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::ledger::pack::{self, Column, Entry, Span, block_of, hosts};

/// Packs that are dropped at once when old days are removed.
const STEP: i64 = 200;

/// What is known of the packs that are missing.
#[derive(Debug, Default)]
pub(super) struct Packer {
    /// None is missing among the days before this one.
    done: Option<i64>,
    /// A look for missing ones, as far as it has come.
    look: Option<Look>,
}

#[derive(Debug)]
struct Look {
    /// The days before this one are to be packed.
    before: i64,
    /// Days from here on have their packs.
    days: i64,
    /// But for these, which were changed since. They wait for the next look, so that this one comes to its end.
    late: BTreeSet<i64>,
}

impl Packer {
    /// Whether the last look has found nothing missing.
    pub(super) fn is_done(&self) -> bool {
        self.done.is_some()
    }

    /// Something may be missing: packs were dropped, or somebody else has written.
    pub(super) fn doubt(&mut self) {
        *self = Packer::default();
    }

    /// A day was changed. That ends no look that is under way.
    pub(super) fn changed(&mut self, day: i64) {
        match &mut self.look {
            Some(look) if (look.days..look.before).contains(&day) => drop(look.late.insert(day)),
            Some(_) => {}
            None if self.done.is_some_and(|before| day < before) => self.doubt(),
            None => {}
        }
    }

    /// Makes one pack among the days before `before`, the latest first: the last month is asked for more than the last
    /// year. Blocks come when all days are packed.
    pub(super) fn step(
        &mut self,
        connection: &mut Connection,
        before: i64,
    ) -> rusqlite::Result<()> {
        if self.done == Some(before) {
            return Ok(());
        }
        // Only what was committed is known: an error leaves nothing.
        let known = std::mem::take(self);
        let look = known.look.filter(|look| look.before == before);
        let mut look = look.unwrap_or(Look {
            before,
            days: before,
            late: BTreeSet::new(),
        });
        let mut next = Packer::default();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if let Some(day) = missing_day(&transaction, look.days)? {
            pack_day(&transaction, day)?;
            look.days = day;
            next.look = Some(look);
        } else if let Some(block) = missing_block(&transaction, &look)? {
            match pack_block(&transaction, block)? {
                Some(unfit) => drop_days(&transaction, [unfit])?,
                None => next.look = Some(look),
            }
        } else {
            next.done = Some(before);
        }
        transaction.commit()?;
        *self = next;
        Ok(())
    }
}

/// Drops what is packed of these days.
pub(super) fn drop_days(
    connection: &Connection,
    days: impl IntoIterator<Item = i64>,
) -> rusqlite::Result<()> {
    let mut drop =
        connection.prepare_cached("DELETE FROM packs WHERE level = ?1 AND number = ?2")?;
    let mut last = None;
    for day in days {
        let block = block_of(day);
        drop.execute(<[i64; 2]>::from(Span::Day(day).key()))?;
        if last.replace(block) != Some(block) {
            drop.execute(<[i64; 2]>::from(Span::Block(block).key()))?;
        }
    }
    Ok(())
}

/// Drops the packs that end before this day, in steps that are short enough for others to post between them.
pub(super) fn drop_before(connection: &Connection, before: i64) -> rusqlite::Result<()> {
    let mut drop = connection.prepare_cached(
        "DELETE FROM packs WHERE rowid IN
             (SELECT rowid FROM packs WHERE level = ?1 AND number < ?2 ORDER BY number LIMIT ?3)",
    )?;
    for (level, number) in [(0, before), (1, block_of(before))] {
        while drop.execute([level, number, STEP])? > 0 {}
    }
    Ok(())
}

/// The latest day before `before` that has rows and no pack.
fn missing_day(connection: &Connection, mut before: i64) -> rusqlite::Result<Option<i64>> {
    let mut latest = connection.prepare_cached("SELECT max(day) FROM file_days WHERE day < ?1")?;
    while let Some(day) = latest.query_row([before], |row| row.get::<_, Option<i64>>(0))? {
        if !is_packed(connection, Span::Day(day))? {
            return Ok(Some(day));
        }
        before = day;
    }
    Ok(None)
}

/// The latest block that ends before those days end that are to be packed, has packed days, none that is late, and is
/// not packed itself.
fn missing_block(connection: &Connection, look: &Look) -> rusqlite::Result<Option<i64>> {
    let mut latest = connection
        .prepare_cached("SELECT max(number) FROM packs WHERE level = 0 AND number < ?1")?;
    let (mut end, _) = Span::Block(block_of(look.before)).days();
    while let Some(day) = latest.query_row([end], |row| row.get::<_, Option<i64>>(0))? {
        let block = Span::Block(block_of(day));
        let (first, last) = block.days();
        let is_late = look.late.range(first..=last).next().is_some();
        if !is_late && !is_packed(connection, block)? {
            return Ok(Some(block_of(day)));
        }
        end = first;
    }
    Ok(None)
}

fn is_packed(connection: &Connection, span: Span) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM packs WHERE level = ?1 AND number = ?2 AND part = 0")?
        .exists(<[i64; 2]>::from(span.key()))
}

fn pack_day(transaction: &Transaction<'_>, day: i64) -> rusqlite::Result<()> {
    let mut query = transaction.prepare_cached(
        "SELECT file, sum(hits), sum(bytes), sum(downloads), sum(aborted) FROM file_days
         WHERE day = ?1 GROUP BY file ORDER BY file",
    )?;
    let entries = query
        .query_map([day], |row| {
            let sums = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
            Ok((row.get(0)?, sums))
        })?
        .collect::<rusqlite::Result<Vec<Entry>>>()?;
    put(transaction, Span::Day(day), &entries)
}

/// Packs a block from its days: from each that has rows, since somebody else may have dropped the pack of one just now.
/// If one of them is damaged or not packed, nothing is packed, and its number is returned.
fn pack_block(transaction: &Transaction<'_>, block: i64) -> rusqlite::Result<Option<i64>> {
    let (first, last) = Span::Block(block).days();
    let mut latest =
        transaction.prepare_cached("SELECT max(day) FROM file_days WHERE day BETWEEN ?1 AND ?2")?;
    let mut entries = Vec::new();
    let mut until = last;
    while let Some(day) = latest.query_row([first, until], |row| row.get::<_, Option<i64>>(0))? {
        match read(transaction, day)? {
            Some(more) => entries = merged(&entries, &more),
            None => return Ok(Some(day)),
        }
        until = day.saturating_sub(1);
    }
    put(transaction, Span::Block(block), &entries)?;
    pack_hosts(transaction, block)?;
    Ok(None)
}

/// From their rows: there are few of them, and a day can have some of files that are forgotten.
fn pack_hosts(transaction: &Transaction<'_>, block: i64) -> rusqlite::Result<()> {
    let span = Span::Block(block);
    let mut sums = BTreeMap::<(String, String), i64>::new();
    let mut query = transaction.prepare_cached(
        "SELECT site, host, hits FROM site_referrers WHERE day BETWEEN ?1 AND ?2",
    )?;
    let mut rows = query.query(<[i64; 2]>::from(span.days()))?;
    while let Some(row) = rows.next()? {
        let sum = sums.entry((row.get(0)?, row.get(1)?)).or_default();
        *sum = sum.wrapping_add(row.get(2)?);
    }
    let hosts = sums
        .iter()
        .map(|((site, host), hits)| (site.as_str(), host.as_str(), *hits));
    write(
        transaction,
        span,
        Column::Hosts,
        &hosts::encode(span, hosts),
    )
}

/// A packed day; nothing if it is damaged.
fn read(connection: &Connection, day: i64) -> rusqlite::Result<Option<Vec<Entry>>> {
    let mut query = connection
        .prepare_cached("SELECT data FROM packs WHERE level = 0 AND number = ?1 AND part = ?2")?;
    let mut column = |column: Column| {
        query
            .query_row(params![day, column as i64], |row| row.get::<_, Vec<u8>>(0))
            .optional()
            .map(Option::unwrap_or_default)
    };
    let files = column(Column::Files)?;
    let [hits, bytes, downloads, aborted] = [
        column(Column::Hits)?,
        column(Column::Bytes)?,
        column(Column::Downloads)?,
        column(Column::Aborted)?,
    ];
    let decoded = |column, bytes| pack::decode(Span::Day(day), column, bytes);
    let whole = || {
        let files = decoded(Column::Files, &files)?;
        let count = files.len();
        let sums = decoded(Column::Hits, &hits)?
            .zip(decoded(Column::Bytes, &bytes)?)
            .zip(decoded(Column::Downloads, &downloads)?)
            .zip(decoded(Column::Aborted, &aborted)?)
            .map(|(((hits, bytes), downloads), aborted)| [hits, bytes, downloads, aborted]);
        let entries: Vec<Entry> = pack::files(files).zip(sums).collect();
        (entries.len() == count).then_some(entries)
    };
    Ok(whole())
}

/// Both together, one entry for each file, in their order.
fn merged(one: &[Entry], other: &[Entry]) -> Vec<Entry> {
    let mut merged: Vec<Entry> = Vec::with_capacity(one.len().max(other.len()));
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    loop {
        let takes_one = match (one.peek(), other.peek()) {
            (Some((a, _)), Some((b, _))) => a <= b,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return merged,
        };
        let next = if takes_one { one.next() } else { other.next() };
        let Some((file, sums)) = next else {
            return merged;
        };
        match merged.last_mut() {
            Some((last, held)) if last == file => {
                for (held, more) in held.iter_mut().zip(sums) {
                    *held = held.wrapping_add(*more);
                }
            }
            _ => merged.push((*file, *sums)),
        }
    }
}

fn put(transaction: &Transaction<'_>, span: Span, entries: &[Entry]) -> rusqlite::Result<()> {
    pack::encode(span, entries)
        .iter()
        .try_for_each(|(column, data)| write(transaction, span, *column, data))
}

fn write(
    transaction: &Transaction<'_>,
    span: Span,
    column: Column,
    data: &[u8],
) -> rusqlite::Result<()> {
    let (level, number) = span.key();
    transaction
        .prepare_cached("INSERT OR REPLACE INTO packs VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![level, number, column as i64, data])?;
    Ok(())
}
