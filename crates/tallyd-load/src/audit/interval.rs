//! A number that is known, or known to lie between two.

use std::fmt;
use std::ops::{Add, AddAssign};

/// From the least to the most that it can be, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
}

impl Interval {
    /// Nothing.
    pub const NONE: Interval = Interval { least: 0, most: 0 };

    /// Exactly so many.
    #[must_use]
    pub fn exactly(number: u64) -> Interval {
        Interval {
            least: number,
            most: number,
        }
    }

    /// So many, or none.
    #[must_use]
    pub fn up_to(most: u64) -> Interval {
        Interval { least: 0, most }
    }

    /// Whether it is one number.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self.least == self.most
    }

    /// How far `number` lies above (or, negative, below) it; 0 within.
    #[must_use]
    pub fn off(self, number: i128) -> i128 {
        let (least, most) = (i128::from(self.least), i128::from(self.most));
        number - number.clamp(least, most)
    }
}

impl Add for Interval {
    type Output = Interval;

    fn add(self, other: Interval) -> Interval {
        Interval {
            least: self.least.saturating_add(other.least),
            most: self.most.saturating_add(other.most),
        }
    }
}

impl AddAssign for Interval {
    fn add_assign(&mut self, other: Interval) {
        *self = *self + other;
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_exact() {
            true => self.least.fmt(out),
            false => write!(out, "{}-{}", self.least, self.most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_within_is_not_off_and_outside_by_its_distance() {
        let interval = Interval { least: 3, most: 5 };
        for (number, off) in [(2, -1), (3, 0), (5, 0), (9, 4), (-1, -4)] {
            assert_eq!(interval.off(number), off, "{number}");
        }
        assert_eq!(Interval::exactly(7).off(7), 0);
        assert_eq!((interval + Interval::up_to(2)).to_string(), "3-7");
        assert_eq!(Interval::exactly(7).to_string(), "7");
    }
}
