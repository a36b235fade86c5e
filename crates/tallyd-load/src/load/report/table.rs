//! Columns below each other: the first from the left, numbers from the right.
//!
//! Promises: nothing stands behind the last word of a line.

/// Space between two columns.
const GAP: usize = 2;

/// Where the words of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// The lines of a table. A column is as wide as its widest cell.
pub(super) fn table(sides: &[Side], rows: &[Vec<String>]) -> Vec<String> {
    let wide = |place: usize| {
        let cells = rows.iter().filter_map(|row| row.get(place));
        cells.map(|cell| width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..sides.len()).map(wide).collect();
    rows.iter().map(|row| line(sides, &widths, row)).collect()
}

fn line(sides: &[Side], widths: &[usize], row: &[String]) -> String {
    let mut line = String::new();
    for (place, ((side, wide), cell)) in sides.iter().zip(widths).zip(row).enumerate() {
        if place > 0 {
            line.push_str(&" ".repeat(GAP));
        }
        let space = " ".repeat(wide.saturating_sub(width(cell)));
        match side {
            Side::Left => line.extend([cell.as_str(), &space]),
            Side::Right => line.extend([&space, cell.as_str()]),
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// All that a report has takes one column a letter.
fn width(cell: &str) -> usize {
    cell.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a", "1 µs", ""], ["bcd", "12 µs", "x"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        let lines = table(&[Side::Left, Side::Right, Side::Left], &rows);
        assert_eq!(lines, ["a     1 µs", "bcd  12 µs  x"]);
    }
}
