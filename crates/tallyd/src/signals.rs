//! Signals, as events in the order they come.
//!
//! TERM, INT and QUIT drain, a second one forces; HUP reloads; USR1 reopens logs. USR2 is kept for the
//! upgrade of the binary, which does not exist yet: it is named in the log and otherwise ignored.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

/// What can happen to a running server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Stop; a second time: at once.
    Stop,
    /// Read the configuration again.
    Reload,
    /// Open the logs again.
    Reopen,
    /// Asked for something that this version can't do.
    Upgrade,
    /// The last worker has ended.
    Ended,
}

/// Sends an event for each signal from now on.
pub(crate) fn listen(events: Sender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2])?;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                let event = match signal {
                    SIGHUP => Event::Reload,
                    SIGUSR1 => Event::Reopen,
                    SIGUSR2 => Event::Upgrade,
                    _ => Event::Stop,
                };
                if events.send(event).is_err() {
                    return;
                }
            }
        })?;
    Ok(())
}
