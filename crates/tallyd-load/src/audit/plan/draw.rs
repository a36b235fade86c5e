//! Draws visits: which kinds there are, how often each comes, and the numbers in it.
//!
//! Promises: what [`super::Plan`] promises of a visitor and a file is kept here, and held by a test. A site of one
//! file, or of empty ones, has a plan as well.

use std::collections::HashSet;

use super::super::cover::{Span, union};
use super::super::dice::Dice;
use super::super::site::Site;
use super::{Act, Ask, Learnt, Sort, Visit};

/// Receive buffers of those who read little or slowly, as they are asked for (the system doubles them).
const NARROW: [usize; 4] = [4 * 1024, 8 * 1024, 16 * 1024, 32 * 1024];

/// Parts of a parallel download.
const PARTS: u64 = 20;

/// A file from this length on is worth to be aborted, or read slowly.
const LARGE: u64 = 64 * 1024;

/// Draws one visit after the other.
pub(super) struct Draw<'a> {
    site: &'a Site,
    dice: Dice,
    visitor: usize,
    /// Files whose content this visitor has asked for.
    had: HashSet<usize>,
}

impl<'a> Draw<'a> {
    /// The draw of a seed.
    pub(super) fn new(site: &'a Site, seed: u64) -> Draw<'a> {
        Draw {
            site,
            dice: Dice::new(seed),
            visitor: 0,
            had: HashSet::new(),
        }
    }

    /// How many visitors there have been.
    pub(super) fn visitors(&self) -> usize {
        self.visitor + 1
    }

    /// The next visit.
    pub(super) fn visit(&mut self) -> Visit {
        if self.dice.percent(60) {
            self.next_visitor();
        }
        // A visitor who has had every file that would do makes room for the next; a site that has no such file
        // gets something else.
        for _ in 0..100 {
            if let Some(act) = self.act() {
                let visitor = self.visitor;
                return Visit { visitor, act };
            }
            self.next_visitor();
        }
        let file = self.any();
        let act = Act::InTurn(vec![self.ask(file, Sort::Head)]);
        let visitor = self.visitor;
        Visit { visitor, act }
    }

    fn act(&mut self) -> Option<Act> {
        match self.dice.below(100) {
            0..50 => self.in_turn(),
            50..58 => self.twice(),
            58..64 => self.in_pieces(),
            64..66 => self.together(),
            66..76 => self.abort(false),
            76..86 => self.abort(true),
            86..93 => self.pipeline(),
            93..96 => self.slowly(),
            _ => self.conditional_range(),
        }
    }

    fn next_visitor(&mut self) {
        self.visitor += 1;
        self.had.clear();
    }

    /// A file of at least this length that this visitor has not had.
    fn file(&mut self, least: u64) -> Option<usize> {
        for _ in 0..64 {
            let file = self.any();
            if self.length(file) >= least && self.had.insert(file) {
                return Some(file);
            }
        }
        None
    }

    fn large(&mut self) -> Option<usize> {
        let least = if self.dice.percent(80) { LARGE } else { 3 };
        self.file(least)
    }

    fn length(&self, file: usize) -> u64 {
        self.site.files.get(file).map_or(0, |file| file.length)
    }

    fn ask(&mut self, file: usize, sort: Sort) -> Ask {
        let target = self.site.files.get(file).map(|file| file.target.clone());
        Ask {
            file: Some(file),
            sort,
            target: self.spelled(target.unwrap_or_default()),
            range: None,
            learnt: None,
            closes: self.dice.percent(4),
        }
    }

    fn nothing(&mut self, target: String, sort: Sort) -> Ask {
        Ask {
            file: None,
            sort,
            target,
            range: None,
            learnt: None,
            closes: false,
        }
    }

    /// One of the ways to write a target, which all mean the same file.
    fn spelled(&mut self, target: String) -> String {
        match self.dice.below(10) {
            0 => format!("{target}?page={}&of=a%20book", self.dice.below(10)),
            1 => format!("{target}?"),
            2 | 3 => self.escaped(&target),
            _ => target,
        }
    }

    /// Some letters as `%XX` that need not be.
    fn escaped(&mut self, target: &str) -> String {
        let mut out = String::with_capacity(target.len() * 2);
        let mut digits = 0;
        for letter in target.chars() {
            if letter == '%' {
                digits = 3;
            }
            // What is escaped already stays as it is.
            let is_open = digits == 0 && letter.is_ascii_alphanumeric();
            digits = u8::saturating_sub(digits, 1);
            match is_open && self.dice.percent(15) {
                true if self.dice.percent(50) => out.push_str(&format!("%{:02X}", letter as u32)),
                true => out.push_str(&format!("%{:02x}", letter as u32)),
                false => out.push(letter),
            }
        }
        out
    }

    fn whole(&mut self, file: usize) -> Ask {
        self.ask(file, Sort::Whole)
    }

    /// A request for these bytes, whatever they are.
    fn part(&mut self, file: usize, range: String, spans: &[Span]) -> Ask {
        let mut ask = self.ask(file, Sort::Part(union(spans)));
        ask.range = Some(range);
        ask
    }

    fn in_turn(&mut self) -> Option<Act> {
        let count = self.dice.between(2, 7);
        let mut asks = Vec::new();
        for _ in 0..count {
            // What this visitor has had enough of is left out.
            self.simple(&mut asks).unwrap_or_default();
        }
        (!asks.is_empty()).then_some(Act::InTurn(asks))
    }

    fn simple(&mut self, asks: &mut Vec<Ask>) -> Option<()> {
        match self.dice.below(20) {
            0..6 => {
                let file = self.file(0)?;
                asks.push(self.whole(file));
            }
            6..9 => {
                let file = self.file(2)?;
                asks.push(self.one_range(file));
            }
            9 => {
                let file = self.file(64)?;
                asks.push(self.overlapping(file));
            }
            10 | 11 => {
                let file = self.file(64)?;
                asks.push(self.several(file));
            }
            12 => {
                let file = self.file(1)?;
                let length = self.dice.between(1, 2).min(self.length(file));
                let range = format!("bytes=0-{}", length - 1);
                asks.push(self.part(file, range, &[Span { start: 0, length }]));
            }
            13 | 14 => {
                let file = self.any();
                asks.push(self.ask(file, Sort::Head));
            }
            15 | 16 => self.not_modified(asks),
            17 => {
                // Of an empty file, some servers send the whole instead, which they may (RFC 9110 14.2).
                let files = 0..self.site.files.len();
                let long: Vec<usize> = files.filter(|file| self.length(*file) > 0).collect();
                let file = *self.dice.one(&long)?;
                let mut ask = self.ask(file, Sort::Unsatisfiable);
                ask.range = Some(format!("bytes={}-", self.length(file)));
                asks.push(ask);
            }
            18 => {
                let file = self.any();
                let target = self.site.files.get(file).map(|file| file.target.as_str());
                let target = format!("{}.gone-{}", target.unwrap_or_default(), self.dice.below(9));
                asks.push(self.nothing(target, Sort::Missing));
            }
            _ => {
                let slash = if self.dice.percent(50) { "/" } else { "" };
                if let Some(directory) = self.dice.one(&self.site.directories) {
                    let target = format!("{directory}{slash}");
                    asks.push(self.nothing(target, Sort::Directory));
                }
            }
        }
        Some(())
    }

    /// A file whose content is not asked for.
    fn any(&mut self) -> usize {
        usize::try_from(self.dice.below(self.site.files.len() as u64)).unwrap_or_default()
    }

    /// A HEAD, and the same again on the condition that it has changed.
    fn not_modified(&mut self, asks: &mut Vec<Ask>) {
        let file = self.any();
        asks.push(self.ask(file, Sort::Head));
        let mut again = self.ask(file, Sort::NotModified);
        again.learnt = match self.dice.percent(50) {
            true => Some(Learnt::SameEtag),
            false => Some(Learnt::SameTime),
        };
        asks.push(again);
    }

    /// Any of the three forms (RFC 9110 14.1.2).
    fn one_range(&mut self, file: usize) -> Ask {
        let length = self.length(file);
        let start = self.dice.below(length);
        let end = self.dice.between(start, length - 1);
        let (range, start, end) = match self.dice.below(4) {
            0 => (format!("bytes={start}-"), start, length - 1),
            1 => (format!("bytes=-{}", length - start), start, length - 1),
            2 => (format!("bytes={start}-{}", length + 7), start, length - 1),
            _ => (format!("bytes={start}-{end}"), start, end),
        };
        let span = Span {
            start,
            length: end - start + 1,
        };
        self.part(file, range, &[span])
    }

    fn overlapping(&mut self, file: usize) -> Ask {
        let length = self.length(file);
        let middle = self.dice.between(8, length / 2);
        let end = self.dice.between(middle + 1, length - 1);
        let back = middle - self.dice.between(1, 7);
        let spans = [
            Span {
                start: 0,
                length: middle,
            },
            Span {
                start: back,
                length: end - back + 1,
            },
        ];
        let range = format!("bytes=0-{},{back}-{end}", middle - 1);
        self.part(file, range, &spans)
    }

    fn several(&mut self, file: usize) -> Ask {
        let length = self.length(file);
        let count = self.dice.between(2, 5);
        let step = length / count;
        let mut spans = Vec::new();
        for number in 0..count {
            let start = number * step + self.dice.below(step / 3 + 1);
            let most = (number + 1) * step - start - 1;
            spans.push(Span {
                start,
                length: self.dice.between(1, most.max(1)),
            });
        }
        let words = spans
            .iter()
            .map(|span| format!("{}-{}", span.start, span.end() - 1));
        let range = format!("bytes={}", words.collect::<Vec<_>>().join(","));
        self.part(file, range, &spans)
    }

    fn twice(&mut self) -> Option<Act> {
        let file = self.file(0)?;
        Some(Act::InTurn(vec![self.whole(file), self.whole(file)]))
    }

    /// Ranges of one file in any order, which are the whole together, or all but one of them.
    fn in_pieces(&mut self) -> Option<Act> {
        let file = self.file(64)?;
        let count = self.dice.between(2, 5);
        let mut asks = self.pieces(file, count, 7);
        if self.dice.percent(30) {
            asks.pop();
        }
        Some(Act::InTurn(asks))
    }

    fn together(&mut self) -> Option<Act> {
        let file = self.file(LARGE / 2)?;
        let count = PARTS.min(self.length(file).max(1));
        Some(Act::Together(self.pieces(file, count, 0)))
    }

    /// So many pieces, each with up to so many bytes of the one before.
    fn pieces(&mut self, file: usize, count: u64, overlap: u64) -> Vec<Ask> {
        let length = self.length(file);
        let mut asks = Vec::new();
        for number in 0..count {
            let start = (number * length / count).saturating_sub(self.dice.below(overlap + 1));
            let end = (number + 1) * length / count;
            let span = Span {
                start,
                length: end - start,
            };
            let range = format!("bytes={start}-{}", end - 1);
            let place = usize::try_from(self.dice.below(number + 1)).unwrap_or_default();
            let ask = self.part(file, range, &[span]);
            asks.insert(place, ask);
        }
        asks
    }

    fn abort(&mut self, resumes: bool) -> Option<Act> {
        let file = self.large()?;
        let mut ask = self.whole(file);
        let mut length = self.length(file);
        if !resumes && self.dice.percent(30) {
            ask = self.one_range(file);
            if let Sort::Part(spans) = &ask.sort {
                length = spans.iter().map(|span| span.length).sum();
            }
        }
        ask.closes = false;
        let after = match self.dice.below(4) {
            0 => self.dice.below(2000.min(length)),
            _ => self.dice.below(length),
        };
        let buffer = self.narrow();
        Some(Act::Abort {
            ask,
            after,
            buffer,
            resumes,
        })
    }

    fn narrow(&mut self) -> usize {
        self.dice.one(&NARROW).copied().unwrap_or(32 * 1024)
    }

    fn pipeline(&mut self) -> Option<Act> {
        let mut asks = Vec::new();
        for least in [1, 1, LARGE] {
            let file = self.file(least)?;
            let mut ask = self.whole(file);
            ask.closes = false;
            asks.push(ask);
        }
        let buffer = self.narrow();
        Some(Act::Pipeline(asks, buffer))
    }

    fn slowly(&mut self) -> Option<Act> {
        let file = self.large()?;
        let ask = self.whole(file);
        let buffer = self.narrow();
        Some(Act::Slowly(ask, buffer))
    }

    /// A HEAD, and a range on the condition that it is of the same file: it is, or the whole comes.
    fn conditional_range(&mut self) -> Option<Act> {
        let file = self.file(2)?;
        let head = self.ask(file, Sort::Head);
        let mut range = self.one_range(file);
        range.learnt = Some(Learnt::RangeOfSame);
        if self.dice.percent(60) {
            range.learnt = Some(Learnt::RangeOfOther);
            range.sort = Sort::Whole;
        }
        Some(Act::InTurn(vec![head, range]))
    }
}
