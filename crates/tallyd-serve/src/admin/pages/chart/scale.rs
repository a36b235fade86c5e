//! From numbers to heights: an axis whose lines are at round numbers.

use maud::{Markup, html};

use super::short;

/// Lines above the ground, at most.
const LINES: u64 = 4;

/// An axis from nothing to a round number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// From line to line.
    step: u64,
    /// The number of the highest line.
    top: u64,
    height: f64,
}

impl Scale {
    /// An axis that has room for this number.
    pub fn up_to(most: u64, height: f64) -> Scale {
        let step = round_step(most);
        let top = most.div_ceil(step).max(1).saturating_mul(step);
        Scale { step, top, height }
    }

    /// How far from the upper edge a number is.
    pub fn y(&self, number: u64) -> f64 {
        self.height - number as f64 / self.top as f64 * self.height
    }

    /// The lines, with their numbers at the left.
    pub fn lines(&self) -> Markup {
        let numbers = (0..=LINES).map(|line| line.saturating_mul(self.step));
        let numbers: Vec<u64> = numbers.take_while(|number| *number <= self.top).collect();
        html! {
            g.axis {
                @for number in numbers {
                    @let y = format!("{:.1}", self.y(number));
                    line x2="100%" y1=(y) y2=(y) {}
                    text x="-10" y=(y) dy="4" { (short(number)) }
                }
            }
        }
    }
}

/// The smallest of 1, 2, 5, 10, 20, 25, 50, 100, ... of which few lines reach far enough.
fn round_step(most: u64) -> u64 {
    let reaches = |step: &u64| step.saturating_mul(LINES) >= most;
    let mut ten: u64 = 10;
    loop {
        // A quarter of ten is no whole number.
        let quarter = if ten == 10 { ten / 2 } else { ten / 4 };
        let steps = [ten / 10, ten / 5, quarter, ten / 2];
        if let Some(step) = steps.into_iter().find(reaches) {
            return step;
        }
        ten = ten.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_at_round_numbers_and_the_highest_has_room_for_all() {
        for (most, step, top) in [
            (0, 1, 1),
            (1, 1, 1),
            (4, 1, 4),
            (5, 2, 6),
            (11, 5, 15),
            (40, 10, 40),
            (41, 20, 60),
            (81, 25, 100),
            (833, 250, 1_000),
            (1_234, 500, 1_500),
            (u64::MAX, 5_000_000_000_000_000_000, u64::MAX),
        ] {
            let scale = Scale::up_to(most, 190.0);
            assert_eq!((scale.step, scale.top), (step, top), "{most}");
            assert!(scale.y(most) >= 0.0 && scale.y(0) <= 190.0, "{most}");
        }
    }
}
