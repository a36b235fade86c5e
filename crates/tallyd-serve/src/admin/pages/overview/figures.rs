//! The four large numbers, each against the time before.

use std::cmp::Ordering;

use maud::{Markup, html};
use tallyd_ledger::facts::Counts;
use tallyd_ledger::report::Visitors;

use super::{Before, Shown};
use crate::admin::pages::number::{clock, grouped, rule, several, share, size};
use crate::admin::wanted::Period;

/// How one of the numbers is read from counts, and written.
struct Figure {
    rule: &'static str,
    title: &'static str,
    of: fn(&Counts) -> u64,
    write: fn(u64) -> String,
    /// The opposite of "more".
    less: &'static str,
}

const FIGURES: [Figure; 3] = [
    Figure {
        rule: "download",
        title: "Downloads",
        of: |counts| counts.downloads,
        write: grouped,
        less: "fewer",
    },
    Figure {
        rule: "hit",
        title: "Hits",
        of: |counts| counts.hits,
        write: grouped,
        less: "fewer",
    },
    Figure {
        rule: "bytes",
        title: "Bytes sent",
        of: |counts| counts.bytes,
        write: size,
        less: "less",
    },
];

/// All four.
pub(super) fn figures(shown: &Shown<'_>) -> Markup {
    html! {
        section aria-label="In figures" {
            ul.panel.figures #figures data-live {
                @for figure in &FIGURES { (counted(figure, shown)) }
                (visitors(shown))
            }
        }
    }
}

fn counted(figure: &Figure, shown: &Shown<'_>) -> Markup {
    let of = figure.of;
    let headline = of(&shown.now.classes.people_and_tools());
    let others = of(&shown.now.classes.total()) - headline;
    let change = Change {
        now: headline,
        before: shown.before.map(|before| {
            let is_known = before.requests > 0;
            is_known.then(|| of(&before.classes.people_and_tools()))
        }),
        less: figure.less,
        write: figure.write,
        when: when(shown.frame.wanted.period, shown.frame.now),
    };
    html! {
        li {
            h2 { (rule(figure.rule, figure.title)) }
            p.figure { ((figure.write)(headline)) }
            (change.markup())
            p.beside { "+\u{a0}" ((figure.write)(others)) " by bots and others" }
        }
    }
}

/// What the range is compared with.
fn when(period: Period, now: i64) -> String {
    match period {
        Period::Days(1) => {
            let clock = clock(now);
            let minutes = clock.get(..5).unwrap_or(&clock);
            format!("yesterday up to {minutes}")
        }
        other => time_before(other),
    }
}

fn time_before(period: Period) -> String {
    let days = match period {
        Period::Days(days) => i64::from(days),
        Period::Between(first, last) => last - first + 1,
        Period::All => 0,
    };
    match days {
        1 if period == Period::Days(1) => "on all of yesterday".to_owned(),
        1 => "on the day before".to_owned(),
        days => {
            let days = several(u64::try_from(days).unwrap_or(0), "day", "days");
            format!("in the {days} before")
        }
    }
}

/// A number against the one before.
struct Change {
    now: u64,
    /// The outer nothing: there is no time before; the inner one: nothing is known of it.
    before: Option<Option<u64>>,
    less: &'static str,
    write: fn(u64) -> String,
    when: String,
}

impl Change {
    /// An arrow, a sign and a word; and the number itself.
    fn markup(&self) -> Markup {
        let Some(before) = self.before else {
            return html! { p.change.soft { "in all" } };
        };
        let Some(before) = before else {
            return html! { p.change.soft { "no earlier data" } };
        };
        let (style, arrow, words) = match self.now.cmp(&before) {
            _ if before == 0 && self.now > 0 => ("more", "\u{25b2}", "more".to_owned()),
            Ordering::Equal => ("same", "=", "the same".to_owned()),
            Ordering::Greater => {
                let percent = percent(self.now - before, before);
                ("more", "\u{25b2}", format!("+{percent} more"))
            }
            Ordering::Less => {
                let percent = percent(before - self.now, before);
                (
                    "less",
                    "\u{25bc}",
                    format!("\u{2212}{percent} {}", self.less),
                )
            }
        };
        html! {
            p class={ "change " (style) } { b { span aria-hidden="true" { (arrow) } " " (words) } }
            p.beside {
                @if before == 0 { "none" } @else { ((self.write)(before)) }
                " " (self.when)
            }
        }
    }
}

/// Of several times as many, no decimals are wanted.
fn percent(part: u64, whole: u64) -> String {
    if part <= whole {
        return share(part, whole);
    }
    let percent = part as f64 * 100.0 / whole.max(1) as f64;
    if percent >= 1e9 {
        return "over a billion\u{a0}%".to_owned();
    }
    format!("{}\u{a0}%", grouped_of(percent))
}

fn grouped_of(percent: f64) -> String {
    let whole = format!("{percent:.0}");
    whole.parse().map_or(whole, grouped)
}

fn visitors(shown: &Shown<'_>) -> Markup {
    html! {
        li {
            h2 { (rule("visitor", "Visitors")) }
            @match &shown.now.visitors {
                Visitors::About { people, others, error } => {
                    p.figure {
                        small { "about " } (grouped(*people))
                        small { " \u{b1}\u{a0}" (format!("{:.1}", error * 100.0)) "\u{a0}%" }
                    }
                    (visitors_before(*people, *error, shown))
                    p.beside { "+\u{a0}about " (grouped(*others)) " by bots and others" }
                }
                Visitors::Unknown(reason) => {
                    p.figure.soft { "\u{2013}" }
                    p.beside { "Not reported: " (reason) "." }
                }
            }
        }
    }
}

/// Two estimates that differ by less than their errors say nothing of more or less.
fn visitors_before(now: u64, error: f64, shown: &Shown<'_>) -> Markup {
    let change = Change {
        now,
        before: shown.before.map(of_people),
        less: "fewer",
        write: |number| format!("about {}", grouped(number)),
        // A day's visitors are noted as of the whole day.
        when: time_before(shown.frame.wanted.period),
    };
    if let Some(Some(before)) = change.before
        && before > 0
        && (now.abs_diff(before) as f64) <= 2.0 * error * now.max(before) as f64
    {
        return html! {
            p.change { b { span aria-hidden="true" { "\u{2248}" } " about as many" } }
            p.beside { "about " (grouped(before)) " " (change.when) }
        };
    }
    change.markup()
}

fn of_people(before: &Before) -> Option<u64> {
    match before.visitors {
        Visitors::About { people, .. } => Some(people),
        Visitors::Unknown(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_said_with_arrow_sign_and_word() {
        for (now, before, expected) in [
            (12, None, "in all"),
            (12, Some(None), "no earlier data"),
            (0, Some(Some(0)), "= the same|none in the 7 days before"),
            (3, Some(Some(0)), "\u{25b2} more|none in the 7 days before"),
            (3, Some(Some(3)), "= the same|3 in the 7 days before"),
            (
                9,
                Some(Some(8)),
                "\u{25b2} +12.5\u{a0}% more|8 in the 7 days before",
            ),
            (
                7,
                Some(Some(8)),
                "\u{25bc} \u{2212}12.5\u{a0}% fewer|8 in the 7 days before",
            ),
            (
                0,
                Some(Some(8)),
                "\u{25bc} \u{2212}100\u{a0}% fewer|8 in the 7 days before",
            ),
            (
                9_000,
                Some(Some(8)),
                "\u{25b2} +112,400\u{a0}% more|8 in the 7 days before",
            ),
            (
                u64::MAX,
                Some(Some(1)),
                "\u{25b2} +over a billion\u{a0}% more|1 in the 7 days before",
            ),
        ] {
            let change = Change {
                now,
                before,
                less: "fewer",
                write: grouped,
                when: "in the 7 days before".to_owned(),
            };
            let said = change.markup().into_string().replace("</p><p", "</p>|<p");
            assert_eq!(text(&said), expected, "{now} after {before:?}");
        }
    }

    #[test]
    fn what_a_range_is_compared_with_is_named() {
        let now = (20_777 * 24 + 17) * tallyd_ledger::facts::HOUR;
        for (period, expected) in [
            (Period::Days(1), "yesterday up to 17:00"),
            (Period::Days(30), "in the 30\u{a0}days before"),
            (Period::Between(5, 5), "on the day before"),
            (Period::Between(5, 9), "in the 5\u{a0}days before"),
        ] {
            assert_eq!(when(period, now), expected);
        }
        assert_eq!(time_before(Period::Days(1)), "on all of yesterday");
    }

    fn text(markup: &str) -> String {
        let pieces = markup
            .split('<')
            .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
        pieces.collect()
    }
}
