//! `tallyd stats --explain`: what is stored, of whom, and for how long; true for the ledger that it is asked about.

use std::fmt::Write as _;

use tallyd_ledger::facts::day_of;
use tallyd_ledger::report::calendar::{date, moment};
use tallyd_ledger::report::{Kept, Stored};

use super::place::{self, Keep, Place, shown};
use super::text::{grouped, several, size};
use super::{Trouble, plain};
use crate::args::stats::Asked;

/// The text for the ledger that is asked about.
pub(super) fn explain(asked: &Asked, now: i64) -> Result<String, Trouble> {
    let place = place::find(asked)?;
    let stored = place.open()?.stored()?;
    Ok(text(&place, &stored, now))
}

fn text(place: &Place, stored: &Stored, now: i64) -> String {
    let mut text = format!(
        "What is stored in {} ({})\n",
        shown(&place.ledger),
        size(stored.bytes).replace("  ", " ")
    );
    for (heading, lines) in [
        ("Files", files(stored)),
        ("By hour and day", series(stored, place.keep)),
        ("Visitors", visitors(stored, now)),
        (
            "Where they came from, and what was not there",
            hosts(stored),
        ),
        ("What is not stored", nothing()),
        ("What you can do", doing()),
    ] {
        write!(text, "\n{heading}\n").ok();
        for line in lines {
            writeln!(text, "  {line}").ok();
        }
    }
    text
}

fn files(stored: &Stored) -> Vec<String> {
    vec![
        format!(
            "{}{}: path, site, totals and the last hit number. Kept for good.",
            several(stored.files.rows, "file", "files"),
            since(stored.files)
        ),
        format!(
            "{} of them (device, inode, length, modification time), so that a replaced file",
            several(stored.versions.rows, "version", "versions")
        ),
        "is not mixed up with the one before. Kept for good.".to_owned(),
    ]
}

fn series(stored: &Stored, keep: Option<Keep>) -> Vec<String> {
    let hours = stored.file_hours.rows + stored.site_hours.rows;
    let days = stored.file_days.rows + stored.site_days.rows;
    let for_how_long = |days: Option<Option<u32>>, option: &str, usual: &str| match days {
        None => format!("{usual} unless the server's option {option} says otherwise"),
        Some(None) => format!("for good (option {option})"),
        Some(Some(days)) => format!(
            "for {} (option {option})",
            several(days.into(), "day", "days")
        ),
    };
    vec![
        format!(
            "{} by hour{}, by file or site and class of agent.",
            several(hours, "number", "numbers"),
            since(stored.file_hours)
        ),
        format!(
            "Kept {}.",
            for_how_long(keep.map(|keep| keep.hours), "keep-hours", "for 90 days")
        ),
        format!(
            "{} by day{}, likewise.",
            several(days, "number", "numbers"),
            since(stored.file_days)
        ),
        format!(
            "Kept {}.",
            for_how_long(keep.map(|keep| keep.days), "keep-days", "for good")
        ),
    ]
}

fn visitors(stored: &Stored, now: i64) -> Vec<String> {
    let window = match stored.window.as_deref() {
        Some("last-touch") => "24 hours after a visitor's last byte",
        Some("calendar-day") => "at the end of the day (UTC)",
        _ => "24 hours after a visitor's first byte",
    };
    let mut lines = vec![
        "A visitor is a keyed hash of address (IPv6: its first 64 bits) and user agent. The key is".to_owned(),
        "random, made anew each day, and destroyed at the end of the day after: then nobody can tell".to_owned(),
        "any more whose hash it was, not even with the address at hand.".to_owned(),
        format!(
            "{} now: such a hash, and which parts of which file were sent to it.",
            match stored.windows.rows {
                1 => "1 window is open".to_owned(),
                rows => format!("{} windows are open", grouped(rows)),
            }
        ),
        format!("A window closes {window}; then it is removed."),
    ];
    match stored.windows_end {
        Some(ends) if ends < now => {
            lines.push("Those that are open have ended; a running server removes them.".to_owned());
        }
        Some(ends) => lines.push(format!("The last of these ends {}.", moment(ends))),
        None => {}
    }
    lines.extend([
        format!(
            "{} of visitors: 4,096 small numbers for each day and kind, from which about how",
            several(stored.sketches.rows, "sketch", "sketches")
        ),
        "many there were can be told. Their key is kept as long as the ledger, so that a visitor of two".to_owned(),
        "days is not counted twice; with it, they could at most hint at whether a certain visitor came.".to_owned(),
        "Kept with the numbers by day.".to_owned(),
    ]);
    lines
}

fn hosts(stored: &Stored) -> Vec<String> {
    vec![
        format!(
            "{} of hosts that hits came from{}, by file or site and day: names only,",
            several(
                stored.referrers.rows + stored.site_referrers.rows,
                "number",
                "numbers"
            ),
            since(stored.site_referrers)
        ),
        "never the rest of an address. Kept with the numbers by day.".to_owned(),
        format!(
            "{} not found, with how often: of each site the 1,000 most frequent. Kept until more",
            several(stored.missing.rows, "path", "paths")
        ),
        "frequent ones take their place.".to_owned(),
    ]
}

fn nothing() -> Vec<String> {
    vec![
        "Addresses, user agents, query strings, cookies, and who fetched what after a window is closed.".to_owned(),
        "The access log is apart from this, and has addresses (see the server's option access-log).".to_owned(),
    ]
}

fn doing() -> Vec<String> {
    vec![
        "tallyd stats purge --before DAY   remove the numbers by hour and day before a day"
            .to_owned(),
        "tallyd stats forget PATH          remove everything about one path".to_owned(),
        "The ledger is a SQLite database: whoever may read the file can look at every row."
            .to_owned(),
    ]
}

fn since(kept: Kept) -> String {
    let since = kept
        .since
        .map(|since| format!(" since {}", date(day_of(since))));
    plain(since.unwrap_or_default().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn place(keep: Option<Keep>) -> Place {
        Place {
            state: PathBuf::from("/state"),
            ledger: PathBuf::from("/state/ledger.db"),
            root: None,
            keep,
        }
    }

    #[test]
    fn it_is_true_for_this_ledger() {
        let stored = Stored {
            window: Some("calendar-day".into()),
            windows: Kept {
                rows: 1,
                since: None,
            },
            windows_end: Some(20_778 * 86_400_000_000_000),
            file_hours: Kept {
                rows: 1_200,
                since: Some(0),
            },
            ..Stored::default()
        };
        let keep = Keep {
            hours: Some(30),
            days: None,
        };
        let text = text(&place(Some(keep)), &stored, 0);
        for words in [
            "What is stored in /state/ledger.db (0 B)\n",
            "1,200 numbers by hour since 1970-01-01, ",
            "Kept for 30 days (option keep-hours).",
            "Kept for good (option keep-days).",
            "1 window is open now: ",
            "A window closes at the end of the day (UTC); then it is removed.",
            "The last of these ends 2026-11-21T00:00:00Z.",
        ] {
            assert!(text.contains(words), "{words:?} is not in\n{text}");
        }
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
    }

    #[test]
    fn what_it_can_not_know_it_says_in_general() {
        let text = text(&place(None), &Stored::default(), 0);
        assert!(
            text.contains("Kept for 90 days unless the server's option keep-hours says otherwise.")
        );
        assert!(text.contains("A window closes 24 hours after a visitor's first byte"));
    }
}
