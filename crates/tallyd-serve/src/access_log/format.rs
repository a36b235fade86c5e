//! How a line looks, in each of the four formats.
//!
//! Promises: one record is one line, whatever a client sends. Control characters, quotes and what is
//! not text are escaped, so that no line can be forged.

use std::io::Write as _;
use std::net::IpAddr;

use tallyd_http::date;
use tallyd_http::request::Version;
use tallyd_http::write::push_number;

use super::record::{Entry, Record};
use crate::config::LogFormat;
use crate::json;
use crate::receipt::Client;

/// The time of a line as `common` and `combined` write it. Most lines share it with the one before.
#[derive(Debug, Default)]
pub struct Stamp {
    second: i64,
    text: Vec<u8>,
}

impl Stamp {
    fn of(&mut self, nanos: i64) -> &[u8] {
        let second = nanos.div_euclid(1_000_000_000);
        if self.text.is_empty() || self.second != second {
            let at = date::civil(second);
            self.second = second;
            self.text.clear();
            put(
                &mut self.text,
                format_args!(
                    " - - [{:02}/{}/{:04}:{:02}:{:02}:{:02} +0000] \"",
                    at.day,
                    at.month_name(),
                    at.year,
                    at.hour,
                    at.minute,
                    at.second
                ),
            );
        }
        &self.text
    }
}

/// Adds the line of one record, if the format has a line for it.
pub fn line(
    format: LogFormat,
    record: &Record,
    entry: &Entry<'_>,
    stamp: &mut Stamp,
    out: &mut Vec<u8>,
) {
    match format {
        LogFormat::Tally if record.hit == 0 => {}
        LogFormat::Tally => tally(record, entry, out),
        LogFormat::Common => {
            common(record, entry, stamp, out);
            out.push(b'\n');
        }
        LogFormat::Combined => {
            common(record, entry, stamp, out);
            quoted(entry.referrer, out);
            quoted(entry.agent, out);
            out.push(b'\n');
        }
        LogFormat::Json => json_line(record, entry, out),
    }
}

/// `/path|client address|client port|hit number`: read it from the right, names may hold anything.
fn tally(record: &Record, entry: &Entry<'_>, out: &mut Vec<u8>) {
    readable(entry.path, out);
    out.push(b'|');
    address(record.client, out);
    out.push(b'|');
    push_number(u64::from(port(record.client)), out);
    out.push(b'|');
    push_number(record.hit, out);
    out.push(b'\n');
}

/// `address - - [day/month/year:time zone] "request" status bytes`
fn common(record: &Record, entry: &Entry<'_>, stamp: &mut Stamp, out: &mut Vec<u8>) {
    address(record.client, out);
    out.extend_from_slice(stamp.of(record.receipt.started));
    if !entry.method.is_empty() {
        escaped(entry.method, out);
        out.push(b' ');
    }
    escaped(entry.target, out);
    if let Some(version) = record.version {
        out.push(b' ');
        out.extend_from_slice(version.as_str().as_bytes());
    }
    out.extend_from_slice(b"\" ");
    push_number(u64::from(record.status), out);
    out.push(b' ');
    push_number(record.receipt.bytes, out);
}

/// ` "text"`, or ` "-"` if there is none.
fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b" \"");
    escaped(if text.is_empty() { b"-" } else { text }, out);
    out.push(b'"');
}

/// As nginx and Apache escape: quotes, backslashes, controls and everything beyond ASCII as `\xHH`.
fn escaped(mut text: &[u8], out: &mut Vec<u8>) {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    while !text.is_empty() {
        let end = text
            .iter()
            .position(|byte| !is_plain(byte))
            .unwrap_or(text.len());
        let (plain, rest) = text.split_at_checked(end).unwrap_or_default();
        out.extend_from_slice(plain);
        text = rest;
        if let [odd, rest @ ..] = text {
            put(out, format_args!("\\x{odd:02X}"));
            text = rest;
        }
    }
}

/// As it is read by people: UTF-8 stays, controls and the separator are escaped.
fn readable(text: &[u8], out: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter.is_control() || matches!(letter, '|' | '\\' | '\u{2028}' | '\u{2029}') {
                escape_all(letter.encode_utf8(&mut [0; 4]).as_bytes(), out);
            } else {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        escape_all(chunk.invalid(), out);
    }
}

fn escape_all(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        put(out, format_args!("\\x{byte:02X}"));
    }
}

fn json_line(record: &Record, entry: &Entry<'_>, out: &mut Vec<u8>) {
    let receipt = &record.receipt;
    put(
        out,
        format_args!("{{\"time\":\"{}\"", timestamp(receipt.started)),
    );
    out.extend_from_slice(b",\"client\":\"");
    address(record.client, out);
    put(out, format_args!("\",\"port\":{}", port(record.client)));
    text(",\"method\":", entry.method, out);
    text(",\"host\":", entry.host, out);
    text(",\"target\":", entry.target, out);
    text(
        ",\"protocol\":",
        record.version.map_or("", Version::as_str).as_bytes(),
        out,
    );
    put(
        out,
        format_args!(",\"status\":{},\"bytes\":{}", record.status, receipt.bytes),
    );
    text(",\"range\":", entry.range, out);
    put(
        out,
        format_args!(",\"outcome\":\"{}\"", receipt.outcome.word()),
    );
    if let Some(reason) = receipt.outcome.reason() {
        put(out, format_args!(",\"reason\":\"{reason}\""));
    }
    let micros = receipt.took.as_micros();
    put(
        out,
        format_args!(
            ",\"duration\":{}.{:06}",
            micros / 1_000_000,
            micros % 1_000_000
        ),
    );
    if record.hit > 0 {
        text(",\"path\":", entry.path, out);
        put(out, format_args!(",\"hit\":{}", record.hit));
    }
    text(",\"referrer\":", entry.referrer, out);
    text(",\"agent\":", entry.agent, out);
    out.extend_from_slice(b"}\n");
}

/// A key with its text, left out if there is none.
fn text(key: &str, value: &[u8], out: &mut Vec<u8>) {
    if !value.is_empty() {
        out.extend_from_slice(key.as_bytes());
        json::string(value, out);
    }
}

/// RFC 3339 with milliseconds, UTC.
fn timestamp(nanos: i64) -> String {
    let at = date::civil(nanos.div_euclid(1_000_000_000));
    let millis = nanos.rem_euclid(1_000_000_000) / 1_000_000;
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{millis:03}Z",
        at.year, at.month, at.day, at.hour, at.minute, at.second
    )
}

/// The address; a client on a Unix socket has none.
fn address(client: Client, out: &mut Vec<u8>) {
    match client {
        Client::Tcp(IpAddr::V4(address), _) => {
            for (place, octet) in address.octets().into_iter().enumerate() {
                if place > 0 {
                    out.push(b'.');
                }
                push_number(u64::from(octet), out);
            }
        }
        Client::Tcp(address, _) => put(out, format_args!("{address}")),
        Client::Unix => out.extend_from_slice(b"unix:"),
    }
}

/// The port; a client on a Unix socket has none.
fn port(client: Client) -> u16 {
    match client {
        Client::Tcp(_, port) => port,
        Client::Unix => 0,
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory never fails.
    drop(out.write_fmt(text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::{Outcome, Receipt};
    use std::net::Ipv4Addr;
    use std::time::Duration;

    fn check(format: LogFormat, hit: u64, entry: &Entry<'_>, expected: &str) {
        let record = Record {
            client: Client::Tcp(IpAddr::V4(Ipv4Addr::LOCALHOST), 4711),
            status: 200,
            hit,
            receipt: Receipt {
                bytes: 251,
                content: 251,
                outcome: Outcome::Complete,
                started: 1_700_000_000_123_456_789,
                took: Duration::from_micros(1500),
            },
            version: Some(Version::Http11),
        };
        let mut out = Vec::new();
        line(format, &record, entry, &mut Stamp::default(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    const PLAIN: Entry<'_> = Entry {
        path: b"/index.html",
        method: b"GET",
        target: b"/index.html?x",
        host: b"example.org",
        range: b"bytes=0-",
        referrer: b"",
        agent: b"curl/8",
    };

    /// What a client could send to make one line look like two, or to close a quote.
    const FORGED: Entry<'_> = Entry {
        path: b"/a\n/b|10.0.0.1|1|7\xff",
        method: b"GET",
        target: b"/a\" 200 1 \"x\\",
        host: b"",
        range: b"",
        referrer: b"\x1b[2J\r\n",
        agent: b"\xc3\xa9\"",
    };

    #[test]
    fn tally_is_path_address_port_number() {
        check(
            LogFormat::Tally,
            6,
            &PLAIN,
            "/index.html|127.0.0.1|4711|6\n",
        );
        check(LogFormat::Tally, 0, &PLAIN, "");
        check(
            LogFormat::Tally,
            1,
            &FORGED,
            "/a\\x0A/b\\x7C10.0.0.1\\x7C1\\x7C7\\xFF|127.0.0.1|4711|1\n",
        );
    }

    #[test]
    fn common_and_combined_are_what_log_readers_know() {
        let common =
            "127.0.0.1 - - [14/Nov/2023:22:13:20 +0000] \"GET /index.html?x HTTP/1.1\" 200 251";
        check(LogFormat::Common, 6, &PLAIN, &format!("{common}\n"));
        check(
            LogFormat::Combined,
            6,
            &PLAIN,
            &format!("{common} \"-\" \"curl/8\"\n"),
        );
        let forged = "127.0.0.1 - - [14/Nov/2023:22:13:20 +0000] \"GET /a\\x22 200 1 \\x22x\\x5C HTTP/1.1\" 200 251 \
                      \"\\x1B[2J\\x0D\\x0A\" \"\\xC3\\xA9\\x22\"\n";
        check(LogFormat::Combined, 0, &FORGED, forged);
    }

    #[test]
    fn json_has_everything() {
        check(
            LogFormat::Json,
            6,
            &PLAIN,
            "{\"time\":\"2023-11-14T22:13:20.123Z\",\"client\":\"127.0.0.1\",\"port\":4711,\"method\":\"GET\",\
             \"host\":\"example.org\",\"target\":\"/index.html?x\",\"protocol\":\"HTTP/1.1\",\"status\":200,\
             \"bytes\":251,\"range\":\"bytes=0-\",\"outcome\":\"complete\",\"duration\":0.001500,\
             \"path\":\"/index.html\",\"hit\":6,\"agent\":\"curl/8\"}\n",
        );
    }

    #[test]
    fn json_of_forged_texts_is_one_line() {
        check(
            LogFormat::Json,
            1,
            &FORGED,
            "{\"time\":\"2023-11-14T22:13:20.123Z\",\"client\":\"127.0.0.1\",\"port\":4711,\"method\":\"GET\",\
             \"target\":\"/a\\\" 200 1 \\\"x\\\\\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"bytes\":251,\
             \"outcome\":\"complete\",\"duration\":0.001500,\"path\":\"/a\\n/b|10.0.0.1|1|7\u{fffd}\",\"hit\":1,\
             \"referrer\":\"\\u001b[2J\\r\\n\",\"agent\":\"é\\\"\"}\n",
        );
    }
}
