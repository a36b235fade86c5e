//! The known paths that are most like one that is not known: it was probably mistyped.

use rusqlite::{Connection, params};

use super::Report;
use super::row::path;
use crate::ledger::LedgerError;

/// Only so many files of each site are compared, those with the most hits: this is for a person who waits.
const COMPARED: i64 = 20_000;

/// Longer paths are compared up to here.
const LETTERS: usize = 200;

impl Report {
    /// At most `most` known paths, the nearest first, with their site. None that has little in common.
    pub fn nearest(
        &self,
        site: Option<&str>,
        wanted: &[u8],
        most: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, LedgerError> {
        self.reading(|connection| nearest(connection, site, wanted, most))
    }
}

fn nearest(
    connection: &Connection,
    site: Option<&str>,
    wanted: &[u8],
    most: usize,
) -> rusqlite::Result<Vec<(String, Vec<u8>)>> {
    let sites = match site {
        Some(site) => vec![site.to_owned()],
        None => super::sites(connection)?,
    };
    let wanted = letters(wanted);
    let mut found = Vec::new();
    for site in sites {
        let mut query = connection.prepare_cached(
            "SELECT path FROM files WHERE site = ?1 ORDER BY hits DESC, id DESC LIMIT ?2",
        )?;
        let mut rows = query.query(params![site, COMPARED])?;
        while let Some(row) = rows.next()? {
            let known = path(row, 0)?;
            if let Some(distance) = likeness(&wanted, &letters(&known)) {
                found.push((distance, site.clone(), known));
            }
        }
    }
    found.sort();
    found.truncate(most);
    let named = found.into_iter().map(|(_, site, path)| (site, path));
    Ok(named.collect())
}

fn letters(path: &[u8]) -> Vec<char> {
    let text = String::from_utf8_lossy(path).to_lowercase();
    text.chars().take(LETTERS).collect()
}

/// How far apart two paths are; nothing if they are not alike. The same name in another directory is alike.
fn likeness(wanted: &[char], known: &[char]) -> Option<usize> {
    let allowed = wanted.len().div_ceil(3);
    let name = |path: &[char]| -> Vec<char> {
        let name = path.rsplit(|letter| *letter == '/').next();
        name.unwrap_or_default().to_vec()
    };
    let same_name = !name(wanted).is_empty() && name(wanted) == name(known);
    if !same_name && wanted.len().abs_diff(known.len()) > allowed {
        return None;
    }
    let distance = distance(wanted, known);
    if same_name {
        return Some(distance.min(1));
    }
    (distance <= allowed).then_some(distance)
}

/// How many letters have to be put in, taken out or changed (Levenshtein).
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (removed, a) in from.iter().enumerate() {
        // What stands left above, left, and in the place itself before it is overwritten.
        let mut diagonal = removed;
        let mut left = removed + 1;
        let mut places = row.iter_mut();
        if let Some(first) = places.next() {
            *first = left;
        }
        for (place, b) in places.zip(to) {
            let changed = diagonal + usize::from(a != b);
            diagonal = *place;
            left = changed.min(left + 1).min(*place + 1);
            *place = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn the_distance_counts_changes() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("/index.html", "/indx.html", 1),
            ("flaw", "lawn", 2),
        ] {
            assert_eq!(distance(&chars(from), &chars(to)), expected, "{from} {to}");
        }
    }

    #[test]
    fn a_name_in_another_directory_is_alike_and_a_stranger_is_not() {
        let like = |wanted: &str, known: &str| likeness(&chars(wanted), &chars(known));
        assert_eq!(like("/sample.bin", "/a/long/way/down/sample.bin"), Some(1));
        assert_eq!(like("/indx.html", "/index.html"), Some(1));
        assert_eq!(like("/index.html", "/about/team.html"), None);
        assert_eq!(like("/", "/a/long/way/"), None);
    }
}
