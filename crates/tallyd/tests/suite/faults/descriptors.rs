//! Out of file descriptors: accepting pauses, who is connected is served, and it is over when it is over.

use std::io::Write;
use std::net::TcpStream;

use super::{ask_on, eventually, get};
use crate::support::{Folder, Start, Tallyd, open, read_replies};

const MESSAGE: &str = "cannot accept connections";

/// A server that may have 64 descriptors.
fn server(folder: &Folder) -> Tallyd {
    let start = Start::by("prlimit", &["--nofile=64:64"]);
    let flags = [
        "--listen",
        "127.0.0.1:0",
        "--workers",
        "1",
        "--keep-alive",
        "10m",
    ];
    start.args(&flags).arg(folder.path()).start()
}

/// More connections than it has descriptors, each with a request on its way.
fn crowd(server: &Tallyd) -> Vec<TcpStream> {
    let connect = || {
        let mut stream = open(server.address());
        stream.write_all(get("/a.txt").as_bytes()).unwrap();
        stream
    };
    let crowd = (0..100).map(|_| connect()).collect();
    server.stderr.wait_for_text(MESSAGE);
    crowd
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("a.txt", b"hello");
    folder.file("cold.txt", b"never asked for");
    for number in 0..100 {
        folder.file(format!("cold{number}.txt"), b"never asked for");
    }
    folder.file("large.bin", &vec![b'x'; 1 << 20]);
    folder
}

#[test]
fn without_descriptors_accepting_pauses_and_goes_on_after() {
    let folder = folder();
    let server = server(&folder);
    // Known from here on: what is not known is 503 as long as there is no descriptor to open it with.
    assert_eq!(server.get("/a.txt").body, b"hello");
    let mut crowd = crowd(&server);
    // As many leave as are served; all that waited are let in.
    for stream in &mut crowd.drain(..60) {
        drop(stream);
    }
    for mut stream in crowd {
        assert_eq!(read_replies(&mut stream, 1)[0].body, b"hello");
    }
    let said = server.stderr.all();
    let times = said.iter().filter(|line| line.contains(MESSAGE)).count();
    assert_eq!(times, 1, "{said:#?}");
    assert_eq!(
        server.get("/cold.txt").status,
        200,
        "everything is as before"
    );
}

#[test]
fn without_descriptors_who_is_connected_gets_what_is_known() {
    let folder = folder();
    let server = server(&folder);
    let (mut stream, mut known) = (open(server.address()), open(server.address()));
    assert_eq!(ask_on(&mut known, "/a.txt").body, b"hello");
    assert_eq!(ask_on(&mut known, "/large.bin").body.len(), 1 << 20);
    let crowd = crowd(&server);
    // Other threads open and close files of their own, so one descriptor may be free for a moment, until the next of
    // the crowd is let in: what is asked for then is served, and the next is asked for.
    let mut cold = (0..99).map(|number| format!("/cold{number}.txt"));
    let mut refused = || {
        let path = cold.next().expect("not every one of them is served");
        let reply = ask_on(&mut stream, &path);
        (reply.status == 503).then(|| assert_eq!(reply.field("retry-after"), Some("1")))
    };
    eventually("no descriptor is free", &mut refused);
    // Longer than what is known is believed without another look.
    let start = std::time::Instant::now();
    while start.elapsed().as_millis() < 400 {
        assert_eq!(ask_on(&mut known, "/a.txt").body, b"hello");
        assert_eq!(ask_on(&mut known, "/large.bin").status, 200);
    }
    eventually("still no descriptor is free", &mut refused);
    drop(crowd);
    eventually("what was not known is served", || {
        let path = "/cold99.txt";
        (ask_on(&mut stream, path).status == 200).then_some(())
    });
}
