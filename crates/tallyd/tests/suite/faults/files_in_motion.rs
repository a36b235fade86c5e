//! Files that change while they are sent: the running transfer keeps its version or is cut, the next has the new.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

use super::{ask_on, eventually, get, logged, number, one_worker, word};
use crate::support::{Folder, LIMIT, Start, Tallyd, read_replies};

/// More than the buffers of two sockets hold.
const LARGE: usize = 48 * 1024 * 1024;

/// A file of one letter.
fn full_of(folder: &Folder, name: &str, letter: u8, length: usize) {
    folder.file(name, &vec![letter; length]);
}

/// A client of `target` that has read the head and a little more.
fn begun(server: &Tallyd, target: &str) -> (TcpStream, Vec<u8>) {
    let mut stream = server.connect();
    stream.write_all(get(target).as_bytes()).unwrap();
    let mut bytes = vec![0; 4096];
    stream.read_exact(&mut bytes).unwrap();
    let body = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    (stream, bytes.split_off(body))
}

/// Reads to `length` bytes, or to the end if that comes before.
fn finish((mut stream, mut body): (TcpStream, Vec<u8>), length: usize) -> Vec<u8> {
    let mut piece = vec![0; 1 << 20];
    while body.len() < length {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(count) => body.extend_from_slice(&piece[..count]),
        }
    }
    body
}

fn is_all(body: &[u8], letter: u8) -> bool {
    body.iter().all(|&byte| byte == letter)
}

#[test]
fn a_file_cut_short_is_cut_off() {
    for cut in [0, 10_000, 20 * 1024 * 1024] {
        let folder = Folder::new();
        full_of(&folder, "a.bin", b'a', LARGE);
        let server = one_worker(folder.path()).start();
        let running = begun(&server, "/a.bin");
        let file = OpenOptions::new().write(true).open(folder.join("a.bin"));
        file.unwrap().set_len(cut).unwrap();
        let body = finish(running, LARGE);
        assert!(body.len() < LARGE, "cut to {cut}, got {}", body.len());
        // What was on its way while the file was cut may be zeros: the kernel sends its own pages.
        let kept = body.len().min(usize::try_from(cut).unwrap());
        assert!(is_all(&body[..kept], b'a'));
        let line = logged(&server, "/a.bin");
        assert_eq!(word(&line, "outcome"), "aborted");
        assert_eq!(word(&line, "reason"), "file changed or unreadable");
        assert_eq!(number(&line, "bytes"), body.len() as u64);
        let now = cut.to_string();
        eventually("the shorter file is served", || {
            let reply = server.get("/a.bin");
            (reply.field("content-length") == Some(&now)).then_some(())
        });
    }
}

#[test]
fn a_file_that_grows_is_sent_as_long_as_it_was() {
    let folder = Folder::new();
    full_of(&folder, "a.bin", b'a', LARGE);
    let server = one_worker(folder.path()).start();
    let (mut stream, begin) = begun(&server, "/a.bin");
    let mut file = OpenOptions::new()
        .append(true)
        .open(folder.join("a.bin"))
        .unwrap();
    file.write_all(b"bbbb").unwrap();
    let body = finish((stream.try_clone().unwrap(), begin), LARGE);
    assert!(body.len() == LARGE && is_all(&body, b'a'));
    // Not a byte more: the next reply on the connection begins where it should.
    stream.write_all(get("/missing").as_bytes()).unwrap();
    assert_eq!(read_replies(&mut stream, 1)[0].status, 404);
}

#[test]
fn a_file_replaced_by_rename_is_wholly_old_or_wholly_new() {
    let folder = Folder::new();
    full_of(&folder, "a.bin", b'a', LARGE);
    let server = one_worker(folder.path()).start();
    let running = begun(&server, "/a.bin");
    full_of(&folder, "new.bin", b'b', LARGE);
    fs::rename(folder.join("new.bin"), folder.join("a.bin")).unwrap();
    eventually("the new one is served", || {
        let next = finish(begun(&server, "/a.bin"), LARGE);
        assert!(next.len() == LARGE && (is_all(&next, b'a') || is_all(&next, b'b')));
        is_all(&next, b'b').then_some(())
    });
    let old = finish(running, LARGE);
    assert!(old.len() == LARGE && is_all(&old, b'a'));
}

#[test]
fn a_deleted_file_is_sent_to_its_end_and_then_missing() {
    let folder = Folder::new();
    full_of(&folder, "a.bin", b'a', LARGE);
    let server = one_worker(folder.path()).start();
    let running = begun(&server, "/a.bin");
    fs::remove_file(folder.join("a.bin")).unwrap();
    eventually("it is missing", || {
        let mut stream = server.connect();
        stream.write_all(b"HEAD /a.bin HTTP/1.0\r\n\r\n").unwrap();
        (read_replies(&mut stream, 1)[0].status == 404).then_some(())
    });
    assert!(is_all(&finish(running, LARGE), b'a'));
    assert_eq!(word(&logged(&server, "/a.bin"), "outcome"), "complete");
}

#[test]
fn a_file_made_unreadable_is_sent_to_its_end_and_then_forbidden() {
    let folder = Folder::new();
    full_of(&folder, "a.bin", b'a', LARGE);
    folder.file("small.txt", b"hello");
    let server = Start::without_rights()
        .args(&["--listen", "127.0.0.1:0", "--workers", "1"])
        .arg(folder.path())
        .start();
    assert_eq!(server.get("/small.txt").status, 200);
    let running = begun(&server, "/a.bin");
    folder.mode("a.bin", 0o000);
    folder.mode("small.txt", 0o000);
    for target in ["/a.bin", "/small.txt"] {
        eventually("it is forbidden", || {
            let mut stream = server.connect();
            stream.write_all(get(target).as_bytes()).unwrap();
            let mut status = [0; 12];
            stream.read_exact(&mut status).unwrap();
            (status.ends_with(b"403")).then_some(())
        });
    }
    let body = finish(running, LARGE);
    assert!(body.len() == LARGE && is_all(&body, b'a'));
    folder.mode("a.bin", 0o644);
    folder.mode("small.txt", 0o644);
    eventually("it is served again", || {
        (server.get("/small.txt").status == 200).then_some(())
    });
}

#[test]
fn a_small_file_rewritten_all_the_time_is_never_a_mix() {
    let folder = Folder::new();
    full_of(&folder, "a.txt", b'a', 30_000);
    let server = one_worker(folder.path()).start();
    let mut stream = server.connect();
    let mut seen = [false; 26];
    let start = Instant::now();
    // What was seen is believed for 100 ms: a quick machine needs more rounds until it is looked at again.
    for round in 0_usize.. {
        let several = seen.iter().filter(|&&seen| seen).count() > 2;
        if round >= 400 && several {
            break;
        }
        assert!(start.elapsed() < LIMIT, "never looked again");
        let letter = b'a' + u8::try_from(round % 26).unwrap();
        full_of(&folder, "next", letter, 30_000 + round % 7);
        fs::rename(folder.join("next"), folder.join("a.txt")).unwrap();
        let reply = ask_on(&mut stream, "/a.txt");
        assert_eq!(reply.status, 200);
        assert!(is_all(&reply.body, reply.body[0]), "a mix in round {round}");
        seen[usize::from(reply.body[0] - b'a')] = true;
    }
}

#[test]
fn a_file_becomes_a_directory_and_back() {
    let folder = Folder::new();
    folder.file("place", b"file");
    let server = one_worker(folder.path()).start();
    let mut stream = server.connect();
    for _ in 0..3 {
        assert_eq!(wait_for_status(&mut stream, "/place", 200), b"file");
        fs::remove_file(folder.join("place")).unwrap();
        folder.file("place/index.html", b"index");
        wait_for_status(&mut stream, "/place", 301);
        assert_eq!(wait_for_status(&mut stream, "/place/", 200), b"index");
        fs::remove_dir_all(folder.join("place")).unwrap();
        wait_for_status(&mut stream, "/place/", 404);
        folder.file("place", b"file");
    }
}

fn wait_for_status(stream: &mut TcpStream, target: &str, status: u16) -> Vec<u8> {
    eventually("the status", || {
        let reply = ask_on(stream, target);
        (reply.status == status).then_some(reply.body)
    })
}

#[test]
fn a_variant_that_comes_and_goes_is_never_sent_as_the_file() {
    let folder = Folder::new();
    folder.file("a.css", b"plain");
    let server = one_worker(folder.path()).start();
    let mut stream = server.connect();
    for round in 0..60 {
        variant(folder.path(), round % 3 == 0);
        stream
            .write_all(b"GET /a.css HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
            .unwrap();
        let reply = read_replies(&mut stream, 1).remove(0);
        let encoded = reply.field("content-encoding") == Some("gzip");
        let expected: &[u8] = if encoded { b"packed" } else { b"plain" };
        assert_eq!(reply.body, expected, "round {round}");
    }
}

fn variant(root: &Path, there: bool) {
    let path = root.join("a.css.gz");
    if there {
        File::create(path).unwrap().write_all(b"packed").unwrap();
    } else {
        fs::remove_file(path).ok();
    }
}
