//! The overview from data as they are in life: what it weighs, what it says, how it is built; and the contrast of
//! the colours. With `TALLYD_PAGES=DIR` the pages are written there, to be looked at.

mod sample;

use std::collections::BTreeSet;

use super::frame::Frame;
use super::{ICON, SCRIPT, STYLE};
use crate::admin::wanted::Wanted;
use sample::{Data, NOW, days, every_page};

#[test]
fn the_first_view_weighs_less_than_sixty_kilobytes() {
    let around = STYLE.len() + SCRIPT.len() + ICON.len();
    for (name, html) in every_page() {
        let all = html.len() + around;
        assert!(
            all < 60_000,
            "{name}: {all} bytes, of which the page has {}",
            html.len()
        );
    }
}

#[test]
fn the_pages_can_be_written_to_be_looked_at() {
    let pages = every_page();
    if let Some(place) = std::env::var_os("TALLYD_PAGES") {
        let place = std::path::PathBuf::from(place);
        for (name, html) in &pages {
            std::fs::write(place.join(format!("{name}.html")), html).unwrap();
        }
        for (name, text) in [
            ("style.css", STYLE),
            ("live.js", SCRIPT),
            ("icon.svg", ICON),
        ] {
            std::fs::write(place.join(name), text).unwrap();
        }
    }
    assert_eq!(pages.len(), 10);
}

#[test]
fn no_page_has_style_script_or_anything_of_another_host() {
    for (name, html) in every_page() {
        for refused in [
            " style=",
            "<style",
            " onclick",
            " onload",
            "javascript:",
            "<b>read me",
            "<script>",
            "http-equiv",
        ] {
            assert!(!html.contains(refused), "{name} has {refused}");
        }
        for link in values(&html, "href")
            .into_iter()
            .chain(values(&html, "src"))
            .chain(values(&html, "action"))
        {
            let is_ours =
                link.starts_with('/') || link.starts_with('#') || link == "http://localhost:8080/";
            assert!(is_ours, "{name} leads to {link}");
        }
    }
}

#[test]
fn every_id_is_there_once_and_everything_that_refers_to_one_finds_it() {
    for (name, html) in every_page() {
        let ids = values(&html, "id");
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(
            known.len(),
            ids.len(),
            "{name}: an id is there twice: {ids:?}"
        );
        for kind in ["aria-labelledby", "aria-describedby", "for"] {
            for wanted in values(&html, kind) {
                assert!(known.contains(wanted), "{name}: {kind} {wanted}");
            }
        }
        for live in html.split(" data-live").skip(1) {
            assert!(!live.is_empty());
        }
    }
}

#[test]
fn headings_go_down_one_step_at_a_time() {
    for (name, html) in every_page() {
        let levels: Vec<u32> = html
            .match_indices("<h")
            .filter_map(|(at, _)| html.get(at + 2..at + 3)?.parse().ok())
            .collect();
        assert_eq!(levels[0], 1, "{name}");
        assert_eq!(
            levels.iter().filter(|level| **level == 1).count(),
            1,
            "{name}"
        );
        for pair in levels.windows(2) {
            assert!(pair[1] <= pair[0] + 1, "{name}: {levels:?}");
        }
    }
}

#[test]
fn what_is_shown_is_said() {
    let html = Data::of(days(30)).html();
    for expected in [
        "22\u{a0}Oct \u{2013} 20\u{a0}Nov 2026",
        "</b></p><p class=\"beside\">11,502 in the 30\u{a0}days before",
        " fewer</b></p><p class=\"beside\">18,679 in the 30\u{a0}days before",
        "&lt;b&gt;read me&lt;/b&gt;",
        "/a/&lt;script&gt;alert(1)&lt;/script&gt;",
        "role=\"img\"",
        "aria-current=\"page\"",
        "href=\"/rules#download\"",
        "href=\"/api/v1/overview?days=30&amp;format=csv\"",
        "Counting rules, version 1",
        "404 Not Found",
    ] {
        assert!(html.contains(expected), "{expected}");
    }
    let pages = every_page();
    let (_, not_kept) = pages.iter().find(|(name, _)| *name == "not-kept").unwrap();
    assert!(not_kept.contains("--no-state"));
}

#[test]
fn a_word_leads_to_a_rule_that_is_there() {
    let rules = super::rules::page(&Frame {
        wanted: &Wanted::default(),
        sites: &[],
        trouble: None,
        now: NOW,
        version: "0",
    });
    let known: BTreeSet<&str> = values(&rules, "id").into_iter().collect();
    for (name, html) in every_page() {
        for link in values(&html, "href") {
            if let Some(anchor) = link.strip_prefix("/rules#") {
                assert!(known.contains(anchor), "{name}: no rule {anchor}");
            }
        }
    }
}

/// The values of an attribute.
fn values<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    let found = html
        .split(&begin)
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    found.collect()
}

#[test]
fn text_and_graphics_stand_out_in_both_modes() {
    let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").unwrap();
    for (mode, style) in [("light", light), ("dark", dark)] {
        let colour = |name: &str| {
            let begin = format!("--{name}:#");
            let found = style
                .split(&begin)
                .nth(1)
                .unwrap_or_else(|| panic!("{mode} has no {name}"));
            luminance(found.get(..6).unwrap())
        };
        let holds = |front: &str, ground: &str, least: f64| {
            let (front_of, ground_of) = (colour(front), colour(ground));
            let ratio = (front_of.max(ground_of) + 0.05) / (front_of.min(ground_of) + 0.05);
            assert!(
                ratio >= least,
                "{mode}: {front} on {ground} is {ratio:.2}, less than {least}"
            );
        };
        for ground in ["ground", "panel", "sunk", "fresh"] {
            for text in ["ink", "soft", "accent"] {
                holds(text, ground, 4.5);
            }
        }
        for (text, ground) in [
            ("on-accent", "accent"),
            ("more", "panel"),
            ("less", "panel"),
            ("alarm", "alarm-ground"),
        ] {
            holds(text, ground, 4.5);
        }
        for graphic in ["people", "tools", "bots", "other", "edge"] {
            holds(graphic, "panel", 3.0);
        }
        holds("people", "sunk", 3.0);
        holds("edge", "ground", 3.0);
        holds("edge", "sunk", 3.0);
    }
}

/// WCAG 2.2, "relative luminance".
fn luminance(hex: &str) -> f64 {
    let part = |place: usize| {
        let value =
            f64::from(u8::from_str_radix(hex.get(place..place + 2).unwrap(), 16).unwrap()) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}
