//! One thread of a load test: a loop over its connections.
//!
//! 1. Hand out the turns whose time has come to connections that are free.
//! 2. Wait until something happens, but no longer than to the next turn.
//! 3. Let each connection that something happened to go on: connect, send, receive, judge.
//! 4. A few times a second: cut what takes too long, wake what reads slowly, tell who watches.
//!
//! Promises: on the way of a request there is one call to send, one to receive, and a share of one to wait; nothing is
//! allocated. Must not know: what the numbers are for.

mod leaving;
mod slot;
mod ticks;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use super::course::{Live, Slice};
use super::exchange::Exchange;
use super::log::{Lines, Log};
use super::plan::{Ask, Plan, Turn};
use super::tally::Tally;
use super::trouble::Trouble;
use leaving::Leaving;
use slot::{Slot, State, Step};

/// Events that are taken at a time.
const EVENTS: usize = 512;

/// Bytes that are received at a time.
const BUFFER: usize = 64 * 1024;

/// Between two looks at what takes too long.
const TICK: Duration = Duration::from_millis(50);

/// Between two looks at what reads slowly.
const SLOW_TICK: Duration = Duration::from_millis(5);

/// What is under way when the time is over may still end within this.
const GRACE: Duration = Duration::from_millis(500);

/// A connection that could not be made is tried again after this.
const PAUSE: Duration = Duration::from_millis(100);

/// What one thread does.
pub(super) struct Share<'a> {
    pub(super) plan: &'a Plan,
    /// Where each server of the plan is.
    pub(super) servers: &'a [SocketAddr],
    pub(super) live: &'a Live,
    /// The next turn of all threads.
    pub(super) next: &'a AtomicU64,
    pub(super) start: Instant,
    pub(super) connections: usize,
    pub(super) slices: Sender<Slice>,
    pub(super) log: Option<&'a Log>,
}

/// A thread of a load test.
pub(super) struct Worker<'a> {
    share: Share<'a>,
    epoll: OwnedFd,
    /// Tells when the next turn begins: waiting has milliseconds, and turns have not.
    timer: OwnedFd,
    /// The time that it was last set to.
    is_set_to: Option<Duration>,
    slots: Vec<Slot>,
    /// Slots that have nothing to do.
    free: Vec<usize>,
    /// Slots that have more to read than was read at a time.
    again: Vec<usize>,
    /// Slots that rest for a while.
    resting: Vec<usize>,
    /// When those are looked at.
    next_look: Duration,
    /// An empty list, so that none has to be made.
    spare: Vec<usize>,
    /// Taken, and its time has not come or no slot is free.
    waiting: Option<Turn>,
    /// There are no more turns.
    is_dry: bool,
    /// Slots that are asking or connecting.
    busy: usize,
    leaving: Leaving,
    buffer: Box<[u8]>,
    tally: Tally,
    slice: Slice,
    log: Option<Lines<'a>>,
    /// Turns that are over.
    turns: u64,
    told: ticks::Told,
}

impl<'a> Worker<'a> {
    pub(super) fn new(share: Share<'a>) -> io::Result<Worker<'a>> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        let once = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&epoll, &timer, epoll::EventData::new_u64(slot::NONE), once)?;
        Ok(Worker {
            epoll,
            timer,
            is_set_to: None,
            slots: (0..share.connections).map(|_| Slot::default()).collect(),
            free: (0..share.connections).rev().collect(),
            again: Vec::new(),
            resting: Vec::new(),
            next_look: Duration::ZERO,
            spare: Vec::new(),
            waiting: None,
            is_dry: false,
            busy: 0,
            leaving: Leaving::default(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            tally: Tally::default(),
            slice: Slice::default(),
            log: share.log.map(Lines::of),
            turns: 0,
            told: ticks::Told::default(),
            share,
        })
    }

    /// Runs to the end of the plan: what was counted, and when that was.
    pub(super) fn run(mut self) -> io::Result<(Tally, Duration)> {
        let mut events = Vec::with_capacity(EVENTS);
        let mut next_tick = TICK;
        // Nothing was under way or to be asked: then nothing has happened since.
        let mut was_done = false;
        loop {
            let mut now = self.now();
            if let Some(time) = self.share.plan.limits.time.filter(|_| was_done) {
                now = now.min(time);
            }
            if now >= next_tick {
                self.tick(now);
                next_tick = now + TICK;
            }
            self.hand_out(now);
            if self.is_over(now) {
                return Ok((self.finish(now), now));
            }
            was_done = self.is_done();
            let due = self.next_due(now);
            self.set_timer(due, now)?;
            let patience = self.patience(due, now, next_tick);
            self.wait(&mut events, patience)?;
            for event in events.drain(..) {
                self.go_on(event);
            }
            now = self.now();
            self.read_again(now);
            self.leaving.let_go(now);
        }
    }

    /// Since the start.
    fn now(&self) -> Duration {
        self.share.start.elapsed()
    }

    /// When the next turn begins, if there is a slot for it.
    fn next_due(&self, now: Duration) -> Option<Duration> {
        let turn = self.waiting.filter(|_| !self.is_late(now))?;
        turn.due.filter(|_| !self.free.is_empty())
    }

    /// A timer that has told of its time, or tells in vain, does no harm: it is only ever set anew.
    fn set_timer(&mut self, due: Option<Duration>, now: Duration) -> io::Result<()> {
        if due.is_none() || due == self.is_set_to {
            return Ok(());
        }
        self.is_set_to = due;
        // Zero would be never.
        let until = due.unwrap_or_default().saturating_sub(now);
        let until = until.max(Duration::from_nanos(1));
        let timer = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec::try_from(until).unwrap_or_default(),
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &timer)?;
        Ok(())
    }

    fn wait(&self, events: &mut Vec<epoll::Event>, patience: Duration) -> io::Result<()> {
        let patience = Timespec::try_from(patience).unwrap_or_default();
        let room = rustix::buffer::spare_capacity(events);
        match epoll::wait(&self.epoll, room, Some(&patience)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// How long nothing needs to be done if nothing happens.
    fn patience(&self, due: Option<Duration>, now: Duration, next_tick: Duration) -> Duration {
        let mut until = next_tick.min(due.unwrap_or(next_tick));
        if !self.resting.is_empty() {
            until = until.min(self.next_look);
        }
        if !self.again.is_empty() {
            until = now;
        }
        if let Some(time) = self.share.plan.limits.time.filter(|time| *time > now) {
            until = until.min(time);
        }
        until.saturating_sub(now)
    }

    /// Gives turns to slots that are free.
    fn hand_out(&mut self, now: Duration) {
        while let Some(slot) = self.free.pop() {
            match self.take_turn(now) {
                Some(turn) => self.begin(slot, turn, now),
                None => {
                    self.free.push(slot);
                    return;
                }
            }
        }
    }

    /// The next turn, if its time has come.
    fn take_turn(&mut self, now: Duration) -> Option<Turn> {
        if self.is_late(now) {
            return None;
        }
        if self.waiting.is_none() && !self.is_dry {
            let place = self.share.next.fetch_add(1, Ordering::Relaxed);
            self.waiting = self.share.plan.turn(place);
            self.is_dry = self.waiting.is_none();
        }
        match self.waiting {
            Some(turn) if turn.due.is_none_or(|due| due <= now) => self.waiting.take(),
            _ => None,
        }
    }

    /// Begins an exchange, on a connection that is there or on a new one.
    fn begin(&mut self, slot: usize, turn: Turn, now: Duration) {
        self.busy += 1;
        self.ask_on(slot, Exchange::begin(turn, now), now);
    }

    fn ask_on(&mut self, at: usize, exchange: Exchange, now: Duration) {
        let Some(ask) = self.share.plan.asks.get(exchange.turn.ask) else {
            return;
        };
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        slot.exchange = Some(exchange);
        if slot.fits(self.share.plan, ask) {
            return self.send(at, now);
        }
        let Some(address) = self.share.servers.get(ask.server) else {
            return;
        };
        match slot.connect(self.share.plan, ask, *address, &self.epoll, at, now) {
            Ok(()) => {}
            Err(error) => self.fail(at, not_connected(&error), now),
        }
    }

    /// Sends what is left of the request.
    fn send(&mut self, at: usize, now: Duration) {
        let (Some(slot), asks) = (self.slots.get_mut(at), &self.share.plan.asks) else {
            return;
        };
        if let Err(trouble) = slot.send(asks, &mut self.tally) {
            self.fail(at, trouble, now);
        }
    }

    /// Something happened to a slot.
    fn go_on(&mut self, event: epoll::Event) {
        let at = slot::place(event.data.u64());
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        // Of a connection that is gone from the slot meanwhile.
        if !slot.is_of(event.data.u64()) {
            return;
        }
        let flags = event.flags;
        let is_end = flags.intersects(slot::END);
        if is_end {
            slot.end();
        }
        let may_send = is_end || flags.contains(epoll::EventFlags::OUT);
        match slot.state {
            State::Connecting if may_send => {
                let now = self.share.start.elapsed();
                match slot.connected(now, &mut self.tally) {
                    Ok(()) => self.send(at, now),
                    Err(error) => return self.fail(at, not_connected(&error), now),
                }
                // A server may say something, or its last, before it is asked. That is told of once.
                if !is_end && !flags.contains(epoll::EventFlags::IN) {
                    return;
                }
            }
            State::Asking if may_send && slot.has_to_send(&self.share.plan.asks) => {
                self.send(at, self.now());
            }
            State::Asking => {}
            State::Idle => return slot.look_for_the_end(),
            State::Connecting | State::Resting => return,
        }
        // What was sent may have failed, and the slot may have another connection now.
        let slot = self.slots.get(at);
        let slot = slot.filter(|slot| slot.is_of(event.data.u64()));
        if slot.is_some_and(|slot| slot.state == State::Asking && !slot.is_resting(self.now())) {
            self.receive(at);
        }
    }

    /// Receives what there is.
    fn receive(&mut self, at: usize) {
        let (Some(slot), plan) = (self.slots.get_mut(at), self.share.plan) else {
            return;
        };
        let before = self.tally.body_bytes;
        let buffer = &mut self.buffer;
        let (now, step) = slot.receive(plan, buffer, &mut self.tally, self.share.start);
        self.roll(now);
        self.slice.body_bytes += self.tally.body_bytes - before;
        match step {
            Step::Going => {}
            Step::Again => self.list(at, now),
            Step::Whole { keeps } => {
                if !keeps {
                    self.leave(at, now);
                }
                self.whole(at, now);
            }
            Step::Cut => self.cut(at, now),
            Step::Failed(trouble) => self.fail(at, trouble, now),
        }
    }

    /// Reads on where there was more than one turn's worth, or it was too soon.
    fn read_again(&mut self, now: Duration) {
        let spare = std::mem::take(&mut self.spare);
        let mut listed = std::mem::replace(&mut self.again, spare);
        if now >= self.next_look && !self.resting.is_empty() {
            self.next_look = now + SLOW_TICK;
            listed.append(&mut self.resting);
        }
        for at in listed.drain(..) {
            let Some(slot) = self.slots.get_mut(at) else {
                continue;
            };
            slot.is_listed = false;
            match slot.state {
                _ if slot.is_resting(now) => self.list(at, now),
                State::Asking => self.receive(at),
                State::Resting => {
                    slot.state = State::Idle;
                    self.free.push(at);
                }
                _ => {}
            }
        }
        self.spare = listed;
    }

    /// Looks at a slot again without an event.
    fn list(&mut self, at: usize, now: Duration) {
        let Some(slot) = self.slots.get_mut(at).filter(|slot| !slot.is_listed) else {
            return;
        };
        slot.is_listed = true;
        match slot.is_resting(now) {
            true => self.resting.push(at),
            false => self.again.push(at),
        }
    }

    /// An answer is whole, and as it should be.
    fn whole(&mut self, at: usize, now: Duration) {
        let Some(exchange) = self.ended(at) else {
            return;
        };
        let latency = now.saturating_sub(exchange.due());
        self.tally.answered += 1;
        self.tally.verified += u64::from(exchange.is_verified);
        self.tally.latency.record(latency);
        self.slice.answered += 1;
        self.slice.latency.record(latency);
        if self.share.plan.is_open() {
            self.tally.raw.record(now.saturating_sub(exchange.began));
        }
        if let Some(first) = exchange.first_byte {
            self.tally
                .first_byte
                .record(first.saturating_sub(exchange.began));
        }
        self.note(&exchange, now, "ok");
        self.next_on(at, now);
    }

    /// An answer got as far as it should; the connection is of no more use.
    fn cut(&mut self, at: usize, now: Duration) {
        let Some(exchange) = self.ended(at) else {
            return;
        };
        self.tally.aborted += 1;
        self.close(at);
        self.note(&exchange, now, "aborted");
        self.next_on(at, now);
    }

    /// Something went wrong. A connection that the server had closed while it was idle is not the server's fault.
    fn fail(&mut self, at: usize, trouble: Trouble, now: Duration) {
        let Some(slot) = self.slots.get_mut(at) else {
            return;
        };
        let is_stale = slot.was_stale(trouble, &self.share.plan.asks);
        let was_connecting = slot.state == State::Connecting || slot.channel.is_none();
        let Some(exchange) = self.ended(at) else {
            return;
        };
        self.close(at);
        if is_stale {
            self.tally.retried += 1;
            self.busy += 1;
            return self.ask_on(at, exchange.again(), now);
        }
        self.roll(now);
        self.tally.count_trouble(trouble);
        self.slice.errors += 1;
        self.note(&exchange, now, trouble.word());
        match (was_connecting, self.slots.get_mut(at)) {
            (true, Some(slot)) => {
                self.turns += 1;
                slot.rest(now + PAUSE);
                self.list(at, now);
            }
            _ => self.next_on(at, now),
        }
    }

    /// The exchange of a slot, which is over.
    fn ended(&mut self, at: usize) -> Option<Exchange> {
        let slot = self.slots.get_mut(at)?;
        let exchange = slot.exchange.take()?;
        slot.state = State::Idle;
        self.busy -= 1;
        Some(exchange)
    }

    /// The server is going to close: it shall be the first.
    fn leave(&mut self, at: usize, now: Duration) {
        let channel = self.slots.get_mut(at).and_then(|slot| slot.channel.take());
        if let Some(channel) = channel {
            self.leaving.add(channel, now);
        }
    }

    fn close(&mut self, at: usize) {
        if let Some(slot) = self.slots.get_mut(at) {
            slot.channel = None;
        }
    }

    /// The next turn on the same slot, if there is one now.
    fn next_on(&mut self, at: usize, now: Duration) {
        self.turns += 1;
        match self.take_turn(now) {
            Some(turn) => self.begin(at, turn, now),
            None => self.free.push(at),
        }
    }

    fn note(&mut self, exchange: &Exchange, now: Duration, outcome: &str) {
        let ask: Option<&Ask> = self.share.plan.asks.get(exchange.turn.ask);
        if let (Some(log), Some(ask)) = (&mut self.log, ask) {
            log.add(exchange, ask, now, outcome);
        }
    }
}

fn not_connected(error: &io::Error) -> Trouble {
    match Trouble::of(error.kind()) {
        Trouble::Other => Trouble::Unreachable,
        trouble => trouble,
    }
}
