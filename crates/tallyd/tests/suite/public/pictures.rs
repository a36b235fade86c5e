//! The page of a tally and the picture of a badge, in Chromium.

use serde_json::json;

use super::{shown, tally, wait_until};
use crate::counts::Place;
use crate::support::{Browser, Folder, Program};

/// A name that would run a script wherever it was taken for markup.
const EVIL: &str = "<img src=x onerror=\"document.title='run'\">'&.txt";
const EVIL_URL: &str = "/%3Cimg%20src=x%20onerror=%22document.title='run'%22%3E'&.txt";

#[test]
fn the_page_shows_the_numbers_and_every_name_as_text() {
    let place = Place::with(&[]);
    place.root.file(EVIL, b"ten bytes\n");
    let server = shown(&place);
    let fetch = ["--fail", "-o", "/dev/null"];
    Program::curl(&fetch).arg(server.url(EVIL_URL)).output();
    // A hit is posted when it has begun, and may be a download a moment later.
    wait_until("the download", || {
        tally(&server, EVIL_URL)["downloads"] == 1
    });
    let mut browser = Browser::start();
    let page = browser.open(&server.url(&format!("{EVIL_URL}?tally")));
    assert_eq!(page.failures, Vec::<String>::new());
    let heading = "document.querySelector('h1').textContent";
    assert_eq!(browser.evaluate(heading), format!("/{EVIL}"));
    let title = format!("1 download of /{EVIL}");
    assert_eq!(browser.evaluate("document.title"), title);
    let rows = "[...document.querySelectorAll('tbody tr')].map(row => row.innerText.split('\\t'))";
    assert_eq!(
        browser.evaluate(rows),
        json!([
            ["Downloads by people and tools", "1", "1"],
            ["Downloads by bots and others", "0", "0"],
            ["Hits", "1", "1"],
            ["Bytes sent", "10 B", "10 B"]
        ])
    );
    // The policy of the page lets nothing run that it would load, or fetch anything.
    let fetched = "fetch(document.querySelector('a').href).then(() => 'fetched', () => 'refused')";
    assert_eq!(browser.evaluate(fetched), "refused");
    let href = browser.evaluate("document.querySelector('a').href");
    let page = browser.open(href.as_str().expect("a link"));
    assert_eq!(page.responses[0].1, 200, "{href}");
    server.stop();
}

#[test]
fn a_badge_is_drawn_at_its_size_with_its_text_as_text() {
    let place = Place::with(&[("a.zip", 10)]);
    let server = shown(&place);
    let evil = "%22%3E%3C%2Ftext%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%E6%96%87";
    let badges = [
        "?badge".to_owned(),
        "?badge=hits&days=30&color=yellow".to_owned(),
        "?badge&label=".to_owned(),
        format!("?badge&label={evil}"),
        format!("?badge&label={}", "W".repeat(64)),
    ];
    let mut browser = Browser::start();
    for badge in &badges {
        let page = browser.open(&server.url(&format!("/a.zip{badge}")));
        assert_eq!(page.failures, Vec::<String>::new(), "{badge}");
        // A picture that is no XML has an element that says so instead.
        let size = browser.evaluate(
            "[document.documentElement.localName, document.querySelectorAll('parsererror').length,
              document.scripts === undefined ? 0 : document.querySelectorAll('script').length,
              document.documentElement.height.baseVal.value]",
        );
        assert_eq!(size, json!(["svg", 0, 0, 20]), "{badge}");
        let fits = browser.evaluate(
            "(() => { const all = document.documentElement.width.baseVal.value;
                return [...document.querySelectorAll('text')].every(text => {
                    const box = text.getBBox();
                    return box.x >= 0 && box.x + box.width <= all && box.width > 0; }); })()",
        );
        assert_eq!(fits, true, "{badge}");
    }
    browser.open(&server.url(&format!("/a.zip?badge&label={evil}")));
    let label = browser.evaluate("document.querySelector('text').textContent");
    assert_eq!(label, "\"></text><script>alert(1)</script>文");
    as_pictures_of_a_page(&server.url("/a.zip"), &badges, &mut browser);
    server.stop();
}

/// In a page of another site, as in a README.
fn as_pictures_of_a_page(file: &str, badges: &[String], browser: &mut Browser) {
    let folder = Folder::new();
    let images: String = badges
        .iter()
        .map(|badge| format!("<img src=\"{file}{}\">\n", badge.replace('&', "&amp;")))
        .collect();
    let page = folder.file("readme.html", images.as_bytes());
    let page = browser.open(&format!("file://{}", page.display()));
    assert_eq!(page.failures, Vec::<String>::new());
    let sizes = browser.evaluate("[...document.images].map(image => [image.complete, image.naturalHeight, image.naturalWidth > 10])");
    assert_eq!(sizes, json!(vec![json!([true, 20, true]); badges.len()]));
}
