//! The access log: each format through the real server, what a client cannot forge, rotation, levels.

use std::fs;
use std::io::{Read, Write};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Folder, Program, Start, Tallyd, noise, open, wait_until};

/// What a client could send to close a quote, to look like another line, or to colour a terminal.
const FORGED: &str = "a\" 200 1 \"\\n\t127.0.0.1 - - \u{e9}";

fn start(folder: &Folder, format: &str) -> Tallyd {
    Start::serving(folder.path())
        // One worker writes the lines of all connections in the order of their replies.
        .args(&["--log-format", format, "--workers", "1"])
        .start()
}

/// Asks for the index as a client with a forged name.
fn ask_forged(server: &Tallyd) {
    let head = format!("Host: localhost\r\nUser-Agent: {FORGED}\r\nReferer: \"r\"\r\n");
    let reply = server.ask(format!(
        "GET /?a=\"b HTTP/1.1\r\n{head}Connection: close\r\n\r\n"
    ));
    assert_eq!(reply.status, 200);
}

/// The line of the log for that, once it is there; the server ends.
fn line_of_forged(format: &str) -> String {
    let folder = Folder::with_index();
    let server = start(&folder, format);
    ask_forged(&server);
    let lines = server.stop().stdout;
    assert_eq!(lines.len(), 2, "one request, one line: {lines:#?}");
    lines[1].clone()
}

/// The text behind `[time]`, which is looked at too.
fn behind_time(line: &str) -> String {
    let (begin, rest) = line.split_once(" [").expect("a time");
    let (time, rest) = rest.split_once("] ").expect("the end of the time");
    assert_eq!(begin, "127.0.0.1 - -");
    assert_eq!(time.len(), "20/Nov/2026:11:42:47 +0000".len(), "{time}");
    rest.to_owned()
}

#[test]
fn tally_is_path_client_port_number() {
    let line = line_of_forged("tally");
    let words: Vec<&str> = line.split('|').collect();
    assert_eq!(
        (words[0], words[1], words[3]),
        ("/index.html", "127.0.0.1", "1")
    );
    assert_eq!(words.len(), 4, "{line}");
}

#[test]
fn common_is_what_log_readers_know() {
    let expected = r#""GET /?a=\x22b HTTP/1.1" 200 36"#;
    assert_eq!(behind_time(&line_of_forged("common")), expected);
}

#[test]
fn combined_escapes_what_a_client_could_forge() {
    let expected = concat!(
        r#""GET /?a=\x22b HTTP/1.1" 200 36 "\x22r\x22" "#,
        r#""a\x22 200 1 \x22\x5Cn\x09127.0.0.1 - - \xC3\xA9""#
    );
    assert_eq!(behind_time(&line_of_forged("combined")), expected);
}

#[test]
fn json_has_the_same_texts_exactly() {
    let line = line_of_forged("json");
    let entry: Value = serde_json::from_str(&line).expect("JSON");
    for (key, value) in [
        ("client", "127.0.0.1"),
        ("method", "GET"),
        ("host", "localhost"),
        ("target", "/?a=\"b"),
        ("path", "/index.html"),
        ("protocol", "HTTP/1.1"),
        ("outcome", "complete"),
        ("referrer", "\"r\""),
        ("agent", FORGED),
    ] {
        assert_eq!(entry[key], value, "{key} in {line}");
    }
    assert_eq!(
        (&entry["status"], &entry["bytes"], &entry["hit"]),
        (&200.into(), &36.into(), &1.into())
    );
    assert!(
        entry["port"].as_u64().is_some() && entry["duration"].as_f64().is_some(),
        "{line}"
    );
    assert!(
        entry["time"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z')),
        "{line}"
    );
}

#[test]
fn json_tells_ranges_misses_and_refusals() {
    let folder = Folder::with_index();
    let server = start(&folder, "json");
    server.ask("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=2-5\r\nConnection: close\r\n\r\n");
    server.get("/missing");
    server.ask("GET / HTTP/1.1\r\nno colon\r\n\r\n");
    let lines = server.stop().stdout;
    let entries: Vec<Value> = lines[1..]
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [range, missing, refused] = &entries[..] else {
        panic!("{lines:#?}");
    };
    assert_eq!(
        (&range["status"], &range["bytes"], &range["hit"]),
        (&206.into(), &4.into(), &1.into())
    );
    assert_eq!(range["range"], "bytes=2-5");
    assert_eq!(
        (&missing["status"], missing.get("hit")),
        (&404.into(), None)
    );
    assert_eq!(
        (&refused["status"], refused.get("hit")),
        (&400.into(), None)
    );
}

#[test]
fn a_download_that_is_left_is_aborted_with_the_bytes_that_were_taken() {
    let folder = Folder::new();
    folder.file("large.bin", &noise(20_112_698, 23));
    let server = start(&folder, "json");
    let mut client = open(server.address());
    client
        .write_all(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut begin = [0; 1000];
    client.read_exact(&mut begin).unwrap();
    // Closing with unread bytes resets the connection.
    drop(client);
    let line = server.stdout.wait_for_text("/large.bin");
    let entry: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&entry["outcome"], &entry["hit"]),
        (&"aborted".into(), &1.into())
    );
    let bytes = entry["bytes"].as_u64().unwrap();
    assert!((1..20_112_698).contains(&bytes), "{line}");
    server.stop();
}

#[test]
fn after_usr1_lines_go_to_a_new_file_of_the_same_name() {
    let folder = Folder::with_index();
    let logs = Folder::new();
    let (log, moved) = (logs.join("access.log"), logs.join("access.log.1"));
    let server = Start::serving(folder.path())
        .arg("--access-log")
        .arg(&log)
        .start();
    let has_hit = |file: &std::path::Path, number: u64| {
        let end = format!("|{number}\n");
        wait_until(&format!("hit {number} in {}", file.display()), || {
            fs::read_to_string(file).is_ok_and(|text| text.ends_with(&end))
        });
    };
    server.get("/");
    has_hit(&log, 1);
    fs::rename(&log, &moved).unwrap();
    server.get("/");
    has_hit(&moved, 2);
    server.signal(Signal::USR1);
    server.stderr.wait_for_text("access log reopened");
    server.get("/");
    has_hit(&log, 3);
    assert_eq!(fs::read_to_string(&moved).unwrap().lines().count(), 2);
    assert_eq!(fs::read_to_string(&log).unwrap().lines().count(), 1);
    server.stop();
}

#[test]
fn debug_names_the_worker_when_connections_open_and_close() {
    let folder = Folder::with_index();
    let server = Start::serving(folder.path())
        .args(&["--log-level", "debug", "--workers", "1"])
        .start();
    // curl prints the port twice: both requests take the same connection.
    let url = server.url("/");
    let args = ["-o", "/dev/null", "-o", "/dev/null", "-w", "%{local_port} "];
    let ports = Program::curl(&args).args(&[&url, &url]).output();
    let (port, same) = ports.trim().split_once(' ').expect("two ports");
    assert_eq!(port, same);
    let connection = format!("worker-0: connection from 127.0.0.1:{port}");
    let said = &server.stderr;
    said.wait_for_text(&format!("{connection} opened"));
    said.wait_for_text(&format!("{connection} closed, requests answered: 2"));
    server.get("/");
    said.wait_for_text("closed, requests answered: 1");
    server.stop();
}

#[test]
fn at_the_usual_level_connections_are_not_spoken_of() {
    let folder = Folder::with_index();
    let server = Start::serving(folder.path()).start();
    server.get("/");
    let said = server.stop().stderr;
    assert!(
        !said.iter().any(|line| line.contains("connection")),
        "{said:#?}"
    );
}
