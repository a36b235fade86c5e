//! Many at once: 64 clients ask 200 times each, on new connections; no number is lost and none is given twice.

use std::io::Write;
use std::thread;

use crate::support::{Folder, Start, open, read_to_end};

const CLIENTS: usize = 64;
const REQUESTS: usize = 200;

#[test]
fn the_numbers_are_exactly_those_from_1_to_12_800() {
    let folder = Folder::with_index();
    let server = Start::serving(folder.path()).start();
    let address = server.address();
    let ask = |_| {
        let mut stream = open(address);
        let request = b"GET /index.html HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request).expect("send");
        let reply = read_to_end(&mut stream);
        assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n"));
        assert!(reply.ends_with(b"</title>\n"));
    };
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| (0..REQUESTS).for_each(ask));
        }
    });
    let lines = server.hits(CLIENTS * REQUESTS);
    let number = |line: &String| line.rsplit('|').next()?.parse().ok();
    let mut numbers: Vec<usize> = lines.iter().filter_map(number).collect();
    numbers.sort_unstable();
    assert!(
        numbers.into_iter().eq(1..=CLIENTS * REQUESTS),
        "a gap, a double, or a line that is none"
    );
    server.stop();
}
