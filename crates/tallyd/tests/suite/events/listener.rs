//! A client of the event stream, by the rules of WHATWG HTML, section 9.2.6, as far as they are used here.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::support::open;

/// Without chunks: the body is what comes until the end.
pub const REQUEST: &[u8] = b"GET /api/v1/events HTTP/1.0\r\nHost: localhost\r\n\r\n";

/// One event.
#[derive(Debug)]
struct Event {
    name: String,
    data: Value,
}

/// Somebody who listens, and remembers everything.
pub struct Listener {
    stream: TcpStream,
    bytes: Vec<u8>,
    events: Vec<Event>,
    id: u64,
}

impl Listener {
    /// Opens a stream.
    pub fn of(admin: SocketAddr) -> Listener {
        Listener::asking(admin, REQUEST)
    }

    /// Opens a stream in these words, with HTTP/1.0.
    pub fn asking(admin: SocketAddr, request: &[u8]) -> Listener {
        let mut stream = open(admin);
        stream.write_all(request).expect("ask for the events");
        let mut listener = Listener {
            stream,
            bytes: Vec::new(),
            events: Vec::new(),
            id: 0,
        };
        let head = listener.part("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        listener
    }

    /// The data of the first event of this name that `is_it`, once it has come.
    pub fn wait_for(&mut self, name: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        self.find(|event| (event.name == name && is_it(&event.data)).then(|| event.data.clone()))
    }

    /// The first reply that `is_it`, once it was said.
    pub fn wait_for_reply(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        self.find(|event| {
            let replies = event.data.as_array().filter(|_| event.name == "requests");
            replies?.iter().find(|reply| is_it(reply)).cloned()
        })
    }

    /// The reply with the number of this hit that says how it has ended.
    pub fn wait_for_end(&mut self, hit: &Value) -> Value {
        self.wait_for_reply(|reply| {
            reply["path"] == hit["path"]
                && reply["number"] == hit["number"]
                && !reply["outcome"].is_null()
        })
    }

    /// Reads until the server closes.
    pub fn wait_for_the_end(&mut self) {
        while self.read_one() {}
    }

    fn find(&mut self, found: impl Fn(&Event) -> Option<Value>) -> Value {
        let mut looked_at = 0;
        loop {
            if let Some(value) = self.events[looked_at..].iter().find_map(&found) {
                return value;
            }
            looked_at = self.events.len();
            assert!(self.read_one(), "the stream has ended: {:#?}", self.events);
        }
    }

    /// Reads one event, or a comment; whether there was one.
    fn read_one(&mut self) -> bool {
        let Some(block) = self.part("\n\n") else {
            return false;
        };
        let (mut name, mut data) = (None, None);
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => {
                    let id = id.parse().expect("a number");
                    assert!(id >= self.id, "{id} after {}", self.id);
                    self.id = id;
                }
                Some(("event", event)) => name = Some(event.to_owned()),
                Some(("data", text)) => data = Some(serde_json::from_str(text).expect(text)),
                Some(("retry", "2000")) => {}
                _ => assert_eq!(line, ":", "{block}"),
            }
        }
        if let (Some(name), Some(data)) = (name, data) {
            self.events.push(Event { name, data });
        }
        true
    }

    /// What comes up to `end`, without it; nothing if the server closes before.
    fn part(&mut self, end: &str) -> Option<String> {
        loop {
            let found = self
                .bytes
                .windows(end.len())
                .position(|at| at == end.as_bytes());
            if let Some(place) = found {
                let rest = self.bytes.split_off(place + end.len());
                let part = std::mem::replace(&mut self.bytes, rest);
                return Some(String::from_utf8(part[..place].to_vec()).expect("UTF-8"));
            }
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece).expect("the next event") {
                0 => return None,
                count => self.bytes.extend_from_slice(&piece[..count]),
            }
        }
    }
}
