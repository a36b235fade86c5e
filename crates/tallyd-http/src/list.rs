//! Comma lists and quality values, shared by the fields that are lists (RFC 9110 section 5.6.1 and 12.4.2).
//!
//! Must not know: which field it reads. What is malformed is left out, never guessed.

/// The members of a comma list, trimmed; empty ones are left out, as RFC 9110 section 5.6.1.2 asks for.
///
/// A comma inside a quoted string also splits: both halves are then malformed members, which no caller accepts.
pub(crate) fn members(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == b',')
        .map(trim)
        .filter(|member| !member.is_empty())
}

/// Without the optional white space around it: only SP and HTAB count (RFC 9110 section 5.6.3).
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// A quality in thousandths, 0..=1000: exact, where a float is not.
pub(crate) type Quality = u16;

/// The best quality, and the one of a member that names none.
pub(crate) const BEST: Quality = 1000;

/// The name of a member such as `gzip;q=0.5`, and its quality; `None` if its quality is malformed.
///
/// Parameters other than `q` are passed over.
pub(crate) fn weighted(member: &[u8]) -> Option<(&[u8], Quality)> {
    let mut parts = member.split(|&byte| byte == b';').map(trim);
    let name = parts.next()?;
    let weight = parts.find_map(|part| match part {
        [b'q' | b'Q', b'=', value @ ..] => Some(value),
        _ => None,
    });
    match weight {
        Some(value) => Some((name, quality(value)?)),
        None => Some((name, BEST)),
    }
}

/// `0`, `1`, or either with up to three decimals (RFC 9110 section 12.4.2).
fn quality(value: &[u8]) -> Option<Quality> {
    let (whole, decimals) = match value {
        [b'0', rest @ ..] => (0, rest),
        [b'1', rest @ ..] => (BEST, rest),
        _ => return None,
    };
    let decimals = match decimals {
        [] => return Some(whole),
        [b'.', decimals @ ..] if decimals.len() <= 3 => decimals,
        _ => return None,
    };
    let mut quality = whole;
    for (digit, worth) in decimals.iter().zip([100, 10, 1]) {
        if !digit.is_ascii_digit() {
            return None;
        }
        quality += Quality::from(digit - b'0') * worth;
    }
    (quality <= BEST).then_some(quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_members_are_left_out() {
        // RFC 9110 section 5.6.1.2: ", a,, b ,," has two members.
        let check = |list: &str, expected: &[&str]| {
            let found: Vec<&[u8]> = members(list.as_bytes()).collect();
            let expected: Vec<&[u8]> = expected.iter().map(|member| member.as_bytes()).collect();
            assert_eq!(found, expected, "{list:?}");
        };
        check("", &[]);
        check(" , ,\t,", &[]);
        check("a", &["a"]);
        check(", a,, b ,,", &["a", "b"]);
        check("a b,\tc", &["a b", "c"]);
    }

    #[test]
    fn qualities_are_exact() {
        // RFC 9110 section 12.4.2.
        let check = |member: &str, expected: Option<(&str, Quality)>| {
            let expected = expected.map(|(name, quality)| (name.as_bytes(), quality));
            assert_eq!(weighted(member.as_bytes()), expected, "{member:?}");
        };
        check("gzip", Some(("gzip", 1000)));
        check("gzip;q=1", Some(("gzip", 1000)));
        check("gzip;q=1.000", Some(("gzip", 1000)));
        check("gzip;q=1.", Some(("gzip", 1000)));
        check("gzip;q=0", Some(("gzip", 0)));
        check("gzip;q=0.", Some(("gzip", 0)));
        check("gzip;q=0.5", Some(("gzip", 500)));
        check("gzip;Q=0.25", Some(("gzip", 250)));
        check("gzip ; q=0.001", Some(("gzip", 1)));
        check("text/html;level=1;q=0.7", Some(("text/html", 700)));
        check("gzip;q=1.001", None);
        check("gzip;q=2", None);
        check("gzip;q=0.1234", None);
        check("gzip;q=-1", None);
        check("gzip;q=.5", None);
        check("gzip;q=", None);
        check("gzip;q=0,5", None);
        check("gzip;q=0.x", None);
    }
}
