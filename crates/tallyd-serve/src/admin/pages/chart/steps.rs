//! From hours or days to the bars of a chart: hours and days as they are, then weeks, then months; and what stands
//! below them.

use maud::{Markup, html};
use tallyd_ledger::facts::{DAY, HOUR};
use tallyd_ledger::report::{Point, Unit, calendar};

use crate::admin::pages::number::{day_of_year, days, month, weekday};

/// More days are weeks.
const MOST_DAYS: usize = 62;

/// More days are months: a year and some weeks.
const MOST_WEEKS: usize = 7 * 62;

/// What one bar stands for.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// Its points.
    pub points: &'a [Point],
    /// `Fri 20 Nov`: of at most two months, so it needs no year.
    pub name: String,
    /// What stands below it; empty for most.
    label: String,
    /// Whether the label gives way where there is little room.
    gives_way: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Hour,
    Day,
    Week,
    Month,
}

/// The bars of a chart of these points.
pub fn steps(points: &[Point], unit: Unit, now: i64) -> Vec<Step<'_>> {
    let size = match (unit, points.len()) {
        (Unit::Hour, _) => Size::Hour,
        (Unit::Day, days) if days <= MOST_DAYS => Size::Day,
        (Unit::Day, days) if days <= MOST_WEEKS => Size::Week,
        (Unit::Day, _) => Size::Month,
    };
    let together = points.chunk_by(|a, b| of(size, a.start) == of(size, b.start));
    let groups: Vec<&[Point]> = together.collect();
    let many = groups.len();
    let steps = groups
        .into_iter()
        .enumerate()
        .filter_map(|(place, points)| {
            let (first, last) = (points.first()?.start, points.last()?.start);
            let (label, gives_way) = label_of(size, first, place, many);
            Some(Step {
                points,
                name: name(size, first, last, now),
                label,
                gives_way,
            })
        });
    steps.collect()
}

/// Points with the same number make one bar.
fn of(size: Size, start: i64) -> i64 {
    match size {
        Size::Hour | Size::Day => start,
        // Weeks begin on Mondays; 1970-01-01 was a Thursday.
        Size::Week => (start + 3).div_euclid(7),
        Size::Month => {
            let (year, month, _) = calendar::civil(start);
            year * 12 + month
        }
    }
}

fn name(size: Size, first: i64, last: i64, now: i64) -> String {
    let unit = if size == Size::Hour { HOUR } else { DAY };
    let is_running = (last + 1).saturating_mul(unit) > now;
    let name = match size {
        Size::Hour => format!(
            "{} {:02}:00\u{2013}{:02}:00",
            day_of_year(first.div_euclid(24)),
            first.rem_euclid(24),
            first.rem_euclid(24) + 1
        ),
        Size::Day => format!("{} {}", weekday(first), day_of_year(first)),
        Size::Week => days(first, last),
        Size::Month => format!("{} {}", month(first), calendar::civil(first).0),
    };
    if is_running { name + ", so far" } else { name }
}

/// What stands below the bar at this place, and whether it gives way where there is little room.
fn label_of(size: Size, start: i64, place: usize, many: usize) -> (String, bool) {
    let hour = start.rem_euclid(24);
    let (year, month_of_year, of_month) = calendar::civil(start);
    match size {
        Size::Hour if many <= 24 && hour % 3 == 0 => (format!("{hour:02}:00"), hour % 6 != 0),
        Size::Hour if hour == 0 => (day_of_year(start.div_euclid(24)), false),
        Size::Day if many <= 10 => (
            format!("{} {of_month}", weekday(start)),
            (many - place).is_multiple_of(2) && many > 4,
        ),
        // Mondays.
        Size::Day if (start + 3).rem_euclid(7) == 0 => {
            let weeks = (start + 3).div_euclid(7);
            (day_of_year(start), many > 21 && weeks % 2 == 0)
        }
        // The week in which a month begins, unless too few days of it are here for two labels.
        Size::Week if of_month <= 7 => {
            let is_odd = month_of_year % 2 == 0;
            let far = many > 60;
            match (month_of_year, far && is_odd) {
                (1, _) => (year.to_string(), false),
                (_, false) => (
                    month(start).to_owned(),
                    is_odd || (far && month_of_year % 4 != 1),
                ),
                (_, true) => (String::new(), false),
            }
        }
        Size::Month if month_of_year == 1 => (year.to_string(), many > 96 && year % 2 == 1),
        Size::Month if many <= 36 && month_of_year % 3 == 1 => {
            (month(start).to_owned(), month_of_year != 7)
        }
        _ => (String::new(), false),
    }
}

/// What stands below the bars.
pub fn labels(steps: &[Step<'_>]) -> Markup {
    html! {
        @for (place, step) in steps.iter().enumerate() {
            @if !step.label.is_empty() { (label(place, steps.len(), &step.label, step.gives_way)) }
        }
    }
}

/// One of them, in the middle below the bar at this place.
pub fn label(place: usize, many: usize, text: &str, gives_way: bool) -> Markup {
    let middle = (place as f64 + 0.5) * 100.0 / many.max(1) as f64;
    html! {
        @let style = if gives_way { "below roomy" } else { "below" };
        text class=(style) x={ (format!("{middle:.1}")) "%" } y="212" { (text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(first: i64, last: i64) -> Vec<Point> {
        let point = |start| Point {
            start,
            ..Point::default()
        };
        (first..=last).map(point).collect()
    }

    #[test]
    fn days_are_days_then_weeks_from_monday_then_months() {
        let today = 20_777; // Friday, 2026-11-20
        let now = today * DAY + HOUR;
        for (days, bars, first, last) in [
            (30, 30, "Thu 22\u{a0}Oct", "Fri 20\u{a0}Nov, so far"),
            (62, 62, "Sun 20\u{a0}Sep", "Fri 20\u{a0}Nov, so far"),
            (
                365,
                53,
                "21\u{2013}23\u{a0}Nov 2025",
                "16\u{2013}20\u{a0}Nov 2026, so far",
            ),
            (1_095, 37, "Nov 2023", "Nov 2026, so far"),
        ] {
            let points = points(today - days + 1, today);
            let steps = steps(&points, Unit::Day, now);
            assert_eq!(steps.len(), bars, "{days}");
            assert_eq!(steps.first().unwrap().name, first, "{days}");
            assert_eq!(steps.last().unwrap().name, last, "{days}");
            let all: usize = steps.iter().map(|step| step.points.len()).sum();
            assert_eq!(all, points.len(), "{days}: a day is left out");
        }
    }

    #[test]
    fn hours_are_named_and_the_running_one_says_so() {
        let first = 20_777 * 24;
        let points = points(first, first + 17);
        let steps = steps(&points, Unit::Hour, (first + 17) * HOUR + 5);
        assert_eq!(steps[0].name, "20\u{a0}Nov 00:00\u{2013}01:00");
        assert_eq!(steps[17].name, "20\u{a0}Nov 17:00\u{2013}18:00, so far");
    }

    #[test]
    fn a_label_that_gives_way_is_told_from_others() {
        assert!(
            label(0, 2, "Dec", true)
                .into_string()
                .contains(" class=\"below roomy\" x=\"25.0%\"")
        );
        assert!(
            label(1, 2, "Jan", false)
                .into_string()
                .contains(" class=\"below\" x=\"75.0%\"")
        );
    }

    #[test]
    fn there_is_room_for_every_label() {
        for days in [1, 5, 7, 14, 30, 45, 62, 90, 365, 730, 800, 1_095, 3_650] {
            let points = points(20_777 - days + 1, 20_777);
            let steps = steps(&points, Unit::Day, i64::MAX);
            for (width, roomy) in [(1_000.0, true), (270.0, false)] {
                let mut end = -20.0;
                for (place, step) in steps.iter().enumerate() {
                    if step.label.is_empty() || (step.gives_way && !roomy) {
                        continue;
                    }
                    let middle = (place as f64 + 0.5) / steps.len() as f64 * width;
                    let half = step.label.chars().count() as f64 * 6.5 / 2.0;
                    assert!(
                        middle - half > end,
                        "{days} days at {width}: {}",
                        step.label
                    );
                    end = middle + half;
                }
                assert!(end > 0.0, "{days} days at {width} have no label");
            }
        }
    }
}
