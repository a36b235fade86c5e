//! Who asked: lists of agents against a plain reading of their rules, and keys, signatures and referring hosts of
//! any bytes.

#![no_main]

use std::net::IpAddr;
use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tallyd_ledger::agent::{Agents, Classes};
use tallyd_ledger::facts::{Class, Visitor};
use tallyd_ledger::visitor::{KEYS_LENGTH, Keys, SIGNED_FOR, host_of};

/// Longer lists take longer to build than they are worth.
const LONGEST_LIST: usize = 4096;

/// Encoded keys have room here that nothing is kept in, and that no checksum covers.
const ROOM: std::ops::Range<usize> = 80..112;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    seed: u8,
    day: i64,
    next: i64,
    now: i64,
    address: Option<IpAddr>,
    /// Which byte is damaged, and which bit of it.
    flip: (u8, u8),
    /// Two agents, or a Referer and another, up to a NUL; then a list.
    text: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let mut texts = input.text.splitn(3, |byte| *byte == 0);
    let mut text = || texts.next().unwrap_or_default();
    let (one, two, list) = (text(), text(), text());
    check_list(list, [one, two, input.text]);
    for text in [one, two, input.text] {
        check_host(text);
    }
    check_keys(&input, one);
});

fn check_list(list: &[u8], agents: [&[u8]; 3]) {
    let list = &list[..list.len().min(LONGEST_LIST)];
    let list = String::from_utf8_lossy(list);
    let rules = rules(&list);
    let parsed = match (Agents::parse(&list), &rules) {
        (Ok(parsed), Ok(_)) => parsed,
        (Err((line, _)), Err(expected)) => return assert_eq!(line, *expected, "{list:?}"),
        (parsed, _) => panic!("{parsed:?} {rules:?} of {list:?}"),
    };
    let mut known = Classes::new(Arc::new(parsed.clone()));
    for agent in agents {
        let expected = class(rules.as_deref().unwrap_or_default(), agent);
        assert_eq!(parsed.class(agent), expected, "{}", agent.escape_ascii());
        for _ in 0..2 {
            assert_eq!(known.class(agent), expected);
        }
    }
}

/// Classes as the list names them, the one that wins first.
const CLASSES: [(&str, Class); 4] = [
    ("internal", Class::Internal),
    ("tool", Class::Tool),
    ("bot", Class::Bot),
    ("person", Class::Person),
];

/// Class and text of each line, or the number of the first that is wrong.
fn rules(list: &str) -> Result<Vec<(Class, &str)>, usize> {
    let mut rules = Vec::new();
    for (number, line) in list.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let rule = CLASSES.iter().find_map(|(word, class)| {
            let text = line.strip_prefix(word)?.strip_prefix(' ')?.trim();
            let bare = text.strip_prefix(['^', '=', '*']).unwrap_or(text);
            (!bare.is_empty()).then_some((*class, text))
        });
        rules.push(rule.ok_or(number + 1)?);
    }
    Ok(rules)
}

fn class(rules: &[(Class, &str)], agent: &[u8]) -> Class {
    let found = CLASSES.iter().map(|(_, class)| *class).find(|class| {
        let mut texts = rules.iter().filter(|rule| rule.0 == *class);
        texts.any(|(_, text)| matches(text.as_bytes(), agent))
    });
    found.unwrap_or(Class::Unknown)
}

fn matches(text: &[u8], agent: &[u8]) -> bool {
    let begins = |agent: &[u8], text: &[u8]| {
        let front = agent.get(..text.len());
        front.is_some_and(|front| front.eq_ignore_ascii_case(text))
    };
    let mut tails = (0..agent.len()).map(|at| (at, &agent[at..]));
    match text {
        [b'^', text @ ..] => begins(agent, text),
        [b'=', text @ ..] => agent.eq_ignore_ascii_case(text),
        [b'*', text @ ..] => tails.any(|(_, tail)| begins(tail, text)),
        _ => tails.any(|(at, tail)| {
            let is_inside = at > 0 && agent[at - 1].is_ascii_alphanumeric();
            begins(tail, text) && !(is_inside && tail[0].is_ascii_alphanumeric())
        }),
    }
}

/// What a plain reading finds; alone it is the same host.
fn check_host(referer: &[u8]) {
    let host = host_of(referer);
    let expected = plain_host(referer).unwrap_or_default();
    assert_eq!(host, expected, "{}", referer.escape_ascii());
    if !host.is_empty() {
        assert_eq!(host_of(&[b"x://", host, b"/"].concat()), host);
    }
}

fn plain_host(referer: &[u8]) -> Option<&[u8]> {
    let colon = referer.windows(3).position(|three| three == b"://")?;
    let (scheme, rest) = (&referer[..colon], &referer[colon + 3..]);
    let is_scheme = scheme.first()?.is_ascii_alphabetic() && are_of(scheme, b"+-.");
    let end = rest.iter().position(|byte| b"/?#\\".contains(byte));
    let authority = &rest[..end.unwrap_or(rest.len())];
    let user = authority.iter().rposition(|byte| *byte == b'@');
    let name = &authority[user.map_or(0, |at| at + 1)..];
    let port = name.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let before_port = &name[..name.len() - port.count()];
    let host = before_port.strip_suffix(b":").unwrap_or(name);
    let is_host = match host {
        [b'[', address @ .., b']'] => {
            let is_letter = |byte: &u8| byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit();
            are_of(address, b":.") && !address.iter().any(is_letter)
        }
        name => are_of(name, b"-._"),
    };
    let is_named = host.iter().any(u8::is_ascii_alphanumeric);
    (is_scheme && is_host && is_named && host.len() <= 253).then_some(host)
}

/// Letters, digits, and these.
fn are_of(text: &[u8], more: &[u8]) -> bool {
    text.iter()
        .all(|byte| byte.is_ascii_alphanumeric() || more.contains(byte))
}

fn check_keys(input: &Input<'_>, text: &[u8]) {
    if let Some(keys) = Keys::decode(input.text) {
        assert_eq!(Keys::decode(&keys.encode()), Some(keys));
    }
    let mut number = input.seed;
    let mut keys = Keys::fresh(input.day, |bytes| {
        number = number.wrapping_add(1);
        bytes.fill(number);
    });
    check_encoded(&keys, input);
    check_signature(&keys, input, text);
    let before = keys.visitor(input.address, text);
    check_visitor(&keys, input.address, text, before);
    let old = keys.clone();
    let has_changed = keys.rotate(input.next, |bytes| {
        // Unlike all of the keys above.
        bytes.fill(input.seed);
        bytes[0] = !input.seed;
    });
    // Back only by more than a day.
    let stays = input.next == input.day || input.next.checked_add(1) == Some(input.day);
    assert_eq!(has_changed, !stays);
    assert_eq!(keys != old, has_changed);
    assert_eq!((keys.sketch, keys.audit), (old.sketch, old.audit));
    if has_changed {
        assert!(keys.day == input.next && keys.today != old.today);
        let is_next = input.next.checked_sub(1) == Some(input.day);
        assert_eq!(keys.before == old.today, is_next);
        let visitor = keys.visitor(input.address, text);
        assert_eq!(
            visitor.before == before.today,
            is_next,
            "known since yesterday"
        );
    }
}

fn check_encoded(keys: &Keys, input: &Input<'_>) {
    let mut bytes = keys.encode();
    assert_eq!(Keys::decode(&bytes).as_ref(), Some(keys));
    assert_eq!(Keys::decode(&bytes[1..]), None);
    let place = usize::from(input.flip.0) % KEYS_LENGTH;
    bytes[place] ^= 1 << (input.flip.1 % 8);
    let expected = ROOM.contains(&place).then_some(keys);
    assert_eq!(Keys::decode(&bytes).as_ref(), expected);
}

fn check_signature(keys: &Keys, input: &Input<'_>, text: &[u8]) {
    let Input {
        day: signed, now, ..
    } = *input;
    let mut value = keys.header_value(signed, text).into_bytes();
    // Times before 1970 are written with a sign, and not believed.
    let is_in_time = signed >= 0 && signed.abs_diff(now) <= SIGNED_FOR;
    assert_eq!(keys.verify_internal(&value, now, text), is_in_time);
    assert_eq!(keys.verify_internal(&value, signed, text), signed >= 0);
    for (seconds, is_in_time) in [(SIGNED_FOR, signed >= 0), (SIGNED_FOR + 1, false)] {
        let sides = [
            signed.checked_add_unsigned(seconds),
            signed.checked_sub_unsigned(seconds),
        ];
        for now in sides.into_iter().flatten() {
            assert_eq!(keys.verify_internal(&value, now, text), is_in_time);
        }
    }
    assert!(!keys.verify_internal(&value, signed, &[text, b"x"].concat()));
    let place = usize::from(input.flip.0) % value.len();
    value[place] ^= 1 << (input.flip.1 % 8);
    for now in [now, signed] {
        assert!(!keys.verify_internal(&value, now, text));
        assert!(!keys.verify_internal(input.text, now, text));
    }
}

/// One visitor has one place; of an IPv6 address the second half does not count.
fn check_visitor(keys: &Keys, address: Option<IpAddr>, agent: &[u8], visitor: Visitor) {
    assert!(visitor.register < 4096 && (1..=53).contains(&visitor.rank));
    let same = match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(v6)) => Some(IpAddr::V6((v6.to_bits() ^ u128::from(u64::MAX)).into())),
        Some(IpAddr::V4(v4)) => Some(IpAddr::V6(v4.to_ipv6_mapped())),
        None => None,
    };
    // Turned around, the second half of an address could look like one of IPv4.
    let is_v6 = |address: Option<IpAddr>| address.is_some_and(|a| a.to_canonical().is_ipv6());
    if is_v6(same) == is_v6(address) {
        assert_eq!(keys.visitor(same, agent), visitor);
    }
    assert_ne!(
        keys.visitor(address, &[agent, b"x"].concat()).today,
        visitor.today
    );
}
