//! Asks the ledger for those who see the pages, and never on the thread that serves them.
//!
//! Promises: a ledger that hangs makes whoever asks wait for [`PATIENCE`] and no other page at all; never more
//! questions at a time than there are threads for them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tallyd_ledger::ledger::LedgerError;
use tallyd_ledger::report::{Readers, Report};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Questions at the same time.
pub const AT_ONCE: usize = 2;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who asks. Cheap to clone.
#[derive(Clone)]
pub struct Asker {
    readers: Option<Arc<Readers>>,
    places: Arc<Semaphore>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Counts are in memory only: there is no ledger.
    NotKept,
    /// The ledger does not answer.
    Late,
    /// It can't.
    Failed(String),
}

impl fmt::Display for Silence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Silence::NotKept => out.write_str(
                "counts are not kept (no-state): restart the server with a state directory, which is the default",
            ),
            Silence::Late => write!(
                out,
                "the ledger has not answered within {} seconds; its disk may be busy",
                PATIENCE.as_secs()
            ),
            Silence::Failed(reason) => out.write_str(reason),
        }
    }
}

impl Asker {
    /// Asks through these; nothing: there is no ledger.
    #[must_use]
    pub fn new(readers: Option<Arc<Readers>>) -> Asker {
        Asker {
            readers,
            places: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Whether there is a ledger at all.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.readers.is_some()
    }

    /// The answer, if it comes in time. One that comes later is dropped, and its place stays taken until then.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Report) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, Silence> {
        let Some(readers) = self.readers.clone() else {
            return Err(Silence::NotKept);
        };
        let places = Arc::clone(&self.places);
        let answered = timeout(PATIENCE, async move {
            let place = places.acquire_owned().await;
            let asked = tokio::task::spawn_blocking(move || {
                let answer = readers.ask(question);
                drop(place);
                answer
            });
            asked.await
        });
        match answered.await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(Silence::Failed(error.to_string())),
            // A question that panicked was said on standard error.
            Ok(Err(_)) => Err(Silence::Failed("the question has failed".to_owned())),
            Err(_) => Err(Silence::Late),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::{Builder, LocalOptions};

    use super::*;

    fn run<T>(test: impl Future<Output = T>) -> T {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .build_local(LocalOptions::default());
        runtime.unwrap().block_on(test)
    }

    #[test]
    fn without_a_ledger_it_says_so() {
        let asked = run(async { Asker::new(None).ask(|_| Ok(())).await });
        assert_eq!(asked, Err(Silence::NotKept));
    }

    #[test]
    fn a_ledger_that_is_not_there_is_said() {
        let place = tempfile::tempdir().unwrap();
        let readers = Arc::new(Readers::new(&place.path().join("none")));
        let asked = run(async { Asker::new(Some(readers)).ask(|_| Ok(())).await });
        assert!(matches!(asked, Err(Silence::Failed(_))), "{asked:?}");
    }
}
