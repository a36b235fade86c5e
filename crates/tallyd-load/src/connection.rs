//! One connection to a server: asks, reads the whole answer, and is used again as long as the server keeps it.
//!
//! Promises: a connection that the server closed between two requests is opened anew, which
//! [`Connection::opened`] tells; nothing is asked twice that may not be (RFC 9112 9.3.1).

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::body;
use crate::error::Error;
use crate::message::{Request, Response};

/// A server that says nothing for so long is not going to.
const PATIENCE: Duration = Duration::from_secs(30);

/// A head longer than this is not from a server of files.
const HEAD: usize = 64 * 1024;

/// As many fields as any server sends.
const FIELDS: usize = 100;

/// A connection that is kept.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
    opened: u64,
}

impl Connection {
    /// Connects to `address`.
    pub fn open(address: SocketAddr) -> Result<Connection, Error> {
        let mut connection = Connection {
            address,
            stream: None,
            opened: 0,
        };
        connection.stream = Some(connection.connect()?);
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
        let stream = self.stream.as_ref()?.get_ref();
        stream.local_addr().ok().map(|address| address.port())
    }

    /// Asks, and reads the whole response.
    pub fn request(&mut self, request: &Request) -> Result<Response, Error> {
        if let Some(stream) = self.stream.take() {
            match self.exchange(stream, request) {
                Err(error) if was_idle_too_long(&error) && request.is_idempotent() => {}
                outcome => return outcome.map_err(Failure::into_error),
            }
        }
        let fresh = self.connect()?;
        self.exchange(fresh, request).map_err(Failure::into_error)
    }

    fn connect(&mut self) -> Result<BufReader<TcpStream>, Error> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        self.opened += 1;
        Ok(BufReader::with_capacity(HEAD, stream))
    }

    /// One exchange on `stream`, which is kept if the server keeps it.
    fn exchange(
        &mut self,
        mut stream: BufReader<TcpStream>,
        request: &Request,
    ) -> Result<Response, Failure> {
        let bytes = request.bytes(&self.address.to_string());
        let sent = stream.get_mut().write_all(&bytes);
        // A server may answer and close before it has read all: its answer is still there to be read.
        let response = match (read_response(&mut stream, &request.method), sent) {
            (Err(Failure::Silent(_)), Err(error)) => return Err(Failure::Silent(error.into())),
            (outcome, _) => outcome?,
        };
        if response.keeps {
            self.stream = Some(stream);
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

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Broken(error)
    }
}

/// The server hung up while the connection was idle, and the request crossed that on its way.
fn was_idle_too_long(failure: &Failure) -> bool {
    match failure {
        Failure::Silent(Error::Closed) => true,
        Failure::Silent(Error::Io(error)) => {
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
            )
        }
        _ => false,
    }
}

fn read_response(stream: &mut BufReader<TcpStream>, method: &str) -> Result<Response, Failure> {
    loop {
        match stream.fill_buf() {
            Ok([]) => return Err(Failure::Silent(Error::Closed)),
            Ok(_) => break,
            // A wait with a limit is not taken up again after a stop of the process (signal(7)).
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::Silent(error.into())),
        }
    }
    loop {
        let mut response = read_head(stream)?;
        if (100..=199).contains(&response.status) {
            continue;
        }
        let framing = body::framing(method, &response)?;
        response.body = body::read(stream, framing)?;
        response.keeps &= framing != body::Framing::ToEnd;
        return Ok(response);
    }
}

fn read_head(stream: &mut impl BufRead) -> Result<Response, Error> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let line = stream.read_until(b'\n', &mut head)?;
        if line == 0 {
            return Err(Error::Closed);
        }
        if head.len() > HEAD {
            return Err(Error::Malformed("a head without end"));
        }
    }
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    parsed.parse(&head)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = parsed.headers.iter();
    let mut response = Response {
        status: parsed.code.unwrap_or_default(),
        fields: fields
            .map(|field| (field.name.to_owned(), text(field.value)))
            .collect(),
        ..Response::default()
    };
    response.keeps = match parsed.version {
        Some(1) => !response.lists("connection", "close"),
        _ => response.lists("connection", "keep-alive"),
    };
    Ok(response)
}

#[cfg(test)]
mod tests;
