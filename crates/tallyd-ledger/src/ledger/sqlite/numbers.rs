//! Hit numbers for whoever opens an account, while the clerk posts: a connection of its own that only reads.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::open::connect;
use crate::ledger::LedgerError;

/// The database, for those who only want to know a hit number.
#[derive(Debug)]
pub struct Numbers {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
}

impl Numbers {
    /// Reads from the ledger at `path`. It is opened when the first number is asked for.
    pub fn open(path: &Path) -> Result<Numbers, LedgerError> {
        Ok(Numbers::of(path, None))
    }

    /// Reads through a connection that is open already.
    pub(super) fn of(path: &Path, connection: Option<Connection>) -> Numbers {
        Numbers {
            path: path.to_owned(),
            connection: Mutex::new(connection),
        }
    }

    /// The highest hit number of a path that is posted; 0 if it never had one.
    pub fn number(&self, site: &str, path: &[u8]) -> Result<u64, LedgerError> {
        // A panic while the lock was held leaves a connection that works, or none.
        let mut held = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let connection = match held.take() {
            Some(connection) => connection,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        // After an error the next call begins anew: the file may have been replaced.
        let number = super::number(&connection, site, path)?;
        *held = Some(connection);
        Ok(number)
    }
}
