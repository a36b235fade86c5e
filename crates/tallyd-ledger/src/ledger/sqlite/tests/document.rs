//! docs/ledger.md: its queries run, and find something.

use super::*;
use crate::batch::{DayChange, MissingChange, ReferrerChange};
use crate::facts::{DAY, day_of};
use crate::ledger::Ledger;

const DOCUMENT: &str = include_str!("../../../../../../docs/ledger.md");

/// A week of a small site, as in the document.
fn week(ledger: &mut Sqlite) {
    let (program, manual) = (version("/tallyd-1.2.tar.gz"), version("/manual.html"));
    for day in 0..7_u64 {
        let time = NOW + day.cast_signed() * DAY;
        let mut tools = change(&program, (day + 1) * 45, time, counts(40, 34, 5));
        tools.cells[0].1 = Class::Tool;
        tools
            .cells
            .push((hour_of(time) + 1, Class::Bot, counts(5, 5, 0)));
        tools.reached = [2, 1, 0, 0, 1, 0, 0, 0, 0, 1];
        let people = change(&manual, (day + 1) * 20, time + 7, counts(20, 18, 2));
        let referrer = |host: &str, hits| ReferrerChange {
            site: "".into(),
            path: program.path.clone(),
            day: day_of(time),
            host: host.into(),
            hits,
        };
        let batch = Batch {
            windows: vec![opened(&program, day, Some(window(time, 1_000)))],
            referrers: vec![referrer("news.example", 12), referrer("forum.example", 3)],
            missing: vec![MissingChange {
                site: "".into(),
                path: b"/wp-login.php".as_slice().into(),
                requests: 31,
                last: time,
            }],
            days: vec![replies(day_of(time))],
            latest: time,
            ..versions(vec![tools, people])
        };
        ledger.post(&batch).unwrap();
    }
    let replaced = Arc::new(Version {
        inode: 8,
        length: 1_200,
        ..(*program).clone()
    });
    let last = change(&replaced, 316, NOW + 7 * DAY, counts(1, 1, 0));
    ledger.post(&versions(vec![last])).unwrap();
}

fn counts(hits: u64, complete: u64, aborted: u64) -> Counts {
    Counts {
        hits,
        complete,
        aborted,
        unsettled: hits - complete - aborted,
        bytes: 1_000 * complete + 400 * aborted,
        downloads: complete - complete / 10,
        partials: aborted,
        repeats: complete / 10,
        probes: 2,
        visitors: complete / 2,
    }
}

fn replies(day: i64) -> DayChange {
    DayChange {
        day,
        statuses: vec![(200, 65), (304, 4), (404, 31)],
        protocols: vec![(11, 98), (10, 2)],
        bytes: 61_400,
        proxied: 3,
        registers: (0..27).map(|n| (0, n * 151, 1 + (n % 5) as u8)).collect(),
        ..DayChange::default()
    }
}

/// The blocks of a language, in their order.
fn blocks(language: &str) -> Vec<&'static str> {
    let begin = format!("```{language}\n");
    let parts = DOCUMENT.split(begin.as_str()).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap())
        .collect()
}

/// What the sqlite3 shell shows in its first mode.
fn shown(ledger: &Sqlite, query: &str) -> String {
    let lines = all(&ledger.connection, query).into_iter().map(|row| {
        let words = row.into_iter().map(|value| match value {
            Value::Null => String::new(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => format!("{number:?}"),
            Value::Text(text) => text,
            Value::Blob(_) => panic!("a blob is nothing to be shown: {query}"),
        });
        words.collect::<Vec<_>>().join("|") + "\n"
    });
    lines.collect()
}

#[test]
fn the_queries_of_the_document_give_what_it_says() {
    let (_folder, path) = place();
    let mut ledger = Sqlite::open(&path).unwrap();
    week(&mut ledger);
    let (queries, answers) = (blocks("sql"), blocks("text"));
    assert!(queries.len() >= 10, "{} queries", queries.len());
    let found = queries
        .iter()
        .map(|query| shown(&ledger, query))
        .collect::<Vec<_>>();
    for (query, found) in queries.iter().zip(&found) {
        assert!(!found.is_empty(), "nothing found: {query}");
    }
    assert_eq!(found, answers);
}

#[test]
fn the_document_names_every_table() {
    for table in TABLES.into_iter().chain(["facts"]) {
        assert!(DOCUMENT.contains(&format!("`{table}`")), "{table}");
    }
}
