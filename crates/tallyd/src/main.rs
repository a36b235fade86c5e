//! The binary: arguments, standard output, signals and exit codes live here and nowhere else.
//!
//! Exit codes: 0 done, 1 failed at run time, 2 wrong usage or configuration; of the commands that are clients, 3 errors
//! in transport, 4 an expectation failed.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod signals;

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use args::Command;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Failed,
    WrongUsage,
    /// A client's transfers had errors, or somebody ended it before its time.
    Troubled,
    /// What a client expected did not come true.
    Unexpected,
}

impl From<End> for ExitCode {
    fn from(end: End) -> ExitCode {
        match end {
            End::Done => ExitCode::SUCCESS,
            End::Failed => ExitCode::from(1),
            End::WrongUsage => ExitCode::from(2),
            End::Troubled => ExitCode::from(3),
            End::Unexpected => ExitCode::from(4),
        }
    }
}

fn main() -> ExitCode {
    let end = match args::parse(env::args_os()) {
        Ok(command) => run(command),
        Err(message) => {
            complain(&message);
            End::WrongUsage
        }
    };
    end.into()
}

fn run(command: Command) -> End {
    let mut out = io::stdout();
    match command {
        Command::Serve(typed) => commands::serve::run(&typed),
        Command::Check(typed) => {
            match commands::check::run(&typed, env::vars_os(), &mut out, &mut io::stderr()) {
                Ok(true) => End::Done,
                Ok(false) => End::WrongUsage,
                Err(_) => End::Failed,
            }
        }
        Command::Stats(asked) => commands::stats::run(&asked),
        Command::Files(asked) => commands::files::run(&asked),
        Command::Probe(asked) => commands::probe::run(&asked),
        Command::Load(asked) => commands::load::run(&asked),
        Command::Get(asked) => commands::get::run(asked),
        Command::Audit(asked) => commands::audit::run(&asked),
        Command::Defaults => printed(commands::check::defaults(&mut out)),
        Command::Man => printed(commands::generate::man(&mut out)),
        Command::Completions(shell) => printed(commands::generate::completions(shell, &mut out)),
        Command::Print(text) => printed(out.write_all(text.as_bytes())),
    }
}

/// Whoever closes the pipe early (`| head`) has seen what they wanted.
fn printed(outcome: io::Result<()>) -> End {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!(
                "tallyd: cannot write to standard output: {error}\n"
            ));
            End::Failed
        }
        _ => End::Done,
    }
}

/// Writes to standard error; if that is closed there is nowhere left to say so.
fn complain(message: &str) {
    io::stderr().write_all(message.as_bytes()).ok();
}
