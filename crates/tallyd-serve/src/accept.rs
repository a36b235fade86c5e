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
use tallyd_ledger::tcp;
use tokio::sync::Notify;

use crate::h1::{Arrival, Pump};
use crate::receipt::Client;
use crate::slot::{Direction, Slot};
use crate::wire::Wire;
use crate::worker::Worker;

/// How long to wait when descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// Connections taken in one go before those already there get their turn.
const BATCH: usize = 32;

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
                match take(&worker, &listener) {
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
    while let Taken::Some = take(&worker, &listener) {}
    // Who came while those were begun with.
    take(&worker, &listener);
    Ok(())
}

/// A listening socket, registered with the worker's event loop.
struct Listener<'a> {
    worker: &'a Worker,
    socket: OwnedFd,
    slot: Rc<Slot>,
    /// Whoever comes has asked already.
    is_deferred: bool,
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
            is_deferred: tcp::is_deferred(&socket),
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

/// Takes who is waiting, and then begins with them: those who were taken first have had time to ask meanwhile.
fn take(worker: &Rc<Worker>, listener: &Listener<'_>) -> Taken {
    let queue = Queue::of(&listener.socket);
    let mut sockets = Vec::with_capacity(queue.known.unwrap_or(BATCH).min(BATCH));
    let taken = take_some(worker, &queue, &mut sockets);
    let arrival = match sockets.len() {
        1 if !listener.is_deferred => Arrival::Alone,
        _ => Arrival::Asking,
    };
    for (socket, client) in sockets {
        connection(worker, socket, client, arrival);
    }
    taken
}

fn take_some(worker: &Worker, queue: &Queue<'_>, sockets: &mut Vec<(OwnedFd, Client)>) -> Taken {
    let most = worker.serving().world.limits.connections;
    let mut asked = 0;
    while queue.has_more(asked) {
        if asked == BATCH {
            return Taken::Some;
        }
        if worker.connections.count() + sockets.len() >= most {
            return Taken::Full;
        }
        asked += 1;
        match acceptfrom_with(queue.listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
            Ok((socket, address)) => sockets.push((socket, client(address))),
            Err(Errno::AGAIN) => return Taken::All,
            Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)) => {
                return Taken::Exhausted(error);
            }
            // Gone before it was accepted, or another passing trouble of the network (accept(2)).
            Err(_) => {}
        }
    }
    Taken::All
}

/// Who waits at a listener. Of whoever comes later there is another event.
struct Queue<'a> {
    listener: &'a OwnedFd,
    /// How many they were; nothing if the system does not say.
    known: Option<usize>,
}

impl<'a> Queue<'a> {
    fn of(listener: &'a OwnedFd) -> Queue<'a> {
        let known = tcp::waiting(listener);
        Queue { listener, known }
    }

    /// Whether somebody is waiting when so many have been taken. It is asked, for an accept that finds nobody makes and
    /// destroys a socket first: 2 us, where asking costs 0.3.
    fn has_more(&self, taken: usize) -> bool {
        match self.known {
            Some(known) => taken < known,
            None => {
                let mut waiting = [PollFd::new(self.listener, PollFlags::IN)];
                !matches!(poll(&mut waiting, Some(&Timespec::default())), Ok(0))
            }
        }
    }
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
