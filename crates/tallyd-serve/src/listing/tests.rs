//! Listings of real directories, piece by piece.

use std::fs;
use std::path::Path;

use super::*;
use crate::config::Symlinks;
use crate::tree::Patience;

fn listing(directory: &Path, view: View) -> String {
    let root = Arc::new(Root::open(directory, Symlinks::Inside, Patience::Disk).unwrap());
    let mut listing = Listing::new(Place::new(root, b".".to_vec()), view);
    let mut all = Vec::new();
    while let Some(piece) = listing.piece().unwrap() {
        all.extend(piece);
    }
    String::from_utf8(all).unwrap()
}

fn sample() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for (name, length) in [("b", 1), ("a", 3), ("c", 2)] {
        fs::write(place.path().join(name), vec![b'x'; length]).unwrap();
    }
    fs::create_dir(place.path().join("z-directory")).unwrap();
    fs::write(place.path().join(".hidden"), "x").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", place.path().join("outside")).unwrap();
    place
}

fn names(order: &[u8]) -> Vec<String> {
    let place = sample();
    let view = View {
        format: Format::Json,
        order: Order::of_query(order),
    };
    let text = listing(place.path(), view);
    let part = |line: &str| {
        line.split("\"name\":\"")
            .nth(1)?
            .split('"')
            .next()
            .map(str::to_owned)
    };
    text.lines().filter_map(part).collect()
}

#[test]
fn directories_come_first_then_the_order_asked_for() {
    assert_eq!(names(b""), ["z-directory", "a", "b", "c"]);
    assert_eq!(
        names(b"sort=name&order=desc"),
        ["z-directory", "c", "b", "a"]
    );
    assert_eq!(names(b"sort=size"), ["z-directory", "b", "c", "a"]);
    assert_eq!(
        names(b"order=desc&sort=size"),
        ["z-directory", "a", "c", "b"]
    );
    assert_eq!(names(b"sort=colour"), ["z-directory", "a", "b", "c"]);
}

#[test]
fn the_first_piece_comes_before_the_directory_is_read() {
    let place = sample();
    let root = Arc::new(Root::open(place.path(), Symlinks::Inside, Patience::Disk).unwrap());
    let view = View {
        format: Format::Html,
        order: Order::of_query(b""),
    };
    let mut listing = Listing::new(Place::new(root, b"gone".to_vec()), view);
    assert!(
        listing
            .piece()
            .unwrap()
            .unwrap()
            .starts_with(b"<!doctype html>")
    );
    assert!(listing.piece().is_err(), "now it is read, and missing");
}

#[test]
fn a_large_directory_comes_in_pieces_with_every_name_once() {
    let place = tempfile::tempdir().unwrap();
    for number in 0..1000 {
        fs::write(place.path().join(format!("{number:04}")), "").unwrap();
    }
    for query in [&b""[..], b"sort=size"] {
        let view = View {
            format: Format::Json,
            order: Order::of_query(query),
        };
        let text = listing(place.path(), view);
        let found = text
            .lines()
            .filter(|line| line.contains("\"name\""))
            .count();
        assert_eq!(found, 1000);
        assert!(text.contains("\"path\":\"/0999\""));
    }
}

#[test]
fn a_page_links_and_escapes_every_name() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("<b>&\"'"), "").unwrap();
    fs::write(place.path().join("a:b?c#d%e f"), "").unwrap();
    let view = View {
        format: Format::Html,
        order: Order::of_query(b""),
    };
    let text = listing(place.path(), view);
    assert!(
        text.contains("<a href=\"%3Cb%3E%26%22%27\">&lt;b&gt;&amp;&quot;&#39;</a>"),
        "{text}"
    );
    assert!(
        text.contains("<a href=\"a%3Ab%3Fc%23d%25e%20f\">"),
        "{text}"
    );
    assert!(text.contains("<p>2 entries."), "{text}");
}

#[test]
fn an_empty_directory_says_so() {
    let place = tempfile::tempdir().unwrap();
    let view = View {
        format: Format::Html,
        order: Order::of_query(b""),
    };
    assert!(listing(place.path(), view).contains("This directory is empty."));
}
