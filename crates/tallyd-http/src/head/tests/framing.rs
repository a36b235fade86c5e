//! Where the body ends: every spelling that two readers could take for two lengths is refused.

use super::*;

fn check(version: &str, fields: &str, expected: Result<BodyLength, Option<HeadError>>) {
    let text = format!("POST / HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
    // `Err(None)` stands for any Malformed.
    let found = parse(text.as_bytes(), &HeadLimits::default()).map(|head| head.unwrap().body);
    let found = found.map_err(|error| (!matches!(error, HeadError::Malformed(_))).then_some(error));
    assert_eq!(found, expected, "{text:?}");
}

const MALFORMED: Result<BodyLength, Option<HeadError>> = Err(None);
const UNKNOWN: Result<BodyLength, Option<HeadError>> = Err(Some(HeadError::UnknownCoding));

#[test]
fn a_content_length_is_digits() {
    // RFC 9110 section 8.6, RFC 9112 section 6.3.
    check("1.1", "", Ok(BodyLength::None));
    check("1.1", "Content-Length: 0\r\n", Ok(BodyLength::None));
    check("1.1", "Content-Length: 5\r\n", Ok(BodyLength::Exactly(5)));
    check("1.0", "Content-Length: 5\r\n", Ok(BodyLength::Exactly(5)));
    check("1.1", "conTENT-Length:5\r\n", Ok(BodyLength::Exactly(5)));
    check(
        "1.1",
        "Content-Length: \t5 \t\r\n",
        Ok(BodyLength::Exactly(5)),
    );
    check("1.1", "Content-Length: 003\r\n", Ok(BodyLength::Exactly(3)));
    check(
        "1.1",
        "Content-Length: 18446744073709551615\r\n",
        Ok(BodyLength::Exactly(u64::MAX)),
    );
    check(
        "1.1",
        "Content-Length: 00000000000000000000000000005\r\n",
        Ok(BodyLength::Exactly(5)),
    );
    for value in [
        "",
        "-1",
        "+5",
        "0x5",
        "5x",
        "x5",
        "1 0",
        "5 5",
        "5;6",
        "1_0",
        "1.0",
        "1e1",
        "5,5",
        "5, 5",
        "5, 10",
        "5,",
        ",5",
        "18446744073709551616",
        "1000000000000000000000000000000000",
        "$9",
        "\u{665}",
        "\"5\"",
        "123abc",
    ] {
        check("1.1", &format!("Content-Length: {value}\r\n"), MALFORMED);
    }
}

#[test]
fn two_content_lengths_are_refused_even_if_they_agree() {
    // RFC 9112 section 6.3, step 5.
    check(
        "1.1",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        MALFORMED,
    );
    check(
        "1.1",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        MALFORMED,
    );
    check(
        "1.1",
        "Content-Length: 0\r\nContent-Length: 0\r\n",
        MALFORMED,
    );
    check(
        "1.1",
        "Content-Length: \r\nContent-Length: 5\r\n",
        MALFORMED,
    );
    // Another name is another field.
    check(
        "1.1",
        "Content-Length: 5\r\nContent_Length: 6\r\n",
        Ok(BodyLength::Exactly(5)),
    );
}

#[test]
fn chunked_is_the_only_coding() {
    // RFC 9112 section 6.1.
    check(
        "1.1",
        "Transfer-Encoding: chunked\r\n",
        Ok(BodyLength::Chunked),
    );
    check(
        "1.1",
        "tRANSFER-ENCODING: Chunked\r\n",
        Ok(BodyLength::Chunked),
    );
    check(
        "1.1",
        "Transfer-Encoding:\tchunked \r\n",
        Ok(BodyLength::Chunked),
    );
    for value in [
        "gzip",
        "gzip, chunked",
        "identity",
        "identity, chunked",
        "xchunked",
        "chunk",
        "chunkedx",
        "chunked-x",
    ] {
        check("1.1", &format!("Transfer-Encoding: {value}\r\n"), UNKNOWN);
    }
    check(
        "1.1",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
        UNKNOWN,
    );
    check(
        "1.1",
        "Transfer-Encoding: gzip;level=1 , deflate ; , chunked\r\n",
        UNKNOWN,
    );
}

#[test]
fn chunked_is_once_and_last_and_plain() {
    // RFC 9112 section 6.1 and 7.
    for value in [
        "",
        ",",
        ",chunked",
        "chunked,",
        "chunked, chunked",
        "chunked,gzip",
        "chunked, identity",
        "gzip, chunked, chunked",
        "\"chunked\"",
        "chunked;x=1",
        "chunked ;",
        "chunked x",
        "chunked\tx",
        "chun ked",
        "[chunked",
        "chunked\u{a0}",
        "\u{ff}chunked",
        "=?iso-8859-1?B?Y2h1bmtlZA==?=",
        ";chunked",
        "chunked\u{b}",
        "\u{c}chunked",
        "chunked\0",
    ] {
        check("1.1", &format!("Transfer-Encoding: {value}\r\n"), MALFORMED);
    }
    check(
        "1.1",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        MALFORMED,
    );
    check(
        "1.1",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        MALFORMED,
    );
    check(
        "1.1",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n",
        MALFORMED,
    );
}

#[test]
fn a_length_and_a_coding_are_never_together() {
    // RFC 9112 section 6.3, step 3.
    for coding in [
        "chunked",
        "Chunked",
        "gzip",
        "identity",
        "xchunked",
        "gzip, chunked",
    ] {
        check(
            "1.1",
            &format!("Content-Length: 5\r\nTransfer-Encoding: {coding}\r\n"),
            MALFORMED,
        );
        check(
            "1.1",
            &format!("Transfer-Encoding: {coding}\r\nContent-Length: 0\r\n"),
            MALFORMED,
        );
    }
    // Only a name that is exactly that counts; what looks like it is another field, or no field.
    check(
        "1.1",
        "Content-Length: 5\r\nTransfer_Encoding: chunked\r\n",
        Ok(BodyLength::Exactly(5)),
    );
    for name in [
        "Transfer-Encoding ",
        "Transfer-Encoding\t",
        " Transfer-Encoding",
        "Transfer Encoding",
        "Tran\u{17f}fer-Encoding",
    ] {
        check(
            "1.1",
            &format!("Content-Length: 5\r\n{name}: chunked\r\n"),
            MALFORMED,
        );
    }
    check(
        "1.1",
        "Content-Length: 5\r\nFoo: bar\nTransfer-Encoding: chunked\r\n",
        MALFORMED,
    );
    check(
        "1.1",
        "Content-Length: 5\r\nFoo: bar\rTransfer-Encoding: chunked\r\n",
        MALFORMED,
    );
}

#[test]
fn a_coding_in_1_0_is_faulty() {
    // RFC 9112 section 6.1.
    check("1.0", "Transfer-Encoding: chunked\r\n", MALFORMED);
    check("1.0", "Transfer-Encoding: gzip\r\n", MALFORMED);
    check(
        "1.0",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        MALFORMED,
    );
}
