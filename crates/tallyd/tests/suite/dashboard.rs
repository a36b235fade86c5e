//! The dashboard and its API as programs meet them: the same numbers as `tallyd stats` and the ledger, whatever is
//! asked for, and whatever happens to the ledger. What people see is tested in a browser, in `browser/`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::counts::ledger::{Counted, Ledger};
use crate::support::{Folder, Program, Reply, Start, Tallyd, exchange};

/// A server with counts in `state`, and where its dashboard is.
fn start(folder: &Folder, state: &Path, more: &[&str]) -> (Tallyd, SocketAddr) {
    let start = Start::serving(folder.path()).args(&["--admin", "127.0.0.1:0"]);
    let server = start.args(more).state(state).start();
    let line = server.stderr.wait_for_text("dashboard at http://");
    let (_, address) = line.split_once("http://").unwrap();
    let address = address.trim_end_matches('/').parse().unwrap();
    (server, address)
}

fn get(admin: SocketAddr, target: &str) -> Reply {
    let head = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    exchange(admin, head.as_bytes(), 1).remove(0)
}

fn json(admin: SocketAddr, target: &str) -> Value {
    let reply = get(admin, target);
    assert_eq!(reply.status, 200, "{target}: {}", reply.text());
    serde_json::from_str(&reply.text()).expect(target)
}

fn stats(state: &Path, args: &[&str]) -> String {
    let program = Program::new(env!("CARGO_BIN_EXE_tallyd")).arg("stats");
    program.arg("--state").arg(state).args(args).output()
}

/// A folder with two files, of which one was asked for three times and the other once.
fn asked_for(state: &Path) -> (Folder, Tallyd, SocketAddr) {
    let folder = Folder::with_index();
    folder.file("a b.txt", b"four");
    let (server, admin) = start(&folder, state, &[]);
    for target in ["/a%20b.txt", "/a%20b.txt", "/a%20b.txt", "/", "/none"] {
        server.get(target);
    }
    let ledger = Ledger::of(state);
    let counted = Counted {
        downloads: 1,
        repeats: 2,
        ..Counted::complete(3, 12)
    };
    ledger.wait_for("/a b.txt", counted);
    let missed = "SELECT coalesce(sum(requests), 0) FROM missing";
    crate::support::wait_until("the 404 is posted", || ledger.number(missed) == 1);
    (folder, server, admin)
}

#[test]
fn the_api_says_what_stats_says() {
    let state = Folder::new();
    let (_folder, server, admin) = asked_for(state.path());
    for (target, args) in [
        ("/api/v1/overview", &["--json"][..]),
        (
            "/api/v1/overview?limit=1&sort=hits",
            &["--json", "--limit", "1", "--sort", "hits"],
        ),
        (
            "/api/v1/overview?since=2000-01-01&until=2000-01-02",
            &["--json", "--since", "2000-01-01", "--until", "2000-01-02"],
        ),
        ("/api/v1/file?path=%2Fa%20b.txt", &["/a b.txt", "--json"]),
        (
            "/api/v1/file?path=/a+b.txt&format=csv",
            &["/a b.txt", "--csv"],
        ),
        ("/api/v1/files?format=csv", &["--csv"]),
    ] {
        let said = get(admin, target).text();
        let said: Vec<&str> = said.lines().collect();
        assert_eq!(said.join("\n"), stats(state.path(), args), "{target}");
    }
    server.stop();
}

#[test]
fn files_come_in_pages_and_a_series_adds_up() {
    let state = Folder::new();
    let (_folder, server, admin) = asked_for(state.path());
    let first = json(admin, "/api/v1/files?limit=1&sort=hits");
    assert_eq!(first["files"][0]["path"], "/a b.txt");
    assert_eq!(first["next_offset"], 1);
    let second = json(admin, "/api/v1/files?limit=1&sort=hits&offset=1");
    assert_eq!(second["files"][0]["path"], "/index.html");
    assert_eq!(second["next_offset"], Value::Null);
    let beyond = json(admin, "/api/v1/files?offset=99999999999999999999999");
    assert_eq!(beyond["files"].as_array().unwrap().len(), 0);
    let found = json(admin, "/api/v1/files?search=A%20B");
    assert_eq!(found["files"].as_array().unwrap().len(), 1);
    for (target, points) in [
        ("/api/v1/series?days=7", 7),
        ("/api/v1/series?days=7&path=/a%20b.txt", 7),
        ("/api/v1/series?days=1&unit=day", 1),
    ] {
        let series = json(admin, target);
        let points_of = series["points"].as_array().unwrap();
        assert_eq!(points_of.len(), points, "{target}");
        let hits: u64 = points_of
            .iter()
            .map(|point| point["hits"].as_u64().unwrap())
            .sum();
        let expected = if target.contains("path") { 3 } else { 4 };
        assert_eq!(hits, expected, "{target}");
    }
    let hours = json(admin, "/api/v1/series?days=1");
    assert_eq!(hours["unit"], "hour");
    server.stop();
}

#[test]
fn what_can_not_be_answered_is_refused_in_a_line() {
    let state = Folder::new();
    let (_folder, server, admin) = asked_for(state.path());
    for (target, status) in [
        ("/api/v1/files?limit=0", 400),
        ("/api/v1/files?limt=1", 400),
        ("/api/v1/file", 400),
        ("/api/v1/file?path=/none", 404),
        ("/api/v1/file?path=/%3Cscript%3E", 404),
        ("/api/v1/nothing", 404),
    ] {
        let reply = get(admin, target);
        assert_eq!(reply.status, status, "{target}");
        let error: Value = serde_json::from_str(&reply.text()).expect(target);
        assert_eq!(error["status"], status, "{target}");
        assert!(error["error"].as_str().unwrap().len() > 5, "{target}");
    }
    for (target, status, word) in [
        ("/?days=0", 400, "Days is a number"),
        ("/files?sort=colour", 400, "Sort is one of"),
        ("/files?page=99999999999999999999", 200, "no page"),
        ("/file?path=/none", 404, "/none"),
        ("/file?path=/a+b.tx", 404, "/file?site=&amp;path=/a%20b.txt"),
        ("/file", 400, "Which file?"),
    ] {
        let reply = get(admin, target);
        assert_eq!(reply.status, status, "{target}");
        assert!(reply.text().contains(word), "{target}: {}", reply.text());
    }
    server.stop();
}

/// A ledger that is locked as a whole, or gone, makes nobody wait for a file, nor for what needs no ledger.
#[test]
fn a_ledger_that_does_not_answer_holds_up_its_pages_only() {
    let state = Folder::new();
    let (_folder, server, admin) = asked_for(state.path());
    let ledger = state.join("ledger.db");
    fs::rename(&ledger, state.join("elsewhere.db")).unwrap();
    for name in ["ledger.db-wal", "ledger.db-shm"] {
        fs::rename(
            state.join(name),
            state.join(name.replace("ledger", "elsewhere")),
        )
        .ok();
    }
    let begun = Instant::now();
    // Connections that are open go on with the file that they have; others say what is wrong.
    let mut seen = 0;
    while seen < 8 {
        let reply = get(admin, "/api/v1/overview");
        assert!(matches!(reply.status, 200 | 503), "{}", reply.text());
        seen += 1;
    }
    assert_eq!(server.get("/").status, 200);
    assert_eq!(get(admin, "/healthz").status, 200);
    assert_eq!(get(admin, "/rules").status, 200);
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    server.kill();
}

#[test]
fn without_state_it_says_that_nothing_is_kept() {
    let folder = Folder::with_index();
    let start = Start::serving(folder.path()).args(&["--admin", "127.0.0.1:0", "--no-state"]);
    let server = start.start();
    let line = server.stderr.wait_for_text("dashboard at http://");
    let (_, address) = line.split_once("http://").unwrap();
    let admin: SocketAddr = address.trim_end_matches('/').parse().unwrap();
    for target in ["/", "/files", "/file?path=/index.html"] {
        let page = get(admin, target);
        assert_eq!(page.status, 200, "{target}");
        assert!(page.text().contains("--no-state"), "{}", page.text());
    }
    for target in ["/api/v1/overview", "/api/v1/files"] {
        let reply = get(admin, target);
        assert_eq!(reply.status, 503, "{target}");
        let said = reply.text();
        assert!(said.contains("counts are not kept"), "{said}");
    }
    server.stop();
}
