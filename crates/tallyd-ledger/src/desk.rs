//! The desk: what workers, the clerk, the supplier and the syncer share.
//!
//! A worker touches it only when a segment is full, and to wake the clerk.

mod sizes;

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::disk::{Disk, Plain, Store};
use crate::health::{Health, Part};
use crate::segment::{Segment, touch_first, touch_pages};
use sizes::Sizes;

/// Segments that lie ready for each worker. At 160 000 hits a second one lasts 160 ms.
const READY: usize = 3;

/// Words of a segment that is only in memory.
const PLAIN_WORDS: usize = 32 * 1024;

/// Empty segments that are kept for each worker beyond those that are ready; others are removed.
const KEPT: usize = 4;

/// Pages of a segment that are in memory before anybody is served: some 3 000 hits. Those behind them follow while it is
/// written, see [`Desk::keep_supplied`]; all 512 of them took 1.7 ms of each start.
const TOUCHED: usize = 64;

/// How long the supplier leaves the core to those who come first. There is a segment for each worker already.
const SETTLE: Duration = Duration::from_millis(20);

/// How long clerk and syncer, woken by the first hit after a quiet time, let it leave before they read and sync it: on
/// a machine with one core it would wait for them. Mostly it has ended then, and is posted once instead of twice.
pub const LINGER: Duration = Duration::from_millis(10);

/// The clerk sleeps.
const CLERK: u8 = 1;

/// The syncer sleeps.
const SYNCER: u8 = 2;

/// Shared by all who deal with journals.
#[derive(Debug)]
pub struct Desk {
    disk: Arc<dyn Disk>,
    /// How the count is doing.
    pub health: Arc<Health>,
    next_name: AtomicU64,
    boot: u64,
    sizes: Sizes,
    workers: AtomicUsize,
    supply: Mutex<Supply>,
    /// Told when a segment was taken or given back.
    wanted: Condvar,
    segments: Mutex<Segments>,
    clerk: Mutex<Option<Thread>>,
    /// Who sleeps, and is to be woken by whoever writes: [`CLERK`], [`SYNCER`].
    asleep: AtomicU8,
    syncs: Mutex<Syncs>,
    sync_wanted: Condvar,
    /// There are segments in use, or ready, whose names a power cut may take back.
    has_loose_names: Mutex<bool>,
}

/// A store that nothing is in, and its name.
type Empty = (Arc<dyn Store>, String);

#[derive(Debug, Default)]
struct Supply {
    /// Blank, for the next worker who asks.
    ready: VecDeque<Empty>,
    /// Given back.
    empty: Vec<Empty>,
    /// Ready, or in use already, and not all of their pages are in memory.
    rough: Vec<Arc<dyn Store>>,
    stop: bool,
}

#[derive(Debug, Default)]
struct Segments {
    next_sequence: u64,
    /// Taken by workers, and not yet known to the clerk.
    fresh: Vec<Arc<Segment>>,
    /// Taken by workers, and not given back: what a sync is about.
    in_use: Vec<Arc<Segment>>,
}

#[derive(Debug, Default)]
struct Syncs {
    wanted: bool,
    stop: bool,
    waiting: Vec<Waker>,
}

impl Desk {
    /// A desk; segments get sequence numbers from `next_sequence` on, files names from `next_name` on.
    #[must_use]
    pub fn new(
        disk: Arc<dyn Disk>,
        health: Arc<Health>,
        next_sequence: u64,
        next_name: u64,
        boot: u64,
    ) -> Desk {
        Desk {
            disk,
            health,
            next_name: AtomicU64::new(next_name),
            boot,
            sizes: Sizes::default(),
            workers: AtomicUsize::new(0),
            supply: Mutex::default(),
            wanted: Condvar::new(),
            segments: Mutex::new(Segments {
                next_sequence,
                ..Segments::default()
            }),
            clerk: Mutex::default(),
            asleep: AtomicU8::new(CLERK | SYNCER),
            syncs: Mutex::default(),
            sync_wanted: Condvar::new(),
            has_loose_names: Mutex::new(false),
        }
    }

    /// The same with segments of so many words, usually and where definitions fill them: so that a test fills many.
    #[must_use]
    pub fn with_words(mut self, usual: usize, large: usize) -> Desk {
        self.sizes = Sizes::of(usual, large);
        self
    }

    /// One more worker takes segments.
    pub fn enter(&self) {
        // With the lock: the supplier looks at the number before it waits.
        let supply = lock(&self.supply);
        self.workers.fetch_add(1, Ordering::AcqRel);
        drop(supply);
        self.wanted.notify_one();
    }

    /// A segment for a worker. If none is ready, one in memory with room for `least` words: a worker never
    /// waits for the disk.
    pub fn take(&self, least: usize) -> Arc<Segment> {
        let ready = lock(&self.supply).ready.pop_front();
        self.wanted.notify_one();
        let (store, name) = match ready {
            Some((store, name)) => (store, Some(name)),
            None => (self.plain(least), None),
        };
        let mut segments = lock(&self.segments);
        let sequence = segments.next_sequence;
        segments.next_sequence += 1;
        let segment = Arc::new(Segment::begin(store, name, sequence, self.boot));
        segments.fresh.push(Arc::clone(&segment));
        segments.in_use.push(Arc::clone(&segment));
        segment
    }

    /// For a worker: a segment was filled up to a word, and so many words are definitions.
    pub fn filled(&self, until: u32, defining: u32) {
        self.sizes.learn(until as usize, defining as usize);
    }

    fn plain(&self, least: usize) -> Arc<dyn Store> {
        self.health.only_in_memory.fetch_add(1, Ordering::Relaxed);
        Arc::new(Plain::new(PLAIN_WORDS.max(least)))
    }

    /// For the clerk: segments that workers have taken since the last call, and the sequence number that the
    /// next one will have. The clerk knows every segment with a lower one.
    pub fn taken(&self) -> (Vec<Arc<Segment>>, u64) {
        let mut segments = lock(&self.segments);
        let fresh = std::mem::take(&mut segments.fresh);
        (fresh, segments.next_sequence)
    }

    /// Gives back a segment of which all is in the ledger.
    pub fn give_back(&self, segment: &Segment) {
        segment.retire();
        let mut segments = lock(&self.segments);
        segments
            .in_use
            .retain(|used| used.sequence != segment.sequence);
        drop(segments);
        match &segment.name {
            Some(name) => lock(&self.supply)
                .empty
                .push((segment.store(), name.clone())),
            None => {
                self.health.only_in_memory.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.wanted.notify_one();
    }

    /// Makes segments ready until told to stop: the supplier's thread.
    pub fn keep_supplied(&self) {
        let settled = Instant::now() + SETTLE;
        loop {
            let mut supply = lock(&self.supply);
            while !supply.stop {
                let left = settled.saturating_duration_since(Instant::now());
                supply = match self.has_work(&supply) {
                    true if left.is_zero() => break,
                    true => wait_for(&self.wanted, supply, left),
                    false => wait(&self.wanted, supply),
                };
            }
            if supply.stop {
                return;
            }
            let rough = std::mem::take(&mut supply.rough);
            drop(supply);
            if !rough.is_empty() {
                rough.iter().for_each(|store| touch_pages(&**store));
                continue;
            }
            match self.supply_one() {
                Ok(()) => self.health.recover(Part::Journal),
                Err(error) => {
                    let cause = format!("the journal can't get a new file: {error}");
                    self.health.fail(Part::Journal, &cause);
                    self.pause();
                }
            }
        }
    }

    /// How many segments lie ready.
    #[must_use]
    pub fn ready(&self) -> usize {
        lock(&self.supply).ready.len()
    }

    /// Makes one more segment ready now, or removes one that is too many. For the supplier.
    pub fn supply_one(&self) -> io::Result<()> {
        let (empty, is_wanted) = {
            let mut supply = lock(&self.supply);
            let is_wanted = supply.ready.len() < self.wish();
            (supply.empty.pop(), is_wanted)
        };
        let (store, name) = match empty {
            Some((_, name)) if !is_wanted => return self.disk.remove(&name),
            Some(empty) if empty.0.words().len() == self.sizes.wanted() => empty,
            Some(empty) => self.replaced(empty),
            None => self.create_durably()?,
        };
        // Here, so that no worker has to wait for a page.
        touch_pages(&*store);
        lock(&self.supply).ready.push_back((store, name));
        Ok(())
    }

    /// Makes a segment ready for each worker, and one at least. For the start: takes the room on the disk, but does not
    /// wait for it. A sync of what is written into one syncs its name first, and the supplier does what else is left.
    pub fn supply_first(&self) -> io::Result<()> {
        while self.ready() < self.workers.load(Ordering::Acquire).max(1) {
            let (store, name) = self.create()?;
            touch_first(&*store, TOUCHED);
            // Before a worker can have it.
            *lock(&self.has_loose_names) = true;
            let mut supply = lock(&self.supply);
            supply.rough.push(Arc::clone(&store));
            supply.ready.push_back((store, name));
        }
        Ok(())
    }

    fn create_durably(&self) -> io::Result<Empty> {
        let (store, name) = self.create()?;
        if let Err(error) = self.disk.sync_names() {
            self.disk.remove(&name).ok();
            return Err(error);
        }
        Ok((store, name))
    }

    /// One of the size that is wanted, in place of another: the room for that is only given away when there is one.
    fn replaced(&self, old: Empty) -> Empty {
        let Ok(new) = self.create_durably() else {
            return old;
        };
        // One that stays is found finished at the next start.
        self.disk.remove(&old.1).ok();
        new
    }

    /// One of the size that is wanted; where a large one can't be made, a usual one.
    fn create(&self) -> io::Result<Empty> {
        let words = self.sizes.wanted();
        self.create_with(words)
            .or_else(|error| match self.sizes.refused(words) {
                Some(usual) => self.create_with(usual),
                None => Err(error),
            })
    }

    fn create_with(&self, words: usize) -> io::Result<Empty> {
        let number = self.next_name.fetch_add(1, Ordering::AcqRel);
        let name = format!("{number:08}.journal");
        let part = format!("{name}.part");
        let made = self
            .disk
            .create(&part, words)
            .and_then(|store| self.disk.rename(&part, &name).map(|()| store));
        match made {
            Ok(store) => Ok((store, name)),
            Err(error) => {
                // What is left of it takes space; if it can't be removed, the next start does.
                self.disk.remove(&part).ok();
                Err(error)
            }
        }
    }

    fn has_work(&self, supply: &Supply) -> bool {
        let workers = self.workers.load(Ordering::Acquire).max(1);
        let is_short = supply.ready.len() < self.wish() || !supply.rough.is_empty();
        is_short || supply.empty.len() > KEPT * workers
    }

    fn wish(&self) -> usize {
        READY * self.workers.load(Ordering::Acquire).max(1)
    }

    fn pause(&self) {
        let supply = lock(&self.supply);
        if !supply.stop {
            // Woken earlier if something was given back.
            drop(wait_for(&self.wanted, supply, Duration::from_secs(1)));
        }
    }

    /// Wakes clerk and syncer if they sleep: something was written. On the hit path: one load.
    pub fn wake(&self) {
        if self.asleep.load(Ordering::Relaxed) != 0 {
            self.wake_sleepers();
        }
    }

    fn wake_sleepers(&self) {
        let woken = self.asleep.swap(0, Ordering::SeqCst);
        if woken & SYNCER != 0 {
            self.want_sync(None);
        }
        if woken & CLERK != 0 {
            self.wake_clerk();
        }
    }

    /// Wakes the clerk, whether it sleeps or waits.
    pub fn wake_clerk(&self) {
        self.clerk_rises();
        if let Some(clerk) = &*lock(&self.clerk) {
            clerk.unpark();
        }
    }

    /// Says who the clerk is.
    pub fn clerk_is(&self, thread: Thread) {
        *lock(&self.clerk) = Some(thread);
    }

    /// Whether whoever writes leaves the clerk alone.
    #[must_use]
    pub fn is_clerk_awake(&self) -> bool {
        self.asleep.load(Ordering::SeqCst) & CLERK == 0
    }

    /// The clerk says that it will sleep; whoever writes from now on wakes it.
    pub fn clerk_sleeps(&self) {
        self.asleep.fetch_or(CLERK, Ordering::SeqCst);
    }

    /// The clerk says that it has slept: whoever writes leaves it alone.
    pub fn clerk_rises(&self) {
        self.asleep.fetch_and(!CLERK, Ordering::SeqCst);
    }

    /// Asks for a sync; `waker` is woken after it.
    pub fn want_sync(&self, waker: Option<Waker>) {
        let mut syncs = lock(&self.syncs);
        syncs.wanted = true;
        syncs.waiting.extend(waker);
        self.sync_wanted.notify_one();
    }

    /// Waits until a sync is wanted, or the pause is over; nothing at the end. Returns whom to wake.
    fn next_sync(&self, pause: Option<Duration>) -> Option<Vec<Waker>> {
        let mut syncs = lock(&self.syncs);
        let deadline = pause.map(|pause| Instant::now() + pause);
        while !syncs.wanted && !syncs.stop {
            syncs =
                match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                    None => wait(&self.sync_wanted, syncs),
                    Some(Duration::ZERO) => break,
                    Some(left) => wait_for(&self.sync_wanted, syncs, left),
                };
        }
        if syncs.stop && !syncs.wanted {
            return None;
        }
        syncs.wanted = false;
        Some(std::mem::take(&mut syncs.waiting))
    }

    /// Syncs what workers write until told to stop, and at least so often while they write: the syncer's thread.
    /// With an interval of zero, only those who wait for it are served.
    pub fn keep_synced(&self, interval: Duration) {
        let mut pause = None;
        let mut is_drowsy = false;
        while let Some(waiting) = self.next_sync(pause) {
            if pause.is_none() && !interval.is_zero() {
                self.linger(interval.min(LINGER));
            }
            let outcome = self.sync_all();
            match &outcome {
                Ok(_) => self.health.recover(Part::Sync),
                Err(error) => {
                    let cause = format!("the journal can't be synced: {error}");
                    self.health.fail(Part::Sync, &cause);
                }
            }
            waiting.into_iter().for_each(Waker::wake);
            if interval.is_zero() {
                continue;
            }
            let is_quiet = matches!(outcome, Ok(false));
            // Quiet for an interval: whoever writes from now on wakes us. What was written before that was said is
            // seen in one more look; only then is there nothing to wait for.
            if is_quiet && !is_drowsy {
                self.asleep.fetch_or(SYNCER, Ordering::SeqCst);
            }
            pause = (!is_quiet || !is_drowsy).then_some(interval);
            is_drowsy = is_quiet;
        }
    }

    /// Waits so long, or until the end.
    fn linger(&self, time: Duration) {
        let deadline = Instant::now() + time;
        let mut syncs = lock(&self.syncs);
        while !syncs.stop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            syncs = wait_for(&self.sync_wanted, syncs, left);
        }
    }

    /// Syncs the names of segments that are in use or ready, if they are not.
    fn sync_names(&self) -> io::Result<()> {
        let mut is_loose = lock(&self.has_loose_names);
        if *is_loose {
            self.disk.sync_names()?;
            *is_loose = false;
        }
        Ok(())
    }

    /// Syncs every segment in use, also if one of them fails. Whether anything had been written.
    pub fn sync_all(&self) -> io::Result<bool> {
        // First: what is in a file that has no name is not kept, and must not be said to be.
        self.sync_names()?;
        let in_use = lock(&self.segments).in_use.clone();
        let mut outcome = Ok(false);
        for segment in in_use {
            let synced = segment.sync();
            outcome = match (outcome, synced) {
                (Err(error), _) | (_, Err(error)) => Err(error),
                (Ok(one), Ok(other)) => Ok(one || other),
            };
        }
        outcome
    }

    /// Removes every file that nothing is in: at the end, when all is in the ledger.
    pub fn clear(&self) {
        let mut supply = lock(&self.supply);
        let supply = &mut *supply;
        for (_, name) in supply.ready.drain(..).chain(supply.empty.drain(..)) {
            // One that stays is found finished at the next start.
            self.disk.remove(&name).ok();
        }
    }

    /// Ends the supplier and the syncer.
    pub fn stop(&self) {
        lock(&self.supply).stop = true;
        self.wanted.notify_all();
        lock(&self.syncs).stop = true;
        self.sync_wanted.notify_all();
    }
}

fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condition
        .wait(guard)
        .unwrap_or_else(PoisonError::into_inner)
}

fn wait_for<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    time: Duration,
) -> MutexGuard<'a, T> {
    let (guard, _) = condition
        .wait_timeout(guard, time)
        .unwrap_or_else(PoisonError::into_inner);
    guard
}

/// A panic while one of these locks was held leaves lists whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
