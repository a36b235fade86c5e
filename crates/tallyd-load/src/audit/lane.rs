//! A lane: does one visit after the other, and notes what came of each request, to the byte.
//!
//! What arrived is what was taken from the socket and what lies unread in the system: that is what a server can know
//! of, since the system has confirmed it. Whoever aborts stops reading, waits until nothing more comes, and looks.

mod reading;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::agent::{agent, mark};
use super::exchange::Exchange;
use super::judge::Fields;
use super::plan::{Act, Ask, Learnt, Plan, Sort, Visit};
use super::site::Site;
use super::stage::{Place, Stage};
use crate::line::{Line, Manner};
use crate::message::Request;
use reading::{ALL, Failure, Reading};

/// A server that says nothing for so long is not going to.
const PATIENCE: Duration = Duration::from_secs(15);

/// A server that is started again recovers first.
const RESTART: Duration = Duration::from_secs(60);

/// A server that is there takes connections within this time.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection that was idle for longer may be closed by the server any moment; many keep it some seconds.
const IDLE: Duration = Duration::from_secs(1);

/// Between two looks at what has come.
const LOOK: Duration = Duration::from_millis(20);

/// A slow reader rests so often.
const RESTS: u64 = 10;

/// What all lanes share.
#[derive(Debug)]
pub struct Audience {
    /// What is served.
    pub site: Site,
    /// What is asked.
    pub plan: Plan,
    /// Where the server is.
    pub stage: Stage,
    /// What Host says.
    pub host: String,
    /// The number of the run, which no other run has: it makes its visitors.
    pub run: u64,
}

impl Audience {
    /// What every request of this run has in its User-Agent, and no other.
    #[must_use]
    pub fn mark(&self) -> String {
        mark(self.run)
    }
}

/// The server could not be reached, and nobody had killed it.
#[derive(Debug)]
pub struct Unreachable(String);

impl fmt::Display for Unreachable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Asks all of the plan over so many lanes. Each gives what it knows when it is joined.
pub fn perform(
    audience: &Arc<Audience>,
    lanes: usize,
) -> Vec<JoinHandle<Result<Vec<Exchange>, Unreachable>>> {
    let next = Arc::new(AtomicUsize::new(0));
    audience.stage.lanes_begin(lanes);
    let lane = |_| {
        let (audience, next) = (Arc::clone(audience), Arc::clone(&next));
        thread::spawn(move || {
            // Also if it panics: whoever waits for the end must hear of it.
            let _over = Over(&audience.stage);
            let mut lane = Lane {
                audience: &audience,
                kept: None,
                exchanges: Vec::new(),
            };
            lane.run(&next).map(|()| lane.exchanges)
        })
    };
    (0..lanes).map(lane).collect()
}

struct Over<'a>(&'a Stage);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.lane_ends();
    }
}

struct Lane<'a> {
    audience: &'a Audience,
    kept: Option<Open>,
    exchanges: Vec<Exchange>,
}

/// An open connection.
struct Open {
    line: Line,
    place: Place,
    port: u16,
    /// Requests that were sent on it.
    used: usize,
    /// When it was last used.
    since: Instant,
}

impl Lane<'_> {
    fn run(&mut self, next: &AtomicUsize) -> Result<(), Unreachable> {
        let audience = self.audience;
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            match audience.plan.visits.get(place) {
                Some(visit) if !audience.stage.is_over() => self.visit(visit)?,
                _ => return Ok(()),
            }
        }
    }

    fn visit(&mut self, visit: &Visit) -> Result<(), Unreachable> {
        let visitor = visit.visitor;
        match &visit.act {
            Act::InTurn(asks) => self.in_turn(visitor, asks),
            Act::Together(asks) => self.together(visitor, asks),
            Act::Pipeline(asks, buffer) => self.pipeline(visitor, asks, *buffer),
            Act::Abort {
                ask,
                after,
                buffer,
                resumes,
            } => self.abort(visitor, ask, *after, *buffer, *resumes),
            Act::Slowly(ask, buffer) => self.slowly(visitor, ask, *buffer),
        }
    }

    fn in_turn(&mut self, visitor: usize, asks: &[Ask]) -> Result<(), Unreachable> {
        let mut known = Fields::default();
        for ask in asks {
            if ask.learnt.is_none() {
                known = Fields::default();
            }
            self.one(visitor, ask, &mut known)?;
        }
        Ok(())
    }

    /// One request on the connection that is kept, or on a new one.
    fn one(&mut self, visitor: usize, ask: &Ask, known: &mut Fields) -> Result<(), Unreachable> {
        // A validator that a reply should have told, and that reply was cut.
        if ask
            .learnt
            .is_some_and(|learnt| learnt.value(known).is_none())
        {
            return Ok(());
        }
        let kept = self.kept.take().filter(|open| {
            open.since.elapsed() < IDLE && self.audience.stage.place() == Some(open.place)
        });
        let is_kept = kept.is_some();
        let open = match kept {
            Some(open) => Some(open),
            None => self.open(None)?,
        };
        let Some(mut open) = open else {
            return Ok(());
        };
        let at = self.send(&mut open, visitor, ask, known);
        let outcome = self.read(&mut open, at, ALL, known);
        let is_idle_end = is_kept && outcome.is_err_and(|failure| failure == Failure::Silent);
        if is_idle_end && self.audience.stage.place() == Some(open.place) {
            // The server had closed the idle connection, and has seen nothing of this (RFC 9112 9.3.1).
            self.exchanges.truncate(at);
            self.audience.stage.request_ends();
            return self.one(visitor, ask, known);
        }
        self.audience.stage.request_ends();
        let keeps = outcome == Ok(true) && !ask.closes;
        open.since = Instant::now();
        self.kept = keeps.then_some(open);
        Ok(())
    }

    fn together(&mut self, visitor: usize, asks: &[Ask]) -> Result<(), Unreachable> {
        let mut opened = Vec::new();
        for _ in asks {
            opened.extend(self.open(None)?);
        }
        let mut known = Fields::default();
        let mut sent = Vec::new();
        for (mut open, ask) in opened.into_iter().zip(asks) {
            let at = self.send(&mut open, visitor, ask, &known);
            sent.push((open, at));
        }
        for (mut open, at) in sent {
            // What came of it is noted, whatever it is.
            self.read(&mut open, at, ALL, &mut known).ok();
            self.audience.stage.request_ends();
        }
        Ok(())
    }

    fn abort(
        &mut self,
        visitor: usize,
        ask: &Ask,
        after: u64,
        buffer: usize,
        resumes: bool,
    ) -> Result<(), Unreachable> {
        let mut known = Fields::default();
        let Some(mut open) = self.open(Some(buffer))? else {
            return Ok(());
        };
        let at = self.send(&mut open, visitor, ask, &known);
        let reading = Reading {
            most: Some(after),
            rests: None,
        };
        let read = self.read(&mut open, at, reading, &mut known);
        self.audience.stage.request_ends();
        self.hang_up(open);
        if !resumes || read.is_err() {
            return Ok(());
        }
        let length = ask.file.and_then(|file| self.audience.site.files.get(file));
        let length = length.map_or(0, |file| file.length);
        let start = after.min(length.saturating_sub(1));
        let mut rest = ask.clone();
        rest.sort = Sort::Part(vec![super::cover::Span {
            start,
            length: length - start,
        }]);
        rest.range = Some(format!("bytes={start}-"));
        rest.learnt = after.is_multiple_of(2).then_some(Learnt::RangeOfSame);
        self.one(visitor, &rest, &mut known)
    }

    fn pipeline(&mut self, visitor: usize, asks: &[Ask], buffer: usize) -> Result<(), Unreachable> {
        let mut known = Fields::default();
        let Some(mut open) = self.open(Some(buffer))? else {
            return Ok(());
        };
        let mut text = Vec::new();
        let mut places = Vec::new();
        for ask in asks {
            text.extend(self.request(visitor, ask, &known));
            places.push(self.note(&mut open, visitor, ask));
        }
        // If it fails, the reading does as well.
        open.line.send(&text).ok();
        let last = places.last().copied();
        for at in &places {
            let reading = Reading {
                most: (Some(*at) == last).then_some(0),
                rests: None,
            };
            if self.read(&mut open, *at, reading, &mut known).is_err() {
                break;
            }
        }
        for _ in places {
            self.audience.stage.request_ends();
        }
        self.hang_up(open);
        Ok(())
    }

    /// Ends a connection by a reset. While the server is being killed it is left as it is, so that nobody can tell
    /// an abort from a kill before there was one.
    fn hang_up(&self, open: Open) {
        let stage = &self.audience.stage;
        if stage.place() == Some(open.place) {
            // If it fails, what is unread makes the close a reset anyway.
            open.line.reset().ok();
            return;
        }
        // Whether it comes back is found out by the next request.
        stage.wait_for_server(RESTART);
    }

    fn slowly(&mut self, visitor: usize, ask: &Ask, buffer: usize) -> Result<(), Unreachable> {
        let mut known = Fields::default();
        let Some(mut open) = self.open(Some(buffer))? else {
            return Ok(());
        };
        let length = ask.file.and_then(|file| self.audience.site.files.get(file));
        let at = self.send(&mut open, visitor, ask, &known);
        let reading = Reading {
            most: None,
            rests: length.map(|file| file.length / RESTS + 1),
        };
        self.read(&mut open, at, reading, &mut known).ok();
        self.audience.stage.request_ends();
        Ok(())
    }

    /// A connection to the server in the life that it has now; none if the audit is over.
    fn open(&mut self, receive_buffer: Option<usize>) -> Result<Option<Open>, Unreachable> {
        let stage = &self.audience.stage;
        let mut failing: Option<Instant> = None;
        loop {
            let Some(place) = stage.wait_for_server(RESTART) else {
                return match stage.is_over() {
                    true => Ok(None),
                    false => Err(Unreachable("the server did not come back".to_owned())),
                };
            };
            let manner = Manner {
                patience: PATIENCE,
                receive_buffer,
            };
            let error = match Line::connect(place.address, manner) {
                Ok(line) if stage.place() != Some(place) => {
                    drop(line);
                    continue;
                }
                Ok(line) => match line.stream().local_addr() {
                    // A port without a server may be given to whoever looks for one, who then meets himself.
                    Ok(local) if local != place.address => {
                        return Ok(Some(Open {
                            line,
                            place,
                            port: local.port(),
                            used: 0,
                            since: Instant::now(),
                        }));
                    }
                    _ => "nobody listens there".to_owned(),
                },
                Err(error) => error.to_string(),
            };
            let since = *failing.get_or_insert_with(Instant::now);
            if stage.place() != Some(place) {
                failing = None;
            } else if since.elapsed() > CONNECT {
                let address = place.address;
                return Err(Unreachable(format!("cannot connect to {address}: {error}")));
            } else {
                stage.pause(LOOK);
            }
        }
    }

    /// Sends a request, and says where its exchange stands. If it can't be sent, nothing will be read either.
    fn send(&mut self, open: &mut Open, visitor: usize, ask: &Ask, known: &Fields) -> usize {
        let bytes = self.request(visitor, ask, known);
        let at = self.note(open, visitor, ask);
        open.line.send(&bytes).ok();
        at
    }

    fn note(&mut self, open: &mut Open, visitor: usize, ask: &Ask) -> usize {
        self.audience.stage.request_begins();
        let exchange = Exchange::begun(ask, visitor, open.place.life, open.port, open.used);
        open.used += 1;
        self.exchanges.push(exchange);
        self.exchanges.len() - 1
    }

    fn request(&self, visitor: usize, ask: &Ask, known: &Fields) -> Vec<u8> {
        let method = match ask.sort {
            Sort::Head => "HEAD",
            _ => "GET",
        };
        let agent = agent(self.audience.run, visitor);
        let mut request = Request::new(method, &ask.target).field("User-Agent", &agent);
        if let Some(range) = &ask.range {
            request = request.field("Range", range);
        }
        if let Some((name, value)) = ask.learnt.and_then(|learnt| learnt.value(known)) {
            request = request.field(name, &value);
        }
        if ask.closes {
            request = request.field("Connection", "close");
        }
        request.bytes(&self.audience.host)
    }

    /// Reads a reply and notes what came. Whether the server keeps the connection, or how it failed.
    fn read(
        &mut self,
        open: &mut Open,
        at: usize,
        reading: Reading,
        known: &mut Fields,
    ) -> Result<bool, Failure> {
        let audience = self.audience;
        let exchange = self.exchanges.get_mut(at).ok_or(Failure::Silent)?;
        let file = exchange.ask.file;
        let file = file.and_then(|file| audience.site.files.get(file));
        reading::read(&audience.stage, file, open, exchange, reading, known)
    }
}

impl Learnt {
    /// The field and what it says, if it is known.
    fn value(self, known: &Fields) -> Option<(&'static str, String)> {
        let (name, value) = match self {
            Learnt::SameEtag => ("If-None-Match", known.etag.clone()),
            Learnt::SameTime => ("If-Modified-Since", known.modified.clone()),
            Learnt::RangeOfSame => ("If-Range", known.etag.clone()),
            Learnt::RangeOfOther => ("If-Range", Some("\"another\"".to_owned())),
        };
        Some((name, value?))
    }
}
