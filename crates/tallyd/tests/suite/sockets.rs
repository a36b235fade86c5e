//! Sockets: Unix sockets, several listeners, sockets that systemd opened, and what systemd is told.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{Folder, LIMIT, Program, Start, read_replies, unused_address};

/// As systemd does it: the socket is descriptor 3, and the process is named in the environment.
const ACTIVATE: &str = r#"LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0 </dev/null"#;

/// Serves `root` on a Unix socket there.
fn on_unix(root: &Folder, socket: &Path) -> Start {
    let listen = format!("unix:{}", socket.display());
    Start::bare().arg(root.path()).args(&["--listen", &listen])
}

/// What curl gets through a Unix socket.
fn fetched(socket: &Path, path: &str) -> String {
    let url = format!("http://localhost{path}");
    Program::curl(&["--unix-socket"])
        .arg(socket)
        .arg(url)
        .output()
}

fn activated(root: &Folder, socket: OwnedFd) -> Start {
    let start = Start::by("sh", &["-c", ACTIVATE, "sh"]);
    start.input(socket).arg(root.path())
}

#[test]
fn a_unix_socket_is_served_counted_and_taken_away() {
    let folder = Folder::with_index();
    let socket = folder.join("http.sock");
    let server = on_unix(&folder, &socket).start();
    let line = server.stdout.wait_for_text("Serving ");
    assert!(
        line.ends_with(&format!(" at unix:{}", socket.display())),
        "{line}"
    );
    assert!(fetched(&socket, "/").contains("<title>hello</title>"));
    assert_eq!(server.hits(1), ["/index.html|unix:|0|1"]);
    server.stop();
    assert!(!socket.exists(), "the socket is left behind");
}

/// The kernel holds it back; whether it asks late, or never, it is treated as any other then.
#[test]
fn a_deferred_connection_is_served_when_it_asks_and_ended_if_it_never_does() {
    let folder = Folder::with_index();
    let args = ["--defer-accept", "--head-timeout", "2s"];
    let server = Start::serving(folder.path()).args(&args).start();
    assert_eq!(server.get("/").status, 200);
    let (mut soon, mut late, mut never) = (server.connect(), server.connect(), server.connect());
    let start = Instant::now();
    thread::park_timeout(Duration::from_millis(300));
    soon.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    assert_eq!(read_replies(&mut soon, 1)[0].status, 200);
    // Some time after the system has given it up, as `head-timeout` allows.
    thread::park_timeout(Duration::from_millis(1600).saturating_sub(start.elapsed()));
    late.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    assert_eq!(read_replies(&mut late, 1)[0].status, 200);
    let mut all = Vec::new();
    assert_eq!(never.read_to_end(&mut all).unwrap(), 0);
    let waited = start.elapsed();
    let (least, most) = (Duration::from_millis(2900), Duration::from_secs(8));
    assert!((least..most).contains(&waited), "{waited:?}");
    server.stop();
}

#[test]
fn a_socket_file_that_was_left_behind_is_replaced() {
    let folder = Folder::with_index();
    let socket = folder.join("http.sock");
    drop(UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    let server = on_unix(&folder, &socket).start();
    assert!(fetched(&socket, "/").contains("hello"));
    server.stop();
}

#[test]
fn a_socket_that_somebody_listens_on_is_refused_and_left_alone() {
    let folder = Folder::with_index();
    let socket = folder.join("http.sock");
    let first = on_unix(&folder, &socket).start();
    let ended = on_unix(&folder, &socket).run();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let said = ended.stderr.join("\n");
    assert!(said.contains("another program listens on unix:"), "{said}");
    assert!(fetched(&socket, "/").contains("hello"));
    first.stop();
}

#[test]
fn a_file_that_is_no_socket_is_never_removed() {
    let folder = Folder::with_index();
    let precious = folder.file("precious.txt", b"not a socket");
    let ended = on_unix(&folder, &precious).run();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert_eq!(std::fs::read(precious).unwrap(), b"not a socket");
}

#[test]
fn several_listeners_share_one_count() {
    let folder = Folder::with_index();
    let socket = folder.join("http.sock");
    let (one, two) = (unused_address(), unused_address());
    let server = on_unix(&folder, &socket)
        .args(&["--listen", &one.to_string(), "-l", &two.to_string()])
        .start();
    assert_eq!(
        server
            .stdout
            .wait_for_count(3, |line| line.starts_with("Serving "))
            .len(),
        3
    );
    fetched(&socket, "/");
    for (address, number) in [(one, 2), (two, 3)] {
        Program::curl(&["-o", "/dev/null", &format!("http://{address}/")]).output();
        assert!(server.hits(number)[number - 1].ends_with(&format!("|{number}")));
    }
    server.stop();
}

#[test]
fn an_inherited_tcp_socket_serves_who_was_already_waiting() {
    let folder = Folder::with_index();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut early = TcpStream::connect(address).unwrap();
    early.set_read_timeout(Some(LIMIT)).unwrap();
    early
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();

    let server = activated(&folder, listener.into()).start();
    assert_eq!(server.address(), address);
    assert_eq!(read_replies(&mut early, 1)[0].status, 200);
    let page = Program::curl(&[&server.url("/")]).output();
    assert!(page.contains("hello"), "{page}");
    server.stop();
}

#[test]
fn an_inherited_unix_socket_is_served_and_stays_for_who_opened_it() {
    let folder = Folder::with_index();
    let socket = folder.join("http.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let server = activated(&folder, listener.into()).start();
    assert!(fetched(&socket, "/").contains("hello"));
    server.stop();
    assert!(socket.exists(), "the socket was not the server's to remove");
}

#[test]
fn systemd_is_told_when_it_is_ready_reloads_and_stops() {
    let folder = Folder::with_index();
    let path = folder.join("notify.sock");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let told = |expected: &str| {
        let mut message = [0; 1024];
        let length = loop {
            match socket.recv(&mut message) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                length => break length.expect("a message to systemd"),
            }
        };
        let message = String::from_utf8_lossy(&message[..length]).into_owned();
        assert!(
            message.lines().any(|line| line == expected),
            "{message}, not {expected}"
        );
        message
    };
    let server = Start::serving(folder.path())
        .env("NOTIFY_SOCKET", &path)
        .start();
    told("READY=1");
    server.signal(Signal::HUP);
    let reloading = told("RELOADING=1");
    // Type=notify-reload wants it (sd_notify(3)).
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    told("READY=1");
    server.signal(Signal::TERM);
    told("STOPPING=1");
    assert_eq!(server.ended().code, Some(0));
}
