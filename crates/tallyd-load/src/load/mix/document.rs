//! A mix file as it was written, with the place of everything that is wrong in it.
//!
//! Promises: what comes out can be asked for, as far as the file alone tells. Must not know: the network and the tree.

use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Lines, Mistake, Place};
use super::nearest;
use super::values::{self, Cut, Range};
use crate::load::making::{MakeError, check_fields};
use crate::url::Url;

/// A mix larger than this is some other file.
const LARGEST: u64 = 4 << 20;

/// More tables than anybody writes.
const MOST_TABLES: usize = 10_000;

/// The largest weight.
const HEAVIEST: u64 = 1_000_000;

/// What may stand at the top.
const TOP: [&str; 3] = ["url", "seed", "request"];

/// What may stand in a table.
const KEYS: [&str; 10] = [
    "path",
    "paths",
    "tree",
    "weight",
    "method",
    "range",
    "conditional",
    "abort-after",
    "slow",
    "headers",
];

type Key<'a> = Spanned<Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

/// A mix file.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) url: Option<Url>,
    pub(super) seed: Option<u64>,
    /// Never none.
    pub(super) requests: Vec<Asked>,
}

/// A table of it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) place: Place,
    pub(super) source: Source,
    pub(super) weight: u128,
    pub(super) method: &'static str,
    pub(super) range: Option<(Range, Place)>,
    /// Where it says so.
    pub(super) conditional: Option<Place>,
    pub(super) cut: Option<(Cut, Place)>,
    pub(super) slow: Option<u64>,
    pub(super) fields: Vec<(String, String)>,
}

/// What is asked for.
#[derive(Debug)]
pub(super) enum Source {
    /// These paths; each begins with a slash.
    Paths(Vec<String>),
    /// The files of a tree, and where that is said.
    Tree(PathBuf, Place),
}

impl Asked {
    fn new(place: Place) -> Asked {
        Asked {
            place,
            source: Source::Paths(Vec::new()),
            weight: 1,
            method: "GET",
            range: None,
            conditional: None,
            cut: None,
            slow: None,
            fields: Vec::new(),
        }
    }

    pub(super) fn is_conditional(&self) -> bool {
        self.conditional.is_some()
    }

    pub(super) fn range_is_drawn(&self) -> bool {
        matches!(self.range, Some((Range::Random(_), _)))
    }

    pub(super) fn cut_is_drawn(&self) -> bool {
        matches!(self.cut, Some((Cut::Share(..), _)))
    }

    /// Whether the length of a file decides what is asked.
    pub(super) fn needs_lengths(&self) -> bool {
        self.range_is_drawn() || self.cut_is_drawn()
    }

    /// Where it says what only the server knows.
    pub(super) fn needs_facts(&self) -> Option<Place> {
        let is_tree = matches!(self.source, Source::Tree(..));
        let drawn = match (&self.range, &self.cut) {
            (Some((Range::Random(_), place)), _) | (_, Some((Cut::Share(..), place))) => {
                Some(*place)
            }
            _ => None,
        };
        self.conditional.or(drawn.filter(|_| !is_tree))
    }
}

/// Reads the file at `path`.
pub(super) fn read(path: &Path) -> Result<Document, MakeError> {
    let io = |error| MakeError::Io(path.to_owned(), error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > LARGEST {
        let what = format!("it has more than {} MiB, so it is no mix", LARGEST >> 20);
        return Err(MakeError::Mix(vec![Mistake::new(path, None, what)]));
    }
    parse(path, &bytes).map_err(MakeError::Mix)
}

/// What the text of a file says, or all that is wrong with it, in the order of the text.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Document, Vec<Mistake>> {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let mut reader = Reader {
        path,
        lines: Lines::of(valid),
        mistakes: Vec::new(),
    };
    if valid.len() < bytes.len() {
        reader.complain(valid.len(), "this is not UTF-8");
        return Err(reader.mistakes);
    }
    let document = match DeTable::parse(valid) {
        Ok(table) => reader.document(table.get_ref()),
        Err(error) => {
            reader.complain(error.span().map_or(0, |span| span.start), error.message());
            Document::default()
        }
    };
    if reader.mistakes.is_empty() {
        return Ok(document);
    }
    reader.mistakes.sort_by_key(Mistake::place);
    Err(reader.mistakes)
}

struct Reader<'a> {
    path: &'a Path,
    lines: Lines<'a>,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn complain(&mut self, offset: usize, what: impl Into<String>) {
        let place = self.lines.place(offset);
        self.mistakes
            .push(Mistake::new(self.path, Some(place), what));
    }

    fn place<T>(&self, of: &Spanned<T>) -> Place {
        self.lines.place(of.span().start)
    }

    fn unknown(&mut self, key: &Key<'_>, known: &[&str]) {
        let name = key.get_ref();
        let hint = nearest::hint(name, known);
        self.complain(key.span().start, format!("unknown key {name:?}{hint}"));
    }

    fn document(&mut self, table: &DeTable<'_>) -> Document {
        let mut document = Document::default();
        let before = self.mistakes.len();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "url" => document.url = self.read(value, base),
                "seed" => document.seed = self.integer(value, 0, u64::MAX),
                "request" => document.requests = self.requests(value),
                _ => self.unknown(key, &TOP),
            }
        }
        if document.requests.is_empty() && self.mistakes.len() == before {
            self.complain(0, "there is no [[request]] in it");
        }
        document
    }

    fn requests(&mut self, value: &Value<'_>) -> Vec<Asked> {
        let DeValue::Array(tables) = value.get_ref() else {
            return self
                .expected("tables that begin with [[request]]", value)
                .unwrap_or_default();
        };
        if tables.len() > MOST_TABLES {
            let what = format!("there are more than {MOST_TABLES} requests");
            self.complain(value.span().start, what);
            return Vec::new();
        }
        let tables = tables.iter();
        tables
            .filter_map(|table| match table.get_ref() {
                DeValue::Table(keys) => self.request(table, keys),
                _ => self.expected("a table", table),
            })
            .collect()
    }

    fn request(&mut self, table: &Value<'_>, keys: &DeTable<'_>) -> Option<Asked> {
        let mut asked = Asked::new(self.place(table));
        let before = self.mistakes.len();
        let mut sources = 0;
        for (key, value) in keys {
            match key.get_ref().as_ref() {
                "path" | "paths" | "tree" => {
                    sources += 1;
                    if let Some(source) = self.source(key.get_ref(), value) {
                        asked.source = source;
                    }
                }
                "weight" => {
                    let weight = self.integer(value, 1, HEAVIEST);
                    asked.weight = weight.unwrap_or(1).into();
                }
                "method" => asked.method = self.read(value, method).unwrap_or("GET"),
                "range" => asked.range = self.placed(value, values::range),
                "conditional" => asked.conditional = self.switch(value),
                "abort-after" => asked.cut = self.placed(value, values::cut),
                "slow" => asked.slow = self.read(value, values::rate),
                "headers" => asked.fields = self.fields(value),
                _ => self.unknown(key, &KEYS),
            }
        }
        let start = table.span().start;
        match sources {
            1 => {}
            0 if self.mistakes.len() > before => {}
            0 => self.complain(start, "a request needs a path, paths or a tree"),
            _ => self.complain(start, "path, paths and tree: a request has one of them"),
        }
        self.check(&asked, start);
        Some(asked)
    }

    /// What can't go together.
    fn check(&mut self, asked: &Asked, start: usize) {
        let is_cut = asked.cut.is_some();
        if is_cut && asked.slow.is_some() {
            self.complain(start, "abort-after and slow: a request has one of them");
        }
        if asked.method == "HEAD" && (is_cut || asked.slow.is_some()) {
            self.complain(
                start,
                "the answer to HEAD has no body to cut or to slow down",
            );
        }
        if asked.cut_is_drawn() && asked.range.is_some() {
            let what = "abort-after is a share of the whole file: with a range, write a size";
            self.complain(start, what);
        }
        for (key, name) in [("range", "Range"), ("conditional", "If-None-Match")] {
            let is_said = match key {
                "range" => asked.range.is_some(),
                _ => asked.is_conditional(),
            };
            let mut fields = asked.fields.iter();
            if is_said && fields.any(|(field, _)| field.eq_ignore_ascii_case(name)) {
                self.complain(
                    start,
                    format!("{key} and a header {name}: they are the same"),
                );
            }
        }
    }

    fn source(&mut self, key: &str, value: &Value<'_>) -> Option<Source> {
        match (key, value.get_ref()) {
            ("path", _) => Some(Source::Paths(vec![self.read(value, path)?])),
            ("tree", _) => {
                let tree = self.read(value, |text| Ok(PathBuf::from(text)))?;
                // As it is meant where it is written.
                let beside = self.path.parent().unwrap_or(Path::new(""));
                Some(Source::Tree(beside.join(tree), self.place(value)))
            }
            (_, DeValue::Array(items)) if !items.is_empty() => {
                let paths: Vec<_> = items.iter().map(|item| self.read(item, path)).collect();
                Some(Source::Paths(paths.into_iter().flatten().collect()))
            }
            _ => self.expected("a list such as [\"/one\", \"/two\"]", value),
        }
    }

    fn fields(&mut self, value: &Value<'_>) -> Vec<(String, String)> {
        let DeValue::Table(table) = value.get_ref() else {
            let what = "a table such as { \"Accept-Encoding\" = \"gzip\" }";
            return self.expected(what, value).unwrap_or_default();
        };
        let mut fields = Vec::new();
        for (name, value) in table {
            let field = self.read(value, |text| {
                let field = (name.get_ref().to_string(), text.to_owned());
                let outcome = check_fields(std::slice::from_ref(&field));
                outcome.map_err(|error| error.to_string()).map(|()| field)
            });
            fields.extend(field);
        }
        fields
    }

    /// A text that `parse` understands.
    fn read<T>(
        &mut self,
        value: &Value<'_>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let DeValue::String(text) = value.get_ref() else {
            return self.expected("text in quotes", value);
        };
        let outcome = parse(text);
        outcome
            .map_err(|what| self.complain(value.span().start, what))
            .ok()
    }

    /// The same with its place.
    fn placed<T>(
        &mut self,
        value: &Value<'_>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<(T, Place)> {
        let place = self.place(value);
        self.read(value, parse).map(|read| (read, place))
    }

    fn switch(&mut self, value: &Value<'_>) -> Option<Place> {
        match value.get_ref() {
            DeValue::Boolean(is_on) => is_on.then(|| self.place(value)),
            _ => self.expected("true or false", value),
        }
    }

    fn integer(&mut self, value: &Value<'_>, least: u64, most: u64) -> Option<u64> {
        let DeValue::Integer(number) = value.get_ref() else {
            return self.expected("a whole number", value);
        };
        let read = u64::from_str_radix(number.as_str(), number.radix()).ok();
        let read = read.filter(|read| (least..=most).contains(read));
        if read.is_none() {
            let what = format!(
                "{} is not a whole number from {least} to {most}",
                number.as_str()
            );
            self.complain(value.span().start, what);
        }
        read
    }

    fn expected<T>(&mut self, what: &str, value: &Value<'_>) -> Option<T> {
        let found = match value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(items) if items.is_empty() => "an empty list",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.complain(
            value.span().start,
            format!("expected {what}, found {found}"),
        );
        None
    }
}

fn base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.target.contains('?') {
        true => Err("nothing is below a URL with a query".into()),
        false => Ok(url),
    }
}

fn path(text: &str) -> Result<String, String> {
    match text.starts_with('/') {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} is not a path: it begins with a slash")),
    }
}

fn method(text: &str) -> Result<&'static str, String> {
    match text {
        "GET" => Ok("GET"),
        "HEAD" => Ok("HEAD"),
        _ => Err(format!(
            "{text:?} is not a method of a mix: write GET or HEAD"
        )),
    }
}
