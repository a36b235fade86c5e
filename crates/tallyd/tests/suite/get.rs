//! `tallyd get` against our server, and against servers that send what no good server does.

mod odd;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread::{self, JoinHandle};

use crate::counts::Disk;
use crate::support::{Folder, LIMIT, Program, Start, noise, unused_address, wait_until};

fn get(url: impl AsRef<str>, args: &[&str]) -> Program {
    let program = Program::new(env!("CARGO_BIN_EXE_tallyd")).arg("get");
    program.arg(url.as_ref()).args(args)
}

/// A server that does as `serve` says with one connection after the other, whose request has come.
fn server_that(
    connections: usize,
    mut serve: impl FnMut(TcpStream) + Send + 'static,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = thread::spawn(move || {
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(LIMIT)).unwrap();
            stream.set_write_timeout(Some(LIMIT)).unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                asked.push(byte[0]);
            }
            serve(stream);
        }
    });
    (address, serving)
}

/// One that answers once with these bytes and closes.
fn server_of(bytes: &'static [u8]) -> (SocketAddr, JoinHandle<()>) {
    // Whoever has seen enough may be gone.
    server_that(1, move |mut stream| drop(stream.write_all(bytes)))
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
    let mut names: Vec<String> = entries.map(|entry| name(entry).unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_body_is_printed_and_heads_and_times_beside_it() {
    let root = Folder::new();
    root.file("a.txt", b"hello\n");
    let server = Start::serving(root.path()).start();
    let done = get(server.url("/a.txt"), &[]).run();
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (Some(0), "hello"),
        "{done:?}"
    );
    assert_eq!(done.stderr, "");

    let done = get(
        server.url("/a.txt"),
        &["-v", "-r", "1-2", "-H", "X-Test: 1"],
    )
    .run();
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (Some(0), "el"),
        "{done:?}"
    );
    let said: Vec<&str> = done.stderr.lines().collect();
    assert_eq!(said[0], "> GET /a.txt HTTP/1.1");
    for line in [
        "> X-Test: 1",
        "> Range: bytes=1-2",
        "> Connection: close",
        ">",
    ] {
        assert!(said.contains(&line), "no {line:?}: {done:?}");
    }
    for line in [
        "< HTTP/1.1 206 Partial Content",
        "< Content-Range: bytes 1-2/6",
        "<",
    ] {
        assert!(said.contains(&line), "no {line:?}: {done:?}");
    }
    let phases = [
        "name looked up",
        "connected",
        "request sent",
        "first byte",
        "last byte",
        "in all",
    ];
    let times = &said[said.len() - phases.len()..];
    for (line, phase) in times.iter().zip(phases) {
        assert!(
            line.starts_with(&format!("* {phase}")) && line.contains(" ms"),
            "{line}"
        );
    }

    let done = get(server.url("/a.txt"), &["-I"]).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.starts_with("HTTP/1.1 200 OK\n"), "{done:?}");
    assert!(done.stdout.contains("Content-Length: 6"), "{done:?}");
    server.stop();
}

#[test]
fn what_is_got_is_what_is_served_to_the_byte() {
    let root = Folder::new();
    let content = noise(3_000_000, 7);
    root.file("my file.bin", &content);
    let server = Start::serving(root.path()).start();
    let folder = Folder::new();
    let url = server.url("/my%20file.bin");
    let done = get(&url, &["-O"]).within(folder.path()).run();
    assert_eq!((done.code, done.stdout.as_str()), (Some(0), ""), "{done:?}");
    assert!(
        done.stderr.starts_with("my file.bin: 3.0 MB in "),
        "{done:?}"
    );
    assert_eq!(names(&folder), ["my file.bin"]);
    assert!(fs::read(folder.join("my file.bin")).unwrap() == content);

    // Once more: it is replaced, and what is whole is left.
    let path = folder.file("old", b"old");
    let done = get(&url, &["-q", "-r", "5-104", "-o"]).arg(&path).run();
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{done:?}");
    assert!(fs::read(&path).unwrap() == content[5..105]);
    let done = get(&url, &["-O", "--resume"]).within(folder.path()).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(
        done.stderr,
        "my file.bin: all 3,000,000 bytes are there already"
    );
    server.stop();
}

#[test]
fn errors_are_exit_codes_and_never_become_the_file() {
    let root = Folder::with_index();
    root.file("dir/index.html", b"in dir\n");
    let server = Start::serving(root.path()).start();
    let folder = Folder::new();
    let path = folder.file("keep", b"mine");
    let done = get(server.url("/none"), &["-o"]).arg(&path).run();
    assert_eq!(done.code, Some(4), "{done:?}");
    assert!(
        done.stderr
            .starts_with("tallyd: 404 Not Found\nnothing was written to "),
        "{done:?}"
    );
    assert_eq!(
        (fs::read(&path).unwrap(), names(&folder)),
        (b"mine".to_vec(), vec!["keep".into()])
    );

    let done = get(server.url("/none"), &[]).run();
    assert_eq!(
        (done.code, done.stderr.as_str()),
        (Some(4), "tallyd: 404 Not Found"),
        "{done:?}"
    );
    assert!(done.stdout.contains("404"), "the body is shown: {done:?}");

    let done = get(server.url("/dir"), &[]).run();
    assert_eq!(done.code, Some(4), "{done:?}");
    assert_eq!(
        done.stderr,
        "tallyd: 301: the answer names \"/dir/\"; follow it with --follow"
    );
    let done = get(server.url("/dir"), &["--follow"]).run();
    assert_eq!(
        (done.code, done.stdout.as_str()),
        (Some(0), "in dir"),
        "{done:?}"
    );
    assert!(
        done.stderr
            .starts_with("301 Moved Permanently: on to http://"),
        "{done:?}"
    );

    let head = get(server.url("/"), &["-I"]).run().stdout;
    let etag = head
        .lines()
        .find(|line| line.to_lowercase().starts_with("etag:"))
        .unwrap();
    let condition = etag.to_lowercase().replacen("etag", "If-None-Match", 1);
    let done = get(server.url("/"), &["-H", &condition]).run();
    assert_eq!(
        (done.code, done.stdout.as_str(), done.stderr.as_str()),
        (Some(0), "", "")
    );
    server.stop();
}

#[test]
fn what_cannot_be_asked_is_said_with_1() {
    let nobody = unused_address();
    for (url, words) in [
        (
            format!("http://{nobody}/"),
            format!("tallyd: cannot connect to {nobody}: "),
        ),
        (
            "http://no-such-name.invalid/".into(),
            "tallyd: cannot find \"no-such-name.invalid\": ".into(),
        ),
    ] {
        let done = get(&url, &[]).run();
        assert_eq!(done.code, Some(1), "{done:?}");
        assert!(done.stderr.starts_with(&words), "{done:?}");
    }
    let done = get("https://localhost/", &[]).run();
    assert_eq!(done.code, Some(2), "{done:?}");
    assert!(done.stderr.contains("https is not there yet"), "{done:?}");
}

/// The beginning of `url` in `folder`, broken off by Ctrl-C.
fn interrupted(url: &str, folder: &Folder) -> u64 {
    let running = get(url, &["-o", "a", "--limit-rate", "200KiB"])
        .within(folder.path())
        .start();
    let part = folder.join("a.part");
    let length = || {
        fs::File::open(&part)
            .and_then(|file| file.metadata())
            .map_or(0, |facts| facts.len())
    };
    wait_until("something has come", || length() > 0);
    running.interrupt();
    let done = running.finish();
    assert_eq!(done.code, Some(3), "{done:?}");
    assert!(done.stderr.starts_with("tallyd: stopped: got "), "{done:?}");
    assert!(
        done.stderr
            .ends_with(" of 2000000 bytes; go on with --resume"),
        "{done:?}"
    );
    assert_eq!(names(folder), ["a.part", "a.part.from"]);
    length()
}

#[test]
fn an_interrupted_download_goes_on_where_it_was() {
    let root = Folder::new();
    let content = noise(2_000_000, 3);
    root.file("a", &content);
    let server = Start::serving(root.path()).start();
    let folder = Folder::new();
    let have = interrupted(&server.url("/a"), &folder);
    let done = get(server.url("/a"), &["-O", "--resume", "-v"])
        .within(folder.path())
        .run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stderr.contains(&format!("> Range: bytes={have}-")),
        "{done:?}"
    );
    assert!(done.stderr.contains("goes on behind the "), "{done:?}");
    assert_eq!(names(&folder), ["a"]);
    assert!(fs::read(folder.join("a")).unwrap() == content);
    server.stop();
}

#[test]
fn a_file_that_has_changed_is_got_anew() {
    let root = Folder::new();
    root.file("a", &noise(2_000_000, 3));
    let server = Start::serving(root.path()).start();
    let folder = Folder::new();
    interrupted(&server.url("/a"), &folder);
    let content = noise(2_000_000, 4);
    let new = root.file("new", &content);
    fs::rename(new, root.join("a")).unwrap();
    wait_until("the new one is served", || server.get("/a").body == content);
    let done = get(server.url("/a"), &["-O", "--resume"])
        .within(folder.path())
        .run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(
        done.stderr
            .starts_with("begins anew: the file has changed since\n"),
        "{done:?}"
    );
    assert!(fs::read(folder.join("a")).unwrap() == content);
    server.stop();
}

#[test]
fn a_killed_download_goes_on_too() {
    let root = Folder::new();
    let content = noise(2_000_000, 5);
    root.file("a", &content);
    let server = Start::serving(root.path()).start();
    let folder = Folder::new();
    let running = get(server.url("/a"), &["-O", "--limit-rate", "1MiB"])
        .within(folder.path())
        .start();
    let part = folder.join("a.part");
    wait_until("something has come", || {
        fs::File::open(&part)
            .and_then(|file| file.metadata())
            .is_ok_and(|facts| facts.len() > 0)
    });
    // Dropped is killed.
    drop(running);
    let done = get(server.url("/a"), &["-O", "--resume"])
        .within(folder.path())
        .run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains("goes on behind"), "{done:?}");
    assert!(fs::read(folder.join("a")).unwrap() == content);
    server.stop();
}

#[test]
fn a_full_disk_is_said_and_what_came_is_gone_on_with() {
    let root = Folder::new();
    let content = noise(3_000_000, 9);
    root.file("a", &content);
    let server = Start::serving(root.path()).start();
    let disk = Disk::new("4m");
    fs::write(disk.path().join("ballast"), vec![b'x'; 2 << 20]).unwrap();
    let full = get(server.url("/a"), &["-O"]).within(disk.path()).run();
    assert_eq!(full.code, Some(1), "{full:?}");
    for words in [
        "the disk is full: cannot write \"a.part\"",
        " of 3000000 bytes; go on with --resume",
    ] {
        assert!(full.stderr.contains(words), "no {words:?}: {full:?}");
    }
    assert!(!disk.path().join("a").exists());
    disk.free();
    let done = get(server.url("/a"), &["-O", "--resume"])
        .within(disk.path())
        .run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains("goes on behind"), "{done:?}");
    assert!(fs::read(disk.path().join("a")).unwrap() == content);

    let done = get(server.url("/a"), &["-o", "/dev/full"]).run();
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(
        done.stderr
            .contains("the disk is full: cannot write \"/dev/full\""),
        "{done:?}"
    );
    let done = get(server.url("/a"), &["-o", "/dev/null", "--resume"]).run();
    assert_eq!(done.code, Some(1), "{done:?}");
    assert!(done.stderr.contains("is no file"), "{done:?}");
    server.stop();
}

/// What a terminal of so many columns shows of a download, and the exit code.
fn on_terminal(command: &str, folder: &Path) -> (Option<i32>, String) {
    let command = format!("stty cols 70 rows 24; {command}");
    let done = Program::on_terminal(&command).within(folder).run();
    (done.code, done.stdout)
}

#[test]
fn a_terminal_has_a_bar_and_no_binary_body() {
    let root = Folder::new();
    root.file("a", &noise(1_000_000, 2));
    let server = Start::serving(root.path()).start();
    let folder = Folder::new();
    let (binary, url) = (env!("CARGO_BIN_EXE_tallyd"), server.url("/a"));
    let get = format!("'{binary}' get {url}");
    let (code, shown) = on_terminal(&format!("{get} -O --limit-rate 700KiB"), folder.path());
    assert_eq!(code, Some(0), "{shown}");
    let bar = shown.split("\r\x1b[K").nth(1).unwrap();
    for words in ["a  ", "% [", "=>", " kB/s", "0:0", " left"] {
        assert!(bar.contains(words), "no {words:?}: {bar:?}");
    }
    assert!(
        shown.contains("\ra: 1.0 MB in 1.") || shown.contains("\x1b[Ka: 1.0 MB in 1."),
        "{shown:?}"
    );

    let (code, shown) = on_terminal(&get, folder.path());
    assert_eq!(code, Some(1), "{shown}");
    assert!(
        shown.contains("tallyd: the body is not a text, and this is a terminal"),
        "{shown:?}"
    );
    server.stop();
}

#[test]
fn on_a_terminal_what_is_said_after_a_body_begins_a_line() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: ";
    for body in ["5\r\n\r\nhello", "6\r\n\r\nhello\n"] {
        let answer = format!("{head}{body}");
        let (address, serving) = server_that(1, move |mut stream| {
            drop(stream.write_all(answer.as_bytes()));
        });
        let command = format!("'{}' get -v {address}/", env!("CARGO_BIN_EXE_tallyd"));
        let (code, shown) = on_terminal(&command, Folder::new().path());
        assert_eq!(code, Some(0), "{shown}");
        assert!(shown.contains("<\nhello\n* name"), "{shown:?}");
        serving.join().unwrap();
    }
}

#[test]
fn help_man_page_and_completions_have_the_command() {
    let tallyd = |args: &[&str]| {
        Program::new(env!("CARGO_BIN_EXE_tallyd"))
            .args(args)
            .output()
    };
    let help = tallyd(&["get", "--help"]);
    let man = tallyd(&["generate", "man"]).replace("\\-", "-");
    let bash = tallyd(&["generate", "completions", "bash"]);
    assert!(man.contains("tallyd get [OPTIONS] URL"), "{man}");
    assert!(tallyd(&["--help"]).contains("Make one request and show the answer"));
    for option in [
        "--output",
        "--remote-name",
        "--resume",
        "--head",
        "--range",
        "--limit-rate",
        "--follow",
    ] {
        for text in [&help, &man, &bash] {
            assert!(text.contains(option), "no {option}: {text}");
        }
    }
}
