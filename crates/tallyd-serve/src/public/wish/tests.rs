//! What is understood of a query, and what is said of the rest.

use super::*;
use tallyd_http::head::{self, HeadLimits};

fn wish(method: &str, target: &str) -> Option<Wish> {
    let text = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n");
    let head = head::parse(text.as_bytes(), &HeadLimits::default());
    Wish::of(&head.unwrap().unwrap().request)
}

fn get(query: &str) -> Wish {
    wish("GET", &format!("/x{query}")).unwrap_or_else(|| panic!("{query} is none"))
}

fn badge(query: &str) -> Badge {
    match get(query) {
        Wish::Badge(badge) => badge,
        other => panic!("{query}: {other:?}"),
    }
}

fn wrong(query: &str) -> String {
    match get(query) {
        Wish::Wrong(reason) => reason,
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn only_a_query_that_begins_with_the_word_is_one() {
    for query in [
        "",
        "?",
        "?v=1",
        "?v=1&tally",
        "?tallyho",
        "?badges",
        "?Tally",
        "?=tally",
        "?&tally",
        "?%74ally",
    ] {
        assert_eq!(wish("GET", &format!("/x{query}")), None, "{query}");
    }
    for method in ["POST", "OPTIONS", "PUT"] {
        assert_eq!(wish(method, "/x?tally"), None, "{method}");
    }
    assert_eq!(wish("HEAD", "/x?tally"), Some(Wish::Tally(None)));
}

#[test]
fn a_tally_may_say_its_form() {
    for (query, expected) in [
        ("?tally", None),
        ("?tally=", None),
        ("?tally&utm_source=x", None),
        ("?tally=json", Some(Format::Json)),
        ("?tally=html", Some(Format::Html)),
        ("?tally=json&tally=html", Some(Format::Json)),
    ] {
        assert_eq!(get(query), Wish::Tally(expected), "{query}");
    }
    assert!(wrong("?tally=xml").contains("\"xml\""));
}

#[test]
fn a_badge_is_downloads_ever_unless_it_says_otherwise() {
    let plain = Badge {
        measure: Measure::Downloads,
        days: None,
        label: None,
        colour: Colour::default(),
    };
    for query in [
        "?badge",
        "?badge=",
        "?badge=downloads",
        "?badge&v=7",
        "?badge&style=flat",
    ] {
        assert_eq!(badge(query), plain, "{query}");
    }
    let all = badge("?badge=hits&days=30&label=made+by%20us&color=f80");
    assert_eq!(all.measure, Measure::Hits);
    assert_eq!(all.days, Some(30));
    assert_eq!(all.label.as_deref(), Some("made by us"));
    assert_eq!(all.colour.to_string(), "#ff8800");
    assert_eq!(badge("?badge&colour=red"), badge("?badge&color=red"));
}

#[test]
fn days_are_1_to_3650() {
    for (text, days) in [("1", 1), ("007", 7), ("3650", 3_650)] {
        assert_eq!(badge(&format!("?badge&days={text}")).days, Some(days));
    }
    for text in [
        "",
        "0",
        "3651",
        "-1",
        "+5",
        "%2b5",
        "1e3",
        "99999999999999999999",
        "30%0a",
        "x",
    ] {
        let reason = wrong(&format!("?badge&days={text}"));
        assert!(reason.contains("from 1 to 3650"), "{text}: {reason}");
    }
}

#[test]
fn a_label_is_text_of_64_characters_at_most() {
    let label = |query: &str| badge(query).label.unwrap();
    assert_eq!(label("?badge&label="), "");
    assert_eq!(label("?badge&label"), "");
    assert_eq!(label("?badge&label=100%"), "100%");
    assert_eq!(label("?badge&label=a%00b%0a%e2%80%aec%ef%bf%bf"), "a b  c");
    assert_eq!(label("?badge&label=%ff"), "\u{fffd}");
    let most = "%C3%A9".repeat(64);
    assert_eq!(label(&format!("?badge&label={most}")).chars().count(), 64);
    assert!(wrong(&format!("?badge&label={most}x")).contains("65 characters"));
    assert!(wrong(&format!("?badge&label={}", "x".repeat(7_000))).contains("7000 characters"));
}

#[test]
fn what_is_no_colour_is_told_with_those_that_are() {
    for text in ["", "chartreuse", "ff", "%22%2F%3E%3Cscript%3E"] {
        let reason = wrong(&format!("?badge&color={text}"));
        assert!(reason.contains("blue, teal, green"), "{reason}");
        assert!(reason.len() < 300);
    }
    assert!(wrong(&format!("?badge={}", "x".repeat(7_000))).len() < 200);
}
