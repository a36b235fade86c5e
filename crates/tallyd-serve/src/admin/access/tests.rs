//! Who is welcome.

use tallyd_http::head::{self, HeadLimits};

use super::*;

const TOKEN: &str = "q8mB1xKk0vZrT3Yw";

fn verdict(request: &str, door: Door, token: Option<&str>) -> Verdict {
    let bytes = request.replace('\n', "\r\n") + "\r\n\r\n";
    let head = head::parse(bytes.as_bytes(), &HeadLimits::default());
    let head = head.expect(request).expect(request);
    let token = token.map(|token| Token::new(token).unwrap());
    judge(&head.request, bytes.as_bytes(), door, token.as_ref())
}

fn at(host: &str) -> Verdict {
    let request = format!("GET / HTTP/1.1\nHost: {host}");
    verdict(&request, Door::Port, None)
}

/// DNS rebinding: a name that another site owns must not lead here, wherever it points.
#[test]
fn only_a_name_that_nobody_else_can_own_is_answered() {
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
        assert_eq!(at(own), Verdict::Welcome, "{own}");
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
        assert_eq!(at(other), Verdict::Misdirected, "{other}");
    }
    let by_target = "GET http://evil.example/metrics HTTP/1.1\nHost: localhost";
    assert_eq!(verdict(by_target, Door::Port, None), Verdict::Misdirected);
    assert_eq!(
        verdict("GET / HTTP/1.0", Door::Port, None),
        Verdict::Welcome
    );
    let posted = "POST / HTTP/1.1\nHost: evil.example";
    assert_eq!(verdict(posted, Door::Port, None), Verdict::Misdirected);
    let named = "GET / HTTP/1.1\nHost: stats.example";
    assert_eq!(verdict(named, Door::Socket, None), Verdict::Welcome);
}

#[test]
fn a_page_of_another_site_is_not_answered_but_a_link_from_it_is() {
    for (fields, expected) in [
        ("Origin: http://localhost:8081", Verdict::Welcome),
        ("Origin: https://localhost:8081", Verdict::Welcome),
        ("Origin: http://localhost:8082", Verdict::Foreign),
        ("Origin: http://evil.example", Verdict::Foreign),
        (
            "Origin: http://localhost:8081.evil.example",
            Verdict::Foreign,
        ),
        ("Origin: null", Verdict::Foreign),
        ("Origin:", Verdict::Foreign),
        (
            "Origin: http://localhost:8081\nOrigin: http://evil.example",
            Verdict::Foreign,
        ),
        (
            "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors",
            Verdict::Foreign,
        ),
        (
            "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: cors",
            Verdict::Foreign,
        ),
        (
            "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate",
            Verdict::Welcome,
        ),
        (
            "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document",
            Verdict::Welcome,
        ),
        (
            "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe",
            Verdict::Foreign,
        ),
        (
            "Sec-Fetch-Site: same-site\nSec-Fetch-Mode: no-cors",
            Verdict::Foreign,
        ),
        (
            "Sec-Fetch-Site: same-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document",
            Verdict::Welcome,
        ),
        (
            "Sec-Fetch-Site: same-origin\nSec-Fetch-Mode: cors",
            Verdict::Welcome,
        ),
        ("Sec-Fetch-Site: none", Verdict::Welcome),
    ] {
        let request = format!("GET / HTTP/1.1\nHost: localhost:8081\n{fields}");
        assert_eq!(verdict(&request, Door::Port, None), expected, "{fields}");
    }
}

#[test]
fn with_a_token_nobody_is_answered_without_it() {
    let encoded = |pair: &str| STANDARD.encode(pair);
    let right = encoded(&format!("any:{TOKEN}"));
    let nameless = encoded(&format!(":{TOKEN}"));
    let swapped = encoded(&format!("{TOKEN}:any"));
    let longer = encoded(&format!("any:{TOKEN}x"));
    for (field, expected) in [
        (String::new(), Verdict::Nameless),
        (format!("\nAuthorization: Bearer {TOKEN}"), Verdict::Welcome),
        (
            format!("\nauthorization: bearer  {TOKEN} "),
            Verdict::Welcome,
        ),
        (format!("\nAuthorization: Basic {right}"), Verdict::Welcome),
        (
            format!("\nAuthorization: Basic {nameless}"),
            Verdict::Welcome,
        ),
        (format!("\nAuthorization: Basic {swapped}"), Verdict::Wrong),
        (format!("\nAuthorization: Basic {longer}"), Verdict::Wrong),
        (format!("\nAuthorization: Basic {TOKEN}"), Verdict::Wrong),
        (format!("\nAuthorization: Digest {TOKEN}"), Verdict::Wrong),
        (
            "\nAuthorization: Bearer q8mB1xKk0vZrT3Yx".into(),
            Verdict::Wrong,
        ),
        (
            "\nAuthorization: Bearer q8mB1xKk0vZrT3Y".into(),
            Verdict::Wrong,
        ),
        ("\nAuthorization:".into(), Verdict::Wrong),
        (
            format!("\nAuthorization: Bearer wrong\nAuthorization: Bearer {TOKEN}"),
            Verdict::Wrong,
        ),
    ] {
        // By any name: a proxy may have one of its own.
        let request = format!("GET / HTTP/1.1\nHost: stats.example{field}");
        for door in [Door::Port, Door::Socket] {
            assert_eq!(verdict(&request, door, Some(TOKEN)), expected, "{field}");
        }
    }
}
