//! Starting: what keeps the server from it is said, with what to do.

use std::net::TcpListener;

use crate::support::{Folder, Start};

/// It ends with 1, printed nothing, and said all of `words`.
fn fails(start: Start, words: &[&str]) {
    let ended = start.run();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.stdout.is_empty(), "{ended:#?}");
    let said = ended.stderr.join("\n");
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_and_what_to_do() {
    let folder = Folder::with_index();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let at = format!("127.0.0.1:{port}");
    let start = Start::bare().arg(folder.path()).args(&["--listen", &at]);
    fails(
        start,
        &[&format!("port {port} is taken"), "--port", "--port 0"],
    );
    let start = Start::bare().arg(folder.path()).args(&["--port", &port]);
    fails(start, &[&format!("port {port} is taken")]);
}

#[test]
fn two_servers_do_not_share_a_port() {
    let folder = Folder::with_index();
    let first = Start::serving(folder.path()).start();
    let at = first.address().to_string();
    let second = Start::bare().arg(folder.path()).args(&["--listen", &at]);
    fails(second, &["is taken"]);
    assert_eq!(first.get("/").status, 200);
    first.stop();
}

#[test]
fn a_root_that_is_missing_or_no_directory_is_named() {
    let folder = Folder::with_index();
    let missing = folder.join("missing");
    let name = missing.display().to_string();
    fails(Start::serving(&missing), &["there is no directory", &name]);
    let file = folder.join("index.html");
    let name = file.display().to_string();
    fails(Start::serving(&file), &[&name, "is not a directory"]);
}

#[test]
fn a_root_that_may_not_be_read_is_named() {
    let folder = Folder::with_index();
    folder.mode(".", 0o000);
    let start = Start::without_rights()
        .arg(folder.path())
        .args(&["--listen", "127.0.0.1:0"]);
    fails(
        start,
        &["not allowed to read", &folder.path().display().to_string()],
    );
    folder.mode(".", 0o755);
}

#[test]
fn an_access_log_that_cannot_be_opened_is_named() {
    let folder = Folder::with_index();
    let log = folder.join("missing/access.log");
    let start = Start::serving(folder.path()).arg("--access-log").arg(&log);
    fails(start, &[&log.display().to_string(), "--access-log"]);
}

#[test]
fn the_first_lines_name_every_address() {
    let folder = Folder::with_index();
    let server = Start::serving(folder.path())
        .args(&["--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0"])
        .start();
    server.get("/");
    let lines = server.stop().stdout;
    let root = folder.path().display();
    for (line, address) in lines.iter().zip(["127.0.0.1", "127.0.0.1", "127.0.0.2"]) {
        let begin = format!("Serving {root} at http://{address}:");
        assert!(line.starts_with(&begin), "{lines:#?}");
    }
    assert!(lines[3].starts_with("/index.html|"), "{lines:#?}");
}
