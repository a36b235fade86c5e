//! Where a hit came from: of a Referer only the host. Paths and queries of other sites are none of our business.

/// The longest host name there is (RFC 1035 section 2.3.4).
const LONGEST: usize = 253;

/// The host that a Referer names, in the case it was written in and without port and user; empty if it names none.
#[must_use]
pub fn host_of(referer: &[u8]) -> &[u8] {
    let host = authority(referer).map(without_user).map(without_port);
    host.filter(|host| is_host(host)).unwrap_or_default()
}

/// What stands between `://` and the path, query or fragment (RFC 3986 section 3). Browsers take a backslash for a
/// slash (WHATWG URL, section 4.4).
fn authority(url: &[u8]) -> Option<&[u8]> {
    let colon = url.iter().position(|byte| *byte == b':')?;
    let (scheme, rest) = url.split_at_checked(colon)?;
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    let rest = rest.strip_prefix(b"://").filter(|_| is_scheme)?;
    rest.split(|byte| b"/?#\\".contains(byte)).next()
}

fn without_user(authority: &[u8]) -> &[u8] {
    authority
        .rsplit(|byte| *byte == b'@')
        .next()
        .unwrap_or_default()
}

/// A port is digits, or nothing at all; the colons of an IPv6 address are inside of brackets.
fn without_port(host: &[u8]) -> &[u8] {
    let colon = host.iter().rposition(|byte| *byte == b':');
    match colon.and_then(|colon| host.split_at_checked(colon)) {
        Some((name, port)) if port.iter().skip(1).all(u8::is_ascii_digit) => name,
        _ => host,
    }
}

/// A name as the DNS has it (or with underscores, as some sites do), or an address.
fn is_host(host: &[u8]) -> bool {
    let inside = host
        .strip_prefix(b"[")
        .and_then(|rest| rest.strip_suffix(b"]"));
    let is_fine = match inside {
        Some(address) => address
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || b":.".contains(byte)),
        None => host
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte)),
    };
    is_fine && host.len() <= LONGEST && host.iter().any(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(referer: &str, expected: &str) {
        assert_eq!(
            host_of(referer.as_bytes()),
            expected.as_bytes(),
            "{referer:?}"
        );
    }

    #[test]
    fn of_a_referer_only_the_host_is_left() {
        check("https://example.org/secret?query#fragment", "example.org");
        check("http://Example.ORG", "Example.ORG");
        check("https://example.org:8443/", "example.org");
        check("https://example.org:/", "example.org");
        check("https://user:word@example.org:80/", "example.org");
        check("https://a@b@example.org/", "example.org");
        check("https://example.org?a=://other.org", "example.org");
        check("https://example.org#@other.org", "example.org");
        check("https://example.org\\@other.org/", "example.org");
        check(
            "android-app://com.google.android.gm/",
            "com.google.android.gm",
        );
        check("http://192.0.2.1:8080/", "192.0.2.1");
        check("http://[2001:db8::1]:8080/", "[2001:db8::1]");
        check("http://[2001:db8::1]/", "[2001:db8::1]");
        check("https://xn--bcher-kva.example/", "xn--bcher-kva.example");
        check("http://my_host/", "my_host");
    }

    #[test]
    fn what_names_no_host_is_empty() {
        for referer in [
            "",
            "-",
            "about:blank",
            "example.org",
            "/path",
            "//example.org/",
            "https:/example.org/",
            "https:///path",
            "https://./",
            "https://[::]/",
            "https://user@/",
            "://example.org",
            "1http://example.org/",
            "ht tp://example.org/",
            "https://exa mple.org/",
            "https://example.org:80a/",
            "https://b\u{fc}cher.example/",
            "https://%65xample.org/",
            "https://example.org<script>/",
            "https://[2001:db8::1/",
            "https://2001:db8::1/",
            "https://a\0b/",
        ] {
            check(referer, "");
        }
        assert_eq!(host_of(b"\xff\xfe://\x80/"), b"");
    }

    #[test]
    fn a_host_is_at_most_as_long_as_names_can_be() {
        let url = |length: usize| format!("http://{}/", "a".repeat(length));
        assert_eq!(host_of(url(253).as_bytes()).len(), 253);
        assert_eq!(host_of(url(254).as_bytes()), b"");
    }
}
