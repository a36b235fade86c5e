//! Sends files that are not kept in memory, by sendfile: on the worker where the pages are in memory, on the blocking
//! pool where they are not.
//!
//! Promises: the worker never waits for a disk, and others get their turn.

use std::io::{self, IoSlice};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::{Errno, ReadWriteFlags, preadv2};
use tallyd_http::range::Span;

use super::{Delivery, ended};
use crate::answer::OnDisk;
use crate::receipt::Outcome;
use crate::resolve::pooled;
use crate::wire::Cork;

/// At most this much of a file is sent at once, before others get their turn and the disk is asked
/// whether the next piece is in memory.
const WINDOW: u64 = 2 * 1024 * 1024;

/// Pieces of one reply before other connections of the worker get their turn.
const TURN: u32 = 2;

/// Whether a socket took all that it was given the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// It did.
    Free,
    /// It is full, most likely: waiting comes before the next try.
    Full,
}

impl Delivery<'_> {
    /// Sends a head and what the socket takes of a part that is in memory, without a wait; how much of both.
    pub(super) fn part_at_once(&self, head: &[u8], part: OnDisk<'_>) -> io::Result<Option<usize>> {
        let OnDisk {
            descriptor, span, ..
        } = part;
        let sent = self.wire.try_write(&[IoSlice::new(head)], true)?;
        let window = span.length.min(WINDOW);
        let can_go_on = sent == Some(head.len()) && window > 0;
        if !can_go_on || !(part.in_memory || is_in_memory(descriptor, span.start, window)) {
            return Ok(sent);
        }
        let mut offset = span.start;
        let length = usize::try_from(window).unwrap_or(usize::MAX);
        match rustix::fs::sendfile(self.wire, descriptor, Some(&mut offset), length) {
            // It is shorter than it should be: that is found out again by who goes on.
            Ok(taken) => Ok(Some(head.len() + self.wire.took(taken))),
            Err(Errno::AGAIN | Errno::INTR) => Ok(sent),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends what is left of such a head and part.
    pub(super) async fn rest_of_part(
        &mut self,
        head: &[u8],
        part: OnDisk<'_>,
        more: bool,
    ) -> Result<(), Outcome> {
        self.put_patiently(head, &[], true).await?;
        let flow = match self.bytes {
            0 => Flow::Free,
            _ => Flow::Full,
        };
        let span = Span {
            start: part.span.start + self.bytes,
            length: part.span.length - self.bytes,
        };
        self.part(OnDisk { span, ..part }, flow, more).await
    }

    /// Sends a part of a file that is not kept in memory.
    pub(super) async fn part(
        &mut self,
        part: OnDisk<'_>,
        mut flow: Flow,
        more: bool,
    ) -> Result<(), Outcome> {
        let OnDisk {
            descriptor,
            in_memory,
            span,
        } = part;
        let mut at = span.start;
        let end = span.start.saturating_add(span.length);
        let mut warm_until = if in_memory { end } else { at };
        let mut turn = 0;
        // Once it was full, full packets only: each call would end with a small one otherwise.
        let mut corked = flow == Flow::Full;
        if corked {
            self.wire.cork(Cork::In);
        }
        while at < end {
            let window = (end - at).min(WINDOW);
            if warm_until <= at {
                if is_in_memory(descriptor, at, window) {
                    warm_until = at + window;
                } else {
                    let taken = self.send_cold(descriptor, at, window).await?;
                    at += taken;
                    self.bytes += taken;
                    continue;
                }
            }
            let window = window.min(warm_until - at);
            let taken = self.send_warm(descriptor, at, window, flow).await?;
            if taken < window && !corked {
                corked = true;
                self.wire.cork(Cork::In);
            }
            flow = if taken < window {
                Flow::Full
            } else {
                Flow::Free
            };
            at += taken;
            self.bytes += taken;
            turn += 1;
            if turn % TURN == 0 {
                self.worker.next_turn().await;
            }
        }
        if corked && !more {
            self.wire.cork(Cork::Out);
        }
        Ok(())
    }

    /// sendfile on the worker: the pages are in memory, so only the socket can make it wait.
    async fn send_warm(
        &self,
        descriptor: &OwnedFd,
        at: u64,
        window: u64,
        flow: Flow,
    ) -> Result<u64, Outcome> {
        let length = usize::try_from(window).unwrap_or(usize::MAX);
        let send = || {
            let mut offset = at;
            rustix::fs::sendfile(self.wire, descriptor, Some(&mut offset), length)
        };
        let tried = match flow {
            Flow::Free => send().map(|taken| self.wire.took(taken)),
            Flow::Full => Err(Errno::AGAIN),
        };
        let taken = match tried {
            Ok(taken) => taken,
            Err(Errno::AGAIN | Errno::INTR) => {
                self.patient();
                let sent = self.wire.write_with(send).await;
                sent.map_err(|error| ended(&error))?
            }
            Err(error) => return Err(ended(&error.into())),
        };
        // The file ends before it should: it was cut short since it was opened.
        if taken == 0 {
            return Err(Outcome::Broken);
        }
        Ok(taken as u64)
    }

    /// The same call on the blocking pool: the disk can make it wait.
    async fn send_cold(
        &self,
        descriptor: &Arc<OwnedFd>,
        at: u64,
        window: u64,
    ) -> Result<u64, Outcome> {
        self.patient();
        loop {
            let (descriptor, socket) = (Arc::clone(descriptor), self.wire.share());
            let length = usize::try_from(window).unwrap_or(usize::MAX);
            let sent = pooled(move || {
                let mut offset = at;
                rustix::fs::sendfile(&*socket, &*descriptor, Some(&mut offset), length)
            });
            match sent.await {
                Some(Ok(0)) | None => return Err(Outcome::Broken),
                Some(Ok(taken)) => return Ok(self.wire.took(taken) as u64),
                Some(Err(Errno::AGAIN)) => {
                    self.wire.writable().await.map_err(|error| ended(&error))?;
                }
                Some(Err(Errno::INTR)) => {}
                Some(Err(error)) => return Err(ended(&error.into())),
            }
        }
    }
}

/// Whether the ends of a window are in the page cache. What lies between them was read ahead with them.
/// A file system that can't tell is taken for a disk.
fn is_in_memory(descriptor: &OwnedFd, at: u64, window: u64) -> bool {
    let known = |place: u64| {
        let mut byte = [0];
        let mut buffers = [io::IoSliceMut::new(&mut byte)];
        preadv2(descriptor, &mut buffers, place, ReadWriteFlags::NOWAIT).is_ok()
    };
    known(at) && known(at + window.saturating_sub(1))
}
