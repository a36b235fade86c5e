//! Where a server is and what is asked of it: `http://host:port/path?query`.
//!
//! Promises: the target goes on the wire as it was typed, but for the fragment, which no server sees, and for bytes
//! that no request line can have, which are percent-encoded (RFC 3986 2.1). Must not know: what is asked there.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// The port that is meant where none is named (RFC 9110 4.2.1).
const PORT: u16 = 80;

/// A URL of plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// A name or an address; that of IPv6 without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query, as they go on the wire.
    pub target: String,
}

/// Why this is no URL to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UrlError {
    /// TLS is not there yet.
    Tls,
    /// Another scheme.
    Scheme(String),
    /// Nothing between the slashes.
    NoHost,
    /// What stands there is neither a name nor an address.
    Host(String),
    /// Not a number from 1 to 65535.
    Port(String),
    /// A name and a password before the host.
    User,
}

impl fmt::Display for UrlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UrlError::Tls => {
                out.write_str("https is not there yet: this program speaks plain http")
            }
            UrlError::Scheme(scheme) => write!(out, "{scheme}: is not http:"),
            UrlError::NoHost => {
                out.write_str("there is no host in it; write http://HOST:PORT/PATH")
            }
            UrlError::Host(host) => write!(out, "{host:?} is neither a name nor an address"),
            UrlError::Port(port) => write!(out, "{port:?} is not a port from 1 to 65535"),
            UrlError::User => out.write_str(
                "it has a name before the host; say it by -H 'Authorization: ...' instead",
            ),
        }
    }
}

impl std::error::Error for UrlError {}

impl Url {
    /// What `text` names. Without a scheme, http is meant.
    pub fn parse(text: &str) -> Result<Url, UrlError> {
        let rest = without_scheme(text)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(UrlError::User);
        }
        let (host, port) = host_and_port(authority)?;
        Ok(Url {
            host: host.to_owned(),
            port,
            target: on_the_wire(target),
        })
    }

    /// The same server, asked for something else.
    #[must_use]
    pub fn with_target(&self, target: &str) -> Url {
        Url {
            target: on_the_wire(target),
            ..self.clone()
        }
    }

    /// What Host says (RFC 9112 3.2).
    #[must_use]
    pub fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match self.port {
            PORT => host,
            port => format!("{host}:{port}"),
        }
    }

    /// The addresses of the host, in the system's order.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let found = (self.host.as_str(), self.port).to_socket_addrs()?;
        let found: Vec<SocketAddr> = found.collect();
        match found.is_empty() {
            true => Err(io::Error::other("the name has no address")),
            false => Ok(found),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "http://{}{}", self.authority(), self.target)
    }
}

fn without_scheme(text: &str) -> Result<&str, UrlError> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok(text);
    };
    // The name of a path or query may have "://" in it too.
    if scheme.contains(['/', '?', '#']) {
        return Ok(text);
    }
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Ok(rest),
        "https" => Err(UrlError::Tls),
        _ => Err(UrlError::Scheme(scheme.to_owned())),
    }
}

fn host_and_port(authority: &str) -> Result<(&str, u16), UrlError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest
                .split_once(']')
                .ok_or_else(|| UrlError::Host(authority.to_owned()))?;
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(UrlError::Host(host.to_owned()));
            }
            (host, port)
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            authority.split_at_checked(end).unwrap_or((authority, ""))
        }
    };
    if host.is_empty() {
        return Err(UrlError::NoHost);
    }
    if host.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(UrlError::Host(host.to_owned()));
    }
    Ok((host, port_of(port)?))
}

fn port_of(text: &str) -> Result<u16, UrlError> {
    match text.strip_prefix(':') {
        None if text.is_empty() => Ok(PORT),
        Some("") => Ok(PORT),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| UrlError::Port(digits.to_owned())),
        _ => Err(UrlError::Port(text.trim_start_matches(':').to_owned())),
    }
}

/// What can stand in a request line: a slash in front, no fragment, nothing that ends the line or the word.
fn on_the_wire(target: &str) -> String {
    let target = target.split('#').next().unwrap_or_default();
    let mut out = String::with_capacity(target.len() + 1);
    if !target.starts_with('/') {
        out.push('/');
    }
    for byte in target.bytes() {
        match byte {
            0x21..=0x7e => out.push(char::from(byte)),
            _ => {
                let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
                out.push('%');
                out.push(digit(byte >> 4).to_ascii_uppercase());
                out.push(digit(byte & 15).to_ascii_uppercase());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_and_what_it_says() {
        for (text, host, authority, target) in [
            ("http://h", "h", "h", "/"),
            ("http://h:80/", "h", "h", "/"),
            ("h:8080/a", "h", "h:8080", "/a"),
            ("HTTP://h:/a#part", "h", "h", "/a"),
            ("http://h?x=1", "h", "h", "/?x=1"),
            ("http://[::1]:9/a b", "::1", "[::1]:9", "/a%20b"),
            (
                "127.0.0.1:1/ü?%41",
                "127.0.0.1",
                "127.0.0.1:1",
                "/%C3%BC?%41",
            ),
            ("h/x?to=http://y", "h", "h", "/x?to=http://y"),
            ("h/a\r\nX: 1", "h", "h", "/a%0D%0AX:%201"),
        ] {
            let url = Url::parse(text).unwrap();
            let said = (url.host.as_str(), url.authority(), url.target.as_str());
            assert_eq!(said, (host, authority.to_owned(), target), "{text}");
        }
        let other = Url::parse("http://h:1/a").unwrap().with_target("b c");
        assert_eq!(other.to_string(), "http://h:1/b%20c");
    }

    #[test]
    fn what_is_no_url_is_refused_with_a_reason() {
        for (text, expected) in [
            ("https://h/", "https is not there yet"),
            ("HTTPS://h/", "https is not there yet"),
            ("ftp://h/", "ftp: is not http:"),
            ("", "there is no host"),
            ("http:///a", "there is no host"),
            ("http://:80/", "there is no host"),
            ("/a", "there is no host"),
            ("http://h:0/", "\"0\" is not a port"),
            ("http://h:65536/", "\"65536\" is not a port"),
            ("http://h:+1/", "\"+1\" is not a port"),
            ("http://::1/", "there is no host"),
            ("http://[::1", "\"[::1\" is neither"),
            ("http://[h]/", "\"h\" is neither"),
            ("http://[::1]x/", "\"x\" is not a port"),
            ("http://a b/", "\"a b\" is neither"),
            ("http://me:secret@h/", "it has a name before the host"),
        ] {
            let error = Url::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_name_without_an_address_is_an_error() {
        let url = Url::parse("http://no-such-name.invalid/").unwrap();
        assert!(url.addresses().is_err());
        let here = Url::parse("127.0.0.1:7/").unwrap().addresses().unwrap();
        assert_eq!(here, ["127.0.0.1:7".parse().unwrap()]);
    }
}
