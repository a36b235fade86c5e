//! HUP: another configuration without losing a connection, or the old one and a message.

use std::fs;
use std::net::{SocketAddr, TcpStream};

use rustix::process::Signal;
use tallyd_load::{Connection, Request};

use crate::support::{Folder, Program, Start, Tallyd, noise, unused_address, wait_until};

/// A server with a configuration file, which the test may change.
struct Configured {
    folder: Folder,
    server: Tallyd,
}

impl Configured {
    fn start(config: &str) -> Configured {
        let folder = Folder::with_index();
        folder.file("sub/page.html", b"a page");
        let file = folder.file("tallyd.toml", config.as_bytes());
        let server = Start::bare().arg("-c").arg(file).start();
        Configured { folder, server }
    }

    /// Writes the file anew, and waits for what the server `says` to that.
    fn reload(&self, config: &str, says: &str) {
        self.folder.file("tallyd.toml", config.as_bytes());
        let before = self.server.stderr.count();
        self.server.signal(Signal::HUP);
        let is_it = |line: &str| line.contains(says);
        self.server.stderr.wait_after(before, says, is_it);
    }
}

const PLAIN: &str = "root = \".\"\nlisten = [\"127.0.0.1:0\"]\n";
const RELOADED: &str = "configuration reloaded";
const NOT_RELOADED: &str = "not reloaded, the old configuration stays";

fn with(more: &str) -> String {
    format!("{PLAIN}{more}\n")
}

fn status(connection: &mut Connection, target: &str) -> u16 {
    connection.request(&Request::get(target)).unwrap().status
}

#[test]
fn what_changes_is_in_force_for_the_next_request_of_an_open_connection() {
    let it = Configured::start(&with("keep-alive = \"1m\""));
    let mut connection = Connection::open(it.server.address()).unwrap();
    assert_eq!(status(&mut connection, "/sub/"), 404);
    it.reload(&with("listing = true\nkeep-alive = \"1m\""), RELOADED);
    assert_eq!(status(&mut connection, "/sub/"), 200);
    assert_eq!(connection.opened(), 1);
    it.server.stop();
}

#[test]
fn hit_numbers_go_on() {
    let it = Configured::start(PLAIN);
    assert_eq!(it.server.get("/").status, 200);
    it.server.hits(1);
    it.reload(&with("listing = true"), RELOADED);
    assert_eq!(it.server.get("/").status, 200);
    assert!(it.server.hits(2)[1].ends_with("|2"));
    it.server.stop();
}

#[test]
fn a_running_download_ends_whole() {
    let it = Configured::start(PLAIN);
    it.folder.file("large.bin", &noise(20_112_698, 3));
    let url = it.server.url("/large.bin");
    let wget = Program::wget(&["--server-response", "--limit-rate=4m", "-O", "copy", &url]);
    let download = wget.within(it.folder.path()).start();
    download.stderr().wait_for_text("200 OK");
    for _ in 0..3 {
        it.reload(&with("listing = true"), RELOADED);
        it.reload(PLAIN, RELOADED);
    }
    let lines = it.server.stdout.all();
    assert_eq!(lines.len(), 1, "it had ended before: {lines:#?}");
    let done = download.finish();
    assert_eq!(done.code, Some(0), "{done:?}");
    let files = ["large.bin", "copy"].map(|name| it.folder.join(name));
    Program::new("cmp").arg(&files[0]).arg(&files[1]).output();
    it.server.stop();
}

#[test]
fn a_broken_configuration_is_said_and_the_old_one_stays() {
    let it = Configured::start(&with("listing = true"));
    let mut connection = Connection::open(it.server.address()).unwrap();
    assert_eq!(status(&mut connection, "/sub/"), 200);
    it.reload("porrt = 1\n", NOT_RELOADED);
    it.server
        .stderr
        .wait_for_text("tallyd.toml:1:1: unknown key \"porrt\"");
    assert_eq!(status(&mut connection, "/sub/"), 200);
    assert_eq!(connection.opened(), 1);
    it.server.stop();
}

#[test]
fn a_configuration_that_cannot_be_served_changes_nothing() {
    let it = Configured::start(&with("listing = true"));
    let address = unused_address();
    let taken = std::net::TcpListener::bind(address).unwrap();
    for (wrong, message) in [
        ("root = \"missing\"\n".to_owned(), "there is no directory"),
        (
            format!("root = \".\"\nlisten = [\"{address}\"]\n"),
            "is taken",
        ),
        (with("access-log = \"missing/access.log\""), "access log"),
    ] {
        it.reload(&wrong, NOT_RELOADED);
        it.server.stderr.wait_for_text(message);
        assert_eq!(it.server.get("/sub/").status, 200, "{wrong}");
    }
    drop(taken);
    it.server.stop();
}

#[test]
fn listeners_come_and_go() {
    let (first, second) = (unused_address(), unused_address());
    let listening = |addresses: &[SocketAddr]| {
        let quoted: Vec<String> = addresses.iter().map(|at| format!("\"{at}\"")).collect();
        format!(
            "root = \".\"\nkeep-alive = \"1m\"\nlisten = [{}]\n",
            quoted.join(", ")
        )
    };
    let it = Configured::start(&listening(&[first]));
    let mut old = Connection::open(first).unwrap();
    assert_eq!(status(&mut old, "/"), 200);
    assert!(TcpStream::connect(second).is_err());

    it.reload(&listening(&[first, second]), RELOADED);
    let mut new = Connection::open(second).unwrap();
    assert_eq!(status(&mut new, "/"), 200);

    it.reload(&listening(&[second]), RELOADED);
    wait_until("the first address is closed", || {
        TcpStream::connect(first).is_err()
    });
    assert_eq!(status(&mut old, "/"), 200);
    assert_eq!(status(&mut new, "/"), 200);
    assert_eq!((old.opened(), new.opened()), (1, 1));
    it.server.stop();
}

#[test]
fn the_log_can_be_changed() {
    let it = Configured::start(PLAIN);
    it.server.get("/");
    it.server.hits(1);
    let log = "access-log = \"access.log\"\nlog-format = \"common\"";
    it.reload(&with(log), RELOADED);
    it.server.get("/sub/page.html");
    let log = it.folder.join("access.log");
    wait_until("the line is in the file", || {
        fs::read_to_string(&log)
            .is_ok_and(|text| text.contains("\"GET /sub/page.html HTTP/1.1\" 200 6"))
    });
    let ended = it.server.stop();
    assert!(
        !ended.stdout.iter().any(|line| line.contains("page.html")),
        "{ended:#?}"
    );
}
