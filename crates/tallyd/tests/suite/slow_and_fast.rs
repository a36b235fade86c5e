//! Slow and fast clients together: all get everything, and numbers follow the order of the requests.

use std::path::PathBuf;

use crate::support::{Folder, Program, Running, Start, Tallyd, noise};

const LENGTH: usize = 20_112_698;

/// Slow enough to be overtaken by everybody else.
const SLOW: &str = "--limit-rate=2m";

struct Download {
    wget: Running,
    copy: PathBuf,
}

fn download(server: &Tallyd, folder: &Folder, name: &str, rate: Option<&str>) -> Download {
    let copy = folder.join(name);
    let wget = Program::wget(&["--server-response"]);
    let wget = rate.into_iter().fold(wget, Program::arg);
    let wget = wget.arg("-O").arg(&copy).arg(server.url("/large.deb"));
    Download {
        wget: wget.start(),
        copy,
    }
}

fn whole(download: Download, folder: &Folder) {
    let done = download.wget.finish();
    assert_eq!(done.code, Some(0), "{done:?}");
    let original = folder.join("www/large.deb");
    Program::new("cmp")
        .arg(original)
        .arg(download.copy)
        .output();
}

fn number(line: &str) -> u64 {
    line.rsplit('|').next().unwrap().parse().expect("a number")
}

#[test]
fn all_arrive_whole_and_are_numbered_in_the_order_of_their_requests() {
    let folder = Folder::new();
    folder.file("www/large.deb", &noise(LENGTH, 5));
    let server = Start::serving(folder.join("www")).start();
    let slow = ["slow-1", "slow-2"].map(|name| {
        let download = download(&server, &folder, name, Some(SLOW));
        // Its request has been answered: whoever asks from now on is later.
        download.wget.stderr().wait_for_text("200 OK");
        download
    });
    let fast = ["fast-3", "fast-4", "fast-5", "fast-6"];
    let fast = fast.map(|name| download(&server, &folder, name, None));
    fast.into_iter()
        .for_each(|download| whole(download, &folder));
    let last = download(&server, &folder, "last-7", None);
    whole(last, &folder);
    slow.into_iter()
        .for_each(|download| whole(download, &folder));

    let lines = server.hits(7);
    let mut numbers: Vec<u64> = lines.iter().map(|line| number(line)).collect();
    // All who were fast have ended before the slow ones.
    numbers[..5].sort_unstable();
    numbers[5..].sort_unstable();
    assert_eq!(numbers, [3, 4, 5, 6, 7, 1, 2]);
    server.stop();
}
