//! State directories that can't be used: each has a message of its own that says what to do, and nothing in
//! it is changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Disk, Place, refused};
use crate::support::{Folder, Start, noise};

/// Every file below a directory with its bytes, but for the lock and what SQLite makes to read a log.
pub fn snapshot(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(snapshot(&path));
        } else if !["lock", "ledger.db-shm"]
            .iter()
            .any(|name| path.ends_with(name))
        {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files.retain(|path, content| !(path.ends_with("ledger.db-wal") && content.is_empty()));
    files
}

/// Starts on what is there: it is refused with these words, and no byte has changed.
pub fn refused_unchanged(place: &Place, words: &[&str]) {
    let before = snapshot(place.state.path());
    refused(place.server(), words);
    let after = snapshot(place.state.path());
    let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    for (path, content) in &before {
        assert!(after[path] == *content, "{} has changed", path.display());
    }
}

/// Some hits on several files, and a good end.
fn used() -> Place {
    let files = [("a", 1000), ("b", 2000), ("c", 3000)];
    let place = Place::with(&files);
    let server = place.start();
    for _ in 0..5 {
        for (name, _) in files {
            assert_eq!(server.get(&format!("/{name}")).status, 200);
        }
    }
    server.stop();
    place
}

fn ledger(place: &Place) -> PathBuf {
    place.state.join("ledger.db")
}

#[test]
fn a_place_that_may_not_be_made_is_said() {
    let (root, closed) = (Folder::with_index(), Folder::new());
    closed.mode("", 0o555);
    let state = closed.join("deep/er");
    let start = Start::without_rights().args(&["--listen", "127.0.0.1:0"]);
    let words = [
        "not allowed",
        state.to_str().unwrap(),
        "check its permissions",
        "--state DIR",
        "--no-state",
    ];
    refused(start.arg(root.path()).state(&state), &words);
    assert_eq!(fs::read_dir(closed.path()).unwrap().count(), 0);
}

#[test]
fn a_read_only_file_system_is_said() {
    let (place, disk) = (Place::with(&[("a", 10)]), Disk::new("24m"));
    let start = |name: &str| Start::serving(place.root.path()).state(&disk.path().join(name));
    start("used").start().stop();
    disk.close();
    for name in ["used", "new"] {
        let before = snapshot(disk.path());
        refused(
            start(name),
            &["read-only file system", name, "--state DIR", "--no-state"],
        );
        assert!(snapshot(disk.path()) == before);
    }
}

#[test]
fn a_directory_of_another_user_is_said() {
    let place = used();
    for name in ["", "journal"] {
        place.state.mode(name, 0o777);
    }
    let before = snapshot(place.state.path());
    let start = Start::without_rights().args(&["--listen", "127.0.0.1:0"]);
    let words = [
        "belongs to user 0",
        "this process is user 65534",
        "run it as that user",
        "--state DIR",
    ];
    refused(
        start.arg(place.root.path()).state(place.state.path()),
        &words,
    );
    assert!(snapshot(place.state.path()) == before);
    place.start().stop();
}

#[test]
fn a_file_in_its_place_is_said() {
    let place = Place::with(&[("a", 10)]);
    let file = place.state.file("file", b"something else");
    let start = |path: &Path| Start::serving(place.root.path()).state(path);
    for path in [file.clone(), file.join("below")] {
        let words = [
            "cannot use the state directory",
            path.to_str().unwrap(),
            "--state DIR",
        ];
        refused(start(&path), &words);
    }
    assert_eq!(fs::read(&file).unwrap(), b"something else");
    // The same for what is expected in it.
    fs::create_dir(place.state.join("ledger.db")).unwrap();
    refused(
        place.server(),
        &["ledger.db is no file", "Nothing was changed"],
    );
}

#[test]
fn a_ledger_of_a_newer_version_is_said() {
    let place = used();
    place.ledger().change("PRAGMA user_version = 99");
    let words = ["newer tallyd", "99", "Start the newer one", "--state DIR"];
    refused_unchanged(&place, &words);
    place.ledger().change("PRAGMA user_version = 2");
    place.start().stop();
}

#[test]
fn a_ledger_that_was_cut_is_said() {
    let place = used();
    let whole = fs::read(ledger(&place)).unwrap();
    for length in [
        100,
        4096,
        5000,
        whole.len() / 2,
        whole.len() - 4096,
        whole.len() - 1,
    ] {
        fs::write(ledger(&place), &whole[..length]).unwrap();
        let words = [
            "ledger.db",
            "damaged",
            "Nothing was changed",
            "Restore the state directory from a copy",
        ];
        refused_unchanged(&place, &words);
    }
    fs::write(ledger(&place), &whole).unwrap();
    let server = place.start();
    assert_eq!(server.get("/a").status, 200);
    assert_eq!(place.stopped(server, "/a").hits, 6);
}

#[test]
fn a_ledger_that_is_empty_beside_its_log_is_not_begun_anew() {
    let place = Place::with(&[("a", 1000)]);
    let server = place.start();
    assert_eq!(server.get("/a").status, 200);
    server.hits(1);
    server.kill();
    let log = place.state.join("ledger.db-wal");
    assert!(!fs::read(log).unwrap().is_empty());
    let whole = fs::read(ledger(&place)).unwrap();
    // SQLite takes a file of one byte for an empty one, and removes the log of that.
    for cut in ["", "S"] {
        fs::write(ledger(&place), cut).unwrap();
        let words = ["ledger.db", "damaged", "Nothing was changed"];
        refused_unchanged(&place, &words);
    }
    fs::write(ledger(&place), whole).unwrap();
    let server = place.start();
    assert_eq!(place.stopped(server, "/a").hits, 1);
}

#[test]
fn a_ledger_with_a_flipped_byte_in_any_page_is_said() {
    let place = used();
    let whole = fs::read(ledger(&place)).unwrap();
    let pages = whole.len() / 4096;
    assert!(pages > 10, "{pages}");
    // The kind of a page is its first byte; the first page begins with the mark of all databases.
    for page in 0..pages {
        let mut damaged = whole.clone();
        damaged[page * 4096] ^= 0x55;
        fs::write(ledger(&place), damaged).unwrap();
        refused_unchanged(
            &place,
            &[
                "ledger.db",
                "Nothing was changed",
                "Restore the state directory from a copy",
            ],
        );
    }
    fs::write(ledger(&place), &whole).unwrap();
    place.start().stop();
}

#[test]
fn a_number_that_was_changed_in_the_ledger_is_noticed() {
    for change in [
        "UPDATE files SET hits = hits + 1 WHERE path = '/a'",
        "UPDATE files SET number = 2 WHERE path = '/b'",
        "DELETE FROM versions WHERE file = 1",
        "DROP TABLE file_hours",
        "INSERT INTO open_hits VALUES (7, 8)",
    ] {
        let place = used();
        place.ledger().change(change);
        refused_unchanged(&place, &["ledger.db", "damaged", "Nothing was changed"]);
    }
}

#[test]
fn garbage_in_the_place_of_the_ledger_is_said() {
    let place = used();
    for garbage in [
        noise(10_000, 5),
        vec![0; 8192],
        b"SQLite format 3\0".to_vec(),
        b"x".to_vec(),
    ] {
        fs::write(ledger(&place), garbage).unwrap();
        let words = [
            "ledger.db",
            "Nothing was changed",
            "move all of it away to begin anew",
        ];
        refused_unchanged(&place, &words);
    }
}

#[test]
fn a_database_of_somebody_else_is_said() {
    let place = used();
    fs::remove_file(ledger(&place)).unwrap();
    place
        .ledger()
        .change("CREATE TABLE files (id INTEGER); INSERT INTO files VALUES (1)");
    refused_unchanged(&place, &["is no ledger of tallyd", "Nothing was changed"]);
}
