//! Paths: the rows of RFC 3986, every way out of the root that we could think of, and the way back into links.

use super::*;
use proptest::prelude::*;
use std::hint::black_box;

fn check(path: &str, expected: Result<&str, TargetError>) {
    let found =
        clean(path.as_bytes()).map(|path| String::from_utf8_lossy(path.as_bytes()).into_owned());
    assert_eq!(found, expected.map(str::to_owned), "{path:?}");
}

#[test]
fn dots_and_empty_segments_are_resolved() {
    // RFC 3986 section 5.2.4.
    check("/", Ok("/"));
    check("/a", Ok("/a"));
    check("/a/b/c", Ok("/a/b/c"));
    check("/a/", Ok("/a/"));
    check("//", Ok("/"));
    check("//a///b//", Ok("/a/b/"));
    check("/./a/./b", Ok("/a/b"));
    check("/a/.", Ok("/a/"));
    check("/a/b/..", Ok("/a/"));
    check("/a/b/../", Ok("/a/"));
    check("/a/../b", Ok("/b"));
    check("/a/..", Ok("/"));
    check("/.", Ok("/"));
    check("/a/b/../../c/./d/../e", Ok("/c/e"));
    check("/a//../b", Ok("/b"));
    // Only whole segments are special.
    check("/...", Ok("/..."));
    check("/..a", Ok("/..a"));
    check("/a..", Ok("/a.."));
    check("/do..ts.txt", Ok("/do..ts.txt"));
    check("/.hidden", Ok("/.hidden"));
    check("/..;/x", Ok("/..;/x"));
    check("/..\\x", Ok("/..\\x"));
}

#[test]
fn escapes_are_decoded_once() {
    // RFC 3986 section 2.1 and 2.4.
    check("/%61%62", Ok("/ab"));
    check("/a%20b", Ok("/a b"));
    check("/a+b", Ok("/a+b"));
    check("/what%3f.jpg", Ok("/what?.jpg"));
    check("/caf%c3%a9", Ok("/caf\u{e9}"));
    check("/caf%C3%A9", Ok("/caf\u{e9}"));
    check("/%252e%252e", Ok("/%2e%2e"));
    check("/%25", Ok("/%"));
    check("/a%2Fb", Ok("/a/b"));
    check("/a%2f", Ok("/a/"));
    check("/%2f%2fa", Ok("/a"));
    check("/back%5Cslash", Ok("/back\\slash"));
    check("/a%0d%0ab", Ok("/a\r\nb"));
    check("/%2e", Ok("/"));
    check("/a/%2E%2e/b", Ok("/b"));
    check("/a%2f..%2fb", Ok("/b"));
}

#[test]
fn what_is_no_path_below_the_root_is_an_error() {
    check("", Err(TargetError::NotAbsolute));
    check("a", Err(TargetError::NotAbsolute));
    check("*", Err(TargetError::NotAbsolute));
    check("%2fa", Err(TargetError::NotAbsolute));
    check("../a", Err(TargetError::NotAbsolute));
    check("/%", Err(TargetError::BadEscape));
    check("/%4", Err(TargetError::BadEscape));
    check("/%zz", Err(TargetError::BadEscape));
    check("/%4g", Err(TargetError::BadEscape));
    check("/%%41", Err(TargetError::BadEscape));
    check("/%u0041", Err(TargetError::BadEscape));
    check("/% 20", Err(TargetError::BadEscape));
    check("/a\0b", Err(TargetError::Nul));
    check("/a%00", Err(TargetError::Nul));
    check("/%00/../a", Err(TargetError::Nul));
    check("/..", Err(TargetError::AboveRoot));
    check("/../", Err(TargetError::AboveRoot));
    check("/../a", Err(TargetError::AboveRoot));
    check("/a/../..", Err(TargetError::AboveRoot));
    check("/a/../../a", Err(TargetError::AboveRoot));
    check("/%2e%2e/a", Err(TargetError::AboveRoot));
    check("/.%2E/a", Err(TargetError::AboveRoot));
    check("/..%2fa", Err(TargetError::AboveRoot));
    check("//..", Err(TargetError::AboveRoot));
    check("/./..", Err(TargetError::AboveRoot));
}

#[test]
fn a_clean_path_is_borrowed() {
    for path in [
        "/",
        "/a",
        "/a/b/",
        "/a.b/c.d",
        "/.well-known/x",
        "/...",
        "/caf\u{e9}",
    ] {
        assert!(
            matches!(clean(path.as_bytes()), Ok(CleanPath(Cow::Borrowed(_)))),
            "{path}"
        );
    }
    assert!(matches!(clean(b"/a//b"), Ok(CleanPath(Cow::Owned(_)))));
}

#[test]
fn the_parts_of_a_path() {
    let check = |path: &str, relative: &str, slash: bool, hidden: bool, extension: Option<&str>| {
        let clean = clean(path.as_bytes()).unwrap();
        assert_eq!(clean.relative(), relative.as_bytes(), "{path}");
        assert_eq!(clean.ends_with_slash(), slash, "{path}");
        assert_eq!(clean.is_hidden(), hidden, "{path}");
        assert_eq!(clean.extension(), extension.map(str::as_bytes), "{path}");
        let joined: Vec<&[u8]> = clean.segments().collect();
        assert_eq!(
            joined.join(&b'/'),
            if relative == "." {
                b""
            } else {
                relative.as_bytes()
            },
            "{path}"
        );
    };
    check("/", ".", true, false, None);
    check("/a", "a", false, false, None);
    check("/a/b.txt", "a/b.txt", false, false, Some("txt"));
    check("/a/b/", "a/b", true, false, None);
    check("/a.d/", "a.d", true, false, None);
    check("/a.d/b", "a.d/b", false, false, None);
    check("/x.tar.gz", "x.tar.gz", false, false, Some("gz"));
    check("/x.", "x.", false, false, None);
    check("/.env", ".env", false, true, None);
    check("/.git/config", ".git/config", false, true, None);
    check(
        "/a/%2esecret/x.txt",
        "a/.secret/x.txt",
        false,
        true,
        Some("txt"),
    );
    check(
        "/.well-known/security.txt",
        ".well-known/security.txt",
        false,
        false,
        Some("txt"),
    );
    check("/.well-known/.x", ".well-known/.x", false, true, None);
    check("/.well-known2/x", ".well-known2/x", false, true, None);
    check("/...", "...", false, true, None);
}

/// Whether opening the path beneath a root would stay there, by counting, not by our own rules.
fn stays_inside(path: &CleanPath<'_>) -> bool {
    let relative = path.relative();
    let names_are_plain = relative == b"."
        || relative
            .split(|&byte| byte == b'/')
            .all(|name| !matches!(name, b"" | b"." | b".."));
    !relative.starts_with(b"/") && !relative.contains(&0) && names_are_plain
}

#[test]
fn no_spelling_leaves_the_root() {
    let dots = [
        "..",
        ".%2e",
        "%2e.",
        "%2e%2e",
        "%2E%2e",
        "%252e%252e",
        "...",
        "..;",
        "..%00",
        "%c0%ae%c0%ae",
    ];
    let dots = dots.iter().chain(&[
        "%e0%80%ae%e0%80%ae",
        "..\\",
        "%2e%2e%5c",
        "..%c0%af",
        ". .",
        "..%20",
        "%uff0e.",
    ]);
    let slashes = [
        "/",
        "//",
        "%2f",
        "%2F",
        "\\",
        "%5c",
        "/./",
        "%2f%2e%2f",
        "%252f",
        "%c0%af",
        "/;/",
        "%2f/",
    ];
    let starts = [
        "/",
        "//",
        "/./",
        "/a/",
        "/a/../",
        "/%2f",
        "/a%2f",
        "/.well-known/",
    ];
    let mut count = 0;
    for dot in dots {
        for slash in slashes {
            for start in starts {
                for depth in [1, 2, 7] {
                    let path =
                        format!("{start}{}etc/passwd", format!("{dot}{slash}").repeat(depth));
                    count += 1;
                    if let Ok(clean) = clean(path.as_bytes()) {
                        assert!(stays_inside(&clean), "{path}");
                    }
                }
            }
        }
    }
    assert!(count >= 500, "{count}");
}

#[test]
fn links_are_safe_and_lead_back() {
    let check = |path: &str, expected: &str, expected_segment: &str| {
        let mut out = Vec::new();
        encode_path(path.as_bytes(), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected);
        out.clear();
        encode_segment(path.as_bytes(), &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected_segment);
    };
    // RFC 3986 section 3.3; & and ' would mean something in HTML.
    check("/a/b", "/a/b", "%2Fa%2Fb");
    check("a b", "a%20b", "a%20b");
    check("a:b@c", "a:b@c", "a%3Ab@c");
    check(
        "a&b'c\"d<e>f",
        "a%26b%27c%22d%3Ce%3Ef",
        "a%26b%27c%22d%3Ce%3Ef",
    );
    check("100%", "100%25", "100%25");
    check("q?#[]", "q%3F%23%5B%5D", "q%3F%23%5B%5D");
    check("-._~!$()*+,;=", "-._~!$()*+,;=", "-._~!$()*+,;=");
    check("caf\u{e9}", "caf%C3%A9", "caf%C3%A9");
    check("a\r\nb\\", "a%0D%0Ab%5C", "a%0D%0Ab%5C");
    // Section 4.2: a reference that begins with "//" names another host.
    check("//evil.example", "/evil.example", "%2F%2Fevil.example");
    check("///", "/", "%2F%2F%2F");
    check("", "", "");
}

fn hostile_path() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"/".to_vec()),
        Just(b"..".to_vec()),
        Just(b".".to_vec()),
        Just(b"%2e".to_vec()),
        Just(b"%2F".to_vec()),
        Just(b"%".to_vec()),
        Just(b"a".to_vec()),
        prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| [b"/".to_vec(), pieces.concat()].concat())
}

proptest! {
    #[test]
    fn a_clean_path_stays_inside(path in hostile_path()) {
        if let Ok(clean) = clean(&path) {
            prop_assert!(stays_inside(&clean));
            prop_assert!(clean.as_bytes().starts_with(b"/"));
        }
    }

    #[test]
    fn a_clean_path_encoded_is_clean_again(path in hostile_path()) {
        if let Ok(first) = clean(&path) {
            let mut link = Vec::new();
            encode_path(first.as_bytes(), &mut link);
            prop_assert!(link.iter().all(|byte| byte.is_ascii_graphic() && !b"\"'<>&\\".contains(byte)));
            prop_assert!(!link.starts_with(b"//"));
            let again = clean(&link).unwrap();
            prop_assert_eq!(again.as_bytes(), first.as_bytes());
        }
    }

    #[test]
    fn a_name_as_a_link_is_one_segment(name in prop::collection::vec(1u8.., 1..20)) {
        let mut link = b"/".to_vec();
        encode_segment(&name, &mut link);
        prop_assert!(!link[1..].contains(&b'/') && !link.contains(&b':'));
        prop_assert_eq!(decode(&link[1..]), Ok(name));
    }

    #[test]
    fn nothing_panics(path: Vec<u8>) {
        black_box(clean(&path)).ok();
    }
}
