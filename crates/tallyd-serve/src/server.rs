//! The server: starts the crew, changes what it serves, and stops it. What the binary and tests hold.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use tallyd_ledger::count::Count;
use tallyd_ledger::report::Readers;
use tallyd_ledger::state::ledger_in;

use crate::access_log::AccessLog;
use crate::admin::{Admin, AdminError, Sources, Stage};
use crate::asking::Asking;
use crate::config::{Config, LogTarget, SiteConfig};
use crate::count::{self, OpenError};
use crate::crew::{Hand, ListenerId, Order};
use crate::listen::{Address, Inherited, ListenError, Listener, Queue};
use crate::meter::Meter;
use crate::say::Voice;
use crate::site::Sites;
use crate::worker::{Kit, World};

/// How long the workers may take to serve another configuration: each does between two requests.
const TAKEN: Duration = Duration::from_secs(1);

/// How long the count may take to post what is left. What it can't post stays in the journals.
const LAST_POST: Duration = Duration::from_secs(8);

/// How long the access log may take to write its last lines.
const LAST_LINES: Duration = Duration::from_secs(2);

/// A running server.
#[derive(Debug)]
pub struct Server {
    config: Config,
    hands: Vec<Hand>,
    listeners: Vec<(ListenerId, Listener)>,
    next_listener: ListenerId,
    count: Count,
    log: AccessLog,
    admin: Admin,
    voice: Voice,
}

/// Why a server can't start, or not like that.
#[derive(Debug)]
pub enum StartError {
    /// The root of a site can't be served.
    Root(PathBuf, Errno),
    /// An address can't be listened on.
    Listen(ListenError),
    /// The admin pages can't be where they are wanted.
    Admin(AdminError),
    /// An inherited socket is of no use.
    Inherited(io::Error),
    /// There is no address to listen on.
    Nowhere,
    /// The count can't be opened.
    Count(OpenError),
    /// The access log can't be opened.
    Log(LogTarget, io::Error),
    /// The system refuses threads or descriptors.
    System(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Root(path, error) => root_error(path, *error, out),
            StartError::Listen(error) => write!(out, "{error}"),
            StartError::Admin(error) => write!(out, "{error}"),
            StartError::Count(error) => write!(out, "{error}"),
            StartError::Inherited(error) => {
                write!(out, "cannot use an inherited socket (LISTEN_FDS): {error}")
            }
            StartError::Nowhere => {
                out.write_str("there is no address to listen on: say one with --listen")
            }
            StartError::Log(LogTarget::File(path), error) => write!(
                out,
                "cannot open the access log {}: {error}. Choose another file with --access-log, or - for standard output",
                path.display()
            ),
            StartError::Log(_, error) => write!(out, "cannot start the access log: {error}"),
            StartError::System(error) => write!(out, "cannot start: {error}"),
        }
    }
}

fn root_error(path: &Path, error: Errno, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let path = path.display();
    match error {
        Errno::NOENT => write!(
            out,
            "there is no directory {path} to serve: create it, or name another one: tallyd DIR (or --root DIR)"
        ),
        Errno::NOTDIR => write!(
            out,
            "{path} is not a directory: tallyd serves directories, name the one it is in"
        ),
        Errno::ACCESS => write!(
            out,
            "not allowed to read the directory {path}: check its permissions"
        ),
        error => write!(out, "cannot serve the directory {path}: {error}"),
    }
}

/// What there is to say of a server that begins.
#[derive(Debug)]
pub struct Started<'a> {
    /// What it serves.
    pub config: &'a Config,
    /// Where.
    pub addresses: &'a [Address],
    /// Where the dashboard is; empty: nowhere.
    pub dashboard: Vec<String>,
    /// Where the counts are kept; nothing: in memory.
    pub counts: Option<&'a Path>,
}

impl Server {
    /// Starts serving what `config` describes, on inherited sockets if there are any. `announce` is told
    /// what has begun when everything has succeeded, and before the first request is taken.
    pub fn start(
        config: Config,
        inherited: Vec<Inherited>,
        voice: Voice,
        announce: impl FnOnce(&Started<'_>),
    ) -> Result<Server, StartError> {
        check_roots(&config)?;
        raise_descriptor_limit(&voice);
        let opened = open_listeners(&config, inherited)?;
        let count = count::open(&config, &voice).map_err(StartError::Count)?;
        let workers = config.workers.max(1);
        let meters: Vec<Arc<Meter>> = (0..workers).map(|_| Arc::default()).collect();
        let readers = count
            .directory()
            .map(|place| Arc::new(Readers::new(&ledger_in(place))));
        let sources = Sources {
            meters: meters.clone(),
            health: count.health(),
            top: count::top_files(&count),
            feed: count.feed(),
            readers: readers.clone(),
        };
        let asking = Asking::new(readers, voice.clone());
        let mut admin = Admin::new(sources, voice.clone());
        let pages = admin
            .prepare(config.admin.as_ref())
            .map_err(StartError::Admin)?;
        let log = AccessLog::start(&config.access_log, config.log_format, voice.clone())
            .map_err(|error| StartError::Log(config.access_log.clone(), error))?;
        let world = Arc::new(World::new(&config, Sites::build(&config, &count.books())));
        let hands = start_hands(meters, &world, &log, &count, &asking, &voice)?;
        admin.apply(pages, &config).map_err(StartError::System)?;
        let mut server = Server {
            config,
            hands,
            listeners: Vec::new(),
            next_listener: 0,
            count,
            log,
            admin,
            voice,
        };
        let addresses: Vec<Address> = opened
            .iter()
            .map(|listener| listener.address.clone())
            .collect();
        // Before: whoever reads the address may ask at once, and the sockets hold who comes already.
        server.admin.set_stage(Stage::Serving);
        if let Some(url) = addresses.iter().flat_map(Address::urls).next() {
            server.admin.set_files_at(url);
        }
        announce(&Started {
            config: &server.config,
            addresses: &addresses,
            dashboard: server.admin.urls(),
            counts: server.count.directory(),
        });
        for listener in opened {
            server.add(listener);
        }
        Ok(server)
    }

    /// What it serves.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Serves what `config` describes from now on, without losing a connection. On an error nothing
    /// has changed.
    pub fn reload(&mut self, config: Config) -> Result<(), StartError> {
        check_roots(&config)?;
        let opened = self.open_new(&config)?;
        let pages = self
            .admin
            .prepare(config.admin.as_ref())
            .map_err(StartError::Admin)?;
        if (&config.access_log, config.log_format)
            != (&self.config.access_log, self.config.log_format)
        {
            self.log
                .change(&config.access_log, config.log_format)
                .map_err(|error| StartError::Log(config.access_log.clone(), error))?;
        }
        if config.workers != self.config.workers {
            self.voice
                .warn("the number of workers changes only with a restart");
        }
        if let Some(name) = count::needs_restart(&self.config, &config) {
            self.voice
                .warn(format_args!("{name} changes only with a restart"));
        }
        self.voice.set_level(config.log_level);
        let world = Arc::new(World::new(
            &config,
            Sites::build(&config, &self.count.books()),
        ));
        let (taken, all_taken) = channel();
        for hand in &self.hands {
            hand.tell(Order::Serve(Arc::clone(&world), taken.clone()));
        }
        drop(taken);
        self.leave_old(&config);
        for listener in opened {
            self.voice.info(format_args!(
                "now also at {}",
                listener.address.urls().join(" and ")
            ));
            self.add(listener);
        }
        if let Err(error) = self.admin.apply(pages, &config) {
            self.voice
                .error(format_args!("the dashboard stays where it was: {error}"));
        }
        self.config = config;
        // Whoever reads that it is in force may ask at once.
        if all_taken.recv_timeout(TAKEN) == Err(RecvTimeoutError::Timeout) {
            self.voice
                .warn("a worker is busy: it serves the new configuration a little later");
        }
        Ok(())
    }

    /// Opens the access log anew, for rotation.
    pub fn reopen_logs(&self) {
        self.log.reopen();
    }

    /// Takes no more requests; finishes what is running, within the configured time. `done` is called
    /// when the workers have ended, on a thread of its own.
    pub fn drain(self, done: impl FnOnce() + Send + 'static) -> io::Result<Draining> {
        let deadline = Instant::now() + self.config.drain_timeout;
        self.admin.set_stage(Stage::Draining);
        for (_, listener) in &self.listeners {
            listener.unlink();
        }
        for hand in &self.hands {
            hand.tell(Order::Drain(deadline));
        }
        let orders = self.hands.iter().map(Hand::orders).collect();
        let hands = self.hands;
        let waiter = thread::Builder::new().name("drain".into()).spawn(move || {
            hands.into_iter().for_each(Hand::join);
            done();
        })?;
        Ok(Draining {
            orders,
            waiter,
            log: self.log,
            count: self.count,
            admin: self.admin,
        })
    }

    fn add(&mut self, mut listener: Listener) {
        let id = self.next_listener;
        self.next_listener += 1;
        for (hand, socket) in self.hands.iter().zip(listener.sockets.drain(..)) {
            hand.tell(Order::Listen(id, socket));
        }
        self.listeners.push((id, listener));
    }

    /// The listeners that are in `config` and not open yet. Inherited ones stay whatever it says.
    fn open_new(&self, config: &Config) -> Result<Vec<Listener>, StartError> {
        if self
            .listeners
            .iter()
            .any(|(_, listener)| listener.wanted.is_none())
        {
            return Ok(Vec::new());
        }
        let is_open = |wanted: &&_| {
            !self
                .listeners
                .iter()
                .any(|(_, open)| open.wanted.as_ref() == Some(wanted))
        };
        let new = config.listen.iter().filter(is_open);
        new.map(|wanted| {
            Listener::open(wanted, self.hands.len(), queue(config)).map_err(StartError::Listen)
        })
        .collect()
    }

    fn leave_old(&mut self, config: &Config) {
        let hands = &self.hands;
        self.listeners.retain(|(id, listener)| {
            let stays = listener
                .wanted
                .as_ref()
                .is_none_or(|wanted| config.listen.contains(wanted));
            if !stays {
                hands.iter().for_each(|hand| hand.tell(Order::Leave(*id)));
                listener.unlink();
            }
            stays
        });
    }
}

/// A server that is finishing.
#[derive(Debug)]
pub struct Draining {
    orders: Vec<tokio::sync::mpsc::UnboundedSender<Order>>,
    waiter: thread::JoinHandle<()>,
    log: AccessLog,
    count: Count,
    admin: Admin,
}

impl Draining {
    /// Ends what is still running now.
    pub fn force(&self) {
        for orders in &self.orders {
            // One that has ended already is what is wanted.
            drop(orders.send(Order::Stop));
        }
    }

    /// Waits for the workers and the last lines of the log.
    pub fn finish(self) {
        drop(self.waiter.join());
        self.count.close(Instant::now() + LAST_POST);
        self.log.stop(Instant::now() + LAST_LINES);
        // Last, so that whoever watches sees the drain to its end.
        self.admin.stop();
    }
}

fn start_hands(
    meters: Vec<Arc<Meter>>,
    world: &Arc<World>,
    log: &AccessLog,
    count: &Count,
    asking: &Asking,
    voice: &Voice,
) -> Result<Vec<Hand>, StartError> {
    let start = |(number, meter)| {
        let name = format!("worker-{number}");
        let kit = Kit {
            sink: log.sink(),
            meter,
            teller: count.teller(),
            asking: asking.clone(),
            voice: voice.clone(),
        };
        Hand::start(name, Arc::clone(world), kit)
    };
    let meters = meters.into_iter().enumerate();
    meters
        .map(start)
        .collect::<io::Result<_>>()
        .map_err(StartError::System)
}

fn open_listeners(config: &Config, inherited: Vec<Inherited>) -> Result<Vec<Listener>, StartError> {
    let workers = config.workers.max(1);
    if !inherited.is_empty() {
        let inherit = |socket| Listener::inherit(socket, workers).map_err(StartError::Inherited);
        return inherited.into_iter().map(inherit).collect();
    }
    if config.listen.is_empty() {
        return Err(StartError::Nowhere);
    }
    let open = |wanted| Listener::open(wanted, workers, queue(config)).map_err(StartError::Listen);
    config.listen.iter().map(open).collect()
}

fn queue(config: &Config) -> Queue {
    Queue {
        backlog: config.backlog,
        deferred: config.defer_accept,
    }
}

fn check_roots(config: &Config) -> Result<(), StartError> {
    check_root(&config.site)?;
    config
        .hosts
        .iter()
        .try_for_each(|host| check_root(&host.site))
}

/// Serving starts only with a root that can be read: whoever mistyped it should know now.
fn check_root(site: &SiteConfig) -> Result<(), StartError> {
    let check = |path: &PathBuf| {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(path, flags, Mode::empty());
        opened
            .map(drop)
            .map_err(|error| StartError::Root(path.clone(), error))
    };
    check(&site.root)?;
    site.error_pages.as_ref().map_or(Ok(()), check)
}

/// As many descriptors as the process may have: the usual soft limit of 1024 is for old programs.
fn raise_descriptor_limit(voice: &Voice) {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        voice.warn(format_args!(
            "cannot raise the limit of open files: {error}"
        ));
    }
}
