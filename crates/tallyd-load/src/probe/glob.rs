//! Names that are like a pattern: `*` is any text, also none; all else is itself.

/// Whether `name` is like `pattern`.
pub(super) fn is_like(name: &str, pattern: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    // Each piece at its first place leaves the most room for those behind it.
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, name, is_so) in [
            ("*", "", true),
            ("*", "range-first", true),
            ("range-*", "range-first", true),
            ("range-*", "if-range-first", false),
            ("*range*", "if-range-first", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("", "a", false),
            ("**", "a", true),
        ] {
            assert_eq!(is_like(name, pattern), is_so, "{pattern} {name}");
        }
    }
}
