//! Event streams: what happens, as it happens, for pages that are open and programs that listen.
//!
//! Promises: what a tick says is made once, however many streams there are; nothing is kept for a stream that does
//! not read: it is told how much it has missed. Without a stream nothing is made and no timer fires. Must not know:
//! sockets.
//!
//! 1. A connection [`Streams::enter`]s and gets a [`Seat`], if there is one.
//! 2. [`Streams::tell`] says what is new, twice a second at most: a [`Tick`].
//! 3. [`Seat::catch_up`] is what one stream is sent for it.

pub mod text;

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use tallyd_ledger::facts::day_of;
use tallyd_ledger::feed::Feed;
use tallyd_ledger::health::Health;
use tallyd_ledger::ledger::LedgerError;
use tallyd_ledger::report::{Day, Report, Scope, Unit};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use text::Piece;

/// Streams at the same time.
pub const MOST: u64 = 2_000;

/// Between two ticks while there is news: as fast as a person can see numbers change.
const TICK: Duration = Duration::from_millis(500);

/// Between two ticks while there is none: proxies close what is silent for a minute, some for half of one.
const PULSE: Duration = Duration::from_secs(15);

/// Replies that one tick shows: more than fit on a page. The rest is counted.
const SHOWN: usize = 25;

/// The streams of one listener.
pub struct Streams {
    feed: Arc<Feed>,
    health: Arc<Health>,
    open: Cell<u64>,
    /// Somebody has come or left.
    changed: Notify,
    latest: watch::Sender<Rc<Tick>>,
}

/// What is said at one moment, to all.
#[derive(Debug, Default)]
pub struct Tick {
    /// It says what has come after the first so many replies,
    from: u64,
    /// up to this one.
    to: u64,
    text: Option<Piece>,
    /// Which counts the text brings along; 0 if none.
    brings: u64,
    counts: Option<Counts>,
}

/// The latest counts, and how often they were said to have changed.
#[derive(Clone, Debug)]
struct Counts {
    number: u64,
    piece: Piece,
}

/// One stream's place; given back when dropped.
pub struct Seat {
    streams: Rc<Streams>,
    latest: watch::Receiver<Rc<Tick>>,
    told: Told,
}

/// How far one stream has been told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    replies: u64,
    counts: u64,
}

impl Streams {
    /// Nobody listens yet.
    #[must_use]
    pub fn new(feed: Arc<Feed>, health: Arc<Health>) -> Streams {
        Streams {
            feed,
            health,
            open: Cell::new(0),
            changed: Notify::new(),
            latest: watch::Sender::new(Rc::default()),
        }
    }

    /// A seat, unless there are as many streams as there may be.
    #[must_use]
    pub fn enter(streams: &Rc<Streams>) -> Option<Seat> {
        let open = streams.open.get();
        if open >= most() {
            return None;
        }
        if open == 0 {
            // What came while nobody listened is no news.
            streams.begin();
        }
        streams.open.set(open + 1);
        streams.changed.notify_one();
        Some(Seat {
            latest: streams.latest.subscribe(),
            streams: Rc::clone(streams),
            told: Told::default(),
        })
    }

    fn begin(&self) {
        let so_far = self.feed.count();
        let counts = self.latest.borrow().counts.clone();
        self.latest.send_replace(Rc::new(Tick {
            from: so_far,
            to: so_far,
            counts,
            ..Tick::default()
        }));
    }

    /// Tells all streams what is new, for ever. `today` asks for the counts of today.
    pub async fn tell<A: Future<Output = Option<Day>>>(&self, today: impl Fn() -> A) {
        loop {
            while self.open.get() == 0 {
                self.changed.notified().await;
            }
            self.tell_until_nobody_listens(&today).await;
        }
    }

    async fn tell_until_nobody_listens<A: Future<Output = Option<Day>>>(
        &self,
        today: impl Fn() -> A,
    ) {
        let mut inquiry = Inquiry::new();
        let (mut news_at, mut pulse_at) = (Instant::now(), Instant::now() + PULSE);
        while self.open.get() > 0 {
            let (count, batches) = (self.feed.count(), self.batches());
            inquiry.go_on(batches, &today);
            let has_news = count != self.latest.borrow().to || inquiry.answer.is_some();
            let due = if has_news { news_at } else { pulse_at };
            let (asks, asks_at) = (inquiry.is_due(batches), inquiry.next);
            tokio::select! {
                biased;
                () = self.changed.notified() => {}
                () = inquiry.answered() => {}
                () = sleep_until(due) => {
                    (news_at, pulse_at) = (Instant::now() + TICK, Instant::now() + PULSE);
                    self.say(inquiry.answer.take());
                }
                () = sleep_until(asks_at), if asks => {}
                () = self.news(count, batches) => {}
            }
        }
        // Counts that nobody keeps up to date are not for whoever comes next.
        self.latest.send_replace(Rc::default());
    }

    /// Waits until there are more replies, or more batches were posted.
    async fn news(&self, count: u64, batches: u64) {
        std::future::poll_fn(|context| {
            self.feed.watch(context.waker());
            match (self.feed.count(), self.batches()) == (count, batches) {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        })
        .await;
    }

    fn batches(&self) -> u64 {
        self.health.batches.load(Ordering::Relaxed)
    }

    fn say(&self, day: Option<Day>) {
        let before = Rc::clone(&self.latest.borrow());
        let tick = before.next(&self.feed, day);
        self.latest.send_replace(Rc::new(tick));
    }
}

impl Tick {
    /// What is said after this.
    fn next(&self, feed: &Feed, day: Option<Day>) -> Tick {
        let news = feed.since(self.to, SHOWN);
        let mut said = text::replies(&news);
        let mut counts = self.counts.clone();
        let mut brings = 0;
        if let Some(day) = day {
            let event = text::counts(&day);
            said.push_str(&event);
            brings = counts.map_or(0, |counts| counts.number) + 1;
            counts = Some(Counts {
                number: brings,
                piece: Piece::new(&event),
            });
        }
        if said.is_empty() {
            said.push_str(text::PULSE);
        }
        Tick {
            from: self.to,
            to: news.next,
            text: Some(Piece::new(&said)),
            brings,
            counts,
        }
    }
}

impl Told {
    /// What has to be sent for a stream to know what `tick` says. What it has missed is counted, and the counts
    /// are the latest.
    fn catch_up(&mut self, tick: &Tick) -> Vec<Piece> {
        let mut pieces = Vec::with_capacity(1);
        if self.replies < tick.from {
            let missed = text::skipped(tick.from - self.replies, tick.from);
            pieces.push(Piece::new(&missed));
        }
        pieces.extend(tick.text.clone());
        self.replies = tick.to;
        self.counts = self.counts.max(tick.brings);
        if let Some(counts) = &tick.counts
            && self.counts < counts.number
        {
            pieces.push(counts.piece.clone());
            self.counts = counts.number;
        }
        pieces
    }
}

/// The question for the counts of today: never two at a time, and not more often than they are said.
struct Inquiry<A> {
    open: Option<Pin<Box<A>>>,
    /// Batches that were posted before it was asked last.
    batches: Option<u64>,
    /// Before this it is not asked again.
    next: Instant,
    answer: Option<Day>,
}

impl<A: Future<Output = Option<Day>>> Inquiry<A> {
    fn new() -> Inquiry<A> {
        Inquiry {
            open: None,
            batches: None,
            next: Instant::now(),
            answer: None,
        }
    }

    /// Whether it will be asked when its time has come.
    fn is_due(&self, batches: u64) -> bool {
        self.open.is_none() && self.batches != Some(batches)
    }

    /// Asks, if it is time to.
    fn go_on(&mut self, batches: u64, ask: impl Fn() -> A) {
        let now = Instant::now();
        if self.is_due(batches) && now >= self.next {
            self.batches = Some(batches);
            self.next = now + TICK;
            self.open = Some(Box::pin(ask()));
        }
    }

    /// Waits for the answer to what was asked.
    async fn answered(&mut self) {
        let Some(open) = &mut self.open else {
            return std::future::pending().await;
        };
        let answer = open.await;
        self.open = None;
        if answer.is_none() {
            // The ledger did not answer: once more, but not at once.
            self.batches = None;
            self.next = Instant::now() + PULSE;
        }
        self.answer = answer.or(self.answer);
    }
}

impl Seat {
    /// What a stream begins with. It gets what comes from then on.
    #[must_use]
    pub fn hello(&mut self) -> Vec<Piece> {
        let latest = Rc::clone(&self.latest.borrow_and_update());
        self.told = Told {
            replies: latest.to,
            counts: latest.counts.as_ref().map_or(0, |counts| counts.number),
        };
        let counts = latest.counts.as_ref().map(|counts| counts.piece.clone());
        let hello = Piece::new(&text::hello(latest.to));
        [hello].into_iter().chain(counts).collect()
    }

    /// Waits until there is something that this stream was not told, and says it.
    pub async fn catch_up(&mut self) -> Vec<Piece> {
        // The other end is in `self.streams`: it is there as long as this.
        if self.latest.changed().await.is_err() {
            return std::future::pending().await;
        }
        let latest = Rc::clone(&self.latest.borrow_and_update());
        self.told.catch_up(&latest)
    }
}

/// What was counted today, for all sites; `now` in nanoseconds since 1970.
pub fn today(report: &Report, now: i64) -> Result<Day, LedgerError> {
    let day = day_of(now);
    let points = report.series(&Scope::Site(None), Unit::Day, day, day)?;
    let counts = points.first().map(|point| point.classes.total());
    Ok(Day {
        day,
        counts: counts.unwrap_or_default(),
    })
}

impl Drop for Seat {
    fn drop(&mut self) {
        let open = &self.streams.open;
        open.set(open.get().saturating_sub(1));
        self.streams.changed.notify_one();
    }
}

/// Each stream holds a descriptor, and when they run out, the files must win.
fn most() -> u64 {
    let descriptors = getrlimit(Resource::Nofile).current;
    descriptors.map_or(MOST, |most| MOST.min(most / 4))
}

#[cfg(test)]
mod tests;
