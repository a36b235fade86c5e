//! Who may see the admin pages, and who only makes a browser ask for them.
//!
//! Promises: without a token nobody but this machine is answered, and no page of another site, whatever name it
//! gives this machine; with one, nobody without it. Pure.

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tallyd_http::head::values;
use tallyd_http::request::Request;

use crate::config::Token;

/// Where a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A TCP port.
    Port,
    /// A Unix socket, which no browser opens.
    Socket,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is answered.
    Welcome,
    /// It is for another name than ours.
    Misdirected,
    /// A page of another site has asked.
    Foreign,
    /// It needs the token and has none.
    Nameless,
    /// It has a wrong one.
    Wrong,
}

/// Judges a request. `head` is its head, as it came.
#[must_use]
pub fn judge(request: &Request<'_>, head: &[u8], door: Door, token: Option<&Token>) -> Verdict {
    if token.is_none() && door == Door::Port && !is_meant(request.host_name()) {
        return Verdict::Misdirected;
    }
    if is_foreign(request, head) {
        return Verdict::Foreign;
    }
    let Some(token) = token else {
        return Verdict::Welcome;
    };
    match values(head, "authorization").as_slice() {
        [] => Verdict::Nameless,
        [credentials] if given(credentials).is_some_and(|given| token.is(&given)) => {
            Verdict::Welcome
        }
        _ => Verdict::Wrong,
    }
}

/// Whether a Host can only mean us. The page of another site can have its own name point here, and its scripts
/// would then read everything as theirs (DNS rebinding); an address or `localhost` it can't have. No name at all
/// comes with HTTP/1.0 only, which no browser speaks. With a token names need not be checked: a browser sends it
/// only to the name that it was typed for.
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

/// Whether the page of another site has made a browser ask for something within it: it could not read the answer,
/// but it could keep us busy. Following a link from there is another matter (Fetch Metadata, section 2).
fn is_foreign(request: &Request<'_>, head: &[u8]) -> bool {
    let foreign_origin = |origin: &&[u8]| {
        let authority = origin.splitn(2, |&byte| byte == b'/').nth(1);
        let authority = authority.and_then(|rest| rest.strip_prefix(b"/"));
        authority.is_none_or(|authority| !authority.eq_ignore_ascii_case(request.host))
    };
    let is = |name: &str, value: &[u8]| values(head, name).contains(&value);
    let by_origin = values(head, "origin").iter().any(foreign_origin);
    let is_frame = |name: &&[u8]| !name.is_empty() && *name != b"document";
    let is_link =
        is("sec-fetch-mode", b"navigate") && !values(head, "sec-fetch-dest").iter().any(is_frame);
    // Another port of this machine is the same site to a browser, and may well be the files that are served.
    let is_from_elsewhere =
        is("sec-fetch-site", b"cross-site") || is("sec-fetch-site", b"same-site");
    let within_a_page = is_from_elsewhere && !is_link;
    by_origin || within_a_page
}

/// The token that was given: as `Bearer` (RFC 6750 section 2.1), or as the password of `Basic` (RFC 7617 section 2),
/// which browsers ask people for. The user's name may be any.
fn given(credentials: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(credentials).ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(rest).ok()?;
    let colon = pair.iter().position(|&byte| byte == b':')?;
    pair.get(colon + 1..).map(<[u8]>::to_vec)
}
