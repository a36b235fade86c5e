//! How single values are written: numbers, times, sizes, switches and fixed choices.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use super::nearest;

/// `true` or `false`, and the words that environments use for them.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(format!("{text:?} is neither true nor false")),
    }
}

/// One of a few words.
pub(super) fn choice<V: Copy>(text: &str, choices: &[(&str, V)]) -> Result<V, String> {
    let names = || choices.iter().map(|(name, _)| *name);
    match choices.iter().find(|(name, _)| *name == text) {
        Some((_, value)) => Ok(*value),
        None => Err(format!(
            "{text:?} is not one of {}{}",
            names().collect::<Vec<_>>().join(", "),
            nearest::hint(text, names())
        )),
    }
}

/// A whole number within a range.
pub(super) fn number<N>(text: &str, range: RangeInclusive<N>) -> Result<N, String>
where
    N: FromStr + PartialOrd + Display,
{
    let (least, most) = (range.start(), range.end());
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!(
            "{text:?} is not a whole number from {least} to {most}"
        )),
    }
}

/// A time: `500ms`, `3s`, `2m`, `1h`, or a plain number of seconds.
pub(super) fn time(text: &str, range: RangeInclusive<Duration>) -> Result<Duration, String> {
    let (count, unit) = split_unit(text);
    let milliseconds = match unit {
        "ms" => Some(1),
        "s" | "" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let Some((count, milliseconds)) = count.parse::<u64>().ok().zip(milliseconds) else {
        return Err(format!(
            "{text:?} is not a time: write 500ms, 3s, 2m or 1h; a plain number means seconds"
        ));
    };
    let time = Duration::from_millis(count.saturating_mul(milliseconds));
    within(time, &range, text, |time| format!("{time:?}"))
}

/// A size: `16KiB`, `1MiB`, `2GiB`, or a plain number of bytes.
pub(super) fn size(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let (count, unit) = split_unit(text);
    let bytes = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        // KB and MB mean 1000 to some and 1024 to others, so they mean nothing here.
        _ => None,
    };
    let Some((count, bytes)) = count.parse::<u64>().ok().zip(bytes) else {
        return Err(format!(
            "{text:?} is not a size: write 16KiB, 1MiB or 2GiB; a plain number means bytes"
        ));
    };
    within(count.saturating_mul(bytes), &range, text, |size| {
        bytes_in_words(*size)
    })
}

/// Like [`size`], for what must fit the address space.
pub(super) fn memory(text: &str, range: RangeInclusive<u64>) -> Result<usize, String> {
    let size = size(text, range)?;
    usize::try_from(size).map_err(|_| format!("{text} is more than this machine can address"))
}

/// The digits at the front, and the unit behind them.
fn split_unit(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (count, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    (count, unit.trim_start())
}

fn within<V: PartialOrd>(
    value: V,
    range: &RangeInclusive<V>,
    text: &str,
    show: impl Fn(&V) -> String,
) -> Result<V, String> {
    if range.contains(&value) {
        return Ok(value);
    }
    let (least, most) = (show(range.start()), show(range.end()));
    Err(format!(
        "{text} is out of range: it must be from {least} to {most}"
    ))
}

/// `16KiB` for 16384; the largest unit that divides it.
fn bytes_in_words(size: u64) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if size >= unit && size.is_multiple_of(unit) {
            return format!("{}{name}", size / unit);
        }
    }
    format!("{size} bytes")
}
