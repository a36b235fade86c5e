//! The journal of one worker: hits are begun before the first byte of their reply leaves, and settled after
//! the last.
//!
//! Promises: no system call, no lock and no allocation but when a segment is full; what was begun survives the
//! process. It belongs to one thread.

mod pages;

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use crate::ahead;
use crate::desk::Desk;
use crate::entry::{self, About, Definition, Draft, HIT_WORDS, Hit, LONGEST, Note};
use crate::facts::{DAY, HOUR, Settled};
use crate::health::Part;
use crate::segment::{FIRST, Segment};
use pages::Pages;

/// What a worker writes into.
#[derive(Debug)]
pub struct Journal {
    desk: Arc<Desk>,
    pages: RefCell<Pages>,
    at: Cell<u32>,
    defined: Cell<u32>,
    /// Words that define, in the current segment.
    defining: Cell<u32>,
    latest: Cell<i64>,
    /// What is written does not survive the process: there was no segment on the disk.
    is_in_memory: Cell<bool>,
}

/// Where the definition of a representation stands: kept beside what it describes, so that it is written once
/// for each segment.
#[derive(Debug, Default)]
pub struct Mark(AtomicU64);

/// A hit that has begun: where it is. It is settled by the journal that it was begun in, once.
#[derive(Debug)]
pub struct Begun {
    page: u32,
    at: u32,
    end: u32,
}

/// A clock that was set back by no more than this stands still until the time has come again: no day is counted
/// twice. Beyond, the clock was wrong before.
const SET_BACK: i64 = DAY + HOUR;

impl Journal {
    /// A journal that writes into segments from `desk`; no entry is earlier than `latest`.
    #[must_use]
    pub fn new(desk: Arc<Desk>, latest: i64) -> Journal {
        desk.enter();
        Journal {
            desk,
            pages: RefCell::default(),
            at: Cell::new(FIRST),
            defined: Cell::new(0),
            defining: Cell::new(0),
            latest: Cell::new(latest),
            is_in_memory: Cell::new(false),
        }
    }

    /// Begins a hit on what `definition` says. Before its reply's first byte leaves.
    pub fn begin(&self, hit: &Hit<'_>, mark: &Mark, definition: &Definition) -> Begun {
        let hit = Hit {
            time: self.time(hit.time),
            ..*hit
        };
        self.leave_memory();
        loop {
            let number = self.number(mark, definition);
            if let Some(at) = self.write(&Draft::Hit(&hit, number)) {
                return Begun {
                    page: self.pages.borrow_mut().begin(),
                    at,
                    end: self.at.get(),
                };
            }
            self.turn_page();
        }
    }

    /// Says how a hit ended.
    pub fn settle(&self, begun: &Begun, settled: Settled) {
        let mut pages = self.pages.borrow_mut();
        if let Some(segment) = pages.of(begun.page) {
            entry::settle(segment.words(), segment.sequence, begun.at, settled);
            segment.touch();
        }
        pages.end(begun.page);
        self.desk.wake();
    }

    /// Notes a reply that is no hit; a probe says of what.
    pub fn note(&self, note: &Note<'_>, probed: Option<(&Mark, &Definition)>) {
        let mut note = Note {
            time: self.time(note.time),
            ..*note
        };
        loop {
            if let Some((mark, definition)) = probed {
                note.about = About::Probe(self.number(mark, definition));
            }
            if self.write(&Draft::Note(&note)).is_some() {
                return;
            }
            self.turn_page();
        }
    }

    /// Returns when what was begun would survive a power cut, or when it can't be made to.
    pub fn synced(&self, begun: &Begun) -> impl Future<Output = ()> + use<> {
        let (desk, end) = (Arc::clone(&self.desk), begun.end);
        let segment = self.pages.borrow().of(begun.page).cloned();
        let is_synced = move || {
            segment
                .as_ref()
                .is_none_or(|segment| segment.is_synced(end))
        };
        let mut asked = false;
        poll_fn(move |context| {
            if is_synced() || asked && desk.health.is_failing(Part::Sync) {
                return Poll::Ready(());
            }
            asked = true;
            desk.want_sync(Some(context.waker().clone()));
            Poll::Pending
        })
    }

    /// The last segment is closed: nothing more will be written.
    pub fn close(&self) {
        if let Some(segment) = self.pages.borrow_mut().turn(None) {
            segment.close();
        }
        self.desk.wake();
        self.desk.wake_clerk();
    }

    /// The time of an entry: it never goes back, but for a clock that was far ahead.
    fn time(&self, now: i64) -> i64 {
        let latest = self.latest.get();
        let time = if now < latest && latest - now <= SET_BACK {
            latest
        } else {
            now
        };
        self.latest.set(time);
        time
    }

    /// The number of a definition in the current segment; writes it there if it is not.
    fn number(&self, mark: &Mark, definition: &Definition) -> u32 {
        loop {
            if let Some(segment) = self.pages.borrow().current()
                && let Some(number) = mark.within(segment)
            {
                return number;
            }
            if let Some(at) = self.write(&Draft::Definition(definition))
                && let Some(segment) = self.pages.borrow().current()
            {
                let number = self.defined.get();
                self.defined.set(number + 1);
                self.defining.set(self.defining.get() + self.at.get() - at);
                mark.set(segment, number);
                return number;
            }
            self.turn_page();
        }
    }

    /// Writes an entry behind the last one, and behind it the end. Returns where it is; nothing if there is no room.
    fn write(&self, draft: &Draft<'_>) -> Option<u32> {
        let pages = self.pages.borrow();
        let segment = pages.current()?;
        let at = self.at.get();
        let end = at.checked_add(u32::try_from(draft.words()).ok()?)?;
        let words = segment.words();
        let place = words.get(at as usize..=end as usize)?;
        let (end_mark, place) = place.split_last()?;
        // Before the entry: a reader that sees the entry must not run into what was here earlier.
        end_mark.store(0, Ordering::Relaxed);
        draft.write(place, segment.sequence, at);
        self.at.set(end);
        segment.publish(end);
        self.desk.wake();
        // Where the next hit will be, which is in no cache: nobody has to wait for it then.
        words.get(end as usize + HIT_WORDS).map(ahead::fetch);
        Some(at)
    }

    /// Goes on on the disk as soon as there is room again.
    fn leave_memory(&self) {
        if self.is_in_memory.get() && self.desk.ready() > 0 {
            self.turn_page();
        }
    }

    /// Goes on in a fresh segment.
    fn turn_page(&self) {
        let fresh = self.desk.take(LONGEST + LONGEST);
        self.is_in_memory.set(!fresh.is_durable());
        let full = self.pages.borrow_mut().turn(Some(fresh));
        if let Some(full) = full {
            full.close();
            // Those in memory are small, and say nothing of larger ones.
            if full.is_durable() {
                self.desk.filled(self.at.get(), self.defining.get());
            }
        }
        self.at.set(FIRST);
        self.defined.set(0);
        self.defining.set(0);
    }
}

impl Mark {
    /// A hit is about to look at it: asks for its memory.
    pub fn fetch_ahead(&self) {
        ahead::fetch(self);
    }

    fn within(&self, segment: &Segment) -> Option<u32> {
        let word = self.0.load(Ordering::Relaxed);
        if word >> 24 != segment.sequence + 1 {
            return None;
        }
        u32::try_from(word & 0xFF_FFFF).ok()
    }

    fn set(&self, segment: &Segment, number: u32) {
        let word = (segment.sequence + 1) << 24 | u64::from(number);
        self.0.store(word, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
