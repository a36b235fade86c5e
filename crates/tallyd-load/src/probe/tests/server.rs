//! A small server of one file that keeps the rules, but for the one that it is told to break.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::super::date;
use super::faults::Fault;

/// When the file was changed: long ago.
const MODIFIED: i64 = 1_700_000_000;

const ETAG: &str = "\"one\"";

/// No limit of a test is as long.
const LIMIT: Duration = Duration::from_secs(20);

fn file() -> Vec<u8> {
    (0..300)
        .map(|number: u32| b'a' + u8::try_from(number % 26).unwrap())
        .collect()
}

/// A running server; it ends with this value.
pub(super) struct Server {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Server {
    pub(super) fn start(fault: Fault) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_over);
        thread::spawn(move || {
            // What is known of the file before the cases takes five requests.
            for (number, stream) in listener.incoming().enumerate() {
                if flag.load(Ordering::Relaxed) {
                    return;
                }
                let stream = stream.unwrap();
                let is_last = fault == Fault::GoesAway && number == 4;
                if is_last {
                    drop(listener);
                    Connection::new(stream, fault).serve();
                    return;
                }
                thread::spawn(move || Connection::new(stream, fault).serve());
            }
        });
        Server { address, is_over }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes it; if it is gone, all the better.
        TcpStream::connect(self.address).ok();
    }
}

/// A request: its line and its fields.
struct Asked {
    method: String,
    target: String,
    is_old: bool,
    fields: Vec<(String, String)>,
}

impl Asked {
    fn all(&self, name: &str) -> Vec<&str> {
        let named = |field: &&(String, String)| field.0.eq_ignore_ascii_case(name);
        self.fields
            .iter()
            .filter(named)
            .map(|field| field.1.as_str())
            .collect()
    }

    /// Lines of one name as one list.
    fn field(&self, name: &str) -> Option<String> {
        let all = self.all(name);
        (!all.is_empty()).then(|| all.join(", "))
    }
}

struct Reply {
    status: u16,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Reply {
    fn new(status: u16) -> Reply {
        Reply {
            status,
            fields: vec![("Content-Type", "text/plain".to_owned())],
            body: format!("{status}: so it is, and so it will remain.\n").into_bytes(),
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.fields.push((name, value.into()));
        self
    }
}

struct Connection {
    stream: TcpStream,
    fault: Fault,
    bytes: Vec<u8>,
}

impl Connection {
    fn new(stream: TcpStream, fault: Fault) -> Connection {
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection {
            stream,
            fault,
            bytes: Vec::new(),
        }
    }

    fn serve(mut self) {
        if self.fault == Fault::Silent {
            self.more();
            self.more();
            return;
        }
        while let Some(is_kept) = self.one() {
            if !is_kept {
                break;
            }
        }
        // So that what was sent is not lost when more has come than was read.
        self.stream.shutdown(std::net::Shutdown::Write).ok();
        self.stream
            .set_read_timeout(Some(Duration::from_millis(500)))
            .ok();
        self.bytes.clear();
        while self.more() {
            self.bytes.clear();
        }
    }

    fn more(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.bytes.extend(&buffer[..count]);
                true
            }
            Err(error) => error.kind() == ErrorKind::Interrupted,
        }
    }

    /// Answers one request; whether there may be another, and none if no other came.
    fn one(&mut self) -> Option<bool> {
        while self.bytes.starts_with(b"\r\n") {
            self.bytes.drain(..2);
        }
        let end = loop {
            match self
                .bytes
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                Some(end) => break end + 4,
                None if self.bytes.len() > 16 << 10 => return self.refuse(too_long(&self.bytes)),
                None if self.more() => {
                    while self.bytes.starts_with(b"\r\n") {
                        self.bytes.drain(..2);
                    }
                }
                None => return None,
            }
        };
        if end > 16 << 10 {
            return self.refuse(too_long(&self.bytes));
        }
        let head: Vec<u8> = self.bytes.drain(..end).collect();
        let asked = match parsed(&head, self.fault) {
            Ok(asked) => asked,
            Err(status) => return self.refuse(status),
        };
        let length = match length(&asked, self.fault) {
            Ok(length) => length,
            Err(status) => return self.refuse(status),
        };
        if asked.field("Expect").is_some() && !asked.is_old {
            self.stream
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
                .ok()?;
        }
        while self.bytes.len() < length {
            if !self.more() {
                return None;
            }
        }
        self.bytes.drain(..length);
        let reply = reply(&asked, self.fault);
        let wants_close = asked.field("Connection").is_some_and(|value| {
            let mut options = value.split(',').map(str::trim);
            options.any(|option| option.eq_ignore_ascii_case("close"))
        });
        let is_kept = !asked.is_old && (!wants_close || self.fault == Fault::StaysOpen);
        self.send(&reply, &asked.method, is_kept)?;
        Some(is_kept)
    }

    fn refuse(&mut self, status: u16) -> Option<bool> {
        self.send(&Reply::new(status), "GET", false)?;
        Some(false)
    }

    fn send(&mut self, reply: &Reply, method: &str, is_kept: bool) -> Option<()> {
        let status = reply.status;
        let reason = match (self.fault, status) {
            (Fault::NoReasonSpace, 404) => "",
            _ => " So",
        };
        let mut head = format!("HTTP/1.1 {status}{reason}\r\n");
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let now = i64::try_from(now).unwrap();
        match self.fault {
            Fault::NoDateWith404 if status == 404 => {}
            Fault::OldDates => head.push_str(&format!("Date: {}\r\n", date::rfc850(now))),
            _ => head.push_str(&format!("Date: {}\r\n", date::imf(now))),
        }
        let name = if self.fault == Fault::Version {
            "test/1.2.3"
        } else {
            "test"
        };
        head.push_str(&format!("Server: {name}\r\n"));
        for (name, value) in &reply.fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if status != 304 {
            head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
        }
        if !is_kept {
            head.push_str("Connection: close\r\n");
        }
        let mut bytes = format!("{head}\r\n").into_bytes();
        let has_content =
            status != 304 && (method != "HEAD" || self.fault == Fault::ContentForHead);
        if has_content {
            bytes.extend(&reply.body);
        }
        if self.fault == Fault::MoreThanLength && status == 404 && !is_kept && method == "GET" {
            bytes.extend(b"more");
        }
        self.stream.write_all(&bytes).ok()
    }
}

fn too_long(bytes: &[u8]) -> u16 {
    match bytes.iter().take(12 << 10).any(|byte| *byte == b'\n') {
        true => 431,
        false => 414,
    }
}

fn parsed(head: &[u8], fault: Fault) -> Result<Asked, u16> {
    let text = std::str::from_utf8(head).map_err(|_| 400_u16)?;
    let text = match fault {
        Fault::BareCr => text
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\n', "\r\n"),
        _ => text.to_owned(),
    };
    let mut lines = text.trim_end_matches("\r\n").split("\r\n");
    let line: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, version] = line.as_slice() else {
        return Err(400);
    };
    let is_visible = |byte: u8| matches!(byte, 0x21..=0x7e) && byte != b'#';
    let is_rooted = target.starts_with(['/', '*']) || target.starts_with("http://");
    if !is_rooted && *method != "CONNECT" || !target.bytes().all(is_visible) {
        return Err(400);
    }
    let is_old = match version.strip_prefix("HTTP/1.").map(str::as_bytes) {
        Some(b"0") => true,
        Some([b'1'..=b'9']) => false,
        _ => return Err(400),
    };
    let fields = lines
        .map(|line| field(line, fault))
        .collect::<Result<Vec<_>, u16>>()?;
    let asked = Asked {
        method: (*method).to_owned(),
        target: (*target).to_owned(),
        is_old,
        fields,
    };
    hosts(&asked, fault)?;
    Ok(asked)
}

fn field(line: &str, fault: Fault) -> Result<(String, String), u16> {
    let (name, value) = line.split_once(':').ok_or(400_u16)?;
    let name = match fault {
        Fault::SpaceBeforeColon => name.trim_end(),
        _ => name,
    };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_name = !name.is_empty() && name.bytes().all(is_letter);
    match is_name && !value.contains(['\r', '\n', '\0']) {
        true => Ok((name.to_owned(), value.trim().to_owned())),
        false => Err(400),
    }
}

fn hosts(asked: &Asked, fault: Fault) -> Result<(), u16> {
    let hosts = asked.all("Host");
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-[]".contains(&byte);
    let is_host = |host: &&str| {
        let (name, port) = host.split_once(':').unwrap_or((host, "1"));
        name.bytes().all(is_letter) && port.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_right = match hosts.len() {
        0 => asked.is_old,
        1 => true,
        _ => fault == Fault::TwoHosts,
    };
    match is_right && hosts.iter().all(is_host) {
        true => Ok(()),
        false => Err(400),
    }
}

/// How long the body is. This server takes no chunks, which it says.
fn length(asked: &Asked, fault: Fault) -> Result<usize, u16> {
    let lengths = asked.all("Content-Length");
    let codings = asked.all("Transfer-Encoding");
    if !codings.is_empty() && (fault != Fault::BothLengths || lengths.is_empty()) {
        let is_faulty = asked.is_old || !lengths.is_empty();
        return Err(if is_faulty { 400 } else { 501 });
    }
    match lengths.as_slice() {
        [] => Ok(0),
        [one] => {
            let digits = match fault {
                Fault::SignedLength => one.trim_start_matches('+'),
                _ => one,
            };
            let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let length = digits.parse().map_err(|_| 400_u16);
            if are_digits { length } else { Err(400) }
        }
        _ => Err(400),
    }
}

fn reply(asked: &Asked, fault: Fault) -> Reply {
    match asked.method.as_str() {
        "GET" | "HEAD" => {}
        "POST" if fault == Fault::NoAllow => return Reply::new(405),
        "POST" => return Reply::new(405).with("Allow", "GET, HEAD"),
        "TALLYDPROBE" if fault == Fault::UnknownIs404 => return Reply::new(404),
        _ => return Reply::new(501),
    }
    let target = match asked.target.strip_prefix("http://") {
        Some(rest) => rest.trim_start_matches(|letter| letter != '/'),
        None => asked.target.as_str(),
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let Some(mut path) = decoded(path) else {
        return Reply::new(400);
    };
    if fault == Fault::DecodesTwice {
        path = decoded(&path).unwrap_or(path);
    }
    match path.as_str() {
        "/dir/notes.txt" => of_file(asked, fault),
        "/dir" if query.is_empty() => Reply::new(301).with("Location", "/dir/"),
        "/dir" => Reply::new(301).with("Location", format!("/dir/?{query}")),
        "/dir/" => Reply::new(200),
        "/short" => Reply {
            body: b"short".to_vec(),
            ..Reply::new(200)
        },
        _ => Reply::new(404),
    }
}

fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.as_bytes());
        let digits = after.get(..2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after.get(2..)?;
    }
    bytes.extend(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

/// In the order of RFC 9110 13.2.2.
fn of_file(asked: &Asked, fault: Fault) -> Reply {
    if fault == Fault::RangesFirst
        && let Some(part) = part(asked, fault)
    {
        return part;
    }
    let lists = |list: &str, is_weak: bool| {
        let plain = |tag: &str| {
            if is_weak {
                tag.trim_start_matches("W/").to_owned()
            } else {
                tag.to_owned()
            }
        };
        list == "*" || list.split(", ").any(|tag| plain(tag) == ETAG)
    };
    let time = |name| asked.field(name).and_then(|text| time(&text));
    match asked.field("If-Match") {
        Some(list) if !lists(&list, fault == Fault::WeakMatch) => return Reply::new(412),
        Some(_) => {}
        None if time("If-Unmodified-Since").is_some_and(|then| MODIFIED > then) => {
            return Reply::new(412);
        }
        None => {}
    }
    let is_known = match asked.field("If-None-Match") {
        Some(list) => lists(&list, fault != Fault::StrongNoneMatch),
        None => time("If-Modified-Since").is_some_and(|then| MODIFIED <= then),
    };
    if is_known {
        return Reply {
            status: 304,
            fields: vec![("ETag", ETAG.to_owned())],
            body: Vec::new(),
        };
    }
    part(asked, fault).unwrap_or_else(|| whole(fault))
}

fn whole(fault: Fault) -> Reply {
    let reply = Reply {
        body: file(),
        ..Reply::new(200)
    };
    let reply = reply
        .with("Last-Modified", date::imf(MODIFIED))
        .with("Accept-Ranges", "bytes");
    match fault {
        Fault::NoEtag => reply,
        _ => reply.with("ETag", ETAG),
    }
}

/// A 206 or 416; none where Range does not count. Several ranges are the whole file, which is allowed.
fn part(asked: &Asked, fault: Fault) -> Option<Reply> {
    if asked.method == "HEAD" && fault != Fault::RangeForHead {
        return None;
    }
    let condition = asked.field("If-Range");
    let is_same = condition.is_none_or(|tag| tag == ETAG || tag == date::imf(MODIFIED));
    let range = asked.field("Range")?;
    let (unit, range) = range.split_once('=')?;
    if !is_same && fault != Fault::BlindIfRange || unit != "bytes" && fault != Fault::AnyUnit {
        return None;
    }
    let (from, to) = range.split_once('-')?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(from) || !are_digits(to) || from.is_empty() && to.is_empty() {
        return None;
    }
    let length = file().len();
    let number = |text: &str| text.parse::<usize>().unwrap_or(usize::MAX);
    let (from, end) = match (from, to) {
        ("", last) => (length.saturating_sub(number(last)), length),
        (from, "") => (number(from), length),
        (from, to) if number(to) < number(from) => return None,
        (from, to) => (number(from), number(to).saturating_add(1).min(length)),
    };
    if from >= length {
        let reply = Reply::new(416);
        return Some(match fault {
            Fault::NoRangeOn416 => reply,
            _ => reply.with("Content-Range", format!("bytes */{length}")),
        });
    }
    let shorter = usize::from(fault == Fault::ShortPart && from == 100);
    let body = file()[from..end - shorter].to_vec();
    let range = format!("bytes {from}-{}/{length}", end - 1);
    let reply = Reply {
        status: 206,
        body,
        ..whole(fault)
    };
    Some(reply.with("Content-Range", range))
}

/// A date in any of its three forms. Of the old ones the test knows only its own.
fn time(text: &str) -> Option<i64> {
    let is_ours = text == date::rfc850(MODIFIED) || text == date::asctime(MODIFIED);
    date::read(text).or(is_ours.then_some(MODIFIED))
}
