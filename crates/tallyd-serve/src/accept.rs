//! Accept: from a listening socket to connections of this worker.
//!
//! Promises: more connections than allowed wait in the kernel's queue; running out of descriptors is a
//! pause, said once, not an end. When a listener is closed, who is already in its queue is still served.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketFlags, acceptfrom_with};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use crate::h1::{Arrival, Pump};
use crate::receipt::Client;
use crate::wire::{Wire, register};
use crate::worker::Worker;

/// How long to wait when descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections taken in one go before those already there get their turn.
const BATCH: u32 = 32;

/// Accepts on `socket` until told to stop.
pub async fn accept(worker: Rc<Worker>, socket: OwnedFd, stop: Rc<Notify>) -> io::Result<()> {
    let listener = register(socket, Interest::READABLE)?;
    let mut exhausted = false;
    let stopped = stop.notified();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => break,
            ready = listener.readable() => {
                let mut ready = ready?;
                match take(&worker, &listener) {
                    Taken::All => ready.clear_ready(),
                    Taken::Some => tokio::task::yield_now().await,
                    Taken::Full => tokio::select! {
                        () = worker.changed.notified() => {}
                        () = &mut stopped => break,
                    },
                    Taken::Exhausted(error) => {
                        if !exhausted {
                            worker.voice.error(format_args!(
                                "cannot accept connections: {error}; waiting for some to end \
                                 (raise the limit with ulimit -n, or LimitNOFILE= in a systemd unit)"
                            ));
                        }
                        exhausted = true;
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                }
                exhausted = false;
            }
        }
    }
    while let Taken::Some = take(&worker, &listener) {}
    Ok(())
}

enum Taken {
    /// Nobody else is waiting.
    All,
    /// Somebody may be.
    Some,
    /// There are as many connections as there may be.
    Full,
    /// The system gives no more descriptors.
    Exhausted(Errno),
}

fn take(worker: &Rc<Worker>, listener: &AsyncFd<OwnedFd>) -> Taken {
    let most = worker.serving().world.limits.connections;
    for _ in 0..BATCH {
        if worker.connections.count() >= most {
            return Taken::Full;
        }
        match acceptfrom_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            Ok((socket, address)) => {
                let queue = queue(listener);
                let arrival = if queue {
                    Arrival::InQueue
                } else {
                    Arrival::Alone
                };
                connection(worker, socket, client(address), arrival);
                if !queue {
                    return Taken::All;
                }
            }
            Err(Errno::AGAIN) => return Taken::All,
            Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)) => {
                return Taken::Exhausted(error);
            }
            // Gone before it was accepted, or another passing trouble of the network (accept(2)).
            Err(_) => {}
        }
    }
    Taken::Some
}

/// Whether somebody else is waiting. An accept that finds nobody makes and destroys a socket first:
/// 2 us, where asking costs 0.3.
fn queue(listener: &AsyncFd<OwnedFd>) -> bool {
    let mut waiting = [PollFd::new(listener, PollFlags::IN)];
    !matches!(poll(&mut waiting, Some(&Timespec::default())), Ok(0))
}

fn client(address: Option<SocketAddrAny>) -> Client {
    let address = address.and_then(|address| std::net::SocketAddr::try_from(address).ok());
    address.map_or(Client::Unix, Client::at)
}

fn connection(worker: &Rc<Worker>, socket: OwnedFd, client: Client, arrival: Arrival) {
    worker.meter.opened();
    worker
        .voice
        .debug_with(|| format!("{}: connection from {client} opened", worker.name));
    let wire = Wire::new(socket, worker.connections.epoll());
    if worker.connections.count() == 0 {
        worker.opened.notify_one();
    }
    Pump::begin(worker, wire, client, arrival);
}
