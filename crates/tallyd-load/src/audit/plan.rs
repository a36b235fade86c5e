//! What will be asked, drawn by a seed: visits, each of one visitor and of a few requests that belong together.
//!
//! Promises: a visitor asks for the content of a file in one visit only, and whatever comes of a visit, it does not
//! depend on which of its replies the server settles first. So what must be counted is known, however lanes and
//! workers are scheduled.

mod draw;

use super::cover::Span;
use super::site::Site;
use draw::Draw;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The file it is about; none if there is none at this target.
    pub file: Option<usize>,
    /// What should come.
    pub sort: Sort,
    /// As it goes on the wire.
    pub target: String,
    /// What Range says.
    pub range: Option<String>,
    /// A validator that is sent along.
    pub learnt: Option<Learnt>,
    /// The client says that it is its last one on the connection.
    pub closes: bool,
}

/// What should come of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sort {
    /// 200 and the whole file.
    Whole,
    /// 206 and these bytes; they neither overlap nor touch.
    Part(Vec<Span>),
    /// 200 and no body: it is HEAD.
    Head,
    /// 304.
    NotModified,
    /// 416.
    Unsatisfiable,
    /// 404.
    Missing,
    /// What the server has for a directory: a way there, a list, or nothing.
    Directory,
}

/// A validator, and the field that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learnt {
    /// If-None-Match with the etag that was sent before.
    SameEtag,
    /// If-Modified-Since with the time that was sent before.
    SameTime,
    /// If-Range with the etag that was sent before.
    RangeOfSame,
    /// If-Range with an etag of something else.
    RangeOfOther,
}

/// What one visitor does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Who.
    pub visitor: usize,
    /// What.
    pub act: Act,
}

/// Requests that belong together, and how their replies are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// One after the other, on a connection that is kept.
    InTurn(Vec<Ask>),
    /// Each on a connection of its own, all at once.
    Together(Vec<Ask>),
    /// All at once on one connection, which is cut when the head of the last reply has come.
    Pipeline(Vec<Ask>, usize),
    /// Cut when so many bytes of the body have been read.
    Abort {
        /// What is asked.
        ask: Ask,
        /// Read of the body.
        after: u64,
        /// The receive buffer.
        buffer: usize,
        /// Whether the rest is asked for then.
        resumes: bool,
    },
    /// Read to the end, with rests.
    Slowly(Ask, usize),
}

impl Act {
    /// How many requests it is.
    #[must_use]
    pub fn requests(&self) -> u64 {
        match self {
            Act::InTurn(asks) | Act::Together(asks) | Act::Pipeline(asks, _) => asks.len() as u64,
            Act::Abort { resumes, .. } => 1 + u64::from(*resumes),
            Act::Slowly(..) => 1,
        }
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is done, in this order as far as lanes allow.
    pub visits: Vec<Visit>,
    /// How many visitors there are.
    pub visitors: usize,
    /// How many requests it is.
    pub requests: u64,
}

impl Plan {
    /// Draws at least `requests` of `site`, and less than a visit more.
    #[must_use]
    pub fn draw(site: &Site, requests: u64, seed: u64) -> Plan {
        let mut draw = Draw::new(site, seed);
        let mut plan = Plan {
            visits: Vec::new(),
            visitors: 0,
            requests: 0,
        };
        while plan.requests < requests {
            let visit = draw.visit();
            plan.requests += visit.act.requests();
            plan.visits.push(visit);
        }
        plan.visitors = draw.visitors();
        plan
    }
}
