//! The count: who was asked for how often.
//!
//! Knows no HTTP, no socket and no configuration. Today it holds the accounts of a running process in
//! memory; the durable journal and the ledger will stand behind the same [`Account`].

pub mod account;

pub use account::{Account, Book};
