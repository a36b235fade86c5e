//! `/path|address|port|number`: tallyd's own format. It tells of hits in their order, and has no times.

use std::borrow::Cow;
use std::net::IpAddr;

use super::combined::unescaped;
use super::{Said, number, push_escaped};

/// What the line says. It is read from the right: names may hold anything.
pub(super) fn read(line: &[u8]) -> Option<Said<'_>> {
    let mut parts = line.rsplitn(4, |byte| *byte == b'|');
    let (hit, port, address) = (parts.next()?, parts.next()?, parts.next()?);
    let path = parts.next()?;
    number(hit)?;
    number(port)?;
    let address = std::str::from_utf8(address).ok()?;
    if address != "unix:" && address.parse::<IpAddr>().is_err() {
        return None;
    }
    Some(Said {
        method: Cow::Borrowed(b"GET"),
        target: Cow::Owned(escaped(&unescaped(path)).into_bytes()),
        is_of_tally: true,
        ..Said::default()
    })
}

/// The path is a name in the tree, not what was asked for: it is escaped as a link to it would be.
fn escaped(path: &[u8]) -> String {
    let mut target = String::with_capacity(path.len());
    for byte in path {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                target.push(char::from(*byte));
            }
            byte => push_escaped(&mut target, *byte),
        }
    }
    target
}
