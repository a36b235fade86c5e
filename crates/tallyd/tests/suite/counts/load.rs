//! Load: clients of every kind at once, each of which remembers exactly what it saw.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::request;
use crate::support::LIMIT;

/// What is asked for: path and length.
pub const FILES: [(&str, u64); 4] = [
    ("/1k", 1_000),
    ("/100k", 100_000),
    ("/1m", 1_000_000),
    ("/3m", 3_000_000),
];

/// Clients at the same time.
const CLIENTS: u64 = 6;

/// What clients saw of one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Hits of which the status came.
    pub hits: u64,
    /// Hits that were asked for, and nothing came: they may have begun.
    pub unseen: u64,
    /// Hits of which everything came.
    pub whole: u64,
    /// HEAD and 304 that were answered.
    pub probes: u64,
    /// HEAD and 304 of which nothing came.
    pub unseen_probes: u64,
}

/// What all clients saw, by path.
pub type Sight = BTreeMap<&'static str, Seen>;

/// Numbers without a pattern, the same ones for the same seed (xorshift).
pub struct Dice(u64);

impl Dice {
    /// Those of this seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// One below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    /// A place in a list of so many.
    fn place(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap()
    }
}

/// Clients that ask and ask.
pub struct Load {
    stop: Arc<AtomicBool>,
    sight: Arc<Mutex<Sight>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// On a server; what they do depends on `seed` and on nothing else.
    pub fn on(address: SocketAddr, seed: u64) -> Load {
        let stop: Arc<AtomicBool> = Arc::default();
        let sight: Arc<Mutex<Sight>> = Arc::default();
        let client = |number| {
            let mut client = Client {
                address,
                dice: Dice::new(seed * CLIENTS + number + 1),
                sight: Arc::clone(&sight),
            };
            let stop = Arc::clone(&stop);
            thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    client.visit();
                }
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Load {
            stop,
            sight,
            clients,
        }
    }

    /// Lets each end what it does; what they saw.
    pub fn stop(self) -> Sight {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.join().expect("a client");
        }
        self.sight.lock().unwrap().clone()
    }
}

struct Client {
    address: SocketAddr,
    dice: Dice,
    sight: Arc<Mutex<Sight>>,
}

/// What is asked, and how the answer is read.
struct Plan {
    path: &'static str,
    text: String,
    is_probe: bool,
    /// Bytes that are read of the reply, its head among them; then the client hangs up.
    patience: usize,
}

/// What came of one reply.
struct Came {
    status: bool,
    whole: bool,
}

impl Client {
    /// One connection, from its beginning to its end.
    fn visit(&mut self) {
        let Ok(stream) = TcpStream::connect(self.address) else {
            // It was just killed: the next one is started by the test, elsewhere.
            return thread::yield_now();
        };
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut wire = Wire {
            stream,
            ahead: Vec::new(),
        };
        let requests = 1 + self.dice.below(4);
        let pipelined = self.dice.below(3) == 0;
        let mut plans = Vec::new();
        for left in (0..requests).rev() {
            plans.push(self.plan(left == 0));
        }
        if pipelined {
            self.all_at_once(&mut wire, &plans);
        } else {
            self.one_by_one(&mut wire, &plans);
        }
    }

    fn plan(&mut self, is_last: bool) -> Plan {
        let (path, length) = FILES[self.dice.place(FILES.len())];
        let start = self.dice.below(length - 2);
        // Never so short that it is a probe.
        let end = start + 2 + self.dice.below(length - start - 2);
        let (method, field, is_probe) = match self.dice.below(8) {
            0 => ("HEAD", String::new(), true),
            1 => ("GET", "If-None-Match: *".to_owned(), true),
            2..=4 => ("GET", format!("Range: bytes={start}-{end}"), false),
            _ => ("GET", "X-Nothing: here".to_owned(), false),
        };
        let close = ["Connection: close", "Connection: keep-alive"];
        let close = close[usize::from(!is_last || self.dice.below(2) == 0)];
        let fields = [field.as_str(), close];
        let fields = if field.is_empty() {
            &fields[1..]
        } else {
            &fields
        };
        let patience = match self.dice.below(5) {
            0 if is_last => self.dice.place(usize::try_from(length).unwrap() + 400),
            _ => usize::MAX,
        };
        Plan {
            path,
            text: request(method, path, fields) + "\r\n",
            is_probe,
            patience,
        }
    }

    fn one_by_one(&mut self, wire: &mut Wire, plans: &[Plan]) {
        for plan in plans {
            if wire.stream.write_all(plan.text.as_bytes()).is_err() {
                // Some of it may have arrived, and with it all that matters.
                return self.note(plan, None);
            }
            let came = wire.reply(plan);
            let goes_on = came.whole;
            self.note(plan, Some(&came));
            if !goes_on {
                return;
            }
        }
    }

    fn all_at_once(&mut self, wire: &mut Wire, plans: &[Plan]) {
        let texts: String = plans.iter().map(|plan| plan.text.as_str()).collect();
        let mut lives = wire.stream.write_all(texts.as_bytes()).is_ok();
        for plan in plans {
            let came = lives.then(|| wire.reply(plan));
            lives = came.as_ref().is_some_and(|came| came.whole);
            self.note(plan, came.as_ref());
        }
    }

    fn note(&self, plan: &Plan, came: Option<&Came>) {
        let mut sight = self.sight.lock().unwrap();
        let seen = sight.entry(plan.path).or_default();
        let has_status = came.is_some_and(|came| came.status);
        *match (plan.is_probe, has_status) {
            (false, true) => &mut seen.hits,
            (false, false) => &mut seen.unseen,
            (true, true) => &mut seen.probes,
            (true, false) => &mut seen.unseen_probes,
        } += 1;
        let whole = !plan.is_probe && came.is_some_and(|came| came.whole);
        seen.whole += u64::from(whole);
    }
}

/// A connection, and what has come on it and belongs to the next reply.
struct Wire {
    stream: TcpStream,
    ahead: Vec<u8>,
}

impl Wire {
    /// Reads one reply, or as much of it as the plan has patience for.
    fn reply(&mut self, plan: &Plan) -> Came {
        let mut came = Came {
            status: false,
            whole: false,
        };
        let mut patience = plan.patience;
        let end = loop {
            came.status = self.ahead.len() >= STATUS.len() + 3 && patience >= STATUS.len() + 3;
            if let Some(at) = self.ahead.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if self.ahead.len() >= patience || !self.more(64 * 1024) {
                return came;
            }
        };
        let head = String::from_utf8(self.ahead.drain(..end).collect()).expect("a head in ASCII");
        let status = head.strip_prefix(STATUS).expect(&head);
        let expected: &[&str] = match plan.is_probe {
            true => &["200", "304"],
            false => &["200", "206"],
        };
        assert!(expected.contains(&&status[..3]), "{}: {head}", plan.text);
        let has_none = plan.is_probe;
        let mut left = if has_none { 0 } else { length(&head) };
        patience = patience.saturating_sub(end);
        while left > 0 {
            if self.ahead.is_empty() && !self.more(64 * 1024) || patience == 0 {
                return came;
            }
            let taken = left.min(self.ahead.len()).min(patience);
            self.ahead.drain(..taken);
            left -= taken;
            patience -= taken;
        }
        came.whole = true;
        came
    }

    fn more(&mut self, most: usize) -> bool {
        let mut piece = vec![0; most];
        match self.stream.read(&mut piece) {
            Ok(count @ 1..) => {
                self.ahead.extend_from_slice(&piece[..count]);
                true
            }
            // Closed, or reset: it was killed, or told to stop.
            _ => false,
        }
    }
}

const STATUS: &str = "HTTP/1.1 ";

fn length(head: &str) -> usize {
    let lines = head.lines();
    let value = lines
        .filter_map(|line| line.strip_prefix("Content-Length: "))
        .next();
    value.and_then(|value| value.parse().ok()).expect(head)
}
