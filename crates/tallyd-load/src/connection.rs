//! One connection to a server: asks, reads the whole answer, and is used again as long as the server keeps it.
//!
//! Promises: a connection that the server closed between two requests is opened anew, which
//! [`Connection::opened`] tells; nothing is asked twice that may not be (RFC 9112 9.3.1).

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use crate::answer::{Fault, Head, Part};
use crate::error::Error;
use crate::line::{Line, Manner};
use crate::message::{Request, Response};

/// As many fields as any server sends.
const FIELDS: usize = 128;

/// A connection that is kept.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    line: Option<Line>,
    opened: u64,
}

impl Connection {
    /// Connects to `address`.
    pub fn open(address: SocketAddr) -> Result<Connection, Error> {
        let mut connection = Connection {
            address,
            line: None,
            opened: 0,
        };
        connection.line = Some(connection.connect()?);
        Ok(connection)
    }

    /// How often the connection was opened: one more each time the server had closed it.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// The port on this side, while it is open.
    #[must_use]
    pub fn local_port(&self) -> Option<u16> {
        let stream = self.line.as_ref()?.stream();
        stream.local_addr().ok().map(|address| address.port())
    }

    /// Asks, and reads the whole response.
    pub fn request(&mut self, request: &Request) -> Result<Response, Error> {
        if let Some(line) = self.line.take() {
            match self.exchange(line, request) {
                Err(error) if was_idle_too_long(&error) && request.is_idempotent() => {}
                outcome => return outcome.map_err(Failure::into_error),
            }
        }
        let fresh = self.connect()?;
        self.exchange(fresh, request).map_err(Failure::into_error)
    }

    fn connect(&mut self) -> io::Result<Line> {
        let line = Line::connect(self.address, Manner::default())?;
        self.opened += 1;
        Ok(line)
    }

    /// One exchange on `line`, which is kept if the server keeps it.
    fn exchange(&mut self, mut line: Line, request: &Request) -> Result<Response, Failure> {
        let sent = line.send(&request.bytes(&self.address.to_string()));
        line.expect(request.to());
        // A server may answer and close before it has read all: its answer is still there to be read.
        let response = match (read_response(&mut line), sent) {
            (Err(_), Err(sent)) if line.is_fresh() => return Err(Failure::Silent(sent.into())),
            (Err(error), _) if line.is_fresh() => return Err(Failure::Silent(error)),
            (outcome, _) => outcome.map_err(Failure::Broken)?,
        };
        if response.keeps {
            self.line = Some(line);
        }
        Ok(response)
    }
}

/// Where an exchange failed: only before the first byte of a response it may be tried again.
enum Failure {
    Silent(Error),
    Broken(Error),
}

impl Failure {
    fn into_error(self) -> Error {
        match self {
            Failure::Silent(error) | Failure::Broken(error) => error,
        }
    }
}

/// The server hung up while the connection was idle, and the request crossed that on its way.
fn was_idle_too_long(failure: &Failure) -> bool {
    match failure {
        Failure::Silent(Error::Fault(Fault::NoAnswer)) => true,
        Failure::Silent(Error::Io(error)) => {
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
            )
        }
        _ => false,
    }
}

fn read_response(line: &mut Line) -> Result<Response, Error> {
    let mut response = Response::default();
    loop {
        let part = line.advance()?;
        match part {
            Part::Head(head) => response = begun(head, line.bytes(part)),
            Part::Body => response.body.extend_from_slice(line.bytes(part)),
            Part::End => return Ok(response),
            Part::Interim(_) | Part::More => {}
        }
    }
}

/// The response whose head is in `bytes`, without its body.
pub(crate) fn begun(head: Head, bytes: &[u8]) -> Response {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    // It was parsed before, so it is whole; of what is not, no field is known.
    let is_whole = matches!(parsed.parse(bytes), Ok(httparse::Status::Complete(_)));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = parsed.headers.iter().filter(|_| is_whole);
    Response {
        status: head.status,
        fields: fields
            .map(|field| (field.name.to_owned(), text(field.value)))
            .collect(),
        keeps: head.keeps,
        ..Response::default()
    }
}

#[cfg(test)]
mod tests;
