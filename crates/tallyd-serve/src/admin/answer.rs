//! From a request to a page of the admin listener.
//!
//! [`route`] says which page is meant, or why there is none: pure. What the page shows is gathered only then.

use std::net::{Ipv4Addr, Ipv6Addr};

use tallyd_http::request::{Method, Request};
use tallyd_http::status::Status;

use super::Stage;
use super::metrics::Dialect;
use super::page::Page;

/// The pages there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// What else there is.
    Index,
    /// Whether the process serves.
    Healthy,
    /// Whether it should be sent requests.
    Ready,
    /// Its numbers.
    Metrics(Dialect),
}

/// Which page is meant, or what is said instead.
pub fn route(request: &Request<'_>) -> Result<Route, Page> {
    if !is_meant(request.host_name()) {
        return Err(Page::line(
            Status::MISDIRECTED_REQUEST,
            "421 Misdirected Request: ask by address or as localhost; by another name, other sites could read this",
        ));
    }
    if !matches!(request.method, Method::Get | Method::Head) {
        return Err(Page::of(Status::METHOD_NOT_ALLOWED));
    }
    match request.path {
        b"/" => Ok(Route::Index),
        b"/healthz" => Ok(Route::Healthy),
        b"/readyz" => Ok(Route::Ready),
        b"/metrics" => Ok(Route::Metrics(Dialect::wanted(request.accept.as_deref()))),
        _ => Err(Page::of(Status::NOT_FOUND)),
    }
}

/// Whether a Host can only mean us. The page of another site can have its own name point here, and its scripts
/// would then read everything as theirs (DNS rebinding); an address or `localhost` it can't have. No name at all
/// comes with HTTP/1.0 only, which no browser speaks.
fn is_meant(host: &[u8]) -> bool {
    let is_v6 = |text: &str| {
        let inner = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        inner.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok())
    };
    let is_address = |text: &str| text.parse::<Ipv4Addr>().is_ok() || is_v6(text);
    host.is_empty()
        || host.eq_ignore_ascii_case(b"localhost")
        || std::str::from_utf8(host).is_ok_and(is_address)
}

/// What else there is.
#[must_use]
pub fn index() -> Page {
    Page::html(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>tallyd</title>\n<h1>tallyd</h1>\n<ul>\n\
         <li><a href=\"/metrics\">Metrics</a>, for Prometheus and others\n\
         <li><a href=\"/healthz\">Health</a>: whether the process serves\n\
         <li><a href=\"/readyz\">Readiness</a>: whether it takes requests and its counts are safe\n\
         </ul>\n</html>\n",
    )
}

/// The process serves this page, so it lives.
#[must_use]
pub fn healthy() -> Page {
    Page::line(Status::OK, "ok")
}

/// Whether it should be sent requests, with the reason if not.
#[must_use]
pub fn ready(stage: Stage, trouble: Option<&str>) -> Page {
    let reason = match (stage, trouble) {
        (Stage::Serving, None) => return Page::line(Status::OK, "ready"),
        (Stage::Serving, Some(trouble)) => trouble,
        (Stage::Starting, _) => "starting",
        (Stage::Draining, _) => "draining: no more requests are taken",
    };
    Page::line(Status::SERVICE_UNAVAILABLE, reason)
}
