//! The request as every protocol fills it in: borrowed from the bytes of its head, never decoded.
//!
//! Must not know: how it came (HTTP/1, 2 or 3). List fields that came on several lines are one list here.

use std::borrow::Cow;

/// One request: what was asked, and the fields that this server looks at.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What is to be done.
    pub method: Method,
    /// The method as it was sent, for the log.
    pub verb: &'a [u8],
    /// The target as it was sent, whole, for the log.
    pub target: &'a [u8],
    /// The path of the target, not decoded; `*` for `OPTIONS *`, the whole target for CONNECT.
    pub path: &'a [u8],
    /// What follows the first `?` of the target.
    pub query: Option<&'a [u8]>,
    /// The version that the client speaks.
    pub version: Version,
    /// The authority: that of an absolute-form target, else the Host field (RFC 9112 section 3.2.2); else empty.
    pub host: &'a [u8],
    /// Accept, RFC 9110 section 12.5.1.
    pub accept: Option<Cow<'a, [u8]>>,
    /// Accept-Encoding, RFC 9110 section 12.5.3.
    pub accept_encoding: Option<Cow<'a, [u8]>>,
    /// Range, RFC 9110 section 14.2; a doubled one counts as absent.
    pub range: Option<&'a [u8]>,
    /// If-Range, RFC 9110 section 13.1.5.
    pub if_range: Option<&'a [u8]>,
    /// If-Match, RFC 9110 section 13.1.1.
    pub if_match: Option<Cow<'a, [u8]>>,
    /// If-None-Match, RFC 9110 section 13.1.2.
    pub if_none_match: Option<Cow<'a, [u8]>>,
    /// If-Modified-Since, RFC 9110 section 13.1.3.
    pub if_modified_since: Option<&'a [u8]>,
    /// If-Unmodified-Since, RFC 9110 section 13.1.4.
    pub if_unmodified_since: Option<&'a [u8]>,
    /// Referer, RFC 9110 section 10.1.3.
    pub referer: Option<&'a [u8]>,
    /// User-Agent, RFC 9110 section 10.1.5.
    pub user_agent: Option<&'a [u8]>,
    /// A proxy has sent it on: there is a Forwarded (RFC 7239), Via (RFC 9110 section 7.6.3) or X-Forwarded-For.
    pub forwarded: bool,
    /// Tallyd-Internal: who asks says that it belongs to us. To be verified.
    pub internal: Option<&'a [u8]>,
}

impl Request<'_> {
    /// The host without its port and without the dot of a rooted name; an IPv6 address keeps its brackets.
    #[must_use]
    pub fn host_name(&self) -> &[u8] {
        let name = without_port(self.host);
        name.strip_suffix(b".").unwrap_or(name)
    }
}

fn without_port(host: &[u8]) -> &[u8] {
    let end = if host.starts_with(b"[") {
        memchr::memchr(b']', host).map(|bracket| bracket + 1)
    } else {
        memchr::memchr(b':', host)
    };
    end.and_then(|end| host.get(..end)).unwrap_or(host)
}

/// What is to be done. Names are case-sensitive (RFC 9110 section 9.1): `get` is `Other`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Send the file.
    Get,
    /// Send what GET would send, without the body.
    Head,
    /// Process the body; refused for files unless told otherwise.
    Post,
    /// Say what is allowed.
    Options,
    /// Any other token: not implemented.
    Other,
}

impl Method {
    /// The method that this token names.
    #[must_use]
    pub fn of(verb: &[u8]) -> Self {
        match verb {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }
}

/// The versions that are spoken on a plain port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: no Host needed, no keep-alive unless asked for, no chunked body.
    Http10,
    /// HTTP/1.1.
    Http11,
}

impl Version {
    /// The name on the wire and in the log.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}

#[cfg(test)]
impl<'a> Request<'a> {
    /// A plain GET for the tests of this crate to fill in.
    pub(crate) fn plain(path: &'a [u8]) -> Self {
        Self {
            method: Method::Get,
            verb: b"GET",
            target: path,
            path,
            query: None,
            version: Version::Http11,
            host: b"localhost",
            accept: None,
            accept_encoding: None,
            range: None,
            if_range: None,
            if_match: None,
            if_none_match: None,
            if_modified_since: None,
            if_unmodified_since: None,
            referer: None,
            user_agent: None,
            forwarded: false,
            internal: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_name_has_no_port_and_no_last_dot() {
        let check = |host: &str, expected: &str| {
            let request = Request {
                host: host.as_bytes(),
                ..Request::plain(b"/")
            };
            assert_eq!(request.host_name(), expected.as_bytes(), "{host}");
        };
        // RFC 3986 section 3.2.2 and 3.2.3.
        check("example.com", "example.com");
        check("example.com:8080", "example.com");
        check("example.com:", "example.com");
        check("example.com.", "example.com");
        check("example.com.:80", "example.com");
        check("127.0.0.1:80", "127.0.0.1");
        check("[::1]", "[::1]");
        check("[::1]:80", "[::1]");
        check("[::1", "[::1");
        check("", "");
    }

    #[test]
    fn method_names_are_case_sensitive() {
        // RFC 9110 section 9.1.
        assert_eq!(Method::of(b"GET"), Method::Get);
        assert_eq!(Method::of(b"HEAD"), Method::Head);
        assert_eq!(Method::of(b"POST"), Method::Post);
        assert_eq!(Method::of(b"OPTIONS"), Method::Options);
        for other in [
            b"get".as_slice(),
            b"Get",
            b"PUT",
            b"TRACE",
            b"CONNECT",
            b"GETX",
            b"",
        ] {
            assert_eq!(Method::of(other), Method::Other);
        }
    }

    #[test]
    fn versions_have_their_names() {
        assert_eq!(Version::Http10.as_str(), "HTTP/1.0");
        assert_eq!(Version::Http11.as_str(), "HTTP/1.1");
    }
}
