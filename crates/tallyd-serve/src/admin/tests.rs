//! Tests of the pages without a socket: which page is meant, what it says, how it leaves.

use tallyd_http::head::{self, HeadLimits};
use tallyd_http::request::{Method, Version};
use tallyd_http::status::Status;

use super::Stage;
use super::answer::{Route, healthy, index, ready, route};
use super::metrics::Dialect;
use super::page::{Leaving, Page};

/// Where this request leads.
fn lead(request: &str) -> Result<Route, u16> {
    let bytes = request.replace('\n', "\r\n") + "\r\n\r\n";
    let head = head::parse(bytes.as_bytes(), &HeadLimits::default());
    let head = head.expect(request).expect(request);
    route(&head.request).map_err(|page| page.status.code())
}

/// Where a GET of this target leads.
fn get(target: &str) -> Result<Route, u16> {
    lead(&format!("GET {target} HTTP/1.1\nHost: localhost"))
}

#[test]
fn each_path_has_its_page() {
    assert_eq!(get("/"), Ok(Route::Index));
    assert_eq!(get("/healthz"), Ok(Route::Healthy));
    assert_eq!(get("/readyz"), Ok(Route::Ready));
    assert_eq!(get("/readyz?verbose"), Ok(Route::Ready));
    assert_eq!(get("/metrics"), Ok(Route::Metrics(Dialect::OpenMetrics)));
    for none in ["/metrics/", "/Metrics", "/..", "//", "/index.html"] {
        assert_eq!(get(none), Err(404), "{none}");
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

/// DNS rebinding: a name that another site owns must not lead here, wherever it points.
#[test]
fn only_a_name_that_nobody_else_can_own_is_answered() {
    let at = |host: &str| lead(&format!("GET / HTTP/1.1\nHost: {host}"));
    for own in [
        "localhost",
        "LocalHost:9090",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1:9090",
        "[::1]",
        "[::1]:9090",
        "192.0.2.1:9090",
    ] {
        assert_eq!(at(own), Ok(Route::Index), "{own}");
    }
    for other in [
        "evil.example",
        "evil.example:9090",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-localhost",
        "127.0.0.1.nip.io",
        "127.1",
        "2130706433",
        "0x7f000001",
    ] {
        assert_eq!(at(other), Err(421), "{other}");
    }
    let by_target = "GET http://evil.example/metrics HTTP/1.1\nHost: localhost";
    assert_eq!(lead(by_target), Err(421));
    assert_eq!(lead("GET / HTTP/1.0"), Ok(Route::Index));
    assert_eq!(lead("POST / HTTP/1.1\nHost: evil.example"), Err(421));
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
         X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'\r\nCross-Origin-Resource-Policy: same-origin\r\n\
         Referrer-Policy: no-referrer\r\n\r\nok\n"
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
    let index_length = format!("Content-Length: {}\r\n", index().body.len());
    let headed = head(index(), Method::Head, Version::Http11, true);
    assert!(headed.ends_with("\r\n\r\n") && headed.contains(&index_length));
    assert!(!headed.contains("Connection:"));
    let last = head(index(), Method::Get, Version::Http11, false);
    assert!(last.contains("\r\nConnection: close\r\n") && last.ends_with("</html>\n"));
    let old = head(index(), Method::Get, Version::Http10, true);
    assert!(old.contains("\r\nConnection: keep-alive\r\n"));
    let refused = Page::of(Status::METHOD_NOT_ALLOWED);
    let refused = head(refused, Method::Post, Version::Http11, true);
    assert!(refused.contains("\r\nAllow: GET, HEAD\r\n"));
    assert!(refused.ends_with("\r\n\r\n405 Method Not Allowed\n"));
}
