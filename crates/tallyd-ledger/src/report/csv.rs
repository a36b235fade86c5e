//! Reports as CSV (RFC 4180): one row for each file, for each day of one, or for whatever else is shown in a table.
//!
//! Promises: a field never ends early, whatever a path holds; none is a formula to a spreadsheet: one that begins
//! with `=`, `+`, `-`, `@`, a tab or a line break has a `'` in front. `path_bytes` is exact, percent-encoded.

use super::calendar::{date, moment};
use super::json::{named, percent_encoded};
use super::{
    Classes, FileReport, FileRow, MissingRow, Overview, Point, RULES, Scope, Unit, VersionRow,
};
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

/// Counts by class of agent.
#[must_use]
pub fn classes(classes: &Classes) -> String {
    let rows = classes.iter().map(|(class, counts)| {
        let mut fields = vec![class.word().to_owned()];
        fields.extend(numbers(counts));
        fields
    });
    table(["class".to_owned()].into_iter().chain(names()), rows)
}

/// Replies by status.
#[must_use]
pub fn statuses(statuses: &[(u16, u64)]) -> String {
    let rows = statuses.iter();
    let rows = rows.map(|(status, requests)| vec![status.to_string(), requests.to_string()]);
    table(words(&["status", "requests"]), rows)
}

/// Hosts that hits came from.
#[must_use]
pub fn referrers(referrers: &[(String, u64)]) -> String {
    let rows = referrers.iter();
    let rows = rows.map(|(host, hits)| vec![safe(host), hits.to_string()]);
    table(words(&["host", "hits"]), rows)
}

/// Paths that were not found.
#[must_use]
pub fn not_found(missing: &[MissingRow]) -> String {
    let rows = missing.iter().map(|row| {
        vec![
            safe(&row.site),
            safe(&String::from_utf8_lossy(&row.path)),
            percent_encoded(&row.path),
            row.requests.to_string(),
            row.uncertain.to_string(),
            moment(row.last_seen),
        ]
    });
    let names = [
        "site",
        "path",
        "path_bytes",
        "requests",
        "uncertain",
        "last_seen",
    ];
    table(words(&names), rows)
}

/// The states that a file was in.
#[must_use]
pub fn versions(versions: &[VersionRow]) -> String {
    let rows = versions.iter().map(|version| {
        let mut fields = vec![version.length.to_string(), moment(version.modified)];
        fields.extend(numbers(&version.counts));
        fields.extend([moment(version.first_seen), moment(version.last_seen)]);
        fields
    });
    let header = words(&["length", "modified"]).chain(names());
    table(header.chain(words(&["first_seen", "last_seen"])), rows)
}

/// How far aborted hits got, in tenths of what was asked for.
#[must_use]
pub fn aborted(reached: &[u64; 10]) -> String {
    let rows = reached.iter().enumerate();
    let rows = rows.map(|(tenth, hits)| vec![tenth.to_string(), hits.to_string()]);
    table(words(&["tenth", "hits"]), rows)
}

/// A table of these rows, each with the version of the rules in front.
fn table(header: impl Iterator<Item = String>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = line([words(&["rules"]).collect(), header.collect::<Vec<_>>()].concat());
    for row in rows {
        out.push_str(&line([vec![RULES.to_string()], row].concat()));
    }
    out
}

fn words(words: &[&str]) -> impl Iterator<Item = String> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    words.into_iter()
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

    #[test]
    fn every_part_is_a_table_with_the_version_of_the_rules() {
        let hostile = ("=cmd".to_owned(), 3);
        assert_eq!(
            referrers(&[hostile]),
            "rules,host,hits\r\n1,\"'=cmd\",3\r\n"
        );
        assert_eq!(
            statuses(&[(200, 7), (404, 1)]),
            "rules,status,requests\r\n1,200,7\r\n1,404,1\r\n"
        );
        let missed = MissingRow {
            site: String::new(),
            path: b"/a,\xff".to_vec(),
            requests: 5,
            uncertain: 1,
            last_seen: 0,
        };
        assert_eq!(
            not_found(&[missed]),
            "rules,site,path,path_bytes,requests,uncertain,last_seen\r\n\
             1,,\"/a,\u{fffd}\",/a%2C%FF,5,1,1970-01-01T00:00:00Z\r\n"
        );
        assert_eq!(aborted(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 2]).lines().count(), 11);
        let by_class = classes(&Classes::default());
        assert!(
            by_class.starts_with("rules,class,hits,complete,"),
            "{by_class}"
        );
        assert_eq!(by_class.lines().count(), 6);
        assert!(versions(&[]).ends_with("probes,first_seen,last_seen\r\n"));
    }
}
