//! What is no file: FIFOs, sockets and devices are missing, and never make anybody wait.

use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use super::one_worker;
use crate::support::{Folder, Program};

/// A root with each kind; devices only where the tests may make them (a link to one is in `links`).
fn folder() -> (Folder, UnixListener) {
    let folder = Folder::new();
    folder.file("a.txt", b"hello");
    let make = |name: &str, kind, device| {
        let mode = Mode::from_raw_mode(0o666);
        mknodat(CWD, folder.join(name), kind, mode, device)
    };
    make("fifo", FileType::Fifo, 0).unwrap();
    make("a.txt.gz", FileType::Fifo, 0).unwrap();
    std::fs::create_dir(folder.join("dir")).unwrap();
    make("dir/index.html", FileType::Fifo, 0).unwrap();
    if rustix::process::geteuid().is_root() {
        // In a container even root may not.
        make("null", FileType::CharacterDevice, makedev(1, 3)).ok();
        make("tty", FileType::CharacterDevice, makedev(5, 0)).ok();
        make("disk", FileType::BlockDevice, makedev(1, 0)).ok();
    }
    let socket = UnixListener::bind(folder.join("socket")).unwrap();
    (folder, socket)
}

#[test]
fn what_is_no_file_is_missing_and_never_waited_for() {
    let (folder, _socket) = folder();
    for rule in ["inside", "follow", "refuse"] {
        let server = one_worker(folder.path())
            .args(&["--symlinks", rule])
            .start();
        for target in [
            "/fifo", "/socket", "/null", "/tty", "/disk", "/dir/", "/fifo/x", "/socket/",
        ] {
            assert_eq!(server.get(target).status, 404, "{target}");
        }
        assert_eq!(server.get("/a.txt").body, b"hello");
    }
}

#[test]
fn what_is_no_file_is_not_listed() {
    let (folder, _socket) = folder();
    let server = one_worker(folder.path()).arg("--listing").start();
    let page = server.get("/").text();
    for name in ["fifo", "socket", "null", "tty", "disk", "a.txt.gz"] {
        assert!(
            !page.contains(&format!("href=\"{name}\"")),
            "{name} is listed"
        );
    }
    assert!(page.contains("href=\"a.txt\""));
    assert_eq!(
        server.get("/dir/").status,
        200,
        "a FIFO is no index: the listing is sent"
    );
}

#[test]
fn a_fifo_is_no_compressed_variant() {
    let (folder, _socket) = folder();
    let server = one_worker(folder.path()).start();
    let bytes =
        "GET /a.txt HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\n\r\n";
    let reply = server.ask(bytes);
    assert_eq!((reply.status, reply.field("content-encoding")), (200, None));
    assert_eq!(reply.body, b"hello");
}

#[test]
fn a_real_client_gets_404_for_a_fifo() {
    let (folder, _socket) = folder();
    let server = one_worker(folder.path()).start();
    let url = server.url("/fifo");
    let status = Program::curl(&["--output", "/dev/null", "--write-out", "%{http_code}", &url]);
    assert_eq!(status.output(), "404");
}
