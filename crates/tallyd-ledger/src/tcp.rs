//! What Linux says of a TCP socket: how much of what it took has not arrived at the other side, what leaves at once, who
//! waits to be accepted.
//!
//! The count subtracts what has not arrived when a connection dies, so that nothing is counted which never left. The one
//! place with `unsafe` for system calls: there is no safe form of these.

use std::ffi::c_int;
use std::os::fd::{AsFd, AsRawFd};

use rustix::ioctl::{Getter, Opcode, ioctl};
use rustix::net::{ipproto, sockopt};

/// tcp(7). A few architectures have another number; there this one means nothing, and nothing is told.
const SIOCOUTQ: Opcode = 0x5411;

/// The bytes that the system holds for this TCP connection because the other side has not acknowledged them. A
/// shutdown of the sending half is one byte more until it is acknowledged. Nothing for what can't tell: a Unix
/// socket answers with the memory it takes.
///
/// It stays true after the connection has died, until the socket is closed.
#[must_use]
pub fn unsent(socket: impl AsFd) -> Option<u64> {
    if !is_told(&socket) {
        return None;
    }
    unsent_if_told(socket)
}

/// Whether a socket can tell what is unsent: it is one of TCP. That does not change.
#[must_use]
pub fn is_told(socket: impl AsFd) -> bool {
    matches!(sockopt::socket_protocol(socket), Ok(Some(ipproto::TCP)))
}

/// As [`unsent`], of a socket of which it is known that it can tell.
#[must_use]
pub fn unsent_if_told(socket: impl AsFd) -> Option<u64> {
    u64::try_from(out_queue(socket)?).ok()
}

#[expect(
    unsafe_code,
    reason = "rustix has no safe form of SIOCOUTQ, and nothing else tells what was never sent"
)]
fn out_queue(socket: impl AsFd) -> Option<c_int> {
    // SAFETY: for a TCP socket, SIOCOUTQ reads nothing and writes one int, which is what Getter has room for.
    let asked = unsafe { ioctl(socket, Getter::<SIOCOUTQ, c_int>::new()) };
    asked.ok()
}

/// What the system says of the sending half of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// Bytes that have not even left this system.
    pub held: u64,
    /// Bytes that were ever acknowledged.
    pub acknowledged: u64,
    /// The other side has room for so many bytes that it has not acknowledged.
    pub window: u64,
    /// So many segments more may leave before any is acknowledged.
    pub segments: u64,
    /// Bytes of a segment.
    pub segment: u64,
}

/// The words of `struct tcp_info` (linux/tcp.h), which only ever grows at its end; the last came with Linux 5.4.
const WORDS: usize = 58;
const SND_MSS: usize = 4;
const UNACKED: usize = 6;
const SND_CWND: usize = 20;
const BYTES_ACKED: usize = 30;
const NOTSENT: usize = 36;
const SND_WND: usize = 57;

/// What the system says of this TCP connection; nothing if it can't tell.
#[must_use]
pub fn outlook(socket: impl AsFd) -> Option<Outlook> {
    let info = tcp_info(socket)?;
    let word = |place: usize| info.get(place).copied().map(u64::from);
    let (low, high) = match cfg!(target_endian = "little") {
        true => (BYTES_ACKED, BYTES_ACKED + 1),
        false => (BYTES_ACKED + 1, BYTES_ACKED),
    };
    Some(Outlook {
        held: word(NOTSENT)?,
        acknowledged: word(low)? | word(high)? << 32,
        window: word(SND_WND)?,
        segments: word(SND_CWND)?.saturating_sub(word(UNACKED)?),
        segment: word(SND_MSS)?.max(1),
    })
}

/// TCP_LISTEN of linux/tcp_states.h, in the first byte of the first word.
const LISTEN: u8 = 10;

/// How many connections wait in the queue of a listening TCP socket; nothing if it can't tell.
#[must_use]
pub fn waiting(listener: impl AsFd) -> Option<usize> {
    let info = tcp_info(listener)?;
    let state = *info.first()?.to_ne_bytes().first()?;
    let queue = info.get(UNACKED).filter(|_| state == LISTEN)?;
    usize::try_from(*queue).ok()
}

/// Lets a listener wait a second for the first bytes of a connection before it is there to be accepted: TCP_DEFER_ACCEPT.
/// Where the system doesn't know that, it is accepted as ever.
pub fn defer_accept(listener: impl AsFd) {
    set_defer_accept(listener, 1);
}

/// Whether connections of this listener are there to be accepted only when they have sent something.
#[must_use]
pub fn is_deferred(listener: impl AsFd) -> bool {
    let mut seconds = [0];
    option(listener, libc::TCP_DEFER_ACCEPT, &mut seconds).is_some() && seconds != [0]
}

#[expect(unsafe_code, reason = "no crate has a safe form of TCP_DEFER_ACCEPT")]
fn set_defer_accept(listener: impl AsFd, seconds: c_int) {
    let fd = listener.as_fd().as_raw_fd();
    let length = libc::socklen_t::try_from(size_of_val(&seconds)).unwrap_or_default();
    // SAFETY: the system reads `length` bytes of `seconds`, which has that many.
    unsafe {
        let value = (&raw const seconds).cast();
        libc::setsockopt(fd, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, value, length);
    }
}

fn tcp_info(socket: impl AsFd) -> Option<[u32; WORDS]> {
    let mut info = [0; WORDS];
    option(socket, libc::TCP_INFO, &mut info)?;
    Some(info)
}

/// Fills `words` with an option of TCP; nothing if it is not as long as that.
#[expect(
    unsafe_code,
    reason = "no crate has a safe form of these options, and nothing else tells how much leaves at once"
)]
fn option(socket: impl AsFd, name: c_int, words: &mut [u32]) -> Option<()> {
    let whole = libc::socklen_t::try_from(size_of_val(words)).ok()?;
    let mut length = whole;
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the system writes at most `length` bytes to `words`, which has that many, and how many to `length`; any
    // bytes are words.
    let answer = unsafe {
        let words = words.as_mut_ptr().cast();
        libc::getsockopt(fd, libc::IPPROTO_TCP, name, words, &raw mut length)
    };
    (answer == 0 && length == whole).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::{Duration, Instant};

    /// Two ends of a connection; what the second can hold is little.
    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        sockopt::set_socket_recv_buffer_size(&listener, 16 * 1024).unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        (near, far)
    }

    /// Writes until the socket takes no more; how much that was.
    fn fill(stream: &mut TcpStream) -> u64 {
        stream.set_nonblocking(true).unwrap();
        let mut taken = 0;
        loop {
            match stream.write(&[b'x'; 10_000]) {
                Ok(count) => taken += count as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return taken,
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// What has come and is not read yet: all of it, without waiting.
    fn drain(stream: &mut TcpStream) -> u64 {
        stream.set_nonblocking(true).unwrap();
        let mut piece = [0; 1000];
        let mut got = 0;
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            got += count as u64;
        }
        got
    }

    /// The kernel acknowledges when it likes, and says so to nobody: it is looked at.
    fn wait_for(stream: &TcpStream, expected: u64) {
        let start = Instant::now();
        while unsent(stream) != Some(expected) {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{:?}, not {expected}",
                unsent(stream)
            );
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    #[test]
    fn what_has_arrived_is_no_longer_unsent() {
        let (mut near, mut far) = pair();
        assert_eq!(unsent(&near), Some(0));
        near.write_all(b"hello").unwrap();
        wait_for(&near, 0);
        assert_eq!(drain(&mut far), 5);
    }

    #[test]
    fn a_reset_leaves_exactly_what_never_arrived() {
        let (mut near, mut far) = pair();
        let taken = fill(&mut near);
        // What the other side holds unread makes its close a reset.
        let mut some = [0; 500];
        far.read_exact(&mut some).unwrap();
        let held = rustix::io::ioctl_fionread(&far).unwrap();
        let expected = taken - 500 - held;
        wait_for(&near, expected);
        drop(far);
        let start = Instant::now();
        while rustix::net::getpeername(&near).is_ok() {
            assert!(start.elapsed() < Duration::from_secs(10), "no reset came");
            thread::park_timeout(Duration::from_millis(1));
        }
        assert!(expected > 0);
        assert_eq!(unsent(&near), Some(expected));
    }

    #[test]
    fn a_shutdown_is_one_byte_until_it_is_acknowledged() {
        let (mut near, mut far) = pair();
        let taken = fill(&mut near);
        let held = rustix::io::ioctl_fionread(&far).unwrap();
        wait_for(&near, taken - held);
        near.shutdown(Shutdown::Write).unwrap();
        assert_eq!(unsent(&near), Some(taken - held + 1));
        let start = Instant::now();
        let mut got = 0;
        while got < taken {
            assert!(start.elapsed() < Duration::from_secs(10), "it stops");
            got += drain(&mut far);
        }
        wait_for(&near, 0);
    }

    #[test]
    fn what_leaves_at_once_is_known_before() {
        let (mut near, mut far) = pair();
        let before = outlook(&near).unwrap();
        assert_eq!(before.held, 0);
        assert!((1..=64 * 1024).contains(&before.window), "{before:?}");
        assert!(before.segments > 0 && before.segment > 0, "{before:?}");
        near.write_all(&[b'x'; 1000]).unwrap();
        wait_for(&near, 0);
        let acknowledged = outlook(&near).unwrap().acknowledged - before.acknowledged;
        assert_eq!(acknowledged, 1000);
        assert_eq!(drain(&mut far), 1000);
    }

    #[test]
    fn what_the_other_side_has_no_room_for_is_held() {
        let (mut near, far) = pair();
        let taken = fill(&mut near);
        let read = rustix::io::ioctl_fionread(&far).unwrap();
        wait_for(&near, taken - read);
        let outlook = outlook(&near).unwrap();
        // A probe of a closed window may be a byte that is on its way.
        assert!(
            outlook.held > 0 && outlook.held <= taken - read,
            "{outlook:?}"
        );
    }

    #[test]
    fn a_listener_tells_how_many_wait_to_be_accepted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        assert_eq!(waiting(&listener), Some(0));
        let streams: Vec<_> = (0..3).map(|_| TcpStream::connect(to).unwrap()).collect();
        assert_eq!(waiting(&listener), Some(3));
        let (accepted, _) = listener.accept().unwrap();
        assert_eq!(waiting(&listener), Some(2));
        // A connection is not asked that.
        assert_eq!(waiting(&accepted), None);
        assert_eq!(waiting(streams.first().unwrap()), None);
    }

    #[test]
    fn a_deferred_connection_is_there_when_it_has_sent_something() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(!is_deferred(&listener));
        defer_accept(&listener);
        assert!(is_deferred(&listener));
        listener.set_nonblocking(true).unwrap();
        let mut near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        near.write_all(b"hello").unwrap();
        assert_eq!(waiting(&listener), Some(1));
        let (far, _) = listener.accept().unwrap();
        assert_eq!(rustix::io::ioctl_fionread(&far).unwrap(), 5);
    }

    #[test]
    fn what_is_no_tcp_socket_can_not_tell() {
        let (mut near, _far) = UnixStream::pair().unwrap();
        near.write_all(b"hello").unwrap();
        assert_eq!(unsent(&near), None);
        assert_eq!(unsent(std::io::stdin()), None);
        assert_eq!(outlook(&near), None);
        assert_eq!(waiting(&near), None);
        assert!(!is_deferred(&near));
    }
}
