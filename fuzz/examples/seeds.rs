//! Writes a few good inputs for each target into `corpus/`, for the engine to start from. The bytes before the text
//! are what the target makes its numbers of: little-endian, in the order of its input.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tallyd_ledger::entry::{self, About, Definition, Draft, Hit, Note};
use tallyd_ledger::facts::{Class, DAY, HOUR, Outcome, Settled, Span, Version, Visitor};
use tallyd_ledger::visitor::Keys;
use tallyd_ledger::window::{Kind, Touch, Window};

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
    write("date", &DATES.map(|text| after(&times, text)))?;
    write("journal", &journals())?;
    write("window", &windows())?;
    write("agents", &agents())?;
    // A day, and which bit of the credentials is wrong.
    let day: [&[u8]; 2] = [&20_777i32.to_le_bytes(), &[3, 1]];
    write("asked", &ASKED.map(|text| after(&day, text)))?;
    write("shown", &SHOWN.map(shown).concat())?;
    write("pack", &packs())?;
    // Three cuts, and whether it was HEAD.
    let numbers: [&[u8]; 2] = [&[3, 0, 17, 0, 60, 0], &[0]];
    write("answer", &ANSWERS.map(|text| after(&numbers, text)))?;
    write(
        "replay_line",
        &LINES.map(str::to_owned).map(String::into_bytes),
    )
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

const ANSWERS: [&str; 9] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 304 Not Modified\r\n\r\n",
    "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 5\n\nhello",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 \r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    "\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nA: b\r\n\r\n",
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/100\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\nHTTP/1.0 404 \r\n\r\nto the end",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade, close\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nffffffffffffffff\r\nx",
    "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
];

const LINES: [&str; 9] = [
    "127.0.0.1 - - [14/Nov/2023:22:13:20 +0000] \"GET /a?b HTTP/1.1\" 200 251",
    "::1 - a[b] [14/Nov/2023:22:13:20 -0130] \"GET http://h/\\x22\\\" c HTTP/1.1\" 206 251 \"-\" \"curl/8\"",
    "h:80 1.2.3.4 - - [29/Feb/2024:00:00:00 +0000] \"HEAD / HTTP/2.0\" 304 - \"\\\\\" \"-\" 0.001",
    "1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"OPTIONS * HTTP/1.1\" 405 0",
    "/a b\\x0A\\x7C|127.0.0.1|4711|6",
    r#"{"time":"2023-11-14T22:13:20.123Z","method":"GET","target":"/a","status":206,"bytes":5,"range":"bytes=0-4"}"#,
    r#"{"ts":1700000000.5,"request":{"method":"GET","uri":"/a","headers":{"Range":["bytes=5-"]}},"status":206}"#,
    r#"{"msec":"1700000000.250","request":"GET /a HTTP/1.1","status":"206","body_bytes_sent":"42","http_range":"-"}"#,
    r#"{"time_local":"14/Nov/2023:22:13:20 +0000","request_method":"HEAD","request_uri":"/\u0000","status":304}"#,
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

/// A segment's number, a start of the system, which bit is damaged, where words are read, no entries to be written,
/// and then words.
fn journals() -> Vec<Vec<u8>> {
    let front = [
        &1u64.to_le_bytes()[..],
        &[7; 8],
        &[9, 0, 3],
        &[0; 4],
        // No more entries.
        &[0],
    ];
    let definition = Definition {
        version: Arc::new(Version {
            site: "a".into(),
            path: b"/a/b.zip"[..].into(),
            device: 1,
            inode: 2,
            length: 1000,
            modified: MODIFIED,
        }),
        representation: 0,
        whole: 1000,
    };
    let spans = [Span {
        start: 5,
        length: 10,
    }];
    let hit = Hit {
        time: MODIFIED,
        number: 1,
        status: 206,
        protocol: 11,
        class: Class::Tool,
        visitor: Visitor::default(),
        proxied: false,
        probe: false,
        spans: &spans,
        referrer: b"example.org",
    };
    let note = |about| Note {
        time: MODIFIED,
        status: 404,
        protocol: 11,
        class: Class::Bot,
        proxied: true,
        bytes: 5,
        about,
    };
    let notes = [
        note(About::Probe(0)),
        note(About::Missing("a", b"/b")),
        note(About::Other("a")),
    ];
    let [probe, missing, other] = notes.each_ref().map(Draft::Note);
    let drafts = [
        Draft::Definition(&definition),
        Draft::Hit(&hit, 0),
        probe,
        missing,
        other,
    ];
    let each = drafts.iter().map(|draft| vec![*draft]);
    let written = each.chain([drafts.to_vec()]);
    let seed = |drafts: Vec<_>| [front.concat(), written_words(&drafts)].concat();
    written.map(seed).collect()
}

/// The bytes of entries behind each other; the first is settled if it is a hit.
fn written_words(drafts: &[Draft<'_>]) -> Vec<u8> {
    let length = drafts.iter().map(Draft::words).sum::<usize>();
    let words: Vec<_> = (0..=length).map(|_| AtomicU64::new(0)).collect();
    let mut at = 0;
    for draft in drafts {
        draft.write(&words[at..at + draft.words()], 1, at as u32);
        at += draft.words();
    }
    if let Some(Draft::Hit(..)) = drafts.first() {
        let settled = Settled {
            outcome: Outcome::Aborted,
            bytes: 5,
            content: 5,
        };
        entry::settle(&words, 1, 0, settled);
    }
    let bytes = words.iter().map(|word| word.load(Ordering::Relaxed));
    bytes.flat_map(u64::to_le_bytes).collect()
}

/// Which kind of window, whether files are small, touches, and then the bytes of a stored window.
fn windows() -> Vec<Vec<u8>> {
    // Of a small file, so many minutes and seconds later.
    let touch = |(minutes, seconds): (u16, i8), file: (u8, u64), spans: &[(u64, u64)]| {
        let (representation, whole) = file;
        let mut out = vec![1];
        // The second of three ways to say when.
        out.extend(0x8000_0000u32.to_le_bytes());
        out.extend(minutes.to_le_bytes());
        out.extend(seconds.to_le_bytes());
        out.extend([1, representation]);
        out.extend(whole.to_le_bytes());
        for (start, length) in spans {
            out.push(1);
            out.extend(start.to_le_bytes());
            out.extend(length.to_le_bytes());
        }
        // No more of them; all was sent.
        out.extend([0, 0]);
        out
    };
    let (now, later, next_day) = ((0, 0), (1, 0), (1440, 0));
    let file = (0, 100);
    let halves = [(0, 50), (50, 50)];
    // More representations than are remembered.
    let each = (0..20).map(|number| {
        touch(
            now,
            (number % 10, 100),
            &halves[usize::from(number / 10)..][..1],
        )
    });
    let histories = [
        vec![
            touch(now, file, &[]),
            touch(later, file, &[]),
            touch(next_day, file, &[]),
        ],
        vec![
            touch(now, file, &[(0, 50)]),
            touch(later, file, &[(40, 60)]),
        ],
        vec![
            touch(now, file, &[(0, 50)]),
            touch(next_day, file, &[(50, 50)]),
        ],
        vec![
            touch(now, (0, 0), &[]),
            touch(now, (0, 5), &[(0, 9)]),
            touch(now, (0, 6), &[(1, 5)]),
        ],
        // The last touch moves by less than a minute, and the day is over by less than that.
        vec![
            touch(now, file, &[]),
            touch((0, 50), file, &[]),
            touch((1439, 20), file, &[]),
        ],
        each.collect(),
    ];
    let stored = stored_window();
    let kinds = 0..3u8;
    let seed = |kind, history: &Vec<Vec<u8>>| {
        [&[kind, 1], &history.concat()[..], &[0], &stored[..]].concat()
    };
    let seeds = kinds.flat_map(|kind| histories.iter().map(move |history| seed(kind, history)));
    // The beginning of time, and as much before it: format, flags, both times, no parts.
    let first = [&[0xff; 9][..], &[1]].concat();
    let wrapped = [&[0, 0, 0, 1, 0], &first[..], &first, &[0]].concat();
    // Two pieces that touch are one.
    let touching = vec![0, 0, 0, 2, 5, 5, 0, 5];
    seeds.chain([wrapped, touching]).collect()
}

/// With two parts of two pieces.
fn stored_window() -> Vec<u8> {
    let spans = [(0, 10), (20, 5)].map(|(start, length)| Span { start, length });
    let touch = |representation| Touch {
        time: 20_000 * DAY + 23 * HOUR,
        class: Class::Person,
        representation,
        whole: 1000,
        spans: &spans,
        content: 15,
    };
    let mut window = Window::open(&touch(0));
    for representation in [0, 1] {
        window.touch(Kind::FirstTouch, &touch(representation));
    }
    window.encode()
}

/// How keys are made and changed, no address, which bit is damaged, and then the texts.
fn agents() -> Vec<Vec<u8>> {
    let day = 20_000i64;
    let front = |flip: u8| {
        let mut out = vec![7];
        for number in [day, day + 1, day + 100] {
            out.extend(number.to_le_bytes());
        }
        out.extend([0, flip, flip]);
        out
    };
    let keys = Keys::fresh(day, |bytes| bytes.fill(7));
    let signed = keys.header_value(day, b"");
    let texts = AGENTS.iter().map(|text| text.as_bytes().to_vec());
    // As long as a host can be, and one more.
    let hosts = [253, 254].map(|length| format!("http://{}/", "a".repeat(length)).into_bytes());
    let texts = texts
        .chain([keys.encode().to_vec(), signed.into_bytes()])
        .chain(hosts);
    (0..)
        .zip(texts)
        .map(|(flip, text)| [front(flip), text].concat())
        .collect()
}

/// Two agents, or a Referer and an agent, and a list.
const AGENTS: [&str; 7] = [
    "Mozilla/5.0 (X11; Linux)\0curl/8.5.0\0tool ^curl/\nperson ^Mozilla/\nbot bot",
    "Panasonic\0x sonic/1\0# comment\n\nbot sonic\ninternal =x SONIC/1",
    "Mozilla/5.0 (compatible; Xbot/2.1)\0xx\0person ^Mozilla/5\nbot *bot/\ntool +x",
    "https://user@example.org:8080/path\0Caf\u{e9}/1\0tool caf\u{e9}\nbot ^=x\n",
    "https://example.org\\@other.org/\0-\0# no rules",
    "http://[2001:db8::1]:80?x\0-\0tool\n",
    "android-app://com.example\0=\0bot =\nrobot x",
];

/// A query, and a head. The token is the one of the target.
const ASKED: [&str; 11] = [
    "days=7&site=docs&chart=hits&path=/a%20b.zip&search=x+y&sort=bytes&page=3\0GET / HTTP/1.1\r\nHost: localhost:8081\r\n\r\n",
    "since=2026-11-01&until=2026-11-20&utm_source=x\0GET / HTTP/1.1\r\nHost: [::1]:8081\r\nOrigin: http://[::1]:8081\r\n\r\n",
    "limit=1000&offset=20&unit=hour&format=csv&days=all\0GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n\r\n",
    "site=*&path=%2F%ff%00&sort=last\0GET / HTTP/1.1\r\nHost: tallyd.example\r\nAuthorization: Bearer a-token-of-24-characters\r\n\r\n",
    "since=&until=2026-11-20\0GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic dTphLXRva2VuLW9mLTI0LWNoYXJhY3RlcnM=\r\n\r\n",
    "limit=0&unit=week\0GET / HTTP/1.0\r\n\r\nrest",
    "page=99999999999999999999\0GET / HTTP/1.1\r\nHost: localhost.\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n\r\n",
    "days=3651&days=1\0GET / HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n\r\n",
    "since=2026-11-20&until=2026-11-19\0GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\n\r\n",
    "days=7&since=0000-02-29\0GET http://localhost/x HTTP/1.1\r\nHost: localhost\r\nOrigin: http://LOCALHOST\r\n\r\n",
    "%64ays=30&=x&&a\0GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nauthorization: bearer  a-token-of-24-characters\r\n\r\n",
];

/// A query, a host, and what follows the first slash of a path.
const SHOWN: [&str; 9] = [
    "tally\0example.org\0a b.zip",
    "tally=json&x=y\0\0caf\u{e9}/<script>\"'&",
    "tally=xml\0(other)\0/a",
    "badge\0a\0\u{202e}gpj.exe",
    "badge=hits&days=7&label=my+%3Cb%3E%26%22&color=fa0\0docs\0\u{1f600}\n",
    "badge=downloads&days=1&label=&colour=brightgreen\0\0]]>",
    "badge&label=%ff%00%e2%80%ae%ef%bf%bf\0\u{2028}\0%2e\\",
    "badge&days=3651\0x\0x",
    "badge&label=0123456789012345678901234567890123456789012345678901234567890123&color=#12345\0x\0x",
];

/// A day, whether anything was counted, counts, a time, and a reply that is shown: one of each kind.
fn shown(text: &str) -> Vec<Vec<u8>> {
    let seed = |kind: u8| {
        let counts = [12, 5, 123_456_789, 0, 999_949, u64::MAX].map(u64::to_le_bytes);
        let front = [
            &20_777i32.to_le_bytes()[..],
            &[kind & 1],
            &counts.concat(),
            &(MODIFIED * 1_000_000_000).to_le_bytes(),
            &206u16.to_le_bytes(),
            &[11, kind, kind],
        ];
        after(&front, text)
    };
    [4, 1, 2, 3].map(seed).to_vec()
}

/// A day or a block, which bit is damaged, two files, no hosts, and then bytes that nobody has written.
fn packs() -> Vec<Vec<u8>> {
    let columns: [&[u8]; 5] = [
        &[],
        // Three numbers; the last one, and then another, which is longer than it has to be.
        &[3, 0, 0x7f, 0x80, 1],
        &[
            2, 0x81, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 9,
        ],
        // Hosts of two sites.
        b"\x01\x07(other)\x05\x05docs\x09a.example\x81\x01\x00\x01b\x00",
        // More text than there is.
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a",
    ];
    let numbers = [1, 3, 1_000, 1, 0, 900, i64::MAX, 127, 128, -1].map(i64::to_le_bytes);
    let entries: Vec<u8> = numbers
        .chunks(5)
        .flat_map(|entry| [&[1], &entry.concat()[..]].concat())
        .collect();
    let seed = |is_block: u8, raw: &[u8]| {
        let front = [
            &[is_block][..],
            &20_777i64.to_le_bytes(),
            &[9, 0, 3],
            &entries,
            &[0, 0],
        ];
        [&front.concat(), raw].concat()
    };
    let both = columns
        .iter()
        .flat_map(|raw| [0, 1].map(|is_block| seed(is_block, raw)));
    both.collect()
}
