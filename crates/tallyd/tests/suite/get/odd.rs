//! Servers that send what no good server does: each is named, and the exit code says whose fault it is.

use std::io::Write;
use std::net::TcpStream;

use super::{get, server_of, server_that};
use crate::support::{Folder, Program};

#[test]
fn what_is_wrong_with_an_answer_has_its_name() {
    for (bytes, words) in [
        (&b""[..], "the server closed without an answer"),
        (
            b"HTTP/1.1 200 OK\r\nContent-",
            "the server closed within the head",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the head is not HTTP/1"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "Content-Length is not one number",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
            "the server closed before the body was whole: got 5 of 9 bytes",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nz\r\n",
            "the chunked body is not in chunks: got 5 bytes",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "the server closed before the body was whole: got 5 bytes",
        ),
    ] {
        let (address, serving) = server_of(bytes);
        let done = get(address.to_string(), &[]).run();
        assert_eq!(
            (done.code, done.stderr),
            (Some(3), format!("tallyd: {words}"))
        );
        serving.join().unwrap();
    }
}

#[test]
fn what_is_right_though_rare_is_taken() {
    let folder = Folder::new();
    for (bytes, expected, note) in [
        (&b"HTTP/1.0 200 OK\r\n\r\nto the end"[..], "to the end", ""),
        (
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "ok",
            "",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "hello",
            "",
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "", ""),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore",
            "ok",
            "4 bytes came behind the end of the answer and were left",
        ),
    ] {
        let (address, serving) = server_of(bytes);
        let done = get(address.to_string(), &[]).run();
        assert_eq!((done.code, done.stdout.as_str()), (Some(0), expected), "{done:?}");
        assert_eq!(done.stderr, note);
        serving.join().unwrap();
        let (address, serving) = server_of(bytes);
        let path = folder.join("a");
        let done = get(address.to_string(), &["-o"]).arg(&path).run();
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(std::fs::read(&path).unwrap(), expected.as_bytes());
        serving.join().unwrap();
    }
}

#[test]
fn a_head_without_an_end_is_given_up() {
    let (address, serving) = server_that(1, |mut stream: TcpStream| {
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\nX-More: ");
        while sent.is_ok() {
            sent = stream.write_all(b"and more of the same ");
        }
    });
    let done = get(address.to_string(), &[]).run();
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(
        done.stderr,
        "tallyd: the head does not end within 64 KiB or 128 fields"
    );
    serving.join().unwrap();
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    let (address, serving) = server_that(1, |mut stream: TcpStream| {
        // Until the other side is gone.
        std::io::Read::read(&mut stream, &mut [0]).ok();
    });
    let done = get(address.to_string(), &["--timeout", "200ms"]).run();
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(done.stderr, "tallyd: the server says nothing for 200ms");
    serving.join().unwrap();
}

#[test]
fn a_part_that_was_not_asked_for_does_not_become_the_file() {
    let bytes = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok";
    let (address, serving) = server_of(bytes);
    let folder = Folder::new();
    let done = get(address.to_string(), &["-o", "a"])
        .within(folder.path())
        .run();
    assert_eq!(done.code, Some(3), "{done:?}");
    assert_eq!(
        done.stderr,
        "tallyd: 206, a part, though no part was asked for"
    );
    assert!(super::names(&folder).is_empty());
    serving.join().unwrap();
}

#[test]
fn nothing_that_a_server_says_can_move_the_cursor() {
    let bytes = b"HTTP/1.1 302 \xe2\x80\xaeFound\x1b[2J\r\nLocation: /\xc2\x9b31m\r\nX: a\xe2\x80\xaeb\r\nContent-Length: 0\r\n\r\n";
    for args in [&["-v"][..], &["-I"]] {
        let (address, serving) = server_of(bytes);
        let done = get(address.to_string(), args).run();
        let shown = format!("{}{}", done.stdout, done.stderr);
        let is_harmless =
            |letter: char| letter == '\n' || (!letter.is_control() && letter != '\u{202e}');
        assert!(shown.chars().all(is_harmless), "{shown:?}");
        assert!(matches!(done.code, Some(3 | 4)), "{done:?}");
        serving.join().unwrap();
    }
}

#[test]
fn a_pipe_that_closes_early_is_a_quiet_end() {
    let (address, serving) = server_that(1, |mut stream: TcpStream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n";
        let mut sent = stream.write_all(head);
        while sent.is_ok() {
            sent = stream.write_all(&[b'x'; 64 * 1024]);
        }
    });
    let binary = env!("CARGO_BIN_EXE_tallyd");
    let command = format!("{{ '{binary}' get http://{address}/; echo code $? >&2; }} | head -c 10");
    let done = Program::new("sh").args(&["-c", &command]).run();
    assert_eq!(
        (done.stdout.as_str(), done.stderr.as_str()),
        ("xxxxxxxxxx", "code 0")
    );
    serving.join().unwrap();
}
