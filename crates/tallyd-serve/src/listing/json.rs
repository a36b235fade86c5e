//! A listing for programs: one object, its entries an array that can be read as it arrives.

use tallyd_http::target::{encode_path, encode_segment};

use super::html::moment;
use super::rows::Row;
use super::{Columns, Place};
use crate::json::string;

/// Everything up to the first entry.
pub fn head(place: &Place, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"path\":");
    string(&place.path, out);
    out.extend_from_slice(b",\"entries\":[");
}

/// One entry. `href` is exact for every name; `name` and `path` are readable.
pub fn row(place: &Place, row: &Row<'_>, columns: Columns, first: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if first { b"\n" } else { b",\n" });
    let kind = if row.is_directory() {
        "directory"
    } else {
        "file"
    };
    out.extend_from_slice(format!("{{\"type\":\"{kind}\",\"name\":").as_bytes());
    string(row.name, out);
    let slash: &[u8] = if row.is_directory() { b"/" } else { b"" };
    out.extend_from_slice(b",\"path\":");
    string(&[&place.path[..], row.name, slash].concat(), out);
    out.extend_from_slice(b",\"href\":\"");
    encode_path(&place.path, out);
    encode_segment(row.name, out);
    out.extend_from_slice(slash);
    out.extend_from_slice(b"\"");
    if let (Some(length), Some(modified)) = (row.length, row.modified) {
        let facts = format!(",\"length\":{length},\"modified\":\"{}\"", moment(modified));
        out.extend_from_slice(facts.as_bytes());
        if columns == Columns::Counts {
            let counts = match row.totals {
                Some(totals) => format!(
                    ",\"hits\":{},\"downloads\":{}",
                    totals.hits, totals.downloads
                ),
                // Not known just now.
                None => ",\"hits\":null,\"downloads\":null".to_owned(),
            };
            out.extend_from_slice(counts.as_bytes());
        }
    }
    out.extend_from_slice(b"}");
}

/// Everything after the last entry.
pub fn tail(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\n]}\n");
}
