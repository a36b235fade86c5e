//! The floor under every server of files: one thread, one epoll, heads read by httparse, one answer that lies ready.
//!
//!     floor ADDRESS:PORT FILE
//!
//! Everything is answered by FILE with 200. It knows no paths, no times, no limits, no faults and no log: what it costs
//! is what the system and a parser cost, and no server that does its work can be cheaper.

use std::env;
use std::fs;
use std::io;
use std::io::IoSlice;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{
    RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags, accept_with, recv, send, sendmsg,
    sockopt,
};

/// The listener's name among the events; a connection's is its place.
const LISTENER: u64 = u64::MAX;

struct Answers {
    kept: Vec<u8>,
    /// Says that the connection ends with it: a client that isn't told asks once more.
    last: Vec<u8>,
}

struct Connection {
    socket: OwnedFd,
    /// What came of the next head.
    head: Vec<u8>,
    /// Answers that are asked for and not whole yet; so much of the first is sent.
    owed: usize,
    sent: usize,
    keeps: bool,
}

fn main() -> io::Result<()> {
    let (Some(address), Some(file)) = (env::args().nth(1), env::args().nth(2)) else {
        return Err(io::Error::other("floor ADDRESS:PORT FILE"));
    };
    let body = fs::read(file)?;
    let answers = Answers {
        kept: answer("", &body),
        last: answer("Connection: close\r\n", &body),
    };
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    // Its connections have both from there. The second as tallyd asks for it on loopback: BBR, where that is the
    // system's, would pace each packet by a timer.
    sockopt::set_tcp_nodelay(&listener, true)?;
    sockopt::set_tcp_congestion(&listener, "reno").ok();
    serve(&listener, &answers)
}

/// The answer with this field more.
fn answer(field: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: application/octet-stream\r\n\
         Content-Length: {}\r\nLast-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\nETag: \"floor\"\r\n{field}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn serve(listener: &TcpListener, answers: &Answers) -> io::Result<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(
        &epoll,
        listener,
        EventData::new_u64(LISTENER),
        EventFlags::IN,
    )?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut events = Vec::with_capacity(512);
    let mut buffer = vec![0; 16 * 1024];
    loop {
        match epoll::wait(&epoll, spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in events.drain(..) {
            if event.data.u64() == LISTENER {
                accept(listener, &epoll, &mut connections, answers, &mut buffer)?;
                continue;
            }
            let place = &mut connections[event.data.u64() as usize];
            if let Some(connection) = place
                && !connection.go_on(answers, &mut buffer)
            {
                *place = None;
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    epoll: impl AsFd,
    connections: &mut Vec<Option<Connection>>,
    answers: &Answers,
    buffer: &mut [u8],
) -> io::Result<()> {
    loop {
        let socket = match accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
            Ok(socket) => socket,
            Err(Errno::AGAIN | Errno::CONNABORTED) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let mut connection = Connection {
            socket,
            head: Vec::new(),
            owed: 0,
            sent: 0,
            keeps: true,
        };
        // The first request is often there already, and the connection may be over with it.
        if !connection.go_on(answers, buffer) {
            continue;
        }
        let place = match connections.iter().position(Option::is_none) {
            Some(place) => place,
            None => {
                connections.push(None);
                connections.len() - 1
            }
        };
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        epoll::add(
            &epoll,
            &connection.socket,
            EventData::new_u64(place as u64),
            flags,
        )?;
        connections[place] = Some(connection);
    }
}

impl Connection {
    /// Writes what is owed, reads what there is, and answers it. False: the connection is over.
    fn go_on(&mut self, answers: &Answers, buffer: &mut [u8]) -> bool {
        loop {
            if !self.write(answers) {
                return false;
            }
            if self.owed > 0 {
                return true;
            }
            if !self.keeps {
                return false;
            }
            let came = match recv(&self.socket, &mut *buffer, RecvFlags::empty()) {
                Ok((_, 0)) | Err(Errno::CONNRESET) => return false,
                Ok((_, came)) if self.take(&buffer[..came]) => came,
                Err(Errno::AGAIN | Errno::INTR) => return true,
                _ => return false,
            };
            // Less than there was room for: that was all (epoll(7)).
            if came < buffer.len() && self.keeps {
                return self.write(answers);
            }
        }
    }

    /// Takes the heads in `bytes`. False: that is no HTTP.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let joined;
        let mut rest = match self.head.is_empty() {
            true => bytes,
            false => {
                self.head.extend_from_slice(bytes);
                joined = std::mem::take(&mut self.head);
                &joined[..]
            }
        };
        while !rest.is_empty() {
            let mut fields = [httparse::EMPTY_HEADER; 32];
            let mut request = httparse::Request::new(&mut fields);
            match request.parse(rest) {
                Ok(httparse::Status::Complete(length)) => {
                    self.owed += 1;
                    self.keeps = !request.headers.iter().any(|field| {
                        field.name.eq_ignore_ascii_case("connection") && field.value == b"close"
                    });
                    rest = &rest[length..];
                }
                Ok(httparse::Status::Partial) => {
                    self.head = rest.to_vec();
                    return true;
                }
                Err(_) => return false,
            }
        }
        true
    }

    /// Writes what is owed, as far as the system takes it. False: the connection is over.
    fn write(&mut self, answers: &Answers) -> bool {
        let answer = match self.keeps {
            true => &answers.kept,
            false => &answers.last,
        };
        while self.owed > 0 {
            match self.send(answer) {
                Ok(count) => self.sent += count,
                Err(Errno::AGAIN | Errno::INTR) => return true,
                Err(_) => return false,
            }
            self.owed -= self.sent / answer.len();
            self.sent %= answer.len();
        }
        true
    }

    /// One call for all that is owed, up to what a call takes here.
    fn send(&self, answer: &[u8]) -> Result<usize, Errno> {
        let rest = &answer[self.sent..];
        if self.owed == 1 {
            return send(&self.socket, rest, SendFlags::NOSIGNAL);
        }
        let mut pieces = [IoSlice::new(answer); 32];
        pieces[0] = IoSlice::new(rest);
        let pieces = &pieces[..self.owed.min(32)];
        sendmsg(
            &self.socket,
            pieces,
            &mut SendAncillaryBuffer::default(),
            SendFlags::NOSIGNAL,
        )
    }
}
