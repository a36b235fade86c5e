//! Ends an exchange from another thread, wherever it waits.

use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::GetError;

/// Not stopped, until somebody says so.
#[derive(Debug, Default)]
pub struct Halt {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_stopped: bool,
    stream: Option<TcpStream>,
}

impl Halt {
    /// Ends the wait for the server, or for the pace, now.
    pub fn stop(&self) {
        let mut state = self.state();
        state.is_stopped = true;
        if let Some(stream) = &state.stream {
            // One that is closed already waits for nothing.
            stream.shutdown(Shutdown::Both).ok();
        }
        self.changed.notify_all();
    }

    /// Whether somebody has said so.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.state().is_stopped
    }

    /// This is the connection that is waited for from now on.
    pub(super) fn guard(&self, stream: &TcpStream) -> Result<(), GetError> {
        let copy = stream.try_clone().map_err(crate::Error::Io)?;
        let mut state = self.state();
        state.stream = Some(copy);
        match state.is_stopped {
            true => Err(GetError::Stopped),
            false => Ok(()),
        }
    }

    /// Waits so long, unless it is stopped.
    pub(super) fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        let mut state = self.state();
        while !state.is_stopped {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Nothing that holds the lock can leave half a change behind.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
