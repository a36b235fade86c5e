//! Heads: what every prefix gives, where the parts lie, and a plain second reading of the same lines.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use std::borrow::Cow;
use tallyd_http::head::{self, Head, HeadError, HeadLimits};
use tallyd_http::{BodyLength, Method, Request, Version};

/// All prefixes are parsed: a longer input costs its square.
const MAX_INPUT: usize = 512;

/// So small that the limits take part.
const SMALL: HeadLimits = HeadLimits {
    head: 200,
    fields: 4,
    target: 16,
};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if bytes.len() > MAX_INPUT {
        return Corpus::Reject;
    }
    check(bytes, &HeadLimits::default());
    check(bytes, &SMALL);
    Corpus::Keep
});

fn check(bytes: &[u8], limits: &HeadLimits) {
    let whole = result(bytes, limits);
    for end in 0..bytes.len() {
        let part = result(&bytes[..end], limits);
        assert!(
            part == Ok(None) || part == whole,
            "more bytes change the result: {end} of {}: {part:?} {whole:?}",
            bytes.escape_ascii()
        );
    }
    let Ok(Some(head)) = head::parse(bytes, limits) else {
        assert!(whole != Ok(None) || may_be_unfinished(bytes, limits));
        assert!(
            !is_surely_right(bytes, limits),
            "refused: {}",
            bytes.escape_ascii()
        );
        return;
    };
    assert!(head.length <= bytes.len() && head.length <= limits.head);
    let text = &bytes[..head.length];
    assert_eq!(
        result(text, limits),
        whole,
        "its own bytes give another head"
    );
    has_only_whole_lines(text);
    lies_inside(&head, text);
    let lines = Lines::of(text);
    assert!(lines.fields.len() <= limits.fields && lines.target.len() <= limits.target);
    lines.agree_with(&head);
}

/// What matters of a result, in a form that compares.
fn result(bytes: &[u8], limits: &HeadLimits) -> Result<Option<String>, HeadError> {
    Ok(head::parse(bytes, limits)?.map(|head| format!("{head:?}")))
}

/// What is over a limit is refused, not waited for.
fn may_be_unfinished(bytes: &[u8], limits: &HeadLimits) -> bool {
    const EMPTY_LINES: usize = 4 * 2;
    const METHOD_AND_SPACE: usize = 64 + 1;
    const VERSION: usize = " HTTP/1.1\r".len();
    let line = EMPTY_LINES + METHOD_AND_SPACE + limits.target + VERSION;
    let has_line = bytes[EMPTY_LINES.min(bytes.len())..].contains(&b'\n');
    bytes.len() < limits.head && (has_line || bytes.len() <= line)
}

/// A few heads of which nobody doubts that they are right: no strange bytes, one Host, and no body.
fn is_surely_right(bytes: &[u8], limits: &HeadLimits) -> bool {
    let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else {
        return false;
    };
    let Ok(text) = std::str::from_utf8(&bytes[..end]) else {
        return false;
    };
    let mut lines = text.split("\r\n");
    let line: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [verb, target, version] = line[..] else {
        return false;
    };
    let fields: Option<Vec<(&str, &str)>> = lines.map(|line| line.split_once(": ")).collect();
    let Some(fields) = fields else {
        return false;
    };
    let has = |name: &str| {
        fields
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .count()
    };
    let is_visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let fits =
        end + 4 <= limits.head && fields.len() <= limits.fields && target.len() <= limits.target;
    fits && ["GET", "HEAD", "POST", "OPTIONS"].contains(&verb)
        && is_plain_target(target)
        && ["HTTP/1.0", "HTTP/1.1"].contains(&version)
        && fields
            .iter()
            .all(|(name, value)| is_word(name) && is_visible(value))
        && has("host") == 1
        && fields
            .iter()
            .all(|(name, value)| !name.eq_ignore_ascii_case("host") || is_word(value))
        && has("content-length") + has("transfer-encoding") + has("expect") == 0
}

/// `/...`, or `http://host` and nothing, `/...` or `?...` after it.
fn is_plain_target(target: &str) -> bool {
    let rest = match target.strip_prefix("http://") {
        Some(after) => {
            let end = after.find(['/', '?']).unwrap_or(after.len());
            if !is_word(&after[..end]) {
                return false;
            }
            &after[end..]
        }
        None if target.starts_with('/') => target,
        None => return false,
    };
    rest.bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// CR and LF only together, no other control but HTAB, and the empty line at the end.
fn has_only_whole_lines(text: &[u8]) {
    assert!(text.ends_with(b"\r\n\r\n"));
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'\r' => assert_eq!(text[at + 1], b'\n'),
            b'\n' => assert_eq!(text[at - 1], b'\r'),
            byte => assert!(is_text(byte), "{}", text.escape_ascii()),
        }
    }
}

/// Every field is a piece of the head, not of what follows it, and without control characters.
fn lies_inside(head: &Head<'_>, text: &[u8]) {
    let request = &head.request;
    let plain = [
        Some(request.verb),
        Some(request.target),
        // The path of `http://host` is "/", wherever that is.
        Some(request.path).filter(|&path| path != b"/"),
        request.query,
        Some(request.host),
        request.range,
        request.if_range,
        request.if_modified_since,
        request.if_unmodified_since,
        request.referer,
        request.user_agent,
    ];
    for piece in plain.into_iter().flatten() {
        assert!(is_inside(piece, text) && piece.iter().copied().all(is_text));
    }
    for list in lists(request).into_iter().flatten() {
        assert!(list.iter().copied().all(is_text));
        if let Cow::Borrowed(piece) = list {
            assert!(is_inside(piece, text));
        }
    }
}

fn is_inside(piece: &[u8], text: &[u8]) -> bool {
    let (piece_at, text_at) = (piece.as_ptr_range(), text.as_ptr_range());
    piece.is_empty() || (text_at.start <= piece_at.start && piece_at.end <= text_at.end)
}

fn lists<'r, 'a>(request: &'r Request<'a>) -> [Option<&'r Cow<'a, [u8]>>; 4] {
    [
        request.accept.as_ref(),
        request.accept_encoding.as_ref(),
        request.if_match.as_ref(),
        request.if_none_match.as_ref(),
    ]
}

/// The same head, read in the plainest way, as someone who trusts it would.
struct Lines<'a> {
    verb: &'a [u8],
    target: &'a [u8],
    version: &'a [u8],
    /// Names in lower case, values without the white space around them.
    fields: Vec<(Vec<u8>, &'a [u8])>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a [u8]) -> Self {
        let mut lines = text
            .split(|&byte| byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .filter(|line| !line.is_empty());
        let line = lines.next().expect("a request line");
        let parts: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
        let [verb, target, version] = parts[..] else {
            panic!("not three parts: {}", line.escape_ascii());
        };
        Self {
            verb,
            target,
            version,
            fields: lines.map(field).collect(),
        }
    }

    fn values(&self, name: &str) -> Vec<&'a [u8]> {
        self.fields
            .iter()
            .filter(|(other, _)| other == name.as_bytes())
            .map(|(_, value)| *value)
            .collect()
    }

    /// The members of all lines of a field, in lower case.
    fn members(&self, name: &str) -> Vec<Vec<u8>> {
        let values = self.values(name);
        let members = values
            .iter()
            .flat_map(|value| value.split(|&byte| byte == b','));
        members
            .map(|member| trim(member).to_ascii_lowercase())
            .filter(|member| !member.is_empty())
            .collect()
    }

    fn agree_with(&self, head: &Head<'_>) {
        let request = &head.request;
        assert!(!self.verb.is_empty() && self.verb.iter().copied().all(is_token));
        assert_eq!((request.verb, request.target), (self.verb, self.target));
        assert_eq!(request.method, Method::of(self.verb));
        assert_eq!(request.version.as_str().as_bytes(), self.version);
        self.agree_on_the_target(request);
        self.agree_on_fields(request);
        self.agree_on_the_body(head);
        self.agree_on_the_connection(head);
    }

    /// RFC 9112 section 3.2.
    fn agree_on_the_target(&self, request: &Request<'_>) {
        let hosts = self.values("host");
        assert!(hosts.len() <= 1 && (request.version == Version::Http10 || hosts.len() == 1));
        let host = hosts.first().copied().unwrap_or_default();
        if self.verb == b"CONNECT" || (self.verb == b"OPTIONS" && self.target == b"*") {
            let found = (request.path, request.query, request.host);
            return assert_eq!(found, (self.target, None, host));
        }
        let lower = self.target.to_ascii_lowercase();
        let scheme = ["http://", "https://"]
            .into_iter()
            .find(|scheme| lower.starts_with(scheme.as_bytes()));
        let (authority, rest) = match scheme {
            Some(scheme) => {
                let after = &self.target[scheme.len()..];
                let end = after.iter().position(|byte| b"/?".contains(byte));
                after.split_at(end.unwrap_or(after.len()))
            }
            None => (host, self.target),
        };
        let (path, query) = match rest.iter().position(|&byte| byte == b'?') {
            Some(mark) => (&rest[..mark], Some(&rest[mark + 1..])),
            None => (rest, None),
        };
        let path: &[u8] = if path.is_empty() { b"/" } else { path };
        assert!(path.starts_with(b"/") && !rest.contains(&b'#'));
        assert!(!authority.iter().any(|byte| b"/@,\\ ".contains(byte)));
        assert_eq!(
            (request.path, request.query, request.host),
            (path, query, authority)
        );
    }

    fn agree_on_fields(&self, request: &Request<'_>) {
        let names = ["accept", "accept-encoding", "if-match", "if-none-match"];
        for (name, found) in names.into_iter().zip(lists(request)) {
            let values = self.values(name);
            let expected = (!values.is_empty()).then(|| values.join(b", ".as_slice()));
            assert_eq!(found.map(|list| list.to_vec()), expected, "{name}");
        }
        let alone = |name| match self.values(name)[..] {
            [value] => Some(value),
            _ => None,
        };
        assert_eq!(request.if_range, alone("if-range"));
        assert_eq!(request.if_modified_since, alone("if-modified-since"));
        assert_eq!(request.if_unmodified_since, alone("if-unmodified-since"));
        let is_unguarded = self.values("if-range").len() < 2;
        assert_eq!(request.range, alone("range").filter(|_| is_unguarded));
        assert_eq!(request.referer, self.values("referer").first().copied());
        assert_eq!(
            request.user_agent,
            self.values("user-agent").first().copied()
        );
    }

    /// RFC 9112 section 6.3, without any of its leniencies.
    fn agree_on_the_body(&self, head: &Head<'_>) {
        let lengths = self.values("content-length");
        let codings = self.values("transfer-encoding");
        let expected = match (&lengths[..], &codings[..]) {
            ([], []) => BodyLength::None,
            ([digits], []) => {
                assert!(digits.iter().all(u8::is_ascii_digit));
                let digits = std::str::from_utf8(digits).expect("digits");
                match digits.parse().expect("a length") {
                    0 => BodyLength::None,
                    length => BodyLength::Exactly(length),
                }
            }
            ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => {
                assert_eq!(head.request.version, Version::Http11);
                BodyLength::Chunked
            }
            _ => panic!("two ways to read the body: {lengths:?} {codings:?}"),
        };
        assert_eq!(head.body, expected);
    }

    fn agree_on_the_connection(&self, head: &Head<'_>) {
        let options = self.members("connection");
        let says = |option: &[u8]| options.iter().any(|other| other == option);
        let is_11 = head.request.version == Version::Http11;
        assert_eq!(
            head.keep_alive,
            !says(b"close") && (is_11 || says(b"keep-alive"))
        );
        let expectations = self.members("expect");
        assert!(expectations.iter().all(|one| one == b"100-continue"));
        let waits = is_11 && head.body != BodyLength::None && !expectations.is_empty();
        assert_eq!(head.expect_continue, waits);
    }
}

fn field(line: &[u8]) -> (Vec<u8>, &[u8]) {
    let colon = line.iter().position(|&byte| byte == b':');
    let (name, value) = line.split_at(colon.expect("a colon"));
    assert!(!name.is_empty() && name.iter().copied().all(is_token));
    (name.to_ascii_lowercase(), trim(&value[1..]))
}

fn trim(text: &[u8]) -> &[u8] {
    let is_inner = |byte: &u8| !b" \t".contains(byte);
    let start = text.iter().position(is_inner).unwrap_or(text.len());
    let end = text
        .iter()
        .rposition(is_inner)
        .map_or(start, |last| last + 1);
    &text[start..end]
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
