//! A server that does whatever a test wants: a thread for each connection, and a story that each of them plays.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// No connection is waited for any longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server; it ends when this is dropped.
pub(super) struct Odd {
    pub(super) address: SocketAddr,
    counts: Arc<Counts>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    asking: AtomicU64,
    requests: AtomicU64,
    cuts: AtomicU64,
    is_over: AtomicBool,
}

/// A connection, as the server has it.
pub(super) struct Visit {
    stream: TcpStream,
    counts: Arc<Counts>,
    held: Vec<u8>,
    number: u64,
    /// Requests that came on it.
    pub(super) requests: u64,
}

impl Odd {
    /// Plays `story` on each connection, on a port of the system's choice.
    pub(super) fn plays(story: impl Fn(&mut Visit) + Send + Sync + 'static) -> Odd {
        Odd::at("127.0.0.1:0".parse().unwrap(), story)
    }

    pub(super) fn at(
        address: SocketAddr,
        story: impl Fn(&mut Visit) + Send + Sync + 'static,
    ) -> Odd {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let theirs = (Arc::clone(&counts), Arc::new(story));
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if theirs.0.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), counts) = (stream, Arc::clone(&theirs.0)) else {
                    continue;
                };
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.set_write_timeout(Some(PATIENCE)).unwrap();
                stream.set_nodelay(true).unwrap();
                let story = Arc::clone(&theirs.1);
                let mut visit = Visit {
                    stream,
                    counts,
                    held: Vec::new(),
                    number: 0,
                    requests: 0,
                };
                std::thread::spawn(move || story(&mut visit));
            }
        });
        Odd {
            address,
            counts,
            accepting: Some(accepting),
        }
    }

    /// Answers each request with `reply`, as long as the client stays.
    pub(super) fn says(reply: impl AsRef<[u8]> + Send + Sync + 'static) -> Odd {
        Odd::plays(move |visit| {
            while visit.is_asked() {
                visit.say(&reply);
            }
        })
    }

    /// Requests that came.
    pub(super) fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::SeqCst)
    }

    /// Connections on which any came.
    pub(super) fn connections(&self) -> u64 {
        self.counts.asking.load(Ordering::SeqCst)
    }

    /// Bodies that the client did not want to the end.
    pub(super) fn cuts(&self) -> u64 {
        self.counts.cuts.load(Ordering::SeqCst)
    }

    /// Nobody listens any longer.
    pub(super) fn close(&mut self) {
        self.counts.is_over.store(true, Ordering::SeqCst);
        let woken = TcpStream::connect(self.address);
        if let (Ok(_), Some(accepting)) = (woken, self.accepting.take()) {
            accepting.join().unwrap();
        }
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        self.close();
    }
}

impl Visit {
    /// Waits for a request. Not, if the client has closed.
    pub(super) fn is_asked(&mut self) -> bool {
        loop {
            let end = self.held.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                self.held.drain(..end + 4);
                self.counts.requests.fetch_add(1, Ordering::SeqCst);
                if self.requests == 0 {
                    self.number = self.counts.asking.fetch_add(1, Ordering::SeqCst);
                }
                self.requests += 1;
                return true;
            }
            let mut part = [0; 4096];
            match self.stream.read(&mut part) {
                Ok(count) if count > 0 => self.held.extend_from_slice(&part[..count]),
                _ => return false,
            }
        }
    }

    /// Which of the connections it is on which something was asked; the first is 0.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Takes the body of the request. Not, if the client closes before its end.
    pub(super) fn takes(&mut self, length: usize) -> bool {
        let mut left = length - self.held.len().min(length);
        self.held.clear();
        let mut part = [0; 65_536];
        while left > 0 {
            let room = left.min(part.len());
            match self.stream.read(&mut part[..room]) {
                Ok(count) if count > 0 => left -= count,
                _ => return false,
            }
        }
        true
    }

    /// The system keeps little of what the client does not take.
    pub(super) fn keeps_little(&self) {
        rustix::net::sockopt::set_socket_send_buffer_size(&self.stream, 4096).unwrap();
    }

    /// Whether the client took it.
    pub(super) fn say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let is_taken = self.stream.write_all(bytes.as_ref()).is_ok();
        self.counts
            .cuts
            .fetch_add(u64::from(!is_taken), Ordering::SeqCst);
        is_taken
    }

    /// Says piece after piece, until the client has had enough.
    pub(super) fn drip(&mut self, pause: Duration, piece: impl AsRef<[u8]>) {
        let since = Instant::now();
        while since.elapsed() < PATIENCE && self.say(&piece) {
            std::thread::park_timeout(pause);
        }
    }

    /// Says no more, but listens until the client goes.
    pub(super) fn end(&mut self) {
        let ended = self.stream.shutdown(Shutdown::Write);
        if ended.is_ok() {
            self.wait();
        }
    }

    /// Listens until the client goes.
    pub(super) fn wait(&mut self) {
        let mut part = [0; 4096];
        loop {
            match self.stream.read(&mut part) {
                Ok(count) if count > 0 => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    }

    /// The connection ends with a reset.
    pub(super) fn reset(&mut self) {
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).unwrap();
    }
}
