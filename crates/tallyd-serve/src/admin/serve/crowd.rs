//! The connections that are there at the same time: a bounded number, and who has to go for a new one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Nobody has to go sooner: whoever has just come is about to ask.
const GRACE: Duration = Duration::from_millis(100);

/// Everybody who is connected.
pub(super) struct Crowd {
    most: usize,
    members: RefCell<Vec<Rc<Member>>>,
    /// Somebody has left, or can be asked to.
    changed: Notify,
}

struct Member {
    /// Since when it has not asked for anything; nothing while it is answered.
    waiting: Cell<Option<Instant>>,
    leave: Notify,
}

/// One connection's place; given back when dropped.
pub(super) struct Place {
    crowd: Rc<Crowd>,
    member: Rc<Member>,
}

impl Crowd {
    pub(super) fn new(most: usize) -> Crowd {
        Crowd {
            most,
            members: RefCell::default(),
            changed: Notify::new(),
        }
    }

    /// Waits until one more may enter. Who has waited longest without asking for anything is asked to leave:
    /// connections that somebody forgot, or holds on purpose, keep nobody out.
    pub(super) async fn room(&self) {
        while self.members.borrow().len() >= self.most {
            let changed = self.changed.notified();
            match self.longest_waiting() {
                // It asks, or somebody leaves, or its time is over: then one looks again.
                Some((_, since)) if since.elapsed() < GRACE => {
                    timeout_at(since + GRACE, changed).await.ok();
                }
                Some((longest, _)) => {
                    longest.leave.notify_one();
                    changed.await;
                }
                None => changed.await,
            }
        }
    }

    /// Takes a place.
    pub(super) fn enter(crowd: &Rc<Crowd>) -> Place {
        let member = Rc::new(Member {
            waiting: Cell::new(Some(Instant::now())),
            leave: Notify::new(),
        });
        crowd.members.borrow_mut().push(Rc::clone(&member));
        Place {
            crowd: Rc::clone(crowd),
            member,
        }
    }

    fn longest_waiting(&self) -> Option<(Rc<Member>, Instant)> {
        let members = self.members.borrow();
        let waiting = members
            .iter()
            .filter_map(|member| Some((Rc::clone(member), member.waiting.get()?)));
        waiting.min_by_key(|(_, since)| *since)
    }
}

impl Place {
    /// It waits for a request from now on.
    pub(super) fn waits(&self) {
        self.member.waiting.set(Some(Instant::now()));
        self.crowd.changed.notify_one();
    }

    /// It has had its last answer: whoever comes next may have the place at once.
    pub(super) fn is_done(&self) {
        let long_ago = Instant::now().checked_sub(GRACE);
        self.member
            .waiting
            .set(Some(long_ago.unwrap_or_else(Instant::now)));
        self.crowd.changed.notify_one();
    }

    /// It is answered: nobody may send it away.
    pub(super) fn works(&self) {
        self.member.waiting.set(None);
    }

    /// Waits until the place is needed for somebody else.
    pub(super) async fn needed(&self) {
        self.member.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut members = self.crowd.members.borrow_mut();
        members.retain(|member| !Rc::ptr_eq(member, &self.member));
        self.crowd.changed.notify_one();
    }
}
