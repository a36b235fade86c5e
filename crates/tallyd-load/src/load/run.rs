//! Runs a plan: shares its turns among threads, and puts together what they counted.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::course::{Live, Second, Slice};
use super::log::Log;
use super::plan::{Ask, Plan, Server};
use super::tally::Tally;
use super::truth::Truth;
use super::worker::{Share, Worker};
use super::{Outcome, RunError};

/// Descriptors beside those of the connections: the log, files to compare with, what the system wants.
const SPARE: u64 = 64;

/// A server that does not take a connection within this is not there.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs `plan` to its end. Who watches `live` sees how far it is, and may end it. Each request gets a line in `log`.
pub fn run(plan: &Plan, live: &Live, log: Option<File>) -> Result<Outcome, RunError> {
    make_room(plan)?;
    let servers = plan
        .servers
        .iter()
        .map(reach)
        .collect::<Result<Vec<_>, _>>()?;
    let log = log.map(Log::begin);
    let next = AtomicU64::new(0);
    let (sender, slices) = channel();
    let start = Instant::now();
    let mut workers = Vec::new();
    for thread in 0..threads_of(plan) {
        workers.push(Worker::new(Share {
            plan,
            servers: &servers,
            live,
            next: &next,
            start,
            connections: share_of(plan, thread),
            slices: sender.clone(),
            log: log.as_ref(),
        })?);
    }
    drop(sender);
    let threads = workers.len();
    let (tallies, seconds) = std::thread::scope(|scope| {
        let running: Vec<_> = workers
            .into_iter()
            .map(|worker| scope.spawn(|| worker.run()))
            .collect();
        let seconds = gather(&slices, threads, live);
        let tallies: Vec<_> = running
            .into_iter()
            .map(std::thread::ScopedJoinHandle::join)
            .collect();
        (tallies, seconds)
    });
    let (mut tally, mut elapsed) = (Tally::default(), Duration::ZERO);
    for outcome in tallies {
        // A thread that panicked would make every number wrong: so does this one, then.
        let counted = outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let (counted, end) = counted?;
        tally.add(&counted);
        elapsed = elapsed.max(end);
    }
    tally.unsent += plan
        .due_before(elapsed)
        .saturating_sub(next.load(Ordering::Relaxed));
    Ok(Outcome {
        tally,
        seconds,
        elapsed,
        is_stopped: live.is_stopped(),
        log_error: log.and_then(Log::into_error),
    })
}

/// No thread is without a connection.
fn threads_of(plan: &Plan) -> usize {
    plan.threads.clamp(1, plan.connections.max(1))
}

/// All connections, as evenly as they can be shared.
fn share_of(plan: &Plan, thread: usize) -> usize {
    let threads = threads_of(plan);
    let more = usize::from(thread < plan.connections % threads);
    (plan.connections / threads + more).max(1)
}

/// A process may have as many descriptors as its hard limit says, if it asks for them.
fn make_room(plan: &Plan) -> Result<(), RunError> {
    let connections = plan.connections.max(1) as u64;
    // A file that bodies are compared with stays open as long as the body comes.
    let is_file = |ask: &Ask| matches!(ask.truth.as_deref(), Some(Truth::File(_)));
    let files = match plan.asks.iter().any(is_file) {
        true => connections,
        false => 0,
    };
    let needed = connections + files + SPARE;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    match limit.maximum {
        Some(most) if most < needed => Err(RunError::Descriptors { needed, most }),
        maximum => {
            let current = Some(needed);
            let more = Rlimit { current, maximum };
            setrlimit(Resource::Nofile, more).map_err(|error| RunError::Io(error.into()))
        }
    }
}

/// The first of its addresses that takes a connection.
fn reach(server: &Server) -> Result<SocketAddr, RunError> {
    let mut reason = std::io::Error::other("it has no address");
    for address in &server.addresses {
        match TcpStream::connect_timeout(address, PATIENCE) {
            Ok(_) => return Ok(*address),
            Err(error) => reason = error,
        }
    }
    Err(RunError::Server {
        authority: server.authority.clone(),
        error: reason,
    })
}

/// Puts the seconds together as the threads tell of them; each tells of each.
fn gather(slices: &Receiver<Slice>, threads: usize, live: &Live) -> Vec<Second> {
    let mut open: BTreeMap<u64, (Slice, usize)> = BTreeMap::new();
    let mut seconds = Vec::new();
    while let Ok(slice) = slices.recv() {
        let entry = open.entry(slice.second).or_default();
        entry.0.add(&slice);
        entry.1 += 1;
        while open
            .first_key_value()
            .is_some_and(|(_, (_, told))| *told == threads)
        {
            if let Some((_, (slice, _))) = open.pop_first() {
                live.tell(slice.second());
                seconds.push(slice.second());
            }
        }
    }
    // Threads end at different times: the last seconds are those of the longer ones.
    seconds.extend(open.into_values().map(|(slice, _)| slice.second()));
    seconds
}
