//! Judges a reply as it comes: is it what was asked for, to the byte?

use super::cover::{Span, union};
use super::parts::{Next, Parts, content_range};
use super::plan::{Ask, Sort};
use super::site::SiteFile;
use crate::answer::{Framing, Head};

/// What a head says beside how to read on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// ETag.
    pub etag: Option<String>,
    /// Last-Modified.
    pub modified: Option<String>,
    content_range: Option<String>,
    content_type: Option<String>,
}

impl Fields {
    /// Those of the head in `bytes`, which was read before and found whole.
    pub fn of(bytes: &[u8]) -> Fields {
        let mut fields = Fields::default();
        let text = String::from_utf8_lossy(bytes);
        for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
            let place = match name.to_ascii_lowercase().as_str() {
                "etag" => &mut fields.etag,
                "last-modified" => &mut fields.modified,
                "content-range" => &mut fields.content_range,
                "content-type" => &mut fields.content_type,
                _ => continue,
            };
            *place = Some(value.trim().to_owned());
        }
        fields
    }
}

/// A reply that is being read.
#[derive(Debug)]
pub struct Judge<'a> {
    ask: &'a Ask,
    file: Option<&'a SiteFile>,
    body: Body,
    /// Bytes of the file that came.
    spans: Vec<Span>,
    wrong: Option<String>,
}

#[derive(Debug)]
enum Body {
    /// None, or one that nobody looks at.
    Other,
    /// Bytes of the file, the next of them from here on.
    Plain(u64),
    Parts(Parts),
}

impl<'a> Judge<'a> {
    /// Begins with a head.
    pub fn begin(ask: &'a Ask, file: Option<&'a SiteFile>, head: &Head, fields: &Fields) -> Self {
        let mut judge = Judge {
            ask,
            file,
            body: Body::Other,
            spans: Vec::new(),
            wrong: None,
        };
        judge.check_status(head.status);
        if let (Some(file), None) = (file, &judge.wrong) {
            judge.check_head(file, head, fields);
        }
        judge
    }

    fn check_status(&mut self, status: u16) {
        let expected = match self.ask.sort {
            Sort::Whole | Sort::Head => 200,
            Sort::Part(_) => 206,
            Sort::NotModified => 304,
            Sort::Unsatisfiable => 416,
            Sort::Missing => 404,
            Sort::Directory => return,
        };
        if status != expected {
            self.say(format!("status {status}, not {expected}"));
        }
    }

    fn check_head(&mut self, file: &SiteFile, head: &Head, fields: &Fields) {
        match &self.ask.sort {
            Sort::Whole => {
                self.body = Body::Plain(0);
                self.check_length(head, file.length);
            }
            Sort::Head => self.check_length(head, file.length),
            Sort::Part(asked) => self.check_part(asked, file, head, fields),
            Sort::Unsatisfiable => {
                let expected = format!("bytes */{}", file.length);
                if fields.content_range.as_deref() != Some(&expected) {
                    let said = fields.content_range.as_deref().unwrap_or("nothing");
                    self.say(format!("Content-Range says {said:?}, not {expected:?}"));
                }
            }
            Sort::NotModified | Sort::Missing | Sort::Directory => {}
        }
    }

    fn check_part(&mut self, asked: &[Span], file: &SiteFile, head: &Head, fields: &Fields) {
        let content_type = fields.content_type.as_deref().unwrap_or_default();
        if let Some(parts) = Parts::of(content_type) {
            self.body = Body::Parts(parts);
            return;
        }
        let said = fields.content_range.as_deref();
        match (said.and_then(content_range), asked) {
            (Some((span, total)), [asked]) if span == *asked && total == file.length => {
                self.body = Body::Plain(span.start);
                self.check_length(head, span.length);
            }
            _ => {
                let said = said.unwrap_or("nothing");
                self.say(format!(
                    "Content-Range says {said:?} of {} bytes",
                    file.length
                ));
            }
        }
    }

    fn check_length(&mut self, head: &Head, expected: u64) {
        if head.framing != Framing::Length(expected) {
            let found = match head.framing {
                Framing::Length(length) => length.to_string(),
                Framing::Chunked => "chunked".to_owned(),
                Framing::ToEnd => "not said".to_owned(),
            };
            self.say(format!("the length is {found}, not {expected}"));
        }
    }

    /// Compares the next bytes of the body.
    pub fn body(&mut self, mut bytes: &[u8]) {
        let Some(file) = self.file else {
            return;
        };
        while !bytes.is_empty() && self.wrong.is_none() {
            let (used, at) = match &mut self.body {
                Body::Other => return,
                Body::Plain(next) => {
                    let at = *next;
                    *next += bytes.len() as u64;
                    (bytes.len(), Some(at))
                }
                Body::Parts(parts) => match parts.read(bytes, file.length) {
                    Ok(Next::Frame(used)) => (used, None),
                    Ok(Next::File(used, at)) => (used, Some(at)),
                    Err(wrong) => return self.say(wrong.to_owned()),
                },
            };
            let (piece, rest) = bytes.split_at_checked(used).unwrap_or((bytes, &[]));
            bytes = rest;
            if let Some(start) = at {
                self.content(file, start, piece);
            }
        }
    }

    fn content(&mut self, file: &SiteFile, start: u64, piece: &[u8]) {
        let length = piece.len() as u64;
        self.spans.push(Span { start, length });
        if self.spans.len() > 64 {
            self.spans = union(&self.spans);
        }
        if !file.has(start, piece) {
            let end = start + length;
            self.say(format!("wrong bytes between {start} and {end}"));
        }
    }

    /// So many bytes more have come that nobody has read; they are of the file, where it is sent as it is.
    pub fn unread(&mut self, length: u64) {
        if let Body::Plain(start) = self.body {
            self.spans.push(Span { start, length });
        }
    }

    /// The reply is whole.
    pub fn end(&mut self) {
        if let Body::Parts(parts) = &self.body
            && let Err(wrong) = parts.end()
        {
            self.say(wrong.to_owned());
        }
        if let Sort::Part(asked) = &self.ask.sort
            && union(&self.spans) != *asked
        {
            self.say("not the bytes that were asked for".to_owned());
        }
    }

    /// The bytes of the file that came, and the first thing that was wrong.
    pub fn verdict(self) -> (Vec<Span>, Option<String>) {
        (union(&self.spans), self.wrong)
    }

    fn say(&mut self, wrong: String) {
        self.wrong.get_or_insert(wrong);
    }
}
