//! The client side: asks, checks what it got, and goes on when the server hangs up.
//!
//! Promises: never imports the server, so that what it finds is true for any server.

#![forbid(unsafe_code)]

pub mod answer;
pub mod connection;
mod error;
pub mod files;
pub mod line;
pub mod message;
pub mod url;

pub use connection::Connection;
pub use error::Error;
pub use message::{Request, Response};
pub use url::{Url, UrlError};
