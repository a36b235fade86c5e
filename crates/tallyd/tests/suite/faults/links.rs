//! Symbolic links under the three rules, asked for directly and in listings.

use std::os::unix::fs::symlink;

use super::one_worker;
use crate::support::{Folder, Tallyd};

const SECRET: &[u8] = b"secret";

/// A root with every kind of link that there is.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.file("outside/secret.txt", SECRET);
    folder.file("root/a.txt", b"hello");
    folder.file("root/sub/b.txt", b"there");
    let link = |to: &str, name: &str| symlink(to, folder.join("root").join(name)).unwrap();
    let absolute = |to: &str| folder.join(to).to_str().unwrap().to_owned();
    link("a.txt", "in");
    link("sub", "in-dir");
    link("sub/../a.txt", "in-by-parent");
    link("in", "in-twice");
    link(&absolute("root/a.txt"), "absolute-in");
    link(&absolute("root/sub"), "absolute-in-dir");
    link("../outside/secret.txt", "out");
    link("../outside", "out-dir");
    link("../root/a.txt", "out-and-in");
    link(&absolute("outside/secret.txt"), "absolute-out");
    link(&absolute("outside"), "absolute-out-dir");
    link("loop", "loop");
    link("loop-b", "loop-a");
    link("loop-a", "loop-b");
    link("sub/self", "sub/self");
    link("nowhere", "dangling");
    link("/proc/self/root", "magic");
    link("/proc/self/cwd", "magic-cwd");
    link("/dev/null", "device");
    folder
}

fn server(folder: &Folder, rule: &str) -> Tallyd {
    one_worker(folder.join("root"))
        .args(&["--symlinks", rule, "--listing"])
        .start()
}

/// Each of these targets has this status, twice: found anew, and perhaps kept.
fn check(rule: &str, status: u16, targets: &[&str]) {
    let folder = folder();
    let server = server(&folder, rule);
    for target in targets.iter().chain(targets) {
        let reply = server.get(target);
        assert_eq!(reply.status, status, "{target} with {rule}");
        let led_out = rule == "follow" && OUTSIDE.contains(target);
        assert_eq!(reply.body == SECRET, led_out, "{target} with {rule}");
    }
}

const INSIDE: [&str; 8] = [
    "/in",
    "/out-and-in",
    "/in-dir/b.txt",
    "/in-by-parent",
    "/in-twice",
    "/absolute-in",
    "/absolute-in-dir/b.txt",
    "/in-dir/",
];

const OUTSIDE: [&str; 4] = [
    "/out",
    "/out-dir/secret.txt",
    "/absolute-out",
    "/absolute-out-dir/secret.txt",
];

const NOWHERE: [&str; 8] = [
    "/loop",
    "/loop-a",
    "/sub/self",
    "/loop/a.txt",
    "/dangling",
    "/magic/etc/passwd",
    "/magic-cwd/etc/passwd",
    "/device",
];

#[test]
fn by_default_links_lead_inside_only() {
    check("inside", 200, &INSIDE);
    check("inside", 404, &OUTSIDE);
    check("inside", 404, &NOWHERE);
}

#[test]
fn links_that_are_refused_lead_nowhere() {
    check("refuse", 404, &INSIDE);
    check("refuse", 404, &OUTSIDE);
    check("refuse", 404, &NOWHERE);
    check("refuse", 200, &["/a.txt", "/sub/b.txt"]);
}

#[test]
fn links_that_are_followed_lead_everywhere_but_to_what_is_no_file() {
    check("follow", 200, &INSIDE);
    check("follow", 200, &OUTSIDE);
    check("follow", 404, &NOWHERE);
}

#[test]
fn a_listing_shows_what_would_be_served() {
    let folder = folder();
    let inside = [
        "a.txt",
        "in",
        "in-by-parent",
        "in-dir/",
        "in-twice",
        "out-and-in",
        "absolute-in",
        "absolute-in-dir/",
        "sub/",
    ];
    let outside = ["out", "out-dir/", "absolute-out", "absolute-out-dir/"];
    let nowhere = ["loop", "loop-a", "dangling", "magic", "magic/", "device"];
    for (rule, shown, hidden) in [
        ("inside", inside.to_vec(), [&outside[..], &nowhere].concat()),
        ("follow", [&inside[..], &outside].concat(), nowhere.to_vec()),
        (
            "refuse",
            vec!["a.txt", "sub/"],
            [&inside[1..8], &nowhere].concat(),
        ),
    ] {
        let page = server(&folder, rule).get("/").text();
        let has = |name: &str| page.contains(&format!("href=\"{name}\""));
        for name in shown {
            assert!(has(name), "{rule}: {name} is not listed");
        }
        for name in hidden {
            assert!(!has(name), "{rule}: {name} is listed");
        }
    }
}
