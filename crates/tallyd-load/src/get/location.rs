//! Where a redirect leads (RFC 3986 5.2), what is asked there (RFC 9110 15.4), and what a download is called.

use crate::url::Url;

use super::Wish;

/// Fields that are for the server they were typed for, and for no other.
const SECRETS: [&str; 4] = ["host", "authorization", "cookie", "proxy-authorization"];

/// The URL that `reference` means, seen from `base`; why it is none to ask.
pub fn resolve(base: &Url, reference: &str) -> Result<Url, String> {
    let reference = reference.split('#').next().unwrap_or_default();
    if let Some(rest) = reference.strip_prefix("//") {
        return Url::parse(&format!("http://{rest}")).map_err(|error| error.to_string());
    }
    if let Some(scheme) = scheme(reference) {
        let rest = reference.strip_prefix(scheme).unwrap_or_default();
        return match rest.starts_with("://") {
            true => Url::parse(reference).map_err(|error| error.to_string()),
            false => Err(format!("{scheme}: is not http:")),
        };
    }
    let (path, query) = match base.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (base.target.as_str(), None),
    };
    let target = match reference.split_once('?') {
        _ if reference.is_empty() => match query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        },
        Some(("", query)) => format!("{path}?{query}"),
        Some((to, query)) => format!("{}?{query}", joined(path, to)),
        None => joined(path, reference),
    };
    Ok(base.with_target(&target))
}

/// What stands before a colon, where that is the name of a scheme.
fn scheme(reference: &str) -> Option<&str> {
    let (scheme, _) = reference.split_once(':')?;
    let mut letters = scheme.bytes();
    let is_name = letters.next()?.is_ascii_alphabetic()
        && letters.all(|letter| letter.is_ascii_alphanumeric() || b"+-.".contains(&letter));
    is_name.then_some(scheme)
}

fn joined(base: &str, to: &str) -> String {
    if to.starts_with('/') {
        return without_dots(to);
    }
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    without_dots(&format!("{folder}/{to}"))
}

/// Without `.` and `..` (RFC 3986 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// The same wish there. What was typed for one server is not told to another.
pub(super) fn moved(mut wish: Wish, url: Url, status: u16) -> Wish {
    let is_other = (&url.host, url.port) != (&wish.url.host, wish.url.port);
    if is_other {
        let is_secret = |name: &str| {
            SECRETS
                .iter()
                .any(|secret| name.eq_ignore_ascii_case(secret))
        };
        wish.request.fields.retain(|(name, _)| !is_secret(name));
    }
    let method = wish.request.method.as_str();
    if status == 303 && method != "HEAD" || matches!(status, 301 | 302) && method == "POST" {
        "GET".clone_into(&mut wish.request.method);
        let is_length = |name: &str| name.eq_ignore_ascii_case("content-length");
        wish.request.fields.retain(|(name, _)| !is_length(name));
    }
    wish.url = url;
    wish
}

/// The last part of the path, decoded, as the name of a file; none if it is not a plain one.
#[must_use]
pub fn file_name(url: &Url) -> Option<String> {
    let path = url.target.split('?').next()?;
    let name = String::from_utf8(decoded(path.rsplit('/').next()?)).ok()?;
    let is_plain = !matches!(name.as_str(), "" | "." | "..")
        && !name.contains(['/', '\0'])
        && !name.chars().any(char::is_control);
    is_plain.then_some(name)
}

fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        let escaped = match (byte, behind) {
            (b'%', [high, low, behind @ ..]) => digit(*high)
                .zip(digit(*low))
                .map(|(high, low)| (high << 4 | low, behind)),
            _ => None,
        };
        let (byte, behind) = escaped.unwrap_or((*byte, behind));
        out.push(byte);
        rest = behind;
    }
    out
}

fn digit(letter: u8) -> Option<u8> {
    let digit = char::from(letter).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Request;
    use std::time::Duration;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_reference_is_seen_from_where_it_stands() {
        let base = url("http://h:1/a/b/c?q=1");
        for (reference, expected) in [
            ("http://other/x", "http://other/x"),
            ("//other:2/x", "http://other:2/x"),
            ("/x", "http://h:1/x"),
            ("x", "http://h:1/a/b/x"),
            ("../x?y=../z#part", "http://h:1/a/x?y=../z"),
            ("../../../../x", "http://h:1/x"),
            ("./", "http://h:1/a/b/"),
            ("..", "http://h:1/a/"),
            ("?y", "http://h:1/a/b/c?y"),
            ("", "http://h:1/a/b/c?q=1"),
            ("x:y/z", "x: is not http:"),
            ("x/http://y", "http://h:1/a/b/x/http://y"),
            ("a b\u{e9}", "http://h:1/a/b/a%20b%C3%A9"),
            (
                "https://h/",
                "https is not there yet: this program speaks plain http",
            ),
            ("ftp://h/", "ftp: is not http:"),
        ] {
            let found = match resolve(&base, reference) {
                Ok(url) => url.to_string(),
                Err(why) => why,
            };
            assert_eq!(found, expected, "{reference}");
        }
    }

    #[test]
    fn secrets_are_for_the_server_they_were_typed_for() {
        let wish = |method: &str| Wish {
            url: url("http://h/a"),
            request: Request::new(method, "/a")
                .field("Authorization", "s")
                .field("X", "1")
                .field("Content-Length", "0"),
            patience: Duration::from_secs(1),
            rate: None,
            most_moves: 1,
        };
        let fields = |wish: Wish| wish.request.fields.len();
        assert_eq!(fields(moved(wish("GET"), url("http://h/b"), 302)), 3);
        assert_eq!(fields(moved(wish("GET"), url("http://h:8/b"), 302)), 2);
        for (method, status, expected) in [
            ("POST", 302, "GET"),
            ("POST", 307, "POST"),
            ("PUT", 303, "GET"),
            ("HEAD", 303, "HEAD"),
        ] {
            let there = moved(wish(method), url("http://h/b"), status);
            assert_eq!(there.request.method, expected);
        }
    }

    #[test]
    fn a_file_has_the_last_name_of_the_path_if_that_is_one() {
        for (text, expected) in [
            ("http://h/a/b.zip?x=/y", Some("b.zip")),
            ("http://h/my%20file%C3%BC", Some("my file\u{fc}")),
            ("http://h/100%", Some("100%")),
            ("http://h/", None),
            ("http://h/a/..", None),
            ("http://h/%2e%2e", None),
            ("http://h/a%2Fb", None),
            ("http://h/a%00", None),
            ("http://h/a%0a", None),
            ("http://h/%ff", None),
        ] {
            assert_eq!(file_name(&url(text)).as_deref(), expected, "{text}");
        }
    }
}
