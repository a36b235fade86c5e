//! One connection to the admin pages: heads in, pages out, until one side has enough.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::net::Shutdown;
use tallyd_http::date;
use tallyd_http::head::{self, BodyLength, HeadError};
use tallyd_http::request::{Method, Version};
use tallyd_http::status::Status;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout, timeout_at};

use super::Desk;
use super::crowd::Place;
use crate::admin::Settings;
use crate::admin::answer::route;
use crate::admin::page::{Leaving, Page};

/// Read this much at a time.
const ROOM: usize = 4096;

/// How long a client may still send after the last page, and how much: closing with unread bytes would reset
/// the connection, and the page with it (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 256 * 1024;

/// An accepted socket.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What came of waiting for a request.
enum Came {
    Head,
    Wrong(HeadError),
    /// It began and did not end in time.
    Late,
    Nobody,
}

/// Serves it to its end.
pub(super) async fn serve(stream: &Stream, place: &Place, desk: &Desk) {
    let mut bytes = Vec::new();
    let mut answered = false;
    loop {
        let settings = desk.settings();
        place.waits();
        let came = tokio::select! {
            biased;
            came = read_head(stream, &mut bytes, &settings, answered) => came,
            () = place.needed() => return,
        };
        place.works();
        let keep = match came {
            Came::Nobody => return,
            Came::Head => answer(stream, &mut bytes, &settings, desk).await,
            Came::Wrong(error) => refuse(stream, error.status(), &settings).await,
            Came::Late => refuse(stream, Status::REQUEST_TIMEOUT, &settings).await,
        };
        match keep {
            Ok(true) => answered = true,
            Ok(false) => return linger(stream, &mut bytes).await,
            Err(_) => return,
        }
    }
}

/// Reads until a head is whole or wrong. The first byte has the idle time, the rest the time of a head.
async fn read_head(
    stream: &Stream,
    bytes: &mut Vec<u8>,
    settings: &Settings,
    answered: bool,
) -> Came {
    let limits = &settings.limits;
    let idle = match answered {
        true => limits.keep_alive,
        false => limits.head_timeout,
    };
    let start = Instant::now();
    let mut deadline = None;
    loop {
        match head::parse(bytes, &limits.head) {
            Ok(Some(_)) => return Came::Head,
            Ok(None) => {}
            Err(error) => return Came::Wrong(error),
        }
        let until = match bytes.is_empty() {
            true => start + idle,
            false => *deadline.get_or_insert_with(|| Instant::now() + limits.head_timeout),
        };
        match timeout_at(until, stream.read(bytes)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) => return Came::Nobody,
            Err(_) if bytes.is_empty() => return Came::Nobody,
            Err(_) => return Came::Late,
        }
    }
}

/// Answers the head at the front of `bytes`; says whether another may follow.
async fn answer(
    stream: &Stream,
    bytes: &mut Vec<u8>,
    settings: &Settings,
    desk: &Desk,
) -> io::Result<bool> {
    let Ok(Some(head)) = head::parse(bytes, &settings.limits.head) else {
        return Ok(false);
    };
    let page = match route(&head.request) {
        Ok(route) => desk.page(route).await,
        Err(page) => page,
    };
    let leaving = Leaving {
        method: head.request.method,
        version: head.request.version,
        // No page takes a body: it is not read, so the connection ends behind it.
        keep: head.keep_alive
            && head.body == BodyLength::None
            && !settings.limits.keep_alive.is_zero(),
    };
    let length = head.length;
    bytes.drain(..length);
    send(stream, &page, leaving, settings).await?;
    Ok(leaving.keep)
}

async fn refuse(stream: &Stream, status: Status, settings: &Settings) -> io::Result<bool> {
    let leaving = Leaving {
        method: Method::Get,
        version: Version::Http11,
        keep: false,
    };
    send(stream, &Page::of(status), leaving, settings).await?;
    Ok(false)
}

async fn send(
    stream: &Stream,
    page: &Page,
    leaving: Leaving,
    settings: &Settings,
) -> io::Result<()> {
    let reply = page.bytes(leaving, &date::format(now()));
    let mut rest = reply.as_slice();
    while !rest.is_empty() {
        let sent = timeout(settings.limits.send_timeout, stream.write(rest)).await??;
        rest = rest.get(sent..).unwrap_or_default();
    }
    Ok(())
}

async fn linger(stream: &Stream, bytes: &mut Vec<u8>) {
    stream.shutdown();
    let deadline = Instant::now() + LINGER;
    let mut dropped = 0;
    while dropped < LINGER_BYTES {
        bytes.clear();
        match timeout_at(deadline, stream.read(bytes)).await {
            Ok(Ok(count @ 1..)) => dropped += count,
            _ => return,
        }
    }
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl Stream {
    /// Adds what has come to `bytes`; 0 when the client has sent everything.
    async fn read(&self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let mut piece = [0; ROOM];
        loop {
            let read = match self {
                Stream::Tcp(stream) => {
                    stream.readable().await?;
                    stream.try_read(&mut piece)
                }
                Stream::Unix(stream) => {
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

    /// Sends what the socket takes of `bytes`, once it takes something.
    async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            let written = match self {
                Stream::Tcp(stream) => {
                    stream.writable().await?;
                    stream.try_write(bytes)
                }
                Stream::Unix(stream) => {
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

    /// Says that nothing more will be sent.
    fn shutdown(&self) {
        // The client may have hung up already: then there is nobody to tell.
        match self {
            Stream::Tcp(stream) => rustix::net::shutdown(stream, Shutdown::Write).ok(),
            Stream::Unix(stream) => rustix::net::shutdown(stream, Shutdown::Write).ok(),
        };
    }
}
