//! The ledger's one small interface: a batch goes in whole or not at all.
//!
//! SQLite is behind it today. A ledger that many nodes share in another database will stand beside it: it has to
//! keep these promises and nothing else.

pub(crate) mod pack;
pub(crate) mod seal;
mod sqlite;

use std::fmt;

use crate::batch::{Batch, Positions};
use crate::facts::Version;
use crate::window::Window;

pub use sqlite::{Numbers, Sqlite};

/// Where counts are kept.
pub trait Ledger: Send + fmt::Debug {
    /// How far the journals were read when the last batch was posted.
    fn positions(&mut self) -> Result<Positions, LedgerError>;

    /// The highest hit number of a path; 0 if it never had one.
    fn number(&mut self, site: &str, path: &[u8]) -> Result<u64, LedgerError>;

    /// The window that a visitor has on a version.
    fn window(&mut self, version: &Version, visitor: u64) -> Result<Option<Window>, LedgerError>;

    /// Some windows that ended before this time, at most `most`.
    fn ended(
        &mut self,
        before: i64,
        most: usize,
    ) -> Result<Vec<(Version, u64, Window)>, LedgerError>;

    /// Posts a batch: durably and as a whole, or not at all.
    fn post(&mut self, batch: &Batch) -> Result<(), LedgerError>;

    /// Whether somebody else changed it since the last call of this (forgot a path, say): what the clerk
    /// remembers of windows may be wrong then.
    fn changed_outside(&mut self) -> Result<bool, LedgerError>;

    /// Counts hits whose number was given and that are in no journal as unsettled: a higher number of the same
    /// path proves that they began. Called when nothing is in flight; returns how many there were.
    fn settle_gaps(&mut self) -> Result<u64, LedgerError> {
        Ok(0)
    }

    /// Nothing more will be posted: makes what is left easy to copy. Whatever keeps it from that loses nothing.
    fn tidy(&mut self) {}

    /// Removes series that ended before these hours and days since 1970.
    fn prune(&mut self, hours_before: i64, days_before: i64) -> Result<(), LedgerError>;

    /// Makes reports over many days faster: a small piece of work, on days before this one. Counts stay as they are.
    fn pack(&mut self, _before: i64) -> Result<(), LedgerError> {
        Ok(())
    }

    /// Whether there is nothing left to [`pack`](Ledger::pack).
    fn is_packed(&self) -> bool {
        true
    }
}

/// Why a ledger can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// It is no ledger, or damaged: what was found.
    Damaged(String),
    /// It was written by a later version of the program: its schema, and ours.
    Newer(i64, i64),
    /// There is no space.
    Full(String),
    /// Somebody else holds it.
    Busy(String),
    /// Another error of the system or the database; it may pass.
    Failed(String),
}

impl fmt::Display for LedgerError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerError::Damaged(what) => write!(out, "the ledger is damaged: {what}"),
            LedgerError::Newer(theirs, ours) => write!(
                out,
                "the ledger was written by a newer tallyd: its schema is {theirs}, this one knows {ours}"
            ),
            LedgerError::Full(what) => write!(out, "no space for the ledger: {what}"),
            LedgerError::Busy(what) => write!(out, "the ledger is in use: {what}"),
            LedgerError::Failed(what) => write!(out, "the ledger can't be used: {what}"),
        }
    }
}

impl std::error::Error for LedgerError {}
