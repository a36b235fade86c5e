//! Writes a few good inputs for each target into `corpus/`, for the engine to start from. The bytes before the text
//! are what the target makes its numbers of: little-endian, in the order of its input.

use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    write("head", &HEADS.map(str::to_owned).map(String::into_bytes))?;
    write("target", &PATHS.map(str::to_owned).map(String::into_bytes))?;
    let length = 100u64.to_le_bytes();
    write("range", &RANGES.map(|text| after(&[&length], text)))?;
    let facts: [&[u8]; 4] = [
        &[0],
        &MODIFIED.to_le_bytes(),
        &(MODIFIED + 1_000_000).to_le_bytes(),
        &[0, 9, 18, 27],
    ];
    write("condition", &CONDITIONS.map(|text| after(&facts, text)))?;
    // Identity, br, zstd and gzip.
    write("encoding", &CODINGS.map(|text| after(&[&[15]], text)))?;
    let cuts = [3, 0, 7, 0, 11, 0];
    // More lines than one may be long.
    let many = ["1\r\nx\r\n".repeat(100), "0\r\n\r\n".to_owned()].concat();
    let bodies = BODIES.into_iter().chain([many.as_str()]);
    let bodies: Vec<_> = bodies.map(|text| after(&[&cuts], text)).collect();
    write("chunked", &bodies)?;
    let times: [&[u8]; 2] = [&MODIFIED.to_le_bytes(), &MODIFIED.to_le_bytes()];
    write("date", &DATES.map(|text| after(&times, text)))
}

/// Tue, 14 Nov 2023 22:13:20 GMT.
const MODIFIED: i64 = 1_700_000_000;

fn after(numbers: &[&[u8]], text: &str) -> Vec<u8> {
    [&numbers.concat(), text.as_bytes()].concat()
}

fn write(target: &str, seeds: &[Vec<u8>]) -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folder = corpus.join(target);
    std::fs::create_dir_all(&folder)?;
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:02}")), seed)?;
    }
    Ok(())
}

const HEADS: [&str; 15] = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "\r\n\r\nHEAD /a?b HTTP/1.1\r\nhost: [::1]:80\r\n\r\nrest",
    "GET http://a:8080/b?c HTTP/1.1\r\nHost: b\r\n\r\n",
    "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a.\r\n\r\n",
    "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "GET / HTTP/1.0\r\nConnection: keep-alive, TE\r\n\r\nGET / HTTP/1.0\r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nAccept: */*\r\nAccept-Encoding: br\r\nAccept-Encoding:\t\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-\r\nIf-Range: \"x\"\r\nIf-Match: *\r\nIf-None-Match: \"x\"\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nReferer: /b\r\nUser-Agent: caf\u{e9}/1 (x)\r\nIf-Modified-Since: x\r\nIf-Unmodified-Since: y\r\n\r\n",
];

const PATHS: [&str; 10] = [
    "/",
    "/a/b.html",
    "/a//b/./c/../d/",
    "/../a",
    "/%2e%2E/%2e/a",
    "/a%2f..%2Fb%",
    "/%00",
    "/.well-known/.hidden/x.tar.gz",
    "/caf%c3%a9/\u{e9}/a:b@c&d'e\"f<g>",
    "/%252e%252e/..%5c...;/a",
];

const RANGES: [&str; 9] = [
    "bytes=0-49",
    "0-0,-1",
    "50-",
    "-100",
    "100-,-0",
    "1-10, 0-12 ,\t99-99,,20-20",
    "8-9,0-1,4-5,2-3",
    "0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30",
    "18446744073709551614-18446744073709551615,99999999999999999999-",
];

/// If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, If-Range.
const CONDITIONS: [&str; 7] = [
    "*\n\"5-abc\"\nTue, 14 Nov 2023 22:13:20 GMT\nTue, 14 Nov 2023 22:13:20 GMT\n\"5-abc\"",
    "-\nW/\"5-abc\", \"a,b\"\n-\nTuesday, 14-Nov-23 22:13:19 GMT\nTue, 14 Nov 2023 22:13:20 GMT",
    "-\n-\nTue Nov 14 22:13:20 2023\n-\nW/\"5-abc\"",
    "\"a\", \"5-abc\"\n\"b\" , W/\"c\"\n\n\n",
    "-\n*\n-\n-\n-",
    "-\n-\nTue, 14 Nov 2023 22:13:19 GMT\nyesterday\nTue Nov 14 22:13:20 2023",
    "\"5-abc\"x, \"5-abc\n\"\", *",
];

const CODINGS: [&str; 7] = [
    "gzip, deflate, br, zstd",
    "gzip;q=0.5, br;q=0.25, *;q=0.1",
    "identity;q=1.0, *;q=0",
    "br;q=0, x-gzip ; Q=1.",
    "GZIP;a=b;q=0.001,, zstd;q=1.000",
    "gzip;q=2, br;q=nan, zstd;q=",
    "*",
];

const BODIES: [&str; 8] = [
    "0\r\n\r\n",
    "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n",
    "0000000000000005 \t\r\n\r\n0\r\n\r\n0\r\n\r\n",
    "A;name\r\n0123456789\r\n0;a=b;c=\"d\\\"e\"\r\n\r\n",
    "1 ; a\t=\t\"\\\\\" ; b = c\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n",
    "5;\r\nhello\r\n0\r\n\r\n",
    "5\nhello\r\n0\r\n\r\n",
    "ffffffffffffffff\r\nx",
];

const DATES: [&str; 7] = [
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "Tue Nov 14 22:13:20 2023",
    "Tue, 29 Feb 2000 23:59:60 GMT",
    "Thursday, 29-Feb-00 00:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 GMT",
];
