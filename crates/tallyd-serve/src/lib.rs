//! The server: the only place where served files are opened and sockets are accepted.
//!
//! The whole in one line:
//!
//! ```text
//! bytes -read-> Request -resolve-> Resource -decide-> Reply -send-> Receipt -> log
//! ```
//!
//! [`h1`] reads, [`resolve`] opens, [`decide`] is pure, [`send`] writes; [`answer`] is the one door that
//! every protocol goes through. [`server`] starts and stops it all. Signals, arguments and exit codes
//! are the binary's.

#![forbid(unsafe_code)]

pub mod accept;
pub mod access_log;
pub mod admin;
pub mod answer;
pub mod asker;
pub mod asking;
pub mod cache;
pub mod clock;
pub mod config;
pub mod connections;
pub mod count;
pub mod counting;
pub mod crew;
pub mod decide;
pub mod event_loop;
pub mod file;
pub mod folders;
pub mod h1;
pub mod head;
pub mod json;
pub mod listen;
pub mod listing;
pub mod locate;
pub mod meter;
pub mod pages;
pub mod public;
pub mod query;
pub mod receipt;
pub mod reply;
pub mod resolve;
pub mod resource;
pub mod say;
pub mod send;
pub mod server;
pub mod site;
pub mod slot;
pub mod tree;
pub mod wire;
pub mod worker;
