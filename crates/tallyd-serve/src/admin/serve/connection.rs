//! One connection to the admin pages: heads in, pages out, until one side has enough or it becomes a wire.

use std::io;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tallyd_http::date;
use tallyd_http::head::{self, BodyLength, HeadError};
use tallyd_http::request::{Method, Version};
use tallyd_http::status::Status;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::crowd::Place;
use super::wire::Wire;
use super::{Desk, Reply, stream};
use crate::admin::Settings;
use crate::admin::answer::{PAUSE, refusal};
use crate::admin::events::{Seat, Streams, text};
use crate::admin::page::{Leaving, Page};

/// How long a client may still send after the last page, and how much: closing with unread bytes would reset
/// the connection, and the page with it (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 256 * 1024;

/// Who takes nothing for so long of what was asked for keeps nobody else from a place any more.
const STALL: Duration = Duration::from_secs(1);

/// What becomes of the connection after a reply.
enum Next {
    /// Another request may come.
    Wait,
    /// It ends.
    Close,
    /// The client listens to what happens.
    Listen(Seat, Version),
    /// Nobody is there any more, or somebody else needs the place.
    Leave,
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
pub(super) async fn serve(wire: Wire, place: Place, desk: Rc<Desk>) {
    let mut bytes = Vec::new();
    let mut answered = false;
    loop {
        let settings = desk.settings();
        place.waits();
        let came = tokio::select! {
            biased;
            came = read_head(&wire, &mut bytes, &settings, answered) => came,
            () = place.needed() => return,
        };
        place.works();
        let next = match came {
            Came::Nobody => return,
            Came::Head => answer(&wire, &mut bytes, &settings, &place, &desk).await,
            Came::Wrong(error) => refuse(&wire, error.status(), &settings, &place).await,
            Came::Late => refuse(&wire, Status::REQUEST_TIMEOUT, &settings, &place).await,
        };
        match next {
            // A client that always has the next request ready would never let go of the thread.
            Ok(Next::Wait) => {
                answered = true;
                yield_now().await;
            }
            Ok(Next::Close) => {
                place.is_done();
                tokio::select! {
                    () = linger(&wire, &mut bytes) => {}
                    () = place.needed() => {}
                }
                return;
            }
            // A task of its own: it needs neither this place nor the buffers of this one.
            Ok(Next::Listen(seat, version)) => {
                return stream::start(wire, seat, version, &settings, &desk);
            }
            Ok(Next::Leave) | Err(_) => return,
        }
    }
}

/// Reads until a head is whole or wrong. The first byte has the idle time, the rest the time of a head.
async fn read_head(wire: &Wire, bytes: &mut Vec<u8>, settings: &Settings, answered: bool) -> Came {
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
        match timeout_at(until, wire.read(bytes)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) => return Came::Nobody,
            Err(_) if bytes.is_empty() => return Came::Nobody,
            Err(_) => return Came::Late,
        }
    }
}

/// Answers the head at the front of `bytes`.
async fn answer(
    wire: &Wire,
    bytes: &mut Vec<u8>,
    settings: &Settings,
    place: &Place,
    desk: &Desk,
) -> io::Result<Next> {
    let Ok(Some(head)) = head::parse(bytes, &settings.limits.head) else {
        return Ok(Next::Close);
    };
    let reply = desk.reply(&head, bytes, wire.door()).await;
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
    let page = match reply {
        Reply::Page(page) => page,
        Reply::Slow(page) => match pause(place).await {
            true => page,
            false => return Ok(Next::Leave),
        },
        Reply::Events if leaving.method == Method::Head => {
            let head = text::head(leaving.version, &http_date());
            wire.write_all(&head, settings.limits.send_timeout).await?;
            return Ok(Next::Close);
        }
        Reply::Events => match Streams::enter(&desk.streams) {
            Some(seat) => return Ok(Next::Listen(seat, leaving.version)),
            None => full(),
        },
    };
    send(wire, &page, leaving, settings, place).await?;
    Ok(match leaving.keep {
        true => Next::Wait,
        false => Next::Close,
    })
}

/// Whoever guesses waits, and keeps nobody else from a place meanwhile; says whether it is still his.
async fn pause(place: &Place) -> bool {
    place.waits();
    let is_kept = tokio::select! {
        biased;
        () = place.needed() => false,
        () = sleep(PAUSE) => true,
    };
    place.works();
    is_kept
}

fn full() -> Page {
    let reason = "there are as many event streams as there may be: close one, or try again later";
    refusal(true, Status::SERVICE_UNAVAILABLE, Some(reason)).with("Retry-After", "30")
}

async fn refuse(
    wire: &Wire,
    status: Status,
    settings: &Settings,
    place: &Place,
) -> io::Result<Next> {
    let leaving = Leaving {
        method: Method::Get,
        version: Version::Http11,
        keep: false,
    };
    send(wire, &Page::of(status), leaving, settings, place).await?;
    Ok(Next::Close)
}

async fn send(
    wire: &Wire,
    page: &Page,
    leaving: Leaving,
    settings: &Settings,
    place: &Place,
) -> io::Result<()> {
    let reply = page.bytes(leaving, &http_date());
    let mut rest = reply.as_slice();
    while !rest.is_empty() {
        let sent = match timeout(STALL, wire.write(rest)).await {
            Ok(sent) => sent?,
            Err(_) => send_at_last(wire, rest, settings.limits.send_timeout, place).await?,
        };
        rest = rest.get(sent..).unwrap_or_default();
    }
    Ok(())
}

/// Waits for a client that takes nothing, as long as nobody else needs the place.
async fn send_at_last(
    wire: &Wire,
    bytes: &[u8],
    send_timeout: Duration,
    place: &Place,
) -> io::Result<usize> {
    place.waits();
    let sent = tokio::select! {
        biased;
        sent = timeout(send_timeout.saturating_sub(STALL), wire.write(bytes)) => sent?,
        () = place.needed() => Err(io::ErrorKind::TimedOut.into()),
    };
    place.works();
    sent
}

async fn linger(wire: &Wire, bytes: &mut Vec<u8>) {
    wire.shutdown();
    let deadline = Instant::now() + LINGER;
    let mut dropped = 0;
    while dropped < LINGER_BYTES {
        bytes.clear();
        match timeout_at(deadline, wire.read(bytes)).await {
            Ok(Ok(count @ 1..)) => dropped += count,
            _ => return,
        }
    }
}

/// What the Date of a reply says now.
pub(super) fn http_date() -> [u8; 29] {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    date::format(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
