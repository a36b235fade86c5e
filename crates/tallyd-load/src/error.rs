//! Why an exchange failed.

use std::fmt;
use std::io;

/// What went wrong between a request and the end of its response.
#[derive(Debug)]
pub enum Error {
    /// The socket says so.
    Io(io::Error),
    /// The server closed before the response was whole.
    Closed,
    /// What came is not HTTP/1.
    Malformed(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => error.fmt(out),
            Error::Closed => out.write_str("the server closed before the response was whole"),
            Error::Malformed(what) => write!(out, "not HTTP: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

impl From<httparse::Error> for Error {
    fn from(_: httparse::Error) -> Error {
        Error::Malformed("the head of the response")
    }
}
