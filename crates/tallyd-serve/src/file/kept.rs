//! The content of a small file in memory, behind room for a head: both leave in one piece, and the content is not
//! copied for that.

use std::cell::{Ref, RefCell};

use rustix::io::{Errno, pread};
use std::os::fd::AsFd;

/// Room for a head. A larger one is sent as a piece of its own.
const ROOM: usize = 512;

/// One worker's copy of a content.
#[derive(Debug)]
pub struct Kept(RefCell<Vec<u8>>);

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
        Ok((filled == length).then_some(Kept(RefCell::new(bytes))))
    }

    /// Memory that it takes.
    pub fn memory(&self) -> usize {
        self.0.borrow().len()
    }

    /// So many bytes from `start` on; nothing if there are not as many.
    pub fn slice(&self, start: usize, length: usize) -> Option<Ref<'_, [u8]>> {
        let begin = ROOM.checked_add(start)?;
        let end = begin.checked_add(length)?;
        Ref::filter_map(self.0.borrow(), |bytes| bytes.get(begin..end)).ok()
    }

    /// What comes of `head` and the whole content in one piece. Nothing if the head is too large, or somebody is
    /// sending the content in another way at the moment.
    pub fn behind<T>(&self, head: &[u8], with: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let mut bytes = self.0.try_borrow_mut().ok()?;
        let begin = ROOM.checked_sub(head.len())?;
        bytes.get_mut(begin..ROOM)?.copy_from_slice(head);
        Some(with(bytes.get(begin..)?))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

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

    #[test]
    fn a_head_stands_directly_before_the_content_and_changes_nothing_of_it() {
        let kept = kept(b"hello", 5).unwrap();
        let joined = |head: &[u8]| kept.behind(head, <[u8]>::to_vec);
        assert_eq!(joined(b"a longer head, ").unwrap(), b"a longer head, hello");
        assert_eq!(joined(b"head ").unwrap(), b"head hello");
        assert_eq!(joined(b"").unwrap(), b"hello");
        assert_eq!(joined(&[b'x'; ROOM]).unwrap().len(), ROOM + 5);
        assert!(joined(&[b'x'; ROOM + 1]).is_none());
        let part = kept.slice(0, 5).unwrap();
        assert!(joined(b"head ").is_none(), "somebody is sending it");
        drop(part);
        assert_eq!(joined(b"head ").unwrap(), b"head hello");
    }
}
