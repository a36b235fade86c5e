//! Health: how the count is doing, for whoever asks: metrics, /readyz, the operator.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What can be in trouble by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The files that hits are written into before their reply leaves.
    Journal,
    /// The keys of visitors.
    Keys,
    /// Making them safe from a power cut.
    Sync,
    /// The database.
    Ledger,
}

/// How urgent something is that the operator is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody has to act.
    Error,
    /// It looks wrong.
    Warning,
    /// It happened.
    Info,
}

/// Tells the operator something.
pub type Say = Box<dyn Fn(Urgency, &str) + Send + Sync>;

/// Shared between those who do the counting and those who ask how it goes.
#[derive(Default)]
pub struct Health {
    /// Entries that are in a journal and not in the ledger, when the clerk last looked.
    pub lag_entries: AtomicU64,
    /// Age of the oldest of them in milliseconds.
    pub lag_millis: AtomicU64,
    /// Entries posted since the start.
    pub posted: AtomicU64,
    /// Batches posted since the start.
    pub batches: AtomicU64,
    /// Segments that are only in memory: the disk took no more journal.
    pub only_in_memory: AtomicU64,
    is_ailing: AtomicBool,
    troubles: Mutex<Vec<(Part, String)>>,
    say: Option<Say>,
}

impl fmt::Debug for Health {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Health({:?})", self.trouble())
    }
}

impl Health {
    /// A health that tells the operator when something goes wrong, and when it is over.
    #[must_use]
    pub fn new(say: Say) -> Health {
        Health {
            say: Some(say),
            ..Health::default()
        }
    }

    /// Why counts can't be made durable right now; nothing if they can.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if !self.is_ailing.load(Ordering::Acquire) {
            return None;
        }
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let causes: Vec<&str> = troubles.iter().map(|(_, cause)| cause.as_str()).collect();
        (!causes.is_empty()).then(|| causes.join("; "))
    }

    /// Whether a part is in trouble.
    #[must_use]
    pub fn is_failing(&self, part: Part) -> bool {
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.iter().any(|(ailing, _)| *ailing == part)
    }

    /// Notes that a part is in trouble; the operator is told once, until it has recovered.
    pub fn fail(&self, part: Part, cause: &str) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = troubles.iter_mut().find(|(ailing, _)| *ailing == part) {
            cause.clone_into(known);
            return;
        }
        troubles.push((part, cause.to_owned()));
        self.is_ailing.store(true, Ordering::Release);
        drop(troubles);
        self.say(
            Urgency::Error,
            &format!("{cause}; serving goes on, counts are kept in memory until it can be written"),
        );
    }

    /// Notes that a part is well.
    pub fn recover(&self, part: Part) {
        if !self.is_ailing.load(Ordering::Acquire) {
            return;
        }
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let before = troubles.len();
        troubles.retain(|(ailing, _)| *ailing != part);
        let is_well = troubles.is_empty();
        self.is_ailing.store(!is_well, Ordering::Release);
        if before > troubles.len() && is_well {
            drop(troubles);
            self.say(Urgency::Info, "counts are written again; nothing was lost");
        }
    }

    /// Tells the operator something.
    pub fn say(&self, urgency: Urgency, text: &str) {
        if let Some(say) = &self.say {
            say(urgency, text);
        }
    }
}
