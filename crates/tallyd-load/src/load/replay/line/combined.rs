//! `address - user [time] "request" status bytes "referrer" "agent"`: the common and the combined format, of nginx,
//! Apache, lighttpd and tallyd, also with something before or behind.

use std::borrow::Cow;

use super::moment;
use super::{Said, number, split_request};

/// The length of `14/Nov/2023:22:13:20 +0000`.
const TIME: usize = 26;

/// What the line says.
pub(super) fn read(line: &[u8]) -> Option<Said<'_>> {
    let (at, rest) = time(line)?;
    let quoted = rest.strip_prefix(b" \"")?;
    let end = closing_quote(quoted)?;
    let (request, rest) = quoted.split_at_checked(end)?;
    let mut numbers = rest.strip_prefix(b"\" ")?.split(|byte| *byte == b' ');
    let status = number(numbers.next()?)?;
    let bytes = numbers.next().and_then(number).unwrap_or_default();
    let (method, target) = split_request(request)?;
    Some(Said {
        at: Some(at),
        method: Cow::Borrowed(method),
        target: unescaped(target),
        status,
        bytes,
        ..Said::default()
    })
}

/// The first that is a time: names of users may have brackets too.
fn time(line: &[u8]) -> Option<(moment::Moment, &[u8])> {
    let mut rest = line;
    while let Some(place) = rest.iter().position(|byte| *byte == b'[') {
        rest = rest.get(place + 1..)?;
        let Some((text, [b']', behind @ ..])) = rest.split_at_checked(TIME) else {
            continue;
        };
        if let Some(at) = moment::common(text) {
            return Some((at, behind));
        }
    }
    None
}

/// The first quote that is not escaped. All that write these formats escape quotes and backslashes, in one way or the
/// other.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    text.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    })
}

/// Undoes `\xHH` (nginx, tallyd) and `\"`, `\\` and `\n` (Apache).
pub(super) fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'\\') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let (byte, after) = match (byte, after) {
            (b'\\', [b'x', high, low, after @ ..]) => match hex(*high).zip(hex(*low)) {
                Some((high, low)) => (high << 4 | low, after),
                None => (b'x', rest.get(2..).unwrap_or_default()),
            },
            (b'\\', [letter, after @ ..]) => (control(*letter), after),
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        rest = after;
    }
    Cow::Owned(bytes)
}

fn hex(digit: u8) -> Option<u8> {
    let digit = char::from(digit).to_digit(16)?;
    u8::try_from(digit).ok()
}

fn control(letter: u8) -> u8 {
    match letter {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'v' => 11,
        letter => letter,
    }
}
