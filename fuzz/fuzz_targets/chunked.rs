//! Chunked bodies: any split gives the same, and the grammar of RFC 9112 section 7.1, read from whole lines, agrees.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tallyd_http::chunked::{ChunkError, Chunked, frame_head};

/// As in the crate: a chunk-size line and a trailer section may not be longer.
const MAX_LINE: usize = 256;
const MAX_TRAILERS: usize = 8192;

fuzz_target!(|input: ([u16; 3], &[u8])| {
    let (cuts, bytes) = input;
    let whole = skip(bytes, &[]);
    let mut cuts = cuts.map(|cut| usize::from(cut) % (bytes.len() + 1));
    cuts.sort_unstable();
    assert_eq!(skip(bytes, &cuts), whole, "{cuts:?}");
    let everywhere: Vec<usize> = (0..bytes.len()).collect();
    assert_eq!(skip(bytes, &everywhere), whole);
    let found = whole.ok().filter(|skipped| skipped.done);
    let found = found.map(|skipped| (skipped.used, skipped.body));
    assert_eq!(found, plain(bytes), "{}", bytes.escape_ascii());
    what_we_frame_we_read(bytes);
});

#[derive(Debug, PartialEq, Eq)]
struct Total {
    used: usize,
    body: u64,
    done: bool,
}

fn skip(bytes: &[u8], cuts: &[usize]) -> Result<Total, ChunkError> {
    let mut chunked = Chunked::new();
    let mut total = Total {
        used: 0,
        body: 0,
        done: false,
    };
    let mut start = 0;
    for end in cuts.iter().copied().chain([bytes.len()]) {
        let piece = &bytes[start..end];
        let skipped = chunked.skip(piece)?;
        let reaches = if skipped.done {
            skipped.used <= piece.len()
        } else {
            skipped.used == piece.len()
        };
        assert!(reaches && skipped.body <= skipped.used as u64);
        assert!(!total.done || (skipped.done && skipped.used == 0));
        total.used += skipped.used;
        total.body += skipped.body;
        total.done = skipped.done;
        start = end;
    }
    Ok(total)
}

/// The bytes of a whole body's frame and of its data; `None` if it is not whole, or wrong.
fn plain(bytes: &[u8]) -> Option<(usize, u64)> {
    let mut rest = bytes;
    let mut body = 0;
    loop {
        let (text, after) = line(rest)?;
        let length = chunk_size(text)?;
        rest = after;
        if length == 0 {
            break;
        }
        let length = usize::try_from(length).ok()?;
        let (_, after) = rest.split_at_checked(length)?;
        body += length as u64;
        rest = after.strip_prefix(b"\r\n")?;
    }
    let trailers = rest.len();
    loop {
        let (text, after) = line(rest)?;
        rest = after;
        if text.is_empty() {
            break;
        }
        let colon = text.iter().position(|&byte| byte == b':')?;
        let is_field = colon > 0 && text[..colon].iter().copied().all(is_token);
        if !is_field || !text[colon..].iter().copied().all(is_text) {
            return None;
        }
    }
    (trailers - rest.len() <= MAX_TRAILERS).then(|| (bytes.len() - rest.len(), body))
}

fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    Some((&bytes[..end], &bytes[end + 2..]))
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line
        .iter()
        .take_while(|byte| byte.is_ascii_hexdigit())
        .count();
    let (size, after) = line.split_at(digits);
    let is_padding = white_space(after).is_empty();
    if line.len() + 2 > MAX_LINE || digits > 16 || !(is_padding || are_extensions(after)) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()
}

/// `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`
fn are_extensions(text: &[u8]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let Some(after) = extension(rest) else {
            return false;
        };
        rest = after;
    }
    true
}

fn extension(text: &[u8]) -> Option<&[u8]> {
    let after_semicolon = white_space(text).strip_prefix(b";")?;
    let after_name = token(white_space(after_semicolon))?;
    match white_space(after_name).strip_prefix(b"=") {
        Some(after_equals) => {
            let value = white_space(after_equals);
            token(value).or_else(|| quoted(value))
        }
        None => Some(after_name),
    }
}

/// What follows the white space, the token, the quoted string.
fn white_space(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| b" \t".contains(byte)).count()..]
}

fn token(text: &[u8]) -> Option<&[u8]> {
    let length = text.iter().take_while(|&&byte| is_token(byte)).count();
    (length > 0).then(|| &text[length..])
}

fn quoted(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', byte, after @ ..] if is_text(*byte) => after,
            [byte, after @ ..] if is_text(*byte) && *byte != b'\\' => after,
            _ => return None,
        };
    }
}

fn what_we_frame_we_read(data: &[u8]) {
    if data.is_empty() {
        return;
    }
    let mut framed = Vec::new();
    frame_head(data.len(), &mut framed);
    framed.extend_from_slice(data);
    framed.extend_from_slice(b"\r\n0\r\n\r\n");
    let expected = Total {
        used: framed.len(),
        body: data.len() as u64,
        done: true,
    };
    assert_eq!(skip(&framed, &[]), Ok(expected));
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || !byte.is_ascii_control()
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
