//! `tallyd probe` against tallyd itself, nginx and lighttpd: what each of them does not keep is listed here exactly.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::support::{Folder, Program, Running, Start, unused_address, wait_until};

/// What tallyd does not keep, each for a reason in docs/http.md.
const TALLYD: &[(&str, &str)] = &[
    ("target-with-raw-utf-8", "weak"),
    ("version-with-a-higher-minor", "weak"),
];

/// nginx 1.22, as Debian 12 has it, with gzip on.
const NGINX: &[(&str, &str)] = &[
    // Its 405 never says what is allowed.
    ("unknown-method-is-501", "weak"),
    ("post-405-has-allow", "broken"),
    ("delete-405-has-allow", "broken"),
    ("unknown-405-has-allow", "broken"),
    ("options-star-is-understood", "unlike"),
    // Of Host it looks at the letters of the name only.
    ("host-with-a-user", "broken"),
    ("host-with-a-port-of-letters", "broken"),
    // Fields that are none are passed over.
    ("field-without-a-colon", "weak"),
    ("field-name-that-is-no-token", "weak"),
    ("target-with-raw-utf-8", "weak"),
    ("target-with-a-fragment", "weak"),
    // It still speaks HTTP/0.9.
    ("line-without-a-version", "weak"),
    ("version-with-two-digits", "weak"),
    ("chunk-line-that-ends-in-bare-lf", "weak"),
    ("server-hides-its-version", "unlike"),
    // A number over 64 bits is refused with 416.
    ("range-end-over-64-bits-is-served", "weak"),
    ("range-is-for-get", "broken"),
    ("not-modified-says-no-more", "weak"),
    // `if_modified_since exact` is its default.
    ("if-modified-since-later", "weak"),
    // If-None-Match and If-Modified-Since both have to hold, and so have If-Match and If-Unmodified-Since.
    ("if-none-match-wins-over-earlier-since", "broken"),
    ("if-unmodified-since-no-date", "broken"),
    ("if-match-wins-over-unmodified-since", "broken"),
    // `gzip_vary off` is its default.
    ("coding-has-vary", "weak"),
    ("no-coding-has-vary", "weak"),
    ("chunk-extension-of-1-mib", "unlike"),
    ("trailer-of-1-mib", "unlike"),
];

/// lighttpd 1.4.69, as Debian 12 has it.
const LIGHTTPD: &[(&str, &str)] = &[
    ("host-twice-the-same", "broken"),
    // A Host that differs from the target is refused, not ignored.
    ("absolute-form-wins-over-host", "broken"),
    ("target-with-a-space", "weak"),
    ("target-with-raw-utf-8", "weak"),
    ("target-with-a-fragment", "weak"),
    ("version-with-a-higher-minor", "weak"),
    ("empty-line-in-front", "weak"),
    // An empty field is passed over, also where it is a length.
    ("length-that-is-empty", "broken"),
    ("version-for-1-0-is-the-highest", "weak"),
    ("server-hides-its-version", "unlike"),
    ("range-end-over-64-bits-is-served", "weak"),
    ("range-416-says-the-length", "weak"),
    // Of two lines, one counts.
    ("if-none-match-on-two-lines", "broken"),
    ("not-modified-says-no-more", "weak"),
    ("if-modified-since-impossible-date", "unlike"),
    // It does not know If-Match and If-Unmodified-Since.
    ("if-match-another", "broken"),
    ("if-match-is-strong", "broken"),
    ("if-unmodified-since-earlier", "broken"),
    ("if-match-comes-before-if-none-match", "broken"),
    ("if-match-comes-before-range", "broken"),
    ("escape-without-digits", "weak"),
    ("escape-cut-off", "weak"),
    ("slash-behind-a-file", "unlike"),
    // 431, whatever is too long.
    ("target-too-long-is-414", "broken"),
    ("no-upgrade-for-1-0", "broken"),
];

/// A file that has been there for a while, a compressed form of it, and a directory around both.
fn site() -> Folder {
    let site = Folder::new();
    fs::create_dir(site.join("dir")).unwrap();
    let text = "The quick brown fox jumps over the lazy dog.\n".repeat(100);
    let path = site.file("dir/notes.txt", text.as_bytes());
    Program::new("gzip").args(&["--keep"]).arg(&path).output();
    for name in ["dir/notes.txt", "dir/notes.txt.gz"] {
        let file = File::options().write(true).open(site.join(name)).unwrap();
        let then = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        file.set_modified(then).unwrap();
    }
    site
}

fn probe(args: &[&str]) -> Program {
    let program = Program::new(env!("CARGO_BIN_EXE_tallyd"));
    program.args(&["probe"]).args(args)
}

/// The report of a server, and the code that it ends with.
fn report(url: &str, args: &[&str]) -> (Value, Option<i32>) {
    let done = probe(&[url, "--json"]).args(args).run();
    assert_eq!(done.stderr, "", "{done:?}");
    let report = serde_json::from_str(&done.stdout).unwrap_or_else(|_| panic!("{done:?}"));
    (report, done.code)
}

/// The cases that are neither ok nor skipped, and what is wrong with each.
fn missed(report: &Value) -> Vec<(String, String)> {
    let cases = report["cases"].as_array().unwrap().iter();
    let word = |case: &Value, key: &str| case[key].as_str().unwrap_or_default().to_owned();
    let pairs = cases.map(|case| (word(case, "id"), word(case, "verdict")));
    pairs
        .filter(|pair| !["ok", "skipped"].contains(&pair.1.as_str()))
        .collect()
}

fn assert_missed(report: &Value, expected: &[(&str, &str)]) {
    let owned = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    let mut expected: Vec<_> = expected.iter().map(owned).collect();
    let mut found = missed(report);
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{report:#}");
}

/// Runs until it is dropped.
fn running(program: Program, address: SocketAddr) -> Running {
    let running = program.start();
    wait_until("the server answers", || TcpStream::connect(address).is_ok());
    running
}

#[test]
fn tallyd_breaks_no_must() {
    let site = site();
    let server = Start::serving(site.path())
        .args(&["--access-log", "off"])
        .start();
    let url = server.url("/dir/notes.txt");
    let (all, code) = report(&url, &[]);
    assert_missed(&all, TALLYD);
    assert_eq!((code, all["conforms"].as_bool()), (Some(0), Some(true)));
    assert!(all["counts"]["ok"].as_u64().unwrap() > 230, "{all:#}");

    let weak = ["--only", "target-with-raw*", "--strict"];
    let (strict, code) = report(&url, &weak);
    assert_eq!((code, strict["conforms"].as_bool()), (Some(4), Some(false)));
    server.stop();
}

#[test]
fn nginx_is_found_out_exactly() {
    let (site, place) = (site(), Folder::new());
    let address = unused_address();
    let here = place.path().display();
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {here}/{name};\n"))
        .concat();
    let root = site.path().display();
    let configuration = format!(
        "daemon off; master_process off; pid {here}/pid; error_log {here}/errors;\n\
         events {{ worker_connections 256; }}\n\
         http {{ {paths} access_log off; include /etc/nginx/mime.types; gzip on; gzip_types text/plain;\n\
         server {{ listen {address}; root {root}; }} }}\n"
    );
    let file = place.file("nginx.conf", configuration.as_bytes());
    let program = Program::new("/usr/sbin/nginx")
        .args(&["-p"])
        .arg(place.path());
    let server = running(program.args(&["-c"]).arg(&file), address);
    let (report, code) = report(&format!("http://{address}/dir/notes.txt"), &[]);
    assert_missed(&report, NGINX);
    assert_eq!(code, Some(4));
    drop(server);
}

#[test]
fn lighttpd_is_found_out_exactly() {
    let (site, place) = (site(), Folder::new());
    let address = unused_address();
    let configuration = format!(
        "server.document-root = \"{}\"\nserver.bind = \"{}\"\nserver.port = {}\n\
         mimetype.assign = ( \".txt\" => \"text/plain\" )\n",
        site.path().display(),
        address.ip(),
        address.port()
    );
    let file = place.file("lighttpd.conf", configuration.as_bytes());
    let program = Program::new("/usr/sbin/lighttpd")
        .args(&["-D", "-f"])
        .arg(&file);
    let server = running(program, address);
    let (report, code) = report(&format!("http://{address}/dir/notes.txt"), &[]);
    assert_missed(&report, LIGHTTPD);
    assert_eq!(code, Some(4));
    drop(server);
}

#[test]
fn the_page_says_what_came_and_a_server_can_not_move_the_cursor() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a", listener.local_addr().unwrap());
    // Ends with the test's process: it answers whoever comes.
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok() {
                let body = "x".repeat(300);
                let head = "HTTP/1.1 200 OK\r\nServer: \x1b[2J\r\nETag: \x1b]0;evil\x07\r\nContent-Length: 300";
                stream
                    .write_all(format!("{head}\r\n\r\n{body}").as_bytes())
                    .ok();
            }
        }
    });
    let done = probe(&[&url, "--only", "etag-is-*"]).run();
    assert_eq!(done.code, Some(4), "{done:?}");
    let expected = "etag-is-one   MUST    broken   9110 8.8.3\n    \
                    MUST NOT generate what does not match the grammar: quotes, and W/ in front of weak ones\n    \
                    expected ETag: \"...\"; came ETag: \\u{1b}]0;evil\\u{7}\n\n\
                    2 cases: 1 ok, 1 broken (MUST)";
    assert!(done.stdout.ends_with(expected), "{}", done.stdout);
    assert!(
        done.stdout
            .starts_with(&format!("{url}, 300 bytes, \\u{{1b}}[2J\n")),
        "{done:?}"
    );
    assert!(!done.stdout.contains('\x1b'));
}

#[test]
fn the_list_needs_no_server() {
    let done = probe(&["--list"]).run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stdout.contains("\nhost-missing "), "{done:?}");
    let only = probe(&["--list", "--json", "--only", "conditions"]).output();
    let list: Value = serde_json::from_str(&only).unwrap();
    let cases = list["cases"].as_array().unwrap();
    assert!(cases.len() > 30 && cases.iter().all(|case| case["group"] == "conditions"));
    assert_eq!(cases[0]["id"], "if-none-match");
    assert!(cases[0].get("verdict").is_none());
}

#[test]
fn what_can_not_be_probed_is_said_and_ends_with_1() {
    let site = site();
    let server = Start::serving(site.path()).start();
    let nobody = format!("http://{}/a", unused_address());
    for (url, expected) in [
        (server.url("/none"), "its status is 404, not 200"),
        (server.url("/dir/"), "it is a directory; name a file in it"),
        (nobody, "cannot connect: "),
        (
            "http://no-such-host.invalid/a".to_owned(),
            "the host can't be found: ",
        ),
    ] {
        let done = probe(&[&url]).run();
        assert_eq!((done.code, done.stdout.as_str()), (Some(1), ""), "{done:?}");
        assert!(
            done.stderr.starts_with(&format!("tallyd: {url}: ")),
            "{done:?}"
        );
        assert!(done.stderr.contains(expected), "{done:?}");
    }
    server.stop();
    for args in [
        &["https://localhost/a"][..],
        &[],
        &["localhost/a", "--only", "no-such"],
    ] {
        assert_eq!(probe(args).run().code, Some(2), "{args:?}");
    }
}

#[test]
fn help_man_page_and_completions_have_the_probe() {
    let tallyd = |args: &[&str]| {
        Program::new(env!("CARGO_BIN_EXE_tallyd"))
            .args(args)
            .output()
    };
    let help = tallyd(&["probe", "--help"]);
    let man = tallyd(&["generate", "man"]).replace("\\-", "-");
    let bash = tallyd(&["generate", "completions", "bash"]);
    for option in ["--only", "--list", "--json", "--strict", "--timeout"] {
        for text in [&help, &man, &bash] {
            assert!(text.contains(option), "no {option}: {text}");
        }
    }
}
