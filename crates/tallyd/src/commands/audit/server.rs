//! A server of our own: this very program, started as anybody would start it.
//!
//! Promises: it is dead when this value is gone, also after a panic.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tallyd_load::Url;

use super::{LOOK, Signals, Trouble};

/// Recovery takes a moment, on a busy machine more.
const START: Duration = Duration::from_secs(60);

/// A server on which nothing is under way stops at once.
const STOP: Duration = Duration::from_secs(20);

/// Between two tries to start it where it was before: something else may have the port for a moment.
const AGAIN: Duration = Duration::from_millis(300);
const TRIES: u32 = 20;

/// The last lines that it said.
const SAID: usize = 20;

/// A server that runs.
pub(super) struct Server {
    child: Child,
    /// Where it serves.
    pub(super) address: SocketAddr,
    /// Where it tells its counts.
    pub(super) admin: Url,
    /// How many hits it has recovered as unsettled, if it said so.
    pub(super) unsettled: Option<u64>,
    lines: Receiver<String>,
}

impl Server {
    /// Starts it on `dir`, in one of its lives, at `address` if it had one before.
    pub(super) fn start(
        dir: &Path,
        place: &Path,
        life: usize,
        address: Option<SocketAddr>,
        signals: &Signals,
    ) -> Result<Server, Trouble> {
        let mut tries = 0;
        loop {
            match start_once(dir, place, life, address, signals) {
                Err(Trouble::Failed(_)) if address.is_some() && tries < TRIES => {
                    tries += 1;
                    thread::park_timeout(AGAIN);
                }
                outcome => return outcome,
            }
        }
    }

    /// Kills it with signal 9, and waits until it is gone.
    pub(super) fn kill(&mut self) {
        // Std sends SIGKILL. It fails only for what has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Why it has ended by itself, if it has.
    pub(super) fn ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        let said: Vec<String> = self.lines.try_iter().collect();
        let last = said.get(said.len().saturating_sub(SAID)..);
        let last = last.unwrap_or_default().join("\n");
        Some(format!("the server has ended by itself: {status}\n{last}"))
    }

    /// Stops it as anybody would; what was wrong with that.
    pub(super) fn stop(mut self) -> Option<String> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).ok();
        let begun = Instant::now();
        while begun.elapsed() < STOP {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return None,
                Ok(Some(status)) => return Some(format!("the server ended badly: {status}")),
                _ => thread::park_timeout(Duration::from_millis(10)),
            }
        }
        Some(format!(
            "the server does not stop within {} s",
            STOP.as_secs()
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn start_once(
    dir: &Path,
    place: &Path,
    life: usize,
    address: Option<SocketAddr>,
    signals: &Signals,
) -> Result<Server, Trouble> {
    let failed = |error: std::io::Error| Trouble::Failed(format!("cannot start a server: {error}"));
    let mut child = command(dir, place, life, address)
        .map_err(failed)?
        .spawn()
        .map_err(failed)?;
    let (sender, lines) = channel();
    read(child.stdout.take(), &sender);
    read(child.stderr.take(), &sender);
    // From here on it is killed when this is dropped.
    let mut server = Server {
        child,
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        admin: Url {
            host: String::new(),
            port: 0,
            target: String::new(),
        },
        unsettled: None,
        lines,
    };
    server.await_addresses(signals)?;
    Ok(server)
}

impl Server {
    /// Reads what it says until it has said where it is.
    fn await_addresses(&mut self, signals: &Signals) -> Result<(), Trouble> {
        let begun = Instant::now();
        let mut said = Vec::new();
        let (mut serves, mut tells) = (false, false);
        while !(serves && tells) {
            let line = match self.lines.recv_timeout(LOOK) {
                Ok(line) => line,
                Err(_) if signals.stop() => return Err(Trouble::Stopped),
                Err(RecvTimeoutError::Timeout) if begun.elapsed() < START => continue,
                Err(_) => {
                    let said = said.join("\n");
                    return Err(Trouble::Failed(format!(
                        "the server does not start\n{said}"
                    )));
                }
            };
            if let Some(url) = url_behind(&line, "Serving ", " at ") {
                let addresses = url.addresses().unwrap_or_default();
                serves = addresses.first().is_some_and(|first| {
                    self.address = *first;
                    true
                });
            }
            if let Some(url) = url_behind(&line, "tallyd: dashboard", " at ") {
                (self.admin, tells) = (url, true);
            }
            self.unsettled = self.unsettled.or(unsettled(&line));
            said.push(line);
        }
        Ok(())
    }
}

/// This program on `dir`, with the settings that it has by default.
fn command(
    dir: &Path,
    place: &Path,
    life: usize,
    address: Option<SocketAddr>,
) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"TALLYD_") {
            command.env_remove(name);
        }
    }
    command.env_remove("NOTIFY_SOCKET").env_remove("LISTEN_FDS");
    let listen = address.map_or_else(|| "127.0.0.1:0".to_owned(), |address| address.to_string());
    command
        .args(["--listen", &listen, "--admin", "127.0.0.1:0"])
        .arg("--state")
        .arg(place.join("state"))
        .args(["--log-format", "json", "--access-log"])
        .arg(super::temporary::log(place, life))
        .arg("--")
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl+C is for us, and we end it.
        .process_group(0);
    Ok(command)
}

/// Sends each line of `from`, to its end.
fn read(from: Option<impl Read + Send + 'static>, sender: &Sender<String>) {
    let (Some(from), sender) = (from, sender.clone()) else {
        return;
    };
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Read on where nobody listens any more: a full pipe would stop the server.
            sender.send(line).ok();
        }
    });
}

fn url_behind(line: &str, begins: &str, word: &str) -> Option<Url> {
    let rest = line.strip_prefix(begins)?;
    let (_, url) = rest.rsplit_once(word)?;
    Url::parse(url).ok()
}

/// `recovered 7 hits, 2 unsettled`.
fn unsettled(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("recovered ")?;
    let (_, rest) = rest.split_once(" hits, ")?;
    rest.strip_suffix(" unsettled")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_of_itself_is_found() {
        let said = "Serving a at b at http://127.0.0.1:7/";
        assert_eq!(url_behind(said, "Serving ", " at ").unwrap().port, 7);
        assert_eq!(unsettled("tallyd: recovered 7 hits, 2 unsettled"), Some(2));
        for line in ["recovered 7 hits", "recovered", "7 hits, 2 unsettled"] {
            assert_eq!(unsettled(line), None, "{line}");
        }
    }
}
