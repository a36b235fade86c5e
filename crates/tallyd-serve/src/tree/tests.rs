//! The boundary of a tree, tried on real directories.

use super::*;
use std::fs;
use std::os::unix::fs::symlink;

fn look(symlinks: Symlinks, relative: &str) -> Result<Kind, Errno> {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    fs::create_dir_all(root.join("dir")).unwrap();
    fs::write(root.join("dir/file"), "inside").unwrap();
    fs::write(place.path().join("secret"), "outside").unwrap();
    symlink("dir/file", root.join("in")).unwrap();
    symlink(root.join("dir/file"), root.join("absolute-in")).unwrap();
    symlink("../secret", root.join("out")).unwrap();
    symlink("/etc/passwd", root.join("absolute-out")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    symlink("..", root.join("up")).unwrap();
    let root = Root::open(&root, symlinks, Patience::Disk).unwrap();
    root.look(relative.as_bytes(), Patience::Disk)
}

#[test]
fn links_are_followed_as_the_policy_says() {
    use Symlinks::{Follow, Inside, Refuse};
    let is_file = |symlinks, path| matches!(look(symlinks, path), Ok(Kind::File(_)));
    for (path, inside, follow, refuse) in [
        ("dir/file", true, true, true),
        ("in", true, true, false),
        ("absolute-in", true, true, false),
        ("out", false, true, false),
        ("absolute-out", false, true, false),
        ("up/secret", false, true, false),
        ("loop", false, false, false),
        ("missing", false, false, false),
    ] {
        assert_eq!(is_file(Inside, path), inside, "inside {path}");
        assert_eq!(is_file(Follow, path), follow, "follow {path}");
        assert_eq!(is_file(Refuse, path), refuse, "refuse {path}");
    }
}

#[test]
fn dot_dot_never_leaves_the_root() {
    for path in ["../secret", "dir/../../secret", "/etc/passwd"] {
        assert_eq!(look(Symlinks::Inside, path), Err(Errno::XDEV), "{path}");
    }
}

#[test]
fn a_fifo_does_not_hang_and_is_special() {
    let place = tempfile::tempdir().unwrap();
    let fifo = place.path().join("fifo");
    rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    let root = Root::open(place.path(), Symlinks::Inside, Patience::Disk).unwrap();
    assert_eq!(root.read(b"fifo").unwrap().1, Kind::Special);
}

#[test]
fn a_switched_root_is_seen() {
    let place = tempfile::tempdir().unwrap();
    for release in ["one", "two"] {
        fs::create_dir(place.path().join(release)).unwrap();
    }
    let current = place.path().join("current");
    symlink("one", &current).unwrap();
    let root = Root::open(&current, Symlinks::Inside, Patience::Disk).unwrap();
    assert_eq!(root.is_current(Patience::Disk), Ok(true));
    fs::remove_file(&current).unwrap();
    assert_eq!(root.is_current(Patience::Disk), Err(Errno::NOENT));
    symlink("two", &current).unwrap();
    assert_eq!(root.is_current(Patience::Disk), Ok(false));
}

#[test]
fn a_second_look_needs_no_disk() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("file"), "x").unwrap();
    let root = Root::open(place.path(), Symlinks::Inside, Patience::Disk).unwrap();
    let first = root.look(b"file", Patience::Disk).unwrap();
    assert_eq!(root.look(b"file", Patience::Cached), Ok(first));
}
