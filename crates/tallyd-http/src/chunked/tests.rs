//! Chunked bodies: rows of RFC 9112 section 7.1, and any split of them.

use super::*;
use proptest::prelude::*;

/// How many bytes the frame has and how many of them are data; `None` if it is not over.
fn check(input: &[u8], expected: Result<Option<(usize, u64)>, ChunkError>) {
    let found = Chunked::new().skip(input);
    let found = found.map(|skipped| skipped.done.then_some((skipped.used, skipped.body)));
    assert_eq!(found, expected, "{}", input.escape_ascii());
}

#[test]
fn well_formed_bodies_are_read_to_their_end() {
    // RFC 9112 section 7.1.
    check(b"0\r\n\r\n", Ok(Some((5, 0))));
    check(b"5\r\nhello\r\n0\r\n\r\n", Ok(Some((15, 5))));
    check(
        b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        Ok(Some((26, 11))),
    );
    check(b"a\r\n0123456789\r\n0\r\n\r\n", Ok(Some((20, 10))));
    check(b"A\r\n0123456789\r\n0\r\n\r\n", Ok(Some((20, 10))));
    check(b"0005\r\nhello\r\n000\r\n\r\n", Ok(Some((20, 5))));
    check(b"0000000000000005\r\nhello\r\n0\r\n\r\n", Ok(Some((30, 5))));
    // The rest is the next request.
    check(b"0\r\n\r\nGET / HTTP/1.1\r\n", Ok(Some((5, 0))));
    // Data may be anything.
    check(b"5\r\n\r\n0\r\n\r\n0\r\n\r\n", Ok(Some((15, 5))));
    // Not over.
    for unfinished in [
        b"".as_slice(),
        b"5",
        b"5\r",
        b"5\r\n",
        b"5\r\nhel",
        b"5\r\nhello",
        b"5\r\nhello\r\n0\r\n\r",
    ] {
        check(unfinished, Ok(None));
    }
    check(b"ffffffffffffffff\r\nx", Ok(None));
}

#[test]
fn extensions_are_read_past() {
    // RFC 9112 section 7.1.1.
    check(b"5;ext=value\r\nhello\r\n0\r\n\r\n", Ok(Some((25, 5))));
    check(
        b"5; some; parameters=stuff\r\nhello\r\n0;x\r\n\r\n",
        Ok(Some((41, 5))),
    );
    check(b"5;a=\"b\\\"c;d\"\r\nhello\r\n0\r\n\r\n", Ok(Some((26, 5))));
    // White space around the semicolon is BWS; padding without one is what old senders do.
    check(b"5 ;x\r\nhello\r\n0\r\n\r\n", Ok(Some((18, 5))));
    check(b"5    \r\nhello\r\n0 \t\r\n\r\n", Ok(Some((21, 5))));
    check(b"5;\0ext\r\n", Err(ChunkError::Line));
    check(b"5;e\x7f\r\n", Err(ChunkError::Line));
    check(b"5;e\nhello", Err(ChunkError::Line));
    check(b"5;e\rx", Err(ChunkError::Line));
}

#[test]
fn extensions_are_names_and_values() {
    let line = |extensions: &str| format!("5{extensions}\r\nhello\r\n0\r\n\r\n").into_bytes();
    // RFC 9112 section 7.1.1: *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ).
    for extensions in [
        ";a",
        ";a;b;c",
        ";a=1;b=2",
        " \t; \ta \t= \t1 \t; \tb",
        ";a ;b",
        ";!#$%&'*+-.^_`|~09azAZ=!#$%&'*+-.^_`|~09azAZ",
        ";a=\"\"",
        ";a=\"b\" ;c=d",
        ";a=\"; = \t\\\" \\\\ caf\u{e9}\"",
        ";a=\"\\\t\\ \\\u{e9}\"",
    ] {
        let input = line(extensions);
        check(&input, Ok(Some((input.len(), 5))));
    }
    for extensions in [
        // No name.
        ";",
        "; ",
        " ;\t",
        ";;",
        ";;a",
        ";a;",
        ";a; ",
        ";a=1;",
        ";=1",
        "; =1",
        // A name that is no token.
        ";\"a\"",
        ";a b",
        ";a,b",
        ";a:b",
        ";caf\u{e9}",
        ";(a)",
        ";a/b",
        // No value, or one that is neither a token nor a quoted string.
        ";a=",
        ";a= ",
        ";a=;b",
        ";a==1",
        ";a=b=c",
        ";a=b c",
        ";a=b,c",
        ";a=\u{e9}",
        ";a=b\"c\"",
        ";a=\"b\"c",
        ";a=\"b\"\"c\"",
        ";a=\"b",
        ";a=\"b\\\"",
        ";a=\"b\\",
        ";a=\"\0\"",
        ";a=\"\\\x7f\"",
        ";a='b c'",
        // White space after an extension is none of the RFC's, only after the size is it of old senders.
        ";a ",
        ";a=1 ",
        ";a=\"b\"\t",
        // The quotes hide no line end.
        ";a=\"\r\n\"",
        ";a=\"\\\r\n\"",
        ";a\n",
        ";a=b\n",
        ";a=\"b\"\n",
    ] {
        check(&line(extensions), Err(ChunkError::Line));
    }
}

#[test]
fn sizes_are_digits_and_nothing_else() {
    // RFC 9112 section 7.1: chunk-size = 1*HEXDIG, and overflow is to be prevented.
    for size in [
        "", "-1", "+5", "0x5", "5_0", "g", " 5", "\t5", "5 5", "5x", ";x", ",5", "5,5", "5.0",
        "\u{665}", "2 e",
    ] {
        check(
            format!("{size}\r\nhello\r\n").as_bytes(),
            Err(ChunkError::Size),
        );
    }
    check(b"10000000000000000\r\n", Err(ChunkError::Size));
    check(b"FFFFFFFFFFFFFFFF0\r\n", Err(ChunkError::Size));
    check(b"00000000000000005\r\nhello\r\n", Err(ChunkError::Size));
}

#[test]
fn lines_end_in_crlf_and_nothing_else() {
    // RFC 9112 section 2.2 lets a recipient take a bare LF for a line end; in a frame that is how requests are smuggled.
    check(b"5\nhello\r\n0\r\n\r\n", Err(ChunkError::Line));
    check(b"5\rhello\r\n0\r\n\r\n", Err(ChunkError::Line));
    check(b"5\r\rhello", Err(ChunkError::Line));
    check(b"5 \nhello", Err(ChunkError::Line));
    check(b"5\r\nhello0\r\n\r\n", Err(ChunkError::Data));
    check(b"5\r\nhello\n0\r\n\r\n", Err(ChunkError::Data));
    check(b"5\r\nhello\r0\r\n\r\n", Err(ChunkError::Data));
    check(b"5\r\nhello!!\r\n0\r\n\r\n", Err(ChunkError::Data));
    check(b"0\r\n\n", Err(ChunkError::Trailer));
    check(b"0\r\n\r\r\n", Err(ChunkError::Trailer));
    check(b"\r\n0\r\n\r\n", Err(ChunkError::Size));
}

#[test]
fn trailers_are_read_past_but_must_be_fields() {
    // RFC 9112 section 7.1.2.
    check(b"0\r\nX-Trailer: 1\r\n\r\n", Ok(Some((19, 0))));
    check(b"0\r\nA:\r\nB: caf\xc3\xa9\t\r\n\r\n", Ok(Some((20, 0))));
    for trailer in [
        "X-Trailer\r\n",
        " folded\r\n",
        ": x\r\n",
        "X : 1\r\n",
        "X: \0\r\n",
        "X: 1\n",
        "X: 1\rY",
        "X\u{e9}: 1\r\n",
    ] {
        check(
            format!("0\r\n{trailer}\r\n").as_bytes(),
            Err(ChunkError::Trailer),
        );
    }
}

#[test]
fn lines_and_trailers_have_limits() {
    let line =
        |length: usize| format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(length - 4)).into_bytes();
    assert!(
        Chunked::new()
            .skip(&line(MAX_LINE))
            .is_ok_and(|skipped| skipped.done)
    );
    check(&line(MAX_LINE + 1), Err(ChunkError::TooLong));
    check(
        &[b"5;".as_slice(), &[b'x'; 100_000]].concat(),
        Err(ChunkError::TooLong),
    );
    let trailers =
        |length: usize| format!("0\r\nA:{}\r\n\r\n", "x".repeat(length - 6)).into_bytes();
    assert!(
        Chunked::new()
            .skip(&trailers(MAX_TRAILERS))
            .is_ok_and(|skipped| skipped.done)
    );
    check(&trailers(MAX_TRAILERS + 1), Err(ChunkError::TooLong));
    check(
        &[b"0\r\n".as_slice(), &b"A: b\r\n".repeat(2000)].concat(),
        Err(ChunkError::TooLong),
    );
    // The limit is for one line, not for all of them.
    let many = [b"1;xxxxxxxxxx\r\nx\r\n".repeat(1000), LAST.to_vec()].concat();
    assert!(
        Chunked::new()
            .skip(&many)
            .is_ok_and(|skipped| skipped.done && skipped.body == 1000)
    );
}

#[test]
fn after_the_end_nothing_is_used() {
    let mut chunked = Chunked::new();
    assert!(chunked.skip(LAST).unwrap().done);
    assert_eq!(
        chunked.skip(b"GET / HTTP/1.1\r\n"),
        Ok(Skipped {
            used: 0,
            body: 0,
            done: true
        })
    );
}

#[test]
fn a_frame_head_is_the_length_in_hex() {
    let check = |length: usize, expected: &str| {
        let mut out = Vec::new();
        frame_head(length, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    };
    check(1, "1\r\n");
    check(15, "f\r\n");
    check(16, "10\r\n");
    check(26, "1a\r\n");
    check(65_536, "10000\r\n");
    check(usize::MAX, "ffffffffffffffff\r\n");
}

/// All pieces one after the other; the sum of what they used and the data in them.
fn skip_in_pieces(input: &[u8], cuts: &[usize]) -> Result<(usize, u64, bool), ChunkError> {
    let mut chunked = Chunked::new();
    let mut total = (0, 0, false);
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    ends.sort_unstable();
    ends.push(input.len());
    let mut start = 0;
    for end in ends {
        let skipped = chunked.skip(&input[start..end])?;
        total = (total.0 + skipped.used, total.1 + skipped.body, skipped.done);
        start = end;
    }
    Ok(total)
}

fn almost_chunked() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..40).prop_map(|data| framed(&data)),
        1 => Just(LAST.to_vec()),
        1 => Just(b"0\r\nA: b\r\n\r\n".to_vec()),
        1 => Just(b"5;ext=1\r\nhello\r\n".to_vec()),
        1 => Just(b"5 ; a = \"b\\\"\" ; c\r\nhello\r\n".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => Just(b"\r\n".to_vec()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn framed(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame_head(data.len(), &mut out);
    [out.as_slice(), data, b"\r\n"].concat()
}

proptest! {
    #[test]
    fn any_split_gives_the_same(input in almost_chunked(), cuts in prop::collection::vec(any::<usize>(), 0..12)) {
        prop_assert_eq!(skip_in_pieces(&input, &cuts), skip_in_pieces(&input, &[]));
    }

    #[test]
    fn what_we_frame_we_read(data in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..6)) {
        let length: usize = data.iter().map(Vec::len).sum();
        let input = [data.iter().flat_map(|data| framed(data)).collect(), LAST.to_vec()].concat();
        let expected = Skipped { used: input.len(), body: u64::try_from(length).unwrap(), done: true };
        prop_assert_eq!(Chunked::new().skip(&input), Ok(expected));
    }
}
