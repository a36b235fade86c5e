//! Directory listings: for people, for programs, and in every order.

use std::fs::File;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::support::{Browser, Folder, Program, Start, Tallyd};

/// Three files whose names, sizes and times are in three different orders, and a directory.
fn folder() -> Folder {
    let folder = Folder::new();
    for (name, length, age) in [("b.txt", 300, 20), ("a.txt", 200, 30), ("c.txt", 100, 10)] {
        let path = folder.file(name, &vec![b'x'; length]);
        let modified = SystemTime::now() - Duration::from_secs(age * 86_400);
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(modified).unwrap();
    }
    folder.file("d/inside.txt", b"inside");
    folder.file(".hidden", b"not shown");
    folder
}

fn start(folder: &Folder) -> Tallyd {
    Start::serving(folder.path()).arg("--listing").start()
}

/// The names in a JSON listing, as curl gets it.
fn names(server: &Tallyd, target: &str) -> Vec<String> {
    let accept = ["--header", "Accept: application/json", "--fail"];
    let text = Program::curl(&accept).arg(server.url(target)).output();
    let listing: Value = serde_json::from_str(&text).expect("JSON");
    let entries = listing["entries"].as_array().expect("entries");
    entries
        .iter()
        .map(|entry| entry["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn it_is_sorted_by_name_size_or_time_and_directories_come_first() {
    let folder = folder();
    let server = start(&folder);
    for (query, expected) in [
        ("", ["d", "a.txt", "b.txt", "c.txt"]),
        ("?sort=name&order=desc", ["d", "c.txt", "b.txt", "a.txt"]),
        ("?sort=size", ["d", "c.txt", "a.txt", "b.txt"]),
        ("?sort=size&order=desc", ["d", "b.txt", "a.txt", "c.txt"]),
        ("?sort=time", ["d", "a.txt", "b.txt", "c.txt"]),
        ("?sort=time&order=desc", ["d", "c.txt", "b.txt", "a.txt"]),
    ] {
        assert_eq!(names(&server, &format!("/{query}")), expected, "{query}");
    }
    server.stop();
}

#[test]
fn json_names_path_length_and_time() {
    let folder = folder();
    let server = start(&folder);
    let reply = server.ask("GET / HTTP/1.0\r\nAccept: application/json\r\n\r\n");
    assert_eq!(reply.field("Content-Type"), Some("application/json"));
    assert!(
        reply
            .field("Vary")
            .is_some_and(|vary| vary.contains("Accept"))
    );
    let listing: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(listing["path"], "/");
    let entries = &listing["entries"];
    assert_eq!(
        (&entries[0]["type"], &entries[0]["path"]),
        (&"directory".into(), &"/d/".into())
    );
    let file = &entries[1];
    assert_eq!(
        (&file["type"], &file["path"]),
        (&"file".into(), &"/a.txt".into())
    );
    assert_eq!(
        (&file["href"], &file["length"]),
        (&"/a.txt".into(), &200.into())
    );
    assert!(
        file["modified"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z'))
    );
    server.stop();
}

#[test]
fn in_chromium_every_link_of_the_page_leads_to_its_file() {
    let folder = Folder::new();
    let odd = [
        "a b.txt",
        "100%.txt",
        "#hash?.txt",
        "\"quote'<b>.txt",
        "ü€😀.txt",
        "new\nline.txt",
    ];
    for name in odd {
        folder.file(name, name.as_bytes());
    }
    let server = start(&folder);
    let mut browser = Browser::start();
    let page = browser.open(&server.url("/"));
    let failures = page
        .failures
        .iter()
        .filter(|failure| !failure.contains("favicon"));
    assert_eq!(failures.count(), 0, "{page:#?}");
    let links = "Promise.all([...document.querySelectorAll('tbody a')].map(async link =>
        [await (await fetch(link.href)).text(), link.textContent]))";
    let mut found = Vec::new();
    for pair in browser.evaluate(links).as_array().expect("links") {
        found.push(pair[0].as_str().unwrap().to_owned());
        // A page shows a line break in a name as white space, or not as it is.
        if !found.last().unwrap().contains('\n') {
            assert_eq!(
                pair[0], pair[1],
                "the text of the link is the name of the file"
            );
        }
    }
    found.sort_unstable();
    let mut expected = odd.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(found, expected);
    drop(browser);
    server.stop();
}

#[test]
fn an_index_file_comes_before_the_listing_and_neither_is_404() {
    let folder = folder();
    folder.file("d/index.html", b"the index of d");
    let server = start(&folder);
    assert_eq!(server.get("/d/").text(), "the index of d");
    let moved = server.get("/d?x=1");
    assert_eq!(
        (moved.status, moved.field("Location")),
        (301, Some("/d/?x=1"))
    );
    server.stop();
    let server = Start::serving(folder.path()).start();
    assert_eq!(server.get("/").status, 404);
    server.stop();
}
