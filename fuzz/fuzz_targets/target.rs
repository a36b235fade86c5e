//! Paths: none leaves the root, a plain second reading agrees, and links lead back to where they came from.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tallyd_http::target::{self, CleanPath, TargetError};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&[b"/", bytes].concat());
});

fn check(path: &[u8]) {
    is_a_safe_link(path);
    let found = target::clean(path);
    let found_bytes = found
        .as_ref()
        .map(CleanPath::as_bytes)
        .map_err(|&error| error);
    let expected = plain(path);
    assert_eq!(found_bytes, expected.as_deref().map_err(|&error| error));
    if let Ok(clean) = found {
        stays_inside(&clean);
        leads_back(&clean);
        names_lead_back(&clean);
        says_what_it_is(&clean);
    }
}

/// Decode all, then split, then walk.
fn plain(path: &[u8]) -> Result<Vec<u8>, TargetError> {
    if path.first() != Some(&b'/') {
        return Err(TargetError::NotAbsolute);
    }
    let decoded = decoded(path)?;
    if decoded.contains(&0) {
        return Err(TargetError::Nul);
    }
    let segments: Vec<&[u8]> = decoded.split(|&byte| byte == b'/').collect();
    let mut walked: Vec<&[u8]> = Vec::new();
    for &segment in &segments {
        match segment {
            b"" | b"." => {}
            b".." => {
                walked.pop().ok_or(TargetError::AboveRoot)?;
            }
            name => walked.push(name),
        }
    }
    let last = segments.last().copied().unwrap_or_default();
    let is_directory = [b"".as_slice(), b".", b".."].contains(&last);
    let end: &[u8] = if is_directory && !walked.is_empty() {
        b"/"
    } else {
        b""
    };
    Ok([b"/", walked.join(&b'/').as_slice(), end].concat())
}

fn decoded(text: &[u8]) -> Result<Vec<u8>, TargetError> {
    let mut out = Vec::new();
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(*bytes.next()?).to_digit(16);
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(TargetError::BadEscape);
        };
        out.push(u8::try_from(high * 16 + low).expect("two digits"));
    }
    Ok(out)
}

fn stays_inside(clean: &CleanPath<'_>) {
    let path = clean.as_bytes();
    assert!(path.starts_with(b"/") && !path.contains(&0));
    let relative = clean.relative();
    assert!(!relative.is_empty() && !relative.starts_with(b"/") && !relative.ends_with(b"/"));
    if relative == b"." {
        return assert_eq!((path, clean.segments().count()), (b"/".as_slice(), 0));
    }
    let segments: Vec<&[u8]> = relative.split(|&byte| byte == b'/').collect();
    for segment in &segments {
        assert!(![b"".as_slice(), b".", b".."].contains(segment));
    }
    assert_eq!(clean.segments().collect::<Vec<_>>(), segments);
    assert_eq!(clean.to_static(), *clean);
}

/// Any bytes make a link to this server that decodes to them, but for the slashes at the start.
fn is_a_safe_link(path: &[u8]) {
    let mut link = Vec::new();
    target::encode_path(path, &mut link);
    assert!(!link.starts_with(b"//") && link.iter().all(|&byte| is_harmless(byte)));
    let slashes = path.iter().take_while(|&&byte| byte == b'/').count();
    assert_eq!(
        decoded(&link).as_deref(),
        Ok(&path[slashes.saturating_sub(1)..])
    );
}

fn leads_back(clean: &CleanPath<'_>) {
    let mut link = Vec::new();
    target::encode_path(clean.as_bytes(), &mut link);
    let again = target::clean(&link);
    assert_eq!(
        again.as_ref().map(CleanPath::as_bytes),
        Ok(clean.as_bytes())
    );
}

/// Each name, as a relative link, is one segment and neither a scheme nor a query.
fn names_lead_back(clean: &CleanPath<'_>) {
    for name in clean.segments() {
        let mut link = Vec::new();
        target::encode_segment(name, &mut link);
        assert!(
            link.iter()
                .all(|&byte| is_harmless(byte) && !b"/:".contains(&byte))
        );
        assert_eq!(decoded(&link).as_deref(), Ok(name));
    }
}

/// Neither in a field, nor between quotes, nor at the end of the path.
fn is_harmless(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"'<>&\\?#".contains(&byte)
}

fn says_what_it_is(clean: &CleanPath<'_>) {
    let path = clean.as_bytes();
    assert_eq!(clean.ends_with_slash(), path.last() == Some(&b'/'));
    let is_hidden = |name: &[u8]| name[0] == b'.' && name != b".well-known";
    assert_eq!(clean.is_hidden(), clean.segments().any(is_hidden));
    if let Some(extension) = clean.extension() {
        assert!(!extension.is_empty() && !extension.contains(&b'/') && !extension.contains(&b'.'));
        assert!(path.ends_with(&[b".", extension].concat()));
    }
}
