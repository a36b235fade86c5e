//! Event streams: what they say of real requests, and that nobody who listens, or does not, is in the way.

mod listener;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde_json::Value;

use crate::support::{
    Folder, LIMIT, Program, Start, Tallyd, exchange, noise, open, open_narrow, read_replies,
    read_to_end, wait_until,
};
use listener::Listener;

/// A server with a small file and a large one, whose counts are in the other folder.
struct Scene {
    server: Tallyd,
    admin: SocketAddr,
    state: Folder,
    _root: Folder,
}

impl Scene {
    fn with(args: &[&str]) -> Scene {
        Scene::of(Start::bare(), args)
    }

    fn of(start: Start, args: &[&str]) -> Scene {
        let (root, state) = (Folder::with_index(), Folder::new());
        root.file("small.txt", b"0123456789");
        root.file("large.bin", &noise(16 * 1024 * 1024, 1));
        let own = [
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--workers",
            "1",
        ];
        let start = start.args(&own).args(args).arg(root.path());
        let server = start.state(state.path()).start();
        let line = server.stderr.wait_for_text("dashboard at http://");
        let (_, address) = line.split_once("http://").unwrap();
        Scene {
            admin: address.trim_end_matches('/').parse().expect(&line),
            server,
            state,
            _root: root,
        }
    }

    fn listener(&self) -> Listener {
        Listener::of(self.admin)
    }

    /// The status and head of a GET of the events, of which no body is awaited.
    fn refused(&self) -> Option<String> {
        let mut stream = open(self.admin);
        stream.write_all(listener::REQUEST).unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        if &start == b"HTTP/1.1 200" {
            return None;
        }
        Some(
            String::from_utf8_lossy(&[&start[..], &read_to_end(&mut stream)].concat()).into_owned(),
        )
    }

    /// What `tallyd stats` says of today.
    fn today(&self) -> Value {
        let stats = Start::bare().args(&["stats", "--json"]);
        let said = stats.state(self.state.path()).run();
        assert_eq!(said.code, Some(0), "{said:#?}");
        let document: Value = serde_json::from_str(&said.stdout.join("\n")).unwrap();
        let days = document["days"].as_array().unwrap();
        days.last().cloned().unwrap_or_default()
    }

    /// Sockets that the server has open.
    fn sockets(&self) -> usize {
        let path = format!("/proc/{}/fd", self.server.pid().as_raw_nonzero());
        let links = fs::read_dir(path).unwrap().map_while(Result::ok);
        let targets = links.filter_map(|link| fs::read_link(link.path()).ok());
        let is_socket = |target: &PathBuf| {
            target
                .as_os_str()
                .as_encoded_bytes()
                .starts_with(b"socket:")
        };
        targets.filter(is_socket).count()
    }

    fn healthy_within(&self, time: Duration) {
        let began = Instant::now();
        let ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let replies = exchange(self.admin, ask, 1);
        assert_eq!(replies[0].status, 200);
        assert!(began.elapsed() < time, "{:?}", began.elapsed());
    }
}

#[test]
fn a_stream_says_what_a_client_asks_for() {
    let scene = Scene::with(&[]);
    let mut listener = scene.listener();
    let hello = listener.wait_for("hello", |_| true);
    assert_eq!(hello["rules"], 1);
    let fields = "Host: localhost\r\nReferer: http://example.org/page\r\nUser-Agent: curl/8.0\r\n";
    let ask = format!("GET /small.txt HTTP/1.1\r\n{fields}Connection: close\r\n\r\n");
    assert_eq!(scene.server.ask(ask).status, 200);
    let hit = listener.wait_for_reply(|reply| reply["path"] == "/small.txt");
    for (name, value) in [
        ("kind", Value::from("hit")),
        ("site", "".into()),
        ("status", 200.into()),
        ("class", "tool".into()),
        ("protocol", "HTTP/1.1".into()),
        ("number", 1.into()),
        ("referrer", "example.org".into()),
    ] {
        assert_eq!(hit[name], value, "{hit}");
    }
    let ended = listener.wait_for_end(&hit);
    assert_eq!(
        (&ended["outcome"], &ended["bytes"]),
        (&"complete".into(), &10.into())
    );
    assert_eq!(scene.server.get("/%FFno<b>").status, 404);
    let missing = listener.wait_for_reply(|reply| reply["kind"] == "missing");
    assert_eq!(missing["path_bytes"], "/%FFno%3Cb%3E");
    assert_eq!(
        (&missing["status"], &missing["number"]),
        (&404.into(), &Value::Null)
    );
    scene.server.stop();
}

#[test]
fn a_hit_is_said_when_it_begins_and_when_it_breaks_off() {
    let scene = Scene::with(&[]);
    let mut listener = scene.listener();
    listener.wait_for("hello", |_| true);
    let mut client = open_narrow(scene.server.address());
    client
        .write_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    let begun = listener.wait_for_reply(|reply| reply["path"] == "/large.bin");
    assert_eq!(begun["outcome"], Value::Null, "{begun}");
    drop(client);
    let ended = listener.wait_for_end(&begun);
    assert_eq!(ended["outcome"], "aborted", "{ended}");
    assert!(ended["bytes"].as_u64() < Some(16 * 1024 * 1024), "{ended}");
    assert!(ended["id"].as_u64() > begun["id"].as_u64());
    scene.server.stop();
}

#[test]
fn counts_equal_those_of_the_ledger() {
    let scene = Scene::with(&[]);
    scene.server.get("/small.txt");
    let mut listener = scene.listener();
    let before = listener.wait_for("counts", |counts| counts["hits"] == 1);
    assert_eq!(before, scene.today());
    for _ in 0..20 {
        scene.server.get("/small.txt");
    }
    scene.server.get("/none");
    let counts = listener.wait_for("counts", |counts| counts["complete"] == 21);
    assert_eq!(counts, scene.today());
    assert_eq!(
        (&counts["downloads"], &counts["bytes"]),
        (&1.into(), &210.into())
    );
    scene.server.stop();
}

#[test]
fn curl_reads_a_stream_in_chunks_and_a_head_alone() {
    let scene = Scene::with(&[]);
    let url = format!("http://{}/api/v1/events", scene.admin);
    let head = Program::curl(&["--head", &url]).output();
    assert!(
        head.starts_with("HTTP/1.1 200 ") && head.contains("text/event-stream"),
        "{head}"
    );
    let curl = Program::curl(&["--no-buffer", &url]).start();
    curl.stdout().wait_for_text("event: hello");
    scene.server.get("/small.txt");
    curl.stdout().wait_for_text("event: requests");
    curl.stdout().wait_for("a hit", |line| {
        line.starts_with("data: [{\"id\":") && line.contains("\"path\":\"/small.txt\"")
    });
    curl.stdout().wait_for_text("event: counts");
    curl.interrupt();
    scene.server.stop();
}

/// Paths that no file has, as long as they are kept, and that take much room in JSON.
fn nonsense(count: usize) -> Vec<u8> {
    let path = "%FF".repeat(500);
    let fields = "HTTP/1.1\r\nHost: localhost\r\n\r\n";
    format!("GET /{path} {fields}").repeat(count).into_bytes()
}

#[test]
fn a_client_that_stops_reading_is_closed_and_slows_nobody() {
    let scene = Scene::with(&["--send-timeout", "1s", "--keep-alive", "1m"]);
    let url = format!("http://{}/api/v1/events", scene.admin);
    let curl = Program::curl(&["--no-buffer", "--max-time", "60", &url]).start();
    curl.stdout().wait_for_text("event: hello");
    let mut client = scene.server.connect();
    client.write_all(&nonsense(1)).unwrap();
    assert_eq!(read_replies(&mut client, 1).len(), 1);
    let before = scene.sockets();
    let mut deaf = open_narrow(scene.admin);
    deaf.write_all(listener::REQUEST).unwrap();
    let mut start = [0; 12];
    deaf.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    let began = Instant::now();
    while scene.sockets() > before {
        assert!(began.elapsed() < LIMIT, "the deaf one stays");
        client.write_all(&nonsense(40)).unwrap();
        let replies = read_replies(&mut client, 40);
        assert!(replies.len() == 40 && replies.iter().all(|reply| reply.status == 404));
        scene.healthy_within(Duration::from_secs(1));
    }
    // Among so many, one reply need not be shown; the next one is.
    wait_until("the other one hears what comes then", || {
        scene.server.get("/small.txt");
        let lines = curl.stdout().all();
        lines
            .iter()
            .any(|line| line.contains("\"path\":\"/small.txt\""))
    });
    // What the socket held for it is all that it gets.
    assert!(read_to_end(&mut deaf).len() < 1024 * 1024);
    scene.server.stop();
}

#[test]
fn clients_that_do_not_read_their_pages_keep_nobody_out() {
    let scene = Scene::with(&["--send-timeout", "10m"]);
    let page = "GET /live.js HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_500);
    // As many as there may be.
    let deaf: Vec<TcpStream> = (0..64)
        .map(|_| {
            let mut client = open_narrow(scene.admin);
            client.write_all(page.as_bytes()).unwrap();
            client
        })
        .collect();
    let ask = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let began = Instant::now();
    // They stay, so each needs a place of its own; nobody reads a page meanwhile.
    let mut others = Vec::new();
    for _ in 0..64 {
        let mut other = open(scene.admin);
        other.write_all(ask).unwrap();
        assert_eq!(read_replies(&mut other, 1)[0].status, 200);
        others.push(other);
    }
    assert!(began.elapsed() < LIMIT / 2, "{:?}", began.elapsed());
    drop(deaf);
    scene.server.stop();
}

#[test]
fn a_thousand_streams_hear_of_each_request_and_pages_are_answered() {
    const STREAMS: usize = 1_000;
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )
    .unwrap();
    let scene = Scene::with(&[]);
    let mut listeners: Vec<Listener> = (0..STREAMS).map(|_| scene.listener()).collect();
    for listener in &mut listeners {
        listener.wait_for("hello", |_| true);
    }
    scene.healthy_within(Duration::from_secs(1));
    assert_eq!(scene.server.get("/small.txt").status, 200);
    for listener in &mut listeners {
        listener.wait_for_reply(|reply| reply["path"] == "/small.txt");
        listener.wait_for("counts", |counts| counts["complete"] == 1);
    }
    scene.healthy_within(Duration::from_secs(1));
    scene.server.stop();
}

#[test]
fn too_many_streams_are_refused_until_one_is_closed() {
    // A quarter of its descriptors is for streams.
    let scene = Scene::of(Start::by("prlimit", &["--nofile=256:256"]), &[]);
    let mut listeners: Vec<Listener> = (0..64).map(|_| scene.listener()).collect();
    let refused = scene.refused().expect("one too many");
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(
        refused.contains("\r\nRetry-After: ") && refused.contains("event streams"),
        "{refused}"
    );
    scene.healthy_within(Duration::from_secs(1));
    assert_eq!(scene.server.get("/small.txt").status, 200);
    listeners.pop();
    wait_until("there is room again", || scene.refused().is_none());
    scene.server.stop();
}

#[test]
fn streams_end_with_the_server_and_do_not_keep_it() {
    let scene = Scene::with(&[]);
    let mut listeners: Vec<Listener> = (0..10).map(|_| scene.listener()).collect();
    for listener in &mut listeners {
        listener.wait_for("hello", |_| true);
    }
    let began = Instant::now();
    scene.server.stop();
    for listener in &mut listeners {
        listener.wait_for_the_end();
    }
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn another_token_ends_the_streams_of_the_old_one() {
    let config = Folder::new();
    let say = |token: &str| {
        config.file(
            "tallyd.toml",
            format!("admin-token = \"{token}\"\n").as_bytes(),
        )
    };
    let file = say("0123456789abcdef");
    let scene = Scene::of(Start::bare(), &["-c", file.to_str().unwrap()]);
    let request = "GET /api/v1/events HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n";
    let mut listener = Listener::asking(scene.admin, request.as_bytes());
    listener.wait_for("hello", |_| true);
    say("fedcba9876543210");
    scene.server.signal(Signal::HUP);
    scene.server.stderr.wait_for_text("configuration reloaded");
    scene.server.get("/small.txt");
    listener.wait_for_the_end();
    scene.server.stop();
}
