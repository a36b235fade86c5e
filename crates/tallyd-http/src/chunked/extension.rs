//! Chunk extensions, byte by byte: they mean nothing to us, but a line that is not one is refused (RFC 9112 section 7.1.1).

use crate::syntax::{is_text, is_token};

/// Where in the extensions of a line we are:
/// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// After a semicolon: a name must come.
    Semicolon,
    Name,
    /// In white space, after which the line may not end.
    AfterName,
    /// After an equals sign: a value must come.
    Equals,
    Token,
    Quoted,
    /// After a backslash between quotes.
    Escape,
    QuoteEnd,
    /// In white space, after which the line may not end.
    AfterValue,
}

impl Place {
    /// The place after one more byte; `None` if it can't be here.
    pub(super) const fn after(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Name | Self::AfterName, b'=') => Some(Self::Equals),
            (
                Self::Name | Self::AfterName | Self::Token | Self::QuoteEnd | Self::AfterValue,
                b';',
            ) => Some(Self::Semicolon),
            (Self::Semicolon | Self::Equals | Self::AfterName | Self::AfterValue, b' ' | b'\t') => {
                Some(self)
            }
            (Self::Name, b' ' | b'\t') => Some(Self::AfterName),
            (Self::Token | Self::QuoteEnd, b' ' | b'\t') => Some(Self::AfterValue),
            (Self::Semicolon | Self::Name, byte) if is_token(byte) => Some(Self::Name),
            (Self::Equals | Self::Token, byte) if is_token(byte) => Some(Self::Token),
            (Self::Equals, b'"') => Some(Self::Quoted),
            // RFC 9110 section 5.6.4.
            (Self::Quoted, b'"') => Some(Self::QuoteEnd),
            (Self::Quoted, b'\\') => Some(Self::Escape),
            (Self::Quoted | Self::Escape, byte) if is_text(byte) => Some(Self::Quoted),
            _ => None,
        }
    }

    /// Whether the line may end here.
    pub(super) const fn is_whole(self) -> bool {
        matches!(self, Self::Name | Self::Token | Self::QuoteEnd)
    }
}
