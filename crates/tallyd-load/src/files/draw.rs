//! Numbers by seed: the one mixing function, and a draw that is the same on every machine.
//!
//! Uses no function of floating point that differs between libraries: only those that IEEE 754 fixes to the bit.

/// The odd number nearest to 2^64 divided by the golden ratio: the step of `SplitMix64`.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finish of `SplitMix64` (Steele, Lea and Flood 2014): every bit of `z` decides about every bit of the result.
pub(crate) fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a file is made from, by the seed of its tree and its number.
pub(super) fn key(seed: u64, number: u64) -> u64 {
    mix(mix(seed.wrapping_add(STEP)) ^ number.wrapping_mul(STEP))
}

/// From 0 up to, not including, 1: the upper 53 bits of `word`, which an f64 holds exactly.
pub(super) fn unit(word: u64) -> f64 {
    (word >> 11) as f64 / (1_u64 << 53) as f64
}

/// `base` to the power of `share`, which is from 0 up to 1; `powf` may differ in its last bit between libraries.
pub(super) fn power(base: f64, share: f64) -> f64 {
    let (mut root, mut rest, mut result) = (base, share, 1.0);
    // One root for each binary digit of the share.
    for _ in 0..53 {
        root = root.sqrt();
        rest *= 2.0;
        if rest >= 1.0 {
            rest -= 1.0;
            result *= root;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_function_is_that_of_splitmix64() {
        // The first outputs of SplitMix64 from the state 0, as in its reference code.
        let outputs = [1, 2, 3].map(|turn: u64| mix(turn.wrapping_mul(STEP)));
        let expected = [
            0xe220_a839_7b1d_cdaf,
            0x6e78_9e6a_a1b9_65f4,
            0x06c4_5d18_8009_454f,
        ];
        assert_eq!(outputs, expected);
    }

    #[test]
    fn power_is_that_of_mathematics() {
        for (base, share) in [(1024.0, 0.5), (7.5, 0.123_456), (1e6, 0.999), (3.0, 0.0)] {
            let (ours, theirs) = (power(base, share), f64::powf(base, share));
            assert!((ours / theirs - 1.0).abs() < 1e-12, "{ours} {theirs}");
        }
    }

    #[test]
    fn units_are_below_one() {
        assert!(unit(u64::MAX) < 1.0 && unit(0) == 0.0);
    }
}
