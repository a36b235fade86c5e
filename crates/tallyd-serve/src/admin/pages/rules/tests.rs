//! The page of the rules: all of the text is there, and every rule has its anchor.

use std::path::Path;

use super::super::hostile::{check, check_ids, values};
use super::*;
use crate::admin::wanted::Wanted;

fn html() -> String {
    let wanted = Wanted::default();
    page(&Frame {
        wanted: &wanted,
        sites: &[],
        trouble: None,
        now: 1_795_179_909_000_000_000,
        version: "0.1.0",
    })
}

/// The text of a document, without anything that is not a letter or a number.
fn letters(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_alphanumeric())
        .collect()
}

/// What a page says, without its tags.
fn text(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
    }
    let unescaped = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    unescaped.replace("&amp;", "&")
}

#[test]
fn every_rule_has_an_anchor() {
    let html = html();
    let ids = values(&html, "id");
    for anchor in [
        "request",
        "hit",
        "bytes",
        "complete",
        "aborted",
        "unsettled",
        "in-flight",
        "probe",
        "not-found",
        "day",
        "download",
        "partial",
        "repeat",
        "window",
        "file-version",
        "visitor",
        "agent-class",
        "internal",
        "proxy",
        "exactness",
        "what-is-exact",
        "what-follows-from-coverage",
        "who-is-who",
        "edge-cases",
    ] {
        assert!(ids.contains(&anchor), "{anchor} is not among {ids:?}");
    }
    check_ids(&html);
}

/// Where pages name a rule: `rule("hit", ..`, `"/rules#hit"`, `rule: "hit"`.
fn named(source: &str) -> Vec<&str> {
    let starts = ["rule(\"", "/rules#", "rule: \""];
    let parts = starts.iter().flat_map(|start| source.split(start).skip(1));
    let names = parts.map(|part| {
        let end = part.find(|letter: char| !letter.is_ascii_lowercase() && letter != '-');
        part.split_at(end.unwrap_or(part.len())).0
    });
    names.filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_rule_that_a_page_names_is_there() {
    let html = html();
    let ids = values(&html, "id");
    let mut places = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin/pages")];
    let mut found = 0;
    while let Some(place) = places.pop() {
        for entry in std::fs::read_dir(&place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                places.push(path);
                continue;
            }
            // A rule that is not there stands in the tests of tests.
            if path.ends_with("hostile.rs") {
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            for name in named(&source) {
                assert!(ids.contains(&name), "{}: {name}", path.display());
                found += 1;
            }
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn all_of_the_text_is_there_and_in_its_order() {
    // The addresses of links to other documents are all that is left out.
    let source = SOURCE.replace("](ledger.md)", "]");
    assert!(!source.contains("]("), "a link that this test has to know");
    let document = Document::of(SOURCE);
    let shown = text(&(document.intro + &document.out));
    assert_eq!(letters(&shown), letters(&source));
    let start: String = source.lines().take(5).collect();
    assert!(letters(&text(&html())).contains(&letters(&start)));
}

#[test]
fn the_page_is_well_formed_and_its_links_stay_here() {
    let html = html();
    check(&html);
    assert!(!html.contains("ledger.md"));
    assert!(
        html.contains("<tr id=\"hit\"><th scope=\"row\"><a href=\"#hit\">hit</a></th>"),
        "{html}"
    );
    assert!(html.contains("<li id=\"visitor\"><strong><a href=\"#visitor\">Visitor</a></strong>"));
    for link in values(&html, "href")
        .iter()
        .filter_map(|link| link.strip_prefix('#'))
    {
        assert!(values(&html, "id").contains(&link), "{link}");
    }
}

#[test]
fn markup_in_the_document_is_text() {
    let document = Document::of(
        "# A\n\nb <script>c</script> <b>d</b> [e](javascript:f) ![g](/h)\n\n<div onclick=\"i\">j</div>\n\n## K & <l>\n\n\
         | number | what |\n|---|---|\n| \"m\" <n> | o |\n",
    );
    let html = format!(
        "<!DOCTYPE html><main>{}{}</main>",
        document.intro, document.out
    );
    check(&html);
    assert!(
        !html.contains("<script") && !html.contains("<b>") && !html.contains("<div onclick"),
        "{html}"
    );
    assert!(html.contains("&lt;script&gt;c&lt;/script&gt;"), "{html}");
}

#[test]
fn it_is_rendered_once() {
    assert!(std::ptr::eq(content(), content()));
    assert_eq!(html(), html());
}
