//! A server with one thread and no opinions: the same answer to every request, at its own times if it is told to stall.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};

/// A server; it ends when this is dropped.
pub(super) struct Calm {
    pub(super) address: SocketAddr,
    requests: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    running: Option<JoinHandle<()>>,
}

/// In each `every` it does nothing for `length`, at its end.
#[derive(Clone, Copy)]
pub(super) struct Stall {
    pub(super) every: Duration,
    pub(super) length: Duration,
}

impl Calm {
    /// The answer to everything is `reply`; requests must be whole in each piece that comes.
    pub(super) fn says(reply: &'static str, stall: Option<Stall>) -> Calm {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // As many may come at once as there are connections in a test.
        rustix::net::listen(&listener, 4096).unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let (requests, is_over) = (Arc::default(), Arc::default());
        let theirs = (Arc::clone(&requests), Arc::clone(&is_over));
        let running = std::thread::spawn(move || {
            serve(&listener, reply.as_bytes(), stall, &theirs.0, &theirs.1);
        });
        Calm {
            address,
            requests,
            is_over,
            running: Some(running),
        }
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Calm {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(running) = self.running.take() {
            running.join().unwrap();
        }
    }
}

fn serve(
    listener: &TcpListener,
    reply: &[u8],
    stall: Option<Stall>,
    requests: &AtomicU64,
    is_over: &AtomicBool,
) {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).unwrap();
    let add = |stream: &dyn std::os::fd::AsFd, data: u64| {
        let data = epoll::EventData::new_u64(data);
        epoll::add(&epoll, stream, data, epoll::EventFlags::IN).unwrap();
    };
    add(listener, u64::MAX);
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let (start, mut stalls) = (Instant::now(), 0);
    let mut events = Vec::with_capacity(256);
    while !is_over.load(Ordering::SeqCst) {
        let patience = Timespec::try_from(Duration::from_millis(20)).unwrap();
        let room = rustix::buffer::spare_capacity(&mut events);
        epoll::wait(&epoll, room, Some(&patience)).unwrap();
        if let Some(stall) = stall {
            let over = stall.every * (stalls + 1);
            if start.elapsed() >= over.saturating_sub(stall.length) {
                std::thread::park_timeout(over.saturating_sub(start.elapsed()));
                stalls += 1;
            }
        }
        for event in events.drain(..) {
            let place = usize::try_from(event.data.u64()).unwrap();
            if event.data.u64() == u64::MAX {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true).unwrap();
                    add(&stream, streams.len() as u64);
                    streams.push(Some(stream));
                }
            } else if let Some(stream) = &mut streams[place] {
                match answer(stream, reply) {
                    Some(count) => requests.fetch_add(count, Ordering::SeqCst),
                    None => u64::from(streams[place].take().is_none()),
                };
            }
        }
    }
}

/// So many requests came; none, if the connection is over.
fn answer(stream: &mut TcpStream, reply: &[u8]) -> Option<u64> {
    let mut part = [0; 4096];
    match stream.read(&mut part) {
        Ok(0) => None,
        Ok(count) => {
            let is_end = |four: &&[u8]| *four == b"\r\n\r\n";
            let count = part[..count].windows(4).filter(is_end).count();
            let taken = (0..count).try_for_each(|_| stream.write_all(reply));
            taken.ok().map(|()| count as u64)
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Some(0),
        Err(_) => None,
    }
}
