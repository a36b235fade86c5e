//! The files asked for most, looked up at most once a second and never on the thread of the pages.
//!
//! Promises: a ledger that hangs delays the metrics by [`PATIENCE`] and no other page at all.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Who is asked for the files: the argument is how many at most.
pub type TopFiles = Box<dyn Fn(usize) -> Vec<TopFile> + Send>;

/// The numbers of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopFile {
    /// The site; the main one's name is empty.
    pub site: String,
    /// The path as it is requested, with its leading slash.
    pub path: Vec<u8>,
    /// Hits since its first.
    pub hits: u64,
    /// Downloads since its first.
    pub downloads: u64,
}

/// How long an answer is good.
const FRESH: Duration = Duration::from_secs(1);

/// How long a request waits for a new one before it makes do with the old one.
const PATIENCE: Duration = Duration::from_secs(2);

/// The last answer, and how to get the next one. Cheap to clone.
#[derive(Clone)]
pub(super) struct Top {
    ask: Arc<Mutex<TopFiles>>,
    state: Rc<State>,
}

#[derive(Default)]
struct State {
    known: RefCell<Option<Known>>,
    is_asking: Cell<bool>,
    answered: Notify,
}

struct Known {
    most: usize,
    since: Instant,
    files: Rc<Vec<TopFile>>,
}

impl Top {
    /// Nothing known yet.
    pub(super) fn new(ask: Arc<Mutex<TopFiles>>) -> Top {
        Top {
            ask,
            state: Rc::default(),
        }
    }

    /// At most so many files, as they were a second ago or later, if the ledger answers in time.
    pub(super) async fn files(&self, most: usize) -> Rc<Vec<TopFile>> {
        if most == 0 {
            return Rc::default();
        }
        if !self.is_fresh(most) {
            let answered = self.state.answered.notified();
            if !self.state.is_asking.replace(true) {
                // A task of its own: a client that leaves must not leave the question open for ever.
                drop(tokio::task::spawn_local(self.clone().renew(most)));
            }
            // Late is no error: what was known before is still true enough.
            tokio::time::timeout(PATIENCE, answered).await.ok();
        }
        let known = self.state.known.borrow();
        known
            .as_ref()
            .map(|known| Rc::clone(&known.files))
            .unwrap_or_default()
    }

    fn is_fresh(&self, most: usize) -> bool {
        let known = self.state.known.borrow();
        known
            .as_ref()
            .is_some_and(|known| known.most == most && known.since.elapsed() < FRESH)
    }

    async fn renew(self, most: usize) {
        let ask = Arc::clone(&self.ask);
        let look = move || ask.lock().unwrap_or_else(PoisonError::into_inner)(most);
        // A question that panicked was said on standard error; the old answer stays.
        if let Ok(mut files) = tokio::task::spawn_blocking(look).await {
            files.truncate(most);
            *self.state.known.borrow_mut() = Some(Known {
                most,
                since: Instant::now(),
                files: Rc::new(files),
            });
        }
        self.state.is_asking.set(false);
        self.state.answered.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use tokio::runtime::{Builder, LocalOptions};

    use super::*;

    /// A ledger that says how often it was asked, by one more hit each time, and waits to be let through.
    fn ledger() -> (Top, Sender<()>) {
        let (allow, allowed): (Sender<()>, Receiver<()>) = channel();
        let asked = std::sync::atomic::AtomicU64::new(0);
        let ask = move |most: usize| {
            allowed.recv().unwrap();
            let hits = 1 + asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let file = |number| TopFile {
                site: String::new(),
                path: format!("/{number}").into_bytes(),
                hits,
                downloads: 0,
            };
            (0..most + 1).map(file).collect()
        };
        (Top::new(Arc::new(Mutex::new(Box::new(ask)))), allow)
    }

    fn run<T>(test: impl Future<Output = T>) -> T {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .build_local(LocalOptions::default());
        runtime.unwrap().block_on(test)
    }

    #[test]
    fn it_is_asked_once_a_second_and_for_another_number_at_once() {
        let (top, allow) = ledger();
        run(async {
            allow.send(()).unwrap();
            assert_eq!(top.files(2).await.len(), 2, "never more than wanted");
            assert_eq!(
                top.files(2).await[0].hits,
                1,
                "asked again though it is fresh"
            );
            allow.send(()).unwrap();
            assert_eq!(top.files(3).await[0].hits, 2);
            assert!(top.files(0).await.is_empty());
        });
    }

    #[test]
    fn an_answer_that_nobody_waits_for_any_more_is_kept() {
        let (top, allow) = ledger();
        run(async {
            tokio::select! {
                biased;
                _ = top.files(1) => panic!("nobody let it through"),
                () = tokio::task::yield_now() => {}
            }
            // The question is still open: a second one is not asked beside it.
            allow.send(()).unwrap();
            assert_eq!(top.files(1).await[0].hits, 1);
        });
    }
}
