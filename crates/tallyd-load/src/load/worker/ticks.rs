//! What a thread does a few times a second, and at its end.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::super::course::Slice;
use super::super::tally::Tally;
use super::super::trouble::Trouble;
use super::{GRACE, Worker};

/// What those who watch were told of.
#[derive(Default)]
pub(super) struct Told {
    answered: u64,
    errors: u64,
    body_bytes: u64,
    turns: u64,
}

impl Worker<'_> {
    /// Cuts what takes too long, and tells who watches.
    pub(super) fn tick(&mut self, now: Duration) {
        for at in 0..self.slots.len() {
            let exchange = self.slots.get(at).and_then(|slot| slot.exchange.as_ref());
            let since = exchange.map(|exchange| exchange.progress);
            if since.is_some_and(|since| now.saturating_sub(since) > self.share.plan.timeout) {
                self.fail(at, Trouble::Timeout, now);
            }
        }
        self.roll(now);
        self.tell();
    }

    /// Ends the slices of the seconds that are over. At the very end of one, the next has not begun.
    pub(super) fn roll(&mut self, now: Duration) {
        let now = now.saturating_sub(Duration::from_nanos(1));
        while self.slice.second < now.as_secs() {
            let second = self.slice.second + 1;
            let next = Slice {
                second,
                ..Slice::default()
            };
            self.hand_in(next);
        }
    }

    /// Who gathers them is there as long as a thread is.
    fn hand_in(&mut self, next: Slice) {
        let sent = self
            .share
            .slices
            .send(std::mem::replace(&mut self.slice, next));
        debug_assert!(sent.is_ok(), "nobody gathers the seconds");
    }

    fn tell(&mut self) {
        let live = self.share.live;
        let errors = self.tally.errors();
        for (told, now, live) in [
            (&mut self.told.answered, self.tally.answered, &live.answered),
            (&mut self.told.errors, errors, &live.errors),
            (
                &mut self.told.body_bytes,
                self.tally.body_bytes,
                &live.body_bytes,
            ),
            (&mut self.told.turns, self.turns, &live.turns),
        ] {
            live.fetch_add(now - *told, Ordering::Relaxed);
            *told = now;
        }
    }

    /// Whether no more turns begin, since the time is over.
    pub(super) fn is_late(&self, now: Duration) -> bool {
        self.share.plan.limits.time.is_some_and(|time| now >= time)
    }

    /// Whether nothing is under way, and no turn is left.
    pub(super) fn is_done(&self) -> bool {
        self.busy == 0 && self.is_dry && self.waiting.is_none()
    }

    /// Whether there is nothing left to do, or no time left to do it. A schedule that lasts to the end of the time is
    /// over then, and not with its last request: the rate would come out too high.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        let plan = self.share.plan;
        let is_idle = self.busy == 0 && self.is_late(now);
        let is_done = self.is_done() && !plan.fills_its_time();
        let time = plan.limits.time;
        let is_cut = time.is_some_and(|time| now >= time.saturating_add(GRACE));
        is_idle || is_done || is_cut || self.share.live.is_stopped()
    }

    /// What was counted, with what is left undone.
    pub(super) fn finish(mut self, now: Duration) -> Tally {
        self.roll(now);
        for exchange in self.slots.iter().filter_map(|slot| slot.exchange.as_ref()) {
            self.tally.in_flight += 1;
            self.tally.oldest = self.tally.oldest.max(now.saturating_sub(exchange.due()));
        }
        let waiting = self.waiting.take();
        self.tally.unsent +=
            u64::from(waiting.is_some_and(|turn| turn.due.is_some_and(|due| due <= now)));
        self.hand_in(Slice::default());
        self.tell();
        self.tally
    }
}
