//! The content of a small file in memory, with the head of its last reply in front of it: both leave in one piece, and
//! neither is copied or made again for the next reply that says the same.

use std::cell::{Cell, Ref, RefCell};
use std::os::fd::AsFd;

use rustix::io::{Errno, pread};
use tallyd_ledger::ahead;

use crate::head::Connection;

/// Room for a head. A larger one is sent as a piece of its own.
const ROOM: usize = 512;

/// Bytes of a page of memory. Within one the processor goes on by itself; each page is a wait of its own, wherever in it one
/// begins.
const PAGE: usize = 4096;

/// So many are asked for ahead. By the time that they are copied, the next are on their way.
const PAGES: usize = 8;

/// One worker's copy of a content.
#[derive(Debug)]
pub struct Kept {
    /// The room, and then the content.
    bytes: RefCell<Vec<u8>>,
    /// What stands at the end of the room.
    head: Cell<Option<Standing>>,
}

/// A head that stands before the content.
#[derive(Clone, Copy, Debug)]
struct Standing {
    says: Says,
    length: usize,
}

/// What the head of a reply with the whole file says that is not the same for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Says {
    /// When it is sent, in seconds since 1970.
    pub date: i64,
    /// How the connection goes on.
    pub connection: Connection,
}

impl Kept {
    /// Reads the whole content; nothing if it is not `length` bytes long any more.
    pub fn read(descriptor: impl AsFd, length: u64) -> Result<Option<Kept>, Errno> {
        let length = usize::try_from(length).map_err(|_| Errno::FBIG)?;
        // One byte more than expected: a file that grew is noticed.
        let mut bytes = vec![0; ROOM + length + 1];
        let mut filled = 0;
        while let Some(rest) = bytes
            .get_mut(ROOM + filled..)
            .filter(|rest| !rest.is_empty())
        {
            match pread(&descriptor, rest, filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(ROOM + length);
        bytes.shrink_to_fit();
        Ok((filled == length).then(|| Kept {
            bytes: RefCell::new(bytes),
            head: Cell::new(None),
        }))
    }

    /// Memory that it takes.
    pub fn memory(&self) -> usize {
        self.bytes.borrow().len()
    }

    /// It is about to be sent: asks for one line of each page that its head and content lie in, as far as [`PAGES`] go.
    pub fn fetch_ahead(&self) {
        let length = self.head.get().map_or(0, |head| head.length);
        let bytes = self.bytes.borrow();
        let sent = bytes.get(ROOM - length.min(ROOM)..).unwrap_or_default();
        sent.iter().step_by(PAGE).take(PAGES).for_each(ahead::fetch);
    }

    /// So many bytes from `start` on; nothing if there are not as many.
    pub fn slice(&self, start: usize, length: usize) -> Option<Ref<'_, [u8]>> {
        let begin = ROOM.checked_add(start)?;
        let end = begin.checked_add(length)?;
        Ref::filter_map(self.bytes.borrow(), |bytes| bytes.get(begin..end)).ok()
    }

    /// Whether a head that says this stands before the content.
    pub fn has_head(&self, says: Says) -> bool {
        self.head.get().is_some_and(|head| head.says == says)
    }

    /// Puts a head before the content. Not if it is too large, or somebody is sending the content in another way at the
    /// moment.
    pub fn put_head(&self, says: Says, head: &[u8]) {
        let Ok(mut bytes) = self.bytes.try_borrow_mut() else {
            return;
        };
        let begin = ROOM.checked_sub(head.len());
        if let Some(room) = begin.and_then(|begin| bytes.get_mut(begin..ROOM)) {
            room.copy_from_slice(head);
            let length = head.len();
            self.head.set(Some(Standing { says, length }));
        }
    }

    /// A head that says this and the whole content, in one piece; and how long the head is. Nothing if another one stands
    /// there.
    pub fn with_head(&self, says: Says) -> Option<(usize, Ref<'_, [u8]>)> {
        let head = self.head.get().filter(|head| head.says == says)?;
        let begin = ROOM.checked_sub(head.length)?;
        let all = Ref::filter_map(self.bytes.borrow(), |bytes| bytes.get(begin..));
        Some((head.length, all.ok()?))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tallyd_http::request::Version;

    use super::*;

    fn kept(content: &[u8], length: u64) -> Option<Kept> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(content).unwrap();
        Kept::read(&file, length).unwrap()
    }

    #[test]
    fn a_file_that_is_longer_or_shorter_than_it_was_is_not_kept() {
        assert!(kept(b"hello", 4).is_none());
        assert!(kept(b"hello", 6).is_none());
        assert!(kept(b"hello", 5).is_some());
        assert!(kept(b"", 0).is_some());
    }

    #[test]
    fn parts_are_those_of_the_content() {
        let kept = kept(b"hello", 5).unwrap();
        assert_eq!(&*kept.slice(0, 5).unwrap(), b"hello");
        assert_eq!(&*kept.slice(1, 3).unwrap(), b"ell");
        assert_eq!(&*kept.slice(5, 0).unwrap(), b"");
        assert!(kept.slice(1, 5).is_none());
        assert!(kept.slice(usize::MAX, 1).is_none());
        assert!(kept.slice(1, usize::MAX).is_none());
    }

    fn says(date: i64) -> Says {
        Says {
            date,
            connection: Connection {
                version: Version::Http11,
                keep: true,
            },
        }
    }

    #[test]
    fn a_head_stands_directly_before_the_content_and_changes_nothing_of_it() {
        let kept = kept(b"hello", 5).unwrap();
        assert!(kept.with_head(says(0)).is_none());
        let mut heads = [
            b"a longer head, ".to_vec(),
            b"head ".to_vec(),
            vec![b'x'; ROOM],
        ];
        for (date, head) in (0..).zip(&mut heads) {
            assert!(!kept.has_head(says(date)));
            kept.put_head(says(date), head);
            assert!(kept.has_head(says(date)));
            let (length, all) = kept.with_head(says(date)).unwrap();
            assert_eq!(length, head.len());
            assert_eq!(*all, [head.as_slice(), b"hello"].concat());
        }
        assert_eq!(&*kept.slice(0, 5).unwrap(), b"hello");
    }

    #[test]
    fn what_another_reply_says_is_never_sent() {
        let kept = kept(b"hello", 5).unwrap();
        kept.put_head(says(7), b"head ");
        let mut others = [says(8), says(7), says(7)];
        others[1].connection.keep = false;
        others[2].connection.version = Version::Http10;
        for other in others {
            assert!(!kept.has_head(other) && kept.with_head(other).is_none());
        }
        // Too large, or not now: the old one stays, and says what it said.
        kept.put_head(says(8), &[b'x'; ROOM + 1]);
        let part = kept.slice(0, 5).unwrap();
        kept.put_head(says(8), b"other ");
        drop(part);
        assert!(kept.with_head(says(8)).is_none());
        assert_eq!(*kept.with_head(says(7)).unwrap().1, *b"head hello");
    }
}
