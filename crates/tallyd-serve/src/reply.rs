//! The Reply: a description of what will be sent. Pure data: a test compares it with `==`.

use std::borrow::Cow;

use tallyd_http::range::Span;
use tallyd_http::status::Status;

use crate::listing::View;

/// What will be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: Status,
    /// What it says about itself.
    pub fields: Fields,
    /// What follows the head.
    pub body: Body,
    /// Only the head is sent (HEAD): fields and length are those of the whole reply.
    pub head_only: bool,
}

/// What a reply says of the resource, beyond its length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Which of the representation's own fields are sent.
    pub facts: Facts,
    /// Type of a body that is not the representation's.
    pub content_type: Option<&'static str>,
    /// Which bytes of how many.
    pub content_range: Option<ContentRange>,
    /// Where else to look.
    pub location: Option<Vec<u8>>,
    /// Methods that would do.
    pub allow: Option<&'static str>,
    /// Seconds after which it may be better.
    pub retry_after: Option<u32>,
    /// Ready field lines that the site's rules add to pages that are no file.
    pub extra: Vec<u8>,
    /// A generated page that depends on Accept (RFC 9110 section 12.5.5).
    pub vary_accept: bool,
}

/// How much of the representation's own fields is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Facts {
    /// None: the reply is not about a representation.
    #[default]
    None,
    /// All, with its type.
    Whole,
    /// All but the type: the body is multipart.
    Multipart,
    /// What a 304 says (RFC 9110 section 15.4.5).
    Validators,
}

/// The value of a Content-Range field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentRange {
    /// These bytes of that many.
    Part(Span, u64),
    /// None of them: there are only that many.
    Unsatisfied(u64),
}

/// What follows the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// These bytes.
    Bytes(Cow<'static, [u8]>),
    /// These bytes of the resource's representation.
    Span(Span),
    /// These parts of it, as multipart/byteranges.
    Spans(Vec<Span>),
    /// The resource is a directory: its entries, seen this way. The length is not known beforehand.
    Listing(View),
}

impl Reply {
    /// A reply without fields and body.
    #[must_use]
    pub fn bare(status: Status) -> Reply {
        Reply {
            status,
            fields: Fields::default(),
            body: Body::Empty,
            head_only: false,
        }
    }

    /// Whether it is a representation, whole, with the fields of that and no others.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.status == Status::OK
            && !self.head_only
            && matches!(self.body, Body::Span(_))
            && self.fields
                == Fields {
                    facts: Facts::Whole,
                    ..Fields::default()
                }
    }
}
