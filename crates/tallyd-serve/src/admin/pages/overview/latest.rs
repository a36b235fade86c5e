//! The latest requests. The script puts new ones among them, in the words that are given to it here.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use maud::{Markup, html};
use tallyd_ledger::facts::{CLASSES, Outcome};
use tallyd_ledger::feed::{About, Seen};

use super::Shown;
use super::panels::path_link;
use crate::admin::pages::number::{clock, moment, one_of, plain, size, status};
use crate::admin::wanted::Wanted;

/// Rows that the page comes with.
const ROWS: usize = 10;

/// In nanoseconds: rows that come later are put among these to the millisecond, as finely as they are told.
const MILLISECOND: i64 = 1_000_000;

/// Statuses that a file server answers with, for the script.
const STATUSES: [u16; 15] = [
    200, 206, 301, 302, 304, 307, 308, 400, 403, 404, 405, 416, 500, 501, 503,
];

/// The table.
pub(super) fn latest(shown: &Shown<'_>) -> Markup {
    let is_empty = shown.latest.is_empty();
    html! {
        section.panel aria-labelledby="latest-title" {
            header {
                h2 #latest-title { "Latest requests" }
                // The script says here what it holds back.
                p #held {}
            }
            @if is_empty { p.empty #none-yet { "None since the server has started. The next one appears here." } }
            div.scroll tabindex="0" role="region" aria-label="Table of the latest requests" {
                table.data.latest hidden[is_empty] {
                    caption.unseen { "The latest requests, the newest first" }
                    thead {
                        tr {
                            th scope="col" { "Time (UTC)" }
                            th scope="col" { "Path" }
                            th scope="col" { "Status" }
                            th scope="col" { "By" }
                            th.num scope="col" { "Bytes" }
                            th scope="col" { "Outcome" }
                        }
                    }
                    tbody #latest data-file=(file_page(shown)) data-site=[shown.frame.wanted.site.as_deref()]
                        data-words=(words()) {
                        @for seen in settled(shown.latest).into_iter().take(ROWS) { (row(seen, shown)) }
                    }
                }
            }
        }
    }
}

/// The newest first, whichever worker told of it first. A hit is seen when it begins and again when it has ended:
/// then only its end is shown, at the place of its beginning.
fn settled(latest: &[Arc<Seen>]) -> Vec<&Seen> {
    let mut known = HashSet::new();
    let is_new = |seen: &&Seen| match &seen.about {
        About::Hit {
            version, number, ..
        } => known.insert((Arc::clone(version), *number)),
        _ => true,
    };
    let mut settled: Vec<&Seen> = latest.iter().map(AsRef::as_ref).filter(is_new).collect();
    settled.sort_by_key(|seen| Reverse(seen.time));
    settled
}

/// Where the script's links begin: the page of a file, with the days that are shown.
fn file_page(shown: &Shown<'_>) -> String {
    let wanted = Wanted {
        period: shown.frame.wanted.period,
        ..Wanted::default()
    };
    wanted.link("/file")
}

fn row(seen: &Seen, shown: &Shown<'_>) -> Markup {
    html! {
        tr data-key=[key(seen)] data-at=(seen.time / MILLISECOND) {
            td { (time(seen, shown.frame.now)) }
            td.path { (path(seen, shown)) }
            td { (seen.status) " " (status(seen.status)) }
            td { (one_of(seen.class)) }
            td.num { (size(seen.bytes)) }
            td { (outcome(&seen.about)) }
        }
    }
}

fn time(seen: &Seen, now: i64) -> Markup {
    let is_old = now.saturating_sub(seen.time) > tallyd_ledger::facts::DAY;
    if is_old {
        return moment(seen.time, now);
    }
    html! { (clock(seen.time)) }
}

/// By this the script finds the row of a hit that has ended meanwhile.
fn key(seen: &Seen) -> Option<String> {
    match &seen.about {
        About::Hit {
            version,
            number,
            outcome: None,
            ..
        } => Some(format!(
            "{number} {} {}",
            seen.site,
            String::from_utf8_lossy(&version.path)
        )),
        _ => None,
    }
}

fn path(seen: &Seen, shown: &Shown<'_>) -> Markup {
    match &seen.about {
        About::Hit { version, .. } | About::Probe(version) => {
            path_link(&version.path, &seen.site, shown)
        }
        About::Missing(path) => html! { (plain(path)) },
        About::Other => html! { span.soft { "\u{2013}" } },
    }
}

fn outcome(about: &About) -> &'static str {
    match about {
        About::Hit { outcome, .. } => match outcome {
            Some(Outcome::Complete) => "complete",
            Some(Outcome::Aborted) => "aborted",
            None => "in flight",
        },
        About::Probe(_) => "probe",
        About::Missing(_) => "not found",
        About::Other => "no file",
    }
}

/// The words of the table, so that they are the same in every row: `200 OK;person-like person;...`. Of what is not
/// named here the script says the word itself.
fn words() -> String {
    let statuses = STATUSES.map(|code| format!("{code} {}", status(code)));
    let others = CLASSES
        .iter()
        .filter(|class| class.word() != one_of(**class));
    let classes = others.map(|class| format!("{} {}", class.word(), one_of(*class)));
    statuses
        .into_iter()
        .chain(classes)
        .collect::<Vec<_>>()
        .join(";")
}

#[cfg(test)]
mod tests {
    use tallyd_ledger::facts::{Class, Version};

    use super::*;

    fn hit(path: &[u8], number: u64, outcome: Option<Outcome>) -> Arc<Seen> {
        let version = Version {
            site: "s".into(),
            path: path.into(),
            device: 1,
            inode: 2,
            length: 3,
            modified: 4,
        };
        Arc::new(Seen {
            id: number,
            time: 0,
            site: "s".into(),
            status: 200,
            class: Class::Tool,
            protocol: 11,
            bytes: 0,
            about: About::Hit {
                version: Arc::new(version),
                number,
                outcome,
                referrer: "".into(),
            },
        })
    }

    #[test]
    fn a_hit_that_has_ended_is_one_row() {
        let latest = [
            hit(b"/b", 7, None),
            hit(b"/a", 8, Some(Outcome::Complete)),
            hit(b"/a", 7, Some(Outcome::Aborted)),
            hit(b"/a", 8, None),
            hit(b"/a", 7, None),
        ];
        let shown: Vec<_> = settled(&latest)
            .iter()
            .map(|seen| (seen.path(), outcome(&seen.about)))
            .collect();
        assert_eq!(
            shown,
            [
                (Some(&b"/b"[..]), "in flight"),
                (Some(b"/a"), "complete"),
                (Some(b"/a"), "aborted")
            ]
        );
    }

    #[test]
    fn the_newest_is_on_top_whichever_worker_told_of_it_first() {
        let at = |path: &[u8], time, outcome| {
            let seen = hit(path, 1, outcome);
            Arc::new(Seen {
                time,
                ..Seen::clone(&seen)
            })
        };
        let latest = [
            at(b"/1", 1, Some(Outcome::Complete)),
            at(b"/2", 2, None),
            at(b"/3", 3, None),
            at(b"/1", 1, None),
        ];
        let shown: Vec<_> = settled(&latest).iter().map(|seen| seen.path()).collect();
        assert_eq!(
            shown,
            [Some(&b"/3"[..]), Some(&b"/2"[..]), Some(&b"/1"[..])]
        );
    }

    #[test]
    fn only_a_hit_in_flight_waits_for_its_end() {
        let begun = hit(b"/a b", 7, None);
        assert_eq!(key(&begun), Some("7 s /a b".to_owned()));
        assert_eq!(key(&hit(b"/a", 7, Some(Outcome::Complete))), None);
    }

    #[test]
    fn the_script_can_tell_the_words_apart() {
        let words = words();
        for expected in ["206 Partial Content", "404 Not Found", "person-like person"] {
            assert!(words.split(';').any(|word| word == expected), "{expected}");
        }
        // It splits at semicolons, and at the first space.
        for word in words.split(';') {
            let (name, meaning) = word.split_once(' ').unwrap();
            assert!(!name.is_empty() && !meaning.is_empty(), "{word}");
        }
    }
}
