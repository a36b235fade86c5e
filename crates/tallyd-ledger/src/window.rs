//! Windows: from what a visitor was sent of a file version to downloads, repeats and partials.
//!
//! The second half of the counting rules (docs/counting.md, "What follows from coverage"). Pure: no clock, no
//! file; times are arguments. Promises: what one visitor can make it remember is bounded, and time never goes back
//! inside a window: a touch that is older than the window belongs to it.

use std::iter;

use crate::coverage::Coverage;
use crate::facts::{Class, DAY, Span, day_of};
use crate::varint;

/// Representations of one version whose coverage is remembered at once; beyond that, the oldest is forgotten. There
/// are four (the file itself, br, zst, gz), and a variant that is replaced while the window is open is one more.
const MOST_PARTS: usize = 8;

/// How far the last touch moves before it is stored: not every hit of a busy visitor shall write to the ledger. So a
/// [`Kind::LastTouch`] window may close up to a minute early.
const COARSE: i64 = 60 * 1_000_000_000;

/// The first byte of an encoded window.
const FORMAT: u8 = 1;

/// When a window closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 24 hours after the visitor's first byte.
    FirstTouch,
    /// 24 hours after the visitor's last byte.
    LastTouch,
    /// At the end of the day (UTC) in which it was opened.
    CalendarDay,
}

/// What one visitor was sent of one file version, until the window closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// When it was opened, in nanoseconds since 1970.
    pub opened: i64,
    /// When it was last touched, to within [`COARSE`]; it moves only in a [`Kind::LastTouch`] window.
    touched: i64,
    /// Who opened it.
    class: Class,
    /// The last day on which this visitor was counted; it is kept when the window closes and opens again.
    counted: Option<i64>,
    /// Whether the whole was reached.
    downloaded: bool,
    /// What was sent since the whole was last reached; the oldest first, none is empty.
    parts: Vec<Part>,
}

/// What was sent of one representation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    representation: u64,
    whole: u64,
    covered: Coverage,
}

/// What was sent by one hit.
#[derive(Clone, Copy, Debug)]
pub struct Touch<'a> {
    /// When the hit began.
    pub time: i64,
    /// Who asked.
    pub class: Class,
    /// Which representation of the version: 0 for the file itself, else a mark of the compressed variant.
    pub representation: u64,
    /// How long that representation is.
    pub whole: u64,
    /// What was asked for; nothing means the whole.
    pub spans: &'a [Span],
    /// How many bytes of the representation were sent, in the order of `spans`.
    pub content: u64,
}

/// What a touch adds to the counts, at the time of the touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// 1 if the whole was reached for the first time in this window.
    pub downloads: u64,
    /// 1 if it was reached again.
    pub repeats: u64,
    /// 1 if this visitor had not been seen at this version on this day.
    pub visitors: u64,
    /// The window before had ended; this is what is counted for it.
    pub closed: Option<Closed>,
    /// Whether the window is other than it was, so that it has to be stored.
    pub changed: bool,
}

/// What is counted when a window closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// When the window was opened: the hour that it is counted in.
    pub opened: i64,
    /// The class of the visitor who opened it.
    pub class: Class,
    /// 1 if something was sent and the whole was never reached.
    pub partials: u64,
}

impl Window {
    /// A window that opens with the first byte of this touch. The touch itself is not in it yet.
    #[must_use]
    pub fn open(touch: &Touch<'_>) -> Window {
        Window {
            opened: touch.time,
            touched: touch.time,
            class: touch.class,
            counted: None,
            downloaded: false,
            parts: Vec::new(),
        }
    }

    /// A window of which nothing is known, and for which nothing is counted.
    #[must_use]
    pub fn nothing() -> Window {
        Window::open(&Touch {
            time: 0,
            class: Class::Unknown,
            representation: 0,
            whole: 0,
            spans: &[],
            content: 0,
        })
    }

    /// The time from which nothing needs it any more: it is closed, and its last counted day is over.
    #[must_use]
    pub fn ends(&self, kind: Kind) -> i64 {
        let closes = self.closes(kind);
        self.counted.map_or(closes, |day| closes.max(end_of(day)))
    }

    /// Adds what one hit has sent.
    pub fn touch(&mut self, kind: Kind, touch: &Touch<'_>) -> Effect {
        let closed = (touch.time >= self.closes(kind)).then(|| self.reopen(touch));
        let visitors = u64::from(self.count_day(touch.time));
        let moved = kind == Kind::LastTouch && self.move_to(touch.time);
        let (reached, covered) = self.cover(touch);
        let again = reached && self.downloaded;
        let first = reached && !self.downloaded;
        self.downloaded |= reached;
        Effect {
            downloads: u64::from(first),
            repeats: u64::from(again),
            visitors,
            closed,
            changed: closed.is_some() || visitors == 1 || moved || covered || first,
        }
    }

    /// What is counted when it closes.
    #[must_use]
    pub fn close(&self) -> Closed {
        Closed {
            opened: self.opened,
            class: self.class,
            partials: u64::from(!self.downloaded && !self.parts.is_empty()),
        }
    }

    /// Its bytes in the ledger: format, class and flags, times, and the parts.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let flags = u8::from(self.downloaded) << 3 | u8::from(self.counted.is_some()) << 4;
        let mut out = vec![FORMAT, self.class as u8 | flags];
        varint::put_signed(&mut out, self.opened);
        // Differences are short. They may wrap: reading them back wraps the same way.
        varint::put_signed(&mut out, self.touched.wrapping_sub(self.opened));
        if let Some(day) = self.counted {
            varint::put_signed(&mut out, day.wrapping_sub(day_of(self.opened)));
        }
        varint::put(&mut out, self.parts.len() as u64);
        for part in &self.parts {
            varint::put(&mut out, part.representation);
            varint::put(&mut out, part.whole);
            part.covered.encode(&mut out);
        }
        out
    }

    /// From its bytes in the ledger; nothing if they are none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Window> {
        let (&[FORMAT, flags], mut rest) = bytes.split_first_chunk()? else {
            return None;
        };
        if flags >= 1 << 5 {
            return None;
        }
        let opened = varint::take_signed(&mut rest)?;
        let touched = opened.wrapping_add(varint::take_signed(&mut rest)?);
        let counted = match flags & 1 << 4 {
            0 => None,
            _ => Some(day_of(opened).wrapping_add(varint::take_signed(&mut rest)?)),
        };
        let count = varint::take(&mut rest)?;
        let most = MOST_PARTS as u64;
        let parts = (0..count.min(most + 1)).map(|_| Part::decode(&mut rest));
        let parts = parts.collect::<Option<Vec<Part>>>()?;
        let window = Window {
            opened,
            touched,
            class: Class::of(flags & 0b111)?,
            counted,
            downloaded: flags & 1 << 3 != 0,
            parts,
        };
        (count <= most && rest.is_empty()).then_some(window)
    }

    /// The time from which a touch belongs to the next window.
    fn closes(&self, kind: Kind) -> i64 {
        match kind {
            Kind::FirstTouch => self.opened.saturating_add(DAY),
            Kind::LastTouch => self.touched.saturating_add(DAY),
            Kind::CalendarDay => end_of(day_of(self.opened)),
        }
    }

    /// Ends this window and begins the next in its place, so that no day is counted twice.
    fn reopen(&mut self, touch: &Touch<'_>) -> Closed {
        let closed = self.close();
        let counted = self.counted;
        *self = Window {
            counted,
            ..Window::open(touch)
        };
        closed
    }

    /// Whether the visitor is to be counted for the day of this time: once a day, and never for a day gone by.
    fn count_day(&mut self, time: i64) -> bool {
        let day = day_of(time);
        let is_new = self.counted.is_none_or(|counted| counted < day);
        if is_new {
            self.counted = Some(day);
        }
        is_new
    }

    /// Whether the last touch has moved far enough to be stored.
    fn move_to(&mut self, time: i64) -> bool {
        let moved = time > self.touched.saturating_add(COARSE);
        if moved {
            self.touched = time;
        }
        moved
    }

    /// Adds the bytes that were sent: whether the whole is reached now, and whether the parts are other than before.
    fn cover(&mut self, touch: &Touch<'_>) -> (bool, bool) {
        if touch.whole == 0 {
            return (touch.spans.is_empty(), false);
        }
        if touch.spans.is_empty() && touch.content >= touch.whole {
            // Mostly: nothing has to be put together.
            return (true, self.drop_part(touch.representation));
        }
        let mut sent = sent(touch).peekable();
        if sent.peek().is_none() {
            return (false, false);
        }
        let mut fresh = Part::of(touch);
        let mut parts = self.parts.iter_mut();
        let known = parts.find(|part| part.representation == touch.representation);
        let is_known = known.is_some();
        let part = known.unwrap_or(&mut fresh);
        if part.whole != touch.whole {
            *part = Part::of(touch);
        }
        // All of them, not only until the first that is new.
        let changed = sent.filter(|span| part.covered.add(*span)).count() > 0;
        let reached = part.covered.covers(touch.whole);
        match (is_known, reached) {
            (true, true) => (true, self.drop_part(touch.representation)),
            (true, false) => (false, changed),
            // The whole at once leaves no trace.
            (false, true) => (true, false),
            (false, false) => {
                self.keep(fresh);
                (false, true)
            }
        }
    }

    /// Forgets what was sent of a representation. Whether there was anything.
    fn drop_part(&mut self, representation: u64) -> bool {
        let before = self.parts.len();
        self.parts
            .retain(|part| part.representation != representation);
        self.parts.len() != before
    }

    fn keep(&mut self, part: Part) {
        if self.parts.len() >= MOST_PARTS {
            self.parts.remove(0);
        }
        self.parts.push(part);
    }
}

impl Part {
    fn of(touch: &Touch<'_>) -> Part {
        Part {
            representation: touch.representation,
            whole: touch.whole,
            covered: Coverage::default(),
        }
    }

    fn decode(from: &mut &[u8]) -> Option<Part> {
        let part = Part {
            representation: varint::take(from)?,
            whole: varint::take(from)?,
            covered: Coverage::decode(from)?,
        };
        (part.covered.bytes() > 0).then_some(part)
    }
}

/// The pieces of the representation that were sent: what was asked for, up to where the sending ended. None is empty.
fn sent<'a>(touch: &Touch<'a>) -> impl Iterator<Item = Span> + use<'a> {
    let whole = touch.whole;
    let all = Span {
        start: 0,
        length: whole,
    };
    let all = iter::once(all).take(usize::from(touch.spans.is_empty()));
    let asked = all.chain(touch.spans.iter().copied());
    let cut = asked.scan(touch.content, move |left, span| {
        let length = span.length.min(*left);
        *left -= length;
        // What lies outside is not of this representation, whatever the entry says.
        let length = length.min(whole.saturating_sub(span.start));
        Some(Span { length, ..span })
    });
    cut.filter(|span| span.length > 0)
}

/// The first nanosecond after a day.
fn end_of(day: i64) -> i64 {
    day.saturating_add(1).saturating_mul(DAY)
}

#[cfg(test)]
mod tests;
