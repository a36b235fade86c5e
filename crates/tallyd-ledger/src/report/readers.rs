//! Readers: open ledgers for those who ask it often, so that nobody opens one for a single answer.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::Report;
use crate::ledger::LedgerError;

/// Connections that are kept open while nobody asks.
const KEPT: usize = 4;

/// The ledger of a running server, for any thread that may wait for a disk.
#[derive(Debug)]
pub struct Readers {
    ledger: PathBuf,
    idle: Mutex<Vec<Report>>,
}

impl Readers {
    /// Of the ledger at this path. It is opened when it is asked for the first time.
    #[must_use]
    pub fn new(ledger: &Path) -> Readers {
        Readers {
            ledger: ledger.to_owned(),
            idle: Mutex::default(),
        }
    }

    /// Asks the ledger. May wait for the disk.
    pub fn ask<T>(
        &self,
        question: impl FnOnce(&Report) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let idle = self.take();
        let report = match idle {
            Some(report) => report,
            None => Report::open(&self.ledger)?,
        };
        // After an error the next question begins anew: the file may have been replaced.
        let answer = question(&report)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(report);
        }
        Ok(answer)
    }

    fn take(&self) -> Option<Report> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop()
    }
}
