//! The admin pages: the dashboard, its API, metrics and health, on a listener and a thread of their own, apart from
//! the files.
//!
//! Promises: nobody beyond this machine reaches them without the token (the configuration demands one for other
//! addresses, `access` judges each request); nothing a client does here holds up a reply to a file. Reads what
//! others count and changes nothing.
//!
//! 1. [`Admin`] opens the address, starts the thread, moves it on a reload and ends it last of all.
//! 2. `serve` accepts, reads heads and sends pages, all within limits.
//! 3. `access` judges who asks, `answer` says what is meant, `wanted` of which days, files and sites.
//! 4. `asker` asks the ledger, on threads of its own; `pages`, `api` and `metrics` write what is shown.

pub mod access;
pub mod answer;
pub mod api;
pub mod events;
pub mod metrics;
pub mod page;
pub mod pages;
mod process;
mod serve;
pub mod span;
#[cfg(test)]
mod tests;
mod top;
mod view;
pub mod wanted;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use tallyd_ledger::feed::Feed;
use tallyd_ledger::health::Health;
use tallyd_ledger::report::Readers;
use tokio::sync::watch;

use crate::asker::Asker;
use crate::config::{AdminAt, Config, Limits, Listen, Token};
use crate::listen::{Address, Inherited, ListenError, Listener, Queue};
use crate::meter::Meter;
use crate::say::Voice;
pub use top::{TopFile, TopFiles};

/// Connections that may wait to be accepted: a few programs ask here, not the world.
const QUEUE: Queue = Queue {
    backlog: 128,
    deferred: false,
};

/// Questions to the ledger at the same time, for people and for programs.
const AT_ONCE: usize = 2;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The usual port.
const USUAL: u16 = 8081;

/// What the pages are made from.
pub struct Sources {
    /// The meter of every worker.
    pub meters: Vec<Arc<Meter>>,
    /// How the counting goes.
    pub health: Arc<Health>,
    /// Which files are asked for most.
    pub top: TopFiles,
    /// The latest replies.
    pub feed: Arc<Feed>,
    /// The ledger; nothing: counts are in memory only.
    pub readers: Option<Arc<Readers>>,
}

/// How far the server is with its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// It does not accept connections yet.
    Starting,
    /// It does.
    Serving,
    /// It finishes what is running, and takes nothing new.
    Draining,
}

/// The admin pages of one server, whether they are open or not.
#[derive(Debug)]
pub struct Admin {
    watched: Arc<Watched>,
    running: Option<Running>,
    voice: Voice,
}

/// What the thread of the pages shares with the server.
struct Watched {
    meters: Vec<Arc<Meter>>,
    health: Arc<Health>,
    top: Arc<Mutex<TopFiles>>,
    feed: Arc<Feed>,
    /// Asks for people, and for what a stream says.
    pages: Asker,
    /// Asks for programs: however many questions they have, a page has its turn.
    programs: Asker,
    /// Where the files are, for those who see the pages before anybody has asked for one.
    files_at: OnceLock<String>,
    stage: AtomicU8,
    started: SystemTime,
}

/// What a reload may change without opening anything.
#[derive(Clone, Debug)]
struct Settings {
    limits: Limits,
    metrics_files: usize,
    token: Option<Token>,
}

#[derive(Debug)]
struct Running {
    at: AdminAt,
    listener: Listener,
    /// The thread ends when this is dropped.
    settings: watch::Sender<Settings>,
    thread: JoinHandle<()>,
}

/// What a configuration changes about where the pages are.
#[derive(Debug)]
pub enum Change {
    /// Nothing.
    Stay,
    /// They end.
    End,
    /// They are there from now on; the address is open already.
    Move(AdminAt, Listener),
}

/// Why the pages can't be where they are wanted.
#[derive(Debug)]
pub enum AdminError {
    /// Not at this address.
    Tcp(std::net::SocketAddr, io::Error),
    /// Not at this path.
    Unix(ListenError),
}

impl fmt::Display for AdminError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AdminError::Tcp(address, error) if error.kind() == io::ErrorKind::AddrInUse => write!(
                out,
                "the port for the dashboard is taken: another program listens on {address}. Stop it, choose \
                 another port with --admin, or let the system pick one with --admin 0"
            ),
            AdminError::Tcp(address, error) => {
                write!(out, "cannot open the dashboard on {address}: {error}")
            }
            AdminError::Unix(error) => write!(out, "cannot open the dashboard: {error}"),
        }
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Watched({:?})", self.stage())
    }
}

impl Watched {
    fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            0 => Stage::Starting,
            1 => Stage::Serving,
            _ => Stage::Draining,
        }
    }
}

impl Admin {
    /// Pages that are not open yet.
    #[must_use]
    pub fn new(sources: Sources, voice: Voice) -> Admin {
        let watched = Watched {
            meters: sources.meters,
            health: sources.health,
            top: Arc::new(Mutex::new(sources.top)),
            feed: sources.feed,
            pages: Asker::new(sources.readers.clone(), AT_ONCE, PATIENCE),
            programs: Asker::new(sources.readers, AT_ONCE, PATIENCE),
            files_at: OnceLock::new(),
            stage: AtomicU8::new(Stage::Starting as u8),
            started: SystemTime::now(),
        };
        Admin {
            watched: Arc::new(watched),
            running: None,
            voice,
        }
    }

    /// Opens the address that is wanted, unless the pages are there already. On an error nothing has changed.
    pub fn prepare(&self, wanted: Option<&AdminAt>) -> Result<Change, AdminError> {
        let present = self.running.as_ref().map(|running| &running.at);
        match wanted {
            wanted if wanted == present => Ok(Change::Stay),
            None => Ok(Change::End),
            Some(AdminAt::Auto) => Ok(self.open_somewhere()),
            Some(AdminAt::At(address)) => {
                open(address).map(|listener| Change::Move(AdminAt::At(address.clone()), listener))
            }
        }
    }

    /// Nobody asked for a certain address: if another program has the usual one, the system picks another, and if
    /// there is none, files are served all the same.
    fn open_somewhere(&self) -> Change {
        let at = |port| Listen::Tcp((Ipv4Addr::LOCALHOST, port).into());
        match open(&at(USUAL)).or_else(|_| open(&at(0))) {
            Ok(listener) => Change::Move(AdminAt::Auto, listener),
            Err(error) => {
                self.voice.warn(format_args!("no dashboard: {error}"));
                Change::End
            }
        }
    }

    /// Does what was prepared, with the limits of `config`.
    pub fn apply(&mut self, change: Change, config: &Config) -> io::Result<()> {
        let settings = Settings {
            limits: config.limits.clone(),
            metrics_files: config.metrics_files,
            token: config.admin_token.clone(),
        };
        match change {
            Change::Stay => {
                if let Some(running) = &self.running {
                    running.settings.send_replace(settings);
                }
            }
            Change::End => {
                if self.running.is_some() {
                    self.end();
                    self.voice.info("no more dashboard");
                }
            }
            Change::Move(at, listener) => {
                let urls = listener.address.urls().join(" and ");
                let running = self.start(at, listener, settings)?;
                self.end();
                self.running = Some(running);
                // At the start, whoever has started the server says it, with the other addresses.
                if self.watched.stage() != Stage::Starting {
                    self.voice.info(format_args!("dashboard at {urls}"));
                }
            }
        }
        Ok(())
    }

    /// Says where the files are.
    pub fn set_files_at(&self, url: String) {
        // Said once, at the start.
        self.watched.files_at.set(url).ok();
    }

    /// Where they are, as a person would type it; empty if they are nowhere.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        let running = self.running.as_ref();
        running.map_or_else(Vec::new, |running| running.listener.address.urls())
    }

    /// Says how far the server is.
    pub fn set_stage(&self, stage: Stage) {
        self.watched.stage.store(stage as u8, Ordering::Relaxed);
    }

    /// Ends them, whoever is still reading.
    pub fn stop(mut self) {
        self.end();
    }

    fn start(
        &self,
        at: AdminAt,
        mut listener: Listener,
        settings: Settings,
    ) -> io::Result<Running> {
        let socket = listener.sockets.pop().ok_or(io::ErrorKind::NotFound)?;
        let is_unix = matches!(listener.address, Address::Unix(_));
        let (settings, seen) = watch::channel(settings);
        let (watched, voice) = (Arc::clone(&self.watched), self.voice.clone());
        // Tried here, so that a system without means is an error of the start.
        drop(serve::build_runtime()?);
        let thread = thread::Builder::new().name("admin".into()).spawn(move || {
            if let Err(error) = serve::run(socket, is_unix, watched, seen, &voice) {
                voice.error(format_args!("the admin pages have ended: {error}"));
            }
        })?;
        Ok(Running {
            at,
            listener,
            settings,
            thread,
        })
    }

    fn end(&mut self) {
        if let Some(running) = self.running.take() {
            running.listener.unlink();
            drop(running.settings);
            // A panic was said on standard error when it happened.
            drop(running.thread.join());
        }
    }
}

/// One socket without SO_REUSEPORT: nobody can take the port beside it.
fn open(wanted: &Listen) -> Result<Listener, AdminError> {
    match wanted {
        Listen::Unix(_) => Listener::open(wanted, 1, QUEUE).map_err(AdminError::Unix),
        Listen::Tcp(address) => {
            let opened = TcpListener::bind(address)
                .and_then(|socket| Listener::inherit(Inherited::Tcp(socket), 1));
            let listener = opened.map_err(|error| AdminError::Tcp(*address, error))?;
            Ok(Listener {
                wanted: Some(wanted.clone()),
                ..listener
            })
        }
    }
}
