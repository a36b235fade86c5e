//! What is shown of a count: whatever stands in a query, a path or a Referer is text in a picture, in JSON and on a
//! page, and the numbers are those that are known.

#![no_main]

use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tallyd_http::head::{self, HeadLimits};
use tallyd_http::request::{Method, Request};
use tallyd_ledger::facts::{CLASSES, Counts, Outcome, Version};
use tallyd_ledger::feed::{About, Seen};
use tallyd_ledger::report::{Brief, Classes};
// The file below asks its crate for it.
use tallyd_serve::json;
use tallyd_serve::public::{Badge, Known, Wish};
use tallyd_serve::query;

// The crate shows it to nobody.
#[path = "../../crates/tallyd-serve/src/public"]
mod public {
    use tallyd_serve::public::Known;

    pub mod tally;
}

/// As in the crate.
const MOST_LETTERS: usize = 64;
const MOST_DAYS: u16 = 3_650;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    today: i32,
    is_known: bool,
    /// As many as there are, and a time.
    numbers: [u64; 6],
    time: i64,
    /// Status, version of HTTP, class, and what a reply was about.
    small: (u16, u8, u8, u8),
    /// A query, a host, and a path, each up to a NUL.
    text: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let mut texts = input.text.splitn(3, |byte| *byte == 0);
    let mut text = || texts.next().unwrap_or_default();
    let (query, host, path) = (text(), text(), [b"/", text()].concat());
    let brief = input.is_known.then(|| brief(&input));
    let known = Known {
        path: &path,
        brief: brief.as_ref(),
        days: 30,
        today: i64::from(input.today),
    };
    check_json(known);
    check_page(known);
    check_seen(&input, host, &path);
    for query in [query, input.text] {
        check_wish(query, known);
    }
});

/// Sums are far from where they would wrap.
fn brief(input: &Input<'_>) -> Brief {
    let counts = |turn: u32| {
        let number = |at: usize| input.numbers[at].rotate_left(turn) >> 8;
        Counts {
            hits: number(0),
            downloads: number(1),
            bytes: number(2),
            ..Counts::default()
        }
    };
    let classes = |turn| Classes {
        counts: [0_u32, 1, 2, 3, 4].map(|class| counts(turn + class)),
    };
    Brief {
        counts: counts(0),
        classes: classes(0),
        recent: classes(8),
        first_seen: input.time,
    }
}

fn check_wish(query: &[u8], known: Known<'_>) {
    let head = head::parse(
        b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n",
        &HeadLimits::default(),
    );
    let plain = head.ok().flatten().expect("a head").request;
    let asked = |method| {
        let query = Some(query);
        Wish::of(&Request {
            method,
            query,
            ..plain.clone()
        })
    };
    let wish = asked(Method::Get);
    assert_eq!(asked(Method::Head), wish);
    assert_eq!(asked(Method::Post), None);
    let word = [&b"tally"[..], b"badge"].into_iter().find(|word| {
        let rest = query.strip_prefix(*word);
        rest.is_some_and(|rest| rest.is_empty() || b"&=".contains(&rest[0]))
    });
    assert_eq!(wish.is_some(), word.is_some());
    let is_tally = word == Some(b"tally");
    match &wish {
        None => {}
        Some(Wish::Tally(_)) => assert!(is_tally),
        Some(Wish::Badge(badge)) => {
            assert!(!is_tally);
            check_badge(query, badge, known);
        }
        Some(Wish::Wrong(reason)) => {
            assert!(!reason.is_empty() && reason.chars().count() < 600);
            assert!(!reason.contains(char::is_control), "{reason:?}");
        }
    }
    // A label of a query has its escapes; a path has not, and is longer.
    if let Some(Wish::Badge(badge)) = wish {
        let label = Some(as_label(known.path));
        check_svg(&Badge { label, ..badge }, known);
    }
}

/// What a query could have made of this text.
fn as_label(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let letters = text.chars().take(MOST_LETTERS);
    letters
        .filter(|letter| !letter.is_control() && !is_no_letter(*letter))
        .collect()
}

fn is_no_letter(letter: char) -> bool {
    matches!(letter, '\u{fffe}' | '\u{ffff}')
}

fn check_badge(query: &[u8], badge: &Badge, known: Known<'_>) {
    let first = |name: &[u8]| {
        query::pairs(query)
            .find(|pair| pair.0 == name)
            .map(|pair| pair.1)
    };
    let days = first(b"days").map(|text| String::from_utf8(text).expect("digits"));
    assert_eq!(badge.days, days.map(|text| text.parse().expect("a number")));
    assert!(
        badge
            .days
            .is_none_or(|days| (1..=MOST_DAYS).contains(&days))
    );
    let label = first(b"label");
    assert_eq!(badge.label.is_some(), label.is_some());
    if let (Some(shown), Some(asked)) = (&badge.label, label) {
        assert!(shown.chars().count() <= MOST_LETTERS && shown.trim() == shown);
        assert!(!shown.contains(char::is_control), "{shown:?}");
        let is_plain = asked.iter().all(|byte| byte.is_ascii_graphic());
        assert!(!is_plain || shown.as_bytes() == asked);
    }
    check_svg(badge, known);
}

/// The picture is read by a reader that knows nothing of it, and says what was asked for.
fn check_svg(badge: &Badge, known: Known<'_>) {
    let svg = badge.svg(known);
    assert!(!svg.to_ascii_lowercase().contains("<script"));
    let parts = elements(svg.strip_suffix('\n').expect("a line"));
    let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
    let field = &["path", "text"][..];
    let front = &["svg", "title", "g"][..];
    let is_alone = badge.label.as_deref() == Some("");
    let expected = [front, field, if is_alone { &[] } else { field }].concat();
    assert_eq!(names, expected, "{svg}");
    let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
    let said = parts[0]
        .attributes
        .iter()
        .find(|pair| pair.0 == "aria-label");
    assert_eq!(said.map(|pair| pair.1.as_str()), Some(texts[1]));
    let digits = texts[1]
        .rsplit([' ', ':'])
        .next()
        .expect("a number")
        .replace(',', "");
    let exact: u64 = digits.parse().expect("a number");
    assert!(known.brief.is_some() || exact == 0);
    check_short(exact, texts.last().expect("a text"));
    if let Some(label) = &badge.label {
        let all = if is_alone {
            String::new()
        } else {
            format!("{label}: ")
        };
        assert!(texts[1].starts_with(&all));
        assert!(is_alone || texts[4] == label);
    }
    let width = |part: &Element<'_>, name: &str| {
        let found = part.attributes.iter().find(|pair| pair.0 == name);
        found
            .and_then(|pair| pair.1.parse::<f64>().ok())
            .expect("a width")
    };
    let letters: f64 = parts
        .iter()
        .filter(|part| part.name == "text")
        .map(|part| width(part, "textLength"))
        .sum();
    assert!(letters + 12.0 <= width(&parts[0], "width"), "{svg}");
}

/// No more is claimed than there is, and not less than the next step.
fn check_short(exact: u64, short: &str) {
    let end = short.find(|letter: char| letter.is_ascii_alphabetic());
    let (digits, unit) = short.split_at(end.unwrap_or(short.len()));
    let unit = ["", "k", "M", "G", "T", "P", "E"]
        .iter()
        .position(|other| *other == unit);
    let unit = 1000_u128.pow(unit.expect("a unit") as u32);
    let (whole, tenths) = digits.split_once('.').unwrap_or((digits, "0"));
    let number = |text: &str| text.parse::<u128>().expect("a number");
    let shown = number(whole) * unit + number(tenths) * unit / 10;
    let step = match number(whole) {
        0..10 if unit > 1 => unit / 10,
        _ => unit,
    };
    assert!(number(whole) < 1000 && number(tenths) < 10);
    assert!(
        (shown..shown + step).contains(&u128::from(exact)),
        "{exact} {short}"
    );
}

/// An element as it begins, and the text directly behind its beginning.
struct Element<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, String)>,
    text: String,
}

/// The elements of a document in their order (XML 1.0, sections 2 and 3): each ends, none overlaps with another, no
/// attribute is there twice, and no letter that XML has no place for.
fn elements(document: &str) -> Vec<Element<'_>> {
    let is_legal =
        |letter: char| letter == '\t' || !letter.is_ascii_control() && !is_no_letter(letter);
    assert!(document.chars().all(is_legal), "{document:?}");
    let mut open = Vec::new();
    let mut found: Vec<Element<'_>> = Vec::new();
    let mut rest = document;
    while let Some(tag) = rest.strip_prefix('<') {
        let end = end_of_tag(tag);
        let (inner, text) = (&tag[..end], &tag[end + 1..]);
        let length = text.find('<').unwrap_or(text.len());
        rest = &text[length..];
        let text = unescaped(&text[..length]);
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            assert_eq!(text, "");
            assert!(!open.is_empty() || rest.is_empty(), "one root: {document}");
            continue;
        }
        let bare = inner.strip_suffix('/').unwrap_or(inner);
        let (name, attributes) = bare.split_once(' ').unwrap_or((bare, ""));
        if bare.len() == inner.len() {
            open.push(name);
        }
        assert!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic()));
        found.push(Element {
            name,
            attributes: attributes_of(attributes),
            text,
        });
    }
    assert!(rest.is_empty() && open.is_empty(), "{document}");
    found
}

/// The first `>` that is not between quotes.
fn end_of_tag(tag: &str) -> usize {
    let mut is_quoted = false;
    let end = tag.bytes().position(|byte| {
        is_quoted ^= byte == b'"';
        byte == b'>' && !is_quoted
    });
    end.expect("an end")
}

fn attributes_of(mut text: &str) -> Vec<(&str, String)> {
    let mut found: Vec<(&str, String)> = Vec::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"").expect("a value");
        let (value, rest) = rest.split_once('"').expect("its end");
        let is_letter = |byte: u8| byte.is_ascii_alphabetic() || b"-:".contains(&byte);
        assert!(!name.is_empty() && name.bytes().all(is_letter), "{name:?}");
        assert!(found.iter().all(|other| other.0 != name) && !value.contains('<'));
        found.push((name, unescaped(value)));
        text = if rest.is_empty() {
            ""
        } else {
            rest.strip_prefix(' ').expect("a space")
        };
    }
    found
}

fn unescaped(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once(';').expect("a reference");
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            other => panic!("&{other};"),
        });
        out.push_str(rest);
    }
    out
}

/// One line, which somebody else reads as JSON, without anything that moves a cursor.
fn parsed(line: &str) -> Value {
    let is_harmless = |letter: char| !letter.is_control() && !"\u{2028}\u{2029}".contains(letter);
    assert!(line.chars().all(is_harmless), "{line:?}");
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

fn check_json(known: Known<'_>) {
    let text = public::tally::json(known);
    let found = parsed(text.strip_suffix('\n').expect("a line"));
    assert_eq!(found["path"], *String::from_utf8_lossy(known.path));
    let href = found["href"].as_str().expect("a link");
    assert!(!href.starts_with("//") && href.bytes().all(|byte| byte.is_ascii_graphic()));
    let slashes = known.path.iter().take_while(|byte| **byte == b'/').count();
    assert_eq!(unlinked(href), &known.path[slashes - 1..]);
    let (counts, recent) = known.brief.map_or_else(Default::default, |brief| {
        (brief.counts, brief.recent.total())
    });
    for (name, expected) in [
        ("hits", counts.hits),
        ("downloads", counts.downloads),
        ("bytes", counts.bytes),
    ] {
        assert_eq!(found[name], expected);
    }
    assert_eq!(found["last_30_days"]["hits"], recent.hits);
    assert_eq!(found["last_30_days"]["downloads"], recent.downloads);
    assert_eq!(found["first_seen"].is_null(), known.brief.is_none());
    for class in CLASSES {
        let expected = known
            .brief
            .map_or(0, |brief| brief.classes.of(class).downloads);
        assert_eq!(found["downloads_by_class"][class.word()], expected);
    }
}

/// A page has the tags and the quotes of that of a plain path, and no others.
fn check_page(known: Known<'_>) {
    let page = public::tally::page(known);
    assert!(!page.to_ascii_lowercase().contains("<script"));
    let marks = |page: &str| page.matches(['<', '>', '"']).collect::<String>();
    let plain = public::tally::page(Known {
        path: b"/x",
        ..known
    });
    assert_eq!(marks(&page), marks(&plain));
    let is_harmless = |letter: char| letter == '\n' || !letter.is_control();
    assert!(page.chars().all(is_harmless));
}

fn check_seen(input: &Input<'_>, host: &[u8], path: &[u8]) {
    let (status, protocol, class, kind) = input.small;
    let host: Box<str> = String::from_utf8_lossy(host).into();
    let version = Arc::new(Version {
        site: host.clone(),
        path: path.into(),
        device: 1,
        inode: 2,
        length: 3,
        modified: 4,
    });
    let outcome = [None, Some(Outcome::Complete), Some(Outcome::Aborted)];
    let about = match kind % 4 {
        0 => About::Hit {
            version,
            number: input.numbers[1],
            outcome: outcome[usize::from(kind / 4 % 3)],
            referrer: host.clone(),
        },
        1 => About::Probe(version),
        2 => About::Missing(path.into()),
        _ => About::Other,
    };
    let is_hit = kind % 4 == 0;
    let seen = Seen {
        id: input.numbers[0],
        time: input.time,
        site: host.clone(),
        status,
        class: CLASSES[usize::from(class) % CLASSES.len()],
        protocol,
        bytes: input.numbers[2],
        about,
    };
    let found = parsed(&seen.json());
    assert_eq!(found["id"], seen.id);
    assert_eq!(found["bytes"], seen.bytes);
    assert_eq!(found["status"], status);
    assert_eq!(found["site"], *host);
    assert_eq!(found["class"], seen.class.word());
    let time = found["time"].as_str().expect("a time");
    let milliseconds = input.time.div_euclid(1_000_000).rem_euclid(1_000);
    assert!(
        time.ends_with(&format!(".{milliseconds:03}Z")) && time.len() == 24,
        "{time}"
    );
    assert_eq!(found["number"].as_u64(), is_hit.then_some(input.numbers[1]));
    let referrer = Some(&*host).filter(|host| is_hit && !host.is_empty());
    assert_eq!(found["referrer"].as_str(), referrer);
    check_seen_path(&found, seen.path());
}

fn check_seen_path(found: &Value, path: Option<&[u8]>) {
    let Some(path) = path else {
        return assert!(found["path"].is_null() && found["path_bytes"].is_null());
    };
    assert_eq!(found["path"], *String::from_utf8_lossy(path));
    match found["path_bytes"].as_str() {
        Some(exact) => assert_eq!(unlinked(exact), path),
        None => assert!(std::str::from_utf8(path).is_ok()),
    }
    if let Some(shown) = found["shown"].as_str() {
        assert!(shown.as_bytes() != path && !shown.contains('\u{202e}'));
    } else {
        assert!(
            !found["path"]
                .as_str()
                .is_some_and(|path| path.contains(char::is_control))
        );
    }
}

/// What a link stands for: each byte that is escaped, and each that is not.
fn unlinked(link: &str) -> Vec<u8> {
    let mut pieces = link.split('%');
    let mut out = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at(2);
        out.push(u8::from_str_radix(digits, 16).expect("two digits"));
        out.extend_from_slice(rest.as_bytes());
    }
    out
}
