//! The classic mix: 100 different files, and then one of them 100 times.
//!
//! Promises: the same tree and seed give the same requests in the same order. Must not know: the network.

use std::path::Path;

use super::making::{Asks, Made, MakeError, Wanted, Wishes, below};
use super::plan::{self, Order};
use super::tree;
use crate::amounts;

/// So many different files, where there are so many.
const DIFFERENT: usize = 100;

/// So often the one.
const SAME: usize = 100;

/// Asks for the files of `tree`, a directory or a manifest, below the one URL.
pub fn of_tree(wishes: &Wishes, tree: &Path) -> Result<Made, MakeError> {
    let base = wishes.base()?;
    let files = tree::files(tree, DIFFERENT)?;
    let mut asks = Asks::new(wishes)?;
    let server = asks.server(base)?;
    let mut script = Vec::with_capacity(files.len() + SAME);
    for file in &files {
        let target = file.path.target();
        let truth = asks.truth("GET", &target);
        script.push(asks.push(Wanted {
            truth,
            ..Wanted::new(server, "GET", &below(base, &target))
        })?);
    }
    let count = files.len() as u64;
    let one = u32::try_from(plan::mixed(wishes.seed(), 0) % count).unwrap_or_default();
    script.resize(files.len() + SAME, one);
    if files.len() < DIFFERENT {
        let files = amounts::several(count, "different file", "different files");
        let note = format!("{files}, then one of them {SAME} times: the tree has no more");
        asks.notes.push(note);
    }
    Ok(asks.made(Order::Script(script), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::Url;
    use std::fs;

    fn made(files: usize, seed: u64) -> Made {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..files {
            fs::write(dir.path().join(format!("{number:03} x")), "x").unwrap();
        }
        let mut wishes = Wishes::of(vec![Url::parse("127.0.0.1:7/sub/").unwrap()]);
        wishes.seed = Some(seed);
        of_tree(&wishes, dir.path()).unwrap()
    }

    fn script(made: &Made) -> &[u32] {
        match &made.order {
            Order::Script(script) => script,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_hundred_files_are_asked_for_and_then_one_of_them_a_hundred_times() {
        let made = made(103, 1);
        assert_eq!(made.asks.len(), 100);
        let targets = [0, 99].map(|place: usize| &*made.asks[place].target);
        assert_eq!(targets, ["/sub/000%20x", "/sub/099%20x"]);
        let (different, same) = script(&made).split_at(100);
        assert!(different.iter().copied().eq(0..100));
        assert!(same.len() == 100 && same.iter().all(|place| *place == same[0]));
        assert!(made.notes.is_empty() && made.pace.is_none());
    }

    #[test]
    fn the_seed_draws_the_one() {
        let ones: Vec<u32> = (1..=20).map(|seed| script(&made(100, seed))[199]).collect();
        let again: Vec<u32> = (1..=20).map(|seed| script(&made(100, seed))[199]).collect();
        assert_eq!(ones, again);
        let different: std::collections::BTreeSet<_> = ones.iter().collect();
        assert!(different.len() > 10, "{ones:?}");
    }

    #[test]
    fn a_smaller_tree_gives_what_it_has_and_says_so() {
        let made = made(3, 1);
        assert_eq!(script(&made).len(), 103);
        assert!(made.notes[0].starts_with("3 different files, then one"));
    }

    #[test]
    fn one_url_is_needed_and_it_has_no_query() {
        let dir = tempfile::tempdir().unwrap();
        let error = |urls: &[&str]| {
            let urls = urls.iter().map(|url| Url::parse(url).unwrap()).collect();
            of_tree(&Wishes::of(urls), dir.path()).unwrap_err()
        };
        for (urls, words) in [
            (["127.0.0.1:7"; 0].as_slice(), "one URL is needed"),
            (["127.0.0.1:7"; 2].as_slice(), "there are 2"),
            (["127.0.0.1:7/?a"].as_slice(), "with a query"),
        ] {
            let error = error(urls);
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.is_usage());
        }
        let empty = error(&["127.0.0.1:7"]);
        assert!(
            empty.to_string().contains("has no file to ask for"),
            "{empty}"
        );
        assert!(!empty.is_usage());
    }
}
