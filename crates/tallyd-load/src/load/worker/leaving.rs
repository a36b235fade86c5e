//! Connections that the server is about to close.
//!
//! Who closes first keeps the port for a minute (TIME-WAIT, RFC 9293 3.6.1), and ports are few: a test with a
//! connection for each request would soon have none left. So the server goes first, if it does so soon.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::channel::Channel;

/// So many are waited for at most.
const MOST: usize = 32;

/// A server that has said that it closes, and does not, is not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// In the order in which their last answers ended.
#[derive(Debug, Default)]
pub(super) struct Leaving(VecDeque<(Channel, Duration)>);

impl Leaving {
    pub(super) fn add(&mut self, channel: Channel, now: Duration) {
        self.0.push_back((channel, now));
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// Lets those go that the server has closed.
    pub(super) fn let_go(&mut self, now: Duration) {
        while let Some((channel, since)) = self.0.front() {
            if !channel.has_ended() && now.saturating_sub(*since) < PATIENCE {
                return;
            }
            self.0.pop_front();
        }
    }
}
