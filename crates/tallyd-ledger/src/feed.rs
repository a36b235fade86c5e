//! The feed: the latest replies as the clerk reads them, for whoever watches.
//!
//! Promises: whoever watches costs the workers nothing, since the clerk fills it from the journals; it holds the
//! latest [`KEPT`] replies, and counts those that were too many to be shown. It is for looking, not for counting:
//! what is not kept here is in the ledger all the same.

mod fresh;
mod json;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use crate::facts::{Class, Outcome, Protocol, Version};
pub(crate) use fresh::Fresh;

/// Replies that are kept: several looks of whoever watches, and the first page of a visitor.
pub const KEPT: usize = 256;

/// Replies that the clerk shows in one cycle: more than a person can read.
pub const SHOWN: usize = 64;

/// One reply, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its place in the feed: 1, 2, 3, ... since the start of the process.
    pub id: u64,
    /// When it was decided, in nanoseconds since 1970.
    pub time: i64,
    /// Of which site; the main one's name is empty.
    pub site: Box<str>,
    /// The status.
    pub status: u16,
    /// What kind of program asked.
    pub class: Class,
    /// Version of HTTP.
    pub protocol: Protocol,
    /// Body bytes sent so far.
    pub bytes: u64,
    /// What it was about.
    pub about: About,
}

/// What a reply was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A file, which was sent.
    Hit {
        /// The version.
        version: Arc<Version>,
        /// Its number in the file's own sequence.
        number: u64,
        /// How it ended; nothing while it is on its way. It is shown again when it has ended.
        outcome: Option<Outcome>,
        /// Host of the page that referred to it; may be empty.
        referrer: Box<str>,
    },
    /// A file that was only looked at.
    Probe(Arc<Version>),
    /// A path that is not there.
    Missing(Box<[u8]>),
    /// Anything else: a listing, a redirect.
    Other,
}

impl Seen {
    /// The path, if it is known.
    #[must_use]
    pub fn path(&self) -> Option<&[u8]> {
        match &self.about {
            About::Hit { version, .. } | About::Probe(version) => Some(&version.path),
            About::Missing(path) => Some(path),
            About::Other => None,
        }
    }
}

/// What has come since somebody looked last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The replies, in the order in which they were read; those that were read at once, in the order of time.
    pub seen: Vec<Arc<Seen>>,
    /// Replies that came as well and are not among them.
    pub skipped: u64,
    /// Where to go on next time.
    pub next: u64,
}

/// The latest replies. One writes, any number read.
#[derive(Debug, Default)]
pub struct Feed {
    /// Replies so far, shown or not, and ends that were shown: what tells a watcher cheaply whether there is
    /// anything new.
    count: AtomicU64,
    kept: Mutex<VecDeque<Arc<Seen>>>,
    /// Who wants to know when there is something new: one for each listener of the admin pages that has streams.
    watchers: Mutex<Vec<Waker>>,
}

impl Feed {
    /// Adds the replies of one cycle, of which there were `count`; those in `shown` get their ids.
    pub fn add(&self, shown: Vec<Seen>, count: u64) {
        if count == 0 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.count.load(Ordering::Relaxed) + 1;
        for (id, seen) in (first..).zip(shown) {
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(Arc::new(Seen { id, ..seen }));
        }
        self.count.fetch_add(count, Ordering::Release);
        drop(kept);
        self.wake();
    }

    /// Wakes this task once, when a reply is added or a batch was posted. Whoever asks looks whether there is
    /// something new after it has asked: what came before that wakes nobody.
    pub fn watch(&self, waker: &Waker) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        if !watchers.iter().any(|watcher| watcher.will_wake(waker)) {
            watchers.push(waker.clone());
        }
    }

    /// Wakes everybody who watches.
    pub fn wake(&self) {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        let woken = std::mem::take(&mut *watchers);
        // Waking runs code of others: not under our lock.
        drop(watchers);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Replies so far, with those that were shown once more when they had ended.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// The latest ones, the newest first.
    #[must_use]
    pub fn latest(&self, most: usize) -> Vec<Arc<Seen>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().take(most).cloned().collect()
    }

    /// What has come after the first `from` replies, at most so many of them, the earliest first.
    #[must_use]
    pub fn since(&self, from: u64, most: usize) -> News {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let next = self.count();
        let new = kept.iter().filter(|seen| seen.id > from);
        let seen: Vec<Arc<Seen>> = new.take(most).cloned().collect();
        let shown = u64::try_from(seen.len()).unwrap_or(u64::MAX);
        News {
            skipped: next.saturating_sub(from).saturating_sub(shown),
            seen,
            next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(path: &str) -> Seen {
        Seen {
            id: 0,
            time: 1,
            site: "".into(),
            status: 404,
            class: Class::Unknown,
            protocol: 11,
            bytes: 0,
            about: About::Missing(path.as_bytes().into()),
        }
    }

    #[test]
    fn nothing_is_shown_twice_and_what_is_left_out_is_counted() {
        let feed = Feed::default();
        feed.add(vec![missing("/1"), missing("/2")], 5);
        let news = feed.since(0, 10);
        assert_eq!((news.seen.len(), news.skipped, news.next), (2, 3, 5));
        feed.add(Vec::new(), 0);
        assert_eq!(
            feed.since(5, 10),
            News {
                next: 5,
                ..News::default()
            }
        );
        feed.add(vec![missing("/6")], 1);
        let news = feed.since(5, 10);
        assert_eq!(news.seen[0].path(), Some(&b"/6"[..]));
        assert_eq!((news.seen[0].id, news.skipped, news.next), (6, 0, 6));
        let news = feed.since(0, 1);
        assert_eq!((news.seen.len(), news.skipped, news.next), (1, 5, 6));
    }

    #[test]
    fn it_keeps_the_latest_and_no_more() {
        let feed = Feed::default();
        for number in 0..KEPT + 10 {
            feed.add(vec![missing(&format!("/{number}"))], 1);
        }
        let latest = feed.latest(KEPT * 2);
        assert_eq!(latest.len(), KEPT);
        let newest = format!("/{}", KEPT + 9);
        assert_eq!(latest[0].path(), Some(newest.as_bytes()));
        assert_eq!(feed.since(0, KEPT * 2).skipped, 10);
    }
}
