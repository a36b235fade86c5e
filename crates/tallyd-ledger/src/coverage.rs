//! Coverage: which bytes of one representation a visitor was sent; overlaps count once.
//!
//! Promises: never says that a byte is covered that was not added; never holds more than [`MOST_FRAGMENTS`]
//! pieces, whatever is added. Knows nothing of windows and visitors.

use crate::facts::Span;
use crate::varint;

/// How many pieces with gaps between them are remembered. Downloaders have one for each connection, some dozens;
/// who asks for every second byte pays with pieces that are forgotten, not with our memory.
pub const MOST_FRAGMENTS: usize = 1024;

/// A union of byte ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Sorted; no two overlap or touch; none is empty.
    fragments: Vec<Fragment>,
}

/// From the first byte to the one after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fragment {
    start: u64,
    end: u64,
}

impl Fragment {
    fn length(self) -> u64 {
        self.end - self.start
    }
}

impl Coverage {
    /// Adds a range; true if that covers anything new. Beyond [`MOST_FRAGMENTS`] pieces, the smallest is forgotten.
    pub fn add(&mut self, span: Span) -> bool {
        let (start, end) = (span.start, span.start.saturating_add(span.length));
        // Everything from `first` to before `after` overlaps or touches what is added.
        let first = self.fragments.partition_point(|known| known.end < start);
        let after = self.fragments.partition_point(|known| known.start <= end);
        let touched = self.fragments.get(first..after).unwrap_or_default();
        let merged = Fragment {
            start: touched
                .first()
                .map_or(start, |known| known.start.min(start)),
            end: touched.last().map_or(end, |known| known.end.max(end)),
        };
        if start == end || touched == [merged] {
            return false;
        }
        self.fragments.splice(first..after, [merged]);
        if self.fragments.len() > MOST_FRAGMENTS {
            self.forget_the_smallest();
        }
        true
    }

    /// Whether the bytes from 0 to `whole` are all covered.
    #[must_use]
    pub fn covers(&self, whole: u64) -> bool {
        let first = self.fragments.first();
        whole == 0 || first.is_some_and(|known| known.start == 0 && known.end >= whole)
    }

    /// How many bytes are covered.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.fragments.iter().map(|known| known.length()).sum()
    }

    /// Appends it in a compact form: how many pieces, then for each the gap before it and its length.
    pub fn encode(&self, out: &mut Vec<u8>) {
        varint::put(out, self.fragments.len() as u64);
        let mut end = 0;
        for known in &self.fragments {
            varint::put(out, known.start - end);
            varint::put(out, known.length());
            end = known.end;
        }
    }

    /// Takes it from the front of what [`encode`](Self::encode) wrote; nothing if these bytes are none of it.
    #[must_use]
    pub fn decode(from: &mut &[u8]) -> Option<Coverage> {
        let count = usize::try_from(varint::take(from)?).ok()?;
        // Two bytes for each are the least: a count that promises more reserves nothing.
        if count > MOST_FRAGMENTS || count > from.len() / 2 {
            return None;
        }
        let mut fragments = Vec::with_capacity(count);
        let mut before = None;
        for _ in 0..count {
            let gap = varint::take(from)?;
            let start = before.unwrap_or(0_u64).checked_add(gap)?;
            let end = start.checked_add(varint::take(from)?)?;
            if start == end || before == Some(start) {
                return None;
            }
            fragments.push(Fragment { start, end });
            before = Some(end);
        }
        Some(Coverage { fragments })
    }

    fn forget_the_smallest(&mut self) {
        let lengths = self.fragments.iter().map(|known| known.length());
        if let Some((at, _)) = lengths.enumerate().min_by_key(|(_, length)| *length) {
            self.fragments.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn span(start: u64, length: u64) -> Span {
        Span { start, length }
    }

    fn of(spans: &[(u64, u64)]) -> Coverage {
        let mut coverage = Coverage::default();
        for &(start, length) in spans {
            coverage.add(span(start, length));
        }
        coverage
    }

    fn round_trip(coverage: &Coverage) -> Option<Coverage> {
        let mut bytes = Vec::new();
        coverage.encode(&mut bytes);
        bytes.push(0xAA);
        let mut from = bytes.as_slice();
        let decoded = Coverage::decode(&mut from);
        assert_eq!(from, [0xAA], "takes exactly its own bytes");
        decoded
    }

    #[test]
    fn overlaps_count_once_and_neighbours_become_one() {
        assert_eq!(of(&[(0, 10), (5, 10)]), of(&[(0, 15)]));
        assert_eq!(of(&[(0, 5), (5, 5)]), of(&[(0, 10)]));
        assert_eq!(of(&[(5, 5), (0, 5)]), of(&[(0, 10)]));
        assert_eq!(of(&[(0, 2), (4, 2), (8, 2), (1, 8)]), of(&[(0, 10)]));
        assert_eq!(of(&[(0, 10), (20, 10), (5, 3)]).bytes(), 20);
    }

    #[test]
    fn the_whole_is_covered_when_its_last_gap_is_filled() {
        let mut coverage = of(&[(0, 4), (6, 4)]);
        assert!(!coverage.covers(10));
        assert!(coverage.covers(4));
        assert!(coverage.add(span(4, 1)));
        assert!(!coverage.covers(10));
        assert!(coverage.add(span(5, 1)));
        assert!(coverage.covers(10));
        assert!(!coverage.covers(11));
    }

    #[test]
    fn nothing_covers_an_empty_file() {
        assert!(Coverage::default().covers(0));
        assert!(!Coverage::default().covers(1));
        assert!(!of(&[(1, 5)]).covers(1));
    }

    #[test]
    fn adding_says_whether_there_was_anything_new() {
        let mut coverage = of(&[(10, 10)]);
        assert!(!coverage.add(span(12, 3)));
        assert!(!coverage.add(span(10, 10)));
        assert!(!coverage.add(span(15, 0)));
        assert!(!coverage.add(span(50, 0)), "an empty range is no piece");
        assert!(coverage.add(span(19, 2)));
    }

    #[test]
    fn ranges_at_the_end_of_all_numbers_do_not_overflow() {
        let mut coverage = of(&[(u64::MAX - 1, u64::MAX)]);
        assert_eq!(coverage.bytes(), 1);
        assert!(coverage.add(span(0, u64::MAX)));
        assert_eq!(coverage.bytes(), u64::MAX);
        assert_eq!(round_trip(&coverage), Some(coverage));
    }

    #[test]
    fn every_second_byte_is_forgotten_beyond_a_limit_and_the_large_pieces_stay() {
        let mut coverage = of(&[(1_000_000, 500)]);
        for at in 0..100_000 {
            coverage.add(span(at * 2, 1));
        }
        assert_eq!(coverage.fragments.len(), MOST_FRAGMENTS);
        assert_eq!(coverage.bytes(), 500 + MOST_FRAGMENTS as u64 - 1);
        assert!(!coverage.covers(200_000));
        coverage.add(span(0, 1_000_000));
        assert!(coverage.covers(1_000_500));
    }

    #[test]
    fn bytes_that_are_no_coverage_are_refused() {
        let check = |bytes: &[u8]| assert_eq!(Coverage::decode(&mut &*bytes), None, "{bytes:?}");
        check(&[]);
        check(&[1]);
        check(&[1, 0]);
        // An empty piece; two pieces that touch; more pieces than there are bytes.
        check(&[1, 5, 0]);
        check(&[2, 0, 1, 0, 1]);
        check(&[255, 7, 0, 1]);
        let too_far = [2, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1];
        check(&too_far);
    }

    #[test]
    fn more_pieces_than_are_kept_are_refused() {
        let of_pieces = |count: usize| {
            let mut bytes = Vec::new();
            varint::put(&mut bytes, count as u64);
            bytes.extend([1].repeat(2 * count));
            Coverage::decode(&mut bytes.as_slice()).is_some()
        };
        assert!(of_pieces(MOST_FRAGMENTS));
        assert!(!of_pieces(MOST_FRAGMENTS + 1));
    }

    proptest! {
        #[test]
        fn it_is_the_set_of_the_bytes_that_were_added(
            spans in prop::collection::vec((0..200_u64, 0..40_u64), 0..40),
            whole in 0..240_u64,
        ) {
            let mut coverage = Coverage::default();
            let mut model = BTreeSet::new();
            for (start, length) in spans {
                let before = model.len();
                model.extend(start..start + length);
                prop_assert_eq!(coverage.add(span(start, length)), model.len() > before);
                prop_assert_eq!(coverage.bytes(), model.len() as u64);
                prop_assert_eq!(coverage.covers(whole), (0..whole).all(|byte| model.contains(&byte)));
            }
            prop_assert_eq!(round_trip(&coverage), Some(coverage));
        }

        #[test]
        fn what_was_not_added_is_never_covered_however_much_is_forgotten(
            seed in any::<u64>(), lengths in 1..4_u64,
        ) {
            let mut coverage = Coverage::default();
            let mut model = BTreeSet::new();
            let mut random = seed;
            for _ in 0..3_000 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let start = (random >> 33) % 10_000;
                model.extend(start..start + lengths);
                coverage.add(span(start, lengths));
            }
            prop_assert!(coverage.fragments.len() <= MOST_FRAGMENTS);
            for known in &coverage.fragments {
                prop_assert!((known.start..known.end).all(|byte| model.contains(&byte)));
            }
            prop_assert_eq!(round_trip(&coverage), Some(coverage));
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let read = Coverage::decode(&mut bytes.as_slice());
            if let Some(coverage) = read {
                prop_assert_eq!(round_trip(&coverage), Some(coverage));
            }
        }
    }
}
