//! The Config: everything an operator can say, typed and checked, ready to be used.
//!
//! Values come from a TOML file, the environment and flags, all by the same names; the table in
//! [`options`] is the only place where a name, its default and its help stand. Nothing here opens a
//! served file or a socket.

mod build;
mod document;
mod environment;
mod fields;
mod file;
mod listen;
mod load;
mod nearest;
pub mod options;
mod problem;
#[cfg(test)]
mod tests;
mod text;
mod token;
mod typed;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tallyd_http::encoding::Coding;
use tallyd_http::head::HeadLimits;
use tallyd_http::status::Status;
use tallyd_ledger::window;

pub use document::defaults_toml;
pub use load::{Flag, Sources, load};
pub use problem::{Place, Position, Problem};
pub use token::Token;

/// Where to accept connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Listen {
    /// A TCP address; port 0 lets the system pick one.
    Tcp(SocketAddr),
    /// A Unix stream socket at this path.
    Unix(PathBuf),
}

/// Which symbolic links below the root are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symlinks {
    /// Those that end inside the root.
    Inside,
    /// All of them, wherever they lead.
    Follow,
    /// None.
    Refuse,
}

/// Where the access log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// This file, appended to.
    File(PathBuf),
}

/// How a line of the access log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `/path|client address|client port|hit number`, hits only.
    Tally,
    /// The Common Log Format.
    Common,
    /// The Combined Log Format.
    Combined,
    /// One JSON object for each request.
    Json,
}

/// How much is said on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Only what needs somebody to act.
    Error,
    /// And what looks wrong.
    Warn,
    /// And what happened: start, reload, stop.
    Info,
    /// And each connection, as it opens and closes.
    Debug,
}

/// Where the counts are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Where this user's programs keep such things, in a directory of its own for each root.
    Auto,
    /// In this directory.
    At(PathBuf),
    /// In memory, as long as the process lives.
    None,
}

/// A header added to every reply whose path matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderRule {
    /// The paths it is for; see `site::matches` for how a glob reads.
    pub glob: String,
    /// Field name.
    pub name: String,
    /// Field value.
    pub value: String,
}

/// A path that lives elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The exact path, or a prefix that ends in `*`.
    pub from: String,
    /// Where it is now; a `*` in it stands for what the prefix left over.
    pub to: String,
    /// 301, 302, 303, 307 or 308.
    pub status: Status,
}

/// The rules of one served tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteConfig {
    /// The directory that is served.
    pub root: PathBuf,
    /// Names tried, in order, when a directory is asked for.
    pub index: Vec<String>,
    /// Show directories that have no index file.
    pub listing: bool,
    /// With the downloads of each file.
    pub listing_counts: bool,
    /// Answer missing pages with `/index.html`.
    pub spa: bool,
    /// Answer POST on a file as GET.
    pub post: bool,
    /// Answer `?tally` and `?badge` on a file with its counts.
    pub public_counts: bool,
    /// Which links are followed.
    pub symlinks: Symlinks,
    /// Compressed variants looked for beside a file.
    pub precompressed: Vec<Coding>,
    /// Content types by extension (lower case, no dot), before the built-in list.
    pub types: Vec<(String, String)>,
    /// Refuse files whose extension is not in `types`.
    pub types_only_listed: bool,
    /// Directory with `404.html` and so on.
    pub error_pages: Option<PathBuf>,
    /// Extra headers by path.
    pub headers: Vec<HeaderRule>,
    /// `Cache-Control` of files by glob; the first that matches counts.
    pub cache_control: Vec<(String, String)>,
    /// Paths that moved; the first that matches counts.
    pub redirects: Vec<Redirect>,
}

/// A name-based virtual host: the names it answers to, and its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostConfig {
    /// Lower case, without port.
    pub name: String,
    /// Its tree: what it does not say itself is taken from the main one.
    pub site: SiteConfig,
}

/// What one connection may cost (DESIGN: each limit has its reason in the options table).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How large a head, its fields and its target may be.
    pub head: HeadLimits,
    /// From the first byte of a head to its end; also from accept to the first byte.
    pub head_timeout: Duration,
    /// Idle time between two requests.
    pub keep_alive: Duration,
    /// How long a client may take nothing while a reply is sent.
    pub send_timeout: Duration,
    /// Largest request body that is read and dropped.
    pub body: u64,
    /// Open connections for each worker; beyond, accepting pauses.
    pub connections: usize,
}

/// Where the dashboard is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAt {
    /// At port 8081 of this machine, or at another one if that is taken.
    Auto,
    /// Here.
    At(Listen),
}

/// Everything an operator can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where to accept; empty only if sockets are inherited.
    pub listen: Vec<Listen>,
    /// Ports under 1024 are refused without this.
    pub allow_privileged_port: bool,
    /// Worker threads.
    pub workers: usize,
    /// Length of the kernel's queue of connections not yet accepted.
    pub backlog: u32,
    /// A connection waits there until it has sent something.
    pub defer_accept: bool,
    /// Show the address as a QR code at the start.
    pub qr: bool,
    /// What one connection may cost.
    pub limits: Limits,
    /// How long a stop waits for running transfers.
    pub drain_timeout: Duration,
    /// Memory for the contents of small files, for each worker, in bytes.
    pub cache_memory: usize,
    /// Where the access log goes.
    pub access_log: LogTarget,
    /// How its lines look.
    pub log_format: LogFormat,
    /// How much is said on standard error.
    pub log_level: LogLevel,
    /// Where the counts are kept.
    pub state: State,
    /// How old counts may be that are not synced yet; zero: synced before the reply leaves.
    pub sync_interval: Duration,
    /// When a visitor's next download of the same file version counts again.
    pub window: window::Kind,
    /// For how many days the counts of each hour are kept; nothing: forever.
    pub keep_hours: Option<u32>,
    /// For how many days the counts of each day are kept; nothing: forever.
    pub keep_days: Option<u32>,
    /// The list of agent classes to use instead of the built-in one.
    pub agents: Option<PathBuf>,
    /// Where the admin pages are; nothing: nowhere.
    pub admin: Option<AdminAt>,
    /// What whoever asks for them has to know; nothing: nothing.
    pub admin_token: Option<Token>,
    /// How many of the most asked for files the metrics name.
    pub metrics_files: usize,
    /// The tree for every Host that is not named below.
    pub site: SiteConfig,
    /// Trees by Host.
    pub hosts: Vec<HostConfig>,
}
