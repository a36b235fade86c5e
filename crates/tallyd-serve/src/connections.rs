//! The connections of a worker, and the event loop that tells which of them has something to do.
//!
//! Promises: an idle connection is no task and holds no buffer, only its place here. What can be answered at
//! once is answered out of the event loop; a connection that has to wait becomes a task until it is idle again.
//!
//! The loop is an epoll of the worker's own, which the runtime watches as one descriptor: a registration with
//! the runtime itself takes some 400 bytes for each socket, and a call more to undo it.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::rc::Rc;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event};
use rustix::io::Errno;
use tokio::io::Interest;

use crate::h1::Pump;
use crate::wire::register;
use crate::worker::Worker;

/// Events taken at once, before the worker's other tasks get their turn.
const EVENTS: usize = 128;

/// The connections of a worker.
#[derive(Debug)]
pub struct Connections {
    epoll: Epoll,
    places: RefCell<Vec<Place>>,
    free: RefCell<Vec<u32>>,
    count: Cell<usize>,
}

/// The worker's own epoll; shared with the sockets, which register themselves.
#[derive(Clone, Debug)]
pub struct Epoll(pub Rc<OwnedFd>);

impl AsRawFd for Epoll {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Room for one connection after the other. An event that was meant for the one before has another generation.
#[derive(Debug, Default)]
struct Place {
    generation: u32,
    pump: Option<Rc<Pump>>,
}

impl Connections {
    /// None yet.
    pub fn new() -> io::Result<Connections> {
        Ok(Connections {
            epoll: Epoll(Rc::new(epoll::create(CreateFlags::CLOEXEC)?)),
            places: RefCell::default(),
            free: RefCell::default(),
            count: Cell::new(0),
        })
    }

    /// Where sockets register themselves.
    #[must_use]
    pub fn epoll(&self) -> Epoll {
        self.epoll.clone()
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.get()
    }

    /// Keeps a new one.
    pub fn add(&self, pump: &Rc<Pump>) {
        let mut places = self.places.borrow_mut();
        let free = self.free.borrow_mut().pop();
        // There are never more than the configuration allows, far below 2^32.
        let number = free.unwrap_or_else(|| u32::try_from(places.len()).unwrap_or(u32::MAX));
        if free.is_none() {
            places.push(Place::default());
        }
        if let Some(place) = places.get_mut(number as usize) {
            pump.slot()
                .settle(u64::from(place.generation) << 32 | u64::from(number));
            place.pump = Some(Rc::clone(pump));
            self.count.set(self.count.get() + 1);
        }
    }

    /// Keeps one no longer. It may have left before.
    pub fn leave(&self, pump: &Pump) -> bool {
        let (generation, number) = split(pump.slot().place());
        let mut places = self.places.borrow_mut();
        let Some(place) = places.get_mut(number as usize) else {
            return false;
        };
        if place.generation != generation || place.pump.is_none() {
            return false;
        }
        place.generation = place.generation.wrapping_add(1);
        let left = place.pump.take();
        drop(places);
        // Not while the places are borrowed: what ends with it may look at them.
        drop(left);
        self.free.borrow_mut().push(number);
        self.count.set(self.count.get() - 1);
        true
    }

    /// Has each look at its deadline.
    pub fn look(&self, now: u64) {
        self.each(|pump| pump.look(now));
    }

    /// Ends those that are between two requests.
    pub fn end_idle(&self) {
        self.each(|pump| pump.end_idle());
    }

    /// Lets all go: the worker ends.
    pub fn clear(&self) {
        self.each(|pump| {
            self.leave(pump);
        });
    }

    /// Calls `look` with each. They may leave meanwhile.
    fn each(&self, look: impl Fn(&Rc<Pump>)) {
        let mut number = 0;
        loop {
            let pump = match self.places.borrow().get(number) {
                Some(place) => place.pump.clone(),
                None => return,
            };
            if let Some(pump) = pump {
                look(&pump);
            }
            number += 1;
        }
    }

    fn find(&self, place: u64) -> Option<Rc<Pump>> {
        let (generation, number) = split(place);
        let places = self.places.borrow();
        let place = places.get(number as usize)?;
        if place.generation != generation {
            return None;
        }
        place.pump.clone()
    }
}

fn split(place: u64) -> (u32, u32) {
    // The two halves of the word.
    (
        u32::try_from(place >> 32).unwrap_or(u32::MAX),
        u32::try_from(place & 0xFFFF_FFFF).unwrap_or(u32::MAX),
    )
}

/// Waits for events and lets the connections have them. Never ends; a task of the worker.
pub async fn tend(worker: Rc<Worker>) -> io::Result<()> {
    let connections = &worker.connections;
    let watched = register(connections.epoll(), Interest::READABLE)?;
    let mut events: Vec<Event> = Vec::with_capacity(EVENTS);
    loop {
        let mut guard = watched.readable().await?;
        events.clear();
        let now = Timespec::default();
        match epoll::wait(
            &connections.epoll.0,
            spare_capacity(&mut events),
            Some(&now),
        ) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let all = events.len() < EVENTS;
        if all {
            guard.clear_ready();
        }
        for event in &events {
            if let Some(pump) = connections.find(event.data.u64()) {
                pump.happened(event.flags);
            }
        }
        if !all {
            tokio::task::yield_now().await;
        }
    }
}
