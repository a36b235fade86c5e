//! What a case is made of: what it asks, what it needs to be asked at all, and what it expects.
//!
//! Promises: pure data, so that a table of cases can be read as one. Must not know: sockets.

use super::expect::Expect;

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Methods: GET, HEAD and the others.
    Methods,
    /// Request lines and heads that are as they should be, or are not.
    Heads,
    /// Where a message ends.
    Framing,
    /// Fields and statuses of answers.
    Fields,
    /// Range and If-Range.
    Ranges,
    /// Conditional requests.
    Conditions,
    /// Content codings.
    Encodings,
    /// Paths and their escapes.
    Paths,
    /// How much is taken.
    Limits,
    /// Connections: how long they live, and in which order answers come.
    Connections,
}

impl Group {
    /// Its name in tables and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Group::Methods => "methods",
            Group::Heads => "heads",
            Group::Framing => "framing",
            Group::Fields => "fields",
            Group::Ranges => "ranges",
            Group::Conditions => "conditions",
            Group::Encodings => "encodings",
            Group::Paths => "paths",
            Group::Limits => "limits",
            Group::Connections => "connections",
        }
    }
}

/// How binding a demand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The RFC says MUST.
    Must,
    /// The RFC says SHOULD, or RECOMMENDED.
    Should,
    /// What the RFC says without such a word, or what is wise.
    Advice,
}

impl Level {
    /// Its name in tables and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Level::Must => "MUST",
            Level::Should => "SHOULD",
            Level::Advice => "advice",
        }
    }
}

/// One question to a server, and what the answer has to be.
#[derive(Debug)]
pub struct Case {
    /// Its name, which stays.
    pub id: &'static str,
    /// What it is about.
    pub group: Group,
    /// How binding it is.
    pub level: Level,
    /// Where that stands: the number of the RFC and the section.
    pub section: &'static str,
    /// What is demanded, in a few words of the RFC or in ours.
    pub demands: &'static str,
    pub(super) needs: &'static [Need],
    pub(super) sends: &'static [Part],
    pub(super) until: Until,
    pub(super) expects: &'static [Expect],
}

/// What a server and its file must have for a case to mean anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// An ETag on the file.
    Etag,
    /// One that is strong.
    StrongEtag,
    /// A Last-Modified on the file that is a date.
    Modified,
    /// One that was a minute before the answer, so that it is a strong validator (RFC 9110 8.8.2.2).
    OldModified,
    /// If-Modified-Since with that date gives 304: the server knows the condition.
    DateConditions,
    /// `Range: bytes=0-0` gives 206.
    Ranges,
    /// The file comes in another content coding to those who take it.
    Coding,
    /// The file lies in a directory below the root.
    Folder,
    /// The file's name begins with a plain letter or digit.
    Letter,
    /// The file's name has a letter that has a letter in its escape.
    HexLetter,
    /// The server speaks 1.1, where these things are defined.
    Version11,
}

/// A piece of what is sent. `{words}` in braces are filled in by [`super::ground::Ground::fill`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// The head of a request, which gets an answer of its own.
    Ask(&'static str),
    /// The same, made because it is long.
    AskMade(fn() -> String),
    /// The same, one byte at a time.
    AskSlowly(&'static str),
    /// What belongs to the request before.
    Bytes(&'static str),
    /// The same, made because it is long.
    BytesMade(fn() -> String),
    /// Goes on when the server has said something.
    Pause,
}

/// How long answers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// Until each request has its answer.
    Answered,
    /// Until the server has been silent after an answer for a while: it is not expected to say more.
    Silent,
    /// Until the connection is closed.
    Closed,
}

impl Case {
    /// Asks for nothing yet.
    const fn new(
        group: Group,
        level: Level,
        (id, section, demands): (&'static str, &'static str, &'static str),
    ) -> Case {
        Case {
            id,
            group,
            level,
            section,
            demands,
            needs: &[],
            sends: &[],
            until: Until::Answered,
            expects: &[],
        }
    }

    pub(super) const fn needs(self, needs: &'static [Need]) -> Case {
        Case { needs, ..self }
    }

    pub(super) const fn sends(self, sends: &'static [Part]) -> Case {
        Case { sends, ..self }
    }

    pub(super) const fn until(self, until: Until) -> Case {
        Case { until, ..self }
    }

    pub(super) const fn expects(self, expects: &'static [Expect]) -> Case {
        Case { expects, ..self }
    }
}

pub(super) const fn must(
    group: Group,
    id: &'static str,
    section: &'static str,
    demands: &'static str,
) -> Case {
    Case::new(group, Level::Must, (id, section, demands))
}

pub(super) const fn should(
    group: Group,
    id: &'static str,
    section: &'static str,
    demands: &'static str,
) -> Case {
    Case::new(group, Level::Should, (id, section, demands))
}

pub(super) const fn advice(
    group: Group,
    id: &'static str,
    section: &'static str,
    demands: &'static str,
) -> Case {
    Case::new(group, Level::Advice, (id, section, demands))
}

/// A GET of the file, with these fields.
macro_rules! get {
    ($($field:literal),*) => {
        $crate::probe::case::Part::Ask(concat!(
            "GET {file} HTTP/1.1\r\nHost: {host}\r\n", $($field, "\r\n",)* "\r\n"
        ))
    };
}

/// A HEAD of the file, with these fields.
macro_rules! head {
    ($($field:literal),*) => {
        $crate::probe::case::Part::Ask(concat!(
            "HEAD {file} HTTP/1.1\r\nHost: {host}\r\n", $($field, "\r\n",)* "\r\n"
        ))
    };
}

/// A GET of another target, with these fields.
macro_rules! get_of {
    ($target:literal $(, $field:literal)*) => {
        $crate::probe::case::Part::Ask(concat!(
            "GET ", $target, " HTTP/1.1\r\nHost: {host}\r\n", $($field, "\r\n",)* "\r\n"
        ))
    };
}

pub(super) use {get, get_of, head};
