//! Addresses to accept connections at: how they are written, and how `port`, `listen` and
//! `allow-privileged-port` work together.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::problem::{Outcome, Place, Problem};
use super::typed::{Word, path};
use super::{Listen, values};

/// The kernel's limit: 108 bytes in `sockaddr_un`, one of them the NUL at its end.
const LONGEST_SOCKET_PATH: usize = 107;

/// All addresses, IPv6 and (as the sockets are made dual-stack) IPv4.
const ANY: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// What the options say about addresses, each with its place.
#[derive(Debug)]
pub(super) struct Wanted {
    pub port: (u16, Place),
    pub listen: Vec<(Address, Place)>,
    pub allow_privileged: bool,
}

/// One entry of `listen`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// Complete as it stands.
    Whole(Listen),
    /// An address whose port is the option `port`.
    AnyPort(IpAddr),
}

/// The addresses that follow from all three options.
pub(super) fn addresses(wanted: &Wanted) -> Outcome<Vec<Listen>> {
    let (port, port_place) = &wanted.port;
    let mut problems: Vec<Problem> = useless_port(wanted).into_iter().collect();
    let mut addresses: Vec<(Listen, &Place)> = wanted
        .listen
        .iter()
        .map(|(address, place)| match address {
            Address::Whole(listen) => (listen.clone(), place),
            Address::AnyPort(ip) => (Listen::Tcp(SocketAddr::new(*ip, *port)), port_place),
        })
        .collect();
    if addresses.is_empty() {
        addresses.push((Listen::Tcp(SocketAddr::new(ANY, *port)), port_place));
    }
    let mut seen = HashSet::new();
    for (address, place) in &addresses {
        if !wanted.allow_privileged {
            problems.extend(privileged(address).map(|message| place.problem(message)));
        }
        let is_picked = matches!(address, Listen::Tcp(address) if address.port() == 0);
        if !is_picked && !seen.insert(address) {
            problems.push(place.problem("the same address is listed twice"));
        }
    }
    if problems.is_empty() {
        return Ok(addresses.into_iter().map(|(address, _)| address).collect());
    }
    // Several addresses may share the port, and with it the complaint.
    problems.dedup();
    Err(problems)
}

/// A port that was asked for and that no address would use: whoever typed it expects it to count.
/// In a layer below `listen` it is simply overruled.
fn useless_port(wanted: &Wanted) -> Option<Problem> {
    let (port, place) = &wanted.port;
    let (_, listen) = wanted.listen.first()?;
    let is_used = wanted
        .listen
        .iter()
        .any(|(address, _)| matches!(address, Address::AnyPort(_)));
    let is_overruled = !place.is_beside(listen) && place < listen;
    if is_used || is_overruled {
        return None;
    }
    Some(place.problem(format!(
        "port {port} would not be used: every address of listen ({listen}) has its own; \
         leave it out there or here"
    )))
}

fn privileged(address: &Listen) -> Option<String> {
    match address {
        Listen::Tcp(address) if (1..1024).contains(&address.port()) => Some(format!(
            "port {} is under 1024, which is refused unless it is meant: \
             add --allow-privileged-port (allow-privileged-port = true), or use a port from 1024 on, such as 8080",
            address.port()
        )),
        _ => None,
    }
}

/// An entry of `listen`, as typed.
pub(super) fn address(word: &Word) -> Result<Address, String> {
    let text = word.text()?;
    if let Some(socket) = text.strip_prefix("unix:") {
        return unix(socket, word);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(Address::Whole(Listen::Tcp(address)));
    }
    if !text.is_empty()
        && let Some(ip) = host(text)
    {
        return Ok(Address::AnyPort(ip));
    }
    if text.bytes().all(|c| c.is_ascii_digit()) && !text.is_empty() {
        return port(text).map(|port| tcp(ANY, port));
    }
    let Some((ip, port_text)) = text
        .rsplit_once(':')
        .and_then(|(name, port)| Some((host(name)?, port)))
    else {
        return Err(format!(
            "{text:?} is not an address: write ADDRESS:PORT, [IPv6]:PORT, localhost:PORT, *:PORT, PORT or unix:PATH"
        ));
    };
    port(port_text).map(|port| tcp(ip, port))
}

/// A port's number.
pub(super) fn port(text: &str) -> Result<u16, String> {
    values::number(text, 0..=u16::MAX).map_err(|_| {
        format!("{text:?} is not a port: write 1 to 65535, or 0 for one that the system picks")
    })
}

fn tcp(ip: IpAddr, port: u16) -> Address {
    Address::Whole(Listen::Tcp(SocketAddr::new(ip, port)))
}

/// Names are not looked up: what they mean may change, and an address to listen at must not. IPv6 needs its
/// brackets, because `::1:8080` is an address too.
fn host(text: &str) -> Option<IpAddr> {
    match text {
        "" | "*" => Some(ANY),
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .map_or_else(
                || text.parse().map(IpAddr::V4).ok(),
                |v6| v6.parse().map(IpAddr::V6).ok(),
            ),
    }
}

fn unix(socket: &str, word: &Word) -> Result<Address, String> {
    let socket = path(OsStr::new(socket), &word.place)?;
    if socket.as_os_str().len() > LONGEST_SOCKET_PATH {
        return Err(format!(
            "the path of a Unix socket has at most {LONGEST_SOCKET_PATH} bytes"
        ));
    }
    Ok(Address::Whole(Listen::Unix(socket)))
}
