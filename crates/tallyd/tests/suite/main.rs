//! The real binary, met from outside: each module is a scenario, with real clients (wget, curl, Chromium).
//!
//! Nothing here knows the server's code. No test sleeps, none takes a fixed port, and a test that needs a
//! program which is missing fails and names it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "whatever is wrong here is a failed test, with its line"
)]

mod access_log;
mod audit;
mod broken_off;
mod browser_server;
mod configuration;
mod configured_server;
mod counting_server;
mod counts;
mod dashboard;
mod events;
mod faults;
mod files;
mod get;
mod hit_path;
mod listing;
mod load;
mod many_at_once;
mod metrics;
mod probe;
mod public;
mod reload;
mod site_rules;
mod slow_and_fast;
mod sockets;
mod starting;
mod stats;
mod stopping;
mod support;
mod terminal;
mod troubled_log;
