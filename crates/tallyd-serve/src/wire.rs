//! The wire: one accepted stream socket, TCP or Unix, and the few calls a pump makes on it.
//!
//! Promises: every wait ends at the slot's deadline. It knows how much the socket has taken, and asks the system
//! how much of that has not arrived. It is registered with epoll only
//! when it has to wait: a connection that has asked when it is taken, is answered and leaves at once is
//! never registered at all. Knows nothing of HTTP.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use mio::Interest;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, sockopt};
use tallyd_ledger::ahead;
use tallyd_ledger::tcp::{Outlook, is_told, outlook, unsent_if_told};

use crate::event_loop::Watch;
use crate::slot::{Direction, Slot, Watched};

/// One connection's socket.
#[derive(Debug)]
pub struct Wire {
    /// Shared with the blocking pool while it sends from a disk.
    socket: Arc<OwnedFd>,
    watch: Rc<Watch>,
    slot: Slot,
    /// Bytes that the socket has taken.
    taken: Cell<u64>,
    /// The last of them, that it was told to hold back until more comes.
    held: Cell<u64>,
    /// What leaves as soon as the socket takes it.
    sure: Cell<Sure>,
    /// Whether it has been said that nothing more will be sent.
    finished: Cell<bool>,
    /// Whether the system tells what is unsent; asked once, when it matters.
    told: Cell<Option<bool>>,
}

/// What leaves at once, by what the system said when everything had left.
#[derive(Clone, Copy, Debug, Default)]
struct Sure {
    /// The other side has room up to here, counted as [`Wire::taken`].
    end: u64,
    /// So many segments more need not wait for an acknowledgement.
    segments: u32,
    /// Bytes of a segment.
    segment: u32,
    /// So many segments the last reply had.
    last: u32,
}

/// More segments are not counted on: after a pause a connection begins with ten again (RFC 6928 section 2, RFC 5681 4.1).
const SEGMENTS: u64 = 10;

impl Sure {
    const ALWAYS: Sure = Sure {
        end: u64::MAX,
        segments: u32::MAX,
        segment: u32::MAX,
        last: 1,
    };

    fn renewed(self, outlook: &Outlook, taken: u64) -> Sure {
        // The system counts the handshake as a byte that was acknowledged.
        let acknowledged = outlook.acknowledged.saturating_sub(1);
        let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        Sure {
            end: taken.min(acknowledged).saturating_add(outlook.window),
            segments: small(outlook.segments.min(SEGMENTS)),
            segment: small(outlook.segment),
            last: self.last,
        }
    }

    /// What is left of it, if `size` bytes more, which make `taken`, were surely sent.
    fn less(self, size: u64, taken: u64) -> Option<Sure> {
        let segments = 1 + size.checked_div(u64::from(self.segment))?;
        let segments = u32::try_from(segments).ok()?;
        let left = self.segments.checked_sub(segments)?;
        (taken <= self.end).then_some(Sure {
            segments: left,
            last: segments,
            ..self
        })
    }

    /// Whether it will do for another reply like the last.
    fn does_for_another(self) -> bool {
        self.segments >= self.last.max(1)
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Whether packets that are not full are held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cork {
    /// They are.
    In,
    /// They leave.
    Out,
}

impl Wire {
    /// A wire over a connected, non-blocking socket.
    #[must_use]
    pub fn new(socket: OwnedFd, watch: Rc<Watch>) -> Wire {
        Wire {
            socket: Arc::new(socket),
            watch,
            slot: Slot::default(),
            taken: Cell::new(0),
            held: Cell::new(0),
            sure: Cell::new(Sure::default()),
            finished: Cell::new(false),
            told: Cell::new(None),
        }
    }

    /// Something is about to be read and sent: asks for its memory.
    pub fn fetch_ahead(&self) {
        ahead::fetch(&self.slot);
        ahead::fetch(&self.taken);
    }

    /// The connection's deadline.
    #[must_use]
    pub fn slot(&self) -> &Slot {
        &self.slot
    }

    /// Waits until there is something to read, without a buffer for it yet.
    pub async fn readable(&self) -> io::Result<()> {
        self.watch(Direction::Read)?;
        poll_fn(|context| {
            self.slot.check(context)?;
            match self.slot.is_ready(Direction::Read) {
                true => Poll::Ready(Ok(())),
                false => Poll::Pending,
            }
        })
        .await
    }

    /// Reads what is there right now, without waiting; nothing if there is nothing.
    pub fn try_read(&self, buffer: &mut Vec<u8>, room: usize) -> io::Result<Option<usize>> {
        loop {
            match receive(&self.socket, buffer, room) {
                Ok(count) => {
                    if count < room && count > 0 {
                        self.slot.drained();
                    }
                    return Ok(Some(self.heard(count)));
                }
                Err(Errno::AGAIN) => {
                    self.slot.exhausted(Direction::Read);
                    return Ok(None);
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads what is there, waiting if there is nothing; 0 is the end. There is room for at least `room` bytes.
    pub async fn read(&self, buffer: &mut Vec<u8>, room: usize) -> io::Result<usize> {
        let receive = || receive(&self.socket, buffer, room);
        let count = self.attempt(Direction::Read, room, receive).await?;
        Ok(self.heard(count))
    }

    /// Writes as much of `slices` as the socket takes, waiting until it takes something.
    pub async fn write(&self, slices: &[IoSlice<'_>], more: bool) -> io::Result<usize> {
        let send = || send(&self.socket, slices, more);
        let count = self.attempt(Direction::Write, 0, send).await?;
        Ok(self.gave(count, more))
    }

    /// Writes what the socket takes right now; nothing if it takes nothing. Never waits.
    pub fn try_write(&self, slices: &[IoSlice<'_>], more: bool) -> io::Result<Option<usize>> {
        match send(&self.socket, slices, more) {
            Ok(count) => Ok(Some(self.gave(count, more))),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a call of the sender's own that writes, waiting until the socket takes something.
    pub async fn write_with(
        &self,
        send: impl FnMut() -> Result<usize, Errno>,
    ) -> io::Result<usize> {
        let count = self.attempt(Direction::Write, 0, send).await?;
        Ok(self.took(count))
    }

    /// Notes that the socket took so much. For who gives it something by a call that is not made here.
    pub fn took(&self, count: usize) -> usize {
        self.gave(count, false)
    }

    fn gave(&self, count: usize, more: bool) -> usize {
        let count_of_bytes = count as u64;
        self.taken.set(self.taken.get() + count_of_bytes);
        self.held.set(match more {
            true => self.held.get() + count_of_bytes,
            false => 0,
        });
        count
    }

    /// Has what was held back for more leave now (tcp(7), TCP_NODELAY).
    pub fn push(&self) {
        if self.held.replace(0) > 0 {
            // A Unix socket holds nothing back.
            sockopt::set_tcp_nodelay(&self.socket, true).ok();
        }
    }

    /// How much the socket has taken since the connection began.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// Whether the last `size` bytes, and all before them, have left this system. The system is asked only where it
    /// is not sure from what it said before.
    #[must_use]
    pub fn has_left(&self, size: u64) -> bool {
        match self.sure.get().less(size, self.taken.get()) {
            Some(sure) => {
                self.sure.set(sure);
                true
            }
            None => self.look_ahead(),
        }
    }

    /// Asks before a reply rather than after it, so that the reply is settled as soon as it is sent. Who speaks has
    /// mostly acknowledged what was said before.
    fn heard(&self, count: usize) -> usize {
        if !self.sure.get().does_for_another() {
            self.look_ahead();
        }
        count
    }

    /// Asks the system what leaves at once from here on; false if not even all of the past has left. What is no TCP
    /// hands over what it takes.
    fn look_ahead(&self) -> bool {
        match outlook(self) {
            // What is held back leaves before the worker does anything else.
            Some(outlook) if outlook.held > self.held.get() => return false,
            Some(outlook) => self
                .sure
                .set(self.sure.get().renewed(&outlook, self.taken.get())),
            None => self.sure.set(Sure::ALWAYS),
        }
        true
    }

    /// So much of it has not arrived, says the system, also when the connection has died. A Unix socket hands over
    /// what it takes.
    #[must_use]
    pub fn unsent(&self) -> u64 {
        let told = self.told.get().unwrap_or_else(|| is_told(self));
        self.told.set(Some(told));
        let held = told.then(|| unsent_if_told(self)).flatten().unwrap_or(0);
        // The end that was announced is as long as a byte, and the last to arrive.
        held.saturating_sub(u64::from(self.finished.get()))
    }

    /// Whether the connection has died, or ended on both sides: nothing leaves any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        rustix::net::getpeername(self).is_err()
    }

    /// Says that nothing more will be sent.
    pub fn shutdown(&self) {
        // The client may have hung up already: then there is nobody to tell.
        if rustix::net::shutdown(&self.socket, Shutdown::Write).is_ok() {
            self.finished.set(true);
        }
    }

    /// Waits until the slot's deadline, whatever comes.
    pub async fn pause(&self) {
        poll_fn(|context| match self.slot.check(context) {
            Ok(()) => Poll::Pending,
            Err(_) => Poll::Ready(()),
        })
        .await;
    }

    /// Holds back what does not fill a packet, or sends what was held back (tcp(7), TCP_CORK).
    pub fn cork(&self, cork: Cork) {
        // A Unix socket has no packets, and nothing to hold back.
        sockopt::set_tcp_cork(&self.socket, cork == Cork::In).ok();
    }

    /// What was sent and has not arrived is given up when the wire is dropped (SO_LINGER 0).
    pub fn abandon(&self) {
        // Without it the system keeps up to some MB for a client that takes nothing: worse, not wrong.
        sockopt::set_socket_linger(&self.socket, Some(Duration::ZERO)).ok();
    }

    /// The socket, for a call on the blocking pool.
    #[must_use]
    pub fn share(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.socket)
    }

    /// Waits until the socket takes something again, without giving it anything.
    pub async fn writable(&self) -> io::Result<()> {
        let look = || {
            let mut waiting = [PollFd::new(&*self.socket, PollFlags::OUT)];
            match poll(&mut waiting, Some(&Timespec::default()))? {
                0 => Err(Errno::AGAIN),
                ready => Ok(ready),
            }
        };
        self.attempt(Direction::Write, 0, look).await.map(drop)
    }

    /// Makes the call until the kernel does not say "not now", waiting in between. When a read brings
    /// less than `wanted`, the next one would find nothing: that is noted, which saves a call.
    async fn attempt(
        &self,
        direction: Direction,
        wanted: usize,
        mut call: impl FnMut() -> Result<usize, Errno>,
    ) -> io::Result<usize> {
        poll_fn(|context| {
            loop {
                self.slot.check(context)?;
                if self.is_watched(direction) && !self.slot.is_ready(direction) {
                    return Poll::Pending;
                }
                match call() {
                    Err(Errno::AGAIN) => {
                        self.slot.exhausted(direction);
                        self.watch(direction)?;
                    }
                    Err(Errno::INTR) => {}
                    Ok(count) => {
                        if count < wanted && count > 0 {
                            self.slot.drained();
                        }
                        return Poll::Ready(Ok(count));
                    }
                    Err(error) => return Poll::Ready(Err(error.into())),
                }
            }
        })
        .await
    }

    fn is_watched(&self, direction: Direction) -> bool {
        self.slot.watched() >= least(direction)
    }

    /// Registers for waits in this direction, when the first one comes. Most only ever wait to read: a socket that
    /// takes everything is writable all the time, and each registration for that would tell it once for nothing.
    ///
    /// What is there already is told as well (epoll(7): an edge comes with the registration, and with its change).
    pub fn watch(&self, direction: Direction) -> io::Result<()> {
        if self.is_watched(direction) {
            return Ok(());
        }
        let both = Interest::READABLE | Interest::WRITABLE;
        let (socket, place) = (&*self.socket, self.slot.place());
        let wanted = least(direction);
        match (self.slot.watched(), wanted) {
            (Watched::Not, Watched::Both) => self.watch.add(socket, place, both)?,
            (Watched::Not, _) => self.watch.add(socket, place, Interest::READABLE)?,
            _ => self.watch.change(socket, place, both)?,
        }
        self.slot.watch(wanted);
        Ok(())
    }
}

/// What has to be watched for waits in this direction.
fn least(direction: Direction) -> Watched {
    match direction {
        Direction::Read => Watched::Reads,
        Direction::Write => Watched::Both,
    }
}

/// Adds to the buffer, into memory that is not cleared before, with room for at least `room` bytes.
fn receive(socket: &OwnedFd, buffer: &mut Vec<u8>, room: usize) -> Result<usize, Errno> {
    buffer.reserve(room);
    rustix::net::recv(socket, spare_capacity(buffer), RecvFlags::empty()).map(|(count, _)| count)
}

/// sendmsg, so that one call takes the head and the body, and says when more will follow at once. What is in one piece
/// is cheaper by send: 0.2 us less than a message of one slice.
fn send(socket: &OwnedFd, slices: &[IoSlice<'_>], more: bool) -> Result<usize, Errno> {
    let mut flags = SendFlags::NOSIGNAL;
    flags.set(SendFlags::MORE, more);
    if let [whole] = slices {
        return rustix::net::send(socket, whole, flags);
    }
    rustix::net::sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags)
}
