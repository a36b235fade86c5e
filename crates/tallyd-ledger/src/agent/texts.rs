//! The texts of a list, by how they begin: what is looked for at one place of an agent is one look-up.
//!
//! Promises: finds every text that stands at that place, in capitals or not; is built in 0.3 ms from the list that comes
//! with the program, because a server builds it before it answers anybody: an automaton took 4 ms. Knows no agent and no class.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;

use super::Rule;

/// Bytes by which a text is looked up; of a shorter one all of it, and zeros.
const KEY: usize = 4;

/// Texts, each with its rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    /// All texts, one behind the other, in small letters.
    letters: Vec<u8>,
    /// Those of one key side by side, once they are sorted.
    texts: Vec<Text>,
    keys: HashMap<u32, Range<usize>, RandomState>,
    /// What of a key remains for a text of each length that there is.
    masks: Vec<u32>,
    /// Whether a text begins with this byte; nothing as long as there are no texts.
    firsts: Vec<bool>,
}

#[derive(Clone, Debug)]
struct Text {
    key: u32,
    letters: Range<usize>,
    rule: Rule,
}

impl Texts {
    /// Puts one more to them. It is found once they are sorted.
    pub(super) fn push(&mut self, text: &str, rule: Rule) {
        let start = self.letters.len();
        self.letters
            .extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        let letters = start..self.letters.len();
        self.texts.push(Text {
            key: key(text.as_bytes()),
            letters,
            rule,
        });
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Makes all that were put to them findable.
    pub(super) fn sort(&mut self) {
        self.texts.sort_unstable_by_key(|text| text.key);
        let mut masks = Vec::new();
        let mut firsts = [false; 256];
        self.keys.reserve(self.texts.len());
        for (place, text) in self.texts.iter().enumerate() {
            let places = self.keys.entry(text.key).or_insert(place..place);
            places.end = place + 1;
            let mask = mask(text.letters.len());
            if !masks.contains(&mask) {
                masks.push(mask);
            }
            let first = self.letters.get(text.letters.start).copied();
            for byte in first.into_iter().flat_map(both_cases) {
                if let Some(is_first) = firsts.get_mut(usize::from(byte)) {
                    *is_first = true;
                }
            }
        }
        self.masks = masks;
        self.firsts = firsts.to_vec();
    }

    /// Tells of each text that `rest` begins with how long it is and its rule; of some of them twice, if there are zeros
    /// in `rest`.
    #[inline]
    pub(super) fn each(&self, rest: &[u8], mut found: impl FnMut(usize, &Rule)) {
        let first = rest.first().map_or(0, |byte| usize::from(*byte));
        if !self.firsts.get(first).is_some_and(|is_first| *is_first) {
            return;
        }
        let key = key(rest);
        for mask in &self.masks {
            let Some(places) = self.keys.get(&(key & mask)) else {
                continue;
            };
            for text in self.texts.get(places.clone()).unwrap_or_default() {
                let length = text.letters.len();
                let letters = self.letters.get(text.letters.clone()).unwrap_or_default();
                let stands = |there: &[u8]| there.eq_ignore_ascii_case(letters);
                if rest.get(..length).is_some_and(stands) {
                    found(length, &text.rule);
                }
            }
        }
    }
}

/// The first bytes of a text, in small letters.
fn key(text: &[u8]) -> u32 {
    let mut key = [0; KEY];
    for (to, from) in key.iter_mut().zip(text) {
        *to = from.to_ascii_lowercase();
    }
    u32::from_le_bytes(key)
}

/// Ones where a text of this length has a byte in its key.
fn mask(length: usize) -> u32 {
    let mut mask = [0; KEY];
    for byte in mask.iter_mut().take(length) {
        *byte = 0xff;
    }
    u32::from_le_bytes(mask)
}

fn both_cases(byte: u8) -> [u8; 2] {
    [byte, byte.to_ascii_uppercase()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Place;

    fn found(texts: &[&str], rest: &[u8]) -> Vec<String> {
        let mut sorted = Texts::default();
        for (rank, text) in texts.iter().enumerate() {
            let place = Place::Anywhere;
            sorted.push(text, Rule { rank, place });
        }
        sorted.sort();
        let mut found = Vec::new();
        sorted.each(rest, |length, rule| {
            assert_eq!(length, texts[rule.rank].len());
            found.push(texts[rule.rank].to_owned());
        });
        found.sort();
        found.dedup();
        found
    }

    #[test]
    fn every_text_that_stands_there_is_found() {
        let texts = ["a", "ab", "abc", "abcd", "Abcde", "abcdef", "b", "abcx"];
        let all = ["Abcde", "a", "ab", "abc", "abcd"];
        assert_eq!(found(&texts, b"aBCdE fg"), all);
        assert_eq!(found(&texts, b"AB"), ["a", "ab"]);
        assert_eq!(found(&texts, b"b"), ["b"]);
        assert!(found(&texts, b"").is_empty() && found(&texts, b"c").is_empty());
        assert!(found(&[], b"a").is_empty() && found(&[], b"").is_empty());
    }

    #[test]
    fn zeros_are_bytes_like_others() {
        assert_eq!(found(&["a", "a\0", "a\0\0\0b"], b"a\0c"), ["a", "a\0"]);
        assert_eq!(found(&["a\0"], b"a"), [""; 0]);
        assert_eq!(found(&["\0"], b"\0"), ["\0"]);
        assert!(found(&["\0"], b"").is_empty());
    }

    #[test]
    fn letters_beyond_ascii_have_no_case() {
        assert_eq!(found(&["Ä"], "Äx".as_bytes()), ["Ä"]);
        assert!(found(&["Ä"], "äx".as_bytes()).is_empty());
    }
}
