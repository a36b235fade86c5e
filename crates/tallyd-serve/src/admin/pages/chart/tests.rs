//! Charts as they are drawn.

use tallyd_ledger::facts::DAY;

use super::*;

fn points(downloads: &[[u64; 5]]) -> Vec<Point> {
    let points = downloads.iter().zip(20_748..).map(|(downloads, start)| {
        let mut point = Point {
            start,
            ..Point::default()
        };
        for (counts, downloads) in point.classes.counts.iter_mut().zip(downloads) {
            counts.downloads = *downloads;
        }
        point
    });
    points.collect()
}

fn drawn(downloads: &[[u64; 5]]) -> String {
    let points = points(downloads);
    let chart = OverTime {
        id: "c",
        of: "/a<b>",
        points: &points,
        unit: Unit::Day,
        measure: Measure::Downloads,
        now: 20_749 * DAY,
    };
    over_time(&chart).into_string()
}

#[test]
fn every_bar_is_named_and_its_numbers_are_in_the_table() {
    let html = drawn(&[[812, 300, 92, 1, 1], [0; 5]]);
    for expected in [
        "<title>Thu 22\u{a0}Oct: 1,206\u{a0}downloads</title>",
        "<title>Fri 23\u{a0}Oct, so far: no downloads</title>",
        "<title id=\"c-title\">Downloads of /a&lt;b&gt; over time</title>",
        "<td>812</td><td>300</td><td>92</td><td>2</td><td>1,206</td>",
        "In all 1,206\u{a0}downloads: people\u{a0}812, tools\u{a0}300, bots\u{a0}92, other\u{a0}2.",
    ] {
        assert!(html.contains(expected), "{expected}\n{html}");
    }
}

#[test]
fn a_bar_that_stands_for_something_can_be_seen() {
    let bars = [1, 0, 1_000_000].map(|people| Bar {
        name: String::new(),
        parts: [people, 0, 0, 0],
    });
    let path = outline(&bars, 0, &Scale::up_to(1_000_000, 100.0));
    assert_eq!(path, "M5 100V99M25 100V0");
}

#[test]
fn parts_are_set_off_from_each_other() {
    let bars = [Bar {
        name: String::new(),
        parts: [50, 50, 0, 0],
    }];
    let scale = Scale::up_to(100, 100.0);
    assert_eq!(outline(&bars, 0, &scale), "M5 100V50");
    assert_eq!(outline(&bars, 1, &scale), "M5 49V0");
}

#[test]
fn nothing_is_drawn_of_nothing_and_said_so() {
    let html = drawn(&[[0; 5]; 30]);
    assert!(
        html.contains(">No downloads in this range</text>"),
        "{html}"
    );
    assert!(html.contains("<path class=\"people\" d=\"\">"));
    assert!(!drawn(&[]).contains("NaN"));
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let html = drawn(&[[u64::MAX / 8; 5]; 1]);
    assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
}

#[test]
fn a_small_bar_is_seen_and_none_is_not() {
    assert!(bar(1, 1_000_000).into_string().contains("width=\"1%\""));
    assert!(bar(3, 3).into_string().contains("width=\"100%\""));
    assert!(!bar(0, 3).into_string().contains("rect"));
}

#[test]
fn plain_bars_have_labels_and_shares() {
    let bars = [
        ("10".to_owned(), "0 to 10 %".to_owned(), 3),
        ("20".to_owned(), "10 to 20 %".to_owned(), 1),
    ];
    let html = plain(&Plain {
        id: "reached",
        title: "How far",
        words: ("hit", "hits"),
        head: "Part",
        bars: &bars,
    });
    let html = html.into_string();
    for expected in [
        "<title>0 to 10 %: 3\u{a0}hits</title>",
        "75.0\u{a0}%",
        ">20</text>",
    ] {
        assert!(html.contains(expected), "{expected}\n{html}");
    }
}

#[test]
fn the_style_knows_how_large_a_place_is() {
    let place = format!(".places rect{{width:{PLACE}px;height:{HEIGHT}px;");
    assert!(crate::admin::pages::STYLE.contains(&place), "{place}");
}
