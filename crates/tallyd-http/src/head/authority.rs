//! Whether a Host field or the authority of a target is one (RFC 3986 section 3.2, RFC 9110 section 4.2).

use std::net::Ipv6Addr;

/// `host [":" port]`: no user, no path, no list, and no empty host (RFC 9110 section 4.2.1 refuses that).
pub(super) fn is_valid(authority: &[u8]) -> bool {
    match split_port(authority) {
        Some((host, port)) => is_host(host) && is_port(port),
        None => false,
    }
}

/// The host, and the digits after its colon; a missing port is an empty one.
fn split_port(authority: &[u8]) -> Option<(&[u8], &[u8])> {
    let host_end = if authority.starts_with(b"[") {
        memchr::memchr(b']', authority)? + 1
    } else {
        memchr::memchr(b':', authority).unwrap_or(authority.len())
    };
    match authority.split_at_checked(host_end)? {
        (host, []) => Some((host, b"")),
        (host, [b':', port @ ..]) => Some((host, port)),
        _ => None,
    }
}

fn is_port(port: &[u8]) -> bool {
    let add = |number: u32, digit: &u8| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit - b'0'))?;
        Some(number * 10 + digit).filter(|&number| number <= u32::from(u16::MAX))
    };
    port.iter().try_fold(0, add).is_some()
}

fn is_host(host: &[u8]) -> bool {
    match host {
        [b'[', address @ .., b']'] => is_ip_literal(address),
        name => is_name(name.strip_suffix(b".").unwrap_or(name)),
    }
}

/// An IPv6 address; a zone, which RFC 6874 section 4 lets a server ignore; or an address of the future.
fn is_ip_literal(address: &[u8]) -> bool {
    if let [b'v' | b'V', version, b'.', rest @ ..] = address {
        return version.is_ascii_hexdigit()
            && !rest.is_empty()
            && rest.iter().all(|&byte| is_plain(byte) || byte == b':');
    }
    let Ok(address) = std::str::from_utf8(address) else {
        return false;
    };
    let (address, zone) = address.split_once("%25").unwrap_or((address, "zone"));
    !zone.is_empty() && zone.bytes().all(is_plain) && address.parse::<Ipv6Addr>().is_ok()
}

/// A registered name, or an IPv4 address, which looks like one. No label is empty (RFC 1034 section 3.1), so that
/// `.` and `a..b` are no hosts.
fn is_name(name: &[u8]) -> bool {
    let mut rest = name;
    let mut is_label_empty = true;
    loop {
        let is_dot = rest.first() == Some(&b'.');
        rest = match rest {
            [] => return !is_label_empty,
            [b'.', ..] if is_label_empty => return false,
            [byte, after @ ..] if is_plain(*byte) => after,
            [b'%', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                after
            }
            _ => return false,
        };
        is_label_empty = is_dot;
    }
}

/// unreserved and sub-delims of RFC 3986 section 2, but for the comma: two hosts in one field are a list.
const fn is_plain(byte: u8) -> bool {
    const OTHERS: u128 = among(b"-._~!$&'()*+;=");
    byte.is_ascii_alphanumeric() || (byte < 128 && OTHERS >> byte & 1 == 1)
}

/// The set of these characters: a bit for each.
const fn among(characters: &[u8]) -> u128 {
    match characters {
        [] => 0,
        [first, rest @ ..] => 1 << *first | among(rest),
    }
}
