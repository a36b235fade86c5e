//! The count as a whole: opened before anybody is served, closed when the last reply has ended.
//!
//! 1. the state directory is taken, the ledger opened and checked
//! 2. what the last process left in its journals is posted
//! 3. clerk, supplier and syncer start; each worker gets a teller

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::account::Books;
use crate::agent::Agents;
use crate::clerk::{self, Clerk, Habits};
use crate::desk::Desk;
use crate::disk::{Disk, Folder};
use crate::facts::day_of;
use crate::feed::Feed;
use crate::health::{Health, Say, Urgency};
use crate::journal::Journal;
use crate::keyring::{KeyError, KeyRing};
use crate::ledger::{LedgerError, Numbers, Sqlite, seal};
use crate::recovery::{Recovered, RecoveryError, recover};
use crate::state::{StateDirectory, StateError};
use crate::tally::Tally;
use crate::teller::Teller;
use crate::window::Kind;

/// What an operator can say about counting.
#[derive(Debug)]
pub struct Settings {
    /// Where counts are kept.
    pub directory: PathBuf,
    /// What is counted: only to notice when a directory was used for something else.
    pub root: PathBuf,
    /// How often the journals are synced, and what is kept how long.
    pub habits: Habits,
    /// When windows close.
    pub kind: Kind,
    /// Which program is of which class.
    pub agents: Arc<Agents>,
}

/// Counting in a running server.
#[derive(Debug)]
pub struct Count {
    books: Arc<Books>,
    health: Arc<Health>,
    feed: Arc<Feed>,
    kept: Option<Kept>,
}

/// What there is if counts are kept.
#[derive(Debug)]
struct Kept {
    state: StateDirectory,
    desk: Arc<Desk>,
    ring: Arc<KeyRing>,
    agents: Arc<Agents>,
    waits: bool,
    latest: i64,
    stop: Arc<AtomicBool>,
    /// Says at its end whether everything is posted.
    clerk: JoinHandle<bool>,
    others: Vec<JoinHandle<()>>,
}

/// Why counts can't be kept.
#[derive(Debug)]
pub enum CountError {
    /// The state directory can't be used.
    State(StateError),
    /// What is in it can't be used: its place, and why.
    Ledger(PathBuf, LedgerError),
    /// What the last process left can't be posted.
    Recovery(PathBuf, RecoveryError),
    /// The keys of visitors can't be used.
    Keys(PathBuf, KeyError),
    /// The system gives no threads.
    System(io::Error),
}

impl fmt::Display for CountError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CountError::State(error) => write!(out, "{error}"),
            CountError::Ledger(path, error) => {
                write!(out, "{}: {error}", path.display())?;
                out.write_str(match error {
                    LedgerError::Damaged(_) => {
                        ". Nothing was changed. Restore the state directory from a copy, or move all of it away to begin anew"
                    }
                    LedgerError::Newer(..) => ". Start the newer one, or choose another --state DIR",
                    LedgerError::Full(_) => ". Make room, or choose another --state DIR",
                    LedgerError::Busy(_) | LedgerError::Failed(_) => {
                        ". Choose another --state DIR, or count in memory only with --no-state"
                    }
                })
            }
            CountError::Recovery(path, error) => write!(out, "{}: {error}", path.display()),
            CountError::Keys(path, error) => write!(out, "{}: {error}", path.display()),
            CountError::System(error) => write!(out, "cannot start counting: {error}"),
        }
    }
}

impl std::error::Error for CountError {}

impl Count {
    /// Numbers only, in memory: they begin at 1 with each start.
    #[must_use]
    pub fn in_memory() -> Count {
        Count {
            books: Arc::default(),
            health: Arc::default(),
            feed: Arc::default(),
            kept: None,
        }
    }

    /// Opens the count, and posts what the last process left.
    pub fn open(settings: Settings, say: Say) -> Result<Count, CountError> {
        let state = StateDirectory::open(&settings.directory).map_err(CountError::State)?;
        let health = Arc::new(Health::new(say));
        let unusable = |error| CountError::Ledger(state.ledger(), error);
        let mut ledger = Sqlite::open(&state.ledger()).map_err(unusable)?;
        let numbers = ledger.numbers();
        let disk = Folder::new(&state.journals())
            .map_err(|error| CountError::State(StateError::Unusable(state.journals(), error)))?;
        let opened = Opened {
            disk: Arc::new(disk),
            ledger,
            books: Arc::new(Books::new(Arc::new(numbers))),
            health,
        };
        Count::start(state, opened, settings)
    }

    fn start(
        state: StateDirectory,
        opened: Opened,
        settings: Settings,
    ) -> Result<Count, CountError> {
        let Opened {
            disk,
            mut ledger,
            books,
            health,
        } = opened;
        let boot = boot();
        let journals = state.journals();
        KeyRing::check(&*disk).map_err(|error| CountError::Keys(journals.clone(), error))?;
        let mut tally = Tally::new(settings.kind);
        let recovered = recover(&*disk, &mut ledger, &mut tally, boot)
            .map_err(|error| CountError::Recovery(journals.clone(), error))?;
        // From here on all is known to be sound, and ours.
        ledger
            .set_window_kind(settings.kind)
            .map_err(|error| CountError::Ledger(state.ledger(), error))?;
        state.sign().map_err(CountError::State)?;
        seal::unseal(&state.ledger());
        note_root(&state, &settings.root, &health);
        tell(&recovered, state.was_left(), &health);
        let ring = KeyRing::open(Arc::clone(&disk), day_of(clerk::now()))
            .map_err(|error| CountError::Keys(journals.clone(), error))?;
        let ring = Arc::new(ring);
        let desk = Desk::new(
            disk,
            Arc::clone(&health),
            recovered.next_sequence,
            recovered.next_name,
            boot,
        );
        let desk = Arc::new(desk);
        // The first one now: if there is no room for it, the operator should know before anybody is served.
        desk.supply_first()
            .map_err(|error| CountError::State(StateError::Unusable(journals, error)))?;
        let stop = Arc::new(AtomicBool::new(false));
        let waits = settings.habits.sync_interval.is_zero();
        let interval = settings.habits.sync_interval;
        let clerk = Clerk::new(
            Arc::clone(&desk),
            Box::new(ledger),
            Arc::clone(&books),
            Arc::clone(&ring),
            tally,
            settings.habits,
            Arc::clone(&stop),
        );
        let feed = clerk.feed();
        let clerk = spawn("clerk", move || clerk.run())?;
        let supplier = Arc::clone(&desk);
        let syncer = Arc::clone(&desk);
        let others = vec![
            spawn("journal-supply", move || supplier.keep_supplied())?,
            spawn("journal-sync", move || syncer.keep_synced(interval))?,
        ];
        Ok(Count {
            books,
            health,
            feed,
            kept: Some(Kept {
                state,
                desk,
                ring,
                agents: settings.agents,
                waits,
                latest: recovered.latest,
                stop,
                clerk,
                others,
            }),
        })
    }

    /// The accounts of all sites.
    #[must_use]
    pub fn books(&self) -> Arc<Books> {
        Arc::clone(&self.books)
    }

    /// How it goes.
    #[must_use]
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health)
    }

    /// The latest replies. Empty for ever if counts are in memory only: there is no clerk then who reads them.
    #[must_use]
    pub fn feed(&self) -> Arc<Feed> {
        Arc::clone(&self.feed)
    }

    /// The state directory; nothing if counts are in memory only.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.kept.as_ref().map(|kept| kept.state.path())
    }

    /// A teller for one worker.
    #[must_use]
    pub fn teller(&self) -> Teller {
        self.kept.as_ref().map_or_else(Teller::default, |kept| {
            let journal = Journal::new(Arc::clone(&kept.desk), kept.latest);
            // Before anybody is served: what is only in memory does not outlive a kill. What fails is tried again, and
            // said, by the supplier.
            kept.desk.supply_first().ok();
            Teller::new(
                journal,
                Arc::clone(&kept.agents),
                Arc::clone(&kept.ring),
                kept.waits,
            )
        })
    }

    /// Posts what is left, when the workers have ended; not longer than until the deadline. What is not posted then
    /// stays in the journals.
    pub fn close(self, deadline: Instant) {
        let Some(kept) = self.kept else {
            return;
        };
        kept.stop.store(true, Ordering::Release);
        kept.clerk.thread().unpark();
        wait_for(&kept.clerk, deadline);
        let has_ended = kept.clerk.is_finished();
        kept.desk.stop();
        kept.others
            .iter()
            .for_each(|thread| wait_for(thread, deadline));
        if !has_ended || !kept.others.iter().all(JoinHandle::is_finished) {
            // One of them hangs on a disk, and may still write: nobody else may have the directory as long as this
            // process lives.
            std::mem::forget(kept.state);
            return;
        }
        // A panic of the clerk has been said on standard error by the thread itself.
        if kept.clerk.join().is_ok_and(|is_posted| is_posted) {
            kept.desk.clear();
            seal::seal(&kept.state.ledger(), deadline);
            kept.state.give_back();
        }
    }
}

/// Waits for a thread's end. No channel tells when it comes; it is looked at until it has, or time is over.
fn wait_for<T>(thread: &JoinHandle<T>, deadline: Instant) {
    while !thread.is_finished() && Instant::now() < deadline {
        thread::park_timeout(Duration::from_millis(2));
    }
}

impl crate::account::Numbers for Numbers {
    fn number(&self, site: &str, path: &[u8]) -> Result<u64, LedgerError> {
        Numbers::number(self, site, path)
    }
}

/// What is opened before anything is posted.
struct Opened {
    disk: Arc<dyn Disk>,
    ledger: Sqlite,
    books: Arc<Books>,
    health: Arc<Health>,
}

fn note_root(state: &StateDirectory, root: &Path, health: &Health) {
    if let Ok(Some(before)) = state.note_root(root) {
        let text = format!(
            "the counts in {} are of {}; those of {} are added to them",
            state.path().display(),
            before.display(),
            root.display()
        );
        health.say(Urgency::Warning, &text);
    }
}

fn tell(recovered: &Recovered, was_left: bool, health: &Health) {
    let (hits, unsettled) = (recovered.hits, recovered.unsettled);
    if was_left || hits > 0 || unsettled > 0 {
        health.say(
            Urgency::Info,
            &format!("recovered {hits} hits, {unsettled} unsettled"),
        );
    }
    if recovered.torn > 0 {
        let text = format!(
            "{} journals end in the middle of an entry, as after a power cut: what was behind it is lost",
            recovered.torn
        );
        health.say(Urgency::Warning, &text);
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, CountError> {
    thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .map_err(CountError::System)
}

/// The start of this system, as a number. If it can't be known, power may have been cut at any time.
fn boot() -> u64 {
    let id = std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    if id.is_empty() {
        return clerk::now().unsigned_abs();
    }
    siphasher::sip::SipHasher24::new().hash(&id)
}
