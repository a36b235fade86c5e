//! Reports as JSON (RFC 8259). A file is its `path`; numbers have the names of the counting rules.
//!
//! Promises: one object with `rules`, the version of these rules; every control character escaped. A path that is
//! no UTF-8 is readable in `path`, with U+FFFD, and exact in `path_bytes`, percent-encoded.

use super::calendar::{date, moment};
use super::{
    Classes, Day, FileReport, FileRow, MissingRow, Overview, Point, RULES, Range, Scope, Unit,
    VersionRow, Visitors,
};
use crate::facts::{CLASSES, Counts};
use crate::json;

/// An overview and the files that were asked for, as one document.
#[must_use]
pub fn site(overview: &Overview, files: &[FileRow]) -> String {
    let mut out = Object::new();
    out.raw("rules", &RULES.to_string());
    match &overview.site {
        Some(site) => out.text("site", site.as_bytes()),
        None => out.raw("site", "null"),
    }
    range(&mut out, overview.range);
    let first_day = overview.first_day.map(date);
    out.optional_text("first_day", first_day.as_deref());
    out.number("requests", overview.requests);
    counts(&mut out, &overview.classes.total());
    out.number("bytes_of_all_replies", overview.bytes);
    out.number("not_found", overview.not_found);
    visitors(&mut out, &overview.visitors);
    out.raw("classes", &classes(&overview.classes));
    out.raw("statuses", &numbered(&overview.statuses));
    let protocols = overview.protocols.iter();
    let protocols: Vec<(&str, u64)> = protocols.map(|(p, n)| (protocol(*p), *n)).collect();
    out.raw("protocols", &numbered(&protocols));
    out.raw("referrers", &referrers(&overview.referrers));
    out.raw("not_found_paths", &rows(&overview.missing, missing));
    out.raw("days", &rows(&overview.days, day));
    out.raw("files", &rows(files, file_row));
    out.document()
}

/// One file, as one document.
#[must_use]
pub fn file(report: &FileReport) -> String {
    let mut out = Object::new();
    out.raw("rules", &RULES.to_string());
    out.text("site", report.site.as_bytes());
    path(&mut out, &report.path);
    range(&mut out, report.range);
    out.number("number", report.number);
    counts(&mut out, &report.counts);
    seen(&mut out, report.first_seen, report.last_seen);
    out.raw("classes", &classes(&report.classes));
    out.raw("aborted_by_tenth", &format!("{:?}", report.reached));
    out.raw("referrers", &referrers(&report.referrers));
    out.raw("versions", &rows(&report.versions, version));
    out.raw("days", &rows(&report.days, day));
    out.document()
}

/// Some files, as one document; `next` is where the following ones begin, if there are more.
#[must_use]
pub fn files(site: Option<&str>, of: Range, rows_of: &[FileRow], next: Option<usize>) -> String {
    let mut out = Object::new();
    out.raw("rules", &RULES.to_string());
    out.optional_text("site", site);
    range(&mut out, of);
    let next = next.map(|next| next.to_string());
    out.raw("next_offset", next.as_deref().unwrap_or("null"));
    out.raw("files", &rows(rows_of, file_row));
    out.document()
}

/// Counts over time, as one document.
#[must_use]
pub fn series(scope: &Scope, unit: Unit, points: &[Point]) -> String {
    let mut out = Object::new();
    out.raw("rules", &RULES.to_string());
    match scope {
        Scope::Site(site) => out.optional_text("site", site.as_deref()),
        Scope::File { site, path: of } => {
            out.text("site", site.as_bytes());
            path(&mut out, of);
        }
    }
    out.text("unit", unit.word().as_bytes());
    out.raw("points", &rows(points, |each| point(unit, each)));
    out.document()
}

fn point(unit: Unit, point: &Point) -> String {
    let mut out = Object::new();
    out.text("start", unit.start(point.start).as_bytes());
    counts(&mut out, &point.classes.total());
    for (name, number) in [
        (
            "hits_by_class",
            (|counts| counts.hits) as fn(&Counts) -> u64,
        ),
        ("downloads_by_class", |counts| counts.downloads),
    ] {
        let classes = point.classes.iter();
        let numbers: Vec<(&str, u64)> = classes.map(|(c, n)| (c.word(), number(n))).collect();
        out.raw(name, &numbered(&numbers));
    }
    out.end()
}

fn file_row(row: &FileRow) -> String {
    let mut out = Object::new();
    out.text("site", row.site.as_bytes());
    path(&mut out, &row.path);
    counts(&mut out, &row.counts);
    let words = CLASSES.map(crate::facts::Class::word);
    let by_class: Vec<(&str, u64)> = words.into_iter().zip(row.downloads).collect();
    out.raw("downloads_by_class", &numbered(&by_class));
    seen(&mut out, row.first_seen, row.last_seen);
    out.end()
}

fn version(version: &VersionRow) -> String {
    let mut out = Object::new();
    out.number("length", version.length);
    out.text("modified", moment(version.modified).as_bytes());
    counts(&mut out, &version.counts);
    seen(&mut out, version.first_seen, version.last_seen);
    out.end()
}

/// One day.
#[must_use]
pub fn day(day: &Day) -> String {
    let mut out = Object::new();
    out.text("day", date(day.day).as_bytes());
    counts(&mut out, &day.counts);
    out.number("visitors", day.counts.visitors);
    out.end()
}

fn missing(row: &MissingRow) -> String {
    let mut out = Object::new();
    out.text("site", row.site.as_bytes());
    path(&mut out, &row.path);
    out.number("requests", row.requests);
    out.number("uncertain", row.uncertain);
    out.text("last_seen", moment(row.last_seen).as_bytes());
    out.end()
}

pub(crate) fn path(out: &mut Object, path: &[u8]) {
    out.text("path", path);
    if std::str::from_utf8(path).is_err() {
        out.text("path_bytes", percent_encoded(path).as_bytes());
    }
}

fn range(out: &mut Object, range: Range) {
    out.optional_text("since", range.since.map(date).as_deref());
    out.optional_text("until", range.until.map(date).as_deref());
}

fn seen(out: &mut Object, first: i64, last: i64) {
    out.text("first_seen", moment(first).as_bytes());
    out.text("last_seen", moment(last).as_bytes());
}

/// Visitors are not among them: they belong to a day or a sketch.
fn counts(out: &mut Object, counts: &Counts) {
    for (name, number) in named(counts) {
        out.number(name, number);
    }
}

/// The counts by the words of the counting rules, in the order of every export.
pub(super) fn named(counts: &Counts) -> [(&'static str, u64); 10] {
    [
        ("hits", counts.hits),
        ("complete", counts.complete),
        ("aborted", counts.aborted),
        ("unsettled", counts.unsettled),
        ("in_flight", counts.in_flight()),
        ("bytes", counts.bytes),
        ("downloads", counts.downloads),
        ("partials", counts.partials),
        ("repeats", counts.repeats),
        ("probes", counts.probes),
    ]
}

fn visitors(out: &mut Object, visitors: &Visitors) {
    match visitors {
        Visitors::About {
            people,
            others,
            error,
        } => {
            out.number("visitors", *people);
            out.number("visitors_others", *others);
            out.raw("visitors_error", &format!("{error:.4}"));
        }
        Visitors::Unknown(reason) => {
            out.raw("visitors", "null");
            out.text("visitors_reason", reason.as_bytes());
        }
    }
}

fn classes(classes: &Classes) -> String {
    let mut out = Object::new();
    for (class, of_class) in classes.iter() {
        let mut inner = Object::new();
        counts(&mut inner, of_class);
        out.raw(class.word(), &inner.end());
    }
    out.end()
}

/// `HTTP/1.1` and so on.
pub(crate) fn protocol(digits: u8) -> &'static str {
    match digits {
        10 => "HTTP/1.0",
        11 => "HTTP/1.1",
        20 => "HTTP/2",
        30 => "HTTP/3",
        _ => "other",
    }
}

fn numbered<T: ToString>(numbers: &[(T, u64)]) -> String {
    let mut out = Object::new();
    for (name, number) in numbers {
        out.number(&name.to_string(), *number);
    }
    out.end()
}

fn referrers(referrers: &[(String, u64)]) -> String {
    rows(referrers, |(host, hits)| {
        let mut out = Object::new();
        out.text("host", host.as_bytes());
        out.number("hits", *hits);
        out.end()
    })
}

/// One row on each line, so that a large document can be looked at.
fn rows<T>(rows: &[T], row: impl Fn(&T) -> String) -> String {
    if rows.is_empty() {
        return "[]".to_owned();
    }
    let rows: Vec<String> = rows.iter().map(|each| format!("\n{}", row(each))).collect();
    format!("[{}]", rows.join(","))
}

/// An object that is being written.
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn new() -> Object {
        Object {
            text: String::from("{"),
        }
    }

    pub(crate) fn raw(&mut self, name: &str, value: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        string(name.as_bytes(), &mut self.text);
        self.text.push(':');
        self.text.push_str(value);
    }

    pub(crate) fn number(&mut self, name: &str, value: u64) {
        self.raw(name, &value.to_string());
    }

    pub(crate) fn text(&mut self, name: &str, value: &[u8]) {
        let mut quoted = String::new();
        string(value, &mut quoted);
        self.raw(name, &quoted);
    }

    pub(crate) fn optional_text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value.as_bytes()),
            None => self.raw(name, "null"),
        }
    }

    pub(crate) fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn document(self) -> String {
        let mut text = self.end();
        text.push('\n');
        text
    }
}

fn string(text: &[u8], out: &mut String) {
    json::string(text, |piece| out.push_str(piece));
}

/// A path as it would stand in a URL, so that every byte of it can be told.
#[must_use]
pub fn percent_encoded(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for &byte in path {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_path_can_be_told() {
        assert_eq!(
            percent_encoded(b"/a b/%\xff\n~.txt"),
            "/a%20b/%25%FF%0A~.txt"
        );
    }
}
