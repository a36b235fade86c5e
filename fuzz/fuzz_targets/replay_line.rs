//! Lines of access logs: whatever is read of any bytes is one request on the wire, and written in other formats it is
//! read as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tallyd_load::load::replay::line::{Condition, LONGEST_TARGET, Line, Request, read};

/// Nanoseconds from 1970 to 1899 and to 2202: no log is from before or after.
const TIMES: std::ops::Range<i64> = -2_240_000_000_000_000_000..7_320_000_000_000_000_000;

fuzz_target!(|bytes: &[u8]| {
    let line = read(bytes);
    // The end of a line is no part of it.
    assert_eq!(read(&[bytes, b" \r\n"].concat()), line);
    match line {
        Line::Request(request) => check(&request),
        Line::Other(method) => {
            let is_method = method.bytes().all(|byte| byte.is_ascii_uppercase());
            assert!(is_method && !["", "GET", "HEAD"].contains(&&*method));
        }
        Line::Empty => assert!(bytes.trim_ascii().is_empty()),
        Line::Unreadable => {}
    }
});

fn check(request: &Request) {
    assert!(["GET", "HEAD"].contains(&request.method));
    assert!(request.target.starts_with('/') && request.target.len() <= LONGEST_TARGET);
    assert!(request.target.bytes().all(|byte| byte.is_ascii_graphic()));
    if let Condition::Range(range) = &request.condition {
        assert!(!range.is_empty() && range.bytes().all(|byte| matches!(byte, b' '..=b'~')));
    }
    assert!(request.at.is_none_or(|at| TIMES.contains(&at.nanos)));
    assert!(!request.is_of_tally || request.at.is_none());
    for line in again(request) {
        let Line::Request(same) = read(line.as_bytes()) else {
            panic!("{line}");
        };
        assert_eq!(
            (same.method, &same.target),
            (request.method, &request.target)
        );
        assert_eq!(same.condition, Condition::None);
    }
}

/// The same request as nginx, Apache and tallyd write it.
fn again(request: &Request) -> [String; 3] {
    let (method, target) = (request.method, &request.target);
    let combined = |target: String| {
        format!(
            "- - - [14/Nov/2023:22:13:20 +0000] \"{method} {target} HTTP/1.1\" 200 5 \"-\" \"-\""
        )
    };
    let hex = target.replace('\\', "\\x5C").replace('"', "\\x22");
    let slashes = target.replace('\\', "\\\\").replace('"', "\\\"");
    let json = serde_json::json!({ "method": method, "target": target });
    [combined(hex), combined(slashes), json.to_string()]
}
