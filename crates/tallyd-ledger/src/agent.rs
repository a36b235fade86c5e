//! Classes of agents: what kind of program a User-Agent names, from a kept list (`data/agents.txt`, renewed by
//! `data/refresh.py`).
//!
//! Promises: any bytes have a class, found in one pass over them (300 ns for a browser) and without an allocation.
//! What is declared is believed: who wants to look like a browser does. Pure.

use std::collections::HashMap;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, Match};

use crate::facts::Class;

/// The list that comes with the program.
const LIST: &str = include_str!("../data/agents.txt");

/// Classes by name, the one that wins first: a health check that says it is curl is a health check, and a library that
/// says it is compatible with a browser is a library.
const WORDS: [(&str, Class); 4] = [
    ("internal", Class::Internal),
    ("tool", Class::Tool),
    ("bot", Class::Bot),
    ("person", Class::Person),
];

/// How many agents a worker remembers. A busy site sees some hundreds in an hour.
const MOST_KNOWN: usize = 1024;

/// Longer agents are looked at each time, so that nobody fills the memory with them.
const LONGEST_KNOWN: usize = 512;

/// A list of agents, ready to be looked up.
#[derive(Clone, Debug, Default)]
pub struct Agents {
    /// Finds the texts of all rules at once; nothing if there are none.
    texts: Option<AhoCorasick>,
    /// The rule of each text.
    rules: Vec<Rule>,
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    /// Its place in [`WORDS`]: the lowest wins.
    rank: usize,
    place: Place,
}

/// Where a text counts.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// `^TEXT`: at the beginning of the agent.
    Beginning,
    /// `=TEXT`: the whole agent.
    Whole,
    /// `TEXT`: where a word begins, so that `sonic` is not found in `Panasonic`.
    Word,
    /// `*TEXT`: anywhere.
    Anywhere,
}

/// What stands before a text.
const MARKS: [(char, Place); 3] = [
    ('^', Place::Beginning),
    ('=', Place::Whole),
    ('*', Place::Anywhere),
];

impl Agents {
    /// The list that comes with the program. Building it takes 4 ms.
    #[must_use]
    pub fn builtin() -> Agents {
        // A test holds that it can be read.
        Agents::parse(LIST).unwrap_or_default()
    }

    /// Reads a list: one `CLASS TEXT` in each line, `#` before comments.
    ///
    /// # Errors
    ///
    /// The number of the first wrong line, and what is wrong with it; number 0 if the list is too large.
    pub fn parse(list: &str) -> Result<Agents, (usize, String)> {
        let mut texts = Vec::new();
        let mut rules = Vec::new();
        for (number, line) in (1..).zip(list.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let (rule, text) = rule_of(line).map_err(|problem| (number, problem))?;
                rules.push(rule);
                texts.push(text);
            }
        }
        let texts = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .build(texts)
            .map_err(|error| (0, error.to_string()))?;
        let texts = (!rules.is_empty()).then_some(texts);
        Ok(Agents { texts, rules })
    }

    /// The class of an agent: the first class that any line gives it, unknown if none does.
    #[must_use]
    pub fn class(&self, agent: &[u8]) -> Class {
        let Some(texts) = &self.texts else {
            return Class::Unknown;
        };
        let mut best = WORDS.len();
        for found in texts.find_overlapping_iter(agent) {
            let rule = self.rules.get(found.pattern().as_usize());
            if let Some(rule) =
                rule.filter(|rule| rule.rank < best && rule.place.allows(agent, &found))
            {
                best = rule.rank;
            }
        }
        WORDS.get(best).map_or(Class::Unknown, |(_, class)| *class)
    }
}

/// One line: `CLASS TEXT`.
fn rule_of(line: &str) -> Result<(Rule, &str), String> {
    let (word, text) = line.split_once(' ').unwrap_or((line, ""));
    let rank = WORDS.iter().position(|(known, _)| *known == word);
    let rank = rank.ok_or_else(|| {
        format!("unknown class {word:?}; there are internal, tool, bot and person")
    })?;
    let text = text.trim_start();
    let marked = |(mark, place)| Some((place, text.strip_prefix(mark)?));
    let (place, text) = MARKS
        .into_iter()
        .find_map(marked)
        .unwrap_or((Place::Word, text));
    if text.is_empty() {
        return Err(format!("no text after {word:?}"));
    }
    Ok((Rule { rank, place }, text))
}

impl Place {
    fn allows(self, agent: &[u8], found: &Match) -> bool {
        let at = found.start();
        let is_word = |at: usize| agent.get(at).is_some_and(u8::is_ascii_alphanumeric);
        match self {
            Place::Beginning => at == 0,
            Place::Whole => found.range() == (0..agent.len()),
            Place::Word => !is_word(at) || !at.checked_sub(1).is_some_and(is_word),
            Place::Anywhere => true,
        }
    }
}

/// What one worker remembers of agents, so that only new ones are looked up.
#[derive(Debug)]
pub struct Classes {
    agents: Arc<Agents>,
    known: HashMap<Box<[u8]>, Class>,
}

impl Classes {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(agents: Arc<Agents>) -> Classes {
        Classes {
            agents,
            known: HashMap::new(),
        }
    }

    /// The class of an agent. Allocates for one that is new.
    pub fn class(&mut self, agent: &[u8]) -> Class {
        if let Some(class) = self.known.get(agent) {
            return *class;
        }
        let class = self.agents.class(agent);
        if agent.len() <= LONGEST_KNOWN {
            // Rarely, and cheaper than to keep account of which was used last.
            if self.known.len() >= MOST_KNOWN {
                self.known.clear();
            }
            self.known.insert(agent.into(), class);
        }
        class
    }
}

#[cfg(test)]
mod tests;
