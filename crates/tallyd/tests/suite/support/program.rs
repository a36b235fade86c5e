//! Programs that others wrote: called, waited for with a limit, and named where they are missing.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::{LIMIT, Lines, server::wait_within};

/// A call of a program.
pub struct Program {
    name: &'static str,
    command: Command,
}

/// What came of a call.
#[derive(Debug)]
pub struct Done {
    /// The exit code; nothing if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

/// A program that runs.
pub struct Running {
    name: &'static str,
    child: Child,
    stdout: Lines,
    stderr: Lines,
}

impl Program {
    /// A call of `name`, without proxies and settings of the user.
    pub fn new(name: &'static str) -> Program {
        let mut command = Command::new(name);
        for variable in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(variable);
        }
        command.env("LC_ALL", "C");
        Program { name, command }
    }

    /// A command line of the shell with a terminal as its standard output.
    pub fn on_terminal(command: &str) -> Program {
        let quiet = ["--quiet", "--return", "--echo", "never"];
        let script = Program::new("script").args(&quiet);
        script.args(&["--command", command, "/dev/null"])
    }

    /// `wget` and these arguments; it does not read the settings of the user.
    pub fn wget(args: &[&str]) -> Program {
        let common = ["--no-config", "--no-proxy", "--tries=1", "--timeout=30"];
        Program::new("wget").args(&common).args(args)
    }

    /// `curl --silent` and these arguments.
    pub fn curl(args: &[&str]) -> Program {
        let common = ["-q", "--silent", "--show-error", "--max-time", "30"];
        Program::new("curl").args(&common).args(args)
    }

    /// With one more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Program {
        self.command.arg(arg);
        self
    }

    /// With more arguments.
    pub fn args(mut self, args: &[&str]) -> Program {
        self.command.args(args);
        self
    }

    /// In this working directory.
    pub fn within(mut self, dir: &Path) -> Program {
        self.command.current_dir(dir);
        self
    }

    /// Starts it.
    pub fn start(mut self) -> Running {
        let command = &mut self.command;
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => panic!("{0} is missing: make test installs it", self.name),
            _ => panic!("cannot start {}: {error}", self.name),
        });
        Running {
            name: self.name,
            stdout: Lines::of("its standard output", child.stdout.take().unwrap()),
            stderr: Lines::of("its standard error", child.stderr.take().unwrap()),
            child,
        }
    }

    /// Runs it to its end.
    pub fn run(self) -> Done {
        self.start().finish()
    }

    /// Runs it to its end, which must be a good one; what it printed.
    pub fn output(self) -> String {
        let name = self.name;
        let done = self.run();
        assert_eq!(done.code, Some(0), "{name} failed: {}", done.stderr);
        done.stdout
    }
}

impl Running {
    /// What it prints.
    pub fn stdout(&self) -> &Lines {
        &self.stdout
    }

    /// What it says while it runs.
    pub fn stderr(&self) -> &Lines {
        &self.stderr
    }

    /// Asks it to come to its end, as Ctrl-C does.
    pub fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).expect("interrupt the program");
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Done {
        let status = wait_within(&mut self.child, Instant::now() + 2 * LIMIT);
        let status = status.unwrap_or_else(|| panic!("{} does not end", self.name));
        Done {
            code: status.code(),
            stdout: self.stdout.to_end().join("\n"),
            stderr: self.stderr.to_end().join("\n"),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, or the test has failed: either way there is nobody to tell.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
