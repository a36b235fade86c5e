//! The choice of a coding: one of those that there are, never one that was refused, and the one that a plain
//! reading would choose.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tallyd_http::encoding::{Coding, Codings, choose};

fuzz_target!(|input: (u8, &[u8])| {
    let (set, accept) = input;
    let codings = [Coding::Identity, Coding::Brotli, Coding::Zstd, Coding::Gzip];
    let stored = |at: &usize| set >> at & 1 == 1;
    let available = (0..4)
        .filter(stored)
        .fold(Codings::empty(), |set, at| set.with(codings[at]));
    assert_eq!(choose(None, available), Coding::Identity);
    let found = choose(Some(accept), available);
    let members = members(accept);
    if found != Coding::Identity {
        assert!(available.contains(found), "not stored: {found:?}");
        let is_refused = |member: &Member| member.names(found) && member.quality == 0;
        assert!(!members.iter().any(is_refused), "refused: {found:?}");
    }
    assert_eq!(
        found,
        expected(&members, available),
        "{}",
        accept.escape_ascii()
    );
});

/// The first of those with the highest quality; identity only counts where it is named, and loses ties.
fn expected(members: &[Member], available: Codings) -> Coding {
    let lowest = |wanted: &dyn Fn(&Member) -> bool| {
        let wanted = members.iter().filter(|member| wanted(member));
        wanted.map(|member| member.quality).min()
    };
    let named = |coding| lowest(&|member| member.names(coding));
    let quality = |coding| {
        named(coding)
            .or_else(|| lowest(&|member| member.name == "*"))
            .unwrap_or(0)
    };
    let identity = named(Coding::Identity).unwrap_or(0);
    [Coding::Brotli, Coding::Zstd, Coding::Gzip]
        .into_iter()
        .filter(|&coding| available.contains(coding))
        .filter(|&coding| quality(coding) > 0 && quality(coding) >= identity)
        // Of equals, `max_by_key` takes the last.
        .rev()
        .max_by_key(|&coding| quality(coding))
        .unwrap_or(Coding::Identity)
}

struct Member {
    name: String,
    /// In thousandths.
    quality: u32,
}

impl Member {
    fn names(&self, coding: Coding) -> bool {
        self.name == coding.token() || (coding == Coding::Gzip && self.name == "x-gzip")
    }
}

/// The members whose quality is well-formed; all others count for nothing.
fn members(list: &[u8]) -> Vec<Member> {
    // One character for each byte, so that no byte is lost.
    let list: String = list
        .iter()
        .map(|&byte| char::from(byte).to_ascii_lowercase())
        .collect();
    list.split(',').filter_map(member).collect()
}

fn member(text: &str) -> Option<Member> {
    let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
    let name = parts.next()?.to_owned();
    let quality = match parts.find_map(|part| part.strip_prefix("q=")) {
        Some(value) => quality(value)?,
        None => 1000,
    };
    Some(Member { name, quality })
}

/// `0.5` is 500: RFC 9110 section 12.4.2.
fn quality(value: &str) -> Option<u32> {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let is_number = decimals.len() <= 3 && decimals.bytes().all(|digit| digit.is_ascii_digit());
    let thousandths: u32 = format!("{decimals:0<3}")
        .parse()
        .ok()
        .filter(|_| is_number)?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}
