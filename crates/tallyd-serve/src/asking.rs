//! Questions to the ledger for those who serve files.
//!
//! Promises: the ledger is never asked on a worker's thread; only [`TURNS`] questions are under way at the same time,
//! so files always find a thread for the disk; nobody waits for an answer longer than [`PATIENCE`]. A ledger that hangs
//! costs two threads and no file anything. All workers tell the same: a count never goes back because the next request
//! came to another one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tallyd_ledger::report::{Brief, Range, Readers, Totals};

use crate::answer::Moment;
use crate::asker::{self, Asker};
use crate::say::Voice;
use crate::site::Site;

/// Questions at the same time.
const TURNS: usize = 2;

/// How long an answer may take, with the wait for its turn.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Milliseconds for which an answer is given again: a badge on a busy page is asked for by many at once.
const FRESH: u64 = 1_000;

/// Answers that are kept.
const KEPT: usize = 256;

/// Milliseconds between two messages about a ledger that does not answer.
const QUIET: u64 = 10_000;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Counts are in memory only.
    NotKept,
    /// The ledger failed, or took too long.
    Unanswered,
}

/// A way to ask the ledger, which all workers share.
#[derive(Clone, Debug)]
pub struct Asking(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    asker: Asker,
    /// Held for a look-up, and never while the ledger is asked.
    known: Mutex<HashMap<Question, Told>>,
    voice: Voice,
    /// When a failure was last spoken of.
    said: Mutex<Option<u64>>,
}

/// Site, path, and the recent days.
type Question = (Box<str>, Box<[u8]>, Option<i64>);

#[derive(Clone, Debug)]
struct Told {
    brief: Option<Arc<Brief>>,
    /// Milliseconds of the worker that asked. Those of another one are some milliseconds apart, which does not matter.
    at: u64,
}

impl Asking {
    /// Asks through these; nothing if counts are in memory only.
    #[must_use]
    pub fn new(readers: Option<Arc<Readers>>, voice: Voice) -> Asking {
        Asking(readers.map(|readers| {
            Arc::new(Inner {
                asker: Asker::new(Some(readers), TURNS, PATIENCE),
                known: Mutex::default(),
                voice,
                said: Mutex::new(None),
            })
        }))
    }

    /// Whether there is anybody to ask.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.0.is_some()
    }

    /// A file of a site in brief, with what was counted on these days; at most a second old. Nothing if it was never
    /// asked for.
    pub async fn brief(
        &self,
        site: &Site,
        path: &[u8],
        recent: Range,
        now: Moment,
    ) -> Result<Option<Arc<Brief>>, Silence> {
        let inner = self.0.as_deref().ok_or(Silence::NotKept)?;
        let question = (site.book.site().into(), path.into(), recent.since);
        match inner.known(&question, now.millis) {
            Some(known) => Ok(known),
            None => inner.find(question, recent, now).await,
        }
    }

    /// The totals of these files of a site, in their order; nothing if the ledger does not say.
    pub async fn totals(&self, site: &Site, paths: Vec<Vec<u8>>, now: u64) -> Option<Vec<Totals>> {
        let inner = self.0.as_deref()?;
        let name = site.book.site().to_owned();
        let asked = inner.asker.ask(move |report| report.totals(&name, &paths));
        inner.heard(asked.await, now)
    }
}

impl Inner {
    /// What was found out a moment ago.
    fn known(&self, question: &Question, now: u64) -> Option<Option<Arc<Brief>>> {
        let known = lock(&self.known);
        let told = known.get(question)?;
        (now.saturating_sub(told.at) <= FRESH).then(|| told.brief.clone())
    }

    async fn find(
        &self,
        question: Question,
        recent: Range,
        now: Moment,
    ) -> Result<Option<Arc<Brief>>, Silence> {
        let asked = self.asker.in_time(async {
            let turn = self.asker.turn().await?;
            // Whoever had the turn before may have asked the same.
            if let Some(known) = self.known(&question, now.millis) {
                return Ok(known);
            }
            let (site, path) = (question.0.clone(), question.1.clone());
            let brief = turn.ask(move |report| report.brief(&site, &path, recent));
            let brief = brief.await?.map(Arc::new);
            self.keep(question, brief.clone(), now.millis);
            Ok(brief)
        });
        let answer = self.heard(asked.await, now.millis);
        answer.ok_or(Silence::Unanswered)
    }

    /// The answer, if there is one. Why there is none is said now and then: the operator can do something about it.
    fn heard<T>(&self, asked: Result<T, asker::Silence>, now: u64) -> Option<T> {
        let error = match asked {
            Ok(answer) => return Some(answer),
            Err(error) => error,
        };
        let mut said = lock(&self.said);
        if said.is_none_or(|said| now.saturating_sub(said) >= QUIET) {
            *said = Some(now);
            drop(said);
            self.voice.error(format_args!(
                "the ledger does not answer, so no counts are shown beside the files, which are served and counted: \
                 {error}"
            ));
        }
        None
    }

    fn keep(&self, question: Question, brief: Option<Arc<Brief>>, now: u64) {
        let mut known = lock(&self.known);
        if known.get(&question).is_some_and(|told| told.at > now) {
            return;
        }
        if known.len() >= KEPT {
            known.retain(|_, told| now.saturating_sub(told.at) <= FRESH);
        }
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(question, Told { brief, at: now });
    }
}

/// What was locked when somebody panicked is whole: nothing here takes two steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
