//! Answers as they came, read strictly (RFC 9112).
//!
//! Promises: what could be read in two ways is a fault or an oddity, never repaired; memory is bounded by what was
//! received. Must not know: where the bytes come from. (The reader that `get` and `load` share forgives more and keeps
//! less: here the octets themselves are what is judged.)

/// One answer, final or interim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The minor version: HTTP/1.x.
    pub(super) minor: u8,
    /// The status.
    pub(super) status: u16,
    /// The fields, in their order, with their names as they were written.
    pub(super) fields: Vec<(String, String)>,
    /// The content, without its framing.
    pub(super) body: Vec<u8>,
    /// How the end of the content was found.
    pub(super) framing: Framing,
    /// What no sender may write, and a reader can still read.
    pub(super) oddities: Vec<&'static str>,
}

/// How the end of a content is found (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none, by the method or the status.
    #[default]
    Nothing,
    /// Content-Length.
    Length,
    /// Chunks.
    Chunked,
    /// The end of the connection.
    Close,
}

/// Why these bytes are no answer.
pub(super) type Fault = &'static str;

/// What could be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// The answer is not there whole.
    More,
    /// An answer, and how many bytes it took.
    Whole(Box<Answer>, usize),
}

/// Whether there are more bytes to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// There may be.
    Open,
    /// The server has said that there are none.
    Ended,
}

/// No answer of a server of files has a longer head.
const LONGEST_HEAD: usize = 256 << 10;

impl Answer {
    /// The value of a field; of several, the first.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let named = |(found, _): &&(String, String)| found.eq_ignore_ascii_case(name);
        self.fields
            .iter()
            .find(named)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a field.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = move |(found, _): &&(String, String)| found.eq_ignore_ascii_case(name);
        self.fields
            .iter()
            .filter(named)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a comma list has this word.
    pub(super) fn lists(&self, name: &str, word: &str) -> bool {
        let words = self.all(name).flat_map(|value| value.split(','));
        words
            .map(str::trim)
            .any(|found| found.eq_ignore_ascii_case(word))
    }

    /// 1xx, but for 101: there another protocol begins.
    pub(super) fn is_interim(&self) -> bool {
        self.status < 200 && self.status != 101
    }
}

/// The answer at the start of `bytes`, to a request with this method.
pub(super) fn read(bytes: &[u8], method: &str, source: Source) -> Result<Reading, Fault> {
    let Some(length) = head_length(bytes) else {
        let is_none = !b"HTTP/1.".starts_with(bytes.get(..7).unwrap_or(bytes));
        return match (is_none, source) {
            (true, _) => Err("it does not begin with HTTP/1."),
            (_, Source::Ended) => Err("its head is cut off"),
            _ if bytes.len() > LONGEST_HEAD => Err("its head is endless"),
            _ => Ok(Reading::More),
        };
    };
    let mut answer = head(bytes.get(..length).unwrap_or_default())?;
    let rest = bytes.get(length..).unwrap_or_default();
    answer.framing = framing(&answer, method)?;
    let content = match answer.framing {
        Framing::Nothing => Some((Vec::new(), 0)),
        Framing::Length => of_length(&answer, rest),
        Framing::Chunked => chunks(rest)?,
        Framing::Close => (source == Source::Ended).then(|| (rest.to_vec(), rest.len())),
    };
    match content {
        Some((body, used)) => {
            answer.body = body;
            Ok(Reading::Whole(Box::new(answer), length + used))
        }
        None if source == Source::Ended => Err("its content is cut off"),
        None => Ok(Reading::More),
    }
}

/// Up to the empty line, which is included. A bare LF ends a line too: what is odd is said later.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' {
            if matches!(bytes.get(start..at), Some(b"" | b"\r")) {
                return Some(at + 1);
            }
            start = at + 1;
        }
    }
    None
}

fn head(bytes: &[u8]) -> Result<Answer, Fault> {
    let mut answer = Answer::default();
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        match line.strip_suffix(b"\r") {
            Some(line) => (line, true),
            None => (line, false),
        }
    });
    let (first, ended) = lines.next().unwrap_or_default();
    status_line(first, &mut answer)?;
    let mut oddity = |is_odd: bool, words| {
        if is_odd && !answer.oddities.contains(&words) {
            answer.oddities.push(words);
        }
    };
    oddity(!ended, "a line that ends in a bare LF");
    for (line, ended) in lines {
        oddity(!ended, "a line that ends in a bare LF");
        if line.is_empty() {
            break;
        }
        oddity(line.contains(&b'\r'), "a bare CR");
        oddity(line.contains(&0), "a NUL");
        oddity(
            line.starts_with(b" ") || line.starts_with(b"\t"),
            "a folded line",
        );
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = halves.next().unwrap_or_default();
        let Some(value) = halves.next() else {
            oddity(true, "a line without a colon");
            continue;
        };
        oddity(
            name.is_empty() || !name.iter().all(|byte| is_token(*byte)),
            "a field name that is no token",
        );
        let shown = |bytes: &[u8]| {
            String::from_utf8_lossy(bytes)
                .trim_matches([' ', '\t'])
                .to_owned()
        };
        answer.fields.push((shown(name), shown(value)));
    }
    Ok(answer)
}

/// RFC 9112 4: the space behind the status is there even without a reason.
fn status_line(line: &[u8], answer: &mut Answer) -> Result<(), Fault> {
    let Some([minor, b' ', a, b, c, rest @ ..]) = line.strip_prefix(b"HTTP/1.") else {
        return Err("its first line is no status line");
    };
    let digits = [minor, a, b, c].map(|byte| byte.wrapping_sub(b'0'));
    if digits.iter().any(|digit| *digit > 9) {
        return Err("its first line is no status line");
    }
    let [minor, a, b, c] = digits.map(u16::from);
    answer.minor = u8::try_from(minor).unwrap_or(9);
    answer.status = a * 100 + b * 10 + c;
    match rest {
        [b' ', ..] => {}
        [] => answer.oddities.push("no space behind the status"),
        _ => return Err("its first line is no status line"),
    }
    match answer.status {
        100..=599 => Ok(()),
        _ => Err("its status is none"),
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 9112 6.3.
fn framing(answer: &Answer, method: &str) -> Result<Framing, Fault> {
    let has_none = matches!(answer.status, 100..=199 | 204 | 304);
    if method == "HEAD" || has_none {
        return Ok(Framing::Nothing);
    }
    if let Some(coding) = answer.field("Transfer-Encoding") {
        let is_plain =
            coding.eq_ignore_ascii_case("chunked") && answer.all("Transfer-Encoding").count() == 1;
        return match is_plain {
            true => Ok(Framing::Chunked),
            false => Err("its transfer coding was not asked for"),
        };
    }
    let mut lengths = answer.all("Content-Length");
    let Some(first) = lengths.next() else {
        return Ok(Framing::Close);
    };
    match length(first) {
        None => Err("its Content-Length is no length"),
        Some(_) if lengths.any(|other| other != first) => Err("its Content-Lengths differ"),
        Some(_) => Ok(Framing::Length),
    }
}

/// Digits and nothing else.
pub(super) fn length(text: &str) -> Option<u64> {
    let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().ok()).flatten()
}

fn of_length(answer: &Answer, rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let length = length(answer.field("Content-Length")?)?;
    let body = rest.get(..usize::try_from(length).ok()?)?;
    Some((body.to_vec(), body.len()))
}

/// The data of chunks and how many bytes they took; none if they are not there whole.
fn chunks(rest: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Fault> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = line_at(rest, at)? else {
            return Ok(None);
        };
        at += line.len() + 2;
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let size = chunk_size(digits)?;
        if size == 0 {
            break;
        }
        let Some(data) = rest.get(at..at.saturating_add(size)) else {
            return Ok(None);
        };
        body.extend_from_slice(data);
        at += size;
        match rest.get(at..at + 2) {
            Some(b"\r\n") => at += 2,
            Some(_) => return Err("a chunk does not end where it says"),
            None => return Ok(None),
        }
    }
    // Trailer fields, up to the empty line.
    loop {
        match line_at(rest, at)? {
            Some([]) => return Ok(Some((body, at + 2))),
            Some(line) => at += line.len() + 2,
            None => return Ok(None),
        }
    }
}

fn chunk_size(digits: &[u8]) -> Result<usize, Fault> {
    let text = std::str::from_utf8(digits).unwrap_or_default().trim_end();
    let are_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match usize::from_str_radix(text, 16) {
        Ok(size) if are_digits && size <= 1 << 40 => Ok(size),
        _ => Err("the size of a chunk is none"),
    }
}

fn line_at(bytes: &[u8], at: usize) -> Result<Option<&[u8]>, Fault> {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
        return Ok(None);
    };
    match rest.get(..end).and_then(|line| line.strip_suffix(b"\r")) {
        Some(line) => Ok(Some(line)),
        None => Err("a line of a chunked content ends in a bare LF"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str, method: &str, source: Source) -> (Answer, usize) {
        match read(text.as_bytes(), method, source) {
            Ok(Reading::Whole(answer, used)) => (*answer, used),
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn every_framing_finds_its_end() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef";
        let (answer, used) = whole(text, "GET", Source::Open);
        assert_eq!(
            (answer.body.as_slice(), used),
            (&b"abc"[..], text.len() - 3)
        );
        assert_eq!(whole(text, "HEAD", Source::Open).1, text.len() - 6);
        let text = "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n";
        let (answer, used) = whole(text, "GET", Source::Open);
        assert_eq!((answer.body.as_slice(), used), (&b"abc"[..], text.len()));
        for cut in 0..text.len() {
            let found = read(&text.as_bytes()[..cut], "GET", Source::Open);
            assert_eq!(found, Ok(Reading::More), "{cut}");
            assert!(read(&text.as_bytes()[..cut], "GET", Source::Ended).is_err());
        }
        let text = "HTTP/1.0 200 OK\r\n\r\nabc";
        assert_eq!(
            read(text.as_bytes(), "GET", Source::Open),
            Ok(Reading::More)
        );
        let (answer, _) = whole(text, "GET", Source::Ended);
        assert_eq!((answer.framing, answer.minor), (Framing::Close, 0));
        assert_eq!(
            whole(
                "HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n",
                "GET",
                Source::Open
            )
            .1,
            37
        );
    }

    #[test]
    fn what_is_no_answer_is_a_fault_with_a_name() {
        let length = |value: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {value}\r\n\r\n");
        let chunked =
            |body: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        for (text, expected) in [
            ("<html>".to_owned(), "it does not begin"),
            ("HTTP/2 200\r\n\r\n".to_owned(), "its first line"),
            ("HTTP/1.1 2000 OK\r\n\r\n".to_owned(), "its first line"),
            ("HTTP/1.1 700 OK\r\n\r\n".to_owned(), "its status"),
            (length("+1"), "its Content-Length"),
            (length("1, 1"), "its Content-Length"),
            (
                length("1\r\nContent-Length: 2"),
                "its Content-Lengths differ",
            ),
            (chunked("0x1\r\na\r\n"), "the size of a chunk"),
            (chunked("fffffffffffffffff\r\n"), "the size of a chunk"),
            (chunked("1\r\nab\r\n"), "a chunk does not end"),
            (chunked("1\na\r\n"), "a line of a chunked"),
        ] {
            let fault = read(text.as_bytes(), "GET", Source::Open).unwrap_err();
            assert!(fault.starts_with(expected), "{text:?}: {fault}");
        }
    }

    #[test]
    fn what_no_sender_may_write_is_an_oddity() {
        for (text, expected) in [
            ("HTTP/1.1 204\r\n\r\n", "no space behind the status"),
            (
                "HTTP/1.1 204 \nA: b\r\n\r\n",
                "a line that ends in a bare LF",
            ),
            (
                "HTTP/1.1 204 \r\nA : b\r\n\r\n",
                "a field name that is no token",
            ),
            ("HTTP/1.1 204 \r\nA: b\r\n c: d\r\n\r\n", "a folded line"),
            ("HTTP/1.1 204 \r\nA: b\rc\r\n\r\n", "a bare CR"),
            ("HTTP/1.1 204 \r\nA\r\n\r\n", "a line without a colon"),
            ("HTTP/1.1 204 \r\nA: b\0\r\n\r\n", "a NUL"),
        ] {
            let (answer, _) = whole(text, "GET", Source::Open);
            assert_eq!(answer.oddities.first(), Some(&expected), "{text:?}");
        }
    }
}
