//! How large segments are made: larger while much of one would be definitions, which stand in each once more.
//!
//! Where ten thousand files are asked for in turn, a segment of the usual size has more words of definitions than of
//! hits, and the clerk looks each of them up again.

use std::sync::atomic::{AtomicBool, Ordering};

/// Words of a segment: 2 MiB, some 25 000 hits.
const USUAL: usize = 256 * 1024;

/// Words of a large one: 8 MiB.
const LARGE: usize = 4 * USUAL;

/// The sizes, and which is wanted now.
#[derive(Debug)]
pub(super) struct Sizes {
    usual: usize,
    large: usize,
    is_large: AtomicBool,
}

impl Default for Sizes {
    fn default() -> Sizes {
        Sizes::of(USUAL, LARGE)
    }
}

impl Sizes {
    /// Others, so that a test fills many.
    pub fn of(usual: usize, large: usize) -> Sizes {
        Sizes {
            usual,
            large,
            is_large: AtomicBool::new(false),
        }
    }

    /// How many words the next segment shall have.
    pub fn wanted(&self) -> usize {
        match self.is_large.load(Ordering::Relaxed) {
            true => self.large,
            false => self.usual,
        }
    }

    /// A segment with so many words was filled, and so many of them are definitions. Between the two bounds all stays as
    /// it is.
    pub fn learn(&self, words: usize, defining: usize) {
        if defining > words / 4 {
            self.is_large.store(true, Ordering::Relaxed);
        } else if defining < words / 32 {
            self.is_large.store(false, Ordering::Relaxed);
        }
    }

    /// There is no room for a large one. Whether that helps: the usual size was not tried yet.
    pub fn give_in(&self) -> bool {
        self.is_large.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_large_while_much_of_them_would_be_definitions() {
        let sizes = Sizes::of(100, 400);
        let after = |words, defining| {
            sizes.learn(words, defining);
            sizes.wanted()
        };
        assert_eq!(sizes.wanted(), 100);
        assert_eq!(after(100, 25), 100);
        assert_eq!(after(100, 26), 400);
        // The same files stand in a large one once, too: it stays.
        assert_eq!(after(400, 26), 400);
        assert_eq!(after(400, 11), 100);
        assert_eq!(after(100, 11), 100);
        assert!(!sizes.give_in());
        assert_eq!(after(100, 90), 400);
        assert!(sizes.give_in());
        assert_eq!(sizes.wanted(), 100);
    }
}
