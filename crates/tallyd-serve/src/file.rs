//! A served file: its representations with their facts, read from the opened descriptor.
//!
//! Promises: facts and content belong together; what was changed while it was read is read again.
//! Runs on the blocking pool; the worker only ever sees the finished [`File`], and has it for itself.

mod kept;

use std::cell::Ref;
use std::fmt::{self, Write as _};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::fstatfs;
use rustix::io::Errno;
use tallyd_http::date;
use tallyd_http::encoding::{Coding, Codings};
use tallyd_http::etag;
use tallyd_http::range::Span;
use tallyd_http::write::push_field;
use tallyd_ledger::Account;
use tallyd_ledger::ahead;
use tallyd_ledger::entry::Definition;
use tallyd_ledger::facts::Version;
use tallyd_ledger::journal::Mark;

use crate::site::Site;
use crate::tree::{Kind, Patience, Root, Stamp};
pub use kept::{Kept, Says};

/// Up to here content is kept in memory: measured on one core, 100 KB cost 17 us from memory and 28 us
/// by sendfile; at 1 MB sendfile wins.
pub const SMALL: u64 = 256 * 1024;

/// One file as it is served: the identity and its compressed variants, under one account.
#[derive(Debug)]
pub struct File {
    /// Where it lies below the root, without a leading slash.
    pub relative: Vec<u8>,
    /// Its count.
    pub account: Arc<Account>,
    /// The file itself.
    pub identity: Representation,
    /// The compressed variants found beside it.
    pub variants: Vec<Representation>,
    /// Their codings.
    pub codings: Codings,
}

/// One sequence of bytes that a file can be sent as, and what is said of it.
#[derive(Debug)]
pub struct Representation {
    /// How it is encoded.
    pub coding: Coding,
    /// The state it was read in.
    pub stamp: Stamp,
    /// Length in bytes.
    pub length: u64,
    /// When it was modified, in seconds since 1970.
    pub modified: i64,
    /// Strong entity tag, with its quotes.
    pub etag: String,
    /// Media type.
    pub content_type: String,
    /// The field lines of a 200 or 206, ready to be copied.
    pub fields: Vec<u8>,
    /// The length of the first of them: Content-Type.
    type_line: usize,
    /// The field lines of a 304 (RFC 9110 section 15.4.5).
    pub validators: Vec<u8>,
    /// The bytes.
    pub content: Content,
    /// What the journal calls it.
    pub definition: Definition,
    /// Where the journal has said so.
    pub mark: Mark,
}

/// Where the bytes are.
#[derive(Debug)]
pub enum Content {
    /// In memory, whole.
    Memory(Kept),
    /// Behind a descriptor.
    Disk {
        /// Opened for reading; shared with the blocking pool while it sends.
        descriptor: Arc<OwnedFd>,
        /// On a file system without a disk behind it: reading never waits.
        in_memory: bool,
    },
}

/// Why a file is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its type is not among the listed ones.
    Unlisted,
    /// The system refused.
    System(Errno),
    /// The root it is in can't be opened.
    Root(Errno),
    /// The ledger can't say what its last hit number was: without it, none may be given.
    Uncounted,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Unlisted => out.write_str("its type is not listed"),
            Refusal::System(error) => write!(out, "{error}"),
            Refusal::Root(error) => write!(out, "the root can't be opened: {error}"),
            Refusal::Uncounted => {
                out.write_str("the ledger can't be read, so its hit number is not known")
            }
        }
    }
}

impl File {
    /// The representation in `coding`; the identity if there is none.
    #[must_use]
    pub fn representation(&self, coding: Coding) -> &Representation {
        let variant = self
            .variants
            .iter()
            .find(|variant| variant.coding == coding);
        variant.unwrap_or(&self.identity)
    }

    /// Memory that keeping this file takes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.representations()
            .map(|one| one.content.memory() + one.fields.len() + 512)
            .sum()
    }

    /// Descriptors that keeping this file takes.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        self.representations()
            .filter(|one| matches!(one.content, Content::Disk { .. }))
            .count()
    }

    /// It is about to be sent: asks for all the memory that this takes at once, so that one piece is not waited for after
    /// the other.
    pub fn fetch_ahead(&self) {
        let one = &self.identity;
        ahead::fetch(&*self.account);
        ahead::fetch(&*one.definition.version);
        ahead::fetch(&one.stamp);
        one.mark.fetch_ahead();
        if let Content::Memory(kept) = &one.content {
            kept.fetch_ahead();
        }
    }

    fn representations(&self) -> impl Iterator<Item = &Representation> {
        std::iter::once(&self.identity).chain(&self.variants)
    }
}

impl Representation {
    /// The field lines of a reply whose type is another: several parts.
    #[must_use]
    pub fn fields_without_type(&self) -> &[u8] {
        self.fields.get(self.type_line..).unwrap_or_default()
    }
}

impl Content {
    fn memory(&self) -> usize {
        match self {
            Content::Memory(kept) => kept.memory(),
            Content::Disk { .. } => 0,
        }
    }

    /// The bytes of `span`, if they are in memory.
    #[must_use]
    pub fn slice(&self, span: Span) -> Option<Ref<'_, [u8]>> {
        let Content::Memory(kept) = self else {
            return None;
        };
        let start = usize::try_from(span.start).ok()?;
        kept.slice(start, usize::try_from(span.length).ok()?)
    }
}

/// Opens the file at `relative` and everything beside it that it can be sent as.
pub fn load(root: &Root, site: &Site, relative: &[u8]) -> Result<File, Refusal> {
    let mut path = b"/".to_vec();
    path.extend_from_slice(relative);
    let content_type = site.content_type(&path).ok_or(Refusal::Unlisted)?;
    let identity = open(root, relative).map_err(Refusal::System)?;
    let mut variants = Vec::new();
    for &coding in &site.rules.precompressed {
        let beside = [relative, coding.suffix().as_bytes()].concat();
        // A variant that can't be read is as good as none: the file itself is still there.
        if let Ok(found) = open(root, &beside) {
            variants.push((coding, found));
        }
    }
    let codings = variants
        .iter()
        .fold(Codings::empty(), |all, (coding, _)| all.with(*coding));
    let account = site.book.account(&path).map_err(|_| Refusal::Uncounted)?;
    let version = Arc::new(version(site, account.path(), &identity.0));
    let describe = |coding, (stamp, content): (Stamp, Content)| {
        let definition = definition(&version, coding, &stamp);
        describe(
            site,
            &path,
            &content_type,
            definition,
            coding,
            !codings.is_empty(),
            stamp,
            content,
        )
    };
    Ok(File {
        identity: describe(Coding::Identity, identity),
        variants: variants
            .into_iter()
            .map(|(coding, found)| describe(coding, found))
            .collect(),
        codings,
        account,
        relative: relative.to_vec(),
    })
}

/// Opens one regular file; small ones are read.
fn open(root: &Root, relative: &[u8]) -> Result<(Stamp, Content), Errno> {
    let (descriptor, kind) = root.read(relative)?;
    let Kind::File(stamp) = kind else {
        return Err(Errno::NOENT);
    };
    if stamp.length <= SMALL
        && let Some(kept) = Kept::read(&descriptor, stamp.length)?
        // Unchanged after the read: these bytes are this stamp's.
        && root.look(relative, Patience::Disk) == Ok(kind)
    {
        return Ok((stamp, Content::Memory(kept)));
    }
    let in_memory = fstatfs(&descriptor).is_ok_and(|facts| is_memory(facts.f_type));
    Ok((
        stamp,
        Content::Disk {
            descriptor: Arc::new(descriptor),
            in_memory,
        },
    ))
}

/// tmpfs and ramfs: their files are in the page cache or nowhere.
fn is_memory(file_system: rustix::fs::FsWord) -> bool {
    const TMPFS: rustix::fs::FsWord = 0x0102_1994;
    const RAMFS: rustix::fs::FsWord = 0x8584_58f6;
    matches!(file_system, TMPFS | RAMFS)
}

/// The file as the ledger knows it: whatever representation is sent, it is this version that counts.
fn version(site: &Site, path: &Arc<[u8]>, stamp: &Stamp) -> Version {
    Version {
        site: site.book.site().into(),
        path: Arc::clone(path),
        device: device(stamp),
        inode: stamp.inode,
        length: stamp.length,
        modified: i64::try_from(stamp.modified).unwrap_or_default(),
    }
}

fn device(stamp: &Stamp) -> u64 {
    u64::from(stamp.device.0) << 32 | u64::from(stamp.device.1)
}

/// A compressed variant is told from others by everything that a change of it would change.
fn definition(version: &Arc<Version>, coding: Coding, stamp: &Stamp) -> Definition {
    let representation = if coding == Coding::Identity {
        0
    } else {
        let modified = i64::try_from(stamp.modified).unwrap_or_default();
        let facts = [
            u64::from(coding.token().bytes().next().unwrap_or_default()),
            device(stamp),
            stamp.inode,
            stamp.length,
            modified.cast_unsigned(),
        ];
        let mixed = facts.into_iter().fold(1, |mixed: u64, fact| {
            (mixed ^ fact)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .rotate_left(29)
        });
        mixed | 1
    };
    Definition {
        version: Arc::clone(version),
        representation,
        whole: stamp.length,
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "each is one of the facts; a struct for them would be the Representation"
)]
fn describe(
    site: &Site,
    path: &[u8],
    content_type: &str,
    definition: Definition,
    coding: Coding,
    varies: bool,
    stamp: Stamp,
    content: Content,
) -> Representation {
    let etag = etag::from_facts(stamp.length, stamp.modified, coding);
    let mut fields = Vec::new();
    push_field("Content-Type", content_type.as_bytes(), &mut fields);
    let type_line = fields.len();
    let (others, validators) = field_lines(site, path, coding, varies, &stamp, &etag);
    fields.extend_from_slice(&others);
    Representation {
        coding,
        stamp,
        length: stamp.length,
        modified: stamp.modified_seconds(),
        etag,
        content_type: content_type.to_owned(),
        fields,
        type_line,
        validators,
        content,
        definition,
        mark: Mark::default(),
    }
}

/// The ready field lines of a 200 or 206, without Content-Type, and those of a 304.
fn field_lines(
    site: &Site,
    path: &[u8],
    coding: Coding,
    varies: bool,
    stamp: &Stamp,
    etag: &str,
) -> (Vec<u8>, Vec<u8>) {
    let mut always = format!("ETag: {etag}\r\n");
    let mut line = |name: &str, value: &str| {
        // Writing to a String never fails.
        write!(always, "{name}: {value}\r\n").ok();
    };
    if varies {
        line("Vary", "Accept-Encoding");
    }
    let cache_control = site.cache_control(path);
    if let Some(value) = cache_control {
        line("Cache-Control", value);
    }
    for (name, value) in site.headers(path) {
        // Said twice, caches would join both values: the rule made for it wins.
        if cache_control.is_none() || !name.eq_ignore_ascii_case("Cache-Control") {
            line(name, value);
        }
    }
    let mut whole = b"Last-Modified: ".to_vec();
    whole.extend_from_slice(&date::format(stamp.modified_seconds()));
    whole.extend_from_slice(b"\r\nAccept-Ranges: bytes\r\n");
    if coding != Coding::Identity {
        whole.extend_from_slice(format!("Content-Encoding: {}\r\n", coding.token()).as_bytes());
    }
    whole.extend_from_slice(always.as_bytes());
    (whole, always.into_bytes())
}
