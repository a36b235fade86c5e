//! Why there is no answer, or no file: what and where, what is left, and what to do.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::save::SaveError;
use crate::error::Error;

/// Why it did not come to a whole answer.
#[derive(Debug)]
pub enum GetError {
    /// The name has no address.
    Lookup(String, io::Error),
    /// No address takes a connection.
    Connect(Vec<(SocketAddr, io::Error)>),
    /// The connection or what came over it.
    Line(Error),
    /// The server said nothing for so long.
    Silent(Duration),
    /// A redirect leads where nothing can be asked.
    Moved {
        /// What it says.
        to: String,
        /// What is wrong with that.
        why: String,
    },
    /// One redirect after the other.
    TooManyMoves(u32),
    /// 206 though no range was asked for.
    UnaskedPart,
    /// The answer ended, and not where it said that it would.
    Short,
    /// Somebody ended it.
    Stopped,
    /// It was broken off after so much, which is not kept.
    Broken {
        /// By what.
        cause: Box<GetError>,
        /// Bytes that came.
        have: u64,
        /// Of how many.
        total: Option<u64>,
    },
    /// The file can't be written.
    Save(SaveError),
    /// It was broken off, with something in the file already.
    Unfinished {
        /// By what.
        cause: Box<GetError>,
        /// Bytes that are there.
        have: u64,
        /// Of how many.
        total: Option<u64>,
        /// Whether the server gave something to go on with.
        can_go_on: bool,
    },
}

/// What kind of failure this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It did not come to a request, or to a file.
    Here,
    /// On the way.
    Transport,
    /// The server answered, with something else.
    Answer,
}

impl GetError {
    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            GetError::Lookup(..) | GetError::Connect(_) | GetError::Save(_) => Kind::Here,
            GetError::Moved { .. } | GetError::TooManyMoves(_) => Kind::Answer,
            GetError::Unfinished { cause, .. } | GetError::Broken { cause, .. } => cause.kind(),
            _ => Kind::Transport,
        }
    }
}

impl From<SaveError> for GetError {
    fn from(error: SaveError) -> GetError {
        GetError::Save(error)
    }
}

impl From<Error> for GetError {
    fn from(error: Error) -> GetError {
        GetError::Line(error)
    }
}

/// What comes from outside is written as in code (`"a\nb"`), so that it can't move the cursor of a terminal.
impl fmt::Display for GetError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GetError::Lookup(host, error) => write!(out, "cannot find {host:?}: {error}"),
            GetError::Connect(tried) => {
                for (place, (address, error)) in tried.iter().enumerate() {
                    let joint = if place > 0 { "; " } else { "" };
                    write!(out, "{joint}cannot connect to {address}: {error}")?;
                }
                Ok(())
            }
            GetError::Line(error) => error.fmt(out),
            GetError::Silent(time) => write!(out, "the server says nothing for {time:?}"),
            GetError::Moved { to, why } => write!(out, "the answer leads to {to:?}: {why}"),
            GetError::TooManyMoves(count) => {
                write!(
                    out,
                    "{count} redirects were followed, and there is one more"
                )
            }
            GetError::UnaskedPart => out.write_str("206, a part, though no part was asked for"),
            GetError::Short => out.write_str("the part that came ends before the whole does"),
            GetError::Stopped => out.write_str("stopped"),
            GetError::Save(error) => error.fmt(out),
            GetError::Broken { cause, have, total } => {
                got(out, cause, *have, *total)?;
                out.write_str(" bytes")
            }
            GetError::Unfinished {
                cause,
                have,
                total,
                can_go_on,
            } => {
                got(out, cause, *have, *total)?;
                out.write_str(match can_go_on {
                    true => " bytes; go on with --resume",
                    false => " bytes, which --resume can't go on with",
                })
            }
        }
    }
}

impl std::error::Error for GetError {}

fn got(
    out: &mut fmt::Formatter<'_>,
    cause: &GetError,
    have: u64,
    total: Option<u64>,
) -> fmt::Result {
    write!(out, "{cause}: got {have}")?;
    total.map_or(Ok(()), |total| write!(out, " of {total}"))
}
