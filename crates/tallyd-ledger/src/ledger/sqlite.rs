//! The ledger as a SQLite database.
//!
//! One connection writes (the clerk's); whoever reads has one of their own and is never in its way (WAL).

mod check;
mod error;
mod forget;
mod gaps;
mod known;
mod migrate;
mod numbers;
mod open;
mod packs;
mod post;
mod prune;
#[cfg(test)]
mod tests;
mod value;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Ledger, LedgerError};
use crate::batch::{Batch, Positions};
use crate::facts::Version;
use crate::window::{Kind, Window};
use forget::Number;
use known::Known;
use packs::Packer;
use value::{PathBytes, PathRef, count};

pub use numbers::Numbers;
pub(super) use open::{beside, has_log};

/// The log is begun anew at this length, even if readers have to be waited for: those who overlap without a pause
/// would keep SQLite from ever doing so.
const LONG_LOG: i64 = 128 << 20;

/// How long they are waited for; what comes meanwhile is in the journals.
const PAUSE: Duration = Duration::from_secs(2);

/// Between two such waits.
const BETWEEN: Duration = Duration::from_secs(10);

/// The database, for the clerk.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    /// May only read; what the ledger was checked through. Nothing once it was given away, or if the ledger is new.
    reader: Option<Connection>,
    path: PathBuf,
    log: PathBuf,
    /// When the log was last found long.
    shortened: Option<Instant>,
    known: Known,
    packer: Packer,
    kind: Kind,
    /// As of the last call of `changed_outside`.
    generation: i64,
}

impl Sqlite {
    /// Opens the ledger at `path`; creates it if there is none. What is no sound ledger is refused and stays as it is.
    pub fn open(path: &Path) -> Result<Sqlite, LedgerError> {
        let (connection, reader) = open::open_both(path, migrate::STEPS)?;
        let kind = kind(&connection)?;
        let generation = known::generation(&connection)?;
        Ok(Sqlite {
            connection,
            reader,
            path: path.to_owned(),
            log: beside(path, "-wal"),
            shortened: None,
            known: Known::default(),
            packer: Packer::default(),
            kind: kind.unwrap_or(Kind::FirstTouch),
            generation,
        })
    }

    /// Hit numbers for others. Through the connection that the ledger was checked through, as long as it is here: to open
    /// another takes 0.7 ms, of the first answer.
    pub fn numbers(&mut self) -> Numbers {
        Numbers::of(&self.path, self.reader.take())
    }

    /// Says when windows close from now on, those that are open too. To be called before anything is posted.
    pub fn set_window_kind(&mut self, kind: Kind) -> Result<(), LedgerError> {
        self.kind = kind;
        if self::kind(&self.connection)? == Some(kind) {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "INSERT OR REPLACE INTO facts VALUES ('window', ?1)",
            [word(kind)],
        )?;
        recompute_ends(&transaction, kind)?;
        transaction.commit()?;
        Ok(())
    }

    /// Removes all that is known of a path, in one go; false if nothing was. While a server runs on this ledger,
    /// a row with the path's last hit number stays until its next start. Totals of sites stay: they name no path.
    pub fn forget(&mut self, site: &str, path: &[u8], running: bool) -> Result<bool, LedgerError> {
        let number = if running { Number::Keep } else { Number::Drop };
        self.known.clear();
        self.packer.doubt();
        Ok(forget::forget(&mut self.connection, site, path, number)?)
    }

    /// Removes what `forget` left while a server was running. To be called at the start, after recovery and before
    /// any account is opened.
    pub fn sweep_forgotten(&mut self) -> Result<(), LedgerError> {
        self.known.clear();
        self.packer.doubt();
        Ok(forget::sweep(&mut self.connection)?)
    }

    /// Removes all series before a day since 1970, and paths that were not found since.
    pub fn purge(&mut self, before: i64) -> Result<(), LedgerError> {
        self.packer.doubt();
        Ok(prune::purge(&self.connection, before)?)
    }

    /// A value that is kept under a name (of our own, such as `sketch_key`); nothing if there is none.
    pub fn fact(&self, name: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT value FROM facts WHERE name = ?1")?;
        Ok(query.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Keeps a value under a name.
    pub fn keep_fact(&mut self, name: &str, value: &[u8]) -> Result<(), LedgerError> {
        self.connection.execute(
            "INSERT OR REPLACE INTO facts VALUES (?1, ?2)",
            params![name, value],
        )?;
        Ok(())
    }
}

impl Ledger for Sqlite {
    fn positions(&mut self) -> Result<Positions, LedgerError> {
        let fact = |name: &str| {
            self.connection
                .query_row("SELECT value FROM facts WHERE name = ?1", [name], |row| {
                    row.get::<_, i64>(0)
                })
                .optional()
        };
        let mut positions = Positions {
            next_sequence: fact("next_sequence")?.unwrap_or(0).cast_unsigned(),
            segments: Vec::new(),
            latest: fact("latest")?.unwrap_or(0),
        };
        let mut segments = self
            .connection
            .prepare("SELECT sequence, read FROM segments ORDER BY sequence")?;
        let mut open = self
            .connection
            .prepare("SELECT word FROM open_hits WHERE sequence = ?1 ORDER BY word")?;
        let mut rows = segments.query([])?;
        while let Some(row) = rows.next()? {
            let sequence: i64 = row.get(0)?;
            let words = open
                .query_map([sequence], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<u32>>>()?;
            positions
                .segments
                .push((sequence.cast_unsigned(), row.get(1)?, words));
        }
        Ok(positions)
    }

    fn number(&mut self, site: &str, path: &[u8]) -> Result<u64, LedgerError> {
        Ok(number(&self.connection, site, path)?)
    }

    fn window(&mut self, version: &Version, visitor: u64) -> Result<Option<Window>, LedgerError> {
        self.known.refresh(&self.connection)?;
        let Some(row) = self.known.row(&self.connection, version)? else {
            return Ok(None);
        };
        let state: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT state FROM windows WHERE version = ?1 AND visitor = ?2")?
            .query_row(params![row, visitor.cast_signed()], |row| row.get(0))
            .optional()?;
        Ok(state.and_then(|state| Window::decode(&state)))
    }

    fn ended(
        &mut self,
        before: i64,
        most: usize,
    ) -> Result<Vec<(Version, u64, Window)>, LedgerError> {
        let mut query = self.connection.prepare_cached(
            "SELECT site, path, device, inode, length, modified, visitor, state
             FROM windows CROSS JOIN versions ON versions.id = version CROSS JOIN files ON files.id = file
             WHERE ends <= ?1 ORDER BY ends LIMIT ?2",
        )?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut rows = query.query([before, most])?;
        let mut ended = Vec::new();
        while let Some(row) = rows.next()? {
            let visitor: i64 = row.get(6)?;
            let state: Vec<u8> = row.get(7)?;
            // One that makes no sense counts for nothing, and goes: it must not keep the others from being closed.
            let window = Window::decode(&state).unwrap_or_else(Window::nothing);
            ended.push((version(row)?, visitor.cast_unsigned(), window));
        }
        Ok(ended)
    }

    fn post(&mut self, batch: &Batch) -> Result<(), LedgerError> {
        let cells = batch.versions.iter().flat_map(|change| &change.cells);
        let days = cells.map(|(hour, ..)| hour.div_euclid(24));
        let referred = batch.referrers.iter().map(|change| change.day);
        for day in days.chain(referred) {
            self.packer.changed(day);
        }
        post::post(&mut self.connection, &mut self.known, self.kind, batch)?;
        self.shorten_log(LONG_LOG);
        Ok(())
    }

    fn changed_outside(&mut self) -> Result<bool, LedgerError> {
        let generation = known::generation(&self.connection)?;
        let changed = generation != self.generation;
        self.generation = generation;
        if changed {
            self.packer.doubt();
        }
        Ok(changed)
    }

    fn settle_gaps(&mut self) -> Result<u64, LedgerError> {
        let gaps = gaps::find(&self.connection)?;
        if !gaps.versions.is_empty() || !gaps.progress.settled.is_empty() {
            self.post(&gaps)?;
        }
        // Only now: what a forgotten path's numbers were was needed to tell gaps from what was forgotten.
        self.sweep_forgotten()?;
        let cells = gaps.versions.iter().flat_map(|change| &change.cells);
        Ok(cells.map(|(_, _, counts)| counts.unsettled).sum())
    }

    /// Writes the log into the database. SQLite does so when the last connection closes, but ours for numbers is
    /// open as long as the process, and may not write.
    fn tidy(&mut self) {
        // Whoever still reads is not waited for.
        self.connection.busy_timeout(Duration::ZERO).ok();
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.connection.query_row(checkpoint, [], |_| Ok(())).ok();
    }

    fn prune(&mut self, hours_before: i64, days_before: i64) -> Result<(), LedgerError> {
        self.packer.doubt();
        Ok(prune::prune(&self.connection, hours_before, days_before)?)
    }

    fn pack(&mut self, before: i64) -> Result<(), LedgerError> {
        Ok(self.packer.step(&mut self.connection, before)?)
    }

    fn is_packed(&self) -> bool {
        self.packer.is_done()
    }
}

impl Sqlite {
    /// Writes the log into the database and begins it anew, if it is longer than this. Readers that come meanwhile
    /// read the database; those that were there before are waited for.
    fn shorten_log(&mut self, longest: i64) {
        let is_long = open::size(&self.log).is_ok_and(|length| length > longest);
        if !is_long || self.shortened.is_some_and(|at| at.elapsed() < BETWEEN) {
            return;
        }
        self.connection.busy_timeout(PAUSE).ok();
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        // Somebody who reads for longer is not waited for: once more, later.
        self.connection.query_row(checkpoint, [], |_| Ok(())).ok();
        self.connection.busy_timeout(open::PATIENCE).ok();
        self.shortened = Some(Instant::now());
    }
}

fn number(connection: &Connection, site: &str, path: &[u8]) -> rusqlite::Result<u64> {
    let number = connection
        .prepare_cached("SELECT number FROM files WHERE site = ?1 AND path = ?2")?
        .query_row(params![site, PathRef(path)], |row| row.get(0))
        .optional()?;
    Ok(number.map_or(0, count))
}

/// The first six columns as a version.
fn version(row: &Row<'_>) -> rusqlite::Result<Version> {
    let PathBytes(path) = row.get(1)?;
    Ok(Version {
        site: row.get(0)?,
        path: path.into(),
        device: row.get::<_, i64>(2)?.cast_unsigned(),
        inode: row.get::<_, i64>(3)?.cast_unsigned(),
        length: count(row.get(4)?),
        modified: row.get(5)?,
    })
}

fn decoded(state: &[u8]) -> Result<Window, LedgerError> {
    Window::decode(state).ok_or_else(|| LedgerError::Damaged("a window makes no sense".into()))
}

/// The word for it in the configuration and in the ledger.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::FirstTouch => "first-touch",
        Kind::LastTouch => "last-touch",
        Kind::CalendarDay => "calendar-day",
    }
}

/// The kind by which the ends of the open windows were set.
fn kind(connection: &Connection) -> Result<Option<Kind>, LedgerError> {
    let found: Option<String> = connection
        .query_row("SELECT value FROM facts WHERE name = 'window'", [], |row| {
            row.get(0)
        })
        .optional()?;
    let kinds = [Kind::FirstTouch, Kind::LastTouch, Kind::CalendarDay];
    Ok(kinds
        .into_iter()
        .find(|kind| found.as_deref() == Some(word(*kind))))
}

fn recompute_ends(connection: &Connection, kind: Kind) -> Result<(), LedgerError> {
    let mut next = connection.prepare(
        "SELECT version, visitor, state FROM windows WHERE (version, visitor) > (?1, ?2)
         ORDER BY version, visitor LIMIT 1",
    )?;
    let mut set =
        connection.prepare("UPDATE windows SET ends = ?3 WHERE version = ?1 AND visitor = ?2")?;
    let mut at = (i64::MIN, i64::MIN);
    loop {
        let found = next
            .query_row([at.0, at.1], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?))
            })
            .optional()?;
        let Some((version, visitor, state)) = found else {
            return Ok(());
        };
        set.execute([version, visitor, decoded(&state)?.ends(kind)])?;
        at = (version, visitor);
    }
}
