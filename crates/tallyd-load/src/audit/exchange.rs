//! What came of one request: what the client knows of it, to the byte.

use std::time::Instant;

use super::cover::Span;
use super::plan::{Ask, Sort};

/// One request and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What was asked.
    pub ask: Ask,
    /// By whom.
    pub visitor: usize,
    /// In which life of the server.
    pub life: usize,
    /// The port on this side.
    pub port: u16,
    /// Its place among the requests of its connection; the first is 0.
    pub place: usize,
    /// The status, once the head was whole.
    pub status: Option<u16>,
    /// Whether a byte of the reply came.
    pub answered: bool,
    /// Body bytes that arrived here, also those that nobody has read.
    pub arrived: u64,
    /// Whether all of the reply arrived.
    pub whole: bool,
    /// Bytes of the file among those that arrived.
    pub spans: Vec<Span>,
    /// When it was asked.
    pub begun: Instant,
    /// When it ended on this side.
    pub ended: Instant,
    /// How long the body is, by the head.
    pub announced: Option<u64>,
    /// Whether it was this side that ended it before its end was read.
    pub hung_up: bool,
    /// What is wrong with it.
    pub wrong: Option<String>,
}

impl Exchange {
    /// One of which nothing has come yet.
    pub(super) fn begun(
        ask: &Ask,
        visitor: usize,
        life: usize,
        port: u16,
        place: usize,
    ) -> Exchange {
        Exchange {
            ask: ask.clone(),
            visitor,
            life,
            port,
            place,
            status: None,
            answered: false,
            arrived: 0,
            whole: false,
            spans: Vec::new(),
            begun: Instant::now(),
            ended: Instant::now(),
            announced: None,
            hung_up: false,
            wrong: None,
        }
    }

    /// What the reply is: as its head says, or as it should be where there was none.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let is_of_file = self.ask.file.is_some();
        let expected = match self.ask.sort {
            Sort::Whole | Sort::Head => 200,
            Sort::Part(_) => 206,
            Sort::NotModified => 304,
            Sort::Unsatisfiable => 416,
            Sort::Missing | Sort::Directory => 404,
        };
        let status = self.status.unwrap_or(expected);
        match status {
            200 | 206 if is_of_file && self.ask.sort != Sort::Head => Kind::Hit {
                is_probe: self.is_probe(status),
            },
            200 | 304 | 416 if is_of_file => Kind::Probe,
            404 => Kind::Missing,
            _ => Kind::Other,
        }
    }

    /// A range of the first byte or two.
    fn is_probe(&self, status: u16) -> bool {
        let Sort::Part(spans) = &self.ask.sort else {
            return false;
        };
        let is_first = |span: &Span| span.start == 0 && span.length <= 2;
        status == 206 && spans.len() == 1 && spans.iter().all(is_first)
    }
}

/// What a reply is by the counting rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Content of a file.
    Hit {
        /// Only its first byte or two.
        is_probe: bool,
    },
    /// About a file, and none of its content.
    Probe,
    /// A 404.
    Missing,
    /// Anything else.
    Other,
}
