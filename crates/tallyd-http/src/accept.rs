//! Whether a listing goes out as a page or as JSON (RFC 9110 section 12.5.1).

use crate::list::{self, Quality};

/// The two forms of a directory listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// A page for people.
    Html,
    /// For programs.
    Json,
}

/// The form that the client prefers; a page on ties, and where neither is named: there is no 406.
#[must_use]
pub fn listing(accept: Option<&[u8]>) -> Listing {
    let Some(accept) = accept else {
        return Listing::Html;
    };
    let html = quality_of(accept, b"text", b"html");
    let json = quality_of(accept, b"application", b"json");
    if json > html {
        Listing::Json
    } else {
        Listing::Html
    }
}

/// The quality of the most specific range that covers the type; parameters of a range are passed over.
fn quality_of(accept: &[u8], kind: &[u8], subtype: &[u8]) -> Quality {
    let mut best = (0, 0);
    for (range, quality) in list::members(accept).filter_map(list::weighted) {
        let specificity = specificity(range, kind, subtype);
        if specificity > best.0 {
            best = (specificity, quality);
        }
    }
    best.1
}

/// 3 for `text/html`, 2 for `text/*`, 1 for `*/*`, 0 for what does not cover the type.
fn specificity(range: &[u8], kind: &[u8], subtype: &[u8]) -> u8 {
    let mut halves = range.splitn(2, |&byte| byte == b'/');
    let (Some(range_kind), Some(range_subtype)) = (halves.next(), halves.next()) else {
        return 0;
    };
    match (range_kind, range_subtype) {
        (b"*", b"*") => 1,
        (a, b"*") if a.eq_ignore_ascii_case(kind) => 2,
        (a, b) if a.eq_ignore_ascii_case(kind) && b.eq_ignore_ascii_case(subtype) => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_only_where_it_is_preferred() {
        use Listing::{Html, Json};
        let check = |accept: &str, expected: Listing| {
            assert_eq!(listing(Some(accept.as_bytes())), expected, "{accept:?}");
        };
        // RFC 9110 section 12.5.1.
        check("", Html);
        check("*/*", Html);
        check("text/html", Html);
        check("application/json", Json);
        check("Application/JSON", Json);
        check("application/json, */*", Html);
        check("application/json, */*;q=0.1", Json);
        check("application/json, text/html", Html);
        check("application/json;q=0.9, text/html;q=0.8", Json);
        check("application/json;q=0.8, text/html;q=0.9", Html);
        check("application/*", Json);
        check("text/*;q=0.3, application/json;q=0.5, */*", Json);
        check("application/json;q=0, */*", Html);
        check("text/html;q=0, */*", Json);
        check("text/html;level=1, application/json", Html);
        check("application/json; charset=utf-8", Json);
        // What a browser sends.
        check(
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            Html,
        );
        // Malformed.
        check("application/json;q=x", Html);
        check("json", Html);
        check("application", Html);
        check("image/png", Html);
        assert_eq!(listing(None), Html);
    }
}
