//! One connection: what a case sends, octet by octet, and all that comes back.
//!
//! Promises: every wait ends by the deadline, memory is bounded, and what was received before a reset is kept. Must not
//! know: what is expected.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::answer::{self, Answer, Fault, Reading, Source};
use super::case::Until;

/// What is sent, with everything filled in.
#[derive(Clone, Debug)]
pub(super) enum Sent {
    /// The head of a request, and its method.
    Ask(String),
    /// The same, one byte at a time.
    Slowly(String),
    /// What belongs to the request before.
    Bytes(String),
    /// Until the server has said something.
    Pause,
}

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The final answers, in their order.
    pub(super) answers: Vec<Answer>,
    /// The answers 1xx.
    pub(super) interim: Vec<Answer>,
    /// So many requests went out, or were meant to.
    pub(super) asked: usize,
    /// Why what came is no answer.
    pub(super) fault: Option<Fault>,
    /// What came behind the last answer.
    pub(super) rest: Vec<u8>,
    /// Nothing came where something had to, before more was sent.
    pub(super) paused_in_vain: bool,
    /// How it ended.
    pub(super) end: End,
}

/// How an exchange ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    /// All was answered; the connection was open.
    #[default]
    Answered,
    /// The server closed the connection.
    Closed,
    /// The server reset the connection.
    Reset,
    /// The server said no more, and kept the connection open.
    Silent,
    /// There was no connection.
    NoConnection(String),
}

/// No case asks for so much.
const MOST_BYTES: usize = 64 << 20;

/// Of the whole patience, so much is silence after an answer.
const QUIET: u32 = 5;

/// Sends and reads, within `patience`.
pub(super) fn exchange(
    addresses: &[SocketAddr],
    sent: &[Sent],
    until: Until,
    patience: Duration,
) -> Seen {
    let deadline = Instant::now() + patience;
    match connected(addresses, deadline) {
        Ok(stream) => {
            let mut talk = Talk::new(stream, sent, deadline, patience / QUIET);
            talk.send(sent);
            talk.listen(until);
            talk.seen.rest = talk.bytes.split_off(talk.read.min(talk.bytes.len()));
            talk.stream.shutdown(Shutdown::Both).ok();
            talk.seen
        }
        Err(error) => Seen {
            end: End::NoConnection(error),
            ..Seen::default()
        },
    }
}

fn connected(addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, String> {
    let mut last = "there is no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(address, left(deadline)) {
            // Without it, the bytes of a head that goes out slowly would be gathered.
            Ok(stream) => {
                return stream
                    .set_nodelay(true)
                    .map(|()| stream)
                    .map_err(|error| error.to_string());
            }
            Err(error) => last = format!("{address}: {error}"),
        }
    }
    Err(last)
}

/// Never zero, which would be no limit at all.
fn left(deadline: Instant) -> Duration {
    deadline
        .saturating_duration_since(Instant::now())
        .max(Duration::from_millis(1))
}

struct Talk {
    stream: TcpStream,
    methods: Vec<String>,
    bytes: Vec<u8>,
    /// So many of the bytes are in answers.
    read: usize,
    seen: Seen,
    deadline: Instant,
    quiet: Duration,
}

/// What one call of the socket gave.
enum Got {
    Something,
    Nothing,
    End,
}

impl Talk {
    fn new(stream: TcpStream, sent: &[Sent], deadline: Instant, quiet: Duration) -> Talk {
        let method = |sent: &Sent| match sent {
            Sent::Ask(text) | Sent::Slowly(text) => {
                let line = text.trim_start_matches(['\r', '\n']);
                Some(line.split(' ').next().unwrap_or_default().to_owned())
            }
            Sent::Bytes(_) | Sent::Pause => None,
        };
        let methods: Vec<String> = sent.iter().filter_map(method).collect();
        Talk {
            stream,
            seen: Seen {
                asked: methods.len(),
                ..Seen::default()
            },
            methods,
            bytes: Vec::new(),
            read: 0,
            deadline,
            quiet,
        }
    }

    /// Until all is sent or the server takes no more: it may have its reasons, which are still to be read.
    fn send(&mut self, sent: &[Sent]) {
        for part in sent {
            let is_taken = match part {
                Sent::Ask(text) | Sent::Bytes(text) => self.write(text.as_bytes()),
                Sent::Slowly(text) => text.as_bytes().chunks(1).all(|byte| self.write(byte)),
                Sent::Pause => self.pause(),
            };
            if !is_taken {
                return;
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> bool {
        let limit = self.stream.set_write_timeout(Some(left(self.deadline)));
        limit.and_then(|()| self.stream.write_all(bytes)).is_ok()
    }

    /// Waits for half of the time, so that there is some left for what comes then.
    fn pause(&mut self) -> bool {
        let end = Instant::now() + left(self.deadline) / 2;
        while self.seen.answers.is_empty() && self.seen.interim.is_empty() {
            match self.receive(left(end)) {
                Got::Something if self.seen.fault.is_none() => {}
                _ => {
                    self.seen.paused_in_vain = true;
                    return self.seen.end == End::Answered;
                }
            }
        }
        true
    }

    fn listen(&mut self, until: Until) {
        while self.seen.end == End::Answered && self.seen.fault.is_none() {
            let has_all = self.seen.answers.len() >= self.seen.asked;
            if has_all && until == Until::Answered {
                return;
            }
            let mut wait = left(self.deadline);
            if until == Until::Silent && !self.seen.answers.is_empty() {
                wait = wait.min(self.quiet);
            }
            if matches!(self.receive(wait), Got::Nothing) {
                self.seen.end = End::Silent;
            }
        }
    }

    fn receive(&mut self, wait: Duration) -> Got {
        let mut buffer = [0; 64 << 10];
        if let Err(error) = self.stream.set_read_timeout(Some(wait)) {
            self.seen.end = End::NoConnection(error.to_string());
            return Got::End;
        }
        match self.stream.read(&mut buffer) {
            Ok(0) => self.seen.end = End::Closed,
            Ok(count) => {
                self.bytes.extend(buffer.iter().take(count));
                self.understand(Source::Open);
                return Got::Something;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Got::Nothing;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => return Got::Something,
            Err(_) => self.seen.end = End::Reset,
        }
        self.understand(Source::Ended);
        Got::End
    }

    /// Takes the answers out of what has come. What comes behind the last one stays as it is.
    fn understand(&mut self, source: Source) {
        while let Some(method) = self.methods.get(self.seen.answers.len()) {
            let rest = self.bytes.get(self.read..).unwrap_or_default();
            if rest.is_empty() || self.seen.fault.is_some() {
                return;
            }
            match answer::read(rest, method, source) {
                Ok(Reading::Whole(answer, used)) => {
                    self.read += used;
                    match answer.is_interim() {
                        true => self.seen.interim.push(*answer),
                        false => self.seen.answers.push(*answer),
                    }
                }
                Ok(Reading::More) if self.bytes.len() < MOST_BYTES => return,
                Ok(Reading::More) => self.seen.fault = Some("it is endless"),
                Err(fault) => self.seen.fault = Some(fault),
            }
        }
    }
}
