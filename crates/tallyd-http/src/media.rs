//! Media types by file name, from a kept list (`data/media-types.txt`, made by `data/refresh.py`).
//!
//! Promises: a lookup allocates nothing; the types come with their charset, as they are sent.

use std::sync::LazyLock;

/// What a file is when nothing is known about it (RFC 9110 section 8.3).
pub const UNKNOWN: &str = "application/octet-stream";

/// The Content-Type of a file, by the last extension of its name.
#[must_use]
pub fn of_path(path: &[u8]) -> &'static str {
    extension(path).and_then(of_extension).unwrap_or(UNKNOWN)
}

/// The Content-Type of an extension in any case, without its dot.
#[must_use]
pub fn of_extension(extension: &[u8]) -> Option<&'static str> {
    let mut lower = [0; LONGEST];
    let lower = lower.get_mut(..extension.len())?;
    lower.copy_from_slice(extension);
    lower.make_ascii_lowercase();
    let lower = &*lower;
    let at = TYPES
        .binary_search_by(|(extension, _)| extension.as_bytes().cmp(lower))
        .ok()?;
    TYPES.get(at).map(|(_, media_type)| *media_type)
}

/// Whether people could read it: worth compressing, and safe to show as text.
#[must_use]
pub fn is_text(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let (kind, subtype) = essence.split_once('/').unwrap_or_default();
    kind.eq_ignore_ascii_case("text")
        || TEXT_SUFFIXES
            .iter()
            .any(|suffix| ends_with(subtype, suffix))
        || kind.eq_ignore_ascii_case("application")
            && TEXTS.iter().any(|text| subtype.eq_ignore_ascii_case(text))
}

/// Structured syntaxes that are text (RFC 6839, RFC 9512).
const TEXT_SUFFIXES: [&str; 3] = ["+json", "+xml", "+yaml"];

/// Texts that are registered under application for historical reasons.
const TEXTS: [&str; 10] = [
    "json",
    "xml",
    "javascript",
    "ecmascript",
    "yaml",
    "toml",
    "sql",
    "graphql",
    "x-sh",
    "x-ndjson",
];

fn ends_with(text: &str, suffix: &str) -> bool {
    let at = text.len().checked_sub(suffix.len());
    at.and_then(|at| text.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

/// What follows the last dot of the last segment; nothing for `name`, `name.` and `.name`.
pub(crate) fn extension(path: &[u8]) -> Option<&[u8]> {
    let name = memchr::memrchr(b'/', path).map_or(Some(path), |slash| path.get(slash + 1..))?;
    let dot = memchr::memrchr(b'.', name).filter(|&dot| dot > 0)?;
    name.get(dot + 1..)
        .filter(|extension| !extension.is_empty())
}

/// Longer than any extension in the list, so that a lookup fits on the stack.
const LONGEST: usize = 24;

const LIST: &str = include_str!("../data/media-types.txt");

/// The list, sorted by extension as the file is; slices of the text that is in the program anyway.
static TYPES: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let lines = LIST.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_well_formed() {
        assert!(TYPES.len() > 1000, "{}", TYPES.len());
        assert!(
            TYPES.is_sorted_by(|a, b| a.0.as_bytes() < b.0.as_bytes()),
            "sorted, no extension twice"
        );
        for (extension, media_type) in TYPES.iter() {
            assert!(extension.len() <= LONGEST, "{extension}");
            assert!(
                extension
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()),
                "{extension}"
            );
            let (kind, subtype) = media_type.split_once('/').unwrap();
            // RFC 9110 section 8.3.1, RFC 6838 section 4.2.
            let subtype = subtype.strip_suffix("; charset=utf-8").unwrap_or(subtype);
            let is_name = |byte: u8| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&-^_.+".contains(&byte)
            };
            assert!(
                kind.bytes().chain(subtype.bytes()).all(is_name),
                "{media_type}"
            );
            assert_eq!(
                media_type.ends_with("; charset=utf-8"),
                kind == "text",
                "{media_type}"
            );
        }
    }

    #[test]
    fn types_that_the_web_is_made_of() {
        let check =
            |path: &str, expected: &str| assert_eq!(of_path(path.as_bytes()), expected, "{path}");
        check("/index.html", "text/html; charset=utf-8");
        check("/a.htm", "text/html; charset=utf-8");
        check("/a.css", "text/css; charset=utf-8");
        check("/a.js", "text/javascript; charset=utf-8");
        check("/a.mjs", "text/javascript; charset=utf-8");
        check("/a.json", "application/json");
        check("/a.webmanifest", "application/manifest+json");
        check("/a.wasm", "application/wasm");
        check("/a.xml", "application/xml");
        check("/a.txt", "text/plain; charset=utf-8");
        check("/a.md", "text/markdown; charset=utf-8");
        check("/a.csv", "text/csv; charset=utf-8");
        check("/a.svg", "image/svg+xml");
        check("/a.png", "image/png");
        check("/a.jpeg", "image/jpeg");
        check("/IMAGE.JPG", "image/jpeg");
        check("/a.gif", "image/gif");
        check("/a.webp", "image/webp");
        check("/a.avif", "image/avif");
        check("/favicon.ico", "image/x-icon");
        check("/a.woff2", "font/woff2");
        check("/a.mp4", "video/mp4");
        check("/a.webm", "video/webm");
        check("/a.mp3", "audio/mpeg");
        check("/a.m4a", "audio/mp4");
        check("/a.flac", "audio/flac");
        check("/a.ogg", "audio/ogg");
        check("/a.ts", "video/mp2t");
        check("/a.m3u8", "application/vnd.apple.mpegurl");
        check("/a.pdf", "application/pdf");
        check("/a.epub", "application/epub+zip");
        check("/a.zip", "application/zip");
        check("/a.tar.gz", "application/gzip");
        check("/a.zst", "application/zstd");
        check("/a.deb", "application/vnd.debian.binary-package");
    }

    #[test]
    fn what_has_no_known_extension_is_bytes() {
        for path in [
            "",
            "/",
            "/README",
            "/a.",
            "/.html",
            "/a.html/b",
            "/a.unknown-extension",
            "/a.\u{fc}",
            "/x.html ",
        ] {
            assert_eq!(of_path(path.as_bytes()), UNKNOWN, "{path}");
        }
        assert_eq!(of_path(&[b'.'; 100]), UNKNOWN);
        assert_eq!(
            of_path(format!("/a.{}", "x".repeat(500)).as_bytes()),
            UNKNOWN
        );
        assert_eq!(of_extension(b""), None);
    }

    #[test]
    fn texts_are_told_from_bytes() {
        for text in [
            "text/plain",
            "text/html; charset=utf-8",
            "application/json",
            "image/svg+xml",
            "Application/XML",
        ] {
            assert!(is_text(text), "{text}");
        }
        for bytes in [
            UNKNOWN,
            "image/png",
            "application/zip",
            "font/woff2",
            "video/mp4",
            "",
            "text",
            "x/json",
        ] {
            assert!(!is_text(bytes), "{bytes}");
        }
    }
}
