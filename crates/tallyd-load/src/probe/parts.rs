//! Whether the parts in a 206 are those of the file, single or as multipart/byteranges (RFC 9110 14.6, 15.3.7).
//!
//! Promises: pure; a part is right if its bytes are those of the file at the place that its Content-Range names.

use super::answer::{Answer, length};
use super::expect::{Judged, Miss, first, so};
use super::ground::Ground;
use super::wire::Seen;

/// A part: from, to (its last byte), and its bytes.
type Part<'a> = (usize, usize, &'a [u8]);

/// A 206 holds the first ten bytes.
pub(super) fn first_ten(ground: &Ground, seen: &Seen) -> Judged {
    holds(ground, seen, &[(0, 9)])
}

/// A 206 holds the first byte.
pub(super) fn first_one(ground: &Ground, seen: &Seen) -> Judged {
    holds(ground, seen, &[(0, 0)])
}

/// A 206 holds bytes 100 to 149.
pub(super) fn middle(ground: &Ground, seen: &Seen) -> Judged {
    holds(ground, seen, &[(100, 149)])
}

/// A 206 holds all from byte 150.
pub(super) fn from_150(ground: &Ground, seen: &Seen) -> Judged {
    holds(ground, seen, &[(150, ground.length() - 1)])
}

/// A 206 holds the last ten bytes.
pub(super) fn last_ten(ground: &Ground, seen: &Seen) -> Judged {
    holds(ground, seen, &[(ground.length() - 10, ground.length() - 1)])
}

/// A 206 holds the last byte.
pub(super) fn last_one(ground: &Ground, seen: &Seen) -> Judged {
    holds(ground, seen, &[(ground.length() - 1, ground.length() - 1)])
}

/// A 206 holds the whole file.
pub(super) fn everything(ground: &Ground, seen: &Seen) -> Judged {
    holds(ground, seen, &[(0, ground.length() - 1)])
}

/// A 206 holds bytes 0 to 9 and 100 to 109.
pub(super) fn two(ground: &Ground, seen: &Seen) -> Judged {
    holds(ground, seen, &[(0, 9), (100, 109)])
}

/// A 206 holds bytes 0 to 14.
pub(super) fn overlapping(ground: &Ground, seen: &Seen) -> Judged {
    holds(ground, seen, &[(0, 14)])
}

/// A 206 holds the last ten bytes and the first ten.
pub(super) fn both_ends(ground: &Ground, seen: &Seen) -> Judged {
    holds(
        ground,
        seen,
        &[(0, 9), (ground.length() - 10, ground.length() - 1)],
    )
}

/// Each part is right, and together they have what was asked for.
fn holds(ground: &Ground, seen: &Seen, wanted: &[(usize, usize)]) -> Judged {
    let answer = first(seen)?;
    if answer.status != 206 {
        return Err(Miss::Skip(format!(
            "the answer is {}, no 206",
            answer.status
        )));
    }
    let parts = match is_multipart(answer) {
        true => parts(answer)?,
        false => vec![single(answer)?],
    };
    for part in &parts {
        right(ground, *part)?;
    }
    for (from, to) in wanted {
        let is_there = |at: usize| parts.iter().any(|part| part.0 <= at && at <= part.1);
        so((*from..=*to).all(is_there), format!("bytes {from}-{to}"))?;
    }
    Ok(())
}

/// The head of a part, and its content.
type Piece<'a> = (&'a [u8], &'a [u8]);

/// Whether the content of a 206 comes in parts.
pub(super) fn is_multipart(answer: &Answer) -> bool {
    let media = answer.field("Content-Type").unwrap_or_default();
    media
        .to_ascii_lowercase()
        .starts_with("multipart/byteranges")
}

fn single(answer: &Answer) -> Result<(usize, usize, &[u8]), Miss> {
    let missing = || Miss::Expected("a field Content-Range".to_owned());
    let value = answer.field("Content-Range").ok_or_else(missing)?;
    let (from, to, _) = content_range(value)?;
    Ok((from, to, &answer.body))
}

fn right(ground: &Ground, (from, to, bytes): Part) -> Judged {
    let file = ground.answer.body.get(from..=to);
    so(
        file == Some(bytes),
        format!("as content the bytes {from}-{to} of the file"),
    )
}

/// `bytes 0-9/200`: first, last and the whole length.
fn content_range(value: &str) -> Result<(usize, usize, Option<usize>), Miss> {
    let read = || {
        let rest = value.strip_prefix("bytes ")?;
        let (range, whole) = rest.split_once('/')?;
        let (from, to) = range.split_once('-')?;
        let number = |text: &str| usize::try_from(length(text)?).ok();
        let whole = match whole {
            "*" => None,
            whole => Some(number(whole)?),
        };
        Some((number(from)?, number(to)?, whole))
    };
    let wrong = || {
        let came = format!("Content-Range: {value}");
        Miss::Came("Content-Range: bytes FIRST-LAST/LENGTH".to_owned(), came)
    };
    let (from, to, whole) = read().ok_or_else(wrong)?;
    let is_inside = from <= to && whole.is_none_or(|whole| to < whole);
    if is_inside {
        Ok((from, to, whole))
    } else {
        Err(wrong())
    }
}

/// A Content-Range of a 206 names the whole length.
pub(super) fn names_the_length(ground: &Ground, seen: &Seen) -> Judged {
    let answer = first(seen)?;
    let value = answer.field("Content-Range").unwrap_or_default();
    let (_, _, whole) = content_range(value)?;
    so(
        whole == Some(ground.length()),
        format!("{} as the whole length", ground.length()),
    )
}

/// The parts of multipart/byteranges (RFC 2046 5.1).
fn parts(answer: &Answer) -> Result<Vec<Part<'_>>, Miss> {
    let pieces = pieces(answer)?;
    let part = |(head, bytes): &Piece| -> Result<(usize, usize), Miss> {
        let value = field_of(head, "content-range");
        let missing = || Miss::Expected("a Content-Range in each part".to_owned());
        let (from, to, _) = content_range(&value.ok_or_else(missing)?)?;
        let length = bytes.len();
        so(
            to - from + 1 == length,
            format!("{length} bytes in a part of so many"),
        )?;
        Ok((from, to))
    };
    let mut parts = Vec::new();
    for piece in &pieces {
        let (from, to) = part(piece)?;
        parts.push((from, to, piece.1));
    }
    Ok(parts)
}

/// Heads and contents of the parts.
fn pieces(answer: &Answer) -> Result<Vec<Piece<'_>>, Miss> {
    let wrong = |words: &str| Miss::Expected(words.to_owned());
    let boundary = boundary(answer).ok_or_else(|| wrong("a boundary in Content-Type"))?;
    let dashes = format!("--{boundary}");
    let mut rest = answer.body.as_slice();
    // What is before the first boundary is for nobody; it is nothing, or ends in CRLF.
    let start = find(rest, dashes.as_bytes()).ok_or_else(|| wrong("parts between boundaries"))?;
    rest = rest.get(start + dashes.len()..).unwrap_or_default();
    let delimiter = format!("\r\n{dashes}");
    let mut pieces = Vec::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = find(part, delimiter.as_bytes()).ok_or_else(|| wrong("a last boundary"))?;
        let whole = part.get(..end).unwrap_or_default();
        let head = find(whole, b"\r\n\r\n").ok_or_else(|| wrong("a head in each part"))?;
        let content = whole.get(head + 4..).unwrap_or_default();
        pieces.push((whole.get(..head).unwrap_or_default(), content));
        rest = part.get(end + delimiter.len()..).unwrap_or_default();
    }
    match rest.starts_with(b"--") && !pieces.is_empty() {
        true => Ok(pieces),
        false => Err(wrong("a last boundary")),
    }
}

fn boundary(answer: &Answer) -> Option<String> {
    let media = answer.field("Content-Type")?;
    let place = media.to_ascii_lowercase().find("boundary=")?;
    let value = media.get(place + "boundary=".len()..)?;
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => value.split([';', ' ']).next()?,
    };
    (!value.is_empty()).then(|| value.to_owned())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn field_of(head: &[u8], name: &str) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

/// Each part has the media type of the file.
pub(super) fn parts_have_their_type(ground: &Ground, seen: &Seen) -> Judged {
    let answer = first(seen)?;
    if !is_multipart(answer) {
        return Err(Miss::Skip("the answer does not come in parts".to_owned()));
    }
    let Some(media) = ground.answer.field("Content-Type") else {
        return Err(Miss::Skip("the file has no Content-Type".to_owned()));
    };
    let has_it =
        |(head, _): &(&[u8], &[u8])| field_of(head, "content-type").as_deref() == Some(media);
    so(
        pieces(answer)?.iter().all(has_it),
        format!("Content-Type: {media} in each part"),
    )
}

/// What comes in parts has no Content-Range in its head.
pub(super) fn parts_alone_have_ranges(_: &Ground, seen: &Seen) -> Judged {
    let answer = first(seen)?;
    match (is_multipart(answer), answer.field("Content-Range")) {
        (false, _) => Err(Miss::Skip("the answer does not come in parts".to_owned())),
        (true, None) => Ok(()),
        (true, Some(value)) => Err(Miss::Came(
            "no Content-Range in the head".to_owned(),
            format!("Content-Range: {value}"),
        )),
    }
}

/// What was asked for as one range does not come in parts.
pub(super) fn is_not_in_parts(_: &Ground, seen: &Seen) -> Judged {
    so(!is_multipart(first(seen)?), "no multipart/byteranges")
}
