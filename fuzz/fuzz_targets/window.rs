//! Windows: any bytes are read without harm, any touches keep the promises of the counting rules, and for small
//! files a model with one flag for each byte agrees.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use tallyd_ledger::coverage::{Coverage, MOST_FRAGMENTS};
use tallyd_ledger::facts::{CLASSES, Class, DAY, Span, day_of};
use tallyd_ledger::window::{Effect, Kind, Touch, Window};

/// As in the crate: representations that are remembered, and how far the last touch moves before it is stored.
const MOST_PARTS: usize = 8;
const COARSE: i64 = 60 * 1_000_000_000;

/// Files of the model are shorter.
const SMALL: u64 = 256;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    kind: u8,
    is_small: bool,
    touches: Vec<Step>,
    stored: &'a [u8],
}

/// One touch, as the engine makes it.
#[derive(Arbitrary, Debug)]
struct Step {
    when: When,
    class: u8,
    representation: u8,
    whole: u64,
    spans: Vec<(u64, u64)>,
    /// All that was asked for, if it is not said.
    content: Option<u64>,
}

#[derive(Arbitrary, Debug)]
enum When {
    At(i64),
    /// Minutes and seconds.
    Later(u16, i8),
    NanosLater(i16),
}

/// A touch with ranges of its own.
#[derive(Debug)]
struct Hit {
    time: i64,
    class: Class,
    representation: u64,
    whole: u64,
    spans: Vec<Span>,
    content: u64,
}

fuzz_target!(|input: Input<'_>| {
    let kind = [Kind::FirstTouch, Kind::LastTouch, Kind::CalendarDay][usize::from(input.kind % 3)];
    let hits = hits(&input.touches, input.is_small);
    check_coverage(input.stored, &hits);
    if let Some(stored) = Window::decode(input.stored) {
        comes_back(&stored);
        check_promises(stored, kind, &hits);
    }
    if let Some(first) = hits.first() {
        check_promises(Window::open(&first.touch()), kind, &hits);
        check_bytes(kind, &hits);
        if input.is_small {
            check_model(kind, &hits);
        }
    }
});

fn hits(steps: &[Step], is_small: bool) -> Vec<Hit> {
    let mut time = 0;
    let hit = |step: &Step| {
        time = match step.when {
            When::At(time) => time,
            When::Later(minutes, seconds) => {
                let seconds = i64::from(minutes) * 60 + i64::from(seconds);
                time.saturating_add(seconds * 1_000_000_000)
            }
            When::NanosLater(nanos) => time.saturating_add(i64::from(nanos)),
        };
        let number = |number: u64| if is_small { number % SMALL } else { number };
        let span = |(start, length)| Span {
            start: number(start),
            length: number(length),
        };
        let spans: Vec<Span> = step.spans.iter().copied().map(span).collect();
        let whole = number(step.whole);
        let all = match spans.is_empty() {
            true => whole,
            false => spans
                .iter()
                .fold(0, |sum: u64, span| sum.saturating_add(span.length)),
        };
        Hit {
            time,
            class: CLASSES[usize::from(step.class) % CLASSES.len()],
            representation: u64::from(step.representation) % (MOST_PARTS as u64 + 2),
            whole,
            spans,
            content: step.content.map_or(all, number),
        }
    };
    steps.iter().map(hit).collect()
}

impl Hit {
    fn touch(&self) -> Touch<'_> {
        Touch {
            time: self.time,
            class: self.class,
            representation: self.representation,
            whole: self.whole,
            spans: &self.spans,
            content: self.content,
        }
    }
}

fn comes_back(window: &Window) {
    assert_eq!(Window::decode(&window.encode()).as_ref(), Some(window));
}

/// What holds for every history, also of a window that nobody could have stored.
fn check_promises(mut window: Window, kind: Kind, hits: &[Hit]) {
    let mut downloads = 0;
    let mut is_fresh = hits
        .first()
        .is_some_and(|first| window == Window::open(&first.touch()));
    for hit in hits {
        let before = window.clone();
        let effect = window.touch(kind, &hit.touch());
        comes_back(&window);
        assert!(effect.downloads + effect.repeats <= 1 && effect.visitors <= 1);
        assert!(effect.changed || window == before, "{before:?} {window:?}");
        if let Some(closed) = effect.closed {
            assert_eq!(closed, before.close());
            assert_eq!((window.opened, window.close().class), (hit.time, hit.class));
            assert!(!is_fresh || closed.opened <= hit.time, "time goes back");
            assert!(closed.partials == 0 || downloads == 0);
            (downloads, is_fresh) = (0, true);
        } else {
            assert_eq!(window.opened, before.opened);
        }
        downloads += effect.downloads;
        assert!(downloads <= 1, "{hits:?}");
        assert!(
            !is_fresh || effect.repeats <= downloads,
            "the first is no repeat"
        );
        assert!(window.close().partials <= 1);
        assert!(downloads == 0 || window.close().partials == 0);
        assert!(window.ends(kind) > hit.time || hit.time > i64::MAX - DAY);
        // A day is counted once: the same touch again brings no visitor.
        assert_eq!(window.clone().touch(kind, &hit.touch()).visitors, 0);
    }
}

/// Nobody reaches the whole with fewer bytes than it has.
fn check_bytes(kind: Kind, hits: &[Hit]) {
    let mut window = Window::open(&hits[0].touch());
    let mut sent: Vec<((u64, u64), u128)> = Vec::new();
    for hit in hits {
        let effect = window.touch(kind, &hit.touch());
        let of = (hit.representation, hit.whole);
        let at = sent.iter().position(|(known, _)| *known == of);
        let at = at.unwrap_or_else(|| {
            sent.push((of, 0));
            sent.len() - 1
        });
        let sum = &mut sent[at].1;
        *sum += u128::from(hit.content);
        if effect.downloads + effect.repeats == 1 {
            let rest = sum.checked_sub(u128::from(hit.whole));
            *sum = rest.expect("so many bytes were sent");
        }
    }
}

/// A window as the counting rules tell it.
struct Model {
    opened: i64,
    touched: i64,
    class: Class,
    day: Option<i64>,
    downloaded: bool,
    parts: Vec<(u64, Vec<bool>)>,
}

fn check_model(kind: Kind, hits: &[Hit]) {
    let mut window = Window::open(&hits[0].touch());
    let mut model = Model::open(&hits[0], None);
    for hit in hits {
        let effect = window.touch(kind, &hit.touch());
        let expected = model.touch(kind, hit);
        let closed = effect
            .closed
            .map(|closed| (closed.opened, closed.class, closed.partials));
        let found = (effect.downloads, effect.repeats, effect.visitors, closed);
        assert_eq!(found, expected, "{hits:?}");
        let Effect { changed, .. } = effect;
        assert!(changed || effect.downloads + effect.visitors == 0);
        let closed = window.close();
        assert_eq!(
            (closed.opened, closed.class, closed.partials),
            model.close()
        );
    }
}

/// Downloads, repeats, visitors, and of a window that has closed when it opened, whose it was, and its partials.
type Counted = (u64, u64, u64, Option<(i64, Class, u64)>);

impl Model {
    fn open(hit: &Hit, day: Option<i64>) -> Model {
        Model {
            opened: hit.time,
            touched: hit.time,
            class: hit.class,
            day,
            downloaded: false,
            parts: Vec::new(),
        }
    }

    fn close(&self) -> (i64, Class, u64) {
        let is_partial = !self.downloaded && !self.parts.is_empty();
        (self.opened, self.class, u64::from(is_partial))
    }

    fn touch(&mut self, kind: Kind, hit: &Hit) -> Counted {
        // Wider than times are, so that nothing saturates but at the end of time.
        let (opened, touched) = (i128::from(self.opened), i128::from(self.touched));
        let day = i128::from(DAY);
        let closes = match kind {
            Kind::FirstTouch => opened + day,
            Kind::LastTouch => touched + day,
            Kind::CalendarDay => (opened.div_euclid(day) + 1) * day,
        };
        let closed = (i128::from(hit.time) >= closes.min(i128::from(i64::MAX))).then(|| {
            let closed = self.close();
            *self = Model::open(hit, self.day);
            closed
        });
        if i128::from(hit.time) > i128::from(self.touched) + i128::from(COARSE) {
            self.touched = hit.time;
        }
        let today = day_of(hit.time);
        let is_new = self.day.is_none_or(|day| day < today);
        self.day = self.day.max(Some(today));
        let reached = self.send(hit);
        let first = reached && !self.downloaded;
        self.downloaded |= reached;
        (
            u64::from(first),
            u64::from(reached && !first),
            u64::from(is_new),
            closed,
        )
    }

    /// Whether the whole is reached.
    fn send(&mut self, hit: &Hit) -> bool {
        if hit.whole == 0 {
            return hit.spans.is_empty();
        }
        let bytes = sent(hit);
        if bytes.is_empty() {
            return false;
        }
        let fresh = vec![false; hit.whole as usize];
        let known = self
            .parts
            .iter()
            .position(|part| part.0 == hit.representation);
        let at = known.unwrap_or_else(|| {
            self.parts.push((hit.representation, fresh.clone()));
            self.parts.len() - 1
        });
        let flags = &mut self.parts[at].1;
        if flags.len() != fresh.len() {
            *flags = fresh;
        }
        for byte in bytes {
            flags[byte] = true;
        }
        let reached = flags.iter().all(|flag| *flag);
        if reached {
            self.parts.remove(at);
        } else if self.parts.len() > MOST_PARTS {
            self.parts.remove(0);
        }
        reached
    }
}

/// The bytes of the file that were sent, one by one.
fn sent(hit: &Hit) -> Vec<usize> {
    let all = [Span {
        start: 0,
        length: hit.whole,
    }];
    let spans = match hit.spans.is_empty() {
        true => &all[..],
        false => &hit.spans,
    };
    let asked = spans
        .iter()
        .flat_map(|span| span.start..span.start + span.length);
    let sent = asked.take(hit.content as usize);
    sent.filter(|byte| *byte < hit.whole)
        .map(|byte| byte as usize)
        .collect()
}

/// The union of ranges, against flags where they are small; and whatever bytes say they are one.
fn check_coverage(stored: &[u8], hits: &[Hit]) {
    let mut coverage = Coverage::decode(&mut &stored[..]).unwrap_or_default();
    let start = coverage.clone();
    let mut flags = vec![false; 2 * SMALL as usize];
    let mut fresh = Coverage::default();
    for hit in hits {
        for span in &hit.spans {
            let before = coverage.bytes();
            let is_new = coverage.add(*span);
            // With all its pieces it may have forgotten one.
            let is_full = pieces(&coverage).len() == MOST_FRAGMENTS;
            assert!(is_full || is_new == (coverage.bytes() > before));
            assert!(is_new || coverage.bytes() == before);
            assert!(!coverage.add(*span) || is_full);
            if span.start < SMALL && span.length < SMALL {
                add_to_flags(&mut fresh, &mut flags, *span);
            }
        }
        assert!(
            fresh.covers(0) && fresh.covers(hit.whole % SMALL) == all(&flags, hit.whole % SMALL)
        );
    }
    for coverage in [start, coverage, fresh] {
        let mut again = Coverage::default();
        for span in pieces(&coverage) {
            assert!(again.add(span), "a piece of its own");
        }
        assert_eq!(again, coverage);
        let mut out = Vec::new();
        coverage.encode(&mut out);
        let mut rest = out.as_slice();
        assert_eq!(Coverage::decode(&mut rest), Some(coverage));
        assert!(rest.is_empty());
    }
}

fn add_to_flags(coverage: &mut Coverage, flags: &mut [bool], span: Span) {
    let range = &mut flags[span.start as usize..(span.start + span.length) as usize];
    let is_new = range.contains(&false);
    range.fill(true);
    assert_eq!(coverage.add(span), is_new, "{span:?}");
    let count = flags.iter().filter(|flag| **flag).count();
    assert_eq!(coverage.bytes(), count as u64);
}

fn all(flags: &[bool], whole: u64) -> bool {
    flags[..whole as usize].iter().all(|flag| *flag)
}

/// What it is made of, as it is encoded: how many, then for each the gap before it and its length.
fn pieces(coverage: &Coverage) -> Vec<Span> {
    let mut out = Vec::new();
    coverage.encode(&mut out);
    let numbers = out.split_inclusive(|byte| *byte < 0x80);
    let mut numbers = numbers.map(|bytes| {
        let digits = bytes.iter().rev();
        digits.fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f))
    });
    let count = numbers.next();
    let mut pieces = Vec::new();
    let mut end = 0;
    while let (Some(gap), Some(length)) = (numbers.next(), numbers.next()) {
        let start = end + gap;
        pieces.push(Span { start, length });
        end = start + length;
    }
    assert_eq!(count, Some(pieces.len() as u64));
    pieces
}
