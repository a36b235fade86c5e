//! The clerk: a thread that reads the journals, adds up what they say, and posts it into the ledger.
//!
//! Promises: what it posts and how far it has read are in one batch, so nothing is posted twice or left out,
//! whenever it is ended. While there is work it posts every [`PERIOD`], or where a batch has very many rows after a
//! longer [`rest`]; what can't be posted stays in memory and in the journals. Without work it sleeps.

pub(crate) mod reading;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::account::Books;
use crate::batch::Progress;
use crate::desk::{Desk, LINGER};
use crate::facts::{DAY, HOUR, day_of, hour_of};
use crate::feed::{Feed, Fresh};
use crate::health::{Health, Part, Urgency};
use crate::keyring::KeyRing;
use crate::ledger::{Ledger, LedgerError};
use crate::segment::Segment;
use crate::tally::Tally;

use reading::Reading;

/// Between two looks at the journals while there is work, and between two posts. Well under the 250 ms that are promised.
const PERIOD: Duration = Duration::from_millis(200);

/// What a row of a batch costs the ledger is some 13 us; so posting takes at most a fifteenth of the time.
const REST_EACH: Duration = Duration::from_micros(200);

/// At most this much more than [`PERIOD`] lies between two posts.
const LONGEST_REST: Duration = Duration::from_millis(2000);

/// Between two tries while the ledger takes nothing.
const RETRY: Duration = Duration::from_secs(1);

/// Between two looks for windows that have ended, while there is work.
const LOOK: Duration = Duration::from_secs(60);

/// Windows closed in one batch.
const MOST_CLOSED: usize = 20_000;

/// How long the clerk tries to post the last batch when the server ends.
const LAST: Duration = Duration::from_secs(5);

/// What the clerk is told once.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// How often the journals are synced; zero: before each reply, by those who wait for it.
    pub sync_interval: Duration,
    /// Days for which hourly series are kept; nothing: for ever.
    pub keep_hours: Option<u32>,
    /// The same for daily series.
    pub keep_days: Option<u32>,
}

/// The thread's state.
#[derive(Debug)]
pub struct Clerk {
    desk: Arc<Desk>,
    ledger: Box<dyn Ledger>,
    books: Arc<Books>,
    keys: Arc<KeyRing>,
    health: Arc<Health>,
    tally: Tally,
    readings: Vec<Reading>,
    /// Every segment with a lower number is among the readings, or was.
    next_sequence: u64,
    /// Segments of memory that were given back before the ledger heard that they are finished.
    spent: Vec<u64>,
    /// Hits that were posted as begun and are settled in the tally.
    settled: Vec<(u64, u32)>,
    habits: Habits,
    feed: Arc<Feed>,
    /// What was read in this cycle and is not in the feed yet.
    fresh: Fresh,
    stop: Arc<AtomicBool>,
    /// Something was posted in the last cycle.
    has_posted: bool,
    /// Nothing is posted before.
    rests_until: Option<Instant>,
    last_look: Option<Instant>,
    last_prune: Option<i64>,
    /// When the ledger had nothing left to pack, or could not, and before which day.
    last_pack: Option<(i64, Instant)>,
    /// The last try to pack failed. That keeps nobody awake: there are reports without packs.
    cannot_pack: bool,
}

impl Drop for Clerk {
    fn drop(&mut self) {
        // A fault of ours. The journals keep what is written from now on, and the next start posts it.
        if thread::panicking() {
            let cause = "the thread that posts the counts has failed; restart the server";
            self.health.fail(Part::Ledger, cause);
        }
    }
}

impl Clerk {
    /// A clerk who posts into `ledger`.
    #[must_use]
    pub fn new(
        desk: Arc<Desk>,
        ledger: Box<dyn Ledger>,
        books: Arc<Books>,
        keys: Arc<KeyRing>,
        tally: Tally,
        habits: Habits,
        stop: Arc<AtomicBool>,
    ) -> Clerk {
        Clerk {
            health: Arc::clone(&desk.health),
            desk,
            ledger,
            books,
            keys,
            tally,
            readings: Vec::new(),
            next_sequence: 0,
            spent: Vec::new(),
            settled: Vec::new(),
            habits,
            feed: Arc::default(),
            fresh: Fresh::default(),
            stop,
            has_posted: false,
            rests_until: None,
            last_look: None,
            last_prune: None,
            last_pack: None,
            cannot_pack: false,
        }
    }

    /// What the clerk has read lately, for whoever watches.
    #[must_use]
    pub fn feed(&self) -> Arc<Feed> {
        Arc::clone(&self.feed)
    }

    /// Works until told to stop, and then until everything is posted; says whether it is.
    pub fn run(mut self) -> bool {
        self.desk.clerk_is(thread::current());
        // There is nothing to read yet; those who come first have the core.
        self.doze(PERIOD);
        while !self.stop.load(Ordering::Acquire) {
            let pause = match self.cycle() {
                Ok(()) => PERIOD,
                Err(_) => RETRY,
            };
            // Not right after a post: the next hit would wake us, and have a post of its own.
            if self.is_idle() && !self.has_posted {
                self.sleep();
                self.desk.clerk_rises();
                if self.has_posted {
                    self.wait(PERIOD);
                }
            } else {
                self.wait(pause);
            }
        }
        self.finish()
    }

    /// Reads what there is and posts it.
    pub fn cycle(&mut self) -> Result<(), LedgerError> {
        self.has_posted = false;
        self.rotate_keys();
        let read = self.read();
        // Before it is posted: whoever watches does not wait for the disk.
        self.fresh.show(&self.feed);
        // Posted before windows are closed: what keeps those from being read must not keep this from being posted.
        let outcome = match self.rests() {
            true => read,
            false => read
                .and_then(|()| self.post())
                .and_then(|()| self.close_windows()),
        };
        if outcome.is_ok() {
            self.pack();
        }
        self.report_lag();
        match &outcome {
            Ok(()) => self.health.recover(Part::Ledger),
            Err(error) => self.health.fail(Part::Ledger, &error.to_string()),
        }
        outcome
    }

    /// Whether the last batch was so large that the next one waits. Not at the end.
    fn rests(&self) -> bool {
        let waits = self.rests_until.is_some_and(|end| Instant::now() < end);
        waits && !self.stop.load(Ordering::Acquire)
    }

    /// Nothing to read, nothing to post: only hits that are on their way, which wake the clerk when they end. What is
    /// left to be packed does not hold up the end of the server, and what can't be packed keeps nobody awake.
    fn is_idle(&self) -> bool {
        let is_packed =
            self.ledger.is_packed() || self.cannot_pack || self.stop.load(Ordering::Acquire);
        is_packed
            && self.tally.is_empty()
            && self.settled.is_empty()
            && self.spent.is_empty()
            && self.readings.iter().all(Reading::is_idle)
    }

    /// Waits without missing anything: whoever writes before it is said that the clerk sleeps is seen in the
    /// look that follows.
    fn sleep(&mut self) {
        self.desk.clerk_sleeps();
        self.doze(PERIOD);
        // Woken, the clerk counts as awake, and nobody would wake it again. The next cycle reads what has come.
        if self.desk.is_clerk_awake() || self.stop.load(Ordering::Acquire) {
            return;
        }
        if self.cycle().is_err() || self.has_posted || !self.is_idle() {
            return;
        }
        if self.desk.is_clerk_awake() || self.stop.load(Ordering::Acquire) {
            return;
        }
        self.doze(until_tomorrow());
    }

    /// Waits until woken by a hit, and then until that is likely to have ended.
    fn doze(&self, time: Duration) {
        self.wait(time);
        self.wait(LINGER);
    }

    fn wait(&self, time: Duration) {
        if !self.stop.load(Ordering::Acquire) {
            thread::park_timeout(time);
        }
    }

    fn rotate_keys(&self) {
        match self.keys.rotate(day_of(now())) {
            Ok(()) => self.health.recover(Part::Keys),
            Err(error) => {
                let cause = format!("the keys of visitors can't be written: {error}");
                self.health.fail(Part::Keys, &cause);
            }
        }
    }

    fn read(&mut self) -> Result<(), LedgerError> {
        if self.ledger.changed_outside()? {
            self.tally.doubt();
        }
        let (taken, next_sequence) = self.desk.taken();
        self.next_sequence = next_sequence;
        self.readings.extend(taken.into_iter().map(Reading::new));
        for reading in &mut self.readings {
            let (tally, ledger) = (&mut self.tally, &mut *self.ledger);
            reading.settle(tally, ledger, &mut self.settled, &mut self.fresh)?;
            reading.read_on(tally, ledger, &mut self.fresh)?;
        }
        self.give_back_spent();
        Ok(())
    }

    /// Segments that are only in memory hold nothing that the tally has not: they go before it is posted, so that
    /// memory does not grow with the hits while nothing can be written.
    fn give_back_spent(&mut self) {
        let (desk, spent) = (&self.desk, &mut self.spent);
        self.readings.retain(|reading| {
            let goes = reading.is_spent();
            if goes {
                desk.give_back(reading.segment());
                spent.extend(reading.is_known().then_some(reading.sequence()));
            }
            !goes
        });
    }

    fn close_windows(&mut self) -> Result<(), LedgerError> {
        if self.last_look.is_some_and(|last| last.elapsed() < LOOK) {
            return Ok(());
        }
        let now = now();
        let closed = self
            .tally
            .close_ended(now, MOST_CLOSED, &mut *self.ledger)?;
        // More are waiting: the next cycle goes on, when these are posted.
        self.last_look = (closed < MOST_CLOSED).then(Instant::now);
        self.prune(now)
    }

    fn prune(&mut self, now: i64) -> Result<(), LedgerError> {
        let hour = hour_of(now);
        let keeps_all = (self.habits.keep_hours, self.habits.keep_days) == (None, None);
        if keeps_all || self.last_prune == Some(hour) {
            return Ok(());
        }
        let before = |keep: Option<u32>, unit: i64| {
            keep.map_or(i64::MIN, |days| {
                (now - i64::from(days) * DAY).div_euclid(unit)
            })
        };
        let hours = before(self.habits.keep_hours, HOUR);
        let days = before(self.habits.keep_days, DAY);
        self.ledger.prune(hours, days)?;
        self.last_prune = Some(hour);
        Ok(())
    }

    /// Packs one more day. Not yesterday: until its windows have closed, nearly every batch adds partials to it. A
    /// day that is changed later is packed again, but not more often than once in a [`LOOK`]. An error is none of the
    /// count: all that is packed is in the rows.
    fn pack(&mut self) {
        let before = day_of(now()) - 1;
        let waits = self.last_pack.is_some_and(|(day, last)| {
            day == before && (self.ledger.is_packed() || last.elapsed() < LOOK)
        });
        if waits || self.stop.load(Ordering::Acquire) {
            return;
        }
        let failed = self.ledger.pack(before).err();
        let pauses = failed.is_some() || self.ledger.is_packed();
        self.last_pack = pauses.then(|| (before, Instant::now()));
        if let Some(error) = failed.as_ref().filter(|_| !self.cannot_pack) {
            let text =
                format!("reports over long ranges stay slow, since days can't be packed: {error}");
            self.health.say(Urgency::Warning, &text);
        }
        self.cannot_pack = failed.is_some();
    }

    fn post(&mut self) -> Result<(), LedgerError> {
        let progress = self.progress();
        let moved = !progress.read.is_empty() || !progress.finished.is_empty();
        if self.tally.is_empty() && self.settled.is_empty() && !moved {
            return Ok(());
        }
        let finished = progress.finished.clone();
        let batch = self.tally.batch(progress);
        self.ledger.post(&batch)?;
        self.has_posted = true;
        let rest = rest(batch.versions.len() + batch.windows.len());
        self.rests_until = (!rest.is_zero()).then(|| Instant::now() + rest);
        self.health
            .posted
            .fetch_add(self.tally.entries(), Ordering::Relaxed);
        self.health.batches.fetch_add(1, Ordering::Relaxed);
        self.feed.wake();
        let books = &self.books;
        self.tally
            .posted(|site, path, number| books.posted(site, path, number));
        self.books.sweep();
        self.settled.clear();
        self.spent.clear();
        self.readings.iter_mut().for_each(Reading::posted);
        self.give_back(&finished);
        Ok(())
    }

    fn progress(&self) -> Progress {
        let mut progress = Progress {
            next_sequence: self.next_sequence,
            settled: self.settled.clone(),
            finished: self.spent.clone(),
            ..Progress::default()
        };
        for reading in &self.readings {
            reading.report(&mut progress);
        }
        progress
    }

    fn give_back(&mut self, finished: &[u64]) {
        let desk = &self.desk;
        self.readings.retain(|reading| {
            let stays = !finished.contains(&reading.sequence());
            if !stays {
                desk.give_back(reading.segment());
            }
            stays
        });
    }

    fn report_lag(&self) {
        let oldest = self.tally.oldest();
        let age = oldest.map_or(0, |time| (now() - time).max(0) / 1_000_000);
        self.health
            .lag_entries
            .store(self.tally.entries(), Ordering::Relaxed);
        self.health
            .lag_millis
            .store(age.unsigned_abs(), Ordering::Relaxed);
    }

    /// Posts what is left. If the ledger takes nothing, the journals keep it for the next start.
    fn finish(&mut self) -> bool {
        let deadline = Instant::now() + LAST;
        while self.cycle().is_err() || !self.is_idle() {
            if Instant::now() >= deadline {
                return false;
            }
            thread::park_timeout(PERIOD / 4);
        }
        self.ledger.tidy();
        true
    }
}

/// How much longer than usual the next post waits after one of so many rows. Where ten thousand files are asked for in
/// a second, each row then stands for many hits; where there are fewer than a thousand, nothing waits.
fn rest(rows: usize) -> Duration {
    let rows = u32::try_from(rows).unwrap_or(u32::MAX);
    let all = REST_EACH.saturating_mul(rows);
    all.saturating_sub(PERIOD).min(LONGEST_REST)
}

/// Nanoseconds since 1970.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// Keys change at midnight, also while nobody asks for anything.
fn until_tomorrow() -> Duration {
    let now = now();
    let left = (day_of(now) + 1) * DAY - now;
    Duration::from_nanos(left.unsigned_abs()) + Duration::from_secs(1)
}

/// What one segment is called in messages.
#[must_use]
pub fn name_of(segment: &Segment) -> &str {
    segment.name.as_deref().unwrap_or("memory")
}

#[cfg(test)]
mod tests;
