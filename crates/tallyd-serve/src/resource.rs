//! The Resource: what a target turned out to be.

use std::rc::Rc;

use rustix::io::Errno;
use tallyd_http::encoding::Coding;
use tallyd_http::status::Status;

use crate::file::{File, Refusal, Representation};

/// What a target turned out to be.
#[derive(Clone, Debug)]
pub enum Resource {
    /// A file, as this representation.
    File(Picked),
    /// A directory to be listed, at this place below the root.
    Directory(Vec<u8>),
    /// It is elsewhere.
    Moved(Status, Vec<u8>),
    /// Nothing to send, and why.
    Absent(Absence),
}

/// A file and which of its representations this client gets.
#[derive(Clone, Debug)]
pub struct Picked {
    /// The file.
    pub file: Rc<File>,
    /// The coding of the representation.
    pub coding: Coding,
}

impl Picked {
    /// The representation that was picked.
    #[must_use]
    pub fn representation(&self) -> &Representation {
        self.file.representation(self.coding)
    }
}

/// Why there is nothing to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// No such file, or one that is not for the public.
    Missing,
    /// The process may not read it.
    Denied,
    /// Only listed types are served.
    Unlisted,
    /// The system failed while it was opened or read.
    Broken,
    /// The root is gone, or descriptors have run out: it may be better in a while.
    Away,
}

impl Absence {
    /// The status it is answered with (one place; docs/http.md has the same table).
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Absence::Missing => Status::NOT_FOUND,
            Absence::Denied => Status::FORBIDDEN,
            Absence::Unlisted => Status::NOT_IMPLEMENTED,
            Absence::Broken => Status::INTERNAL_SERVER_ERROR,
            Absence::Away => Status::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<Errno> for Absence {
    fn from(error: Errno) -> Absence {
        match error {
            // XDEV: a link out of the root. NXIO, NODEV: a socket or a device without its driver.
            // ILSEQ, INVAL: a name that this file system can't have.
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::LOOP
            | Errno::XDEV
            | Errno::NAMETOOLONG
            | Errno::NXIO
            | Errno::NODEV
            | Errno::ILSEQ
            | Errno::INVAL => Absence::Missing,
            Errno::ACCESS | Errno::PERM => Absence::Denied,
            Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::STALE => Absence::Away,
            _ => Absence::Broken,
        }
    }
}

impl From<Refusal> for Absence {
    fn from(refusal: Refusal) -> Absence {
        match refusal {
            Refusal::Unlisted => Absence::Unlisted,
            Refusal::System(error) => error.into(),
            // Whatever it is that keeps the root from being opened, it may pass: 503, not 404.
            Refusal::Root(_) | Refusal::Uncounted => Absence::Away,
        }
    }
}
