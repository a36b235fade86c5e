//! Request lines and heads: what has to be taken, and what must not be taken for something else.

use crate::probe::case::{Case, Group, Part, Until, advice, get_of, must, should};
use crate::probe::expect::Expect;

const G: Group = Group::Heads;

/// What RFC 9112 2.2 wants for what is no request.
const REFUSED: &[Expect] = &[Expect::Status(&[400]), Expect::Closed];

/// What RFC 9112 3.2 wants for a line that is none.
const NO_LINE: &[Expect] = &[Expect::Status(&[400, 301])];

const LINE: &str = "recipients of an invalid request-line SHOULD respond with 400 or 301";
const GRAMMAR: &str =
    "what does not match the grammar SHOULD get 400, and the connection be closed";
const HOST: &str = "a server MUST respond with 400 to a Host that is missing, doubled or invalid";

pub(super) static CASES: &[Case] = &[
    must(G, "host-missing", "9112 3.2", HOST)
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nConnection: close\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "host-twice", "9112 3.2", HOST)
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nHost: {host}\r\nHost: other.invalid\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "host-twice-the-same", "9112 3.2", HOST)
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "host-twice-in-1-0", "9112 3.2",
        "a server MUST respond with 400 to any request message with two Hosts")
        .sends(&[Part::Ask("GET {file} HTTP/1.0\r\nHost: {host}\r\nHost: other.invalid\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "host-with-a-space", "9112 3.2", HOST)
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nHost: exam ple.invalid\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "host-with-a-path", "9112 3.2", HOST)
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nHost: example.invalid/path\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "host-with-a-user", "9112 3.2", HOST)
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nHost: user@example.invalid\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "host-with-a-port-of-letters", "9112 3.2", HOST)
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nHost: example.invalid:http\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "host-with-a-nul", "9110 5.5",
        "NUL in a value MUST be refused or replaced by SP, which no Host has: 400")
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nHost: example\0.invalid\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "absolute-form", "9112 3.2.2", "a server MUST accept the absolute-form in requests")
        .sends(&[get_of!("http://{host}{file}")])
        .expects(&[Expect::Whole(0)]),
    must(G, "absolute-form-wins-over-host", "9112 3.2.2",
        "an origin server MUST ignore the received Host field")
        .sends(&[Part::Ask("GET http://{host}{file} HTTP/1.1\r\nHost: other.invalid\r\n\r\n")])
        .expects(&[Expect::Whole(0)]),
    must(G, "space-before-colon", "9112 5.1",
        "a server MUST reject whitespace between a field name and the colon, with 400")
        .sends(&[get_of!("{file}", "X-Probe : a")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "bare-cr-ends-no-line", "9112 2.2",
        "a bare CR is invalid or a space: here no Host is left, which MUST get 400")
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nX-Probe: a\rHost: {host}\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "folded-line-is-no-field", "9112 5.2",
        "obs-fold MUST be refused or replaced by spaces: no Host is left, which MUST get 400")
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\nX-Probe: a\r\n Host: {host}\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    must(G, "folded-first-line-is-no-field", "9112 2.2",
        "a line that begins with a space behind the request line MUST be refused or consumed: no Host is left")
        .sends(&[Part::Ask("GET {file} HTTP/1.1\r\n Host: {host}\r\n\r\n")])
        .expects(&[Expect::Status(&[400])]),
    should(G, "field-without-a-colon", "9112 2.2", GRAMMAR)
        .sends(&[get_of!("{file}", "X-Probe")])
        .until(Until::Silent)
        .expects(REFUSED),
    should(G, "field-name-that-is-no-token", "9112 2.2", GRAMMAR)
        .sends(&[get_of!("{file}", "X(Probe): a")])
        .until(Until::Silent)
        .expects(REFUSED),
    should(G, "field-without-a-name", "9112 2.2", GRAMMAR)
        .sends(&[get_of!("{file}", ": a")])
        .until(Until::Silent)
        .expects(REFUSED),
    should(G, "target-with-a-space", "9112 3.2", LINE)
        .sends(&[get_of!("{missing} x")])
        .expects(NO_LINE),
    should(G, "target-with-a-control-character", "9112 3.2", LINE)
        .sends(&[get_of!("{file}{and}a\x01b")])
        .expects(NO_LINE),
    should(G, "target-with-a-nul", "9112 3.2", LINE)
        .sends(&[get_of!("{file}{and}a\0b")])
        .expects(NO_LINE),
    should(G, "target-with-raw-utf-8", "9112 3.2", LINE)
        .sends(&[get_of!("{file}{and}é")])
        .expects(NO_LINE),
    should(G, "target-with-a-fragment", "9112 3.2", LINE)
        .sends(&[get_of!("{file}#part")])
        .expects(NO_LINE),
    should(G, "target-without-a-slash", "9112 3.2", LINE)
        .sends(&[get_of!("tallyd-probe")])
        .expects(NO_LINE),
    should(G, "line-without-a-version", "9112 2.2", GRAMMAR)
        .sends(&[Part::Ask("GET {file}\r\n\r\n")])
        .until(Until::Silent)
        .expects(REFUSED),
    should(G, "version-in-small-letters", "9112 2.3",
        "HTTP-version is case-sensitive: what does not match SHOULD get 400")
        .sends(&[Part::Ask("GET {file} http/1.1\r\nHost: {host}\r\n\r\n")])
        .until(Until::Silent)
        .expects(REFUSED),
    should(G, "version-with-two-digits", "9112 2.3",
        "HTTP-version has one digit on each side: what does not match SHOULD get 400")
        .sends(&[Part::Ask("GET {file} HTTP/1.10\r\nHost: {host}\r\n\r\n")])
        .until(Until::Silent)
        .expects(REFUSED),
    should(G, "version-with-a-higher-minor", "9110 2.5",
        "a higher minor version SHOULD be processed as the highest one that is known")
        .sends(&[Part::Ask("GET {file} HTTP/1.2\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::Whole(0)]),
    advice(G, "version-with-another-major", "9110 15.6.6",
        "505 says that the major version is refused; 400 will do")
        .sends(&[Part::Ask("GET {file} HTTP/3.0\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::Status(&[505, 400])]),
    should(G, "empty-line-in-front", "9112 2.2",
        "a server SHOULD ignore at least one empty line before the request-line")
        .sends(&[Part::Ask("\r\nGET {file} HTTP/1.1\r\nHost: {host}\r\n\r\n")])
        .expects(&[Expect::Whole(0)]),
    advice(G, "no-host-in-1-0", "9112 3.2", "Host is demanded of requests of HTTP/1.1, not of 1.0")
        .sends(&[Part::Ask("GET {file} HTTP/1.0\r\n\r\n")])
        .expects(&[Expect::Status(&[200, 301, 302, 307, 308, 404])]),
];
