//! Names that somebody may have chosen to do harm, and a look at what became of them in a page. For tests.
//!
//! Promises: a document that passes is well formed, holds nothing but attributes that the pages write themselves, and
//! each rule that it leads to is there. Must not know: what a page says.

/// Paths, searches, hosts: each tries to be something else than text.
pub(super) fn names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "/<script>alert(1)</script>\"'&",
        "/\" onmouseover=\"alert(1)",
        "/' onfocus='alert(1)' autofocus='",
        "/</a></td></table></main><script src=//evil.example/x.js></script>",
        "/--><!--<svg onload=alert(1)>",
        "/]]><![CDATA[<b>",
        "/javascript:alert(1)",
        "/&lt;script&gt;&#60;&amp;amp;",
        "/a\u{202e}gpj.exe",
        "/\u{2066}isolated\u{2069}\u{200f}\u{061c}",
        "/zero\u{200b}width\u{feff}joiner\u{200d}",
        "/line\u{2028}and\u{2029}paragraph",
        "/two\r\nlines\tand a tab",
        "/\u{1b}[2J\u{7}\u{0}\u{7f}\u{9b}",
        "/=cmd|' /C calc'!A0",
        "/%3Cscript%3E?x=1&y=2#top",
        "/{{7*7}}${7*7}`x`",
        "/\u{5e9}\u{5dc}\u{5d5}\u{5dd}/\u{645}.txt",
        "",
        " ",
        "\"",
        "'",
        ">",
        "<",
        "&",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    names.push(b"/\xff\xfe<\xc0\xaf>\xed\xa0\x80".to_vec());
    names.push((0..=255).collect());
    names.push([b"/".as_slice(), &b"x".repeat(4_000)].concat());
    names.push([b"/".as_slice(), &b"<\"".repeat(2_000)].concat());
    names
}

/// Elements that end with their start.
const VOID: [&str; 4] = ["meta", "link", "input", "br"];

/// Attributes that the pages write. None of them runs anything.
const ATTRIBUTES: [&str; 53] = [
    "lang",
    "charset",
    "name",
    "content",
    "rel",
    "href",
    "type",
    "src",
    "defer",
    "class",
    "id",
    "tabindex",
    "title",
    "role",
    "datetime",
    "method",
    "action",
    "value",
    "maxlength",
    "autocomplete",
    "autocapitalize",
    "spellcheck",
    "scope",
    "dir",
    "open",
    "hidden",
    "d",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "dx",
    "dy",
    "width",
    "height",
    "viewBox",
    "rx",
    "preserveAspectRatio",
    "aria-label",
    "aria-labelledby",
    "aria-describedby",
    "aria-hidden",
    "aria-current",
    "aria-sort",
    "data-live",
    "data-label",
    "data-shape",
    "data-words",
    "data-file",
    "data-site",
    "data-key",
];

/// Panics unless the document is well formed, runs nothing, leads nowhere else and shows no letter that reorders
/// or hides others.
pub(super) fn check(document: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = document.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    while let Some((text, tag)) = rest.split_once('<') {
        check_text(text);
        rest = match tag.strip_prefix('/') {
            Some(end) => {
                let (name, after) = end.split_once('>').expect("an end");
                assert_eq!(open.pop(), Some(name), "before {}", start_of(after));
                after
            }
            None => {
                let (name, after) = check_tag(tag);
                if !VOID.contains(&name) {
                    open.push(name);
                }
                after
            }
        };
    }
    check_text(rest);
    assert_eq!(open, [""; 0]);
}

/// One start tag, without its `<`: its name, and what follows it.
fn check_tag(tag: &str) -> (&str, &str) {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let end = tag.find(|letter| !is_name(letter)).expect("a name");
    let (name, mut rest) = tag.split_at(end);
    assert!(!name.is_empty(), "{}", start_of(tag));
    let is_ours = tag.starts_with("script src=\"/live.js\" defer></script>");
    assert!(name != "script" || is_ours, "{}", start_of(tag));
    loop {
        if let Some(after) = rest.strip_prefix('>') {
            return (name, after);
        }
        rest = rest
            .strip_prefix(' ')
            .unwrap_or_else(|| panic!("{name}: {}", start_of(rest)));
        let end = rest.find(|letter| !is_name(letter)).expect("an attribute");
        let (attribute, after) = rest.split_at(end);
        assert!(ATTRIBUTES.contains(&attribute), "{name} has {attribute}");
        rest = match after.strip_prefix("=\"") {
            Some(value) => {
                let (value, after) = value.split_once('"').expect("a quote");
                check_value(name, attribute, value);
                after
            }
            None => after,
        };
    }
}

fn check_value(element: &str, attribute: &str, value: &str) {
    assert!(
        !value.contains('<'),
        "{element} {attribute}={}",
        start_of(value)
    );
    // What stands in a field is what was typed, and is sent again as it was.
    if (element, attribute) != ("input", "value") {
        check_text(value);
    }
    if matches!(attribute, "href" | "src" | "action") {
        let is_ours = value.starts_with("/") && !value.starts_with("//");
        let is_known =
            is_ours || value.starts_with('#') || value.starts_with("http://127.0.0.1:8080/");
        assert!(is_known, "{element} leads to {}", start_of(value));
        let rule = value.strip_prefix("/rules#");
        assert!(rule.is_none_or(super::rules::has), "there is no {value}");
    }
}

fn check_text(text: &str) {
    assert!(!text.contains('>'), "{}", start_of(text));
    let is_refused = |letter: &char| {
        (letter.is_control() && *letter != '\n')
            || matches!(letter, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    assert_eq!(text.chars().find(is_refused), None, "{}", start_of(text));
}

fn start_of(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The values of an attribute, in the order of the document.
pub(super) fn values<'a>(document: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    let parts = document.split(start.as_str()).skip(1);
    parts.filter_map(|part| part.split('"').next()).collect()
}

/// Panics unless each id is there once, and whatever refers to one finds it.
pub(super) fn check_ids(document: &str) {
    let mut ids = values(document, "id");
    for attribute in ["aria-labelledby", "aria-describedby", "for"] {
        for wanted in values(document, attribute) {
            assert!(ids.contains(&wanted), "{attribute} {wanted}");
        }
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "{ids:?}");
}

#[test]
fn what_a_forgetful_page_would_say_is_found() {
    let page = |body: &str| format!("<!DOCTYPE html><main>{body}</main>");
    check(&page(
        "<a href=\"/file?path=%3C\" title=\"&quot;\">a &lt;b&gt; c</a><br>",
    ));
    for body in [
        "<b>",
        "</main>",
        "<script>alert(1)</script>",
        "<script src=\"/other.js\"></script>",
        "<a href=\"//evil.example\">x</a>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a onclick=\"x\">x</a>",
        "<a href=\"/rules#nothing\">x</a>",
        "<a title=\"\" onclick=\"x\">x</a>",
        "<p style=\"x\">x</p>",
        "<p title='x'>x</p>",
        "a > b",
        "a\u{202e}b",
        "a\u{1b}b",
    ] {
        let page = page(body);
        let judged = std::panic::catch_unwind(|| check(&page));
        assert!(judged.is_err(), "{body}");
    }
}
