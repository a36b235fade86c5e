//! Which bytes of a file one visitor was sent, and how often that was the whole: the second half of the counting
//! rules, as simply as can be.

/// A range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first.
    pub start: u64,
    /// How many.
    pub length: u64,
}

impl Span {
    /// The one behind the last.
    #[must_use]
    pub fn end(self) -> u64 {
        self.start.saturating_add(self.length)
    }
}

/// How many bytes of `spans` there are when those that overlap count once.
#[must_use]
pub fn union(spans: &[Span]) -> Vec<Span> {
    let mut sorted: Vec<Span> = spans.to_vec();
    sorted.retain(|span| span.length > 0);
    sorted.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for span in sorted {
        match merged.last_mut() {
            Some(last) if last.end() >= span.start => {
                last.length = last.end().max(span.end()) - last.start;
            }
            _ => merged.push(span),
        }
    }
    merged
}

/// How often a visitor had the whole of a file of `length` bytes, who was sent these in turn; coverage begins anew
/// each time. Of an empty file, each reply is the whole.
#[must_use]
pub fn wholes<'a>(length: u64, sent: impl IntoIterator<Item = &'a [Span]>) -> u64 {
    let whole = [Span { start: 0, length }];
    let mut count = 0;
    let mut covered: Vec<Span> = Vec::new();
    for spans in sent {
        covered.extend_from_slice(spans);
        covered = union(&covered);
        if length == 0 || covered == whole {
            count += 1;
            covered.clear();
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(length: u64, sent: &[&[(u64, u64)]]) -> u64 {
        let span = |&(start, length): &(u64, u64)| Span { start, length };
        let sent: Vec<Vec<Span>> = sent
            .iter()
            .map(|one| one.iter().map(span).collect())
            .collect();
        wholes(length, sent.iter().map(Vec::as_slice))
    }

    #[test]
    fn the_whole_is_reached_by_any_union_and_begins_anew() {
        assert_eq!(count(10, &[&[(0, 10)], &[(0, 10)]]), 2);
        assert_eq!(count(10, &[&[(0, 6)], &[(4, 6)]]), 1);
        assert_eq!(count(10, &[&[(5, 5)], &[(0, 4)]]), 0);
        assert_eq!(count(10, &[&[(5, 5)], &[(0, 4)], &[(4, 1)], &[(0, 9)]]), 1);
        assert_eq!(count(10, &[&[(0, 3), (2, 8)]]), 1);
        assert_eq!(count(10, &[&[(0, 10)], &[(0, 5)]]), 1);
        assert_eq!(count(10, &[&[]]), 0);
    }

    #[test]
    fn each_reply_of_an_empty_file_is_the_whole() {
        assert_eq!(count(0, &[&[], &[]]), 2);
        assert_eq!(count(0, &[]), 0);
    }
}
