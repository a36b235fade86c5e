//! The count: who was asked for how often.
//!
//! Knows no HTTP, no socket and no configuration. [`count`] is what a server holds; [`teller`] is what each of its
//! workers speaks to; [`report`] is for those who ask.

pub mod account;
pub mod agent;
pub mod ahead;
pub mod batch;
pub mod clerk;
pub mod count;
pub mod coverage;
pub mod desk;
pub mod disk;
pub mod entry;
pub mod facts;
pub mod feed;
pub mod health;
pub mod journal;
pub mod json;
pub mod keyring;
pub mod ledger;
pub mod recovery;
pub mod report;
pub mod segment;
pub mod sketch;
pub mod state;
pub mod tally;
pub mod tcp;
pub mod teller;
mod varint;
pub mod visitor;
pub mod window;

pub use account::{Account, Book, Books};
