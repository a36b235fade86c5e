//! A worker: one thread with everything it needs of its own, so that nothing on the hit path is shared.
//!
//! This is its state; `crew` runs it, `accept` feeds it, `h1` works with it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tallyd_http::date;
use tallyd_http::request::Request;
use tokio::sync::{Notify, Semaphore};

use crate::access_log::Sink;
use crate::answer::Moment;
use crate::asking::Asking;
use crate::config::{Config, Limits};
use crate::connections::Connections;
use crate::event_loop::Watch;
use crate::meter::Meter;
use crate::resolve::Shelf;
use crate::say::Voice;
use crate::site::Sites;
use tallyd_ledger::teller::Teller;

/// Everything that a reload replaces.
#[derive(Debug)]
pub struct World {
    /// The served trees.
    pub sites: Sites,
    /// What one connection may cost.
    pub limits: Limits,
    /// Memory for small files, in bytes.
    pub cache_memory: usize,
}

impl World {
    /// The world that `config` describes.
    #[must_use]
    pub fn new(config: &Config, sites: Sites) -> World {
        World {
            sites,
            limits: config.limits.clone(),
            cache_memory: config.cache_memory,
        }
    }
}

/// A world as one worker serves it: a shelf for each site.
#[derive(Debug)]
pub struct Serving {
    /// The shared part.
    pub world: Arc<World>,
    shelves: Vec<Shelf>,
}

impl Serving {
    fn new(world: Arc<World>, asking: &Asking, voice: &Voice) -> Serving {
        let memory = world.cache_memory / world.sites.all().len().max(1);
        let shelves = world
            .sites
            .all()
            .iter()
            .map(|site| Shelf::new(Arc::clone(site), memory, asking.clone(), voice.clone()))
            .collect();
        Serving { world, shelves }
    }

    /// The shelf of the site that `request` is for.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "shelves and sites are made together; place 0 always exists"
    )]
    pub fn shelf(&self, request: Option<&Request<'_>>) -> &Shelf {
        let place = request.map_or(0, |request| self.world.sites.place_of(request.host_name()));
        &self.shelves[place]
    }
}

/// One worker's state.
#[derive(Debug)]
pub struct Worker {
    /// Its name in messages and of its thread.
    pub name: String,
    /// Its connections.
    pub connections: Connections,
    /// Where its records go.
    pub sink: Sink,
    /// What it counts of its own work, for the metrics.
    pub meter: Arc<Meter>,
    /// Whom it tells of its replies, for the count.
    pub teller: Teller,
    /// Whom it asks for counts that are shown.
    asking: Asking,
    /// How it speaks.
    pub voice: Voice,
    /// For those who read a directory on the blocking pool: files must still find a thread there.
    pub listing: Semaphore,
    /// For those who keep the names of a directory in memory.
    pub listings: Semaphore,
    /// Told when a connection opened while there was none.
    pub opened: Notify,
    /// Told when a connection closed, or the world changed.
    pub changed: Notify,
    serving: RefCell<Rc<Serving>>,
    draining: Cell<bool>,
    start: Instant,
    wall: Cell<Wall>,
    today: RefCell<(i64, [u8; 29])>,
    spare: RefCell<Vec<Vec<u8>>>,
}

/// What a worker is given by the server.
#[derive(Debug)]
pub struct Kit {
    /// Where its records go.
    pub sink: Sink,
    /// What it counts of its own work.
    pub meter: Arc<Meter>,
    /// Whom it tells of its replies.
    pub teller: Teller,
    /// Whom it asks for counts that are shown.
    pub asking: Asking,
    /// How it speaks.
    pub voice: Voice,
}

/// Pieces of listings that are made at the same time. Sorting 100 000 entries by size takes a thread some
/// 0.4 s, so a few such requests would fill the whole pool, and every file behind them would wait.
const LISTING: usize = 4;

/// Listings beyond their first piece at the same time. One of 100 000 entries keeps some 3 MB, and a
/// client may take its time.
const LISTINGS: usize = 64;

/// Buffers kept for reuse; a connection holds one only while it has a request.
const SPARE: usize = 64;

/// A buffer that grew larger than this is not kept.
const KEPT: usize = 64 * 1024;

impl Worker {
    /// A worker that serves `world`.
    #[must_use]
    pub fn new(name: String, world: Arc<World>, kit: Kit, watch: Watch) -> Worker {
        let Kit {
            sink,
            meter,
            teller,
            asking,
            voice,
        } = kit;
        Worker {
            name,
            connections: Connections::new(watch),
            sink,
            meter,
            teller,
            serving: RefCell::new(Rc::new(Serving::new(world, &asking, &voice))),
            asking,
            voice,
            listing: Semaphore::new(LISTING),
            listings: Semaphore::new(LISTINGS),
            opened: Notify::new(),
            changed: Notify::new(),
            draining: Cell::new(false),
            start: Instant::now(),
            wall: Cell::default(),
            today: RefCell::new((i64::MIN, [b' '; 29])),
            spare: RefCell::default(),
        }
    }

    /// Waits so long, to within some milliseconds.
    pub async fn sleep(&self, duration: Duration) {
        self.connections.watch().sleep(duration).await;
    }

    /// Lets events and other tasks have their turn.
    pub async fn next_turn(&self) {
        self.connections.watch().next_turn().await;
    }

    /// What is served now. A request keeps what it began with.
    #[must_use]
    pub fn serving(&self) -> Rc<Serving> {
        Rc::clone(&self.serving.borrow())
    }

    /// Serves another world from the next request on.
    pub fn serve(&self, world: Arc<World>) {
        *self.serving.borrow_mut() = Rc::new(Serving::new(world, &self.asking, &self.voice));
        self.changed.notify_waiters();
    }

    /// Takes no further requests.
    pub fn drain(&self) {
        self.draining.set(true);
        self.connections.end_idle();
    }

    /// Whether no further requests are taken.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Milliseconds since the worker started; never goes back.
    #[must_use]
    pub fn millis(&self) -> u64 {
        millis(self.start.elapsed())
    }

    /// The worker's time in `wait` from now: for deadlines.
    #[must_use]
    pub fn after(&self, wait: Duration) -> u64 {
        self.millis().saturating_add(millis(wait))
    }

    /// The worker's time in `wait` from the moment of a request.
    #[must_use]
    pub fn later(&self, now: Moment, wait: Duration) -> u64 {
        now.millis.saturating_add(millis(wait))
    }

    /// The moment of a request.
    #[must_use]
    pub fn moment(&self) -> (Moment, Started) {
        let instant = self.connections.clock().begun();
        let since = instant.duration_since(self.start);
        let now = millis(since);
        let started = Started {
            instant,
            nanos: self.wall(now).saturating_add(nanos(since)),
        };
        let moment = Moment {
            millis: now,
            seconds: started.nanos.div_euclid(1_000_000_000),
        };
        (moment, started)
    }

    /// When the worker started, in nanoseconds since 1970 by the clock of the system, which somebody may set: it is
    /// asked again after [`WALL`], because asking costs 30 ns.
    fn wall(&self, now: u64) -> i64 {
        let mut wall = self.wall.get();
        if now >= wall.until {
            wall = Wall {
                start: nanos_since_1970().saturating_sub(nanos(self.start.elapsed())),
                until: now.saturating_add(WALL),
            };
            self.wall.set(wall);
        }
        wall.start
    }

    /// The value of a Date field, made once a second.
    #[must_use]
    pub fn date(&self, seconds: i64) -> [u8; 29] {
        let mut today = self.today.borrow_mut();
        if today.0 != seconds {
            *today = (seconds, date::format(seconds));
        }
        today.1
    }

    /// An empty buffer.
    #[must_use]
    pub fn buffer(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Gives a buffer back.
    pub fn give_back(&self, mut buffer: Vec<u8>) {
        if buffer.capacity() == 0 {
            return;
        }
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE && buffer.capacity() <= KEPT {
            buffer.clear();
            spare.push(buffer);
        }
    }
}

/// When a request was there.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// To measure from.
    pub instant: Instant,
    /// In nanoseconds since 1970.
    pub nanos: i64,
}

/// What the clock of the system said.
#[derive(Clone, Copy, Debug, Default)]
struct Wall {
    /// When the worker started, in nanoseconds since 1970.
    start: i64,
    /// Believed until then, in the worker's milliseconds.
    until: u64,
}

/// Milliseconds for which the system's clock is believed to run on evenly.
const WALL: u64 = 100;

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn nanos_since_1970() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
