//! The chunked body (RFC 9112 7.1): what of it is data, and where it ends.

use super::Fault;

/// A size has at most so many digits; more leading zeros than this are no server's.
const DIGITS: u32 = 16;

/// The extensions of a chunk, and the trailer, may be so long together.
const MOST_FRAMING: u32 = 16 * 1024;

/// What bytes of a chunked body are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Sizes, extensions, line ends, trailer fields.
    Framing,
    /// Contents.
    Data,
    /// Framing, to the end of the body.
    Last,
}

/// Where in the body it is.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    place: Place,
    /// Of the chunk: what is left of it, or what its size says so far.
    size: u64,
    /// Digits of the size so far.
    digits: u32,
    /// Bytes of framing since the last data.
    framing: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Size,
    /// Behind the size, up to the end of the line.
    Extension,
    SizeEnd,
    Data,
    DataEnd,
    DataLineEnd,
    TrailerStart,
    Trailer,
    TrailerLineEnd,
    End,
}

impl Chunks {
    /// Reads on; `input` is not empty.
    pub(super) fn read(&mut self, input: &[u8]) -> Result<(usize, Piece), Fault> {
        if self.place == Place::Data {
            let used = usize::try_from(self.size).map_or(input.len(), |size| size.min(input.len()));
            self.size -= used as u64;
            if self.size == 0 {
                self.place = Place::DataEnd;
            }
            return Ok((used, Piece::Data));
        }
        for (place, byte) in input.iter().enumerate() {
            self.framing += 1;
            if self.framing > MOST_FRAMING {
                return Err(Fault::Chunk);
            }
            self.place = self.after(*byte)?;
            match self.place {
                Place::Data => {
                    self.framing = 0;
                    return Ok((place + 1, Piece::Framing));
                }
                Place::End => return Ok((place + 1, Piece::Last)),
                _ => {}
            }
        }
        Ok((input.len(), Piece::Framing))
    }

    fn after(&mut self, byte: u8) -> Result<Place, Fault> {
        Ok(match (self.place, byte) {
            (Place::Size, b';' | b' ' | b'\t') if self.digits > 0 => Place::Extension,
            (Place::Size, b'\r') if self.digits > 0 => Place::SizeEnd,
            (Place::Size, _) => self.digit(byte)?,
            (Place::Extension, b'\r') => Place::SizeEnd,
            (Place::Extension, b'\n') => return Err(Fault::Chunk),
            (Place::Extension, _) => Place::Extension,
            (Place::SizeEnd, b'\n') => self.begin(),
            (Place::DataEnd, b'\r') => Place::DataLineEnd,
            (Place::DataLineEnd, b'\n') => Place::Size,
            (Place::TrailerStart, b'\r') => Place::TrailerLineEnd,
            (Place::TrailerLineEnd, b'\n') => Place::End,
            (Place::TrailerStart | Place::Trailer, b'\n') => Place::TrailerStart,
            (Place::TrailerStart | Place::Trailer, _) => Place::Trailer,
            _ => return Err(Fault::Chunk),
        })
    }

    fn digit(&mut self, byte: u8) -> Result<Place, Fault> {
        let digit = char::from(byte).to_digit(16).ok_or(Fault::Chunk)?;
        self.digits += 1;
        if self.digits > DIGITS {
            return Err(Fault::Chunk);
        }
        self.size = self.size << 4 | u64::from(digit);
        Ok(Place::Size)
    }

    fn begin(&mut self) -> Place {
        self.digits = 0;
        match self.size {
            0 => Place::TrailerStart,
            _ => Place::Data,
        }
    }
}
