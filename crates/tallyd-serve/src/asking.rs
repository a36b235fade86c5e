//! Questions to the ledger for those who serve files.
//!
//! Promises: the ledger is never asked on the worker's thread; only [`TURNS`] questions of a worker are under way at
//! the same time, so files always find a thread for the disk; nobody waits for an answer longer than [`PATIENCE`].
//! A ledger that hangs costs two threads and no file anything.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tallyd_ledger::ledger::LedgerError;
use tallyd_ledger::report::{Brief, Range, Readers, Report, Totals};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::Moment;
use crate::resolve::pooled;
use crate::say::Voice;
use crate::site::Site;

/// Questions of one worker at the same time.
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

/// A way to ask the ledger, which all shelves of a worker share.
#[derive(Clone, Debug)]
pub struct Asking(Option<Rc<Inner>>);

#[derive(Debug)]
struct Inner {
    readers: Arc<Readers>,
    turns: Arc<Semaphore>,
    known: RefCell<HashMap<Question, Told>>,
    voice: Voice,
    /// When a failure was last spoken of.
    said: Cell<Option<u64>>,
}

/// Site, path, and the recent days.
type Question = (Box<str>, Box<[u8]>, Option<i64>);

#[derive(Clone, Debug)]
struct Told {
    brief: Option<Rc<Brief>>,
    at: u64,
}

impl Asking {
    /// Asks through these; nothing if counts are in memory only.
    #[must_use]
    pub fn new(readers: Option<Arc<Readers>>, voice: Voice) -> Asking {
        Asking(readers.map(|readers| {
            Rc::new(Inner {
                readers,
                turns: Arc::new(Semaphore::new(TURNS)),
                known: RefCell::default(),
                voice,
                said: Cell::new(None),
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
    ) -> Result<Option<Rc<Brief>>, Silence> {
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
        let turn = inner.turns.clone().acquire_owned();
        let asked = async {
            let turn = turn.await.map_err(|_| stopped())?;
            inner
                .ask(turn, move |report| report.totals(&name, &paths))
                .await
        };
        inner.in_time(asked, now).await
    }
}

impl Inner {
    /// What was found out a moment ago.
    fn known(&self, question: &Question, now: u64) -> Option<Option<Rc<Brief>>> {
        let known = self.known.borrow();
        let told = known.get(question)?;
        (now.saturating_sub(told.at) <= FRESH).then(|| told.brief.clone())
    }

    async fn find(
        &self,
        question: Question,
        recent: Range,
        now: Moment,
    ) -> Result<Option<Rc<Brief>>, Silence> {
        let asked = async {
            let turn = self.turns.clone().acquire_owned().await;
            let turn = turn.map_err(|_| stopped())?;
            // Whoever had the turn before may have asked the same.
            if let Some(known) = self.known(&question, now.millis) {
                return Ok(known);
            }
            let (site, path) = (question.0.clone(), question.1.clone());
            let brief = self.ask(turn, move |report| report.brief(&site, &path, recent));
            let brief = brief.await?.map(Rc::new);
            self.keep(question, brief.clone(), now.millis);
            Ok(brief)
        };
        let answer = self.in_time(asked, now.millis).await;
        answer.ok_or(Silence::Unanswered)
    }

    /// Asks on the blocking pool. The turn is over when the ledger has answered, not when somebody stops waiting: a
    /// ledger that hangs gets no further threads.
    async fn ask<T: Send + 'static>(
        &self,
        turn: OwnedSemaphorePermit,
        question: impl FnOnce(&Report) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let readers = Arc::clone(&self.readers);
        let answer = pooled(move || {
            let answer = readers.ask(question);
            drop(turn);
            answer
        });
        answer.await.ok_or_else(stopped)?
    }

    /// The answer, if it comes in time. Why there is none is said now and then: the operator can do something about it.
    async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, LedgerError>>,
        now: u64,
    ) -> Option<T> {
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        let error = match answer {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it took longer than {PATIENCE:?}"),
        };
        let said = self.said.get();
        if said.is_none_or(|said| now.saturating_sub(said) >= QUIET) {
            self.said.set(Some(now));
            self.voice.error(format_args!(
                "the ledger does not answer, so no counts are shown beside the files, which are served and counted: \
                 {error}"
            ));
        }
        None
    }

    fn keep(&self, question: Question, brief: Option<Rc<Brief>>, now: u64) {
        let mut known = self.known.borrow_mut();
        if known.len() >= KEPT {
            known.retain(|_, told| now.saturating_sub(told.at) <= FRESH);
        }
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(question, Told { brief, at: now });
    }
}

/// Whoever would answer has ended.
fn stopped() -> LedgerError {
    LedgerError::Failed("the server stops".to_owned())
}

#[cfg(test)]
mod tests;
