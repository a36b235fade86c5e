//! How values that end up in a reply are written: content types, header fields, globs, redirects, host names.

use tallyd_http::status::Status;

use super::{HeaderRule, Redirect};

/// Fields that say how a message is framed or what a file is. The server writes them from what it knows;
/// a second one from the configuration would make a reply that lies.
const OWN_FIELDS: &[&str] = &[
    "accept-ranges",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// An extension and its content type: `md`, `text/markdown; charset=utf-8`.
pub(super) fn content_type(extension: &str, value: &str) -> Result<(String, String), String> {
    let name = extension.strip_prefix('.').unwrap_or(extension);
    if name.is_empty() || name.contains(['.', '/']) {
        return Err(format!(
            "{extension:?} is not an extension: write what follows the last dot of a name, such as \"md\""
        ));
    }
    if !is_content_type(value) {
        return Err(format!(
            "{value:?} is not a content type: write TYPE/SUBTYPE, such as \"text/markdown\""
        ));
    }
    Ok((name.to_lowercase(), value.to_owned()))
}

/// A header for the paths that match a glob: `/assets/**`, `X-Frame-Options: DENY`.
pub(super) fn header(glob: &str, line: &str) -> Result<HeaderRule, String> {
    let glob = self::glob(glob)?;
    let Some((name, value)) = line.split_once(':') else {
        return Err(format!("{line:?} is not a header: write \"Name: value\""));
    };
    if !is_token(name) {
        return Err(format!("{name:?} is not a header name"));
    }
    let lower = name.to_ascii_lowercase();
    if lower == "content-type" {
        return Err("Content-Type follows the extension: set it in types".to_owned());
    }
    if OWN_FIELDS.contains(&lower.as_str()) {
        return Err(format!(
            "{name} is written by the server itself, from what it sends"
        ));
    }
    let value = field_value(value)?;
    let name = name.to_owned();
    Ok(HeaderRule { glob, name, value })
}

/// The `Cache-Control` for the paths that match a glob.
pub(super) fn cache_control(glob: &str, value: &str) -> Result<(String, String), String> {
    Ok((self::glob(glob)?, field_value(value)?))
}

/// A path that moved: `/old` or `/old/*`, and `[STATUS ]TARGET`.
pub(super) fn redirect(from: &str, value: &str) -> Result<Redirect, String> {
    let (status, to) = match value.split_once(' ') {
        Some((status, to)) => (redirect_status(status)?, to.trim_start()),
        None => (Status::MOVED, value),
    };
    let stem = from.strip_suffix('*');
    if !from.starts_with('/') || stem.unwrap_or(from).contains('*') {
        return Err(format!(
            "{from:?} is not a path: it starts with /, and a * may stand only at its end"
        ));
    }
    redirect_target(to)?;
    if to.matches('*').count() > usize::from(stem.is_some()) {
        return Err(format!(
            "{to:?}: a * stands for what the * of {from:?} left over, so there is one at most, and only then"
        ));
    }
    if from == to || stem.is_some_and(|stem| to.starts_with(stem)) {
        return Err(format!("{from:?} leads back to itself"));
    }
    let (from, to) = (from.to_owned(), to.to_owned());
    Ok(Redirect { from, to, status })
}

fn redirect_status(text: &str) -> Result<Status, String> {
    match text {
        "301" => Ok(Status::MOVED),
        "302" => Ok(Status::FOUND),
        "303" => Ok(Status::SEE_OTHER),
        "307" => Ok(Status::TEMPORARY_REDIRECT),
        "308" => Ok(Status::PERMANENT_REDIRECT),
        _ => Err(format!(
            "{text:?} is not a status of a redirect: write 301, 302, 303, 307 or 308, a space and the target"
        )),
    }
}

/// A target goes into the `Location` field as it stands, so it must be a URL already.
fn redirect_target(to: &str) -> Result<(), String> {
    if !["/", "http://", "https://"]
        .iter()
        .any(|start| to.starts_with(start))
    {
        return Err(format!(
            "{to:?} is not a target: it starts with /, http:// or https://"
        ));
    }
    if !to.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "{to:?} must be written as in a URL: spaces and letters beyond ASCII as %XX"
        ));
    }
    Ok(())
}

/// The name of a virtual host as it is compared: lower case, without the dot at its end.
pub(super) fn host_name(name: &str) -> Result<String, String> {
    let plain = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let is_address = plain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = plain.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    });
    if is_address || is_name {
        return Ok(plain);
    }
    Err(format!(
        "{name:?} is not the name of a host: write it without port and wildcards, such as \"example.org\""
    ))
}

/// A name tried in a directory.
pub(super) fn file_name(text: &str) -> Result<String, String> {
    if text.is_empty() || text == "." || text == ".." || text.contains(['/', '\0']) {
        return Err(format!("{text:?} is not the name of a file"));
    }
    Ok(text.to_owned())
}

/// A pattern for names (`*.css`) or, with a slash in it, for whole paths. A path starts with a slash, so
/// `assets/**` could never match, and whoever wrote it should hear so.
fn glob(text: &str) -> Result<String, String> {
    if text.is_empty() || (text.contains('/') && !text.starts_with(['/', '*', '?', '[', '{', '!']))
    {
        return Err(format!(
            "{text:?} matches no path: it must start with / or *"
        ));
    }
    Ok(text.to_owned())
}

/// RFC 9110 section 5.5: no control characters but the tab; blanks around it do not count.
fn field_value(text: &str) -> Result<String, String> {
    let value = text.trim_matches([' ', '\t']);
    if value.chars().any(|c| c.is_ascii_control() && c != '\t') {
        return Err(format!(
            "{value:?} has control characters, which a header cannot carry"
        ));
    }
    Ok(value.to_owned())
}

/// RFC 9110 section 8.3.1: `type/subtype` and parameters.
fn is_content_type(text: &str) -> bool {
    let mut parts = text.split(';');
    let kind = parts.next().unwrap_or("").trim_end();
    let is_kind = kind
        .split_once('/')
        .is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    is_kind && parts.all(|part| is_parameter(part.trim_matches([' ', '\t'])))
}

/// `name=token`, or `name="text"` without quotes and semicolons inside, which no content type needs.
fn is_parameter(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else {
        return false;
    };
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let is_plain = |text: &str| {
        text.bytes()
            .all(|c| matches!(c, b' '..=b'~') && c != b'"' && c != b'\\')
    };
    is_token(name) && quoted.map_or_else(|| is_token(value), is_plain)
}

/// RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c))
}
