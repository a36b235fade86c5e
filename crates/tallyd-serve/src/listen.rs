//! Listening sockets: made once by the process, one for each worker where the system can share a port.
//!
//! Promises: a port that somebody else listens on is noticed at the start, and the message says which
//! and what to do. Accepts nothing itself.

use std::fmt;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::config::Listen;

/// The congestion control for clients on this machine, mostly a proxy: between them and us is no wire that could be
/// congested. Where the system's own is BBR, each packet would wait for a timer: 20 MB cost 2.5 times as much. This one is
/// in every system, and everybody may ask for it. What the process inherits is as whoever opened it wants it.
const UNPACED: &str = "reno";

/// A socket that whoever started the process has opened (LISTEN_FDS).
#[derive(Debug)]
pub enum Inherited {
    /// TCP.
    Tcp(TcpListener),
    /// Unix.
    Unix(UnixListener),
}

/// One address that is listened on.
#[derive(Debug)]
pub struct Listener {
    /// What the configuration says; nothing for an inherited one.
    pub wanted: Option<Listen>,
    /// Where it really is.
    pub address: Address,
    /// One for each worker.
    pub sockets: Vec<OwnedFd>,
}

/// Where a listener is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// TCP.
    Tcp(SocketAddr),
    /// Unix; nothing if it has no name.
    Unix(Option<PathBuf>),
}

/// Why an address can't be listened on.
#[derive(Debug)]
pub struct ListenError {
    wanted: Listen,
    error: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = &self.error;
        match (&self.wanted, error.kind()) {
            (Listen::Tcp(address), io::ErrorKind::AddrInUse) => write!(
                out,
                "port {} is taken: another program listens on {address}. \
                 Stop it, choose another port with --port, or let the system pick one with --port 0",
                address.port()
            ),
            (Listen::Tcp(address), io::ErrorKind::PermissionDenied) => write!(
                out,
                "not allowed to listen on {address}: ports under 1024 need the capability \
                 CAP_NET_BIND_SERVICE (the systemd unit in examples/ grants it), or choose another with --port"
            ),
            (Listen::Tcp(address), io::ErrorKind::AddrNotAvailable) => {
                write!(
                    out,
                    "cannot listen on {address}: this machine has no such address"
                )
            }
            (Listen::Tcp(address), _) => write!(out, "cannot listen on {address}: {error}"),
            (Listen::Unix(path), io::ErrorKind::AddrInUse) => {
                write!(
                    out,
                    "another program listens on unix:{}: stop it, or choose another path",
                    path.display()
                )
            }
            (Listen::Unix(path), _) => {
                write!(out, "cannot listen on unix:{}: {error}", path.display())
            }
        }
    }
}

/// How connections wait to be accepted.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// How many may.
    pub backlog: u32,
    /// Until they have sent something, for a second at most. A Unix socket knows nothing of that.
    pub deferred: bool,
}

impl Listener {
    /// Opens `wanted` for so many workers.
    pub fn open(wanted: &Listen, workers: usize, queue: Queue) -> Result<Listener, ListenError> {
        let opened = match wanted {
            Listen::Tcp(address) => open_tcp(*address, workers, queue),
            Listen::Unix(path) => open_unix(path, workers, queue),
        };
        match opened {
            Ok((address, sockets)) => Ok(Listener {
                wanted: Some(wanted.clone()),
                address,
                sockets,
            }),
            Err(error) => Err(ListenError {
                wanted: wanted.clone(),
                error,
            }),
        }
    }

    /// Takes over an inherited socket; the workers share it.
    pub fn inherit(inherited: Inherited, workers: usize) -> io::Result<Listener> {
        let (address, socket) = match inherited {
            Inherited::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                (
                    Address::Tcp(listener.local_addr()?),
                    OwnedFd::from(listener),
                )
            }
            Inherited::Unix(listener) => {
                listener.set_nonblocking(true)?;
                let address = listener.local_addr()?;
                (
                    Address::Unix(address.as_pathname().map(Path::to_owned)),
                    OwnedFd::from(listener),
                )
            }
        };
        Ok(Listener {
            wanted: None,
            address,
            sockets: shared(socket, workers)?,
        })
    }

    /// Takes the name of a Unix socket away again, if it is ours.
    pub fn unlink(&self) {
        if let (Some(Listen::Unix(path)), Address::Unix(_)) = (&self.wanted, &self.address) {
            // Somebody may have taken it away already.
            drop(fs::remove_file(path));
        }
    }
}

impl Address {
    /// Every way to reach it, as a person would type it.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        match self {
            Address::Tcp(address) => reachable(address.ip())
                .into_iter()
                .map(|ip| format!("http://{}/", SocketAddr::new(ip, address.port())))
                .collect(),
            Address::Unix(Some(path)) => vec![format!("unix:{}", path.display())],
            Address::Unix(None) => vec!["an inherited Unix socket".to_owned()],
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => write!(out, "{address}"),
            Address::Unix(path) => {
                write!(out, "unix:{}", path.clone().unwrap_or_default().display())
            }
        }
    }
}

/// The addresses that lead to a listener on `ip`: for "any", those of this machine.
fn reachable(ip: IpAddr) -> Vec<IpAddr> {
    if !ip.is_unspecified() {
        return vec![ip];
    }
    let both = ip.is_ipv6();
    let own = if_addrs::get_if_addrs().unwrap_or_default();
    let mut found: Vec<IpAddr> = own.into_iter().map(|interface| interface.ip()).collect();
    if found.is_empty() {
        found.push(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    // A link-local address needs a zone, which a browser does not take.
    found.retain(|ip| ip.is_ipv4() || both && !is_link_local(ip));
    found.sort_by_key(|ip| (!ip.is_loopback(), ip.is_ipv6(), *ip));
    found.dedup();
    found
}

fn is_link_local(ip: &IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

/// An open address: where it really is, and a socket for each worker.
type Opened = (Address, Vec<OwnedFd>);

fn open_tcp(address: SocketAddr, workers: usize, queue: Queue) -> io::Result<Opened> {
    let (address, first) = match first_tcp(address, queue) {
        // No IPv6 on this machine: "any address" is any IPv4 address then.
        Err(Errno::AFNOSUPPORT) if address.ip().is_unspecified() => {
            let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), address.port());
            first_tcp(address, queue)?
        }
        other => other?,
    };
    let mut sockets = vec![first];
    while sockets.len() < workers {
        sockets.push(tcp(address, queue)?);
    }
    Ok((Address::Tcp(address), sockets))
}

/// The first socket on an address. SO_REUSEPORT would let two servers of one user share a port without
/// a word, so a socket without it has to get the port before.
fn first_tcp(address: SocketAddr, queue: Queue) -> Result<(SocketAddr, OwnedFd), Errno> {
    let probe = tcp_socket(&address)?;
    rustix::net::bind(&probe, &address)?;
    drop(probe);
    let first = tcp(address, queue)?;
    let address = SocketAddr::try_from(rustix::net::getsockname(&first)?)?;
    Ok((address, first))
}

fn tcp(address: SocketAddr, queue: Queue) -> Result<OwnedFd, Errno> {
    let socket = tcp_socket(&address)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    // Inherited by accepted sockets: no call for each connection.
    sockopt::set_tcp_nodelay(&socket, true)?;
    if address.ip().is_loopback() {
        // Where the system doesn't have it, its own does as well.
        sockopt::set_tcp_congestion(&socket, UNPACED).ok();
    }
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, queue.length())?;
    if queue.deferred {
        tallyd_ledger::tcp::defer_accept(&socket);
    }
    Ok(socket)
}

fn tcp_socket(address: &SocketAddr) -> Result<OwnedFd, Errno> {
    let family = if address.is_ipv6() {
        AddressFamily::INET6
    } else {
        AddressFamily::INET
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, !address.ip().is_unspecified())?;
    }
    Ok(socket)
}

impl Queue {
    fn length(self) -> i32 {
        i32::try_from(self.backlog).unwrap_or(i32::MAX)
    }
}

fn open_unix(path: &Path, workers: usize, queue: Queue) -> io::Result<Opened> {
    if UnixStream::connect(path).is_ok() {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    // Left behind by a process that was killed: nobody answers there any more.
    if fs::symlink_metadata(path).is_ok_and(|found| is_socket(&found)) {
        fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    // A second listen only sets the length of the queue.
    rustix::net::listen(listener.as_fd(), queue.length())?;
    let sockets = shared(OwnedFd::from(listener), workers)?;
    Ok((Address::Unix(Some(path.to_owned())), sockets))
}

fn is_socket(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    found.file_type().is_socket()
}

/// One socket, under a descriptor for each worker.
fn shared(socket: OwnedFd, workers: usize) -> io::Result<Vec<OwnedFd>> {
    let mut sockets = vec![socket];
    while let (true, Some(first)) = (sockets.len() < workers, sockets.first()) {
        let another = first.try_clone()?;
        sockets.push(another);
    }
    Ok(sockets)
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;

    /// The congestion control of a connection that was accepted on `address`.
    fn control(address: &str) -> String {
        let queue = Queue {
            backlog: 16,
            deferred: false,
        };
        let (address, sockets) = open_tcp(address.parse().unwrap(), 1, queue).unwrap();
        let Address::Tcp(address) = address else {
            panic!("{address:?}");
        };
        let _client = TcpStream::connect(("127.0.0.1", address.port())).unwrap();
        // The client's system is done before ours.
        let mut waiting = [PollFd::new(&sockets[0], PollFlags::IN)];
        poll(&mut waiting, None).unwrap();
        let accepted = rustix::net::accept(&sockets[0]).unwrap();
        sockopt::tcp_congestion(&accepted).unwrap()
    }

    #[test]
    fn only_who_can_come_from_nowhere_else_is_not_paced() {
        let system = tcp_socket(&"0.0.0.0:0".parse().unwrap()).unwrap();
        let system = sockopt::tcp_congestion(&system).unwrap();
        assert_eq!(control("127.0.0.1:0"), UNPACED);
        assert_eq!(control("0.0.0.0:0"), system);
    }
}
