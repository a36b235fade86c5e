//! Trees on a real disk: made, taken up, refused and replaced.

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;
use crate::files::{Manifest, Names, Sizes};

fn plan(count: u64, size: &str, seed: u64) -> Plan {
    Plan {
        count,
        sizes: Sizes::parse(size).unwrap(),
        names: Names::Hard,
        seed,
    }
}

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        Place { folder }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    fn manifest(&self) -> PathBuf {
        self.dir().join("MANIFEST.tsv")
    }

    fn make(&self, plan: &Plan, existing: Existing) -> Result<Outcome, TreeError> {
        self.stopped(plan, existing, u64::MAX)
    }

    /// Broken off once so many bytes are there.
    fn stopped(&self, plan: &Plan, existing: Existing, at: u64) -> Result<Outcome, TreeError> {
        let mut watch = |progress: Progress| match progress.bytes < at {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        };
        make(plan, &self.dir(), &self.manifest(), existing, &mut watch)
    }

    fn assert_whole(&self, plan: &Plan) {
        let manifest = Manifest::read(&self.manifest()).unwrap();
        assert_eq!(manifest.plan, *plan);
        assert!(!Draft::path(&self.manifest()).exists());
        for (entry, planned) in manifest.entries.iter().zip(plan.files()) {
            let found = fs::read(entry.path.below(&self.dir())).unwrap();
            let mut expected = vec![0; found.len()];
            content::fill(plan.seed, entry.number, 0, &mut expected);
            assert!(found == expected, "{}", entry.path);
            assert_eq!(found.len() as u64, planned.length);
            let hash: [u8; 32] = Sha256::digest(&found).into();
            assert_eq!(hash, entry.sha256);
        }
    }

    fn error(&self, plan: &Plan, existing: Existing) -> String {
        self.make(plan, existing).unwrap_err().to_string()
    }
}

#[test]
fn a_tree_is_made_once_and_the_same_everywhere() {
    let (one, two) = (Place::new(), Place::new());
    // Longer than a part, and not a whole number of words.
    let plan = plan(40, "1..300001", 1);
    let all = Progress {
        files: 40,
        bytes: plan.bytes(),
    };
    assert_eq!(one.make(&plan, Existing::Keep).unwrap(), Outcome::Made(all));
    one.assert_whole(&plan);
    assert_eq!(
        one.make(&plan, Existing::Keep).unwrap(),
        Outcome::There(all)
    );
    two.make(&plan, Existing::Replace).unwrap();
    let text = |place: &Place| fs::read(place.manifest()).unwrap();
    assert_eq!(text(&one), text(&two));
}

#[test]
fn empty_files_are_files() {
    let place = Place::new();
    let plan = plan(3, "0", 1);
    place.make(&plan, Existing::Keep).unwrap();
    place.assert_whole(&plan);
    place.make(&plan, Existing::Keep).unwrap();
}

#[test]
fn another_tree_is_replaced_by_force_alone_and_what_is_foreign_stays() {
    let place = Place::new();
    let (old, new) = (plan(120, "100", 1), plan(2, "100", 2));
    place.make(&old, Existing::Keep).unwrap();
    let guest = place.dir().join("round 2/guest");
    fs::write(&guest, b"mine").unwrap();
    let error = place.error(&new, Existing::Keep);
    let words = "--count 120 --size 100 --names hard --seed 1; --force replaces it";
    assert!(error.contains(words), "{error}");
    place.assert_whole(&old);
    place.make(&new, Existing::Replace).unwrap();
    place.assert_whole(&new);
    assert_eq!(fs::read(&guest).unwrap(), b"mine");
    let left: Vec<_> = fs::read_dir(place.dir()).unwrap().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_foreign_directory_is_refused_even_by_force() {
    let place = Place::new();
    fs::create_dir(place.dir()).unwrap();
    fs::write(place.dir().join("thesis"), b"mine").unwrap();
    for existing in [Existing::Keep, Existing::Replace] {
        let error = place.error(&plan(2, "1", 1), existing);
        assert!(error.contains("there is \"thesis\""), "{error}");
    }
    fs::write(place.manifest(), b"my list\n").unwrap();
    for existing in [Existing::Keep, Existing::Replace] {
        let error = place.error(&plan(2, "1", 1), existing);
        assert!(error.contains("not the manifest of a tree"), "{error}");
    }
    fs::rename(place.manifest(), Draft::path(&place.manifest())).unwrap();
    let error = place.error(&plan(2, "1", 1), Existing::Replace);
    assert!(error.contains("not the manifest of a tree"), "{error}");
    let left = fs::read(Draft::path(&place.manifest())).unwrap();
    assert_eq!(left, b"my list\n");
    assert_eq!(fs::read_dir(place.dir()).unwrap().count(), 2);
}

#[test]
fn a_tree_that_was_changed_is_found_out() {
    let plan = plan(10, "9000", 1);
    let path = |place: &Place| plan.files().nth(3).unwrap().path.below(&place.dir());
    let changes: [fn(&Path); 5] = [
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path, vec![0; 9000]).unwrap(),
        |path| {
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(8999)
                .unwrap();
        },
        |path| {
            File::options()
                .append(true)
                .open(path)
                .unwrap()
                .write_all(b"x")
                .unwrap();
        },
        |path| {
            fs::rename(path, path.with_extension("moved")).unwrap();
            symlink(path.with_extension("moved"), path).unwrap();
        },
    ];
    for change in changes {
        let place = Place::new();
        place.make(&plan, Existing::Keep).unwrap();
        change(&path(&place));
        let error = place.error(&plan, Existing::Keep);
        assert!(error.contains("1 missing or changed"), "{error}");
        place.make(&plan, Existing::Replace).unwrap();
        place.assert_whole(&plan);
    }
}

#[test]
fn what_was_broken_off_has_no_manifest_and_is_taken_up() {
    let place = Place::new();
    let plan = plan(5, "600KiB", 1);
    for (at, whole) in [
        (0, 0),
        (1, 0),
        (300 << 10, 0),
        (1 << 20, 1),
        (2800 << 10, 4),
    ] {
        let error = place.stopped(&plan, Existing::Keep, at).unwrap_err();
        let words = format!("stopped: {whole} of 5 files");
        assert!(error.to_string().contains(&words), "{at}: {error}");
        assert!(!place.manifest().exists());
    }
    let other = Plan { seed: 2, ..plan };
    let error = place.error(&other, Existing::Keep);
    assert!(error.contains("holds another tree"), "{error}");
    place.make(&plan, Existing::Keep).unwrap();
    place.assert_whole(&plan);
}

#[test]
fn a_draft_of_another_tree_goes_by_force() {
    let place = Place::new();
    let (old, new) = (plan(80, "10", 1), plan(3, "10", 1));
    assert!(place.stopped(&old, Existing::Keep, 700).is_err());
    place.make(&new, Existing::Replace).unwrap();
    place.assert_whole(&new);
    let names = fs::read_dir(place.dir()).unwrap().count();
    assert_eq!(names, 2, "the manifest and one round");
}

#[test]
fn a_manifest_elsewhere_makes_no_foreign_directory_ours() {
    let place = Place::new();
    let plan = plan(3, "600KiB", 1);
    let manifest = place.folder.path().join("m.tsv");
    let foreign = place.folder.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("thesis"), b"mine").unwrap();
    let mut off = |_| ControlFlow::Break(());
    let mut on = |_| ControlFlow::Continue(());
    assert!(make(&plan, &place.dir(), &manifest, Existing::Keep, &mut off).is_err());
    for existing in [Existing::Keep, Existing::Replace] {
        let refused = make(&plan, &foreign, &manifest, existing, &mut on);
        assert!(matches!(refused, Err(TreeError::Foreign { .. })));
    }
    make(&plan, &place.dir(), &manifest, Existing::Keep, &mut on).unwrap();
    let refused = make(&plan, &foreign, &manifest, Existing::Replace, &mut on);
    assert!(matches!(refused, Err(TreeError::Foreign { .. })));
    assert!(manifest.exists());
    assert_eq!(fs::read_dir(&foreign).unwrap().count(), 1);
}

#[test]
fn a_manifest_is_the_same_however_its_path_is_spelt() {
    let place = Place::new();
    let plan = plan(3, "10", 1);
    assert!(place.stopped(&plan, Existing::Keep, 20).is_err());
    let spelt_oddly = place.dir().join("../tree/./MANIFEST.tsv");
    let mut on = |_| ControlFlow::Continue(());
    make(&plan, &place.dir(), &spelt_oddly, Existing::Keep, &mut on).unwrap();
    place.assert_whole(&plan);
}

#[test]
fn a_link_leads_neither_writing_nor_removing_out_of_the_tree() {
    let place = Place::new();
    let plan = plan(3, "10", 1);
    place.make(&plan, Existing::Keep).unwrap();
    let outside = place.folder.path().join("outside");
    fs::rename(place.dir().join("round 1"), &outside).unwrap();
    symlink(&outside, place.dir().join("round 1")).unwrap();
    let error = place.error(&plan, Existing::Replace);
    assert!(error.contains("is in the way"), "{error}");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 3);
}

#[test]
fn a_file_of_somebody_else_in_a_planned_place_stays() {
    let place = Place::new();
    let (old, new) = (plan(1, "10", 1), plan(3, "10", 1));
    place.make(&old, Existing::Keep).unwrap();
    let path = new.files().nth(2).unwrap().path.below(&place.dir());
    fs::write(&path, b"mine").unwrap();
    let error = place.error(&new, Existing::Replace);
    assert!(error.contains("was not made by this command"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"mine");
}

#[test]
fn the_manifest_takes_no_file_s_place() {
    let place = Place::new();
    let plan = plan(3, "10", 1);
    let file = plan.files().nth(1).unwrap().path.below(&place.dir());
    let mut on = |_| ControlFlow::Continue(());
    let made = make(&plan, &place.dir(), &file, Existing::Keep, &mut on);
    assert!(made.is_err(), "its directory is not there");
    fs::create_dir(file.parent().unwrap()).unwrap();
    let spelt_oddly = place
        .dir()
        .join("../tree/./round 1")
        .join(file.file_name().unwrap());
    for path in [&file, &spelt_oddly] {
        let made = make(&plan, &place.dir(), path, Existing::Keep, &mut on);
        assert!(matches!(made, Err(TreeError::ManifestIsAFile(_))));
    }
    fs::remove_dir(file.parent().unwrap()).unwrap();
    let elsewhere = place.folder.path().join("m.tsv");
    make(&plan, &place.dir(), &elsewhere, Existing::Keep, &mut on).unwrap();
    assert_eq!(Manifest::read(&elsewhere).unwrap().entries.len(), 3);
    assert!(!place.manifest().exists());
}
