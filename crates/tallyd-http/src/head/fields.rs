//! The fields of a head: httparse splits them, this keeps those that the server looks at (RFC 9110 section 5).

use super::framing::Framing;
use super::{HeadError, MAX_FIELDS};
use crate::list;
use crate::request::Version;
use std::borrow::Cow;
use std::mem::MaybeUninit;

/// Most heads have no more fields.
const FEW: usize = 16;

/// The fields that matter, as they were sent.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) host: Option<&'a [u8]>,
    pub(super) framing: Framing,
    pub(super) expects_continue: bool,
    pub(super) expects_unknown: bool,
    wants_close: bool,
    wants_keep_alive: bool,
    pub(super) accept: Option<Cow<'a, [u8]>>,
    pub(super) accept_encoding: Option<Cow<'a, [u8]>>,
    pub(super) if_match: Option<Cow<'a, [u8]>>,
    pub(super) if_none_match: Option<Cow<'a, [u8]>>,
    pub(super) range: Single<'a>,
    pub(super) if_range: Single<'a>,
    pub(super) if_modified_since: Single<'a>,
    pub(super) if_unmodified_since: Single<'a>,
    pub(super) referer: Single<'a>,
    pub(super) user_agent: Single<'a>,
    pub(super) forwarded: bool,
    pub(super) internal: Single<'a>,
}

impl<'a> Fields<'a> {
    /// Reads those of a whole head, of which these are the lines behind the first, up to the empty one: so many fields.
    pub(super) fn read(&mut self, lines: &'a [u8], count: usize) -> Result<(), HeadError> {
        // Room for all would be 4 KiB that most requests do not need.
        if count <= FEW {
            self.split(lines, &mut [httparse::EMPTY_HEADER; FEW])?;
        } else {
            self.split(lines, &mut [httparse::EMPTY_HEADER; MAX_FIELDS])?;
        }
        self.drop_ambiguous();
        Ok(())
    }

    fn split(
        &mut self,
        lines: &'a [u8],
        room: &mut [httparse::Header<'a>],
    ) -> Result<(), HeadError> {
        let fields = match httparse::parse_headers(lines, room) {
            Ok(httparse::Status::Complete((_, fields))) => fields,
            Ok(httparse::Status::Partial) => return Err(HeadError::Malformed("head without end")),
            Err(error) => return Err(refused(error)),
        };
        fields
            .iter()
            .try_for_each(|field| self.add(field.name, field.value))
    }

    fn add(&mut self, name: &str, value: &'a [u8]) -> Result<(), HeadError> {
        let Some(name) = Name::of(name) else {
            return Ok(());
        };
        match name {
            Name::Host if self.host.is_some() => return Err(HeadError::Malformed("two hosts")),
            Name::Host => self.host = Some(value),
            Name::ContentLength => self.framing.add_length(value)?,
            Name::TransferEncoding => self.framing.add_codings(value)?,
            Name::Connection => self.add_connection(value),
            Name::Expect => self.add_expect(value),
            Name::Accept => join(&mut self.accept, value),
            Name::AcceptEncoding => join(&mut self.accept_encoding, value),
            Name::IfMatch => join(&mut self.if_match, value),
            Name::IfNoneMatch => join(&mut self.if_none_match, value),
            Name::Range => self.range.add(value),
            Name::IfRange => self.if_range.add(value),
            Name::IfModifiedSince => self.if_modified_since.add(value),
            Name::IfUnmodifiedSince => self.if_unmodified_since.add(value),
            Name::Referer => self.referer.add(value),
            Name::UserAgent => self.user_agent.add(value),
            Name::Forwarded => self.forwarded = true,
            Name::TallydInternal => self.internal.add(value),
        }
        Ok(())
    }

    fn add_connection(&mut self, value: &[u8]) {
        for option in list::members(value) {
            self.wants_close |= option.eq_ignore_ascii_case(b"close");
            self.wants_keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    fn add_expect(&mut self, value: &[u8]) {
        for expectation in list::members(value) {
            let is_continue = expectation.eq_ignore_ascii_case(b"100-continue");
            self.expects_continue |= is_continue;
            self.expects_unknown |= !is_continue;
        }
    }

    /// Two If-Range fields hold for nothing, so that the range they guard is not sent (RFC 9110 section 13.1.5).
    fn drop_ambiguous(&mut self) {
        if self.if_range.is_doubled() {
            self.range = Single::default();
        }
    }

    /// RFC 9112 section 9.3: `close` wins; 1.1 stays unless told otherwise, 1.0 only if told so.
    pub(super) const fn keep_alive(&self, version: Version) -> bool {
        let by_itself = matches!(version, Version::Http11);
        !self.wants_close && (by_itself || self.wants_keep_alive)
    }
}

fn refused(error: httparse::Error) -> HeadError {
    HeadError::Malformed(match error {
        httparse::Error::HeaderName => "invalid field name",
        httparse::Error::HeaderValue => "invalid byte in a field",
        httparse::Error::NewLine => "carriage return without line feed",
        httparse::Error::TooManyHeaders => return HeadError::TooManyFields,
        httparse::Error::Token | httparse::Error::Version | httparse::Error::Status => {
            "invalid field"
        }
    })
}

/// The values of one field, as often as it was sent: for those that the line of a file never looks at. `head` has
/// been parsed already.
#[must_use]
pub fn values<'a>(head: &'a [u8], name: &str) -> Vec<&'a [u8]> {
    let mut slots = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut split = httparse::Request::new(&mut []);
    match split.parse_with_uninit_headers(head, &mut slots) {
        Ok(httparse::Status::Complete(_)) => {}
        _ => return Vec::new(),
    }
    let named = split.headers.iter();
    let named = named.filter(|field| field.name.eq_ignore_ascii_case(name));
    named.map(|field| field.value).collect()
}

/// RFC 9110 section 5.3: lines of a list field are one list. Only the second line allocates.
fn join<'a>(list: &mut Option<Cow<'a, [u8]>>, value: &'a [u8]) {
    match list {
        None => *list = Some(Cow::Borrowed(value)),
        Some(list) => {
            let list = list.to_mut();
            list.extend_from_slice(b", ");
            list.extend_from_slice(value);
        }
    }
}

/// A field that is no list, so that a second line makes no sense.
#[derive(Clone, Copy, Default)]
pub(super) enum Single<'a> {
    #[default]
    Absent,
    Once(&'a [u8]),
    Doubled(&'a [u8]),
}

impl<'a> Single<'a> {
    const fn add(&mut self, value: &'a [u8]) {
        *self = match *self {
            Self::Absent => Self::Once(value),
            Self::Once(first) | Self::Doubled(first) => Self::Doubled(first),
        };
    }

    const fn is_doubled(&self) -> bool {
        matches!(self, Self::Doubled(_))
    }

    /// The value, if there is exactly one: where a wrong one would change the answer.
    pub(super) const fn alone(self) -> Option<&'a [u8]> {
        match self {
            Self::Once(value) => Some(value),
            Self::Absent | Self::Doubled(_) => None,
        }
    }

    /// The first value: where it is only written down.
    pub(super) const fn first(self) -> Option<&'a [u8]> {
        match self {
            Self::Once(value) | Self::Doubled(value) => Some(value),
            Self::Absent => None,
        }
    }
}

/// The names of the fields that matter.
#[derive(Clone, Copy)]
enum Name {
    Accept,
    AcceptEncoding,
    Connection,
    ContentLength,
    Expect,
    /// A proxy says for whom it asks, in one of three ways.
    Forwarded,
    Host,
    IfMatch,
    IfModifiedSince,
    IfNoneMatch,
    IfRange,
    IfUnmodifiedSince,
    Range,
    Referer,
    /// Not of HTTP: our own auditor signs its requests with it.
    TallydInternal,
    TransferEncoding,
    UserAgent,
}

impl Name {
    const ALL: [(&str, Self); 19] = [
        ("host", Self::Host),
        ("accept", Self::Accept),
        ("user-agent", Self::UserAgent),
        ("connection", Self::Connection),
        ("accept-encoding", Self::AcceptEncoding),
        ("range", Self::Range),
        ("referer", Self::Referer),
        ("if-none-match", Self::IfNoneMatch),
        ("if-modified-since", Self::IfModifiedSince),
        ("if-range", Self::IfRange),
        ("if-match", Self::IfMatch),
        ("if-unmodified-since", Self::IfUnmodifiedSince),
        ("content-length", Self::ContentLength),
        ("transfer-encoding", Self::TransferEncoding),
        ("expect", Self::Expect),
        ("x-forwarded-for", Self::Forwarded),
        ("forwarded", Self::Forwarded),
        ("via", Self::Forwarded),
        ("tallyd-internal", Self::TallydInternal),
    ];

    /// RFC 9110 section 5.1: in any case. Lengths differ mostly, so few names are compared.
    fn of(name: &str) -> Option<Self> {
        let found = Self::ALL
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, name)| *name)
    }
}
