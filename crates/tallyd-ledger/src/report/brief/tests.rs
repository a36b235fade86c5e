//! Files in brief, from a ledger that was posted to.

use std::sync::Arc;

use super::*;
use crate::batch::{Batch, VersionChange};
use crate::facts::{DAY, Version, hour_of};
use crate::ledger::{Ledger, Sqlite};

const TODAY: i64 = 20_777;

/// Hits of a path on a day, half of them downloads.
fn change(site: &str, path: &[u8], class: Class, hits: u64, day: i64) -> VersionChange {
    let time = day * DAY + DAY / 2;
    let counts = Counts {
        hits,
        complete: hits,
        downloads: hits / 2,
        ..Counts::default()
    };
    VersionChange {
        version: Arc::new(Version {
            site: site.into(),
            path: path.into(),
            device: 1,
            inode: 2,
            length: 10,
            modified: 0,
        }),
        number: hits,
        first: time,
        last: time,
        cells: vec![(hour_of(time), class, counts)],
        reached: [0; 10],
    }
}

fn ledger(changes: Vec<VersionChange>) -> (tempfile::TempDir, Report) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let mut ledger = Sqlite::open(&path).unwrap();
    for change in changes {
        let batch = Batch {
            latest: change.last,
            versions: vec![change],
            ..Batch::default()
        };
        ledger.post(&batch).unwrap();
    }
    let report = Report::open(&path).unwrap();
    (folder, report)
}

fn last_days(days: i64) -> Range {
    Range {
        since: Some(TODAY - days + 1),
        until: Some(TODAY),
    }
}

#[test]
fn a_file_in_brief_says_what_its_whole_report_says() {
    let (_folder, report) = ledger(vec![
        change("", b"/a", Class::Person, 10, TODAY - 40),
        change("", b"/a", Class::Bot, 4, TODAY - 5),
        change("", b"/a", Class::Tool, 6, TODAY),
        change("other", b"/a", Class::Tool, 100, TODAY),
    ]);
    let brief = report.brief("", b"/a", last_days(30)).unwrap().unwrap();
    let whole = report.file("", b"/a", Range::default(), TODAY);
    let whole = whole.unwrap().unwrap();
    assert_eq!(
        (brief.counts, brief.classes, brief.first_seen),
        (whole.counts, whole.classes, whole.first_seen)
    );
    assert_eq!((brief.people_and_tools(), brief.others()), (8, 2));
    let recent = report.file("", b"/a", last_days(30), TODAY).unwrap();
    assert_eq!(brief.recent, recent.unwrap().classes);
    assert_eq!(brief.recent.total().hits, 10);
    let none = report.brief("", b"/a", last_days(0)).unwrap().unwrap();
    assert_eq!(none.recent, Classes::default());
    assert_eq!(report.brief("", b"/b", last_days(30)).unwrap(), None);
    let other = report.brief("other", b"/a", last_days(1)).unwrap().unwrap();
    assert_eq!(other.counts.hits, 100);
}

#[test]
fn downloads_of_days_that_are_gone_stay_in_the_headline() {
    let mut brief = Brief {
        counts: Counts::default(),
        classes: Classes::default(),
        recent: Classes::default(),
        first_seen: 0,
    };
    brief.counts.downloads = 100;
    brief.classes.counts[Class::Person as usize].downloads = 20;
    brief.classes.counts[Class::Bot as usize].downloads = 5;
    assert_eq!(brief.people_and_tools(), 95);
}

#[test]
fn totals_are_in_the_order_of_the_paths() {
    let (_folder, report) = ledger(vec![
        change("", b"/a", Class::Person, 10, TODAY),
        change("", b"/\xff", Class::Bot, 4, TODAY),
        change("x", b"/b", Class::Bot, 2, TODAY),
    ]);
    let paths = [&b"/\xff"[..], b"/b", b"/a", b"/a/"].map(<[u8]>::to_vec);
    let totals = report.totals("", &paths).unwrap();
    let totals: Vec<(u64, u64)> = totals.iter().map(|t| (t.hits, t.downloads)).collect();
    assert_eq!(totals, [(4, 2), (0, 0), (10, 5), (0, 0)]);
}
