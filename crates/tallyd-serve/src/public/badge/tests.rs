//! Badges as text: what they say, and that nothing leaves its place.

use super::*;
use tallyd_ledger::facts::{Class, Counts};
use tallyd_ledger::report::{Brief, Classes};

fn badge() -> Badge {
    Badge {
        measure: Measure::Downloads,
        days: None,
        label: None,
        colour: Colour::default(),
    }
}

/// 1,234 downloads by people, 10 by bots, 1,500 hits; 20 downloads and 25 hits of them of late.
fn brief() -> Brief {
    let class = |class: Class, downloads, hits| {
        let mut classes = Classes::default();
        classes.counts[class as usize] = Counts {
            hits,
            downloads,
            ..Counts::default()
        };
        classes
    };
    let mut classes = class(Class::Person, 1_234, 1_400);
    classes.counts[Class::Bot as usize].downloads = 10;
    Brief {
        counts: Counts {
            hits: 1_500,
            downloads: 1_244,
            ..Counts::default()
        },
        classes,
        recent: class(Class::Tool, 20, 25),
        first_seen: 0,
    }
}

fn svg(badge: &Badge) -> String {
    let brief = brief();
    badge.svg(Known {
        path: b"/x",
        brief: Some(&brief),
        days: badge.days.unwrap_or(30),
        today: 20_777,
    })
}

/// The text of each element of this name.
fn texts<'a>(svg: &'a str, element: &str) -> Vec<&'a str> {
    let begin = format!("<{element}");
    let parts = svg.split(begin.as_str()).skip(1);
    parts
        .map(|part| {
            let inner = part.split_once('>').unwrap().1;
            inner.split_once("</").unwrap().0
        })
        .collect()
}

#[test]
fn it_says_what_is_counted_and_the_exact_number_in_its_title() {
    let say = |change: fn(&mut Badge)| {
        let mut badge = badge();
        change(&mut badge);
        let svg = svg(&badge);
        let title = texts(&svg, "title")[0].to_owned();
        assert!(svg.contains(&format!("aria-label=\"{title}\"")), "{svg}");
        (texts(&svg, "text").join("|"), title)
    };
    let is = |words: &str, title: &str| (words.to_owned(), title.to_owned());
    assert_eq!(say(|_| {}), is("downloads|1.2k", "downloads: 1,234"));
    assert_eq!(
        say(|badge| badge.measure = Measure::Hits),
        is("hits|1.5k", "hits: 1,500")
    );
    assert_eq!(
        say(|badge| badge.days = Some(30)),
        is("downloads / 30 days|20", "downloads / 30 days: 20")
    );
    assert_eq!(
        say(|badge| (badge.measure, badge.days) = (Measure::Hits, Some(1))),
        is("hits today|25", "hits today: 25")
    );
    assert_eq!(
        say(|badge| badge.label = Some("a".into())),
        is("a|1.2k", "a: 1,234")
    );
    assert_eq!(
        say(|badge| badge.label = Some(String::new())),
        is("1.2k", "1,234")
    );
}

#[test]
fn a_file_that_was_never_asked_for_has_zero() {
    let svg = badge().svg(Known {
        path: b"/x",
        brief: None,
        days: 30,
        today: 20_777,
    });
    assert_eq!(texts(&svg, "text"), ["downloads", "0"]);
}

#[test]
fn markup_in_a_label_is_text() {
    let evil = "\"/><script>alert(1)</script>&'";
    let svg = svg(&Badge {
        label: Some(evil.into()),
        ..badge()
    });
    assert!(!svg.contains("<script"), "{svg}");
    assert_eq!(
        texts(&svg, "text")[0],
        "&quot;/&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;'"
    );
    assert_eq!(svg.matches('<').count(), 14, "no element more: {svg}");
}

#[test]
fn every_text_lies_within_its_field() {
    for label in ["i", "downloads", "WWWWWWWWWW", "文文文", &"W".repeat(64)] {
        let svg = svg(&Badge {
            label: Some(label.to_owned()),
            ..badge()
        });
        let number = |name: &str| -> Vec<f64> {
            let begin = format!(" {name}=\"");
            let parts = svg.split(begin.as_str()).skip(1);
            parts
                .map(|part| part.split('"').next().unwrap().parse().unwrap())
                .collect()
        };
        let (middles, lengths) = (number("x"), number("textLength"));
        let all = number("width")[0];
        assert_eq!(
            (middles.len(), lengths.len(), number("height")[0]),
            (2, 2, 20.0)
        );
        let border = all - 2.0 * (all - middles[1]);
        let ends = |place: usize| {
            let half = lengths[place] / 2.0;
            (middles[place] - half, middles[place] + half)
        };
        assert!(ends(0).0 >= 5.9 && ends(0).1 <= border - 5.9, "{svg}");
        assert!(ends(1).0 >= border + 5.9 && ends(1).1 <= all - 5.9, "{svg}");
    }
}

#[test]
fn the_letters_suit_the_colour() {
    for (colour, letters) in [
        ("yellow", "#000000"),
        ("blue", "#ffffff"),
        ("fff", "#000000"),
    ] {
        let svg = svg(&Badge {
            colour: Colour::of(colour).unwrap(),
            ..badge()
        });
        let number = svg.rsplit("<text").next().unwrap();
        assert!(number.contains(&format!("fill=\"{letters}\"")), "{svg}");
    }
}

#[test]
fn short_numbers_have_three_digits_and_never_say_more() {
    for (number, expected) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1k"),
        (1_099, "1k"),
        (1_299, "1.2k"),
        (9_999, "9.9k"),
        (34_567, "34k"),
        (999_999, "999k"),
        (1_000_000, "1M"),
        (1_250_000, "1.2M"),
        (u64::MAX, "18E"),
    ] {
        assert_eq!(short(number), expected, "{number}");
    }
}
