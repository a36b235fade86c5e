//! Responses in every kind of pieces.

use super::*;

/// What a reader makes of bytes that come in pieces of `piece`, and how many bytes were left over.
fn read(bytes: &[u8], piece: usize, to: To) -> Result<(Vec<u16>, Vec<u8>, usize), Fault> {
    let mut reader = Reader::default();
    reader.expect(to);
    let (mut statuses, mut body) = (Vec::new(), Vec::new());
    let mut place = 0;
    loop {
        let end = (place + piece).min(bytes.len());
        let mut input = &bytes[place..end];
        loop {
            let (used, part) = reader.read(input)?;
            let (these, rest) = input.split_at(used);
            match part {
                Part::Interim(head) => statuses.push(head.status),
                Part::Head(head) => {
                    let raw = reader.head(these);
                    assert!(
                        raw.starts_with(b"HTTP/1.") && raw.ends_with(b"\n"),
                        "{raw:?}"
                    );
                    statuses.push(head.status);
                }
                Part::Body => body.extend_from_slice(these),
                Part::End => return Ok((statuses, body, rest.len() + bytes.len() - end)),
                Part::More => {}
            }
            input = rest;
            if part == Part::More && input.is_empty() {
                break;
            }
        }
        place = end;
        if place == bytes.len() {
            return reader.close().map(|()| (statuses, body, 0));
        }
    }
}

/// The same in every kind of pieces.
fn check(bytes: &str, to: To, expected: Result<(&[u16], &str, usize), Fault>) {
    let expected =
        expected.map(|(statuses, body, left)| (statuses.to_vec(), body.as_bytes().to_vec(), left));
    for piece in [1, 2, 3, 5, 7, 16, 1 << 20] {
        assert_eq!(
            read(bytes.as_bytes(), piece, to),
            expected,
            "{piece}: {bytes:.60}"
        );
    }
}

#[test]
fn a_length_is_read_to_its_end_and_no_further() {
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    check(reply, To::Other, Ok((&[200], "hello", 0)));
    check(&format!("{reply}HTTP"), To::Other, Ok((&[200], "hello", 4)));
    check(
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nContent-Length: 5\r\n\r\nhello",
        To::Other,
        Ok((&[200], "hello", 0)),
    );
}

#[test]
fn chunks_are_joined_and_what_follows_is_left() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\nContent-Length: 3\r\n\r\n";
    let body = "4\r\nWiki\r\n5;x=\"y\"\r\npedia\r\n00\r\nTrailer: 1\r\nMore: 2\r\n\r\n";
    check(
        &format!("{head}{body}next"),
        To::Other,
        Ok((&[200], "Wikipedia", 4)),
    );
}

#[test]
fn without_a_length_the_end_of_the_connection_is_that_of_the_body() {
    check(
        "HTTP/1.0 200 OK\r\n\r\nall",
        To::Other,
        Ok((&[200], "all", 0)),
    );
    let odd = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nall";
    check(odd, To::Other, Ok((&[200], "all", 0)));
}

#[test]
fn what_has_no_body_ends_with_its_head() {
    let reply = |status| format!("HTTP/1.1 {status} x\r\nContent-Length: 5\r\n\r\nHTTP/");
    check(&reply(200), To::Head, Ok((&[200], "", 5)));
    for status in [204, 304] {
        check(&reply(status), To::Other, Ok((&[status], "", 5)));
    }
}

#[test]
fn interim_heads_come_before_the_final_one() {
    let reply = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!";
    check(reply, To::Other, Ok((&[100, 103, 200], "!", 0)));
}

#[test]
fn a_connection_that_ends_too_early_is_named_by_where() {
    check("", To::Other, Err(Fault::NoAnswer));
    check(
        "HTTP/1.1 200 OK\r\nContent-Le",
        To::Other,
        Err(Fault::CutHead),
    );
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    check(&format!("{head}hell"), To::Other, Err(Fault::CutBody));
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in ["", "4", "4\r\nWi", "4\r\nWiki\r\n", "4\r\nWiki\r\n0\r\n"] {
        check(&format!("{head}{body}"), To::Other, Err(Fault::CutBody));
    }
}

#[test]
fn what_is_no_http_is_garbage() {
    for reply in [
        "SSH-2.0-x\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 x\r\n\r\n",
        "\u{1}\u{2}\u{3}",
    ] {
        // Byte by byte it may be the end of the connection that tells.
        for piece in [1, 3, 1 << 20] {
            let fault = read(reply.as_bytes(), piece, To::Other).unwrap_err();
            let is_named = matches!(fault, Fault::Garbage | Fault::CutHead);
            assert!(is_named, "{reply}: {fault:?}");
        }
        assert_eq!(
            read(reply.as_bytes(), 1 << 20, To::Other),
            Err(Fault::Garbage),
            "{reply}"
        );
    }
}

#[test]
fn a_head_without_end_is_left_at_64_kib() {
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(1 << 20));
    for piece in [1, 1000, 1 << 20] {
        let fault = read(endless.as_bytes(), piece, To::Other).unwrap_err();
        assert_eq!(fault, Fault::EndlessHead, "{piece}");
    }
    let fields = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(200));
    let outcome = read(fields.as_bytes(), 1 << 20, To::Other);
    assert_eq!(outcome, Err(Fault::EndlessHead));
}

#[test]
fn lengths_that_are_none_are_refused() {
    for length in [
        "x",
        "-1",
        "+1",
        "1 1",
        "18446744073709551616",
        "5\r\nContent-Length: 6",
        "5, 6",
    ] {
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nhello");
        check(&reply, To::Other, Err(Fault::Length));
    }
}

#[test]
fn chunks_that_are_none_are_refused() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let endless = format!("4;{}", "x".repeat(20_000));
    for body in [
        "x\r\n",
        "\r\n",
        "-4\r\nWiki\r\n",
        "4\nWiki",
        "4\r\nWikipedia\r\n",
        "4\r\nWiki\n",
        "4\rWiki",
        "4;x\nWiki",
        "11111111111111111\r\n",
        &endless,
    ] {
        check(&format!("{head}{body}"), To::Other, Err(Fault::Chunk));
    }
}

#[test]
fn who_keeps_the_connection_says_so_by_version_and_field() {
    for (head, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0", true),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, CLOSE",
            false,
        ),
        ("HTTP/1.1 200 OK\r\nConnection: keep-alive", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0", false),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive",
            true,
        ),
    ] {
        let mut reader = Reader::default();
        let (_, part) = reader.read(format!("{head}\r\n\r\n").as_bytes()).unwrap();
        let Part::Head(head) = part else {
            panic!("{part:?}")
        };
        assert_eq!(head.keeps, expected, "{head:?}");
    }
}

#[test]
fn what_a_part_is_of_the_whole_is_known() {
    for (value, expected) in [
        ("bytes 5-9/100", Some((5, 9))),
        ("bytes 0-0/*", Some((0, 0))),
        ("bytes 9-5/100", None),
        ("bytes 5-9-11/100", None),
        ("bytes */100", None),
        ("lines 5-9/100", None),
    ] {
        let reply =
            format!("HTTP/1.1 206 x\r\nContent-Length: 0\r\nContent-Range: {value}\r\n\r\n");
        assert_eq!(head(&reply).range, expected, "{value}");
    }
}

#[test]
fn a_body_in_a_coding_is_told_apart() {
    for (value, expected) in [("gzip", true), ("br", true), ("identity", false)] {
        let reply = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {value}\r\n\r\n");
        assert_eq!(head(&reply).is_encoded, expected, "{value}");
    }
}

fn head(reply: &str) -> Head {
    match Reader::default().read(reply.as_bytes()) {
        Ok((_, Part::Head(head))) => head,
        other => panic!("{other:?}"),
    }
}
