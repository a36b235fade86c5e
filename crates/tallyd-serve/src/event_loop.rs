//! The event loop of a worker: waits for events, lets connections and listeners have them, and runs tasks.
//!
//! Promises: one wait brings all events that there are; whatever wakes a task from another thread ends the wait; with
//! nothing to do it sleeps. It must not know what is served.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Interest, Registry, Token};
use tokio::task::LocalSet;

use crate::clock::Clock;

/// Events taken with one wait.
const EVENTS: usize = 256;

/// What rings the alarm.
const BELL: Token = Token(usize::MAX);

/// One worker's loop.
#[derive(Debug)]
pub struct EventLoop {
    poll: mio::Poll,
    alarm: Arc<Alarm>,
}

/// Where sockets are registered.
#[derive(Debug)]
pub struct Watch {
    registry: Registry,
    /// Those who let others have their turn: woken when the next events have been taken.
    waiting: RefCell<Vec<Waker>>,
    /// Those who sleep, and until when. They are a handful for each worker, not for each connection.
    sleeping: RefCell<Vec<(Instant, Waker)>>,
    /// The time, for those who are called with events.
    pub clock: Clock,
}

/// What wakes the loop: a task that can go on.
#[derive(Debug)]
struct Alarm {
    rung: AtomicBool,
    /// The loop waits, or is about to.
    is_asleep: AtomicBool,
    bell: mio::Waker,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        // In this order: either this sees that the loop waits, or the loop sees the mark before it does.
        if self.is_asleep.load(Ordering::SeqCst) {
            // It fails only where the loop has ended.
            self.bell.wake().ok();
        }
    }
}

impl EventLoop {
    /// A loop that watches nothing.
    pub fn new() -> io::Result<EventLoop> {
        let poll = mio::Poll::new()?;
        let alarm = Alarm {
            rung: AtomicBool::new(true),
            is_asleep: AtomicBool::new(false),
            bell: mio::Waker::new(poll.registry(), BELL)?,
        };
        Ok(EventLoop {
            poll,
            alarm: Arc::new(alarm),
        })
    }

    /// Where sockets are registered.
    pub fn watch(&self) -> io::Result<Watch> {
        Ok(Watch {
            registry: self.poll.registry().try_clone()?,
            waiting: RefCell::default(),
            sleeping: RefCell::default(),
            clock: Clock::default(),
        })
    }

    /// Runs `main` and the tasks that it spawns until `main` has ended; `take` is called with each event, and before it
    /// `coming` with the number of the one after it. The tasks are dropped then.
    pub fn run(
        mut self,
        watch: &Watch,
        main: impl Future<Output = ()>,
        coming: impl Fn(u64),
        take: impl Fn(u64, &Event),
    ) -> io::Result<()> {
        let tasks = LocalSet::new();
        let _entered = tasks.enter();
        let waker = Waker::from(Arc::clone(&self.alarm));
        let mut context = Context::from_waker(&waker);
        let mut main = pin!(tasks.run_until(main));
        let mut events = Events::with_capacity(EVENTS);
        loop {
            if self.alarm.rung.swap(false, Ordering::SeqCst)
                && main.as_mut().poll(&mut context).is_ready()
            {
                return Ok(());
            }
            self.wait(&mut events, watch)?;
            watch.clock.begin();
            let mut rest = events
                .iter()
                .filter(|event| event.token() != BELL)
                .peekable();
            while let Some(event) = rest.next() {
                if let Some(next) = rest.peek() {
                    coming(next.token().0 as u64);
                }
                take(event.token().0 as u64, event);
            }
            watch.clock.end();
            watch.wake();
        }
    }

    fn wait(&mut self, events: &mut Events, watch: &Watch) -> io::Result<()> {
        let next = watch.wake_sleepers();
        self.alarm.is_asleep.store(true, Ordering::SeqCst);
        let has_work = self.alarm.rung.load(Ordering::SeqCst) || !watch.waiting.borrow().is_empty();
        let limit = if has_work { Some(Duration::ZERO) } else { next };
        let waited = self.poll.poll(events, limit);
        self.alarm.is_asleep.store(false, Ordering::SeqCst);
        match waited {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            other => other,
        }
    }
}

impl Watch {
    /// Tells of events of this descriptor under this number, from here on and what there is already. An event is
    /// told once, when it comes (epoll(7): edges).
    pub fn add(&self, descriptor: impl AsFd, number: u64, interest: Interest) -> io::Result<()> {
        let fd = descriptor.as_fd().as_raw_fd();
        self.registry
            .register(&mut SourceFd(&fd), token(number), interest)
    }

    /// The same for one that is registered, with other events.
    pub fn change(&self, descriptor: impl AsFd, number: u64, interest: Interest) -> io::Result<()> {
        let fd = descriptor.as_fd().as_raw_fd();
        self.registry
            .reregister(&mut SourceFd(&fd), token(number), interest)
    }

    /// Lets events and others have their turn.
    pub async fn next_turn(&self) {
        let mut has_waited = false;
        poll_fn(|context| {
            if has_waited {
                return Poll::Ready(());
            }
            has_waited = true;
            self.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Waits so long, to within some milliseconds.
    pub async fn sleep(&self, duration: Duration) {
        let end = Instant::now() + duration;
        poll_fn(|context| {
            if Instant::now() >= end {
                return Poll::Ready(());
            }
            let mut sleeping = self.sleeping.borrow_mut();
            let is_there = |(until, waker): &(Instant, Waker)| {
                *until == end && waker.will_wake(context.waker())
            };
            if !sleeping.iter().any(is_there) {
                sleeping.push((end, context.waker().clone()));
            }
            Poll::Pending
        })
        .await;
    }

    /// Wakes those whose time has come; says how long it is until that of the next.
    fn wake_sleepers(&self) -> Option<Duration> {
        let mut sleeping = self.sleeping.borrow_mut();
        if sleeping.is_empty() {
            return None;
        }
        let now = Instant::now();
        sleeping.retain(|(end, waker)| {
            let goes_on = *end > now;
            if !goes_on {
                waker.wake_by_ref();
            }
            goes_on
        });
        let ends = sleeping.iter().map(|(end, _)| end.duration_since(now));
        ends.min()
    }

    fn wake(&self) {
        for waker in self.waiting.take() {
            waker.wake();
        }
    }
}

/// Numbers are made of 32 bits for a place and 31 for a generation.
fn token(number: u64) -> Token {
    Token(usize::try_from(number).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;
    use std::thread;

    use tokio::sync::oneshot;

    #[test]
    fn a_task_is_woken_from_another_thread() {
        let events = EventLoop::new().unwrap();
        let watch = events.watch().unwrap();
        let (sender, receiver) = oneshot::channel();
        let other = thread::spawn(move || {
            thread::park_timeout(Duration::from_millis(20));
            sender.send(7).unwrap();
        });
        let got = Rc::new(Cell::new(0));
        let (inner, seen) = (Rc::clone(&got), Rc::clone(&got));
        let main = async move {
            let task = tokio::task::spawn_local(async move { receiver.await.unwrap() });
            inner.set(task.await.unwrap());
        };
        events.run(&watch, main, |_| {}, |_, _| {}).unwrap();
        other.join().unwrap();
        assert_eq!(seen.get(), 7);
    }

    #[test]
    fn an_event_comes_between_two_turns_of_a_busy_task() {
        let events = EventLoop::new().unwrap();
        let watch = Rc::new(events.watch().unwrap());
        let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        watch.add(&near, 5, Interest::READABLE).unwrap();
        rustix::io::write(&far, b"x").unwrap();
        let told = Rc::new(Cell::new(false));
        let (seen, busy) = (Rc::clone(&told), Rc::clone(&watch));
        let main = async move {
            while !seen.get() {
                busy.next_turn().await;
            }
        };
        let take = |number, _: &Event| told.set(number == 5);
        events.run(&watch, main, |_| {}, take).unwrap();
        assert!(told.get());
    }

    #[test]
    fn who_sleeps_is_woken_in_time_and_in_order() {
        let events = EventLoop::new().unwrap();
        let watch = Rc::new(events.watch().unwrap());
        let (late, early) = (Rc::clone(&watch), Rc::clone(&watch));
        let order = Rc::new(RefCell::new(Vec::new()));
        let (first, second) = (Rc::clone(&order), Rc::clone(&order));
        let begun = Instant::now();
        let main = async move {
            let task = tokio::task::spawn_local(async move {
                early.sleep(Duration::from_millis(10)).await;
                first.borrow_mut().push(1);
            });
            late.sleep(Duration::from_millis(30)).await;
            second.borrow_mut().push(2);
            task.await.unwrap();
        };
        events.run(&watch, main, |_| {}, |_, _| {}).unwrap();
        assert_eq!(*order.borrow(), [1, 2]);
        assert!(begun.elapsed() >= Duration::from_millis(30));
        assert!(watch.sleeping.borrow().is_empty());
    }
}
