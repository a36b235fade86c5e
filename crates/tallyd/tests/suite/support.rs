//! What every scenario needs: a folder to serve, a running server, programs, and a raw connection.

mod browser;
mod folder;
mod lines;
mod program;
mod raw;
mod server;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub use browser::Browser;
pub use folder::{Folder, noise};
pub use lines::Lines;
pub use program::{Program, Running};
pub use raw::{Reply, exchange, open, open_from, open_narrow, read_replies, read_to_end};
pub use server::{Ended, Start, Tallyd};

/// Waits until `is_so`. For what no event tells, such as the content of a file: it is looked at.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "never: {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// An address of the loopback with a port that is free. Every call has an address of its own, so neither
/// another test nor the near end of a connection takes the port meanwhile.
pub fn unused_address() -> SocketAddr {
    static CALLS: AtomicU32 = AtomicU32::new(1);
    let number = std::process::id().wrapping_mul(251) + CALLS.fetch_add(1, Ordering::Relaxed);
    let [_, high, middle, low] = number.to_be_bytes();
    let address = Ipv4Addr::new(127, high | 1, middle, low);
    let listener = TcpListener::bind((address, 0)).expect("a free port");
    listener.local_addr().unwrap()
}

/// The top of the project: for its sample site and its examples.
pub fn project() -> PathBuf {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    top.canonicalize().expect("the top of the project")
}

/// No event of a test takes this long on a machine that works, however busy it is.
pub const LIMIT: Duration = Duration::from_secs(30);
