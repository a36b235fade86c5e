//! How a download that was broken off goes on: what is noted of it, what is asked, and what the answer means.
//!
//! Promises: bytes of two versions are never joined (RFC 9110 13.1.5 and 15.3.7). Pure.

use super::range::ContentRange;
use crate::message::{Request, Response};

/// The first line of a note: whose it is, and how it is to be read.
const FIRST: &str = "#tallyd-get 1";

/// What an unfinished file is the beginning of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What was typed.
    pub url: String,
    /// The length of the whole, if it was told.
    pub total: Option<u64>,
    /// Which version, if the server said so in a way that can be relied on.
    pub version: Option<Version>,
}

/// What tells two versions apart for sure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// A strong etag.
    Etag(String),
    /// A time that was over when the answer was made.
    Modified(String),
}

impl Version {
    /// That of a response. A weak etag says too little, and so does the second in which the response was made: the
    /// file may have changed once more in it (RFC 9110 8.8.2.2).
    pub(super) fn of(response: &Response) -> Option<Version> {
        let etag = response.field("etag").filter(|etag| etag.starts_with('"'));
        let modified = || {
            let time = response.field("last-modified")?;
            (response.field("date")? != time).then(|| Version::Modified(time.to_owned()))
        };
        let etag = etag.map(|etag| Version::Etag(etag.to_owned()));
        etag.or_else(modified)
    }

    fn text(&self) -> &str {
        match self {
            Version::Etag(text) | Version::Modified(text) => text,
        }
    }

    /// Whether a response says that it is of another version.
    fn is_denied_by(&self, response: &Response) -> bool {
        let said = match self {
            Version::Etag(_) => response.field("etag"),
            Version::Modified(_) => response.field("last-modified"),
        };
        said.is_some_and(|said| said != self.text())
    }
}

impl Note {
    /// As it is kept.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{FIRST}\nurl {}\n", self.url);
        if let Some(total) = self.total {
            text.push_str(&format!("length {total}\n"));
        }
        match &self.version {
            Some(Version::Etag(etag)) => text.push_str(&format!("etag {etag}\n")),
            Some(Version::Modified(time)) => text.push_str(&format!("last-modified {time}\n")),
            None => {}
        }
        text.push_str("end\n");
        text
    }

    /// Reads it again; none if it is not ours, or not whole.
    pub(super) fn parse(text: &str) -> Option<Note> {
        let mut lines = text.strip_suffix("end\n")?.lines();
        if lines.next()? != FIRST {
            return None;
        }
        let mut note = Note {
            url: lines.next()?.strip_prefix("url ")?.to_owned(),
            total: None,
            version: None,
        };
        for line in lines {
            match line.split_once(' ')? {
                ("length", total) => note.total = Some(total.parse().ok()?),
                ("etag", etag) => note.version = Some(Version::Etag(etag.to_owned())),
                ("last-modified", time) => note.version = Some(Version::Modified(time.to_owned())),
                _ => return None,
            }
        }
        Some(note)
    }

    /// The request for what is missing behind `have` bytes; none if that can't be asked safely.
    pub(super) fn request(&self, plain: &Request, have: u64) -> Option<Request> {
        let version = self.version.as_ref()?;
        let request = plain.clone().field("Range", &format!("bytes={have}-"));
        Some(request.field("If-Range", version.text()))
    }

    /// What the answer to that request means.
    pub(super) fn judge(&self, have: u64, response: &Response) -> Verdict {
        let is_other = self.version.as_ref();
        let is_other = is_other.is_none_or(|version| version.is_denied_by(response));
        let range = ContentRange::of(response).unwrap_or_default();
        let is_other_length = |total| self.total.is_some_and(|known| known != total);
        match response.status {
            206 if is_other => Verdict::AskAgain(CHANGED),
            206 if range.total.is_some_and(is_other_length) => Verdict::AskAgain(CHANGED),
            206 if range.part.is_some_and(|(first, _)| first == have) => {
                Verdict::GoesOn(range.total.or(self.total))
            }
            206 => Verdict::AskAgain("the server sent another part than it was asked for"),
            200 if is_other => Verdict::Anew(CHANGED),
            200 => Verdict::Anew("the server sends all or nothing"),
            416 if is_other => Verdict::AskAgain(CHANGED),
            416 if range.total == Some(have) && !is_other_length(have) => Verdict::Whole,
            416 => Verdict::AskAgain("the file has another length now"),
            _ => Verdict::Other,
        }
    }
}

const CHANGED: &str = "the file has changed since";

/// What an answer means for what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its body comes behind what is there; so many bytes it is then, if that is known.
    GoesOn(Option<u64>),
    /// Its body takes the place of what is there.
    Anew(&'static str),
    /// It is of no use: ask for all.
    AskAgain(&'static str),
    /// What is there is all.
    Whole,
    /// It is not about the file: an error, a redirect.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, fields: &[(&str, &str)]) -> Response {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Response {
            status,
            fields: fields.iter().map(pair).collect(),
            ..Response::default()
        }
    }

    fn note() -> Note {
        Note {
            url: "http://h/a".into(),
            total: Some(100),
            version: Some(Version::Etag("\"1\"".into())),
        }
    }

    #[test]
    fn a_note_is_read_as_it_was_written_and_a_torn_one_is_none() {
        let modified = Version::Modified("Fri, 20 Nov 2026 20:00:00 GMT".into());
        let bare = Note {
            total: None,
            version: None,
            ..note()
        };
        let dated = Note {
            version: Some(modified),
            ..note()
        };
        for note in [note(), bare, dated] {
            let text = note.text();
            assert_eq!(Note::parse(&text), Some(note));
            for end in 0..text.len() {
                assert_eq!(Note::parse(text.get(..end).unwrap()), None, "{end} bytes");
            }
        }
        assert_eq!(Note::parse("my own text\nend\n"), None);
    }

    #[test]
    fn only_what_tells_versions_apart_for_sure_is_a_version() {
        let (now, before) = (
            "Fri, 20 Nov 2026 20:00:01 GMT",
            "Fri, 20 Nov 2026 20:00:00 GMT",
        );
        let of = |fields: &[(&str, &str)]| Version::of(&response(200, fields));
        assert_eq!(
            of(&[("ETag", "\"1\"")]),
            Some(Version::Etag("\"1\"".into()))
        );
        assert_eq!(of(&[("ETag", "W/\"1\"")]), None);
        let modified = Some(Version::Modified(before.into()));
        assert_eq!(of(&[("Last-Modified", before), ("Date", now)]), modified);
        assert_eq!(of(&[("Last-Modified", now), ("Date", now)]), None);
        assert_eq!(of(&[("Last-Modified", before)]), None);
    }

    #[test]
    fn what_is_asked_names_the_version() {
        let request = note().request(&Request::get("/a"), 40).unwrap();
        let text = String::from_utf8(request.bytes("h")).unwrap();
        assert!(
            text.contains("\r\nRange: bytes=40-\r\nIf-Range: \"1\"\r\n"),
            "{text}"
        );
        let unknown = Note {
            version: None,
            ..note()
        };
        assert!(unknown.request(&Request::get("/a"), 40).is_none());
    }

    #[test]
    fn what_answers_mean() {
        let (same, other) = (("ETag", "\"1\""), ("ETag", "\"2\""));
        let range = |text| ("Content-Range", text);
        for (status, fields, expected) in [
            (
                206,
                &[same, range("bytes 40-99/100")][..],
                "GoesOn(Some(100))",
            ),
            (206, &[range("bytes 40-99/*")], "GoesOn(Some(100))"),
            (
                206,
                &[other, range("bytes 40-99/100")],
                "AskAgain(\"the file has changed since\")",
            ),
            (
                206,
                &[same, range("bytes 40-98/99")],
                "AskAgain(\"the file has changed since\")",
            ),
            (
                206,
                &[same, range("bytes 41-99/100")],
                "AskAgain(\"the server sent another part",
            ),
            (206, &[same], "AskAgain(\"the server sent another part"),
            (200, &[other], "Anew(\"the file has changed since\")"),
            (200, &[same], "Anew(\"the server sends all or nothing\")"),
            (
                416,
                &[range("bytes */40")],
                "AskAgain(\"the file has another length now\")",
            ),
            (
                416,
                &[range("bytes */100")],
                "AskAgain(\"the file has another length now\")",
            ),
            (416, &[], "AskAgain(\"the file has another length now\")"),
            (404, &[], "Other"),
            (302, &[], "Other"),
        ] {
            let verdict = note().judge(40, &response(status, fields));
            let shown = format!("{verdict:?}");
            assert!(shown.starts_with(expected), "{status} {fields:?}: {shown}");
        }
        let all = |fields: &[(&str, &str)]| note().judge(100, &response(416, fields));
        assert_eq!(all(&[range("bytes */100")]), Verdict::Whole);
        assert_eq!(
            all(&[range("bytes */100"), other]),
            Verdict::AskAgain(CHANGED)
        );
    }
}
