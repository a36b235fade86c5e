//! A listing as a page: a table that can be sorted, read on a phone, and read aloud.

use std::io::Write as _;

use tallyd_http::date;
use tallyd_http::target::{encode_path, encode_segment};

use super::rows::Row;
use super::{Columns, Key, Order, Place, View};
use tallyd_ledger::report::people::grouped;

const STYLE: &str = include_str!("listing.css");

/// Everything up to the first row.
pub fn head(place: &Place, view: View, out: &mut Vec<u8>) {
    let title = escaped(&place.path);
    put(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n",
    );
    put(
        out,
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    );
    put(out, "<meta name=\"color-scheme\" content=\"light dark\">\n");
    put(
        out,
        &format!(
            "<title>{title}</title>\n<style>\n{STYLE}</style>\n<h1>{}</h1>\n",
            crumbs(&place.path)
        ),
    );
    put(out, "<table>\n<thead><tr>");
    let columns = Key::ALL.iter().filter(|(key, _)| is_column(*key, view));
    for (key, word) in columns {
        put(out, &column(*key, word, view.order));
    }
    put(out, "</tr></thead>\n<tbody>\n");
    if place.path != b"/" {
        let last = match view.columns {
            Columns::Facts => "",
            Columns::Counts => "<td></td>",
        };
        put(
            out,
            &format!("<tr><td><a href=\"../\">../</a></td><td></td><td></td>{last}</tr>\n"),
        );
    }
}

/// One row.
pub fn row(row: &Row<'_>, columns: Columns, out: &mut Vec<u8>) {
    let slash = if row.is_directory() { "/" } else { "" };
    put(out, "<tr><td><a href=\"");
    encode_segment(row.name, out);
    put(out, slash);
    put(out, "\">");
    put(out, &escaped(row.name));
    put(out, slash);
    put(out, "</a></td><td>");
    if let Some(length) = row.length {
        let short = human(length);
        // Writing to memory never fails.
        write!(out, "<span title=\"{length} bytes\">{short}</span>").ok();
    }
    put(out, "</td><td>");
    if let Some(modified) = row.modified {
        let at = moment(modified);
        put(out, "<time datetime=\"");
        put(out, &at);
        put(out, "\">");
        let (date, time) = at.split_once('T').unwrap_or_default();
        put(out, date);
        put(out, " ");
        put(out, time.trim_end_matches('Z'));
        put(out, "</time>");
    }
    if columns == Columns::Counts {
        put(out, "</td><td>");
        put(out, &counts(row));
    }
    put(out, "</td></tr>\n");
}

/// Downloads, and hits for whoever looks closer. What nobody knows is a dash, as it is in print.
fn counts(row: &Row<'_>) -> String {
    match row.totals {
        _ if row.is_directory() => String::new(),
        Some(totals) => {
            let (downloads, hits) = (grouped(totals.downloads), grouped(totals.hits));
            format!("<span title=\"{hits} hits\">{downloads}</span>")
        }
        None => "<span title=\"not known just now\">–</span>".to_owned(),
    }
}

/// Everything after the last row.
pub fn tail(shown: usize, columns: Columns, out: &mut Vec<u8>) {
    put(out, "</tbody>\n</table>\n");
    let entries = match shown {
        0 => "This directory is empty.".to_owned(),
        1 => "1 entry. Times are UTC.".to_owned(),
        more => format!("{more} entries. Times are UTC."),
    };
    let counts = match columns {
        Columns::Counts if shown > 0 => " Downloads are of all time, by people, tools and bots.",
        _ => "",
    };
    put(out, &format!("<p>{entries}{counts}</p>\n</html>\n"));
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Hits are told beside the downloads: a column of their own would crowd a phone.
fn is_column(key: Key, view: View) -> bool {
    match key {
        Key::Name | Key::Size | Key::Time => true,
        Key::Downloads => view.columns == Columns::Counts,
        Key::Hits => false,
    }
}

/// A column's head: a link that sorts by it, or turns the order round.
fn column(key: Key, word: &str, order: Order) -> String {
    let descending = match order.key == key {
        true => !order.descending,
        false => key.begins_descending(),
    };
    let direction = if descending { "desc" } else { "asc" };
    let sorted = match (order.key == key, order.descending) {
        (true, false) => " aria-sort=\"ascending\"",
        (true, true) => " aria-sort=\"descending\"",
        (false, _) => "",
    };
    format!(
        "<th scope=\"col\"{sorted}><a href=\"?sort={word}&amp;order={direction}\">{word}</a></th>"
    )
}

/// The path, each part a link to it.
fn crumbs(path: &[u8]) -> String {
    let mut all = "<a href=\"/\">/</a>".to_owned();
    let mut end = 1;
    for part in path
        .split(|&byte| byte == b'/')
        .filter(|part| !part.is_empty())
    {
        end += part.len() + 1;
        let mut link = Vec::new();
        encode_path(path.get(..end).unwrap_or(path), &mut link);
        let link = String::from_utf8_lossy(&link);
        // A wbr lets long paths wrap on a phone.
        all.push_str(&format!("<wbr><a href=\"{link}\">{}</a>/", escaped(part)));
    }
    all
}

/// Text for a page: a name is text everywhere, never markup.
fn escaped(text: &[u8]) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in String::from_utf8_lossy(text).chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            control if control.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// A length for people: one decimal below ten.
fn human(length: u64) -> String {
    if length < 1024 {
        return format!("{length} B");
    }
    let mut scaled = length;
    let mut tenths = 0;
    let mut unit = "";
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        if scaled < 1024 {
            break;
        }
        tenths = scaled % 1024 * 10 / 1024;
        scaled /= 1024;
        unit = next;
    }
    if scaled < 10 {
        return format!("{scaled}.{tenths} {unit}");
    }
    format!("{scaled} {unit}")
}

/// RFC 3339, to the second, UTC.
pub fn moment(seconds: i64) -> String {
    let at = date::civil(seconds);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year, at.month, at.day, at.hour, at.minute, at.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short() {
        for (length, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (7945, "7.7 KiB"),
            (20_112_698, "19 MiB"),
            (u64::MAX, "16383 PiB"),
        ] {
            assert_eq!(human(length), expected);
        }
    }

    #[test]
    fn names_are_text() {
        assert_eq!(
            escaped(b"<script>\"'&\n\xff"),
            "&lt;script&gt;&quot;&#39;&amp;\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn crumbs_link_every_part() {
        assert_eq!(
            crumbs(b"/a b/c/"),
            "<a href=\"/\">/</a><wbr><a href=\"/a%20b/\">a b</a>/<wbr><a href=\"/a%20b/c/\">c</a>/"
        );
    }
}
