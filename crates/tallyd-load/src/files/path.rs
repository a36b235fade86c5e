//! The path of a test file in its tree, which can't lead out of it, and how it is written in a URL.

use std::fmt;
use std::path::{Path, PathBuf};

/// Most bytes of one name, on every file system of Linux.
const LONGEST_NAME: usize = 255;

/// Names joined by slashes: none is empty, too long or begins with a dot, and none has a NUL. So it stays in the
/// tree, and every server shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(String);

impl TreePath {
    /// `path` if it is one.
    #[must_use]
    pub fn new(path: impl Into<String>) -> Option<TreePath> {
        let path = path.into();
        path.split('/').all(is_name).then_some(TreePath(path))
    }

    /// The path of a planned file. Its names come from tables of ours, which a test holds against [`TreePath::new`].
    pub(super) fn of_ours(path: String) -> TreePath {
        debug_assert!(path.split('/').all(is_name), "{path}");
        TreePath(path)
    }

    /// Reads what [`TreePath::target`] writes, and nothing else.
    #[must_use]
    pub fn from_target(target: &str) -> Option<TreePath> {
        let path = TreePath::decoded(target)?;
        // There is one way to write a path, so that equal lines mean equal files.
        (path.target() == target).then_some(path)
    }

    /// Reads a path of a URL, in whatever way it is escaped.
    #[must_use]
    pub fn decoded(target: &str) -> Option<TreePath> {
        let mut bytes = Vec::with_capacity(target.len());
        let mut rest = target.strip_prefix('/')?.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            let (byte, after) = match byte {
                b'%' => escaped(after)?,
                byte => (byte, after),
            };
            bytes.push(byte);
            rest = after;
        }
        TreePath::new(String::from_utf8(bytes).ok()?)
    }

    /// As it is asked for: a slash, and all but letters and digits of ASCII, `-`, `.`, `_` and `~` as `%XX`.
    #[must_use]
    pub fn target(&self) -> String {
        let mut target = String::with_capacity(self.0.len() + 1);
        target.push('/');
        for byte in self.0.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                    target.push(char::from(byte));
                }
                byte => target.push_str(&format!("%{byte:02X}")),
            }
        }
        target
    }

    /// As it is in the tree, without a slash in front.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where it is below `dir`.
    #[must_use]
    pub fn below(&self, dir: &Path) -> PathBuf {
        dir.join(&self.0)
    }

    /// The directories above it, the outermost first; none for a file at the top.
    pub fn directories(&self) -> impl Iterator<Item = &str> {
        let ends = self.0.match_indices('/');
        ends.filter_map(|(end, _)| self.0.get(..end))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn is_name(name: &str) -> bool {
    let is_short = (1..=LONGEST_NAME).contains(&name.len());
    is_short && !name.starts_with('.') && !name.contains('\0')
}

fn escaped(after: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, after) = after.split_at_checked(2)?;
    let digits = std::str::from_utf8(digits).ok()?;
    Some((u8::from_str_radix(digits, 16).ok()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_not_leave_its_tree() {
        let long = "x".repeat(256);
        for path in [
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", ".a", "a/.b", "a\0b", &long,
        ] {
            assert_eq!(TreePath::new(path), None, "{path:?}");
        }
        for target in [
            "a",
            "",
            "/",
            "/a%2F..%2Fb",
            "/%2e%2e/a",
            "/a%00",
            "/%FF",
            "/a b",
            "/%61",
            "/a%3a",
            "/a%+1",
            "/%",
            "/%4",
        ] {
            assert_eq!(TreePath::from_target(target), None, "{target:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (path, target) in [
            ("a/b.bin", "/a/b.bin"),
            ("a b/100%", "/a%20b/100%25"),
            ("é\t\n\u{7f}~", "/%C3%A9%09%0A%7F~"),
            ("%2e%2e%2f", "/%252e%252e%252f"),
            ("a..b/-x", "/a..b/-x"),
        ] {
            let path = TreePath::new(path).unwrap();
            assert_eq!(path.target(), target);
            assert_eq!(TreePath::from_target(target), Some(path));
        }
    }

    #[test]
    fn directories_are_told_from_the_outermost_on() {
        let path = TreePath::new("a/b c/d").unwrap();
        assert_eq!(path.directories().collect::<Vec<_>>(), ["a", "a/b c"]);
        let path = TreePath::new("a").unwrap();
        assert_eq!(path.directories().count(), 0);
    }
}
