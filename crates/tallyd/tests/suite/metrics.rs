//! The admin pages: who may read them, what they say, and that nobody can keep others from them.

mod openmetrics;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{
    Folder, Program, Reply, Start, Tallyd, exchange, open, read_replies, read_to_end,
    unused_address, wait_until,
};
use openmetrics::Metrics;

fn start(folder: &Folder, more: &[&str]) -> (Tallyd, SocketAddr) {
    let start = Start::serving(folder.path()).args(&["--admin", "127.0.0.1:0"]);
    let server = start.args(more).start();
    let admin = admin(&server, 0);
    (server, admin)
}

/// Where the pages are, as is said after the first `skip` lines.
fn admin(server: &Tallyd, skip: usize) -> SocketAddr {
    let is_it = |line: &str| line.contains("dashboard at http://");
    let line = server.stderr.wait_after(skip, "where the pages are", is_it);
    let (_, address) = line.split_once("http://").unwrap();
    address.trim_end_matches('/').parse().expect(&line)
}

fn ask(admin: SocketAddr, head: &str) -> Reply {
    let bytes = format!("{}\r\n\r\n", head.replace('\n', "\r\n"));
    let mut replies = exchange(admin, bytes.as_bytes(), 1);
    replies.pop().expect("a reply")
}

fn get(admin: SocketAddr, target: &str) -> Reply {
    ask(admin, &format!("GET {target} HTTP/1.1\nHost: localhost"))
}

fn metrics(admin: SocketAddr) -> Metrics {
    let text = get(admin, "/metrics").text();
    openmetrics::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn programs_read_metrics_in_the_format_they_know() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &[]);
    let url = format!("http://{admin}/metrics");
    let dump = ["--dump-header", "-"];
    let new = Program::curl(&dump).arg(&url).output();
    let is_new = |line: &str| {
        line == "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"
    };
    assert!(new.lines().any(is_new), "{new}");
    assert!(new.ends_with("# EOF"), "{new}");
    let plain = ["--header", "Accept: text/plain;version=0.0.4"];
    let old = Program::curl(&dump).args(&plain).arg(&url).output();
    let is_old = |line: &str| line == "Content-Type: text/plain; version=0.0.4; charset=utf-8";
    assert!(old.lines().any(is_old), "{old}");
    assert!(!old.contains("# EOF"), "{old}");
    server.stop();
}

#[test]
fn metrics_say_what_was_served() {
    let folder = Folder::with_index();
    folder.file("ten.txt", b"0123456789");
    let (server, admin) = start(&folder, &["--workers", "2"]);
    let before = metrics(admin);
    assert_eq!(before.value("tallyd_requests_total{class=\"2xx\"}"), 0.0);
    for _ in 0..3 {
        assert_eq!(server.get("/ten.txt").status, 200);
    }
    let part = "GET /ten.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=0-3\r\nConnection: close\r\n\r\n";
    assert_eq!(server.ask(part).status, 206);
    let missing = server.get("/missing");
    assert_eq!(missing.status, 404);
    let mut idle = server.connect();
    idle.write_all(b"GET /ten.txt HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    assert_eq!(read_replies(&mut idle, 1).len(), 1);

    // What is counted at the end of a reply may come a moment after its last byte.
    let is_counted = || {
        let now = metrics(admin);
        now.value("tallyd_requests_total{class=\"2xx\"}") == 5.0
            && now.value("tallyd_requests_total{class=\"4xx\"}") == 1.0
            && now.value("tallyd_connections_open") == 1.0
            && now.value("tallyd_requests_in_flight") == 0.0
    };
    wait_until(
        "six requests are counted, one connection is left",
        is_counted,
    );
    let after = metrics(admin);
    let bytes = 44 + missing.body.len();
    assert_eq!(after.value("tallyd_sent_bytes_total"), bytes as f64);
    assert_eq!(after.value("tallyd_connections_total"), 6.0);
    assert_eq!(after.value("tallyd_request_duration_seconds_count"), 6.0);
    assert!(after.value("tallyd_request_duration_seconds_sum") > 0.0);
    drop(idle);
    let is_closed = || metrics(admin).value("tallyd_connections_open") == 0.0;
    wait_until("the last connection is closed", is_closed);
    server.stop();
}

#[test]
fn metrics_describe_the_process_and_the_counting() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &[]);
    let metrics = metrics(admin);
    assert_eq!(metrics.value("tallyd_ledger_healthy"), 1.0);
    assert!(metrics.value("tallyd_journal_lag_entries") >= 0.0);
    assert!(metrics.value("process_open_fds") > 3.0);
    assert!(metrics.value("process_resident_memory_bytes") > 100_000.0);
    let started = metrics.value("tallyd_start_time_seconds");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let age = now.unwrap().as_secs_f64() - started;
    assert!((0.0..600.0).contains(&age), "{age}");
    let version = env!("CARGO_PKG_VERSION");
    let build = format!("tallyd_build_info{{version=\"{version}\"}}");
    assert_eq!(metrics.value(&build), 1.0);
    server.stop();
}

#[test]
fn pages_are_read_by_their_own_address_only() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &[]);
    for target in ["/", "/healthz", "/readyz", "/metrics", "/missing"] {
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io"] {
            let reply = ask(admin, &format!("GET {target} HTTP/1.1\nHost: {host}"));
            assert_eq!(reply.status, 421, "{target} at {host}");
            assert!(!reply.text().contains("tallyd_"));
        }
        for host in ["localhost", &admin.to_string(), "[::1]:1"] {
            let reply = ask(admin, &format!("GET {target} HTTP/1.1\nHost: {host}"));
            let expected = if target == "/missing" { 404 } else { 200 };
            assert_eq!(reply.status, expected, "{target} at {host}");
        }
    }
    assert_eq!(ask(admin, "GET /healthz HTTP/1.0").text(), "ok\n");
    assert_eq!(ask(admin, "GET /healthz HTTP/1.1").status, 400);
    server.stop();
}

#[test]
fn every_reply_says_that_it_is_not_to_be_kept_or_guessed() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &[]);
    let mut replies: Vec<Reply> = ["/", "/metrics", "/missing"]
        .map(|target| get(admin, target))
        .into();
    replies.push(ask(admin, "POST / HTTP/1.1\nHost: localhost"));
    replies.push(ask(admin, "GET / HTTP/1.1\nHost: evil.example"));
    replies.push(ask(admin, "nonsense"));
    for reply in replies {
        assert_eq!(reply.field("cache-control"), Some("no-store"));
        assert_eq!(reply.field("x-content-type-options"), Some("nosniff"));
        let policy = reply.field("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"), "{}", reply.head);
        assert_eq!(reply.field("access-control-allow-origin"), None);
    }
    server.stop();
}

#[test]
fn pages_are_only_read_and_a_body_is_not_waited_for() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &[]);
    let posted = ask(
        admin,
        "POST /metrics HTTP/1.1\nHost: localhost\nContent-Length: 1000000",
    );
    assert_eq!(posted.status, 405);
    assert_eq!(posted.field("allow"), Some("GET, HEAD"));
    assert_eq!(posted.field("connection"), Some("close"));
    // The body of this one is on its way while the reply is: it must not reset the connection.
    let url = format!("http://{admin}/metrics");
    let file = folder.file("body.bin", &[b'x'; 200_000]);
    let data = format!("@{}", file.display());
    let code = ["--output", "/dev/null", "--write-out", "%{http_code}"];
    let curl = Program::curl(&code).args(&["--data-binary", &data, &url]);
    assert_eq!(curl.output(), "405");
    let head = Program::curl(&["--head", &format!("http://{admin}/healthz")]).output();
    assert!(head.contains("200 OK") && head.contains("Content-Length: 3"));
    server.stop();
}

#[test]
fn a_connection_can_ask_again_and_ahead() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &[]);
    let mut stream = open(admin);
    let one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(one.repeat(3).as_bytes()).unwrap();
    let replies = read_replies(&mut stream, 3);
    assert!(replies.iter().all(|reply| reply.body == b"ok\n"));
    assert_eq!(replies.len(), 3);
    stream.write_all(one.as_bytes()).unwrap();
    assert_eq!(read_replies(&mut stream, 1).len(), 1);
    server.stop();
}

#[test]
fn who_never_stops_asking_holds_nobody_up() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &["--admin-token", TOKEN]);
    let mut asking = open(admin);
    let mut answered = asking.try_clone().unwrap();
    let (begun, began) = channel();
    let reader = thread::spawn(move || {
        let mut piece = vec![0; 1 << 20];
        while let Ok(1..) = answered.read(&mut piece) {
            begun.send(()).ok();
        }
    });
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let writer = thread::spawn(move || {
        let many = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000);
        while !stopped.load(Ordering::Relaxed) && asking.write_all(many.as_bytes()).is_ok() {}
        asking.shutdown(Shutdown::Both).ok();
    });
    began.recv().unwrap();
    let asked = Instant::now();
    let mut waiting = open(admin);
    waiting
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    waiting
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let came = waiting.read(&mut [0; 1024]);
    stop.store(true, Ordering::Relaxed);
    assert!(matches!(came, Ok(1..)), "{came:?}");
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    writer.join().unwrap();
    reader.join().unwrap();
    server.stop();
}

/// Whoever has his last answer and does not hang up has no right to the place.
#[test]
fn who_stays_after_the_last_answer_keeps_nobody_out() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &["--admin-token", TOKEN]);
    let last = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let staying: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = open(admin);
            stream.write_all(last.as_bytes()).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    assert_eq!(get(admin, "/healthz").text(), "ok\n");
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    drop(staying);
    server.stop();
}

#[test]
fn files_and_admin_pages_are_apart() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &[]);
    assert_eq!(server.get("/metrics").status, 404);
    assert_eq!(server.get("/healthz").status, 404);
    assert_eq!(get(admin, "/index.html").status, 404);
    assert!(get(admin, "/").text().contains("href=\"/metrics\""));
    server.stop();
}

#[test]
fn a_hundred_idle_connections_keep_nobody_out() {
    let folder = Folder::with_index();
    let long = ["--head-timeout", "10m", "--keep-alive", "10m"];
    let (server, admin) = start(&folder, &long);
    let mut idle: Vec<TcpStream> = (0..100).map(|_| open(admin)).collect();
    for stream in idle.iter_mut().skip(50) {
        // Half of them begin to ask, and never end.
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost:").unwrap();
    }
    for _ in 0..3 {
        assert_eq!(get(admin, "/healthz").text(), "ok\n");
    }
    // Who waited longest had to go.
    assert_eq!(read_to_end(&mut idle[0]), b"");
    server.stop();
}

#[test]
fn who_says_nothing_or_never_ends_is_let_go() {
    let folder = Folder::with_index();
    let short = ["--head-timeout", "200ms", "--keep-alive", "200ms"];
    let (server, admin) = start(&folder, &short);
    assert_eq!(read_to_end(&mut open(admin)), b"", "at the beginning");
    let mut stream = open(admin);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n")
        .unwrap();
    let said = String::from_utf8(read_to_end(&mut stream)).unwrap();
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    let mut stream = open(admin);
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(read_replies(&mut stream, 1)[0].body, b"ok\n");
    assert_eq!(read_to_end(&mut stream), b"", "between two requests");
    server.stop();
}

#[test]
fn a_head_has_the_limits_of_the_files() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &["--max-head", "1KiB", "--max-target", "100"]);
    let long = "a".repeat(2000);
    let wide = format!("GET / HTTP/1.1\nHost: localhost\nX: {long}");
    assert_eq!(ask(admin, &wide).status, 431);
    assert_eq!(get(admin, &format!("/{}", &long[..200])).status, 414);
    assert_eq!(get(admin, "/healthz").status, 200);
    server.stop();
}

#[test]
fn a_port_that_is_taken_is_an_error_of_the_start() {
    let folder = Folder::with_index();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let start = Start::serving(folder.path()).args(&["--admin", &address]);
    let ended = start.run();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stdout.is_empty(), "{ended:#?}");
    let said = ended.stderr.join("\n");
    assert!(
        said.contains(&address) && said.contains("--admin"),
        "{said}"
    );
}

#[test]
fn an_address_beyond_the_machine_is_refused() {
    let folder = Folder::with_index();
    let start = Start::serving(folder.path()).args(&["--admin", "0.0.0.0:9090"]);
    let ended = start.run();
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.stderr[0].contains("needs a token"), "{ended:#?}");
    let guessable = ["--admin", "0.0.0.0:9090", "--admin-token", "secret"];
    let ended = Start::serving(folder.path()).args(&guessable).run();
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(
        ended.stderr.join("\n").contains("could be guessed"),
        "{ended:#?}"
    );
}

const TOKEN: &str = "kJ7v2rQ9tLx4Wm8ZpB3s";

#[test]
fn with_a_token_it_is_needed_and_a_wrong_one_is_answered_late() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &["--admin-token", TOKEN]);
    let by = |target: &str, more: &str| {
        let begun = Instant::now();
        // By any name: a proxy in front may have one of its own.
        let reply = ask(
            admin,
            &format!("GET {target} HTTP/1.1\nHost: stats.example{more}"),
        );
        (reply, begun.elapsed())
    };
    for target in ["/", "/files", "/metrics", "/api/v1/files", "/missing"] {
        let (nameless, _) = by(target, "");
        assert_eq!(nameless.status, 401, "{target}");
        let challenge = nameless.field("www-authenticate");
        assert!(challenge.unwrap().starts_with("Basic realm="), "{target}");
        assert!(!nameless.text().contains("tallyd_"));
        let (wrong, late) = by(target, "\nAuthorization: Bearer kJ7v2rQ9tLx4Wm8ZpB3x");
        assert_eq!(wrong.status, 401, "{target}");
        assert!(late >= Duration::from_millis(900), "{target}: {late:?}");
    }
    let (right, _) = by("/metrics", &format!("\nAuthorization: Bearer {TOKEN}"));
    assert_eq!(right.status, 200);
    let url = format!("http://{admin}/metrics");
    let user = format!("anybody:{TOKEN}");
    let curl = Program::curl(&["--user", &user, "--output", "/dev/null", "--write-out"]);
    assert_eq!(curl.args(&["%{http_code}", &url]).output(), "200");
    // A probe needs none, and learns nothing.
    assert_eq!(by("/healthz", "").0.text(), "ok\n");
    assert_eq!(by("/readyz", "").0.text(), "ready\n");
    server.stop();
}

#[test]
fn guesses_hold_nobody_up() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &["--admin-token", TOKEN]);
    let guess = "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer wrong\r\n\r\n";
    let guessing: Vec<TcpStream> = (0..200)
        .map(|_| {
            let mut stream = open(admin);
            stream.write_all(guess.as_bytes()).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    let right = format!("GET /healthz HTTP/1.1\nHost: localhost\nAuthorization: Bearer {TOKEN}");
    for _ in 0..20 {
        assert_eq!(ask(admin, &right).status, 200);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    drop(guessing);
    server.stop();
}

#[test]
fn the_page_of_another_site_is_not_answered() {
    let folder = Folder::with_index();
    let (server, admin) = start(&folder, &[]);
    let by = |field: &str| {
        let head = format!("GET /api/v1/overview HTTP/1.1\nHost: {admin}\n{field}");
        ask(admin, &head)
    };
    assert_eq!(by(&format!("Origin: http://{admin}")).status, 200);
    for foreign in [
        "Origin: http://evil.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors",
    ] {
        let reply = by(foreign);
        assert_eq!(reply.status, 403, "{foreign}");
        assert_eq!(reply.field("access-control-allow-origin"), None);
        assert!(!reply.text().contains("hits"), "{}", reply.text());
    }
    server.stop();
}

/// Nobody asked for the default address, so it keeps no server from starting.
#[test]
fn two_servers_have_a_dashboard_each() {
    let folder = Folder::with_index();
    let servers: Vec<Tallyd> = (0..2)
        .map(|_| Start::serving(folder.path()).start())
        .collect();
    let addresses: Vec<SocketAddr> = servers.iter().map(|server| admin(server, 0)).collect();
    assert_ne!(addresses[0], addresses[1]);
    for address in addresses {
        assert!(address.ip().is_loopback());
        assert_eq!(get(address, "/healthz").status, 200);
    }
    servers.into_iter().for_each(|server| {
        server.stop();
    });
}

#[test]
fn a_unix_socket_serves_the_pages_and_is_gone_afterwards() {
    let folder = Folder::with_index();
    let place = Folder::new();
    let socket = place.join("admin.sock");
    let flag = format!("unix:{}", socket.display());
    let start = Start::serving(folder.path()).args(&["--admin", &flag]);
    let server = start.start();
    server.stderr.wait_for_text("dashboard at unix:");
    let curl = Program::curl(&["--unix-socket"]).arg(&socket);
    let curl = curl.arg("http://localhost/healthz");
    assert_eq!(curl.output(), "ok");
    server.stop();
    assert!(!socket.exists());
}

#[test]
fn a_reload_moves_and_ends_them() {
    let (first, second) = (unused_address(), unused_address());
    let folder = Folder::with_index();
    let config = |admin: &str| {
        let common = "root = \".\"\nlisten = [\"127.0.0.1:0\"]\nkeep-alive = \"1m\"\n";
        format!("{common}admin = \"{admin}\"\n")
    };
    let file = folder.file("tallyd.toml", config(&first.to_string()).as_bytes());
    let server = Start::bare().arg("-c").arg(&file).start();
    let reload = |admin: &str, says: &str| {
        fs::write(&file, config(admin)).unwrap();
        let before = server.stderr.count();
        server.signal(Signal::HUP);
        let is_it = |line: &str| line.contains(says);
        server.stderr.wait_after(before, says, is_it);
    };
    assert_eq!(get(first, "/readyz").status, 200);
    let mut kept = open(first);
    let one = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    reload(&first.to_string(), "configuration reloaded");
    kept.write_all(one.as_bytes()).unwrap();
    assert_eq!(read_replies(&mut kept, 1).len(), 1, "nothing has changed");

    reload(&second.to_string(), "configuration reloaded");
    assert_eq!(get(second, "/readyz").status, 200);
    assert!(TcpStream::connect(first).is_err());
    assert_eq!(read_to_end(&mut kept), b"");

    let taken = TcpListener::bind(first).unwrap();
    reload(&first.to_string(), "not reloaded");
    assert_eq!(get(second, "/readyz").status, 200);
    drop(taken);

    reload("off", "configuration reloaded");
    assert!(TcpStream::connect(second).is_err());
    assert_eq!(server.get("/").status, 200);
    server.stop();
}

#[test]
fn a_drain_is_seen_to_its_end() {
    let folder = Folder::with_index();
    let large = fs::File::create(folder.join("large.bin")).unwrap();
    large.set_len(64 * 1024 * 1024).unwrap();
    let (server, admin) = start(&folder, &[]);
    assert_eq!(get(admin, "/readyz").text(), "ready\n");
    let mut slow = server.connect();
    slow.write_all(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    slow.peek(&mut [0]).unwrap();
    server.signal(Signal::TERM);
    wait_until("it is not ready", || get(admin, "/readyz").status == 503);
    assert!(get(admin, "/readyz").text().starts_with("draining"));
    assert_eq!(get(admin, "/healthz").status, 200);
    drop(slow);
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(TcpStream::connect(admin).is_err());
}
