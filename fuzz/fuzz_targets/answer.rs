//! Responses as a client reads them: the pieces in which they come do not matter.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tallyd_load::answer::{Fault, Framing, Head, Part, Reader, To};

/// Responses on one connection.
const MOST: usize = 4;

fuzz_target!(|input: ([u16; 3], bool, &[u8])| {
    let (cuts, is_head, bytes) = input;
    let to = if is_head { To::Head } else { To::Other };
    let whole = read(bytes, &[], to);
    let mut cuts = cuts.map(|cut| usize::from(cut) % (bytes.len() + 1));
    cuts.sort_unstable();
    compare(&whole, &read(bytes, &cuts, to));
    let everywhere: Vec<usize> = (0..bytes.len()).collect();
    compare(&whole, &read(bytes, &everywhere, to));
    for response in &whole.responses {
        check(response, to);
    }
});

/// What came over a connection.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    responses: Vec<Response>,
    /// Why it did not go on; none if all that was read was whole.
    fault: Option<Fault>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Response {
    heads: Vec<(Head, Vec<u8>)>,
    body: Vec<u8>,
    /// All bytes up to its end.
    used: usize,
}

/// Pieces may decide which fault of a head is seen, as it is looked at once it is whole; they never decide whether
/// there is one.
fn compare(whole: &Read, pieces: &Read) {
    assert_eq!(whole.responses, pieces.responses);
    let is_of_head = |fault| matches!(fault, Fault::Garbage | Fault::CutHead | Fault::EndlessHead);
    match (whole.fault, pieces.fault) {
        (Some(one), Some(other)) if is_of_head(one) && is_of_head(other) => {}
        (one, other) => assert_eq!(one, other),
    }
}

fn read(bytes: &[u8], cuts: &[usize], to: To) -> Read {
    let mut reader = Reader::default();
    let mut read = Read::default();
    let mut response = Response::default();
    reader.expect(to);
    let (mut start, mut used_of_all) = (0, 0);
    for end in cuts.iter().copied().chain([bytes.len()]) {
        let mut input = &bytes[start..end];
        start = end;
        loop {
            let (used, part) = match reader.read(input) {
                Ok(step) => step,
                Err(fault) => {
                    read.fault = Some(fault);
                    return read;
                }
            };
            assert!(used <= input.len());
            let (these, rest) = input.split_at(used);
            input = rest;
            used_of_all += used;
            match part {
                Part::More => {
                    assert!(
                        used > 0 || input.is_empty(),
                        "it wants more, and there is more"
                    );
                    if input.is_empty() {
                        break;
                    }
                }
                Part::Interim(head) | Part::Head(head) => {
                    response.heads.push((head, reader.head(these).to_vec()));
                    assert!(matches!(part, Part::Interim(_)) == head.is_interim());
                }
                Part::Body => {
                    assert!(used > 0);
                    response.body.extend_from_slice(these);
                }
                Part::End => {
                    response.used = used_of_all;
                    read.responses.push(std::mem::take(&mut response));
                    if read.responses.len() == MOST {
                        return read;
                    }
                    reader.expect(to);
                }
            }
        }
    }
    if reader.is_fresh() {
        return read;
    }
    match reader.close() {
        Ok(()) => {
            response.used = used_of_all;
            read.responses.push(response);
        }
        Err(fault) => read.fault = Some(fault),
    }
    read
}

fn check(response: &Response, to: To) {
    let ((last, _), interim) = response.heads.split_last().expect("each has a head");
    assert!(interim.iter().all(|(head, _)| head.is_interim()) && !last.is_interim());
    for (head, bytes) in &response.heads {
        assert!((100..=999).contains(&head.status));
        let start = bytes.trim_ascii_start();
        assert!(start.starts_with(b"HTTP/1.") && bytes.ends_with(b"\n"));
    }
    let heads: usize = response.heads.iter().map(|(_, bytes)| bytes.len()).sum();
    let length = response.body.len();
    let is_bodiless = to == To::Head || last.is_bodiless();
    match last.framing {
        _ if is_bodiless => assert!(length == 0 && heads <= response.used),
        Framing::Length(said) => assert_eq!(length as u64, said),
        Framing::Chunked => assert!(length < response.used),
        Framing::ToEnd => assert!(!last.keeps),
    }
}
