//! Charts of Unicode blocks: columns over days, and bars.

use tallyd_ledger::report::calendar::date;

use super::text::grouped;

/// Lines of a chart of columns.
const HEIGHT: u64 = 5;

/// Eighths of a block, from below.
const RISING: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Eighths of a block, from the left.
const GROWING: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Columns for consecutive days, in at most so many columns of the terminal. Where there are more days than columns,
/// several days share one; it then shows their sum.
pub(super) fn columns(days: &[(i64, u64)], room: usize) -> Vec<String> {
    let most_of_one_day = days.iter().map(|(_, value)| *value).max().unwrap_or(0);
    // The label, the axis, and a digit more for sums.
    let room = room
        .saturating_sub(grouped(most_of_one_day).len() + 5)
        .max(10);
    let values = gathered(days, room);
    let most = values.iter().copied().max().unwrap_or(0);
    let label = grouped(most);
    let margin = label.len();
    // A thin column and a space, where they fit.
    let is_loose = values.len() * 2 <= room;
    let step = if is_loose { 2 } else { 1 };
    let mut lines = Vec::new();
    for level in (0..HEIGHT).rev() {
        let (label, axis) = if level == HEIGHT - 1 {
            (label.as_str(), '┤')
        } else {
            ("", '│')
        };
        let blocks: String = values
            .iter()
            .flat_map(|value| [block(*value, most, level), ' '].into_iter().take(step))
            .collect();
        lines.push(format!("{label:>margin$} {axis}{}", blocks.trim_end()));
    }
    let breadth = (values.len() * step).max(1);
    lines.push(format!("{:>margin$} └{}", "0", "─".repeat(breadth)));
    lines.extend(dates(days, margin + 2, breadth));
    lines
}

/// The piece of a column at this level. What is not zero is always seen.
fn block(value: u64, most: u64, level: u64) -> char {
    let eighths = u128::from(value) * u128::from(HEIGHT * 8);
    let height = eighths.div_ceil(u128::from(most.max(1)));
    let here = height.saturating_sub(u128::from(level * 8)).min(8);
    let place = usize::try_from(here).unwrap_or(8);
    RISING.get(place).copied().unwrap_or(' ')
}

/// Values of neighbouring days, summed up until there are no more than `most`.
fn gathered(days: &[(i64, u64)], most: usize) -> Vec<u64> {
    let together = days.len().div_ceil(most.max(1)).max(1);
    let sums = days
        .chunks(together)
        .map(|some| some.iter().map(|(_, value)| *value).sum());
    sums.collect()
}

/// The first and the last day below their columns.
fn dates(days: &[(i64, u64)], margin: usize, breadth: usize) -> Option<String> {
    let (first, last) = (days.first()?.0, days.last()?.0);
    let space = " ".repeat(margin);
    if first == last {
        return Some(format!("{space}{}", date(first)));
    }
    let (first, last) = (date(first), date(last));
    let between = breadth.saturating_sub(first.len() + last.len()).max(3);
    Some(format!("{space}{first}{}{last}", " ".repeat(between)))
}

/// A bar of at most `room` columns, whose length tells the share of `value` in `most`.
pub(super) fn bar(value: u64, most: u64, room: usize) -> String {
    if value == 0 || most == 0 {
        return String::new();
    }
    let eighths = u128::from(value) * (room as u128) * 8;
    let length = usize::try_from(eighths.div_ceil(u128::from(most))).unwrap_or(room * 8);
    let mut bar = "█".repeat(length / 8);
    if !length.is_multiple_of(8) {
        bar.extend(GROWING.get(length % 8));
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_rise_with_their_days() {
        let days: Vec<(i64, u64)> = [0, 1, 500, 1_000, 0, 250]
            .into_iter()
            .enumerate()
            .map(|(place, value)| (20_772 + place as i64, value))
            .collect();
        assert_eq!(
            columns(&days, 60),
            [
                "1,000 ┤      █",
                "      │      █",
                "      │    ▄ █",
                "      │    █ █   ▂",
                "      │  ▁ █ █   █",
                "    0 └────────────",
                "       2026-11-15   2026-11-20",
            ]
        );
    }

    #[test]
    fn many_days_share_a_column_and_none_still_have_a_chart() {
        let days: Vec<(i64, u64)> = (0..400).map(|day| (day, 1)).collect();
        let lines = columns(&days, 60);
        assert!(
            lines.iter().all(|line| line.chars().count() <= 60),
            "{lines:#?}"
        );
        assert!(lines[0].starts_with("8 ┤███"), "{lines:#?}");
        assert_eq!(
            columns(&[(0, 0)], 60).last().map(String::as_str),
            Some("   1970-01-01")
        );
        assert_eq!(columns(&[], 60).len(), 6);
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        for (value, expected) in [
            (0, ""),
            (1, "▏"),
            (40, "█"),
            (50, "█▎"),
            (400, "██████████"),
        ] {
            assert_eq!(bar(value, 400, 10), expected, "{value}");
        }
        assert_eq!(bar(u64::MAX, u64::MAX, 10).chars().count(), 10);
        assert_eq!(bar(1, 0, 10), "");
    }
}
