//! What has to be known of a file before the test: asked of the server by HEAD.
//!
//! Promises: one connection at a time, kept as long as the server keeps it; every wait has a limit.

use std::net::SocketAddr;

use crate::connection::Connection;
use crate::error::Error;
use crate::load::plan::Server;
use crate::message::Request;

/// Most files that are asked about for one table: it takes seconds, not minutes.
pub(super) const MOST: usize = 10_000;

/// The connection on which is asked.
#[derive(Debug, Default)]
pub(super) struct Facts {
    connection: Option<Connection>,
}

/// What a server says of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) length: Option<u64>,
    pub(super) tag: Option<String>,
}

impl Facts {
    /// Asks for the head of `target`; what is wrong is said in words.
    pub(super) fn of<'a>(
        &mut self,
        server: &Server,
        target: &str,
        fields: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Known, String> {
        let request = fields.fold(Request::new("HEAD", target), |request, (name, value)| {
            request.field(name, value)
        });
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open(&server.addresses).map_err(|error| error.to_string())?,
        };
        let connection = self.connection.insert(connection);
        let response = connection.request(&request);
        let response = response.map_err(|error| error.to_string())?;
        if response.status != 200 {
            return Err(format!("the answer is {}", response.status));
        }
        let length = response.field("Content-Length");
        Ok(Known {
            length: length.and_then(|length| length.parse().ok()),
            tag: response.field("ETag").map(str::to_owned),
        })
    }
}

/// The first address that answers.
fn open(addresses: &[SocketAddr]) -> Result<Connection, Error> {
    let mut outcome = Err(std::io::Error::other("the name has no address").into());
    for address in addresses {
        outcome = Connection::open(*address);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}
