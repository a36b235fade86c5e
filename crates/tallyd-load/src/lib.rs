//! The client side: asks, checks what it got, and goes on when the server hangs up.
//!
//! Promises: never imports the server, so that what it finds is true for any server.

#![forbid(unsafe_code)]

pub mod amounts;
pub mod answer;
pub mod audit;
pub mod connection;
mod error;
pub mod files;
pub mod get;
pub mod line;
pub mod load;
pub mod message;
pub mod probe;
pub mod url;

pub use connection::Connection;
pub use error::Error;
pub use message::{Request, Response};
pub use url::{Url, UrlError};
