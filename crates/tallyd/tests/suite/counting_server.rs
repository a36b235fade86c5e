//! The counting server: `www` is served, wget fetches, and each hit is printed with its number.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{Folder, Program, Start, Tallyd, noise, wait_until};

/// Name, length and media type of what such servers were always asked for.
const FILES: [(&str, usize, &str); 4] = [
    ("page.html", 251, "text/html; charset=utf-8"),
    ("paper.pdf", 7_945, "application/pdf"),
    ("picture.tif", 786_572, "image/tiff"),
    (
        "package.deb",
        20_112_698,
        "application/vnd.debian.binary-package",
    ),
];

/// A folder with those files, random inside, and an index.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("www/index.html", b"<!doctype html><title>counted</title>\n");
    for (seed, (name, length, _)) in FILES.iter().enumerate() {
        folder.file(format!("www/{name}"), &noise(*length, 77 + seed as u64));
    }
    folder
}

/// `tallyd --port 0` beside `www`, as it is called without anything else.
fn start(folder: &Folder) -> Tallyd {
    Start::bare()
        .args(&["--port", "0"])
        .within(folder.path())
        .start()
}

/// Whether the system knows a TCP connection between these ports.
fn connection_exists(client: u16, server: u16) -> bool {
    let ends = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let mut port = || u16::from_str_radix(words.next()?.rsplit_once(':')?.1, 16).ok();
        Some((port()?, port()?))
    };
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .flat_map(fs::read_to_string)
        .any(|table| {
            table
                .lines()
                .any(|line| ends(line) == Some((client, server)))
        })
}

#[test]
fn without_www_it_says_so_and_ends() {
    let empty = Folder::new();
    let ended = Start::bare().within(empty.path()).run();
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    let said = ended.stderr.join("\n");
    assert!(
        said.contains("www") && said.contains("tallyd DIR"),
        "{said}"
    );
    assert!(ended.stdout.is_empty(), "{ended:#?}");
}

#[test]
fn port_0_prints_the_address_and_port_that_the_system_chose() {
    let folder = folder();
    let server = start(&folder);
    let urls = server.urls();
    let port = server.address().port();
    assert!(port >= 1024);
    assert!(
        urls.contains(&format!("http://127.0.0.1:{port}/")),
        "{urls:?}"
    );
    Program::wget(&["-O", "/dev/null", &urls[0]]).output();
    server.stop();
}

#[test]
fn six_wget_print_path_address_port_and_1_to_6() {
    let folder = folder();
    // More than fits the pipe behind wget: it waits there with an open connection, whose port can be seen.
    folder.file("www/index.html", &noise(100_000, 6));
    let server = start(&folder);
    let url = server.url("/index.html");
    for number in 1..=6 {
        let wget = Program::wget(&["-O", "-", &url]).start();
        wget.stdout().hold();
        let lines = server.hits(number);
        let words: Vec<&str> = lines[number - 1].split('|').collect();
        let [path, address, port, hit] = words[..] else {
            panic!("not four parts: {words:?}");
        };
        assert_eq!((path, address), ("/index.html", "127.0.0.1"));
        assert_eq!(hit, number.to_string());
        let port = port.parse().expect("a port");
        // A table that changes while it is read may lack a line: it is read again.
        wait_until(&format!("wget has port {port}"), || {
            connection_exists(port, server.address().port())
        });
        wget.stdout().release();
        assert_eq!(wget.finish().code, Some(0));
    }
    assert_eq!(server.hits(6).len(), 6);
}

#[test]
fn the_printed_port_is_the_one_that_curl_had() {
    let folder = folder();
    let server = start(&folder);
    let url = server.url("/index.html");
    let args = ["-o", "/dev/null", "-w", "%{local_ip}|%{local_port}", &url];
    let client = Program::curl(&args).output();
    assert_eq!(server.hits(1), [format!("/index.html|{client}|1")]);
}

#[test]
fn a_missing_file_is_404_and_not_counted() {
    let folder = folder();
    let server = start(&folder);
    let missing = server.url("/missing.html");
    let done = Program::wget(&["-O", "/dev/null", &missing]).run();
    // wget's exit code 8: the server answered with an error.
    assert_eq!(done.code, Some(8), "{done:?}");
    assert!(done.stderr.contains("404 Not Found"), "{done:?}");
    Program::wget(&["-O", "/dev/null", &server.url("/index.html")]).output();
    let ended_with = server.stop().stdout;
    let hits: Vec<_> = ended_with
        .iter()
        .filter(|line| line.contains('|'))
        .collect();
    assert_eq!(hits.len(), 1, "{hits:?}");
    assert!(hits[0].starts_with("/index.html|") && hits[0].ends_with("|1"));
}

#[test]
fn files_of_every_size_arrive_as_they_are_with_their_type() {
    let folder = folder();
    let server = start(&folder);
    for (name, length, media_type) in FILES {
        let (original, copy) = (folder.join(format!("www/{name}")), folder.join(name));
        let fetch = ["--server-response", "-O", name];
        let url = server.url(&format!("/{name}"));
        let done = Program::wget(&fetch).arg(url).within(folder.path()).run();
        assert_eq!(done.code, Some(0), "{done:?}");
        Program::new("cmp").arg(&original).arg(&copy).output();
        for expected in [
            "HTTP/1.1 200 OK".to_owned(),
            format!("Content-Type: {media_type}"),
            format!("Content-Length: {length}"),
        ] {
            let found = done.stderr.lines().any(|line| line.trim() == expected);
            assert!(found, "no {expected}: {}", done.stderr);
        }
    }
}

#[test]
fn date_and_last_modified_are_right() {
    let folder = folder();
    let modified = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let page = fs::File::options()
        .write(true)
        .open(folder.join("www/page.html"));
    page.unwrap().set_modified(modified).unwrap();
    let server = start(&folder);
    let before = seconds(SystemTime::now());
    let reply = server.get("/page.html");
    let after = seconds(SystemTime::now());
    // The example of RFC 9110 5.6.7.
    assert_eq!(
        reply.field("Last-Modified"),
        Some("Sun, 06 Nov 1994 08:49:37 GMT")
    );
    assert_eq!(reply.field("Content-Length"), Some("251"));
    let date = reply.field("Date").expect("a Date");
    let read = Program::new("date")
        .args(&["-u", "-d", date, "+%s"])
        .output();
    let date: u64 = read.trim().parse().unwrap();
    assert!((before..=after).contains(&date), "{before} {date} {after}");
    let copy = folder.join("copy");
    let wget = Program::wget(&["-O", "copy"]).within(folder.path());
    wget.arg(server.url("/page.html")).output();
    assert_eq!(
        fs::File::open(copy)
            .unwrap()
            .metadata()
            .unwrap()
            .modified()
            .unwrap(),
        modified
    );
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_secs()
}
