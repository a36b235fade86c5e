//! Who is the same visitor and who is not; keys that rotate, and come back from their bytes.

use std::collections::HashSet;

use super::*;

/// Random bytes that differ from call to call, and are the same in every run.
fn counter(start: u8) -> impl FnMut(&mut [u8]) {
    let mut next = start;
    move |bytes| {
        bytes.fill(next);
        next += 1;
    }
}

fn keys() -> Keys {
    Keys::fresh(20_000, counter(1))
}

fn visitor(keys: &Keys, address: &str, agent: &str) -> Visitor {
    keys.visitor(Some(address.parse().unwrap()), agent.as_bytes())
}

#[test]
fn fresh_keys_are_all_different() {
    let keys = keys();
    let all = HashSet::from([keys.today, keys.before, keys.sketch, keys.audit]);
    assert_eq!(all.len(), 4);
}

#[test]
fn the_same_client_is_the_same_visitor() {
    let keys = keys();
    assert_eq!(
        visitor(&keys, "192.0.2.1", "curl/8"),
        visitor(&keys, "192.0.2.1", "curl/8")
    );
    assert!(visitor(&keys, "192.0.2.1", "curl/8").rank >= 1);
}

#[test]
fn address_and_agent_tell_visitors_apart() {
    let keys = keys();
    let mut seen = HashSet::new();
    for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1", "::", "0.0.0.0"] {
        for agent in ["", "a", "ab", "\0", "\0\0"] {
            assert!(
                seen.insert(visitor(&keys, address, agent).today),
                "{address} {agent:?}"
            );
        }
    }
    for agent in ["", "a", "\0"] {
        assert!(
            seen.insert(keys.visitor(None, agent.as_bytes()).today),
            "{agent:?}"
        );
    }
}

#[test]
fn parts_of_an_address_do_not_become_parts_of_an_agent() {
    let keys = keys();
    // What was hashed of the first, put into the agent of another.
    let agent = [&origin(Some("192.0.2.1".parse().unwrap()))[..], b"x"].concat();
    assert_ne!(keys.visitor(None, &agent), visitor(&keys, "192.0.2.1", "x"));
}

#[test]
fn an_ipv6_address_counts_by_its_first_64_bits() {
    let keys = keys();
    let of = |address| visitor(&keys, address, "a");
    assert_eq!(
        of("2001:db8:1:2::1"),
        of("2001:db8:1:2:ffff:ffff:ffff:ffff")
    );
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
}

#[test]
fn an_ipv4_address_inside_of_ipv6_is_itself() {
    let keys = keys();
    assert_eq!(
        visitor(&keys, "::ffff:192.0.2.1", "a"),
        visitor(&keys, "192.0.2.1", "a")
    );
    assert_ne!(
        visitor(&keys, "::ffff:192.0.2.1", "a"),
        visitor(&keys, "192.0.2.2", "a")
    );
}

#[test]
fn yesterdays_visitor_is_found_by_the_hash_under_the_key_before() {
    let mut keys = keys();
    let monday = visitor(&keys, "192.0.2.1", "a");
    assert!(keys.rotate(20_001, counter(50)));
    let tuesday = visitor(&keys, "192.0.2.1", "a");
    assert_eq!(tuesday.before, monday.today);
    assert_ne!(tuesday.today, monday.today);
    assert_eq!(
        (tuesday.register, tuesday.rank),
        (monday.register, monday.rank)
    );
    assert!(keys.rotate(20_002, counter(60)));
    let wednesday = visitor(&keys, "192.0.2.1", "a");
    assert!(
        ![wednesday.today, wednesday.before].contains(&monday.today),
        "Monday's key is gone"
    );
}

#[test]
fn after_a_longer_absence_both_days_are_new() {
    let (mut keys, old) = (keys(), keys());
    assert!(keys.rotate(20_005, counter(50)));
    let days = HashSet::from([keys.today, keys.before, old.today, old.before]);
    assert_eq!(days.len(), 4);
    assert_eq!(
        (keys.day, keys.sketch, keys.audit),
        (20_005, old.sketch, old.audit)
    );
}

#[test]
fn a_clock_set_back_by_a_day_changes_no_key_and_one_that_was_far_ahead_all() {
    let (mut keys, old) = (keys(), keys());
    for day in [20_000, 19_999] {
        assert!(!keys.rotate(day, counter(50)));
        assert_eq!(keys, old);
    }
    for (day, start) in [(i64::MAX, 50), (20_000, 60), (19_998, 70), (i64::MIN, 80)] {
        let before = keys.clone();
        assert!(keys.rotate(day, counter(start)), "{day}");
        assert_eq!(keys.day, day);
        assert_ne!(keys.before, before.today, "{day}");
        assert_ne!(keys.before, before.before, "{day}");
    }
}

#[test]
fn keys_come_back_from_their_bytes() {
    let keys = keys();
    assert_eq!(Keys::decode(&keys.encode()), Some(keys));
}

#[test]
fn damaged_or_foreign_bytes_are_no_keys() {
    let sound = keys().encode();
    // The room between keys and checksum may be anything: a later version may use it.
    for at in (0..80).chain(112..128) {
        let mut damaged = sound;
        damaged[at] ^= 0x10;
        assert_eq!(Keys::decode(&damaged), None, "byte {at}");
    }
    assert_eq!(Keys::decode(&sound[..127]), None);
    assert_eq!(Keys::decode(&[&sound[..], &[0]].concat()), None);
    assert_eq!(Keys::decode(&[&sound[..], &[0; 16]].concat()), None);
    assert_eq!(Keys::decode(&[]), None);
    assert_eq!(Keys::decode(&[0; KEYS_LENGTH]), None);
}

#[test]
fn keys_are_never_printed() {
    let printed = format!("{:?}", keys());
    assert_eq!(printed, "Keys { day: 20000, .. }");
}

#[test]
fn the_places_of_visitors_estimate_how_many_there_are() {
    let keys = keys();
    let mut sketch = sketch::Sketch::default();
    for number in 0..50_000_u32 {
        let visitor = keys.visitor(Some(IpAddr::V4(number.into())), b"Mozilla/5.0");
        sketch.raise(visitor.register, visitor.rank);
    }
    let error = sketch.estimate() as f64 / 50_000.0 - 1.0;
    assert!(error.abs() < 3.0 * sketch::ERROR, "{error}");
}
