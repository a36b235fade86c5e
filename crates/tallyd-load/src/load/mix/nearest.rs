//! The known name that somebody who mistyped one most likely meant.

/// Names longer than this are no typing errors; it also bounds the work on a hostile file.
const LONGEST: usize = 64;

/// ` (did you mean "path"?)`, or nothing if no known name is near.
pub(super) fn hint(typed: &str, known: &[&str]) -> String {
    let near = known.iter().filter_map(|name| {
        let steps = steps(typed, name);
        (steps <= name.len().div_ceil(3)).then_some((steps, name))
    });
    match near.min_by_key(|(steps, _)| *steps) {
        Some((_, name)) => format!(" (did you mean \"{name}\"?)"),
        None => String::new(),
    }
}

/// Letters to add, to leave out, to change or to swap with their neighbour, on the way from one to the other.
fn steps(typed: &str, name: &str) -> usize {
    if typed.len() > LONGEST {
        return usize::MAX;
    }
    let same = |letter: char| match letter.to_ascii_lowercase() {
        '_' => '-',
        letter => letter,
    };
    let name: Vec<char> = name.chars().collect();
    let mut above_that = Vec::new();
    let mut above: Vec<usize> = (0..=name.len()).collect();
    let mut previous = None;
    for (place, letter) in typed.chars().map(same).enumerate() {
        let mut row = vec![place + 1];
        let mut before = None;
        for (column, known) in name.iter().copied().enumerate() {
            let at =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&above, column) + usize::from(letter != known);
            let mut steps = changed
                .min(at(&row, column) + 1)
                .min(at(&above, column + 1) + 1);
            let is_swapped = previous == Some(known) && before == Some(letter);
            if is_swapped {
                steps = steps.min(at(&above_that, column.saturating_sub(1)) + 1);
            }
            row.push(steps);
            before = Some(known);
        }
        above_that = std::mem::replace(&mut above, row);
        previous = Some(letter);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_as_on_paper_and_a_swap_is_one() {
        for (typed, name, expected) in [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("Abort_After", "abort-after", 0),
            ("kitten", "sitting", 3),
            ("ulr", "url", 1),
            ("lru", "url", 2),
            ("abc", "", 3),
            ("ü", "a", 1),
        ] {
            assert_eq!(steps(typed, name), expected, "{typed} {name}");
        }
    }

    #[test]
    fn only_what_is_near_is_named() {
        let known = ["path", "paths", "weight"];
        assert_eq!(hint("wieght", &known), " (did you mean \"weight\"?)");
        assert_eq!(hint("paht", &known), " (did you mean \"path\"?)");
        assert_eq!(hint("colour", &known), "");
        assert_eq!(hint(&"path".repeat(99), &known), "");
    }
}
