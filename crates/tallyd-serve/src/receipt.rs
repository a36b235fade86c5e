//! The Receipt: what truly happened to a Reply.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Over TCP, from this address and port.
    Tcp(IpAddr, u16),
    /// Over a Unix socket: somebody on this machine.
    Unix,
}

impl Client {
    /// The client at `address`; IPv4 seen through an IPv6 socket is IPv4.
    #[must_use]
    pub fn at(address: SocketAddr) -> Client {
        Client::Tcp(address.ip().to_canonical(), address.port())
    }
}

impl fmt::Display for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Client::Tcp(address, port) => write!(out, "{}", SocketAddr::new(*address, *port)),
            Client::Unix => out.write_str("unix:"),
        }
    }
}

/// How a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The last byte has left, as far as the system tells.
    Complete,
    /// The client hung up or was cut off.
    Reset,
    /// The client took nothing for too long.
    Stalled,
    /// The file got shorter, or reading it failed.
    Broken,
    /// The server stopped before the end.
    Stopped,
}

impl Outcome {
    /// The word for it in logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::Reset | Outcome::Stalled | Outcome::Broken | Outcome::Stopped => "aborted",
        }
    }

    /// Why it is not complete.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Outcome::Complete => None,
            Outcome::Reset => Some("client gone"),
            Outcome::Stalled => Some("client stalled"),
            Outcome::Broken => Some("file changed or unreadable"),
            Outcome::Stopped => Some("server stopped"),
        }
    }
}

/// What happened to one reply. Made exactly once for each, also for those that were dropped half-way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Body bytes that the socket took, without those that it still held when the connection died; never
    /// Content-Length.
    pub bytes: u64,
    /// Bytes of the file's representation among them, in the order of the spans. Less than `bytes` where heads
    /// of parts lie between; 0 for what is no file, or no hit.
    pub content: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// When the request was there, in nanoseconds since 1970.
    pub started: i64,
    /// From then to the end: the last moment when it was seen to be on its way. A large reply is looked at some
    /// ten times a second once the socket has taken it.
    pub took: Duration,
}
