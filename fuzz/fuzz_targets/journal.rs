//! Journals: what was written is read, what was damaged is never read as another entry, and any words are read
//! without harm.

#![no_main]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tallyd_ledger::disk::Store;
use tallyd_ledger::entry::{
    self, About, Definition, Draft, Entry, Fault, Hit, LONGEST, LONGEST_HOST, LONGEST_MISSING,
    MOST_SPANS, Note, Reader,
};
use tallyd_ledger::facts::{CLASSES, Class, Outcome, Settled, Span, Version, Visitor};
use tallyd_ledger::segment::{self, FIRST, Head, HeadFault, Segment};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    sequence: u64,
    boot: u64,
    /// Which word is damaged, and which bit of it.
    flip: (u16, u8),
    /// Where raw words are read.
    at: u32,
    pieces: Vec<Piece<'a>>,
    raw: &'a [u8],
}

/// What an entry is made of. Texts are repeated, so that short inputs make long entries.
#[derive(Arbitrary, Debug)]
struct Piece<'a> {
    kind: u8,
    numbers: [u64; 4],
    small: (u16, u8, u8, u8),
    flags: (bool, bool),
    spans: Vec<(u64, u64)>,
    site: &'a str,
    path: &'a [u8],
    settled: Option<(bool, u64, u64)>,
}

fuzz_target!(|input: Input<'_>| {
    any_words_are_read(&input);
    let entries: Vec<Owned> = input.pieces.iter().map(Owned::of).collect();
    let store = Arc::new(Words::of_length(FIRST as usize + 1 + length(&entries)));
    let segment = Segment::begin(Arc::clone(&store) as _, None, input.sequence, input.boot);
    let end = write(&entries, segment.words(), input.sequence);
    let words = &segment.words()[..];
    for reader in [Reader::live, Reader::careful] {
        let read = read(reader(input.sequence, FIRST), words, input.sequence);
        assert_eq!(read, (entries.clone(), Ok(end)));
    }
    let (place, bit) = (usize::from(input.flip.0), input.flip.1 % 64);
    let place = place % words.len();
    words[place].fetch_xor(1 << bit, Ordering::Relaxed);
    if place < FIRST as usize {
        check_damaged_head(words, &input, place);
    } else {
        check_damaged(words, &entries, place, input.sequence);
    }
});

/// The head of a segment has no excuse in words 1 to 5; the others are not its own.
fn check_damaged_head(words: &[AtomicU64], input: &Input<'_>, place: usize) {
    let found = segment::head(words);
    let whole = |synced| Head {
        sequence: input.sequence,
        boot: input.boot,
        synced,
    };
    match place {
        6 => {
            let synced = u32::try_from(words[6].load(Ordering::Relaxed));
            assert_eq!(found, synced.map(whole).map_err(|_| HeadFault::Damaged));
        }
        7 => assert_eq!(found, Ok(whole(FIRST))),
        _ => assert_eq!(found, Err(HeadFault::Damaged)),
    }
}

/// Entries up to the damaged one are as they were; nothing is read behind it, unless it is only how a hit ended.
fn check_damaged(words: &[AtomicU64], entries: &[Owned], place: usize, sequence: u64) {
    assert!(segment::head(words).is_ok());
    let (found, end) = read(Reader::careful(sequence, FIRST), words, sequence);
    let mut at = FIRST as usize;
    for (number, entry) in entries.iter().enumerate() {
        let next = at + entry.draft().words();
        if place < next {
            let is_how_it_ended = entry.is_hit() && (at + 1..at + 4).contains(&place);
            if !is_how_it_ended {
                assert_eq!((&found[..], end), (&entries[..number], Err(Fault)));
                return;
            }
            assert_eq!(found.len(), entries.len());
            for (place, (found, entry)) in found.iter().zip(entries).enumerate() {
                if place == number {
                    check_damaged_end(found, entry, (words, sequence, at));
                } else {
                    assert_eq!(found, entry);
                }
            }
            assert!(end.is_ok());
            return;
        }
        at = next;
    }
    // Behind the end there is one word, which is no head now.
    assert_eq!((&found[..], end), (entries, Err(Fault)));
}

/// Only of a hit that has not ended may numbers be damaged without notice: nobody reads them yet.
fn check_damaged_end(found: &Owned, entry: &Owned, of: (&[AtomicU64], u64, usize)) {
    let (words, sequence, at) = of;
    let settled = entry::settled(words, sequence, at as u32);
    let without = |entry: &Owned| match entry.clone() {
        Owned::Hit(hit, spans, referrer, version, _) => (hit, spans, referrer, version),
        _ => panic!("{entry:?} is no hit"),
    };
    assert_eq!(without(found), without(entry));
    let was_settled = matches!(entry, Owned::Hit(_, _, _, _, Some(_)));
    let is_marked = words[at + 3].load(Ordering::Relaxed) != 0;
    match (was_settled, is_marked) {
        (false, false) => assert_eq!(settled, Ok(None)),
        _ => assert_eq!(settled, Err(Fault)),
    }
}

/// An entry with what it borrows. Of hits: ranges, referring host, number of the definition, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Definition(Definition),
    Hit(Hit<'static>, Vec<Span>, Vec<u8>, u32, Option<Settled>),
    Note(Note<'static>, Text),
}

/// What a note is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Text {
    Probe(u32),
    Missing(String, Vec<u8>),
    Other(String),
}

impl Owned {
    fn of(piece: &Piece<'_>) -> Owned {
        let [one, two, three, four] = piece.numbers;
        let (status, protocol, class, times) = piece.small;
        let class = CLASSES[usize::from(class) % CLASSES.len()];
        let path = piece.path.repeat(1 + usize::from(times));
        let version = one as u32;
        match piece.kind % 5 {
            0 => Owned::definition(piece, path),
            1 => Owned::note(piece, class, Text::Probe(version)),
            2 => Owned::note(
                piece,
                class,
                Text::Missing(piece.site.to_owned(), cut(&path, LONGEST_MISSING)),
            ),
            3 => Owned::note(piece, class, Text::Other(piece.site.to_owned())),
            _ => {
                let spans = piece.spans.iter().take(MOST_SPANS);
                let spans = spans.map(|&(start, length)| Span { start, length });
                let settled = piece.settled.map(|(is_whole, bytes, content)| Settled {
                    outcome: [Outcome::Aborted, Outcome::Complete][usize::from(is_whole)],
                    bytes,
                    content,
                });
                let hit = Hit {
                    time: two.cast_signed(),
                    number: three,
                    status,
                    protocol,
                    class,
                    visitor: Visitor {
                        today: four,
                        before: !four,
                        register: (one >> 32) as u16,
                        rank: times,
                    },
                    proxied: piece.flags.0,
                    probe: piece.flags.1,
                    spans: &[],
                    referrer: b"",
                };
                let referrer = cut(&path, LONGEST_HOST);
                Owned::Hit(hit, spans.collect(), referrer, version, settled)
            }
        }
    }

    /// A definition that is not longer than any can be.
    fn definition(piece: &Piece<'_>, path: Vec<u8>) -> Owned {
        let [one, two, three, four] = piece.numbers;
        let longest = (LONGEST - 8) * 8 - piece.site.len();
        Owned::Definition(Definition {
            version: Arc::new(Version {
                site: piece.site.into(),
                path: cut(&path, longest).into(),
                device: one,
                inode: two,
                length: three,
                modified: four.cast_signed(),
            }),
            representation: one ^ two,
            whole: three ^ four,
        })
    }

    fn note(piece: &Piece<'_>, class: Class, text: Text) -> Owned {
        let note = Note {
            time: piece.numbers[1].cast_signed(),
            status: piece.small.0,
            protocol: piece.small.1,
            class,
            proxied: piece.flags.0,
            bytes: piece.numbers[2],
            about: About::Other(""),
        };
        Owned::Note(note, text)
    }

    /// Whether it is longer than what is kept of it.
    fn is_cut(&self) -> bool {
        match self {
            Owned::Definition(_) => false,
            Owned::Hit(_, spans, referrer, _, _) => {
                spans.len() > MOST_SPANS || referrer.len() > LONGEST_HOST
            }
            Owned::Note(_, Text::Missing(_, path)) => path.len() > LONGEST_MISSING,
            Owned::Note(..) => false,
        }
    }

    fn is_hit(&self) -> bool {
        matches!(self, Owned::Hit(..))
    }

    fn draft(&self) -> Kept<'_> {
        match self {
            Owned::Definition(definition) => Kept::Definition(definition),
            Owned::Hit(hit, spans, referrer, version, _) => {
                let hit = Hit {
                    spans,
                    referrer,
                    ..*hit
                };
                Kept::Hit(hit, *version)
            }
            Owned::Note(note, text) => {
                let about = match text {
                    Text::Probe(version) => About::Probe(*version),
                    Text::Missing(site, path) => About::Missing(site, path),
                    Text::Other(site) => About::Other(site),
                };
                Kept::Note(Note { about, ..*note })
            }
        }
    }

    /// What was read; of a hit, how it ended stands beside it.
    fn read(entry: Entry<'_>, settled: Option<Settled>) -> Owned {
        match entry {
            Entry::Definition(definition) => Owned::Definition(definition),
            Entry::Hit(hit, version) => {
                let bare = Hit {
                    spans: &[],
                    referrer: b"",
                    ..hit
                };
                let (spans, referrer) = (hit.spans.to_vec(), hit.referrer.to_vec());
                Owned::Hit(bare, spans, referrer, version, settled)
            }
            Entry::Note(note) => {
                let text = match note.about {
                    About::Probe(version) => Text::Probe(version),
                    About::Missing(site, path) => Text::Missing(site.to_owned(), path.to_vec()),
                    About::Other(site) => Text::Other(site.to_owned()),
                };
                let about = About::Other("");
                Owned::Note(Note { about, ..note }, text)
            }
        }
    }
}

/// A draft with the entry that it borrows.
enum Kept<'a> {
    Definition(&'a Definition),
    Hit(Hit<'a>, u32),
    Note(Note<'a>),
}

impl Kept<'_> {
    fn as_draft(&self) -> Draft<'_> {
        match self {
            Kept::Definition(definition) => Draft::Definition(definition),
            Kept::Hit(hit, version) => Draft::Hit(hit, *version),
            Kept::Note(note) => Draft::Note(note),
        }
    }

    fn words(&self) -> usize {
        self.as_draft().words()
    }
}

fn length(entries: &[Owned]) -> usize {
    entries.iter().map(|entry| entry.draft().words()).sum()
}

/// Writes entries behind each other, over what an earlier use left there; where the last one ends.
fn write(entries: &[Owned], words: &[AtomicU64], sequence: u64) -> u32 {
    let earlier = sequence.wrapping_sub(1);
    let mut at = FIRST as usize;
    for pass in [earlier, sequence] {
        at = FIRST as usize;
        for entry in entries {
            let draft = entry.draft();
            let end = at + draft.words();
            words[end].store(0, Ordering::Relaxed);
            draft.as_draft().write(&words[at..end], pass, at as u32);
            if let Owned::Hit(_, _, _, _, Some(settled)) = entry {
                assert_eq!(entry::settled(words, pass, at as u32), Ok(None));
                entry::settle(words, pass, at as u32, *settled);
            }
            at = end;
        }
        if pass == earlier {
            let mut reader = Reader::careful(sequence, FIRST);
            let is_end = entries.is_empty();
            assert_eq!(reader.next(words).is_ok(), is_end, "of an earlier use");
        }
    }
    at as u32
}

/// All entries, and where they end or that there is a fault behind them. A hit whose end is damaged has none.
fn read(
    mut reader: Reader,
    words: &[AtomicU64],
    sequence: u64,
) -> (Vec<Owned>, Result<u32, Fault>) {
    let mut entries = Vec::new();
    loop {
        let before = reader.at();
        match reader.next(words) {
            Ok(Some((at, entry))) => {
                assert_eq!(at, before);
                let settled = entry::settled(words, sequence, at).ok().flatten();
                let settled = settled.filter(|_| matches!(entry, Entry::Hit(..)));
                let entry = Owned::read(entry, settled);
                assert!(reader.at() > before);
                let length = (reader.at() - before) as usize;
                // Probes and others may have texts, which are read over.
                let is_note = matches!(entry, Owned::Note(_, Text::Probe(_) | Text::Other(_)));
                let is_shorter = is_note || entry.is_cut();
                assert!(is_shorter || entry.draft().words() == length, "{entry:?}");
                entries.push(entry);
            }
            Ok(None) => {
                assert_eq!(reader.at(), before);
                return (entries, Ok(before));
            }
            Err(fault) => return (entries, Err(fault)),
        }
    }
}

/// Nothing is known of these words: reading ends, and what is read can be written and is read again.
fn any_words_are_read(input: &Input<'_>) {
    let (chunks, _) = input.raw.as_chunks();
    let words: Vec<_> = chunks.iter().copied().map(u64::from_le_bytes).collect();
    let words: Vec<_> = words.into_iter().map(AtomicU64::new).collect();
    let _ = segment::head(&words);
    let near = input.at % (words.len() as u32 + 2);
    for at in [0, near, input.at, u32::MAX] {
        let _ = entry::settled(&words, input.sequence, at);
        for reader in [Reader::live, Reader::careful] {
            let (entries, _) = read(reader(input.sequence, at), &words, input.sequence);
            assert!(entries.len() <= words.len());
            let whole = entries.iter().filter(|entry| !entry.is_cut());
            whole.for_each(check_written_again);
        }
    }
}

fn check_written_again(entry: &Owned) {
    let words = Words::of_length(entry.draft().words()).0;
    entry.draft().as_draft().write(&words, 1, 0);
    if let Owned::Hit(_, _, _, _, Some(settled)) = entry {
        entry::settle(&words, 1, 0, *settled);
    }
    let (found, end) = read(Reader::careful(1, 0), &words, 1);
    assert_eq!(
        (&found[..], end),
        (&[entry.clone()][..], Ok(words.len() as u32))
    );
}

fn cut(text: &[u8], longest: usize) -> Vec<u8> {
    text[..text.len().min(longest)].to_vec()
}

/// Words that nothing keeps.
#[derive(Debug)]
struct Words(Vec<AtomicU64>);

impl Words {
    fn of_length(length: usize) -> Words {
        Words((0..length).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Store for Words {
    fn words(&self) -> &[AtomicU64] {
        &self.0
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn is_durable(&self) -> bool {
        false
    }
}
