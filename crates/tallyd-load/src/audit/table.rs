//! What the client knows beside what the server says.

use super::counts::Counts;
use super::interval::Interval;
use super::known::{Known, OF_FILE};
use super::naive::Naive;

/// One number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose it is: the path of a file, or nothing for all together.
    pub path: Option<String>,
    /// Its word.
    pub word: String,
    /// What the client knows.
    pub known: Interval,
    /// What the server says, if it says anything; a difference between two looks may be negative.
    pub said: Option<i128>,
}

impl Row {
    /// How far the server is off; 0 if it agrees.
    #[must_use]
    pub fn off(&self) -> i128 {
        self.said.map_or(0, |said| self.known.off(said))
    }
}

/// All numbers.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Of all files together, and of what is no file.
    pub site: Vec<Row>,
    /// Of each file.
    pub files: Vec<Row>,
}

impl Table {
    /// Compares what the server has counted since `before`.
    #[must_use]
    pub fn of(known: &Known, before: &Counts, after: &Counts) -> Table {
        let mut words: Vec<&String> = known.site.keys().collect();
        let statuses = after.site.keys().filter(|word| word.starts_with("status "));
        words.extend(statuses.filter(|word| !known.site.contains_key(*word)));
        words.sort_by_key(|word| order(word));
        let row = |word: &String| Row {
            path: None,
            word: word.clone(),
            known: known.site.get(word).copied().unwrap_or_default(),
            said: Some(after.site_since(before, word)),
        };
        let mut site: Vec<Row> = words.into_iter().map(row).collect();
        let mut files = Vec::new();
        let of_site = |word: &str| after.site_since(before, word);
        site.push(without_outcome(None, of_site));
        for (path, numbers) in &known.files {
            for word in OF_FILE {
                files.push(Row {
                    path: Some(path.clone()),
                    word: word.to_owned(),
                    known: numbers.get(word).copied().unwrap_or_default(),
                    said: Some(after.file_since(before, path, word)),
                });
            }
            let of_file = |word: &str| after.file_since(before, path, word);
            files.push(without_outcome(Some(path), of_file));
        }
        let by_number = |(path, last): (&String, &u64)| Row {
            path: Some(path.clone()),
            word: "hits by the last number".to_owned(),
            known: Interval::exactly(*last),
            said: Some(after.file_since(before, path, "hits")),
        };
        files.extend(known.last_numbers.iter().map(by_number));
        files.extend(strangers(known, before, after));
        Table { site, files }
    }

    /// Compares what a counter of log lines has found. It knows nothing of how a reply ended.
    #[must_use]
    pub fn of_log(known: &Known, naive: &Naive) -> Table {
        let row = |word: &str, said: Option<u64>| Row {
            path: None,
            word: word.to_owned(),
            known: known.site.get(word).copied().unwrap_or_default(),
            said: said.map(i128::from),
        };
        let site = vec![
            row("requests", Some(naive.requests)),
            row("hits", Some(naive.downloads)),
            row("complete", None),
            row("aborted", None),
            row("bytes", Some(naive.bytes)),
            row("downloads", Some(naive.downloads)),
            row("repeats", None),
            row("probes", None),
            row("not found", Some(naive.not_found)),
        ];
        Table {
            site,
            files: Vec::new(),
        }
    }

    /// How many numbers were compared.
    #[must_use]
    pub fn numbers(&self) -> usize {
        let rows = self.site.iter().chain(&self.files);
        rows.filter(|row| row.said.is_some()).count()
    }

    /// Those that differ.
    pub fn differing(&self) -> impl Iterator<Item = &Row> {
        self.site
            .iter()
            .chain(&self.files)
            .filter(|row| row.off() != 0)
    }
}

/// At rest, each hit is complete, aborted or unsettled, whatever a kill has done.
fn without_outcome(path: Option<&String>, number: impl Fn(&str) -> i128) -> Row {
    let ended = ["complete", "aborted", "unsettled"].map(&number);
    Row {
        path: path.cloned(),
        word: "hits without an outcome".to_owned(),
        known: Interval::NONE,
        said: Some(number("hits") - ended.iter().sum::<i128>()),
    }
}

/// What is no file has no account, whoever asks for it; nor has a file that nobody has asked for.
fn strangers<'a>(
    known: &'a Known,
    before: &'a Counts,
    after: &'a Counts,
) -> impl Iterator<Item = Row> + 'a {
    let is_new =
        |path: &&String| !known.files.contains_key(*path) && !before.files.contains_key(*path);
    let row = |path: &String| Row {
        path: Some(path.clone()),
        word: "accounts".to_owned(),
        known: Interval::NONE,
        said: Some(1),
    };
    after.files.keys().filter(is_new).map(row)
}

/// First what is exact, in the order of the rules; then statuses; then the classes.
fn order(word: &str) -> (usize, usize, String) {
    let place = |word: &str| OF_FILE.iter().position(|one| *one == word);
    match (word, place(word)) {
        ("requests", _) => (0, 0, String::new()),
        ("not found", _) => (2, 0, String::new()),
        ("bytes of all replies", _) => (2, 1, String::new()),
        (_, Some(place)) => (1, place, String::new()),
        _ if word.starts_with("status ") => (3, 0, word.to_owned()),
        _ => {
            let last = word.rsplit(' ').next().unwrap_or_default();
            (4, place(last).unwrap_or_default(), word.to_owned())
        }
    }
}
