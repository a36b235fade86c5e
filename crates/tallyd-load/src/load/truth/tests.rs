//! Bodies that are as they should be, and every way in which they are not.

use super::*;
use crate::files::tree::{Existing, make};
use crate::files::{Names, Plan, Sizes};
use std::ops::ControlFlow;

fn head(status: u16, framing: Framing, start: Option<u64>) -> Head {
    let last = |start: u64| match framing {
        Framing::Length(length) => start.saturating_add(length - 1),
        _ => panic!("a range has a length"),
    };
    Head {
        status,
        framing,
        keeps: true,
        range: start.map(|start| (start, last(start))),
        is_encoded: false,
    }
}

/// What is found of a body that comes in pieces of every kind.
fn compared(truth: &Arc<Truth>, head: Head, body: &[u8]) -> Result<(), Trouble> {
    let outcomes = [1, 7, 1000, 1 << 20].map(|piece| {
        let begun = Comparison::begin(truth, To::Other, &head)?;
        let mut comparison = begun.expect("such a response carries the file");
        for bytes in body.chunks(piece) {
            comparison.compare(bytes)?;
        }
        comparison.finish()
    });
    assert!(
        outcomes.iter().all(|other| *other == outcomes[0]),
        "{outcomes:?}"
    );
    outcomes[0]
}

/// A tree with a small and a large file, and the truth of each by its directory.
struct Ground {
    dir: tempfile::TempDir,
    small: Vec<u8>,
    large: Vec<u8>,
}

impl Ground {
    fn new() -> Ground {
        let dir = tempfile::tempdir().unwrap();
        let bytes = |length: u64| {
            let mut bytes = vec![0; usize::try_from(length).unwrap()];
            content::fill(1, length, 0, &mut bytes);
            bytes
        };
        let ground = Ground {
            dir,
            small: bytes(5_000),
            large: bytes(SMALL + 5_000),
        };
        fs::create_dir(ground.dir.path().join("a b")).unwrap();
        fs::write(ground.at("a b/small"), &ground.small).unwrap();
        fs::write(ground.at("large"), &ground.large).unwrap();
        ground
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn truths(&self) -> Truths {
        Truths::of(self.dir.path()).unwrap()
    }

    fn both(&self) -> [(Arc<Truth>, &[u8]); 2] {
        let truths = self.truths();
        let truth = |target| truths.of_target(target).unwrap();
        [
            (truth("/a%20b/small"), &self.small),
            (truth("/large"), &self.large),
        ]
    }
}

#[test]
fn a_whole_body_is_as_it_is_or_has_a_wrong_byte_or_another_length() {
    let ground = Ground::new();
    for (truth, bytes) in ground.both() {
        let length = bytes.len() as u64;
        assert_eq!(truth.length(), length);
        for framing in [Framing::Length(length), Framing::Chunked, Framing::ToEnd] {
            let head = head(200, framing, None);
            assert_eq!(compared(&truth, head, bytes), Ok(()));
            for place in [0, 999, bytes.len() - 1] {
                let mut wrong = bytes.to_vec();
                wrong[place] ^= 1;
                assert_eq!(compared(&truth, head, &wrong), Err(Trouble::WrongBytes));
            }
            let short = &bytes[..bytes.len() - 1];
            assert_eq!(compared(&truth, head, short), Err(Trouble::WrongLength));
            let long = [bytes, b"x"].concat();
            assert_eq!(compared(&truth, head, &long), Err(Trouble::WrongLength));
            assert_eq!(compared(&truth, head, b""), Err(Trouble::WrongLength));
        }
    }
}

#[test]
fn an_announced_length_is_wrong_before_the_first_byte() {
    let ground = Ground::new();
    let begin = |truth: &Arc<Truth>, to, head| {
        Comparison::begin(truth, to, &head).map(|begun| begun.is_some())
    };
    for (truth, bytes) in ground.both() {
        let length = bytes.len() as u64;
        for wrong in [0, length - 1, length + 1, u64::MAX] {
            let head = head(200, Framing::Length(wrong), None);
            for to in [To::Other, To::Head] {
                assert_eq!(begin(&truth, to, head), Err(Trouble::WrongLength));
            }
        }
        // HEAD has no body to compare.
        let right = head(200, Framing::Length(length), None);
        assert_eq!(begin(&truth, To::Head, right), Ok(false));
        assert_eq!(begin(&truth, To::Other, right), Ok(true));
        assert_eq!(
            begin(&truth, To::Head, head(200, Framing::ToEnd, None)),
            Ok(false)
        );
    }
}

#[test]
fn a_range_is_compared_where_it_is() {
    let ground = Ground::new();
    for (truth, bytes) in ground.both() {
        let length = bytes.len() as u64;
        for (from, to) in [(0, 1), (1, 5_000), (4_321, 4_999), (0, length)] {
            let part = &bytes[usize::try_from(from).unwrap()..usize::try_from(to).unwrap()];
            let head = head(206, Framing::Length(to - from), Some(from));
            assert_eq!(compared(&truth, head, part), Ok(()), "{from} {to}");
            let mut wrong = part.to_vec();
            *wrong.last_mut().unwrap() ^= 0x80;
            assert_eq!(compared(&truth, head, &wrong), Err(Trouble::WrongBytes));
            let shorter = &part[1..];
            let found = compared(&truth, head, shorter);
            assert!(matches!(
                found,
                Err(Trouble::WrongLength | Trouble::WrongBytes)
            ));
        }
        for (from, count) in [
            (length, 1),
            (length - 1, 2),
            (1, length),
            (u64::MAX, 1),
            (1, u64::MAX),
        ] {
            let head = head(206, Framing::Length(count), Some(from));
            let begun = Comparison::begin(&truth, To::Other, &head).map(|begun| begun.is_some());
            assert_eq!(begun, Err(Trouble::WrongLength), "{from} {count}");
        }
    }
}

#[test]
fn what_does_not_carry_the_file_is_not_compared() {
    let ground = Ground::new();
    let [(truth, _), _] = ground.both();
    for status in [204, 304, 404, 416, 500] {
        let head = head(status, Framing::Length(7), None);
        assert!(
            Comparison::begin(&truth, To::Other, &head)
                .unwrap()
                .is_none()
        );
    }
    let several = head(206, Framing::Length(7), None);
    assert!(
        Comparison::begin(&truth, To::Other, &several)
            .unwrap()
            .is_none()
    );
}

#[test]
fn an_empty_file_is_compared_too() {
    let ground = Ground::new();
    fs::write(ground.at("empty"), "").unwrap();
    let truth = ground.truths().of_target("/empty").unwrap();
    let head = head(200, Framing::Chunked, None);
    assert_eq!(compared(&truth, head, b""), Ok(()));
    assert_eq!(compared(&truth, head, b"x"), Err(Trouble::WrongLength));
}

#[test]
fn the_manifest_says_the_same_as_the_tree() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = dir.path().join("MANIFEST.tsv");
    let plan = Plan {
        count: 20,
        sizes: Sizes::parse("1..9KiB").unwrap(),
        names: Names::Hard,
        seed: 7,
    };
    let go_on = &mut |_| ControlFlow::Continue(());
    make(&plan, dir.path(), &manifest, Existing::Keep, go_on).unwrap();
    let truths = [dir.path(), &manifest].map(|path| Truths::of(path).unwrap());
    for file in plan.files() {
        let bytes = fs::read(file.path.below(dir.path())).unwrap();
        let head = head(200, Framing::ToEnd, None);
        let mut wrong = bytes.clone();
        wrong[0] ^= 1;
        for truths in &truths {
            let truth = truths.of_target(&file.path.target()).unwrap();
            assert_eq!(compared(&truth, head, &bytes), Ok(()), "{}", file.path);
            assert_eq!(compared(&truth, head, &wrong), Err(Trouble::WrongBytes));
        }
    }
}

#[test]
fn a_target_is_found_however_it_is_spelt_and_never_out_of_the_tree() {
    let ground = Ground::new();
    fs::write(ground.at(".secret"), "x").unwrap();
    let truths = ground.truths();
    for target in [
        "/a%20b/small",
        "/a b/small",
        "/%61%20b/sm%61ll",
        "/a%20b/small?x=/../y",
        "/a%20b/small#part",
        "/a%20b%2fsmall",
    ] {
        let truth = truths.of_target(target);
        assert_eq!(truth.map(|truth| truth.length()), Some(5_000), "{target}");
    }
    for target in [
        "",
        "/",
        "a%20b/small",
        "/a%20b",
        "/a%20b/",
        "/gone",
        "/LARGE",
        "/../etc/passwd",
        "/%2e%2e/etc/passwd",
        "/a%20b/../large",
        "//etc/passwd",
        "/.secret",
        "/large%00",
        "/large%2",
        "/?/large",
    ] {
        assert!(truths.of_target(target).is_none(), "{target}");
    }
}

#[test]
fn what_is_neither_a_tree_nor_a_manifest_is_an_error_that_says_so() {
    let ground = Ground::new();
    let error = |name| Truths::of(&ground.at(name)).unwrap_err().to_string();
    assert!(error("gone").contains("No such file"));
    let other = error("large");
    assert!(
        other.contains("line 1: ") && other.ends_with("is needed"),
        "{other}"
    );
}

#[test]
fn only_small_files_are_kept_and_only_as_many_as_the_budget_has_room_for() {
    let ground = Ground::new();
    let kept = |truth: &Truth| match truth.open().unwrap() {
        Source::Kept(bytes) => bytes.len(),
        Source::Open(_) => 0,
        Source::Made(..) => panic!("there is no manifest"),
    };
    let truths = ground.truths();
    let truth = |target| truths.of_target(target).unwrap();
    let left = || truths.budget.load(Ordering::Relaxed);
    assert_eq!(left(), KEPT);
    let small = truth("/a%20b/small");
    assert_eq!((kept(&small), kept(&small)), (5_000, 5_000));
    assert_eq!(left(), KEPT - 5_000, "it is taken once");
    assert_eq!(kept(&truth("/large")), 0);
    truths.budget.store(4_999, Ordering::Relaxed);
    let another = truth("/a%20b/small");
    assert_eq!(kept(&another), 0);
    assert_eq!(left(), 4_999);
    // It is compared all the same.
    let head = head(200, Framing::Length(5_000), None);
    assert_eq!(compared(&another, head, &ground.small), Ok(()));
    truths.budget.store(5_000, Ordering::Relaxed);
    assert_eq!((kept(&another), left()), (5_000, 0));
}

#[test]
fn a_file_that_is_gone_or_shorter_meanwhile_is_no_truth() {
    let ground = Ground::new();
    for (name, target) in [("a b/small", "/a%20b/small"), ("large", "/large")] {
        let truth = ground.truths().of_target(target).unwrap();
        let bytes = fs::read(ground.at(name)).unwrap();
        let head = head(200, Framing::ToEnd, None);
        File::options()
            .write(true)
            .open(ground.at(name))
            .unwrap()
            .set_len(10)
            .unwrap();
        assert_eq!(
            compared(&truth, head, &bytes),
            Err(Trouble::NoTruth),
            "{name}"
        );
        fs::remove_file(ground.at(name)).unwrap();
        assert_eq!(
            compared(&truth, head, &bytes),
            Err(Trouble::NoTruth),
            "{name}"
        );
    }
}

#[test]
fn a_part_in_chunks_ends_where_it_says() {
    let truth = Arc::new(Truth::Made {
        seed: 1,
        number: 1,
        length: 100,
    });
    let mut part = vec![0; 10];
    content::fill(1, 1, 5, &mut part);
    let chunked = Head {
        framing: Framing::Chunked,
        range: Some((5, 14)),
        ..head(206, Framing::ToEnd, None)
    };
    assert_eq!(compared(&truth, chunked, &part), Ok(()));
    assert_eq!(
        compared(&truth, chunked, &part[1..]),
        Err(Trouble::WrongBytes)
    );
    assert_eq!(
        compared(&truth, chunked, &part[..9]),
        Err(Trouble::WrongLength)
    );
}

#[test]
fn a_body_in_a_coding_is_not_compared() {
    let truth = Arc::new(Truth::Made {
        seed: 1,
        number: 1,
        length: 100,
    });
    let packed = Head {
        is_encoded: true,
        ..head(200, Framing::Length(7), None)
    };
    assert!(matches!(
        Comparison::begin(&truth, To::Other, &packed),
        Ok(None)
    ));
}
