//! Reads responses of HTTP/1 from bytes as they come (RFC 9112), in whatever pieces.
//!
//! Promises: no body is kept; a head is kept only while it is not whole, and never more than [`LONGEST_HEAD`] of it;
//! whatever is wrong has a name. Must not know: sockets, clocks, and what was asked, but for whether it was HEAD.

mod chunks;
mod fault;
mod head;

pub use fault::Fault;
pub use head::{Framing, Head};

use chunks::{Chunks, Piece};

/// A head longer than this is not from a server of files.
pub const LONGEST_HEAD: usize = 64 * 1024;

/// What the bytes that were read are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Nothing to be looked at, and there is more to come.
    More,
    /// The head of a 1xx; the final one follows (RFC 9110 15.2).
    Interim(Head),
    /// The head. Its bytes are [`Reader::head`].
    Head(Head),
    /// Bytes of the body, without framing.
    Body,
    /// The response is whole. No byte belongs to this.
    End,
}

/// A reader of one response after the other.
#[derive(Debug, Default)]
pub struct Reader {
    state: State,
    /// The beginning of a head.
    held: Vec<u8>,
    is_to_head: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Head,
    /// Behind the head of a 1xx.
    Interim,
    Body(Body),
    Ended,
}

#[derive(Debug)]
enum Body {
    Length(u64),
    Chunks(Chunks),
    ToEnd,
}

/// Whether the response may have a body whatever its head says (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// HEAD: it has none.
    Head,
    /// Any other method.
    Other,
}

impl Reader {
    /// Expects the response to the next request.
    pub fn expect(&mut self, to: To) {
        self.state = State::Head;
        self.held.clear();
        self.is_to_head = to == To::Head;
    }

    /// Reads on. So many bytes of `input` were used, and they are what the part says; ask again with the rest, until
    /// it wants more than there is.
    pub fn read(&mut self, input: &[u8]) -> Result<(usize, Part), Fault> {
        match &mut self.state {
            State::Head => self.read_head(input),
            State::Interim => {
                self.held.clear();
                self.state = State::Head;
                self.read_head(input)
            }
            State::Body(body) => {
                self.held.clear();
                let (used, part) = body.read(input)?;
                if part == Part::End {
                    self.state = State::Ended;
                }
                Ok((used, part))
            }
            State::Ended => Ok((0, Part::End)),
        }
    }

    /// The bytes of the head that `read` just told of, where `used` are those that it used then.
    #[must_use]
    pub fn head<'a>(&'a self, used: &'a [u8]) -> &'a [u8] {
        match self.held.is_empty() {
            true => used,
            false => &self.held,
        }
    }

    /// Whether nothing of the response has come yet.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        matches!(self.state, State::Head) && self.held.is_empty()
    }

    /// The server has closed: was that the end of the response?
    pub fn close(&self) -> Result<(), Fault> {
        let fault = match &self.state {
            State::Ended | State::Body(Body::ToEnd) => None,
            State::Head if self.held.is_empty() => Some(Fault::NoAnswer),
            State::Head | State::Interim => Some(Fault::CutHead),
            State::Body(_) => Some(Fault::CutBody),
        };
        fault.map_or(Ok(()), Err)
    }

    /// The common case is a whole head in one piece, which is read where it lies.
    fn read_head(&mut self, input: &[u8]) -> Result<(usize, Part), Fault> {
        if input.is_empty() {
            return Ok((0, Part::More));
        }
        if self.held.is_empty() {
            return match head::parse(input)? {
                Some((length, head)) => Ok((length, self.begin(head))),
                None => self.hold(input),
            };
        }
        self.read_split_head(input)
    }

    /// The head came in pieces: it is put together up to its end, which is looked for in what is new only.
    fn read_split_head(&mut self, input: &[u8]) -> Result<(usize, Part), Fault> {
        let Some(end) = head::end(&self.held, input) else {
            return self.hold(input);
        };
        let (new, _) = input.split_at_checked(end).unwrap_or((input, &[]));
        self.held.extend_from_slice(new);
        match head::parse(&self.held)? {
            Some((_, head)) => Ok((end, self.begin(head))),
            None => Ok((end, Part::More)),
        }
    }

    fn hold(&mut self, input: &[u8]) -> Result<(usize, Part), Fault> {
        if self.held.len() + input.len() > LONGEST_HEAD {
            return Err(Fault::EndlessHead);
        }
        self.held.extend_from_slice(input);
        Ok((input.len(), Part::More))
    }

    fn begin(&mut self, head: Head) -> Part {
        if head.is_interim() {
            self.state = State::Interim;
            return Part::Interim(head);
        }
        let is_bodiless = self.is_to_head || head.is_bodiless();
        self.state = match head.framing {
            _ if is_bodiless => State::Body(Body::Length(0)),
            Framing::Length(length) => State::Body(Body::Length(length)),
            Framing::Chunked => State::Body(Body::Chunks(Chunks::default())),
            Framing::ToEnd => State::Body(Body::ToEnd),
        };
        Part::Head(head)
    }
}

impl Body {
    fn read(&mut self, input: &[u8]) -> Result<(usize, Part), Fault> {
        match self {
            Body::Length(0) => Ok((0, Part::End)),
            _ if input.is_empty() => Ok((0, Part::More)),
            Body::Length(left) => {
                let used = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
                *left -= used as u64;
                Ok((used, Part::Body))
            }
            Body::ToEnd => Ok((input.len(), Part::Body)),
            Body::Chunks(chunks) => chunks.read(input).map(|(used, piece)| match piece {
                Piece::Framing => (used, Part::More),
                Piece::Data => (used, Part::Body),
                Piece::Last => (used, Part::End),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
