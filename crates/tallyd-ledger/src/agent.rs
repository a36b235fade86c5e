//! Classes of agents: what kind of program a User-Agent names, from a kept list (`data/agents.txt`, renewed by
//! `data/refresh.py`).
//!
//! Promises: any bytes have a class, found in one pass over them (0.8 us for a browser) and without an allocation.
//! What is declared is believed: who wants to look like a browser does. Pure.

mod texts;

use std::collections::HashMap;
use std::sync::Arc;

use crate::facts::Class;
use texts::Texts;

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

/// A list of agents, ready to be looked up. Apart by where texts count: most are looked for only where a word begins.
#[derive(Clone, Debug, Default)]
pub struct Agents {
    /// `^TEXT` and `=TEXT`.
    beginnings: Texts,
    /// `TEXT`.
    words: Texts,
    /// `*TEXT`.
    anywhere: Texts,
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    /// Its place in [`WORDS`]: the lowest wins.
    rank: usize,
    place: Place,
}

/// Where a text counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The list that comes with the program. Building it takes 0.3 ms of each start.
    #[must_use]
    pub fn builtin() -> Agents {
        // A test holds that it can be read.
        Agents::parse(LIST).unwrap_or_default()
    }

    /// Reads a list: one `CLASS TEXT` in each line, `#` before comments.
    ///
    /// # Errors
    ///
    /// The number of the first wrong line, and what is wrong with it.
    pub fn parse(list: &str) -> Result<Agents, (usize, String)> {
        let mut agents = Agents::default();
        for (number, line) in (1..).zip(list.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let (rule, text) = rule_of(line).map_err(|problem| (number, problem))?;
                agents.texts(rule.place).push(text, rule);
            }
        }
        agents.beginnings.sort();
        agents.words.sort();
        agents.anywhere.sort();
        Ok(agents)
    }

    fn texts(&mut self, place: Place) -> &mut Texts {
        match place {
            Place::Beginning | Place::Whole => &mut self.beginnings,
            Place::Word => &mut self.words,
            Place::Anywhere => &mut self.anywhere,
        }
    }

    /// The class of an agent: the first class that any line gives it, unknown if none does.
    #[must_use]
    pub fn class(&self, agent: &[u8]) -> Class {
        let mut best = WORDS.len();
        let mut found = |length: usize, rule: &Rule| {
            if rule.place != Place::Whole || length == agent.len() {
                best = best.min(rule.rank);
            }
        };
        self.beginnings.each(agent, &mut found);
        let mut was_word = false;
        for (at, byte) in agent.iter().enumerate() {
            let rest = agent.get(at..).unwrap_or_default();
            let is_word = byte.is_ascii_alphanumeric();
            if !is_word || !was_word {
                self.words.each(rest, &mut found);
            }
            self.anywhere.each(rest, &mut found);
            was_word = is_word;
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
