//! Names that nobody should give and somebody does: served, listed, linked and logged right.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::one_worker;
use crate::support::{Folder, Tallyd};

/// Each is a file whose content is its own name.
const NAMES: [&[u8]; 48] = [
    b"plain.txt",
    b"a space",
    b" leading",
    b"trailing ",
    b"  ",
    b"quo\"te",
    b"apo'strophe",
    b"per%cent",
    b"per%41cent",
    b"%2e%2e",
    b"%2f",
    b"%00",
    b"%",
    b"%%",
    b"has#hash",
    b"has?question",
    b"?",
    b"#",
    b"new\nline",
    b"re\rturn",
    b"tab\there",
    b"\x01\x02\x1b[31m",
    b"\x7f",
    b"inv\xfflid",
    b"\xff\xfe\x80",
    b"\xc3\x28",
    b"gr\xc3\xbc\xc3\x9fe",
    b"\xe2\x80\xae" as &[u8],
    b"\xe6\x97\xa5\xe6\x9c\xac",
    b"<b>bold<b>",
    b"&amp;",
    b"&quot;",
    b"a&b=c",
    b"a;b",
    b"a|b",
    b"back\\slash",
    b"colon:name",
    b"http:evil",
    b"javascript:alert(1)",
    b"at@sign",
    b"plus+plus",
    b"~tilde",
    b"(paren)[bracket]{brace}",
    b"dollar$`tick`^",
    b"comma,",
    b"dot.",
    b"--help",
    b"*",
];

/// The names in the root and in a folder with a name as bad.
fn folder() -> Folder {
    let folder = Folder::new();
    for name in NAMES.iter().copied().chain([[b'x'; 255].as_slice()]) {
        folder.file(OsStr::from_bytes(name), name);
        folder.file(OsStr::from_bytes(&[b"d i%r?#\n\xff/", name].concat()), name);
    }
    folder
}

const FOLDER: &str = "/d%20i%25r%3F%23%0A%FF/";

#[test]
fn every_link_of_the_page_leads_to_its_file() {
    let folder = folder();
    let server = one_worker(folder.path()).arg("--listing").start();
    for directory in ["/", FOLDER] {
        let page = server.get(directory).text();
        let links = between(&page, "<tr><td><a href=\"", "\"");
        let files = links.iter().filter(|link| !link.ends_with('/'));
        let targets = files.map(|link| format!("{directory}{}", unescaped(link)));
        assert_each_is_its_name(&server, targets);
    }
}

#[test]
fn every_href_of_the_json_leads_to_its_file() {
    let folder = folder();
    let server = one_worker(folder.path()).arg("--listing").start();
    for directory in ["/", FOLDER] {
        let reply = server.ask(format!(
            "GET {directory} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
        ));
        let links = between(&reply.text(), "\"href\":\"", "\"");
        let files = links.into_iter().filter(|link| !link.ends_with('/'));
        assert_each_is_its_name(&server, files);
    }
}

/// The targets are those of all names, each with its name as content.
fn assert_each_is_its_name(server: &Tallyd, targets: impl Iterator<Item = String>) {
    let mut found = BTreeMap::new();
    for target in targets {
        let plain = target
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"<>#?".contains(&byte));
        assert!(plain, "not fit for a link: {target}");
        let reply = server.get(&target);
        assert_eq!(reply.status, 200, "{target}");
        found.insert(reply.body, target);
    }
    for name in NAMES {
        assert!(
            found.contains_key(name),
            "no link to {}",
            name.escape_ascii()
        );
    }
    assert_eq!(found.len(), NAMES.len() + 1);
}

#[test]
fn a_relative_link_is_never_a_scheme_or_another_host() {
    let folder = folder();
    let server = one_worker(folder.path()).arg("--listing").start();
    let page = server.get("/").text();
    for link in between(&page, "<tr><td><a href=\"", "\"") {
        assert!(!link.contains(':') && !link.starts_with('/'), "{link}");
    }
    assert!(!page.contains("<b>bold"), "a name is text");
}

#[test]
fn a_folder_without_its_slash_is_sent_to_itself() {
    let folder = folder();
    let server = one_worker(folder.path()).arg("--listing").start();
    let reply = server.get(FOLDER.trim_end_matches('/'));
    assert_eq!((reply.status, reply.field("location")), (301, Some(FOLDER)));
    for target in ["//evil.example", "/%2fevil.example", "/\\evil.example"] {
        folder.file("evil.example/index.html", b"");
        let location = server
            .get(target)
            .field("location")
            .unwrap_or("/")
            .to_owned();
        assert!(
            !location.starts_with("//") && !location.starts_with("/\\"),
            "{target} to {location}"
        );
    }
}

#[test]
fn every_name_is_one_line_of_the_log() {
    let folder = folder();
    let server = crate::support::Start::serving(folder.path()).start();
    for name in NAMES {
        assert_eq!(server.get(&encoded(name)).body, name);
    }
    let lines = server.stop().stdout;
    let hits: Vec<_> = lines.iter().filter(|line| line.starts_with('/')).collect();
    assert_eq!(hits.len(), NAMES.len(), "{lines:#?}");
    for line in hits {
        assert_eq!(line.split('|').count(), 4, "{line}");
        assert!(!line.chars().any(char::is_control), "{line}");
    }
}

fn encoded(name: &[u8]) -> String {
    let escapes = name.iter().map(|byte| format!("%{byte:02x}"));
    format!("/{}", escapes.collect::<String>())
}

/// All texts between `start` and the next `end`.
fn between(text: &str, start: &str, end: &str) -> Vec<String> {
    let parts = text.split(start).skip(1);
    parts
        .map(|part| part.split(end).next().unwrap().to_owned())
        .collect()
}

/// An attribute's value as a browser reads it.
fn unescaped(value: &str) -> String {
    let quotes = value.replace("&quot;", "\"").replace("&#39;", "'");
    quotes
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
