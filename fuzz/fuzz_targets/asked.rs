//! What is asked of the admin pages, and by whom: parameters against a plain reading of them, links that lead back to
//! what they say, and nobody is let in who should not be.

#![no_main]

use std::net::{IpAddr, Ipv6Addr};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tallyd_http::head::{self, HeadLimits};
use tallyd_ledger::report::{Sort, calendar};
use tallyd_serve::admin::access::{Door, Verdict, judge};
use tallyd_serve::admin::wanted::{Extras, Measure, Period, Table, Wanted};
use tallyd_serve::config::Token;
use tallyd_serve::query;

/// The seeds and the dictionary know it.
const TOKEN: &str = "a-token-of-24-characters";

/// The first day of the year 1 and the last of the year 9999.
const DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    today: i32,
    /// Which byte of the credentials is wrong, and which bit of it.
    flip: (u8, u8),
    /// A query, and a head behind a NUL.
    text: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let today = i64::from(input.today).clamp(*DAYS.start(), *DAYS.end());
    let mut texts = input.text.splitn(2, |byte| *byte == 0);
    let mut text = || texts.next().unwrap_or_default();
    for query in [text(), input.text] {
        check_query(query, today);
    }
    let head = text();
    check_access(head);
    check_credentials(head, input.flip);
});

fn check_query(query: &[u8], today: i64) {
    let pairs: Vec<_> = query::pairs(query).collect();
    assert_eq!(pairs, plain_pairs(query));
    let of_page = Wanted::of_page(Some(query), today);
    let expected = plain_wanted(&pairs, today, &["page"]);
    match (&of_page, expected) {
        (Ok(found), Some(expected)) => {
            let page = plain_last(&pairs, "page").map_or(1, |page| plain_number(page).max(1));
            assert_eq!(*found, Wanted { page, ..expected });
            check_wanted(found, today);
        }
        (Err(reason), None) => assert_is_a_line(reason),
        (found, expected) => panic!("{found:?} {expected:?} of {}", query.escape_ascii()),
    }
    let is_known = pairs.iter().all(|(name, _)| {
        let known = PARAMETERS.iter().chain(&EXTRAS);
        known.clone().any(|known| known.as_bytes() == name)
    });
    let expected = plain_wanted(&pairs, today, &[]).map(|wanted| {
        let is_said = ["days", "since", "until"].map(|name| plain_last(&pairs, name));
        match is_said.into_iter().flatten().all(<[u8]>::is_empty) {
            true => Wanted {
                period: Period::All,
                ..wanted
            },
            false => wanted,
        }
    });
    let expected = expected.zip(plain_extras(&pairs)).filter(|_| is_known);
    match (Wanted::of_program(Some(query), today), expected) {
        (Ok(found), Some(expected)) => {
            assert_eq!(found, expected);
            check_wanted(&found.0, today);
        }
        (Err(reason), None) => assert_is_a_line(&reason),
        (found, expected) => panic!("{found:?} {expected:?} of {}", query.escape_ascii()),
    }
}

/// What a person reads, and what may stand in a log.
fn assert_is_a_line(reason: &str) {
    assert!(
        !reason.is_empty() && !reason.contains(char::is_control),
        "{reason:?}"
    );
}

fn check_wanted(wanted: &Wanted, today: i64) {
    let now = wanted.period.range(today);
    match (wanted.period.before(today), now.since, now.until) {
        (Some(before), Some(first), Some(last)) => {
            let (from, to) = (before.since.expect("a day"), before.until.expect("a day"));
            assert!(first <= last && to == first - 1 && to - from == last - first);
        }
        (None, None, None) => assert_eq!(wanted.period, Period::All),
        other => panic!("{other:?}"),
    }
    // Whatever day it is when the link is followed.
    for day in [today, 0, *DAYS.end()] {
        let link = wanted.link("/files");
        let query = query_of(&link, "/files");
        assert_eq!(Wanted::of_page(query, day).as_ref(), Ok(wanted), "{link}");
        let asked = Wanted {
            page: 1,
            measure: Measure::Downloads,
            ..wanted.clone()
        };
        for (more, limit) in [("", 20), ("limit=7&format=csv", 7)] {
            let link = wanted.program_link("/api/v1/files", more);
            let query = query_of(&link, "/api/v1/files");
            let (found, extras) = Wanted::of_program(query, day).expect("a link of ours");
            assert_eq!(found, asked, "{link}");
            let expected = Extras {
                limit,
                offset: 0,
                by_hour: None,
                csv: limit == 7,
                table: None,
            };
            assert_eq!(extras, expected);
        }
    }
}

/// What follows the page; neither in a field, nor between quotes, does it end too early.
fn query_of<'a>(link: &'a str, page: &str) -> Option<&'a [u8]> {
    let is_harmless = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>\\#".contains(&byte);
    assert!(link.bytes().all(is_harmless), "{link:?}");
    match link.strip_prefix(page).expect("the page") {
        "" => None,
        rest => {
            let query = rest.strip_prefix('?').expect("a query");
            assert!(!query.is_empty() && !query.contains('?'));
            Some(query.as_bytes())
        }
    }
}

/// Names and values, byte by byte.
fn plain_pairs(query: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut pairs = Vec::new();
    for part in query.split(|byte| *byte == b'&') {
        if part.is_empty() {
            continue;
        }
        let equals = part.iter().position(|byte| *byte == b'=');
        let (name, value) = match equals {
            Some(at) => (&part[..at], &part[at + 1..]),
            None => (part, &[][..]),
        };
        pairs.push((plain_decoded(name), plain_decoded(value)));
    }
    pairs
}

fn plain_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let escape = (digit(text.get(at + 1)), digit(text.get(at + 2)));
        let (byte, length) = match (byte, escape) {
            (b'%', (Some(high), Some(low))) => ((high * 16 + low) as u8, 3),
            (b'+', _) => (b' ', 1),
            (other, _) => (*other, 1),
        };
        out.push(byte);
        at += length;
    }
    out
}

/// What both know, and what only programs say.
const PARAMETERS: [&str; 8] = [
    "days", "since", "until", "site", "search", "path", "sort", "chart",
];
const EXTRAS: [&str; 5] = ["limit", "offset", "unit", "format", "table"];

type Pairs<'a> = &'a [(Vec<u8>, Vec<u8>)];

/// Of several with a name the last one.
fn plain_last<'a>(pairs: Pairs<'a>, name: &str) -> Option<&'a [u8]> {
    let mut named = pairs.iter().rev().filter(|pair| pair.0 == name.as_bytes());
    named.next().map(|pair| pair.1.as_slice())
}

/// All that page and program have in common, if every value can be meant, also of these names, which are numbers.
fn plain_wanted(pairs: Pairs<'_>, today: i64, numbers: &[&str]) -> Option<Wanted> {
    let is_good = |name: &[u8], value: &[u8]| match name {
        b"days" => value == b"all" || is_number(value) && (1..=3650).contains(&plain_number(value)),
        b"since" | b"until" => value.is_empty() || plain_day(value).is_some(),
        b"sort" => Sort::ALL.iter().any(|(_, word)| word.as_bytes() == value),
        b"chart" => value == b"downloads" || value == b"hits",
        other if numbers.iter().any(|name| name.as_bytes() == other) => is_number(value),
        _ => true,
    };
    if !pairs.iter().all(|(name, value)| is_good(name, value)) {
        return None;
    }
    let last = |name| plain_last(pairs, name);
    let text = |name| String::from_utf8_lossy(last(name).unwrap_or_default()).into_owned();
    let day = |name| last(name).and_then(plain_day);
    let period = match (last("days"), day("since"), day("until")) {
        (None, None, None) => Period::Days(30),
        (Some(b"all"), None, None) => Period::All,
        (Some(days), None, None) => Period::Days(plain_number(days) as u16),
        (Some(_), _, _) => return None,
        (None, since, until) => {
            let (since, until) = (since.unwrap_or(0), until.unwrap_or(today));
            (since <= until).then_some(Period::Between(since, until))?
        }
    };
    let sort = last("sort").and_then(|word| Sort::named(std::str::from_utf8(word).ok()?));
    Some(Wanted {
        site: last("site")
            .filter(|site| *site != b"*")
            .map(|_| text("site")),
        period,
        measure: match last("chart") {
            Some(b"hits") => Measure::Hits,
            _ => Measure::Downloads,
        },
        search: text("search"),
        sort: sort.unwrap_or(Sort::Downloads),
        page: 1,
        path: last("path").unwrap_or_default().to_vec(),
    })
}

fn plain_extras(pairs: Pairs<'_>) -> Option<Extras> {
    let is_good = |name: &[u8], value: &[u8]| match name {
        b"limit" => is_number(value) && (1..=1000).contains(&plain_number(value)),
        b"offset" => is_number(value),
        b"unit" => value == b"hour" || value == b"day",
        b"format" => value == b"json" || value == b"csv",
        b"table" => plain_table(value).is_some(),
        _ => true,
    };
    let is_right = pairs.iter().all(|(name, value)| is_good(name, value));
    let last = |name| plain_last(pairs, name);
    is_right.then(|| Extras {
        limit: last("limit").map_or(20, plain_number),
        offset: last("offset").map_or(0, plain_number),
        by_hour: last("unit").map(|unit| unit == b"hour"),
        csv: last("format") == Some(b"csv"),
        table: last("table").and_then(plain_table),
    })
}

fn plain_table(word: &[u8]) -> Option<Table> {
    Some(match word {
        b"days" => Table::Days,
        b"classes" => Table::Classes,
        b"statuses" => Table::Statuses,
        b"referrers" => Table::Referrers,
        b"not-found" => Table::NotFound,
        b"versions" => Table::Versions,
        b"aborted" => Table::Aborted,
        _ => return None,
    })
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// A thousand million if it is more.
fn plain_number(digits: &[u8]) -> usize {
    digits.iter().fold(0, |sum: usize, digit| {
        (sum * 10 + usize::from(digit - b'0')).min(1_000_000_000)
    })
}

fn plain_day(text: &[u8]) -> Option<i64> {
    calendar::day(std::str::from_utf8(text).ok()?)
}

/// Everybody's way in, with a token and without.
fn check_access(bytes: &[u8]) {
    let Ok(Some(head)) = head::parse(bytes, &HeadLimits::default()) else {
        return;
    };
    let token = Token::new(TOKEN).expect("a token");
    let alone = &bytes[..head.length];
    for door in [Door::Port, Door::Socket] {
        for token in [None, Some(&token)] {
            let found = judge(&head.request, bytes, door, token);
            let expected = plain_verdict(&head.request, alone, door, token.is_some());
            assert_eq!(found, expected, "{door:?} {}", bytes.escape_ascii());
            assert_eq!(judge(&head.request, alone, door, token), found);
        }
    }
}

fn plain_verdict(
    request: &tallyd_http::request::Request<'_>,
    head: &[u8],
    door: Door,
    has_token: bool,
) -> Verdict {
    let values = |name: &str| plain_values(head, name);
    let is_ours = is_ours(request.host_name());
    if !has_token && door == Door::Port && !is_ours {
        return Verdict::Misdirected;
    }
    let own = [b"//", request.host].concat().to_ascii_lowercase();
    let is_own = |origin: &&[u8]| {
        let slash = origin.iter().position(|byte| *byte == b'/');
        slash.is_some_and(|at| origin[at..].to_ascii_lowercase() == own)
    };
    let sites = values("sec-fetch-site");
    let is_other = |site: &&[u8]| [&b"cross-site"[..], b"same-site"].contains(site);
    let is_navigation = values("sec-fetch-mode").contains(&&b"navigate"[..]);
    let goals = values("sec-fetch-dest");
    let is_page = goals
        .iter()
        .all(|goal| goal.is_empty() || *goal == b"document");
    let is_within = sites.iter().any(is_other) && !(is_navigation && is_page);
    if is_within || !values("origin").iter().all(is_own) {
        return Verdict::Foreign;
    }
    match (has_token, &values("authorization")[..]) {
        (false, _) => Verdict::Welcome,
        (true, []) => Verdict::Nameless,
        (true, [one]) if is_right(one) => Verdict::Welcome,
        (true, _) => Verdict::Wrong,
    }
}

/// A name that nobody else can have.
fn is_ours(host: &[u8]) -> bool {
    let Ok(host) = std::str::from_utf8(host) else {
        return false;
    };
    let is_v4 = host.parse().is_ok_and(|address: IpAddr| address.is_ipv4());
    let inner = host.len().checked_sub(1).and_then(|end| host.get(1..end));
    let is_v6 = host.starts_with('[')
        && host.ends_with(']')
        && inner.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok());
    host.is_empty() || host.to_ascii_lowercase() == "localhost" || is_v4 || is_v6
}

/// The head, line by line.
fn plain_values<'a>(head: &'a [u8], name: &str) -> Vec<&'a [u8]> {
    let lines = head.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let fields = lines.filter(|line| !line.is_empty()).skip(1);
    let fields = fields.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let is_named = line[..colon].eq_ignore_ascii_case(name.as_bytes());
        is_named.then_some(line[colon + 1..].trim_ascii())
    });
    fields.collect()
}

/// The token behind `Bearer`, or behind a colon within what `Basic` says.
fn is_right(credentials: &[u8]) -> bool {
    let Ok(credentials) = std::str::from_utf8(credentials) else {
        return false;
    };
    let Some((scheme, rest)) = credentials.split_once(' ') else {
        return false;
    };
    let rest = rest.trim();
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => rest == TOKEN,
        "basic" => plain_base64(rest).is_some_and(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b':');
            halves.nth(1) == Some(TOKEN.as_bytes())
        }),
        _ => false,
    }
}

/// Only as RFC 4648 section 4 writes it: what is read has to be written the same.
fn plain_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').bytes();
    let digits: Option<Vec<_>> = digits
        .map(|byte| BASE64.iter().position(|digit| *digit == byte))
        .collect();
    let bytes: Vec<u8> = digits?
        .chunks(4)
        .flat_map(|four| {
            let bits = (0..4).fold(0, |sum, at| sum << 6 | four.get(at).unwrap_or(&0));
            let bytes = [bits >> 16, bits >> 8, bits].map(|byte| byte as u8);
            bytes.into_iter().take(four.len().saturating_sub(1))
        })
        .collect();
    (base64(&bytes) == text).then_some(bytes)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0, |sum, at| {
            sum << 8 | usize::from(*three.get(at).unwrap_or(&0))
        });
        for place in 0..4 {
            let digit = char::from(BASE64[bits >> (18 - 6 * place) & 63]);
            out.push(if place > three.len() { '=' } else { digit });
        }
    }
    out
}

/// Whoever has the token comes in, unless a page of another site has sent them; with one bit of it wrong nobody does.
fn check_credentials(bytes: &[u8], (place, bit): (u8, u8)) {
    let limits = HeadLimits::default();
    let Ok(Some(head)) = head::parse(bytes, &limits) else {
        return;
    };
    let token = Token::new(TOKEN).expect("a token");
    let mut wrong = TOKEN.as_bytes().to_vec();
    let place = usize::from(place) % wrong.len();
    wrong[place] ^= 1 << (bit % 7);
    let fields = &bytes[..head.length - 2];
    // Some may say so already.
    let is_first = plain_values(fields, "authorization").is_empty();
    for (secret, is_token) in [(TOKEN.as_bytes(), true), (&wrong, false)] {
        let pair = base64(&[b"user:", secret].concat());
        for credentials in [
            [b"Bearer ", secret].concat(),
            format!("basic {pair}").into_bytes(),
        ] {
            let more = [b"Authorization: ", &credentials[..], b"\r\n\r\n"].concat();
            let bytes = [fields, &more].concat();
            // There may be too many fields now, or a control in this one.
            if let Ok(Some(head)) = head::parse(&bytes, &limits) {
                let found = judge(&head.request, &bytes, Door::Port, Some(&token));
                assert!(found != Verdict::Misdirected && found != Verdict::Nameless);
                assert_eq!(
                    found == Verdict::Welcome,
                    is_token && is_first && found != Verdict::Foreign
                );
            }
        }
    }
}
