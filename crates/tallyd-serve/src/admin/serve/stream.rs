//! One event stream: what it is sent, and when it is over.
//!
//! Promises: a client that does not read costs one message and what its socket holds, and is closed after the time
//! that any reply has to be taken; one that leaves gives back its seat at once.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tallyd_http::request::Version;

use super::Desk;
use super::connection::http_date;
use super::wire::Wire;
use crate::admin::Settings;
use crate::admin::events::Seat;
use crate::admin::events::text::{self, Piece};

/// What the socket may hold of messages that the client has not taken: many of them, and little for a thousand.
const HELD: usize = 64 * 1024;

/// What a client may send on a stream; it is dropped, and who sends more wants something else.
const MOST_DROPPED: usize = 64 * 1024;

/// Who listens, and how.
struct Listener<F> {
    wire: Wire,
    version: Version,
    send_timeout: Duration,
    /// What it has sent since it listens.
    dropped: usize,
    /// Whether it still may: asked before each message.
    may_listen: F,
}

/// Starts a stream; it ends with its client, or with the pages.
pub(super) fn start(
    wire: Wire,
    seat: Seat,
    version: Version,
    settings: &Settings,
    desk: &Rc<Desk>,
) {
    let send_timeout = settings.limits.send_timeout;
    wire.hold(HELD, send_timeout);
    let (desk, token) = (Rc::clone(desk), settings.token.clone());
    let listener = Listener {
        wire,
        version,
        send_timeout,
        dropped: 0,
        // With another token, whoever had only the old one is told nothing more.
        may_listen: move || desk.settings.borrow().token == token,
    };
    drop(tokio::task::spawn_local(listener.serve(seat)));
}

impl<F: Fn() -> bool> Listener<F> {
    async fn serve(mut self, mut seat: Seat) {
        // Whatever goes wrong here, the client has left.
        self.tell(&mut seat).await.ok();
    }

    async fn tell(&mut self, seat: &mut Seat) -> io::Result<()> {
        let head = text::head(self.version, &http_date());
        self.wire.write_all(&head, self.send_timeout).await?;
        let mut pieces = seat.hello();
        while (self.may_listen)() {
            self.send(pieces).await?;
            tokio::select! {
                biased;
                () = self.leaves() => return Ok(()),
                more = seat.catch_up() => pieces = more,
            }
        }
        Ok(())
    }

    async fn send(&self, pieces: Vec<Piece>) -> io::Result<()> {
        for piece in pieces {
            let bytes = piece.bytes(self.version);
            self.wire.write_all(bytes, self.send_timeout).await?;
        }
        Ok(())
    }

    /// Waits until the client has closed its side, or sent too much.
    async fn leaves(&mut self) {
        while let Ok(count @ 1..) = self.wire.drop_some().await {
            self.dropped += count;
            if self.dropped > MOST_DROPPED {
                return;
            }
        }
    }
}
