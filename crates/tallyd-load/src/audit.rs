//! The audit: asks a server in every way that counts, and knows from what arrived what the server must have counted.
//!
//! 1. [`Plan::draw`] decides by a seed what will be asked: [`Visit`]s, each of one visitor.
//! 2. [`perform`] asks it over several lanes. A [`Stage`] tells them when the server is gone for a moment.
//! 3. [`Known::of`] adds up what arrived by the rules of counting: each number is an [`Interval`], which is a point
//!    wherever no kill interfered.
//! 4. [`Counts`] are what the server says, [`Table`] puts both side by side.
//!
//! Promises: every byte of every file is compared as it comes; the rules are written here once more, simply, and share
//! nothing with the server. Must not know: how a server is started and killed.

mod agent;
mod api;
mod counts;
mod cover;
mod dice;
mod exchange;
mod interval;
mod judge;
mod known;
mod lane;
mod log;
mod naive;
mod parts;
mod plan;
mod report;
mod site;
mod stage;
mod table;
#[cfg(test)]
mod tests;

pub use agent::Class;
pub use api::{Admin, ApiError};
pub use counts::Counts;
pub use cover::Span;
pub use exchange::{Exchange, Kind};
pub use interval::Interval;
pub use known::Known;
pub use lane::{Audience, Unreachable, perform};
pub use log::LogLine;
pub use naive::Naive;
pub use plan::{Act, Ask, Learnt, Plan, Sort, Visit};
pub use report::Report;
pub use site::{Site, SiteError, SiteFile};
pub use stage::{Place, Stage};
pub use table::{Row, Table};
