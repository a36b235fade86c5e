//! Lines that a process prints, collected by a thread, and waited for with a limit.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::LIMIT;

/// The lines so far. Cheap to clone.
#[derive(Clone)]
pub struct Lines {
    name: &'static str,
    shared: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    lines: Vec<String>,
    held: bool,
    left: bool,
    ended: bool,
}

impl Lines {
    /// Reads `pipe` to its end; `name` is what failures call it.
    pub fn of(name: &'static str, pipe: impl Read + Send + 'static) -> Lines {
        let lines = Lines {
            name,
            shared: Arc::default(),
        };
        let reader = lines.clone();
        thread::spawn(move || reader.collect(pipe));
        lines
    }

    fn collect(&self, pipe: impl Read) {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(pipe.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.change(|state| state.lines.push(text));
            line.clear();
            if self.until(Duration::MAX, |state| !state.held).left {
                break;
            }
        }
        self.change(|state| state.ended = true);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.0.lock().unwrap());
        self.shared.1.notify_all();
    }

    fn until(&self, limit: Duration, done: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let start = Instant::now();
        let mut state = self.shared.0.lock().unwrap();
        while !done(&state) {
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                break;
            }
            // Some platforms overflow on very long waits.
            let wait = left.min(Duration::from_secs(3600));
            state = self.shared.1.wait_timeout(state, wait).unwrap().0;
        }
        state
    }

    /// Stops reading: the pipe fills up, as with a reader that is stuck.
    pub fn hold(&self) {
        self.change(|state| state.held = true);
    }

    /// Reads on.
    pub fn release(&self) {
        self.change(|state| state.held = false);
    }

    /// Closes the pipe when the next line comes, as a reader that has seen enough.
    pub fn leave(&self) {
        self.change(|state| state.left = true);
    }

    /// All lines so far.
    pub fn all(&self) -> Vec<String> {
        self.shared.0.lock().unwrap().lines.clone()
    }

    /// How many lines there are so far: a place to wait from.
    pub fn count(&self) -> usize {
        self.shared.0.lock().unwrap().lines.len()
    }

    /// The first line that `is_it`, once it is there.
    pub fn wait_for(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        self.wait_after(0, what, is_it)
    }

    /// The first line after the first `skip` ones that `is_it`, once it is there.
    pub fn wait_after(&self, skip: usize, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let found = self.find(skip, is_it);
        found.unwrap_or_else(|| panic!("{} never said {what}: {:#?}", self.name, self.all()))
    }

    /// As `wait_after`, for a caller who knows what to do if it never comes.
    pub fn find(&self, skip: usize, is_it: impl Fn(&str) -> bool) -> Option<String> {
        let find = |state: &State| {
            let mut later = state.lines.iter().skip(skip);
            later.find(|line| is_it(line)).cloned()
        };
        let state = self.until(LIMIT, |state| state.ended || find(state).is_some());
        find(&state)
    }

    /// The first line with `text` in it, once it is there.
    pub fn wait_for_text(&self, text: &str) -> String {
        self.wait_for(text, |line| line.contains(text))
    }

    /// All lines that `are_meant`, once there are `count` of them.
    pub fn wait_for_count(&self, count: usize, are_meant: impl Fn(&str) -> bool) -> Vec<String> {
        let meant = |state: &State| {
            let lines = state.lines.iter().filter(|line| are_meant(line));
            lines.cloned().collect::<Vec<_>>()
        };
        let state = self.until(LIMIT, |state| {
            // Looked at closely only when there may be enough: there can be many.
            state.ended || state.lines.len() >= count && meant(state).len() >= count
        });
        let found = meant(&state);
        assert!(
            found.len() >= count,
            "{} has {} of {count} lines: {:#?}",
            self.name,
            found.len(),
            state.lines
        );
        found
    }

    /// All lines, once the other side has closed.
    pub fn to_end(&self) -> Vec<String> {
        let state = self.until(LIMIT, |state| state.ended);
        assert!(state.ended, "{} stays open: {:#?}", self.name, state.lines);
        state.lines.clone()
    }
}
