//! Accept: from a listening socket to connections of this worker.
//!
//! Promises: more connections than allowed wait in the kernel's queue; running out of descriptors is a
//! pause, said once, not an end. When a listener is closed, who is already in its queue is still served.

use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use mio::Interest;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketFlags, acceptfrom_with};
use tokio::sync::Notify;

use crate::h1::{Arrival, Pump};
use crate::receipt::Client;
use crate::slot::{Direction, Slot};
use crate::wire::Wire;
use crate::worker::Worker;

/// How long to wait when descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections taken in one go before those already there get their turn.
const BATCH: u32 = 32;

/// Accepts on `socket` until told to stop.
pub async fn accept(worker: Rc<Worker>, socket: OwnedFd, stop: Rc<Notify>) -> io::Result<()> {
    let listener = Listener::new(&worker, socket)?;
    let mut exhausted = false;
    let stopped = stop.notified();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => break,
            () = listener.ready() => {
                match take(&worker, &listener.socket) {
                    Taken::All => {}
                    Taken::Some => {
                        listener.look_again();
                        worker.next_turn().await;
                    }
                    Taken::Full => {
                        listener.look_again();
                        tokio::select! {
                            () = worker.changed.notified() => {}
                            () = &mut stopped => break,
                        }
                    }
                    Taken::Exhausted(error) => {
                        if !exhausted {
                            worker.voice.error(format_args!(
                                "cannot accept connections: {error}; waiting for some to end \
                                 (raise the limit with ulimit -n, or LimitNOFILE= in a systemd unit)"
                            ));
                        }
                        exhausted = true;
                        listener.look_again();
                        worker.sleep(PAUSE).await;
                        continue;
                    }
                }
                exhausted = false;
            }
        }
    }
    while let Taken::Some = take(&worker, &listener.socket) {}
    Ok(())
}

/// A listening socket, registered with the worker's event loop.
struct Listener<'a> {
    worker: &'a Worker,
    socket: OwnedFd,
    slot: Rc<Slot>,
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        self.worker.connections.remove_listener(&self.slot);
    }
}

impl<'a> Listener<'a> {
    fn new(worker: &'a Worker, socket: OwnedFd) -> io::Result<Self> {
        let listener = Listener {
            worker,
            socket,
            slot: Rc::new(Slot::default()),
        };
        // If it can't be watched, the place is given back with it.
        worker.connections.add_listener(&listener.slot);
        let (watch, place) = (worker.connections.watch(), listener.slot.place());
        watch.add(&listener.socket, place, Interest::READABLE)?;
        Ok(listener)
    }

    /// Waits until somebody has come since the last look.
    async fn ready(&self) {
        poll_fn(|context| {
            if self.slot.is_ready(Direction::Read) {
                self.slot.exhausted(Direction::Read);
                return Poll::Ready(());
            }
            // It has no deadline, so there is nothing else to learn.
            self.slot.check(context).ok();
            Poll::Pending
        })
        .await;
    }

    /// Somebody may be waiting still.
    fn look_again(&self) {
        self.slot.come();
    }
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

fn take(worker: &Rc<Worker>, listener: &OwnedFd) -> Taken {
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
fn queue(listener: &OwnedFd) -> bool {
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
    let wire = Wire::new(socket, worker.connections.watch());
    if worker.connections.count() == 0 {
        worker.opened.notify_one();
    }
    Pump::begin(worker, wire, client, arrival);
}
