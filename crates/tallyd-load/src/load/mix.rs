//! A mix file: what is asked for how often, in TOML.
//!
//! 1. `document` reads the file, and says the line and column of all that is wrong in it.
//! 2. `facts` asks the server for the lengths and tags that some requests need.
//! 3. Each table becomes asks here, which share its weight.
//!
//! Promises: the same file, tree and seed give the same asks. Must not know: how often and how fast they are asked.
//! docs/load.md describes the format.

mod document;
mod facts;
mod mistake;
mod nearest;
#[cfg(test)]
mod tests;
mod values;

use std::path::Path;
use std::sync::Arc;

use super::making::{Asks, Made, MakeError, SEED, Wanted, Wishes, as_base, below};
use super::plan::{self, Order, Reading};
use super::tree;
use super::truth::Truth;
use crate::files::MOST_FILES;
use crate::url::Url;
use document::{Asked, Document, Source};
use facts::Facts;
pub use mistake::Mistake;
use mistake::Place;
pub use values::rate;
use values::{Cut, Range};

/// So many asks are drawn for a table that says `random` or a share, unless it has more files.
const VARIANTS: usize = 64;

/// The sum of all weights: fine enough to share a weight among a million files, and far below what would make some
/// draws likelier than others.
const ALL: u128 = 1 << 48;

/// Sets the draws of ranges and cuts apart from those of the turns.
const DRAWS: u64 = 0x6d69_7864_7261_7773;

/// Asks for what `file` says, below the URL of the command line or its own.
pub fn of_file(wishes: &Wishes, file: &Path) -> Result<Made, MakeError> {
    if wishes.urls.len() > 1 {
        return Err(MakeError::OneUrl(wishes.urls.len()));
    }
    let document = document::read(file)?;
    let base = match (wishes.urls.first(), &document.url) {
        (Some(url), _) | (None, Some(url)) => as_base(url)?.clone(),
        (None, None) => {
            let what = "there is no url in it, and none on the command line";
            return Err(MakeError::Mix(vec![Mistake::new(file, None, what)]));
        }
    };
    let seed = wishes.seed.or(document.seed).unwrap_or(SEED);
    Mixing::new(wishes, file, base, seed)?.made(&document)
}

/// A mix as it comes together.
struct Mixing<'a> {
    file: &'a Path,
    asks: Asks<'a>,
    facts: Facts,
    base: Url,
    server: usize,
    seed: u64,
    /// Draws of ranges and cuts so far.
    drawn: u64,
    sums: Vec<u64>,
}

/// What a table asks for at one place.
struct Target {
    target: String,
    length: Option<u64>,
    tag: Option<String>,
    truth: Option<Arc<Truth>>,
}

impl<'a> Mixing<'a> {
    fn new(
        wishes: &'a Wishes,
        file: &'a Path,
        base: Url,
        seed: u64,
    ) -> Result<Mixing<'a>, MakeError> {
        let mut asks = Asks::new(wishes)?;
        let server = asks.server(&base)?;
        Ok(Mixing {
            file,
            asks,
            facts: Facts::default(),
            base,
            server,
            seed,
            drawn: 0,
            sums: Vec::new(),
        })
    }

    fn made(mut self, document: &Document) -> Result<Made, MakeError> {
        let all: u128 = document.requests.iter().map(|asked| asked.weight).sum();
        let mut before = 0;
        for asked in &document.requests {
            let first = self.sums.len();
            self.add(asked)?;
            self.share(first, before, asked.weight, all);
            before += asked.weight;
        }
        let order = Order::Weighted {
            sums: self.sums,
            seed: self.seed,
        };
        Ok(self.asks.made(order, None))
    }

    /// The asks from `first` on share `weight` of `all` evenly.
    fn share(&mut self, first: usize, before: u128, weight: u128, all: u128) {
        let count = self.asks.count() as usize - first;
        for number in 1..=count as u128 {
            let upto = before * count as u128 + weight * number;
            let sum = ALL * upto / (all * count as u128);
            self.sums.push(u64::try_from(sum).unwrap_or(u64::MAX));
        }
    }

    fn add(&mut self, asked: &Asked) -> Result<(), MakeError> {
        let mut targets = self.targets(asked)?;
        let is_drawn = asked.range_is_drawn() || asked.cut_is_drawn();
        if is_drawn {
            targets.retain(|target| target.length != Some(0));
        }
        if targets.is_empty() {
            let what = "all files are empty: there is no part of them to draw";
            return Err(self.missing(asked.place, what));
        }
        let variants = match is_drawn {
            true => VARIANTS.div_ceil(targets.len()),
            false => 1,
        };
        for target in &targets {
            for _ in 0..variants {
                self.push(asked, target)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, asked: &Asked, target: &Target) -> Result<(), MakeError> {
        let mut fields = asked.fields.clone();
        if let Some((range, _)) = &asked.range {
            let range = self.range(range, target.length.unwrap_or_default());
            fields.push(("Range".into(), range));
        }
        if let Some(tag) = &target.tag {
            fields.push(("If-None-Match".into(), tag.clone()));
        }
        let reading = self.reading(asked, target.length.unwrap_or_default());
        self.asks.push(Wanted {
            fields: &fields,
            truth: target.truth.clone(),
            reading,
            ..Wanted::new(self.server, asked.method, &target.target)
        })?;
        Ok(())
    }

    fn range(&mut self, range: &Range, length: u64) -> String {
        match range {
            Range::Said(said) => format!("bytes={said}"),
            Range::Random(size) => {
                let size = (*size).min(length);
                let start = self.draw(length - size + 1);
                format!("bytes={start}-{}", start + size.saturating_sub(1))
            }
        }
    }

    fn reading(&mut self, asked: &Asked, length: u64) -> Reading {
        match (&asked.cut, asked.slow) {
            (Some((Cut::At(byte), _)), _) => Reading::Abort(*byte),
            (Some((Cut::Share(from, to), _)), _) => {
                let part = |percent: u64| length / 100 * percent + length % 100 * percent / 100;
                let (from, to) = (part(*from), part(*to));
                // At the last byte of the file it would be no cut.
                let byte = from + self.draw(to - from + 1);
                Reading::Abort(byte.min(length.saturating_sub(1)))
            }
            (None, Some(rate)) => Reading::Slow(rate),
            (None, None) => Reading::Whole,
        }
    }

    /// A number below `end`, which is not 0.
    fn draw(&mut self, end: u64) -> u64 {
        self.drawn += 1;
        plan::mixed(self.seed ^ DRAWS, self.drawn) % end.max(1)
    }

    fn targets(&mut self, asked: &Asked) -> Result<Vec<Target>, MakeError> {
        let found = match &asked.source {
            Source::Paths(paths) => paths.iter().map(|path| (path.clone(), None)).collect(),
            Source::Tree(path, place) => {
                let most = usize::try_from(MOST_FILES).unwrap_or(usize::MAX);
                let found = tree::files(path, most);
                let found = found.map_err(|error| self.missing(*place, error.to_string()))?;
                let found = found.into_iter();
                let found = found.map(|file| (file.path.target(), Some(file.length)));
                found.collect::<Vec<_>>()
            }
        };
        if let Some(place) = asked.needs_facts() {
            self.check_number(found.len(), place)?;
        }
        let targets = found.into_iter();
        let targets = targets.map(|(path, length)| self.target(asked, &path, length));
        targets.collect()
    }

    fn target(
        &mut self,
        asked: &Asked,
        path: &str,
        length: Option<u64>,
    ) -> Result<Target, MakeError> {
        let target = self.base.with_target(&below(&self.base, path)).target;
        let mut found = Target {
            truth: self.asks.truth(asked.method, path),
            target,
            length,
            tag: None,
        };
        let Some(place) = asked.needs_facts() else {
            return Ok(found);
        };
        let facts = match self.asks.at(self.server) {
            Some(server) => {
                let fields = self.asks.manner.fields(&server.authority, &asked.fields);
                self.facts.of(server, &found.target, fields)
            }
            None => Err("there is no server".into()),
        };
        let facts =
            facts.map_err(|what| self.missing(place, format!("HEAD {}: {what}", found.target)))?;
        let missing = |what| Err(self.missing(place, format!("HEAD {}: {what}", found.target)));
        if asked.is_conditional() {
            found.tag = facts.tag;
            if found.tag.is_none() {
                return missing("the answer has no ETag to ask with");
            }
        }
        found.length = found.length.or(facts.length);
        if asked.needs_lengths() && found.length.is_none() {
            return missing("the answer has no Content-Length");
        }
        Ok(found)
    }

    fn check_number(&self, count: usize, place: Place) -> Result<(), MakeError> {
        if count <= facts::MOST {
            return Ok(());
        }
        let most = facts::MOST;
        let what =
            format!("{count} files would each be asked about beforehand; at most {most} are");
        Err(self.missing(place, what))
    }

    fn missing(&self, place: Place, what: impl Into<String>) -> MakeError {
        MakeError::Missing(Mistake::new(self.file, Some(place), what))
    }
}
