//! What can be wrong with a head, and which status says so.

use crate::status::Status;
use std::fmt;

/// Why a head is refused. After the answer the connection is closed: where the next request begins is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// 400: not HTTP, or not unambiguous; with a reason for the debug log.
    Malformed(&'static str),
    /// 400: HTTP, but neither 1.0 nor 1.1.
    Version,
    /// 414: the target, or the whole request line, is over its limit.
    TargetTooLong,
    /// 431: the head is over its limit.
    HeadTooLong,
    /// 431: more fields than allowed.
    TooManyFields,
    /// 501: a transfer coding other than chunked.
    UnknownCoding,
    /// 417: an expectation other than 100-continue.
    ExpectationFailed,
}

impl HeadError {
    /// The status that answers it.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Malformed(_) | Self::Version => Status::BAD_REQUEST,
            Self::TargetTooLong => Status::URI_TOO_LONG,
            Self::HeadTooLong | Self::TooManyFields => Status::HEAD_TOO_LARGE,
            Self::UnknownCoding => Status::NOT_IMPLEMENTED,
            Self::ExpectationFailed => Status::EXPECTATION_FAILED,
        }
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed(reason) => reason,
            Self::Version => "version is neither 1.0 nor 1.1",
            Self::TargetTooLong => "request line too long",
            Self::HeadTooLong => "head too long",
            Self::TooManyFields => "too many fields",
            Self::UnknownCoding => "unknown transfer coding",
            Self::ExpectationFailed => "unknown expectation",
        })
    }
}

impl std::error::Error for HeadError {}
