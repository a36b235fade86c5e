//! The address where a server tells its counts: asked over HTTP, answered in JSON.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::counts::Counts;
use crate::connection::Connection;
use crate::message::Request;
use crate::url::Url;

/// Counts are in the ledger within about a second, and what is posted a moment later is seen by the next look.
const LOOK: Duration = Duration::from_millis(700);

/// A server that posts for longer does not come to rest.
const SETTLING: Duration = Duration::from_secs(30);

/// Files in one answer.
const FILES: usize = 1000;

/// The admin address of a server.
#[derive(Clone, Debug)]
pub struct Admin {
    url: Url,
    token: Option<String>,
}

/// Why there are no counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError(String);

impl fmt::Display for ApiError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for ApiError {}

impl Admin {
    /// At `url`, which may want a token.
    #[must_use]
    pub fn new(url: Url, token: Option<String>) -> Admin {
        Admin { url, token }
    }

    /// The counts when nothing is on its way any more: two looks, one after the other, that say the same.
    pub fn settled(&self, is_over: &dyn Fn() -> bool) -> Result<Counts, ApiError> {
        let begun = Instant::now();
        let mut last: Option<Counts> = None;
        loop {
            let counts = self.counts()?;
            if counts.is_at_rest() && last.as_ref() == Some(&counts) {
                return Ok(counts);
            }
            if begun.elapsed() > SETTLING {
                return Err(ApiError(format!(
                    "the counts of {} do not come to rest within {} s",
                    self.url,
                    SETTLING.as_secs()
                )));
            }
            if is_over() {
                return Err(ApiError("stopped".to_owned()));
            }
            last = Some(counts);
            thread::park_timeout(LOOK);
        }
    }

    fn counts(&self) -> Result<Counts, ApiError> {
        let overview = self.ask("/api/v1/overview?limit=1")?;
        let mut counts = Counts::of(&overview).ok_or_else(|| self.odd("overview"))?;
        let mut offset = 0;
        loop {
            let files = self.ask(&format!("/api/v1/files?limit={FILES}&offset={offset}"))?;
            let next = counts.add_files(&files).ok_or_else(|| self.odd("files"))?;
            match next {
                Some(next) if next > offset => offset = next,
                _ => return Ok(counts),
            }
        }
    }

    fn odd(&self, what: &str) -> ApiError {
        ApiError(format!("{} gives no {what} as tallyd does", self.url))
    }

    fn ask(&self, target: &str) -> Result<Value, ApiError> {
        let base = self.url.target.trim_end_matches('/');
        let said = |error: String| ApiError(format!("{}: {error}", self.url));
        let addresses = self
            .url
            .addresses()
            .map_err(|error| said(error.to_string()))?;
        let address = addresses.first().copied();
        let address = address.ok_or_else(|| said("no address".to_owned()))?;
        let mut request =
            Request::get(&format!("{base}{target}")).field("Host", &self.url.authority());
        if let Some(token) = &self.token {
            request = request.field("Authorization", &format!("Bearer {token}"));
        }
        let answer =
            Connection::open(address).and_then(|mut connection| connection.request(&request));
        let answer = answer.map_err(|error| said(error.to_string()))?;
        let document: Result<Value, _> = serde_json::from_slice(&answer.body);
        match (answer.status, document) {
            (200, Ok(document)) => Ok(document),
            (200, Err(error)) => Err(said(format!("no JSON: {error}"))),
            (401, _) => Err(said("it wants a token, or another one".to_owned())),
            (404, _) => Err(said(
                "no tallyd tells its counts there (status 404)".to_owned(),
            )),
            (status, document) => {
                let reason = document.ok();
                let reason = reason.as_ref().and_then(|document| document.get("error"));
                let reason = reason.and_then(Value::as_str).unwrap_or_default();
                Err(said(format!("status {status} {reason}")))
            }
        }
    }
}
