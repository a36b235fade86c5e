//! Reports as CSV (RFC 4180): one row for each file, or for each day of one.
//!
//! Promises: a field never ends early, whatever a path holds; none is a formula to a spreadsheet: one that begins
//! with `=`, `+`, `-`, `@`, a tab or a line break has a `'` in front. `path_bytes` is exact, percent-encoded.

use super::calendar::{date, moment};
use super::json::{named, percent_encoded};
use super::{FileReport, FileRow, Overview, Point, RULES, Scope, Unit};
use crate::facts::{CLASSES, Counts};

/// Lines end so (RFC 4180 section 2).
const END: &str = "\r\n";

/// The files that were asked for.
#[must_use]
pub fn files(rows: &[FileRow]) -> String {
    let mut header = vec![
        "rules".to_owned(),
        "site".into(),
        "path".into(),
        "path_bytes".into(),
    ];
    header.extend(names());
    header.extend(by_class("downloads"));
    header.extend(["first_seen".into(), "last_seen".into()]);
    let mut out = line(header);
    for row in rows {
        let mut fields = whose(&row.site, &row.path);
        fields.extend(numbers(&row.counts));
        fields.extend(row.downloads.map(|downloads| downloads.to_string()));
        fields.extend([moment(row.first_seen), moment(row.last_seen)]);
        out.push_str(&line(fields));
    }
    out
}

/// The days of one file.
#[must_use]
pub fn days(report: &FileReport) -> String {
    let mut header = vec![
        "rules".to_owned(),
        "site".into(),
        "path".into(),
        "path_bytes".into(),
        "day".into(),
    ];
    header.extend(names());
    header.push("visitors".into());
    let mut out = line(header);
    for day in &report.days {
        let mut fields = whose(&report.site, &report.path);
        fields.push(date(day.day));
        fields.extend(numbers(&day.counts));
        fields.push(day.counts.visitors.to_string());
        out.push_str(&line(fields));
    }
    out
}

/// The days of a site, or of all.
#[must_use]
pub fn overview(overview: &Overview) -> String {
    let mut header = vec!["rules".to_owned(), "site".into(), "day".into()];
    header.extend(names());
    header.push("visitors".into());
    let mut out = line(header);
    for day in &overview.days {
        let site = overview.site.as_deref().unwrap_or_default();
        let mut fields = vec![RULES.to_string(), safe(site), date(day.day)];
        fields.extend(numbers(&day.counts));
        fields.push(day.counts.visitors.to_string());
        out.push_str(&line(fields));
    }
    out
}

/// Counts over time, with hits and downloads by class.
#[must_use]
pub fn series(scope: &Scope, unit: Unit, points: &[Point]) -> String {
    let (site, path) = match scope {
        Scope::Site(site) => (site.as_deref().unwrap_or_default(), &[][..]),
        Scope::File { site, path } => (site.as_str(), path.as_slice()),
    };
    let mut header = vec![
        "rules".to_owned(),
        "site".into(),
        "path".into(),
        "path_bytes".into(),
        unit.word().into(),
    ];
    header.extend(names());
    header.extend(by_class("hits"));
    header.extend(by_class("downloads"));
    let mut out = line(header);
    for point in points {
        let mut fields = whose(site, path);
        fields.push(unit.start(point.start));
        fields.extend(numbers(&point.classes.total()));
        fields.extend(
            point
                .classes
                .iter()
                .map(|(_, counts)| counts.hits.to_string()),
        );
        fields.extend(
            point
                .classes
                .iter()
                .map(|(_, counts)| counts.downloads.to_string()),
        );
        out.push_str(&line(fields));
    }
    out
}

fn by_class(number: &str) -> [String; 5] {
    CLASSES.map(|class| format!("{number}_{}", class.word().replace('-', "_")))
}

fn whose(site: &str, path: &[u8]) -> Vec<String> {
    vec![
        RULES.to_string(),
        safe(site),
        safe(&String::from_utf8_lossy(path)),
        percent_encoded(path),
    ]
}

fn names() -> impl Iterator<Item = String> {
    let names = named(&Counts::default());
    names.into_iter().map(|(name, _)| name.to_owned())
}

fn numbers(counts: &Counts) -> impl Iterator<Item = String> {
    named(counts)
        .into_iter()
        .map(|(_, number)| number.to_string())
}

/// A text that no spreadsheet takes for a formula.
fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        return format!("'{text}");
    }
    text.to_owned()
}

fn line(fields: Vec<String>) -> String {
    let fields: Vec<String> = fields.into_iter().map(quoted).collect();
    fields.join(",") + END
}

/// In quotes where it needs them, and with every quote in it twice.
fn quoted(field: String) -> String {
    if field.contains([',', '"', '\r', '\n', '\'']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_never_ends_early_and_is_no_formula() {
        for (text, expected) in [
            ("/plain", "/plain"),
            ("/a,b", "\"/a,b\""),
            ("/say \"x\"", "\"/say \"\"x\"\"\""),
            ("/two\r\nlines", "\"/two\r\nlines\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(1)", "\"'@SUM(1)\""),
            ("\t=1", "\"'\t=1\""),
        ] {
            assert_eq!(quoted(safe(text)), expected);
        }
    }
}
