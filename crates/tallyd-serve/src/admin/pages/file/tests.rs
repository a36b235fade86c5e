//! What the page shows, and what it makes of hostile names.

use tallyd_ledger::facts::{DAY, HOUR};
use tallyd_ledger::report::{Classes, VersionRow};

use super::super::hostile::{check, check_ids, names, values};
use super::*;
use crate::admin::wanted::Period;

/// 2026-11-20, 17:00.
const NOW: i64 = 20_777 * DAY + 17 * HOUR;

fn counts(hits: u64) -> Counts {
    Counts {
        hits,
        complete: hits * 8 / 10,
        aborted: hits / 10,
        unsettled: 1,
        bytes: hits * 1_000_000,
        downloads: hits * 7 / 10,
        partials: 12,
        repeats: 34,
        probes: 56,
        visitors: 0,
    }
}

fn report(path: &[u8]) -> FileReport {
    let mut classes = Classes::default();
    for (of, hits) in classes
        .counts
        .iter_mut()
        .zip([5_000, 3_000, 1_000, 500, 500])
    {
        *of = counts(hits);
    }
    FileReport {
        site: String::new(),
        path: path.to_vec(),
        number: 1_234_567,
        first_seen: NOW - 40 * DAY,
        last_seen: NOW - HOUR,
        range: Wanted::default().period.range(20_777),
        counts: classes.total(),
        classes,
        days: Vec::new(),
        versions: vec![VersionRow {
            length: 48_123_456,
            modified: NOW - 41 * DAY,
            first_seen: NOW - 40 * DAY,
            last_seen: NOW - HOUR,
            counts: counts(777),
        }],
        reached: [40, 10, 0, 0, 5, 0, 0, 0, 0, 45],
        referrers: vec![("news.example".into(), 2_500)],
    }
}

fn html_of(wanted: &Wanted, sites: &[&str], file: &FileReport, address: Option<&str>) -> String {
    let sites: Vec<String> = sites.iter().map(|site| (*site).to_owned()).collect();
    let points = [Point {
        start: 20_777,
        classes: file.classes,
    }];
    let shown = Shown {
        file,
        points: &points,
        unit: Unit::Day,
        address,
    };
    let html = page(&frame(wanted, &sites), &shown);
    check(&html);
    check_ids(&html);
    html
}

fn frame<'a>(wanted: &'a Wanted, sites: &'a [String]) -> Frame<'a> {
    Frame {
        wanted,
        sites,
        trouble: None,
        now: NOW,
        version: "0.1.0",
    }
}

fn wanted(path: &[u8]) -> Wanted {
    Wanted {
        path: path.to_vec(),
        ..Wanted::default()
    }
}

fn has(html: &str, expected: &[&str]) {
    for text in expected {
        assert!(html.contains(text), "no {text} in {html}");
    }
}

#[test]
fn the_page_has_every_number_of_the_file() {
    let html = html_of(&wanted(b"/a.iso"), &[""], &report(b"/a.iso"), None);
    has(
        &html,
        &[
            "<title>/a.iso \u{b7} tallyd</title>",
            "href=\"/rules#download\">Downloads</a></h2><p class=\"figure\">5,600</p>",
            "by people and tools; 1,400 by others",
            "href=\"/rules#hit\">Hits</a></h2><p class=\"figure\">10,000</p>",
            "<p class=\"figure\">10.0\u{a0}GB</p><p class=\"beside\">exactly 10,000,000,000</p>",
            "href=\"/rules#probe\">Probes</a></h2><p class=\"figure\">280</p>",
            "href=\"/rules#repeat\">Repeats</a></h2><p class=\"figure\">170</p>",
            "href=\"/rules#partial\">Partials</a></h2><p class=\"figure\">60</p>",
            "hit number</a> 1,234,567",
            "first asked for <time datetime=\"2026-10-11T17:00:00Z\">11\u{a0}Oct 2026, 17:00:00</time>",
            "last <time datetime=\"2026-11-20T16:00:00Z\">",
            "href=\"/rules#unsettled\">Unsettled</a>",
            "href=\"/rules#in-flight\">In flight</a>",
            "100\u{a0}hits",
            ": 40 within the first tenth of what was asked for, 55 within the first half.",
            "<th scope=\"row\">90 to 100 %</th>",
            "news.example",
            "<span title=\"48,123,456 bytes\">48.1\u{a0}MB</span>",
            "href=\"/api/v1/file?days=30&amp;path=/a.iso\"",
            "href=\"/api/v1/file?days=30&amp;path=/a.iso&amp;format=csv\"",
            "href=\"/file?days=7&amp;path=/a.iso\"",
        ],
    );
    // In flight: what has neither ended nor was lost.
    has(&html, &["<span class=\"number\">995</span>"]);
    assert_eq!(values(&html, "aria-current").len(), 3);
}

#[test]
fn a_file_leads_to_itself_only_on_the_web() {
    let file = report(b"/a.iso");
    let at = |address| html_of(&wanted(b"/a.iso"), &[""], &file, address);
    has(
        &at(Some("http://127.0.0.1:8080/a.iso")),
        &["href=\"http://127.0.0.1:8080/a.iso\""],
    );
    assert!(!at(Some("javascript:alert(1)")).contains("open the file"));
    assert!(!at(None).contains("open the file"));
}

#[test]
fn where_nothing_was_counted_it_says_so() {
    let mut file = report(b"/quiet");
    file.counts = Counts::default();
    file.classes = Classes::default();
    file.reached = [0; 10];
    file.referrers.clear();
    let html = html_of(&wanted(b"/quiet"), &[""], &file, None);
    has(
        &html,
        &[
            "No hits in these days.",
            "No visitor got the whole in these days, and no window has closed.",
            "No hit of this file has ended early so far.",
            "No hit in these days has said where it came from.",
            "No downloads in this range",
        ],
    );
}

#[test]
fn what_is_no_longer_kept_by_class_is_said() {
    let mut file = report(b"/old");
    file.counts.hits += 7;
    let html = html_of(&wanted(b"/old"), &[""], &file, None);
    has(
        &html,
        &["7\u{a0}hits of these days can no longer be told apart by class"],
    );
    assert!(
        !html_of(&wanted(b"/a"), &[""], &report(b"/a"), None).contains("no longer be told apart")
    );
}

#[test]
fn of_thousands_of_versions_the_latest_are_listed() {
    let mut file = report(b"/often");
    file.versions = vec![file.versions[0].clone(); 1_234];
    let html = html_of(&wanted(b"/often"), &[""], &file, None);
    has(&html, &["And 1,184\u{a0}older ones: the JSON has them."]);
    assert_eq!(html.matches("48,123,456 bytes").count(), 50);
}

#[test]
fn a_file_that_is_not_known_is_said_to_be_so_with_those_that_may_be_meant() {
    let near = [
        (String::new(), b"/index.html".to_vec()),
        ("files.example".into(), b"/<b>.html".to_vec()),
    ];
    let wanted = Wanted {
        period: Period::Days(7),
        ..wanted(b"/<i>ndex.html")
    };
    let html = unknown(&frame(&wanted, &[]), &near);
    check(&html);
    has(
        &html,
        &[
            "Never asked for",
            "/&lt;i&gt;ndex.html",
            "href=\"/file?site=&amp;days=7&amp;path=/index.html\"",
            "href=\"/file?site=files.example&amp;days=7&amp;path=/%3Cb%3E.html\"",
            "href=\"/files?days=7\">All files</a>",
        ],
    );
    let none = Wanted::default();
    has(
        &unknown(&frame(&none, &[]), &[]),
        &["Which file?", "href=\"/files\""],
    );
}

#[test]
fn a_path_that_several_sites_have_leads_to_each() {
    let sites = [String::new(), "files.example".into()];
    let wanted = wanted(b"/index.html");
    let html = choice(&frame(&wanted, &sites), &sites);
    check(&html);
    has(
        &html,
        &[
            "Main site",
            "href=\"/file?site=&amp;path=/index.html\"",
            "href=\"/file?site=files.example&amp;path=/index.html\"",
        ],
    );
}

#[test]
fn hostile_names_are_text_everywhere() {
    for name in names() {
        let text = String::from_utf8_lossy(&name).into_owned();
        let mut file = report(&name);
        file.site = text.clone();
        file.referrers = vec![(text.clone(), 3)];
        let wanted = Wanted {
            site: Some(text.clone()),
            ..wanted(&name)
        };
        let html = html_of(&wanted, &["", "files.example"], &file, None);
        let (_, title) = html.split_once("<title>").unwrap();
        let title = title.split("</title>").next().unwrap();
        assert!(title.len() < 1_000, "{title}");
        let frame = frame(&wanted, &[]);
        check(&unknown(&frame, &[(text.clone(), name)]));
        check(&choice(&frame, &[String::new(), text]));
    }
}

#[test]
fn a_long_path_scrolls_and_a_short_one_does_not() {
    let long = [b"/".as_slice(), &b"x".repeat(4_000)].concat();
    let html = html_of(&wanted(&long), &[""], &report(&long), None);
    has(&html, &["<span class=\"path long\" tabindex=\"0\">"]);
    has(
        &html_of(&wanted(b"/x"), &[""], &report(b"/x"), None),
        &["<h1><span class=\"path\"><bdi dir=\"ltr\">/x</bdi>"],
    );
}
