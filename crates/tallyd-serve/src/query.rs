//! The parameters of a target, as forms and programs write them (WHATWG URL, section 5.1).

use percent_encoding::percent_decode;

/// The parameters in their order, decoded. Values are bytes: a path may be any. What is no escape stands for itself.
pub fn pairs(query: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let parts = query.split(|&byte| byte == b'&');
    parts.filter(|part| !part.is_empty()).map(|part| {
        let mut halves = part.splitn(2, |&byte| byte == b'=');
        let mut half = || decoded(halves.next().unwrap_or_default());
        (half(), half())
    })
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_decoded() {
        let check = |query: &str, expected: &[(&str, &str)]| {
            let found: Vec<_> = pairs(query.as_bytes()).collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
                .collect();
            assert_eq!(found, expected, "{query}");
        };
        check("", &[]);
        check("a", &[("a", "")]);
        check("a=&&b=c=d", &[("a", ""), ("b", "c=d")]);
        check("%61=x+y%2B%26", &[("a", "x y+&")]);
        check("a=100%&b=%zz", &[("a", "100%"), ("b", "%zz")]);
        check("=x", &[("", "x")]);
    }
}
