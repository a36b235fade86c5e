//! What makes a plan: the asks, whom they go to, and in which order, from what a person wishes.
//!
//! 1. Each server is looked up once.
//! 2. A target becomes an ask with the bytes of its request, and with its truth where that is wished.
//! 3. The source decides the order: a list of URLs here, `classic`, `mix` and `replay` beside.
//!
//! Promises: an ask is one request, whatever its target and fields are made of. Must not know: how often and how fast
//! it is asked, where its source does not say so.

mod error;
mod request;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::plan::{self, Ask, Order, Pace, Reading, Server};
use super::truth::{Truth, Truths};
use crate::answer::To;
use crate::url::Url;

pub use error::MakeError;
pub(super) use request::{Manner, check_fields};

/// What decides draws where nobody says another.
pub const SEED: u64 = 1;

/// More different requests than this would fill the memory.
pub const MOST_ASKS: usize = 2_000_000;

/// What a person wishes.
#[derive(Debug)]
pub struct Wishes {
    /// What is asked for; or where the files are that a tree, a mix or a log names.
    pub urls: Vec<Url>,
    /// How it is asked for, where the source does not say so.
    pub method: String,
    /// Fields of each request; they take the place of ours.
    pub fields: Vec<(String, String)>,
    /// Whether a connection is used again.
    pub keep_alive: bool,
    /// In which order URLs are asked for.
    pub sequence: Sequence,
    /// What decides draws.
    pub seed: Option<u64>,
    /// What the bodies should be.
    pub truths: Option<Truths>,
}

/// In which order URLs are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// As they are given.
    InOrder,
    /// As the seed draws.
    Shuffled,
}

/// What came of it.
#[derive(Debug)]
pub struct Made {
    /// Who is asked.
    pub servers: Vec<Server>,
    /// All that can be asked; never none.
    pub asks: Vec<Ask>,
    /// Which of them when.
    pub order: Order,
    /// When each begins, where the source says so.
    pub pace: Option<Pace>,
    /// What a person should know about it: one line each.
    pub notes: Vec<String>,
}

impl Wishes {
    /// These, with GET, in their order, and nothing else.
    #[must_use]
    pub fn of(urls: Vec<Url>) -> Wishes {
        Wishes {
            urls,
            method: "GET".into(),
            fields: Vec::new(),
            keep_alive: true,
            sequence: Sequence::InOrder,
            seed: None,
            truths: None,
        }
    }

    /// What decides draws.
    pub(super) fn seed(&self) -> u64 {
        self.seed.unwrap_or(SEED)
    }

    /// The one URL below which everything is.
    pub(super) fn base(&self) -> Result<&Url, MakeError> {
        match self.urls.as_slice() {
            [url] => as_base(url),
            urls => Err(MakeError::OneUrl(urls.len())),
        }
    }
}

/// `url` if something can be below it.
pub(super) fn as_base(url: &Url) -> Result<&Url, MakeError> {
    match url.target.contains('?') {
        true => Err(MakeError::Query(url.clone())),
        false => Ok(url),
    }
}

/// Asks for each URL.
pub fn of_urls(wishes: &Wishes) -> Result<Made, MakeError> {
    if wishes.urls.is_empty() {
        return Err(MakeError::NoUrl);
    }
    let mut asks = Asks::new(wishes)?;
    let method = asks.manner.checked_method(&wishes.method)?;
    for url in &wishes.urls {
        let server = asks.server(url)?;
        let truth = asks.truth(method, &url.target);
        asks.push(Wanted {
            truth,
            ..Wanted::new(server, method, &url.target)
        })?;
    }
    let order = match wishes.sequence {
        Sequence::InOrder => Order::InOrder,
        Sequence::Shuffled => plan::shuffled(asks.count(), wishes.seed()),
    };
    Ok(asks.made(order, None))
}

/// An ask before it has bytes.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) server: usize,
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    /// Fields of this one alone; they take the place of all others.
    pub(super) fields: &'a [(String, String)],
    pub(super) truth: Option<Arc<Truth>>,
    pub(super) reading: Reading,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(server: usize, method: &'a str, target: &'a str) -> Wanted<'a> {
        Wanted {
            server,
            method,
            target,
            fields: &[],
            truth: None,
            reading: Reading::Whole,
        }
    }
}

/// Asks and servers as they come together.
#[derive(Debug)]
pub(super) struct Asks<'a> {
    wishes: &'a Wishes,
    pub(super) manner: Manner,
    servers: Vec<Server>,
    known: HashMap<(String, u16), usize>,
    asks: Vec<Ask>,
    /// Targets whose truth was looked for and not found.
    untrue: u64,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

impl<'a> Asks<'a> {
    pub(super) fn new(wishes: &'a Wishes) -> Result<Asks<'a>, MakeError> {
        Ok(Asks {
            wishes,
            manner: Manner::of(&wishes.fields, wishes.keep_alive)?,
            servers: Vec::new(),
            known: HashMap::new(),
            asks: Vec::new(),
            untrue: 0,
            notes: Vec::new(),
        })
    }

    /// The place of the server of `url`. A host is looked up once.
    pub(super) fn server(&mut self, url: &Url) -> Result<usize, MakeError> {
        let key = (url.host.to_ascii_lowercase(), url.port);
        let vacant = match self.known.entry(key) {
            Entry::Occupied(known) => return Ok(*known.get()),
            Entry::Vacant(vacant) => vacant,
        };
        let addresses = url.addresses().map_err(|error| MakeError::Host {
            host: url.host.clone(),
            error,
        })?;
        self.servers.push(Server {
            authority: url.authority(),
            addresses,
        });
        Ok(*vacant.insert(self.servers.len() - 1))
    }

    /// The server at `place`.
    pub(super) fn at(&self, place: usize) -> Option<&Server> {
        self.servers.get(place)
    }

    /// What the body at `target` should be, where that is wished and known.
    pub(super) fn truth(&mut self, method: &str, target: &str) -> Option<Arc<Truth>> {
        let truths = self.wishes.truths.as_ref()?;
        let has_body = matches!(method, "GET" | "HEAD");
        let truth = has_body.then(|| truths.of_target(target)).flatten();
        self.untrue += u64::from(truth.is_none());
        truth
    }

    /// The request as it goes on the wire.
    pub(super) fn bytes(&self, wanted: &Wanted<'_>) -> Vec<u8> {
        let authority = self.at(wanted.server);
        let authority = authority.map_or("", |server| &server.authority);
        let Wanted {
            method,
            target,
            fields,
            ..
        } = wanted;
        self.manner.bytes(method, target, authority, fields)
    }

    /// Adds an ask and gives its place.
    pub(super) fn push(&mut self, wanted: Wanted<'_>) -> Result<u32, MakeError> {
        if self.asks.len() >= MOST_ASKS {
            return Err(MakeError::TooMany);
        }
        let bytes = self.bytes(&wanted);
        let place = self.count();
        self.asks.push(Ask {
            server: wanted.server,
            method: wanted.method.into(),
            target: wanted.target.into(),
            bytes: bytes.into_boxed_slice(),
            to: match wanted.method {
                "HEAD" => To::Head,
                _ => To::Other,
            },
            truth: wanted.truth,
            reading: wanted.reading,
        });
        Ok(place)
    }

    /// How many there are; [`MOST_ASKS`] is far below what is too many for the number.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.asks.len()).unwrap_or(u32::MAX)
    }

    /// The ask at `place`.
    pub(super) fn get(&self, place: u32) -> Option<&Ask> {
        self.asks.get(place as usize)
    }

    /// All of it, in an order.
    pub(super) fn made(mut self, order: Order, pace: Option<Pace>) -> Made {
        if self.untrue > 0 {
            let (are, whose) = match self.untrue {
                1 => ("is", "its body is"),
                _ => ("are", "their bodies are"),
            };
            self.notes.push(format!(
                "{} of the different requests {are} for nothing in the tree: {whose} not verified",
                self.untrue
            ));
        }
        Made {
            servers: self.servers,
            asks: self.asks,
            order,
            pace,
            notes: self.notes,
        }
    }
}

/// `target`, which begins with a slash, below what the URL says.
pub(super) fn below(base: &Url, target: &str) -> String {
    let mut path = base.target.trim_end_matches('/').to_owned();
    path.push_str(target);
    path
}
