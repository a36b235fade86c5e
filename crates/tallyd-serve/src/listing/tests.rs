//! Listings of real directories, piece by piece.

use std::fs;
use std::path::Path;

use super::*;
use crate::config::Symlinks;
use crate::tree::Patience;

fn listing(directory: &Path, view: View) -> String {
    counted(directory, view, |_| panic!("counts are not asked for"))
}

/// A listing for which the totals of files are known so, or not at all.
fn counted(
    directory: &Path,
    view: View,
    mut totals: impl FnMut(&[Vec<u8>]) -> Option<Vec<Totals>>,
) -> String {
    let root = Arc::new(Root::open(directory, Symlinks::Inside, Patience::Disk).unwrap());
    let mut listing = Listing::new(Place::new(root, b".".to_vec()), view);
    let mut all = Vec::new();
    loop {
        match listing.step().unwrap() {
            Step::Piece(piece) => all.extend(piece),
            Step::Ask(paths) => listing.tell(totals(&paths)),
            Step::End => return String::from_utf8(all).unwrap(),
        }
    }
}

fn view(format: Format, query: &[u8], columns: Columns) -> View {
    View {
        format,
        order: Order::of_query(query, columns),
        columns,
    }
}

fn plain(format: Format) -> View {
    view(format, b"", Columns::Facts)
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
    let text = listing(place.path(), view(Format::Json, order, Columns::Facts));
    names_in(&text)
}

fn names_in(text: &str) -> Vec<String> {
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
    assert_eq!(names(b"sort=downloads"), ["z-directory", "a", "b", "c"]);
}

#[test]
fn the_first_piece_comes_before_the_directory_is_read() {
    let place = sample();
    let root = Arc::new(Root::open(place.path(), Symlinks::Inside, Patience::Disk).unwrap());
    let view = plain(Format::Html);
    let mut listing = Listing::new(Place::new(root, b"gone".to_vec()), view);
    let Step::Piece(first) = listing.step().unwrap() else {
        panic!("no piece");
    };
    assert!(first.starts_with(b"<!doctype html>"));
    assert!(listing.step().is_err(), "now it is read, and missing");
}

#[test]
fn a_large_directory_comes_in_pieces_with_every_name_once() {
    let place = tempfile::tempdir().unwrap();
    for number in 0..1000 {
        fs::write(place.path().join(format!("{number:04}")), "").unwrap();
    }
    for query in [&b""[..], b"sort=size"] {
        let view = view(Format::Json, query, Columns::Facts);
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
    let view = plain(Format::Html);
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
    let view = plain(Format::Html);
    assert!(listing(place.path(), view).contains("This directory is empty."));
}

/// The totals of the sample: a has most downloads, c most hits, b nothing.
fn totals(paths: &[Vec<u8>]) -> Option<Vec<Totals>> {
    let of = |path: &Vec<u8>| match path.as_slice() {
        b"/a" => (5, 4_000),
        b"/c" => (9, 7),
        b"/b" | b"/z-directory" | b"/outside" => (0, 0),
        other => panic!("{:?} is asked for", String::from_utf8_lossy(other)),
    };
    let totals = paths.iter().map(of);
    Some(
        totals
            .map(|(hits, downloads)| Totals { hits, downloads })
            .collect(),
    )
}

#[test]
fn with_counts_files_are_sorted_by_them_the_largest_first() {
    let place = sample();
    let names = |query: &[u8]| {
        let view = view(Format::Json, query, Columns::Counts);
        names_in(&counted(place.path(), view, totals))
    };
    assert_eq!(names(b"sort=downloads"), ["z-directory", "a", "c", "b"]);
    assert_eq!(names(b"sort=hits"), ["z-directory", "c", "a", "b"]);
    assert_eq!(
        names(b"sort=hits&order=asc"),
        ["z-directory", "b", "a", "c"]
    );
    assert_eq!(names(b""), ["z-directory", "a", "b", "c"]);
}

#[test]
fn counts_are_a_column_for_people_and_two_numbers_for_programs() {
    let place = sample();
    let html = counted(
        place.path(),
        view(Format::Html, b"", Columns::Counts),
        totals,
    );
    assert!(html.contains("<a href=\"?sort=downloads&amp;order=desc\">downloads</a></th></tr>"));
    assert!(
        html.contains("<td><span title=\"5 hits\">4,000</span></td></tr>"),
        "{html}"
    );
    assert!(
        html.contains("z-directory/</a></td><td></td><td></td><td></td></tr>"),
        "{html}"
    );
    let json = counted(
        place.path(),
        view(Format::Json, b"", Columns::Counts),
        totals,
    );
    assert!(json.contains(",\"hits\":5,\"downloads\":4000}"), "{json}");
    assert_eq!(json.matches("\"hits\"").count(), 3, "directories have none");
}

#[test]
fn a_listing_goes_on_without_counts_that_nobody_knows() {
    let place = sample();
    for query in [&b""[..], b"sort=downloads", b"sort=hits&order=asc"] {
        let mut asked = 0;
        let view = view(Format::Html, query, Columns::Counts);
        let html = counted(place.path(), view, |_| {
            asked += 1;
            None
        });
        assert_eq!(html.matches(">–</span>").count(), 3, "{html}");
        assert!(html.contains("<p>4 entries."), "{html}");
        assert_eq!(asked, 1, "who does not know is not asked again");
    }
}

#[test]
fn many_files_are_asked_for_some_at_a_time() {
    let place = tempfile::tempdir().unwrap();
    for number in 0..WEIGHED + ROWS {
        fs::write(place.path().join(format!("{number:05}")), "").unwrap();
    }
    let view = view(Format::Json, b"sort=downloads", Columns::Counts);
    let json = counted(place.path(), view, |paths| {
        assert!(paths.len() <= WEIGHED);
        let number = |path: &Vec<u8>| std::str::from_utf8(&path[1..]).unwrap().parse().unwrap();
        let totals = paths.iter().map(|path| Totals {
            hits: 0,
            downloads: number(path),
        });
        Some(totals.collect())
    });
    let names = names_in(&json);
    assert_eq!(names.len(), WEIGHED + ROWS);
    assert!(names.is_sorted_by(|a, b| a > b), "{names:?}");
    for name in names {
        let number: usize = name.parse().unwrap();
        let row = format!("\"path\":\"/{name}\"");
        let line = json.lines().find(|line| line.contains(&row)).unwrap();
        assert!(
            line.contains(&format!("\"downloads\":{number}}}")),
            "{line}"
        );
    }
}
