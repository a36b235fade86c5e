//! Names that are hard to write down: each is one account, and stands in the ledger as it is.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::{Counted, Place};

/// As a file, and as a target.
const NAMES: [(&[u8], &str); 8] = [
    (b"line\nbreak", "/line%0Abreak"),
    (b"\"quoted\" 'twice'", "/%22quoted%22%20'twice'"),
    (b"a';DROP TABLE files;--", "/a';DROP%20TABLE%20files;--"),
    (b"caf\xC3\xA9", "/caf%C3%A9"),
    (b"caf\xE9", "/caf%E9"),
    (b"\xFF\xFE", "/%ff%FE"),
    (b"back\\slash|pipe", "/back%5Cslash%7Cpipe"),
    (b"tab\tand\x01bell\x07", "/tab%09and%01bell%07"),
];

#[test]
fn every_name_has_one_account_as_text_or_blob() {
    let place = Place::with(&[]);
    for (name, _) in NAMES {
        place.root.file(OsStr::from_bytes(name), b"content");
    }
    // Half of the numbers are of another process.
    for expected in 1..=2 {
        let server = place.start();
        for (_, target) in NAMES {
            assert_eq!(server.get(target).status, 200, "{target}");
        }
        server.stop();
        let ledger = place.ledger();
        ledger.assert_adds_up();
        let mut expected_paths: Vec<_> = NAMES
            .map(|(name, _)| ([b"/", name].concat(), std::str::from_utf8(name).is_ok()))
            .to_vec();
        let mut found = ledger.paths();
        expected_paths.sort();
        found.sort();
        assert_eq!(found, expected_paths);
        let counted = Counted {
            downloads: 1,
            repeats: expected - 1,
            ..Counted::complete(expected, 7 * expected)
        };
        for (path, is_text) in found {
            let known = match String::from_utf8(path.clone()) {
                Ok(text) if is_text => ledger.known(&text),
                _ => ledger.known(&path),
            };
            assert_eq!(known, Some(counted), "{path:?}");
        }
    }
}

#[test]
fn missing_names_are_listed_as_they_are() {
    let place = Place::with(&[]);
    let server = place.start();
    for (_, target) in NAMES {
        assert_eq!(server.get(target).status, 404, "{target}");
    }
    server.stop();
    let texts = "SELECT count(*) FROM missing WHERE requests = 1 AND typeof(path) = ";
    let ledger = place.ledger();
    assert_eq!(ledger.number(&format!("{texts}'text'")), 6);
    assert_eq!(ledger.number(&format!("{texts}'blob'")), 2);
    assert_eq!(ledger.number("SELECT count(*) FROM files"), 0);
}
