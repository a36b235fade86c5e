//! Serves the admin pages: one thread, one event loop, and limits on everything.
//!
//! Promises: at most [`MOST`] connections, of which the one that has waited longest without asking makes room for
//! a new one; every wait has the limits of the configuration.

mod connection;
mod crowd;

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::watch;

use super::answer::{self, Route};
use super::metrics::{self, Counting, Measured};
use super::page::Page;
use super::process::Process;
use super::top::Top;
use super::{Settings, Watched};
use crate::meter::Reading;
use crate::say::Voice;
use connection::Stream;
use crowd::Crowd;

/// Connections at the same time: those who collect metrics, some people, and room.
const MOST: usize = 64;

/// How long to wait when descriptors have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// What all connections of the thread share.
struct Desk {
    watched: Arc<Watched>,
    settings: watch::Receiver<Settings>,
    top: Top,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The event loop of the thread. One more thread asks the ledger, if it is asked.
pub(super) fn build_runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(1)
        .thread_name("admin-ledger")
        .build_local(LocalOptions::default())
}

/// Serves until the other end of `settings` is dropped.
pub(super) fn run(
    socket: OwnedFd,
    is_unix: bool,
    watched: Arc<Watched>,
    settings: watch::Receiver<Settings>,
    voice: &Voice,
) -> io::Result<()> {
    let runtime = build_runtime()?;
    let served = runtime.block_on(accept(socket, is_unix, watched, settings, voice));
    // The ledger may hang: nobody waits for that.
    runtime.shutdown_background();
    served
}

async fn accept(
    socket: OwnedFd,
    is_unix: bool,
    watched: Arc<Watched>,
    settings: watch::Receiver<Settings>,
    voice: &Voice,
) -> io::Result<()> {
    let socket = Socket::of(socket, is_unix)?;
    let mut stop = settings.clone();
    let crowd = Rc::new(Crowd::new(MOST));
    let top = Top::new(Arc::clone(&watched.top));
    let desk = Rc::new(Desk {
        watched,
        settings,
        top,
    });
    loop {
        tokio::select! {
            biased;
            () = until_dropped(&mut stop) => return Ok(()),
            () = crowd.room() => {}
        }
        let accepted = tokio::select! {
            biased;
            () = until_dropped(&mut stop) => return Ok(()),
            accepted = socket.accept() => accepted,
        };
        match accepted {
            Ok(stream) => {
                let (desk, place) = (Rc::clone(&desk), Crowd::enter(&crowd));
                drop(tokio::task::spawn_local(async move {
                    connection::serve(&stream, &place, &desk).await;
                }));
            }
            // Gone before it was accepted is no trouble; out of descriptors passes, or is said for the files.
            Err(error) => {
                voice.debug(format_args!("admin pages: cannot accept: {error}"));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Waits until the server ends the pages; changed settings are read when they are needed.
async fn until_dropped(settings: &mut watch::Receiver<Settings>) {
    while settings.changed().await.is_ok() {}
}

impl Socket {
    fn of(socket: OwnedFd, is_unix: bool) -> io::Result<Socket> {
        if is_unix {
            return UnixListener::from_std(socket.into()).map(Socket::Unix);
        }
        TcpListener::from_std(socket.into()).map(Socket::Tcp)
    }

    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Socket::Tcp(listener) => Ok(Stream::Tcp(listener.accept().await?.0)),
            Socket::Unix(listener) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }
}

impl Desk {
    /// What is in force now.
    fn settings(&self) -> Settings {
        self.settings.borrow().clone()
    }

    /// The page of a route, with what it shows as it is now.
    async fn page(&self, route: Route) -> Page {
        match route {
            Route::Index => answer::index(),
            Route::Healthy => answer::healthy(),
            Route::Ready => {
                let trouble = self.watched.health.trouble();
                answer::ready(self.watched.stage(), trouble.as_deref())
            }
            Route::Metrics(dialect) => {
                let most = self.settings().metrics_files;
                let files = self.top.files(most).await;
                metrics::page(&self.measure(&files), dialect)
            }
        }
    }

    fn measure<'a>(&self, files: &'a [super::TopFile]) -> Measured<'a> {
        let mut reading = Reading::default();
        for meter in &self.watched.meters {
            reading += meter.read();
        }
        Measured {
            reading,
            counting: Counting::of(&self.watched.health),
            started: self.watched.started,
            process: Process::look(),
            files,
        }
    }
}
