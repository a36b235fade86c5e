//! The rules of HTTP, as pure functions: bytes in, values out.
//!
//! Promises: no I/O, no clock (`now` is an argument), no async, no unsafe; no input from outside makes it panic.
//! Must not know: sockets, files, the ledger, the configuration. Server and client share it.
//!
//! The way of a request through it:
//!
//! 1. [`head`] splits the bytes of one HTTP/1.x head and refuses what is ambiguous: a [`Request`].
//! 2. [`target`] makes a [`CleanPath`] of its path, which proves that it cannot leave the root.
//! 3. [`condition`], [`range`], [`encoding`], [`accept`] decide what is to be sent, [`media`] names its type.
//! 4. [`write`](mod@write), [`chunked`], [`multipart`] put the reply into bytes.

#![forbid(unsafe_code)]

pub mod accept;
pub mod chunked;
pub mod condition;
pub mod date;
pub mod encoding;
pub mod etag;
pub mod head;
pub mod media;
pub mod multipart;
pub mod range;
pub mod request;
pub mod status;
pub mod target;
pub mod write;

mod list;
mod syntax;

pub use accept::Listing;
pub use chunked::{ChunkError, Chunked};
pub use condition::Verdict;
pub use encoding::{Coding, Codings};
pub use head::{BodyLength, Head, HeadError, HeadLimits};
pub use multipart::Parts;
pub use range::{Ranges, Span};
pub use request::{Method, Request, Version};
pub use status::Status;
pub use target::{CleanPath, TargetError};
pub use write::HeadWriter;
