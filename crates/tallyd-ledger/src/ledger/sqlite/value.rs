//! How values of the counting rules are written in the columns of the schema, and read back.

use std::str;

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};

/// A path that is written: TEXT, so that people can read and compare it; a BLOB where it is no UTF-8.
pub(super) struct PathRef<'a>(pub &'a [u8]);

impl ToSql for PathRef<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match str::from_utf8(self.0) {
            Ok(text) => ValueRef::Text(text.as_bytes()),
            Err(_) => ValueRef::Blob(self.0),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// A path that was read.
pub(super) struct PathBytes(pub Box<[u8]>);

impl FromSql for PathBytes {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<PathBytes> {
        match value {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(PathBytes(bytes.into())),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A number that is counted. SQLite ends at 2^63 - 1, which no count reaches.
pub(super) fn counted(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A count that was read; a negative one is none of ours, and 0 is the nearest.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
