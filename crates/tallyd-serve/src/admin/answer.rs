//! From a request to what is shown on the admin listener.
//!
//! [`route`] says what is meant, or why there is no such thing: pure. What is shown is gathered only then.

use std::time::Duration;

use tallyd_http::request::{Method, Request};
use tallyd_http::status::Status;

use super::Stage;
use super::access::Verdict;
use super::api;
use super::metrics::Dialect;
use super::page::Page;
use super::pages;
use super::wanted::{Extras, Wanted};

/// How long somebody with a wrong token waits for the answer: guessing takes for ever.
pub const PAUSE: Duration = Duration::from_secs(1);

/// What there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Whether the process serves.
    Healthy,
    /// Whether it should be sent requests.
    Ready,
    /// Its numbers.
    Metrics(Dialect),
    /// A page for people.
    View(View, Wanted),
    /// One that there is not, or that can't be meant, with the reason.
    Wrong(Status, Option<String>),
    /// An answer for programs.
    Api(Topic, Wanted, Extras),
    /// The description of these.
    OpenApi,
    /// What happens, as it happens.
    Events,
    /// The counting rules.
    Rules,
    /// A file that the pages are made of: its type and content.
    Asset(&'static str, &'static str),
}

/// The pages for people that show counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// A site as a whole.
    Overview,
    /// Its files.
    Files,
    /// One of them.
    File,
}

/// What programs ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A site as a whole.
    Overview,
    /// Its files.
    Files,
    /// One of them.
    File,
    /// Counts over time.
    Series,
}

/// What is meant, or what is said instead.
pub fn route(request: &Request<'_>, today: i64) -> Result<Route, Page> {
    let is_api = request.path.starts_with(b"/api/");
    if !matches!(request.method, Method::Get | Method::Head) {
        return Err(refusal(is_api, Status::METHOD_NOT_ALLOWED, None).with("Allow", "GET, HEAD"));
    }
    let view = |view| match Wanted::of_page(request.query, today) {
        Ok(wanted) => Ok(Route::View(view, wanted)),
        Err(reason) => Ok(Route::Wrong(Status::BAD_REQUEST, Some(reason))),
    };
    let topic = |topic| match Wanted::of_program(request.query, today) {
        Ok((wanted, extras)) => Ok(Route::Api(topic, wanted, extras)),
        Err(reason) => Err(refusal(true, Status::BAD_REQUEST, Some(&reason))),
    };
    match request.path {
        b"/" => view(View::Overview),
        b"/files" => view(View::Files),
        b"/file" => view(View::File),
        b"/rules" => Ok(Route::Rules),
        b"/api/v1/overview" => topic(Topic::Overview),
        b"/api/v1/files" => topic(Topic::Files),
        b"/api/v1/file" => topic(Topic::File),
        b"/api/v1/series" => topic(Topic::Series),
        b"/api/v1/events" => Ok(Route::Events),
        b"/api/v1/openapi.json" => Ok(Route::OpenApi),
        b"/healthz" => Ok(Route::Healthy),
        b"/readyz" => Ok(Route::Ready),
        b"/metrics" => Ok(Route::Metrics(Dialect::wanted(request.accept.as_deref()))),
        b"/style.css" => Ok(Route::Asset("text/css; charset=utf-8", pages::STYLE)),
        b"/live.js" => Ok(Route::Asset(
            "text/javascript; charset=utf-8",
            pages::SCRIPT,
        )),
        b"/icon.svg" => Ok(Route::Asset("image/svg+xml", pages::ICON)),
        _ if is_api => Err(refusal(true, Status::NOT_FOUND, None)),
        _ => Ok(Route::Wrong(Status::NOT_FOUND, None)),
    }
}

/// What somebody is told who is not welcome; nothing if he is.
#[must_use]
pub fn turned_away(verdict: Verdict, is_api: bool) -> Option<Page> {
    let (status, reason) = match verdict {
        Verdict::Welcome => return None,
        Verdict::Misdirected => (
            Status::MISDIRECTED_REQUEST,
            "ask by address or as localhost: by another name, other sites could read this",
        ),
        Verdict::Foreign => (
            Status::FORBIDDEN,
            "a page of another site has asked for this",
        ),
        Verdict::Nameless => (
            Status::UNAUTHORIZED,
            "the admin token is needed: as the password, with any user name, or as a Bearer token",
        ),
        Verdict::Wrong => (Status::UNAUTHORIZED, "this is not the admin token"),
    };
    let page = refusal(is_api, status, Some(reason));
    Some(match status {
        // RFC 9110 section 11.6.1: a 401 says how to do better.
        Status::UNAUTHORIZED => page.with(
            "WWW-Authenticate",
            "Basic realm=\"tallyd\", charset=\"UTF-8\"",
        ),
        _ => page,
    })
}

/// An error in the form that whoever asked can read.
#[must_use]
pub fn refusal(is_api: bool, status: Status, reason: Option<&str>) -> Page {
    if is_api {
        return api::error(status, reason.unwrap_or(status.reason()));
    }
    let line = format!("{} {}", status.code(), status.reason());
    match reason {
        Some(reason) => Page::line(status, &format!("{line}: {reason}")),
        None => Page::line(status, &line),
    }
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
