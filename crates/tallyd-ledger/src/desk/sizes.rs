//! How large segments are made: larger while much of one would be definitions, which stand in each once more.
//!
//! Where ten thousand files are asked for in random order, a third of a segment of the usual size is definitions, one for
//! every second hit, and the clerk looks up each again. Large ones take four times the space, so they are made only then.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Words of a segment: 2 MiB, some 25 000 hits.
const USUAL: usize = 256 * 1024;

/// Words of a large one: 8 MiB.
const LARGE: usize = 4 * USUAL;

/// So many segments in a row have few definitions before the usual size is made again: workers may differ, and each change
/// costs a new file for each segment.
const CALM: u32 = 16;

/// The sizes, and which is wanted now.
#[derive(Debug)]
pub(super) struct Sizes {
    usual: usize,
    large: usize,
    is_large: AtomicBool,
    /// Segments in a row that had few definitions.
    calm: AtomicU32,
    /// A large one could not be made: none is tried again.
    is_refused: AtomicBool,
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
            calm: AtomicU32::new(0),
            is_refused: AtomicBool::new(false),
        }
    }

    /// How many words the next segment shall have.
    pub fn wanted(&self) -> usize {
        let is_large = self.is_large.load(Ordering::Relaxed);
        match is_large && !self.is_refused.load(Ordering::Relaxed) {
            true => self.large,
            false => self.usual,
        }
    }

    /// A segment with so many words was filled, and so many of them are definitions.
    pub fn learn(&self, words: usize, defining: usize) {
        if defining > words / 4 {
            self.is_large.store(true, Ordering::Relaxed);
        }
        if defining > words / 32 {
            self.calm.store(0, Ordering::Relaxed);
        } else if self.calm.fetch_add(1, Ordering::Relaxed) + 1 == CALM {
            self.is_large.store(false, Ordering::Relaxed);
        }
    }

    /// One with so many words could not be made. How many to try instead, if it was a large one.
    pub fn refused(&self, words: usize) -> Option<usize> {
        (words > self.usual).then(|| {
            self.is_refused.store(true, Ordering::Relaxed);
            self.usual
        })
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
        for _ in 1..CALM {
            assert_eq!(after(400, 12), 400);
        }
        // Another worker's.
        assert_eq!(after(400, 13), 400);
        for _ in 1..CALM {
            assert_eq!(after(400, 12), 400);
        }
        assert_eq!(after(400, 12), 100);
        assert_eq!(after(100, 3), 100);
    }

    #[test]
    fn a_size_that_was_refused_is_not_tried_again() {
        let sizes = Sizes::of(100, 400);
        assert_eq!(sizes.refused(100), None);
        sizes.learn(100, 90);
        assert_eq!(sizes.wanted(), 400);
        assert_eq!(sizes.refused(400), Some(100));
        sizes.learn(100, 90);
        assert_eq!(sizes.wanted(), 100);
    }
}
