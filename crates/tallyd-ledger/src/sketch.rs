//! Sketches: how many different visitors there were, roughly, in 4 KiB (HyperLogLog).
//!
//! Promises: the same visitor twice changes nothing, and sketches of several days can be merged, which plain
//! numbers of visitors can't. The estimate is wrong by [`ERROR`] on average, from the first visitor to billions.
//! Knows nothing of who a visitor is.

/// How many registers there are; each is one byte.
pub const REGISTERS: usize = 4096;

/// The standard error: in two cases of three, the estimate is off by less than this share.
pub const ERROR: f64 = 1.04 / 64.0;

/// Bits of the hash that choose the register.
const PLACE_BITS: u32 = REGISTERS.trailing_zeros();

/// The rank of a hash whose other bits are all zero.
const MOST_RANK: u8 = 64 - 12 + 1;

/// A sketch of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    registers: Box<[u8; REGISTERS]>,
}

impl Default for Sketch {
    fn default() -> Sketch {
        Sketch {
            registers: Box::new([0; REGISTERS]),
        }
    }
}

/// Which register a hash belongs to, and what that shall hold at least: never less than 1.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "12 bits, and a number up to 53"
)]
pub fn place(hash: u64) -> (u16, u8) {
    let register = (hash >> (u64::BITS - PLACE_BITS)) as u16;
    // The bit that is put in below ends the run of zeros where the hash ends.
    let rest = hash << PLACE_BITS | 1 << (PLACE_BITS - 1);
    (register, rest.leading_zeros() as u8 + 1)
}

impl Sketch {
    /// A register holds at least this from now on; true if it held less. A register that does not exist is none.
    pub fn raise(&mut self, register: u16, rank: u8) -> bool {
        let rank = rank.min(MOST_RANK);
        let register = self.registers.get_mut(usize::from(register));
        register
            .filter(|held| **held < rank)
            .map(|held| *held = rank)
            .is_some()
    }

    /// Whoever is in the other is in this one too.
    pub fn merge(&mut self, other: &Sketch) {
        for (held, more) in self.registers.iter_mut().zip(other.registers.iter()) {
            *held = (*held).max(*more);
        }
    }

    /// How many different hashes were placed, roughly.
    ///
    /// The estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), section
    /// 2.4: one formula for all sizes, without the step and the bias that the original has where it changes from
    /// linear counting (about 10,000 here). For small sets it is as good as linear counting.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` takes the nearest number there is, and the largest for infinity: what is wanted"
    )]
    pub fn estimate(&self) -> u64 {
        let size = REGISTERS as f64;
        let held = |rank: u8| self.registers.iter().filter(|held| **held == rank).count() as f64;
        let mut sum = size * tau(1.0 - held(MOST_RANK) / size);
        for rank in (1..MOST_RANK).rev() {
            sum = 0.5 * (sum + held(rank));
        }
        sum += size * sigma(held(0) / size);
        (size * size / (2.0 * std::f64::consts::LN_2 * sum)).round() as u64
    }

    /// Its bytes, one for each register.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.registers.as_slice()
    }

    /// From its bytes; nothing if they are none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Sketch> {
        let registers: [u8; REGISTERS] = bytes.try_into().ok()?;
        let is_sound = registers.iter().all(|held| *held <= MOST_RANK);
        is_sound.then(|| Sketch {
            registers: Box::new(registers),
        })
    }
}

/// What the registers that are still empty add: x + x^2 + 2x^4 + 4x^8 + ...; infinite if all are.
fn sigma(mut share: f64) -> f64 {
    if share >= 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum) = (1.0, share);
    loop {
        share *= share;
        let before = sum;
        sum += share * weight;
        weight += weight;
        if sum <= before {
            return sum;
        }
    }
}

/// What the registers that are full take away.
fn tau(mut share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - share);
    loop {
        share = share.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - share) * (1.0 - share) * weight;
        if sum >= before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random numbers that are the same in every run (SplitMix64).
    fn random(seed: u64) -> impl Iterator<Item = u64> {
        (1..).map(move |step: u64| {
            let mut z = seed.wrapping_add(step.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ (z >> 31)
        })
    }

    fn sketch(hashes: impl Iterator<Item = u64>) -> Sketch {
        let mut sketch = Sketch::default();
        for hash in hashes {
            let (register, rank) = place(hash);
            sketch.raise(register, rank);
        }
        sketch
    }

    /// The root of the mean square of the errors, as a share, over some sketches of so many hashes.
    fn error_of(count: usize, sketches: u64) -> f64 {
        let square = |seed: u64| {
            let estimate = sketch(random(seed << 40).take(count)).estimate() as f64;
            (estimate / count as f64 - 1.0).powi(2)
        };
        ((1..=sketches).map(square).sum::<f64>() / sketches as f64).sqrt()
    }

    #[test]
    fn estimates_are_as_good_as_is_said() {
        // So many sketches of random sets: their error has an error itself, hence the factor.
        for (count, sketches) in [
            (10, 100),
            (100, 100),
            (1_000, 100),
            (10_000, 60),
            (20_000, 40),
            (1_000_000, 10),
        ] {
            let error = error_of(count, sketches);
            println!("{count}: {error:.4}");
            assert!(error < ERROR * 1.4, "{count}: {error}");
        }
    }

    #[test]
    fn nobody_is_nobody_and_one_is_one() {
        assert_eq!(Sketch::default().estimate(), 0);
        assert_eq!(sketch([7].into_iter()).estimate(), 1);
        assert_eq!(sketch([7; 50].into_iter()).estimate(), 1);
    }

    #[test]
    fn a_hash_has_one_of_4096_places_and_a_rank_from_1_to_53() {
        assert_eq!(place(0), (0, 53));
        assert_eq!(place(1), (0, 52));
        assert_eq!(place(u64::MAX), (4095, 1));
        assert_eq!(place(1 << 52), (1, 53));
        assert_eq!(place(1 << 51), (0, 1));
        assert_eq!(place(1 << 50), (0, 2));
    }

    #[test]
    fn the_two_series_have_the_sums_that_the_paper_gives() {
        for share in [0.0, 0.1, 0.5, 0.9_f64] {
            let powers = (1..40).map(|step| share.powf(2_f64.powi(step)) * 2_f64.powi(step - 1));
            let plain: f64 = share + powers.sum::<f64>();
            assert!((sigma(share) - plain).abs() < 1e-9, "{share}: {plain}");
        }
        for share in [0.1, 0.5, 0.9_f64] {
            let roots = (1..60)
                .map(|step| (1.0 - share.powf(2_f64.powi(-step))).powi(2) * 2_f64.powi(-step));
            let plain = (1.0 - share - roots.sum::<f64>()) / 3.0;
            assert!((tau(share) - plain).abs() < 1e-9, "{share}: {plain}");
        }
        assert_eq!((tau(0.0), tau(1.0)), (0.0, 0.0));
    }

    #[test]
    fn merging_is_as_if_all_had_come_to_one() {
        let (mut left, right) = (sketch(random(1).take(3000)), sketch(random(2).take(5000)));
        left.merge(&right);
        assert_eq!(
            left,
            sketch(random(1).take(3000).chain(random(2).take(5000)))
        );
    }

    #[test]
    fn raising_says_whether_anything_changed() {
        let mut sketch = Sketch::default();
        assert!(!sketch.raise(5, 0));
        assert!(sketch.raise(5, 3));
        assert!(!sketch.raise(5, 2));
        assert!(!sketch.raise(4096, 3), "there is no such register");
        assert!(sketch.raise(6, 255));
        assert_eq!(sketch.as_bytes()[6], MOST_RANK);
    }

    #[test]
    fn bytes_come_back_and_others_are_refused() {
        let some = sketch(random(3).take(100));
        assert_eq!(Sketch::from_bytes(some.as_bytes()), Some(some));
        assert_eq!(Sketch::from_bytes(&[0; 4095]), None);
        assert_eq!(Sketch::from_bytes(&[0; 4097]), None);
        assert_eq!(Sketch::from_bytes(&[54; 4096]), None);
        let full = Sketch::from_bytes(&[53; 4096]);
        assert!(full.is_some_and(|full| full.estimate() > 1 << 60));
    }
}
