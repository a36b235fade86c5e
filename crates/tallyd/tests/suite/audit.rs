//! `tallyd audit`: agrees with our own server, kills and all; finds every lie and every wrong byte; and shows what a
//! log counter makes of nginx.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{
    Folder, Program, Running, Start, Tallyd, exchange, unused_address, wait_until,
};

const BINARY: &str = env!("CARGO_BIN_EXE_tallyd");

/// At most so many requests are made before an audit: manifests are fetched.
const BEFORE: u64 = 2;

/// An audit whose temporary files are in `folder`.
fn audit(folder: &Folder, target: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Program {
    let place = format!("TMPDIR={}", folder.path().display());
    let program = Program::new("env").args(&["-u", "TALLYD_ADMIN_TOKEN", &place, BINARY]);
    program.arg("audit").arg(target).args(args)
}

/// A small tree of `tallyd files`.
fn tree(folder: &Folder) -> std::path::PathBuf {
    let tree = folder.join("tree");
    let program = Program::new(BINARY).arg("files").arg(&tree);
    program
        .args(&["--count", "30", "--size", "100..300KiB"])
        .output();
    tree
}

/// A server of `tree`, and the URL of its counts.
fn serve(tree: &Path, more: &[&str]) -> (Tallyd, SocketAddr) {
    let start = Start::serving(tree).args(&["--admin", "127.0.0.1:0", "--access-log", "off"]);
    let server = start.args(more).start();
    let line = server.stderr.wait_for_text("dashboard at http://");
    let (_, address) = line.split_once("http://").unwrap();
    let address = address.trim_end_matches('/').parse().unwrap();
    (server, address)
}

/// A row of the report.
fn row<'a>(report: &'a Value, word: &str) -> &'a Value {
    let rows = report["numbers"].as_array().unwrap();
    let is_it = |row: &&Value| row["number"] == word;
    rows.iter().find(is_it).expect(word)
}

fn number(row: &Value, name: &str) -> i64 {
    row[name].as_i64().expect(name)
}

/// Processes whose command line names this place.
fn processes_of(place: &Path) -> Vec<i32> {
    let place = place.to_str().unwrap().as_bytes();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let names = |line: &[u8]| line.windows(place.len()).any(|part| part == place);
        if names(&line) {
            found.push(pid);
        }
    }
    found
}

fn assert_nothing_is_left(folder: &Folder) {
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 0, "{left:?}");
    assert_eq!(processes_of(folder.path()), [] as [i32; 0]);
}

#[test]
fn our_own_server_agrees_though_it_is_killed() {
    let (folder, place) = (Folder::new(), Folder::new());
    let made = folder.join("made");
    let args = ["--kills", "3", "--requests", "700", "--seed", "11"];
    let done = audit(&place, &made, &args).run();
    assert_eq!(done.code, Some(0), "{done:#?}");
    assert_eq!(done.stderr, "", "{done:#?}");
    assert!(done.stdout.contains("seed 11, 3 kills, in "), "{done:#?}");
    assert!(done.stdout.contains(" numbers agree"), "{done:#?}");
    assert!(
        done.stdout.contains("cut by a kill before a byte came"),
        "{done:#?}"
    );
    assert_nothing_is_left(&place);

    // The tree is used again, and without kills every number is a point.
    let args = ["--kills", "0", "--requests", "500", "--json"];
    let done = audit(&place, &made, &args).run();
    assert_eq!(done.code, Some(0), "{done:#?}");
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(report["agrees"], true);
    let rows = report["numbers"].as_array().unwrap();
    assert!(rows.len() > 40, "{report}");
    for row in rows {
        assert_eq!(row["least"], row["most"], "{row}");
        assert_eq!(row["least"], row["said"], "{row}");
    }
    assert!(number(row(&report, "hits"), "said") > 200, "{report}");
    assert!(number(row(&report, "aborted"), "said") > 0, "{report}");
    assert!(number(row(&report, "repeats"), "said") > 0, "{report}");
    assert_nothing_is_left(&place);
}

#[test]
fn a_server_that_runs_agrees_twice_in_a_row() {
    let (folder, place) = (Folder::new(), Folder::new());
    let (server, admin) = serve(&tree(&folder), &[]);
    let admin = format!("http://{admin}/");
    // The second time everything was counted before; its visitors are others all the same.
    for _ in 0..2 {
        let args = ["--admin", &admin, "--requests", "300"];
        let done = audit(&place, server.url("/"), &args).run();
        assert_eq!(done.code, Some(0), "{done:#?}");
        assert!(done.stdout.contains(" numbers agree"), "{done:#?}");
    }
    assert_nothing_is_left(&place);
    server.stop();
}

/// Hands on what `admin` answers, but for what `lie` makes of it.
fn liar(admin: SocketAddr, lie: impl Fn(&mut Value) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // It ends with the process: until then somebody may ask.
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            hand_on(stream, admin, &lie);
        }
    });
    address
}

fn hand_on(mut stream: TcpStream, admin: SocketAddr, lie: &impl Fn(&mut Value)) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let reply = exchange(admin, &head, 1).remove(0);
    let mut document: Value = serde_json::from_str(&reply.text()).unwrap();
    lie(&mut document);
    let body = document.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(&[head.as_bytes(), body.as_bytes()].concat())
        .ok();
}

/// One more, once there are more than there were before anything was asked: only what is new is compared.
fn one_more(of: &mut Value) {
    if let Some(number) = of.as_u64().filter(|number| *number > BEFORE) {
        *of = Value::from(number + 1);
    }
}

#[test]
fn a_number_that_is_off_by_one_is_named_with_what_is_right() {
    let (folder, place) = (Folder::new(), Folder::new());
    let tree = tree(&folder);
    let path = "/dir-001/file-0003.bin";
    let of_file = |word: &'static str| {
        move |document: &mut Value| {
            let files = document.get_mut("files").and_then(Value::as_array_mut);
            for file in files.into_iter().flatten() {
                if file["path"] == path {
                    one_more(&mut file[word]);
                }
            }
        }
    };
    let of_site = |word: &'static str| {
        move |document: &mut Value| {
            if document.get("requests").is_some() {
                one_more(&mut document[word]);
            }
        }
    };
    let check = |lie: Box<dyn Fn(&mut Value) + Send>, expected: &str| {
        let (server, admin) = serve(&tree, &[]);
        let admin = format!("http://{}", liar(admin, lie));
        let args = ["--admin", &admin, "--requests", "200"];
        let done = audit(&place, server.url("/"), &args).run();
        assert_eq!(done.code, Some(4), "{expected}: {done:#?}");
        let is_named = |line: &str| line.starts_with(expected);
        assert!(done.stdout.lines().any(is_named), "{expected}: {done:#?}");
        assert!(!done.stdout.contains(" numbers agree"), "{done:#?}");
        server.stop();
    };
    check(Box::new(of_file("hits")), "/dir-001/file-0003.bin: hits ");
    check(
        Box::new(of_file("downloads")),
        "/dir-001/file-0003.bin: downloads ",
    );
    check(Box::new(of_site("not_found")), "1 of ");
    check(Box::new(of_site("requests")), "1 of ");
}

#[test]
fn a_wrong_byte_is_found_though_every_number_agrees() {
    let (folder, place) = (Folder::new(), Folder::new());
    let tree = tree(&folder);
    let odd = tree.join("dir-001/file-0002.bin");
    let mut bytes = fs::read(&odd).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&odd, bytes).unwrap();
    let (server, admin) = serve(&tree, &[]);
    let admin = format!("http://{admin}");
    let args = ["--admin", &admin, "--requests", "300", "--json"];
    let done = audit(&place, server.url("/"), &args).run();
    assert_eq!(done.code, Some(4), "{done:#?}");
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    let wrong = report["wrong"].as_array().unwrap();
    assert!(!wrong.is_empty(), "{report}");
    for wrong in wrong {
        let what = wrong["what"].as_str().unwrap();
        assert!(what.starts_with("wrong bytes between "), "{wrong}");
    }
    assert_eq!(
        report["files"],
        Value::Array(Vec::new()),
        "the counts are right"
    );
    server.stop();
}

/// nginx on this tree, with a log beside it.
fn nginx(tree: &Path, folder: &Folder) -> (Running, SocketAddr, std::path::PathBuf) {
    let address = unused_address();
    let log = folder.join("access.log");
    let place = folder.path().display();
    let scratch: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {place}/{name};\n"))
        .concat();
    let config = format!(
        "daemon off; master_process off; pid {place}/pid; error_log {place}/error.log;\n\
         events {{}}\n\
         http {{ access_log {} combined; sendfile on; {scratch}\n\
         server {{ listen {address}; root {}; }} }}\n",
        log.display(),
        tree.display()
    );
    let file = folder.file("nginx.conf", config.as_bytes());
    let program = Program::new("nginx").arg("-p").arg(folder.path());
    let running = program.arg("-c").arg(file).start();
    wait_until("nginx listens", || TcpStream::connect(address).is_ok());
    (running, address, log)
}

#[test]
fn a_log_that_is_moved_away_meanwhile_is_no_proof_of_anything() {
    let (folder, place, of_nginx) = (Folder::new(), Folder::new(), Folder::new());
    let (running, address, log) = nginx(&tree(&folder), &of_nginx);
    let url = format!("http://{address}/");
    let args = ["--log", log.to_str().unwrap(), "--requests", "800"];
    let audit = audit(&place, &url, &args).start();
    wait_until("the audit asks", || {
        fs::read_to_string(&log).is_ok_and(|lines| lines.lines().count() > 100)
    });
    fs::rename(&log, of_nginx.join("access.log.1")).unwrap();
    fs::write(&log, "").unwrap();
    let done = audit.finish();
    assert_eq!(done.code, Some(1), "{done:#?}");
    let expected = "was replaced or cut short meanwhile";
    assert!(done.stderr.contains(expected), "{done:#?}");
    running.interrupt();
    running.finish();
}

#[test]
fn a_log_counter_of_nginx_takes_every_piece_for_a_download() {
    let (folder, place, of_nginx) = (Folder::new(), Folder::new(), Folder::new());
    let (running, address, log) = nginx(&tree(&folder), &of_nginx);
    let url = format!("http://{address}/");
    let log = log.to_str().unwrap();
    let args = ["--log", log, "--requests", "800", "--json"];
    let done = audit(&place, &url, &args).run();
    assert_eq!(done.code, Some(4), "{done:#?}");
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(
        report["wrong"],
        Value::Array(Vec::new()),
        "nginx serves well"
    );
    let known = |word: &str| number(row(&report, word), "least");
    let said = |word: &str| number(row(&report, word), "said");
    for word in ["requests", "hits", "not found"] {
        assert_eq!(
            said(word),
            known(word),
            "{word}: the log has a line of each"
        );
    }
    assert_eq!(
        said("downloads"),
        known("hits"),
        "each hit is one to the counter"
    );
    assert_eq!(
        number(row(&report, "downloads"), "difference"),
        known("hits") - known("downloads")
    );
    assert!(
        known("hits") > known("downloads") + known("aborted"),
        "{report}"
    );
    assert!(
        said("bytes") > known("bytes"),
        "what never arrived is counted: {report}"
    );
    assert!(
        row(&report, "complete")["said"].is_null(),
        "a log does not say"
    );
    running.interrupt();
    running.finish();
}

#[test]
fn a_signal_ends_the_server_and_removes_what_it_left() {
    let (folder, place) = (Folder::new(), Folder::new());
    let made = folder.join("made");
    let running = audit(&place, &made, &["--requests", "1000000"]).start();
    wait_until("it is served and asked for", || is_logged(&place));
    assert_eq!(processes_of(place.path()).len(), 1, "its server");
    running.interrupt();
    let done = running.finish();
    assert_eq!(done.code, Some(1), "{done:#?}");
    assert_eq!(done.stderr, "tallyd: stopped", "{done:#?}");
    assert_nothing_is_left(&place);
}

/// Whether an access log of a server in `place` has a line.
fn is_logged(place: &Folder) -> bool {
    let entries = fs::read_dir(place.path()).unwrap().flatten();
    let logs = entries.map(|entry| entry.path().join("access-0.log"));
    let mut logs = logs.filter_map(|log| File::open(log).ok());
    logs.any(|mut log| log.read(&mut [0]).is_ok_and(|count| count > 0))
}

#[test]
fn a_server_that_dies_by_itself_is_no_agreement() {
    let (folder, place) = (Folder::new(), Folder::new());
    let made = folder.join("made");
    let args = ["--requests", "1000000", "--kills", "0"];
    let running = audit(&place, &made, &args).start();
    wait_until("it is served and asked for", || is_logged(&place));
    let state = place.path().join("tallyd-audit-");
    let server = processes_of(&state).into_iter().next().unwrap();
    kill_process(Pid::from_raw(server).unwrap(), Signal::KILL).unwrap();
    let done = running.finish();
    assert_eq!(done.code, Some(1), "{done:#?}");
    assert!(
        done.stderr.contains("the server has ended by itself"),
        "{done:#?}"
    );
    assert!(done.stderr.contains("are kept in "), "{done:#?}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[test]
fn what_can_not_be_audited_is_said() {
    let (folder, place) = (Folder::new(), Folder::new());
    let mine = Folder::new();
    mine.file("letter", b"mine");
    let refused = |target: &str, args: &[&str], code: i32, words: &str| {
        let done = audit(&place, target, args).run();
        assert_eq!(done.code, Some(code), "{done:#?}");
        assert!(done.stderr.contains(words), "no {words:?}: {done:#?}");
        assert_eq!(done.stdout, "");
        assert_nothing_is_left(&place);
    };
    let dir = mine.path().to_str().unwrap();
    refused(dir, &[], 1, "there is \"letter\"");
    refused(dir, &["--log", "x"], 2, "--log is for a server that runs");
    refused("http://127.0.0.1:1/", &[], 2, "say who counts");
    let nobody = format!("http://{}/", unused_address());
    refused(&nobody, &["--admin", &nobody], 1, "refused");
    let tree = tree(&folder);
    let (server, admin) = serve(&tree, &["--admin-token", "secret-of-this-test"]);
    let (url, admin) = (server.url("/"), format!("http://{admin}"));
    refused(
        &url,
        &["--admin", &url],
        1,
        "no tallyd tells its counts there",
    );
    refused(&url, &["--log", "/no/log"], 1, "cannot read \"/no/log\"");
    refused(&url, &["--admin", &admin], 1, "it wants a token");
    let token = folder.file("token", b"secret-of-this-test\n");
    let args = [
        "--admin",
        &admin,
        "--admin-token-file",
        token.to_str().unwrap(),
    ];
    let done = audit(&place, &url, &[&args[..], &["--requests", "5"]].concat()).run();
    assert_eq!(done.code, Some(0), "{done:#?}");
    server.stop();
    let (other, admin) = serve(mine.path(), &[]);
    let admin = format!("http://{admin}");
    refused(
        &other.url("/"),
        &["--admin", &admin],
        1,
        "the tree must be one of tallyd files",
    );
    other.stop();
}

#[test]
fn help_man_page_and_completions_have_the_command() {
    let tallyd = |args: &[&str]| Program::new(BINARY).args(args).output();
    let help = tallyd(&["audit", "--help"]);
    let man = tallyd(&["generate", "man"]).replace("\\-", "-");
    let bash = tallyd(&["generate", "completions", "bash"]);
    assert!(tallyd(&["--help"]).contains("Prove that a server's counts are right"));
    assert!(man.contains("tallyd audit [OPTIONS] DIR|URL"), "{man}");
    for option in [
        "--kills",
        "--requests",
        "--seed",
        "--admin",
        "--admin-token-file",
        "--verify",
        "--log",
        "--json",
    ] {
        for text in [&help, &man, &bash] {
            assert!(text.contains(option), "no {option}: {text}");
        }
    }
}
