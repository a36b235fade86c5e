//! Tests of asking and downloading, against servers that say what a script says.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::download::{Existing, Progress, Saved, download};
use super::save::{Place, Unfinished};
use super::*;

/// What a scripted server was asked, each request as its text.
type Asked = JoinHandle<Vec<String>>;

/// Answers one connection after the other with these bytes, then closes it.
fn scripted(answers: Vec<Vec<u8>>) -> (SocketAddr, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let answer = |answer: &Vec<u8>| {
            let (mut stream, _) = listener.accept().unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(30)))
                .unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                asked.push(byte[0]);
            }
            // Whoever has read enough may be gone.
            stream.write_all(answer).ok();
            String::from_utf8(asked).unwrap()
        };
        answers.iter().map(answer).collect()
    });
    (address, serving)
}

fn wish(address: SocketAddr) -> Wish {
    let url = Url::parse(&format!("{address}/a")).unwrap();
    Wish {
        url,
        request: Request::get("/"),
        patience: Duration::from_secs(30),
        rate: None,
        most_moves: 0,
    }
}

fn answer(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{fields}\r\n");
    [head.as_bytes(), body].concat()
}

fn body(answer: &mut Answer<'_>) -> Result<Vec<u8>, GetError> {
    let mut all = Vec::new();
    while let Some(bytes) = answer.advance()? {
        all.extend_from_slice(bytes);
    }
    Ok(all)
}

fn place(path: &Path) -> Unfinished {
    match Place::look(path).unwrap() {
        Place::File(place) => place,
        Place::Stream(_) => panic!("no file"),
    }
}

/// A download, and what was told while it ran.
fn got(wish: &Wish, path: &Path, existing: Existing) -> (Result<String, String>, Vec<String>) {
    let halt = Halt::default();
    let mut told = Vec::new();
    let mut tell = |said: Said<'_>| match said {
        Said::Anew(why) => told.push(why.to_owned()),
        Said::GoesOn(have) => told.push(format!("behind {have}")),
        _ => {}
    };
    let progress = Progress::default();
    let saved = download(wish, place(path), existing, &halt, &progress, &mut tell);
    let saved = saved.map(|saved| match saved {
        Saved::Whole {
            length, received, ..
        } => format!("whole {length}, now {received}"),
        Saved::There(length) => format!("there {length}"),
        Saved::Refused(answer) => format!("refused {}", answer.response.status),
    });
    (saved.map_err(|error| error.to_string()), told)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
    let mut names: Vec<String> = entries.map(|entry| name(entry).unwrap()).collect();
    names.sort();
    names
}

/// Half of ten bytes, of the version that the fields name, then what a second call with these answers does.
fn resumed(
    fields: &str,
    answers: Vec<Vec<u8>>,
) -> (Result<String, String>, Vec<String>, Vec<String>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let half = answer(
        "200 OK",
        &format!("{fields}Content-Length: 10\r\n"),
        b"01234",
    );
    let (address, serving) = scripted([vec![half], answers].concat());
    let (outcome, _) = got(&wish(address), &path, Existing::Replace);
    let error = outcome.unwrap_err();
    assert!(error.contains("got 5 of 10 bytes"), "{error}");
    assert_eq!(names(folder.path()), ["a.part", "a.part.from"]);
    let (outcome, told) = got(&wish(address), &path, Existing::GoOn);
    let content = fs::read(&path).unwrap_or_default();
    let expected: &[&str] = match fs::exists(&path).unwrap() {
        true => &["a"],
        false => &["a.part", "a.part.from"],
    };
    assert_eq!(names(folder.path()), expected);
    (outcome, told, serving.join().unwrap(), content)
}

const ETAG: &str = "ETag: \"1\"\r\n";

#[test]
fn a_download_that_was_broken_off_goes_on_behind_what_is_there() {
    let fields = format!("{ETAG}Content-Range: bytes 5-9/10\r\nContent-Length: 5\r\n");
    let rest = answer("206 Partial Content", &fields, b"56789");
    let (outcome, told, asked, content) = resumed(ETAG, vec![rest]);
    assert_eq!(outcome.unwrap(), "whole 10, now 5");
    assert_eq!(told, ["behind 5"]);
    assert!(
        asked[1].contains("\r\nRange: bytes=5-\r\nIf-Range: \"1\"\r\n"),
        "{asked:?}"
    );
    assert_eq!(content, b"0123456789");
}

#[test]
fn a_changed_file_is_got_anew_and_never_joined() {
    let new = answer("200 OK", "ETag: \"2\"\r\nContent-Length: 3\r\n", b"new");
    let (outcome, told, _, content) = resumed(ETAG, vec![new.clone()]);
    assert_eq!(
        (outcome.unwrap(), content),
        ("whole 3, now 3".into(), b"new".to_vec())
    );
    assert_eq!(told, ["the file has changed since"]);

    // A server that does not understand If-Range sends a part of the new file.
    let fields = "ETag: \"2\"\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n";
    let part = answer("206 Partial Content", fields, b"other");
    let (outcome, told, asked, content) = resumed(ETAG, vec![part, new]);
    assert_eq!(
        (outcome.unwrap(), content),
        ("whole 3, now 3".into(), b"new".to_vec())
    );
    assert_eq!(told, ["the file has changed since"]);
    assert!(!asked[2].contains("Range"), "{asked:?}");
}

#[test]
fn without_a_version_it_begins_anew() {
    let all = answer("200 OK", "Content-Length: 10\r\n", b"0123456789");
    let (outcome, told, asked, content) = resumed("ETag: W/\"1\"\r\n", vec![all]);
    assert_eq!(outcome.unwrap(), "whole 10, now 10");
    assert_eq!(
        told,
        ["the server told no version of it that could be relied on"]
    );
    assert!(!asked[1].contains("Range"), "{asked:?}");
    assert_eq!(content, b"0123456789");
}

#[test]
fn a_part_that_ends_too_early_is_not_the_whole() {
    let fields = format!("{ETAG}Content-Range: bytes 5-7/10\r\nContent-Length: 3\r\n");
    let part = answer("206 Partial Content", &fields, b"567");
    let (outcome, _, _, content) = resumed(ETAG, vec![part]);
    let error = outcome.unwrap_err();
    assert!(
        error.ends_with("got 8 of 10 bytes; go on with --resume"),
        "{error}"
    );
    assert_eq!(content, b"");
}

#[test]
fn an_error_leaves_what_is_there() {
    let gone = answer("404 Not Found", "Content-Length: 4\r\n", b"gone");
    let (outcome, _, _, content) = resumed(ETAG, vec![gone]);
    assert_eq!(
        (outcome.unwrap(), content),
        ("refused 404".into(), b"".to_vec())
    );
}

#[test]
fn all_that_is_missing_is_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let (address, serving) = scripted(vec![answer(
        "416 Range Not Satisfiable",
        "Content-Range: bytes */5\r\nContent-Length: 0\r\n",
        b"",
    )]);
    fs::write(folder.path().join("a.part"), b"01234").unwrap();
    let note = format!("#tallyd-get 1\nurl http://{address}/a\nlength 5\netag \"1\"\nend\n");
    fs::write(folder.path().join("a.part.from"), note).unwrap();
    let (outcome, _) = got(&wish(address), &path, Existing::GoOn);
    assert_eq!(outcome.unwrap(), "there 5");
    assert_eq!(names(folder.path()), ["a"]);
    serving.join().unwrap();
}

#[test]
fn a_file_without_a_part_is_compared_by_its_length_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, b"01234").unwrap();
    let of_length = |length| answer("200 OK", &format!("Content-Length: {length}\r\n"), b"");
    let (address, serving) = scripted(vec![of_length(5), of_length(9)]);
    let (outcome, _) = got(&wish(address), &path, Existing::GoOn);
    assert_eq!(outcome.unwrap(), "there 5");
    let (outcome, _) = got(&wish(address), &path, Existing::GoOn);
    let error = outcome.unwrap_err();
    assert!(
        error.contains("5 bytes, the server's has 9; of which version"),
        "{error}"
    );
    assert!(
        serving
            .join()
            .unwrap()
            .iter()
            .all(|asked| asked.starts_with("HEAD "))
    );
    assert_eq!(
        (fs::read(&path).unwrap(), names(folder.path())),
        (b"01234".to_vec(), vec!["a".into()])
    );
}

#[test]
fn a_part_of_somebody_else_is_left_and_one_in_use_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let part = folder.path().join("a.part");
    fs::write(&part, b"mine").unwrap();
    let error = Place::look(&path).unwrap_err().to_string();
    assert!(error.contains("was not made by this command"), "{error}");
    assert_eq!(fs::read(&part).unwrap(), b"mine");

    fs::remove_file(&part).unwrap();
    let mut first = place(&path);
    let note = save::Note {
        url: "http://h/".into(),
        total: None,
        version: None,
    };
    first.begin(note.clone()).unwrap();
    let error = Place::look(&path).unwrap_err().to_string();
    assert!(error.contains("is being written by another"), "{error}");
    first.write(b"whole").unwrap();
    first.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"whole");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn what_is_in_the_way_is_said_and_links_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let error = Place::look(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("is a directory"), "{error}");
    let (link, real) = (folder.path().join("link"), folder.path().join("real"));
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let error = Place::look(&link).unwrap_err().to_string();
    assert!(error.starts_with("cannot follow the link"), "{error}");
    fs::write(&real, b"old").unwrap();
    assert_eq!(place(&link).path(), real.canonicalize().unwrap());
    // A link where the part belongs could lead anywhere.
    std::os::unix::fs::symlink("/dev/null", folder.path().join("real.part")).unwrap();
    assert!(Place::look(&real).is_err());
    assert!(matches!(
        Place::look(Path::new("/dev/null")),
        Ok(Place::Stream(_))
    ));
}

#[test]
fn the_next_address_is_tried_where_one_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let refusing = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let line = connect(&wish(address), &[refusing, address]).unwrap();
    assert_eq!(line.stream().peer_addr().unwrap(), address);
    drop(line);
    let error = connect(&wish(address), &[refusing]).unwrap_err();
    assert_eq!(error.kind(), Kind::Here);
    assert!(
        error
            .to_string()
            .contains(&format!("cannot connect to {refusing}"))
    );
}

#[test]
fn redirects_are_followed_as_far_as_is_wished() {
    let there = |to: &str| {
        answer(
            "302 Found",
            &format!("Location: {to}\r\nContent-Length: 0\r\n"),
            b"",
        )
    };
    let ok = answer("200 OK", "Content-Length: 2\r\n", b"ok");
    let halt = Halt::default();
    let (address, serving) = scripted(vec![there("b"), there("/c"), ok]);
    let mut wish = wish(address);
    wish.most_moves = 2;
    let mut answer = ask(&wish, &halt, &mut |_| {}).unwrap();
    assert_eq!(
        (body(&mut answer).unwrap(), answer.url.target.as_str()),
        (b"ok".to_vec(), "/c")
    );
    let asked = serving.join().unwrap();
    let lines: Vec<&str> = asked
        .iter()
        .filter_map(|asked| asked.lines().next())
        .collect();
    assert_eq!(
        lines,
        ["GET /a HTTP/1.1", "GET /b HTTP/1.1", "GET /c HTTP/1.1"]
    );

    for (answers, expected) in [
        (
            vec![there("/a"), there("/a"), there("/a")],
            "2 redirects were followed",
        ),
        (
            vec![there("https://h/")],
            "the answer leads to \"https://h/\": https is not there yet",
        ),
    ] {
        let (address, _) = scripted(answers);
        wish.url = Url::parse(&format!("{address}/a")).unwrap();
        let error = ask(&wish, &halt, &mut |_| {}).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(error.kind(), Kind::Answer);
    }
}

#[test]
fn the_rate_is_kept_within_five_percent() {
    let content = vec![b'x'; 600_000];
    let (address, _) = scripted(vec![answer(
        "200 OK",
        "Content-Length: 600000\r\n",
        &content,
    )]);
    let mut wish = wish(address);
    wish.rate = NonZeroU64::new(400_000);
    let halt = Halt::default();
    let mut answer = ask(&wish, &halt, &mut |_| {}).unwrap();
    let begun = Instant::now();
    assert_eq!(body(&mut answer).unwrap().len(), content.len());
    let took = begun.elapsed().as_secs_f64();
    assert!((1.45..1.65).contains(&took), "{took}");
}

#[test]
fn a_stop_ends_every_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let halt = Arc::new(Halt::default());
    // A server that accepts and says nothing: the stop comes when the request is there.
    let other = Arc::clone(&halt);
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0]).unwrap();
        other.stop();
        stream
    });
    let error = ask(&wish(address), &halt, &mut |_| {}).unwrap_err();
    assert!(matches!(error, GetError::Stopped), "{error}");
    serving.join().unwrap();
    let begun = Instant::now();
    halt.wait(Duration::from_secs(60));
    assert!(begun.elapsed() < Duration::from_secs(30));
}
