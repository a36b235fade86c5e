//! What test files are called: plainly, or in every way that servers and clients stumble over.
//!
//! Promises: every name can be served: no control character, which some servers refuse; nothing that is hidden.

use super::path::TreePath;

/// What files are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// `dir-001/file-0001.bin`, 25 files in each directory.
    Plain,
    /// Spaces, escapes, accents, quotes, very long, very deep, from right to left and so on.
    Hard,
}

/// Files of a plain directory: a tree of 100 has four.
const IN_DIRECTORY: u64 = 25;

/// Directories above the deep file.
const DEPTH: usize = 20;

/// Names with a trap in each; those of a round lie in one directory. Some are pairs that must not be taken for one.
const HARD: [&str; 34] = [
    "one space.bin",
    " spaces  around ",
    "100%.bin",
    "%20%2F%00.bin",
    "%2e%2e%2f%2e%2e",
    "caf\u{e9}.bin",
    "cafe\u{301}.bin",
    "\u{c5}ngstr\u{f6}m \u{fb01}.bin",
    "\u{6587}\u{4ef6}\u{540d}.bin",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd}.bin",
    "\u{645}\u{631}\u{62d}\u{628}\u{627} 123.bin",
    "left\u{202e}nib.thgir",
    "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{1f3f3}\u{fe0f}\u{200d}\u{1f308}.bin",
    "'single'.bin",
    "\"double\".bin",
    "`back` $(quote) ${s}.bin",
    "#fragment.bin",
    "question?mark=1",
    "a&amp;b&c.bin",
    "one+one.bin",
    "a;b=c;d.bin",
    "a=b,c:d@e!.bin",
    "http:/example.com",
    "back\\slash\\..\\.bin",
    "(round)[square]{curly}.bin",
    "<b>|^.bin",
    "*.bin",
    "--help",
    "-rf .bin",
    "two..dots...",
    "~user",
    "Case.bin",
    "case.bin",
    "no\u{a0}break \u{200b}zero \u{ff0f}slash.bin",
];

/// Names that are made: as long as can be in ASCII and in bytes, and a deep one.
const MADE: u64 = 3;

impl Names {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Names::Plain => "plain",
            Names::Hard => "hard",
        }
    }

    /// What the word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Names> {
        [Names::Plain, Names::Hard]
            .into_iter()
            .find(|names| names.word() == word)
    }

    /// The path of a file; the first has number 1.
    #[must_use]
    pub fn path(self, number: u64) -> TreePath {
        let index = number.saturating_sub(1);
        TreePath::of_ours(match self {
            Names::Plain => {
                let directory = index / IN_DIRECTORY + 1;
                format!("dir-{directory:03}/file-{number:04}.bin")
            }
            Names::Hard => hard(index),
        })
    }
}

fn hard(index: u64) -> String {
    let names = HARD.len() as u64 + MADE;
    let round = index / names + 1;
    let shape = usize::try_from(index % names).unwrap_or_default();
    match HARD.get(shape) {
        Some(name) => format!("round {round}/{name}"),
        None => format!("round {round}/{}", made(shape - HARD.len())),
    }
}

fn made(shape: usize) -> String {
    match shape {
        0 => format!("{}.bin", "x".repeat(251)),
        // 83 letters of three bytes and six of one.
        1 => format!("{}-6.bin", "\u{9577}".repeat(83)),
        _ => format!("{}end.bin", "deep/".repeat(DEPTH)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn all_names_are_different_and_can_be_served() {
        for names in [Names::Plain, Names::Hard] {
            let paths: HashSet<TreePath> = (1..=5000).map(|n| names.path(n)).collect();
            assert_eq!(paths.len(), 5000);
            for path in paths {
                assert!(!path.as_str().contains(char::is_control), "{path:?}");
                assert_eq!(TreePath::from_target(&path.target()).as_ref(), Some(&path));
                assert!(path.target().len() < 4000, "{path}");
            }
        }
    }

    #[test]
    fn no_file_is_a_directory_of_another() {
        for names in [Names::Plain, Names::Hard] {
            let paths: Vec<TreePath> = (1..=200).map(|n| names.path(n)).collect();
            let files: HashSet<&str> = paths.iter().map(TreePath::as_str).collect();
            for path in &paths {
                assert!(path.directories().all(|above| !files.contains(above)));
            }
        }
    }

    #[test]
    fn plain_names_are_these() {
        for (number, path) in [
            (1, "dir-001/file-0001.bin"),
            (25, "dir-001/file-0025.bin"),
            (26, "dir-002/file-0026.bin"),
            (100_000, "dir-4000/file-100000.bin"),
        ] {
            assert_eq!(Names::Plain.path(number).as_str(), path);
        }
    }

    #[test]
    fn hard_names_have_what_is_hard() {
        let paths: Vec<TreePath> = (1..=37).map(|n| Names::Hard.path(n)).collect();
        let names = paths.iter().flat_map(|path| path.as_str().split('/'));
        let names: Vec<&str> = names.collect();
        assert_eq!(names.iter().filter(|name| name.len() == 255).count(), 2);
        assert!(names.iter().any(|name| name.starts_with('-')));
        let deepest = paths.iter().map(|path| path.directories().count());
        assert_eq!(deepest.max(), Some(1 + DEPTH));
        for letter in " %'\"`#?&+;\\*\u{301}\u{e9}\u{5e9}\u{1f469}".chars() {
            assert!(names.iter().any(|name| name.contains(letter)), "{letter}");
        }
    }
}
