//! What is known of the file before any case is asked, and what cases are filled in with.
//!
//! Promises: a file that is none, or that changes while it is asked for, is found out here and not by a hundred cases.

use std::net::SocketAddr;
use std::time::Duration;

use super::Error;
use super::answer::{Answer, Framing};
use super::case::{Need, Until};
use super::date;
use super::wire::{self, End, Sent};
use crate::Url;

/// Cases ask for the bytes around these places.
pub(super) const SHORTEST: usize = 200;

/// The whole file is fetched some eighty times.
pub(super) const LONGEST: usize = 4 << 20;

/// What cases start from.
#[derive(Debug)]
pub(super) struct Ground {
    /// The answer to a plain GET of the file.
    pub(super) answer: Answer,
    /// The answer of those who take codings, if it is another.
    pub(super) coded: Option<Answer>,
    /// The time of Last-Modified.
    pub(super) modified: Option<i64>,
    etag: Option<String>,
    host: String,
    hostname: String,
    target: String,
    is_old: bool,
    knows_dates: bool,
    knows_ranges: bool,
}

impl Ground {
    /// Asks for the file, several times.
    pub(super) fn look(
        url: &Url,
        addresses: &[SocketAddr],
        patience: Duration,
    ) -> Result<Ground, Error> {
        let ask = |field: &str| -> Result<Answer, Error> {
            let (host, target) = (url.authority(), &url.target);
            let head = format!(
                "GET {target} HTTP/1.1\r\nHost: {host}\r\n{field}Connection: close\r\n\r\n"
            );
            let seen = wire::exchange(addresses, &[Sent::Ask(head)], Until::Answered, patience);
            let answer = seen.answers.into_iter().next();
            answer.ok_or_else(|| match (seen.end, seen.fault) {
                (End::NoConnection(error), _) => Error::NoConnection(error),
                (_, Some(fault)) => Error::NoFile(format!("its answer can't be read: {fault}")),
                (end, _) => Error::NoFile(format!(
                    "there is no answer: {}",
                    super::expect::ended(&end)
                )),
            })
        };
        let answer = ask("")?;
        if let Some(reason) = unfit(url, &answer) {
            return Err(Error::NoFile(reason));
        }
        if ask("")?.body != answer.body {
            return Err(Error::NoFile(
                "asked for twice, it is not the same".to_owned(),
            ));
        }
        let modified = answer.field("Last-Modified").and_then(date::read);
        let now = answer.field("Date").and_then(date::read);
        let mut ground = Ground {
            coded: None,
            modified,
            etag: answer
                .field("ETag")
                .map(str::to_owned)
                .filter(|etag| is_etag(etag)),
            host: url.authority(),
            hostname: hostname(url),
            target: url.target.clone(),
            is_old: modified
                .zip(now)
                .is_some_and(|(then, now)| then + 60 <= now),
            knows_dates: false,
            knows_ranges: ask("Range: bytes=0-0\r\n")?.status == 206,
            answer,
        };
        let coded = ask("Accept-Encoding: gzip, br, zstd, deflate\r\n")?;
        ground.coded = (coded.status == 200 && coded.body != ground.answer.body).then_some(coded);
        if modified.is_some() {
            let field = ground.fill("If-Modified-Since: {modified}\r\n");
            ground.knows_dates = ask(&field)?.status == 304;
        }
        Ok(ground)
    }

    /// How long the file is.
    pub(super) fn length(&self) -> usize {
        self.answer.body.len()
    }

    /// Why this need is not met.
    pub(super) fn lacks(&self, need: Need) -> Option<&'static str> {
        let (is_met, reason) = match need {
            Need::Etag => (self.etag.is_some(), "the file has no ETag"),
            Need::StrongEtag => (
                self.etag
                    .as_ref()
                    .is_some_and(|etag| !etag.starts_with("W/")),
                "the file has no strong ETag",
            ),
            Need::Modified => (
                self.modified.is_some(),
                "the file has no Last-Modified that is a date",
            ),
            Need::OldModified => (self.is_old, "the file has no Last-Modified of a minute ago"),
            Need::DateConditions => (self.knows_dates, "If-Modified-Since is not known here"),
            Need::Ranges => (
                self.knows_ranges,
                "ranges are not known here, which is allowed",
            ),
            Need::Coding => (self.coded.is_some(), "the file comes in one coding only"),
            Need::Folder => (self.folder().len() > 1, "the file lies in the root"),
            Need::Letter => (
                self.name()
                    .starts_with(|first: char| first.is_ascii_alphanumeric()),
                "the file's name does not begin with a plain letter",
            ),
            Need::HexLetter => (
                self.name().contains(has_hex_letter),
                "no letter of the file's name has a letter in its escape",
            ),
            Need::Version11 => (self.answer.minor >= 1, "the server speaks HTTP/1.0"),
        };
        (!is_met).then_some(reason)
    }

    /// Puts what is known in the place of `{words}`.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, behind) = after.split_once('}').unwrap_or((after, ""));
            out.push_str(before);
            out.push_str(&self.word(word));
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    fn word(&self, word: &str) -> String {
        let modified = self.modified.unwrap_or_default();
        let folder = self.folder();
        let etag = self.etag.clone().unwrap_or_default();
        match word {
            "host" => self.host.clone(),
            "hostname" => self.hostname.clone(),
            "file" => self.target.clone(),
            "path" => self.path().to_owned(),
            "and" => if self.target.contains('?') { "&" } else { "?" }.to_owned(),
            "folder" => folder.to_owned(),
            "folder-bare" => folder.trim_end_matches('/').to_owned(),
            "missing" => format!("{folder}tallyd-probe-no-such-file"),
            "etag" => etag,
            "etag-weak" => format!("W/{}", etag.trim_start_matches("W/")),
            "modified" => date::imf(modified),
            "modified-850" => date::rfc850(modified),
            "modified-asctime" => date::asctime(modified),
            "day-before" => date::imf(modified - date::DAY),
            "second-after" => date::imf(modified + 1),
            "length" => self.length().to_string(),
            "last" => self.length().saturating_sub(1).to_string(),
            "longer" => (self.length() + 1000).to_string(),
            "escaped" => self.escaped(|first, _| first, "%", false),
            "escaped-upper" => self.escaped(|_, letter| has_hex_letter(letter), "%", false),
            "escaped-lower" => self.escaped(|_, letter| has_hex_letter(letter), "%", true),
            "escaped-twice" => self.escaped(|first, _| first, "%25", false),
            // A test asks for every word of every case.
            _ => format!("{{{word}}}"),
        }
    }

    /// The path with the first letter of its name escaped that is `wanted`, which is told whether it is the first.
    fn escaped(&self, wanted: fn(bool, char) -> bool, mark: &str, lower: bool) -> String {
        let mut out = self.folder().to_owned();
        let mut is_done = false;
        for (place, letter) in self.name().chars().enumerate() {
            match !is_done && wanted(place == 0, letter) {
                true => {
                    let code = u32::from(letter);
                    let code = if lower {
                        format!("{code:02x}")
                    } else {
                        format!("{code:02X}")
                    };
                    out.extend([mark, &code]);
                    is_done = true;
                }
                false => out.push(letter),
            }
        }
        out
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// With its slash.
    fn folder(&self) -> &str {
        let path = self.path();
        path.strip_suffix(self.name()).unwrap_or(path)
    }

    fn name(&self) -> &str {
        self.path().rsplit('/').next().unwrap_or_default()
    }
}

/// Without the port.
fn hostname(url: &Url) -> String {
    match url.host.contains(':') {
        true => format!("[{}]", url.host),
        false => url.host.clone(),
    }
}

/// Of those that need no escape: `%6F`, `%2D`.
fn has_hex_letter(letter: char) -> bool {
    let is_free = letter.is_ascii_alphanumeric() || "-._~".contains(letter);
    is_free && u32::from(letter) % 16 > 9
}

/// RFC 9110 8.8.3.
pub(super) fn is_etag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| {
        inner
            .chars()
            .all(|letter| letter > ' ' && letter != '"' && letter != '\x7f')
    })
}

/// Why the cases can't be asked of this file.
fn unfit(url: &Url, answer: &Answer) -> Option<String> {
    let length = answer.body.len();
    if url
        .target
        .split('?')
        .next()
        .unwrap_or_default()
        .ends_with('/')
    {
        return Some("it is a directory; name a file in it".to_owned());
    }
    match answer.status {
        200 => {}
        301 | 302 | 303 | 307 | 308 => {
            let to = answer.field("Location").unwrap_or("nowhere");
            return Some(format!("its status is {}: it is at {to}", answer.status));
        }
        status => return Some(format!("its status is {status}, not 200")),
    }
    if answer.framing == Framing::Nothing || length < SHORTEST {
        return Some(format!(
            "it has {length} bytes; take one of {SHORTEST} or more"
        ));
    }
    (length > LONGEST).then(|| format!("it has {length} bytes; take one of at most {LONGEST}"))
}
