//! An accepted socket of the admin pages, and the few calls that are made on it.

use std::io;
use std::time::Duration;

use rustix::net::{Shutdown, sockopt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::admin::access::Door;

/// Read this much at a time.
const ROOM: usize = 4096;

/// An accepted socket.
pub(super) enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Wire {
    /// Where it came in.
    pub(super) fn door(&self) -> Door {
        match self {
            Wire::Tcp(_) => Door::Port,
            Wire::Unix(_) => Door::Socket,
        }
    }

    /// Adds what has come to `bytes`; 0 when the client has sent everything.
    pub(super) async fn read(&self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let mut piece = [0; ROOM];
        loop {
            let read = match self {
                Wire::Tcp(stream) => {
                    stream.readable().await?;
                    stream.try_read(&mut piece)
                }
                Wire::Unix(stream) => {
                    stream.readable().await?;
                    stream.try_read(&mut piece)
                }
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(count) => {
                    bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
                    return Ok(count);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends all of it, as long as the client takes some of it within each `send_timeout`.
    pub(super) async fn write_all(&self, bytes: &[u8], send_timeout: Duration) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let sent = timeout(send_timeout, self.write(rest)).await??;
            rest = rest.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    /// Sends what the socket takes of `bytes`, once it takes something.
    pub(super) async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let written = match self {
                Wire::Tcp(stream) => {
                    stream.writable().await?;
                    stream.try_write(bytes)
                }
                Wire::Unix(stream) => {
                    stream.writable().await?;
                    stream.try_write(bytes)
                }
            };
            match written {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }

    /// Drops what has come, once something has; 0 when the client has sent everything.
    pub(super) async fn drop_some(&self) -> io::Result<usize> {
        loop {
            // No buffer while it waits: there may be thousands of these.
            let read = match self {
                Wire::Tcp(stream) => {
                    stream.readable().await?;
                    stream.try_read(&mut [0; ROOM])
                }
                Wire::Unix(stream) => {
                    stream.readable().await?;
                    stream.try_read(&mut [0; ROOM])
                }
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }

    /// Lets the socket hold no more than this of what the client has not taken, nor for longer than that where
    /// the network says so.
    pub(super) fn hold(&self, bytes: usize, time: Duration) {
        let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        // A system that refuses holds more, and serves all the same.
        match self {
            Wire::Tcp(stream) => {
                sockopt::set_socket_send_buffer_size(stream, bytes).ok();
                sockopt::set_tcp_user_timeout(stream, millis).ok();
            }
            Wire::Unix(stream) => {
                sockopt::set_socket_send_buffer_size(stream, bytes).ok();
            }
        }
    }

    /// Says that nothing more will be sent.
    pub(super) fn shutdown(&self) {
        // The client may have hung up already: then there is nobody to tell.
        match self {
            Wire::Tcp(stream) => rustix::net::shutdown(stream, Shutdown::Write).ok(),
            Wire::Unix(stream) => rustix::net::shutdown(stream, Shutdown::Write).ok(),
        };
    }
}
