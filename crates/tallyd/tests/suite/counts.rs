//! Counts: what the ledger says after the real binary has served, stopped, was killed or was hindered.
//!
//! The ledger is read as anyone can: by SQL, past the server's own code.

mod bad_journal;
mod bad_state;
mod calls;
mod full_disk;
mod kills;
mod kinds;
pub mod ledger;
mod load;
mod names;
mod ranges;
mod readers;
mod restarts;
mod transfers;
mod visitors;
mod words;

use std::path::Path;

use crate::support::{Folder, Program, Reply, Start, Tallyd, noise};
use ledger::{Counted, Ledger};

/// A folder that is served, and where its counts are kept.
pub struct Place {
    pub root: Folder,
    pub state: Folder,
}

impl Place {
    /// With files of these names and lengths.
    pub fn with(files: &[(&str, u64)]) -> Place {
        let place = Place {
            root: Folder::new(),
            state: Folder::new(),
        };
        for (seed, (name, length)) in (1..).zip(files) {
            let length = usize::try_from(*length).unwrap();
            place.root.file(name, &noise(length, seed));
        }
        place
    }

    /// A server of it.
    pub fn server(&self) -> Start {
        let args = ["--workers", "2", "--keep-alive", "10m"];
        Start::serving(self.root.path())
            .args(&args)
            .state(self.state.path())
    }

    /// One that runs.
    pub fn start(&self) -> Tallyd {
        self.server().start()
    }

    /// The ledger.
    pub fn ledger(&self) -> Ledger {
        Ledger::of(self.state.path())
    }

    /// What is counted for a path when the server has stopped well.
    pub fn stopped(&self, server: Tallyd, path: &str) -> Counted {
        server.stop();
        let ledger = self.ledger();
        ledger.assert_adds_up();
        ledger.file(path)
    }
}

/// The reply to a GET with these fields on a connection of its own.
pub fn ask(server: &Tallyd, target: &str, fields: &[&str]) -> Reply {
    server.ask(request("GET", target, fields) + "Connection: close\r\n\r\n")
}

/// A request but for its last, empty line.
pub fn request(method: &str, target: &str, fields: &[&str]) -> String {
    let lines: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{lines}")
}

/// A whole request on a connection that stays.
pub fn get(target: &str) -> String {
    request("GET", target, &[]) + "\r\n"
}

/// A server that must not start: it ends with 1 and says all of `words`.
pub fn refused(start: Start, words: &[&str]) {
    let ended = start.run();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stdout.is_empty(), "{ended:#?}");
    let said = ended.stderr.join("\n");
    for word in words {
        assert!(said.contains(word), "no {word:?}: {said}");
    }
}

/// A file system in memory, for this test alone; gone with it.
pub struct Disk {
    folder: Folder,
}

impl Disk {
    /// Of this size, such as `24m`. Mounting is for root.
    pub fn new(size: &str) -> Disk {
        assert!(
            rustix::process::geteuid().is_root(),
            "this test mounts a small disk, and only root may: run it as root"
        );
        let folder = Folder::new();
        let options = format!("size={size},mode=755");
        mount(
            &["-t", "tmpfs", "-o", &options, "tallyd-test"],
            folder.path(),
        );
        Disk { folder }
    }

    /// Nothing on it can be changed any more.
    pub fn close(&self) {
        mount(&["-o", "remount,ro"], self.path());
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the space that is left.
    pub fn fill(&self) {
        let ballast = self.path().join("ballast");
        let full = std::fs::write(ballast, vec![b'x'; 64 << 20]);
        assert!(full.is_err(), "the disk is larger than it should be");
    }

    /// Gives it back.
    pub fn free(&self) {
        std::fs::remove_file(self.path().join("ballast")).unwrap();
    }
}

fn mount(args: &[&str], place: &Path) {
    Program::new("mount").args(args).arg(place).output();
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever still has it open keeps it for themselves. If it fails there is nobody to tell.
        Program::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .run();
    }
}
