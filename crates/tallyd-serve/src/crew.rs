//! The crew: the worker threads, and the orders they take.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};

use crate::accept::accept;
use crate::event_loop::EventLoop;
use crate::slot;
use crate::worker::{Kit, Worker, World};

/// Threads of one worker that may wait for a disk at the same time.
const POOL: usize = 16;

/// How long an idle thread of the pool stays.
const POOL_KEPT: Duration = Duration::from_secs(10);

/// Which listener a socket belongs to.
pub type ListenerId = u64;

/// What a worker is told to do.
#[derive(Debug)]
pub enum Order {
    /// Serve this from now on, and drop the sender to say so.
    Serve(Arc<World>, Sender<()>),
    /// Accept on this socket too.
    Listen(ListenerId, OwnedFd),
    /// Accept on it no longer.
    Leave(ListenerId),
    /// Take no more requests, finish what is running until then, and end.
    Drain(Instant),
    /// End now.
    Stop,
}

/// One worker thread.
#[derive(Debug)]
pub struct Hand {
    orders: UnboundedSender<Order>,
    thread: JoinHandle<()>,
}

impl Hand {
    /// Starts a worker.
    pub fn start(name: String, world: Arc<World>, kit: Kit) -> io::Result<Hand> {
        let voice = kit.voice.clone();
        let runtime_check = build_runtime(&name)?;
        drop(runtime_check);
        let (orders, received) = unbounded_channel();
        let thread = thread::Builder::new().name(name.clone()).spawn(move || {
            if let Err(error) = work(&name, world, kit, received) {
                voice.error(format_args!("{name} cannot work: {error}"));
            }
        })?;
        Ok(Hand { orders, thread })
    }

    /// Tells the worker something. One that has ended no longer listens, which is what was wanted.
    pub fn tell(&self, order: Order) {
        drop(self.orders.send(order));
    }

    /// A way to tell the worker something from elsewhere.
    #[must_use]
    pub fn orders(&self) -> UnboundedSender<Order> {
        self.orders.clone()
    }

    /// Waits for the thread's end.
    pub fn join(self) {
        // A panic was said on standard error when it happened.
        drop(self.thread.join());
    }
}

/// What a worker has beside its event loop: timers, and threads that may wait for a disk.
fn build_runtime(name: &str) -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(POOL)
        .thread_keep_alive(POOL_KEPT)
        .thread_name(format!("{name}-disk"))
        .build()
}

fn work(
    name: &str,
    world: Arc<World>,
    kit: Kit,
    orders: UnboundedReceiver<Order>,
) -> io::Result<()> {
    let runtime = build_runtime(name)?;
    let handle = runtime.handle().clone();
    let events = EventLoop::new()?;
    let watch = events.watch()?;
    let (ended, end) = oneshot::channel::<()>();
    // A runtime's timers need a thread that waits for them. The few waits that may take too long use them.
    let timers = thread::Builder::new()
        .name(format!("{name}-timers"))
        .spawn(move || {
            runtime.block_on(end).ok();
            // The pool may hang on a disk: nobody waits for that.
            runtime.shutdown_background();
        })?;
    let entered = handle.enter();
    let worker = Rc::new(Worker::new(name.to_owned(), world, kit, watch));
    let connections = &worker.connections;
    // Drops what is still running at its end; each reply that was on its way gets its Receipt then.
    let worked = events.run(
        &connections.watch(),
        follow(Rc::clone(&worker), orders),
        |place| connections.fetch_ahead(place),
        |place, event| connections.take(place, event),
    );
    connections.clear();
    drop(entered);
    drop(ended);
    // A panic there has been said on standard error.
    drop(timers.join());
    worker.teller.close();
    worker.sink.hand_over_last();
    worked
}

/// Follows orders until the last.
async fn follow(worker: Rc<Worker>, mut orders: UnboundedReceiver<Order>) {
    drop(tokio::task::spawn_local(keep_looking(Rc::clone(&worker))));
    let flushing = Rc::clone(&worker);
    drop(tokio::task::spawn_local(async move {
        let watch = flushing.connections.watch();
        flushing.sink.keep_flushing(&watch).await;
    }));
    let mut listeners: HashMap<ListenerId, Rc<Notify>> = HashMap::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Serve(world, taken) => {
                worker.serve(world);
                drop(taken);
            }
            Order::Listen(id, socket) => {
                let stop = Rc::new(Notify::new());
                listeners.insert(id, Rc::clone(&stop));
                listen(&worker, socket, stop);
            }
            Order::Leave(id) => {
                if let Some(stop) = listeners.remove(&id) {
                    stop.notify_one();
                }
            }
            Order::Drain(deadline) => {
                for stop in listeners.values() {
                    stop.notify_one();
                }
                return drain(&worker, orders, deadline).await;
            }
            Order::Stop => return,
        }
    }
}

fn listen(worker: &Rc<Worker>, socket: OwnedFd, stop: Rc<Notify>) {
    let worker = Rc::clone(worker);
    drop(tokio::task::spawn_local(async move {
        if let Err(error) = accept(Rc::clone(&worker), socket, stop).await {
            worker
                .voice
                .error(format_args!("{} stopped accepting: {error}", worker.name));
        }
    }));
}

/// Ends waits whose time is over, as long as there are connections.
async fn keep_looking(worker: Rc<Worker>) {
    loop {
        // An idle server sleeps: nothing wakes it until somebody comes.
        if worker.connections.count() == 0 {
            worker.opened.notified().await;
        }
        worker.sleep(slot::TICK).await;
        worker.connections.look(worker.millis());
    }
}

/// Waits until the last connection has ended, the deadline passes, or another order comes.
async fn drain(worker: &Worker, mut orders: UnboundedReceiver<Order>, deadline: Instant) {
    // Let the accept tasks take those who are in their queues already.
    worker.next_turn().await;
    let over = worker.sleep(deadline.saturating_duration_since(Instant::now()));
    tokio::pin!(over);
    loop {
        worker.drain();
        let closed = worker.changed.notified();
        if worker.connections.count() == 0 {
            return;
        }
        tokio::select! {
            () = closed => {}
            () = worker.sleep(slot::TICK) => {}
            () = &mut over => {
                let left = worker.connections.count();
                worker.voice.warn(format_args!("{}: connections cut off at the deadline: {left}", worker.name));
                return;
            }
            order = orders.recv() => match order {
                None | Some(Order::Stop) => return,
                Some(_) => {}
            },
        }
    }
}
