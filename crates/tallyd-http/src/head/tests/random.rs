//! Heads nobody would write by hand: no input panics, and no split changes what a head is.

use super::*;
use proptest::prelude::*;

/// Bytes that are nearly a head, now and then exactly one.
fn nearly_a_head() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => Just("GET / HTTP/1.1\r\n"),
        1 => Just("\r\nHEAD /a?b HTTP/1.0\r\n"),
        1 => Just("POST http://a/b HTTP/1.1\r\n"),
        1 => Just("GET / HTTP/1.1\n"),
        1 => Just("GET /\u{e9} HTTP/2.0\r\n"),
        1 => Just("GET  / HTTP/1.1\r\n"),
    ];
    let field = prop_oneof![
        4 => Just("Host: a\r\n"),
        2 => Just("Accept: */*\r\n"),
        1 => Just("Content-Length: 5\r\n"),
        1 => Just("Transfer-Encoding: chunked\r\n"),
        1 => Just("Transfer-Encoding: gzip\r\n"),
        1 => Just("Range: bytes=0-\r\n"),
        1 => Just("Connection: close\r\n"),
        1 => Just("Expect: 100-continue\r\n"),
        1 => Just("Expect: x\r\n"),
        1 => Just("X: y\n"),
        1 => Just(" folded\r\n"),
        1 => Just("X : y\r\n"),
        1 => Just("no colon\r\n"),
    ];
    let noise = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2);
    (line, prop::collection::vec(field, 0..6), noise).prop_map(|(line, fields, noise)| {
        let mut bytes = format!("{line}{}\r\nrest", fields.concat()).into_bytes();
        for (at, byte) in noise {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    })
}

/// Small, so that the limits take part.
const LIMITS: HeadLimits = HeadLimits {
    head: 150,
    fields: 4,
    target: 12,
};

/// What matters of a result, in a form that compares.
fn result(bytes: &[u8]) -> Result<Option<String>, HeadError> {
    Ok(parse(bytes, &LIMITS)?.map(|head| format!("{head:?}")))
}

proptest! {
    #[test]
    fn more_bytes_never_change_a_result(bytes in nearly_a_head()) {
        let whole = result(&bytes);
        for end in 0..bytes.len() {
            let part = result(&bytes[..end]);
            prop_assert!(part == Ok(None) || part == whole, "{} {:?} {:?}", bytes[..end].escape_ascii(), part, whole);
        }
    }

    #[test]
    fn a_head_ends_at_its_empty_line(bytes in nearly_a_head()) {
        if let Ok(Some(head)) = parse(&bytes, &LIMITS) {
            prop_assert!(bytes[..head.length].ends_with(b"\r\n\r\n"));
            prop_assert!(head.length <= LIMITS.head);
            prop_assert_eq!(result(&bytes[..head.length]), result(&bytes));
        }
    }

    #[test]
    fn a_request_has_only_what_is_harmless(bytes in nearly_a_head()) {
        if let Ok(Some(head)) = parse(&bytes, &LIMITS) {
            let request = head.request;
            let values = [Some(request.verb), Some(request.target), Some(request.host), request.referer, request.user_agent];
            for value in values.into_iter().flatten() {
                prop_assert!(value.iter().all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f)));
            }
            prop_assert!(request.path == b"*" || request.path.starts_with(b"/") || request.verb == b"CONNECT");
        }
    }

    #[test]
    fn nothing_panics(bytes: Vec<u8>, head in 0usize..300, fields in 0usize..200, target in 0usize..100) {
        let limits = HeadLimits { head, fields, target };
        std::hint::black_box(parse(&bytes, &limits)).ok();
    }

    #[test]
    fn no_limits_panic(bytes in nearly_a_head(), head: usize, fields: usize, target: usize) {
        let limits = HeadLimits { head, fields, target };
        std::hint::black_box(parse(&bytes, &limits)).ok();
    }
}
