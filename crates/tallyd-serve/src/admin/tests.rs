//! Tests of the pages without a socket: which page is meant, what it says, how it leaves.

use tallyd_http::head::{self, HeadLimits};
use tallyd_http::request::{Method, Version};
use tallyd_http::status::Status;

use super::Stage;
use super::access::Verdict;
use super::answer::{Route, Topic, View, healthy, ready, refusal, route, turned_away};
use super::metrics::Dialect;
use super::page::{Leaving, Page};
use super::wanted::{Period, Wanted};

const TODAY: i64 = 20_777;

/// Where this request leads.
fn lead(request: &str) -> Result<Route, u16> {
    let bytes = request.replace('\n', "\r\n") + "\r\n\r\n";
    let head = head::parse(bytes.as_bytes(), &HeadLimits::default());
    let head = head.expect(request).expect(request);
    match route(&head.request, TODAY) {
        Ok(Route::Wrong(status, _)) => Err(status.code()),
        Ok(route) => Ok(route),
        Err(page) => Err(page.status.code()),
    }
}

/// Where a GET of this target leads.
fn get(target: &str) -> Result<Route, u16> {
    lead(&format!("GET {target} HTTP/1.1\nHost: localhost"))
}

#[test]
fn each_path_has_its_page() {
    let plain = Wanted::default();
    assert_eq!(get("/"), Ok(Route::View(View::Overview, plain.clone())));
    assert_eq!(get("/files"), Ok(Route::View(View::Files, plain)));
    let file = Wanted {
        path: b"/a b".to_vec(),
        period: Period::Days(7),
        ..Wanted::default()
    };
    assert_eq!(
        get("/file?path=/a%20b&days=7"),
        Ok(Route::View(View::File, file))
    );
    assert_eq!(get("/rules"), Ok(Route::Rules));
    assert_eq!(get("/healthz"), Ok(Route::Healthy));
    assert_eq!(get("/readyz"), Ok(Route::Ready));
    assert_eq!(get("/readyz?verbose"), Ok(Route::Ready));
    assert_eq!(get("/metrics"), Ok(Route::Metrics(Dialect::OpenMetrics)));
    assert_eq!(get("/api/v1/events"), Ok(Route::Events));
    assert_eq!(get("/api/v1/openapi.json"), Ok(Route::OpenApi));
    for asset in ["/style.css", "/live.js", "/icon.svg"] {
        assert!(matches!(get(asset), Ok(Route::Asset(..))), "{asset}");
    }
    for (target, expected) in [
        ("/api/v1/overview", Topic::Overview),
        ("/api/v1/files?limit=3", Topic::Files),
        ("/api/v1/file?path=/a", Topic::File),
        ("/api/v1/series?unit=hour", Topic::Series),
    ] {
        let Ok(Route::Api(topic, ..)) = get(target) else {
            panic!("{target}")
        };
        assert_eq!(topic, expected, "{target}");
    }
    for none in [
        "/metrics/",
        "/Metrics",
        "/..",
        "//",
        "/index.html",
        "/api",
        "/api/v1/",
        "/api/v2/files",
    ] {
        assert_eq!(get(none), Err(404), "{none}");
    }
    for wrong in [
        "/?days=x",
        "/files?sort=colour",
        "/api/v1/files?limt=3",
        "/api/v1/series?unit=week",
    ] {
        assert_eq!(get(wrong), Err(400), "{wrong}");
    }
}

/// An error is what whoever asked can read.
#[test]
fn programs_are_refused_in_json_and_people_in_words() {
    let text = |page: Page| (page.content_type, String::from_utf8(page.body).unwrap());
    assert_eq!(
        text(refusal(true, Status::BAD_REQUEST, Some("say \"which\""))),
        (
            "application/json",
            "{\"status\":400,\"error\":\"say \\\"which\\\"\"}\n".to_owned()
        )
    );
    assert_eq!(
        text(refusal(false, Status::BAD_REQUEST, Some("say which"))).1,
        "400 Bad Request: say which\n"
    );
}

/// RFC 9110 section 11.6.1: whoever is not known is told how to be.
#[test]
fn who_is_turned_away_is_told_why() {
    let status = |verdict| turned_away(verdict, false).map(|page| page.status.code());
    assert_eq!(status(Verdict::Welcome), None);
    assert_eq!(status(Verdict::Misdirected), Some(421));
    assert_eq!(status(Verdict::Foreign), Some(403));
    for verdict in [Verdict::Nameless, Verdict::Wrong] {
        let page = turned_away(verdict, true).unwrap();
        assert_eq!(page.status.code(), 401);
        let challenge = "Basic realm=\"tallyd\", charset=\"UTF-8\"".to_owned();
        assert_eq!(page.fields, [("WWW-Authenticate", challenge)]);
    }
}

#[test]
fn pages_can_only_be_read() {
    let by = |method: &str| lead(&format!("{method} /healthz HTTP/1.1\nHost: localhost"));
    assert_eq!(by("HEAD"), Ok(Route::Healthy));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "get", "TRACE"] {
        assert_eq!(by(method), Err(405), "{method}");
    }
}

#[test]
fn the_older_format_is_for_who_names_only_that() {
    let accepting = |accept: &str| Dialect::wanted(Some(accept.as_bytes()));
    for accept in [
        "",
        "*/*",
        "application/openmetrics-text",
        "Application/OpenMetrics-Text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "text/plain;q=1,application/openmetrics-text;q=0.5",
        "application/json",
    ] {
        assert_eq!(accepting(accept), Dialect::OpenMetrics, "{accept}");
    }
    for accept in [
        "text/plain",
        "TEXT/PLAIN;version=0.0.4;q=1,*/*;q=0.1",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ] {
        assert_eq!(accepting(accept), Dialect::Prometheus, "{accept}");
    }
    assert_eq!(Dialect::wanted(None), Dialect::OpenMetrics);
}

#[test]
fn it_is_ready_when_it_serves_and_counts_are_safe() {
    let said = |stage, trouble| {
        let page = ready(stage, trouble);
        let text = String::from_utf8(page.body).unwrap();
        (page.status.code(), text)
    };
    assert_eq!(said(Stage::Serving, None), (200, "ready\n".to_owned()));
    assert_eq!(said(Stage::Starting, None), (503, "starting\n".to_owned()));
    assert_eq!(
        said(Stage::Serving, Some("no space")),
        (503, "no space\n".to_owned())
    );
    for trouble in [None, Some("no space")] {
        let (status, text) = said(Stage::Draining, trouble);
        assert!(status == 503 && text.starts_with("draining"), "{text}");
    }
    assert_eq!(healthy(), Page::line(Status::OK, "ok"));
}

#[test]
fn a_page_leaves_with_all_that_protects_it() {
    let leaving = Leaving {
        method: Method::Get,
        version: Version::Http11,
        keep: true,
    };
    let bytes = healthy().bytes(leaving, b"Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "HTTP/1.1 200 OK\r\nServer: tallyd\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'; style-src 'self'; \
         script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'\r\nCross-Origin-Resource-Policy: same-origin\r\n\
         Cross-Origin-Opener-Policy: same-origin\r\nReferrer-Policy: no-referrer\r\n\r\nok\n"
    );
}

#[test]
fn a_page_leaves_as_was_asked() {
    let head = |page: Page, method, version, keep| {
        let leaving = Leaving {
            method,
            version,
            keep,
        };
        String::from_utf8(page.bytes(leaving, &[b'x'; 29])).unwrap()
    };
    let headed = head(healthy(), Method::Head, Version::Http11, true);
    assert!(headed.ends_with("\r\n\r\n") && headed.contains("Content-Length: 3\r\n"));
    assert!(!headed.contains("Connection:"));
    let last = head(healthy(), Method::Get, Version::Http11, false);
    assert!(last.contains("\r\nConnection: close\r\n") && last.ends_with("ok\n"));
    let old = head(healthy(), Method::Get, Version::Http10, true);
    assert!(old.contains("\r\nConnection: keep-alive\r\n"));
    let refused = refusal(false, Status::METHOD_NOT_ALLOWED, None).with("Allow", "GET, HEAD");
    let refused = head(refused, Method::Post, Version::Http11, true);
    assert!(refused.contains("\r\nAllow: GET, HEAD\r\n"));
    assert!(refused.ends_with("\r\n\r\n405 Method Not Allowed\n"));
}
