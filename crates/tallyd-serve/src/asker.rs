//! Asks the ledger for those who must not wait for a disk: a few questions at a time, and never for long.
//!
//! Promises: a question runs on the blocking pool and nowhere else; there are never more than so many of one asker at
//! a time, also when nobody waits for them any more, so a ledger that hangs costs as many threads and no more.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tallyd_ledger::ledger::LedgerError;
use tallyd_ledger::report::{Readers, Report};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::resolve::pooled;

/// Who asks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Asker {
    readers: Option<Arc<Readers>>,
    turns: Arc<Semaphore>,
    patience: Duration,
}

/// The right to ask one question. It is over when the ledger has answered, not when somebody stops waiting.
#[derive(Debug)]
pub struct Turn {
    readers: Arc<Readers>,
    permit: OwnedSemaphorePermit,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Counts are in memory only: there is no ledger.
    NotKept,
    /// The ledger has not answered within this time.
    Late(Duration),
    /// It can't.
    Failed(String),
}

impl fmt::Display for Silence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Silence::NotKept => out.write_str(
                "counts are not kept (no-state): restart the server with a state directory, which is the default",
            ),
            Silence::Late(patience) => write!(
                out,
                "the ledger has not answered within {patience:?}; its disk may be busy"
            ),
            Silence::Failed(reason) => out.write_str(reason),
        }
    }
}

impl Asker {
    /// Asks through these, so many questions at a time, and waits no longer than this for an answer. Without readers
    /// there is no ledger.
    #[must_use]
    pub fn new(readers: Option<Arc<Readers>>, turns: usize, patience: Duration) -> Asker {
        Asker {
            readers,
            turns: Arc::new(Semaphore::new(turns)),
            patience,
        }
    }

    /// Whether there is a ledger at all.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.readers.is_some()
    }

    /// The answer, if it comes in time.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Report) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, Silence> {
        self.in_time(async { self.turn().await?.ask(question).await })
            .await
    }

    /// Waits for a turn.
    pub async fn turn(&self) -> Result<Turn, Silence> {
        let readers = self.readers.clone().ok_or(Silence::NotKept)?;
        let permit = Arc::clone(&self.turns).acquire_owned().await;
        // The semaphore is never closed.
        let permit = permit.map_err(|error| Silence::Failed(error.to_string()))?;
        Ok(Turn { readers, permit })
    }

    /// What comes of this, if it comes in time.
    pub async fn in_time<T>(
        &self,
        asked: impl Future<Output = Result<T, Silence>>,
    ) -> Result<T, Silence> {
        tokio::time::timeout(self.patience, asked)
            .await
            .unwrap_or(Err(Silence::Late(self.patience)))
    }
}

impl Turn {
    /// Asks. An answer that nobody waits for any more is dropped.
    pub async fn ask<T: Send + 'static>(
        self,
        question: impl FnOnce(&Report) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, Silence> {
        let asked = pooled(move || {
            let answer = self.readers.ask(question);
            drop(self.permit);
            answer
        });
        match asked.await {
            Some(answer) => answer.map_err(|error| Silence::Failed(error.to_string())),
            // A question that panicked was said on standard error.
            None => Err(Silence::Failed("the question has failed".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use tokio::runtime::Builder;

    use super::*;

    fn run<T>(test: impl Future<Output = T>) -> T {
        let runtime = Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(test)
    }

    fn asker(readers: Option<Arc<Readers>>) -> Asker {
        Asker::new(readers, 1, Duration::from_millis(50))
    }

    #[test]
    fn without_a_ledger_it_says_so() {
        let asked = run(asker(None).ask(|_| Ok(())));
        assert_eq!(asked, Err(Silence::NotKept));
    }

    #[test]
    fn a_ledger_that_is_not_there_is_said() {
        let place = tempfile::tempdir().unwrap();
        let readers = Arc::new(Readers::new(&place.path().join("none")));
        let asked = run(asker(Some(readers)).ask(|_| Ok(())));
        assert!(matches!(asked, Err(Silence::Failed(_))), "{asked:?}");
    }

    #[test]
    fn a_question_that_takes_too_long_keeps_its_turn() {
        let place = tempfile::tempdir().unwrap();
        let ledger = place.path().join("ledger.db");
        drop(tallyd_ledger::ledger::Sqlite::open(&ledger).unwrap());
        let asker = asker(Some(Arc::new(Readers::new(&ledger))));
        let (go_on, told) = channel::<()>();
        run(async {
            let late = Err(Silence::Late(Duration::from_millis(50)));
            let hanging = asker.ask(move |_| {
                told.recv().ok();
                Ok(())
            });
            assert_eq!(hanging.await, late);
            assert_eq!(asker.ask(|_| Ok(())).await, late, "there was a second turn");
            go_on.send(()).unwrap();
            assert!(asker.turn().await.is_ok());
        });
    }
}
