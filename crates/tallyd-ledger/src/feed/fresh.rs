//! What the clerk has read in one cycle, as the feed will show it.
//!
//! Promises: what a cycle costs here does not grow with its entries: [`SHOWN`] are built, the rest is counted.

use std::sync::Arc;

use super::{About, Feed, SHOWN, Seen};
use crate::entry::{self, Hit, Note};
use crate::facts::{Settled, Version};

/// What was read and is not in the feed yet.
#[derive(Debug, Default)]
pub(crate) struct Fresh {
    shown: Vec<Seen>,
    count: u64,
}

impl Fresh {
    /// A hit that was read, and how it ended if it has.
    pub fn hit(&mut self, version: Option<&Arc<Version>>, hit: &Hit<'_>, ended: Option<Settled>) {
        self.count += 1;
        if self.has_room()
            && let Some(version) = version
        {
            self.shown.push(seen(version, hit, ended));
        }
    }

    /// How a hit ended that was read before. It was counted then: without room for it, it is no reply more.
    pub fn ended(&mut self, version: &Arc<Version>, hit: &Hit<'_>, ended: Settled) {
        if self.has_room() {
            self.count += 1;
            self.shown.push(seen(version, hit, Some(ended)));
        }
    }

    /// A reply that is no hit; a probe says of what.
    pub fn note(&mut self, probed: Option<&Arc<Version>>, note: &Note<'_>) {
        self.count += 1;
        if !self.has_room() {
            return;
        }
        let site = match note.about {
            entry::About::Missing(site, _) | entry::About::Other(site) => site,
            entry::About::Probe(_) => probed.map_or("", |version| &version.site),
        };
        let about = match (note.about, probed) {
            (entry::About::Missing(_, path), _) => About::Missing(path.into()),
            (entry::About::Probe(_), Some(version)) => About::Probe(Arc::clone(version)),
            (entry::About::Probe(_) | entry::About::Other(_), _) => About::Other,
        };
        self.shown.push(Seen {
            id: 0,
            time: note.time,
            site: site.into(),
            status: note.status,
            class: note.class,
            protocol: note.protocol,
            bytes: note.bytes,
            about,
        });
    }

    /// Hands it to the feed, in the order of time: it was read from one worker after the other.
    pub fn show(&mut self, feed: &Feed) {
        self.shown.sort_by_key(|seen| seen.time);
        feed.add(
            std::mem::take(&mut self.shown),
            std::mem::take(&mut self.count),
        );
    }

    fn has_room(&self) -> bool {
        self.shown.len() < SHOWN
    }
}

/// A hit as it is shown; its id is given by the feed.
fn seen(version: &Arc<Version>, hit: &Hit<'_>, ended: Option<Settled>) -> Seen {
    Seen {
        id: 0,
        time: hit.time,
        site: version.site.clone(),
        status: hit.status,
        class: hit.class,
        protocol: hit.protocol,
        bytes: ended.map_or(0, |ended| ended.bytes),
        about: About::Hit {
            version: Arc::clone(version),
            number: hit.number,
            outcome: ended.map(|ended| ended.outcome),
            referrer: String::from_utf8_lossy(hit.referrer).into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Class;

    #[test]
    fn what_was_read_from_two_workers_is_shown_in_the_order_of_time() {
        let feed = Feed::default();
        let mut fresh = Fresh::default();
        // The first worker's at 1 and 4, then the second's at 2 and 3.
        for (time, path) in [(1, "/1"), (4, "/4"), (2, "/2"), (3, "/3")] {
            let note = Note {
                time,
                status: 404,
                class: Class::Unknown,
                protocol: 11,
                proxied: false,
                bytes: 0,
                about: entry::About::Missing("", path.as_bytes()),
            };
            fresh.note(None, &note);
        }
        fresh.show(&feed);
        let shown: Vec<_> = feed
            .since(0, 10)
            .seen
            .iter()
            .map(|seen| (seen.id, seen.time))
            .collect();
        assert_eq!(shown, [(1, 1), (2, 2), (3, 3), (4, 4)]);
    }
}
