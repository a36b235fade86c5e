//! The browser server: the flags of older servers, a page in Chromium, error pages, rights, keep-alive.

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::support::{Browser, Folder, Start, Tallyd, project, read_replies, read_to_end};

#[test]
fn the_flags_of_older_servers_are_understood_and_repeated() {
    let folder = Folder::new();
    folder.file("site/index.html", b"the index");
    let (server, port) = on_a_free_port(|port| {
        let flags = ["-document_root", "./site", "-port", port];
        Start::bare().args(&flags).within(folder.path())
    });
    let line = server.stdout.wait_for_text("http://127.0.0.1:");
    let end = format!("site at http://127.0.0.1:{port}/");
    assert!(line.ends_with(&end), "{line}");
    assert_eq!(server.get("/").text(), "the index");
    server.stop();
}

/// On all addresses a port that was free a moment ago may be taken by a client of another test: then
/// another one is tried.
fn on_a_free_port(start: impl Fn(&str) -> Start) -> (Tallyd, String) {
    for _ in 0..5 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        drop(listener);
        let server = start(&port).spawn();
        if server.stdout.find(0, |_| true).is_some() {
            return (server, port);
        }
        assert!(server.ended().stderr[0].contains("is taken"));
    }
    panic!("five ports were taken");
}

#[test]
fn the_gallery_loads_whole_in_chromium() {
    let server = Start::serving(project().join("www"))
        .args(&["--log-format", "common"])
        .start();
    let mut browser = Browser::start();
    let page = browser.open(&server.url("/gallery/"));
    assert_eq!(page.failures, Vec::<String>::new());
    let wrong = page.responses.iter().filter(|(_, status)| *status != 200);
    assert_eq!(wrong.count(), 0, "{:#?}", page.responses);

    let pictures = browser.evaluate(
        "[...document.images].map(image => [image.getAttribute('src'), image.complete,
            image.naturalWidth, image.naturalHeight])",
    );
    let expected = serde_json::json!([
        ["pictures/seven-ridges.jpg", true, 1200, 800],
        ["pictures/northern-lake.jpg", true, 1200, 800],
        ["pictures/harbour-light.svg", true, 1200, 800],
        ["pictures/contour-island.png", true, 1000, 720],
        ["pictures/orrery.gif", true, 400, 400],
        ["pictures/orrery-still.png", true, 400, 400],
    ]);
    assert_eq!(pictures, expected);
    let script = "document.getElementById('loaded').hidden === false";
    assert_eq!(browser.evaluate(script), true, "main.js has not run");
    let style = "[...document.styleSheets].some(sheet => sheet.href && sheet.cssRules.length > 0)
        && getComputedStyle(document.querySelector('.pictures')).display === 'grid'";
    assert_eq!(browser.evaluate(style), true, "main.css is not applied");

    for file in [
        "/gallery/",
        "/gallery/pictures/seven-ridges.jpg",
        "/gallery/pictures/northern-lake.jpg",
        "/gallery/pictures/harbour-light.svg",
        "/gallery/pictures/contour-island.png",
        "/gallery/pictures/orrery.gif",
        "/gallery/pictures/orrery-still.png",
        "/assets/style/main.css",
        "/assets/script/main.js",
    ] {
        was_fetched(&server, file);
    }
    drop(browser);
    server.stop();
}

fn was_fetched(server: &Tallyd, path: &str) {
    let request = format!("\"GET {path} HTTP/1.1\" 200 ");
    server.stdout.wait_for_text(&request);
}

#[test]
fn error_pages_come_from_their_folder() {
    let folder = Folder::with_index();
    folder.file("secret.txt", b"not for you");
    folder.mode("secret.txt", 0o000);
    std::os::unix::fs::symlink("/proc/self/mem", folder.join("unreadable.txt")).unwrap();
    let pages = Folder::new();
    for status in [400, 403, 404, 500] {
        pages.file(
            format!("{status}.html"),
            format!("our own {status}").as_bytes(),
        );
    }
    let server = Start::without_rights()
        .arg(folder.path())
        .args(&["--listen", "127.0.0.1:0", "--symlinks", "follow"])
        .arg("--error-pages")
        .arg(pages.path())
        .start();
    for (target, status) in [
        ("/%zz", 400),
        ("/secret.txt", 403),
        ("/missing", 404),
        ("/unreadable.txt", 500),
    ] {
        let reply = server.get(target);
        assert_eq!(
            (reply.status, reply.text()),
            (status, format!("our own {status}"))
        );
        assert_eq!(
            reply.field("Content-Type"),
            Some("text/html; charset=utf-8")
        );
    }
    let malformed = server.ask("GET / HTTP/1.1\r\nno colon here\r\n\r\n");
    assert_eq!(
        (malformed.status, malformed.text()),
        (400, "our own 400".to_owned())
    );
    server.stop();
}

#[test]
fn the_error_pages_of_the_examples_are_complete() {
    let folder = Folder::with_index();
    let server = Start::serving(folder.path())
        .arg("--error-pages")
        .arg(project().join("examples/error-pages"))
        .start();
    let reply = server.get("/missing");
    let page = std::fs::read_to_string(project().join("examples/error-pages/404.html")).unwrap();
    assert_eq!((reply.status, reply.text()), (404, page));
    server.stop();
}

#[test]
fn a_file_that_the_server_may_not_read_is_403() {
    let folder = Folder::with_index();
    folder.file("secret.txt", b"not for you");
    folder.mode("secret.txt", 0o000);
    folder.file("closed/inside.txt", b"not for you either");
    folder.mode("closed", 0o000);
    let server = Start::without_rights()
        .arg(folder.path())
        .args(&["--listen", "127.0.0.1:0"])
        .start();
    assert_eq!(server.get("/secret.txt").status, 403);
    assert_eq!(server.get("/closed/inside.txt").status, 403);
    folder.mode("secret.txt", 0o644);
    assert_eq!(server.get("/secret.txt").text(), "not for you");
    // So that the folder can be removed by whoever runs the test.
    folder.mode("closed", 0o755);
    server.stop();
}

#[test]
fn keep_alive_ends_after_three_seconds() {
    let folder = Folder::with_index();
    let server = Start::serving(folder.path()).start();
    let mut stream = server.connect();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(read_replies(&mut stream, 1)[0].status, 200);
    let idle = Instant::now();
    let rest = read_to_end(&mut stream);
    let waited = idle.elapsed();
    assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest));
    let expected = Duration::from_millis(2800)..Duration::from_secs(10);
    assert!(expected.contains(&waited), "kept for {waited:?}");
    server.stop();
}

#[test]
fn a_reply_has_type_length_date_and_says_that_it_takes_ranges() {
    let folder = Folder::with_index();
    let server = Start::serving(folder.path()).start();
    let reply = server.get("/index.html");
    assert_eq!(
        reply.field("Content-Type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(reply.field("Content-Length"), Some("36"));
    assert_eq!(reply.field("Accept-Ranges"), Some("bytes"));
    let date = reply.field("Date").expect("a Date");
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
    server.stop();
}
