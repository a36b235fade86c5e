//! One connection to a server that waits for what it asks: bytes go out, parts of responses come in.
//!
//! Promises: no body is kept; every wait has a limit; what arrived is known to the byte, also what nobody has read.
//! Must not know: what is asked, and what is done with the answer.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::answer::{Fault, Part, Reader, To};
use crate::error::Error;

/// Bytes that are taken from the socket at a time.
const BUFFER: usize = 64 * 1024;

/// How a connection is made.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// A server that says nothing for so long is not going to; a connection that takes longer is none.
    pub patience: Duration,
    /// The receive buffer of the socket, where the system's own is not wanted. The system doubles it (socket(7)).
    pub receive_buffer: Option<usize>,
}

impl Default for Manner {
    fn default() -> Manner {
        Manner {
            patience: Duration::from_secs(30),
            receive_buffer: None,
        }
    }
}

/// An open connection.
#[derive(Debug)]
pub struct Line {
    stream: TcpStream,
    reader: Reader,
    buffer: Box<[u8]>,
    /// What of the buffer is not read yet.
    start: usize,
    end: usize,
    /// What the last part was made of.
    part: std::ops::Range<usize>,
    /// All bytes that were taken from the socket.
    taken: u64,
}

impl Line {
    /// Connects.
    pub fn connect(address: SocketAddr, manner: Manner) -> io::Result<Line> {
        let stream = match manner.receive_buffer {
            None => TcpStream::connect_timeout(&address, manner.patience)?,
            Some(bytes) => connect_with_buffer(address, bytes, manner.patience)?,
        };
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(manner.patience))?;
        stream.set_write_timeout(Some(manner.patience))?;
        Ok(Line {
            stream,
            reader: Reader::default(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            part: 0..0,
            taken: 0,
        })
    }

    /// The socket.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Takes at most so many bytes from the socket at a time from now on. Only before anything was read.
    pub fn take_small_steps(&mut self, bytes: usize) {
        if self.taken == 0 {
            self.buffer = vec![0; bytes.clamp(1, BUFFER)].into_boxed_slice();
        }
    }

    /// Sends `bytes`, all of them.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Expects the response to the next request that was sent.
    pub fn expect(&mut self, to: To) {
        self.reader.expect(to);
    }

    /// The next part of the response, once there is one: never [`Part::More`]. Its bytes are [`Line::bytes`].
    pub fn advance(&mut self) -> Result<Part, Error> {
        loop {
            let input = self.buffer.get(self.start..self.end).unwrap_or_default();
            let (used, part) = self.reader.read(input)?;
            self.part = self.start..self.start + used;
            self.start += used;
            if part != Part::More {
                return Ok(part);
            }
            if self.start == self.end && self.fill()? == 0 {
                self.reader.close()?;
                return Ok(Part::End);
            }
        }
    }

    /// The bytes of the part that [`Line::advance`] just gave: of a head, or of the body.
    #[must_use]
    pub fn bytes(&self, part: Part) -> &[u8] {
        let used = self.buffer.get(self.part.clone()).unwrap_or_default();
        match part {
            Part::Head(_) | Part::Interim(_) => self.reader.head(used),
            Part::Body => used,
            Part::More | Part::End => &[],
        }
    }

    /// Whether nothing of the response has come yet.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.reader.is_fresh()
    }

    /// Bytes that came and that no response accounts for yet: more than none after the end of one is an excess,
    /// unless more was asked ahead.
    #[must_use]
    pub fn ahead(&self) -> usize {
        self.end - self.start
    }

    /// All bytes that were taken from the socket so far.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Bytes that came and lie in the system, which nobody has taken: the server was told that they arrived.
    pub fn unread(&self) -> io::Result<u64> {
        Ok(rustix::io::ioctl_fionread(&self.stream)?)
    }

    /// Says that nothing more will be sent.
    pub fn finish(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Ends the connection with a reset, whatever is on its way.
    pub fn reset(self) -> io::Result<()> {
        sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO))?;
        Ok(())
    }

    fn fill(&mut self) -> Result<usize, Error> {
        loop {
            match self.stream.read(&mut self.buffer) {
                Ok(count) => {
                    (self.start, self.end) = (0, count);
                    self.taken += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The window is offered when the connection is made, so the buffer has to be as it should be before.
fn connect_with_buffer(
    address: SocketAddr,
    bytes: usize,
    patience: Duration,
) -> io::Result<TcpStream> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_recv_buffer_size(&socket, bytes)?;
    // The limit for sending is that for connecting too, and what it ends is then "in progress" (socket(7)).
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(patience))?;
    match rustix::net::connect(&socket, &address) {
        Err(Errno::INPROGRESS) => Err(ErrorKind::TimedOut.into()),
        outcome => Ok(outcome.map(|()| socket.into())?),
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Fault(fault)
    }
}
