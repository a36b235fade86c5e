//! The configured server: `examples/classic.toml`, with its root and port said by flags.

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use tallyd_load::{Connection, Request};

use crate::support::{Ended, Folder, Program, Start, project};

/// Served with `examples/classic.toml`.
fn classic(folder: &Folder) -> Start {
    let example = project().join("examples/classic.toml");
    Start::serving(folder.path()).arg("--config").arg(example)
}

fn refused(ended: &Ended, words: &[&str]) {
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(ended.stdout.is_empty(), "it serves: {ended:#?}");
    let said = ended.stderr.join("\n");
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
}

#[test]
fn the_example_serves_the_sample_site_as_it_is() {
    let server = Start::bare()
        .arg("--config")
        .arg(project().join("examples/classic.toml"))
        .args(&["--listen", "127.0.0.1:0"])
        .start();
    let page = Program::curl(&[&server.url("/")]).output();
    assert!(page.contains("<title>"), "{page}");
    server.stop();
}

#[test]
fn a_port_that_is_none_is_refused() {
    let folder = Folder::with_index();
    let example = project().join("examples/classic.toml");
    for port in ["99999", "-1", "http", ""] {
        let start = Start::bare()
            .arg("--config")
            .arg(&example)
            .arg(folder.path());
        let ended = start.args(&["--port", port]).run();
        refused(&ended, &["--port", "is not a port"]);
    }
}

#[test]
fn a_port_under_1024_is_refused_and_says_how_to_allow_it() {
    let folder = Folder::with_index();
    let config = folder.file("low.toml", b"root = \".\"\nport = 80\n");
    let ended = Start::bare().arg("-c").arg(config).run();
    refused(
        &ended,
        &["low.toml:2:8", "80", "1024", "allow-privileged-port"],
    );
}

#[test]
fn a_broken_configuration_is_refused_with_file_line_and_column() {
    let folder = Folder::with_index();
    for (text, place, word) in [
        ("root = \".\"\nporrt = 1\n", "2:1", "did you mean \"port\"?"),
        ("port = = 1\n", "1:8", ""),
        ("keep-alive = \"soon\"\n", "1:14", "\"soon\" is not a time"),
        ("[types]\nhtml = 3\n", "2:8", "expected text"),
    ] {
        let config = folder.file("broken.toml", text.as_bytes());
        let ended = Start::bare().arg("-c").arg(config).run();
        refused(&ended, &[&format!("broken.toml:{place}: "), word]);
    }
}

#[test]
fn requests_that_are_wrong_get_their_status() {
    let folder = Folder::with_index();
    folder.file("private.xyz", b"of a type that is not listed");
    folder.file("docs/index.htm", b"the second name");
    let server = classic(&folder).start();
    for (request, status) in [
        ("GET / HTTP/1.1", 200),
        ("GET / HTTP/1.0", 200),
        ("HEAD /index.html HTTP/1.1", 200),
        ("OPTIONS / HTTP/1.1", 204),
        ("GET /../outside HTTP/1.1", 400),
        ("GET /%zz HTTP/1.1", 400),
        ("GET /a%00b HTTP/1.1", 400),
        ("GET no-slash HTTP/1.1", 400),
        ("GET / HTTP/2.0", 400),
        ("GET / HTTP/1.2", 400),
        ("GET / HTTP/0.9", 400),
        ("GET / HTP/1.1", 400),
        ("GET /missing.html HTTP/1.1", 404),
        ("GET /missing.xyz HTTP/1.1", 404),
        ("GET /private.xyz HTTP/1.1", 501),
        ("PUT /index.html HTTP/1.1", 501),
        ("DELETE /index.html HTTP/1.1", 501),
        ("PATCH /index.html HTTP/1.1", 501),
        ("TRACE / HTTP/1.1", 501),
        ("BREW /index.html HTTP/1.1", 501),
        ("GET /docs/ HTTP/1.1", 200),
    ] {
        let close = "Host: localhost\r\nConnection: close\r\n\r\n";
        let reply = server.ask(format!("{request}\r\n{close}"));
        assert_eq!(reply.status, status, "{request}: {}", reply.head);
    }
    assert_eq!(server.get("/docs/").text(), "the second name");
    server.stop();
}

#[test]
fn post_is_answered_as_get() {
    let folder = Folder::with_index();
    let server = classic(&folder).start();
    let url = server.url("/index.html");
    let got = Program::curl(&["-i", &url]).output();
    let posted = Program::curl(&["-i", "--data", "a=b&c=d", &url]).output();
    let without_date = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("Date:"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_date(&posted), without_date(&got));
    assert!(posted.starts_with("HTTP/1.1 200 OK"), "{posted}");
    server.stop();
}

/// A file that opens and can't be read: the first page of a process is never mapped, so reading it is an
/// error of the system (EIO).
#[test]
fn an_error_inside_a_request_is_500_and_the_next_is_answered() {
    let folder = Folder::with_index();
    symlink("/proc/self/mem", folder.join("unreadable.txt")).unwrap();
    let server = classic(&folder).args(&["--symlinks", "follow"]).start();
    let mut connection = Connection::open(server.address()).unwrap();
    let statuses = ["/unreadable.txt", "/index.html"].map(|target| {
        let response = connection.request(&Request::get(target)).unwrap();
        response.status
    });
    assert_eq!((statuses, connection.opened()), ([500, 200], 1));
    server.stderr.wait_for("what went wrong", |line| {
        line.contains("/unreadable.txt") && line.contains("Input/output error")
    });
    server.stop();
}

#[test]
fn a_connection_takes_100_files_and_one_100_times_and_is_then_opened_anew() {
    let folder = Folder::with_index();
    let name = |number: usize| format!("files/{number}.txt");
    let text = |number: usize| format!("the file with number {number}\n").repeat(number);
    for number in 0..100 {
        folder.file(name(number), text(number).as_bytes());
    }
    let server = classic(&folder).args(&["--log-level", "debug"]).start();
    let mut connection = Connection::open(server.address()).unwrap();
    for number in 0..100 {
        let request = Request::get(&format!("/{}", name(number)));
        let response = connection.request(&request).unwrap();
        assert_eq!(response.status, 200);
        assert_eq!(response.body, text(number).into_bytes());
    }
    for _ in 0..100 {
        let response = connection.request(&Request::get("/index.html")).unwrap();
        assert_eq!(response.status, 200);
    }
    assert_eq!(connection.opened(), 1);
    let idle = Instant::now();

    server
        .stderr
        .wait_for_text("closed, requests answered: 200");
    let waited = idle.elapsed();
    let expected = Duration::from_millis(2800)..Duration::from_secs(10);
    assert!(expected.contains(&waited), "kept for {waited:?}, not 3 s");

    let response = connection.request(&Request::get("/index.html")).unwrap();
    assert_eq!((response.status, connection.opened()), (200, 2));
    assert!(server.hits(201)[200].ends_with("|101"));
    server.stop();
}
