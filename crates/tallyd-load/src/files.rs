//! Trees of test files: which files there are, how long each is and what is in it, all from one [`Plan`].
//!
//! Promises: the same plan is the same tree, byte by byte, on every machine; any part of any file can be
//! computed without the tree. Must not know: who serves the tree, and who asks for it.

pub mod content;
pub(crate) mod draw;
pub mod manifest;
mod names;
pub mod path;
pub mod sizes;
pub mod tree;

pub use manifest::{Entry, Manifest};
pub use names::Names;
pub use path::TreePath;
pub use sizes::Sizes;

/// Most files of one tree: all their names and hashes are in memory at once, some 200 MB.
pub const MOST_FILES: u64 = 1_000_000;

/// All that decides what a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// So many files.
    pub count: u64,
    /// How long they are.
    pub sizes: Sizes,
    /// What they are called.
    pub names: Names,
    /// What decides lengths and contents.
    pub seed: u64,
}

/// A file of a tree that need not be there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Its number; the first is 1.
    pub number: u64,
    /// Where it is in the tree.
    pub path: TreePath,
    /// How many bytes it has.
    pub length: u64,
}

impl Plan {
    /// The files in the order of their numbers.
    pub fn files(&self) -> impl Iterator<Item = Planned> + use<> {
        let plan = *self;
        (1..=plan.count).map(move |number| Planned {
            number,
            path: plan.names.path(number),
            length: plan.sizes.length(plan.seed, number),
        })
    }

    /// The bytes of all files together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let lengths = (1..=self.count).map(|number| self.sizes.length(self.seed, number));
        lengths.fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_plan_has_the_same_files_and_another_seed_other_lengths() {
        let plan = |seed| Plan {
            count: 50,
            sizes: Sizes::Web,
            names: Names::Plain,
            seed,
        };
        let files = |seed| plan(seed).files().collect::<Vec<_>>();
        assert_eq!(files(1), files(1));
        assert_ne!(files(1), files(2));
        let numbers: Vec<u64> = files(1).iter().map(|file| file.number).collect();
        assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
        let total: u64 = files(7).iter().map(|file| file.length).sum();
        assert_eq!(plan(7).bytes(), total);
    }

    #[test]
    fn lengths_of_a_seed_are_those_of_every_machine() {
        let lengths = |sizes| {
            let plan = Plan {
                count: 6,
                sizes,
                names: Names::Plain,
                seed: 1,
            };
            plan.files().map(|file| file.length).collect::<Vec<_>>()
        };
        assert_eq!(lengths(Sizes::Fixed(10_240)), [10_240; 6]);
        assert_eq!(
            lengths(Sizes::parse("1KiB..1MiB").unwrap()),
            [260_903, 20_920, 13_348, 106_989, 55_696, 18_341]
        );
        assert_eq!(
            lengths(Sizes::Web),
            [41_490, 9_339, 7_452, 21_848, 15_480, 8_742]
        );
    }
}
