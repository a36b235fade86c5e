//! The pages of the dashboard: from data to HTML.
//!
//! Promises: every page is a pure function; every text in it is escaped, whatever a client has sent; it asks no
//! other host for anything, has no style or script within, and can be read without script. Must not know: the
//! clock, the ledger, how a page is asked for and sent.

pub mod chart;
pub mod file;
pub mod files;
pub mod frame;
#[cfg(test)]
mod hostile;
pub mod number;
pub mod overview;
pub mod rules;
#[cfg(test)]
mod tests;
pub mod wrong;

/// How everything looks: `/style.css`.
pub const STYLE: &str = include_str!("pages/style.css");

/// What keeps a page up to date while it is looked at: `/live.js`.
pub const SCRIPT: &str = include_str!("pages/live.js");

/// The mark: `/icon.svg`.
pub const ICON: &str = include_str!("pages/icon.svg");
