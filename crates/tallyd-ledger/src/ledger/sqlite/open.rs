//! From a path to a connection that may be written to.
//!
//! Promises: a ledger comes into being whole or not at all; one that is not ours, newer, or damaged is refused, and
//! nothing of it is changed by that.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::check;
use super::migrate::{self, Step};
use crate::ledger::LedgerError;

/// The tables, as a new ledger gets them.
pub(super) const SCHEMA: &str = include_str!("../schema.sql");

/// "taly": how `file` and we know a ledger from other databases.
pub(super) const APPLICATION: i32 = 0x7461_6c79;

/// How long a lock that somebody else holds is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The log is written into the database when it has this many pages. Fewer, longer checkpoints write a page that
/// many batches touch only once; more would keep a larger file beside the ledger.
const CHECKPOINT_PAGES: i64 = 8_000;

/// What the log may keep on disk when it is empty.
const LOG_BYTES: i64 = 64 << 20;

/// What the page cache may take, in KiB.
const CACHE_KIB: i64 = 32 << 10;

/// Opens the ledger at `path`, or creates it. `steps` lead from each schema to the next. Also the connection that it was
/// checked through, which may only read: as long as one is open, the next does not make the index of the log again.
pub(super) fn open_both(
    path: &Path,
    steps: &[Step],
) -> Result<(Connection, Option<Connection>), LedgerError> {
    let reader = match look(path)? {
        Found::Ledger => Some(check::check(path, migrate::newest(steps))?),
        Found::Nothing => {
            create(path, steps)?;
            None
        }
    };
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(LedgerError::Failed(format!(
            "{} may not be written to",
            path.display()
        )));
    }
    prepare_for_posting(&connection)?;
    migrate::migrate(&mut connection, steps)?;
    Ok((connection, reader))
}

/// The same, and only what may be written to.
#[cfg(test)]
pub(super) fn open(path: &Path, steps: &[Step]) -> Result<Connection, LedgerError> {
    open_both(path, steps).map(|(connection, _)| connection)
}

/// A connection as all of ours are: without the parts of SQLite that a damaged file could make use of.
pub(super) fn connect(path: &Path, how: OpenFlags) -> Result<Connection, LedgerError> {
    let connection = Connection::open_with_flags(path, how | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    Ok(connection)
}

fn prepare_for_posting(connection: &Connection) -> Result<(), LedgerError> {
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(LedgerError::Failed(format!(
            "its file system allows no WAL, but only {mode:?}"
        )));
    }
    // A start that is refused for another reason leaves the files as they were; `tidy` writes the log at the end.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(96);
    Ok(())
}

enum Found {
    Ledger,
    Nothing,
}

/// What is at `path`. Looked at without reading: a descriptor for reading that is closed again would take away the
/// locks of every other connection of this process (POSIX locks belong to the process, not to the descriptor).
fn look(path: &Path) -> Result<Found, LedgerError> {
    let size = size(path)?;
    // SQLite takes a file of one byte for an empty one, and removes the log of that.
    if size > 1 || size == 1 && !has_log(path) {
        return Ok(Found::Ledger);
    }
    // A log without its database holds counts, and SQLite would mix them into whatever is created here.
    if has_log(path) {
        return Err(LedgerError::Damaged(format!(
            "{} is gone or empty, but its log {} is not",
            path.display(),
            beside(path, "-wal").display()
        )));
    }
    Ok(Found::Nothing)
}

/// How large the file is; 0 if there is none.
pub(super) fn size(path: &Path) -> Result<i64, LedgerError> {
    let failed = |error: Errno| io_failed(path, &io::Error::from(error));
    let opened = match rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(0),
        opened => opened.map_err(failed)?,
    };
    let facts = rustix::fs::fstat(&opened).map_err(failed)?;
    match FileType::from_raw_mode(facts.st_mode) {
        FileType::RegularFile => Ok(facts.st_size),
        _ => Err(LedgerError::Damaged(format!(
            "{} is no file",
            path.display()
        ))),
    }
}

/// Whether there is a log beside the database that holds something.
pub(in crate::ledger) fn has_log(path: &Path) -> bool {
    let log = beside(path, "-wal");
    rustix::fs::stat(&log).is_ok_and(|facts| facts.st_size > 0)
}

pub(in crate::ledger) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Creates it under another name and moves it into place when it is whole and on disk: whenever the power goes,
/// there is a ledger or none.
fn create(path: &Path, steps: &[Step]) -> Result<(), LedgerError> {
    let unfinished = beside(path, ".new");
    let failed = |error: &io::Error| io_failed(&unfinished, error);
    for ending in [".new", ".new-journal"] {
        match fs::remove_file(beside(path, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&error)),
            _ => {}
        }
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(|error| failed(&error))?;
    write_schema(&unfinished, migrate::newest(steps))?;
    fs::rename(&unfinished, path).map_err(|error| io_failed(path, &error))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(|error| io_failed(path, &error))
}

fn write_schema(path: &Path, version: i64) -> Result<(), LedgerError> {
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "page_size", 4096)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.execute("INSERT INTO facts VALUES ('rules', 1)", [])?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn io_failed(path: &Path, error: &io::Error) -> LedgerError {
    let what = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LedgerError::Full(what),
        _ => LedgerError::Failed(what),
    }
}
