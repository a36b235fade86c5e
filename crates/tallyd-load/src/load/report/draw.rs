//! Bars and curves of Unicode blocks.
//!
//! Promises: what is not zero is seen; a curve begins at zero, so that heights can be compared.

/// Eighths of a block, from below.
const RISING: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Eighths of a block, from the left.
const GROWING: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// A bar of at most `room` columns, whose length tells the share (0 to 1).
#[must_use]
pub fn bar(share: f64, room: usize) -> String {
    let eighths = eighths(share, room * 8);
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.extend(GROWING.get(eighths % 8));
    }
    bar
}

/// One column for each value; the greatest is a whole block.
#[must_use]
pub fn curve(values: &[f64]) -> String {
    let most = values.iter().copied().fold(0.0, f64::max);
    let block = |value: &f64| {
        let share = if most > 0.0 { value / most } else { 0.0 };
        RISING.get(eighths(share, 8)).copied().unwrap_or(' ')
    };
    values.iter().map(block).collect()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and a number of columns"
)]
fn eighths(share: f64, all: usize) -> usize {
    (share.clamp(0.0, 1.0) * all as f64).ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        for (share, expected) in [
            (0.0, ""),
            (0.0001, "▏"),
            (0.1, "█"),
            (0.125, "█▎"),
            (1.0, "██████████"),
            (7.0, "██████████"),
            (f64::NAN, ""),
        ] {
            assert_eq!(bar(share, 10), expected, "{share}");
        }
    }

    #[test]
    fn a_curve_begins_at_zero() {
        assert_eq!(curve(&[0.0, 1.0, 50.0, 100.0]), " ▁▄█");
        assert_eq!(curve(&[0.0, 0.0]), "  ");
        assert_eq!(curve(&[]), "");
    }
}
