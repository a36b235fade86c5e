//! What can go wrong with a request, each kind with its word.

use std::io::ErrorKind;

use crate::answer::Fault;

/// A kind of error. An answer of any status is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trouble {
    /// Nobody listens there.
    Refused,
    /// No connection for another reason.
    Unreachable,
    /// The connection was reset.
    Reset,
    /// The head took longer than it may, or a pause in the body.
    Timeout,
    /// The server closed without a byte.
    NoAnswer,
    /// The server closed within the head.
    CutHead,
    /// The server closed within the body.
    CutBody,
    /// The head is not HTTP/1.
    Garbage,
    /// The head did not end.
    EndlessHead,
    /// Content-Length is not one number.
    BadLength,
    /// The chunked body is not in chunks.
    BadChunk,
    /// More bytes came than announced.
    Excess,
    /// The body has another length than it should.
    WrongLength,
    /// The body has other bytes than it should.
    WrongBytes,
    /// What the body should be could not be read here.
    NoTruth,
    /// Anything else the system says.
    Other,
}

impl Trouble {
    /// All kinds.
    pub const ALL: [Trouble; 16] = [
        Trouble::Refused,
        Trouble::Unreachable,
        Trouble::Reset,
        Trouble::Timeout,
        Trouble::NoAnswer,
        Trouble::CutHead,
        Trouble::CutBody,
        Trouble::Garbage,
        Trouble::EndlessHead,
        Trouble::BadLength,
        Trouble::BadChunk,
        Trouble::Excess,
        Trouble::WrongLength,
        Trouble::WrongBytes,
        Trouble::NoTruth,
        Trouble::Other,
    ];

    /// Its word, in JSON and the client log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Trouble::Refused => "refused",
            Trouble::Unreachable => "unreachable",
            Trouble::Reset => "reset",
            Trouble::Timeout => "timeout",
            Trouble::NoAnswer => "no-answer",
            Trouble::CutHead => "cut-head",
            Trouble::CutBody => "cut-body",
            Trouble::Garbage => "garbage",
            Trouble::EndlessHead => "endless-head",
            Trouble::BadLength => "bad-length",
            Trouble::BadChunk => "bad-chunk",
            Trouble::Excess => "excess",
            Trouble::WrongLength => "wrong-length",
            Trouble::WrongBytes => "wrong-bytes",
            Trouble::NoTruth => "no-truth",
            Trouble::Other => "other",
        }
    }

    /// What a person reads.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Trouble::Refused => "connection refused",
            Trouble::Unreachable => "could not connect",
            Trouble::Reset => "connection reset",
            Trouble::Timeout => "nothing came within the time limit",
            Trouble::NoAnswer => Fault::NoAnswer.text(),
            Trouble::CutHead => Fault::CutHead.text(),
            Trouble::CutBody => Fault::CutBody.text(),
            Trouble::Garbage => Fault::Garbage.text(),
            Trouble::EndlessHead => Fault::EndlessHead.text(),
            Trouble::BadLength => Fault::Length.text(),
            Trouble::BadChunk => Fault::Chunk.text(),
            Trouble::Excess => Fault::Excess.text(),
            Trouble::WrongLength => "the body has another length than the file",
            Trouble::WrongBytes => "the body has other bytes than the file",
            Trouble::NoTruth => "what the body should be cannot be read here",
            Trouble::Other => "another error of the system",
        }
    }

    /// Its place in a table of all.
    #[must_use]
    pub fn place(self) -> usize {
        self as usize
    }

    /// What the system says of a connection that was there.
    #[must_use]
    pub fn of(kind: ErrorKind) -> Trouble {
        match kind {
            ErrorKind::ConnectionRefused => Trouble::Refused,
            ErrorKind::ConnectionReset
            | ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected => Trouble::Reset,
            ErrorKind::TimedOut => Trouble::Timeout,
            ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::AddrNotAvailable => Trouble::Unreachable,
            _ => Trouble::Other,
        }
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Trouble {
        match fault {
            Fault::NoAnswer => Trouble::NoAnswer,
            Fault::CutHead => Trouble::CutHead,
            Fault::CutBody => Trouble::CutBody,
            Fault::Garbage => Trouble::Garbage,
            Fault::EndlessHead => Trouble::EndlessHead,
            Fault::Length => Trouble::BadLength,
            Fault::Chunk => Trouble::BadChunk,
            Fault::Excess => Trouble::Excess,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_at_its_place_with_a_word_of_its_own() {
        for (place, trouble) in Trouble::ALL.into_iter().enumerate() {
            assert_eq!(trouble.place(), place);
            let same = Trouble::ALL
                .iter()
                .filter(|other| other.word() == trouble.word());
            assert_eq!(same.count(), 1, "{}", trouble.word());
        }
    }
}
