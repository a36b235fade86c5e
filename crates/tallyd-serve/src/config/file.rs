//! The configuration file as a layer: TOML, with the line and column of everything that is wrong in it.

mod position;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest;
use super::options::{self, Definition, Kind};
use super::problem::{Place, Problem};
use super::typed::{Layer, Options, Typed, TypedHost, Word};
use position::Lines;

/// A configuration larger than this is some other file.
const LARGEST: u64 = 4 << 20;

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

/// The values in the file at `path`.
pub(super) fn read(path: &Path, problems: &mut Vec<Problem>) -> Layer {
    let whole_file = Place::File(path.into(), None);
    match contents(path) {
        Ok(bytes) => parse(path, &bytes, problems),
        Err(error) => {
            problems.push(whole_file.problem(format!("cannot be read: {error}")));
            Layer::default()
        }
    }
}

fn contents(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!(
            "it has more than {} MiB, so it is no configuration",
            LARGEST >> 20
        )));
    }
    Ok(bytes)
}

/// The values in the text of a file.
pub(super) fn parse(path: &Path, bytes: &[u8], problems: &mut Vec<Problem>) -> Layer {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let mut reader = Reader {
        path: path.into(),
        lines: Lines::of(valid),
        garbled: HashSet::new(),
        problems: Vec::new(),
    };
    if valid.len() < bytes.len() {
        reader.complain(valid.len()..valid.len(), "this is not UTF-8");
        problems.append(&mut reader.problems);
        return Layer::default();
    }
    let (table, errors) = DeTable::parse_recoverable(valid);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        reader
            .garbled
            .insert(reader.lines.position(span.start).line);
        reader.complain(span, error.message());
    }
    let layer = reader.layer(table.get_ref());
    problems.append(&mut reader.problems);
    layer
}

/// Goes through the parsed file and keeps what is wrong.
struct Reader<'a> {
    path: Arc<Path>,
    lines: Lines<'a>,
    /// Lines with an error of syntax.
    garbled: HashSet<usize>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place::File(
            Arc::clone(&self.path),
            Some(self.lines.position(span.start)),
        )
    }

    fn complain(&mut self, span: Range<usize>, message: impl Into<String>) {
        let problem = self.place(span).problem(message);
        self.problems.push(problem);
    }

    /// The entries as they stand in the file: for redirects and the like, the first match counts.
    ///
    /// After an error of syntax the parser guesses what the line meant; a complaint about its guess would only
    /// confuse, so such lines are left out.
    fn entries<'a, 'i>(&self, table: &'a DeTable<'i>) -> Vec<(&'a Key<'i>, &'a Value<'i>)> {
        let mut entries: Vec<_> = table
            .iter()
            .filter(|(key, value)| {
                let is_garbled = self.is_garbled(key.span()) || self.is_garbled(value.span());
                value.get_ref().is_table() || !is_garbled
            })
            .collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }

    fn is_garbled(&self, span: Range<usize>) -> bool {
        self.garbled.contains(&self.lines.position(span.start).line)
    }

    fn layer(&mut self, table: &DeTable<'_>) -> Layer {
        let mut layer = Layer::default();
        for (key, value) in self.entries(table) {
            match self.option(key) {
                Some(option) if option.kind == Kind::Hosts => layer.hosts = self.hosts(value),
                Some(option) => self.keep(&mut layer.options, option, value),
                None => {}
            }
        }
        layer
    }

    fn option(&mut self, key: &Key<'_>) -> Option<&'static Definition> {
        let option = options::find(key.get_ref());
        if option.is_none() {
            self.unknown(key, &|_| true);
        }
        option
    }

    fn unknown(&mut self, key: &Key<'_>, may_stand_here: &dyn Fn(&Definition) -> bool) {
        let name = key.get_ref();
        let known = options::all()
            .filter(|option| may_stand_here(option))
            .map(|option| option.name);
        let hint = nearest::hint(name, known);
        self.complain(key.span(), format!("unknown key {name:?}{hint}"));
    }

    fn hosts(&mut self, value: &Value<'_>) -> Option<Vec<TypedHost>> {
        let table = match value.get_ref() {
            DeValue::String(text) if text == "off" => return Some(Vec::new()),
            DeValue::Table(table) => table,
            _ => {
                self.expected("a table of hosts", value);
                return None;
            }
        };
        let hosts = self
            .entries(table)
            .into_iter()
            .filter_map(|(name, value)| self.host(name, value));
        Some(hosts.collect())
    }

    fn host(&mut self, name: &Key<'_>, value: &Value<'_>) -> Option<TypedHost> {
        let options = match value.get_ref() {
            DeValue::String(root) => {
                let root = Typed::of(root.as_ref(), self.place(value.span()));
                BTreeMap::from([("root", root)])
            }
            DeValue::Table(table) => self.site(table),
            _ => {
                self.expected("a directory in quotes, or a table of options", value);
                return None;
            }
        };
        Some(TypedHost {
            name: name.get_ref().clone().into_owned(),
            place: self.place(name.span()),
            options,
        })
    }

    fn site(&mut self, table: &DeTable<'_>) -> Options {
        let mut site = Options::new();
        for (key, value) in self.entries(table) {
            let name = key.get_ref();
            match options::find(name) {
                Some(option) if option.is_for_sites() => self.keep(&mut site, option, value),
                Some(_) => {
                    let message = format!("{name:?} is for the whole server, not for one host");
                    self.complain(key.span(), message);
                }
                None => self.unknown(key, &Definition::is_for_sites),
            }
        }
        site
    }

    fn keep(&mut self, options: &mut Options, option: &'static Definition, value: &Value<'_>) {
        let words = match option.kind {
            Kind::Switch => self.switch(value),
            Kind::Amount => self.amount(value),
            Kind::Text | Kind::Choice(_) => self.text(value),
            Kind::List => self.list(value),
            Kind::Map | Kind::MultiMap | Kind::Hosts => self.map(option, value),
        };
        if let Some(words) = words {
            let place = self.place(value.span());
            options.insert(option.name, Typed { place, words });
        }
    }

    fn switch(&mut self, value: &Value<'_>) -> Option<Vec<Word>> {
        match value.get_ref() {
            DeValue::Boolean(on) => Some(vec![self.word(&on.to_string(), value)]),
            _ => self.expected("true or false", value),
        }
    }

    fn amount(&mut self, value: &Value<'_>) -> Option<Vec<Word>> {
        match value.get_ref() {
            DeValue::String(text) => Some(vec![self.word(text, value)]),
            DeValue::Integer(number) if number.radix() == 10 => {
                Some(vec![self.word(number.as_str(), value)])
            }
            _ => self.expected("a whole number, or text in quotes", value),
        }
    }

    fn text(&mut self, value: &Value<'_>) -> Option<Vec<Word>> {
        match value.get_ref() {
            DeValue::String(text) => Some(vec![self.word(text, value)]),
            _ => self.expected("text in quotes", value),
        }
    }

    fn list(&mut self, value: &Value<'_>) -> Option<Vec<Word>> {
        match value.get_ref() {
            DeValue::String(text) if text == "off" => Some(Vec::new()),
            DeValue::Array(items) => {
                let words: Vec<_> = items.iter().map(|item| self.text(item)).collect();
                Some(words.into_iter().flatten().flatten().collect())
            }
            _ => self.expected("a list such as [\"one\", \"two\"]", value),
        }
    }

    fn map(&mut self, option: &Definition, value: &Value<'_>) -> Option<Vec<Word>> {
        let table = match value.get_ref() {
            DeValue::String(text) if text == "off" => return Some(Vec::new()),
            DeValue::Table(table) => table,
            _ => return self.expected("a table such as { \"key\" = \"value\" }", value),
        };
        let mut words = Vec::new();
        for (key, value) in self.entries(table) {
            let entry = match value.get_ref() {
                DeValue::Array(_) if option.kind == Kind::MultiMap => self.list(value),
                _ => self.text(value),
            };
            words.extend(entry.into_iter().flatten().map(|word| Word {
                key: key.get_ref().clone().into_owned(),
                ..word
            }));
        }
        Some(words)
    }

    fn word(&self, text: &str, value: &Value<'_>) -> Word {
        Word::of(text, self.place(value.span()))
    }

    /// Complains about the type of a value. Gives no words, for callers that have none.
    fn expected(&mut self, what: &str, value: &Value<'_>) -> Option<Vec<Word>> {
        let found = match value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(number) if number.radix() == 10 => "a number",
            DeValue::Integer(_) => "a number that is not decimal",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.complain(value.span(), format!("expected {what}, found {found}"));
        None
    }
}
