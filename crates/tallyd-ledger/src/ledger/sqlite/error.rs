//! From what SQLite says to what the clerk does about it.
//!
//! Damaged stops the start and is never repaired here; Full and Busy pass, so the same batch is posted again.

use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::ledger::LedgerError;

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> LedgerError {
        let what = error.to_string();
        match &error {
            rusqlite::Error::SqliteFailure(failure, _) => of_code(*failure, what),
            // A column does not hold what the schema says: no statement of ours put that there.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => LedgerError::Damaged(what),
            _ => LedgerError::Failed(what),
        }
    }
}

fn of_code(failure: ffi::Error, what: String) -> LedgerError {
    // The index of the WAL could not grow: on a full disk this comes before SQLITE_FULL does.
    if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
        return LedgerError::Full(what);
    }
    match failure.code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => LedgerError::Damaged(what),
        ErrorCode::DiskFull => LedgerError::Full(what),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => LedgerError::Busy(what),
        _ => LedgerError::Failed(what),
    }
}

/// An error while a ledger is checked. Only statements that fit every ledger run then: one that makes no sense to
/// SQLite has met a schema that is not ours.
pub(super) fn while_checking(error: rusqlite::Error) -> LedgerError {
    let senseless = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::Unknown | ErrorCode::TypeMismatch)
    );
    let what = match LedgerError::from(error) {
        LedgerError::Failed(what) if senseless => what,
        other => return other,
    };
    LedgerError::Damaged(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(code: i32) -> LedgerError {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    #[test]
    fn codes_of_sqlite_become_what_the_clerk_can_act_on() {
        let full = [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_SHMSIZE];
        let busy = [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_BUSY_RECOVERY,
            ffi::SQLITE_BUSY_SNAPSHOT,
            ffi::SQLITE_LOCKED,
        ];
        let damaged = [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_CORRUPT_INDEX,
        ];
        let failed = [
            ffi::SQLITE_IOERR,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_PERM,
        ];
        assert!(
            full.into_iter()
                .all(|c| matches!(mapped(c), LedgerError::Full(_)))
        );
        assert!(
            busy.into_iter()
                .all(|c| matches!(mapped(c), LedgerError::Busy(_)))
        );
        assert!(
            damaged
                .into_iter()
                .all(|c| matches!(mapped(c), LedgerError::Damaged(_)))
        );
        assert!(
            failed
                .into_iter()
                .all(|c| matches!(mapped(c), LedgerError::Failed(_)))
        );
    }
}
