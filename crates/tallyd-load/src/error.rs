//! Why an exchange failed.

use std::fmt;
use std::io;

use crate::answer::Fault;

/// What went wrong between a request and the end of its response.
#[derive(Debug)]
pub enum Error {
    /// The socket says so.
    Io(io::Error),
    /// What came is not a whole response.
    Fault(Fault),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => error.fmt(out),
            Error::Fault(fault) => fault.fmt(out),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}
