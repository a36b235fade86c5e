//! The state directory: where it is, whose it is, and that only one process uses it.
//!
//! Promises: nothing in it is changed before it is sure that it is ours.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::geteuid;

/// A state directory that this process holds.
#[derive(Debug)]
pub struct StateDirectory {
    path: PathBuf,
    /// Open as long as the directory is ours; the lock goes with it.
    lock: File,
    /// The process that had it before did not give it back: it was killed, or lost its power.
    was_left: bool,
}

/// Why a directory can't be used.
#[derive(Debug)]
pub enum StateError {
    /// It can't be made or opened.
    Unusable(PathBuf, io::Error),
    /// It belongs to somebody else: the user and this process's.
    Foreign(PathBuf, u32, u32),
    /// It holds a file of this name that is not of ours.
    NotOurs(PathBuf, &'static str),
    /// Another process uses it; its pid, if it said so.
    InUse(PathBuf, Option<String>),
}

impl fmt::Display for StateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const OTHERWISE: &str =
            "Choose another directory with --state DIR, or count in memory only with --no-state";
        match self {
            StateError::Unusable(path, error) => {
                let path = path.display();
                match error.raw_os_error().map(Errno::from_raw_os_error) {
                    Some(Errno::NOSPC | Errno::DQUOT) => write!(
                        out,
                        "the disk is full: no room for the state directory {path}. Make room. {OTHERWISE}"
                    ),
                    Some(Errno::ROFS) => write!(
                        out,
                        "the state directory {path} is on a read-only file system. {OTHERWISE}"
                    ),
                    Some(Errno::ACCESS | Errno::PERM) => write!(
                        out,
                        "not allowed to use the state directory {path}: check its permissions. {OTHERWISE}"
                    ),
                    _ => write!(
                        out,
                        "cannot use the state directory {path}: {error}. {OTHERWISE}"
                    ),
                }
            }
            StateError::Foreign(path, owner, user) => write!(
                out,
                "the state directory {} belongs to user {owner}, and this process is user {user}: run it as that user. {OTHERWISE}",
                path.display()
            ),
            StateError::NotOurs(path, name) => write!(
                out,
                "the directory {} is used for something else: its file {name} is not of tallyd. Nothing was changed. {OTHERWISE}",
                path.display()
            ),
            StateError::InUse(path, pid) => {
                let who = pid
                    .as_deref()
                    .map_or_else(String::new, |pid| format!(" with pid {pid}"));
                write!(
                    out,
                    "another tallyd{who} uses the state directory {}: stop it first. {OTHERWISE}",
                    path.display()
                )
            }
        }
    }
}

impl StateDirectory {
    /// Makes the directory if it is not there, and takes it for this process.
    pub fn open(path: &Path) -> Result<StateDirectory, StateError> {
        let unusable = |error| StateError::Unusable(path.into(), error);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(unusable)?;
        let owner = File::open(path)
            .and_then(|opened| opened.metadata())
            .map_err(unusable)?
            .uid();
        let user = geteuid().as_raw();
        if owner != user && !is_empty(path).map_err(unusable)? {
            return Err(StateError::Foreign(path.into(), owner, user));
        }
        let (lock, was_left) = lock(path)?;
        Ok(StateDirectory {
            path: path.into(),
            lock,
            was_left,
        })
    }

    /// Whether the process that had it before ended without giving it back.
    #[must_use]
    pub fn was_left(&self) -> bool {
        self.was_left
    }

    /// Writes our pid into it, for whoever comes second. Once it is sure that all in it is ours.
    pub fn sign(&self) -> Result<(), StateError> {
        let pid = format!("{}\n", std::process::id());
        let write = |mut file: &File| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(pid.as_bytes())
        };
        write(&self.lock).map_err(|error| StateError::Unusable(self.path.clone(), error))
    }

    /// Gives it back: everything is in the ledger.
    pub fn give_back(self) {
        // If it can't be written, the next start says once more than it had to that it looked.
        self.lock.set_len(0).ok();
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the ledger is in it.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        ledger_in(&self.path)
    }

    /// Where the journals are in it.
    #[must_use]
    pub fn journals(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// The root that was counted here before, if it was another one; and notes the one that is now.
    pub fn note_root(&self, root: &Path) -> io::Result<Option<PathBuf>> {
        let place = self.path.join("root");
        let known = match fs::read(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            known => Some(known?),
        };
        let root = root.as_os_str().as_bytes();
        if known.as_deref() == Some(root) {
            return Ok(None);
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(place)?;
        file.write_all(root)?;
        Ok(known.map(|known| PathBuf::from(std::ffi::OsStr::from_bytes(&known))))
    }
}

/// Where the ledger is in a state directory.
#[must_use]
pub fn ledger_in(state: &Path) -> PathBuf {
    state.join("ledger.db")
}

/// Whether a process uses this state directory now.
#[must_use]
pub fn is_in_use(state: &Path) -> bool {
    let Ok(file) = File::open(state.join("lock")) else {
        return false;
    };
    flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
}

/// The state directory of a root for which none is named: below `$XDG_STATE_HOME`; else, for the superuser,
/// below `/var/lib`, and for others below `~/.local/state`. Each root has one of its own.
#[must_use]
pub fn default_directory(
    root: &Path,
    environment: &dyn Fn(&str) -> Option<OsString>,
    uid: u32,
) -> PathBuf {
    let absolute = |name: &str| {
        environment(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base = match (absolute("XDG_STATE_HOME"), absolute("HOME")) {
        (Some(state), _) => state,
        (None, Some(home)) if uid != 0 => home.join(".local/state"),
        _ => PathBuf::from("/var/lib"),
    };
    base.join("tallyd").join(key_of(root))
}

/// The name of a root's directory: something to recognise, and a hash that tells it from all others.
fn key_of(root: &Path) -> String {
    let root = std::path::absolute(root).unwrap_or_else(|_| root.into());
    // By way of its components: a slash at the end is the same directory.
    let root: PathBuf = root.components().collect();
    let hash = siphasher::sip::SipHasher24::new().hash(root.as_os_str().as_bytes());
    let name = root.file_name().unwrap_or_default().to_string_lossy();
    let readable: String = name
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.'))
        .take(40)
        .collect();
    format!("{}-{hash:016x}", readable.trim_start_matches('.'))
}

fn is_empty(path: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(path)?.next().is_none())
}

/// Looks at a lock that is taken before it is believed: whoever asks whether it is, takes it for a moment.
const LOOKS: u32 = 5;

/// Between two of them.
const PAUSE: Duration = Duration::from_millis(30);

/// Takes the lock. Also whether there was a pid in it: then its process never gave it back.
fn lock(path: &Path) -> Result<(File, bool), StateError> {
    let unusable = |error| StateError::Unusable(path.into(), error);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join("lock"))
        .map_err(unusable)?;
    let mut taken = flock(&file, FlockOperation::NonBlockingLockExclusive);
    for _ in 1..LOOKS {
        if taken != Err(Errno::WOULDBLOCK) {
            break;
        }
        std::thread::park_timeout(PAUSE);
        taken = flock(&file, FlockOperation::NonBlockingLockExclusive);
    }
    let mut content = Vec::new();
    file.read_to_end(&mut content).map_err(unusable)?;
    let is_pid = content
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'\n');
    match taken {
        Ok(()) if !is_pid => Err(StateError::NotOurs(path.into(), "lock")),
        Ok(()) => Ok((file, !content.is_empty())),
        Err(Errno::WOULDBLOCK) => {
            let pid = String::from_utf8_lossy(&content).trim().to_owned();
            let pid = Some(pid).filter(|pid| is_pid && !pid.is_empty());
            Err(StateError::InUse(path.into(), pid))
        }
        Err(error) => Err(unusable(error.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default_for(root: &str, variables: &[(&str, &str)], uid: u32) -> PathBuf {
        let find = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        default_directory(Path::new(root), &find, uid)
    }

    #[test]
    fn each_root_has_a_directory_of_its_own() {
        let variables = [("XDG_STATE_HOME", "/x"), ("HOME", "/h")];
        let one = default_for("/srv/www", &variables, 0);
        assert!(one.starts_with("/x/tallyd"), "{one:?}");
        assert_eq!(one, default_for("/srv/www/", &variables, 1000));
        assert_ne!(one, default_for("/other/www", &variables, 0));
        let name = one.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("www-"), "{name}");
    }

    #[test]
    fn without_xdg_it_is_below_home_or_var_lib() {
        let home = [("HOME", "/h")];
        assert!(default_for("/w", &home, 1000).starts_with("/h/.local/state/tallyd"));
        assert!(default_for("/w", &home, 0).starts_with("/var/lib/tallyd"));
        assert!(default_for("/w", &[], 1000).starts_with("/var/lib/tallyd"));
        let relative = [("XDG_STATE_HOME", "here")];
        assert!(default_for("/w", &relative, 1000).starts_with("/var/lib/tallyd"));
    }

    #[test]
    fn a_second_process_hears_the_pid_of_the_first() {
        let place = tempfile::tempdir().unwrap();
        let state = place.path().join("deep/er");
        let first = StateDirectory::open(&state).unwrap();
        first.sign().unwrap();
        assert!(is_in_use(&state));
        // flock(2): another descriptor of the same file is another holder, also in one process.
        match StateDirectory::open(&state) {
            Err(StateError::InUse(_, pid)) => {
                assert_eq!(pid, Some(std::process::id().to_string()));
            }
            other => panic!("{other:?}"),
        }
        drop(first);
        assert!(!is_in_use(&state));
        let second = StateDirectory::open(&state).unwrap();
        assert!(second.was_left(), "the first was dropped, as by a kill");
        second.give_back();
        assert!(!StateDirectory::open(&state).unwrap().was_left());
    }

    #[test]
    fn a_directory_of_somebody_elses_stays_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let lock = place.path().join("lock");
        fs::write(&lock, "of another program").unwrap();
        let refused = StateDirectory::open(place.path()).map(drop);
        assert!(
            matches!(refused, Err(StateError::NotOurs(..))),
            "{refused:?}"
        );
        assert_eq!(fs::read(&lock).unwrap(), b"of another program");
    }

    #[test]
    fn another_root_is_noticed() {
        let place = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(place.path()).unwrap();
        let note = |root: &str| state.note_root(Path::new(root)).unwrap();
        assert_eq!(note("/a"), None);
        assert_eq!(note("/a"), None);
        assert_eq!(note("/b"), Some("/a".into()));
        assert_eq!(note("/b"), None);
    }
}
