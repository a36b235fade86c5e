//! Why a connection gets no proper answer.

use std::fmt;

use tallyd_http::head::HeadError;
use tallyd_http::status::Status;

/// Why a connection gets no proper answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// What it sent is no head.
    Head(HeadError),
    /// It sent too slowly.
    Late,
    /// The body is larger than bodies may be.
    BodyTooLarge,
    /// The body's chunks are no chunks.
    BodyMalformed,
    /// There is nobody left to answer.
    Gone,
}

impl Refused {
    /// What it is told; nothing if there is nobody.
    pub fn status(self) -> Option<Status> {
        match self {
            Refused::Head(error) => Some(error.status()),
            Refused::Late => Some(Status::REQUEST_TIMEOUT),
            Refused::BodyTooLarge => Some(Status::CONTENT_TOO_LARGE),
            Refused::BodyMalformed => Some(Status::BAD_REQUEST),
            Refused::Gone => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Head(error) => write!(out, "{error}"),
            Refused::Late => out.write_str("too slow"),
            Refused::BodyTooLarge => out.write_str("body too large"),
            Refused::BodyMalformed => out.write_str("body is not chunked as it says"),
            Refused::Gone => out.write_str("client gone"),
        }
    }
}
