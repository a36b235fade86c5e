//! How long test files are: all the same, within a range, or as on the web.

use std::fmt;

use super::draw::{key, mix, power, unit};
use crate::amounts;

/// Sets the draw of a length apart from the content of the same file.
const LENGTH: u64 = 0x6c65_6e67_7468_7321;

/// The longest length: what an offset in a file can say.
const LONGEST: u64 = i64::MAX as u64;

/// Our own table of the web: so many of a thousand files are shorter than so many bytes; in between the logarithm
/// is uniform. Its shape is the well-known one of SURGE (Barford and Crovella 1998), a lognormal body
/// (mu 9.357, sigma 1.318) below 133 kB and a Pareto tail (alpha 1.1) for the last 7 %, read off at these
/// thousandths, rounded, and cut at 50 MB. It claims nothing about the web of today.
const WEB: [(u32, u64); 13] = [
    (0, 100),
    (10, 600),
    (50, 1_500),
    (100, 2_400),
    (250, 4_900),
    (500, 11_700),
    (750, 29_200),
    (900, 85_000),
    (930, 133_000),
    (970, 290_000),
    (990, 780_000),
    (999, 6_300_000),
    (1000, 50_000_000),
];

/// The mean of [`Sizes::Web`] in bytes. Half of the files are shorter than 11 700 bytes.
pub const WEB_MEAN: u64 = 81_289;

/// How long files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// All of this length.
    Fixed(u64),
    /// Between these, both possible; the logarithm is uniform.
    Range(Range),
    /// As on the web: mostly small, a few very large.
    Web,
}

/// A shortest and a longest length; neither is 0, and they are in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    shortest: u64,
    longest: u64,
}

impl Sizes {
    /// Reads `10KiB`, `1KiB..1MiB` or `web`; what is wrong is said in words.
    pub fn parse(text: &str) -> Result<Sizes, String> {
        if text == "web" {
            return Ok(Sizes::Web);
        }
        let Some((shortest, longest)) = text.split_once("..") else {
            return bytes(text).map(Sizes::Fixed);
        };
        let (shortest, longest) = (bytes(shortest)?, bytes(longest)?);
        if shortest == 0 {
            return Err("a range begins at 1 byte or more: its logarithm is uniform".into());
        }
        if shortest > longest {
            return Err(format!(
                "the range is empty: {} is more than {}",
                in_words(shortest),
                in_words(longest)
            ));
        }
        Ok(Sizes::Range(Range { shortest, longest }))
    }

    /// The length of a file.
    #[must_use]
    pub fn length(self, seed: u64, number: u64) -> u64 {
        let share = || unit(mix(key(seed, number) ^ LENGTH));
        match self {
            Sizes::Fixed(length) => length,
            Sizes::Range(Range { shortest, longest }) => between(shortest, longest, share()),
            Sizes::Web => on_the_web(share()),
        }
    }
}

/// The length at this share of the way, by its logarithm.
fn between(shortest: u64, longest: u64, share: f64) -> u64 {
    let ratio = longest as f64 / shortest as f64;
    let length = shortest as f64 * power(ratio, share);
    // `as` saturates, and the ends hold whatever was rounded.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded, positive, and clamped"
    )]
    let length = length.round() as u64;
    length.clamp(shortest, longest)
}

fn on_the_web(share: f64) -> u64 {
    let thousandths = share * 1000.0;
    let (mut share_before, mut shorter) = (0, 0);
    for (share_here, longer) in WEB {
        if thousandths < f64::from(share_here) {
            let width = f64::from(share_here - share_before);
            let share = (thousandths - f64::from(share_before)) / width;
            return between(shorter, longer, share);
        }
        (share_before, shorter) = (share_here, longer);
    }
    shorter
}

/// Reads `16KiB`, `1MiB`, `2GiB` or a plain number, as sizes are written everywhere in tallyd.
fn bytes(text: &str) -> Result<u64, String> {
    let bytes = amounts::bytes(text).map_err(|_| {
        format!(
            "{text:?} is not a size: write 10KiB, 1KiB..1MiB or web; a plain number means bytes"
        )
    })?;
    match bytes <= LONGEST {
        true => Ok(bytes),
        false => Err(format!("{text} is longer than a file can be")),
    }
}

/// `16KiB` for 16384: the largest unit that divides it.
fn in_words(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    bytes.to_string()
}

/// As it is typed: [`Sizes::parse`] reads it again.
impl fmt::Display for Sizes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sizes::Fixed(length) => out.write_str(&in_words(*length)),
            Sizes::Range(Range { shortest, longest }) => {
                write!(out, "{}..{}", in_words(*shortest), in_words(*longest))
            }
            Sizes::Web => out.write_str("web"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_in_several_ways_and_shown_in_one() {
        for (text, shown) in [
            ("0", "0"),
            ("10KiB", "10KiB"),
            ("10k", "10KiB"),
            ("1024", "1KiB"),
            ("1500b", "1500"),
            ("1KiB..1MiB", "1KiB..1MiB"),
            ("1..2G", "1..2GiB"),
            ("web", "web"),
        ] {
            let sizes = Sizes::parse(text).unwrap();
            assert_eq!(sizes.to_string(), shown);
            assert_eq!(Sizes::parse(shown), Ok(sizes));
        }
    }

    #[test]
    fn what_is_no_size_is_said() {
        for (text, words) in [
            ("", "is not a size"),
            ("10KB", "is not a size"),
            ("-1", "is not a size"),
            ("Web", "is not a size"),
            ("1..", "is not a size"),
            ("1KiB...2KiB", "is not a size"),
            ("99999999999999999999", "is not a size"),
            ("9999999999GiB", "longer than a file"),
            ("0..1MiB", "begins at 1 byte"),
            ("2KiB..1KiB", "the range is empty"),
        ] {
            let error = Sizes::parse(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn a_range_is_kept_and_its_logarithm_is_uniform() {
        let sizes = Sizes::parse("1KiB..1MiB").unwrap();
        let lengths: Vec<u64> = (1..=20_000).map(|n| sizes.length(3, n)).collect();
        let all = |length: &u64| (1 << 10..=1 << 20).contains(length);
        assert!(lengths.iter().all(all));
        // Half of the way by the logarithm is 32 KiB; four standard deviations of a half are 283.
        let below = lengths.iter().filter(|length| **length < 1 << 15).count();
        assert!(below.abs_diff(10_000) < 283, "{below}");
        let one = Sizes::parse("7..7").unwrap();
        assert_eq!(one.length(1, 1), 7);
    }

    #[test]
    fn the_ends_of_a_range_are_possible() {
        assert_eq!(between(1, u64::MAX >> 1, 0.0), 1);
        let sizes = Sizes::parse("1..3").unwrap();
        let lengths: Vec<u64> = (1..=100).map(|n| sizes.length(1, n)).collect();
        assert!([1, 2, 3].iter().all(|length| lengths.contains(length)));
    }

    #[test]
    fn the_web_has_the_mean_and_the_median_that_are_said() {
        // The mean of what is uniform by its logarithm between a and b is (b - a) / ln(b / a).
        let steps = WEB.iter().zip(WEB.iter().skip(1));
        let mean: f64 = steps
            .map(|((before, a), (after, b))| {
                let (a, b) = (*a as f64, *b as f64);
                f64::from(after - before) / 1000.0 * (b - a) / (b / a).ln()
            })
            .sum();
        assert!((mean - WEB_MEAN as f64).abs() < 1.0, "{mean}");

        let count = 100_000;
        let mut lengths: Vec<u64> = (1..=count).map(|n| Sizes::Web.length(1, n)).collect();
        lengths.sort_unstable();
        assert!(lengths[0] >= 100 && lengths[lengths.len() - 1] <= 50_000_000);
        // The standard error of so many is 3 % of the mean.
        let drawn = lengths.iter().sum::<u64>() as f64 / count as f64;
        assert!((drawn / mean - 1.0).abs() < 0.1, "{drawn}");
        let median = lengths[lengths.len() / 2] as f64;
        assert!((median / 11_700.0 - 1.0).abs() < 0.02, "{median}");
    }
}
