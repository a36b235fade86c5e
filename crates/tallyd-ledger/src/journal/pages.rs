//! The segments that a worker holds: the one that it writes, and those in which hits have not ended.
//!
//! Promises: a hit finds its segment as long as it has not ended, and after that nothing here holds it. No atomic counts
//! them: on the hit path one would wait until what was just written, which is in no cache yet, has arrived.

use std::sync::Arc;

use crate::segment::Segment;

/// The segments. Each has a number, which another one gets when it is gone.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: Vec<Page>,
    /// The number of the one that is written, if there is one.
    current: u32,
}

#[derive(Debug, Default)]
struct Page {
    segment: Option<Arc<Segment>>,
    /// Hits in it that have not ended.
    open: u32,
}

impl Pages {
    /// The one that is written.
    pub fn current(&self) -> Option<&Arc<Segment>> {
        self.of(self.current)
    }

    /// The one with this number, if a hit in it has not ended or it is written.
    pub fn of(&self, number: u32) -> Option<&Arc<Segment>> {
        self.pages.get(number as usize)?.segment.as_ref()
    }

    /// A hit has begun in the one that is written; the number of that.
    pub fn begin(&mut self) -> u32 {
        if let Some(page) = self.pages.get_mut(self.current as usize) {
            page.open += 1;
        }
        self.current
    }

    /// A hit in that one has ended.
    pub fn end(&mut self, number: u32) {
        if let Some(page) = self.pages.get_mut(number as usize) {
            page.open = page.open.saturating_sub(1);
            if page.open == 0 && number != self.current {
                page.segment = None;
            }
        }
    }

    /// Goes on in `fresh`, or in none. Returns the one that was written.
    pub fn turn(&mut self, fresh: Option<Arc<Segment>>) -> Option<Arc<Segment>> {
        let full = self.pages.get_mut(self.current as usize);
        let full = full.and_then(|page| match page.open {
            0 => page.segment.take(),
            _ => page.segment.clone(),
        });
        let free = self.pages.iter().position(|page| page.segment.is_none());
        let number = free.unwrap_or(self.pages.len());
        if free.is_none() {
            self.pages.push(Page::default());
        }
        if let Some(page) = self.pages.get_mut(number) {
            page.segment = fresh;
        }
        // One for each segment whose hits have not all ended: far below 2^32.
        self.current = u32::try_from(number).unwrap_or(u32::MAX);
        full
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;
    use crate::disk::Plain;

    fn fresh(sequence: u64) -> (Arc<Segment>, Weak<Segment>) {
        let segment = Segment::begin(Arc::new(Plain::new(64)), None, sequence, 1);
        let segment = Arc::new(segment);
        let seen = Arc::downgrade(&segment);
        (segment, seen)
    }

    #[test]
    fn a_segment_is_held_until_its_last_hit_has_ended() {
        let mut pages = Pages::default();
        let (first, is_there) = fresh(1);
        assert!(pages.turn(Some(first)).is_none());
        let (one, two) = (pages.begin(), pages.begin());
        let full = pages.turn(Some(fresh(2).0));
        assert_eq!(full.map(|segment| segment.sequence), Some(1));
        pages.end(one);
        assert_eq!(pages.of(two).map(|segment| segment.sequence), Some(1));
        pages.end(two);
        assert_eq!(is_there.strong_count(), 0);
        assert_eq!(pages.current().map(|segment| segment.sequence), Some(2));
    }

    #[test]
    fn the_one_that_is_written_stays_when_no_hit_is_on_its_way() {
        let mut pages = Pages::default();
        let (first, is_there) = fresh(1);
        pages.turn(Some(first));
        let hit = pages.begin();
        pages.end(hit);
        assert_eq!(pages.current().map(|segment| segment.sequence), Some(1));
        drop(pages.turn(None));
        assert_eq!(is_there.strong_count(), 0);
        assert!(pages.current().is_none());
    }

    #[test]
    fn a_slow_download_holds_its_own_segment_and_no_other() {
        let mut pages = Pages::default();
        pages.turn(Some(fresh(0).0));
        let slow = pages.begin();
        for sequence in 1..100 {
            let (segment, is_there) = fresh(sequence);
            drop(pages.turn(Some(segment)));
            let quick = pages.begin();
            assert_ne!(quick, slow);
            drop(pages.turn(Some(fresh(1_000 + sequence).0)));
            assert_eq!(
                pages.of(quick).map(|segment| segment.sequence),
                Some(sequence)
            );
            pages.end(quick);
            assert_eq!(is_there.strong_count(), 0);
        }
        assert_eq!(pages.of(slow).map(|segment| segment.sequence), Some(0));
        assert!(pages.pages.len() <= 3, "{}", pages.pages.len());
    }
}
