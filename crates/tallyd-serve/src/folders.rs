//! Folders: directories that were opened a moment ago, so that a file in them is looked at again by one call.
//!
//! Promises: the answer is that of a look through the whole path not longer ago than [`TRUSTED`]; no link is
//! followed, and nothing is waited for. For that a glance is only taken at what was looked at lately on a file
//! system of this machine: its name and inode are in memory then. All else is left to `locate`.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::resolve::TRUSTED;
use crate::tree::{Kind, Root, Stamp};

/// Milliseconds after a look for which the kernel will not have forgotten a name.
const REMEMBERED: u64 = 2000;

/// Directories that are kept open at most. Where more are asked for within a moment, they are opened again.
const MOST: usize = 256;

/// So many may stay open however long ago they were of use.
const FEW: usize = 32;

/// The directories of one root.
#[derive(Debug, Default)]
pub struct Folders {
    open: HashMap<Box<[u8]>, Folder, RandomState>,
    /// How many were left when those of no use were last closed.
    left: usize,
}

#[derive(Debug)]
struct Folder {
    place: crate::tree::Folder,
    opened: u64,
    stamp: Stamp,
    /// Since when it is known to have this stamp: until then names may have come and gone.
    same_since: u64,
}

/// What a glance at a file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    /// No name has come or gone beside it since then; nothing if that is not known.
    pub same_since: Option<u64>,
}

impl Folders {
    /// Whether `relative`, last looked at `checked`, is still a file with this stamp. Nothing where a glance does not
    /// tell: then a look must.
    pub fn glance(
        &mut self,
        root: &Root,
        relative: &[u8],
        stamp: &Stamp,
        checked: u64,
        now: u64,
    ) -> Option<Glance> {
        if now.saturating_sub(checked) > REMEMBERED {
            return None;
        }
        let Some((parent, name)) = split(relative) else {
            // The root itself is open, and looked at by whoever asks.
            let is_same = root.glance(relative) == Some(Kind::File(*stamp));
            return is_same.then_some(Glance { same_since: None });
        };
        let folder = self.folder(root, parent, now)?;
        let same_since = Some(folder.same_since);
        let is_same = folder.place.glance(name) == Some(Kind::File(*stamp));
        is_same.then_some(Glance { same_since })
    }

    /// Forgets all: the root is another.
    pub fn clear(&mut self) {
        self.open.clear();
    }

    fn folder(&mut self, root: &Root, parent: &[u8], now: u64) -> Option<&Folder> {
        let known = self.open.get(parent);
        if known.is_none_or(|folder| now.saturating_sub(folder.opened) > TRUSTED) {
            let (place, stamp) = root.folder(parent).ok()?;
            let same_since = match known {
                Some(folder) if folder.stamp == stamp => folder.same_since,
                _ => now,
            };
            if known.is_none() {
                self.make_room(now);
            }
            let folder = Folder {
                place,
                opened: now,
                stamp,
                same_since,
            };
            self.open.insert(parent.into(), folder);
        }
        self.open.get(parent)
    }

    /// Closes directories of no use, whenever there are twice as many as were left by that.
    fn make_room(&mut self, now: u64) {
        if self.open.len() < FEW.max(2 * self.left).min(MOST) {
            return;
        }
        self.open
            .retain(|_, folder| now.saturating_sub(folder.opened) <= REMEMBERED);
        if self.open.len() >= MOST {
            self.open.clear();
        }
        self.left = self.open.len();
    }
}

/// The directory and the name of a path below the root; nothing if it lies in the root.
fn split(relative: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = memchr::memrchr(b'/', relative)?;
    let (parent, name) = relative.split_at(slash);
    Some((parent, name.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use crate::config::Symlinks;
    use crate::tree::Patience;

    fn root(place: &Path) -> Root {
        Root::open(place, Symlinks::Inside, Patience::Disk).unwrap()
    }

    fn stamp(root: &Root, relative: &[u8]) -> Stamp {
        match root.look(relative, Patience::Disk) {
            Ok(Kind::File(stamp)) => stamp,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_path_has_a_directory_and_a_name() {
        assert_eq!(split(b"a"), None);
        assert_eq!(split(b"a/b/c"), Some((b"a/b".as_slice(), b"c".as_slice())));
    }

    #[test]
    fn a_file_is_the_same_until_it_is_changed() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("d")).unwrap();
        let file = place.path().join("d/f");
        fs::write(&file, "one").unwrap();
        let root = root(place.path());
        let known = stamp(&root, b"d/f");
        let mut folders = Folders::default();
        let mut look = |checked, now| folders.glance(&root, b"d/f", &known, checked, now);
        assert!(look(0, 10).is_some());
        assert!(look(0, REMEMBERED + 1).is_none(), "too long ago");
        fs::write(&file, "other").unwrap();
        assert!(look(0, 20).is_none());
        fs::remove_file(&file).unwrap();
        assert!(look(0, 30).is_none());
    }

    #[test]
    fn so_is_one_in_the_root() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("f"), "one").unwrap();
        let root = root(place.path());
        let known = stamp(&root, b"f");
        let mut folders = Folders::default();
        let mut look = || folders.glance(&root, b"f", &known, 0, 0);
        assert_eq!(look(), Some(Glance { same_since: None }));
        fs::write(place.path().join("f"), "other").unwrap();
        assert_eq!(look(), None);
    }

    #[test]
    fn a_link_in_the_place_of_a_file_or_a_directory_is_left_to_a_look() {
        let place = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("d")).unwrap();
        fs::write(place.path().join("d/f"), "one").unwrap();
        let root = root(place.path());
        let known = stamp(&root, b"d/f");
        let mut folders = Folders::default();
        assert!(folders.glance(&root, b"d/f", &known, 0, 0).is_some());
        // The same inode, and the directory that leads to it is outside now.
        fs::rename(place.path().join("d"), outside.path().join("d")).unwrap();
        symlink(outside.path().join("d"), place.path().join("d")).unwrap();
        let later = TRUSTED + 1;
        assert!(folders.glance(&root, b"d/f", &known, 0, later).is_none());
        fs::remove_file(place.path().join("d")).unwrap();
        fs::rename(outside.path().join("d"), place.path().join("d")).unwrap();
        let later = 2 * later;
        assert!(folders.glance(&root, b"d/f", &known, 0, later).is_some());
        fs::rename(place.path().join("d/f"), place.path().join("d/g")).unwrap();
        symlink("g", place.path().join("d/f")).unwrap();
        assert!(folders.glance(&root, b"d/f", &known, 0, later).is_none());
    }

    #[test]
    fn what_comes_beside_a_file_is_noticed() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("d")).unwrap();
        fs::write(place.path().join("d/f"), "one").unwrap();
        let root = root(place.path());
        let known = stamp(&root, b"d/f");
        let mut folders = Folders::default();
        let mut since = |now| {
            let glance = folders.glance(&root, b"d/f", &known, now, now);
            glance.unwrap().same_since.unwrap()
        };
        assert_eq!(since(5), 5);
        assert_eq!(since(500), 5);
        fs::write(place.path().join("d/f.br"), "x").unwrap();
        assert_eq!(since(1000), 1000);
        assert_eq!(since(2000), 1000);
    }

    #[test]
    fn open_directories_are_few_and_those_of_no_use_are_closed() {
        let place = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..MOST + 100).map(|n| format!("{n}/f")).collect();
        for name in &names {
            let file = place.path().join(name);
            fs::create_dir(file.parent().unwrap()).unwrap();
            fs::write(file, "x").unwrap();
        }
        let root = root(place.path());
        let mut folders = Folders::default();
        let mut look = |names: &[String], now| {
            for name in names.iter().map(String::as_bytes) {
                let known = stamp(&root, name);
                assert!(folders.glance(&root, name, &known, now, now).is_some());
                assert!(folders.open.len() <= MOST);
            }
            folders.open.len()
        };
        assert_eq!(look(&names[..40], 0), 40);
        assert_eq!(look(&names[..40], 1), 40);
        assert_eq!(look(&names[40..80], 3 * REMEMBERED), 40);
        look(&names, 4 * REMEMBERED);
    }
}
