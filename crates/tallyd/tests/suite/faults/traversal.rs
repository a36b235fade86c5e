//! Nothing outside the root is ever sent, however its path is spelt, under every rule for links.

mod corpus;

use std::io::{Read, Write};
use std::os::unix::fs::symlink;

use super::one_worker;
use crate::support::{Folder, Tallyd};
use corpus::spellings;

const SECRET: &str = "the secret that lies beside the root";

/// Spellings for each connection.
const BATCH: usize = 50;

/// A root with folders, files and a link inside, and the secret on every level above it.
fn folder() -> Folder {
    let folder = Folder::new();
    for place in [
        "secret.txt",
        "above/secret.txt",
        "above/root/sub/.secret.txt",
    ] {
        folder.file(place, SECRET.as_bytes());
    }
    folder.file("above/root/index.html", b"index");
    folder.file("above/root/sub/a.txt", b"hello");
    folder.file("above/root/sub/deep/b.txt", b"hello");
    symlink("sub", folder.join("above/root/link")).unwrap();
    folder
}

#[test]
fn the_corpus_is_large_and_without_doubles() {
    let all = spellings("/tmp/secret.txt");
    let different: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(all.len(), different.len());
    assert!(all.len() >= 500, "{} spellings", all.len());
}

#[test]
fn no_spelling_of_a_path_leaves_the_root() {
    let folder = folder();
    let all = spellings(folder.join("secret.txt").to_str().unwrap());
    for rule in ["inside", "refuse", "follow"] {
        let server = one_worker(folder.join("above/root"))
            .args(&["--symlinks", rule, "--listing", "--keep-alive", "10s"])
            .start();
        for batch in all.chunks(BATCH) {
            let sent = together(&server, batch);
            for spelling in batch.iter().skip(sent) {
                alone(&server, spelling);
            }
        }
        let reply = server.get("/sub/a.txt");
        assert_eq!(reply.body, b"hello", "still serving");
    }
}

/// All of a batch, pipelined; how many replies came before the connection was closed.
fn together(server: &Tallyd, batch: &[Vec<u8>]) -> usize {
    let requests: Vec<u8> = batch
        .iter()
        .flat_map(|spelling| request(spelling, ""))
        .collect();
    let replies = talk(server, &requests);
    assert_safe(&replies, &batch.join(&b' '));
    count(&replies)
}

/// One spelling on a connection of its own: an earlier one may have closed it.
fn alone(server: &Tallyd, spelling: &[u8]) {
    let replies = talk(server, &request(spelling, "Connection: close\r\n"));
    assert_safe(&replies, spelling);
    assert_eq!(count(&replies), 1, "{}", String::from_utf8_lossy(spelling));
}

fn request(spelling: &[u8], lines: &str) -> Vec<u8> {
    let rest = format!(" HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n");
    [b"GET ", spelling, rest.as_bytes()].concat()
}

/// All that comes back for `bytes`; the last one asked for is a clean request that ends the connection.
fn talk(server: &Tallyd, bytes: &[u8]) -> Vec<u8> {
    let mut stream = server.connect();
    let last = request(b"/sub/a.txt?last", "Connection: close\r\n");
    // The server may have closed before all is written.
    stream.write_all(&[bytes, &last].concat()).ok();
    let mut replies = Vec::new();
    stream.read_to_end(&mut replies).ok();
    replies
}

fn assert_safe(replies: &[u8], spelling: &[u8]) {
    let text = String::from_utf8_lossy(replies);
    let what = String::from_utf8_lossy(spelling);
    assert!(!text.contains(SECRET), "the secret came out: {what}");
    assert!(!text.contains("root:"), "the passwords came out: {what}");
    assert!(
        !text.contains("href=\"secret.txt\""),
        "its name was listed: {what}\n{text}"
    );
    for status in text
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &text[at + 9..at + 12])
    {
        assert!(
            ["200", "301", "400", "404"].contains(&status),
            "{status}: {what}"
        );
    }
}

fn count(replies: &[u8]) -> usize {
    let text = String::from_utf8_lossy(replies);
    let last = usize::from(text.contains("\r\n\r\nhello"));
    text.matches("HTTP/1.1 ")
        .count()
        .saturating_sub(last)
        .max(1)
}
