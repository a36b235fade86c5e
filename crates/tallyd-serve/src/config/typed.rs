//! What was typed, before anything is known of its meaning: words, each with its place.
//!
//! The file, the environment and the flags each fill one [`Layer`]; a higher layer replaces, option by
//! option, what a lower one says.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::problem::{Outcome, Place};

/// All that one layer says.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// The options of the server and of the main site.
    pub options: Options,
    /// The virtual hosts, if this layer names any.
    pub hosts: Option<Vec<TypedHost>>,
}

/// Values by the name of their option.
pub(super) type Options = BTreeMap<&'static str, Typed>;

/// A virtual host as it was typed.
#[derive(Debug)]
pub(super) struct TypedHost {
    pub name: String,
    pub place: Place,
    pub options: Options,
}

/// What was typed for one option: one word, or one for each entry of a list or map.
#[derive(Debug)]
pub(super) struct Typed {
    pub place: Place,
    pub words: Vec<Word>,
}

/// One value.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// The key, where the option is a map; otherwise empty.
    pub key: String,
    /// Text, or a path that need not be text.
    pub value: OsString,
    pub place: Place,
}

impl Layer {
    /// This layer over a lower one.
    pub(super) fn over(self, mut lower: Layer) -> Layer {
        lower.options.extend(self.options);
        Layer {
            options: lower.options,
            hosts: self.hosts.or(lower.hosts),
        }
    }
}

impl Typed {
    /// An option that was given one value.
    pub(super) fn of(value: impl Into<OsString>, place: Place) -> Typed {
        let word = Word::of(value, place.clone());
        Typed {
            place,
            words: vec![word],
        }
    }

    /// The only value, understood by `parse`.
    pub(super) fn one<V>(&self, parse: impl Fn(&str) -> Result<V, String>) -> Outcome<V> {
        self.word(|word| parse(word.text()?))
    }

    /// The only value, as a path; `off` is none.
    pub(super) fn path_or_off(&self) -> Outcome<Option<PathBuf>> {
        self.word(|word| match word.value.to_str() {
            Some("off") => Ok(None),
            _ => word.path().map(Some),
        })
    }

    /// The only value, as a path.
    pub(super) fn path(&self) -> Outcome<PathBuf> {
        self.word(Word::path)
    }

    /// The only value, understood by `parse` as it stands.
    pub(super) fn word<V>(&self, parse: impl Fn(&Word) -> Result<V, String>) -> Outcome<V> {
        match self.words.as_slice() {
            [word] => parse(word).map_err(|message| vec![word.place.problem(message)]),
            _ => Err(vec![self.place.problem("expected one value")]),
        }
    }

    /// Every value of a list, or all that is wrong with them.
    pub(super) fn each<V>(&self, parse: impl Fn(&Word) -> Result<V, String>) -> Outcome<Vec<V>> {
        let mut values = Vec::with_capacity(self.words.len());
        let mut problems = Vec::new();
        for word in &self.words {
            match parse(word) {
                Ok(value) => values.push(value),
                Err(message) => problems.push(word.place.problem(message)),
            }
        }
        if problems.is_empty() {
            Ok(values)
        } else {
            Err(problems)
        }
    }

    /// Every entry of a map: `parse` is given key and value.
    pub(super) fn entries<V>(
        &self,
        parse: impl Fn(&str, &str) -> Result<V, String>,
    ) -> Outcome<Vec<V>> {
        self.each(|word| parse(&word.key, word.text()?))
    }
}

impl Word {
    /// A value without a key.
    pub(super) fn of(value: impl Into<OsString>, place: Place) -> Word {
        Word {
            key: String::new(),
            value: value.into(),
            place,
        }
    }

    /// The value as text.
    pub(super) fn text(&self) -> Result<&str, String> {
        self.value
            .to_str()
            .ok_or_else(|| format!("{:?} is not UTF-8", self.value))
    }

    /// The value as a path, from the directory on where it was typed.
    pub(super) fn path(&self) -> Result<PathBuf, String> {
        path(&self.value, &self.place)
    }
}

/// A path that can be opened, from the directory on where it was typed.
pub(super) fn path(value: &OsStr, place: &Place) -> Result<PathBuf, String> {
    if value.is_empty() {
        return Err("a path is missing".to_owned());
    }
    if value.as_encoded_bytes().contains(&0) {
        return Err("a path cannot contain a NUL".to_owned());
    }
    Ok(place.path(Path::new(value)))
}
