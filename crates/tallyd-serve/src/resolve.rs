//! Resolve: from a path to the Resource. One of the two verbs that touch the world.
//!
//! Promises: the worker never waits for a disk. What the kernel's caches know is looked up at once
//! (RESOLVE_CACHED); everything else goes to the blocking pool. A cached file is trusted for
//! [`TRUSTED`], then its path is looked at again.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use rustix::io::Errno;
use tallyd_http::encoding::{self, Coding};
use tallyd_http::status::Status;
use tallyd_http::target::{self, CleanPath};

use crate::asking::Asking;
use crate::cache::{Cache, Entry};
use crate::file::{self, File, Refusal};
use crate::folders::Folders;
use crate::locate::{Located, locate};
use crate::resource::{Absence, Picked, Resource};
use crate::say::Voice;
use crate::site::Site;
use crate::tree::{Kind, Patience, Root};

/// Milliseconds for which a look at a path is believed: no stale page that a person could see.
pub const TRUSTED: u64 = 100;

/// Milliseconds between two messages about what can't be served: each request could cause one.
const QUIET: u64 = 1000;

/// Releases that may be switched while one request looks for a file.
const SWITCHES: u32 = 4;

/// Milliseconds after which compressed variants that were not there are looked for again. Sending the
/// plain file meanwhile is not wrong, only larger.
const SEARCHED: u64 = 2000;

/// What one worker keeps of one site: its opened root and its cache.
#[derive(Debug)]
pub struct Shelf {
    /// The site.
    pub site: Arc<Site>,
    root: RefCell<Option<Rooted>>,
    cache: RefCell<Cache>,
    folders: RefCell<Folders>,
    /// The pages that replace the built-in ones: a small tree of their own.
    pub pages: Option<Rc<Shelf>>,
    /// Who knows the counts of its files.
    pub asking: Asking,
    voice: Voice,
    /// When a failure was last spoken of.
    said: Cell<Option<u64>>,
}

#[derive(Clone, Debug)]
struct Rooted {
    root: Arc<Root>,
    checked: u64,
}

impl Shelf {
    /// A shelf for `site` with nothing on it.
    #[must_use]
    pub fn new(site: Arc<Site>, cache_memory: usize, asking: Asking, voice: Voice) -> Shelf {
        let pages = site.pages().map(|pages| {
            let pages = Arc::new(pages);
            Rc::new(Shelf::new(
                pages,
                cache_memory,
                asking.clone(),
                voice.clone(),
            ))
        });
        Shelf {
            site,
            root: RefCell::new(None),
            cache: RefCell::new(Cache::new(cache_memory)),
            folders: RefCell::default(),
            pages,
            asking,
            voice,
            said: Cell::new(None),
        }
    }

    /// What `path` is, at `now` (the worker's milliseconds), for a client that accepts such codings.
    pub async fn resolve(
        &self,
        path: &CleanPath<'_>,
        accept_encoding: Option<&[u8]>,
        now: u64,
    ) -> Resource {
        if let Some(file) = self.fresh(path, now) {
            return pick(file, accept_encoding);
        }
        // Boxed: it is the odd request that has to look, and each connection would have room for it.
        match Box::pin(self.find(path, now)).await {
            Ok(Found::File(file)) => pick(file, accept_encoding),
            Ok(Found::Directory(place)) => Resource::Directory(place),
            Ok(Found::Slashless) => Resource::Moved(Status::MOVED, with_slash(path)),
            Err(refusal) => Resource::Absent(self.absence(path, refusal, now)),
        }
    }

    /// The same where it needs no wait: a file that is known, looked at a moment ago or, where the kernel knows
    /// its path by heart, now.
    pub fn resolve_at_once(
        &self,
        path: &CleanPath<'_>,
        accept_encoding: Option<&[u8]>,
        now: u64,
    ) -> Option<Resource> {
        let file = self.fresh(path, now).or_else(|| self.same(path, now))?;
        Some(pick(file, accept_encoding))
    }

    /// Why `path` is absent. What the operator can do something about is said, once a second at most.
    fn absence(&self, path: &CleanPath<'_>, refusal: Refusal, now: u64) -> Absence {
        let absence = Absence::from(refusal);
        let is_new = || {
            self.said
                .get()
                .is_none_or(|said| now.saturating_sub(said) >= QUIET)
        };
        if matches!(absence, Absence::Broken | Absence::Away) && is_new() {
            self.said.set(Some(now));
            let root = self.site.rules.root.display();
            let path = String::from_utf8_lossy(path.as_bytes());
            self.voice
                .error(format_args!("cannot serve {path} from {root}: {refusal}"));
        }
        absence
    }

    /// The root, as it was opened: for what reads more than one file of it.
    pub fn root(&self) -> Option<Arc<Root>> {
        self.root
            .borrow()
            .as_ref()
            .map(|rooted| Arc::clone(&rooted.root))
    }

    /// A file that was looked at a moment ago, in a root that was. The hit path: nothing is opened.
    fn fresh(&self, path: &CleanPath<'_>, now: u64) -> Option<Rc<File>> {
        let root = self.root.borrow();
        if now.saturating_sub(root.as_ref()?.checked) > TRUSTED {
            return None;
        }
        let mut cache = self.cache.borrow_mut();
        let entry = cache.entry(path.as_bytes(), now)?;
        (now.saturating_sub(entry.checked) <= TRUSTED).then(|| Rc::clone(&entry.file))
    }

    /// A file that is known, if another look that needs no disk finds it as it was.
    fn same(&self, path: &CleanPath<'_>, now: u64) -> Option<Rc<File>> {
        let root = self.root_at_once(now)?;
        if let Some(file) = self.glance(&root, path, now) {
            return Some(file);
        }
        let known = self.known(path, now)?;
        let located = locate(&root, path, &self.site.rules.index, Patience::Cached).ok()?;
        self.is_same(&root, &known, &located, now).then(|| {
            self.trust(path, now, &known);
            known.file
        })
    }

    /// The same by a glance, where that tells enough.
    fn glance(&self, root: &Root, path: &CleanPath<'_>, now: u64) -> Option<Rc<File>> {
        let mut cache = self.cache.borrow_mut();
        let known = cache.entry(path.as_bytes(), now)?;
        // The index of a directory may be another file by now; variants have to be looked at each.
        if !known.has_one_name {
            return None;
        }
        let stamp = &known.file.identity.stamp;
        let mut folders = self.folders.borrow_mut();
        let glance = folders.glance(root, path.relative(), stamp, known.checked, now)?;
        if now.saturating_sub(known.searched) > SEARCHED
            && !self.site.rules.precompressed.is_empty()
        {
            // A name that came in the moment of the last search would have the directory's old time.
            let since = glance.same_since?;
            if since.saturating_add(TRUSTED) > known.searched {
                return None;
            }
            known.searched = now;
        }
        known.checked = now;
        Some(Rc::clone(&known.file))
    }

    /// Whether a file that is known is what its path leads to now.
    fn is_same(&self, root: &Root, known: &Entry, located: &Located, now: u64) -> bool {
        let Located::File(relative, stamp) = located else {
            return false;
        };
        known.file.relative == *relative
            && known.file.identity.stamp == *stamp
            && self.variants_unchanged(root, known, now)
    }

    async fn find(&self, path: &CleanPath<'_>, now: u64) -> Result<Found, Refusal> {
        let mut switches = 0;
        loop {
            let root = self.current_root(now).await?;
            let found = self.find_beneath(Arc::clone(&root), path, now).await;
            let is_missing = match &found {
                Ok(found) => matches!(found, Found::Directory(_)),
                Err(refusal) => Absence::from(*refusal) == Absence::Missing,
            };
            // The root may have been switched a moment ago, and the old one be on its way out: nothing
            // is missing as long as it is not missing in the tree that is current now.
            if !is_missing || switches == SWITCHES || self.is_current(&root).await {
                return found;
            }
            switches += 1;
            self.forget_root();
        }
    }

    async fn find_beneath(
        &self,
        root: Arc<Root>,
        path: &CleanPath<'_>,
        now: u64,
    ) -> Result<Found, Refusal> {
        let located = match self.locate(&root, path).await {
            Ok(located) => located,
            Err(error) => return self.not_located(path, error, now),
        };
        if let Some(known) = self.known(path, now)
            && self.is_same(&root, &known, &located, now)
        {
            self.trust(path, now, &known);
            return Ok(Found::File(known.file));
        }
        let relative = match located {
            Located::File(relative, _) => relative,
            Located::Directory(place) => return self.directory(root, place).await,
            Located::Slashless => return Ok(Found::Slashless),
        };
        let file = self.load(root, relative).await?;
        self.cache
            .borrow_mut()
            .keep(path.as_bytes(), Rc::clone(&file), now);
        Ok(Found::File(file))
    }

    /// Without a descriptor to look with, what is known still stands; everything else is not there.
    fn not_located(&self, path: &CleanPath<'_>, error: Errno, now: u64) -> Result<Found, Refusal> {
        if matches!(error, Errno::MFILE | Errno::NFILE)
            && let Some(known) = self.known(path, now)
        {
            return Ok(Found::File(known.file));
        }
        self.cache.borrow_mut().forget(path.as_bytes());
        Err(Refusal::System(error))
    }

    fn known(&self, path: &CleanPath<'_>, now: u64) -> Option<Entry> {
        let mut cache = self.cache.borrow_mut();
        cache.entry(path.as_bytes(), now).cloned()
    }

    fn trust(&self, path: &CleanPath<'_>, now: u64, known: &Entry) {
        if let Some(entry) = self.cache.borrow_mut().entry(path.as_bytes(), now) {
            entry.checked = now;
            if now.saturating_sub(known.searched) > SEARCHED {
                entry.searched = now;
            }
        }
    }

    /// Whether the variants beside a file are those that were loaded, as far as can be told at once.
    fn variants_unchanged(&self, root: &Root, known: &Entry, now: u64) -> bool {
        let search = now.saturating_sub(known.searched) > SEARCHED;
        self.site.rules.precompressed.iter().all(|&coding| {
            let loaded = known
                .file
                .variants
                .iter()
                .find(|variant| variant.coding == coding);
            if loaded.is_none() && !search {
                return true;
            }
            let beside = [known.file.relative.as_slice(), coding.suffix().as_bytes()].concat();
            match (root.look(&beside, Patience::Cached), loaded) {
                (Ok(Kind::File(stamp)), Some(variant)) => stamp == variant.stamp,
                (Ok(Kind::File(_)), None) => false,
                (Err(Errno::AGAIN), _) => true,
                (_, Some(_)) => false,
                (_, None) => true,
            }
        })
    }

    /// The root, if it was looked at a moment ago or another look needs no disk and finds the same.
    fn root_at_once(&self, now: u64) -> Option<Arc<Root>> {
        let rooted = self.root.borrow().clone()?;
        if now.saturating_sub(rooted.checked) > TRUSTED {
            if rooted.root.is_current(Patience::Cached) != Ok(true) {
                return None;
            }
            self.set_root(&rooted.root, now);
        }
        Some(rooted.root)
    }

    /// The root, looked at again if that was a while ago; a switched one empties the cache.
    async fn current_root(&self, now: u64) -> Result<Arc<Root>, Refusal> {
        let known = self.root.borrow().clone();
        if let Some(rooted) = &known {
            if now.saturating_sub(rooted.checked) <= TRUSTED {
                return Ok(Arc::clone(&rooted.root));
            }
            if self.is_current(&rooted.root).await {
                let root = Arc::clone(&rooted.root);
                self.set_root(&root, now);
                return Ok(root);
            }
        }
        self.forget_root();
        let (path, symlinks) = (self.site.rules.root.clone(), self.site.rules.symlinks);
        let opened = on_disk(move || Root::open(&path, symlinks, Patience::Disk)).await;
        let root = Arc::new(opened.map_err(Refusal::Root)?);
        self.set_root(&root, now);
        Ok(root)
    }

    fn set_root(&self, root: &Arc<Root>, now: u64) {
        *self.root.borrow_mut() = Some(Rooted {
            root: Arc::clone(root),
            checked: now,
        });
    }

    fn forget_root(&self) {
        self.cache.borrow_mut().clear();
        self.folders.borrow_mut().clear();
        *self.root.borrow_mut() = None;
    }

    async fn is_current(&self, root: &Arc<Root>) -> bool {
        let looked = match root.is_current(Patience::Cached) {
            Err(Errno::AGAIN) => {
                let root = Arc::clone(root);
                on_disk(move || root.is_current(Patience::Disk)).await
            }
            looked => looked,
        };
        // Without a descriptor to look with, what is known still stands.
        matches!(looked, Ok(true) | Err(Errno::MFILE | Errno::NFILE))
    }

    async fn locate(&self, root: &Arc<Root>, path: &CleanPath<'_>) -> Result<Located, Errno> {
        match locate(root, path, &self.site.rules.index, Patience::Cached) {
            Err(Errno::AGAIN) => {
                let (root, site) = (Arc::clone(root), Arc::clone(&self.site));
                let path = path.to_static();
                on_disk(move || locate(&root, &path, &site.rules.index, Patience::Disk)).await
            }
            other => other,
        }
    }

    async fn load(&self, root: Arc<Root>, relative: Vec<u8>) -> Result<Rc<File>, Refusal> {
        let site = Arc::clone(&self.site);
        let loaded = pooled(move || file::load(&root, &site, &relative)).await;
        loaded
            .unwrap_or(Err(Refusal::System(Errno::IO)))
            .map(Rc::new)
    }

    /// A directory that is to be listed must be readable: found out before the reply is decided.
    async fn directory(&self, root: Arc<Root>, place: Vec<u8>) -> Result<Found, Refusal> {
        if !self.site.rules.listing {
            return Ok(Found::Directory(place));
        }
        let tried = place.clone();
        on_disk(move || root.read(&tried).map(|_| ()))
            .await
            .map_err(Refusal::System)?;
        Ok(Found::Directory(place))
    }
}

enum Found {
    File(Rc<File>),
    Directory(Vec<u8>),
    Slashless,
}

/// The representation this client gets (RFC 9110 section 12.5.3).
fn pick(file: Rc<File>, accept_encoding: Option<&[u8]>) -> Resource {
    let coding = if file.variants.is_empty() {
        Coding::Identity
    } else {
        encoding::choose(accept_encoding, file.codings)
    };
    Resource::File(Picked { file, coding })
}

fn with_slash(path: &CleanPath<'_>) -> Vec<u8> {
    let mut location = Vec::new();
    target::encode_path(path.as_bytes(), &mut location);
    location.push(b'/');
    location
}

/// Runs a look at the disk on the blocking pool.
async fn on_disk<T: Send + 'static>(
    look: impl FnOnce() -> Result<T, Errno> + Send + 'static,
) -> Result<T, Errno> {
    pooled(look).await.unwrap_or(Err(Errno::IO))
}

/// Runs `work` on the blocking pool; nothing if it panicked.
pub async fn pooled<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
