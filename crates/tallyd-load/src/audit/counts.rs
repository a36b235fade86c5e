//! What a server says: its counts, as they are in the answers of its API.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::agent::Class;
use super::known::OF_FILE;

/// Numbers by their words.
type Numbers = BTreeMap<String, u64>;

/// The counts of a server at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of all files and of what is no file.
    pub site: Numbers,
    /// Of each file, by its path.
    pub files: BTreeMap<String, Numbers>,
    in_flight: u64,
}

impl Counts {
    /// What an overview says; none if it is none.
    #[must_use]
    pub fn of(overview: &Value) -> Option<Counts> {
        let overview = overview.as_object()?;
        let mut counts = Counts {
            in_flight: number(overview, "in_flight")?,
            ..Counts::default()
        };
        let site = &mut counts.site;
        for (name, word) in [
            ("requests", "requests"),
            ("not_found", "not found"),
            ("bytes_of_all_replies", "bytes of all replies"),
        ] {
            site.insert(word.to_owned(), number(overview, name)?);
        }
        for word in OF_FILE {
            site.insert(word.to_owned(), number(overview, word)?);
            for class in Class::ALL.map(Class::word) {
                let of_class = overview.get("classes")?.get(class)?.as_object()?;
                site.insert(format!("{class} {word}"), number(of_class, word)?);
            }
        }
        for (status, count) in overview.get("statuses")?.as_object()? {
            site.insert(format!("status {status}"), count.as_u64()?);
        }
        Some(counts)
    }

    /// Adds an answer with files; where the following ones begin, if there are more.
    pub fn add_files(&mut self, answer: &Value) -> Option<Option<usize>> {
        for file in answer.get("files")?.as_array()? {
            let file = file.as_object()?;
            let path = file.get("path")?.as_str()?;
            let numbers = self.files.entry(path.to_owned()).or_default();
            for word in OF_FILE {
                *numbers.entry(word.to_owned()).or_default() += number(file, word)?;
            }
        }
        let next = answer.get("next_offset")?.as_u64();
        Some(next.and_then(|next| usize::try_from(next).ok()))
    }

    /// Whether nothing is under way.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.in_flight == 0
    }

    /// A number of the site, beyond what it was before.
    pub(super) fn site_since(&self, before: &Counts, word: &str) -> i128 {
        since(Some(&self.site), Some(&before.site), word)
    }

    /// A number of a file, beyond what it was before.
    pub(super) fn file_since(&self, before: &Counts, path: &str, word: &str) -> i128 {
        since(self.files.get(path), before.files.get(path), word)
    }
}

fn since(now: Option<&Numbers>, before: Option<&Numbers>, word: &str) -> i128 {
    let number = |numbers: Option<&Numbers>| {
        let number = numbers.and_then(|numbers| numbers.get(word));
        i128::from(number.copied().unwrap_or_default())
    };
    number(now) - number(before)
}

fn number(of: &Map<String, Value>, name: &str) -> Option<u64> {
    of.get(name)?.as_u64()
}
