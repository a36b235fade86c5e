//! The real binary: started with the flags of a test, watched, signalled and stopped.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{Folder, LIMIT, Lines, Program, Reply, raw};

const BINARY: &str = env!("CARGO_BIN_EXE_tallyd");

/// A server that is about to be started.
pub struct Start {
    command: Command,
    /// A copy of the binary, where another user can reach it.
    reachable: Option<Folder>,
    /// Where its counts are kept if the test does not say: no two servers share them by accident.
    state: Folder,
}

/// A server that runs. Killed when dropped, unless it has been stopped.
pub struct Tallyd {
    child: Child,
    /// What it prints: addresses, then the access log.
    pub stdout: Lines,
    /// What it says to its operator.
    pub stderr: Lines,
    _reachable: Option<Folder>,
    _state: Folder,
}

/// How a server ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; nothing if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: Vec<String>,
    /// What it said.
    pub stderr: Vec<String>,
}

impl Start {
    /// Nothing but the binary: every flag is the test's.
    pub fn bare() -> Start {
        Start::with(Command::new(BINARY), None)
    }

    /// Serves `root` on a loopback port that the system picks.
    pub fn serving(root: impl AsRef<Path>) -> Start {
        let start = Start::bare().arg("--listen").arg("127.0.0.1:0");
        start.arg(root.as_ref())
    }

    /// Run by `program`, which gets the path of the binary as its next argument.
    pub fn by(program: &str, args: &[&str]) -> Start {
        let mut command = Command::new(program);
        command.args(args).arg(BINARY);
        Start::with(command, None)
    }

    /// As a user without rights. If the tests run without rights themselves, as they are.
    pub fn without_rights() -> Start {
        if !rustix::process::geteuid().is_root() {
            return Start::bare();
        }
        // The build directory may be closed to other users. Copied by a program: a test that starts
        // something just now would keep a copy of ours open for writing, and what is open can't be run.
        let reachable = Folder::new();
        let copy = reachable.join("tallyd");
        Program::new("cp").arg(BINARY).arg(&copy).output();
        let mut command = Command::new(copy);
        command.uid(65534).gid(65534);
        Start::with(command, Some(reachable))
    }

    fn with(mut command: Command, reachable: Option<Folder>) -> Start {
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"TALLYD_") {
                command.env_remove(name);
            }
        }
        command.env_remove("NOTIFY_SOCKET").env_remove("LISTEN_FDS");
        command.stdin(Stdio::null());
        let state = Folder::new();
        // Also for a server without rights.
        state.mode("", 0o777);
        command.env("XDG_STATE_HOME", state.path());
        Start {
            command,
            reachable,
            state,
        }
    }

    /// With one more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Start {
        self.command.arg(arg);
        self
    }

    /// With more arguments.
    pub fn args(mut self, args: &[&str]) -> Start {
        self.command.args(args);
        self
    }

    /// With its counts in this directory.
    pub fn state(self, directory: &Path) -> Start {
        self.arg("--state").arg(directory)
    }

    /// With a variable in its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Start {
        self.command.env(name, value);
        self
    }

    /// With this as its standard input.
    pub fn input(mut self, input: impl Into<Stdio>) -> Start {
        self.command.stdin(input);
        self
    }

    /// In this working directory.
    pub fn within(mut self, dir: &Path) -> Start {
        self.command.current_dir(dir);
        self
    }

    /// Starts it; what it does then is the test's business.
    pub fn spawn(mut self) -> Tallyd {
        let command = &mut self.command;
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| {
            let program = command.get_program().display();
            panic!("cannot start {program} (make test installs what is needed): {error}")
        });
        Tallyd {
            stdout: Lines::of("standard output", child.stdout.take().unwrap()),
            stderr: Lines::of("standard error", child.stderr.take().unwrap()),
            child,
            _reachable: self.reachable,
            _state: self.state,
        }
    }

    /// Starts it and waits until it serves.
    pub fn start(self) -> Tallyd {
        let server = self.spawn();
        let serving = server.stdout.find(0, |line| line.starts_with("Serving "));
        assert!(
            serving.is_some(),
            "the server does not serve: {:#?}",
            server.stderr.all()
        );
        server
    }

    /// Runs it to its end, which it must find by itself.
    pub fn run(self) -> Ended {
        self.spawn().ended()
    }
}

impl Tallyd {
    /// The URLs it has printed, in their order.
    pub fn urls(&self) -> Vec<String> {
        let lines = self.stdout.all();
        let serving = lines.iter().filter(|line| line.starts_with("Serving "));
        let url = |line: &String| line.rsplit_once(" at ").expect("an URL").1.to_owned();
        serving.map(url).collect()
    }

    /// The first IPv4 loopback address it has printed.
    pub fn address(&self) -> SocketAddr {
        let addresses = self.urls().into_iter().filter_map(|url| address(&url));
        let mut loopback = addresses.filter(|address| address.ip().is_loopback());
        loopback.next().expect("an address on the loopback")
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// A raw connection to it.
    pub fn connect(&self) -> TcpStream {
        raw::open(self.address())
    }

    /// Sends `bytes` on a connection of their own; the one reply to them.
    pub fn ask(&self, bytes: impl AsRef<[u8]>) -> Reply {
        let mut replies = raw::exchange(self.address(), bytes.as_ref(), 1);
        replies.pop().expect("a reply")
    }

    /// The reply to a GET on a connection of its own.
    pub fn get(&self, target: &str) -> Reply {
        self.ask(format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ))
    }

    /// The lines of the access log in format tally, once there are `count`.
    pub fn hits(&self, count: usize) -> Vec<String> {
        self.stdout
            .wait_for_count(count, |line| line.starts_with('/'))
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("signal the server");
    }

    /// Kills it as `kill -9` does, and waits until it is gone; what it had printed by then.
    pub fn kill(self) -> Ended {
        self.signal(Signal::KILL);
        let ended = self.ended();
        assert_eq!(ended.code, None, "{ended:#?}");
        ended
    }

    /// Stops it; it must end well.
    pub fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        let ended = self.ended();
        assert_eq!(ended.code, Some(0), "{ended:#?}");
        ended
    }

    /// Waits until it ends by itself.
    pub fn ended(mut self) -> Ended {
        let status = wait_within(&mut self.child, Instant::now() + LIMIT);
        let status =
            status.unwrap_or_else(|| panic!("the server does not end: {:#?}", self.stderr.all()));
        Ended {
            code: status.code(),
            stdout: self.stdout.to_end(),
            stderr: self.stderr.to_end(),
        }
    }
}

impl Drop for Tallyd {
    fn drop(&mut self) {
        // It has ended, or the test has failed: either way there is nobody to tell.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn address(url: &str) -> Option<SocketAddr> {
    let rest = url.strip_prefix("http://")?;
    rest.split('/').next()?.parse().ok()
}

/// How a process ended; nothing if it has not by then. No event tells that a process ends: it is looked at.
pub(super) fn wait_within(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait().expect("look at the process") {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::park_timeout(Duration::from_millis(5));
    }
}
