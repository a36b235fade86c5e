//! The values of a mix file that have a form of their own.
//!
//! Promises: what is read means one thing; what is wrong is said in words.

use crate::amounts;

/// Which bytes are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// These, as they go on the wire.
    Said(String),
    /// So many, at places that are drawn.
    Random(u64),
}

/// Where a body is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Before this byte.
    At(u64),
    /// Between these hundredths of the file.
    Share(u64, u64),
}

/// Reads `0-99`, `100-`, `-100`, several of them, or `random:64KiB`.
pub(super) fn range(text: &str) -> Result<Range, String> {
    if let Some(size) = text.strip_prefix("random:") {
        return match amounts::bytes(size)? {
            0 => Err("a range has at least one byte".into()),
            size => Ok(Range::Random(size)),
        };
    }
    let is_said = text.split(',').all(|part| is_range(part.trim_ascii()));
    match is_said {
        true => Ok(Range::Said(text.to_owned())),
        false => Err(format!(
            "{text:?} is not a range: write 0-99, 100-, -100 or random:64KiB"
        )),
    }
}

fn is_range(text: &str) -> bool {
    let Some((first, last)) = text.split_once('-') else {
        return false;
    };
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| text.parse::<u64>().ok();
    if !is_number(first) || !is_number(last) {
        return false;
    }
    match (number(first), number(last)) {
        (Some(first), Some(last)) => first <= last,
        (Some(_), None) => last.is_empty(),
        (None, Some(_)) => first.is_empty(),
        (None, None) => false,
    }
}

/// Reads `10KiB`, `50%` or `10%..90%`.
pub(super) fn cut(text: &str) -> Result<Cut, String> {
    if !text.contains('%') {
        return amounts::bytes(text).map(Cut::At);
    }
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let percent = |text: &str| {
        let digits = text.strip_suffix('%')?;
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let percent = digits.parse::<u64>().ok().filter(|_| is_number)?;
        (percent <= 100).then_some(percent)
    };
    match (percent(from), percent(to)) {
        (Some(from), Some(to)) if from <= to => Ok(Cut::Share(from, to)),
        _ => Err(format!(
            "{text:?} is not a place to cut at: write 10KiB, 50% or 10%..90%"
        )),
    }
}

/// Reads `50KiB/s`; the `/s` may be left out. Never 0.
pub fn rate(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a rate: write 50KiB/s or 2MiB/s");
    let size = text.strip_suffix("/s").unwrap_or(text);
    match amounts::bytes(size).map_err(|_| wrong())? {
        0 => Err("at 0 bytes a second nothing would ever come".into()),
        rate => Ok(rate),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_http_or_drawn() {
        for text in ["0-99", "100-", "-100", "7-7", "0-1, 4-5,-1"] {
            assert_eq!(range(text), Ok(Range::Said(text.into())));
        }
        assert_eq!(range("random:64KiB"), Ok(Range::Random(65_536)));
        for text in [
            "",
            "-",
            "9-1",
            "a-b",
            "1",
            "0-9,",
            "+1-2",
            "1--2",
            "random:0",
            "random:",
            "random:1KB",
            "99999999999999999999-",
            "0-99999999999999999999",
            "0-9\r\nX: y",
        ] {
            assert!(range(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn cuts_are_bytes_or_shares() {
        assert_eq!(cut("10KiB"), Ok(Cut::At(10_240)));
        assert_eq!(cut("50%"), Ok(Cut::Share(50, 50)));
        assert_eq!(cut("0%..100%"), Ok(Cut::Share(0, 100)));
        for text in ["", "101%", "90%..10%", "%", "10..90%", "+5%", "1KiB..50%"] {
            assert!(cut(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn rates_are_sizes_a_second() {
        assert_eq!(rate("50KiB/s"), Ok(51_200));
        assert_eq!(rate("1000"), Ok(1000));
        for text in ["", "/s", "0", "0/s", "1KiB/m", "fast"] {
            assert!(rate(text).is_err(), "{text:?}");
        }
    }
}
