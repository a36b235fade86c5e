//! A raw connection: these bytes out, those replies back, with nothing made right on the way.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketType, sockopt};

use super::LIMIT;

/// One reply as it stood on the wire.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The whole head, with its empty line.
    pub head: String,
    /// The body, as Content-Length says, or to the end.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a field, if it is there.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends `bytes` on a new connection and reads `count` replies to them.
pub fn exchange(address: SocketAddr, bytes: &[u8], count: usize) -> Vec<Reply> {
    let mut stream = open(address);
    stream.write_all(bytes).expect("send the request");
    read_replies(&mut stream, count)
}

/// A new connection that waits no longer than the limit.
pub fn open(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("connect to the server");
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}

/// A new connection from this address of the loopback.
pub fn open_from(source: Ipv4Addr, address: SocketAddr) -> TcpStream {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddr::from((source, 0))).expect("an address of the loopback");
    connected(socket, address)
}

/// A new connection that takes little before it is read: it stops a server in the middle of a large reply.
pub fn open_narrow(address: SocketAddr) -> TcpStream {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    // Before the connection is made: its window never opens wide.
    sockopt::set_socket_recv_buffer_size(&socket, 32 * 1024).unwrap();
    connected(socket, address)
}

fn connected(socket: OwnedFd, address: SocketAddr) -> TcpStream {
    rustix::net::connect(&socket, &address).expect("connect to the server");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}

/// The next `count` replies to requests other than HEAD. Fewer if the server closes before.
pub fn read_replies(stream: &mut TcpStream, count: usize) -> Vec<Reply> {
    let mut bytes = Vec::new();
    let mut replies = Vec::new();
    while replies.len() < count {
        let Some(reply) = read_reply(stream, &mut bytes) else {
            break;
        };
        replies.push(reply);
    }
    replies
}

fn read_reply(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Reply> {
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if !read_more(stream, bytes) {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().expect("a status");
    let mut reply = Reply {
        status,
        head,
        body: Vec::new(),
    };
    let length = match reply.field("content-length") {
        _ if status < 200 || status == 204 || status == 304 => Some(0),
        Some(length) => Some(length.parse::<usize>().expect("a length")),
        None => None,
    };
    while length.is_none_or(|length| bytes.len() < end + length) && read_more(stream, bytes) {}
    let last = length.map_or(bytes.len(), |length| bytes.len().min(end + length));
    reply.body = bytes[end..last].to_vec();
    bytes.drain(..last);
    Some(reply)
}

fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> bool {
    let mut piece = vec![0; 64 * 1024];
    match stream.read(&mut piece) {
        Ok(0) => false,
        Ok(count) => {
            bytes.extend_from_slice(&piece[..count]);
            true
        }
        Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
        // A wait with a limit is not taken up again after a stop of the process (signal(7)).
        Err(error) if error.kind() == ErrorKind::Interrupted => true,
        Err(error) => panic!("the server neither answers nor closes: {error}"),
    }
}

/// All that comes until the server closes.
pub fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while read_more(stream, &mut bytes) {}
    bytes
}
