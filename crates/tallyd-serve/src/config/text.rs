//! Values from the environment and from flags: how plain text becomes words.
//!
//! A list is separated by commas. A map has one `key=value` for each flag, and one on each line of a
//! variable: neither commas nor semicolons could separate them, because header values contain both.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::options::{Definition, Kind};
use super::problem::{Outcome, Place};
use super::typed::{Layer, Typed, TypedHost, Word};

/// Adds what was typed for an option to a layer.
pub(super) fn add(
    layer: &mut Layer,
    option: &Definition,
    values: &[OsString],
    place: &Place,
) -> Outcome {
    let typed = match option.kind {
        Kind::Switch | Kind::Amount | Kind::Text | Kind::Choice(_) => match values {
            [value] => Typed::of(value, place.clone()),
            _ => return Err(vec![place.problem("expected one value")]),
        },
        Kind::List => list(values, place)?,
        Kind::Map | Kind::MultiMap => map(option, values, place)?,
        Kind::Hosts => {
            layer.hosts = Some(hosts(map(option, values, place)?));
            return Ok(());
        }
    };
    layer.options.insert(option.name, typed);
    Ok(())
}

/// The items of a list, without the blanks around them.
pub(super) fn list_items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// Text that is not UTF-8 stays one item: `listen` and the like will say what is wrong with it.
fn list(values: &[OsString], place: &Place) -> Outcome<Typed> {
    let mut words = Vec::new();
    for value in without_off(values) {
        match value.to_str() {
            Some(text) => words.extend(list_items(text).map(|item| Word::of(item, place.clone()))),
            None => words.push(Word::of(value, place.clone())),
        }
    }
    let place = place.clone();
    Ok(Typed { place, words })
}

fn map(option: &Definition, values: &[OsString], place: &Place) -> Outcome<Typed> {
    let mut words = Vec::new();
    let mut problems = Vec::new();
    for entry in without_off(values).iter().flat_map(lines) {
        match map_entry(entry, place) {
            Some(word) => words.push(word),
            None => problems.push(place.problem(format!("{entry:?} is not {}", option.value))),
        }
    }
    if option.kind != Kind::MultiMap {
        problems.extend(doubles(&words));
    }
    let place = place.clone();
    if problems.is_empty() {
        Ok(Typed { place, words })
    } else {
        Err(problems)
    }
}

fn doubles(words: &[Word]) -> Vec<super::Problem> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for word in words {
        let count = count.entry(&word.key).or_default();
        *count += 1;
        if *count == 2 {
            problems.push(word.place.problem(format!("{:?} is given twice", word.key)));
        }
    }
    problems
}

fn hosts(map: Typed) -> Vec<TypedHost> {
    let host = |word: Word| TypedHost {
        name: word.key,
        options: BTreeMap::from([("root", Typed::of(word.value, word.place.clone()))]),
        place: word.place,
    };
    map.words.into_iter().map(host).collect()
}

/// A list or map may be emptied by the word `off`.
fn without_off(values: &[OsString]) -> &[OsString] {
    match values {
        [only] if only == "off" => &[],
        values => values,
    }
}

/// Lines that say something. Bytes, not text: the directory of a host need not be UTF-8.
fn lines(value: &OsString) -> impl Iterator<Item = &OsStr> {
    value
        .as_bytes()
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .map(OsStr::from_bytes)
}

fn map_entry(entry: &OsStr, place: &Place) -> Option<Word> {
    let bytes = entry.as_bytes();
    let equals = bytes.iter().position(|byte| *byte == b'=')?;
    let (key, value) = bytes.split_at_checked(equals)?;
    let key = std::str::from_utf8(key.trim_ascii()).ok()?.to_owned();
    let value = OsStr::from_bytes(value.get(1..)?.trim_ascii()).to_owned();
    let place = place.clone();
    (!key.is_empty()).then_some(Word { key, value, place })
}
