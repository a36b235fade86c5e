//! The column of hosts: where the hits of each site came from, on all days of a pack together.

use super::{Column, SUM, Span, checked, sealed};
use crate::varint;

/// A site, a host, and hits.
pub(crate) type Host<'a> = (&'a str, &'a str, i64);

/// The column. Sites that follow each other are written once.
pub(crate) fn encode<'a>(span: Span, hosts: impl Iterator<Item = Host<'a>>) -> Vec<u8> {
    let mut out = vec![0; SUM];
    let mut last = None;
    for (site, host, hits) in hosts {
        if last.replace(site) == Some(site) {
            varint::put(&mut out, 0);
        } else {
            varint::put(&mut out, site.len() as u64 + 1);
            out.extend_from_slice(site.as_bytes());
        }
        varint::put(&mut out, host.len() as u64);
        out.extend_from_slice(host.as_bytes());
        varint::put(&mut out, hits.cast_unsigned());
    }
    sealed(span, Column::Hosts, out)
}

/// All of a stored column; nothing if it is damaged.
pub(crate) fn decode(span: Span, bytes: &[u8]) -> Option<Vec<Host<'_>>> {
    let mut rest = checked(span, Column::Hosts, bytes)?;
    let mut hosts = Vec::new();
    let mut site = "";
    while !rest.is_empty() {
        if let Some(length) = varint::take(&mut rest)?.checked_sub(1) {
            site = text(&mut rest, length)?;
        }
        let length = varint::take(&mut rest)?;
        let host = text(&mut rest, length)?;
        hosts.push((site, host, varint::take(&mut rest)?.cast_signed()));
    }
    Some(hosts)
}

fn text<'a>(from: &mut &'a [u8], length: u64) -> Option<&'a str> {
    let (text, rest) = from.split_at_checked(usize::try_from(length).ok()?)?;
    *from = rest;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: [Host<'_>; 5] = [
        ("", "(other)", i64::MAX),
        ("", "a.example", 1),
        ("", "", 0),
        ("x.example", "a.example", 300),
        ("x.example", "\u{fc}.example", -1),
    ];

    #[test]
    fn hosts_are_read_back_with_their_sites() {
        for count in 0..=SOME.len() {
            let bytes = encode(Span::Block(3), SOME.into_iter().take(count));
            let found = decode(Span::Block(3), &bytes).unwrap();
            assert_eq!(found, SOME[..count]);
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = encode(Span::Block(3), SOME.into_iter());
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(Span::Block(3), &bytes), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(decode(Span::Block(3), &bytes[..length]), None);
        }
        assert_eq!(decode(Span::Block(4), &bytes), None);
    }
}
