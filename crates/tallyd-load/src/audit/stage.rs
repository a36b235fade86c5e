//! The stage: whether the server is there, which of its lives this is, and how far the lanes are.
//!
//! Promises: whoever waits here is woken; a connection that was made while [`Stage::place`] says the same before and
//! after is one to that life of the server.

use std::net::SocketAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where the server is in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its address.
    pub address: SocketAddr,
    /// Which life: the first is 0.
    pub life: usize,
}

#[derive(Debug)]
struct State {
    place: Place,
    is_up: bool,
    is_over: bool,
    /// Lives that were ended.
    kills: usize,
    /// Requests under way, and those that have come to their end.
    begun: u64,
    ended: u64,
    /// Lanes that still ask.
    lanes: usize,
}

/// Shared by the lanes and whoever has the server.
#[derive(Debug)]
pub struct Stage {
    state: Mutex<State>,
    changed: Condvar,
}

impl Stage {
    /// A server that is there.
    #[must_use]
    pub fn new(address: SocketAddr) -> Stage {
        Stage {
            state: Mutex::new(State {
                place: Place { address, life: 0 },
                is_up: true,
                is_over: false,
                kills: 0,
                begun: 0,
                ended: 0,
                lanes: 0,
            }),
            changed: Condvar::new(),
        }
    }

    /// A lane that panicked has left numbers, which are as good as they were.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    fn wait(&self, limit: Duration, is_so: impl Fn(&State) -> bool) -> bool {
        let state = self.state();
        let waited = self
            .changed
            .wait_timeout_while(state, limit, |state| !is_so(state) && !state.is_over);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        is_so(&state)
    }

    /// The server is about to be killed.
    pub fn going_down(&self) {
        self.change(|state| state.is_up = false);
    }

    /// It is dead.
    pub fn is_dead(&self) {
        self.change(|state| state.kills += 1);
    }

    /// It lives again, here.
    pub fn came_up(&self, address: SocketAddr) {
        self.change(|state| {
            let life = state.place.life + 1;
            state.place = Place { address, life };
            state.is_up = true;
        });
    }

    /// Nothing more is asked.
    pub fn stop(&self) {
        self.change(|state| state.is_over = true);
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state().is_over
    }

    /// Where the server is; none while it is not there.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let state = self.state();
        (state.is_up && !state.is_over).then_some(state.place)
    }

    /// Where the server is, once it is there; none if it does not come within `limit`.
    pub fn wait_for_server(&self, limit: Duration) -> Option<Place> {
        let since = Instant::now();
        loop {
            let left = limit.saturating_sub(since.elapsed());
            let is_there = self.wait(left, |state| state.is_up);
            // It may have gone down again since: then it is waited for anew.
            let place = self.place();
            if place.is_some() || !is_there || self.is_over() {
                return place;
            }
        }
    }

    /// Whether so many requests have come to their end and one is under way, or all lanes are done. Waits at most
    /// `limit` for it.
    #[must_use]
    pub fn wait_for(&self, ended: u64, limit: Duration) -> bool {
        self.wait(limit, |state| {
            state.lanes == 0 || (state.ended >= ended && state.begun > state.ended)
        })
    }

    /// Whether all lanes are done. Waits at most `limit` for it.
    #[must_use]
    pub fn wait_for_end(&self, limit: Duration) -> bool {
        self.wait(limit, |state| state.lanes == 0)
    }

    /// Lets some time pass, unless the server goes down or it was stopped.
    pub fn pause(&self, time: Duration) {
        self.wait(time, |state| !state.is_up);
    }

    /// How many lives of the server were ended: the first ones.
    #[must_use]
    pub fn kills(&self) -> usize {
        self.state().kills
    }

    /// How many requests have come to their end.
    #[must_use]
    pub fn progress(&self) -> u64 {
        self.state().ended
    }

    pub(super) fn lanes_begin(&self, count: usize) {
        self.change(|state| state.lanes += count);
    }

    pub(super) fn lane_ends(&self) {
        self.change(|state| state.lanes = state.lanes.saturating_sub(1));
    }

    pub(super) fn request_begins(&self) {
        self.change(|state| state.begun += 1);
    }

    pub(super) fn request_ends(&self) {
        self.change(|state| state.ended += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn a_server_that_is_down_has_no_place_and_comes_back_in_another_life() {
        let stage = Stage::new(address(1));
        let first = Place {
            address: address(1),
            life: 0,
        };
        assert_eq!(stage.place(), Some(first));
        stage.going_down();
        assert_eq!(stage.place(), None);
        assert_eq!(stage.wait_for_server(Duration::ZERO), None);
        stage.is_dead();
        let back = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| stage.wait_for_server(LONG));
            stage.came_up(address(2));
            waiting.join().unwrap()
        });
        let second = Place {
            address: address(2),
            life: 1,
        };
        assert_eq!(back, Some(second));
        assert_eq!(stage.kills(), 1);
    }

    #[test]
    fn who_waits_for_a_server_that_goes_down_again_at_once_gets_it_when_it_stays() {
        let stage = Stage::new(address(1));
        std::thread::scope(|scope| {
            let waiting =
                |_| scope.spawn(|| (0..2000).all(|_| stage.wait_for_server(LONG).is_some()));
            let waiting: Vec<_> = (0..4).map(waiting).collect();
            while waiting.iter().any(|one| !one.is_finished()) {
                stage.going_down();
                stage.is_dead();
                stage.came_up(address(2));
            }
            for one in waiting {
                assert!(one.join().unwrap());
            }
        });
    }

    #[test]
    fn whoever_waits_is_woken_by_a_request_under_way_by_the_end_and_by_a_stop() {
        let stage = Stage::new(address(1));
        stage.lanes_begin(1);
        assert!(!stage.wait_for(0, Duration::ZERO), "none is under way");
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| stage.wait_for(1, LONG));
            stage.request_begins();
            stage.request_ends();
            stage.request_begins();
            assert!(waiting.join().unwrap());
            let waiting = scope.spawn(|| stage.wait_for_end(LONG));
            stage.lane_ends();
            assert!(waiting.join().unwrap());
        });
        assert_eq!(stage.progress(), 1);
        stage.stop();
        assert!(stage.is_over() && stage.place().is_none());
        stage.pause(LONG);
        assert_eq!(stage.wait_for_server(LONG), None, "nobody waits any more");
    }
}
