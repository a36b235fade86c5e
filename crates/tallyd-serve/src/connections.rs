//! The connections of a worker: each has a place, by which the event loop finds it.
//!
//! Promises: an idle connection is no task and holds no buffer, only its place here. What can be answered at
//! once is answered out of the event loop; a connection that has to wait becomes a task until it is idle again.
//! A listener has a place as well.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use mio::event::Event;

use crate::clock::Clock;
use crate::event_loop::Watch;
use crate::h1::Pump;
use crate::slot::Slot;

/// The connections of a worker.
#[derive(Debug)]
pub struct Connections {
    watch: Rc<Watch>,
    places: RefCell<Vec<Place>>,
    free: RefCell<Vec<u32>>,
    count: Cell<usize>,
}

/// Room for one connection after the other. An event that was meant for the one before has another generation.
#[derive(Debug, Default)]
struct Place {
    generation: u32,
    held: Held,
}

#[derive(Clone, Debug, Default)]
enum Held {
    #[default]
    Nobody,
    Connection(Rc<Pump>),
    Listener(Rc<Slot>),
}

impl Connections {
    /// None yet; their sockets are registered there.
    #[must_use]
    pub fn new(watch: Watch) -> Connections {
        Connections {
            watch: Rc::new(watch),
            places: RefCell::default(),
            free: RefCell::default(),
            count: Cell::new(0),
        }
    }

    /// Where sockets are registered.
    #[must_use]
    pub fn watch(&self) -> Rc<Watch> {
        Rc::clone(&self.watch)
    }

    /// The time, for those who are called with events.
    pub fn clock(&self) -> &Clock {
        &self.watch.clock
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.get()
    }

    /// Keeps a new one.
    pub fn add(&self, pump: &Rc<Pump>) {
        self.hold(Held::Connection(Rc::clone(pump)), pump.slot());
        self.count.set(self.count.get() + 1);
    }

    /// Keeps one no longer. It may have left before.
    pub fn leave(&self, pump: &Pump) -> bool {
        let left = self.release(pump.slot());
        self.count.set(self.count.get() - usize::from(left));
        left
    }

    /// Tells a listener of its events from here on.
    pub fn add_listener(&self, slot: &Rc<Slot>) {
        self.hold(Held::Listener(Rc::clone(slot)), slot);
    }

    /// Tells it no longer.
    pub fn remove_listener(&self, slot: &Slot) {
        self.release(slot);
    }

    fn hold(&self, held: Held, slot: &Slot) {
        let mut places = self.places.borrow_mut();
        let free = self.free.borrow_mut().pop();
        // There are never more than the configuration allows, far below 2^32.
        let number = free.unwrap_or_else(|| u32::try_from(places.len()).unwrap_or(u32::MAX));
        if free.is_none() {
            places.push(Place::default());
        }
        if let Some(place) = places.get_mut(number as usize) {
            slot.settle(u64::from(place.generation) << 32 | u64::from(number));
            place.held = held;
        }
    }

    fn release(&self, slot: &Slot) -> bool {
        let (generation, number) = split(slot.place());
        let mut places = self.places.borrow_mut();
        let Some(place) = places.get_mut(number as usize) else {
            return false;
        };
        if place.generation != generation || matches!(place.held, Held::Nobody) {
            return false;
        }
        place.generation = (place.generation + 1) % GENERATIONS;
        let left = std::mem::take(&mut place.held);
        drop(places);
        self.free.borrow_mut().push(number);
        // Not while the places are borrowed: what ends with it may look at them.
        drop(left);
        true
    }

    /// Whoever has this place is to have an event soon: asks for its memory, which has left the processor's cache while
    /// others had theirs.
    pub fn fetch_ahead(&self, place: u64) {
        let (_, number) = split(place);
        let places = self.places.borrow();
        if let Some(Held::Connection(pump)) = places.get(number as usize).map(|place| &place.held) {
            pump.fetch_ahead();
        }
    }

    /// Lets whoever has this place have its event; nobody, if that was meant for one who has left.
    pub fn take(&self, place: u64, event: &Event) {
        match self.find(place) {
            Held::Connection(pump) => pump.happened(event),
            Held::Listener(slot) => {
                slot.note(event);
                slot.wake();
            }
            Held::Nobody => {}
        }
    }

    /// Has each look at its deadline.
    pub fn look(&self, now: u64) {
        self.each(|pump| pump.look(now));
    }

    /// Ends those that are between two requests.
    pub fn end_idle(&self) {
        self.each(Pump::end_idle);
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
            let held = match self.places.borrow().get(number) {
                Some(place) => place.held.clone(),
                None => return,
            };
            if let Held::Connection(pump) = held {
                look(&pump);
            }
            number += 1;
        }
    }

    fn find(&self, place: u64) -> Held {
        let (generation, number) = split(place);
        match self.places.borrow().get(number as usize) {
            Some(place) if place.generation == generation => place.held.clone(),
            _ => Held::Nobody,
        }
    }
}

/// Before one comes again, no event of the first can be on its way any more. It leaves a bit of the word for the
/// event loop's own number.
const GENERATIONS: u32 = 1 << 31;

/// The two halves of the word.
fn split(place: u64) -> (u32, u32) {
    let half = |word| u32::try_from(word).unwrap_or(u32::MAX);
    (half(place >> 32), half(place & 0xFFFF_FFFF))
}
