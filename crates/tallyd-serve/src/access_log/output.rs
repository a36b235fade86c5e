//! Where lines go: a file or standard output, behind the two calls the writer needs.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::config::LogTarget;

/// An open log.
#[derive(Debug)]
pub enum Output {
    /// Nothing is written.
    Off,
    /// Standard output.
    Stdout,
    /// A file, and its name to open it anew.
    File(File, PathBuf),
}

/// A pipe that is ready takes at least this much without blocking (PIPE_BUF).
const PIECE: usize = 4096;

impl Output {
    /// Opens `target`.
    pub fn open(target: &LogTarget) -> io::Result<Output> {
        match target {
            LogTarget::Off => Ok(Output::Off),
            LogTarget::Stdout => Ok(Output::Stdout),
            LogTarget::File(path) => {
                let file = OpenOptions::new().append(true).create(true).open(path)?;
                Ok(Output::File(file, path.clone()))
            }
        }
    }

    /// Opens a file of the same name.
    pub fn reopened(&self) -> io::Result<Output> {
        match self {
            Output::Off => Ok(Output::Off),
            Output::Stdout => Ok(Output::Stdout),
            Output::File(_, path) => Output::open(&LogTarget::File(path.clone())),
        }
    }

    /// Writes the beginning of `lines`: all of it to a file, a piece that can't block to a pipe.
    pub fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        match self {
            Output::Off => Ok(lines.len()),
            Output::Stdout => {
                rustix::io::write(io::stdout().as_fd(), piece(lines)).map_err(Into::into)
            }
            Output::File(file, _) => file.write(lines),
        }
    }

    /// Whether a write would not block, waiting for that for a while.
    pub fn is_ready(&self, wait: Duration) -> bool {
        let Output::Stdout = self else {
            return true;
        };
        let stdout = io::stdout();
        let mut waiting = [PollFd::new(&stdout, PollFlags::OUT)];
        let Ok(wait) = Timespec::try_from(wait) else {
            return true;
        };
        // An error of poll itself shows again in the write.
        !matches!(poll(&mut waiting, Some(&wait)), Ok(0))
    }
}

fn piece(lines: &[u8]) -> &[u8] {
    lines.get(..PIECE).unwrap_or(lines)
}
