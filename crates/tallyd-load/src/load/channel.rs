//! One connection of a load test: a socket that does not wait.
//!
//! Promises: each call is one call of the system. Must not know: what is sent, and what is made of what comes.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::epoll;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

use super::trouble::Trouble;

/// An open socket.
#[derive(Debug)]
pub(super) struct Channel {
    socket: OwnedFd,
}

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// So many bytes.
    Bytes(usize),
    /// The system will tell when it goes on.
    Nothing,
    /// The other side has closed.
    Closed,
    /// It is over.
    Broken(Trouble),
}

impl Channel {
    /// Begins to connect. `epoll` tells of everything that happens to it, once each time, as `slot`.
    pub(super) fn open(
        address: SocketAddr,
        epoll: impl AsFd,
        slot: u64,
        receive_buffer: Option<usize>,
    ) -> io::Result<Channel> {
        let family = match address {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        if let Some(bytes) = receive_buffer {
            sockopt::set_socket_recv_buffer_size(&socket, bytes)?;
        }
        match rustix::net::connect(&socket, &address) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        let all = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        epoll::add(epoll, &socket, epoll::EventData::new_u64(slot), all)?;
        Ok(Channel { socket })
    }

    /// Whether the connection stands, once the system has told of it.
    pub(super) fn connected(&self) -> io::Result<()> {
        Ok(sockopt::socket_error(&self.socket)??)
    }

    pub(super) fn send(&self, bytes: &[u8]) -> Came {
        came(|| rustix::net::send(&self.socket, bytes, SendFlags::NOSIGNAL))
    }

    pub(super) fn receive(&self, buffer: &mut [u8]) -> Came {
        let mut receive = || rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::empty());
        match came(|| receive().map(|(_, count)| count)) {
            Came::Bytes(0) => Came::Closed,
            other => other,
        }
    }

    /// Whether there is a byte that was not received yet; it is lost.
    pub(super) fn has_more(&self) -> bool {
        matches!(self.receive(&mut [0]), Came::Bytes(_))
    }

    /// Whether everything that came so far is the end.
    pub(super) fn has_ended(&self) -> bool {
        self.receive(&mut [0]) == Came::Closed
    }
}

/// The system tells of each thing once: a call that a signal interrupts is made again.
fn came(call: impl FnMut() -> rustix::io::Result<usize>) -> Came {
    match rustix::io::retry_on_intr(call) {
        Ok(count) => Came::Bytes(count),
        Err(Errno::AGAIN) => Came::Nothing,
        Err(error) => Came::Broken(Trouble::of(io::Error::from(error).kind())),
    }
}
